"""Writes reports as workbooks: XLSX part by part, as offices lay them out."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Literal

from crawler.sample.source import ReportSource
from crawler.sample.tables import Line, Table, blocks, heading_text

Arrangement = Literal["one_sheet", "three_sheets", "tight", "boxed", "shifted"]
ARRANGEMENTS: tuple[Arrangement, ...] = ("one_sheet", "three_sheets", "tight", "boxed", "shifted")
# 4546.70 keeps its last digit only as text.
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d*[1-9])?")
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_CONTENT = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


@dataclass
class SheetSource:
    """A sheet before it is written: text by slot (rows and columns from 0), merged areas, and what is hidden."""

    name: str
    texts: dict[tuple[int, int], str] = field(default_factory=dict)
    merges: list[tuple[int, int, int, int]] = field(default_factory=list)
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    state: str = "visible"
    raw: dict[tuple[int, int], str] = field(default_factory=dict)
    """Slots with XML of their own: attributes and content of ``c``, e.g. ``t="e"><v>#REF!</v>``."""
    row: int = 0

    def line(self, text: str, width: int, column: int = 0) -> None:
        """A line merged over ``width`` columns, or in one cell."""
        self.texts[self.row, column] = text
        if width > 1:
            self.merges.append((self.row, column, self.row, column + width - 1))
        self.row += 1

    def table(self, table: Table, column: int = 0) -> None:
        """A table with its merged cells."""
        for row in table.rows:
            at = column
            for cell in row.cells:
                if not cell.continued:
                    if cell.text:
                        self.texts[self.row, at] = cell.text
                    if cell.row_span > 1 or cell.column_span > 1:
                        self.merges.append((self.row, at, self.row + cell.row_span - 1, at + cell.column_span - 1))
                at += cell.column_span
            self.row += 1


def to_sheets(source: ReportSource, arrangement: Arrangement = "one_sheet") -> list[SheetSource]:
    """The report laid out.

    ``one_sheet``: lines merged across, blank rows around tables. ``three_sheets``: a sheet a table, the texts on a sheet of
    their own. ``tight``: no blank rows at all, lines merged as wide as the widest table. ``boxed``: lines in one cell,
    blank rows below tables only. ``shifted``: everything begins in C4.
    """
    sheets = [SheetSource("年报")]
    column = 2 if arrangement == "shifted" else 0
    sheets[0].row = 3 if arrangement == "shifted" else 0
    parts = list(blocks(source))
    widest = max(part.column_count for part in parts if isinstance(part, Table))
    for position, part in enumerate(parts):
        sheet = sheets[0]
        if isinstance(part, Line):
            following = next((block for block in parts[position:] if isinstance(block, Table)), None)
            own = following.column_count if following and arrangement != "tight" else widest
            sheet.line(part.text, 1 if arrangement == "boxed" else own, column)
            continue
        if arrangement == "three_sheets":
            sheet = SheetSource(f"表{len(sheets)}")
            sheets.append(sheet)
        elif arrangement in ("one_sheet", "shifted"):
            sheet.row += 1
        sheet.table(part, column)
        sheet.row += arrangement != "tight"
    return sheets


def table_sheets(source: ReportSource) -> list[SheetSource]:
    """The statutory tables alone, a sheet each under its heading, as some bodies attach them to a page with the text."""
    sheets: list[SheetSource] = []
    for table in blocks(source):
        if isinstance(table, Table):
            sheet = SheetSource(f"附表{len(sheets) + 1}")
            sheet.line(heading_text(source, table.section), table.column_count)
            sheet.table(table)
            sheets.append(sheet)
    return sheets


