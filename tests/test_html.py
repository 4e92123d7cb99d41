"""Article pages of several content management systems: the report, the whole report, and nothing but the report."""

from __future__ import annotations

import json
import re
import time
from html import escape
from pathlib import Path

import pytest

from crawler.documents.html import html_title, read_html
from crawler.documents.model import Document, Grid, Paragraph
from crawler.outcomes import Outcome, OutcomeError
from crawler.sample.typeset import Layout, ReportSource, printed_metrics, random_values, to_html

TITLE = "临川县柳林镇人民政府2023年政府信息公开工作年度报告"
SECTIONS = {
    1: ("2023年，柳林镇围绕群众关心的事项推进公开，全年在县政府网站发布各类信息312条，办理群众留言46件，按时答复率百分之百。",),
    2: (),
    3: ("全年收到申请若干件，均在法定期限内答复。",),
    4: (),
    5: ("公开的时效有待提高，下一步将逐项落实责任，每季度对照清单检查一次，把检查结果在镇务公开栏公布，接受监督。",),
    6: ("无。",),
}


def source(form: str = "cn-ogi-2021", layout: Layout | None = None) -> ReportSource:
    return ReportSource(TITLE, "柳林镇人民政府", 2023, form, SECTIONS, random_values(form, 7), layout=layout or Layout())


def cell_texts(document: Document) -> list[str]:
    return [cell.text for grid in document.grids for cell in grid.cells]


def assert_whole(document: Document, report: ReportSource) -> None:
    """Every printed number once, in order; every heading; and no furniture."""
    printed = [report.printed[key] for key in printed_metrics(report)]
    numbers = [text for text in cell_texts(document) if re.fullmatch(r"[-+]?[\d,.]+", text)]
    assert numbers == printed
    paragraphs = [block.text for block in document.blocks if isinstance(block, Paragraph)]
    headings = [text for text in paragraphs if re.match(r"[一二三四五六]、", text)]
    assert [heading[0] for heading in headings] == list("一二三四五六")
    assert SECTIONS[1][0] in paragraphs
    assert paragraphs[-1] == "无。"
    furniture = re.compile("首页|上一篇|下一篇|打印|关闭|分享|版权|ICP|扫一扫|浏览次数|索引号|var |当前位置")
    assert not [text for text in paragraphs if furniture.search(text)]


NAVIGATION = "<ul class='nav'>" + "".join(f"<li><a href='/c{i}/'>栏目{i}首页</a></li>" for i in range(9)) + "</ul>"
FOOTER = "<div class=footer><p>版权所有：临川县人民政府 赣ICP备00000000号</p><p>网站标识码 3600000000</p></div>"
META = (
    f'<meta name="SiteName" content="临川县人民政府"><meta name="ArticleTitle" content="{TITLE}">'
    '<meta name="PubDate" content="2024-01-19 09:30"><meta name="ContentSource" content="柳林镇">'
)


def henan(body: str) -> str:
    return f"""<!DOCTYPE html><html><head><meta charset="utf-8">{META}<title>{TITLE}_年报_临川县人民政府门户网站</title></head>
    <body><div class="wrap">{NAVIGATION}<div class="crumb"><p><a href="/">首页</a> &gt; <a href="/nb">年报</a></p></div>
    <div class="mt15 details-box"><div class="details-main"><h1 id="title">{TITLE}</h1>
    <h6 class="cl"><em class="con-box">
    <span>时间：<i id="pubDate">2024-01-19 09:30</i></span>
    <span>来源：<i id="source">柳林镇</i></span></em>
    <span class="share-box"><span>分享：</span><a title="分享到微信"></a></span></h6>
    <div class="content" id="content">{body}</div></div>
    <div class="output"><p>扫一扫在手机打开当前页</p><p><a href="javascript:window.close()">【关闭当前页面】</a></p></div></div>
    {FOOTER}</div><script>var x = "一、总体情况";</script></body></html>"""


