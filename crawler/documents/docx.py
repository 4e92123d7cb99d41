"""DOCX to paragraphs and grids: one walk over the XML of the package, spans and revisions resolved.

python-docx sees neither tables inside content controls nor text boxes, and its ``table.cell(r, c)`` is quadratic; the grid
therefore comes from the elements themselves (ECMA-376 part 1, 17.4).
"""

from __future__ import annotations

import io
import lzma
import posixpath
import re
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from lxml import etree

from crawler.documents.docx_numbering import Numbering, read_numbering
from crawler.documents.model import Block, Document, Grid, Paragraph
from crawler.documents.spans import PlacedCell, exact_grid
from crawler.outcomes import Outcome, OutcomeError

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

MAX_MEMBERS = 10_000
MAX_PART_BYTES = 48 * 1024 * 1024
"""Uncompressed size of one XML part; a report of 60 pages has about 3 MB."""
MAX_COLUMNS = 512
"""Word itself allows 63."""
MIN_COLUMN_TWIPS = 30
"""Narrower grid columns (1.5 pt) cannot show a character: converters leave them where two rules do not meet exactly."""

HIDDEN_MERGED_TEXT = "text_in_merged_cell"
"""A cell merged into the one above held text of its own, which Word does not show and is not read."""

EMBEDDED_PART = "embedded_part_not_read"
"""The document imports another file (``w:altChunk``) that Word would show and this reader does not."""

_OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_STRICT_W = b"http://purl.oclc.org/ooxml/wordprocessingml/main"
_TRANSITIONAL_W = b"http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_RELATIONSHIP = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"

_P, _TBL, _R, _T, _TR, _TC = (_W + name for name in ("p", "tbl", "r", "t", "tr", "tc"))
_SDT, _SDT_CONTENT, _TEXT_BOX = _W + "sdt", _W + "sdtContent", _W + "txbxContent"
_ALTERNATE, _CHOICE, _FALLBACK = _MC + "AlternateContent", _MC + "Choice", _MC + "Fallback"
_VAL = _W + "val"
_RPR, _RSTYLE, _VANISH = _W + "rPr", _W + "rStyle", _W + "vanish"
_TAB, _PTAB, _BR, _CR, _RUBY = (_W + name for name in ("tab", "ptab", "br", "cr", "ruby"))
_NO_BREAK_HYPHEN, _SYM, _MATH_TEXT = _W + "noBreakHyphen", _W + "sym", _M + "t"
# Containers that are transparent to a reader of the final text, and those whose content is deleted or a template.
_TRANSPARENT = frozenset(
    {_W + name for name in ("ins", "moveTo", "hyperlink", "smartTag", "customXml", "fldSimple", "dir", "bdo")}
    | {_W + name for name in ("sdtContent", "rubyBase")}
    | {_M + name for name in ("oMath", "oMathPara", "r")}
)
_TC_PROPERTIES = _W + "tcPr"
_TR_PROPERTIES = _W + "trPr"
_GRID_SPAN = _W + "gridSpan"
_V_MERGE = _W + "vMerge"
_H_MERGE = _W + "hMerge"
_GRID_BEFORE = _W + "gridBefore"
_CELL_DELETED = _W + "cellDel"
_DROPPED = frozenset(_W + name for name in ("del", "moveFrom", "rPr", "pPr", "sdtPr", "sdtEndPr", "rt", "instrText", "delText"))
_GRAPHICS = frozenset(_W + name for name in ("drawing", "pict", "object"))
_FALSE = frozenset({"0", "false", "off", "none"})
_CJK = re.compile(r"[\u3400-\u9fff]")
_STRIPPED = " \t\r\n\u3000\xa0\ufeff\u200b"


@dataclass(slots=True)
class _RowCell:
    """One ``w:tc``: its first grid column, how many it spans, ``restart`` or ``continue`` of a vertical merge, its text."""

    column: int
    span: int
    merge: str | None
    text: str


