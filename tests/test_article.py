from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.portals.article import is_document_url, parse_article

URL = "https://www.example.gov.cn/zwgk/zfxxgknb/202401/t20240118_2677014.html"
FOLDER = URL.rpartition("/")[0]


def attachments(html: str) -> list[tuple[str, str]]:
    return [(link.url, link.text) for link in parse_article(html.encode(), URL).attachments]


@pytest.mark.parametrize(
    ("html", "url", "text"),
    [
        ("<div id=pdfCon><a href='https://xcoss.henan.gov.cn/typtfile/20240118/0a.pdf'>某县年报</a></div>",
         "https://xcoss.henan.gov.cn/typtfile/20240118/0a.pdf", "某县年报"),
        ("<a href='./P020240118.docx' title='附件：某县2023年政府信息公开工作年度报告.docx'>附件：某县2023…</a>",
         FOLDER + "/P020240118.docx", "附件：某县2023年政府信息公开工作年度报告.docx"),
        ("<a href='/f/a.WPS?v=2'>年报</a>", "https://www.example.gov.cn/f/a.WPS?v=2", "年报"),
        ("<a href='/module/download/downfile.jsp?classid=0&amp;filename=2f.pdf'>下载</a>",
         "https://www.example.gov.cn/module/download/downfile.jsp?classid=0&filename=2f.pdf", "下载"),
        ("<a href='/system/_content/download.jsp?urltype=news.DownloadAttachUrl&wbfileid=9'>附件</a>",
         "https://www.example.gov.cn/system/_content/download.jsp?urltype=news.DownloadAttachUrl&wbfileid=9", "附件"),
        ("<a class='nfw-cms-attachment' href='/attachment/7/7778/7778529/10168701.ofd'>年报.ofd</a>",
         "https://www.example.gov.cn/attachment/7/7778/7778529/10168701.ofd", "年报.ofd"),
        ("<iframe src='../files/nb.pdf#view=FitH'></iframe>", "https://www.example.gov.cn/zwgk/zfxxgknb/files/nb.pdf", ""),
        ("<iframe src='/pdfjs/web/viewer.html?file=%2Ffiles%2F2024%2Fnb.pdf'></iframe>",
         "https://www.example.gov.cn/files/2024/nb.pdf", ""),
        ("<embed src='nb.pdf' type='application/pdf'>", FOLDER + "/nb.pdf", ""),
        ("<object data='nb.pdf'></object>", FOLDER + "/nb.pdf", ""),
        ("<object><param name=src value='nb.pdf'></object>", FOLDER + "/nb.pdf", ""),
        ("<script>var file_appendix='<a href=\"./P02.pdf\">附件1.pdf</a>';</script>", FOLDER + "/P02.pdf", "附件1.pdf"),
        ('<script>var file_appendix = "<a href=\\"./P02.xls\\">表</a>";</script>', FOLDER + "/P02.xls", "表"),
        ("<script>PDFObject.embed('/upload/nb.pdf', '#box');</script>", "https://www.example.gov.cn/upload/nb.pdf", ""),
        ("<a href='javascript:;' onclick=\"window.open('/upload/nb.rar')\">打包下载</a>",
         "https://www.example.gov.cn/upload/nb.rar", "打包下载"),
        ("<a href='/u/%E5%B9%B4%E6%8A%A5.PDF'>年报</a>", "https://www.example.gov.cn/u/%E5%B9%B4%E6%8A%A5.PDF", "年报"),
    ],
)  # fmt: skip
def test_documents_are_found_however_the_page_carries_them(html: str, url: str, text: str) -> None:
    assert attachments(f"<html><body><div id=content>{html}</div></body></html>") == [(url, text)]


def test_documents_come_in_order_without_duplicates_and_keep_the_first_text() -> None:
    html = (
        "<iframe src='/b.pdf'></iframe><a href='/a.doc'>正文</a><a href='/b.pdf'>附件</a><a href='/a.doc'>再次下载</a>"
        "<a href='/index.html'>首页</a><a href='/x.jpg'>图</a><a href='mailto:a@b.cn'>x.pdf</a>"
    )
    assert attachments(html) == [("https://www.example.gov.cn/b.pdf", "附件"), ("https://www.example.gov.cn/a.doc", "正文")]


