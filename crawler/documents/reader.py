"""The table of readers: what a file is decides who reads it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from crawler.documents import sniff as kinds
from crawler.documents.docx import read_docx
from crawler.documents.html import html_title, read_html
from crawler.documents.mhtml import read_mhtml
from crawler.documents.model import Document
from crawler.documents.ofd import read_ofd
from crawler.documents.office import OFFICE_KINDS, Convert, office_format
from crawler.documents.ole import is_cut
from crawler.documents.page_bundle import read_page_bundle
from crawler.documents.page_image import read_page_image
from crawler.documents.pdf import read_pdf
from crawler.documents.sheets import read_sheets
from crawler.documents.sniff import sniff
from crawler.documents.text import read_text
from crawler.documents.wordml import read_wordml
from crawler.outcomes import Outcome, OutcomeError

Reader = Callable[[bytes], Document]

MAX_BYTES = 60 * 1024 * 1024
"""A scanned report of 60 pages has about 20 MB; what is larger is no annual report."""

MIN_TABLE_CELLS = 20
"""A web page under a Word file's name is the document itself if it holds a table of at least this many cells."""


READERS: Mapping[str, Reader] = MappingProxyType(
    {
        kinds.PDF: read_pdf,
        kinds.DOCX: read_docx,
        kinds.HTML: read_html,
        kinds.MHTML: read_mhtml,
        kinds.WORDML: read_wordml,
        kinds.TEXT: read_text,
        kinds.OFD: read_ofd,
        kinds.XLS: read_sheets,
        kinds.XLSX: read_sheets,
        **dict.fromkeys(kinds.IMAGES, read_page_image),
        kinds.PAGE_IMAGES: read_page_bundle,
    }
)
"""Media type to reader. A new format is one module and one line here."""

NAMES: Mapping[str, str] = MappingProxyType(
    {
        kinds.PDF: "PDF",
        kinds.DOCX: "DOCX",
        kinds.HTML: "HTML",
        kinds.TEXT: "plain text",
        kinds.XLSX: "XLSX workbook",
        kinds.PPTX: "PPTX presentation",
        kinds.ODT: "OpenDocument text",
        kinds.OFD: "OFD",
        kinds.ZIP: "zip archive",
        kinds.DOC: "Word 97-2003 document (.doc, .wps)",
        kinds.WPS: "Works document (.wps)",
        kinds.XLS: "Excel 97-2003 workbook (.xls)",
        kinds.PPT: "PowerPoint 97-2003 presentation (.ppt)",
        kinds.OLE: "OLE compound file",
        kinds.RTF: "RTF",
        kinds.MHTML: "web archive (MHTML)",
        kinds.WORDML: "Word 2003 XML",
        "image/png": "PNG image",
        "image/jpeg": "JPEG image",
        "image/gif": "GIF image",
        "image/bmp": "BMP image",
        "image/tiff": "TIFF image",
        "image/webp": "WebP image",
        kinds.PAGE_IMAGES: "page images",
        "application/gzip": "gzip archive",
        "application/vnd.rar": "RAR archive",
        "application/x-7z-compressed": "7z archive",
    }
)
"""The kinds of file that are known, as a person calls them."""

# The office programs' own exports, so named by their makers; a web page or text under any other binary name is an error page.
_WORD_NAMES = frozenset({"doc", "docx", "wps", "rtf", "xls", "xlsx"})
_WEB_NAMES = frozenset(
    {"", "html", "htm", "shtml", "xhtml", "jhtml", "mht", "mhtml", "txt", "xml", "jsp", "aspx", "asp", "php"}
)
_WORD_EXPORT = re.compile(
    rb"urn:schemas-microsoft-com:office|mso-[a-z]+-|Word\.Document|name=\"?Generator\"?[^>]*Word", re.IGNORECASE
)
_BY_MEDIA_TYPE = MappingProxyType(
    {
        kinds.PDF: "pdf",
        kinds.DOCX: "docx",
        kinds.DOC: "doc",
        kinds.XLS: "xls",
        kinds.XLSX: "xlsx",
        kinds.OFD: "ofd",
        kinds.RTF: "rtf",
        kinds.HTML: "html",
        kinds.TEXT: "txt",
    }
)


