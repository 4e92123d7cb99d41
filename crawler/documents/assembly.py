"""Pages of marks -> paragraphs and grids in reading order; knows no format.

Each page's rules become tables, its text goes into their cells, and what a page cut is joined again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from crawler.documents.lattice import Lattice, find_lattices
from crawler.documents.layout import (
    Column,
    Line,
    PlacedParagraph,
    join_texts,
    lines_of,
    paragraphs_of,
    running_text,
    text_column,
)
from crawler.documents.model import Block, Paragraph
from crawler.documents.page import PageMarks, TextRun
from crawler.documents.ruled_text import assign, fragment
from crawler.documents.stitching import SAME_EDGE, Fragment, Piece, Table, matching_shift


class PlacedTable:
    """A table on a page before joining: its fragment, where it stands and the runs in it."""

    def __init__(self, fragment_: Fragment, box: tuple[float, float, float, float], runs: list[TextRun]) -> None:
        self.fragment = fragment_
        self.box = box
        self.runs = runs

    @property
    def one_column(self) -> bool:
        """A framed paragraph, or a row that a page cut off its table."""
        return len(self.fragment.edges()) == 2


class PageItems:
    """One page's text outside its tables and its tables, top to bottom."""

    def __init__(self, marks: PageMarks, lines: list[Line], tables: list[PlacedTable]) -> None:
        self.marks = marks
        self.lines = lines
        self.tables = sorted(tables, key=lambda table: table.box[1])


def items_of(pages: Sequence[PageMarks]) -> list[PageItems]:
    """Every page's ruled tables and the text outside them, page numbers and running heads left out."""
    tables = [_tables_only(find_lattices(marks.horizontals, marks.verticals), marks.height) for marks in pages]
    running = running_text(pages, [[lattice.box for lattice in lattices] for lattices in tables])
    return [
        _items(marks, [run for index, run in enumerate(marks.runs) if index not in drop], lattices)
        for marks, drop, lattices in zip(pages, running, tables, strict=True)
    ]


def _items(marks: PageMarks, runs: list[TextRun], lattices: list[Lattice]) -> PageItems:
    filled, outside = assign(runs, lattices)
    tables = [
        PlacedTable(fragment(one, marks.number), one.lattice.box, [run for cell in one.runs for run in cell])
        for one in filled
        if any(one.runs)
    ]
    return PageItems(marks, lines_of(outside), tables)


def assemble(items: Sequence[PageItems]) -> list[Block]:
    """The pages' text and tables in reading order, joining tables and paragraphs that a page cut."""
    return _Assembly(items).blocks()


def _tables_only(lattices: list[Lattice], page_height: float) -> list[Lattice]:
    """Without frames: what has one column and is drawn round another table, or round most of a page."""
    kept = []
    for lattice in lattices:
        x0, top, x1, bottom = lattice.box
        if len(lattice.xs) == 2:
            encloses = any(
                other is not lattice
                and x0 <= other.xs[0]
                and other.xs[-1] <= x1
                and top <= other.ys[0]
                and other.ys[-1] <= bottom
                for other in lattices
            )
            if encloses or bottom - top > 0.5 * page_height:
                continue
        kept.append(lattice)
    return kept


