"""The three statutory tables: rows and columns by label, every cell of the form accounted for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from crawler.forms.alignment import Label, Placement, Vocabulary, align, vocabulary
from crawler.forms.catalogue import ACTIVE_DISCLOSURE, REQUESTS, REVIEW_LITIGATION, TABLES, ColumnSpec, Metric
from crawler.forms.cells import read_cell, undecided_cell
from crawler.forms.columns import Assignment, assign
from crawler.forms.labelled import LabelledRow, join_halves, label_rows, raw_text
from crawler.forms.labels import skeleton
from crawler.forms.model import CellReading
from crawler.forms.review import ROW_DOUBLED, ROW_UNDECIDED, read_review
from crawler.forms.rows import ARTICLE, PrintedRow, RowKind, TableRow
from crawler.forms.vocabularies import FormVocabularies, form_vocabularies

SECOND_READING_DIFFERS = "second_reading_differs"
ROW_LABEL_INEXACT = "row_label_inexact"
ROW_OUT_OF_ORDER = "row_out_of_order"
ROW_JOINED = "row_joined"
ROW_MISSING = "row_missing"
UNKNOWN_ROW = "unknown_row"
BLANK_BESIDE_UNKNOWN_ROW = "blank_beside_unknown_row"
TABLE_MISSING = "table_missing"
ARTICLE_DIFFERS = "article_differs"


@dataclass(slots=True)
class TableReadings:
    """What the tables gave: ``cells`` by metric key (only what is printed), flags, how each table was read, how many
    labelled rows each has."""

    cells: dict[str, CellReading] = field(default_factory=dict)
    flags: dict[str, None] = field(default_factory=dict)
    methods: dict[str, str] = field(default_factory=dict)
    row_counts: dict[str, int] = field(default_factory=dict)

    def flag(self, word: str, subject: str) -> None:
        """Note something once."""
        self.flags[f"{word}:{subject}"] = None


def read_tables(rows: Sequence[TableRow], version: str) -> TableReadings:
    """Read the three tables of a form from their rows; what is not printed is not in ``cells``."""
    words = form_vocabularies(version)
    metrics = metrics_by_key(version)
    readings = TableReadings()
    by_table = {table: [row for row in rows if row.table == table] for table in TABLES}
    _read_disclosure(by_table[ACTIVE_DISCLOSURE], words, metrics, readings)
    _read_requests(by_table[REQUESTS], words, metrics, readings)
    review = read_review(by_table[REVIEW_LITIGATION], words, metrics)
    readings.cells.update(review.cells)
    readings.row_counts[REVIEW_LITIGATION] = int(bool(review.cells))
    for word in review.flags:
        readings.flag(word, REVIEW_LITIGATION)
    for table in TABLES:
        if readings.row_counts[table]:
            readings.methods[table] = "+".join(dict.fromkeys(row.printed.grid.method.value for row in by_table[table]))
        else:
            readings.flag(TABLE_MISSING, table)
    return readings


@cache
def metrics_by_key(version: str) -> Mapping[str, Metric]:
    """Every metric of a form by its key, those printed by some bodies only as well."""
    form = form_vocabularies(version).form
    return {metric.key: metric for metric in (*form.metrics, *form.extra_metrics)}


def _read_requests(
    rows: Sequence[TableRow], words: FormVocabularies, metrics: Mapping[str, Metric], readings: TableReadings
) -> None:
    known = words.request_rows
    labelled, joined = join_halves(label_rows(rows, known, words.request_columns), known)
    placement = align([row.label for row in labelled], known, [row.group for row in labelled])
    assignments = assign([(row.values, row.header) for row in labelled], words.request_columns)
    optional = {row.key for row in words.form.request_extra_rows}
    inside = {
        row.key
        for row in words.form.request_rows
        if row.group and any(skeleton(extra.label) == skeleton(row.group[-1]) for extra in words.form.request_extra_rows)
    }
    found = {known.labels[index].key for index in placement.index_of.values()}
    if found & optional and found & inside:
        # The label over printed sub-rows is a group's; a row that shows nothing else has lost its own label.
        placement = _without(placement, {n for n, label in enumerate(known.labels) if label.key in optional})
        found -= optional
    _place(
        REQUESTS, labelled, assignments, placement, known, [words.form.request_columns] * len(known.labels), metrics, readings
    )
    _note_rows(REQUESTS, placement, known, joined, optional | (inside if found & optional else set()), readings)


def _without(placement: Placement, indexes: set[int]) -> Placement:
    """The placement with the rows placed at these labels unknown instead."""
    lost = [position for position, index in placement.index_of.items() if index in indexes]
    lost += [position for index in indexes for position in placement.doubled.get(index, ()) if position not in lost]
    return Placement(
        {position: index for position, index in placement.index_of.items() if index not in indexes},
        {index: positions for index, positions in placement.doubled.items() if index not in indexes},
        placement.fuzzy - set(lost),
        tuple(position for position in placement.out_of_order if position not in lost),
        tuple(sorted((*placement.unknown, *lost))),
    )


def _read_disclosure(
    rows: Sequence[TableRow], words: FormVocabularies, metrics: Mapping[str, Metric], readings: TableReadings
) -> None:
    known = words.disclosure_rows
    parts = _parts_by_article(rows, words)
    every_column = _every_column(words.form.version)
    labelled, joined = join_halves(
        [row for block, part in parts for row in label_rows(part, known, every_column, block)], known
    )
    placement = align([row.label for row in labelled], known)
    index_of = dict(placement.index_of)
    for index, positions in placement.doubled.items():
        index_of.update(dict.fromkeys(positions, index))
    assignments = [Assignment(None)] * len(labelled)
    for number, columns in enumerate(words.disclosure_columns):
        here = [n for n in range(len(labelled)) if n in index_of and words.block_of[index_of[n]] == number]
        for n, assignment in zip(here, assign([(labelled[n].values, labelled[n].header) for n in here], columns), strict=True):
            assignments[n] = assignment
            if labelled[n].block not in (None, number):
                readings.flag(ARTICLE_DIFFERS, f"{ACTIVE_DISCLOSURE}.{known.labels[index_of[n]].key}")
    columns_of = [words.form.blocks[number].columns for number in words.block_of]
    _place(ACTIVE_DISCLOSURE, labelled, assignments, placement, known, columns_of, metrics, readings)
    _note_rows(ACTIVE_DISCLOSURE, placement, known, joined, set(), readings)


def _parts_by_article(rows: Iterable[TableRow], words: FormVocabularies) -> list[tuple[int | None, list[TableRow]]]:
    """The rows of table 2, parted at each article line."""
    parts: list[tuple[int | None, list[TableRow]]] = [(None, [])]
    for row in rows:
        if row.kind is RowKind.ARTICLE:
            parts.append((_block_of_article(row.printed, words), []))
        else:
            parts[-1][1].append(row)
    return parts


def _block_of_article(row: PrintedRow, words: FormVocabularies) -> int | None:
    printed = [match[1] for cell in row.cells if (match := ARTICLE.match(skeleton(cell.text)))]
    for number, block in enumerate(words.form.blocks):
        own = ARTICLE.match(skeleton(block.article))
        if own and own[1] in printed[:1]:
            return number
    return None


@cache
def _every_column(version: str) -> Vocabulary:
    blocks = form_vocabularies(version).form.blocks
    labels = dict.fromkeys(column.label for block in blocks for column in block.columns)
    return vocabulary([Label(label, (label,)) for label in labels], [block.row_header for block in blocks])


def _place(
    table: str,
    labelled: Sequence[LabelledRow],
    assignments: Sequence[Assignment],
    placement: Placement,
    known: Vocabulary,
    columns_of: Sequence[tuple[ColumnSpec, ...]],
    metrics: Mapping[str, Metric],
    readings: TableReadings,
) -> None:
    """Write the cells of every placed row under their keys."""
    readings.row_counts[table] = len(placement.index_of)
    for position, index in sorted(placement.index_of.items()):
        row_key = known.labels[index].key
        positions = placement.doubled.get(index, (position,))
        printed = [labelled[n] for n in positions]
        assignment = assignments[position]
        agreed = len({tuple(cell.text for cell in assignments[n].cells or ()) for n in positions}) == 1
        row = printed[0].values
        keys = [f"{table}.{row_key}.{column.key}" for column in columns_of[index]]
        for flag in assignment.flags:
            readings.flag(flag, table)
        if len(positions) > 1:
            readings.flag(ROW_DOUBLED, f"{table}.{row_key}")
        if assignment.cells is None or not agreed:
            readings.flag(ROW_UNDECIDED, f"{table}.{row_key}")
            raw = " | ".join(raw_text(one.values.cells) for one in printed)
            first = next(iter(row.cells), row.printed.cells[0])
            for key in keys:
                readings.cells[key] = undecided_cell(raw, metrics[key], first, row.printed.number, row.printed.grid.number)
            continue
        for number, (key, cell) in enumerate(zip(keys, assignment.cells, strict=True)):
            readings.cells[key] = read_cell(
                cell,
                metrics[key],
                row.printed.number,
                row.printed.grid.number,
                assignment.headers.get(number),
                label_inexact=position in placement.fuzzy,
            )
    if not all(labelled[position].is_empty for position in placement.unknown):
        readings.flag(UNKNOWN_ROW, table)
        # What stands there may be what a row without any figure lacks.
        for position, index in placement.index_of.items():
            if labelled[position].is_empty:
                for column in columns_of[index]:
                    readings.flag(BLANK_BESIDE_UNKNOWN_ROW, f"{table}.{known.labels[index].key}.{column.key}")


def _note_rows(
    table: str, placement: Placement, known: Vocabulary, joined: Sequence[str], optional: set[str], readings: TableReadings
) -> None:
    """Flag rows that are damaged, out of their order, put together or missing."""
    for position in sorted(placement.fuzzy & placement.index_of.keys()):
        readings.flag(ROW_LABEL_INEXACT, f"{table}.{known.labels[placement.index_of[position]].key}")
    for position in placement.out_of_order:
        readings.flag(ROW_OUT_OF_ORDER, f"{table}.{known.labels[placement.index_of[position]].key}")
    for key in joined:
        readings.flag(ROW_JOINED, f"{table}.{key}")
    if placement.index_of:
        found = set(placement.index_of.values())
        for index, label in enumerate(known.labels):
            if index not in found and label.key not in optional:
                readings.flag(ROW_MISSING, f"{table}.{label.key}")
