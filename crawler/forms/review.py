"""Table 4: fifteen columns in three groups under a header of three rows, and one row of numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crawler.documents.model import GridCell
from crawler.forms.alignment import Label, align, vocabulary
from crawler.forms.catalogue import REVIEW_LITIGATION, Metric
from crawler.forms.cells import read_cell, undecided_cell
from crawler.forms.columns import (
    COLUMNS_BY_ORDER,
    COLUMNS_OUT_OF_ORDER,
    HEADER_CELL_MISSING,
    HEADER_LABEL_INEXACT,
    ColumnMap,
    HeadColumn,
    ValueRow,
    assign_exact,
)
from crawler.forms.labelled import raw_text
from crawler.forms.labels import skeleton
from crawler.forms.model import CellReading
from crawler.forms.rows import PrintedRow, RowKind, TableRow, is_blank, is_text, is_value
from crawler.forms.vocabularies import FormVocabularies

ROW_DOUBLED = "row_doubled"
ROW_UNDECIDED = "row_undecided"
MIN_LEAVES = 5
"""Columns of one group; a header with fewer of the labels is another table on the same matters."""
MAX_NUMBER_CHARACTERS = 12


@dataclass(frozen=True, slots=True)
class ReviewReading:
    """The cells of table 4 by metric key, and flags without a subject."""

    cells: Mapping[str, CellReading]
    flags: tuple[str, ...]


def read_review(rows: Sequence[TableRow], words: FormVocabularies, metrics: Mapping[str, Metric]) -> ReviewReading:
    """Read table 4; no cells where no row of numbers follows a header."""
    header = [row.printed for row in rows if row.kind is RowKind.HEADER]
    data = [row.printed for row in rows if row.kind is RowKind.DATA]
    filled = [row for row in data if _holds_numbers(row)]
    if not data or sum(skeleton(cell.text) in words.review_leaves for row in header for cell in row.cells) < MIN_LEAVES:
        return ReviewReading({}, ())
    chosen = filled[0] if filled else data[-1]
    keys = [f"{REVIEW_LITIGATION}.{column.row}.{column.key}" for column in words.form.review_columns]
    own_header = _header_of(chosen, header)
    flags: list[str] = []
    if len({raw_text(row.cells) for row in filled}) > 1:
        flags.append(ROW_DOUBLED)
        cells = None
    elif chosen.is_exact:
        columns = _map_review(own_header, words) if own_header else None
        (assignment,) = assign_exact([ValueRow(chosen, chosen.cells)], columns, len(keys))
        flags += assignment.flags
        cells = assignment.cells
    else:
        cells, ragged_flags = _assign_ragged(chosen, header, words, len(keys))
        flags += ragged_flags
    if cells is None:
        flags.append(ROW_UNDECIDED)
        raw = " | ".join(raw_text(row.cells) for row in (filled or [chosen]))
        first = chosen.cells[0]
        return ReviewReading(
            {key: undecided_cell(raw, metrics[key], first, chosen.number, chosen.grid.number) for key in keys}, tuple(flags)
        )
    return ReviewReading(
        {key: read_cell(cell, metrics[key], chosen.number, chosen.grid.number) for key, cell in zip(keys, cells, strict=True)},
        tuple(flags),
    )


def _holds_numbers(row: PrintedRow) -> bool:
    """Whether this may be the row of numbers: not a page number, not a note."""
    if len(row.cells) < MIN_LEAVES or any(is_text(cell) and len(cell.text) > MAX_NUMBER_CHARACTERS for cell in row.cells):
        return False
    return any(map(is_value, row.cells))


def _header_of(row: PrintedRow, header: Sequence[PrintedRow]) -> list[PrintedRow]:
    """The last run of header rows above a row in its own grid."""
    own = [head for head in header if head.grid is row.grid and head.number < row.number]
    run: list[PrintedRow] = []
    for head in reversed(own):
        if run and head.number < run[0].number - 1:
            break
        run.insert(0, head)
    return run


def _map_review(header: Sequence[PrintedRow], words: FormVocabularies) -> ColumnMap:
    """The fifteen columns: a leaf label under the group that covers it, or by order where no group does."""
    cells = [cell for row in header for cell in row.cells if not is_blank(cell)]
    groups = [(cell, words.review_groups[skeleton(cell.text)]) for cell in cells if skeleton(cell.text) in words.review_groups]
    leaves = sorted(
        (cell for cell in cells if skeleton(cell.text) not in words.review_words or skeleton(cell.text) in words.review_leaves),
        key=lambda cell: (cell.column, cell.row),
    )
    form_columns = words.form.review_columns
    order = [f"{column.row}.{column.key}" for column in form_columns]
    names = [_name(cell, groups, words) for cell in leaves]
    if None in names or len(set(names)) != len(names):
        return _map_by_sequence(leaves, words)
    indexes = [order.index(name) for name in names if name is not None]
    columns = tuple(
        HeadColumn(index, cell.column, cell.column + cell.column_span, cell.text)
        for index, cell in zip(indexes, leaves, strict=True)
    )
    in_order = indexes == sorted(indexes)
    return ColumnMap(columns, len(order), in_order, usable=True, flags=() if in_order else (COLUMNS_OUT_OF_ORDER,))


def _name(cell: GridCell, groups: Sequence[tuple[GridCell, str]], words: FormVocabularies) -> str | None:
    key = words.review_leaves.get(skeleton(cell.text))
    covering = [
        row
        for group, row in groups
        if group.row < cell.row
        and group.column <= cell.column
        and cell.column + cell.column_span <= group.column + group.column_span
    ]
    return f"{covering[0]}.{key}" if key and len(covering) == 1 else None


def _map_by_sequence(leaves: Sequence[GridCell], words: FormVocabularies) -> ColumnMap:
    """The columns by the sequence of leaf labels alone, each group's labels in their order."""
    size = len(words.review_leaves)
    count = len(words.form.review_columns)
    if len(leaves) != count:
        return ColumnMap((), count, in_form_order=True, usable=False, flags=(HEADER_CELL_MISSING,))
    known = vocabulary([Label(key, (label,)) for label, key in words.review_leaves.items()])
    fuzzy = False
    for start in range(0, count, size):
        placement = align([cell.text for cell in leaves[start : start + size]], known)
        if any(placement.index_of.get(position) != position for position in range(size)):
            return ColumnMap((), count, in_form_order=True, usable=False, flags=(HEADER_CELL_MISSING,))
        fuzzy = fuzzy or bool(placement.fuzzy)
    columns = tuple(
        HeadColumn(index, cell.column, cell.column + cell.column_span, cell.text) for index, cell in enumerate(leaves)
    )
    return ColumnMap(columns, count, in_form_order=True, usable=True, flags=(HEADER_LABEL_INEXACT,) if fuzzy else ())


