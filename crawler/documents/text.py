"""Plain text as people and other programs save reports: paragraphs, and tables kept by tabs.

Two ways to keep a table by tabs are read. *Row lines*: one line a row, its cells separated by tabs. *Cell lines*: one line a
cell, each beginning with a tab; a line without one continues the cell, a blank line ends the row.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from crawler.documents.encoding import decode
from crawler.documents.model import Block, Document, Geometry, Grid, GridCell, Method, Paragraph

MEDIA_TYPE = "text/plain"

# What Word-to-text converters leave of bookmarks.
_BOOKMARK = re.compile(r"\[bookmark:[^\]\n]{0,80}\]")
_LINE_ENDS = re.compile(r"\r\n|[\n\r\x0b\x0c\x85\u2028\u2029]")
_MARKDOWN_RULE = re.compile(r"[|\s]*:?-{3,}:?(?:[|\t ]+:?-{3,}:?)*[|\s]*")
_HEADING = re.compile(r"[一二三四五六七八九十]+[、.．]")
_INVISIBLE = "\ufeff\u200b\u200c\u200d\u2060\xad"
_STRIPPED = " \t\r\n\u3000\xa0" + _INVISIBLE

MAX_CELL_CHARACTERS = 120
"""A longer line behind a tab is an indented paragraph; the longest statutory label has 40 characters."""
MAX_BARE_ROW_CHARACTERS = 30
"""A line without tabs between two rows is a row of one cell up to this length."""


@dataclass(slots=True)
class _Table:
    rows: list[list[str]] = field(default_factory=list)
    row_is_open: bool = False
    """Cell lines only: the next cell line goes on with the last row."""

    def add_row(self, cells: list[str]) -> None:
        self.rows.append(cells)
        self.row_is_open = False

    def add_cell(self, text: str) -> None:
        if self.row_is_open:
            self.rows[-1].append(text)
        else:
            self.rows.append([text])
            self.row_is_open = True

    def continue_cell(self, text: str) -> None:
        before = self.rows[-1][-1]
        self.rows[-1][-1] = f"{before}\n{text}" if before else text

    def holds_only_an_empty_cell(self) -> bool:
        """The open row is one cell nothing has been written into yet: what follows a blank line may be its text."""
        return self.row_is_open and self.rows[-1] == [""]


def read_text(content: bytes) -> Document:
    """Read plain text of any Chinese encoding; never fails on bytes that are text.

    Grids have ragged geometry: one cell per printed cell, empty ones included, its row and column being its position in
    the source. A table goes on over blank lines and markdown rules until ordinary text comes.
    """
    decoded = decode(content)
    lines = [_BOOKMARK.sub("", line) for line in _LINE_ENDS.split(decoded.text)]
    blocks: list[Block] = []
    number = 0
    for table in _tables_and_lines(lines):
        if isinstance(table, str):
            blocks.append(Paragraph(table))
        elif _is_table(table):
            number += 1
            blocks.append(_grid(table.rows, number))
        else:
            blocks.extend(Paragraph(cell) for row in table.rows for cell in row if cell)
    return Document(MEDIA_TYPE, tuple(blocks), metadata={"encoding": decoded.encoding}, flags=decoded.flags)


def _tables_and_lines(lines: list[str]) -> Iterator[_Table | str]:
    """The tables and the lines of ordinary text, in order."""
    table: _Table | None = None
    after_blank = False
    for index, line in enumerate(lines):
        text = line.strip(_STRIPPED)
        if table is not None and text and "-" in text and _MARKDOWN_RULE.fullmatch(line):
            continue
        if _is_row_line(line):
            table = table or _Table()
            table.add_row([cell.strip(_STRIPPED) for cell in line.split("\t")])
        elif _is_cell_line(line):
            table = table or _Table()
            if after_blank:
                table.row_is_open = False
            table.add_cell(text)
        elif not text:
            after_blank = True
            continue
        elif table is not None and _continues(table, line, lines[index + 1 : index + 2], after_blank=after_blank):
            if table.row_is_open:
                table.continue_cell(text)
            else:
                table.add_row([text])
        else:
            if table is not None:
                yield table
                table = None
            yield text
        after_blank = False
    if table is not None:
        yield table


def _is_row_line(line: str) -> bool:
    """Tabs other than a single leading one; a row of nothing but tabs is a row of blanks."""
    return "\t" in line[1:]


def _is_cell_line(line: str) -> bool:
    return line.startswith("\t") and len(line) <= MAX_CELL_CHARACTERS


def _continues(table: _Table, line: str, following: list[str], *, after_blank: bool) -> bool:
    """Whether a line without tabs belongs to the table's open cell or is a row of one cell, rather than ends the table."""
    next_is_cell = any(_is_cell_line(item) or _is_row_line(item) for item in following)
    if table.row_is_open:
        if after_blank:
            return table.holds_only_an_empty_cell() and next_is_cell
        return table.holds_only_an_empty_cell() or not _HEADING.match(line.strip(_STRIPPED))
    return (
        not after_blank and next_is_cell and len(line) <= MAX_BARE_ROW_CHARACTERS and not _HEADING.match(line.strip(_STRIPPED))
    )


def _is_table(table: _Table) -> bool:
    """Indented paragraphs look like rows of one cell, or one row of many; stray tabs hold nothing."""
    return len(table.rows) > 1 and any(len(row) > 1 for row in table.rows) and any(any(row) for row in table.rows)


def _grid(rows: list[list[str]], number: int) -> Grid:
    cells = tuple(GridCell(row, column, text) for row, printed in enumerate(rows) for column, text in enumerate(printed))
    return Grid(len(rows), max(map(len, rows)), cells, Geometry.RAGGED, Method.TEXT, number)