@dataclass(slots=True)
class _Walker:
    numbering: Numbering
    hidden_styles: frozenset[str]
    title_styles: frozenset[str]
    title: list[str] = field(default_factory=list)
    grid_count: int = 0

    def blocks(self, container: etree._Element) -> Iterator[Block]:
        """Paragraphs and grids of a body, a text box or a content control, in order."""
        for element in _content(container):
            if element.tag == _P:
                text, boxes = self.paragraph(element, numbered=True)
                if text:
                    if self._style(element) in self.title_styles:
                        self.title.append(text)
                    for line in text.split("\n"):
                        if line.strip(_STRIPPED):
                            yield Paragraph(line.strip(_STRIPPED))
                for box in boxes:
                    yield from self.blocks(box)
            elif element.tag == _TBL:
                number = self.grid_count + 1
                grid = self.grid(element, number)
                if grid is not None:
                    self.grid_count = number
                    yield grid

    def paragraph(self, element: etree._Element, *, numbered: bool) -> tuple[str, list[etree._Element]]:
        """The paragraph's text with its automatic number, and the text boxes anchored in it."""
        parts: list[str] = []
        boxes: list[etree._Element] = []
        self._inline(element, parts, boxes)
        text = "".join(parts).strip(_STRIPPED)
        label = self.numbering.next_label(element)
        # In a cell a number before a bare number would make another number of it.
        if label and text and (numbered or _CJK.search(text)):
            text = label + text
        return text, boxes

    def _inline(self, element: etree._Element, parts: list[str], boxes: list[etree._Element]) -> None:
        for child in element:
            tag = child.tag
            if tag == _R:
                if not self._is_hidden(child):
                    self._inline(child, parts, boxes)
            elif tag in (_T, _MATH_TEXT):
                parts.append(child.text or "")
            elif tag in _DROPPED:
                continue
            elif tag in (_TAB, _PTAB):
                parts.append("\t")
            elif tag == _BR:
                parts.append("" if child.get(_W + "type") in {"page", "column"} else "\n")
            elif tag == _CR:
                parts.append("\n")
            elif tag == _NO_BREAK_HYPHEN:
                parts.append("-")
            elif tag == _SYM:
                parts.append(_symbol(child))
            elif tag in (_SDT, _RUBY) or tag in _TRANSPARENT:
                self._inline(child, parts, boxes)
            elif tag == _ALTERNATE:
                self._inline(_alternative(child), parts, boxes)
            elif tag in _GRAPHICS:
                boxes.extend(_text_boxes(child))

    def _is_hidden(self, run: etree._Element) -> bool:
        properties = run[0] if len(run) else None
        if properties is None or properties.tag != _RPR:
            return False
        for child in properties:
            if child.tag == _VANISH:
                return child.get(_VAL, "true") not in _FALSE
            if child.tag == _RSTYLE and child.get(_VAL) in self.hidden_styles:
                # The run's own w:vanish, which overrides its style, comes behind w:rStyle.
                vanish = properties.find(_VANISH)
                return vanish is None or vanish.get(_VAL, "true") not in _FALSE
        return False

    def _style(self, paragraph: etree._Element) -> str | None:
        style = paragraph.find(f"{_W}pPr/{_W}pStyle")
        return None if style is None else style.get(_VAL)

    def grid(self, table: etree._Element, number: int) -> Grid | None:
        """One ``w:tbl``.

        Raises:
            OutcomeError: ``too_large`` for a table of more slots than any form has.
        """
        rows = [self._read_row(row) for row in _rows(table)]
        _drop_slivers(table, rows)
        placed: list[PlacedCell] = []
        notes: dict[str, None] = {}
        open_above: dict[int, int] = {}
        for row, cells in enumerate(rows):
            reached: dict[int, int] = {}
            for cell in cells:
                above = open_above.get(cell.column)
                if cell.merge == "continue" and above is not None and placed[above].column_span == cell.span:
                    placed[above] = placed[above]._replace(row_span=row - placed[above].row + 1)
                    reached[cell.column] = above
                    if cell.text:
                        notes[HIDDEN_MERGED_TEXT] = None
                    continue
                if cell.merge is not None:
                    reached[cell.column] = len(placed)
                placed.append(PlacedCell(row, cell.column, 1, cell.span, cell.text))
            open_above = reached
        try:
            return exact_grid(placed, len(rows), number, tuple(notes))
        except ValueError as error:
            raise OutcomeError(Outcome.TOO_LARGE, f"the document holds {error}") from error

    def _read_row(self, row: etree._Element) -> list[_RowCell]:
        cells: list[_RowCell] = []
        column = _number(_properties(row, _TR_PROPERTIES).get(_GRID_BEFORE))
        for cell, properties in _cells(row):
            span = max(_number(properties.get(_GRID_SPAN)), 1)
            merge = _merge(properties.get(_V_MERGE))
            horizontal = _merge(properties.get(_H_MERGE))
            if column + span > MAX_COLUMNS:
                raise OutcomeError(Outcome.TOO_LARGE, f"the document holds a table of more than {MAX_COLUMNS} columns")
            if horizontal == "continue" and cells:
                cells[-1].span += span
            else:
                cells.append(_RowCell(column, span, merge, self._cell_text(cell)))
            column += span
        return cells

    def _cell_text(self, cell: etree._Element) -> str:
        lines: list[str] = []
        for element in _content(cell):
            if element.tag == _P:
                text, boxes = self.paragraph(element, numbered=False)
                lines.append(text)
                lines.extend(self._cell_text(box) for box in boxes)
            elif element.tag == _TBL:
                lines.extend("\t".join(self._cell_text(inner) for inner, _ in _cells(row)) for row in _rows(element))
        return "\n".join(line for line in lines if line)


