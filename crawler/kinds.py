"""What a person calls a document's kind: for the counts at the end of a run."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from crawler.documents import sniff
from crawler.outcomes import Outcome

if TYPE_CHECKING:
    from crawler.items import DocumentItem

NAMES: Mapping[str, str] = MappingProxyType(
    {
        sniff.HTML: "HTML",
        sniff.PDF: "PDF",
        sniff.DOCX: "DOCX",
        sniff.DOC: "DOC",
        sniff.WPS: "WPS",
        sniff.RTF: "RTF",
        sniff.MHTML: "MHTML",
        sniff.WORDML: "Word XML",
        sniff.ODT: "ODT",
        sniff.XLSX: "XLSX",
        sniff.XLS: "XLS",
        sniff.OFD: "OFD",
        sniff.TEXT: "plain text",
        sniff.ZIP: "ZIP",
        sniff.PAGE_IMAGES: "page images",
        "application/vnd.rar": "RAR",
        "application/x-7z-compressed": "7z",
    }
)
"""Media type -> kind."""
SCANNED = "PDF, scanned"
MIXED = "PDF, scanned in part"
IMAGE = "image"
OTHER = "other"
NOT_FETCHED = "not fetched"
_PDFS = ("PDF", SCANNED, MIXED)
ORDER = (*_PDFS, *(name for name in NAMES.values() if name != "PDF"), IMAGE, OTHER, NOT_FETCHED)
"""The kinds in the order they are shown in."""
_OCR = "ocr"


def kind_of(document: DocumentItem) -> str:
    """One of `ORDER`; a PDF is scanned where its tables were read by OCR or it has no text to read."""
    media_type = document.media_type
    if media_type is None:
        return NOT_FETCHED
    if media_type == sniff.PDF:
        methods = set(((document.extraction or {}).get("methods") or {}).values())
        if document.outcome == Outcome.SCANNED.value or methods == {_OCR}:
            return SCANNED
        return MIXED if _OCR in methods else NAMES[media_type]
    if media_type == sniff.DOC and document.expected == "wps":
        return NAMES[sniff.WPS]
    return NAMES.get(media_type, IMAGE if media_type.startswith("image/") else OTHER)
