"""What must be known of an XLS before and beside what calamine reads of it, by [MS-CFB] and [MS-XLS]."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

from crawler.documents.sheets_facts import MAX_SHEETS, FilledArea, SheetFacts
from crawler.outcomes import Outcome, OutcomeError

MAX_SHOWN_BYTES = 512 * 1024 * 1024
"""An upper bound of what all cells show: the number of text cells times the longest text there can be."""

_END = 0xFFFFFFFA
"""Sector numbers from here on are marks, not sectors."""
_LONGEST_TEXT = 65_535

_BOF, _EOF, _FILEPASS, _BOUNDSHEET, _SST, _CONTINUE = 0x0809, 0x000A, 0x002F, 0x0085, 0x00FC, 0x003C
_ROW, _COLINFO, _FORMULA, _BOOLERR, _LABELSST, _MULRK = 0x0208, 0x007D, 0x0006, 0x0205, 0x00FD, 0x00BD
_CELLS = frozenset({0x0203, 0x027E, 0x0204, 0x00D6, _LABELSST, _BOOLERR, _FORMULA, _MULRK})
_ERRORS = {0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A"}


def check_workbook(content: bytes) -> list[SheetFacts]:
    """Check the sizes of an XLS and read what calamine leaves out, by sheet in the workbook's order.

    Raises:
        OutcomeError: ``too_large``, ``encrypted``, ``truncated`` (sectors or records are missing), ``not_a_document``.
    """
    stream = ole_stream(content, ("workbook", "book"))
    if stream is None:
        raise OutcomeError(Outcome.NOT_A_DOCUMENT, "the OLE file holds no workbook stream")
    starts: list[int] = []
    shared_bytes = 0
    for number, data in _records(stream, 0):
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
    for start in starts:
        found, count = _scan_sheet(stream, start)
        text_cells += count
        facts.append(found)
    if text_cells * min(shared_bytes, _LONGEST_TEXT) > MAX_SHOWN_BYTES:
        raise OutcomeError(Outcome.TOO_LARGE, f"the workbook has {text_cells} cells of text over {shared_bytes} bytes of texts")
    return facts


def _records(stream: bytes, start: int) -> Iterator[tuple[int, bytes]]:
    """The records of one substream up to its end, those of charts embedded in it left out."""
    depth = 0
    while start + 4 <= len(stream):
        number, length = struct.unpack_from("<HH", stream, start)
        data = stream[start + 4 : start + 4 + length]
        if len(data) < length:
            break
        start += 4 + length
        if number == _BOF:
            depth += 1
        elif number == _EOF:
            depth -= 1
            if depth <= 0:
                return
        elif depth == 1:
            yield number, data
    raise OutcomeError(Outcome.TRUNCATED, "the workbook stream ends inside a sheet")


def _scan_sheet(stream: bytes, start: int) -> tuple[SheetFacts, int]:
    facts = SheetFacts()
    area = FilledArea()
    text_cells = 0
    hidden_rows: set[int] = set()
    hidden_columns: list[tuple[int, int]] = []
    filled: set[tuple[int, int]] = set()
    for number, data in _records(stream, start):
        if number == _ROW and len(data) >= 16 and data[12] & 0x20:
            hidden_rows.add(int.from_bytes(data[:2], "little"))
        elif number == _COLINFO and len(data) >= 10 and data[8] & 1:
            hidden_columns.append((int.from_bytes(data[:2], "little"), int.from_bytes(data[2:4], "little")))
        elif number in _CELLS and len(data) >= 6:
            row, column = struct.unpack_from("<HH", data)
            last = int.from_bytes(data[-2:], "little") if number == _MULRK else column
            area.add(row, column)
            area.add(row, max(last, column))
            filled.add((row, column))
            text_cells += number in (_LABELSST, 0x0204)
            error = _error(number, data)
            if error:
                facts.shown[row, column] = error
    area.check()
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


def ole_stream(content: bytes, names: tuple[str, ...]) -> bytes | None:
    """The first of the named streams in an OLE2 compound file ([MS-CFB] 2), names in lower case; ``None`` if there is none.

    Raises:
        OutcomeError: ``truncated`` where a chain of sectors leads out of the file, ``not_a_document`` where it runs in a ring.
    """
    if len(content) < 512:
        raise OutcomeError(Outcome.TRUNCATED, "the OLE file ends inside its header")
    shift, mini_shift = struct.unpack_from("<HH", content, 30)
    if shift not in (9, 12) or mini_shift != 6:
        raise OutcomeError(Outcome.NOT_A_DOCUMENT, "the OLE header states sectors of an unknown size")
    size = 1 << shift
    directory_start, _, cutoff, mini_start = struct.unpack_from("<IIII", content, 48)

    def sector(number: int) -> bytes:
        data = content[(number + 1) * size : (number + 2) * size]
        if not data:
            raise OutcomeError(Outcome.TRUNCATED, "the OLE file lacks sectors that its table names")
        return data

    table = _sector_table(content, sector, size)
    directory = _chain(directory_start, table, sector)
    entries = [directory[at : at + 128] for at in range(0, len(directory) - 127, 128)]
    by_name: dict[str, bytes] = {}
    for entry in entries:
        length = int.from_bytes(entry[64:66], "little")
        if entry[66] in (2, 5) and 2 <= length <= 64:
            by_name.setdefault(entry[: length - 2].decode("utf-16-le", errors="replace").lower(), entry)
    found = next((by_name[name] for name in names if name in by_name), None)
    if found is None:
        return None
    start, length = int.from_bytes(found[116:120], "little"), int.from_bytes(found[120:124], "little")
    if length >= cutoff:
        return _chain(start, table, sector)[:length]
    root = next((entry for entry in entries if entry[66] == 5), None)
    if root is None:
        raise OutcomeError(Outcome.NOT_A_DOCUMENT, "the OLE file has no root entry")
    small = _chain(int.from_bytes(root[116:120], "little"), table, sector)
    mini_table = _numbers(_chain(mini_start, table, sector))
    return _chain(start, mini_table, lambda number: small[number * 64 : (number + 1) * 64])[:length]


def _sector_table(content: bytes, sector: Callable[[int], bytes], size: int) -> list[int]:
    """The file allocation table: the sector that follows each sector."""
    numbers = [number for number in struct.unpack_from("<109I", content, 76) if number < _END]
    following = int.from_bytes(content[68:72], "little")
    seen: set[int] = set()
    while following < _END and following not in seen:
        seen.add(following)
        *more, following = _numbers(sector(following))
        numbers += [number for number in more if number < _END]
    if len(numbers) * size > len(content) + size:
        raise OutcomeError(Outcome.NOT_A_DOCUMENT, "the OLE file states more tables than it has room for")
    return [entry for number in numbers for entry in _numbers(sector(number))]


def _numbers(data: bytes) -> tuple[int, ...]:
    return struct.unpack(f"<{len(data) // 4}I", data[: len(data) // 4 * 4])


def _chain(start: int, table: list[int] | tuple[int, ...], sector: Callable[[int], bytes]) -> bytes:
    parts: list[bytes] = []
    number = start
    while number < _END:
        if number >= len(table):
            raise OutcomeError(Outcome.TRUNCATED, "the OLE file lacks sectors that its table names")
        if len(parts) > len(table):
            raise OutcomeError(Outcome.NOT_A_DOCUMENT, "the sectors of the OLE file run in a ring")
        parts.append(sector(number))
        number = table[number]
    return b"".join(parts)
