"""Fragments of tables, one a page -> whole grids, joined by where their lines stand.

A page cut leaves traces that differ by producer: fewer columns on one side, a group label cut in two, a row cut
between its lines, the head printed again. Fragments are joined by x position, never by their number of columns.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from crawler.documents.model import Box, Geometry, Grid, GridCell, Method

SAME_EDGE = 3.5
"""Edges on two pages that differ by less (points) are one edge."""
PADDING_ROW = 8.0
"""A row lower than this (points) holds no line of text: it is the rest of a row that the page cut."""

_NUMERIC = re.compile(r"^[-+－−]?[\d０-９][\d０-９,，.．\s]*[%％]?(?:件|条|项|元|万元|亿元|个|次)?$")
_ENUMERATED = re.compile(r"^\s*(?:[（(][一二三四五六七八九十\d]+[）)]|[一二三四五六七八九十]+[、.．]|\d{1,2}[、.．)）]|[①-⑳]|第[一二三四五六七八九十\d]+[条项章])")


@dataclass(frozen=True, slots=True)
class Piece:
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
        pieces = tuple(replace(piece, x0=piece.x0 + distance, x1=piece.x1 + distance) for piece in self.pieces)
        return replace(self, pieces=pieces)


def is_number(text: str) -> bool:
    """Whether the text is one number, with or without a unit.

    >>> is_number("96171.6"), is_number("-5"), is_number("251000元"), is_number("1.属于"), is_number("")
    (True, True, True, False, False)
    """
    return bool(_NUMERIC.match(text))


def _clustered(values: Sequence[float]) -> list[float]:
    groups: list[list[float]] = []
    for value in sorted(values):
        if groups and value - groups[-1][0] <= SAME_EDGE:
            groups[-1].append(value)
        else:
            groups.append([value])
    return [sum(group) / len(group) for group in groups]


def _same(first: float, second: float) -> bool:
    return abs(first - second) <= SAME_EDGE


def _same_extent(first: Piece, second: Piece) -> bool:
    return _same(first.x0, second.x0) and _same(first.x1, second.x1)


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


@dataclass
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
            self._cells.append(_Cell(0, self._row_count, left, own_left, "", full=False, page=first.page, box=box, second_text=None))

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
                self._cells.append(
                    _Cell(
                        row + offset, span, piece.x0, piece.x1, piece.text, piece.full, piece.page, piece.box, piece.second_text
                    )
                )
                continue
            target.row_span = row + offset + span - target.row
            if piece.text:
                second = None
                if target.second_text is not None or piece.second_text is not None:
                    second = "\n".join(
                        filter(None, (_or(target.second_text, target.text), _or(piece.second_text, piece.text)))
                    )
                if not target.text:
                    target.page, target.box = piece.page, piece.box
                target.text = f"{target.text}\n{piece.text}" if target.text else piece.text
                target.second_text = second
                target.full = piece.full
        self._row_count = offset + fragment.row_count

    def _join(self, fragment: Fragment) -> None:
        skip = self._repeated_head(fragment)
        if skip == fragment.row_count:
            return
        last = [cell for cell in self._cells if cell.last_row == self._row_count - 1]
        first = {
            index: piece
            for index, piece in enumerate(fragment.pieces)
            if piece.row <= skip < piece.row + piece.row_span
        }
        values_from = self._values_from(fragment, skip)
        pairs = {
            index: cell for index, piece in first.items() for cell in last if _same(cell.x0, piece.x0) and _same(cell.x1, piece.x1)
        }
        if self._is_cut_row(fragment, skip, first, last, pairs, values_from):
            self._append(fragment, skip, pairs, joins_row=True)
            return
        merged = {
            index: cell
            for index, cell in pairs.items()
            if self._is_cut_cell(cell, first[index], values_from, first, last, fragment, skip)
        }
        self._append(fragment, skip, merged, joins_row=False)

    def _values_from(self, fragment: Fragment, skip: int) -> float | None:
        """Where the columns of numbers begin: the leftmost edge of a cell that holds a number; ``None`` without numbers."""
        edges = [cell.x0 for cell in self._cells if is_number(cell.text)]
        edges += [piece.x0 for piece in fragment.pieces if piece.row >= skip and is_number(piece.text)]
        return min(edges, default=None)

    def _repeated_head(self, fragment: Fragment) -> int:
        """How many rows at the fragment's top print the table's own first rows again."""
        best = 0
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

    def _is_cut_row(
        self,
        fragment: Fragment,
        skip: int,
        first: dict[int, Piece],
        last: list[_Cell],
        pairs: dict[int, _Cell],
        values_from: float | None,
    ) -> bool:
        """Whether the fragment's first row is the rest of the table's last row."""
        starting = {index: piece for index, piece in first.items() if piece.row == skip}
        if not starting or any(index not in pairs for index in starting):
            return False
        if len(pairs) != len(last) or any(pairs[index].text and is_number(pairs[index].text) and piece.text for index, piece in first.items()):
            return False
        if not any(piece.text for piece in starting.values()):
            return fragment.heights[skip] < PADDING_ROW or fragment.cut_top and self.fragments[-1].cut_bottom
        above = {index: pairs[index] for index in starting}
        if values_from is None:
            return all(_goes_on(above[index], piece) for index, piece in starting.items())
        labels = {index: piece for index, piece in starting.items() if piece.x0 < values_from - SAME_EDGE}
        values = {index: piece for index, piece in starting.items() if index not in labels}
        if not values or not labels:
            return bool(values) and all(_goes_on(above[index], piece) for index, piece in values.items()) and not any(
                is_number(piece.text) for piece in values.values()
            )
        below_empty = not any(piece.text for piece in values.values())
        above_empty = not any(above[index].text for index in values)
        if not below_empty and not above_empty:
            return all(_goes_on(above[index], piece) for index, piece in starting.items())
        return all(_goes_on(above[index], piece) for index, piece in labels.items())

    def _is_cut_cell(
        self,
        cell: _Cell,
        piece: Piece,
        values_from: float | None,
        first: dict[int, Piece],
        last: list[_Cell],
        fragment: Fragment,
        skip: int,
    ) -> bool:
        """Whether a piece continues the cell above it although their rows differ: a merged cell that the page cut."""
        in_head = not any(is_number(other.text) for other in (*last, *first.values()))
        group = values_from is None or piece.x1 < values_from - SAME_EDGE
        if not group and not in_head:
            return False
        if in_head and not any(other.text for other in first.values()):
            return False
        if in_head and not group and all(_same_extent_cell(cells, pieces) for cells, pieces in zip(_by_x(last), _by_x(first.values()), strict=False)):
            return False
        return _goes_on(cell, piece)

    def grid(self, number: int) -> Grid:
        """The whole table; ``number`` counts from 1 among the document's grids."""
        edges = self.edges

        def column(x: float) -> int:
            return min(range(len(edges)), key=lambda index: abs(edges[index] - x))

        cells = tuple(
            GridCell(
                row=cell.row,
                column=column(cell.x0),
                text=cell.text,
                row_span=cell.row_span,
                column_span=column(cell.x1) - column(cell.x0),
                page=cell.page,
                box=_rounded(cell.box),
                second_text=cell.second_text,
            )
            for cell in sorted(self._cells, key=lambda cell: (cell.row, cell.x0))
        )
        method = Method.PDFPLUMBER if any(f.method is Method.PDFPLUMBER for f in self.fragments) else self.fragments[0].method
        flags = tuple(self._flags)
        if not covers_once(cells, self._row_count, len(edges) - 1):
            flags = (*flags, "slots_not_covered_once")
        return Grid(self._row_count, len(edges) - 1, cells, Geometry.EXACT, method, number, flags)


