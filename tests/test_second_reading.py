"""Every table is read twice: a slip of the grid's reader is noticed, and settled where a third reading can."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from crawler.documents.model import Document, Grid, GridCell, Method, Word, grid_rows
from crawler.documents.pdf import read_pdf
from crawler.documents.reader import read_document
from crawler.documents.stitching import is_number
from crawler.forms.catalogue import ACTIVE_DISCLOSURE, REQUESTS, REVIEW_LITIGATION
from crawler.forms.model import Report, State
from crawler.forms.reader import read_report
from crawler.forms.readings import NO_TWO_READINGS_AGREE
from crawler.outcomes import OutcomeError
from crawler.sample.source import ReportSource
from tests.conftest import ROOT
from tests.ofd_writer import to_ofd
from tests.test_typeset_seeds import SEED_LIKE

CASES = 150
"""Slips tried of each table."""
SITE = ROOT / "crawler" / "sample" / "site"
Mutation = Callable[[Grid, random.Random], Grid | None]


@cache
def samples() -> tuple[Document, ...]:
    """The born-digital sample PDFs as read."""
    found = []
    for path in sorted(SITE.rglob("*.pdf")):
        content = path.read_bytes()
        if b"/FontFile" not in content and b"/Type /Font" not in content and b"/Type/Font" not in content:
            continue  # pictures of pages: OCR takes long and is tested elsewhere
        try:
            document = read_pdf(content)
        except OutcomeError:
            continue
        if document.grids and all(grid.method is Method.LATTICE for grid in document.grids):
            found.append(document)
    assert len(found) >= 8
    return tuple(found)


def with_grid(document: Document, old: Grid, new: Grid) -> Document:
    """The document with another grid, and nobody to ask for a third reading."""
    return replace(document, blocks=tuple(new if block is old else block for block in document.blocks), settle=None)


def with_texts(grid: Grid, texts: dict[tuple[int, int], str]) -> Grid:
    cells = tuple(replace(cell, text=texts.get((cell.row, cell.column), cell.text)) for cell in grid.cells)
    return replace(grid, cells=cells)


def numbers(row: Sequence[GridCell]) -> list[GridCell]:
    return [cell for cell in row if is_number(cell.text)]


def swapped_rows(grid: Grid, draw: random.Random) -> Grid | None:
    rows = [own for row in grid_rows(grid) if (own := numbers(row))]
    first, second = draw.sample(rows, 2)
    if len(first) != len(second) or [cell.text for cell in first] == [cell.text for cell in second]:
        return None
    texts = {(a.row, a.column): b.text for a, b in zip(first, second, strict=True)}
    texts |= {(b.row, b.column): a.text for a, b in zip(first, second, strict=True)}
    return with_texts(grid, texts)


def shifted_row(grid: Grid, draw: random.Random) -> Grid | None:
    own = draw.choice([own for row in grid_rows(grid) if len(own := numbers(row)) > 1] or [[]])
    turned = [*own[1:], *own[:1]] if draw.random() < 0.5 else [*own[-1:], *own[:-1]]
    if [cell.text for cell in own] == [cell.text for cell in turned]:
        return None
    return with_texts(grid, {(a.row, a.column): b.text for a, b in zip(own, turned, strict=True)})


def swapped_columns(grid: Grid, draw: random.Random) -> Grid | None:
    """Two columns of numbers change places in every row, as if a rule had been misplaced."""
    wide = max((numbers(row) for row in grid_rows(grid)), key=len)
    if len(wide) < 2:
        return None
    left, right = (cell.column for cell in draw.sample(wide, 2))
    texts = {}
    for row in grid_rows(grid):
        by_column = {cell.column: cell for cell in numbers(row)}
        if left in by_column and right in by_column:
            texts[by_column[left].row, left] = by_column[right].text
            texts[by_column[right].row, right] = by_column[left].text
    return with_texts(grid, texts)


def lost_digit(grid: Grid, draw: random.Random) -> Grid | None:
    cells = [cell for row in grid_rows(grid) for cell in numbers(row) if len(cell.text) > 1 and cell.text[1:].isdecimal()]
    if not cells:
        return None
    cell = draw.choice(cells)
    return with_texts(grid, {(cell.row, cell.column): cell.text[:-1]})


def table_of(grid: Grid) -> str:
    text = "".join("".join(cell.text.split()) for cell in grid.cells)
    if "第二十条" in text:
        return ACTIVE_DISCLOSURE
    return REQUESTS if "自然人" in text else REVIEW_LITIGATION


@pytest.mark.parametrize("table", [ACTIVE_DISCLOSURE, REQUESTS, REVIEW_LITIGATION])
def test_a_slip_of_the_grid_is_noticed(table: str) -> None:
    draw = random.Random(table)  # noqa: S311 - cases of a test
    mutations: list[Mutation] = [swapped_rows, shifted_row, swapped_columns, lost_digit]
    if table == REVIEW_LITIGATION:
        mutations = mutations[1:]
    truth = {id(document): read_report(document) for document in samples()}
    cases = noticed = changed_cells = noticed_cells = 0
    while cases < CASES:
        document = draw.choice(samples())
        grid = next((grid for grid in document.grids if table_of(grid) == table), None)
        mutated = grid and draw.choice(mutations)(grid, draw)
        if not grid or not mutated:
            continue
        before, after = truth[id(document)], read_report(with_grid(document, grid, mutated))
        changed = [key for key, cell in after.cells.items() if cell.raw != before.cells[key].raw]
        if not changed:
            continue
        seen = [key for key in changed if NO_TWO_READINGS_AGREE in after.cells[key].flags]
        assert all(after.cells[key].second_raw == before.cells[key].raw for key in seen)
        cases += 1
        noticed += len(seen) == len(changed)
        changed_cells += len(changed)
        noticed_cells += len(seen)
    print(f"{table}: {noticed} of {cases} slips noticed whole, {noticed_cells} of {changed_cells} cells")  # noqa: T201 - the share
    assert noticed >= 0.99 * cases
    assert noticed_cells >= 0.99 * changed_cells


def test_a_table_as_it_is_raises_no_doubt() -> None:
    for document in samples():
        report = read_report(document)
        assert not [flag for flag in report.quality_flags if flag.startswith((NO_TWO_READINGS_AGREE, "second_reading_differs"))]
        for table, reading in report.readings.items():
            printed = [cell for key, cell in report.cells.items() if key.startswith(table) and cell.state is not State.ABSENT]
            assert reading.agreed == len(printed)
            assert (reading.settled, reading.disagreed, reading.once) == (0, 0, 0)
            assert reading.methods == ("lattice", "text")


def mutated_sample(third: str) -> tuple[Document, str]:
    """A sample whose number under ``KEY`` the grid misreads as 424242, and which a third reader sees as ``third``."""
    document = samples()[0]
    grid = next(grid for grid in document.grids if table_of(grid) == REQUESTS)
    cell = next(cell for row in grid_rows(grid) for cell in numbers(row))
    misread = with_texts(grid, {(cell.row, cell.column): "424242"})
    seen = tuple(
        replace(one, second_text=third) if (one.row, one.column) == (cell.row, cell.column) and third != "424242" else one
        for one in misread.cells
    )
    asked: list[int] = []

    def settle(pages: Collection[int]) -> Document:
        asked.extend(pages)
        return with_grid(document, grid, replace(misread, cells=seen, compared_pages=frozenset(pages)))

    return replace(with_grid(document, grid, misread), settle=settle), cell.text


KEY = "requests.received_new.natural_person"


def test_text_and_third_reader_outvote_the_grid() -> None:
    true = mutated_sample("")[1]
    cell = read(mutated_sample(true)[0]).cells[KEY]
    assert (str(cell.value), cell.raw, cell.second_raw) == (true, true, "424242")
    assert NO_TWO_READINGS_AGREE not in cell.flags


def test_grid_and_third_reader_outvote_the_text() -> None:
    document, true = mutated_sample("424242")
    cell = read(document).cells[KEY]
    assert (cell.value, cell.second_raw) == (424242, true)
    assert NO_TWO_READINGS_AGREE not in cell.flags


def test_three_different_readings_are_no_number() -> None:
    document, true = mutated_sample("7")
    report = read(document)
    cell = report.cells[KEY]
    assert (cell.value, cell.state, cell.raw, cell.second_raw) == (None, State.UNPARSED, "424242", true)
    assert f"{NO_TWO_READINGS_AGREE}:{KEY}" in report.quality_flags
    assert report.readings[REQUESTS].disagreed == 1


def read(document: Document) -> Report:
    report = read_report(document)
    assert "pdfplumber" in report.readings[REQUESTS].methods
    return report


def test_pdfplumber_is_asked_about_the_disputed_pages_of_a_real_file() -> None:
    """The words are changed, not the grid: pdfplumber sees what the grid sees."""
    document = samples()[0]
    grid = next(grid for grid in document.grids if table_of(grid) == ACTIVE_DISCLOSURE)
    at = next(n for n, word in enumerate(grid.reading_order) if is_number(word.text))
    words = list(grid.reading_order)
    words[at] = words[at]._replace(text="31337")
    assert document.settle is not None
    again = document.settle({words[at].page})
    report = read_report(replace(with_grid(document, grid, replace(grid, reading_order=tuple(words))), settle=lambda _: again))
    assert report.readings[ACTIVE_DISCLOSURE].methods == ("lattice", "text", "pdfplumber")
    assert report.readings[ACTIVE_DISCLOSURE].disagreed == 0
    assert all(page == words[at].page for grid in again.grids for page in grid.compared_pages)


def test_an_unsound_grid_keeps_no_value_that_the_text_disputes() -> None:
    document = samples()[0]
    grid = next(grid for grid in document.grids if table_of(grid) == REQUESTS)
    cell = next(cell for row in grid_rows(grid) for cell in numbers(row))
    misread = with_texts(replace(grid, flags=("inconsistent_lattice",)), {(cell.row, cell.column): "424242"})
    found = read_report(with_grid(document, grid, misread)).cells[KEY]
    assert (found.value, found.state, found.second_raw) == (None, State.UNPARSED, cell.text)


def test_words_that_do_not_tell_the_columns_are_no_second_reading() -> None:
    """Numbers run together in the text layer: the rows are read once, and nobody is alarmed."""
    document = samples()[0]
    grid = next(grid for grid in document.grids if table_of(grid) == REQUESTS)
    words: list[Word] = []
    for word in grid.reading_order:
        if words and is_number(word.text) and is_number(words[-1].text):
            words[-1] = words[-1]._replace(text=words[-1].text + word.text, x1=word.x1)
        else:
            words.append(word)
    report = read_report(with_grid(document, grid, replace(grid, reading_order=tuple(words))))
    assert report.readings[REQUESTS].disagreed == 0
    assert report.readings[REQUESTS].once == sum(key.startswith(REQUESTS) for key in report.cells)


def blanked(*keys: str) -> tuple[ReportSource, Document]:
    """A report with cells of the review or request columns left blank, as an OFD."""
    source = SEED_LIKE["001"]
    source = replace(source, printed={key: "" if key.startswith(keys) else text for key, text in source.printed.items()})
    return source, read_document(to_ofd(source))


def printed_column(column: str) -> tuple[str, ...]:
    return tuple(key for key in SEED_LIKE["001"].printed if key.startswith(REQUESTS) and key.endswith(f".{column}"))


BLANKS = {
    "one": ("review_litigation.litigation_direct.corrected",),
    "a group": ("review_litigation.review.",),
    "the totals": tuple(f"review_litigation.{row}.total" for row in ("review", "litigation_direct", "litigation_after_review")),
    "all": ("review_litigation.",),
    "a column of table 3": printed_column("research_institution"),
    "the last column of table 3": printed_column("total"),
}


@pytest.mark.parametrize("blank", BLANKS)
def test_tables_with_blanks_are_read_twice_by_their_headings(blank: str) -> None:
    source, document = blanked(*BLANKS[blank])
    report = assert_cells_of(source, document)
    for reading in report.readings.values():
        assert reading.methods == ("lattice", "text")
        assert (reading.settled, reading.disagreed, reading.once) == (0, 0, 0)


def assert_cells_of(source: ReportSource, document: Document) -> Report:
    report = read_report(document)
    assert {key: report.cells[key].raw for key in source.printed} == dict(source.printed)
    assert not [flag for flag in report.quality_flags if flag.startswith(NO_TWO_READINGS_AGREE)]
    return report


@pytest.mark.parametrize("keys", [("review_litigation.review.",), ("review_litigation.litigation_after_review.pending",)])
def test_a_number_in_the_cell_beside_its_own_is_noticed_among_blanks(keys: tuple[str, ...]) -> None:
    source, document = blanked(*keys)
    grid = document.grids[-1]
    row = grid_rows(grid)[-1]
    assert len(row) == 15
    first = next(n for n in range(14) if (row[n].text and not row[n + 1].text) or (row[n + 1].text and not row[n].text))
    swapped = {(row[first].row, row[n].column): row[other].text for n, other in ((first, first + 1), (first + 1, first))}
    report = read_report(with_grid(document, grid, with_texts(grid, swapped)))
    changed = [key for key, text in source.printed.items() if report.cells[key].raw != text]
    assert len(changed) == 2
    assert all(NO_TWO_READINGS_AGREE in report.cells[key].flags for key in changed)


@pytest.mark.parametrize("together", [2, 3, 10])
def test_numbers_that_run_together_among_blanks_stand_under_no_heading(together: int) -> None:
    source, document = blanked("review_litigation.review.")
    grid = document.grids[-1]
    words = list(grid.reading_order)
    last = words[-together:]
    run = last[0]._replace(text="".join(word.text for word in last), x1=last[-1].x1)
    report = read_report(with_grid(document, grid, replace(grid, reading_order=(*words[:-together], run))))
    assert report.readings[REVIEW_LITIGATION].disagreed == 0
    assert report.readings[REVIEW_LITIGATION].once == 15
    assert {key: report.cells[key].raw for key in source.printed} == dict(source.printed)


@pytest.mark.real
@pytest.mark.parametrize("name", ["szfgs2024.pdf", "hzq2024.pdf"])
def test_real_reports_agree_with_their_text(shared: Path, name: str) -> None:
    report = read_report(read_pdf((shared / "real" / "pdf" / name).read_bytes()))
    assert sum(reading.agreed for reading in report.readings.values()) >= 186
    assert not any(reading.disagreed or reading.settled or reading.once for reading in report.readings.values())
