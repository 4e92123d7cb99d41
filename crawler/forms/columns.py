"""Which cell of a row stands in which value column: by position under the headers where positions are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from crawler.documents.model import GridCell
from crawler.forms.alignment import Vocabulary, align
from crawler.forms.labels import core, skeleton
from crawler.forms.rows import PrintedRow, is_blank, is_text

COLUMNS_BY_ORDER = "columns_by_order"
COLUMNS_OUT_OF_ORDER = "columns_out_of_order"
COLUMN_DOUBLED = "column_doubled"
HEADER_CELL_MISSING = "header_cell_missing"
HEADER_LABEL_INEXACT = "header_label_inexact"
MIN_WITNESSES = 3
"""Completely filled rows that prove a column map where another row does not fit it."""


@dataclass(frozen=True, slots=True)
class HeadColumn:
    """A value column: the index of its label, its slots ``start <= column < stop`` and the header as printed."""

    index: int
    start: int
    stop: int
    text: str


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """The value columns under one header, left to right. ``usable`` is false where labels contradict each other."""

    columns: tuple[HeadColumn, ...]
    count: int
    in_form_order: bool
    usable: bool
    flags: tuple[str, ...]

    @property
    def missing(self) -> list[int]:
        """Indexes of the columns no header cell was found for."""
        found = {column.index for column in self.columns}
        return [index for index in range(self.count) if index not in found]

    def text_of(self, index: int) -> str | None:
        """The header over a column as printed, ``None`` where it is not."""
        return next((column.text for column in self.columns if column.index == index), None)


@dataclass(frozen=True, slots=True)
class ValueRow:
    """A data row: the cells behind its label."""

    printed: PrintedRow
    cells: tuple[GridCell, ...]


@dataclass(frozen=True, slots=True)
class Assignment:
    """The cell of each column, ``None`` altogether where it cannot be decided which is which."""

    cells: tuple[GridCell, ...] | None
    flags: tuple[str, ...] = ()
    headers: Mapping[int, str] = field(default_factory=dict)
    """The header over each column as printed, where one is."""


def map_columns(header: Sequence[PrintedRow], known: Vocabulary) -> ColumnMap:
    """The value columns by the labels in a header's rows (all of one grid)."""
    leaves = _leaves([cell for row in header for cell in row.cells if not is_blank(cell)], known)
    placement = align([cell.text for cell in leaves], known)
    columns = tuple(
        HeadColumn(
            index, leaves[position].column, leaves[position].column + leaves[position].column_span, leaves[position].text
        )
        for position, index in sorted(placement.index_of.items())
    )
    flags = [HEADER_LABEL_INEXACT] if placement.fuzzy else []
    if placement.out_of_order:
        flags.append(COLUMNS_OUT_OF_ORDER)
    if placement.doubled:
        flags.append(COLUMN_DOUBLED)
    placed = [(index, leaves[position].row) for position, index in sorted(placement.index_of.items())]
    usable = not placement.doubled and not _overlap(columns) and _is_permuted_within_rows(placed)
    return ColumnMap(columns, len(known.labels), not placement.out_of_order, usable, tuple(flags))


def _is_permuted_within_rows(placed: Sequence[tuple[int, int]]) -> bool:
    """Whether labels out of form order (index, header row) change places within one header row only.

    A label that has crossed one of another header row is as likely a header with a cell too many or too few.
    """
    return all(
        left[0] < right[0] or left[1] == right[1] for number, left in enumerate(placed) for right in placed[number + 1 :]
    )


def _overlap(columns: Sequence[HeadColumn]) -> bool:
    return any(left.stop > right.start for left, right in pairwise(columns))


def _leaves(cells: list[GridCell], known: Vocabulary) -> list[GridCell]:
    """Header cells that may name a column, left to right: no group labels, halves of a split label put together."""
    labels = [cell for cell in cells if known.find(cell.text)]
    odd = [cell for cell in cells if not known.find(cell.text) and not _is_other(cell, known)]
    joined: list[GridCell] = []
    used: set[int] = set()
    for number, cell in enumerate(odd):
        if number in used:
            continue
        for later, below in enumerate(odd[number + 1 :], start=number + 1):
            if below.column == cell.column and below.row == cell.row + cell.row_span and known.find(cell.text + below.text):
                used.add(later)
                joined.append(replace(cell, text=cell.text + below.text, row_span=cell.row_span + below.row_span))
                break
        else:
            joined.append(cell)
    odd_leaves = [
        cell
        for cell in joined
        if not any(other.row > cell.row and cell.column <= other.column < cell.column + cell.column_span for other in cells)
        or known.find(cell.text)
    ]
    return sorted((*labels, *odd_leaves), key=lambda cell: (cell.column, cell.row))


def _is_other(cell: GridCell, known: Vocabulary) -> bool:
    return skeleton(cell.text) in known.others or core(cell.text) in known.others