def trs(body: str) -> str:
    """An unquoted class, a metadata block that is a table, and the body in two editors one inside the other."""
    return f"""<html><head><meta http-equiv="Content-Type" content="text/html; charset=UTF-8">
    <title>{TITLE}</title></head><body><table width="100%"><tr><td>{NAVIGATION}</td></tr><tr><td>
    <table class="xxgk"><tr><td>索引号：</td><td>B00010-0201-2024-0003</td><td>发布机构：</td><td>柳林镇</td></tr>
    <tr><td>生成日期：</td><td>2024年1月19日</td><td>公开方式：</td><td>主动公开</td></tr>
    <tr><td>名　　称：</td><td colspan=3>{TITLE}</td></tr></table>
    <p class=title>{TITLE}</p><p>发布时间：2024年01月19日 &nbsp; 浏览次数：<span id=hits>81</span> 【字体：大 中 小】</p>
    <div class=TRS_Editor><div class="Custom_UnionStyle">{body}</div></div>
    <p>上一篇：<a href=./t1.html>别的报告</a></p><p>【<a href=#>打印</a>】【<a href=#>关闭</a>】</p>
    </td></tr></table>{FOOTER}</body></html>"""


def hanweb(body: str) -> str:
    """The body between comments in a cell of a layout table, no known container but #zoom around half of it."""
    head, marker, tail = body.partition("四、政府信息公开行政复议")
    opening = head.rfind("<")
    return f"""<html><head><title>临川县人民政府 {TITLE}</title></head><body>{NAVIGATION}
    <table id="article"><tr><td class="title">{TITLE}</td></tr>
    <tr><td>日期：2024-01-19 &nbsp; 来源：柳林镇</td></tr><tr><td class="bt_content">
    <div id="zoom"><!--ZJEG_RSS.content.begin-->{head[:opening]}</div>
    <div>{head[opening:]}{marker}{tail}<!--ZJEG_RSS.content.end--></div>
    </td></tr></table><p>下一篇：没有了</p>{FOOTER}</body></html>"""


def unknown(body: str) -> str:
    """No container anyone knows, metadata as lines, no meta tags."""
    return f"""<html><head><title>{TITLE}-年报-临川县政务网</title></head><body><div class="top">{NAVIGATION}</div>
    <div class="dqwz">您当前的位置：<a href="/">首页</a> &gt; 年报</div><div class="box9"><div class="q1"><h1>{TITLE}</h1>
    <p>索引号：000000/2024-3</p><p>发布时间：2024-01-19 10∶08</p></div><div class="q2">{body}</div></div>
    <div class="right"><ul><li><a href="/1">通知公告一则请查看</a></li><li><a href="/2">关于某事的通知公告</a></li>
    <li><a href="/3">招考公告公示名单</a></li><li><a href="/4">天气预报和出行提示</a></li></ul></div>{FOOTER}</body></html>"""


def gkmlpt(body: str) -> str:
    detail = {
        "id": 1,
        "title": TITLE,
        "content": body,
        "source": "柳林镇",
        "date": "2024-01-19",
        "gkml_data": {"identifier": "1100/2024-1"},
    }
    data = json.dumps(detail).replace("<", "\\u003C").replace(">", "\\u003E")
    return f"""<!doctype html><html><head><meta charset="UTF-8"><title>{TITLE}</title>
    <script>window._CONFIG = {{ACTION: 'content', SITE_INFO: {{"footer": "\\u003Cdiv\\u003E"}},
    DETAIL: {data}, TREE: []}};</script>
    </head><body><div class="header">{NAVIGATION}</div><div class="content-container">
    <div class="article-content"></div></div>{FOOTER}</body></html>"""


def fragment(body: str) -> str:
    return f"<div class=TRS_Editor>{body}</div>"


SHELLS = {"henan": henan, "trs": trs, "hanweb": hanweb, "unknown": unknown, "gkmlpt": gkmlpt, "fragment": fragment}
LAYOUTS = {
    "plain": Layout(),
    "pasted from word": Layout(markup="word", group_break="\n", group_width=1, head_break="\n"),
    "glued": Layout(glued=True),
    "blocks": Layout(split_blocks=True, header_cells=True),
    "padded": Layout(short_rows="padded", trailing_cells=1, text_after_table=False),
}


# hanweb cuts the body between two elements, and a single table cannot be cut so.
PAGES = [(shell, layout) for shell in SHELLS for layout in LAYOUTS if (shell, layout) != ("hanweb", "glued")]


@pytest.mark.parametrize(("shell", "layout"), PAGES)
def test_the_whole_report_and_nothing_else(shell: str, layout: str) -> None:
    report = source(layout=LAYOUTS[layout])
    document = read_html(SHELLS[shell](to_html(report, with_title=False)).encode())
    if layout == "glued":
        printed = [report.printed[key] for key in printed_metrics(report)]
        assert [text for text in cell_texts(document) if re.fullmatch(r"[-+]?[\d,.]+", text)] == printed
        return
    assert_whole(document, report)


