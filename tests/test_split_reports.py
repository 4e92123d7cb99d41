"""Reports whose text and tables stand in different documents come together in one record, and nothing else does."""

from __future__ import annotations

import io
import json
from typing import Any

import docx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crawler.dataset.assemble import assemble, report_record
from crawler.dataset.joining import PARTS_NOT_JOINED
from crawler.dataset.model import Record, Sighting
from crawler.dataset.schema import RecordValidator
from crawler.extraction import Extraction, extract
from crawler.forms.parts import JOINED_FROM_PARTS, PartsDifferError, join_parts
from crawler.forms.titles import read_title
from crawler.outcomes import Outcome
from crawler.sample.figures import random_values, zero_values
from crawler.sample.source import ReportSource
from crawler.sample.tables import Table, blocks
from crawler.sample.typeset import to_docx, to_html

from .builders import DIVISIONS, sighting
from .sheet_builder import SheetSource, write_xlsx

PAGE = "http://lc.example/1.html"
LATER = "2026-02-10T02:00:00Z"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SENTENCES = {
    1: ("2024年，我局按照《中华人民共和国政府信息公开条例》的要求，做好政府信息公开各项工作，全年运行平稳。" * 4,),
    5: ("公开内容还不够丰富，下一步将加强培训，把各项要求落到实处。" * 3,),
    6: ("无其他需要报告的事项。",),
}


def source(name: str = "财政局", seed: int = 1, year: int = 2024, values: dict[str, str] | None = None) -> ReportSource:
    title = f"栾川县{name}{year}年政府信息公开工作年度报告"
    form = "cn-ogi-2021"
    return ReportSource(title, f"栾川县{name}", year, form, SENTENCES, values or random_values(form, seed))


def text_only(report: ReportSource) -> bytes:
    """The article as a portal prints it when the tables are attached: headings and text, no table."""
    whole = to_html(report, whole=True)
    parts = []
    while "<table" in whole:
        before, _, rest = whole.partition("<table")
        parts.append(before)
        whole = rest.partition("</table>")[2]
    return ("".join(parts) + whole).encode()


def workbook(report: ReportSource, *sections: int) -> bytes:
    """The tables alone, a sheet each; of these sections only where some are named."""
    sheets: list[SheetSource] = []
    for block in blocks(report):
        if isinstance(block, Table) and block.section in (sections or (2, 3, 4)):
            sheet = SheetSource(f"表{len(sheets) + 1}")
            sheet.table(block)
            sheets.append(sheet)
    return write_xlsx(sheets)


def word_tables(report: ReportSource) -> bytes:
    """The tables alone, as a Word file without any heading."""
    document = docx.Document(io.BytesIO(to_docx(report)))
    for paragraph in list(document.paragraphs):
        paragraph._p.getparent().remove(paragraph._p)  # type: ignore[union-attr]  # every paragraph stands in the body
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def seen(content: bytes, url: str, expected: str | None = None, **changes: Any) -> Sighting:
    """What the ledger has of a document that was read: a record goes through JSON there."""
    found = extract(content, expected)
    record = json.loads(json.dumps(found.record)) if found.record is not None else None
    media_type = {"xlsx": XLSX, "docx": "application/msword"}.get(expected or "", "text/html")
    facts = {"outcome": found.outcome, "message": found.message, "page_url": PAGE, "media_type": media_type}
    return sighting(record, url=url, **{**facts, **changes})


def titles(title: str) -> tuple[str | None, int | None]:
    reading = read_title(title)
    return reading.organisation, reading.year


def published(*sightings: Sighting) -> tuple[list[Record], list[Record], list[tuple[str, str]]]:
    records = {(one.sha256, one.extractor_version): one.record for one in sightings}

    def load(sha256: str, version: str) -> Record:
        record = records[sha256, version]
        assert record is not None
        return record

    assembly = assemble(sightings, load=load, divisions=DIVISIONS, read_title=titles)
    current = [report_record(version, load) for version in assembly.current]
    superseded = [report_record(version, load) for version in assembly.superseded]
    return current, superseded, [(problem.url, problem.outcome.value) for problem in assembly.problems]