def test_a_script_in_a_comment_names_no_document() -> None:
    assert attachments("<script>/* url: '/old/demo.pdf' */\n// '/old/demo2.pdf'\nvar a=1;</script><p>正文</p>") == []


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        ("<meta name=PubDate content='2023-01-19 20:23'>", "2023-01-19"),
        ("<meta name=PubDate content='2023-01-19 20:23:11'>", "2023-01-19"),
        ("<meta name=pubdate content='2023-01-19'>", "2023-01-19"),
        ("<meta name=PubDate content='2023年1月9日'>", "2023-01-09"),
        ("<meta name=PubDate content='2023-08-19 10∶08'>", "2023-08-19"),
        ("<meta name=PubDate content=''><span>时间：<i id=pubDate>2022-08-11 14:21</i></span>", "2022-08-11"),
        ("<div>发布日期： 2021年03月09日 浏览次数：12</div>", "2021-03-09"),
        ("<meta name=PubDate content='2023-02-30'>", None),
        ("<p>截至2022年12月31日，共收到申请12件</p>", None),
    ],
)
def test_published_date_in_every_shape_seen_and_never_from_the_text(shown: str, expected: str | None) -> None:
    assert parse_article(f"<html><body>{shown}</body></html>".encode(), URL).published_date == expected


@pytest.mark.parametrize(
    ("html", "title"),
    [
        (
            "<meta name=ArticleTitle content='某县2023年政府信息公开工作年度报告'><h1 id=title>别的</h1>",
            "某县2023年政府信息公开工作年度报告",
        ),
        (
            "<meta name=ArticleTitle content='&lt;h1 style=&quot;x&quot;&gt;'><h1 id=title>某县2023年<br>年报</h1>",
            "某县2023年 年报",
        ),
        ("<h3 id=title>某厅2022年政府信息公开工作年度报告</h3>", "某厅2022年政府信息公开工作年度报告"),
        (
            "<title>某镇2021年政府信息公开年报_政府信息公开年报_某县人民政府</title>",
            "某镇2021年政府信息公开年报",
        ),
        ("<p>没有标题</p>", None),
    ],
)
def test_title_is_the_pages_own(html: str, title: str | None) -> None:
    assert parse_article(f"<html>{html}</html>".encode(), URL).title == title


def test_source_and_body_of_a_gbk_page() -> None:
    html = (
        "<html><head><meta http-equiv=Content-Type content='text/html; charset=gb2312'></head><body><div class=nav>首页</div>"
        "<i id=source>县政府办公室</i><div id=zoom><p>一、总体情况</p><script>var x=1</script><p>主动公开信息三百条。</p></div></body>"
    )
    found = parse_article(html.encode("gb18030"), URL)
    assert found.source == "县政府办公室"
    assert found.body_text == "一、总体情况主动公开信息三百条。"


@pytest.mark.real
def test_real_henan_article(shared: Path) -> None:
    found = parse_article((shared / "real/html/henan_article_structure_only.html").read_bytes(), URL)
    assert found.title == "在省第十届青年戏剧演员大赛中 许昌市喜获佳绩"
    assert (found.published_date, found.source) == ("2022-08-11", "许昌市人民政府")
    assert found.attachments == ()
    assert found.body_text.startswith("日前")


@pytest.mark.real
def test_real_articles_with_attachments(shared: Path) -> None:
    sheets = parse_article((shared / "real/html/nfcms_article_xls_attachments.html").read_bytes(), URL)
    assert [link.url.rpartition(".")[2] for link in sheets.attachments] == ["xls", "xls", "xlsx"]
    assert sheets.attachments[0].text.startswith("附件1 2026年公办小学")
    documents = parse_article((shared / "real/html/nfcms_article.html").read_bytes(), URL)
    assert [link.url.rpartition(".")[2] for link in documents.attachments] == ["pdf", "doc", "pdf", "pdf"]
    trs = parse_article((shared / "real/html/trs_article.html").read_bytes(), URL)
    assert (trs.published_date, trs.source) == ("2020-08-02", "邯郸市教育局")


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "beginning"), [("gkmlpt_detail_08.html", "穗卫函〔2023〕1930号"), ("gkmlpt_detail_11.html", "穗府办规")]
)
def test_real_article_whose_body_stands_in_a_script(shared: Path, name: str, beginning: str) -> None:
    found = parse_article((shared / "real/html" / name).read_bytes(), URL)
    assert found.body_text.startswith(beginning)
    assert len(found.body_text) > 5000
    assert found.title