@pytest.mark.parametrize("form", ["cn-ogi-2019", "cn-ogi-2021"])
def test_both_forms_have_three_tables_of_exact_geometry(form: str) -> None:
    document = read_html(trs(to_html(source(form), with_title=False)).encode())
    assert len(document.grids) == 3
    requests = document.grids[1]
    assert requests.column_count == 10
    covered = sum(cell.row_span * cell.column_span for cell in requests.cells)
    assert covered == requests.row_count * requests.column_count
    assert [grid.number for grid in document.grids] == [1, 2, 3]


@pytest.mark.parametrize(
    ("encoding", "label"),
    [
        ("gbk", "gb2312"),
        ("gb18030", "GBK"),
        ("utf-16", "utf-8"),
        ("utf-16-le", "utf-8"),
        ("big5", "big5"),
        ("gbk", "utf-8"),
        ("utf-8", "gb2312"),
        ("utf-8", "iso-8859-1"),
        ("gb18030", "iso-8859-1"),
    ],
)
def test_encodings_and_wrong_labels(encoding: str, label: str) -> None:
    text = "臨時報告說明：政府資訊公開的數量與管理，經機關審核後對社會公布。" if encoding == "big5" else "现行有效件数；囍事"
    page = f'<html><head><meta charset="{label}"></head><body><div id=zoom><p>{text}</p></div></body></html>'
    document = read_html(page.encode(encoding))
    assert [block.text for block in document.blocks if isinstance(block, Paragraph)] == [text]
    assert "undecodable_characters" not in document.flags


def test_a_label_that_was_wrong_is_said() -> None:
    page = f'<html><head><meta charset="utf-8"></head><body><p>{SECTIONS[1][0]}</p></body></html>'
    assert "encoding_mislabelled" in read_html(page.encode("gbk")).flags
    assert read_html(page.encode()).flags == ()


def test_one_broken_byte_does_not_change_the_encoding() -> None:
    page = f"<meta charset=utf-8><p>{SECTIONS[1][0]}</p><p>{SECTIONS[5][0] * 20}</p>".encode() + b"\xe6\x94 <p>end</p>"
    document = read_html(page)
    assert SECTIONS[1][0] in document.text
    assert document.flags == ("undecodable_characters",)


@pytest.mark.parametrize("label", ["utf-8", "gb2312", None])
def test_utf8_with_many_broken_bytes_is_still_utf8(label: str | None) -> None:
    text = "".join(SECTIONS[1] + SECTIONS[5]) * 10
    pieces = [text[start : start + 30].encode()[:-1] for start in range(0, len(text), 30)]
    meta = f"<meta charset={label}>" if label else ""
    document = read_html(meta.encode() + b"<p>" + b" ".join(pieces))
    assert document.metadata["encoding"] == "utf-8"
    assert "undecodable_characters" in document.flags


def test_buttons_are_left_out_however_many() -> None:
    buttons = "【打印】 【关闭】 字号：[大 中 小] " * 2
    document = read_html(f"<div id=zoom><p>{SECTIONS[1][0]}</p><p>{buttons}</p><p>{'打印 ' * 40}的</p></div>".encode())
    texts = [block.text for block in document.blocks if isinstance(block, Paragraph)]
    assert texts == [SECTIONS[1][0], "打印 " * 40 + "的"]


def test_metadata_block_is_metadata_not_a_table() -> None:
    document = read_html(trs(to_html(source(), with_title=False)).encode())
    assert document.metadata["索引号"] == "B00010-0201-2024-0003"
    assert document.metadata["公开方式"] == "主动公开"
    assert document.metadata["名称"] == TITLE
    assert document.metadata["pubdate"] == "2024年1月19日"
    assert document.metadata["contentsource"] == "柳林镇"


@pytest.mark.parametrize(
    ("shell", "published"),
    [("henan", "2024-01-19 09:30"), ("hanweb", "2024-01-19"), ("unknown", "2024-01-19 10∶08"), ("gkmlpt", "2024-01-19")],
)
def test_publication_date_as_printed(shell: str, published: str) -> None:
    document = read_html(SHELLS[shell](to_html(source(), with_title=False)).encode())
    assert document.metadata["pubdate"] == published