def write_xlsx(sheets: Sequence[SheetSource], *, numbers_as_text: bool = False, shared: bool = True) -> bytes:
    """The workbook, written part by part.

    Args:
        sheets: at least one.
        numbers_as_text: as in a workbook whose cells are formatted as text.
        shared: text in the table of shared strings, or in the cells.
    """
    strings: dict[str, int] = {}
    parts = {
        f"xl/worksheets/sheet{number}.xml": _sheet_xml(sheet, strings, numbers_as_text=numbers_as_text, shared=shared)
        for number, sheet in enumerate(sheets, start=1)
    }
    names = "".join(
        f'<sheet name="{escape(sheet.name)}" sheetId="{number}" state="{sheet.state}" r:id="rId{number}"/>'
        for number, sheet in enumerate(sheets, start=1)
    )
    parts["xl/workbook.xml"] = f'<workbook xmlns="{_MAIN}" xmlns:r="{_RELATIONS}"><sheets>{names}</sheets></workbook>'
    targets = [(f"{_RELATIONS}/worksheet", f"worksheets/sheet{number}.xml") for number in range(1, len(sheets) + 1)]
    if shared:
        items = "".join(f'<si><t xml:space="preserve">{escape(text)}</t></si>' for text in strings)
        parts["xl/sharedStrings.xml"] = f'<sst xmlns="{_MAIN}">{items}</sst>'
        targets.append((f"{_RELATIONS}/sharedStrings", "sharedStrings.xml"))
    parts["xl/_rels/workbook.xml.rels"] = _relations(targets)
    parts["_rels/.rels"] = _relations([(f"{_RELATIONS}/officeDocument", "xl/workbook.xml")])
    overrides = "".join(
        f'<Override PartName="/{name}" ContentType="{_CONTENT}.{kind}+xml"/>'
        for name, kind in (
            ("xl/workbook.xml", "sheet.main"),
            *((name, "worksheet") for name in parts if name.startswith("xl/worksheets/")),
            *([("xl/sharedStrings.xml", "sharedStrings")] if shared else []),
        )
    )
    parts["[Content_Types].xml"] = (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{overrides}</Types>'
    )
    return pack(parts)


def pack(parts: dict[str, str]) -> bytes:
    """A zip of XML parts."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n' + text)
    return buffer.getvalue()


def column_letters(column: int) -> str:
    """0 -> A, 26 -> AA."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _relations(targets: Sequence[tuple[str, str]]) -> str:
    lines = "".join(
        f'<Relationship Id="rId{number}" Type="{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(targets, start=1)
    )
    return f'<Relationships xmlns="{_PACKAGE}">{lines}</Relationships>'


def _sheet_xml(sheet: SheetSource, strings: dict[str, int], *, numbers_as_text: bool, shared: bool) -> str:
    rows: dict[int, list[str]] = {}
    for row, column in sorted({*sheet.texts, *sheet.raw}):
        reference = f'<c r="{column_letters(column)}{row + 1}"'
        if (row, column) in sheet.raw:
            cell = f"{reference} {sheet.raw[row, column]}</c>"
        elif not numbers_as_text and _NUMBER.fullmatch(sheet.texts[row, column]):
            cell = f"{reference}><v>{float(sheet.texts[row, column])!r}</v></c>"
        elif shared:
            index = strings.setdefault(sheet.texts[row, column], len(strings))
            cell = f'{reference} t="s"><v>{index}</v></c>'
        else:
            cell = f'{reference} t="inlineStr"><is><t xml:space="preserve">{escape(sheet.texts[row, column])}</t></is></c>'
        rows.setdefault(row, []).append(cell)
    lines = "".join(
        f'<row r="{row + 1}"{" hidden=" + chr(34) + "1" + chr(34) if row in sheet.hidden_rows else ""}>{"".join(cells)}</row>'
        for row, cells in rows.items()
    )
    columns = "".join(f'<col min="{column + 1}" max="{column + 1}" hidden="1"/>' for column in sorted(sheet.hidden_columns))
    merges = "".join(
        f'<mergeCell ref="{column_letters(left)}{top + 1}:{column_letters(right)}{bottom + 1}"/>'
        for top, left, bottom, right in sheet.merges
    )
    return (
        f'<worksheet xmlns="{_MAIN}">{f"<cols>{columns}</cols>" if columns else ""}<sheetData>{lines}</sheetData>'
        f"{f'<mergeCells>{merges}</mergeCells>' if merges else ''}</worksheet>"
    )
