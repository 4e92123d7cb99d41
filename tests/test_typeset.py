"""The typesetter prints what it is given: figures whose identities hold, merges that tile, text in the two known shapes."""

from __future__ import annotations

import dataclasses
import io
import itertools
import re

import docx
import lxml.html
import pytest

from crawler.forms.catalogue import FORM_VERSIONS, load_form
from crawler.sample.plan import LAYOUTS
from crawler.sample.tables import Table, blocks, printed_metrics
from crawler.sample.truth import failed_identities
from crawler.sample.typeset import Layout, ReportSource, plausible_values, random_values, to_docx, to_html, to_text

TEXTS = {1: ("工作平稳有序。",), 5: ("仍有不足。",), 6: ("无。",)}
both_forms = pytest.mark.parametrize("form_version", FORM_VERSIONS)


def source(form_version: str, layout: Layout | None = None, seed: int = 7) -> ReportSource:
    values = random_values(form_version, seed)
    if layout and layout.single_other:
        values |= {
            f"requests.other_handling.{c.key}": str(91000 + n) for n, c in enumerate(load_form(form_version).request_columns)
        }
    return ReportSource(
        title="柘城县人民政府2022年政府信息公开工作年度报告",
        organisation="柘城县人民政府",
        year=2022,
        form_version=form_version,
        paragraphs=TEXTS,
        printed=values,
        signature=("柘城县人民政府",),
        layout=layout or Layout(),
    )


@both_forms
@pytest.mark.parametrize("seed", range(5))
def test_random_figures_are_complete_distinct_and_consistent(form_version: str, seed: int) -> None:
    values = random_values(form_version, seed)
    form = load_form(form_version)
    assert list(values) == [metric.key for metric in form.metrics]
    assert "0" not in values.values()
    requests = [text for key, text in values.items() if key.startswith("requests.")]
    assert len(set(requests)) == len(requests)
    assert failed_identities(form_version, values, values) == []
    assert random_values(form_version, seed) == values
    assert random_values(form_version, seed + 1) != values


@both_forms
def test_inconsistent_figures_break_named_identities(form_version: str) -> None:
    values = random_values(form_version, 3, consistent=False)
    total = "R3.total19" if form_version == "cn-ogi-2019" else "R3.total21"
    assert failed_identities(form_version, values, values) == [
        "R3.balance.natural_person",
        f"{total}.natural_person",
        "R3.row.result_total",
        "R4.sum.litigation_direct",
    ]


@both_forms
@pytest.mark.parametrize("size", ["prefecture", "county", "bureau", "town"])
def test_plausible_figures_break_no_identity(form_version: str, size: str) -> None:
    for seed in range(10):
        values = plausible_values(form_version, seed, size)  # type: ignore[arg-type] # parametrised over the literals
        assert failed_identities(form_version, values, values) == []


@both_forms
@pytest.mark.parametrize("number", range(len(LAYOUTS)))
def test_merged_cells_tile_every_table_whatever_the_layout(form_version: str, number: int) -> None:
    layout = LAYOUTS[number]
    if layout.single_other and form_version == "cn-ogi-2019":
        layout = dataclasses.replace(layout, single_other=False)
    for table in blocks(source(form_version, layout)):
        if not isinstance(table, Table):
            continue
        taken: set[tuple[int, int]] = set()
        for row_number, row in enumerate(table.rows):
            column = 0
            for cell in row.cells:
                slots = set(
                    itertools.product(range(row_number, row_number + cell.row_span), range(column, column + cell.column_span))
                )
                if cell.continued:
                    assert slots <= taken
                else:
                    assert not slots & taken
                    taken |= slots
                column += cell.column_span
            assert column == table.column_count or (layout.short_rows == "ragged" and column < table.column_count)


