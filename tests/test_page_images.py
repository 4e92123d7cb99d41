"""Reports published as images, in pages or in the place of tables: found in the article, fetched whole, read as one document."""

from __future__ import annotations

import asyncio
import base64
import io
import zipfile
from typing import Any

import pytest
from PIL import Image
from scrapy.http import Response

from crawler.documents.page_bundle import MAX_PAGES, pack_pages, read_page_bundle, unpack_pages
from crawler.documents.reader import read_document
from crawler.documents.sniff import PAGE_IMAGES, sniff
from crawler.outcomes import Outcome, OutcomeError
from crawler.portals.article import parse_article
from pipelines.page_images import KnownPage, fetch_pages, known_pages

URL = "https://www.example.gov.cn/zwgk/zfxxgknb/202401/t20240118_2677014.html"
FOLDER = URL.rpartition("/")[0]


def images(html: str) -> list[str]:
    return [link.url.replace(FOLDER, ".") for link in parse_article(html.encode(), URL).images]


def in_body(html: str) -> str:
    return f"<html><body><div class=header><img src=/logo.png></div><div id=content>{html}</div></body></html>"


def picture(width: int = 800, height: int = 1100, kind: str = "PNG", grey: int = 255) -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (width, height), grey).save(buffer, kind)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p><img src='W020240118_1.jpg'></p><p><img src='W020240118_2.jpg'></p>", ["./W020240118_1.jpg", "./W020240118_2.jpg"]),
        ("<img src='b.png'><img src='a.png'><img src='b.png'>", ["./b.png", "./a.png"]),
        ("<img src='/images/loading.gif' data-src='p1.png'><img data-original='p2.png'>", ["./p1.png", "./p2.png"]),
        ("<img src='p1.jpg' oldsrc='W02.jpg'>", ["./p1.jpg"]),
        ("<img src='' oldsrc='W02.jpg'>", ["./W02.jpg"]),
        ("<img src='data:image/gif;base64,R0lGOD' data-src='p1.png'><noscript><img src='p1.png'></noscript>", ["./p1.png"]),
        ("<a href='big1.jpg'><img src='thumb1.jpg' width=120></a>", ["./big1.jpg"]),
        ("<a href='scan.png'>附件：年度报告扫描件</a>", ["./scan.png"]),
        ("<img src='t4.png' style='width: 660px; height:120px'>", ["./t4.png"]),
        ("<img src='p1.jpg' width=16 height=16><img src='p2.jpg' style='width:90px'>", []),
        ("<img src='/ueditor/dialogs/attachment/fileTypeImages/icon_pdf.gif'><a href='nb.pdf'>年报</a>", []),
        ("<img src='/images/share_weixin.png'><img src='ewm.png'><img src='seal.svg'><img src='a.jpg' style='display:none'>", []),
        ("<img src='https://img.example.gov.cn/face/9ace.jpg'>", ["https://img.example.gov.cn/face/9ace.jpg"]),
    ],
)  # fmt: skip
def test_pages_and_tables_are_told_from_icons_and_buttons(html: str, expected: list[str]) -> None:
    assert images(in_body(html)) == expected


def test_where_no_body_is_marked_the_frame_of_the_page_gives_no_pages() -> None:
    html = (
        "<body><div class='top-nav'><img src='top.jpg'></div><a href='/zt/'><img src='campaign.jpg'></a>"
        "<div class='x'><h1>年报</h1><p><img src='p1.jpg'></p></div><div id='footer'><img src='party.jpg'></div></body>"
    )
    assert images(html) == ["./p1.jpg"]


def test_an_image_written_into_the_page_counts_if_it_is_large_enough() -> None:
    page = "data:image/png;base64," + base64.b64encode(b"x" * 6000).decode()
    dot = "data:image/png;base64," + base64.b64encode(b"x" * 60).decode()
    assert images(in_body(f"<img src='{dot}'><img src='{page}'>")) == [page]


def test_whether_all_statutory_tables_are_printed_is_told_from_the_tables_alone() -> None:
    words = ("第二十条 第（一）项", "（七）结转下<br>年度继续办理", "未经复议直接起诉")
    cells = [f"<table><tr><td>{word}</td></tr></table>" for word in words]
    prose = [f"<p>{word}</p>" for word in words]
    for parts, expected in ((cells, True), (cells[:2], False), (prose, False)):
        assert parse_article(in_body("".join(parts)).encode(), URL).has_tables is expected


