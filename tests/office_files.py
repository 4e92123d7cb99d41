"""Office files for tests: what LibreOffice saves of a DOCX, and OpenDocument texts by hand."""

from __future__ import annotations

import io
import shutil
import struct
import subprocess
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

EXPORTS: Mapping[str, str] = {
    "doc": "doc:MS Word 97",
    "rtf": "rtf:Rich Text Format",
    "odt": "odt:writer8",
    "xml": "xml:MS Word 2003 XML",
}
_MANIFEST = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0" manifest:version="1.2">'
    '<manifest:file-entry manifest:full-path="/" manifest:media-type="application/vnd.oasis.opendocument.text"/>'
    "{entries}</manifest:manifest>"
)
_CONTENT = (
    '<?xml version="1.0" encoding="UTF-8"?><office:document-content office:version="1.2"'
    ' xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"'
    ' xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0" xmlns:xlink="http://www.w3.org/1999/xlink"'
    ' xmlns:script="urn:oasis:names:tc:opendocument:xmlns:script:1.0" xmlns:ooo="http://openoffice.org/2004/office"'
    ' xmlns:svg="urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0">'
    "<office:body><office:text>{body}</office:text></office:body></office:document-content>"
)


def saved_by_libreoffice(documents: Sequence[bytes], suffix: str) -> list[bytes]:
    """Several DOCX files, saved as one of `EXPORTS` by one call."""
    with tempfile.TemporaryDirectory(prefix="ogi-test-office-") as name:
        folder = Path(name)
        sources = [folder / f"{number:02d}.docx" for number in range(len(documents))]
        for source, content in zip(sources, documents, strict=True):
            source.write_bytes(content)
        profile = (folder / "profile").as_uri()
        program = shutil.which("soffice") or "soffice"
        command = [program, f"-env:UserInstallation={profile}", "--headless", "--convert-to", EXPORTS[suffix], "--outdir", name]
        subprocess.run([*command, *map(str, sources)], check=True, capture_output=True, timeout=200)
        return [source.with_suffix(f".{suffix}").read_bytes() for source in sources]


def odt(body: str, *, members: Mapping[str, str] | None = None) -> bytes:
    """An OpenDocument text with this body; ``members`` are further files of the package."""
    members = members or {}
    entries = "".join(
        f'<manifest:file-entry manifest:full-path="{name}" manifest:media-type="text/xml"/>'
        for name in ["content.xml", *members]
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        archive.writestr("content.xml", _CONTENT.format(body=body))
        for name, text in members.items():
            archive.writestr(name, text)
        archive.writestr("META-INF/manifest.xml", _MANIFEST.format(entries=entries))
    return buffer.getvalue()


def odt_with_macro(target: Path) -> bytes:
    """A text with a Basic macro, Standard.Module1.Main, that writes a file."""
    code = f'Sub Main\nOpen "{target}" For Output As #1\nPrint #1, "ran"\nClose #1\nEnd Sub'
    library = "http://openoffice.org/2000/library"
    doctype = '<!DOCTYPE library:librar{} PUBLIC "-//OpenOffice.org//DTD OfficeDocument 1.0//EN" "librar{}.dtd">'
    members = {
        "Basic/script-lc.xml": '<?xml version="1.0" encoding="UTF-8"?>'
        + doctype.format("ies", "ies")
        + f'<library:libraries xmlns:library="{library}" xmlns:xlink="http://www.w3.org/1999/xlink">'
        '<library:library library:name="Standard" library:link="false"/></library:libraries>',
        "Basic/Standard/script-lb.xml": '<?xml version="1.0" encoding="UTF-8"?>'
        + doctype.format("y", "y")
        + f'<library:library xmlns:library="{library}" library:name="Standard" library:readonly="false"'
        ' library:passwordprotected="false"><library:element library:name="Module1"/></library:library>',
        "Basic/Standard/Module1.xml": '<?xml version="1.0" encoding="UTF-8"?>'
        '<!DOCTYPE script:module PUBLIC "-//OpenOffice.org//DTD OfficeDocument 1.0//EN" "module.dtd">'
        '<script:module xmlns:script="http://openoffice.org/2000/script" script:name="Module1" script:language="StarBasic">'
        f"{code}</script:module>",
    }
    return odt("<text:p>宏文档</text:p>", members=members)


def compound_file(streams: Mapping[str, bytes], *, embedded: Mapping[str, bytes] | None = None) -> bytes:
    """An OLE file of 512-byte sectors; ``embedded`` streams stand in a storage of the root. Streams are padded to 4096 bytes."""
    sectors: list[bytes] = []
    chain: list[int] = []

    def store(data: bytes) -> int:
        data = data.ljust(-(-max(len(data), 1) // 512) * 512, b"\0")
        first = len(sectors)
        pieces = [data[at : at + 512] for at in range(0, len(data), 512)]
        sectors.extend(pieces)
        chain.extend([*range(first + 1, first + len(pieces)), 0xFFFFFFFE])
        return first

    def line(name: str, kind: int, *, right: int = 0xFFFFFFFF, child: int = 0xFFFFFFFF, start: int = 0, size: int = 0) -> bytes:
        raw = name.encode("utf-16-le")
        head = raw.ljust(64, b"\0") + struct.pack("<HBB", len(raw) + 2, kind, 1)
        return head + struct.pack("<III", 0xFFFFFFFF, right, child) + bytes(36) + struct.pack("<IQ", start, size)

    inner = dict(embedded or {})
    order = [("", name, data) for name, data in streams.items()] + [("in", name, data) for name, data in inner.items()]
    placed = {(where, name): (store(data.ljust(4096, b"\0")), max(len(data), 4096)) for where, name, data in order}
    # The root's children are a chain of right siblings: the embedded storage first, so that its streams come first in the file.
    names = list(streams)
    first_inner = 2
    first_outer = first_inner + len(inner)
    lines = [line("Root Entry", 5, child=1)]
    lines.append(line("ObjectPool", 1, right=first_outer, child=first_inner if inner else 0xFFFFFFFF))
    for index, name in enumerate(inner):
        start, size = placed["in", name]
        right = first_inner + index + 1 if index + 1 < len(inner) else 0xFFFFFFFF
        lines.append(line(name, 2, right=right, start=start, size=size))
    for index, name in enumerate(names):
        start, size = placed["", name]
        right = first_outer + index + 1 if index + 1 < len(names) else 0xFFFFFFFF
        lines.append(line(name, 2, right=right, start=start, size=size))
    directory = store(b"".join(lines))
    fat_sector = len(sectors)
    assert fat_sector < 127
    fat = struct.pack("<128I", *chain, 0xFFFFFFFD, *[0xFFFFFFFF] * (127 - len(chain)))
    header = bytearray(512)
    header[:8] = bytes.fromhex("d0cf11e0a1b11ae1")
    header[24:34] = struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6)
    header[44:60] = struct.pack("<IIII", 1, directory, 0, 4096)
    header[60:76] = struct.pack("<IIII", 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
    header[76:512] = struct.pack("<109I", fat_sector, *[0xFFFFFFFF] * 108)
    return bytes(header) + b"".join(sectors) + fat


def word_stream(*, version: int = 0xC1, flags: int = 0, ident: int = 0xA5EC) -> bytes:
    """The first 32 bytes of a WordDocument stream."""
    return struct.pack("<HHHHHH", ident, version, 0, 0x804, 0, flags).ljust(32, b"\0")
