"""Web archives as Word and browsers write them."""

from __future__ import annotations

import base64
import quopri

import pytest

from crawler.documents.model import Paragraph
from crawler.documents.reader import read_document
from crawler.outcomes import Outcome, OutcomeError

PAGE = (
    "<html><head><meta charset={0}></head><body><div class=WordSection1><p>二、主动公开政府信息情况</p><table><tr><td>信息内容</td>"
    "<td>现行有效件数</td></tr><tr><td>规章</td><td>3</td></tr></table></div></body></html>"
)


def archive(page: bytes, transfer: str) -> bytes:
    body = base64.encodebytes(page) if transfer == "base64" else quopri.encodestring(page)
    return (
        b"MIME-Version: 1.0\r\nX-Document-Type: Document\r\nContent-Type: multipart/related;\r\n boundary=\"----=_Next\"\r\n\r\n"
        b"------=_Next\r\nContent-Location: file:///C:/a.files/header.xml\r\nContent-Type: text/xml\r\n\r\n<x/>\r\n\r\n"
        b"------=_Next\r\nContent-Location: file:///C:/a.htm\r\nContent-Type: text/html; charset=\"gb2312\"\r\n"
        b"Content-Transfer-Encoding: " + transfer.encode() + b"\r\n\r\n" + body + b"\r\n------=_Next--\r\n"
    )  # fmt: skip


@pytest.mark.parametrize("transfer", ["base64", "quoted-printable"])
@pytest.mark.parametrize("expected", ["doc", "mht", None])
def test_page_inside(transfer: str, expected: str | None) -> None:
    document = read_document(archive(PAGE.format("gb2312").encode("gb18030"), transfer), expected=expected)
    assert document.media_type == "multipart/related"
    assert document.blocks[0] == Paragraph("二、主动公开政府信息情况")
    assert [cell.text for cell in document.grids[0].cells] == ["信息内容", "现行有效件数", "规章", "3"]


def test_archive_without_a_page() -> None:
    content = b"MIME-Version: 1.0\nContent-Type: multipart/related; boundary=x\n\n--x\nContent-Type: image/png\n\nabc\n--x--\n"
    with pytest.raises(OutcomeError) as caught:
        read_document(content)
    assert caught.value.outcome is Outcome.NOT_A_DOCUMENT


def test_archive_nested_without_end() -> None:
    content = b"".join(b"Content-Type: multipart/related; boundary=b%d\n\n--b%d\n" % (number, number) for number in range(3000))
    with pytest.raises(OutcomeError):
        read_document(content)
