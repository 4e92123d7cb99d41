"""Archives for tests: those of the samples, and what nobody should publish."""

from __future__ import annotations

import io
import lzma
import struct
import zipfile
import zlib

from crawler.sample.archives import Files, by_libarchive, make_7z, make_rar5

__all__ = [
    "Files",
    "by_libarchive",
    "make_7z",
    "make_7z_bcj",
    "make_rar4",
    "make_rar5",
    "make_rar5_packed",
    "make_zip",
    "zeros_zip",
]


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


def make_rar4(files: Files, *, locked: bool = False, packed: bool = False, solid: bool = False, volume: bool = False) -> bytes:
    """A RAR 4 by the technote of RAR 4: marker, main header, files, end. Files are stored (method 0x30) or ``packed`` (0x33)."""
    parts = [b"Rar!\x1a\x07\x00", _rar4_block(0x73, (0x08 if solid else 0) | (0x01 if volume else 0), b"\x00" * 6)]
    for number, (name, content) in enumerate(files.items()):
        encoded = name.encode("utf-8")
        data = _rar4_packed(content) if packed else content
        fields = struct.pack(
            "<IIBIIBBHI",
            len(data),
            len(content),
            3,  # made on Unix
            zlib.crc32(content),
            0x5921_0000,
            29,
            0x33 if packed else 0x30,
            len(encoded),
            0o100644,
        )
        flags = 0x8000 | (0x04 if locked else 0) | (0x10 if solid and number else 0)
        parts.append(_rar4_block(0x74, flags, fields + encoded) + data)
    parts.append(_rar4_block(0x7B, 0x4000, b""))
    return b"".join(parts)


def _rar4_block(kind: int, flags: int, fields: bytes) -> bytes:
    body = struct.pack("<BHH", kind, flags, 7 + len(fields)) + fields
    return struct.pack("<H", zlib.crc32(body) & 0xFFFF) + body


def make_7z_bcj(files: Files) -> bytes:
    """A solid 7z as 7-Zip packs programs: LZMA2 behind the filter for jumps of x86, by the format's own 7zFormat.txt."""
    whole = b"".join(files.values())
    filters = [{"id": lzma.FILTER_X86}, {"id": lzma.FILTER_LZMA2, "dict_size": 1 << 20}]
    packed = lzma.compress(whole, lzma.FORMAT_RAW, filters=filters)
    sizes = [len(content) for content in files.values()]
    names = b"".join(name.encode("utf-16-le") + b"\0\0" for name in files)
    folder = b"\x02" + b"\x21\x21\x01\x10" + b"\x04\x03\x03\x01\x03" + b"\x01\x00"
    streams = b"".join(
        (
            b"\x04\x06\x00\x01\x09" + _number7(len(packed)) + b"\x00",
            b"\x07\x0b\x01\x00" + folder + b"\x0c" + _number7(len(whole)) * 2 + b"\x00",
            b"\x08\x0d" + _number7(len(files)) + b"\x09" + b"".join(map(_number7, sizes[:-1])),
            b"\x0a\x01" + b"".join(struct.pack("<I", zlib.crc32(content)) for content in files.values()) + b"\x00\x00",
        )
    )
    info = b"\x05" + _number7(len(files)) + b"\x11" + _number7(len(names) + 1) + b"\x00" + names + b"\x00"
    header = b"\x01" + streams + info + b"\x00"
    start = struct.pack("<QQI", len(packed), len(header), zlib.crc32(header))
    return b"7z\xbc\xaf\x27\x1c\x00\x04" + struct.pack("<I", zlib.crc32(start)) + start + packed + header


def _number7(value: int) -> bytes:
    """A number of the 7z format; eight bytes after a full first one are the plainest way."""
    return bytes([value]) if value < 0x80 else b"\xff" + struct.pack("<Q", value)


