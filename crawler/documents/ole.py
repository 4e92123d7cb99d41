"""OLE2 compound files ([MS-CFB]): as much as tells what is inside, whether it is whole, and how a stream begins.

Office programs read the rest. Every loop is bounded, so that a hostile table of sectors or a directory in a circle ends.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

_HEADER_BYTES = 512
_FREE_SECTOR = 0xFFFFFFFF
_LAST_REGULAR_SECTOR = 0xFFFFFFFA
_HEADER_FAT_SECTORS = 109
_ENTRY_BYTES = 128
_MAX_DIRECTORY_SECTORS = 4096
_KINDS_WITH_NAMES = frozenset({1, 2, 5})
_ROOT = 5
_STREAM = 2


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the directory: ``kind`` is 1 (storage), 2 (stream) or 5 (root), ``start`` its first sector.

    ``left``, ``right`` and ``child`` are lines of the directory, too.
    """

    name: str
    kind: int
    left: int
    right: int
    child: int
    start: int
    size: int


@dataclass(frozen=True, slots=True)
class CompoundFile:
    """The sector tables and the directory of a compound file; what a cut file still holds of them."""

    content: bytes
    sector_bytes: int
    mini_sector_bytes: int
    mini_cutoff: int
    fat: tuple[int, ...]
    is_cut: bool
    """True where a sector that is in use lies beyond the end of the file."""
    directory: tuple[Entry | None, ...]

    @property
    def entries(self) -> tuple[Entry, ...]:
        """What stands in the root itself, not in objects embedded in the document; all there is where the tree is broken."""
        root = self.directory[0] if self.directory else None
        found: list[Entry] = []
        visited: set[int] = set()
        waiting = [root.child] if root is not None and root.kind == _ROOT else []
        while waiting:
            number = waiting.pop()
            entry = self.directory[number] if number < len(self.directory) else None
            if entry is not None and number not in visited:
                visited.add(number)
                found.append(entry)
                waiting += (entry.left, entry.right)
        return tuple(found) or tuple(entry for entry in self.directory if entry is not None)

    def head(self, name: str, length: int) -> bytes:
        """The first bytes (at most ``length``, within one sector) of a stream by its name, any case; empty where it is lost."""
        entry = next((entry for entry in self.entries if entry.kind == _STREAM and entry.name.lower() == name.lower()), None)
        if entry is None:
            return b""
        length = min(length, entry.size, self.mini_sector_bytes)
        if entry.size >= self.mini_cutoff:
            return self._sector(entry.start)[:length]
        root = self.directory[0]
        if root is None:
            return b""
        chain, offset = divmod(entry.start * self.mini_sector_bytes, self.sector_bytes)
        sector = root.start
        for _ in range(min(chain, len(self.fat))):
            sector = self.fat[sector] if sector < len(self.fat) else _FREE_SECTOR
        return self._sector(sector)[offset : offset + length]

    def _sector(self, number: int) -> bytes:
        return self.content[(number + 1) * self.sector_bytes : (number + 2) * self.sector_bytes]


def read_compound_file(content: bytes) -> CompoundFile | None:
    """The tables of a compound file; ``None`` where the header is none or cut."""
    if len(content) < _HEADER_BYTES or not content.startswith(MAGIC):
        return None
    sector_shift, mini_shift = struct.unpack("<HH", content[30:34])
    if sector_shift not in {9, 12}:
        return None
    size = 1 << sector_shift
    directory, _, cutoff = struct.unpack("<III", content[48:60])
    fat: list[int] = []
    is_cut = False
    for number in _fat_sectors(content, size):
        data = content[(number + 1) * size : (number + 2) * size]
        if len(data) < size:
            is_cut = True
            break
        fat += struct.unpack(f"<{size // 4}I", data)
    used = next((number for number in range(len(fat) - 1, -1, -1) if fat[number] != _FREE_SECTOR), -1)
    # Some programs leave the last sector short; one that does not begin is missing.
    is_cut = is_cut or used < 0 or (used + 1) * size >= len(content)
    lines = tuple(_directory(content, size, directory, fat))
    return CompoundFile(content, size, 1 << min(mini_shift, sector_shift), cutoff, tuple(fat), is_cut, lines)


def is_cut(content: bytes) -> bool:
    """True where a compound file goes on behind its end."""
    container = read_compound_file(content)
    return container is None or container.is_cut


def _fat_sectors(content: bytes, size: int) -> Iterator[int]:
    numbers = struct.unpack(f"<{_HEADER_FAT_SECTORS}I", content[76:_HEADER_BYTES])
    following, count = struct.unpack("<II", content[68:76])
    sector_count = len(content) // size + 1
    # More would describe sectors behind the end, or the same ones again.
    limit = sector_count // (size // 4) + 2
    count = min(count, limit)
    seen = 0
    while True:
        for number in numbers:
            if number < _LAST_REGULAR_SECTOR:
                seen += 1
                yield number
            if seen > limit:
                return
        if following >= _LAST_REGULAR_SECTOR or count < 1:
            return
        data = content[(following + 1) * size : (following + 2) * size]
        if len(data) < size:
            # What is missing of the table is reported by its first sector lying beyond the end.
            yield following
            return
        table = struct.unpack(f"<{size // 4}I", data)
        numbers, following, count = table[:-1], table[-1], count - 1


def _directory(content: bytes, size: int, sector: int, fat: list[int]) -> Iterator[Entry | None]:
    visited: set[int] = set()
    while sector < _LAST_REGULAR_SECTOR and sector not in visited and len(visited) < _MAX_DIRECTORY_SECTORS:
        visited.add(sector)
        data = content[(sector + 1) * size : (sector + 2) * size]
        for at in range(0, len(data) - _ENTRY_BYTES + 1, _ENTRY_BYTES):
            yield _entry(data[at : at + _ENTRY_BYTES])
        sector = fat[sector] if sector < len(fat) else _FREE_SECTOR


def _entry(line: bytes) -> Entry | None:
    length = int.from_bytes(line[64:66], "little")
    if line[66] not in _KINDS_WITH_NAMES or not 2 <= length <= 64:
        return None
    name = line[: length - 2].decode("utf-16-le", errors="replace")
    left, right, child = struct.unpack("<III", line[68:80])
    start, stream_bytes = struct.unpack("<II", line[116:124])
    return Entry(name, line[66], left, right, child, start, stream_bytes)
