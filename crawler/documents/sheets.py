"""XLSX and XLS to paragraphs and grids: calamine for the values and merged areas, own checks for what it leaves out."""

from __future__ import annotations

import datetime
import io
import lzma
import struct
import zipfile
import zlib
from collections.abc import Callable

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
    load_workbook,
)

from crawler.documents import sniff
from crawler.documents.model import Block, Document, Grid
from crawler.documents.sheets_facts import SheetFacts
from crawler.documents.sheets_layout import MAX_SLOTS, Slot, sheet_blocks
from crawler.documents.sheets_xls import check_workbook
from crawler.documents.sheets_xlsx import check_package
from crawler.outcomes import Outcome, OutcomeError

HIDDEN_SHEET = "hidden_sheet"
"""A sheet that Excel does not show holds text; it was read with the others."""
HIDDEN_ROWS = "hidden_rows"
"""Rows or columns that Excel does not show hold text; they were read with the others."""

SIGNIFICANT_DIGITS = 15
"""What a spreadsheet keeps of a number: 0.1 + 0.2 is shown as 0.3."""

_OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_STRIPPED = " \t\r\n\u3000\xa0\ufeff\u200b"
Value = bool | int | float | str | datetime.date | datetime.datetime | datetime.time | datetime.timedelta


def read_sheets(content: bytes) -> Document:
    """Read a workbook (XLSX, or XLS of Excel 95 to 2003): its sheets in order, each as lines of text and tables.

    Values are read as a person sees them in the cell without looking at number formats (``3``, ``49.5669``,
    ``2024-01-31``); a formula gives its saved result, an error its name (``#REF!``), a formula without a saved result itself.

    Raises:
        OutcomeError: ``encrypted``, ``too_large``, ``truncated`` (a broken container), ``not_a_document``, ``unsupported``
            (a binary workbook).
    """
    try:
        if content.startswith(_OLE_MAGIC):
            workbook = check_workbook(content)
            in_order = dict(enumerate(workbook.facts))
            return _read(workbook.content, sniff.XLS, lambda index, _: in_order.get(index))
        if not content.startswith(b"PK"):
            raise OutcomeError(Outcome.NOT_A_DOCUMENT, "a workbook is a zip or an OLE file, and this file is neither")
        package = check_package(content)
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError) as error:
        raise OutcomeError(Outcome.TRUNCATED, f"the XLSX is a broken zip: {error}") from error
    except (NotImplementedError, RuntimeError, ValueError, OverflowError, struct.error) as error:
        raise OutcomeError(Outcome.NOT_A_DOCUMENT, f"the workbook cannot be understood: {error}") from error
    return _read(package.content, sniff.XLSX, lambda _, name: package.facts.get(name))


def _read(content: bytes, media_type: str, facts: Callable[[int, str], SheetFacts | None]) -> Document:
    blocks: list[Block] = []
    flags: dict[str, None] = {}
    try:
        with load_workbook(io.BytesIO(content)) as workbook:
            for index, sheet in enumerate(workbook.sheets_metadata):
                known = facts(index, sheet.name) or SheetFacts()
                if sheet.typ is not SheetTypeEnum.WorkSheet:
                    continue
                grids = sum(isinstance(block, Grid) for block in blocks)
                texts, merges = _cells(workbook, index, known)
                found, notes = sheet_blocks(texts, merges, grids + 1)
                blocks += found
                flags.update(dict.fromkeys(notes))
                if texts and sheet.visible is not SheetVisibleEnum.Visible:
                    flags[HIDDEN_SHEET] = None
                if known.hidden:
                    flags[HIDDEN_ROWS] = None
    except PasswordError as error:
        raise OutcomeError(Outcome.ENCRYPTED, "the workbook is protected by a password") from error
    except CalamineError as error:
        raise OutcomeError(Outcome.NOT_A_DOCUMENT, f"the workbook is damaged: {error}") from error
    except BaseException as error:
        # calamine's Rust panics on some damaged containers; the class is no Exception and has no public name.
        if type(error).__name__ != "PanicException":
            raise
        raise OutcomeError(Outcome.NOT_A_DOCUMENT, f"the workbook is damaged: {error}") from error
    return Document(media_type, tuple(blocks), flags=tuple(flags))


def _cells(workbook: CalamineWorkbook, index: int, facts: SheetFacts) -> tuple[dict[Slot, str], list[tuple[Slot, Slot]]]:
    """What each filled cell of a sheet shows, by row and column from 0, and the merged areas."""
    sheet: CalamineSheet = workbook.get_sheet_by_index(index)
    top, left = sheet.start or (0, 0)
    if sheet.height * sheet.width > MAX_SLOTS:
        raise OutcomeError(Outcome.TOO_LARGE, f"a sheet is filled over {sheet.height} x {sheet.width} cells")
    texts: dict[Slot, str] = {}
    for row, values in enumerate(sheet.to_python(skip_empty_area=True), start=top):
        for column, value in enumerate(values, start=left):
            # Most of a large sheet is empty.
            if value != "" and (text := shown(value)):
                texts[row, column] = text
    texts.update(facts.shown)
    return texts, sheet.merged_cell_ranges or []


def shown(value: Value) -> str:
    """A value as a cell of no particular format shows it.

    >>> shown(3.0), shown(49.5669), shown(0.1 + 0.2), shown(True), shown(datetime.date(2024, 1, 31))
    ('3', '49.5669', '0.3', 'TRUE', '2024-01-31')
    """
    if isinstance(value, str):
        return "\n".join(line.strip(_STRIPPED) for line in value.splitlines()).strip(_STRIPPED)
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        return _plain(value)
    if isinstance(value, datetime.datetime):
        return value.date().isoformat() if value.time() == datetime.time() else value.isoformat(" ")
    return str(value)


def _plain(value: float) -> str:
    text = f"{value:.{SIGNIFICANT_DIGITS}g}"
    if "e" in text:
        text = f"{value:.0f}" if abs(value) >= 1 else f"{value:.20f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
