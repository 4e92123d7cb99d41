"""A page published as an image file -> Document; loads OCR only when there is one to read."""

from __future__ import annotations

from crawler.documents.model import Document
from crawler.documents.scan import require_ocr
from crawler.documents.sniff import sniff
from crawler.outcomes import Outcome


def read_page_image(content: bytes) -> Document:
    """The page or, in a TIFF, pages of an image file.

    Raises:
        OutcomeError: ``scanned`` where the ``ocr`` extra is not installed, ``not_a_document``, ``too_large`` or
            ``truncated``.
    """
    require_ocr(Outcome.SCANNED, "The document is an image")
    from crawler.documents.scan.document import read_image  # an optional extra, and 0.3 s to load

    return read_image(content, sniff(content))