def figures(report: ReportSource) -> dict[str, float | None]:
    whole = extract(to_html(report, whole=True).encode())
    assert whole.record is not None
    return dict(whole.record["values"])


def body(report: ReportSource, **changes: Any) -> Sighting:
    return seen(text_only(report), PAGE, **changes)


def test_a_text_without_tables_is_still_no_report_but_its_words_are_kept() -> None:
    found = extract(text_only(source()))
    assert found.outcome is Outcome.NO_TABLES
    assert found.record is not None
    assert (found.record["org_name_raw"], found.record["year"], found.record["cells"]) == ("栾川县财政局", 2024, {})
    assert [section["no"] for section in found.record["sections"]] == [1, 2, 3, 4, 5, 6]
    current, _, problems = published(body(source()))
    assert current == []
    assert problems == [(PAGE, "no_tables")]


@pytest.mark.parametrize("form", [workbook, word_tables])
def test_text_in_the_page_and_tables_in_an_attachment_are_one_report(form: Any) -> None:
    report = source()
    suffix = "xlsx" if form is workbook else "docx"
    attachment = seen(form(report), f"http://lc.example/a.{suffix}", suffix, role="attachment", link_text="附件：统计表")
    (record,), superseded, problems = published(body(report), attachment)
    assert (superseded, problems) == ([], [])
    assert record["values"] == figures(report)
    assert (record["org_name_raw"], record["year"], record["form_version"]) == ("栾川县财政局", 2024, "cn-ogi-2021")
    assert [section["no"] for section in record["sections"]] == [1, 2, 3, 4, 5, 6]
    assert {document["role"] for document in record["documents"]} == {"body", "attachment"}
    assert JOINED_FROM_PARTS in record["quality_flags"]
    assert not {"title_missing", "org_missing", "year_missing"} & set(record["quality_flags"])
    assert not any(flag.startswith("table_missing") for flag in record["quality_flags"])
    status = {check["id"]: check["status"] for check in record["checks"]}
    assert status["S.headings"] == status["S.cells"] == status["S.form_year"] == "pass"
    assert {cell["where"]["document"] for cell in record["cells"].values()} == {attachment.sha256}
    assert list(RecordValidator().errors(record)) == []


def test_tables_under_a_title_of_their_own_are_part_of_the_report_but_the_blank_form_is_not() -> None:
    report = source()
    blank = source(values=dict.fromkeys(report.printed, ""))
    (record,), _, problems = published(body(report), seen(titled(report), "http://lc.example/a.xlsx", "xlsx"))
    assert problems == []
    assert record["values"] == figures(report)
    assert extract(titled(blank), "xlsx").outcome is Outcome.NOT_A_REPORT


def titled(report: ReportSource) -> bytes:
    sheet = SheetSource("表")
    sheet.line("2024年政府信息公开工作情况统计表", 1)
    for block in blocks(report):
        if isinstance(block, Table):
            sheet.row += 1
            sheet.table(block)
    return write_xlsx([sheet])


def test_tables_in_three_attachments_are_one_report() -> None:
    report = source()
    parts = [
        seen(workbook(report, section), f"http://lc.example/{section}.xlsx", "xlsx", link_text=f"附件{section}")
        for section in (2, 3, 4)
    ]
    (record,), superseded, problems = published(body(report), *parts)
    assert (superseded, problems) == ([], [])
    assert record["values"] == figures(report)
    assert len(record["documents"]) == 4
    places = {key.partition(".")[0]: cell["where"]["document"] for key, cell in record["cells"].items()}
    assert list(places.values()) == [part.sha256 for part in parts]


