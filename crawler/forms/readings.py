"""The two readings of every cell brought together: agreed, settled by a third, or flagged with both in the record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from crawler.documents.model import Method
from crawler.forms.catalogue import TABLES, Metric
from crawler.forms.cells import absent_cell
from crawler.forms.columns import COLUMNS_OUT_OF_ORDER
from crawler.forms.model import CellReading, State, TableReading
from crawler.forms.numbers import parse_number
from crawler.forms.rows import TableRow
from crawler.forms.tables import TableReadings
from crawler.forms.text_reading import read_text_order

NO_TWO_READINGS_AGREE = "no_two_readings_agree"
UNSOUND = frozenset({"inconsistent_lattice", "slots_not_covered_once", "text_crosses_rule", "overlapping_spans", "ragged_rows"})
"""Flags of a grid whose cells may be put together wrongly."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """The text's reading of each table, and the cells in which it differs from the grid's: key -> text."""

    texts: Mapping[str, Mapping[str, str]]
    disputed: Mapping[str, str]

    def pages(self, readings: TableReadings) -> frozenset[int]:
        """The 1-based pages on which cells are disputed."""
        places = (readings.cells[key].where for key in self.disputed if key in readings.cells)
        return frozenset(place["page"] for place in places if place and "page" in place)


def compare(rows: Sequence[TableRow], readings: TableReadings, version: str) -> Comparison:
    """Read the tables in text order and find where that differs from the cells read."""
    texts = {
        table: found
        for table, found in read_text_order(rows, version).items()
        if f"{COLUMNS_OUT_OF_ORDER}:{table}" not in readings.flags
    }
    cells = readings.cells
    disputed = {
        key: text
        for found in texts.values()
        for key, text in found.items()
        if (cell := cells.get(key)) is None or (cell.raw != text and _is_comparable(cell) and not _agrees(cell, text))
    }
    return Comparison(texts, disputed)


def _is_comparable(cell: CellReading) -> bool:
    """A cell by itself; words in a cell and a row whose cells cannot be told apart have no second reading."""
    return cell.state in (State.NUMBER, State.ZERO, State.BLANK) or (
        cell.state is State.UNPARSED and cell.raw is not None and "".join(cell.raw.split()).isdecimal() and "\t" not in cell.raw
    )


def _agrees(cell: CellReading, text: str) -> bool:
    raw = cell.raw or ""
    return raw == text or "".join(raw.split()) == text


def settle(
    rows: Sequence[TableRow], readings: TableReadings, comparison: Comparison, metrics: Mapping[str, Metric]
) -> dict[str, TableReading]:
    """Decide every disputed cell by majority, in place, and count how each table's cells were read.

    The grid's reading and the text's stand against pdfplumber's where it read the page too: what two agree on is taken, the
    third is kept as ``second_raw``. Where no two agree the cell is flagged; its value stays the grid's only if there was no
    third reading to ask and the grid's structure is sound, otherwise the cell is ``unparsed``.
    """
    result = {}
    for table in TABLES:
        if not readings.row_counts.get(table):
            continue
        grids = {row.printed.grid.number: row.printed.grid for row in rows if row.table == table}
        one = _Table(
            texts=comparison.texts.get(table, {}),
            disputed=comparison.disputed,
            compared=frozenset(page for grid in grids.values() for page in grid.compared_pages),
            is_sound=not any(UNSOUND.intersection(grid.flags) for grid in grids.values()),
        )
        one.decide(f"{table}.", readings.cells, metrics)
        for key in one.texts.keys() - readings.cells.keys():
            readings.cells[key] = one.only_in_text(key, metrics[key])
        methods = dict.fromkeys(readings.methods[table].split("+"))
        if one.texts:
            methods[Method.TEXT.value] = None
        if one.compared:
            methods[Method.PDFPLUMBER.value] = None
        result[table] = TableReading(tuple(methods), one.agreed, one.settled, one.disagreed, one.once)
    return result


@dataclass(slots=True)
class _Table:
    """The readings of one table's cells, and how they ended."""

    texts: Mapping[str, str]
    disputed: Mapping[str, str]
    compared: frozenset[int]
    is_sound: bool
    agreed: int = 0
    settled: int = 0
    disagreed: int = 0
    once: int = 0

    def decide(self, prefix: str, cells: dict[str, CellReading], metrics: Mapping[str, Metric]) -> None:
        """Decide the table's cells in place."""
        for key, cell in cells.items():
            if not key.startswith(prefix):
                continue
            if cell.second_raw is None and cell.raw is not None and cell.raw == self.texts.get(key):
                self.agreed += 1
            else:
                cells[key] = self.decided(key, cell, metrics[key])

    def decided(self, key: str, cell: CellReading, metric: Metric) -> CellReading:
        """The cell after all readings of it were heard."""
        text = self.texts.get(key)
        if text is not None and key in self.disputed:
            return self._majority(cell, text, metric)
        if text is not None and _agrees(cell, text):
            self.agreed += cell.second_raw is None
            self.settled += cell.second_raw is not None
        elif cell.second_raw is not None:
            self.disagreed += 1
            return replace(cell, flags=(*cell.flags, NO_TWO_READINGS_AGREE))
        elif self._third(cell) is not None:
            self.agreed += 1
        else:
            self.once += 1
        return cell

    def only_in_text(self, key: str, metric: Metric) -> CellReading:
        """A cell that the text has and the grid has not."""
        self.disagreed += 1
        absent = absent_cell(metric)
        return replace(absent, second_raw=self.texts[key], flags=(NO_TWO_READINGS_AGREE,))

    def _third(self, cell: CellReading) -> str | None:
        """What pdfplumber saw, ``None`` where it did not look."""
        if cell.second_raw is not None:
            return cell.second_raw
        return cell.raw if cell.where and cell.where.get("page") in self.compared else None

    def _majority(self, cell: CellReading, text: str, metric: Metric) -> CellReading:
        third = self._third(cell)
        if third is not None and "".join(third.split()) == "".join((cell.raw or "").split()):
            self.settled += 1
            return replace(cell, second_raw=text)
        if third is not None and "".join(third.split()) == text:
            self.settled += 1
            parsed = parse_number(text, type=metric.type, signed=metric.signed, unit=cell.unit)
            return replace(
                cell,
                value=parsed.value,
                raw=text,
                state=parsed.state,
                unit=parsed.unit,
                second_raw=cell.raw,
                flags=parsed.flags,
            )
        self.disagreed += 1
        flags = (*cell.flags, NO_TWO_READINGS_AGREE)
        if third is None and self.is_sound:
            return replace(cell, second_raw=text, flags=flags)
        return replace(cell, value=None, state=State.UNPARSED, second_raw=text, flags=flags)
