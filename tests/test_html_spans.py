"""Spans in HTML tables: every slot of the grid belongs to exactly one cell, where a browser puts it."""

from __future__ import annotations

from html import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.documents.html import read_html
from crawler.documents.model import Geometry, Grid
from crawler.outcomes import Outcome, OutcomeError

Rectangle = tuple[int, int, int, int]  # row, column, row span, column span


@st.composite
def layouts(draw: st.DrawFn) -> tuple[int, int, list[Rectangle]]:
    """A rectangle cut into cells without gaps."""
    rows, columns = draw(st.integers(2, 7)), draw(st.integers(2, 8))
    taken = [[False] * columns for _ in range(rows)]
    cells: list[Rectangle] = []
    for row in range(rows):
        for column in range(columns):
            if taken[row][column]:
                continue
            width = 1
            limit = draw(st.integers(1, 4))
            while width < limit and column + width < columns and not taken[row][column + width]:
                width += 1
            height = min(draw(st.integers(1, 3)), rows - row)
            for line in taken[row : row + height]:
                line[column : column + width] = [True] * width
            cells.append((row, column, height, width))
    return rows, columns, cells


def markup(rows: int, cells: list[Rectangle]) -> str:
    lines = []
    for row in range(rows):
        line = "".join(
            f'<td rowspan="{height}" colspan="{width}">第{row}行<br>{column}列</td>'
            for at, column, height, width in cells
            if at == row
        )
        lines.append(f"<tr>{line}</tr>")
    return "<p>年报</p><table>" + "".join(lines) + "</table>"


def slots(grid: Grid) -> list[tuple[int, int]]:
    return sorted(
        (row, column)
        for cell in grid.cells
        for row in range(cell.row, cell.row + cell.row_span)
        for column in range(cell.column, cell.column + cell.column_span)
    )


def only_grid(page: str) -> Grid:
    (grid,) = read_html(page.encode()).grids
    return grid


@given(layouts())
def test_a_layout_comes_back(layout: tuple[int, int, list[Rectangle]]) -> None:
    rows, _, cells = layout
    # A table with one cell, or one cell a row, only arranges a page.
    if max(sum(at == row for at, *_ in cells) for row in range(rows)) < 2:
        return
    grid = only_grid(markup(rows, cells))
    width = max(column for _, column, _, _ in cells) + 1  # no cell starts in columns behind this one: browsers draw none
    expected = [
        (row, column, height, min(width - column, span), f"第{row}行\n{column}列") for row, column, height, span in cells
    ]
    assert [(c.row, c.column, c.row_span, c.column_span, c.text) for c in grid.cells] == expected
    assert (grid.row_count, grid.column_count, grid.geometry, grid.flags) == (rows, width, Geometry.EXACT, ())
    assert slots(grid) == [(row, column) for row in range(rows) for column in range(width)]


spans = st.sampled_from(["", "0", "1", "2", "3", "-1", "65535", "100000", "99999999999", "x", " 2", "2.5"])


@given(st.lists(st.lists(st.tuples(spans, spans), max_size=5), min_size=1, max_size=6))
def test_whatever_the_spans_say_every_slot_has_one_cell(table: list[list[tuple[str, str]]]) -> None:
    lines = "".join(
        "<tr>" + "".join(f'<td rowspan="{escape(down)}" colspan="{escape(across)}">1</td>' for down, across in row) + "</tr>"
        for row in table
    )
    try:
        document = read_html(f"<p>年报</p><table>{lines}</table>".encode())
    except OutcomeError:
        # Refused as too large, which the sum of the spans must bear out.
        assert any("65535" in cell or "100000" in cell or "99999999999" in cell for row in table for cell in row)
        return
    for grid in document.grids:
        assert slots(grid) == [(row, column) for row in range(grid.row_count) for column in range(grid.column_count)]
        assert sum(cell.text == "1" for cell in grid.cells) <= sum(map(len, table))


def test_hostile_column_span_makes_no_columns() -> None:
    grid = only_grid('<table><tr><td colspan="100000">第二十条<td rowspan=9>x<tr><td>规章<td>0</table>')
    assert grid.column_count <= 1001
    grid = only_grid('<table><tr><td colspan="100000">第二十条</td></tr><tr><td>规章<td>0</table>')
    assert (grid.row_count, grid.column_count) == (2, 2)
    assert grid.cells[0].column_span == 2


def test_row_span_zero_reaches_to_the_end_of_its_row_group() -> None:
    grid = only_grid(
        "<table><tbody><tr><td rowspan=0>三、结果<td>1<tr><td>2<tr><td>3</tbody><tbody><tr><td>四、<td>4</tbody></table>"
    )
    assert [(c.row, c.column, c.row_span) for c in grid.cells if c.text == "三、结果"] == [(0, 0, 3)]
    assert grid.flags == ()


def test_row_span_ends_with_its_row_group_as_in_browsers() -> None:
    grid = only_grid("<table><thead><tr><td rowspan=3>头<td>甲</thead><tbody><tr><td>规章<td>7</tbody></table>")
    assert [(c.row, c.column, c.text) for c in grid.cells] == [(0, 0, "头"), (0, 1, "甲"), (1, 0, "规章"), (1, 1, "7")]


def test_overlapping_spans_are_cut_and_said() -> None:
    grid = only_grid("<table><tr><td>a<td rowspan=2>b<td>c<tr><td colspan=3>d</table>")
    assert slots(grid) == [(row, column) for row in range(2) for column in range(3)]
    assert [(c.row, c.column, c.column_span) for c in grid.cells if c.text == "d"] == [(1, 0, 1)]
    assert "overlapping_spans" in grid.flags


def test_short_rows_are_filled_and_said() -> None:
    grid = only_grid("<table><tr><td>规章<td>0<td>1<tr><td>规范性文件<td>2</table>")
    assert [(c.row, c.column) for c in grid.cells if not c.text] == [(1, 2)]
    assert grid.flags == ("ragged_rows",)


def test_rows_and_cells_where_the_markup_is_broken() -> None:
    grid = only_grid("<table><form><tr><td>规章<td>0</form><tr><td>规范性文件<td><font>2</table>")
    assert [[c.text for c in grid.cells if c.row == row] for row in range(2)] == [["规章", "0"], ["规范性文件", "2"]]


def test_words_invisible_ruler_row_is_no_row() -> None:
    grid = only_grid("<table><tr><td>规章<td>0</tr><tr><td>规范<td>1</tr><tr height=0><td width=90><td width=80></tr></table>")
    assert grid.row_count == 2


def test_a_table_of_too_many_slots_is_refused() -> None:
    row = "<tr>" + '<td colspan="900">1</td>' * 3 + "</tr>"
    with pytest.raises(OutcomeError) as caught:
        read_html(f"<table>{row}</table>".encode())
    assert caught.value.outcome is Outcome.TOO_LARGE