def read_docx(content: bytes) -> Document:
    """Read a DOCX.

    Revisions are read as accepted (inserted text kept, deleted dropped), hidden text is left out, content controls and text
    boxes are read in place, section numbers that only automatic numbering prints are written out. ``title`` is the text of
    paragraphs in the style "Title"; ``metadata`` holds the package's core properties and ``producer``.

    Raises:
        OutcomeError: ``not_a_document`` (no Word document inside), ``truncated`` (a broken zip), ``encrypted``, ``too_large``.
    """
    if content.startswith(_OLE_MAGIC):
        raise OutcomeError(Outcome.ENCRYPTED, "the DOCX is wrapped in an OLE file: it is protected by a password")
    if not content.startswith(b"PK"):
        raise OutcomeError(Outcome.NOT_A_DOCUMENT, "a DOCX is a zip, and this file is none")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _read_package(archive)
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError) as error:
        raise OutcomeError(Outcome.TRUNCATED, f"the DOCX is a broken zip: {error}") from error
    except (NotImplementedError, RuntimeError, ValueError, OverflowError) as error:
        raise OutcomeError(Outcome.NOT_A_DOCUMENT, f"the DOCX is a zip no reader understands: {error}") from error


def read_grid(table: etree._Element, number: int = 1) -> Grid | None:
    """The grid of one ``w:tbl`` element, styles and numbering aside; ``None`` if it has no cell.

    Raises:
        OutcomeError: ``too_large`` for a table of more slots than any form has.
    """
    return _Walker(Numbering(), frozenset(), frozenset()).grid(table, number)


def _read_package(archive: zipfile.ZipFile) -> Document:
    members = archive.infolist()
    if len(members) > MAX_MEMBERS:
        raise OutcomeError(Outcome.TOO_LARGE, f"the DOCX has {len(members)} members; at most {MAX_MEMBERS} are read")
    if any(member.flag_bits & 1 for member in members):
        raise OutcomeError(Outcome.ENCRYPTED, "the DOCX is a zip protected by a password")
    parts = {member.filename.replace("\\", "/").lstrip("/").lower(): member for member in members}
    main = _main_part(archive, parts)
    if main not in parts:
        raise OutcomeError(Outcome.NOT_A_DOCUMENT, "the zip holds no Word document (word/document.xml)")
    document = _xml(archive, parts[main])
    folder = posixpath.dirname(main)
    styles = _optional_xml(archive, parts, f"{folder}/styles.xml")
    numbering = _optional_xml(archive, parts, f"{folder}/numbering.xml")
    return read_word_xml(document, styles, numbering, metadata=_metadata(archive, parts))


