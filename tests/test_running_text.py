"""Page numbers and running heads stay out; a cell stays in, however often it is repeated at the edge of a page."""

from __future__ import annotations

import pytest

from crawler.documents.assembly import assemble, items_of
from crawler.documents.model import Document, grid_rows
from crawler.documents.page import PageMarks, Rule, TextRun

WIDTH, HEIGHT = 595.0, 842.0
XS = (60.0, 200.0, 340.0, 480.0)


def run(text: str, x: float, top: float) -> TextRun:
    edges = tuple((x + 10 * n, x + 10 * (n + 1)) for n in range(len(text)))
    return TextRun(text, x, top, x + 10 * len(text), top + 10, edges)


def table(top: float, rows: list[list[str]]) -> tuple[list[TextRun], list[Rule], list[Rule]]:
    """Rows 20 points high of three columns."""
    runs = [
        run(text, XS[column] + 4, top + 20 * n + 5) for n, row in enumerate(rows) for column, text in enumerate(row) if text
    ]
    horizontals = [Rule(top + 20 * n, XS[0], XS[-1]) for n in range(len(rows) + 1)]
    return runs, horizontals, [Rule(x, top, top + 20 * len(rows)) for x in XS]


def page(number: int, tables: list[tuple[float, list[list[str]]]], *texts: TextRun) -> PageMarks:
    runs, horizontals, verticals = list(texts), [], []
    for top, rows in tables:
        own, across, down = table(top, rows)
        runs += own
        horizontals += across
        verticals += down
    return PageMarks(number, WIDTH, HEIGHT, runs, horizontals, verticals)


def read(pages: list[PageMarks]) -> Document:
    return Document("application/pdf", tuple(assemble(items_of(pages))))


def texts(document: Document) -> list[list[str]]:
    return [[cell.text for cell in row] for grid in document.grids for row in grid_rows(grid)]


@pytest.mark.parametrize("mark", ["/", "无", "0"])
def test_a_mark_that_tables_repeat_at_the_top_of_their_pages_is_a_cell(mark: str) -> None:
    rows = [[[f"合计{n}", mark, mark], [f"第{n}行", "1", "2"]] for n in range(4)]
    pages = [page(n + 1, [(60.0, rows[n])], run("年度报告", 250, 20), run(f"- {n + 1} -", 280, 810)) for n in range(4)]
    document = read(pages)
    assert texts(document) == [row for own in rows for row in own]
    assert "年度报告" not in document.text
    assert "- 1 -" not in document.text


def test_numbers_of_cells_that_rise_with_the_pages_are_no_page_numbers() -> None:
    rows = [[["本年", str(n + 1), "7"], ["上年", "8", "9"]] for n in range(3)]
    pages = [page(n + 1, [(60.0, rows[n])], run(str(n + 1), 290, 815)) for n in range(3)]
    document = read(pages)
    assert texts(document) == [row for own in rows for row in own]
    assert document.text.count("\n") == 5, "the numbers at the foot are out"


def test_a_head_in_a_frame_of_its_own_is_a_head() -> None:
    pages = [
        page(n + 1, [(30.0, [["某县", "年度报告", "内部"]]), (200.0, [["本年", f"{n}1", "7"], ["上年", "8", "9"]])])
        for n in range(4)
    ]
    document = read(pages)
    assert "年度报告" not in document.text
    assert document.text.count("本年") == 4