def _assign_ragged(
    row: PrintedRow, header: Sequence[PrintedRow], words: FormVocabularies, count: int
) -> tuple[tuple[GridCell, ...] | None, list[str]]:
    """The fifteen cells of a row without positions: all there, or all filled ones, or all blank."""
    flags: list[str] = []
    groups = [
        words.review_groups[form]
        for head in header
        for cell in head.cells
        if (form := skeleton(cell.text)) in words.review_groups
    ]
    expected = list(dict.fromkeys(words.review_groups.values()))
    if groups != [group for group in expected if group in groups] and len(set(groups)) == len(groups):
        return None, [COLUMNS_OUT_OF_ORDER]
    leaves = [cell for head in header for cell in head.cells if skeleton(cell.text) in words.review_leaves]
    if len(leaves) < count:
        flags += [HEADER_CELL_MISSING, COLUMNS_BY_ORDER]
    order = list(words.review_leaves)
    if len(leaves) == count and any(skeleton(cell.text) != order[n % len(order)] for n, cell in enumerate(leaves)):
        return None, [COLUMNS_OUT_OF_ORDER]
    filled = tuple(cell for cell in row.cells if not is_blank(cell))
    if len(row.cells) == count:
        return row.cells, flags
    if len(filled) == count:
        return filled, flags
    if not filled and len(row.cells) > count:
        return row.cells[:count], flags
    return None, flags