def read_word_xml(
    document: etree._Element,
    styles: etree._Element | None,
    numbering: etree._Element | None,
    *,
    media_type: str = MEDIA_TYPE,
    metadata: Mapping[str, str],
) -> Document:
    """Paragraphs and grids of a ``w:document``, ``w:styles`` and ``w:numbering`` in the transitional namespace.

    Raises:
        OutcomeError: ``not_a_document`` (no body), ``too_large``.
    """
    walker = _Walker(
        read_numbering(numbering, styles),
        frozenset(_styles_with(styles, _W + "vanish")),
        frozenset(_styles_named(styles, "title")),
    )
    body = document.find(_W + "body")
    if body is None:
        raise OutcomeError(Outcome.NOT_A_DOCUMENT, "the Word document has no body")
    blocks = tuple(walker.blocks(body))
    embedded = next(body.iter(_W + "altChunk"), None) is not None
    return Document(
        media_type,
        blocks,
        title="\n".join(walker.title) or None,
        metadata=metadata,
        flags=(EMBEDDED_PART,) * embedded,
    )


def _main_part(archive: zipfile.ZipFile, parts: dict[str, zipfile.ZipInfo]) -> str:
    relations = _optional_xml(archive, parts, "_rels/.rels")
    for relation in [] if relations is None else relations.iter(_RELATIONSHIP):
        if relation.get("Type", "").endswith("/officeDocument"):
            target = posixpath.normpath(relation.get("Target", "").lstrip("/")).lower()
            if target in parts:
                return target
    return "word/document.xml"


def _xml(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> etree._Element:
    if member.file_size > MAX_PART_BYTES:
        raise OutcomeError(Outcome.TOO_LARGE, f"a part of the DOCX unpacks to {member.file_size} bytes")
    with archive.open(member) as part:
        # `read` without a number unpacks all there is, whatever the package says of its length.
        data = part.read(member.file_size).replace(_STRICT_W, _TRANSITIONAL_W)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True)
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise OutcomeError(Outcome.NOT_A_DOCUMENT, f"a part of the DOCX is not well-formed XML: {error.msg}") from error
    if root.getroottree().docinfo.doctype:
        raise OutcomeError(Outcome.NOT_A_DOCUMENT, "a part of the DOCX declares a document type, which Office never writes")
    return root


def _optional_xml(archive: zipfile.ZipFile, parts: dict[str, zipfile.ZipInfo], name: str) -> etree._Element | None:
    return _xml(archive, parts[name]) if name in parts else None


def _metadata(archive: zipfile.ZipFile, parts: dict[str, zipfile.ZipInfo]) -> dict[str, str]:
    found: dict[str, str] = {}
    core = _optional_xml(archive, parts, "docprops/core.xml")
    for element in [] if core is None else core:
        if isinstance(element.tag, str) and element.text and element.text.strip():
            found[etree.QName(element).localname.lower()] = element.text.strip()
    application = _optional_xml(archive, parts, "docprops/app.xml")
    for element in [] if application is None else application:
        if isinstance(element.tag, str) and element.tag.endswith("}Application") and element.text:
            found["producer"] = element.text.strip()
    return found


def _content(container: etree._Element) -> Iterator[etree._Element]:
    """The paragraphs and tables directly inside, through wrappers and without deleted ones."""
    for element in container:
        tag = element.tag
        if tag in (_P, _TBL):
            yield element
        elif tag == _SDT or tag in _TRANSPARENT:
            yield from _content(element)
        elif tag == _ALTERNATE:
            yield from _content(_alternative(element))


def _wrapped(container: etree._Element, wanted: str) -> Iterator[etree._Element]:
    for element in container:
        if element.tag == wanted:
            yield element
        elif element.tag == _SDT or element.tag in _TRANSPARENT:
            yield from _wrapped(element, wanted)


