"""Page images -> marks, tables and a whole document, by the same way as every other paged format."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

from crawler.documents.assembly import PageItems, PlacedTable, assemble, items_of
from crawler.documents.model import Block, Box, Document, Geometry, Grid, Method, grid_rows
from crawler.documents.page import PageMarks, TextRun
from crawler.documents.scan.image import PageImage, file_images, pdf_images
from crawler.documents.scan.loose import GRID_INFERRED, LoosePiece, loose_table
from crawler.documents.scan.page import ScanPage
from crawler.documents.scan.reading import TEXT_BUDGET, ReadLine, ReadPage, read_pages
from crawler.documents.scan.recognise import THREADS, Recogniser, recogniser
from crawler.documents.scan.straighten import as_scanned
from crawler.documents.scan.upright import upright
from crawler.documents.stitching import Fragment, Piece
from crawler.outcomes import Outcome, OutcomeError

MAX_PAGES = 60
LARGE = 4_200_000
"""Pixels from which on a page is taken apart before the next one is begun: A4 at 200 dpi has 3.9 million."""
IMAGE_PAGE = "image_page"
"""A page is a picture in which no text was found."""
READ_BY_OCR = "read_by_ocr"
TITLE_UNCERTAIN = "ocr_title_uncertain"
PAGE_TURNED = "page_turned"
"""With the degrees and the page behind it: clockwise, to be read upright. Places on the page are those of the page turned."""
TEXT_NOT_READ = "text_not_read"
"""Some running text outside the tables was not read: it was over the budget."""


class OcrPages:
    """Pages read by OCR, by their number."""

    def __init__(self, pages: Iterable[ReadPage]) -> None:
        self._pages = {page.number: page for page in pages}
        self._loose = {number: _loose_tables(page) for number, page in self._pages.items()}

    @property
    def numbers(self) -> frozenset[int]:
        """The pages, from 1."""
        return frozenset(self._pages)

    @property
    def flags(self) -> tuple[str, ...]:
        """What holds for the document."""
        pages = self._pages.values()
        if not any(page.lines for page in pages):
            return (IMAGE_PAGE,)
        flags = [READ_BY_OCR]
        if not all(page.complete for page in pages):
            flags.append(TEXT_NOT_READ)
        flags += [f"{PAGE_TURNED}_{page.turn}:{page.number}" for page in pages if page.turn]
        if any(page.uncertain_title for page in pages):
            flags.append(TITLE_UNCERTAIN)
        return tuple(flags)

    def marks(self, number: int) -> PageMarks:
        """The page as marks, levelled."""
        page = self._pages[number]
        loose = self._loose[number]
        runs = [TextRun(line.text, *line.box) for line in page.lines if line.text and line.table not in loose]
        return PageMarks(number, page.width, page.height, runs, page.horizontals, page.verticals)

    def annotate(self, items: Sequence[PageItems]) -> None:
        """Second readings into the cells of these pages' tables, and the cells' boxes as they stand on the scan."""
        for one in items:
            page = self._pages.get(one.marks.number)
            if page is None:
                continue
            for table in one.tables:
                table.fragment = _annotated(table.fragment, page)
            one.tables += self._loose[page.number].values()
            one.tables.sort(key=lambda table: table.box[1])

    def finish(self, blocks: Sequence[Block]) -> list[Block]:
        """The blocks with every grid that OCR had a part in named as such, and those without rules as rows without columns."""
        return [
            (_without_columns(block) if GRID_INFERRED in block.flags else replace(block, method=Method.OCR))
            if isinstance(block, Grid) and any(cell.page in self._pages for cell in block.cells)
            else block
            for block in blocks
        ]


def _loose_tables(page: ReadPage) -> dict[int, PlacedTable]:
    """The page's tables without rules, by their number; what turned out to hold no number is none."""
    tables = {}
    for number in sorted({line.table for line in page.lines if line.table is not None}):
        lines = [line for line in page.lines if line.table == number and (line.text or line.second)]
        whole = loose_table([LoosePiece(line.text, line.second, line.box) for line in lines], page.number)
        if whole is None:
            continue
        x0, top, x1, bottom = zip(*(piece.box for piece in whole.pieces), strict=True)
        placed = replace(whole, pieces=tuple(_as_on_page(piece, page) for piece in whole.pieces))
        runs = [TextRun(line.text, *line.box) for line in lines if line.text]
        tables[number] = PlacedTable(placed, (min(x0), min(top), max(x1), max(bottom)), runs)
    return tables


