"""Small files that unpack to ten gigabytes or would run to no end, by name; made without unpacking them."""

from __future__ import annotations

import gzip
import io
import lzma
import struct
import zipfile
import zlib
from collections.abc import Mapping

from crawler.sample.typeset import ReportSource, to_docx
from tests.archive_builder import zeros_zip

SIZE = 10 << 30
_BLOCK = 16 << 20


def zeros_gzip() -> bytes:
    """Members of zeros one after another, which is one gzip file."""
    return gzip.compress(bytes(_BLOCK)) * (SIZE // _BLOCK)


def zeros_7z(name: str = "年报.docx") -> bytes:
    """One file of zeros in LZMA2: a block that begins anew, repeated."""
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 20}]
    block = lzma.compress(bytes(_BLOCK), lzma.FORMAT_RAW, filters=filters)[:-1]
    packed = block * (SIZE // _BLOCK) + b"\0"
    folder = b"\x01\x21\x21\x01\x10"
    named = name.encode("utf-16-le") + b"\0\0"
    header = b"".join(
        (
            b"\x01\x04\x06\x00\x01\x09" + _number(len(packed)) + b"\x00",
            b"\x07\x0b\x01\x00" + folder + b"\x0c" + _number(SIZE) + b"\x00",
            # The checksum is wrong, which only who unpacks everything can tell.
            b"\x08\x0a\x01" + bytes(4) + b"\x00\x00",
            b"\x05\x01\x11" + _number(len(named) + 1) + b"\x00" + named + b"\x00\x00",
        )
    )
    start = struct.pack("<QQI", len(packed), len(header), zlib.crc32(header))
    return b"7z\xbc\xaf\x27\x1c\x00\x04" + struct.pack("<I", zlib.crc32(start)) + start + packed + header


def _number(value: int) -> bytes:
    return bytes([value]) if value < 0x80 else b"\xff" + struct.pack("<Q", value)


def modest_zip(name: str) -> bytes:
    """A package that says its part is 1,000 bytes long, where it unpacks to 3 GiB."""
    size = 3 << 30
    return zeros_zip(size, name).replace(struct.pack("<I", size), struct.pack("<I", 1000))


def endless_pdf() -> bytes:
    """A page whose content is half a gigabyte of zeros, in one stream of half a megabyte."""
    packer = zlib.compressobj(9)
    return _pdf(b"".join(packer.compress(bytes(1 << 20)) for _ in range(512)) + packer.flush())


def _pdf(stream: bytes) -> bytes:
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R>>",
        f"<</Filter /FlateDecode/Length {len(stream)}>>stream\n".encode() + stream + b"\nendstream",
    ]
    body = b"%PDF-1.4\n"
    places = []
    for number, content in enumerate(objects, 1):
        places.append(len(body))
        body += f"{number} 0 obj".encode() + content + b"endobj\n"
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    return (
        body + f"xref\n0 5\n0000000000 65535 f \n{table}trailer<</Size 5/Root 1 0 R>>\nstartxref\n{len(body)}\n%%EOF".encode()
    )


_ENTITIES = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
ENTITIES = f'<?xml version="1.0"?><!DOCTYPE html [<!ENTITY e0 "aaaaaaaaaa">{_ENTITIES}]><html><body><p>&e11;</p></body></html>'
"""A terabyte, were it expanded."""
ENTITIES_OF_WORD = (
    f'<?xml version="1.0"?><?mso-application progid="Word.Document"?><!DOCTYPE d [<!ENTITY e0 "aaaaaaaaaa">{_ENTITIES}]>'
    '<w:wordDocument xmlns:w="http://schemas.microsoft.com/office/word/2003/wordml"><w:body><w:p><w:r><w:t>&e11;</w:t></w:r>'
    "</w:p></w:body></w:wordDocument>"
)


def package(**parts: str | bytes) -> bytes:
    """A zip of these parts; ``__`` in a name is a slash."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name.replace("__", "/").replace("_xml", ".xml"), content)
    return stream.getvalue()


def with_macro(source: ReportSource) -> bytes:
    """A DOCX with a project of macros beside its text, as a DOCM has it."""
    stream = io.BytesIO(to_docx(source))
    with zipfile.ZipFile(stream, "a") as archive:
        archive.writestr("word/vbaProject.bin", bytes.fromhex("d0cf11e0a1b11ae1") + b"Sub AutoOpen()" * 500)
    return stream.getvalue()


def bombs() -> Mapping[str, tuple[bytes, str]]:
    """Files by name, with the outcome of each."""
    return {
        "zip": (zeros_zip(SIZE), "too_large"),
        "7z": (zeros_7z(), "too_large"),
        "gzip": (zeros_gzip(), "unsupported"),
        "docx": (zeros_zip(SIZE, "word/document.xml"), "too_large"),
        "xlsx": (zeros_zip(SIZE, "xl/workbook.xml"), "too_large"),
        "ofd": (zeros_zip(SIZE, "OFD.xml"), "too_large"),
        "docx that says it is small": (modest_zip("word/document.xml"), "truncated"),
        "xlsx that says it is small": (modest_zip("xl/workbook.xml"), "truncated"),
        "ofd that says it is small": (modest_zip("OFD.xml"), "truncated"),
        "pdf": (endless_pdf(), "failed"),
        "entities of a page": (ENTITIES.encode(), "not_a_report"),
        "entities of a docx": (package(Content_Types_xml="<Types/>", word__document_xml=ENTITIES), "not_a_document"),
        "entities of an xlsx": (package(xl__workbook_xml=ENTITIES), "not_a_document"),
        "entities of an ofd": (package(OFD_xml=ENTITIES), "not_a_document"),
        "entities of a Word XML": (ENTITIES_OF_WORD.encode(), "not_a_document"),
    }
