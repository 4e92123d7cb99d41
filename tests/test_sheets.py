"""Workbooks: every cell of both forms in every arrangement, and what a spreadsheet hides from a careless reader."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from crawler.documents.model import Geometry, Method
from crawler.documents.reader import read_document
from crawler.documents.sniff import XLS, XLSX
from crawler.sample.plan import LAYOUTS
from crawler.sample.source import Layout, ReportSource
from crawler.sample.typeset import to_html
from crawler.sample.variety import random_layout
from tests.sheet_builder import ARRANGEMENTS, Arrangement, sheets_by_libreoffice, to_sheets, write_xlsx
from tests.test_typeset_seeds import SEED_LIKE, _source, assert_every_cell

seeds = pytest.mark.parametrize("seed", SEED_LIKE)


@seeds
@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
@pytest.mark.parametrize("as_text", [False, True], ids=["numbers", "text"])
def test_every_cell_of_a_report_written_as_a_workbook(seed: str, arrangement: Arrangement, as_text: bool) -> None:
    source = SEED_LIKE[seed]
    content = write_xlsx(to_sheets(source, arrangement), numbers_as_text=as_text, shared=not as_text)
    report = assert_every_cell(source, content)
    assert [section.no for section in report.sections] == [1, 2, 3, 4, 5, 6]
    assert set(report.methods.values()) == {"markup"}
    for number, texts in source.paragraphs.items():
        assert report.sections[number - 1].text.split("\n") == [line.strip("\u3000 ") for line in texts]


@pytest.mark.parametrize("form_version", ["cn-ogi-2019", "cn-ogi-2021"])
@pytest.mark.parametrize("layout", LAYOUTS, ids=range(len(LAYOUTS)))
def test_every_layout_of_the_sample_portals(form_version: str, layout: Layout) -> None:
    if layout.single_other and form_version == "cn-ogi-2019":
        pytest.skip("the form of 2019 has one row for （六） anyway")
    source = _source("柘城县人民政府", 2021, form_version, layout, 77)
    for arrangement in ARRANGEMENTS:
        assert_every_cell(source, write_xlsx(to_sheets(source, arrangement)))


@pytest.mark.parametrize("seed", range(400, 420))
def test_layouts_nobody_chose(seed: int) -> None:
    form_version = ("cn-ogi-2019", "cn-ogi-2021")[seed % 2]
    source = _source("柘城县人民政府", 2021, form_version, random_layout(form_version, seed), seed)
    for arrangement in ARRANGEMENTS:
        assert_every_cell(source, write_xlsx(to_sheets(source, arrangement)))


def plain_numbers(source: ReportSource) -> ReportSource:
    """A spreadsheet keeps 45,391 as the number 45391 and shows separators by the cell's format, which is not read."""
    printed = {key: text.replace(",", "") for key, text in source.printed.items()}
    return replace(source, printed={key: text.rstrip("0") if "." in text else text for key, text in printed.items()})


@pytest.fixture(scope="session")
def office_workbooks() -> Mapping[tuple[str, str], bytes]:
    pages = [to_html(source, whole=True).encode() for source in SEED_LIKE.values()]
    made: dict[tuple[str, str], bytes] = {}
    for kind in ("xlsx", "xls"):
        made |= {(seed, kind): book for seed, book in zip(SEED_LIKE, sheets_by_libreoffice(pages, "html", kind), strict=True)}
    return made


@pytest.mark.office
@seeds
@pytest.mark.parametrize("kind", ["xlsx", "xls"])
def test_every_cell_of_a_workbook_by_libreoffice(
    seed: str, kind: str, office_workbooks: Mapping[tuple[str, str], bytes]
) -> None:
    content = office_workbooks[seed, kind]
    document = read_document(content, expected=kind)
    assert document.media_type == {"xls": XLS, "xlsx": XLSX}[kind]
    assert {(grid.geometry, grid.method) for grid in document.grids} == {(Geometry.EXACT, Method.MARKUP)}
    report = assert_every_cell(plain_numbers(SEED_LIKE[seed]), content)
    assert [section.no for section in report.sections] == [1, 2, 3, 4, 5, 6]