def read_document(content: bytes, *, expected: str | None = None, convert: Convert | None = None) -> Document:
    """Read a file of any known kind.

    Args:
        content: the whole file.
        expected: the kind the link promised, as a file name's suffix (``pdf``, ``.docx``) or a media type.
        convert: makes DOCX of the kinds in `OFFICE_KINDS`, which are ``unsupported`` without it.

    Raises:
        OutcomeError: ``not_a_document`` (empty, an error page in place of the promised file, no known format), ``too_large``
            (over `MAX_BYTES`), ``unsupported`` (a known kind without a reader, named in the message), ``encrypted``,
            ``truncated``, and what the kind's reader raises.
    """
    if len(content) > MAX_BYTES:
        raise OutcomeError(Outcome.TOO_LARGE, f"the file has {len(content)} bytes; at most {MAX_BYTES} are read")
    promised = _promised(expected)
    found = sniff(content)
    if found == kinds.EMPTY:
        raise OutcomeError(Outcome.NOT_A_DOCUMENT, "the file is empty")
    if found == kinds.ENCRYPTED_OFFICE:
        raise OutcomeError(Outcome.ENCRYPTED, "the Office document is protected by a password")
    if found == kinds.ZIP and promised in {"docx", "xlsx", "ofd"} and not _has_directory(content):
        raise OutcomeError(Outcome.TRUNCATED, f"the file was promised as {promised} and is a zip without its end")
    if found in {kinds.UNKNOWN, kinds.XML, kinds.JSON}:
        what = {kinds.XML: "XML data", kinds.JSON: "JSON data"}.get(found, "bytes of no known format")
        raise OutcomeError(Outcome.NOT_A_DOCUMENT, f"the file is {what}{_instead_of(promised)}")
    if found in OFFICE_KINDS:
        return _read_converted(content, found, convert)
    reader = READERS.get(found)
    if reader is None:
        if found == kinds.OLE and is_cut(content):
            raise OutcomeError(Outcome.TRUNCATED, "the OLE file is cut, and its directory is lost")
        if not _has_directory(content):
            raise OutcomeError(Outcome.TRUNCATED, f"the {NAMES.get(found, found)} is a zip without its end")
        raise OutcomeError(Outcome.UNSUPPORTED, f"no reader for this kind of file: {NAMES.get(found, found)}")
    if found in {kinds.HTML, kinds.TEXT} and promised not in _WEB_NAMES:
        return _read_in_place_of(promised, found, content, reader)
    return reader(content)


def _read_converted(content: bytes, found: str, convert: Convert | None) -> Document:
    """An office document by way of DOCX; its media type stays its own."""
    if convert is None:
        raise OutcomeError(Outcome.UNSUPPORTED, f"no reader without LibreOffice for this kind of file: {NAMES[found]}")
    return replace(read_docx(convert(content, office_format(content, found))), media_type=found)


def _read_in_place_of(promised: str, found: str, content: bytes, reader: Reader) -> Document:
    """A web page or text where a binary document was promised: Word's own export is read, an error page is refused."""
    if promised in _WORD_NAMES:
        document = reader(content)
        if any(len(grid.cells) >= MIN_TABLE_CELLS for grid in document.grids) or _WORD_EXPORT.search(content[:65_536]):
            return document
    title = html_title(content) if found == kinds.HTML else None
    said = f", titled {title!r}" if title else ""
    raise OutcomeError(Outcome.NOT_A_DOCUMENT, f"the file is {NAMES[found]}{said}{_instead_of(promised)}")


def _instead_of(promised: str) -> str:
    return f", where {promised} was promised" if promised else ""


def _promised(expected: str | None) -> str:
    if not expected:
        return ""
    name = expected.partition(";")[0].strip().lower()
    return _BY_MEDIA_TYPE.get(name, name.rpartition(".")[2] if "/" not in name else "")


def _has_directory(content: bytes) -> bool:
    """False for a zip that lacks its end of central directory record, i.e. was cut."""
    return not content.startswith(b"PK") or b"PK\x05\x06" in content[-65_557:]
