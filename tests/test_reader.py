"""Every file ends in a document or in one clear outcome."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import docx
import pytest

from crawler.documents import reader, sniff
from crawler.documents.model import Paragraph
from crawler.documents.reader import READERS, read_document
from crawler.forms.reader import read_report
from crawler.outcomes import Outcome, OutcomeError
from crawler.sample.typeset import ReportSource, random_values, to_docx, to_html, to_text
from tests.test_sniff import CASES, package

TABLE = "<table>" + "<tr><td>规章</td><td>1</td><td>2</td></tr>" * 10 + "</table>"


def failure(content: bytes, expected: str | None = None) -> OutcomeError:
    with pytest.raises(OutcomeError) as caught:
        read_document(content, expected=expected)
    return caught.value


def small_docx() -> bytes:
    made = docx.Document()
    made.add_paragraph("一、总体情况")
    buffer = io.BytesIO()
    made.save(buffer)
    return buffer.getvalue()


@pytest.mark.parametrize("expected", [None, "docx", ".doc", "pdf", "html"])
def test_docx_under_any_name(expected: str | None) -> None:
    document = read_document(small_docx(), expected=expected)
    assert (document.media_type, document.blocks) == (sniff.DOCX, (Paragraph("一、总体情况"),))


def test_html_and_text() -> None:
    assert read_document("<p>一、总体情况</p>".encode()).media_type == sniff.HTML
    assert read_document("一、总体情况".encode("gbk"), expected="txt").blocks == (Paragraph("一、总体情况"),)


@pytest.mark.parametrize("expected", ["pdf", "application/pdf", "docx", "doc", "xls", "ofd"])
def test_error_page_in_place_of_a_document(expected: str) -> None:
    page = "<html><head><title>404 您访问的页面不存在</title></head><body><p>返回首页</p></body></html>".encode()
    error = failure(page, expected)
    assert error.outcome is Outcome.NOT_A_DOCUMENT
    assert "404 您访问的页面不存在" in error.message


def test_message_in_place_of_a_document() -> None:
    assert failure("文件不存在".encode(), "pdf").outcome is Outcome.NOT_A_DOCUMENT
    assert failure(b'{"code": 404}', "pdf").outcome is Outcome.NOT_A_DOCUMENT


@pytest.mark.parametrize("expected", ["doc", "docx", "wps"])
def test_word_export_under_a_word_name_is_the_document(expected: str) -> None:
    page = f'<html xmlns:o="urn:schemas-microsoft-com:office:office"><body><p class=MsoNormal>年报</p>{TABLE}</body></html>'
    assert len(read_document(page.encode("gbk"), expected=expected).grids) == 1
    assert len(read_document(f"<body>{TABLE}</body>".encode(), expected=expected).grids) == 1
    assert failure(f"<title>登录</title><body>{TABLE}</body>".encode(), "pdf").outcome is Outcome.NOT_A_DOCUMENT


@pytest.mark.parametrize("content", [b"", b" \r\n"])
def test_empty(content: bytes) -> None:
    error = failure(content, "pdf")
    assert (error.outcome, error.message) == (Outcome.NOT_A_DOCUMENT, "the file is empty")


def test_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "MAX_BYTES", 10)
    assert failure(b"%PDF-1.4 and more").outcome is Outcome.TOO_LARGE


@pytest.mark.parametrize("name", CASES)
def test_every_known_kind_has_a_reader_or_a_name(name: str) -> None:
    content, media_type = CASES[name]
    if media_type in READERS:
        return
    error = failure(content, "pdf")
    special = {
        sniff.EMPTY: Outcome.NOT_A_DOCUMENT,
        sniff.UNKNOWN: Outcome.NOT_A_DOCUMENT,
        sniff.XML: Outcome.NOT_A_DOCUMENT,
        sniff.JSON: Outcome.NOT_A_DOCUMENT,
        sniff.ENCRYPTED_OFFICE: Outcome.ENCRYPTED,
    }
    expected = Outcome.TRUNCATED if "cut" in name else special.get(media_type, Outcome.UNSUPPORTED)
    assert error.outcome is expected
    if error.outcome is Outcome.UNSUPPORTED:
        assert reader.NAMES[media_type] in error.message


@pytest.mark.parametrize("expected", ["docx", "doc", None])
def test_cut_docx(expected: str | None) -> None:
    content = small_docx()
    assert failure(content[: len(content) // 2], expected).outcome is Outcome.TRUNCATED
    assert failure(content[:20], expected).outcome is Outcome.TRUNCATED


def test_cut_zip_of_another_kind() -> None:
    assert failure(package("xl/workbook.xml", "xl/styles.xml")[:-60]).outcome is Outcome.TRUNCATED


def test_zip_without_a_document() -> None:
    assert failure(package("word/media/image1.png"), "docx").outcome is Outcome.NOT_A_DOCUMENT


def test_docx_that_is_something_else() -> None:
    error = failure(b"\x00\x01\x02" * 50, "docx")
    assert error.outcome is Outcome.NOT_A_DOCUMENT
    assert "docx" in error.message


def test_encrypted_zip() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("word/document.xml", "<x/>")
    content = bytearray(buffer.getvalue())
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    assert failure(bytes(content)).outcome is Outcome.ENCRYPTED


@pytest.mark.real
def test_real_files_that_need_libreoffice_say_so_without_it(shared: Path) -> None:
    for path in shared.glob("real/doc/*.doc"):
        error = failure(path.read_bytes(), path.suffix)
        assert error.outcome is Outcome.UNSUPPORTED
        assert "Word 97-2003" in error.message
        assert "LibreOffice" in error.message


@pytest.mark.parametrize("form", ["cn-ogi-2019", "cn-ogi-2021"])
def test_renditions_of_one_report_say_the_same(form: str) -> None:
    sections = {1: ("全年发布信息312条。",), 2: (), 3: (), 4: (), 5: ("公开的时效有待提高。",), 6: ("无。",)}
    printed = {key: "" if number % 17 == 0 else text for number, (key, text) in enumerate(random_values(form, 11).items())}
    source = ReportSource("柳林镇2023年政府信息公开工作年度报告", "柳林镇", 2023, form, sections, printed)
    renditions = {
        "html": to_html(source, whole=True).encode("gb18030"),
        "docx": to_docx(source),
        "tabs": to_text(source).encode(),
        "cells": to_text(source, "cells").encode("gbk"),
    }
    expected = {key: float(text) if text else None for key, text in printed.items()}
    for name, content in renditions.items():
        report = read_report(read_document(content))
        values = {key: None if (value := report.cells[key].value) is None else float(value) for key in printed}
        assert values == expected, name
        assert [section.no for section in report.sections] == [1, 2, 3, 4, 5, 6], name


@pytest.mark.real
@pytest.mark.parametrize("name", ["000", "002", "003"])
def test_seed_reports_read_whole(shared: Path, name: str) -> None:
    report = read_report(read_document((shared / "seeds" / f"{name}.txt").read_bytes(), expected="txt"))
    truth = json.loads((shared / "seeds" / f"{name}.values.json").read_text(encoding="utf-8"))
    values = {key: None if (value := report.cells[key].value) is None else float(value) for key in truth["values"]}
    assert values == truth["values"]
    assert (report.year, report.form_version) == (truth["year"], truth["form"])


@pytest.mark.real
@pytest.mark.parametrize("expected", ["pdf", "doc", None])
def test_real_pdf_under_any_name(shared: Path, expected: str | None) -> None:
    content = (shared / "real" / "pdf" / "hzq2024.pdf").read_bytes()
    document = read_document(content, expected=expected)
    assert document.media_type == sniff.PDF
    assert document.grids
    assert read_document(b"\r\n junk of a proxy \r\n" + content).grids
