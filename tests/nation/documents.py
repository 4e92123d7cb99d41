"""A report as HTML, DOCX or PDF without any other program: milliseconds each, the same bytes every time."""

from __future__ import annotations

import io
import zipfile
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from crawler.sample.source import ReportSource
from crawler.sample.tables import Line, Table, blocks
from crawler.sample.typeset import to_html
from crawler.sample.wordml import _paragraph, _table, to_docx
from tests import pdf_writer
from tests.nation.sources import source_of

if TYPE_CHECKING:
    from tests.nation.plan import Report

_EPOCH = (2020, 1, 1, 0, 0, 0)


def make_document(report: Report, version: int = 0) -> bytes:
    """The report's document: a file, or for ``html`` the fragment that its article holds, UTF-8."""
    source = source_of(report, version)
    if report.kind == "docx":
        return to_fast_docx(source)
    if report.kind == "pdf":
        return to_pdf(source)
    return to_html(source, with_title=False).encode()


# --- DOCX ---------------------------------------------------------------------------------------------------------------


@cache
def _package() -> tuple[dict[str, bytes], str, str]:
    """The parts that all reports share, and the main part before and behind its body, as the sample's typesetter makes them."""
    empty = ReportSource("题", "机关", 2024, "cn-ogi-2021", {}, {})
    with zipfile.ZipFile(io.BytesIO(to_docx(empty))) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    main = parts.pop("word/document.xml").decode()
    start = main.index("<w:body>") + len("<w:body>")
    return parts, main[:start], main[main.rindex("<w:sectPr") :]


def to_fast_docx(source: ReportSource) -> bytes:
    """The report in a package whose other parts are the same for all, which takes a tenth of the time."""
    parts, head, tail = _package()
    body = "".join(
        f"{_table(block, source.layout)}<w:p/>" if isinstance(block, Table) else _paragraph(block) for block in blocks(source)
    )
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as package:
        for name, content in {**parts, "word/document.xml": f"{head}{body}{tail}".encode()}.items():
            info = zipfile.ZipInfo(name, _EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            package.writestr(info, content, compresslevel=1)
    return written.getvalue()


# --- PDF ----------------------------------------------------------------------------------------------------------------

_LEFT, _TOP, _BOTTOM, _WIDTH = 45.0, 790.0, 50.0, 505.0
_TEXT_SIZE, _CELL_SIZE, _LEADING, _PAD = 10.5, 7.5, 1.3, 2.5


class _Box(NamedTuple):
    text: str
    column: int
    columns: int
    row: int
    rows: int


class _Sheets:
    """Pages being written from the top down."""

    def __init__(self) -> None:
        self.pages: list[list[str]] = [[]]
        self.y = _TOP

    def room(self, height: float) -> None:
        """Turn the page where less than ``height`` points are left."""
        if self.y - height < _BOTTOM and self.y < _TOP:
            self.pages.append([])
            self.y = _TOP

    def put(self, content: str) -> None:
        """Write on the page at hand."""
        self.pages[-1].append(content)


def to_pdf(source: ReportSource) -> bytes:
    """The report as ruled tables and running text; a table that does not fit stands on the next page."""
    sheets = _Sheets()
    for block in blocks(source):
        if isinstance(block, Table):
            _write_table(sheets, block)
        else:
            _write_line(sheets, block)
    return pdf_writer.pdf([pdf_writer.Page("".join(page)) for page in sheets.pages])


def _write_line(sheets: _Sheets, line: Line) -> None:
    size = 16.0 if line.kind == "title" else _TEXT_SIZE
    indent = "　　" if line.kind in ("text", "heading") else ""
    lines = _wrap(indent + line.text, _WIDTH, size)
    # A heading is not left alone at the foot of a page.
    sheets.room(size * _LEADING * (len(lines) if line.kind != "heading" else 4))
    for text in lines:
        sheets.room(size * _LEADING)
        sheets.y -= size * _LEADING
        middle = (_WIDTH - size * len(text)) / 2 if line.kind == "title" else 0.0
        x = _LEFT + (_WIDTH - size * len(text) if line.kind == "signature" else middle)
        sheets.put(pdf_writer.text(round(x, 2), round(sheets.y, 2), text, size))
    sheets.y -= 4


def _wrap(text: str, width: float, size: float) -> list[str]:
    per_line = max(1, int(width / size))
    return [part[start : start + per_line] for part in text.split("\n") for start in range(0, max(1, len(part)), per_line)]


def _write_table(sheets: _Sheets, table: Table) -> None:
    total = sum(table.widths)
    edges = [0.0]
    for width in table.widths:
        edges.append(edges[-1] + _WIDTH * width / total)
    boxes = _boxes(table)
    heights = _heights(boxes, edges, len(table.rows))
    sheets.room(sum(heights))
    tops = [sheets.y]
    for height in heights:
        tops.append(tops[-1] - height)
    for box in boxes:
        left, right = _LEFT + edges[box.column], _LEFT + edges[box.column + box.columns]
        top, bottom = tops[box.row], tops[box.row + box.rows]
        sheets.put(f"0.5 w {left:.2f} {bottom:.2f} {right - left:.2f} {top - bottom:.2f} re S\n")
        lines = _wrap(box.text, right - left - 2 * _PAD, _CELL_SIZE) if box.text else []
        y = (top + bottom) / 2 + len(lines) * _CELL_SIZE * _LEADING / 2
        for text in lines:
            y -= _CELL_SIZE * _LEADING
            sheets.put(pdf_writer.text(round(left + _PAD, 2), round(y + 2, 2), text, _CELL_SIZE))
    sheets.y = tops[-1] - 10


def _boxes(table: Table) -> list[_Box]:
    found = []
    for number, row in enumerate(table.rows):
        column = 0
        for cell in row.cells:
            if not cell.continued:
                rows = min(cell.row_span, len(table.rows) - number)
                found.append(_Box(cell.text.strip("\n"), column, cell.column_span, number, rows))
            column += cell.column_span
    return found


def _heights(boxes: list[_Box], edges: list[float], rows: int) -> list[float]:
    heights = [_CELL_SIZE * _LEADING + 2 * _PAD] * rows
    for box in sorted(boxes, key=lambda box: box.rows):
        width = edges[box.column + box.columns] - edges[box.column] - 2 * _PAD
        needed = len(_wrap(box.text, width, _CELL_SIZE)) * _CELL_SIZE * _LEADING + 2 * _PAD
        missing = needed - sum(heights[box.row : box.row + box.rows])
        if missing > 0:
            for row in range(box.row, box.row + box.rows):
                heights[row] += missing / box.rows
    return heights
