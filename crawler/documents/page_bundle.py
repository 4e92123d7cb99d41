"""A report published as images, one a page: the images in one container, and the container read as a document.

The container is a ZIP whose first member ``mimetype`` names it (as in EPUB and OpenDocument), followed by the images in
order, uncompressed and without dates: the same images give the same bytes.
"""

from __future__ import annotations

import io
import lzma
import struct
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from crawler.documents.model import Document
from crawler.documents.scan import require_ocr
from crawler.documents.sniff import PAGE_IMAGES, sniff
from crawler.outcomes import Outcome, OutcomeError

if TYPE_CHECKING:
    from crawler.documents.scan.image import PageImage

MAX_PAGES = 60
MAX_BYTES = 60 * 1024 * 1024
"""Of all images together."""
LEAST_WIDTH = 300
"""Pixels; a narrower image is an icon, a code or a seal."""
LEAST_HEIGHT = 40
PAPER_HEIGHT = 260
"""Pixels to which a low image, such as one of table 4 alone, is filled up with paper: below it stands no page for OCR."""

_SUFFIXES = {"image/png": "png", "image/jpeg": "jpg", "image/gif": "gif", "image/bmp": "bmp", "image/tiff": "tif"}
_NO_DATE = (1980, 1, 1, 0, 0, 0)
_FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "GIF", "WEBP")


def pack_pages(images: Sequence[bytes]) -> bytes:
    """The images, in order, as one container.

    Raises:
        OutcomeError: ``too_large`` for more than `MAX_PAGES` or `MAX_BYTES`.
    """
    size = sum(map(len, images))
    if len(images) > MAX_PAGES or size > MAX_BYTES:
        raise OutcomeError(
            Outcome.TOO_LARGE,
            f"the {len(images)} images have {size} bytes; at most {MAX_PAGES} images and {MAX_BYTES} bytes are read",
        )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(zipfile.ZipInfo("mimetype", _NO_DATE), PAGE_IMAGES)
        for number, image in enumerate(images, start=1):
            name = f"page-{number:04d}.{_SUFFIXES.get(sniff(image), 'img')}"
            archive.writestr(zipfile.ZipInfo(name, _NO_DATE), image)
    return buffer.getvalue()


def unpack_pages(content: bytes) -> list[bytes]:
    """The images of a container, in order.

    Raises:
        OutcomeError: ``truncated`` where it is damaged, ``too_large`` over the limits, whatever it says of itself.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = [member for member in archive.infolist() if member.filename != "mimetype"]
            if len(members) > MAX_PAGES or sum(member.file_size for member in members) > MAX_BYTES:
                raise OutcomeError(Outcome.TOO_LARGE, f"the images are more than {MAX_PAGES} or {MAX_BYTES} bytes")
            if any(member.compress_type != zipfile.ZIP_STORED for member in members):
                raise OutcomeError(Outcome.NOT_A_DOCUMENT, "the container of page images is not one of this software's")
            return [archive.read(member) for member in sorted(members, key=lambda member: member.filename)]
    except (
        zipfile.BadZipFile,
        NotImplementedError,
        RuntimeError,
        struct.error,
        zlib.error,
        lzma.LZMAError,
        EOFError,
        OSError,
        ValueError,
    ) as error:
        raise OutcomeError(Outcome.TRUNCATED, f"the container of page images is damaged: {error}") from error


def read_page_bundle(content: bytes) -> Document:
    """The images of a container as the pages of one document; what is too small to be a page or a table is left out.

    Raises:
        OutcomeError: ``scanned`` where the ``ocr`` extra is not installed; ``not_a_document`` where no image is large
            enough; what a page raises, with its number.
    """
    images = unpack_pages(content)
    require_ocr(Outcome.SCANNED, f"The report is published as {len(images)} images")
    # An optional extra, and 0.3 s to load.
    from crawler.documents.assembly import assemble, items_of
    from crawler.documents.scan.document import read_images

    pages = bundle_pages(images)
    read = read_images(pages)
    items = items_of([read.marks(page.number) for page in pages])
    read.annotate(items)
    return Document(PAGE_IMAGES, tuple(read.finish(assemble(items))), page_count=len(pages), flags=read.flags)


def bundle_pages(images: Sequence[bytes]) -> list[PageImage]:
    """The pages that the images of a container are, numbered as ``where`` counts them. Needs the ``ocr`` extra.

    Raises:
        OutcomeError: ``not_a_document`` where no image is large enough; what a page raises, with its number.
    """
    from crawler.documents.scan.image import file_images

    pages: list[PageImage] = []
    for number, image in enumerate(images, start=1):
        try:
            page = _on_paper(image)
            found = file_images(page) if page is not None else []
        except OutcomeError as error:
            raise OutcomeError(error.outcome, f"image {number} of {len(images)}: {error.message}") from error
        pages += [replace(one, number=len(pages) + place) for place, one in enumerate(found, start=1)]
    if not pages:
        raise OutcomeError(Outcome.NOT_A_DOCUMENT, f"none of the {len(images)} images is large enough to be a page or a table")
    return pages


def _on_paper(image: bytes) -> bytes | None:
    """The image; filled up with white where it is low; ``None`` where it is too small to hold a table."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(image), formats=_FORMATS) as opened:
            width, height = opened.size
            if width < LEAST_WIDTH or height < LEAST_HEIGHT:
                return None
            if height >= PAPER_HEIGHT or width > 20 * PAPER_HEIGHT:
                return image
            shown = opened.convert("RGBA")
            paper = Image.new("RGBA", (width, PAPER_HEIGHT), "white")
            paper.alpha_composite(shown)
            buffer = io.BytesIO()
            paper.convert("RGB").save(buffer, "PNG")
            return buffer.getvalue()
    except (UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise OutcomeError(Outcome.NOT_A_DOCUMENT, "it begins like an image but is none that can be read") from error
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise OutcomeError(Outcome.TRUNCATED, "it is damaged or was cut off; fetch it again") from error