def test_the_text_is_held_against_the_tables_of_the_other_document() -> None:
    values = zero_values("cn-ogi-2021") | {"requests.received_new.total": "4", "requests.received_new.natural_person": "4"}
    said = source(values=values)
    wrong = ReportSource(
        said.title, said.organisation, said.year, said.form_version,
        {**SENTENCES, 1: ("2024年共收到政府信息公开申请7件，均已按时答复。" + SENTENCES[1][0],)}, values,
    )  # fmt: skip
    (record,), _, _ = published(body(wrong), seen(workbook(wrong), "http://lc.example/a.xlsx", "xlsx"))
    failed = {check["id"]: check["detail"] for check in record["checks"] if check["status"] == "fail"}
    assert "7" in failed["T.received"]
    assert "4" in failed["T.received"]


def test_tables_alone_in_two_attachments_take_the_organisation_from_the_page() -> None:
    report = source()
    parts = [
        seen(workbook(report, *wanted), f"http://lc.example/{wanted[0]}.xlsx", "xlsx", page_title=report.title)
        for wanted in ((2, 4), (3,))
    ]
    (record,), superseded, _ = published(*parts)
    assert superseded == []
    assert record["values"] == figures(report)
    assert record["report_id"].endswith(":2024:own")
    assert "organisation_from_page_title" in record["quality_flags"]


def test_two_attachments_that_differ_are_not_joined_and_flagged() -> None:
    report = source()
    one = seen(workbook(report), "http://lc.example/a.xlsx", "xlsx", page_title=report.title)
    two = seen(workbook(source(seed=2)), "http://lc.example/b.xlsx", "xlsx", page_title=report.title)
    current, superseded, problems = published(body(report), one, two)
    assert problems == [(PAGE, "no_tables")]
    assert all(PARTS_NOT_JOINED in record["quality_flags"] for record in (*current, *superseded))
    assert not any(JOINED_FROM_PARTS in record["quality_flags"] for record in (*current, *superseded))


@pytest.mark.parametrize(
    "other",
    [
        {"link_text": "附件：2023年政府信息公开统计表"},
        {"link_text": "栾川县教育局2024年政府信息公开工作年度报告"},
        {"page_url": "http://lc.example/2.html"},
        {"first_seen": LATER, "last_seen": LATER},
    ],
    ids=["another year", "another organisation", "another page", "another visit"],
)
def test_what_does_not_belong_together_is_not_joined(other: dict[str, Any]) -> None:
    report = source()
    tables = seen(workbook(report), "http://lc.example/a.xlsx", "xlsx", page_title=report.title, **other)
    current, _, problems = published(body(report), tables)
    assert (PAGE, "no_tables") in problems
    assert not any(JOINED_FROM_PARTS in record["quality_flags"] for record in current)


def test_a_whole_report_beside_its_own_text_is_left_as_it_is() -> None:
    report = source()
    (record,), superseded, _ = published(body(report), seen(to_docx(report), "http://lc.example/a.docx", "docx"))
    assert superseded == []
    assert JOINED_FROM_PARTS not in record["quality_flags"]
    assert record["values"] == figures(report)


def test_tables_of_zeros_attached_twice_are_no_evidence_for_each_other() -> None:
    zeros = source(values=zero_values("cn-ogi-2021"))
    one, two = (
        seen(workbook(zeros, *order), f"http://lc.example/{order[0]}.xlsx", "xlsx", page_title=zeros.title)
        for order in ((2, 3, 4), (3, 4))
    )
    current, _, problems = published(body(zeros), one, two)
    assert problems == [(PAGE, "no_tables")]
    assert not any(JOINED_FROM_PARTS in record["quality_flags"] for record in current)


def test_corrected_tables_are_a_new_version_of_the_joined_report() -> None:
    report, corrected = source(), source(seed=5)
    url = "http://lc.example/a.xlsx"
    first = seen(workbook(report), url, "xlsx", page_title=report.title)
    second = seen(workbook(corrected), url, "xlsx", page_title=report.title, first_seen=LATER, last_seen=LATER)
    (record,), (old,), problems = published(body(report, last_seen=LATER), first, second)
    assert problems == []
    assert (record["version_no"], record["values"]) == (2, figures(corrected))
    assert (old["version_no"], old["values"]) == (1, figures(report))
    assert all(JOINED_FROM_PARTS in one["quality_flags"] for one in (record, old))


