"""Ruling lines -> grids: whatever way a table is drawn, the spans come back."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.documents.lattice import Lattice, find_lattices, merge_rules
from crawler.documents.page import Rule


@dataclass(frozen=True)
class Drawn:
    xs: tuple[float, ...]
    ys: tuple[float, ...]
    cells: tuple[tuple[int, int, int, int], ...]
    """row, column, row span, column span"""


@st.composite
def tables(draw: st.DrawFn) -> Drawn:
    """A table of at least two columns with random merged cells and line distances."""
    rows, columns = draw(st.integers(1, 7)), draw(st.integers(2, 7))
    distances = st.floats(12, 70)
    xs, ys = [50.0], [60.0]
    for _ in range(columns):
        xs.append(xs[-1] + draw(distances))
    for _ in range(rows):
        ys.append(ys[-1] + draw(distances))
    taken = [[False] * columns for _ in range(rows)]
    cells = []
    for row in range(rows):
        for column in range(columns):
            if taken[row][column]:
                continue
            width = 1
            limit = draw(st.integers(1, 3))
            while width < limit and column + width < columns and not taken[row][column + width]:
                width += 1
            height = min(draw(st.integers(1, 3)), rows - row)
            for r in range(row, row + height):
                for c in range(column, column + width):
                    taken[r][c] = True
            cells.append((row, column, height, width))
    return Drawn(tuple(xs), tuple(ys), tuple(cells))


def cell_by_cell(table: Drawn) -> tuple[list[Rule], list[Rule]]:
    flat, upright = [], []
    for row, column, height, width in table.cells:
        x0, x1 = table.xs[column], table.xs[column + width]
        y0, y1 = table.ys[row], table.ys[row + height]
        flat += [Rule(y0, x0, x1), Rule(y1, x0, x1)]
        upright += [Rule(x0, y0, y1), Rule(x1, y0, y1)]
    return flat, upright


def shape(lattice: Lattice) -> set[tuple[int, int, int, int]]:
    return {(cell.row, cell.column, cell.row_span, cell.column_span) for cell in lattice.cells}


def used_lines(table: Drawn) -> bool:
    """Whether every line position is drawn somewhere, as it must be to come back."""
    rows = {r for row, _, height, _ in table.cells for r in (row, row + height)}
    columns = {c for _, column, _, width in table.cells for c in (column, column + width)}
    return len(rows) == len(table.ys) and len(columns) == len(table.xs)


@given(tables(), st.floats(-0.9, 0.9), st.floats(0, 1.4))
def test_spans_come_back_from_borders_drawn_cell_by_cell(table: Drawn, shake: float, gap: float) -> None:
    flat, upright = cell_by_cell(table)
    flat = [Rule(at + shake * (index % 2), start + gap, end - gap) for index, (at, start, end) in enumerate(flat)]
    upright = [Rule(at, start + gap, end - gap) for at, start, end in upright]
    if not used_lines(table):
        return
    (lattice,) = find_lattices(flat, upright)
    assert lattice.consistent
    assert shape(lattice) == set(table.cells)
    assert sorted(index for line in lattice.owner for index in line) == sorted(
        index for index, cell in enumerate(lattice.cells) for _ in range(cell.row_span * cell.column_span)
    )


@given(tables(), st.sampled_from(["top", "bottom"]))
def test_the_outer_rule_left_out_at_a_page_cut_is_added(table: Drawn, side: str) -> None:
    flat, upright = cell_by_cell(table)
    edge = table.ys[0] if side == "top" else table.ys[-1]
    flat = [rule for rule in flat if rule.at != edge]
    if not used_lines(table) or not flat or sum(row == 0 for row, *_ in table.cells) < 2 or len(table.ys) < 3:
        return
    if side == "bottom" and sum(row + height == len(table.ys) - 1 for row, _, height, _ in table.cells) < 2:
        return
    (lattice,) = find_lattices(flat, upright)
    assert shape(lattice) == set(table.cells)
    assert side in lattice.open_sides


def test_borders_with_a_gap_between_cells_are_one_line() -> None:
    flat, upright = [], []
    for row in range(3):
        for column in range(4):
            x0, y0 = 50 + 40 * column, 50 + 20 * row
            flat += [Rule(y0, x0, x0 + 37.5), Rule(y0 + 17.5, x0, x0 + 37.5)]
            upright += [Rule(x0, y0, y0 + 17.5), Rule(x0 + 37.5, y0, y0 + 17.5)]
    (lattice,) = find_lattices(flat, upright)
    assert (len(lattice.ys) - 1, len(lattice.xs) - 1, len(lattice.cells)) == (3, 4, 12)


def test_a_table_without_side_rules_keeps_its_full_width_rows() -> None:
    flat = [Rule(y, 50, 450) for y in (100, 120, 140, 160, 180, 200)]
    upright = [Rule(x, 120, 140) for x in (200, 300)] + [Rule(200, 160, 200)]
    (lattice,) = find_lattices(flat, upright)
    assert shape(lattice) == {
        (0, 0, 1, 3),
        (1, 0, 1, 1),
        (1, 1, 1, 1),
        (1, 2, 1, 1),
        (2, 0, 1, 3),
        (3, 0, 1, 1),
        (3, 1, 1, 2),
        (4, 0, 1, 1),
        (4, 1, 1, 2),
    }


def test_a_heading_between_two_tables_without_sides_keeps_them_apart() -> None:
    flat = [Rule(y, 50, 450) for y in (100, 120, 170, 190)]
    upright = [Rule(200, 100, 120), Rule(200, 170, 190)]
    assert [len(lattice.cells) for lattice in find_lattices(flat, upright)] == [2, 2]


def test_two_tables_and_a_frame_are_told_apart() -> None:
    flat = (
        [Rule(y, 50, 250) for y in (100, 120)] + [Rule(y, 50, 250) for y in (150, 170)] + [Rule(y, 30, 500) for y in (30, 800)]
    )
    upright = [Rule(x, 100, 120) for x in (50, 150, 250)] + [Rule(x, 150, 170) for x in (50, 250)]
    upright += [Rule(x, 30, 800) for x in (30, 500)]
    assert [(len(one.ys) - 1, len(one.xs) - 1) for one in find_lattices(flat, upright)] == [(1, 1), (1, 2), (1, 1)]


def test_dots_and_underlines_rule_nothing() -> None:
    assert find_lattices([Rule(100, 50, 52), Rule(200, 50, 300)], [Rule(50, 99, 101)]) == []


@pytest.mark.parametrize("dash", [1.0, 2.5])
def test_dashes_join_to_one_line(dash: float) -> None:
    pieces = [Rule(100, start, start + dash) for start in range(50, 250, 4)]
    (line,) = merge_rules(pieces)
    assert line.start == 50
    assert line.end > 245


def test_slots_that_form_no_rectangle_are_reported() -> None:
    flat = [Rule(100, 50, 250), Rule(140, 50, 250), Rule(120, 150, 250)]
    upright = [Rule(50, 100, 140), Rule(250, 100, 140), Rule(150, 120, 140)]
    (lattice,) = find_lattices(flat, upright)
    assert not lattice.consistent
    assert len({index for line in lattice.owner for index in line}) == len(lattice.cells)