def assign(rows: Sequence[tuple[ValueRow, tuple[PrintedRow, ...]]], known: Vocabulary) -> list[Assignment]:
    """Assign the value cells of data rows, each given with the header rows printed last above it, to the columns."""
    groups: dict[tuple[int, tuple[int, ...]], list[int]] = {}
    for number, (row, header) in enumerate(rows):
        own = tuple(head.number for head in header if head.grid is row.printed.grid)
        groups.setdefault((row.printed.grid.number, own), []).append(number)
    result = [Assignment(None)] * len(rows)
    for numbers in groups.values():
        values = [rows[number][0] for number in numbers]
        header = rows[numbers[0]][1]
        if values[0].printed.is_exact:
            own_header = [head for head in header if head.grid is values[0].printed.grid]
            columns = map_columns(own_header, known) if own_header else None
            assigned = assign_exact(values, columns, len(known.labels))
            texts = {} if columns is None else {head.index: head.text for head in columns.columns}
        else:
            ragged = read_ragged_header(header, known)
            assigned = assign_ragged(values, len(known.labels), ragged)
            texts = dict(ragged.texts)
        for number, assignment in zip(numbers, assigned, strict=True):
            result[number] = replace(assignment, headers=texts)
    return result


def assign_exact(rows: Sequence[ValueRow], columns: ColumnMap | None, count: int) -> list[Assignment]:
    """Assign the value cells of rows of one exact grid under one header.

    A row whose cells do not stand under the headers is read by order only if it has exactly as many cells, or
    exactly as many filled ones, as there are columns; otherwise it stays undecided.
    """
    if columns is None or not columns.columns:
        return [_ordered(row, count, (COLUMNS_BY_ORDER,)) for row in rows]
    flags = columns.flags
    complete = columns if not columns.missing else _completed(columns, rows)
    if complete is None or not complete.usable:
        if not columns.in_form_order or COLUMN_DOUBLED in flags:
            return [Assignment(None, flags) for _ in rows]
        flags = (*flags, *((HEADER_CELL_MISSING,) if columns.missing else ()), COLUMNS_BY_ORDER)
        return [_ordered(row, count, flags) for row in rows]
    if columns.missing:
        flags = (*flags, HEADER_CELL_MISSING)
    positional = [_positional(row, complete) for row in rows]
    if all(cells is not None for cells in positional):
        return [Assignment(cells, flags) for cells in positional]
    filled = sum(cells is not None and not any(is_blank(cell) for cell in cells) for cells in positional)
    proven = filled >= MIN_WITNESSES and filled * 2 > len(rows)
    result = []
    for row, cells in zip(rows, positional, strict=True):
        ordered = _ordered(row, count, (*flags, COLUMNS_BY_ORDER)) if complete.in_form_order else Assignment(None, flags)
        if cells is None:
            result.append(ordered)
        else:
            result.append(Assignment(cells, flags) if proven or ordered.cells == cells else Assignment(None, flags))
    return result


def _positional(row: ValueRow, columns: ColumnMap) -> tuple[GridCell, ...] | None:
    """The cells under the headers; ``None`` where one is missing, shared, or a value stands under none."""
    under: dict[int, GridCell] = {}
    index_at = {column: head.index for head in columns.columns for column in range(head.start, head.stop)}
    for cell in row.cells:
        if cell.column_span == 1:
            heads = {index_at[cell.column]} if cell.column in index_at else set()
        else:
            stop = cell.column + cell.column_span
            heads = {head.index for head in columns.columns if head.start < stop and cell.column < head.stop}
        if is_blank(cell):
            if len(heads) == 1:
                under.setdefault(heads.pop(), cell)
            continue
        if len(heads) != 1:
            return None
        index = heads.pop()
        if index in under and not is_blank(under[index]):
            return None
        under[index] = cell
    if len(under) < columns.count:
        return None
    return tuple(under[index] for index in range(columns.count))


def _completed(columns: ColumnMap, rows: Sequence[ValueRow]) -> ColumnMap | None:
    """Give the unlabelled columns to the missing labels, if there are as many and they stand in their places."""
    if not columns.in_form_order:
        return None
    for include_blank in (False, True):
        loose: set[tuple[int, int]] = set()
        for row in rows:
            for cell in row.cells:
                stop = cell.column + cell.column_span
                under = any(head.start < stop and cell.column < head.stop for head in columns.columns)
                if not under and (include_blank or not is_blank(cell)):
                    loose.add((cell.column, stop))
        if len(loose) != len(columns.missing):
            continue
        added = [
            HeadColumn(index, start, stop, "") for index, (start, stop) in zip(columns.missing, sorted(loose), strict=True)
        ]
        together = sorted((*columns.columns, *added), key=lambda head: head.start)
        if _overlap(together) or [head.index for head in together] != list(range(columns.count)):
            return None
        return replace(columns, columns=tuple(together))
    return None


