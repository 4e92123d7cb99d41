"""Fragments of tables, one a page -> whole grids, joined by where their lines stand.

A page cut leaves traces that differ by producer: fewer columns on one side, a group label cut in two, a row cut
between its lines, the head printed again. Fragments are joined by x position, never by their number of columns.
"""

from __future__ import annotations

import itertools
import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from crawler.documents.model import Box, Geometry, Grid, GridCell, Method, Word

SAME_EDGE = 3.5
"""Edges on two pages that differ by less (points) are one edge."""
PADDING_ROW = 8.0
"""A row lower than this (points) holds no line of text: it is the rest of a row that the page cut."""

_NUMERIC = re.compile(r"^[-+－−]?[\d０-９][\d０-９,，.．\s]*[%％]?(?:件|条|项|元|万元|亿元|个|次)?$")
SPLIT_DIGITS = "split_digits"
_DIGITS = re.compile(r"[-+－−]?[\d０-９][\d０-９,，.．]*")
_ENUMERATED = re.compile(
    r"^\s*(?:[（(][一二三四五六七八九十\d]+[）)]|[一二三四五六七八九十]+[、.．]|\d{1,2}[、.．)）]|[①-⑳]"
    r"|第[一二三四五六七八九十\d]+[条项章])"
)


class Piece(NamedTuple):
    """A cell of one fragment: rows within the fragment, edges in points.

    ``full``: its last line leaves no room for another character, so that the text may go on elsewhere.
    """

    row: int
    row_span: int
    x0: float
    x1: float
    text: str
    full: bool
    page: int
    box: Box
    second_text: str | None = None
    tight: bool = False
    """Its last line is digits, and one more digit would not have fitted beside them."""
    wrapped: bool = False
    """Its lines are one number: digits at once under digits, each line but the last tight."""


@dataclass(frozen=True, slots=True)
class Fragment:
    """What one page shows of a table. ``pieces`` cover it without gaps; ``heights`` are its rows' heights in points."""

    page: int
    pieces: tuple[Piece, ...]
    heights: tuple[float, ...]
    method: Method
    flags: tuple[str, ...] = ()
    cut_top: bool = False
    """The producer drew no line at the top: the table, and perhaps a row, goes on from the page before."""
    cut_bottom: bool = False
    reading_order: tuple[Word, ...] = ()
    """Its text in the order the file has it."""
    compared: bool = False
    """A second reader saw it too; a piece without ``second_text`` was seen the same."""

    @property
    def row_count(self) -> int:
        """Number of rows."""
        return len(self.heights)

    @property
    def left(self) -> float:
        """Position of the first vertical line."""
        return min(piece.x0 for piece in self.pieces)

    @property
    def right(self) -> float:
        """Position of the last vertical line."""
        return max(piece.x1 for piece in self.pieces)

    def edges(self) -> list[float]:
        """Positions of the vertical lines, left to right."""
        return _clustered([edge for piece in self.pieces for edge in (piece.x0, piece.x1)])

    def moved(self, distance: float) -> Fragment:
        """The fragment with its edges moved sideways (its cells' boxes stay true to the page)."""
        if not distance:
            return self
        pieces = tuple(piece._replace(x0=piece.x0 + distance, x1=piece.x1 + distance) for piece in self.pieces)
        words = tuple(word._replace(x0=word.x0 + distance, x1=word.x1 + distance) for word in self.reading_order)
        return replace(self, pieces=pieces, reading_order=words)


def is_number(text: str) -> bool:
    """Whether the text is one number, with or without a unit.

    >>> is_number("96171.6"), is_number("-5"), is_number("251000元"), is_number("1.属于"), is_number("")
    (True, True, True, False, False)
    """
    return bool(_NUMERIC.match(text))


