"""Typesets a report as DOCX: a package by python-docx, its tables as XML, because merging through the API is quadratic."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from typing import Any
from xml.sax.saxutils import escape

import docx
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from crawler.sample.source import Layout, ReportSource
from crawler.sample.tables import Cell, Line, Row, Table, blocks

_PAGE_WIDTH = 9000
"""Table width in twentieths of a point."""
_CELL_MARGIN = 57
"""As in the official template, in twentieths of a point."""
_EPOCH = (2020, 1, 1, 0, 0, 0)


def to_docx(source: ReportSource) -> bytes:
    """The report as a DOCX; the same source gives the same bytes."""
    document = docx.Document()
    body = document.element.body
    for child in list(body)[:-1]:
        body.remove(child)
    section = body[-1]
    for block in blocks(source):
        xml = _table(block, source.layout) if isinstance(block, Table) else _paragraph(block)
        section.addprevious(parse_xml(xml))
        if isinstance(block, Table):
            section.addprevious(parse_xml(f"<w:p {nsdecls('w')}/>"))
    _fix_properties(document, source)
    saved = io.BytesIO()
    document.save(saved)
    return _reproducible(saved.getvalue())


def _fix_properties(document: Any, source: ReportSource) -> None:
    moment = dt.datetime(source.year + 1, 1, 20, 9, 0, 0)  # noqa: DTZ001 - python-docx writes naive times as UTC
    properties = document.core_properties
    properties.author = source.organisation
    properties.last_modified_by = source.organisation
    properties.title = ""
    properties.comments = ""
    properties.created = moment
    properties.modified = moment
    properties.revision = 1


def _reproducible(package: bytes) -> bytes:
    """The same package with fixed time stamps in its directory."""
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as old, zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            if entry.filename == "docProps/thumbnail.jpeg":
                continue
            content = old.read(entry)
            if entry.filename == "_rels/.rels":
                content = _without_thumbnail(content)
            info = zipfile.ZipInfo(entry.filename, _EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 0
            new.writestr(info, content)
    return written.getvalue()


def _without_thumbnail(relations: bytes) -> bytes:
    text = relations.decode("utf-8")
    start = text.find("docProps/thumbnail.jpeg")
    if start < 0:
        return relations
    opening, closing = text.rindex("<Relationship ", 0, start), text.index("/>", start) + 2
    return (text[:opening] + text[closing:]).encode("utf-8")


def _run(text: str, size: float, *, bold: bool = False, face: str = "宋体") -> str:
    half_points = round(size * 2)
    weight = "<w:b/>" if bold else ""
    properties = (
        f'<w:rPr><w:rFonts w:hint="eastAsia" w:ascii="{face}" w:hAnsi="{face}" w:eastAsia="{face}"/>{weight}'
        f'<w:sz w:val="{half_points}"/><w:szCs w:val="{half_points}"/></w:rPr>'
    )
    lines = "<w:br/>".join(f'<w:t xml:space="preserve">{escape(line)}</w:t>' for line in text.split("\n"))
    return f"<w:r>{properties}{lines}</w:r>"


def _paragraph(line: Line) -> str:
    align = {"title": "center", "signature": "right"}.get(line.kind, "left")
    indent = '<w:ind w:firstLineChars="200" w:firstLine="480"/>' if line.kind == "text" else ""
    size = {"title": 18.0, "heading": 14.0}.get(line.kind, 12.0)
    run = _run(line.text, size, bold=line.kind == "title")
    return f'<w:p {nsdecls("w")}><w:pPr>{indent}<w:jc w:val="{align}"/></w:pPr>{run}</w:p>'


def _table(table: Table, layout: Layout) -> str:
    total = sum(table.widths)
    widths = [_PAGE_WIDTH * width // total for width in table.widths]
    edges = "".join(
        f'<w:{side} w:val="single" w:sz="4" w:space="0" w:color="auto"/>'
        for side in ("top", "left", "bottom", "right", "insideH", "insideV")
    )
    margins = "".join(f'<w:{side} w:w="{_CELL_MARGIN}" w:type="dxa"/>' for side in ("left", "right"))
    grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
    rows = "".join(_row(row, table, number, widths, layout) for number, row in enumerate(table.rows))
    return (
        f'<w:tbl {nsdecls("w")}><w:tblPr><w:tblW w:w="{sum(widths)}" w:type="dxa"/><w:jc w:val="center"/>'
        f'<w:tblBorders>{edges}</w:tblBorders><w:tblLayout w:type="fixed"/>'
        f"<w:tblCellMar>{margins}</w:tblCellMar></w:tblPr>"
        f"<w:tblGrid>{grid}</w:tblGrid>{rows}</w:tbl>"
    )


def _row(row: Row, table: Table, number: int, widths: list[int], layout: Layout) -> str:
    cells = []
    column = 0
    for cell in row.cells:
        width = sum(widths[column : column + cell.column_span])
        cells.append(_cell(cell, width, layout, merged=_starts_merge(cell, table, number)))
        column += cell.column_span
    return f"<w:tr>{''.join(cells)}</w:tr>"


def _starts_merge(cell: Cell, table: Table, number: int) -> bool:
    return cell.row_span > 1 and number + 1 < len(table.rows)


def _cell(cell: Cell, width: int, layout: Layout, *, merged: bool) -> str:
    span = f'<w:gridSpan w:val="{cell.column_span}"/>' if cell.column_span > 1 else ""
    merge = '<w:vMerge w:val="restart"/>' if merged else ("<w:vMerge/>" if cell.continued else "")
    run = _run(cell.text, layout.font_size) if cell.text else ""
    return (
        f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/>{span}{merge}<w:vAlign w:val="center"/></w:tcPr>'
        f'<w:p><w:pPr><w:jc w:val="center"/></w:pPr>{run}</w:p></w:tc>'
    )
