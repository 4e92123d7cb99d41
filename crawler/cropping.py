"""Cut-outs of pages, as a child of `crawler.isolation` draws them: one document, several places, one answer."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from crawler.extraction import Extraction
from crawler.outcomes import Outcome, OutcomeError

if TYPE_CHECKING:
    from PIL import Image

MAX_WIDTH, MAX_HEIGHT = 1000, 1500
"""Pixels."""
FINEST = 2.0
"""Pixels a point: a column of six digits can be read then."""
MAX_BYTES = 90_000
"""Of one picture. A table of a form takes 40,000."""
SHADES = 16
COARSER = (1.0, 0.75, 0.55, 0.4)
"""Shares of the size that a picture is tried at until it is small enough."""
LEAST_SIDE = 4.0
"""Points; nothing can be seen on less."""

Box = tuple[float, float, float, float]


class Order(NamedTuple):
    """One cut-out: the page from 1, the box in points from the top left of the page as it was read, and how that was turned."""

    page: int
    box: Box
    turn: int = 0
    """Degrees clockwise."""


def orders_text(orders: Sequence[Order]) -> str:
    """The orders as the child is told them."""
    return json.dumps(orders)


def crop_pages(content: bytes, expected: str | None) -> Extraction:
    """Draws cut-outs of one document's pages, in grey.

    Args:
        content: a PDF, an image file, or a container of page images.
        expected: the text of `orders_text`.

    Returns:
        ``ok`` and, under ``pictures`` in ``record``, one dict an order: ``media_type``, ``content`` and ``box``, the box in
        points as far as it lies on the page; or ``note``, why there is no picture.
    """
    from crawler.documents.sniff import PAGE_IMAGES, PDF, sniff

    start = time.perf_counter()
    orders = [Order(page, (box[0], box[1], box[2], box[3]), turn) for page, box, turn in json.loads(expected or "[]")]
    kind = sniff(content)
    try:
        pictures = _of_pdf(content, orders) if kind == PDF else _of_images(content, orders, bundled=kind == PAGE_IMAGES)
    except OutcomeError as error:
        return Extraction(error.outcome, error.message, None, time.perf_counter() - start)
    return Extraction(Outcome.OK, "", {"pictures": pictures}, time.perf_counter() - start)


def _of_pdf(content: bytes, orders: Sequence[Order]) -> list[dict[str, Any]]:
    import pypdfium2 as pdfium

    try:
        document = pdfium.PdfDocument(content[max(content.find(b"%PDF-", 0, 2048), 0) :])
    except pdfium.PdfiumError as error:
        raise OutcomeError(Outcome.FAILED, f"the PDF cannot be opened to draw its pages: {error}") from error
    try:
        return [_noted(_pdf_crop, document, order) for order in orders]
    finally:
        document.close()


def _pdf_crop(document: Any, order: Order) -> dict[str, Any]:
    import pypdfium2 as pdfium

    if not 1 <= order.page <= len(document):
        raise OutcomeError(Outcome.FAILED, f"the PDF has no page {order.page}")
    try:
        page = document[order.page - 1]
        try:
            width, height = page.get_size() if order.turn % 180 == 0 else reversed(page.get_size())
            box = _clipped(order.box, width, height)
            x0, top, x1, bottom = box
            scale = min(FINEST, MAX_WIDTH / (x1 - x0), MAX_HEIGHT / (bottom - top))
            edges = (x0, height - bottom, width - x1, top)
            bitmap = page.render(scale=scale, rotation=order.turn, crop=edges, grayscale=True)
            try:
                image = bitmap.to_pil().copy()
            finally:
                bitmap.close()
        finally:
            page.close()
    except pdfium.PdfiumError as error:
        raise OutcomeError(Outcome.FAILED, f"page {order.page} of the PDF cannot be drawn: {error}") from error
    return _picture(image, box)


def _of_images(content: bytes, orders: Sequence[Order], *, bundled: bool) -> list[dict[str, Any]]:
    from crawler.documents.page_bundle import bundle_pages, unpack_pages
    from crawler.documents.scan import require_ocr

    require_ocr(Outcome.SCANNED, "The document is an image")
    from crawler.documents.scan.image import file_images  # an optional extra

    pages = {page.number: page for page in (bundle_pages(unpack_pages(content)) if bundled else file_images(content))}
    return [_noted(_image_crop, pages, order) for order in orders]


def _image_crop(pages: Any, order: Order) -> dict[str, Any]:
    from PIL import Image

    if order.page not in pages:
        raise OutcomeError(Outcome.FAILED, f"the document has no page {order.page}")
    page = pages[order.page]
    image = Image.fromarray(page.grey)
    if order.turn:
        image = image.rotate(-order.turn, expand=True)
    box = _clipped(order.box, image.width / page.scale, image.height / page.scale)
    cut = image.crop(tuple(round(edge * page.scale) for edge in box))
    cut.thumbnail((MAX_WIDTH, MAX_HEIGHT))
    return _picture(cut, box)


def _noted(crop: Callable[[Any, Order], dict[str, Any]], source: Any, order: Order) -> dict[str, Any]:
    try:
        return crop(source, order)
    except OutcomeError as error:
        return {"note": error.message}


def _clipped(box: Box, width: float, height: float) -> Box:
    """The part of the box that lies on the page.

    >>> _clipped((-5, 10, 9e9, 60), 595, 842)
    (0.0, 10, 595, 60)
    """
    x0, top, x1, bottom = max(box[0], 0.0), max(box[1], 0.0), min(box[2], width), min(box[3], height)
    if x1 - x0 < LEAST_SIDE or bottom - top < LEAST_SIDE:
        raise OutcomeError(Outcome.FAILED, "the place lies outside of the page")
    return x0, top, x1, bottom


def _picture(image: Image.Image, box: Box) -> dict[str, Any]:
    """The shorter of a PNG in few shades and a JPEG, made smaller until it is short enough."""
    from PIL import Image

    grey = image.convert("L")
    for share in COARSER:
        size = (max(round(grey.width * share), 1), max(round(grey.height * share), 1))
        scaled = grey if share == 1 else grey.resize(size, resample=Image.Resampling.BOX)
        media_type, content = min(_encodings(scaled), key=lambda encoded: len(encoded[1]))
        if len(content) <= MAX_BYTES:
            return {"media_type": media_type, "content": content, "box": box}
    raise OutcomeError(Outcome.TOO_LARGE, f"the picture has more than {MAX_BYTES} bytes")


def _encodings(grey: Image.Image) -> list[tuple[str, bytes]]:
    from PIL import Image

    drawn, photographed = io.BytesIO(), io.BytesIO()
    grey.quantize(SHADES, dither=Image.Dither.NONE).save(drawn, "PNG", bits=4, optimize=True)
    grey.save(photographed, "JPEG", quality=50, optimize=True)
    return [("image/png", drawn.getvalue()), ("image/jpeg", photographed.getvalue())]