def _clustered(values: Sequence[float]) -> list[float]:
    groups: list[list[float]] = []
    for value in sorted(set(values)):
        if groups and value - groups[-1][0] <= SAME_EDGE:
            groups[-1].append(value)
        else:
            groups.append([value])
    return [sum(group) / len(group) for group in groups]


def _place(piece: Piece) -> tuple[int, float]:
    return piece.row, piece.x0


def _same(first: float, second: float) -> bool:
    return abs(first - second) <= SAME_EDGE


def matching_shift(upper: list[float], lower: list[float]) -> float | None:
    """How far a fragment with the edges ``lower`` must be moved to continue a table with ``upper``; ``None`` if it does not.

    The right edges must meet; the left ones too, or the narrower fragment starts within the other's first column or at
    one of its lines (it lies wholly beside a merged cell whose own lines were not drawn) and nearly all inner lines
    meet. Otherwise half of the inner lines must meet, counted on the fragment that has fewer. Mirrored margins are
    allowed for by moving the fragment.
    """
    for shift in (0.0, upper[-1] - lower[-1]):
        if _continues(upper, [edge + shift for edge in lower], moved=shift != 0):
            return shift
    return None


def _continues(upper: list[float], lower: list[float], *, moved: bool) -> bool:
    if not _same(upper[-1], lower[-1]):
        return False
    few, many = sorted((upper[1:-1], lower[1:-1]), key=len)
    met = sum(any(_same(edge, other) for other in many) for edge in few)
    if not _same(upper[0], lower[0]):
        wider, narrower = (upper, lower) if upper[0] < lower[0] else (lower, upper)
        starts_at_line = any(_same(edge, narrower[0]) for edge in wider[1:-1])
        in_first_column = narrower[0] < wider[1]
        return not moved and (starts_at_line or in_first_column) and met >= max(2, 0.75 * len(few))
    return 2 * met >= len(few) and not (moved and not few)


@dataclass(slots=True)
class _Cell:
    row: int
    row_span: int
    x0: float
    x1: float
    text: str
    full: bool
    page: int
    box: Box
    second_text: str | None
    tight: bool = False
    wrapped: bool = False

    @property
    def last_row(self) -> int:
        return self.row + self.row_span - 1