def _or(second: str | None, text: str) -> str:
    return text if second is None else second


def _by_x(pieces: Sequence[Piece] | Sequence[_Cell] | object) -> list[Piece | _Cell]:
    return sorted(pieces, key=lambda piece: piece.x0)  # type: ignore[call-overload, no-any-return]


def _same_extent_cell(first: Piece | _Cell, second: Piece | _Cell) -> bool:
    return _same(first.x0, second.x0) and _same(first.x1, second.x1)


def _goes_on(cell: _Cell, piece: Piece) -> bool:
    """Whether the piece's text can be the rest of the cell's: one of them is empty, or a full line runs on."""
    if not cell.text or not piece.text:
        return True
    if is_number(cell.text) or is_number(piece.text):
        return False
    return cell.full and not _ENUMERATED.match(piece.text)


def _widened(fragment: Fragment, left: float) -> Fragment:
    """A fragment that starts further right than its table gets the merged cell beside it as an empty piece."""
    own_left = fragment.left
    if own_left - left <= SAME_EDGE:
        return fragment
    top = min(piece.box[1] for piece in fragment.pieces)
    bottom = max(piece.box[3] for piece in fragment.pieces)
    beside = Piece(0, fragment.row_count, left, own_left, "", full=False, page=fragment.page, box=(left, top, own_left, bottom))
    return replace(fragment, pieces=(beside, *fragment.pieces))


def _rounded(box: Box) -> Box:
    return round(box[0], 2), round(box[1], 2), round(box[2], 2), round(box[3], 2)


def covers_once(cells: Sequence[GridCell], row_count: int, column_count: int) -> bool:
    """Whether every slot of the rectangle belongs to exactly one cell."""
    seen = set()
    total = 0
    for cell in cells:
        if cell.row_span < 1 or cell.column_span < 1:
            return False
        total += cell.row_span * cell.column_span
        seen.update(
            (row, column)
            for row in range(cell.row, cell.row + cell.row_span)
            for column in range(cell.column, cell.column + cell.column_span)
        )
    return total == len(seen) == row_count * column_count
