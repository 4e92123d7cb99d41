"""PDF -> Document: running text and every ruled table, fragments on following pages joined.

pdfium reads, the lattice decides what a cell is, and pdfplumber is asked for a second opinion on the pages where the
lattice is unsure of itself.
"""

from __future__ import annotations

import ctypes
from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import partial
from typing import Literal

import pypdfium2.raw as pdfium

from crawler.documents.assembly import PageItems, PlacedTable, assemble, items_of
from crawler.documents.layout import lines_of
from crawler.documents.model import Document
from crawler.documents.page import TextRun
from crawler.documents.pdf_page import read_page
from crawler.documents.pdf_second import NO_SECOND_READING, compared, looks_tabular
from crawler.documents.ruled_text import DOUBTS, words_of
from crawler.documents.scan import missing_parts
from crawler.documents.stitching import Fragment
from crawler.documents.text_layer import FEW_CHARACTERS, PageContent, pages_with_images, require_text, unreadable_pages
from crawler.outcomes import Outcome, OutcomeError

MEDIA_TYPE = "application/pdf"
HEADER_WITHIN = 1024
"""Bytes in which ``%PDF-`` must stand: some servers put a banner or white space before it."""
MAX_PAGES = 400

INFO_KEYS = ("Title", "Author", "Subject", "Creator", "Producer", "CreationDate", "ModDate")

SecondOpinion = Literal["where_unsure", "always"]


def read_pdf(
    content: bytes, *, second_opinion: SecondOpinion = "where_unsure", disputed: Collection[int] = frozenset()
) -> Document:
    """The document's paragraphs and grids in reading order; every cell has its 1-based page and its box in points.

    ``second_opinion``: ``always`` has pdfplumber read every page with a table again, ``where_unsure`` only pages on
    which the lattice contradicts itself, and the 1-based pages in ``disputed``. Where the two differ the cell has
    ``second_text`` and the grid the flag ``second_reading_differs``.

    Raises:
        OutcomeError: ``not_a_document``, ``truncated``, ``encrypted``, ``too_large``, ``scanned``, ``garbled`` or
            ``failed``.
    """
    pages, metadata = _load(content)
    read = partial(_document, content, metadata, second_opinion, frozenset(disputed))
    pictures = unreadable_pages(pages)
    if pictures and not missing_parts():
        document = read(pages, ocr=pictures)
        if len(document.text) >= FEW_CHARACTERS:
            return document
    require_text(pages)
    document = read(pages)
    tables_as_images = () if document.grids else pages_with_images(pages)
    if tables_as_images and not missing_parts():
        return read(pages, ocr=tables_as_images)
    return replace(document, flags=(*document.flags, *(("image_page",) if pictures else ())))


def _document(
    content: bytes,
    metadata: dict[str, str],
    second_opinion: SecondOpinion,
    disputed: frozenset[int],
    pages: Sequence[PageContent],
    *,
    ocr: Sequence[int] = (),
) -> Document:
    """The document, the pages of the numbers in ``ocr`` (from 1) read from their images, the others from their characters."""
    settle = partial(_settled, content, second_opinion)
    if not ocr:
        blocks = assemble(_PageTables(content, pages, second_opinion, disputed).items())
        flags = sorted({flag for page in pages for flag in page.marks.flags})
        return Document(MEDIA_TYPE, tuple(blocks), metadata=metadata, page_count=len(pages), flags=tuple(flags), settle=settle)
    from crawler.documents.scan.document import read_pdf_pages  # an optional extra, and 0.3 s to load

    images = read_pdf_pages(content, ocr)
    mixed = [page._replace(marks=images.marks(page.marks.number)) if page.marks.number in ocr else page for page in pages]
    items = _PageTables(content, mixed, second_opinion, disputed, without=frozenset(ocr)).items()
    images.annotate(items)
    return Document(
        MEDIA_TYPE,
        tuple(images.finish(assemble(items))),
        metadata=metadata,
        page_count=len(pages),
        flags=(*sorted({flag for page in mixed for flag in page.marks.flags}), *images.flags),
    )


def _settled(content: bytes, second_opinion: SecondOpinion, pages: Collection[int]) -> Document:
    return read_pdf(content, second_opinion=second_opinion, disputed=pages)


def _load(content: bytes) -> tuple[list[PageContent], dict[str, str]]:
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


class _PageTables:
    """Finds every page's tables, asking pdfplumber where the lattice is in doubt."""

    def __init__(
        self,
        content: bytes,
        pages: Sequence[PageContent],
        second_opinion: SecondOpinion,
        disputed: frozenset[int],
        *,
        without: frozenset[int] = frozenset(),
    ) -> None:
        self._content = content
        self._pages = pages
        self._always = second_opinion == "always"
        self._disputed = disputed
        self._without = without

    def items(self) -> list[PageItems]:
        found = items_of([page.marks for page in self._pages])
        self._second_opinions(found)
        return found

    def _second_opinions(self, found: list[PageItems]) -> None:
        wanted = [items.marks.number for items in found if self._wants_second(items)]
        if not wanted:
            return
        from crawler.documents.pdf_plumber import plumber_fragments  # loaded on demand: it takes longer than a report

        second = plumber_fragments(self._content, wanted)
        for items in found:
            theirs = second.get(items.marks.number)
            if theirs is None:
                if items.marks.number in wanted:
                    for table in items.tables:
                        table.fragment = replace(table.fragment, flags=(*table.fragment.flags, NO_SECOND_READING))
                continue
            for table in items.tables:
                table.fragment = compared(table.fragment, theirs)
            if not items.tables and theirs:
                self._use_second(items, theirs)

    def _wants_second(self, items: PageItems) -> bool:
        if items.marks.number in self._without:
            return False
        real = [table for table in items.tables if not table.one_column]
        if real and (self._always or items.marks.number in self._disputed):
            return True
        if any(DOUBTS.intersection(table.fragment.flags) for table in real):
            return True
        rules = len(items.marks.horizontals) + len(items.marks.verticals)
        return not real and rules >= 4 and looks_tabular(items.lines)

    @staticmethod
    def _use_second(items: PageItems, theirs: list[Fragment]) -> None:
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
            words = words_of(inside, one.page)
            items.tables.append(PlacedTable(replace(one, reading_order=words), box, inside))
        items.lines = lines_of(runs)
        items.tables.sort(key=lambda table: table.box[1])


def _within(run: TextRun, box: tuple[float, float, float, float]) -> bool:
    return box[0] <= (run.x0 + run.x1) / 2 <= box[2] and box[1] <= (run.top + run.bottom) / 2 <= box[3]
