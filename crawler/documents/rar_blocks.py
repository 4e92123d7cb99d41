"""The blocks of a RAR archive: libarchive neither notices that one is missing at the end nor checks what was only stored, and
knows nothing of locked files and of files kept once in RAR 5.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

_RAR4_MAGIC = b"Rar!\x1a\x07\x00"
_RAR5_MAGIC = b"Rar!\x1a\x07\x01\x00"
_RAR4_MAIN, _RAR4_FILE, _RAR4_SERVICE, _RAR4_END = 0x73, 0x74, 0x7A, 0x7B
_RAR4_HAS_DATA, _RAR4_LARGE, _RAR4_LOCKED, _RAR4_SPLIT = 0x8000, 0x100, 0x80, 0x03
_RAR5_HAS_EXTRA, _RAR5_HAS_DATA, _RAR5_SPLIT = 0x01, 0x02, 0x18
_RAR4_VOLUME, _RAR4_FILE_LOCKED = 0x01, 0x04
_RAR5_MAIN, _RAR5_FILE, _RAR5_LOCKED, _RAR5_END = 1, 2, 4, 5
_RAR5_VOLUME = 0x01
_RAR5_HAS_TIME, _RAR5_HAS_CHECKSUM = 0x02, 0x04
_RAR5_ENCRYPTION, _RAR5_REDIRECTION, _RAR5_COPY = 1, 5, 5
_VINT_BYTES = 10


class RarFile(NamedTuple):
    """What the header of a file says: its CRC-32, ``None`` where none is stated; whether it needs a password; and the name of
    the file before it of which it is a copy that was not stored again."""

    checksum: int | None = None
    is_locked: bool = False
    copy_of: bytes | None = None


@dataclass(frozen=True, slots=True)
class RarBlocks:
    """``files`` (folders too) in order. ``is_whole`` is false where the blocks run out of the file, and true for what cannot be
    told. ``is_volume``: the archive goes on in other files."""

    files: tuple[RarFile, ...]
    is_whole: bool
    is_volume: bool = False


class _Block(NamedTuple):
    end: int
    is_last: bool
    file: RarFile | None = None
    is_volume: bool = False


def rar_blocks(content: bytes) -> RarBlocks:
    """Go through the blocks of a RAR 4 or RAR 5 archive, whose closing block RAR 4 may leave away."""
    files: list[RarFile] = []
    is_volume = False
    blocks = _rar5(content) if content.startswith(_RAR5_MAGIC) else _rar4(content)
    for block in blocks:
        is_volume = is_volume or block.is_volume
        if block.file is not None:
            files.append(block.file)
        if block.is_last or block.end > len(content):
            return RarBlocks(tuple(files), block.end <= len(content), is_volume)
    return RarBlocks(tuple(files), content.startswith(_RAR4_MAGIC), is_volume)


def _rar5(content: bytes) -> Iterator[_Block]:
    at = len(_RAR5_MAGIC)
    while at < len(content):
        size, start = _vint(content, at + 4)
        kind, after = _vint(content, start)
        flags, after = _vint(content, after)
        extra = data = 0
        if flags & _RAR5_HAS_EXTRA:
            extra, after = _vint(content, after)
        if flags & _RAR5_HAS_DATA:
            data, after = _vint(content, after)
        at = start + size + data
        file = None
        if kind == _RAR5_FILE:
            checksum = _rar5_checksum(content, after) if not flags & _RAR5_SPLIT else None
            file = _rar5_extra(content, start + size - min(extra, size), start + size, RarFile(checksum))
        is_volume = kind == _RAR5_MAIN and bool(_vint(content, after)[0] & _RAR5_VOLUME)
        is_locked = kind == _RAR5_LOCKED
        yield _Block(0 if is_locked else at, is_locked or kind == _RAR5_END, file, is_volume)


def _rar5_checksum(content: bytes, at: int) -> int | None:
    flags, at = _vint(content, at)
    _, at = _vint(content, at)
    _, at = _vint(content, at)
    at += 4 * bool(flags & _RAR5_HAS_TIME)
    return int.from_bytes(content[at : at + 4], "little") if flags & _RAR5_HAS_CHECKSUM else None


def _rar5_extra(content: bytes, at: int, end: int, file: RarFile) -> RarFile:
    """What the records behind a file's header add to it."""
    while at < min(end, len(content)):
        size, start = _vint(content, at)
        kind, after = _vint(content, start)
        if kind == _RAR5_ENCRYPTION:
            # The checksum is then that of something else.
            file = file._replace(is_locked=True, checksum=None)
        elif kind == _RAR5_REDIRECTION:
            how, after = _vint(content, after)
            _, after = _vint(content, after)
            length, after = _vint(content, after)
            if how == _RAR5_COPY:
                file = file._replace(copy_of=content[after : after + length], checksum=None)
        at = start + max(size, 1)
    return file


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
        is_volume = number == _RAR4_MAIN and bool(flags & _RAR4_VOLUME)
        file = RarFile(checksum, bool(flags & _RAR4_FILE_LOCKED)) if number == _RAR4_FILE else None
        yield _Block(0 if is_locked else at, is_locked or number == _RAR4_END, file, is_volume)


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