@dataclass
class Table:
    """A table that grows page by page."""

    fragments: list[Fragment] = field(default_factory=list)
    _cells: list[_Cell] = field(default_factory=list)
    _row_count: int = 0
    _flags: list[str] = field(default_factory=list)

    @property
    def edges(self) -> list[float]:
        """Positions of the vertical lines so far, left to right."""
        return _clustered([edge for cell in self._cells for edge in (cell.x0, cell.x1)])

    def add(self, fragment: Fragment) -> None:
        """Joins the next page's fragment; it must continue the table (see ``matching_shift``)."""
        if not self.fragments:
            self._append(fragment, 0, {}, joins_row=False)
        else:
            fragment = _widened(fragment, min(cell.x0 for cell in self._cells))
            self._widen(fragment.left)
            self._join(fragment)
        self.fragments.append(fragment)
        self._flags.extend(flag for flag in fragment.flags if flag not in self._flags)

    def _widen(self, left: float) -> None:
        """Where the new fragment reaches further left, the rows so far lie beside the merged cell that fills the gap."""
        own_left = min(cell.x0 for cell in self._cells)
        if own_left - left > SAME_EDGE:
            first = self._cells[0]
            top = min(cell.box[1] for cell in self._cells if cell.page == first.page)
            bottom = max(cell.box[3] for cell in self._cells if cell.page == first.page)
            box = (left, top, own_left, bottom)
            self._cells.append(
                _Cell(0, self._row_count, left, own_left, "", full=False, page=first.page, box=box, second_text=None)
            )

    def _append(self, fragment: Fragment, skip: int, merged: dict[int, _Cell], *, joins_row: bool) -> None:
        """Adds a fragment's rows from ``skip`` on; ``merged`` maps indices of its pieces to the cells they continue."""
        offset = self._row_count - skip - joins_row
        for index, piece in enumerate(fragment.pieces):
            if piece.row + piece.row_span <= skip:
                continue
            row = max(piece.row, skip)
            span = piece.row + piece.row_span - row
            target = merged.get(index)
            if target is None:
                self._cells.append(_Cell(row + offset, span, *piece[2:]))
                continue
            target.row_span = row + offset + span - target.row
            if piece.text:
                second = None
                if target.second_text is not None or piece.second_text is not None:
                    second = "\n".join(filter(None, (_or(target.second_text, target.text), _or(piece.second_text, piece.text))))
                if target.text:
                    target.wrapped = _continues_number(target, piece)
                else:
                    target.page, target.box, target.wrapped = piece.page, piece.box, piece.wrapped
                target.tight = piece.tight
                target.text = f"{target.text}\n{piece.text}" if target.text else piece.text
                target.second_text = second
                target.full = piece.full
        self._row_count = offset + fragment.row_count

    def _join(self, fragment: Fragment) -> None:
        skip = self._repeated_head(fragment)
        if skip == fragment.row_count:
            return
        seam = self._seam(fragment, skip)
        if seam.cuts_number() or seam.cuts_row():
            self._append(fragment, skip, seam.pairs, joins_row=True)
        else:
            self._append(fragment, skip, seam.cut_cells(), joins_row=False)

    def _seam(self, fragment: Fragment, skip: int) -> _Seam:
        above = [cell for cell in self._cells if cell.last_row == self._row_count - 1]
        below = {i: piece for i, piece in enumerate(fragment.pieces) if piece.row <= skip < piece.row + piece.row_span}
        starts = frozenset(i for i, piece in below.items() if piece.row == skip)
        edges = [cell.x0 for cell in self._cells if is_number(cell.text)]
        edges += [piece.x0 for piece in fragment.pieces if piece.row >= skip and is_number(piece.text)]
        only_padding = fragment.heights[skip] < PADDING_ROW or (fragment.cut_top and self.fragments[-1].cut_bottom)
        return _Seam(above, below, starts, min(edges, default=None), only_padding)

    def _repeated_head(self, fragment: Fragment) -> int:
        """How many rows at the fragment's top print the table's own first rows again."""
        best = 0
        again_first = min(fragment.pieces, key=_place)
        own_first = min((cell for cell in self._cells if cell.row == 0), key=lambda cell: cell.x0)
        if own_first.text != again_first.text:
            return 0
        for count in range(1, min(fragment.row_count, self.fragments[0].row_count) + 1):
            own = [cell for cell in self._cells if cell.row < count]
            again = [piece for piece in fragment.pieces if piece.row < count]
            own_key = [(cell.row, cell.row_span, cell.text) for cell in sorted(own, key=lambda c: (c.row, c.x0))]
            again_key = [(piece.row, piece.row_span, piece.text) for piece in sorted(again, key=lambda p: (p.row, p.x0))]
            if own_key != again_key:
                break
            whole = all(piece.row + piece.row_span <= count for piece in again)
            worded = [piece for piece in again if piece.text and not is_number(piece.text)]
            if whole and len(worded) > 1 and not any(is_number(piece.text) for piece in again):
                best = count
        return best

    def grid(self, number: int) -> Grid:
        """The whole table; ``number`` counts from 1 among the document's grids."""
        edges = self.edges

        between = [(left + right) / 2 for left, right in itertools.pairwise(edges)]

        def column(x: float) -> int:
            return bisect_right(between, x)

        ordered = sorted(self._cells, key=lambda cell: (cell.row, cell.x0))
        column_of = {x: column(x) for x in {edge for cell in ordered for edge in (cell.x0, cell.x1)}}
        hundredths: dict[float, float] = {}
        cells = tuple(
            [
                GridCell(
                    cell.row,
                    column_of[cell.x0],
                    cell.text,
                    cell.row_span,
                    column_of[cell.x1] - column_of[cell.x0],
                    cell.page,
                    _rounded(cell.box, hundredths),
                    cell.second_text,
                    cell.wrapped and not self._has_room(cell),
                )
                for cell in ordered
            ]
        )
        method = Method.PDFPLUMBER if any(f.method is Method.PDFPLUMBER for f in self.fragments) else self.fragments[0].method
        flags = tuple(self._flags)
        if not covers_once(cells, self._row_count, len(edges) - 1):
            flags = (*flags, "slots_not_covered_once")
        if any(cell.wrapped and not printed.wrapped for cell, printed in zip(ordered, cells, strict=True)):
            flags = (*flags, SPLIT_DIGITS)
        return Grid(
            self._row_count,
            len(edges) - 1,
            cells,
            Geometry.EXACT,
            method,
            number,
            flags,
            reading_order=tuple(itertools.chain.from_iterable(fragment.reading_order for fragment in self.fragments)),
            compared_pages=frozenset(fragment.page for fragment in self.fragments if fragment.compared),
        )

    def _has_room(self, cell: _Cell) -> bool:
        """Whether another number stands on one line of an equal cell and is longer than this one's first line."""
        room = len(cell.text.partition("\n")[0])
        return any(
            len(other.text) > room and _DIGITS.fullmatch(other.text)
            for other in self._cells
            if _same(other.x0, cell.x0) and _same(other.x1, cell.x1)
        )


