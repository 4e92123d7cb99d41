"""PDFs written by hand, to the byte, for what no producer at hand does on purpose."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

TO_UNICODE = (
    b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def /CMapType 2 def "
    b"1 begincodespacerange <0000> <FFFF> endcodespacerange "
    b"%s endcmap end end"
)


def _one_glyph_font() -> bytes:
    """A TrueType font of two glyphs, both a full square: whatever is set in it has a box."""
    square = struct.pack(">hhhhhHH", 1, 0, -140, 1000, 860, 3, 0) + bytes([1, 1, 1, 1])
    square += struct.pack(">4h", 0, 1000, 0, -1000) + struct.pack(">4h", -140, 0, 1000, 0)
    square += bytes(-len(square) % 4)
    tables = {
        b"glyf": square * 2,
        b"head": struct.pack(
            ">LLLLHHQQ4hHHhhh", 0x10000, 0x10000, 0, 0x5F0F3CF5, 0, 1000, 0, 0, 0, -140, 1000, 860, 0, 8, 2, 1, 0
        ),
        b"hhea": struct.pack(">LhhhHhhhhhh4hhH", 0x10000, 860, -140, 0, 1000, 0, 0, 1000, 1, 0, 0, 0, 0, 0, 0, 0, 2),
        b"hmtx": struct.pack(">HhHh", 1000, 0, 1000, 0),
        b"loca": struct.pack(">3L", 0, len(square), 2 * len(square)),
        b"maxp": struct.pack(">L14H", 0x10000, 2, 4, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0),
    }
    directory = struct.pack(">LHHHH", 0x10000, len(tables), 64, 2, 32)
    body = b""
    for tag, data in tables.items():
        directory += struct.pack(">4sLLL", tag, 0, 12 + 16 * len(tables) + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    return directory + body


FONT = _one_glyph_font()


@dataclass(frozen=True)
class Page:
    """One page: its content stream, its turn and its boxes; ``form`` is the content of a form XObject ``/F0``."""

    content: str
    rotate: int = 0
    box: str = "0 0 595 842"
    crop: str | None = None
    form: str | None = None
    form_matrix: str = "1 0 0 1 0 0"
    image: bool = False


def text(x: float, y: float, words: str, size: float = 10, extra: str = "") -> str:
    """A text object in user space; every character is one em wide."""
    return f"BT /C {size} Tf {extra} {x} {y} Td <{words.encode('utf-16-be').hex()}> Tj ET\n"


def line(x0: float, y0: float, x1: float, y1: float) -> str:
    """A stroked line."""
    return f"0.5 w {x0} {y0} m {x1} {y1} l S\n"


def table(x: float, top: float, widths: Sequence[float], height: float, rows: Sequence[Sequence[str]]) -> str:
    """A ruled table in user space, texts 3 points from the left of their cells."""
    xs = [x]
    for width in widths:
        xs.append(xs[-1] + width)
    bottom = top - height * len(rows)
    parts = [line(x, top - height * i, xs[-1], top - height * i) for i in range(len(rows) + 1)]
    parts += [line(edge, top, edge, bottom) for edge in xs]
    for i, row in enumerate(rows):
        parts += [text(edge + 3, top - height * i - 14, words) for edge, words in zip(xs, row, strict=False) if words]
    return "".join(parts)


def pdf(pages: Sequence[Page], *, mapping: bytes = b"1 beginbfrange <0000> <FFFF> <0000> endbfrange") -> bytes:
    """The pages as a file; ``mapping`` is the body of the font's ToUnicode map."""
    objects: list[bytes] = [b"", b""]

    def add(body: bytes) -> int:
        objects.append(body)
        return len(objects)

    def stream(data: bytes, entries: str = "") -> int:
        return add(f"<< {entries} /Length {len(data)} >>\nstream\n".encode() + data + b"\nendstream")

    unicode_map = stream(TO_UNICODE % mapping)
    font_file = stream(zlib.compress(FONT), "/Filter /FlateDecode")
    glyphs = stream(zlib.compress(b"\x00\x01" * 65536), "/Filter /FlateDecode")
    descriptor = add(
        b"<< /Type /FontDescriptor /FontName /Song /Flags 4 /Ascent 860 /Descent -140 /CapHeight 700 /ItalicAngle 0 /StemV 80"
        b" /FontBBox [0 -140 1000 860] /FontFile2 %d 0 R >>" % font_file
    )
    cid = add(
        f"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /Song /DW 1000 /FontDescriptor {descriptor} 0 R"
        f" /CIDToGIDMap {glyphs} 0 R"
        " /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> >>".encode()
    )
    font = add(
        f"<< /Type /Font /Subtype /Type0 /BaseFont /Song /Encoding /Identity-H /DescendantFonts [{cid} 0 R]"
        f" /ToUnicode {unicode_map} 0 R >>".encode()
    )
    kids = []
    for page in pages:
        resources = f"/Font << /C {font} 0 R >>"
        named = ""
        if page.form is not None:
            form = stream(
                page.form.encode(),
                f"/Type /XObject /Subtype /Form /BBox [-999 -999 1999 1999] /Matrix [{page.form_matrix}]"
                f" /Resources << {resources} >>",
            )
            named += f"/F0 {form} 0 R "
        if page.image:
            image = stream(
                b"\x80", "/Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray /BitsPerComponent 8"
            )
            named += f"/I0 {image} 0 R "
        content = stream(page.content.encode())
        crop = f"/CropBox [{page.crop}]" if page.crop else ""
        kids.append(
            add(
                f"<< /Type /Page /Parent 2 0 R /MediaBox [{page.box}] {crop} /Rotate {page.rotate} /Contents {content} 0 R"
                f" /Resources << {resources} /XObject << {named} >> >> >>".encode()
            )
        )
    objects[0] = b"<< /Type /Catalog /Pages 2 0 R >>"
    objects[1] = f"<< /Type /Pages /Count {len(kids)} /Kids [{' '.join(f'{kid} 0 R' for kid in kids)}] >>".encode()
    info = add(b"<< /Producer (by hand) /Title (T) >>")
    out = bytearray(b"%PDF-1.7\n")
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n".encode() + body + b"\nendobj\n"
    start = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(f"{offset:010d} 00000 n \n".encode() for offset in offsets)
    out += f"trailer << /Size {len(objects) + 1} /Root 1 0 R /Info {info} 0 R >>\nstartxref\n{start}\n%%EOF\n".encode()
    return bytes(out)