@pytest.mark.parametrize("shell", ["henan", "trs", "unknown", "gkmlpt"])
def test_title(shell: str) -> None:
    assert read_html(SHELLS[shell]("<p>见附件。</p>").encode()).title == TITLE


@pytest.mark.parametrize(
    ("head", "body", "title"),
    [
        (f'<meta name="ArticleTitle" content="{escape("<h1 style=")}">', f"<h1>{TITLE}</h1>", TITLE),
        ("<title><h1 style='text-align:center'>" + TITLE + "</title>", "", TITLE),
        (f"<title>{TITLE}_政府信息公开年报_临川县人民政府门户网站</title>", "", TITLE),
        (f"<title>临川县人民政府网站 - {TITLE}</title>", "", TITLE),
        ("", "<h1 id=logo>临川县</h1><div class=title>临川县柳林镇人民政府<br>2023年政府信息公开工作年度报告</div>", None),
        ("", "", None),
    ],
)
def test_title_where_pages_differ(head: str, body: str, title: str | None) -> None:
    document = read_html(f"<html><head>{head}</head><body>{body}<p>见附件。</p></body></html>".encode())
    if "<br>" in body:
        title = "临川县柳林镇人民政府\n2023年政府信息公开工作年度报告"
    assert document.title == title


def test_cell_text_keeps_lines_and_drops_source_line_ends() -> None:
    page = """<table><tr><td>信息
    内容</td><td><p>本年</p><p>制发件数</p></td><td>商业<br/>企业</td></tr>
    <tr><td>&nbsp;规章&nbsp;</td><td>1<table><tr><td>注</td><td>2</td></tr></table></td>
    <td><script>9</script><span style="display:none">8</span>　</td></tr></table>"""
    (grid,) = read_html(page.encode()).grids
    assert [cell.text for cell in grid.cells] == ["信息内容", "本年\n制发件数", "商业\n企业", "规章", "1\n注\t2", ""]


def test_layout_tables_are_unwrapped() -> None:
    inner = to_html(source(), with_title=False)
    page = f"<table><tr><td><table><tr><td>{inner}</td><td>&nbsp;</td></tr></table></td></tr></table>"
    assert_whole(read_html(page.encode()), source())


def test_one_column_table_is_prose() -> None:
    document = read_html("<table><tr><td><p>一、总体情况</p><p>正文。</p></td></tr><tr><td>落款</td></tr></table>".encode())
    assert [block.text for block in document.blocks if isinstance(block, Paragraph)] == ["一、总体情况", "正文。", "落款"]


def test_hidden_copy_of_a_table_is_not_read_but_an_only_hidden_one_is() -> None:
    table = "<table><tr><td>信息内容</td><td>现行有效件数</td></tr><tr><td>规章</td><td>{}</td></tr></table>"
    both = f"<div id=zoom><div style='display:none'>{table.format(1)}</div>{table.format(2)}</div>"
    assert [cell.text for cell in read_html(both.encode()).grids[0].cells][-1] == "2"
    only = f"<div id=zoom><p>见下表：</p><div style='display: none'>{table.format(1)}</div></div>"
    assert [cell.text for cell in read_html(only.encode()).grids[0].cells][-1] == "1"


def test_tables_outside_the_known_container_are_not_lost() -> None:
    table = "<table><tr><td>信息内容</td><td>现行有效件数</td></tr><tr><td>规章</td><td>{}</td></tr></table>"
    page = f"""<div class=page><div class="main"><div class=TRS_Editor><p>{SECTIONS[1][0]}</p></div>
    <div class="footer">{table.format(4)}</div></div>
    {FOOTER}</div>"""
    document = read_html(page.encode())
    assert [cell.text for cell in document.grids[0].cells][-1] == "4"
    assert "版权" not in document.text


def test_paragraphs_are_kept_whatever_their_style_is_called() -> None:
    page = f"<div id=zoom><p class=header>一、总体情况</p><p class='text next'>{SECTIONS[1][0]}</p><h3 class=bottom>落款</h3></div>"
    assert read_html(page.encode()).text == f"一、总体情况\n{SECTIONS[1][0]}\n落款"


def test_links_to_attachments_stay_in_the_text() -> None:
    links = "".join(f"<li><a href='/f/{i}.pdf'>附件{i}：年度报告</a></li>" for i in range(6))
    document = read_html(f"<div id=zoom><ul>{links}</ul></div>".encode())
    assert document.text.count("年度报告") == 6


