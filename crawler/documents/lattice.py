"""Ruling lines -> grids with merged cells resolved to spans; knows no format, only points from the top left.

The way: snap lines that lie on one another, join what nearly touches, take connected lines as one lattice, close a side
that the producer left out at a page cut, then merge slots wherever no line parts them.
"""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from crawler.documents.model import Box
from crawler.documents.page import Rule

SNAP = 3.0
"""Lines closer than this (points) are one line: double borders, and borders that are drawn cell by cell."""
STRAIGHT = 1.0
"""Pieces whose positions differ by less (points) belong to one drawn line, whichever table they are part of."""
GAP = 3.6
"""Pieces of a line with a smaller gap (points) are one piece: dashes, corners left out, cell spacing."""
SHORTEST = 6.0
"""What is shorter (points) after joining rules nothing: dots, arrow heads, underlined commas."""
OVERHANG = 5.0
"""Lines that run this far (points) past the last one across them show that a closing line is missing there."""
OPEN_ROW = 1.5
"""How many times as high as the table's highest row a row may be that no upright rule touches."""
COVERED = 0.6
"""The share of a slot's side that must be ruled to part it from its neighbour."""


class LatticeCell(NamedTuple):
    """A merged area: first slot, number of slots, and its box between the lines."""

    row: int
    column: int
    row_span: int
    column_span: int
    box: Box


@dataclass(frozen=True, slots=True)
class Lattice:
    """One ruled table on one page. ``xs`` and ``ys`` are the positions of its lines, left to right and top to bottom.

    ``owner[row][column]`` is the index in ``cells`` of the cell that covers the slot.
    ``open_sides`` names the sides ("top", "bottom", "left", "right") whose line was not drawn and had to be added.
    ``consistent`` is false where merged slots form no rectangle, so that the spans are a guess.
    """

    xs: tuple[float, ...]
    ys: tuple[float, ...]
    cells: tuple[LatticeCell, ...]
    owner: tuple[tuple[int, ...], ...]
    open_sides: frozenset[str] = frozenset()
    consistent: bool = True

    @property
    def box(self) -> Box:
        """From the first to the last line."""
        return self.xs[0], self.ys[0], self.xs[-1], self.ys[-1]

    def cell_at(self, x: float, y: float) -> int | None:
        """The index of the cell in which the point lies, ``None`` outside the lattice."""
        column = bisect_right(self.xs, x) - 1
        row = bisect_right(self.ys, y) - 1
        if 0 <= column < len(self.xs) - 1 and 0 <= row < len(self.ys) - 1:
            return self.owner[row][column]
        return None


def merge_rules(rules: Iterable[Rule], snap: float = SNAP, gap: float = GAP) -> list[Rule]:
    """Lines on one another snapped to one position, pieces that nearly touch joined, specks dropped.

    >>> merge_rules([Rule(10.0, 0, 20), Rule(10.5, 22, 42), Rule(90, 0, 2)])
    [Rule(at=10.25, start=0, end=42)]
    """
    joined: list[Rule] = []
    for cluster in _clusters(sorted(rules), snap):
        if len(cluster) == 1:
            joined.append(cluster[0])
            continue
        weights = [max(rule.end - rule.start, 0.1) for rule in cluster]
        at = sum(rule.at * weight for rule, weight in zip(cluster, weights, strict=True)) / sum(weights)
        pieces = sorted((rule.start, rule.end) for rule in cluster)
        start, end = pieces[0]
        for next_start, next_end in pieces[1:]:
            if next_start - end <= gap:
                end = max(end, next_end)
            else:
                joined.append(Rule(at, start, end))
                start, end = next_start, next_end
        joined.append(Rule(at, start, end))
    return [rule for rule in joined if rule.end - rule.start >= SHORTEST]


def _clusters(rules: Sequence[Rule], snap: float) -> list[list[Rule]]:
    """Neighbours by position; a cluster never grows wider than ``snap``, so that hatching does not run together."""
    clusters: list[list[Rule]] = []
    for rule in rules:
        if clusters and rule.at - clusters[-1][0].at <= snap:
            clusters[-1].append(rule)
        else:
            clusters.append([rule])
    return clusters


def _positions(rules: Sequence[Rule], snap: float) -> list[float]:
    return [sum(rule.at for rule in cluster) / len(cluster) for cluster in _clusters(sorted(rules), snap)]


def find_lattices(horizontals: Iterable[Rule], verticals: Iterable[Rule]) -> list[Lattice]:
    """The ruled tables among the lines of one page, top to bottom.

    One column is the least: a framed or shaded paragraph comes out as a lattice of one column, and so does the only
    row of a table that a page cut off. Who knows the neighbouring pages decides.
    """
    flat, upright = merge_rules(horizontals, STRAIGHT), merge_rules(verticals, STRAIGHT)
    found: list[tuple[Lattice, list[Rule], list[Rule]]] = []
    groups = _components(flat, upright)
    alone = [rule for group_flat, group_upright in groups if not group_upright for rule in group_flat]
    for group_flat, group_upright in groups:
        if not group_upright:
            continue
        lattice = build_lattice(merge_rules(group_flat), merge_rules(group_upright))
        if lattice is not None and lattice.open_sides & {"left", "right"} and alone:
            found.append(_with_open_rows(lattice, group_flat, group_upright, alone))
        elif lattice is not None:
            found.append((lattice, group_flat, group_upright))
    found.sort(key=lambda one: (one[0].ys[0], one[0].xs[0]))
    return [lattice for lattice, _, _ in _over_open_rows(found)]