class _Assembly:
    """Puts the pages' items in reading order, joining tables and paragraphs that a page cut."""

    def __init__(self, items: Sequence[PageItems]) -> None:
        self._items = items
        self._blocks: list[PlacedParagraph | tuple[Table, list[PlacedTable]]] = []
        self._columns: dict[int, Column] = {}
        lines_by_width: dict[int, list[Line]] = {}
        for page_items in items:
            lines_by_width.setdefault(round(page_items.marks.width), []).extend(page_items.lines)
        for width, lines in lines_by_width.items():
            self._columns[width] = text_column(lines)

    def blocks(self) -> list[Block]:
        """Paragraphs and grids in reading order."""
        for page_items in self._items:
            self._add_page(page_items)
        result: list[Block] = []
        number = 0
        for block in self._blocks:
            if isinstance(block, PlacedParagraph):
                if block.text:
                    result.append(Paragraph(block.text, block.page))
            elif all(part.one_column for part in block[1]):
                for part in block[1]:
                    page = part.fragment.page
                    lines = lines_of(part.runs)
                    inner = text_column(lines)
                    result.extend(Paragraph(one.text, page) for one in paragraphs_of(lines, page, inner) if one.text)
            else:
                number += 1
                result.append(block[0].grid(number))
        return result

    def _add_page(self, page_items: PageItems) -> None:
        page = page_items.marks
        column = self._columns[round(page.width)]
        lines = sorted(page_items.lines, key=lambda line: line.top)
        beside: dict[int, list[Line]] = {}
        free: list[Line] = []
        for line in lines:
            middle = (line.top + line.bottom) / 2
            home = next((i for i, table in enumerate(page_items.tables) if table.box[1] <= middle <= table.box[3]), None)
            if home is None:
                free.append(line)
            else:
                beside.setdefault(home, []).append(line)
        first = True
        for index, table in enumerate(page_items.tables):
            above = [line for line in free if line.top < table.box[1]]
            free = free[len(above) :]
            self._add_text(above, page.number, column, first=first)
            first = first and not above
            rest = self._add_table(table, beside.get(index, []), first=first)
            first = False
            self._add_text(rest, page.number, column, first=False)
        self._add_text(free, page.number, column, first=first)

    def _add_text(self, lines: list[Line], page: int, column: Column, *, first: bool) -> None:
        if not lines:
            return
        paragraphs = paragraphs_of(lines, page, column)
        last = self._blocks[-1] if self._blocks else None
        if (
            first
            and isinstance(last, PlacedParagraph)
            and last.page == page - 1
            and last.open_end
            and not paragraphs[0].starts_indented
            and abs(last.size - paragraphs[0].size) < 1
        ):
            self._blocks[-1] = replace(paragraphs[0], text=join_texts(last.text, paragraphs[0].text), page=last.page)
            paragraphs = paragraphs[1:]
        self._blocks.extend(paragraphs)

    def _add_table(self, table: PlacedTable, beside: list[Line], *, first: bool) -> list[Line]:
        """Joins the table to the one before or starts a new one; the lines beside it that are no part of it."""
        last = self._blocks[-1] if self._blocks else None
        if first and isinstance(last, tuple) and last[1][-1].fragment.page == table.fragment.page - 1:
            whole, parts = last
            shift = matching_shift(whole.edges, table.fragment.edges())
            if shift is not None:
                continued, rest = _with_text_beside(table.fragment.moved(shift), whole.edges[0], beside)
                whole.add(continued)
                parts.append(table)
                return rest
        whole = Table()
        whole.add(table.fragment)
        self._blocks.append((whole, [table]))
        return beside


def _with_text_beside(fragment_: Fragment, left: float, beside: list[Line]) -> tuple[Fragment, list[Line]]:
    """A fragment that starts right of its table's left edge takes the text in between as a merged cell of its own."""
    gap_right = fragment_.left
    if gap_right - left <= SAME_EDGE:
        return fragment_, beside
    inner = [run for line in beside for run in line.runs if left <= (run.x0 + run.x1) / 2 <= gap_right]
    taken = set(map(id, inner))
    rest = lines_of([run for line in beside for run in line.runs if id(run) not in taken])
    lines = lines_of(inner)
    box = (
        left,
        min(piece.box[1] for piece in fragment_.pieces),
        gap_right,
        max(piece.box[3] for piece in fragment_.pieces),
    )
    text = "\n".join(line.text for line in lines)
    piece = Piece(0, fragment_.row_count, left, gap_right, text, full=False, page=fragment_.page, box=box)
    return replace(fragment_, pieces=(piece, *fragment_.pieces)), rest
