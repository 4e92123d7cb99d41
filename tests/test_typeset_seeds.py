"""Five reports in the manner of the five seeds, with figures that all differ: every cell exact in every format.

The peculiarities are those listed for the seeds (wrapped labels, slips, half-width brackets, rows at the wrong depth, blanks,
separators); sentences and figures are the project's own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

import pytest

from crawler.documents.model import Document
from crawler.documents.reader import read_document
from crawler.forms.catalogue import load_form
from crawler.forms.model import Report, State, Status
from crawler.forms.reader import read_report
from crawler.sample.plan import LAYOUTS
from crawler.sample.producers import pdf_by_chromium, pdfs_by_libreoffice
from crawler.sample.prose import sections
from crawler.sample.tables import printed_metrics
from crawler.sample.typeset import (
    KNOWN_VARIANTS,
    Layout,
    ReportSource,
    random_values,
    to_docx,
    to_html,
    to_text,
    with_thousands,
)
from crawler.sample.variety import random_layout

REVIEW_BLANK = {f"review_litigation.review.{key}": "" for key in ("upheld", "corrected", "other_result", "pending", "total")}


def _source(
    organisation: str,
    year: int,
    form_version: str,
    layout: Layout,
    seed: int,
    *,
    title: str = "",
    edits: Mapping[str, str] | None = None,
    thousands: bool = False,
) -> ReportSource:
    values = random_values(form_version, seed)
    if thousands:
        values = with_thousands(values)
    values |= edits or {}
    if layout.single_other and form_version == "cn-ogi-2021":
        for column in load_form(form_version).request_columns:
            parts = [f"requests.{row}.{column.key}" for row in ("other_overdue_correction", "other_unpaid_fee", "other_other")]
            values[f"requests.other_handling.{column.key}"] = str(sum(int(values.pop(part)) for part in parts))
    return ReportSource(
        title=title or f"{organisation}{year}年政府信息公开工作年度报告",
        organisation=organisation,
        year=year,
        form_version=form_version,
        paragraphs=sections(organisation, year, form_version, "town", values, seed),
        printed=values,
        layout=layout,
    )


SEED_LIKE: Mapping[str, ReportSource] = {
    "000": _source(
        "轵城镇人民政府",
        2020,
        "cn-ogi-2019",
        Layout(
            brackets="half_spaced",
            split_numeral=True,
            group_break=" ",
            total_header_row=1,
            short_rows="padded",
            text_page_breaks=("central_procurement", "not_processed_publication"),
            text_rule_after="central_procurement",
        ),
        1000,
        title="轵城镇人民政府 2020 年政府信息公开工作年度报告",
        edits={"active_disclosure.central_procurement.amount": "49.5669"},
    ),
    "001": _source(
        "新乡县人民政府",
        2020,
        "cn-ogi-2019",
        Layout(head_break="\n", head_width=3, amount_unit="（单位:万元）", short_rows="ragged"),
        1001,
        title="新乡县人民政府2020年工作年报",
        edits={"active_disclosure.central_procurement.amount": "52288.028"},
    ),
    "002": _source(
        "泉港镇",
        2020,
        "cn-ogi-2019",
        Layout(
            numerals="1、",
            labels=KNOWN_VARIANTS,
            group_break="\n",
            group_blank_lines=4,
            head_break="\n",
            head_width=2,
            total_header_row=3,
            deep_tail=True,
            short_rows="padded",
            markup="word",
        ),
        1002,
        edits={"active_disclosure.central_procurement.amount": "255933.8"},
    ),
    "003": _source(
        "洛阳市栾川县人民政府",
        2020,
        "cn-ogi-2019",
        Layout(
            brackets="half_spaced",
            numerals="1. ",
            total_header_row=1,
            amount_unit="（单位:万元）",
            short_rows="padded",
            text_page_breaks=("not_processed_confirmation",),
            text_shifted_rows=("not_processed_excessive",),
        ),
        1003,
        title="洛阳市栾川县人民政府 2020 年政府信息公开工作年度报告",
        thousands=True,
        edits={
            **REVIEW_BLANK,
            "active_disclosure.licensing.items_previous_year": "329",
            "active_disclosure.licensing.items_change": "-568",
            "active_disclosure.licensing.decisions": "45,391",
        },
    ),
    "004": _source(
        "洛宁县马店镇人民政府",
        2024,
        "cn-ogi-2021",
        Layout(
            brackets="half_spaced",
            numerals="1. ",
            spaced_groups=True,
            total_header_row=1,
            head_break=" ",
            head_width=2,
            short_rows="padded",
            text_shifted_rows=("other_other", "result_total"),
        ),
        1004,
        title="洛宁县马店镇人民政府 2024 年政府信息公开工作年度报告",
    ),
}
seeds = pytest.mark.parametrize("seed", SEED_LIKE)


def assert_every_cell(source: ReportSource, content: bytes) -> Report:
    """Every printed cell as printed, every unprinted one absent; all differences at once."""
    return assert_cells(source, read_document(content))


def assert_cells(source: ReportSource, document: Document) -> Report:
    """The same for a document that has been read."""
    report = read_report(document)
    assert report.form_version == source.form_version
    printed = printed_metrics(source)
    wrong = {}
    for key in printed:
        text, cell = source.printed.get(key, ""), report.cells.get(key)
        value = Decimal(text.replace(",", "")) if text else None
        if cell is None or (cell.raw or "").strip() != text or cell.value != value:
            wrong[key] = (text, cell and cell.raw, cell and cell.value)
        elif cell.state is not (State.NUMBER if text else State.BLANK):
            wrong[key] = (text, cell.state, cell.value)
    assert wrong == {}
    for metric in load_form(source.form_version).metrics:
        if metric.key not in printed:
            assert report.cells[metric.key].state is State.ABSENT
    broken = [check.id for check in report.checks if check.kind == "identity" and check.status is Status.FAIL]
    assert broken == []
    assert report.year == source.year
    return report


@seeds
def test_html(seed: str) -> None:
    assert_every_cell(SEED_LIKE[seed], to_html(SEED_LIKE[seed], whole=True).encode())


@seeds
def test_docx(seed: str) -> None:
    assert_every_cell(SEED_LIKE[seed], to_docx(SEED_LIKE[seed]))


@seeds
def test_text_with_tabs(seed: str) -> None:
    assert_every_cell(SEED_LIKE[seed], to_text(SEED_LIKE[seed], "tabs").encode())


@seeds
def test_text_with_a_cell_a_line(seed: str) -> None:
    assert_every_cell(SEED_LIKE[seed], to_text(SEED_LIKE[seed], "cells").encode())


@pytest.fixture(scope="session")
def office_pdfs() -> Mapping[str, bytes]:
    pdfs = pdfs_by_libreoffice([to_docx(source) for source in SEED_LIKE.values()])
    return dict(zip(SEED_LIKE, pdfs, strict=True))


@pytest.mark.office
@seeds
def test_pdf_by_libreoffice(seed: str, office_pdfs: Mapping[str, bytes]) -> None:
    report = assert_every_cell(SEED_LIKE[seed], office_pdfs[seed])
    assert all(set(cell.where or {}) == {"page", "bbox"} for cell in report.cells.values() if cell.raw)


PRINTS: Mapping[str, Callable[[ReportSource], bytes]] = {
    "a4": lambda source: pdf_by_chromium(to_html(source, whole=True)),
    "large": lambda source: pdf_by_chromium(
        to_html(source, whole=True), style="body { font-size: 15pt; line-height: 1.8; } td, th { padding: 5px 3px; }"
    ),
}


@pytest.mark.browser
@seeds
@pytest.mark.parametrize("print_name", PRINTS)
def test_pdf_by_chromium(seed: str, print_name: str) -> None:
    assert_every_cell(SEED_LIKE[seed], PRINTS[print_name](SEED_LIKE[seed]))


@pytest.mark.parametrize("form_version", ["cn-ogi-2019", "cn-ogi-2021"])
@pytest.mark.parametrize("layout", LAYOUTS, ids=range(len(LAYOUTS)))
@pytest.mark.parametrize("typeset", [lambda s: to_html(s, whole=True).encode(), to_docx], ids=["html", "docx"])
def test_every_layout_of_the_sample_portals(
    form_version: str, layout: Layout, typeset: Callable[[ReportSource], bytes]
) -> None:
    if layout.single_other and form_version == "cn-ogi-2019":
        pytest.skip("the form of 2019 has one row for （六） anyway")
    source = _source("柘城县人民政府", 2021, form_version, layout, 77)
    assert_every_cell(source, typeset(source))


TYPESETTERS: Mapping[str, Callable[[ReportSource], bytes]] = {
    "html": lambda source: to_html(source, whole=True).encode(),
    "docx": to_docx,
    "tabs": lambda source: to_text(source, "tabs").encode(),
    "cells": lambda source: to_text(source, "cells").encode(),
}


def _random_source(seed: int) -> ReportSource:
    form_version = ("cn-ogi-2019", "cn-ogi-2021")[seed % 2]
    return _source("柘城县人民政府", 2021, form_version, random_layout(form_version, seed), seed)


@pytest.mark.parametrize("typesetter", TYPESETTERS)
@pytest.mark.parametrize("seed", [*range(20), 303, 309])
def test_layouts_nobody_chose(seed: int, typesetter: str) -> None:
    source = _random_source(seed)
    assert_every_cell(source, TYPESETTERS[typesetter](source))


@pytest.mark.office
@pytest.mark.slow
def test_layouts_nobody_chose_as_pdf_by_libreoffice() -> None:
    sources = [_random_source(seed) for seed in range(100, 112)]
    for source, pdf in zip(sources, pdfs_by_libreoffice([to_docx(source) for source in sources]), strict=True):
        assert_every_cell(source, pdf)


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("seed", range(200, 206))
def test_layouts_nobody_chose_as_pdf_by_chromium(seed: int) -> None:
    source = _random_source(seed)
    assert_every_cell(source, PRINTS["large" if seed % 2 else "a4"](source))
