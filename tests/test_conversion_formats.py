"""What is known of an office file before any office program sees it."""

from __future__ import annotations

import contextlib
import io
import time
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.conversion.formats import IMPORT_FORMATS
from crawler.documents import office, sniff
from crawler.documents.office import office_format
from crawler.documents.ole import read_compound_file
from crawler.documents.reader import read_document
from crawler.outcomes import Outcome, OutcomeError
from tests.office_files import compound_file, odt, word_stream

WORD = compound_file({"1Table": b"", "WordDocument": word_stream()})
RTF = b"{\\rtf1\\ansi {\\fonttbl{\\f0 x;}} \\{ a brace \\} text\\par}"


def outcome_of(content: bytes, media_type: str) -> OutcomeError:
    with pytest.raises(OutcomeError) as caught:
        office_format(content, media_type)
    return caught.value


@pytest.mark.parametrize(
    ("version", "expected"),
    [(0x65, office.WORD_6), (0x68, office.WORD_95), (0xC1, office.WORD_97), (0xD9, office.WORD_97), (0x0112, office.WORD_97)],
)
def test_the_version_of_word_chooses_the_importer(version: int, expected: str) -> None:
    content = compound_file({"WordDocument": word_stream(version=version)})
    assert office_format(content, sniff.sniff(content)) == expected
    assert expected in IMPORT_FORMATS


def test_word_before_version_6_is_unsupported() -> None:
    content = compound_file({"WordDocument": word_stream(version=0x2D)})
    assert outcome_of(content, sniff.DOC).outcome is Outcome.UNSUPPORTED


def test_a_password_is_seen_in_the_header() -> None:
    error = outcome_of(compound_file({"WordDocument": word_stream(flags=0x0100)}), sniff.DOC)
    assert error.outcome is Outcome.ENCRYPTED
    assert "password" in error.message


def test_a_protected_object_inside_does_not_make_the_document_protected() -> None:
    content = compound_file({"WordDocument": word_stream()}, embedded={"WordDocument": word_stream(flags=0x0100)})
    assert office_format(content, sniff.DOC) == office.WORD_97


def test_a_word_object_inside_a_workbook_makes_no_word_document() -> None:
    content = compound_file({"Workbook": b"\x09\x08"}, embedded={"WordDocument": word_stream()})
    assert sniff.sniff(content) == sniff.XLS


def test_a_cut_word_document_is_truncated_wherever_it_is_cut() -> None:
    assert office_format(WORD, sniff.DOC) == office.WORD_97
    for end in range(1024, len(WORD) - 512, 512):
        cut = WORD[:end]
        with pytest.raises(OutcomeError) as caught:
            read_document(cut, expected="doc", convert=lambda _content, _format: pytest.fail("handed on"))
        assert caught.value.outcome is Outcome.TRUNCATED, end


def test_rubbish_in_place_of_the_word_stream() -> None:
    assert outcome_of(compound_file({"WordDocument": b"\0" * 64}), sniff.DOC).outcome is Outcome.NOT_A_DOCUMENT


def test_rtf_whole_and_cut() -> None:
    assert office_format(RTF, sniff.RTF) == office.RICH_TEXT
    assert office_format(RTF + b"\r\n\0\0 junk of a proxy {", sniff.RTF) == office.RICH_TEXT
    assert outcome_of(RTF[:-1], sniff.RTF).outcome is Outcome.TRUNCATED
    assert outcome_of(RTF[:-4], sniff.RTF).outcome is Outcome.TRUNCATED


def test_brackets_in_binary_data_of_rtf_do_not_count() -> None:
    assert office_format(b"{\\rtf1 {\\pict\\bin4 }}}}} text}", sniff.RTF) == office.RICH_TEXT
    assert outcome_of(b"{\\rtf1 {\\pict\\bin4 }}}}} text", sniff.RTF).outcome is Outcome.TRUNCATED
    assert outcome_of(b"{\\rtf1 \\bin999999999 }", sniff.RTF).outcome is Outcome.TRUNCATED


def test_opendocument_whole_cut_and_protected() -> None:
    content = odt("<text:p>正文</text:p>")
    assert sniff.sniff(content) == sniff.ODT
    assert office_format(content, sniff.ODT) == office.OPEN_DOCUMENT
    assert outcome_of(content[:-30], sniff.ODT).outcome is Outcome.TRUNCATED
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        archive.writestr("content.xml", b"\x8f" * 40)
        archive.writestr("META-INF/manifest.xml", '<manifest:encryption-data manifest:checksum="x"/>')
    assert outcome_of(buffer.getvalue(), sniff.ODT).outcome is Outcome.ENCRYPTED


def test_without_a_converter_the_kind_is_named() -> None:
    with pytest.raises(OutcomeError) as caught:
        read_document(WORD, expected="doc")
    assert caught.value.outcome is Outcome.UNSUPPORTED
    assert "LibreOffice" in caught.value.message


@given(st.integers(0, len(WORD)), st.binary(max_size=64), st.integers(0, len(WORD)))
def test_a_damaged_container_never_raises_anything_else(at: int, junk: bytes, end: int) -> None:
    content = bytearray(WORD)
    content[at : at + len(junk)] = junk
    with contextlib.suppress(OutcomeError):
        office_format(bytes(content[:end]), sniff.DOC)


def test_tables_of_sectors_in_a_circle_end() -> None:
    circle = bytearray(b"\xff" * 512)
    circle[508:512] = (0).to_bytes(4, "little")
    header = bytearray(WORD)
    header[68:76] = (0).to_bytes(4, "little") + (0xFFFFFFFF).to_bytes(4, "little")
    header[512:1024] = circle
    start = time.perf_counter()
    assert read_compound_file(bytes(header)) is not None
    assert time.perf_counter() - start < 5


@pytest.mark.real
def test_real_word_files_are_whole(shared: Path) -> None:
    paths = list(shared.glob("real/doc/*.doc"))
    assert paths
    for path in paths:
        content = path.read_bytes()
        assert office_format(content, sniff.sniff(content)) == office.WORD_97
        assert outcome_of(content[: len(content) // 2], sniff.DOC).outcome is Outcome.TRUNCATED