def test_a_table_file_that_moves_is_the_same_report_at_both_addresses() -> None:
    report = source()
    before, after = (f"http://lc.example/{name}.xlsx" for name in "ab")
    first = seen(workbook(report), before, "xlsx", page_title=report.title)
    second = seen(workbook(report), after, "xlsx", page_title=report.title, first_seen=LATER, last_seen=LATER)
    (record,), superseded, problems = published(body(report, last_seen=LATER), first, second)
    assert (superseded, problems) == ([], [])
    assert {document["url"] for document in record["documents"]} == {PAGE, before, after}


def test_a_page_that_changes_a_counter_every_night_stays_one_version() -> None:
    report = source()
    nights = [f"2026-01-{day:02}T02:00:00Z" for day in range(10, 15)]
    tables = seen(workbook(report), "http://lc.example/a.xlsx", "xlsx", last_seen=nights[-1])
    text = text_only(report)
    pages = [
        seen(text + f"<!-- {night} -->".encode(), PAGE, sha256=f"{number}" * 64, first_seen=night, last_seen=night)
        for number, night in enumerate(nights)
    ]
    (record,), superseded, problems = published(tables, *pages)
    assert (superseded, problems) == ([], [])
    assert (record["first_seen"], record["last_seen"]) == (nights[0], nights[-1])


def reading(content: bytes, expected: str | None = None) -> Record:
    found: Extraction = extract(content, expected)
    assert found.record is not None
    return found.record


def test_parts_of_two_texts_two_years_or_two_values_cannot_be_joined() -> None:
    text, tables = reading(text_only(source())), reading(workbook(source()), "xlsx")
    with pytest.raises(PartsDifferError, match="sections"):
        join_parts([text, reading(text_only(source("教育局"))), tables])
    with pytest.raises(PartsDifferError, match="year"):
        join_parts([text, tables | {"year": 2023}])
    with pytest.raises(PartsDifferError, match="differently"):
        join_parts([text, tables, reading(workbook(source(seed=9)), "xlsx")])
    with pytest.raises(ValueError, match="two parts"):
        join_parts([text])


SHEETS = {wanted: reading(workbook(source(), *wanted), "xlsx") for wanted in ((2,), (3,), (4,), (2, 3), (2, 3, 4))}
OTHER = reading(workbook(source(seed=2), 3), "xlsx")
TEXT = reading(text_only(source()))


@st.composite
def page_documents(draw: st.DrawFn) -> Sighting:
    record = draw(st.sampled_from([TEXT, OTHER, *SHEETS.values()]))
    first = draw(st.sampled_from(["2026-01-10T02:00:00Z", "2026-01-10T02:00:05Z", "2026-01-11T02:00:00Z", LATER]))
    return sighting(
        record,
        url=f"http://lc.example/{draw(st.integers(1, 4))}",
        page_url=PAGE,
        page_title=source().title,
        outcome=Outcome.NO_TABLES if record["form_version"] is None else Outcome.OK,
        first_seen=first,
        last_seen=max(first, draw(st.sampled_from([first, "2026-01-11T02:00:00Z", LATER]))),
        media_type=draw(st.sampled_from(["text/html", XLSX])),
    )


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(page_documents(), max_size=6), st.integers(0, 5))
def test_joining_knows_no_order_repeats_nothing_and_loses_nothing(found: list[Sighting], turn: int) -> None:
    found = list({(one.url, one.sha256): one for one in found}.values())
    shuffled = [*found[turn:], *found[::-1], *found[:turn]]
    current, superseded, problems = published(*found)
    assert published(*shuffled) == (current, superseded, problems)
    told = {document["url"] for record in (*current, *superseded) for document in record["documents"]}
    assert told | {url for url, _ in problems} == {one.url for one in found}
    printed = [record["cells"] for one in found if (record := one.record) is not None]
    for record in (*current, *superseded):
        for key, cell in record["cells"].items():
            assert cell["value"] is None or any(
                key in cells and (cells[key]["value"], cells[key]["raw"]) == (cell["value"], cell["raw"]) for cells in printed
            )
