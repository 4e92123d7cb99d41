"""Bytes -> page images: grey, at a known scale, never larger than a page can be."""

from __future__ import annotations

import ctypes
import io
import struct
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_raw
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from crawler.outcomes import Outcome, OutcomeError

Grey = NDArray[np.uint8]
"""Height x width, 0 is black."""

MAX_IMAGE_PIXELS = 80_000_000
"""A3 at 600 dpi has 70 million pixels; an image with more than this is a bomb, or a map."""
MAX_FRAMES = 60
MAX_PAGE_PIXELS = 12_000_000
"""A4 at 300 dpi has 8.7 million."""
FINEST = 3.0
"""Pixels a point (216 dpi): the recogniser's lines are 48 pixels high, finer images only cost time."""
VECTOR = 2.8
"""Pixels a point at which pages without a large image are drawn."""
COARSEST = 0.9
SMALLEST_SIDE = 200
"""An image with a shorter side (pixels) is an icon or a seal, no page."""
PAGE_WIDTH, PAGE_LENGTH = 595.0, 842.0
"""A4 in points: what an image without a trustworthy resolution is taken to be as wide as."""
FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "GIF", "WEBP")


@dataclass(frozen=True, slots=True)
class PageImage:
    """One page: ``scale`` in pixels a point, ``width`` and ``height`` in points, ``number`` from 1."""

    number: int
    grey: Grey
    scale: float
    width: float
    height: float


def pdf_images(content: bytes, numbers: Sequence[int]) -> Iterator[PageImage]:
    """The pages of these numbers (from 1) as shown, each at the resolution of its largest image.

    Raises:
        OutcomeError: ``too_large`` for an image of more than `MAX_IMAGE_PIXELS`, ``truncated`` for a damaged file.
    """
    start = max(content.find(b"%PDF-", 0, 2048), 0)
    try:
        document = pdfium.PdfDocument(content[start:])
    except pdfium.PdfiumError as error:
        raise OutcomeError(Outcome.TRUNCATED, "The PDF cannot be opened to draw its pages; fetch it again.") from error
    try:
        for number in numbers:
            page = document[number - 1]
            try:
                width, height = page.get_size()
                scale = min(_scale(page, width, height), (MAX_PAGE_PIXELS / max(width * height, 1.0)) ** 0.5)
                bitmap = page.render(scale=scale, grayscale=True)
                grey = np.ascontiguousarray(bitmap.to_numpy()).reshape(bitmap.height, bitmap.width, -1)[:, :, 0].copy()
                bitmap.close()
            finally:
                page.close()
            yield PageImage(number, grey, grey.shape[1] / width, width, height)
    finally:
        document.close()


def _scale(page: pdfium.PdfPage, width: float, height: float) -> float:
    """Pixels a point of the image that fills most of the page; of a drawn page, `VECTOR`."""
    best, scale = 0.25 * width * height, VECTOR
    pixels_wide, pixels_high = ctypes.c_uint(), ctypes.c_uint()
    for item in page.get_objects(filter=[pdfium_raw.FPDF_PAGEOBJ_IMAGE], max_depth=4):
        left, bottom, right, top = item.get_bounds()
        area = (right - left) * (top - bottom)
        if not pdfium_raw.FPDFImageObj_GetImagePixelSize(item.raw, ctypes.byref(pixels_wide), ctypes.byref(pixels_high)):
            continue
        count = pixels_wide.value * pixels_high.value
        if count > MAX_IMAGE_PIXELS:
            raise OutcomeError(
                Outcome.TOO_LARGE, f"An image in the PDF has {count} pixels; at most {MAX_IMAGE_PIXELS} are drawn."
            )
        if area > best:
            # By area: the image may stand sideways on its page.
            best, scale = area, (count / area) ** 0.5
    return min(max(scale, COARSEST), FINEST)


_DAMAGE = (
    *(OSError, SyntaxError, ValueError, EOFError, struct.error),
    *(ArithmeticError, LookupError, NotImplementedError, TypeError),
)
"""What Pillow raises on damaged files, by format; a TIFF without a width is a TypeError."""


def file_images(content: bytes) -> list[PageImage]:
    """The pages of an image file; a TIFF may hold several.

    Raises:
        OutcomeError: ``not_a_document``, ``too_large`` or ``truncated``.
    """
    too_large = f"The image has more than {MAX_IMAGE_PIXELS} pixels; a page has less."
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            pages = _file_pages(content, too_large)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise OutcomeError(Outcome.TOO_LARGE, too_large) from error
    except UnidentifiedImageError as error:
        raise OutcomeError(Outcome.NOT_A_DOCUMENT, "The file begins like an image but is none that can be read.") from error
    except _DAMAGE as error:
        raise OutcomeError(Outcome.TRUNCATED, "The image is damaged or was cut off; fetch it again.") from error
    if not pages:
        raise OutcomeError(Outcome.NOT_A_DOCUMENT, "The image is too small to be a page: an icon, a code or a seal.")
    return pages


def _file_pages(content: bytes, too_large: str) -> list[PageImage]:
    with Image.open(io.BytesIO(content), formats=FORMATS) as image:
        frames = min(getattr(image, "n_frames", 1), MAX_FRAMES) if image.format == "TIFF" else 1
        pages = []
        for index in range(frames):
            image.seek(index)
            if image.width * image.height > MAX_IMAGE_PIXELS:
                raise OutcomeError(Outcome.TOO_LARGE, too_large)
            if min(image.size) >= SMALLEST_SIDE:
                pages.append(_page(image, index + 1))
        return pages


def _page(image: Image.Image, number: int) -> PageImage:
    upright = ImageOps.exif_transpose(image)
    if upright.mode in {"RGBA", "LA", "PA"} or "transparency" in upright.info:
        upright = upright.convert("RGBA")
        paper = Image.new("RGBA", upright.size, "white")
        upright = Image.alpha_composite(paper, upright)
    grey = upright.convert("L")
    wide = grey.width > grey.height
    width = PAGE_LENGTH if wide else PAGE_WIDTH
    scale = grey.width / width
    if scale > FINEST:
        grey = grey.resize((round(width * FINEST), round(grey.height * FINEST / scale)), Image.Resampling.BOX)
        scale = grey.width / width
    return PageImage(number, np.asarray(grey, dtype=np.uint8), scale, width, grey.height / scale)
