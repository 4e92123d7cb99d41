"""Scans made from PDFs: pages drawn, tilted, blurred, compressed, and put into a PDF again or saved as images."""

from __future__ import annotations

import io
import random
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import cv2
import numpy as np
import pypdfium2 as pdfium
from numpy.typing import NDArray
from PIL import Image

from crawler.forms.model import Report, State
from crawler.sample.source import ReportSource
from crawler.sample.tables import printed_metrics


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


def scan(pages: list[Image.Image], scanner: Scanner, seed: int = 0) -> list[Image.Image]:
    """Pages that are drawn already, at the scanner's resolution, as that scanner gives them."""
    draw = random.Random(seed)  # noqa: S311 - noise for a test
    return [_scanned(np.asarray(page.convert("L")).copy(), scanner, number, draw) for number, page in enumerate(pages)]


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


@dataclass(frozen=True)
class Judgement:
    """How a report read from a scan compares with what was printed, cell by cell."""

    cells: int
    inexact: tuple[str, ...]
    silent: tuple[str, ...]
    """Of these, the ones that nothing in the record warns of."""
    needless: int
    """Exact cells with a warning."""


def judge(source: ReportSource, report: Report) -> Judgement:
    """A cell is exact if its text, value and state are the printed ones. A warning is a flag on the cell, or that it has no value
    although something is printed (``unparsed``, or ``absent`` with its row flagged as missing)."""
    flagged = {flag.partition(":")[2] for flag in report.quality_flags if ":" in flag and not flag.startswith("unit_")}
    inexact, silent, needless = [], [], 0
    keys = printed_metrics(source)
    for key in keys:
        printed = source.printed.get(key, "")
        cell = report.cells.get(key)
        value = Decimal(printed.replace(",", "")) if printed else None
        warned = cell is None or key in flagged or cell.second_raw is not None
        warned = warned or (cell is not None and cell.state in (State.UNPARSED, State.ABSENT) and bool(printed))
        exact = cell is not None and cell.value == value and "".join((cell.raw or "").split()) == printed
        exact = exact and cell is not None and cell.state in ((State.NUMBER, State.ZERO) if printed else (State.BLANK,))
        if not exact:
            inexact.append(f"{key}: printed {printed!r}, read {cell and cell.raw!r}")
            if not warned:
                silent.append(inexact[-1])
        elif warned:
            needless += 1
    return Judgement(len(keys), tuple(inexact), tuple(silent), needless)