def _with_open_rows(
    lattice: Lattice, flat: list[Rule], upright: list[Rule], alone: Sequence[Rule]
) -> tuple[Lattice, list[Rule], list[Rule]]:
    """Adds the first and last rows of a table without side rules that no upright rule touches."""
    left, top, right, bottom = lattice.box
    highest = max(below - above for above, below in zip(lattice.ys, lattice.ys[1:], strict=False))
    for rule in sorted((rule for rule in alone if rule.at < top), reverse=True):
        if _spans(rule, left, right) and SNAP < top - rule.at <= OPEN_ROW * highest:
            flat, upright = [*flat, rule], [*upright, Rule(left, rule.at, top), Rule(right, rule.at, top)]
            top = rule.at
    for rule in sorted(rule for rule in alone if rule.at > bottom):
        if _spans(rule, left, right) and SNAP < rule.at - bottom <= OPEN_ROW * highest:
            flat, upright = [*flat, rule], [*upright, Rule(left, bottom, rule.at), Rule(right, bottom, rule.at)]
            bottom = rule.at
    whole = build_lattice(merge_rules(flat), merge_rules(upright)) or lattice
    return replace(whole, open_sides=whole.open_sides | lattice.open_sides), flat, upright


def _spans(rule: Rule, left: float, right: float) -> bool:
    return abs(rule.start - left) <= SNAP and abs(rule.end - right) <= SNAP


def _over_open_rows(found: list[tuple[Lattice, list[Rule], list[Rule]]]) -> list[tuple[Lattice, list[Rule], list[Rule]]]:
    """Joins the parts of a table without side rules that a row without any upright rule keeps apart.

    The gap must be no higher than a row and a half of the table, so that a heading between two tables stays outside.
    """
    joined: list[tuple[Lattice, list[Rule], list[Rule]]] = []
    for lattice, flat, upright in found:
        if joined:
            above, flat_above, upright_above = joined[-1]
            top, bottom = above.ys[-1], lattice.ys[0]
            highest = max(above.ys[-1] - above.ys[-2], lattice.ys[1] - lattice.ys[0])
            if (
                above.open_sides & lattice.open_sides & {"left", "right"}
                and abs(above.xs[0] - lattice.xs[0]) <= SNAP
                and abs(above.xs[-1] - lattice.xs[-1]) <= SNAP
                and SNAP < bottom - top <= OPEN_ROW * highest
            ):
                sides = [Rule(above.xs[0], top, bottom), Rule(above.xs[-1], top, bottom)]
                all_flat, all_upright = [*flat_above, *flat], [*upright_above, *upright, *sides]
                whole = build_lattice(merge_rules(all_flat), merge_rules(all_upright))
                if whole is not None:
                    whole = replace(whole, open_sides=whole.open_sides | above.open_sides & {"left", "right", "top"})
                    joined[-1] = (whole, all_flat, all_upright)
                    continue
        joined.append((lattice, flat, upright))
    return joined


def _components(flat: list[Rule], upright: list[Rule]) -> list[tuple[list[Rule], list[Rule]]]:
    """Lines that touch or cross one another, directly or through others; the second list may be empty."""
    parent = list(range(len(flat) + len(upright)))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    for i, (y, x0, x1) in enumerate(flat):
        low, high = x0 - GAP, x1 + GAP
        for j, (x, y0, y1) in enumerate(upright, start=len(flat)):
            if low <= x <= high and y0 - GAP <= y <= y1 + GAP:
                parent[root(j)] = root(i)
    groups: dict[int, tuple[list[Rule], list[Rule]]] = {}
    for index, rule in enumerate((*flat, *upright)):
        groups.setdefault(root(index), ([], []))[index >= len(flat)].append(rule)
    return list(groups.values())