def _properties(element: etree._Element, name: str) -> dict[str, etree._Element]:
    """The children of an element's property element by tag; one pass, since a table asks thousands of times."""
    for child in element:
        if child.tag == name:
            return {item.tag: item for item in child if isinstance(item.tag, str)}
    return {}


def _rows(table: etree._Element) -> Iterator[etree._Element]:
    for row in _wrapped(table, _TR):
        properties = _properties(row, _TR_PROPERTIES)
        if _W + "del" not in properties and not _is_on(properties.get(_W + "hidden")):
            yield row


def _cells(row: etree._Element) -> Iterator[tuple[etree._Element, dict[str, etree._Element]]]:
    for cell in _wrapped(row, _TC):
        properties = _properties(cell, _TC_PROPERTIES)
        if _CELL_DELETED not in properties:
            yield cell, properties


def _is_on(element: etree._Element | None) -> bool:
    return element is not None and element.get(_VAL, "true") not in _FALSE


def _number(element: etree._Element | None) -> int:
    """A ``w:val`` of 0 to `MAX_COLUMNS`; 0 where it is missing or no number."""
    if element is None:
        return 0
    text = element.get(_VAL, "")
    return min(int(text), MAX_COLUMNS) if text.isdecimal() and len(text) < 10 else 0


def _merge(element: etree._Element | None) -> str | None:
    return None if element is None else element.get(_VAL, "continue")


def _drop_slivers(table: etree._Element, rows: list[list[_RowCell]]) -> None:
    """Take grid columns of about zero width out of the rows; a sliver in which a cell with text stands alone stays."""
    widths = [column.get(_W + "w", "") for column in table.findall(f"{_W}tblGrid/{_W}gridCol")]
    slivers = {number for number, width in enumerate(widths) if width.isdecimal() and int(width) < MIN_COLUMN_TWIPS}
    slivers -= {
        cell.column + offset
        for cells in rows
        for cell in cells
        if cell.text and slivers.issuperset(range(cell.column, cell.column + cell.span))
        for offset in range(cell.span)
    }
    if not slivers or len(slivers) == len(widths):
        return
    for cells in rows:
        for cell in cells:
            end = cell.column + cell.span
            end -= sum(sliver < end for sliver in slivers)
            cell.column -= sum(sliver < cell.column for sliver in slivers)
            cell.span = end - cell.column
        cells[:] = [cell for cell in cells if cell.span]


def _alternative(element: etree._Element) -> etree._Element:
    """The branch of ``mc:AlternateContent`` that is read: the first choice; the fallback repeats it for old programs."""
    choice = element.find(_CHOICE)
    if choice is not None:
        return choice
    fallback = element.find(_FALLBACK)
    return element if fallback is None else fallback


def _text_boxes(graphic: etree._Element) -> Iterator[etree._Element]:
    for element in graphic:
        if element.tag == _TEXT_BOX:
            yield element
        elif element.tag == _ALTERNATE:
            yield from _text_boxes(_alternative(element))
        elif isinstance(element.tag, str):
            yield from _text_boxes(element)


def _symbol(element: etree._Element) -> str:
    code = element.get(_W + "char", "")
    return chr(int(code, 16)) if re.fullmatch(r"[0-9A-Fa-f]{4}", code) and not 0xD800 <= int(code, 16) < 0xE000 else ""


def _styles_with(styles: etree._Element | None, property_tag: str) -> Iterable[str]:
    for style in [] if styles is None else styles.iter(_W + "style"):
        if _is_on(style.find(f"{_W}rPr/{property_tag}")):
            yield style.get(_W + "styleId", "")


def _styles_named(styles: etree._Element | None, wanted: str) -> Iterable[str]:
    for style in [] if styles is None else styles.iter(_W + "style"):
        name = style.find(_W + "name")
        if name is not None and name.get(_VAL, "").lower() == wanted:
            yield style.get(_W + "styleId", "")
