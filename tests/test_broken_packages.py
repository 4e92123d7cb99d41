"""Members of a package that a compressor other than deflate holds, and that are damaged, are damage and no fault."""

from __future__ import annotations

import io
import zipfile
import zlib

import pytest

from crawler.documents.archives import unpack
from crawler.documents.docx import read_docx
from crawler.documents.pdf_plumber import inflate_damaged
from crawler.documents.sheets import read_sheets
from crawler.documents.sheets_facts import MAX_SHEETS
from crawler.outcomes import Outcome, OutcomeError

PARTS = {
    "[Content_Types].xml": b"<Types/>",
    "xl/workbook.xml": b"<workbook/>" * 200,
    "word/document.xml": b"<document/>" * 200,
}


def damaged(compression: int) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as package:
        for name, content in PARTS.items():
            package.writestr(zipfile.ZipInfo(name), content, compression)
    packed = bytearray(stream.getvalue())
    for name in PARTS:
        start = packed.index(name.encode()) + len(name)
        packed[start + 2 : start + 40] = bytes(38)
    return bytes(packed)


@pytest.mark.parametrize("compression", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA, zipfile.ZIP_DEFLATED])
def test_damage_in_any_compression_is_an_outcome(compression: int) -> None:
    content = damaged(compression)
    for read in (read_docx, read_sheets, unpack):
        with pytest.raises(OutcomeError) as found:
            read(content)
        assert found.value.outcome in {Outcome.TRUNCATED, Outcome.NOT_A_DOCUMENT}


def test_one_sheet_listed_thousands_of_times_is_too_large() -> None:
    sheet = '<sheet name="a" r:id="r1"/>'
    relation = '<Relationship Id="r1" Target="worksheets/sheet1.xml"/>'
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as package:
        package.writestr("xl/workbook.xml", f'<workbook xmlns:r="{office}">{sheet * (MAX_SHEETS + 1)}</workbook>')
        package.writestr("xl/_rels/workbook.xml.rels", f"<Relationships>{relation}</Relationships>")
        package.writestr("xl/worksheets/sheet1.xml", "<worksheet/>")
    with pytest.raises(OutcomeError, match=f"more than {MAX_SHEETS} sheets"):
        read_sheets(stream.getvalue())


def test_a_damaged_stream_is_inflated_up_to_its_checksum() -> None:
    text = b"0123456789" * 100
    packed = zlib.compress(text)
    assert inflate_damaged(packed[:-4]) == text
    assert inflate_damaged(packed[:-1] + b"x") == text
    with pytest.raises(zlib.error):
        inflate_damaged(b"\xff" * 50)
