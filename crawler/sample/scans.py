"""Pages as pictures: what scanners, cameras and people who paste screenshots make of a printed report."""

from __future__ import annotations

import io
from collections.abc import Sequence

import pypdfium2
from PIL import Image, ImageChops

_MARGIN = 30
"""Pixels left around what is cut out of a page."""


def page_images(pdf: bytes, dpi: int) -> list[Image.Image]:
    """The pages of a PDF in grey."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        return [page.render(scale=dpi / 72, grayscale=True).to_pil() for page in document]
    finally:
        document.close()


def bilevel_scan(pdf: bytes, dpi: int) -> bytes:
    """The same pages as black and white images, as an office scanner leaves them."""
    return _images_pdf([image.convert("1") for image in page_images(pdf, dpi)], dpi)


def grey_scan(pdf: bytes, dpi: int, *, tilt: float = 0.0, quality: int = 60) -> bytes:
    """The same pages as JPEG images in grey.

    Args:
        pdf: what lies on the glass.
        dpi: the scanner's resolution.
        tilt: degrees of the first sheet; every sheet lies otherwise.
        quality: of the JPEG.
    """
    images = [
        image.rotate(tilt * (1.0, -0.6, 0.4)[number % 3], Image.Resampling.BICUBIC, fillcolor=255)
        for number, image in enumerate(page_images(pdf, dpi))
    ]
    return _images_pdf(images, dpi, quality)


def _images_pdf(images: Sequence[Image.Image], dpi: int, quality: int = 60) -> bytes:
    written = io.BytesIO()
    images[0].save(written, "PDF", resolution=dpi, quality=quality, save_all=True, append_images=images[1:])
    return written.getvalue()


def with_scanned_page(pdf: bytes, number: int, dpi: int) -> bytes:
    """The PDF with one page (counted from 0) replaced by its picture, as where a signed sheet was put in.

    Raises:
        IndexError: the PDF has no such page.
    """
    sheet = _images_pdf([page_images(pdf, dpi)[number]], dpi)
    document, scan = pypdfium2.PdfDocument(pdf), pypdfium2.PdfDocument(sheet)
    try:
        del document[number]
        document.import_pages(scan, index=number)
        written = io.BytesIO()
        document.save(written)
        return written.getvalue()
    finally:
        scan.close()
        document.close()


def page_png(pdf: bytes, number: int, dpi: int, *, last: bool = False) -> bytes:
    """One page (counted from 0) as a PNG of 16 greys.

    Args:
        pdf: the document.
        number: the page.
        dpi: resolution.
        last: whether it must be the last one.

    Raises:
        IndexError: the PDF has no such page, or more than that.
    """
    images = page_images(pdf, dpi)
    if last and number + 1 != len(images):
        raise IndexError(f"page {number + 1} is to be the last, and there are {len(images)}")
    return _png(images[number])


def picture_png(pdf: bytes, dpi: int) -> bytes:
    """The only page without its white margins, as a PNG of 16 greys.

    Raises:
        IndexError: there is more than one page.
    """
    images = page_images(pdf, dpi)
    if len(images) != 1:
        raise IndexError(f"{len(images)} pages make no single picture")
    image = images[0]
    box = ImageChops.difference(image, Image.new("L", image.size, 255)).getbbox() or (0, 0, *image.size)
    left, top, right, bottom = box
    return _png(image.crop((left - _MARGIN, top - _MARGIN, right + _MARGIN, bottom + _MARGIN)))


def _png(image: Image.Image) -> bytes:
    written = io.BytesIO()
    image.quantize(16).save(written, "PNG", optimize=True)
    return written.getvalue()
