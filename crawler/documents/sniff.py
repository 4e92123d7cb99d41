"""What a file is, from its bytes alone; a name, a link or a header may lie.

No sniffing library knows these files (HTML fragments with a byte order mark, Word 2003 XML, OFD, error pages sent as PDF).
"""

from __future__ import annotations

import codecs
import io
import lzma
import re
import struct
import zipfile
import zlib

from crawler.documents.encoding import UNDECODABLE, decode
from crawler.documents.ole import MAGIC as OLE_MAGIC
from crawler.documents.ole import read_compound_file

EMPTY = "application/x-empty"
UNKNOWN = "application/octet-stream"
PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
ODT = "application/vnd.oasis.opendocument.text"
OFD = "application/ofd"
ZIP = "application/zip"
DOC = "application/msword"
WPS = "application/vnd.ms-works"
XLS = "application/vnd.ms-excel"
PPT = "application/vnd.ms-powerpoint"
ENCRYPTED_OFFICE = "application/x-encrypted-office"
OLE = "application/x-ole-storage"
RTF = "application/rtf"
HTML = "text/html"
MHTML = "multipart/related"
WORDML = "application/x-wordml+xml"
XML = "application/xml"
JSON = "application/json"
TEXT = "text/plain"
PAGE_IMAGES = "application/x-page-images"
"""Our own container for a report published as images, see ``page_bundle``."""
IMAGES = ("image/png", "image/jpeg", "image/gif", "image/bmp", "image/tiff", "image/webp")

_PDF_HEADER_WITHIN = 1024
"""ISO 32000 readers look for %PDF- in the first 1024 bytes."""
_HEAD = 4096

_MAGIC = (
    (b"{\\rtf", RTF),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"\x1f\x8b", "application/gzip"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
)
_ZIP_MAGICS = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_OLE_STREAMS = (
    ("encryptedpackage", ENCRYPTED_OFFICE),
    ("worddocument", DOC),
    ("workbook", XLS),
    ("book", XLS),
    ("powerpoint document", PPT),
    ("matost", WPS),
    ("contents", WPS),
)

_SOMETHING = re.compile(rb"[^ \t\r\n\x00]")
_TAG = re.compile(
    r"<(?:!doctype\s+html|(?:html|head|body|title|meta|link|script|style|base|div|p|span|table|tbody|tr|td|ul|ol|li|h[1-6]"
    r"|a|b|br|hr|img|font|center|strong|em|section|article|form|iframe)\b)",
    re.IGNORECASE,
)
_PROLOGUE = re.compile(r"\s*(?:<\?xml[^>]*\?>\s*|<!--.*?-->\s*|<%.*?%>\s*)*", re.DOTALL)
_ASCII_TAG, _ASCII_PROLOGUE = (re.compile(form.pattern.encode(), form.flags & ~re.UNICODE) for form in (_TAG, _PROLOGUE))
_WORDML = re.compile(r"<w:worddocument\b|<pkg:package\b|progid=[\"']word\.document", re.IGNORECASE)
_MHTML = re.compile(r"(?:[\w-]+:[^\n]*\n(?:[ \t][^\n]*\n)*)*?content-type:\s*multipart/(?:related|alternative)", re.IGNORECASE)
_JSON = re.compile(r"\s*(?:\{\s*(?:\"|\})|\[\s*[\[{\"\]])")
_MIN_LOOSE_TAGS = 3
_CONTROLS = frozenset(chr(code) for code in range(32) if chr(code) not in "\t\n\r\x0b\x0c\x1a\x1b")


