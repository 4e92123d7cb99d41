"""Writes archives: ZIP by the standard library, 7z by libarchive, RAR byte by byte (packing is not free; storing is)."""

from __future__ import annotations

import io
import struct
import warnings
import zipfile
import zlib
from collections.abc import Mapping

Files = Mapping[str, bytes]
"""Name within the archive -> content."""

_EPOCH = (2020, 1, 1, 0, 0, 0)


def make_zip(files: Files) -> bytes:
    """A ZIP; the same files give the same parts."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name, _EPOCH)
            info.create_system = 0
            archive.writestr(info, content, compress_type=zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def by_libarchive(files: Files, archive_format: str, *, locked: bool = False, options: str = "") -> bytes:
    """An archive of a format that libarchive writes: ``7zip`` or ``zip``; ``locked`` by a password.

    Raises:
        ImportError, OSError: libarchive is missing (Debian: libarchive13).
    """
    import libarchive

    parts: list[bytes] = []

    def keep(data: bytes) -> int:
        parts.append(bytes(data))
        return len(data)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with libarchive.custom_writer(
            keep, archive_format, passphrase="geheim" if locked else None, options=options
        ) as archive:
            for name, content in files.items():
                archive.add_file_from_memory(name, len(content), content)
    return b"".join(parts)


def make_7z(files: Files) -> bytes:
    """A 7z."""
    return by_libarchive(files, "7zip")


def make_rar5(files: Files, *, locked: bool = False) -> bytes:
    """A RAR 5 whose files are stored, by the technote of RAR 5; ``locked``: with its headers encrypted."""
    parts = [b"Rar!\x1a\x07\x01\x00"]
    if locked:
        parts.append(_rar5_block(_vint(4) + _vint(0) + _vint(0) + _vint(0) + b"\x0f" + bytes(16)))
    parts.append(_rar5_block(_vint(1) + _vint(0) + _vint(0)))
    for name, content in files.items():
        encoded = name.encode("utf-8")
        fields = b"".join(
            (
                _vint(2),
                _vint(0x02),  # a data area follows
                _vint(len(content)),
                _vint(0x04),  # a CRC32 is given
                _vint(len(content)),
                _vint(0o100644),
                struct.pack("<I", zlib.crc32(content)),
                _vint(0),  # stored
                _vint(1),  # made on Unix
                _vint(len(encoded)),
                encoded,
            )
        )
        parts.append(_rar5_block(fields) + content)
    parts.append(_rar5_block(_vint(5) + _vint(0) + _vint(0)))
    return b"".join(parts)


def _rar5_block(fields: bytes) -> bytes:
    sized = _vint(len(fields)) + fields
    return struct.pack("<I", zlib.crc32(sized)) + sized


def _vint(number: int) -> bytes:
    """7 bits a byte, the lowest first."""
    parts = bytearray()
    while number > 0x7F:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    parts.append(number)
    return bytes(parts)