def _ordered(row: ValueRow, count: int, flags: tuple[str, ...]) -> Assignment:
    """The cells in printed order, if there are exactly as many cells or filled cells as columns."""
    if any(is_text(cell) and cell.column_span > 1 for cell in row.cells):
        return Assignment(None, flags)
    if len(row.cells) == count:
        return Assignment(row.cells, flags)
    filled = tuple(cell for cell in row.cells if not is_blank(cell))
    if len(filled) == count:
        return Assignment(filled, flags)
    if not filled and len(row.cells) > count:
        return Assignment(row.cells[:count], flags)
    return Assignment(None, flags)


@dataclass(frozen=True, slots=True)
class RaggedHeader:
    """What a header without positions tells: whether its fullest row keeps the form's order, which labels it holds,
    and, where one row holds them all, at which cell of the row each stands."""

    in_form_order: bool
    texts: Mapping[int, str]
    positions: tuple[int, ...] | None
    row_length: int
    flags: tuple[str, ...]


def read_ragged_header(header: Sequence[PrintedRow], known: Vocabulary) -> RaggedHeader:
    """Read the header rows of a ragged grid; their columns count cells, they are no positions on the page."""
    texts: dict[int, str] = {}
    in_form_order = True
    fuzzy = False
    fullest: tuple[int, PrintedRow | None, tuple[int, ...]] = (0, None, ())
    for row in header:
        cells = [cell for cell in row.cells if not is_blank(cell) and not _is_other(cell, known)]
        placement = align([cell.text for cell in cells], known)
        texts.update({index: cells[position].text for position, index in placement.index_of.items()})
        in_form_order = in_form_order and not placement.out_of_order and not placement.doubled
        fuzzy = fuzzy or bool(placement.fuzzy)
        if len(placement.index_of) > fullest[0]:
            by_index = sorted((index, cells[position].column) for position, index in placement.index_of.items())
            fullest = (len(by_index), row, tuple(column for _, column in by_index))
    count, row_of_all, columns = fullest
    flags = [HEADER_LABEL_INEXACT] if fuzzy else []
    if not in_form_order:
        flags.append(COLUMNS_OUT_OF_ORDER)
    if len(texts) < len(known.labels):
        flags += [HEADER_CELL_MISSING, COLUMNS_BY_ORDER] if texts else [COLUMNS_BY_ORDER]
    complete = count == len(known.labels) and row_of_all is not None
    return RaggedHeader(
        in_form_order, texts, columns if complete else None, len(row_of_all.cells) if row_of_all else 0, tuple(flags)
    )


def assign_ragged(rows: Sequence[ValueRow], count: int, header: RaggedHeader) -> list[Assignment]:
    """Assign the value cells of rows of one ragged grid: where padding and blanks cannot be told apart by the row alone,
    a header of the same length or rows of the same shape that are completely filled decide; otherwise the row stays undecided.
    """
    if not header.in_form_order:
        return [Assignment(None, header.flags) for _ in rows]
    shapes: dict[tuple[int, int], set[int]] = {}
    lengths: dict[int, set[int]] = {}
    for row in rows:
        filled = [number for number, cell in enumerate(row.cells) if not is_blank(cell)]
        if len(filled) == count and filled[-1] - filled[0] == count - 1:
            label_at = row.cells[0].column
            shapes.setdefault((label_at, len(row.cells)), set()).add(filled[0])
            lengths.setdefault(label_at, set()).add(len(row.cells))
    return [
        Assignment(_under_header(row, header) or _ragged(row, count, shapes, lengths, header), header.flags) for row in rows
    ]


def _under_header(row: ValueRow, header: RaggedHeader) -> tuple[GridCell, ...] | None:
    if header.positions is None or len(row.printed.cells) != header.row_length:
        return None
    by_column = {cell.column: cell for cell in row.cells}
    if any(column not in by_column for column in header.positions):
        return None
    outside = by_column.keys() - set(header.positions)
    if any(not is_blank(by_column[column]) for column in outside):
        return None
    return tuple(by_column[column] for column in header.positions)


def _ragged(
    row: ValueRow, count: int, shapes: dict[tuple[int, int], set[int]], lengths: dict[int, set[int]], header: RaggedHeader
) -> tuple[GridCell, ...] | None:
    filled = [number for number, cell in enumerate(row.cells) if not is_blank(cell)]
    if len(filled) > count or len(row.cells) < count:
        return None
    if len(filled) == count:
        return tuple(row.cells[number] for number in filled)
    if not filled:
        return row.cells[:count]
    if header.positions is not None and len(row.printed.cells) < header.row_length:
        # Cells are lost: a blank may be one of the columns or the padding behind them.
        return None
    label_at = row.cells[0].column
    offsets = shapes.get((label_at, len(row.cells)))
    if offsets is not None and len(offsets) == 1:
        if lengths[label_at] != {len(row.cells)}:
            # Rows that should be alike are not: a cell is lost in this one or in the other.
            return None
        (offset,) = offsets
        inside = offset <= filled[0] and filled[-1] < offset + count
        return row.cells[offset : offset + count] if inside else None
    if len(row.cells) == count and (label_at not in lengths or (filled[0] == 0 and filled[-1] == count - 1)):
        return row.cells
    return None