@both_forms
@pytest.mark.parametrize("number", range(len(LAYOUTS)))
def test_every_printed_figure_stands_in_html_docx_and_text(form_version: str, number: int) -> None:
    layout = LAYOUTS[number]
    if layout.single_other and form_version == "cn-ogi-2019":
        layout = dataclasses.replace(layout, single_other=False)
    report = source(form_version, layout)
    wanted = {report.printed[key] for key in printed_metrics(report)}
    page = lxml.html.fromstring(to_html(report, whole=True))
    assert wanted <= {cell.text_content().strip() for cell in page.iter("td", "th")}
    package = docx.Document(io.BytesIO(to_docx(report)))
    assert wanted <= {text.text for text in package.element.body.iter("{*}t")}
    assert wanted <= set(re.split(r"[\t\n]", to_text(report, "tabs")))
    assert wanted <= set(re.split(r"[\t\n]", to_text(report, "cells")))


def test_docx_has_the_merges_of_the_official_template() -> None:
    package = docx.Document(io.BytesIO(to_docx(source("cn-ogi-2021"))))
    disclosure, requests, review = package.tables
    assert [len(table.columns) for table in (disclosure, requests, review)] == [4, 10, 15]
    spans = [[cell.grid_span for cell in row._tr.tc_lst] for row in disclosure.rows[:6]]
    assert spans == [[4], [1, 1, 1, 1], [1, 1, 1, 1], [1, 1, 1, 1], [4], [1, 3]]
    assert [cell.grid_span for cell in requests.rows[0]._tr.tc_lst] == [3, 7]
    assert [cell.grid_span for cell in requests.rows[5]._tr.tc_lst] == [1, 2, *[1] * 7]
    assert [cell.vMerge for cell in requests.rows[6]._tr.tc_lst][:2] == ["continue", None]
    assert sum(cell.vMerge == "restart" for cell in review.rows[1]._tr.tc_lst) == 5


def test_the_same_source_gives_the_same_docx_bytes() -> None:
    assert to_docx(source("cn-ogi-2019")) == to_docx(source("cn-ogi-2019"))


def test_text_has_the_two_shapes_of_converted_reports() -> None:
    report = source(
        "cn-ogi-2019", Layout(total_header_row=1, short_rows="padded", text_page_breaks=("not_processed_publication",))
    )
    tabs = to_text(report, "tabs").splitlines()
    assert "第二十条第（一）项\t\t\t" in tabs
    new = next(line for line in tabs if line.startswith("一、本年新收"))
    assert new.split("\t")[1] == ""
    assert len(new.split("\t")) == 10
    cut = next(number for number, line in enumerate(tabs) if "要求提供公开出版物" in line)
    assert tabs[cut - 1] == ""
    assert tabs[cut].split("\t")[:2] == ["", "3.要求提供公开出版物"]
    cells = to_text(report, "cells").splitlines()
    start = cells.index("\t规章")
    assert cells[start + 1 : start + 5] == [
        f"\t{report.printed[f'active_disclosure.rules.{key}']}" for key in ("made", "newly_disclosed", "total_disclosed")
    ] + [""]


def test_labels_follow_the_layout() -> None:
    layout = Layout(
        brackets="half_spaced", numerals="1、", labels={"1.信访举报投诉类申请": "1.信访举报类申请"}, group_break="\n"
    )
    html = to_html(source("cn-ogi-2019", layout))
    assert "(一) 予以公开" in html
    assert "1、信访举报类申请" in html
    assert "三、本<br>年度办<br>理结果" in html


def test_swapped_rows_keep_their_own_figures() -> None:
    layout = Layout(swapped_rows=(("denied_third_party", "denied_internal_affairs"),))
    report = source("cn-ogi-2021", layout)
    page = lxml.html.fromstring(to_html(report))
    rows = [[cell.text_content() for cell in row.iter("td")] for row in page.iter("tr")]
    labels = ["".join(row) for row in rows]
    first = next(number for number, text in enumerate(labels) if "属于三类内部事务信息" in text)
    second = next(number for number, text in enumerate(labels) if "保护第三方合法权益" in text)
    assert first < second
    assert rows[first][-7] == report.printed["requests.denied_internal_affairs.natural_person"]
