"""The pictures of an OFD page put together as the page shows them, for OCR. Needs the ``ocr`` extra."""

from __future__ import annotations

import io
import math
import struct
import warnings
from collections.abc import Sequence

import numpy as np
from PIL import Image, UnidentifiedImageError

from crawler.documents.ofd_page import Matrix
from crawler.documents.scan.image import COARSEST, FINEST, FORMATS, MAX_IMAGE_PIXELS, MAX_PAGE_PIXELS, PageImage
from crawler.outcomes import Outcome, OutcomeError

STRAIGHT = 0.002
"""The sine up to which a picture stands straight: a pixel over a page's width."""

_DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    ArithmeticError,
    LookupError,
    NotImplementedError,
    TypeError,
    struct.error,
)


def page_image(number: int, size: tuple[float, float], pictures: Sequence[tuple[Matrix, bytes]]) -> PageImage:
    """One page on white paper.

    Args:
        number: of the page.
        size: its width and height in points.
        pictures: in the order they are drawn, each with what maps its unit square to points on the page.

    Raises:
        OutcomeError: ``too_large``, ``truncated`` or ``unsupported``; the message names the page.
    """
    width, height = size
    opened = [(matrix, _opened(content, number)) for matrix, content in pictures]
    finest = max((_density(matrix, image) for matrix, image in opened), default=FINEST)
    scale = min(max(finest, COARSEST), FINEST, (MAX_PAGE_PIXELS / max(width * height, 1.0)) ** 0.5)
    paper = Image.new("L", (max(round(width * scale), 1), max(round(height * scale), 1)), 255)
    for matrix, image in opened:
        a, b, c, d, e, f = matrix
        _paste(paper, image, (a * scale, b * scale, c * scale, d * scale, e * scale, f * scale))
    return PageImage(number, np.asarray(paper, dtype=np.uint8), paper.width / width, width, height)


def _opened(content: bytes, number: int) -> Image.Image:
    """The picture in grey."""
    try:
        with warnings.catch_warnings():
            # Of tags that are odd it says so, and reads on.
            warnings.simplefilter("ignore", UserWarning)
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return _grey(content)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        message = f"a picture on page {number} of the OFD has more than {MAX_IMAGE_PIXELS} pixels; a page has less"
        raise OutcomeError(Outcome.TOO_LARGE, message) from error
    except UnidentifiedImageError as error:
        message = f"page {number} of the OFD is a picture of a kind that cannot be read (JBIG2?): take the report's PDF"
        raise OutcomeError(Outcome.UNSUPPORTED, message) from error
    except _DAMAGE as error:
        message = f"the picture on page {number} of the OFD is damaged or was cut off; fetch it again"
        raise OutcomeError(Outcome.TRUNCATED, message) from error


def _grey(content: bytes) -> Image.Image:
    with Image.open(io.BytesIO(content), formats=FORMATS) as image:
        if image.width * image.height > MAX_IMAGE_PIXELS:
            raise Image.DecompressionBombError
        if image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info:
            shown = image.convert("RGBA")
            return Image.alpha_composite(Image.new("RGBA", shown.size, "white"), shown).convert("L")
        return image.convert("L")


def _density(matrix: Matrix, image: Image.Image) -> float:
    """Pixels a point."""
    a, b, c, d = matrix[:4]
    return math.sqrt(image.width * image.height / max(abs(a * d - b * c), 1e-6))


def _paste(paper: Image.Image, image: Image.Image, matrix: Matrix) -> None:
    """Draw the picture where ``matrix`` (in pixels) puts its unit square."""
    a, b, c, d, e, f = matrix
    if not 1 <= math.hypot(a, b) < 1e5 or not 1 <= math.hypot(c, d) < 1e5:
        return
    if max(abs(a), abs(d)) <= STRAIGHT * max(abs(b), abs(c)):
        # On its side: its rows run down the page.
        image = image.transpose(Image.Transpose.TRANSPOSE)
        a, b, c, d = c, d, a, b
    if max(abs(b), abs(c)) > STRAIGHT * max(abs(a), abs(d)):
        _paste_slanted(paper, image, (a, b, c, d, e, f))
        return
    if a < 0:
        image, a, e = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT), -a, e + a
    if d < 0:
        image, d, f = image.transpose(Image.Transpose.FLIP_TOP_BOTTOM), -d, f + d
    left, top, right, bottom = round(e), round(f), round(e + a), round(f + d)
    shown = (max(left, 0), max(top, 0), min(right, paper.width), min(bottom, paper.height))
    if shown[0] >= shown[2] or shown[1] >= shown[3]:
        return
    # Only what stands on the page is enlarged, however large the whole would be.
    across, down = image.width / (right - left), image.height / (bottom - top)
    part = (
        *((shown[0] - left) * across, (shown[1] - top) * down),
        *((shown[2] - left) * across, (shown[3] - top) * down),
    )
    filters = Image.Resampling.BOX if across > 1 else Image.Resampling.BICUBIC
    paper.paste(image.resize((shown[2] - shown[0], shown[3] - shown[1]), filters, box=part), shown[:2])


def _paste_slanted(paper: Image.Image, image: Image.Image, matrix: Matrix) -> None:
    a, b, c, d, e, f = matrix
    size = a * d - b * c
    if abs(size) < 1:
        return
    wide, high = image.size
    inverse = (
        *(wide * d / size, -wide * c / size, wide * (c * f - d * e) / size),
        *(-high * b / size, high * a / size, high * (b * e - a * f) / size),
    )
    turned = image.transform(paper.size, Image.Transform.AFFINE, inverse, Image.Resampling.BICUBIC)
    mask = Image.new("L", image.size, 255).transform(paper.size, Image.Transform.AFFINE, inverse, Image.Resampling.NEAREST)
    paper.paste(turned, (0, 0), mask)
