"""One stream out of an OLE2 compound file ([MS-CFB] 2), and one back into a file that holds nothing else."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence

from crawler.outcomes import Outcome, OutcomeError

_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_END = 0xFFFFFFFA
"""Sector numbers from here on are marks, not sectors."""
_TABLE_SECTOR, _LAST, _FREE = 0xFFFFFFFD, 0xFFFFFFFE, 0xFFFFFFFF
_HEADER_TABLES = 109
_SECTOR = 4096
_ENTRY = 128
_MINI = 64


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


def _chain(start: int, table: Sequence[int], sector: Callable[[int], bytes]) -> bytes:
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


def ole_file(name: str, stream: bytes) -> bytes:
    """A compound file of one stream, padded with zeros to whole sectors of 4096 bytes.

    Raises:
        OutcomeError: ``too_large`` for a stream whose table does not fit into the header (440 MB).
    """
    length = -(-max(len(stream), 1) // _SECTOR)
    per_table = _SECTOR // 4
    tables = -(-(length + 2) // (per_table - 1))
    if tables > _HEADER_TABLES:
        raise OutcomeError(Outcome.TOO_LARGE, f"the workbook has {len(stream)} bytes")
    # Sectors: the tables, the directory, one for short streams (readers want it, nothing is in it), the stream.
    first = tables + 2
    chain = [*([_TABLE_SECTOR] * tables), _LAST, _LAST, *range(first + 1, first + length), _LAST]
    chain += [_FREE] * (tables * per_table - len(chain))
    header = _MAGIC + bytes(16) + struct.pack("<HHHHH6x", 0x3E, 4, 0xFFFE, 12, 6)
    header += struct.pack("<IIIIIIIII", 1, tables, tables, 0, _SECTOR, _LAST, 0, _LAST, 0)
    header += struct.pack(f"<{_HEADER_TABLES}I", *range(tables), *([_FREE] * (_HEADER_TABLES - tables)))
    directory = _entry("Root Entry", 5, 1, first - 1, _SECTOR) + _entry(name, 2, _FREE, first, length * _SECTOR)
    return b"".join(
        (
            header.ljust(_SECTOR, b"\0"),
            struct.pack(f"<{len(chain)}I", *chain),
            directory.ljust(_SECTOR, b"\0"),
            bytes(_SECTOR),
            stream.ljust(length * _SECTOR, b"\0"),
        )
    )


def _entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
    encoded = name.encode("utf-16-le") + b"\0\0"
    entry = encoded.ljust(64, b"\0") + struct.pack("<HBB", len(encoded), kind, 1) + struct.pack("<III", _FREE, _FREE, child)
    return entry + bytes(36) + struct.pack("<IQ", start, size)
