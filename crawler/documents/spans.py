"""Cells with spans, as markup gives them, to a grid whose every slot belongs to exactly one cell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from crawler.documents.model import Geometry, Grid, GridCell, Method

RAGGED_ROWS = "ragged_rows"
"""Some row ended before the others: its missing slots are empty cells here, though nothing was printed there."""
OVERLAPPING_SPANS = "overlapping_spans"
"""A span ran into another cell and was cut."""

MAX_SLOTS = 200_000
"""Rows x columns of one grid; the largest statutory table has 280 slots."""


class PlacedCell(NamedTuple):
    """A cell at its top-left slot, counted from 0, before overlaps and gaps are settled."""

    row: int
    column: int
    row_span: int
    column_span: int
    text: str


def exact_grid(placed: Sequence[PlacedCell], row_count: int, number: int, flags: Sequence[str] = ()) -> Grid | None:
    """A grid of exact geometry out of placed cells; ``None`` where there is no cell.

    Spans are clamped to the rows there are and to the last column in which a cell starts (a hostile ``colspan`` makes no
    columns); where two cells claim a slot the earlier one keeps it; slots nobody claims become empty cells.

    Raises:
        ValueError: more than `MAX_SLOTS` slots.
    """
    if not placed or row_count < 1:
        return None
    column_count = max(cell.column for cell in placed) + 1
    if row_count * column_count > MAX_SLOTS:
        raise ValueError(f"a table of {row_count} x {column_count} cells")
    notes = dict.fromkeys(flags)
    owner = [[False] * column_count for _ in range(row_count)]
    cells: list[GridCell] = []
    for cell in sorted(placed):
        if cell.row_span <= 1 and cell.column_span <= 1 and cell.row < row_count and not owner[cell.row][cell.column]:
            owner[cell.row][cell.column] = True
            cells.append(GridCell(cell.row, cell.column, cell.text))
            continue
        bottom = min(cell.row + max(cell.row_span, 1), row_count)
        right = min(cell.column + max(cell.column_span, 1), column_count)
        if cell.row >= row_count or owner[cell.row][cell.column]:
            notes[OVERLAPPING_SPANS] = None
            continue
        width = _free_width(owner[cell.row], cell.column, right)
        height = 1
        while cell.row + height < bottom and not any(owner[cell.row + height][cell.column : cell.column + width]):
            height += 1
        if width < right - cell.column or cell.row + height < bottom:
            notes[OVERLAPPING_SPANS] = None
        for line in owner[cell.row : cell.row + height]:
            line[cell.column : cell.column + width] = [True] * width
        cells.append(GridCell(cell.row, cell.column, cell.text, height, width))
    gaps = [GridCell(row, column, "") for row, line in enumerate(owner) for column, is_taken in enumerate(line) if not is_taken]
    if gaps:
        notes[RAGGED_ROWS] = None
        cells = sorted(cells + gaps, key=lambda item: (item.row, item.column))
    return Grid(row_count, column_count, tuple(cells), Geometry.EXACT, Method.MARKUP, number, tuple(notes))


def _free_width(line: Sequence[bool], start: int, end: int) -> int:
    width = 1
    while start + width < end and not line[start + width]:
        width += 1
    return width