def _or(second: str | None, text: str) -> str:
    return text if second is None else second


class _Seam:
    """The last row above a page cut and the first row below it.

    ``below`` and ``starts`` are keyed by the piece's index in its fragment; ``starts`` are the pieces that begin in the
    row. ``values_from`` is where the columns of numbers begin, ``None`` for a table without numbers.
    ``only_padding``: the row below is so low, or so drawn, that it can hold the end of a cut row only.
    """

    def __init__(
        self, above: list[_Cell], below: dict[int, Piece], starts: frozenset[int], values_from: float | None, only_padding: bool
    ) -> None:
        self._above = above
        self._below = below
        self._starts = starts
        self._values_from = values_from
        self._only_padding = only_padding
        self.pairs = {
            index: cell
            for index, piece in below.items()
            for cell in above
            if _same(cell.x0, piece.x0) and _same(cell.x1, piece.x1)
        }
        """The cell above for each piece below that has the same edges."""

    def cuts_number(self) -> bool:
        """Whether the row below is the rest of the row above with ends of numbers in it, which the cells were too narrow for.

        A row without a label of its own belongs to the row above; where its label can be the rest of the one above, only
        if every number above that goes on filled its cell.
        """
        if not self._starts or not self._same_edges():
            return False
        labels = [index for index in self._starts if not self._is_value(index)]
        groups = [index for index in labels if self._below[index].row_span > 1]
        own = [index for index in labels if index not in groups]
        ends = [index for index in self._starts if self._is_value(index) and self._below[index].text]
        digits = [i for i in ends if _DIGITS.fullmatch(self._below[i].text) and is_number(self.pairs[i].text)]
        if not digits or len(self._below) > len(self._starts) or not all(map(self._goes_on, groups)):
            return False
        if own and not any(self._below[index].text for index in own):
            return True
        return digits == ends and all(self.pairs[index].tight for index in ends) and all(map(self._goes_on, own))

    def cuts_row(self) -> bool:
        """Whether the row below is the rest of the row above: same edges, and the numbers on one side only."""
        if not self._starts or not self._same_edges():
            return False
        if any(is_number(self.pairs[index].text) and piece.text for index, piece in self._below.items()):
            return False
        if not any(self._below[index].text for index in self._starts):
            return self._only_padding
        values = [index for index in self._starts if self._is_value(index)]
        labels = [index for index in self._starts if index not in values]
        one_side_empty = not any(self._below[i].text for i in values) or not any(self.pairs[i].text for i in values)
        if labels and values and one_side_empty:
            return all(self._goes_on(index) for index in labels)
        return all(self._goes_on(index) for index in self._starts)

    def cut_cells(self) -> dict[int, _Cell]:
        """Pieces that continue the cell above although their rows differ: merged cells that the page cut.

        Beside the numbers these are group labels; in the head of a table, any cell if the two rows are divided
        differently (a row of numbers below a head never continues it).
        """
        texts = [cell.text for cell in self._above] + [piece.text for piece in self._below.values()]
        some_text_below = any(piece.text for piece in self._below.values())
        in_head = some_text_below and not any(map(is_number, texts)) and not self._same_edges()
        return {
            index: cell for index, cell in self.pairs.items() if (in_head or self._is_group(index)) and self._goes_on(index)
        }

    def _same_edges(self) -> bool:
        return len(self.pairs) == len(self._below) == len(self._above)

    def _is_value(self, index: int) -> bool:
        return self._values_from is None or self._below[index].x0 >= self._values_from - SAME_EDGE

    def _is_group(self, index: int) -> bool:
        """Whether the piece stands left of the row's own label: a blank before a number has no label on its right."""
        if self._values_from is None:
            return False
        right = self._below[index].x1
        return any(
            self._below[other].text and self._below[other].x0 >= right - SAME_EDGE and not self._is_value(other)
            for other in self._starts
        )

    def _goes_on(self, index: int) -> bool:
        return _goes_on(self.pairs[index], self._below[index])


