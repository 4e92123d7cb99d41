"""One sheet's cells to paragraphs and tables: where a table begins and ends is nowhere written, only where cells stand."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from crawler.documents import spans
from crawler.documents.model import Block, Paragraph
from crawler.documents.spans import PlacedCell, exact_grid
from crawler.outcomes import Outcome, OutcomeError

MAX_SLOTS = 2_000_000
"""Rows x columns of the filled area of one sheet; a whole report fills about 1,500."""
MAX_MERGES = 20_000
SENTENCE_CHARACTERS = 60
"""A line that is alone in its row and longer than any label is running text."""

MERGED_TEXT = "text_in_merged_cell"
"""A slot under a merged cell held text of its own, which a spreadsheet does not show and is not read."""

_HEADING = re.compile(r"[一二三四五六七八九十]{1,3}\s*[、.．]|第[一二三四五六七八九十]{1,3}部分")
_ARTICLE = re.compile(r"第\s*[〇零一二三四五六七八九十百千\d]+\s*条")
_SENTENCE = re.compile(r"[。；]")
_NUMBER = re.compile(r"[-+−－]?\d[\d,，]*(?:\.\d+)?")

Slot = tuple[int, int]
Area = tuple[Slot, Slot]


class _Cell(NamedTuple):
    """A cell that holds text, at its top-left slot."""

    row: int
    column: int
    row_span: int
    column_span: int
    text: str


@dataclass(frozen=True, slots=True)
class _Unit:
    """Rows that merged cells tie together, ``last`` included, and what is printed in them."""

    first: int
    last: int
    cells: tuple[_Cell, ...]

    @property
    def is_line(self) -> bool:
        """Whether one cell alone is filled: a heading, a paragraph, or a row whose values are blank."""
        return len(self.cells) == 1


def sheet_blocks(texts: Mapping[Slot, str], merges: Sequence[Area], number: int) -> tuple[list[Block], tuple[str, ...]]:
    """The paragraphs and grids of a sheet in order, and what is odd about it.

    Blank rows part tables. A line alone in its row is text above a table, unless it quotes the article of law that the rows
    below it report on; between the rows of a table it is text only if it is a numbered heading or a sentence, since else it
    may be a label whose values are blank. All grids of a sheet count their columns from the same one.

    Args:
        texts: row and column, from 0, to what is shown there; slots without text are left out.
        merges: merged areas as top-left and bottom-right slot.
        number: of the first grid.

    Raises:
        OutcomeError: ``too_large``.
    """
    if not texts:
        return [], ()
    anchors, covered = _merged(texts, merges)
    flags = (MERGED_TEXT,) if any(slot in texts for slot in covered) else ()
    units = list(_units(texts, anchors, covered))
    tabular = [cell.column for unit in units if not unit.is_line for cell in unit.cells]
    left = min(tabular, default=0)
    blocks: list[Block] = []
    for part in _parts(units):
        if isinstance(part, _Unit):
            lines = "\n".join(cell.text for cell in part.cells).split("\n")
            blocks += [Paragraph(line.strip()) for line in lines if line.strip()]
            continue
        placed = list(_placed(part, left, texts, anchors, covered))
        try:
            grid = exact_grid(placed, part[-1].last - part[0].first + 1, number)
        except ValueError as error:
            raise OutcomeError(Outcome.TOO_LARGE, f"the workbook holds {error}") from error
        if grid is not None:
            blocks.append(grid)
            number += 1
    return blocks, flags


def _merged(texts: Mapping[Slot, str], merges: Sequence[Area]) -> tuple[dict[Slot, Area], dict[Slot, Slot]]:
    """Merged areas within the filled part of the sheet by their first slot, and the slots they cover to that slot."""
    last_row, last_column = max(row for row, _ in texts), max(column for _, column in texts)
    if len(merges) > MAX_MERGES:
        raise OutcomeError(Outcome.TOO_LARGE, f"a sheet holds {len(merges)} merged areas; at most {MAX_MERGES} are read")
    anchors: dict[Slot, Area] = {}
    covered: dict[Slot, Slot] = {}
    area = 0
    for (top, start), (bottom, end) in sorted(merges):
        if top > last_row or bottom < top or end < start:
            continue
        # A title may be merged beyond the last filled column, and a value over empty ones.
        low, right = min(bottom, last_row), min(end, max(last_column, start))
        area += (low - top + 1) * (right - start + 1)
        if area > MAX_SLOTS:
            raise OutcomeError(Outcome.TOO_LARGE, f"the merged areas of a sheet cover more than {MAX_SLOTS} cells")
        if (top, start) in covered or (top, start) in anchors:
            continue
        anchors[top, start] = (top, start), (low, end)
        for row in range(top, low + 1):
            for column in range(start, right + 1):
                if (row, column) != (top, start):
                    covered.setdefault((row, column), (top, start))
    return anchors, covered


def _units(texts: Mapping[Slot, str], anchors: Mapping[Slot, Area], covered: Mapping[Slot, Slot]) -> Iterator[_Unit]:
    """The rows that print something, those tied by a merged cell together."""
    by_row: dict[int, list[_Cell]] = {}
    for (row, column), text in texts.items():
        if (row, column) not in covered:
            (_, _), (bottom, end) = anchors.get((row, column), ((row, column), (row, column)))
            by_row.setdefault(row, []).append(_Cell(row, column, bottom - row + 1, end - column + 1, text))
    # Only cells with text tie: designers leave empty merged areas about.
    first: int | None = None
    last = -1
    cells: list[_Cell] = []
    for row in sorted(by_row):
        if first is not None and row > last:
            yield _Unit(first, last, tuple(cells))
            first, cells = None, []
        if first is None:
            first, last = row, row
        line = sorted(by_row[row])
        last = max(last, *(cell.row + cell.row_span - 1 for cell in line))
        cells += line
    if first is not None:
        yield _Unit(first, last, tuple(cells))


def _parts(units: Sequence[_Unit]) -> Iterator[_Unit | list[_Unit]]:
    """Lines of text and tables, each table as its units."""
    start = 0
    for position in range(1, len(units) + 1):
        if position == len(units) or units[position].first > units[position - 1].last + 1:
            yield from _band_parts(units[start:position])
            start = position


def _band_parts(band: Sequence[_Unit]) -> Iterator[_Unit | list[_Unit]]:
    """The parts of a run of rows without a blank one."""
    table: list[_Unit] = []
    for position, unit in enumerate(band):
        if not (unit.is_line and _is_text(band, position, table)):
            table.append(unit)
            continue
        if table:
            yield table
            table = []
        yield unit
    if table:
        yield table


def _is_text(band: Sequence[_Unit], position: int, table: Sequence[_Unit]) -> bool:
    """Whether a row with one filled cell is running text rather than a row of the table ``table`` begun above it."""
    line = band[position].cells[0]
    following = next((unit for unit in band[position:] if not unit.is_line), None)
    rows_above = [unit for unit in table if not unit.is_line]
    if following is None and not rows_above:
        return True
    if not rows_above:
        between = band[position : band.index(following)] if following else ()
        return not all(_quotes_article(unit.cells[0].text) for unit in between)
    if _SENTENCE.search(line.text) or len(line.text) > SENTENCE_CHARACTERS:
        return True
    left = min(cell.column for unit in rows_above for cell in unit.cells)
    right = max(cell.column + cell.column_span for unit in rows_above for cell in unit.cells)
    is_across = line.column <= left and line.column + line.column_span >= right and line.column_span > 1
    if is_across:
        return bool(_HEADING.match(line.text)) or (following is None and not _quotes_article(line.text))
    # A heading nobody merged; a label whose values are blank is followed by rows with numbers.
    is_alone = line.column <= left and line.column_span == 1
    return is_alone and bool(_HEADING.match(line.text)) and (following is None or not _has_number(following))


def _quotes_article(text: str) -> bool:
    return bool(_ARTICLE.match(text)) and len(text) <= SENTENCE_CHARACTERS


def _has_number(unit: _Unit) -> bool:
    return any(_NUMBER.fullmatch(cell.text) for cell in unit.cells if cell.row == unit.first)


def _placed(
    units: Sequence[_Unit],
    left: int,
    texts: Mapping[Slot, str],
    anchors: Mapping[Slot, Area],
    covered: Mapping[Slot, Slot],
) -> Iterator[PlacedCell]:
    """Every slot of the table's rectangle that begins a cell; blank slots are blank cells, not missing ones."""
    top, bottom = units[0].first, units[-1].last
    right = max(max(cell.column for cell in unit.cells) for unit in units)
    blank_merges = [slot for slot in anchors if top <= slot[0] <= bottom]
    right = max([right, *(column for _, column in blank_merges)])
    if (bottom - top + 1) * (right - left + 1) > spans.MAX_SLOTS:
        raise OutcomeError(Outcome.TOO_LARGE, f"a table of {bottom - top + 1} x {right - left + 1} cells")
    for row in range(top, bottom + 1):
        for column in range(left, right + 1):
            if (row, column) in covered and covered[row, column][0] >= top and covered[row, column][1] >= left:
                continue
            (_, _), (low, end) = anchors.get((row, column), ((row, column), (row, column)))
            text = "" if (row, column) in covered else texts.get((row, column), "")
            yield PlacedCell(row - top, column - left, low - row + 1, end - column + 1, text)
