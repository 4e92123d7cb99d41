"""PDF -> Document: running text and every ruled table, fragments on following pages joined.

pdfium reads, the lattice decides what a cell is, and pdfplumber is asked for a second opinion on the pages where the
lattice is unsure of itself.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import pypdfium2.raw as pdfium

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
from crawler.documents.model import Block, Document, Paragraph
from crawler.documents.page import TextRun
from crawler.documents.pdf_page import LARGE_IMAGE, PdfPage, read_page
from crawler.documents.pdf_second import NO_SECOND_READING, compared, looks_tabular
from crawler.documents.ruled_text import DOUBTS, assign, fragment
from crawler.documents.stitching import SAME_EDGE, Fragment, Piece, Table, matching_shift
from crawler.outcomes import Outcome, OutcomeError

MEDIA_TYPE = "application/pdf"
HEADER_WITHIN = 1024
"""Bytes in which ``%PDF-`` must stand: some servers put a banner or white space before it."""
FEW_CHARACTERS = 20
"""A page with fewer characters than this, page number included, has no usable text layer if an image covers it."""
MANY_PATHS = 300
"""A page without text but with this many paths was turned into outlines."""
GARBLED_SHARE = 0.15
"""The share of characters without meaning from which on a text layer is unusable."""
MAX_PAGES = 400

INFO_KEYS = ("Title", "Author", "Subject", "Creator", "Producer", "CreationDate", "ModDate")

SecondOpinion = Literal["where_unsure", "always"]


def read_pdf(content: bytes, *, second_opinion: SecondOpinion = "where_unsure") -> Document:
    """The document's paragraphs and grids in reading order; every cell has its 1-based page and its box in points.

    ``second_opinion``: ``always`` has pdfplumber read every page with a table again, ``where_unsure`` only pages on
    which the lattice contradicts itself. Where the two differ the cell has ``second_text`` and the grid the flag
    ``second_reading_differs``.

    Raises:
        OutcomeError: ``not_a_document``, ``truncated``, ``encrypted``, ``too_large``, ``scanned``, ``garbled`` or
            ``failed``.
    """
    pages, metadata = _load(content)
    _require_text(pages)
    tables = _PageTables(content, pages, second_opinion)
    blocks = _Assembly(tables.items()).blocks()
    flags = sorted(
        {flag for page in pages for flag in page.marks.flags} | ({"image_page"} if any(map(_is_scan, pages)) else set())
    )
    return Document(MEDIA_TYPE, tuple(blocks), metadata=metadata, page_count=len(pages), flags=tuple(flags))


def _load(content: bytes) -> tuple[list[PdfPage], dict[str, str]]:
    start = content.find(b"%PDF-", 0, HEADER_WITHIN + 5)
    if start < 0:
        raise OutcomeError(
            Outcome.NOT_A_DOCUMENT, "The file is not a PDF: no %PDF- header; look at what the server sent instead."
        )
    if b"%%EOF" not in content[-4096:] and b"%%EOF" not in content[start:].rstrip()[-4096:]:
        raise OutcomeError(Outcome.TRUNCATED, "The PDF ends without %%EOF: the download was cut off; fetch it again.")
    body = content[start:] if start else content
    document = pdfium.FPDF_LoadMemDocument64(body, len(body), None)
    if not document:
        raise _load_error(pdfium.FPDF_GetLastError(), body)
    try:
        count = pdfium.FPDF_GetPageCount(document)
        if count > MAX_PAGES:
            raise OutcomeError(Outcome.TOO_LARGE, f"The PDF has {count} pages; an annual report has at most {MAX_PAGES}.")
        pages = [read_page(document, index) for index in range(count)]
        metadata = _metadata(document)
    finally:
        pdfium.FPDF_CloseDocument(document)
    if not pages:
        raise OutcomeError(Outcome.TRUNCATED, "The PDF holds no page: its page tree is missing; fetch it again.")
    lost = [index for index, page in enumerate(pages, start=1) if page is None]
    if lost:
        numbers = ", ".join(map(str, lost[:5]))
        raise OutcomeError(
            Outcome.TRUNCATED, f"Page {numbers} of the PDF cannot be loaded: the file is damaged; fetch it again."
        )
    return [page for page in pages if page is not None], metadata


def _load_error(code: int, body: bytes) -> OutcomeError:
    if code == pdfium.FPDF_ERR_PASSWORD:
        return OutcomeError(Outcome.ENCRYPTED, "The PDF needs a password to be opened; ask its publisher for an open copy.")
    if code == pdfium.FPDF_ERR_SECURITY:
        return OutcomeError(Outcome.ENCRYPTED, "The PDF uses a protection scheme that cannot be opened; ask for an open copy.")
    if b"startxref" not in body[-4096:] or code == pdfium.FPDF_ERR_FORMAT:
        return OutcomeError(
            Outcome.TRUNCATED, "The PDF's cross-reference table is broken: the file is damaged; fetch it again."
        )
    return OutcomeError(Outcome.FAILED, f"pdfium cannot open the PDF (error {code}); open it by hand to see what it is.")


def _metadata(document: object) -> dict[str, str]:
    found = {}
    for key in INFO_KEYS:
        name = key.encode("ascii")
        size = pdfium.FPDF_GetMetaText(document, name, None, 0)
        if size <= 2:
            continue
        buffer = ctypes.create_string_buffer(size)
        pdfium.FPDF_GetMetaText(document, name, buffer, size)
        text = buffer.raw[: size - 2].decode("utf-16-le", "replace").strip()
        if text:
            found[key.lower()] = text
    return found


def _is_scan(page: PdfPage) -> bool:
    few = page.character_count < FEW_CHARACTERS or page.all_invisible
    return few and (page.image_share >= LARGE_IMAGE or (page.character_count == 0 and page.path_count >= MANY_PATHS))


def _require_text(pages: Sequence[PdfPage]) -> None:
    scans = [page for page in pages if _is_scan(page)]
    readable = sum(page.character_count for page in pages if not _is_scan(page))
    with_text = sum(page.character_count >= FEW_CHARACTERS and not page.all_invisible for page in pages)
    if scans and (len(scans) > with_text or not readable):
        raise OutcomeError(
            Outcome.SCANNED,
            f"{len(scans)} of {len(pages)} pages are images without a usable text layer; they must be read by OCR.",
        )
    total = sum(page.character_count for page in pages)
    unreadable = sum(page.unreadable_count for page in pages)
    foreign, cjk = sum(page.foreign_count for page in pages), sum(page.cjk_count for page in pages)
    placeholders = sum(page.placeholder_count for page in pages)
    if total and (
        unreadable > GARBLED_SHARE * total
        or placeholders * 6 > GARBLED_SHARE * total
        or (foreign > 0.3 * total and cjk < 0.1 * foreign)
    ):
        raise OutcomeError(
            Outcome.GARBLED,
            f"The text layer has no usable characters ({unreadable} of {total} have no meaning); read the page images by OCR.",
        )


class _Table:
    """A table on a page before joining: its fragment, where it stands and the runs in it."""

    def __init__(self, fragment_: Fragment, box: tuple[float, float, float, float], runs: list[TextRun]) -> None:
        self.fragment = fragment_
        self.box = box
        self.runs = runs

    @property
    def one_column(self) -> bool:
        return len(self.fragment.edges()) == 2


class _PageItems:
    """One page's text outside its tables and its tables, top to bottom."""

    def __init__(self, page: PdfPage, lines: list[Line], tables: list[_Table]) -> None:
        self.page = page
        self.lines = lines
        self.tables = sorted(tables, key=lambda table: table.box[1])