def _goes_on(cell: _Cell, piece: Piece) -> bool:
    """Whether the piece's text can be the rest of the cell's: one of them is empty, or a full line runs on."""
    if not cell.text or not piece.text:
        return True
    if is_number(cell.text) or is_number(piece.text):
        return False
    return cell.full and not _ENUMERATED.match(piece.text)


def _continues_number(cell: _Cell, piece: Piece) -> bool:
    """Whether the piece holds the rest of the digits that fill the cell."""
    whole = _DIGITS.fullmatch(cell.text) or cell.wrapped
    rest = _DIGITS.fullmatch(piece.text) or piece.wrapped
    return bool(whole and rest and cell.tight and piece.text[0] not in "+-") and len(piece.text) <= len(cell.text)


def _widened(fragment: Fragment, left: float) -> Fragment:
    """A fragment that starts further right than its table gets the merged cell beside it as an empty piece."""
    own_left = fragment.left
    if own_left - left <= SAME_EDGE:
        return fragment
    top = min(piece.box[1] for piece in fragment.pieces)
    bottom = max(piece.box[3] for piece in fragment.pieces)
    beside = Piece(0, fragment.row_count, left, own_left, "", full=False, page=fragment.page, box=(left, top, own_left, bottom))
    return replace(fragment, pieces=(beside, *fragment.pieces))


def _rounded(box: Box, known: dict[float, float]) -> Box:
    """The box in hundredths of a point; the cells of a table share their sides, so that each is rounded once."""
    x0, top, x1, bottom = box
    for side in box:
        if side not in known:
            known[side] = round(side, 2)
    return known[x0], known[top], known[x1], known[bottom]


def covers_once(cells: Sequence[GridCell], row_count: int, column_count: int) -> bool:
    """Whether every slot of the rectangle belongs to exactly one cell."""
    taken = [0] * row_count
    total = 0
    for cell in cells:
        if cell.row_span < 1 or cell.column_span < 1 or cell.column < 0 or cell.row + cell.row_span > row_count:
            return False
        slots = ((1 << cell.column_span) - 1) << cell.column
        for row in range(cell.row, cell.row + cell.row_span):
            if taken[row] & slots:
                return False
            taken[row] |= slots
        total += cell.row_span * cell.column_span
    return total == row_count * column_count and all(row == (1 << column_count) - 1 for row in taken)
