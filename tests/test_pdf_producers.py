"""Whole reports from the producers that portals use: every number in its row and column."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from crawler.documents.model import Document, Grid, Paragraph, grid_rows
from crawler.documents.pdf import read_pdf
from crawler.documents.stitching import covers_once
from tests.pdf_typeset import CSS, Layout, TypesetReport, chromium_pdf, libreoffice_pdfs, typeset

FORMS = ("cn-ogi-2019", "cn-ogi-2021")


def plain(text: str) -> str:
    return re.sub(r"\s", "", text)


def row_of(grid: Grid, label: str) -> list[str]:
    """The texts that stand right of that label."""
    for row in grid_rows(grid):
        texts = [plain(cell.text) for cell in row]
        if plain(label) in texts:
            return texts[texts.index(plain(label)) + 1 :]
    return ["no such row"]


def check(document: Document, report: TypesetReport, *, whole_group: bool = True) -> None:
    assert [len(grid.flags) for grid in document.grids] == [0, 0, 0]
    disclosure, requests, review = document.grids
    assert all(covers_once(grid.cells, grid.row_count, grid.column_count) for grid in document.grids)
    assert {label: row_of(disclosure, label) for label, _ in report.disclosure_rows} == dict(report.disclosure_rows)
    assert {label: row_of(requests, label) for label, _ in report.request_rows} == dict(report.request_rows)
    assert (requests.row_count, requests.column_count) == (len(report.request_rows) + 3, 10)
    assert [cell.text for cell in grid_rows(review)[-1]] == report.review_row
    assert (review.row_count, review.column_count) == (4, 15)
    columns = [cell.column for cell in grid_rows(requests)[3] if cell.column >= 3]
    assert columns == list(range(3, 10))
    (group,) = [cell for cell in requests.cells if plain(cell.text) == "三、本年度办理结果"]
    assert group.row_span == len(report.request_rows) - 3 or not whole_group
    assert all(cell.page is not None and cell.box is not None for grid in document.grids for cell in grid.cells)


def chromium_layouts() -> list[Layout]:
    styles = [
        Layout(css=css, lead_lines=3 * index, paper="Letter" if index % 3 == 1 else "A4") for index, css in enumerate(CSS)
    ]
    cuts = [Layout(lead_lines=lines, font_size="14pt", padding="9px", blank_every=5) for lines in (0, 5)]
    repeated = [Layout(lead_lines=10, repeat_header=True)]
    return styles + cuts + repeated


DRAWN_CELL_BY_CELL = ("separate", "spaced")
"""Border models in which Chromium ends a merged cell that ran over a page at a wrong height."""
CHROMIUM = chromium_layouts()
LIBREOFFICE = [Layout(lead_lines=lines, repeat_header=lines % 4 == 0) for lines in range(0, 27, 3)]

Typeset = list[tuple[TypesetReport, bytes]]


@pytest.fixture(scope="module")
def from_chromium() -> Typeset:
    reports = [typeset(FORMS[index % 2], layout, index) for index, layout in enumerate(CHROMIUM)]
    with ThreadPoolExecutor(2) as pool:
        return list(zip(reports, pool.map(lambda report: chromium_pdf(report.html), reports), strict=True))


@pytest.fixture(scope="module")
def from_libreoffice() -> Typeset:
    reports = {f"report{index}": typeset(FORMS[index % 2], layout, index) for index, layout in enumerate(LIBREOFFICE)}
    files = libreoffice_pdfs({name: report.html for name, report in reports.items()})
    return [(report, files[name]) for name, report in reports.items()]


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("index", range(len(CHROMIUM)), ids=[f"{one.css}-{one.lead_lines}" for one in CHROMIUM])
def test_every_number_of_a_chromium_pdf_in_every_border_style(from_chromium: Typeset, index: int) -> None:
    report, content = from_chromium[index]
    document = read_pdf(content)
    check(document, report, whole_group=CHROMIUM[index].css not in DRAWN_CELL_BY_CELL)
    texts = [block.text for block in document.blocks if isinstance(block, Paragraph)]
    assert [paragraph for paragraph in report.paragraphs if paragraph not in texts] == []


@pytest.mark.browser
def test_rules_that_chromium_draws_in_the_wrong_place_are_doubted() -> None:
    """With separate borders it ends a merged cell that ran over a page at a wrong height: slots form no rectangle."""
    report = typeset(FORMS[1], Layout(css="separate", lead_lines=9, paper="Letter"), 3)
    document = read_pdf(chromium_pdf(report.html))
    _, requests, _ = document.grids
    assert {"inconsistent_lattice", "second_reading_differs"} <= set(requests.flags)
    assert [label for label, numbers in report.request_rows if row_of(requests, label)[-7:] != numbers] == []


@pytest.mark.office
@pytest.mark.parametrize("index", range(len(LIBREOFFICE)), ids=[str(one.lead_lines) for one in LIBREOFFICE])
def test_every_number_of_a_libreoffice_pdf_wherever_pages_cut_the_tables(from_libreoffice: Typeset, index: int) -> None:
    report, content = from_libreoffice[index]
    check(read_pdf(content), report)


@pytest.mark.real
@pytest.mark.parametrize("name", ["szfgs2024", "hzq2024"])
def test_every_number_of_real_reports_made_by_wps(shared: Path, name: str) -> None:
    """In order of the form; hzq2024 prints （六） as one row and keeps the head of table 4 with a rule too many."""
    document = read_pdf((shared / "real" / "pdf" / f"{name}.pdf").read_bytes())
    truth = json.loads((shared / "real" / "pdf" / f"{name}.values.json").read_text(encoding="utf-8"))["values"]
    disclosure, requests, review = document.grids

    def printed(grid: Grid) -> list[str]:
        return [cell.text for row in grid_rows(grid) for cell in row if re.fullmatch(r"[\d.]+", cell.text)]

    def wanted(table: str) -> list[str]:
        return [str(value) for key, value in truth.items() if key.startswith(table) and value is not None]

    assert sorted(printed(disclosure)) == sorted(wanted("active_disclosure"))
    assert sorted(printed(review)) == sorted(wanted("review_litigation"))
    by_row: dict[str, list[str]] = {}
    for key, value in truth.items():
        if key.startswith("requests."):
            by_row.setdefault(key.split(".")[1], []).append(str(value))
    rows = [[cell.text for cell in row if cell.column >= 3] for row in grid_rows(requests)[3:]]
    assert sorted(rows) == sorted(by_row.values())
    assert all(grid.flags == () for grid in document.grids)
    assert plain(next(cell.text for cell in requests.cells if cell.row == 5 and cell.column == 0)) == "三、本年度办理结果"
    assert not any(re.search(r"- ?\d ?-", block.text) for block in document.blocks if isinstance(block, Paragraph))


@pytest.mark.real
@pytest.mark.parametrize("name", ["budget", "final-accounts-template"])
def test_other_real_tables_are_read_without_doubt(shared: Path, name: str) -> None:
    document = read_pdf((shared / "real" / "pdf" / f"not-a-report-{name}.pdf").read_bytes())
    assert len(document.grids) >= 9
    assert all(covers_once(grid.cells, grid.row_count, grid.column_count) for grid in document.grids)
