"""``reports.xlsx``: the wide table and the codebook as a workbook."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crawler.dataset.exporters.codebook_csv import HEADER, codebook_rows
from crawler.dataset.exporters.csv_file import FORMULA_STARTS
from crawler.dataset.exporters.parquet_rows import COLUMNS, rows
from crawler.dataset.exporters.version import DatasetVersion

if TYPE_CHECKING:
    import xlsxwriter.format
    import xlsxwriter.workbook
    import xlsxwriter.worksheet

NAME = "reports.xlsx"
SHEET_ROWS = 1_048_576
"""What a sheet holds, header included; what is more goes on the next sheet."""

CELL_LENGTH = 32_767
"""UTF-16 units a cell holds."""

CUT = "…（cut; whole in reports.jsonl）"


def fitting(text: str) -> str:
    """The text, cut visibly where it is longer than a cell may be."""
    if len(text) <= CELL_LENGTH // 2 or len(text.encode("utf-16-le")) // 2 <= CELL_LENGTH:
        return text
    room = (CELL_LENGTH - len(CUT)) * 2
    return text.encode("utf-16-le")[:room].decode("utf-16-le", "ignore") + CUT


def write_reports_xlsx(directory: Path, version: DatasetVersion) -> None:
    """Rows are on the disk before the next is made. Texts are typed as texts, so that none is run as a formula.

    Raises:
        OSError: the disk is full or cannot be written.
    """
    import xlsxwriter
    from xlsxwriter.exceptions import FileCreateError

    title = f"OGI annual reports, {version.spider} {version.name}"
    options = {"constant_memory": True, "tmpdir": str(directory), "strings_to_formulas": False, "strings_to_urls": False}
    try:
        with xlsxwriter.Workbook(directory / NAME, options) as workbook:
            workbook.use_zip64()
            workbook.set_properties({"title": title, "created": version.created_at.replace(tzinfo=None)})
            book = _Book(workbook)
            names = [column.name for column in COLUMNS]
            book.table("reports", names, rows(directory / "reports.parquet"), book.typed)
            book.table("codebook", HEADER, codebook_rows(), book.texts)
    except FileCreateError as error:
        raise OSError(f"{directory / NAME} could not be written: {error}") from error


class _Book:
    """The formats of a workbook and what is written with them."""

    def __init__(self, workbook: xlsxwriter.workbook.Workbook) -> None:
        self._workbook = workbook
        self._bold = workbook.add_format({"bold": True})
        self._date = workbook.add_format({"num_format": "yyyy-mm-dd"})
        self._time = workbook.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self._quoted = workbook.add_format({"quote_prefix": True})
        self._kinds = [column.kind for column in COLUMNS]

    def table(
        self,
        name: str,
        heading: Sequence[str],
        found: Iterable[Sequence[Any]],
        write: Callable[[xlsxwriter.worksheet.Worksheet, int, Sequence[Any]], None],
    ) -> None:
        """A sheet, or several where the rows are more than one holds."""
        number, line = 1, 1
        sheet = self._sheet(name, heading)
        for row in found:
            if line == SHEET_ROWS:
                number, line = number + 1, 1
                sheet = self._sheet(f"{name}_{number}", heading)
            write(sheet, line, row)
            line += 1

    def _sheet(self, name: str, heading: Sequence[str]) -> xlsxwriter.worksheet.Worksheet:
        sheet = self._workbook.add_worksheet(name)
        sheet.freeze_panes(1, 1)
        for column, text in enumerate(heading):
            sheet.write_string(0, column, text, self._bold)
        return sheet

    def typed(self, sheet: xlsxwriter.worksheet.Worksheet, line: int, row: Sequence[Any]) -> None:
        """A row of the wide table; null leaves its cell empty."""
        for column, (kind, value) in enumerate(zip(self._kinds, row, strict=True)):
            if value is None:
                continue
            if kind in ("number", "integer"):
                sheet.write_number(line, column, value)
            elif kind == "date":
                sheet.write_datetime(line, column, datetime(value.year, value.month, value.day), self._date)  # noqa: DTZ001 - a day
            elif kind == "time":
                sheet.write_datetime(line, column, value.replace(tzinfo=None), self._time)
            else:
                self._text(sheet, line, column, value)

    def texts(self, sheet: xlsxwriter.worksheet.Worksheet, line: int, row: Sequence[str]) -> None:
        """A row of texts."""
        for column, text in enumerate(row):
            self._text(sheet, line, column, text)

    def _text(self, sheet: xlsxwriter.worksheet.Worksheet, line: int, column: int, text: str) -> None:
        if text:
            # The quote keeps it a text when somebody edits the cell.
            sheet.write_string(line, column, fitting(text), self._quoted if text.startswith(FORMULA_STARTS) else None)
