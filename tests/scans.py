"""Scans made from PDFs: pages drawn, tilted, blurred, compressed, and put into a PDF again or saved as images."""

from __future__ import annotations

import io
import random
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import pypdfium2 as pdfium
from numpy.typing import NDArray
from PIL import Image


@dataclass(frozen=True)
class Scanner:
    """How a page is scanned. ``tilt`` in degrees, ``blur`` as the Gaussian's sigma in pixels."""

    dpi: int = 150
    tilt: float = 0.0
    blur: float = 0.0
    quality: int = 75
    bilevel: bool = False
    noise: float = 0.0
    """Share of the pixels that are turned black or white."""
    paper: int = 255
    """Grey level of the paper."""

    @property
    def name(self) -> str:
        kind = "bilevel" if self.bilevel else f"q{self.quality}"
        return f"{self.dpi}dpi-{self.tilt:+}deg-{kind}"


def page_images(pdf: bytes, scanner: Scanner, seed: int = 0) -> list[Image.Image]:
    """The PDF's pages as that scanner gives them."""
    draw = random.Random(seed)  # noqa: S311 - noise for a test
    document = pdfium.PdfDocument(pdf)
    try:
        pages = []
        for number in range(len(document)):
            bitmap = document[number].render(scale=scanner.dpi / 72, grayscale=True)
            pages.append(
                _scanned(np.asarray(bitmap.to_numpy()).reshape(bitmap.height, bitmap.width).copy(), scanner, number, draw)
            )
        return pages
    finally:
        document.close()


def _scanned(grey: NDArray[Any], scanner: Scanner, number: int, draw: random.Random) -> Image.Image:
    height, width = grey.shape
    if scanner.tilt:
        # Every sheet lies otherwise on the glass.
        degrees = scanner.tilt * (1 if number % 2 == 0 else -0.6)
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
        grey = cv2.warpAffine(grey, matrix, (width, height), flags=cv2.INTER_LINEAR, borderValue=255)
    if scanner.blur:
        grey = cv2.GaussianBlur(grey, (0, 0), scanner.blur)
    if scanner.paper < 255:
        grey = (grey.astype(np.float32) * scanner.paper / 255).astype(np.uint8)
    if scanner.bilevel:
        grey = np.where(grey > 150, 255, 0).astype(np.uint8)
    if scanner.noise:
        generator = np.random.default_rng(draw.randrange(1 << 30))
        where = generator.random(grey.shape) < scanner.noise
        grey = np.where(where, generator.choice([0, 255], grey.shape), grey).astype(np.uint8)
    image = Image.fromarray(grey)
    if scanner.bilevel:
        return image.convert("1")
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=scanner.quality)
    return Image.open(io.BytesIO(stream.getvalue()))


def scanned_pdf(pdf: bytes, scanner: Scanner, seed: int = 0) -> bytes:
    """The PDF as a scanner's PDF: one image a page, no text."""
    return images_pdf(page_images(pdf, scanner, seed), scanner)


def images_pdf(pages: list[Image.Image], scanner: Scanner) -> bytes:
    """Images as the pages of a PDF."""
    stream = io.BytesIO()
    first, *rest = pages
    extra = {} if scanner.bilevel else {"quality": scanner.quality}
    first.save(stream, "PDF", resolution=scanner.dpi, save_all=True, append_images=rest, **extra)
    return stream.getvalue()
