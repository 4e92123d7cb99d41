"""What every reader turns bytes into: paragraphs and grids in document order."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

Box = tuple[float, float, float, float]
"""x0, top, x1, bottom in points, the origin at the page's top left."""


class Geometry(StrEnum):
    """How far a grid's rows and columns can be trusted to be where they stand on the page."""

    EXACT = "exact"
    """Spans are known: every slot of the rectangle belongs to exactly one cell."""
    RAGGED = "ragged"
    """The source kept only cells in reading order (text files): merged cells are missing or stand as empty ones."""


class Method(StrEnum):
    """The way a grid was read."""

    MARKUP = "markup"
    LATTICE = "lattice"
    PDFPLUMBER = "pdfplumber"
    TEXT = "text"
    OCR = "ocr"


class Word(NamedTuple):
    """A piece of a table's text as the file gives it, found without rules or spans; positions in points on its 1-based page."""

    text: str
    x0: float
    x1: float
    page: int


@dataclass(frozen=True, slots=True)
class GridCell:
    """One cell, at its top-left slot. ``row`` and ``column`` count from 0 within the grid.

    ``text`` is what is printed, line breaks inside the cell kept as ``\\n``, outer white space removed.
    ``second_text`` is what a second, independent reading saw, and only set where the two differ.
    """

    row: int
    column: int
    text: str
    row_span: int = 1
    column_span: int = 1
    page: int | None = None
    """1-based page, for paged formats."""
    box: Box | None = None
    second_text: str | None = None
    wrapped: bool = False
    """The lines are one number that the cell was too narrow for: digits at once under digits, each line but the last full."""

    @property
    def number_text(self) -> str:
        """The text as one number's: a wrapped number on one line.

        >>> GridCell(0, 0, "607\\n1", wrapped=True).number_text
        '6071'
        """
        return self.text.replace("\n", "") if self.wrapped else self.text


@dataclass(frozen=True, slots=True)
class Grid:
    """One table, fragments on following pages already joined. ``cells`` are in row-major order, one per merged area."""

    row_count: int
    column_count: int
    cells: tuple[GridCell, ...]
    geometry: Geometry
    method: Method
    number: int
    """1-based position among the document's grids."""
    flags: tuple[str, ...] = ()
    """What the reader was unsure of, as ``snake_case`` words, e.g. ``second_reading_differs``."""
    reading_order: tuple[Word, ...] = ()
    """The table's text in the file's own order, for a reading that knows nothing of cells; empty where there is none."""
    compared_pages: frozenset[int] = frozenset()
    """Pages that pdfplumber read too: a cell there without ``second_text`` was seen the same by it."""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One paragraph of running text, without outer white space."""

    text: str
    page: int | None = None


Block = Paragraph | Grid


@dataclass(frozen=True, slots=True)
class Document:
    """A document as read: nothing here knows what a report is.

    ``title`` is what the container says the title is (``<h1>``, ``ArticleTitle``, DOCX/PDF properties do not count),
    ``None`` where it says nothing. ``metadata`` holds the container's own words under lower-case keys
    (``pubdate``, ``contentsource``, ``sitename``, ``columnname``, ``producer``, ...), as printed.
    """

    media_type: str
    blocks: tuple[Block, ...]
    title: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    page_count: int | None = None
    flags: tuple[str, ...] = ()
    settle: Callable[[Collection[int]], Document] | None = field(default=None, compare=False, repr=False)
    """Reads the same bytes once more, those 1-based pages by a further reader too, to settle where two readings differ."""

    @property
    def grids(self) -> tuple[Grid, ...]:
        """The document's tables in order."""
        return tuple(block for block in self.blocks if isinstance(block, Grid))

    @property
    def text(self) -> str:
        """The running text and the tables (cells by tab, rows by line feed), in place."""
        return "\n".join(block.text if isinstance(block, Paragraph) else grid_text(block) for block in self.blocks)


def grid_rows(grid: Grid) -> list[list[GridCell]]:
    """The grid's cells by row, each cell once, in the row it starts in."""
    rows: list[list[GridCell]] = [[] for _ in range(grid.row_count)]
    for cell in grid.cells:
        rows[cell.row].append(cell)
    return rows


def grid_text(grid: Grid) -> str:
    """The grid as tab-separated lines, one per row, a merged cell written once at its first slot.

    >>> from crawler.documents.model import *
    >>> grid_text(Grid(1, 2, (GridCell(0, 0, "a\\nb"), GridCell(0, 1, "1")), Geometry.EXACT, Method.TEXT, 1))
    'ab\\t1'
    """
    lines = []
    for row in grid_rows(grid):
        slots = [""] * grid.column_count
        for cell in row:
            if cell.column < grid.column_count:
                slots[cell.column] = cell.text.replace("\n", "").replace("\t", " ")
        lines.append("\t".join(slots))
    return "\n".join(lines)