class _Bits:
    """Bits, the highest first."""

    def __init__(self) -> None:
        self.text: list[str] = []

    def add(self, value: int, length: int) -> None:
        if length:
            self.text.append(format(value, f"0{length}b"))

    def pack(self) -> tuple[bytes, int]:
        """The bytes, and how many bits of the last one are used."""
        text = "".join(self.text)
        padded = text.ljust(-(-len(text) // 8) * 8, "0")
        return int(padded, 2).to_bytes(len(padded) // 8, "big"), (len(text) - 1) % 8 + 1


def _lengths(*counts: tuple[int, int]) -> list[int]:
    """Code lengths of a complete code: so many symbols of that length, in turn."""
    found = [length for count, length in counts for _ in range(count)]
    assert sum(1 / 2**length for length in found) == 1
    return found


def _codes(lengths: list[int]) -> list[tuple[int, int]]:
    """Canonical codes, each with its length."""
    codes: list[tuple[int, int]] = [(0, 0)] * len(lengths)
    code = 0
    for length in range(1, 16):
        for symbol, own in enumerate(lengths):
            if own == length:
                codes[symbol] = (code, length)
                code += 1
        code <<= 1
    return codes


_PRECODE = _lengths((12, 4), (8, 5))


def _add_tables(bits: _Bits, *tables: list[int]) -> None:
    """The lengths of all codes, written one by one in a code of their own."""
    for length in _PRECODE:
        bits.add(length, 4)
    precode = _codes(_PRECODE)
    for table in tables:
        for length in table:
            bits.add(*precode[length])


def _rar4_packed(content: bytes) -> bytes:
    """A stream of RAR 3's method with Huffman codes, literals only."""
    main = _lengths((213, 8), (86, 9))
    bits = _Bits()
    bits.add(0, 2)  # not PPMd, new tables
    _add_tables(bits, main, _lengths((4, 5), (56, 6)), _lengths((15, 4), (2, 5)), _lengths((4, 4), (24, 5)))
    codes = _codes(main)
    for byte in content:
        bits.add(*codes[byte])
    bits.add(*codes[256])
    bits.add(0, 2)  # the end of the file, and no new tables
    return bits.pack()[0] + bytes(4)


def _rar5_packed(content: bytes) -> bytes:
    """One block of RAR 5's method: Huffman codes for literals and matches."""
    main, distances, low = _lengths((206, 8), (100, 9)), _lengths((64, 6)), _lengths((16, 4))
    bits = _Bits()
    _add_tables(bits, main, distances, low, _lengths((20, 5), (24, 6)))
    mains, slots, lows = _codes(main), _codes(distances), _codes(low)
    seen: dict[bytes, int] = {}
    at = 0
    while at < len(content):
        before = seen.get(content[at : at + 6]) if at + 6 <= len(content) else None
        if before is None or at - before > 0x1FFFF:
            seen[content[at : at + 6]] = at
            bits.add(*mains[content[at]])
            at += 1
            continue
        length = 6
        while length < 200 and at + length < len(content) and content[before + length] == content[at + length]:
            length += 1
        distance = at - before
        slot, extra, count = _slot(length - (distance > 0x100) - (distance > 0x2000) - 2, 8, 4)
        bits.add(*mains[262 + slot])
        bits.add(extra, count)
        slot, extra, count = _slot(distance - 1, 4, 2)
        bits.add(*slots[slot])
        if count >= 4:
            bits.add(extra >> 4, count - 4)
            bits.add(*lows[extra & 15])
        else:
            bits.add(extra, count)
        seen[content[at : at + 6]] = at
        at += length
    data, used = bits.pack()
    size = len(data).to_bytes(3, "little")
    flags = 0x80 | 0x40 | (2 << 3) | (used - 1)
    return bytes([flags, 0x5A ^ flags ^ size[0] ^ size[1] ^ size[2]]) + size + data


def _slot(value: int, plain: int, steps: int) -> tuple[int, int, int]:
    """The slot of a number, what is left of it, and in how many bits: ``plain`` numbers have a slot each, then ``steps`` slots
    share each number of bits."""
    if value < plain:
        return value, 0, 0
    count = value.bit_length() - steps.bit_length()
    slot = (count + 1) * steps + ((value >> count) & (steps - 1))
    return slot, value & ((1 << count) - 1), count


def make_rar5_packed(files: Files, *, locked: bool = False, copies: Files | None = None, volume: bool = False) -> bytes:
    """A RAR 5 whose files are packed; ``locked``: each file says that it is encrypted; ``copies``: names of files that are kept
    under another name; ``volume``: it says that it goes on in another file."""
    parts = [b"Rar!\x1a\x07\x01\x00", _rar5_block(1, b"", _vint(1) if volume else _vint(0))]
    for name, content in files.items():
        extra = b"\x01\x00\x00\x0f" + bytes(16) + bytes(16) if locked else b""
        parts.append(_rar5_file(name, content, _rar5_packed(content), _vint(len(extra)) + extra if extra else b""))
    for name, target in (copies or {}).items():
        redirection = _vint(5) + _vint(5) + _vint(0) + _vint(len(target)) + target
        parts.append(
            _rar5_file(name, b"", b"", _vint(len(redirection)) + redirection, size=len(files.get(target.decode(), b"")))
        )
    parts.append(_rar5_block(5, b"", _vint(0)))
    return b"".join(parts)


def _rar5_file(name: str, content: bytes, data: bytes, extra: bytes, size: int | None = None) -> bytes:
    encoded = name.encode()
    method = 0 if not data else 3 << 7
    fields = _vint(0x04) + _vint(len(content) if size is None else size) + _vint(0o100644)
    fields += struct.pack("<I", zlib.crc32(content)) + _vint(method) + _vint(1) + _vint(len(encoded)) + encoded
    return _rar5_block(2, extra, fields, len(data)) + data


def _rar5_block(kind: int, extra: bytes, fields: bytes, data: int | None = None) -> bytes:
    flags = (0x01 if extra else 0) | (0x02 if data is not None else 0)
    head = _vint(kind) + _vint(flags) + (_vint(len(extra)) if extra else b"") + (b"" if data is None else _vint(data))
    body = head + fields + extra
    sized = _vint(len(body)) + body
    return struct.pack("<I", zlib.crc32(sized)) + sized


def _vint(number: int) -> bytes:
    parts = bytearray()
    while number > 0x7F:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    parts.append(number)
    return bytes(parts)


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