@pytest.mark.parametrize(
    ("url", "is_document"),
    [
        ("https://a.gov.cn/x.pdf?t=1", True),
        ("https://a.gov.cn/download/0123456789abcdef01234567", True),
        ("https://a.gov.cn/pdf/index.html", False),
        ("https://a.gov.cn/pdfjs/viewer.html?file=/a.pdf", False),
        ("https://a.gov.cn/index.php?title=a.pdf", True),
        ("https://a.gov.cn/", False),
    ],
)
def test_document_addresses(url: str, is_document: bool) -> None:
    assert is_document_url(url) is is_document


PARTS = st.sampled_from(
    [
        "<a href='", "'>", "</a>", ".pdf", "<iframe src=", "<embed src='x.pdf'>", "<script>var file_appendix='", "</script>", "';",
        "http://[::1", "<base href='ftp://x'>", "DETAIL: {", "}", '"content":', "<meta name=PubDate content='２０２３-1-1'>", "\x00",
        "<h1 id=title>", "//", "viewer.html?file=", "%00.pdf", "&#xDFFF;", "<object data='", "javascript:", "<!--", "2023-01-01",
    ]
)  # fmt: skip


@pytest.mark.parametrize(
    ("base", "href", "url"),
    [
        ("/f/", "nb%2Epdf", "/f/nb%2Epdf"),
        ("/f/", "nb.d%6Fc", "/f/nb.d%6Fc"),
        ("/f/", "nb.x\nls", "/f/nb.xls"),
        ("/f/", "\\nb.p\x01df", "/nb.pdf"),
        ("/f/", "NB.Pdf;jsessionid=1?name=a.PDF", "/f/NB.Pdf;jsessionid=1?name=a.PDF"),
        ("/f/", "nb.xl\u017f", "/f/nb.xl\u017f"),
        ("/f/", "?name=nb.%70df", "/f/?name=nb.%70df"),
        ("/module/", "Downfile.jsp?id=7", "/module/Downfile.jsp?id=7"),
        ("/attachment/0/", "7", "/attachment/0/7"),
        ("/%61ttachment/", "7", "/%61ttachment/7"),
        ("/attachment/x/", "../7", "/attachment/7"),
        ("/nb.pdf", ";v=1?a", None),
        ("/nb.pdf", "?v=1", "/nb.pdf?v=1"),
        ("/generic/", "web?file=/nb%252Epdf", "/nb.pdf"),
    ],
)
def test_a_document_is_found_by_its_address_and_not_by_how_that_is_written(base: str, href: str, url: str | None) -> None:
    host = "https://www.example.gov.cn"
    found = attachments(f'<base href="{base}"><a href="{href}">年报</a>')
    assert found == ([(f"{host}{url}", "年报")] if url else [])


@pytest.mark.parametrize(
    ("base", "href"), [("/f/", "1%2Ejpg"), ("/f/", "1.j\npg"), ("/f/1.png", "?v=1"), ("/f/", "1.TIF"), ("/f/", "1.web\tp")]
)
def test_an_image_is_found_by_the_address_of_its_link(base: str, href: str) -> None:
    page = parse_article(f'<base href="{base}"><div id=content><a href="{href}">图</a></div>'.encode(), URL)
    assert [link.text for link in page.images] == ["图"]


@settings(deadline=None)
@given(st.one_of(st.lists(PARTS, max_size=50).map(lambda parts: "".join(parts).encode()), st.binary(max_size=300)))
def test_any_page_is_read_and_every_attachment_is_absolute(content: bytes) -> None:
    found = parse_article(content, URL)
    for link in found.attachments:
        parts = urlsplit(link.url)
        assert parts.scheme in {"http", "https"}
        assert parts.hostname
    assert len({link.url for link in found.attachments}) == len(found.attachments)


@pytest.mark.parametrize(
    "unit", ["<div id=content>", "<script>/*", "var attach='", "<a href=x.pdf>", "<h1>", "DETAIL:{", "\n", '"/']
)
def test_hostile_repetition_is_read_in_reasonable_time(unit: str) -> None:
    assert len(parse_article((unit * 20_000).encode(), URL).attachments) <= 500
    assert len(parse_article((f"<script>{unit * 20_000}</script>").encode(), URL).attachments) <= 500