class _PageTables:
    """Finds every page's tables, asking pdfplumber where the lattice is in doubt."""

    def __init__(self, content: bytes, pages: Sequence[PdfPage], second_opinion: SecondOpinion) -> None:
        self._content = content
        self._pages = pages
        self._always = second_opinion == "always"

    def items(self) -> list[_PageItems]:
        running = running_text([page.marks for page in self._pages])
        found: list[_PageItems] = []
        for page, drop in zip(self._pages, running, strict=True):
            runs = [run for index, run in enumerate(page.marks.runs) if index not in drop]
            found.append(self._page(page, runs))
        self._second_opinions(found)
        return found

    def _page(self, page: PdfPage, runs: list[TextRun]) -> _PageItems:
        marks = page.marks
        lattices = _tables_only(find_lattices(marks.horizontals, marks.verticals), marks.height)
        filled, outside = assign(runs, lattices)
        tables = [
            _Table(fragment(one, marks.number), one.lattice.box, [run for cell in one.runs for run in cell])
            for one in filled
            if any(one.runs)
        ]
        return _PageItems(page, lines_of(outside), tables)

    def _second_opinions(self, found: list[_PageItems]) -> None:
        wanted = [items.page.marks.number for items in found if self._wants_second(items)]
        if not wanted:
            return
        from crawler.documents.pdf_plumber import plumber_fragments  # loaded on demand: it takes longer than a report

        second = plumber_fragments(self._content, wanted)
        for items in found:
            theirs = second.get(items.page.marks.number)
            if theirs is None:
                if items.page.marks.number in wanted:
                    for table in items.tables:
                        table.fragment = replace(table.fragment, flags=(*table.fragment.flags, NO_SECOND_READING))
                continue
            for table in items.tables:
                table.fragment = compared(table.fragment, theirs)
            if not items.tables and theirs:
                self._use_second(items, theirs)

    def _wants_second(self, items: _PageItems) -> bool:
        real = [table for table in items.tables if not table.one_column]
        if self._always and real:
            return True
        if any(DOUBTS.intersection(table.fragment.flags) for table in real):
            return True
        rules = len(items.page.marks.horizontals) + len(items.page.marks.verticals)
        return not real and rules >= 4 and looks_tabular(items.lines)

    @staticmethod
    def _use_second(items: _PageItems, theirs: list[Fragment]) -> None:
        runs = [run for line in items.lines for run in line.runs]
        for one in theirs:
            if len(one.edges()) <= 2:
                continue
            box = (
                min(piece.box[0] for piece in one.pieces),
                min(piece.box[1] for piece in one.pieces),
                max(piece.box[2] for piece in one.pieces),
                max(piece.box[3] for piece in one.pieces),
            )
            inside = [run for run in runs if _within(run, box)]
            runs = [run for run in runs if not _within(run, box)]
            items.tables.append(_Table(one, box, inside))
        items.lines = lines_of(runs)
        items.tables.sort(key=lambda table: table.box[1])


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


def _within(run: TextRun, box: tuple[float, float, float, float]) -> bool:
    return box[0] <= (run.x0 + run.x1) / 2 <= box[2] and box[1] <= (run.top + run.bottom) / 2 <= box[3]


class _Assembly:
    """Puts the pages' items in reading order, joining tables and paragraphs that a page cut."""

    def __init__(self, items: Sequence[_PageItems]) -> None:
        self._items = items
        self._blocks: list[PlacedParagraph | tuple[Table, list[_Table]]] = []
        self._columns: dict[int, Column] = {}
        lines_by_width: dict[int, list[Line]] = {}
        for page_items in items:
            lines_by_width.setdefault(round(page_items.page.marks.width), []).extend(page_items.lines)
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

    def _add_page(self, page_items: _PageItems) -> None:
        page = page_items.page.marks
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

    def _add_table(self, table: _Table, beside: list[Line], *, first: bool) -> list[Line]:
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
