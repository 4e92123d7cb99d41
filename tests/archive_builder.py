"""Archives for tests: those of the samples, and what nobody should publish."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

from crawler.sample.archives import Files, by_libarchive, make_7z, make_rar5

__all__ = ["Files", "by_libarchive", "make_7z", "make_rar4", "make_rar5", "make_zip", "zeros_zip"]


def make_zip(files: Files, *, method: int = zipfile.ZIP_DEFLATED, gbk: bool = False) -> bytes:
    """A ZIP; with ``gbk`` the names as Chinese Windows writes them, without a flag that says so."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(_GbkInfo(name) if gbk else zipfile.ZipInfo(name), content, compress_type=method)
    return buffer.getvalue()


class _GbkInfo(zipfile.ZipInfo):
    def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802 - the method of the standard library
        return self.filename.encode("gbk"), self.flag_bits & ~0x800


def make_rar4(files: Files, *, locked: bool = False) -> bytes:
    """A RAR 4 whose files are stored (method 0x30), by the technote of RAR 4: marker, main header, files, end."""
    parts = [b"Rar!\x1a\x07\x00", _rar4_block(0x73, 0, b"\x00" * 6)]
    for name, content in files.items():
        encoded = name.encode("utf-8")
        fields = struct.pack(
            "<IIBIIBBHI",
            len(content),
            len(content),
            3,  # made on Unix
            zlib.crc32(content),
            0x5921_0000,
            29,
            0x30,
            len(encoded),
            0o100644,
        )
        parts.append(_rar4_block(0x74, 0x8000 | (0x04 if locked else 0), fields + encoded) + content)
    parts.append(_rar4_block(0x7B, 0x4000, b""))
    return b"".join(parts)


def _rar4_block(kind: int, flags: int, fields: bytes) -> bytes:
    body = struct.pack("<BHH", kind, flags, 7 + len(fields)) + fields
    return struct.pack("<H", zlib.crc32(body) & 0xFFFF) + body


def zeros_zip(size: int, name: str = "年报.docx") -> bytes:
    """A ZIP of one file of zeros that unpacks to ``size`` bytes, made without unpacking it: a deflate stream of one block
    repeated."""
    chunk = bytes(1 << 20)
    whole, rest = divmod(size, len(chunk))
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    first = packer.compress(chunk) + packer.flush(zlib.Z_FULL_FLUSH)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    last = packer.compress(bytes(rest)) + packer.flush()
    data = first * whole + last
    encoded = name.encode()
    crc, packed = 0, len(data)
    wide = size >= 0xFFFFFFFF
    extra = struct.pack("<HHQQ", 1, 16, size, packed) if wide else b""
    sizes = (0xFFFFFFFF, 0xFFFFFFFF) if wide else (packed, size)
    local = struct.pack("<IHHHHHIIIHH", 0x04034B50, 45, 0x800, 8, 0, 0x21, crc, *sizes, len(encoded), len(extra))
    local += encoded + extra + data
    central = struct.pack(
        "<IHHHHHHIIIHHHHHII", 0x02014B50, 0x31E, 45, 0x800, 8, 0, 0x21, crc, *sizes, len(encoded), len(extra), 0, 0, 0, 0, 0
    )
    central += encoded + extra
    end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 1, 1, len(central), len(local), 0)
    return local + central + end