def _without_columns(grid: Grid) -> Grid:
    """A table without rules: its cells follow one another in their rows."""
    cells = [replace(cell, column=column, column_span=1) for row in grid_rows(grid) for column, cell in enumerate(row)]
    return replace(grid, cells=tuple(cells), geometry=Geometry.RAGGED, method=Method.OCR)


def _annotated(fragment: Fragment, page: ReadPage) -> Fragment:
    pieces = []
    for piece in fragment.pieces:
        lines = [line for line in page.lines if line.cell is not None and _within(line.box, piece.box)]
        second = _second_text(lines) if any(line.second is not None for line in lines) else None
        pieces.append(_as_on_page(piece._replace(second_text=second), page))
    # The order of the words is that of the cells: it is no second reading of them.
    return replace(fragment, pieces=tuple(pieces), method=Method.OCR, reading_order=())


def _second_text(lines: Sequence[ReadLine]) -> str:
    ordered = sorted(lines, key=lambda line: line.box[1])
    return "\n".join(filter(None, (line.text if line.second is None else line.second for line in ordered)))


def _within(inner: Box, outer: Box) -> bool:
    x, y = (inner[0] + inner[2]) / 2, (inner[1] + inner[3]) / 2
    return outer[0] <= x <= outer[2] and outer[1] <= y <= outer[3]


def _as_on_page(piece: Piece, page: ReadPage) -> Piece:
    x0, top, x1, bottom = piece.box
    x, y = as_scanned((x0 + x1) / 2, (top + bottom) / 2, page.width, page.height, page.tilt)
    return piece._replace(box=(x - (x1 - x0) / 2, y - (bottom - top) / 2, x + (x1 - x0) / 2, y + (bottom - top) / 2))


def read_images(images: Iterable[PageImage], *, text_budget: int = TEXT_BUDGET) -> OcrPages:
    """Pages of one document by OCR; see `reading.TEXT_BUDGET` for what of the running text is read.

    Raises:
        OutcomeError: ``scanned`` where the model is missing, and what the images raise.
    """
    engine = recogniser()
    return OcrPages(read_pages(_apart(images, engine), engine, text_budget))


def _apart(images: Iterable[PageImage], engine: Recogniser) -> list[ScanPage]:
    """The pages taken apart, a few at a time: a page image is large, and what is cut out of it is not."""
    apart: list[ScanPage] = []
    waiting: deque[Future[ScanPage]] = deque()
    with ThreadPoolExecutor(THREADS) as pool:
        for image in images:
            waiting.append(pool.submit(upright, image, engine))
            while len(waiting) > (THREADS if image.grey.size < LARGE else 0):
                apart.append(waiting.popleft().result())
        return apart + [one.result() for one in waiting]


def read_pdf_pages(content: bytes, numbers: Sequence[int], *, text_budget: int = TEXT_BUDGET) -> OcrPages:
    """These pages (from 1) of a PDF by OCR.

    Raises:
        OutcomeError: ``too_large`` for more than `MAX_PAGES`; see `read_images` and `image.pdf_images`.
    """
    if len(numbers) > MAX_PAGES:
        message = f"{len(numbers)} pages are scans; at most {MAX_PAGES} are read, and no annual report has as many."
        raise OutcomeError(Outcome.TOO_LARGE, message)
    return read_images(pdf_images(content, numbers), text_budget=text_budget)


def read_image(content: bytes, media_type: str) -> Document:
    """An image file (PNG, JPEG, TIFF, BMP, ...) as a document; every frame of a TIFF is a page.

    Raises:
        OutcomeError: ``not_a_document``, ``too_large``, ``truncated``, or ``scanned`` where OCR is not installed.
    """
    images = file_images(content)
    pages = read_images(images)
    items = items_of([pages.marks(image.number) for image in images])
    pages.annotate(items)
    return Document(media_type, tuple(pages.finish(assemble(items))), page_count=len(images), flags=pages.flags)
