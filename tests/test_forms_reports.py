"""Whole reports: what is one, what is not, and the record that comes out; real ones against hand-checked values."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crawler.documents.model import Document, Geometry, Grid, GridCell, Method, Paragraph
from crawler.documents.reader import read_document
from crawler.forms import blanks, cells, columns, identity, labelled, numbers, reader, review, rows, tables, titles
from crawler.forms.catalogue import FORM_VERSIONS, TABLES, all_metrics, load_form
from crawler.forms.reader import read_report
from crawler.forms.record import report_record
from crawler.outcomes import Outcome, OutcomeError
from tests.conftest import ROOT
from tests.forms_builder import (
    HEADINGS,
    TITLE,
    Span,
    disclosure_spans,
    document,
    full_document,
    lay_out,
    ragged_document,
    random_values,
    request_body,
    request_header,
    request_rows,
    review_spans,
)

SEEDS = {"000": "cn-ogi-2019", "001": "cn-ogi-2019", "002": "cn-ogi-2019", "003": "cn-ogi-2019", "004": "cn-ogi-2021"}
RECORD_KEYS = [
    "org_name_raw",
    "year",
    "title",
    "form_version",
    "reporting_scope",
    "published_date",
    "period",
    "contact",
    "sections",
    "text",
    "values",
    "cells",
    "checks",
    "quality_flags",
    "methods",
    "readings",
]


def record_of(path: Path) -> dict[str, Any]:
    return report_record(read_report(read_document(path.read_bytes())))


def numbers_in_reading_order(text: str) -> list[float]:
    """Every cell of sections 2 to 4 that is a number, by a route that knows nothing of labels."""
    middle = text[text.index("\n二、") : text.index("\n五、")]
    printed = [cell.strip() for cell in re.split(r"[\t\n]", middle)]
    return [float(cell.replace(",", "")) for cell in printed if re.fullmatch(r"-?[\d,]+(\.\d+)?", cell)]


def truth_of(seed: str, shared: Path) -> Mapping[str, float | None]:
    path = shared / "seeds" / f"{seed}.values.json"
    if path.exists():
        values: Mapping[str, float | None] = json.loads(path.read_text(encoding="utf-8"))["values"]
        return values
    keys = [metric.key for metric in load_form(SEEDS[seed]).metrics]
    return dict(
        zip(keys, numbers_in_reading_order((shared / "seeds" / f"{seed}.txt").read_text(encoding="utf-8")), strict=True)
    )


@pytest.mark.real
@pytest.mark.parametrize("seed", SEEDS)
def test_every_cell_of_the_seeds(seed: str, shared: Path) -> None:
    record = record_of(shared / "seeds" / f"{seed}.txt")
    assert record["form_version"] == SEEDS[seed]
    assert record["values"] == truth_of(seed, shared)
    assert list(record["values"]) == [metric.key for metric in load_form(SEEDS[seed]).metrics]
    assert [flag for flag in record["quality_flags"] if not flag.startswith(("unit_", "amount_unit_"))] == []


@pytest.mark.real
@pytest.mark.parametrize(
    ("seed", "passed", "not_assessable"), [("000", 40, 0), ("001", 40, 0), ("002", 40, 0), ("003", 39, 1), ("004", 42, 0)]
)
def test_identities_of_the_seeds(seed: str, passed: int, not_assessable: int, shared: Path) -> None:
    record = record_of(shared / "seeds" / f"{seed}.txt")
    counts = Counter(check["status"] for check in record["checks"] if check["kind"] == "identity")
    assert counts == Counter({"pass": passed, "not_assessable": not_assessable})


@pytest.mark.real
def test_what_is_odd_in_the_seeds_is_found_and_nothing_else(shared: Path) -> None:
    failed = {
        seed: {check["id"] for check in record_of(shared / "seeds" / f"{seed}.txt")["checks"] if check["status"] == "fail"}
        for seed in SEEDS
    }
    assert failed == {
        "000": set(),
        "001": {"R2.made_le_total.normative_documents"},
        "002": {"R2.amount_unit", "T.received"},
        "003": {"R2.items_nonneg.licensing", "R2.stock_not_flow.normative_documents", "S.blank_block"},
        "004": set(),
    }


@pytest.mark.real
def test_who_and_when_in_the_seeds(shared: Path) -> None:
    found = {seed: record_of(shared / "seeds" / f"{seed}.txt") for seed in SEEDS}
    assert {seed: (record["org_name_raw"], record["year"], record["reporting_scope"]) for seed, record in found.items()} == {
        "000": ("轵城镇人民政府", 2020, "own"),
        "001": ("新乡县人民政府", 2020, "unknown"),
        "002": ("泉港镇", 2020, "own"),
        "003": ("洛阳市栾川县人民政府", 2020, "consolidated"),
        "004": ("洛宁县马店镇人民政府", 2024, "own"),
    }
    assert found["002"]["contact"]["email"] == "qg6552030@163.com"
    assert found["002"]["period"] == {"from": "2020-01-01", "to": "2020-12-31"}
    assert found["003"]["cells"]["active_disclosure.central_procurement.amount"]["unit"] == "万元"
    assert found["000"]["cells"]["active_disclosure.central_procurement.amount"]["unit"] == "undeclared"


@pytest.mark.real
@pytest.mark.parametrize("name", ["szfgs2024", "hzq2024"])
def test_real_pdfs(name: str, shared: Path) -> None:
    truth = json.loads((shared / "real" / "pdf" / f"{name}.values.json").read_text(encoding="utf-8"))
    record = record_of(shared / "real" / "pdf" / f"{name}.pdf")
    assert {key: record["values"][key] for key in truth["values"]} == truth["values"]
    assert (record["org_name_raw"], record["year"]) == (truth["publisher"], truth["year"])
    assert [check["id"] for check in record["checks"] if check["kind"] == "identity" and check["status"] == "fail"] == []
    assert all(cell["where"]["page"] for cell in record["cells"].values() if cell["value"] is not None)


@pytest.mark.real
def test_the_real_blank_form_is_two_hundred_blanks(shared: Path) -> None:
    record = record_of(shared / "real" / "docx" / "blank-2021-form-wps.docx")
    assert Counter(cell["state"] for cell in record["cells"].values()) == {"blank": 200}
    assert (record["title"], record["year"], record["org_name_raw"]) == (None, None, None)
    assert {"title_missing", "year_missing", "org_missing"} <= set(record["quality_flags"])


@pytest.mark.real
@pytest.mark.parametrize("name", ["not-a-report-budget.pdf", "not-a-report-final-accounts-template.pdf"])
def test_real_papers_that_are_no_report(name: str, shared: Path) -> None:
    with pytest.raises(OutcomeError) as error:
        record_of(shared / "real" / "pdf" / name)
    assert error.value.outcome is Outcome.NOT_A_REPORT


@pytest.mark.parametrize("version", FORM_VERSIONS)
def test_the_record_is_json_with_every_key_in_order(version: str) -> None:
    truth = random_values(load_form(version), 31) | {"active_disclosure.rules.made": "1,234"}
    record = json.loads(json.dumps(report_record(read_report(full_document(version, truth))), allow_nan=False))
    assert list(record) == RECORD_KEYS
    assert list(record["values"]) == list(record["cells"]) == [metric.key for metric in load_form(version).metrics]
    for key, cell in record["cells"].items():
        assert list(cell)[:5] == ["value", "raw", "state", "unit", "where"]
        assert cell["value"] == record["values"][key]


def test_decimals_are_published_as_printed() -> None:
    key = "active_disclosure.central_procurement.amount"
    values = random_values(load_form("cn-ogi-2019"), 32) | {key: "49.5669"}
    assert '"active_disclosure.central_procurement.amount": 49.5669' in json.dumps(
        report_record(read_report(full_document("cn-ogi-2019", values)))["values"]
    )


def test_the_text_holds_title_sections_and_tables_in_place() -> None:
    made = full_document("cn-ogi-2021", random_values(load_form("cn-ogi-2021"), 33))
    text = read_report(replace(made, title=TITLE)).text
    order = [text.index(part) for part in (TITLE, *HEADINGS[:2], "行政规范性文件\t", HEADINGS[2], "勾稽", HEADINGS[3])]
    assert order == sorted(order)
    assert text.count(TITLE) == 1
    untitled = replace(made, blocks=made.blocks[1:], title=TITLE)
    assert read_report(untitled).text.startswith(TITLE)


def test_two_forms_in_one_document_are_flagged() -> None:
    made = full_document("cn-ogi-2021", random_values(load_form("cn-ogi-2021"), 34))
    other = lay_out(
        [[Span("信息内容"), Span("采购项目数量"), Span("采购总金额")], [Span("政府集中采购"), Span("3"), Span("5")]]
    )
    assert "form_markers_mixed" in read_report(document(*made.grids[:1], other, *made.grids[1:])).quality_flags


def test_the_form_is_told_by_its_words_and_not_by_the_year() -> None:
    report = read_report(full_document("cn-ogi-2019", random_values(load_form("cn-ogi-2019"), 35)))
    assert (report.year, report.form_version) == (2023, "cn-ogi-2019")


def test_tables_that_are_images_leave_their_cells_absent() -> None:
    made = full_document("cn-ogi-2021", random_values(load_form("cn-ogi-2021"), 36))
    report = read_report(document(made.grids[0]))
    assert "table_missing:requests" in report.quality_flags
    assert report.cells["requests.granted.total"].raw is None
    assert {check.id: check.status.value for check in report.checks}["S.cells"] == "fail"


PROSE = (Paragraph("一、总体情况"), Paragraph("全年主动公开政府信息300条。"))


@pytest.mark.parametrize(
    ("blocks", "outcome"),
    [
        ((Paragraph("建新镇2018年政府信息公开工作年度报告"), *PROSE), Outcome.NO_TABLES),
        ((Paragraph("水务局"), Paragraph("2023年政府信息公开工作年度报告"), *PROSE), Outcome.NO_TABLES),
        ((Paragraph("河口县水务局2023年度部门决算"), Paragraph("目录")), Outcome.NOT_A_REPORT),
        ((Paragraph("河口县水务局2023年法治政府建设年度报告"), *PROSE), Outcome.NOT_A_REPORT),
        ((Paragraph("图解：河口县2023年政府信息公开工作年度报告"), *PROSE), Outcome.NOT_A_REPORT),
        ((Paragraph("关于做好2023年政府信息公开工作年度报告的通知"), *PROSE), Outcome.NOT_A_REPORT),
        ((), Outcome.NOT_A_REPORT),
    ],
)
def test_documents_without_the_tables(blocks: tuple[Paragraph, ...], outcome: Outcome) -> None:
    with pytest.raises(OutcomeError) as error:
        read_report(Document("text/html", blocks))
    assert error.value.outcome is outcome
    assert len(error.value.message) > 40


def test_a_table_on_review_and_litigation_in_another_paper_is_no_statutory_table() -> None:
    table = lay_out([[Span("行政复议"), Span("行政诉讼"), Span("合计")], [Span("12"), Span("3"), Span("15")]])
    with pytest.raises(OutcomeError) as error:
        read_report(Document("text/html", (Paragraph("河口县2023年法治政府建设年度报告"), *PROSE, table)))
    assert error.value.outcome is Outcome.NOT_A_REPORT


def test_a_page_number_inside_the_tables_is_no_row() -> None:
    truth = random_values(load_form("cn-ogi-2021"), 39)
    form = load_form("cn-ogi-2021")
    requests = [*request_header(form), *request_body(request_rows(form, truth))]
    requests.insert(12, [Span("- 4 -", 10)])
    review = review_spans(form, truth)
    review.insert(3, [Span("5", 15)])
    report = read_report(document(full_document("cn-ogi-2021", truth).grids[0], lay_out(requests), lay_out(review)))
    assert {key: str(reading.value) for key, reading in report.cells.items()} == truth
    assert not [flag for flag in report.quality_flags if flag.startswith(("row_", "unknown_row"))]


def test_a_notice_with_the_form_annexed_is_no_report() -> None:
    made = ragged_document("cn-ogi-2021", random_values(load_form("cn-ogi-2021"), 37))
    notice = Paragraph("关于做好2023年政府信息公开工作年度报告编制发布工作的通知")
    with pytest.raises(OutcomeError) as error:
        read_report(replace(made, blocks=(notice, *made.blocks[2:])))
    assert error.value.outcome is Outcome.NOT_A_REPORT


def test_every_quality_flag_is_explained() -> None:
    modules = (blanks, cells, columns, identity, labelled, numbers, reader, review, rows, tables, titles)
    words = {
        value
        for module in modules
        for name, value in vars(module).items()
        if name.isupper() and isinstance(value, str) and value == name.lower() and name != "UNDECLARED"
    } - set(TABLES)
    assert len(words) > 25
    explained = (ROOT / "docs" / "quality-flags.md").read_text(encoding="utf-8")
    assert [word for word in sorted(words) if f"`{word}`" not in explained] == []


WORDS = [label for metric in all_metrics() for label in metric.labels] + [
    *HEADINGS,
    TITLE,
    "",
    "0",
    "12",
    "-",
    "1.",
    "无",
    "一、",
]
CELLS = st.builds(
    GridCell,
    st.integers(0, 6),
    st.integers(0, 9),
    st.sampled_from(WORDS) | st.text(max_size=8),
    st.integers(1, 4),
    st.integers(1, 5),
)
GRIDS = st.builds(
    lambda made, geometry, number: Grid(7, 10, tuple(made), geometry, Method.MARKUP, number),
    st.lists(CELLS, max_size=40),
    st.sampled_from(Geometry),
    st.integers(1, 3),
)
PARAGRAPHS = st.builds(Paragraph, st.sampled_from(WORDS) | st.text(max_size=40))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(GRIDS | PARAGRAPHS, max_size=12), st.none() | st.sampled_from(WORDS), st.dictionaries(st.text(), st.text()))
def test_any_document_gives_a_report_or_an_outcome(
    blocks: list[Grid | Paragraph], title: str | None, metadata: dict[str, str]
) -> None:
    made = Document("text/html", tuple(blocks), title, metadata)
    outcome, record = outcome_of(made)
    assert outcome in (Outcome.OK, Outcome.NOT_A_REPORT, Outcome.NO_TABLES)
    if record is not None:
        json.dumps(record, allow_nan=False)
        assert set(record["cells"]) >= {metric.key for metric in load_form(record["form_version"]).metrics}


def outcome_of(made: Document) -> tuple[Outcome, dict[str, Any] | None]:
    try:
        return Outcome.OK, report_record(read_report(made))
    except OutcomeError as error:
        return error.outcome, None


def as_html(spans: list[list[Span]]) -> str:
    printed = ["".join(f'<td rowspan="{s.rows}" colspan="{s.columns}"><p>{s.text}</p></td>' for s in row) for row in spans]
    return "<table>" + "".join(f"<tr>{row}</tr>" for row in printed) + "</table>"


@pytest.mark.parametrize("version", FORM_VERSIONS)
def test_a_web_page_from_its_bytes_to_the_record(version: str) -> None:
    form, truth = load_form(version), random_values(load_form(version), 40)
    parts = [
        "",
        as_html(disclosure_spans(form, truth)),
        as_html([*request_header(form), *request_body(request_rows(form, truth))]),
        as_html(review_spans(form, truth)),
        "",
        "<p>无</p>",
    ]
    body = "".join(f"<p>{heading}</p>{table}" for heading, table in zip(HEADINGS, parts, strict=True))
    page = (
        f'<html><head><meta charset="utf-8"><meta name="ArticleTitle" content="{TITLE}"><meta name="PubDate" content="2024-01-19 09:30">'
        f"</head><body><h1>{TITLE}</h1><div class='TRS_Editor'>{body}</div></body></html>"
    )
    record = report_record(read_report(read_document(page.encode())))
    assert {key: str(value) for key, value in record["values"].items()} == truth
    assert (record["org_name_raw"], record["year"], record["published_date"]) == ("河口县水务局", 2023, "2024-01-19")
    assert [section["no"] for section in record["sections"]] == [1, 2, 3, 4, 5, 6]