def build_lattice(flat: Sequence[Rule], upright: Sequence[Rule]) -> Lattice | None:
    """One lattice from connected lines, each position merged; ``None`` if they enclose nothing."""
    flat, upright, open_sides = close_sides(flat, upright)
    xs, ys = _positions(upright, SNAP), _positions(flat, SNAP)
    if len(xs) < 2 or len(ys) < 2:
        return None
    row_count, column_count = len(ys) - 1, len(xs) - 1
    ruled_below = _ruled(flat, ys, xs)
    ruled_right = _ruled(upright, xs, ys)
    cells, consistent = [], True
    for slots in _merged(ruled_right, ruled_below, row_count, column_count):
        if len(slots) == 1:
            row, column = divmod(slots[0], column_count)
            cells.append(LatticeCell(row, column, 1, 1, (xs[column], ys[row], xs[column + 1], ys[row + 1])))
            continue
        rows = [slot // column_count for slot in slots]
        columns = [slot % column_count for slot in slots]
        row, column = min(rows), min(columns)
        row_span, column_span = max(rows) - row + 1, max(columns) - column + 1
        if row_span * column_span != len(slots):
            consistent = False
            cells.extend(_unmerged(slots, column_count, xs, ys))
        else:
            cells.append(_cell(row, column, row_span, column_span, xs, ys))
    cells.sort()
    return Lattice(tuple(xs), tuple(ys), tuple(cells), owners(cells, row_count, column_count), open_sides, consistent)


def _merged(
    ruled_right: Sequence[Sequence[bool]], ruled_below: Sequence[Sequence[bool]], row_count: int, column_count: int
) -> list[list[int]]:
    """The slots, counted row by row, in areas that no line parts."""
    open_right = [
        (row * column_count + column - 1, row * column_count + column)
        for column in range(1, column_count)
        for row, ruled in enumerate(ruled_right[column])
        if not ruled
    ]
    open_below = [
        ((row - 1) * column_count + column, row * column_count + column)
        for row in range(1, row_count)
        for column, ruled in enumerate(ruled_below[row])
        if not ruled
    ]
    areas = [[index] for index in range(row_count * column_count)]
    for one, other in (*open_right, *open_below):
        joined, area = sorted((areas[one], areas[other]), key=len)
        if area is not joined:
            area += joined
            for index in joined:
                areas[index] = area
    return list({id(area): area for area in areas}.values())


def _cell(row: int, column: int, row_span: int, column_span: int, xs: Sequence[float], ys: Sequence[float]) -> LatticeCell:
    box = (xs[column], ys[row], xs[column + column_span], ys[row + row_span])
    return LatticeCell(row, column, row_span, column_span, box)


def _unmerged(slots: list[int], column_count: int, xs: Sequence[float], ys: Sequence[float]) -> list[LatticeCell]:
    return [_cell(slot // column_count, slot % column_count, 1, 1, xs, ys) for slot in slots]


def owners(cells: Sequence[LatticeCell], row_count: int, column_count: int) -> tuple[tuple[int, ...], ...]:
    """For every slot the index of the cell that covers it."""
    owner = [[-1] * column_count for _ in range(row_count)]
    for index, cell in enumerate(cells):
        for row in range(cell.row, cell.row + cell.row_span):
            owner[row][cell.column : cell.column + cell.column_span] = [index] * cell.column_span
    return tuple(tuple(line) for line in owner)


def _ruled(rules: Sequence[Rule], positions: Sequence[float], across: Sequence[float]) -> list[list[bool]]:
    """``result[i][k]``: a line at ``positions[i]`` covers the stretch from ``across[k]`` to ``across[k + 1]``."""
    between = [(low + high) / 2 for low, high in itertools.pairwise(positions)]
    covered = [[0.0] * (len(across) - 1) for _ in positions]
    for at, start, end in rules:
        line = covered[bisect_right(between, at)]
        for stretch in range(max(bisect_right(across, start) - 1, 0), len(across) - 1):
            low, high = across[stretch], across[stretch + 1]
            if low >= end:
                break
            line[stretch] += min(end, high) - max(start, low)
    needed = [COVERED * (high - low) for low, high in itertools.pairwise(across)]
    return [[length >= least for length, least in zip(line, needed, strict=True)] for line in covered]


def close_sides(flat: Sequence[Rule], upright: Sequence[Rule]) -> tuple[list[Rule], list[Rule], frozenset[str]]:
    """Adds the outer line on each side where lines run on past the last one across them.

    Chromium does not draw the outer rule where a page cuts a table; statistical tables often have no sides.
    """
    flat, upright = list(flat), list(upright)
    sides = set()
    if len(upright) >= 2:
        top, bottom = min(rule.start for rule in upright), max(rule.end for rule in upright)
        left, right = min(rule.at for rule in upright), max(rule.at for rule in upright)
        if flat:
            left = min(left, *(rule.start for rule in flat))
            right = max(right, *(rule.end for rule in flat))
        if not flat or min(rule.at for rule in flat) - top > OVERHANG:
            flat.append(Rule(top, left, right))
            sides.add("top")
        if not flat or bottom - max(rule.at for rule in flat) > OVERHANG:
            flat.append(Rule(bottom, left, right))
            sides.add("bottom")
    if len(flat) >= 2:
        top, bottom = min(rule.at for rule in flat), max(rule.at for rule in flat)
        left, right = min(rule.start for rule in flat), max(rule.end for rule in flat)
        if min(rule.at for rule in upright) - left > OVERHANG:
            upright.append(Rule(left, top, bottom))
            sides.add("left")
        if right - max(rule.at for rule in upright) > OVERHANG:
            upright.append(Rule(right, top, bottom))
            sides.add("right")
    return flat, upright, frozenset(sides)
