"""The blocks of a RAR archive: libarchive neither notices that one is missing at the end nor checks what was only stored."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

_RAR4_MAGIC = b"Rar!\x1a\x07\x00"
_RAR5_MAGIC = b"Rar!\x1a\x07\x01\x00"
_RAR4_MAIN, _RAR4_FILE, _RAR4_SERVICE, _RAR4_END = 0x73, 0x74, 0x7A, 0x7B
_RAR4_HAS_DATA, _RAR4_LARGE, _RAR4_LOCKED, _RAR4_SPLIT = 0x8000, 0x100, 0x80, 0x03
_RAR5_HAS_EXTRA, _RAR5_HAS_DATA, _RAR5_SPLIT = 0x01, 0x02, 0x18
_RAR5_FILE, _RAR5_LOCKED, _RAR5_END = 2, 4, 5
_RAR5_HAS_TIME, _RAR5_HAS_CHECKSUM = 0x02, 0x04
_VINT_BYTES = 10


@dataclass(frozen=True, slots=True)
class RarBlocks:
    """``checksums`` are the CRC-32 of each file (folders too) in order, ``None`` where none is stated; ``is_whole`` is false
    where the blocks run out of the file, and true for what cannot be told."""

    checksums: tuple[int | None, ...]
    is_whole: bool


class _Block(NamedTuple):
    end: int
    is_last: bool
    is_file: bool = False
    checksum: int | None = None


def rar_blocks(content: bytes) -> RarBlocks:
    """Go through the blocks of a RAR 4 or RAR 5 archive, whose closing block RAR 4 may leave away."""
    checksums: list[int | None] = []
    blocks = _rar5(content) if content.startswith(_RAR5_MAGIC) else _rar4(content)
    for block in blocks:
        if block.is_file:
            checksums.append(block.checksum)
        if block.is_last or block.end > len(content):
            return RarBlocks(tuple(checksums), block.end <= len(content))
    return RarBlocks(tuple(checksums), is_whole=content.startswith(_RAR4_MAGIC))


def _rar5(content: bytes) -> Iterator[_Block]:
    at = len(_RAR5_MAGIC)
    while at < len(content):
        size, start = _vint(content, at + 4)
        kind, after = _vint(content, start)
        flags, after = _vint(content, after)
        data = 0
        if flags & _RAR5_HAS_EXTRA:
            _, after = _vint(content, after)
        if flags & _RAR5_HAS_DATA:
            data, after = _vint(content, after)
        at = start + size + data
        checksum = _rar5_checksum(content, after) if kind == _RAR5_FILE and not flags & _RAR5_SPLIT else None
        is_locked = kind == _RAR5_LOCKED
        yield _Block(0 if is_locked else at, is_locked or kind == _RAR5_END, kind == _RAR5_FILE, checksum)


def _rar5_checksum(content: bytes, at: int) -> int | None:
    flags, at = _vint(content, at)
    _, at = _vint(content, at)
    _, at = _vint(content, at)
    at += 4 * bool(flags & _RAR5_HAS_TIME)
    return int.from_bytes(content[at : at + 4], "little") if flags & _RAR5_HAS_CHECKSUM else None


def _rar4(content: bytes) -> Iterator[_Block]:
    at = len(_RAR4_MAGIC)
    while at < len(content):
        kind, flags = content[at + 2 : at + 3], _number(content, at + 3, 2)
        size = max(_number(content, at + 5, 2), 7)
        data = _number(content, at + 7, 4) if flags & _RAR4_HAS_DATA else 0
        number = kind[0] if kind else 0
        if number in (_RAR4_FILE, _RAR4_SERVICE) and flags & _RAR4_LARGE:
            data += _number(content, at + 32, 4) << 32
        checksum = _number(content, at + 16, 4) if not flags & _RAR4_SPLIT else None
        at += size + data
        is_locked = number == _RAR4_MAIN and bool(flags & _RAR4_LOCKED)
        yield _Block(0 if is_locked else at, is_locked or number == _RAR4_END, number == _RAR4_FILE, checksum)


def _number(content: bytes, at: int, length: int) -> int:
    return int.from_bytes(content[at : at + length], "little")


def _vint(content: bytes, at: int) -> tuple[int, int]:
    """A number of 7 bits a byte, the lowest first, and where it ends."""
    number = 0
    for position in range(_VINT_BYTES):
        byte = content[at + position] if at + position < len(content) else 0
        number |= (byte & 0x7F) << (7 * position)
        if byte < 0x80:
            return number, at + position + 1
    return number, at + _VINT_BYTES
