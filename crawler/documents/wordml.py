"""Word 2003 XML, and the one-file form of Word 2007's: rewritten to the elements of a DOCX, which reads the rest.

The older vocabulary ([MS-WordprocessingML 2003]) differs in a namespace, a few names, and in how revisions and lists are kept.
"""

from __future__ import annotations

import re

from lxml import etree

from crawler.documents.docx import read_word_xml
from crawler.documents.model import Document
from crawler.documents.sniff import WORDML
from crawler.outcomes import Outcome, OutcomeError

_OLD = "{http://schemas.microsoft.com/office/word/2003/wordml}"
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_AML = "{http://schemas.microsoft.com/aml/2001/core}"
_PKG = "{http://schemas.microsoft.com/office/2006/xmlPackage}"
_PROPERTIES = "{urn:schemas-microsoft-com:office:office}DocumentProperties"

_NAMES = {
    "vmerge": "vMerge",
    "hmerge": "hMerge",
    "hlink": "hyperlink",
    "listPr": "numPr",
    "ilfo": "numId",
    "lists": "numbering",
    "listDef": "abstractNum",
    "listDefId": "abstractNumId",
    "list": "num",
    "ilst": "abstractNumId",
    "nfc": "numFmt",
}
"""Elements and attributes whose names changed."""
_NUMBER_FORMATS = {
    "0": "decimal",
    "10": "ideographDigital",
    "11": "japaneseCounting",
    "14": "decimalFullWidth",
    "15": "decimalHalfWidth",
    "17": "japaneseDigitalTenThousand",
    "18": "decimalEnclosedCircle",
    "22": "decimalZero",
    "28": "decimalEnclosedCircleChinese",
    "33": "taiwaneseCounting",
    "35": "taiwaneseCountingThousand",
    "36": "taiwaneseDigital",
    "37": "chineseCounting",
    "39": "chineseCountingThousand",
}
"""[MS-OSHARED] 2.2.1.3, as far as numbers before Chinese headings go."""

_HELD = frozenset(_W + name for name in ("p", "tbl", "tr", "tc", "r", "customXml"))
_BINARY = re.compile(rb"<(w:binData|pkg:binaryData)\b[^>]*>[^<]*</\1>")
_MAX_BYTES = 48 * 1024 * 1024
_END = re.compile(r"</(?:\w+:)?(?:wordDocument|package)>\s*\Z")
_TAIL_BYTES = 256


def read_wordml(content: bytes) -> Document:
    """Read Word 2003 XML or a flat Word 2007 package, with the same rules as a DOCX.

    Raises:
        OutcomeError: ``truncated``, ``not_a_document`` (not well-formed, a document type declared, no body), ``too_large``.
    """
    root = _parse(content)
    if root.tag == _PKG + "package":
        parts = {part.get(_PKG + "name", "").lower(): _data(part) for part in root.findall(_PKG + "part")}
        document, styles, numbering = (parts.get(f"/word/{name}.xml") for name in ("document", "styles", "numbering"))
        if document is None:
            raise OutcomeError(Outcome.NOT_A_DOCUMENT, "the Word XML package holds no document")
        return read_word_xml(document, styles, numbering, media_type=WORDML, metadata={})
    if root.tag != _OLD + "wordDocument":
        raise OutcomeError(Outcome.NOT_A_DOCUMENT, "the XML is no Word document")
    metadata = _metadata(root)
    elements = list(root.iter(etree.Element))
    for element in elements:
        _rename(element)
    for element in reversed(elements):
        _see_through(element)
    return read_word_xml(root, root.find(_W + "styles"), root.find(_W + "numbering"), media_type=WORDML, metadata=metadata)


def _parse(content: bytes) -> etree._Element:
    data = _BINARY.sub(b"", content)
    if len(data) > _MAX_BYTES:
        raise OutcomeError(Outcome.TOO_LARGE, f"the Word XML has {len(data)} bytes of text")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(data.lstrip(b"\r\n\t "), parser)
    except etree.XMLSyntaxError as error:
        encoding = "utf-16-le" if data[:2] == b"\xff\xfe" else "utf-16-be" if data[:2] == b"\xfe\xff" else "utf-8"
        if not _END.search(data[-_TAIL_BYTES:].decode(encoding, errors="replace")):
            raise OutcomeError(Outcome.TRUNCATED, "the Word XML ends before its document does") from error
        raise OutcomeError(Outcome.NOT_A_DOCUMENT, f"the Word XML is not well-formed: {error.msg}") from error
    if root.getroottree().docinfo.doctype:
        raise OutcomeError(Outcome.NOT_A_DOCUMENT, "the Word XML declares a document type, which Office never writes")
    return root


def _data(part: etree._Element) -> etree._Element | None:
    data = part.find(_PKG + "xmlData")
    return None if data is None else next(iter(data), None)


def _metadata(root: etree._Element) -> dict[str, str]:
    properties = root.find(_PROPERTIES)
    if properties is None:
        return {}
    return {etree.QName(item).localname.lower(): item.text.strip() for item in properties if item.text and item.text.strip()}


def _rename(element: etree._Element) -> None:
    """An element and its attributes to the newer vocabulary."""
    tag = str(element.tag)
    if tag.startswith(_OLD):
        element.tag = _renamed(tag)
    elif tag == _AML + "annotation":
        # Comments, bookmarks and former formatting are no text of the document, as little as what was deleted.
        element.tag = _W + ("ins" if element.get(_OLD + "type") == "Word.Insertion" else "del")
    for key, value in [(str(key), str(value)) for key, value in element.attrib.items()]:
        if key.startswith(_OLD):
            del element.attrib[key]
            element.set(_renamed(key), value)
    if element.tag == _W + "numFmt":
        element.set(_W + "val", _NUMBER_FORMATS.get(element.get(_W + "val", ""), "none"))


def _renamed(name: str) -> str:
    local = name.removeprefix(_OLD)
    return _W + _NAMES.get(local, local)


def _see_through(element: etree._Element) -> None:
    """Sections, smart tags and elements of a customer's own schema hold text without being part of it."""
    if not str(element.tag).startswith(_W) and any(child.tag in _HELD for child in element):
        element.tag = _W + "customXml"
