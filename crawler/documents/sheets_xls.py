"""What must be known of an XLS before and beside what calamine reads of it, by [MS-CFB] and [MS-XLS]."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from crawler.documents.sheets_facts import MAX_SHEETS, FilledArea, SheetFacts
from crawler.documents.sheets_ole import ole_file, ole_stream
from crawler.outcomes import Outcome, OutcomeError

MAX_COLUMN = 256
MAX_SHOWN_BYTES = 512 * 1024 * 1024
"""An upper bound of what all cells show: the number of text cells times the longest text there can be."""

_LONGEST_TEXT = 65_535

_BOF, _EOF, _FILEPASS, _BOUNDSHEET, _SST, _CONTINUE = 0x0809, 0x000A, 0x002F, 0x0085, 0x00FC, 0x003C
_ROW, _COLINFO, _FORMULA, _BOOLERR, _LABELSST, _MULRK = 0x0208, 0x007D, 0x0006, 0x0205, 0x00FD, 0x00BD
_DIMENSIONS, _EMBEDDED = 0x0200, 0
_UNKNOWN = b"\xff\xff"
"""A record number that means nothing to anyone."""
_CELLS = frozenset({0x0203, 0x027E, 0x0204, 0x00D6, _LABELSST, _BOOLERR, _FORMULA, _MULRK})
_ERRORS = {0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A"}


@dataclass(frozen=True, slots=True)
class Workbook:
    """An XLS without macros, pictures and charts, written anew so that no reader sees other bytes than were checked here."""

    content: bytes
    facts: tuple[SheetFacts, ...]
    """By sheet in the workbook's order."""


def check_workbook(content: bytes) -> Workbook:
    """Check the sizes of an XLS and read what calamine leaves out.

    Raises:
        OutcomeError: ``too_large``, ``encrypted``, ``truncated`` (sectors or records are missing), ``not_a_document``.
    """
    stream = ole_stream(content, ("workbook", "book"))
    if stream is None:
        raise OutcomeError(Outcome.NOT_A_DOCUMENT, "the OLE file holds no workbook stream")
    starts: list[int] = []
    shared_bytes = 0
    for _, number, data in _records(stream, 0):
        if number == _FILEPASS:
            raise OutcomeError(Outcome.ENCRYPTED, "the workbook is protected by a password")
        if number == _BOUNDSHEET and len(data) >= 4:
            starts.append(int.from_bytes(data[:4], "little"))
        if number in (_SST, _CONTINUE):
            shared_bytes += len(data)
    if len(starts) > MAX_SHEETS:
        raise OutcomeError(Outcome.TOO_LARGE, f"the workbook has {len(starts)} sheets; at most {MAX_SHEETS} are read")
    facts: list[SheetFacts] = []
    text_cells = 0
    patched = bytearray(stream)
    for start in starts:
        found, count = _scan_sheet(stream, start, patched)
        text_cells += count
        facts.append(found)
    if text_cells * min(shared_bytes, _LONGEST_TEXT) > MAX_SHOWN_BYTES:
        raise OutcomeError(Outcome.TOO_LARGE, f"the workbook has {text_cells} cells of text over {shared_bytes} bytes of texts")
    return Workbook(ole_file("Workbook", bytes(patched)), tuple(facts))


def _records(stream: bytes, start: int) -> Iterator[tuple[int, int, bytes]]:
    """Offset, number and data of the records of one substream up to its end.

    Those of charts embedded in it come under the number 0, their first and last included.
    """
    depth = 0
    while start + 4 <= len(stream):
        number, length = struct.unpack_from("<HH", stream, start)
        data = stream[start + 4 : start + 4 + length]
        if len(data) < length:
            break
        depth += number == _BOF
        if depth > 1:
            yield start, _EMBEDDED, data
        elif depth == 1 and number not in (_BOF, _EOF):
            yield start, number, data
        depth -= number == _EOF
        start += 4 + length
        if depth <= 0:
            return
    raise OutcomeError(Outcome.TRUNCATED, "the workbook stream ends inside a sheet")


def _scan_sheet(stream: bytes, start: int, patched: bytearray) -> tuple[SheetFacts, int]:
    """The facts of a sheet and its number of text cells; in ``patched`` it claims no more room than it fills."""
    facts = SheetFacts()
    area = FilledArea()
    text_cells = 0
    hidden_rows: set[int] = set()
    hidden_columns: list[tuple[int, int]] = []
    filled: set[tuple[int, int]] = set()
    claims: list[int] = []
    for offset, number, data in _records(stream, start):
        if number == _EMBEDDED:
            # calamine would take the end of a chart for the end of the sheet, whose merged areas stand behind it.
            patched[offset : offset + 2] = _UNKNOWN
        elif number == _DIMENSIONS and len(data) >= 12:
            claims.append(offset + 4)
        elif number == _ROW and len(data) >= 16 and data[12] & 0x20:
            hidden_rows.add(int.from_bytes(data[:2], "little"))
        elif number == _COLINFO and len(data) >= 10 and data[8] & 1:
            hidden_columns.append((int.from_bytes(data[:2], "little"), int.from_bytes(data[2:4], "little")))
        elif number in _CELLS and len(data) >= 6:
            row, column = struct.unpack_from("<HH", data)
            last = int.from_bytes(data[-2:], "little") if number == _MULRK else column
            if max(last, column) >= MAX_COLUMN:
                raise OutcomeError(
                    Outcome.NOT_A_DOCUMENT, f"a cell stands in column {max(last, column) + 1}, which no sheet has"
                )
            area.add(row, column)
            area.add(row, max(last, column))
            filled.add((row, column))
            text_cells += number in (_LABELSST, 0x0204)
            error = _error(number, data)
            if error:
                facts.shown[row, column] = error
    area.check()
    for offset in claims:
        patched[offset : offset + 12] = struct.pack(
            "<IIHH", max(area.top, 0), area.bottom + 1, max(area.left, 0), min(area.right + 1, 0xFFFF)
        )
    facts.hidden = any(
        row in hidden_rows or any(first <= column <= last for first, last in hidden_columns) for row, column in filled
    )
    return facts, text_cells


def _error(number: int, data: bytes) -> str | None:
    """What a cell prints whose value is an error ([MS-XLS] 2.5.10)."""
    if number == _BOOLERR and len(data) >= 8 and data[7]:
        return _ERRORS.get(data[6], "#ERROR!")
    if number == _FORMULA and len(data) >= 14 and data[12:14] == b"\xff\xff" and data[6] == 2:
        return _ERRORS.get(data[8], "#ERROR!")
    return None