def test_a_container_is_the_same_for_the_same_images_and_gives_them_back_in_order() -> None:
    pages = [picture(grey=10 * number) for number in range(12)]
    bundle = pack_pages(pages)
    assert sniff(bundle) == PAGE_IMAGES
    assert unpack_pages(bundle) == pages
    assert pack_pages(pages) == bundle != pack_pages(pages[::-1])


def test_a_container_that_lies_or_is_cut_is_told() -> None:
    with pytest.raises(OutcomeError) as error:
        pack_pages([b"x"] * (MAX_PAGES + 1))
    assert error.value.outcome is Outcome.TOO_LARGE
    with pytest.raises(OutcomeError) as error:
        read_page_bundle(pack_pages([picture()])[:-30])
    assert error.value.outcome is Outcome.TRUNCATED
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo("mimetype"), PAGE_IMAGES)
        archive.writestr("page-0001.png", b"\0" * 50_000_000, zipfile.ZIP_DEFLATED)
    with pytest.raises(OutcomeError) as error:
        read_document(buffer.getvalue())
    assert error.value.outcome is Outcome.NOT_A_DOCUMENT


def test_icons_alone_are_no_document_and_a_torn_page_is_named() -> None:
    pytest.importorskip("rapidocr")
    with pytest.raises(OutcomeError) as error:
        read_document(pack_pages([picture(90, 90), picture(120, 30)]))
    assert error.value.outcome is Outcome.NOT_A_DOCUMENT
    noise = Image.effect_noise((900, 1200), 90)
    buffer = io.BytesIO()
    noise.save(buffer, "PNG")
    with pytest.raises(OutcomeError, match="image 2 of 2") as error:
        read_document(pack_pages([picture(), buffer.getvalue()[:200_000]]))
    assert error.value.outcome is Outcome.TRUNCATED


class Server:
    """What answers to the downloads of a test."""

    def __init__(self, answers: dict[str, tuple[int, bytes]]) -> None:
        self.answers = answers
        self.asked: list[tuple[str, dict[str, str]]] = []

    async def __call__(self, address: str, headers: dict[str, str]) -> Response:
        self.asked.append((address, headers))
        if headers.get("If-None-Match") == f'"{address}"':
            return Response(address, status=304)
        status, body = self.answers[address]
        return Response(address, status=status, body=body, headers={"ETag": f'"{address}"'})


def fetch(server: Server, *addresses: str, known: dict[str, KnownPage] | None = None) -> Any:
    return asyncio.run(fetch_pages(addresses, server, known or {}))


def test_images_are_fetched_in_order_and_asked_for_again_by_their_validators() -> None:
    one, two = picture(grey=1), picture(grey=2)
    server = Server({"http://a/1": (200, one), "http://a/2": (200, two)})
    first = fetch(server, "http://a/1", "http://a/2")
    assert unpack_pages(first.content) == [one, two]
    assert not first.is_known
    known = known_pages(first.content, first.validators)
    again = fetch(server, "http://a/1", "http://a/2", known=known)
    assert again.is_known
    assert again.content == first.content
    assert [headers.get("If-None-Match") for _, headers in server.asked] == [None, None, '"http://a/1"', '"http://a/2"']
    assert not fetch(server, "http://a/1", known=known).is_known
    assert known_pages(first.content, "no json") == known_pages(b"", first.validators) == {}


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [((404, b""), Outcome.NOT_FOUND), ((200, b"<html><body>error</body></html>"), Outcome.NOT_A_DOCUMENT)],
)
def test_a_missing_image_is_named_and_the_rest_is_not_the_report(answer: tuple[int, bytes], outcome: Outcome) -> None:
    server = Server({"http://a/1": (200, picture()), "http://a/2": answer, "http://a/3": (200, picture())})
    with pytest.raises(OutcomeError, match=r"image 2 of 3 is missing.*http://a/2") as error:
        fetch(server, "http://a/1", "http://a/2", "http://a/3")
    assert error.value.outcome is outcome
