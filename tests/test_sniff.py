"""What a file is, whatever it is called: every disguise seen on portals."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.documents import sniff as kinds
from crawler.documents.sniff import ole_stream_names, sniff


def package(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, "<x/>" * 200)
    return buffer.getvalue()


def compound(*streams: str, directory_sectors: int = 1) -> bytes:
    """A minimal OLE2 file: header, one FAT sector, a chain of directory sectors at 1, 2, ..."""
    header = bytearray(512)
    header[:8] = bytes.fromhex("d0cf11e0a1b11ae1")
    header[30:32] = (9).to_bytes(2, "little")
    header[48:52] = (1).to_bytes(4, "little")
    header[76:512] = struct.pack("<109I", 0, *[0xFFFFFFFF] * 108)
    chain = [0xFFFFFFFD, *range(2, directory_sectors + 1), 0xFFFFFFFE]
    fat = struct.pack("<128I", *chain, *[0xFFFFFFFF] * (128 - len(chain)))
    entries = bytearray()
    for name in streams:
        raw = name.encode("utf-16-le")
        entry = bytearray(128)
        entry[: len(raw)] = raw
        entry[64:66] = (len(raw) + 2).to_bytes(2, "little")
        entry[66] = 2
        entries += entry
    return bytes(header) + fat + bytes(entries).ljust(512 * directory_sectors, b"\0")


HTML_GB = '<html><head><meta charset="gb2312"><title>政府信息公开</title></head><body>年报</body></html>'.encode("gb18030")

CASES = {
    "pdf": (b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj", kinds.PDF),
    "pdf after junk": (b"\x00\x0a\xff junk of a proxy " * 20 + b"%PDF-1.7\n", kinds.PDF),
    "pdf named too late": (b"\x01" * 1100 + b"%PDF-1.7\n", kinds.UNKNOWN),
    "docx": (package("[Content_Types].xml", "word/document.xml"), kinds.DOCX),
    "docx cut": (package("[Content_Types].xml", "word/document.xml", "word/media/image1.png")[:-120], kinds.DOCX),
    "docx with backslashes": (package("[Content_Types].xml", "word\\document.xml"), kinds.DOCX),
    "xlsx": (package("[Content_Types].xml", "xl/workbook.xml"), kinds.XLSX),
    "ofd": (package("OFD.xml", "Doc_0/Document.xml"), kinds.OFD),
    "zip": (package("2020年报.doc"), kinds.ZIP),
    "doc": (compound("Root Entry", "1Table", "WordDocument"), kinds.DOC),
    "doc, name in the second directory sector": (
        compound("Root Entry", "1Table", "Data", "ObjectPool", "WordDocument", directory_sectors=2),
        kinds.DOC,
    ),
    "xls": (compound("Root Entry", "Workbook"), kinds.XLS),
    "works": (compound("Root Entry", "MatOST", "CONTENTS"), kinds.WPS),
    "encrypted docx": (compound("Root Entry", "EncryptionInfo", "EncryptedPackage"), kinds.ENCRYPTED_OFFICE),
    "ole of some kind": (compound("Root Entry", "FileHeader"), kinds.OLE),
    "ole cut in its header": (compound("Root Entry")[:100], kinds.OLE),
    "rtf": (b"{\\rtf1\\ansi\\ansicpg936 ...}", kinds.RTF),
    "html": (b"<!DOCTYPE html>\n<html><body>404</body></html>", kinds.HTML),
    "html gb2312": (HTML_GB, kinds.HTML),
    "html utf-16 without a mark": ("<html><body>政府信息公开工作年度报告</body></html>".encode("utf-16-le"), kinds.HTML),
    "html fragment with a mark": ("<div class=TRS_Editor><p>一、总体情况</p></div>".encode("utf-8-sig"), kinds.HTML),
    "html after a server prologue": (b'<%@ page contentType="text/html" %>\n\n<html lang=en>', kinds.HTML),
    "html after a warning": ("Warning: mysql_connect()\n<html><body>数据库错误</body></html>".encode(), kinds.HTML),
    "html that starts with its words": ("关于年报<br><p>一、总体情况</p><p>二、</p><table></table>".encode(), kinds.HTML),
    "xhtml": (b'<?xml version="1.0" encoding="utf-8"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0"><html/>', kinds.HTML),
    "mhtml": (b"MIME-Version: 1.0\nX-Document-Type: Workbook\nContent-Type: multipart/related; boundary=x\n", kinds.MHTML),
    "word 2003 xml": (
        b'<?xml version="1.0"?><?mso-application progid="Word.Document"?><w:wordDocument xmlns:w="x"/>',
        kinds.WORDML,
    ),
    "other xml": (b'<?xml version="1.0"?><rss version="2.0"/>', kinds.XML),
    "json": (b'{"code":404,"msg":"not found"}', kinds.JSON),
    "png": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "image/png"),
    "jpeg": (b"\xff\xd8\xff\xe0\0\x10JFIF", "image/jpeg"),
    "gif": (b"GIF89a....", "image/gif"),
    "bmp": (b"BM\x36\x00\x0c\x00\x00\x00\x00\x00\x36\x00", "image/bmp"),
    "tiff": (b"II*\x00\x08\0\0\0", "image/tiff"),
    "gzip": (b"\x1f\x8b\x08\0\0\0", "application/gzip"),
    "rar": (b"Rar!\x1a\x07\x01\x00", "application/vnd.rar"),
    "7z": (b"7z\xbc\xaf\x27\x1c\0\4", "application/x-7z-compressed"),
    "text": ("泉港镇2020年政府信息公开工作年度报告\n一、总体情况\n".encode(), kinds.TEXT),
    "text gbk": ("新乡县人民政府2020年工作年报\r\n一、总体情况\r\n".encode("gbk"), kinds.TEXT),
    "text that speaks of BM": (b"BM is no picture here\n", kinds.TEXT),
    "text longer than the head": (("政" * 3000).encode(), kinds.TEXT),
    "nothing": (b"", kinds.EMPTY),
    "white space": (b"\r\n  \n", kinds.EMPTY),
    "noise": (bytes(range(256)) * 8, kinds.UNKNOWN),
}


@pytest.mark.parametrize(("content", "expected"), CASES.values(), ids=CASES)
def test_kind_from_bytes(content: bytes, expected: str) -> None:
    assert sniff(content) == expected


@given(st.binary(max_size=300), st.sampled_from(sorted(CASES)), st.integers(0, 400))
def test_never_raises(tail: bytes, name: str, cut: int) -> None:
    content = CASES[name][0][:cut] + tail
    assert sniff(content)


def test_ole_directory_that_points_at_itself_ends() -> None:
    content = bytearray(compound("Root Entry", "WordDocument"))
    content[512 + 4 : 512 + 8] = (1).to_bytes(4, "little")
    assert ole_stream_names(bytes(content)) == ["Root Entry", "WordDocument"]


@pytest.mark.real
@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("real/doc/*.doc", kinds.DOC),
        ("real/docx/*.docx", kinds.DOCX),
        ("real/ofd/*.ofd", kinds.OFD),
        ("real/pdf/*.pdf", kinds.PDF),
        ("real/html/*.html", kinds.HTML),
        ("seeds/*.txt", kinds.TEXT),
    ],
)
def test_real_files(shared: Path, pattern: str, expected: str) -> None:
    found = {path.name: sniff(path.read_bytes()) for path in shared.glob(pattern)}
    assert found
    assert set(found.values()) == {expected}, found