def test_comments_entities_and_external_markup_are_inert() -> None:
    page = "<!DOCTYPE html [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><!-- <p>旧稿</p> --><p>正文&amp;x; &x;</p>"
    text = read_html(page.encode()).text
    assert "正文" in text
    assert "root:" not in text
    assert "旧稿" not in text


def test_a_page_nested_too_deeply_is_refused_rather_than_cut() -> None:
    page = "<div>" * 400 + "<p>一、总体情况</p>" + "</div>" * 400
    with pytest.raises(OutcomeError) as caught:
        read_html(page.encode())
    assert caught.value.outcome is Outcome.TOO_LARGE


@pytest.mark.parametrize("piece", ["<font color=red>{}<br>", "<span><p>{}</p>", "<b><i>{}<br></b>", "<o:p><p>{}</p>"])
def test_hundreds_of_open_inline_tags_cost_no_text(piece: str) -> None:
    page = "".join(piece.format(f"第{number}段。") for number in range(600))
    document = read_html(f"<div id=zoom>{page}</div>".encode())
    assert [block.text for block in document.blocks if isinstance(block, Paragraph)] == [f"第{n}段。" for n in range(600)]


def test_a_page_that_was_cut_is_said() -> None:
    page = henan(to_html(source(), with_title=False))
    assert read_html(page.encode()).flags == ()
    assert read_html(page[: page.index("四、政府信息公开")].encode()).flags == ("page_without_end",)


def test_deep_pages_of_links_are_read_in_reasonable_time() -> None:
    page = "<div>" * 240 + "<a href=/x>栏目栏目</a>" * 5000 + "</div>" * 240
    start = time.process_time()
    read_html(page.encode())
    assert time.process_time() - start < 5  # a quadratic walk takes minutes


def test_an_empty_page_is_no_document() -> None:
    with pytest.raises(OutcomeError) as caught:
        read_html(b"<!-- nothing -->")
    assert caught.value.outcome is Outcome.NOT_A_DOCUMENT


def test_title_of_an_error_page() -> None:
    assert html_title("<html><title>404 页面不存在</title></html>".encode("gbk")) == "404 页面不存在"
    assert html_title(b"") is None


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "title", "first", "last"),
    [
        ("henan_article_structure_only", "在省第十届青年戏剧演员大赛中 许昌市喜获佳绩", "日前，", "荣获一等奖"),
        ("nfcms_article", "关于推出供应广州市2025年第一批", "为进一步", "2025年3月19日"),
        ("gkmlpt_detail_11", "（转载）广州市人民政府办公厅", "穗府办规〔2024〕13号", "广州市人民政府办公厅秘书处"),
        ("gkmlpt_detail_08", "广州市卫生健康委等4部门", "穗卫函〔2023〕1930号", ""),
    ],
)
def test_real_articles(shared: Path, name: str, title: str, first: str, last: str) -> None:
    document = read_html((shared / "real" / "html" / f"{name}.html").read_bytes())
    assert document.title is not None
    assert document.title.startswith(title)
    paragraphs = [block.text for block in document.blocks if isinstance(block, Paragraph)]
    assert paragraphs[0].startswith(first)
    assert paragraphs[-1].startswith(last)
    assert re.match(r"20\d\d-\d\d-\d\d \d\d:\d\d", document.metadata["pubdate"])
    assert not [text for text in paragraphs if re.search("上一篇|扫一扫|当前位置|ICP|function", text)]


@pytest.mark.real
def test_real_page_tables(shared: Path) -> None:
    document = read_html((shared / "real" / "html" / "gkmlpt_detail_08.html").read_bytes())
    first, second = document.grids
    assert isinstance(first, Grid)
    assert (first.column_count, second.column_count) == (5, 7)
    assert first.flags == second.flags == ()


@pytest.mark.real
def test_real_trs_page_metadata(shared: Path) -> None:
    document = read_html((shared / "real" / "html" / "trs_article.html").read_bytes())
    assert document.title == "邯郸市教育局关于印发《全市教育系统安全专项整治三年行动实施方案》的通知"
    assert document.metadata["pubdate"] == "2020年08月02日"
    assert document.metadata["索引号"] == "000014348/2020-35147"
    assert "ICP" not in document.text