def sniff(content: bytes) -> str:
    """The media type of a file from its bytes; one of this module's constants or an ``image/*``; never raises.

    ``application/x-empty`` for no bytes (or only white space), ``application/octet-stream`` for none that is known.
    A zip whose directory is lost is named by its local headers, so that a cut DOCX is still a DOCX.

    >>> sniff(b"%PDF-1.7 ..."), sniff(b"\\xef\\xbb\\xbf<div class=TRS_Editor>"), sniff(b"")
    ('application/pdf', 'text/html', 'application/x-empty')
    """
    if not _SOMETHING.search(content):
        return EMPTY
    if content.startswith(b"%PDF-"):
        return PDF
    for magic, media_type in _MAGIC:
        if content.startswith(magic):
            return media_type
    if content.startswith(b"BM") and content[6:10] == b"\0\0\0\0":
        return "image/bmp"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    if content.startswith(_ZIP_MAGICS):
        return _sniff_zip(content)
    if content.startswith(OLE_MAGIC):
        return _sniff_ole(content)
    if b"%PDF-" in content[:_PDF_HEADER_WITHIN]:
        return PDF
    return _sniff_text(content)


def _sniff_zip(content: bytes) -> str:
    if content[30:38] == b"mimetype" and content[38:].startswith(PAGE_IMAGES.encode()):
        return PAGE_IMAGES
    names = {name.replace("\\", "/").lstrip("/") for name in zip_names(content)}
    if any(name == "OFD.xml" or name.endswith("/OFD.xml") for name in names):
        return OFD
    for folder, media_type in (("word/", DOCX), ("xl/", XLSX), ("ppt/", PPTX)):
        if any(name.startswith(folder) for name in names):
            return media_type
    if content[30:38] == b"mimetype" and b"opendocument.text" in content[38:120]:
        return ODT
    return ZIP


def zip_names(content: bytes) -> list[str]:
    """The member names of a zip: from its directory or, where that is lost, from the local headers that are left."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return archive.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, struct.error, EOFError, OSError, zlib.error, lzma.LZMAError):
        pass
    names = []
    for found in re.finditer(rb"PK\x03\x04", content):
        header = content[found.start() : found.start() + 30]
        if len(header) == 30:
            length = int.from_bytes(header[26:28], "little")
            names.append(content[found.end() + 26 : found.end() + 26 + length].decode("utf-8", errors="replace"))
    return names


def _sniff_ole(content: bytes) -> str:
    names = {name.lower() for name in ole_stream_names(content)}
    for name, media_type in _OLE_STREAMS:
        if name in names:
            return media_type
    return OLE


def ole_stream_names(content: bytes) -> list[str]:
    """The names in the root of an OLE2 compound file, in no order; what a cut file still holds of them."""
    container = read_compound_file(content)
    return [] if container is None else [entry.name for entry in container.entries]


def _begins_as_html(head: bytes) -> bool:
    """Whether it surely begins with a tag of HTML, in whatever encoding it goes on: most pages need not be decoded."""
    head = head.removeprefix(codecs.BOM_UTF8)
    start = _ASCII_PROLOGUE.match(head)
    tag = _ASCII_TAG.match(head, start.end() if start else 0)
    return tag is not None and head[: tag.end() + 1].isascii() and b"\0" not in head


def _sniff_text(content: bytes) -> str:
    if _begins_as_html(content[:_HEAD]):
        return HTML
    decoded = decode(content[:_HEAD])
    text = decoded.text
    start = _PROLOGUE.match(text)
    body = text[start.end() :] if start else text
    begins_with_tag = _TAG.match(body) is not None
    # Word's web pages name its XML root in a comment for Word: what the file begins with decides.
    if not begins_with_tag and _WORDML.search(text):
        return WORDML
    if _MHTML.match(body):
        return MHTML
    if begins_with_tag or re.search(r"<(?:html|body)\b", text, re.IGNORECASE):
        return HTML
    if text.lstrip().startswith("<?xml"):
        return XML
    if len(_TAG.findall(text)) >= _MIN_LOOSE_TAGS and "</" in text:
        return HTML
    if _JSON.match(body):
        return JSON
    return TEXT if _is_text(content, text) else UNKNOWN


def _is_text(content: bytes, text: str) -> bool:
    if any(character in _CONTROLS for character in text):
        return False
    # The head may be cut inside a character: only what decodes badly throughout is no text.
    whole = decode(content)
    return UNDECODABLE not in whole.flags or whole.text.count("\ufffd") * 100 < len(whole.text)
