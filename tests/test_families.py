from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crawler.portals.families import FAMILIES, detect_family, read_list
from crawler.portals.families.henan import paging
from crawler.portals.model import ListPage, ListShapeError

HOME = "https://www.example.gov.cn/zwgk/zfxxgknb/"
NAVIGATION = """
<div class="header"><ul class="nav">
  <li><a href="/">首页</a></li><li><a href="/zwgk/">政务公开</a></li><li><a href="/zwfw/">政务服务</a></li>
  <li><a href="/hdjl/">互动交流</a></li><li><a href="/zjbd/201001/t20100101_1.html">走进本地</a></li>
</ul></div>
<div class="left"><ul>
  <li><a href="/zwgk/zfxxgkzn/index.html">政府信息公开指南</a></li>
  <li><a href="/zwgk/zfxxgkzd/index.html">政府信息公开制度</a></li>
  <li><a href="/zwgk/fdzdgknr/index.html">法定主动公开内容</a></li>
  <li><a href="/zwgk/zfxxgknb/index.html">政府信息公开年报</a></li>
</ul></div>"""
FOOTER = """
<div class="footer"><a href="/gywm/200901/t20090101_2.html">关于我们</a><a href="https://beian.example.cn/?id=41000002">
豫ICP备05000000号-1</a> 主办：某县人民政府办公室</div>"""


def page(rows: str, pager: str = "") -> bytes:
    html = f"<html><head><meta charset=utf-8></head><body>{NAVIGATION}<div class=main>{rows}</div>{pager}{FOOTER}</body></html>"
    return html.encode()


def rows(count: int, first: int = 0, shape: str = '<li><a href="{url}">{title}</a><span>{date}</span></li>') -> str:
    return "".join(
        shape.format(
            url=f"/2024/01-{1 + i % 28:02}/{2600000 + i}.html",
            title=f"第{i}镇人民政府2023年政府信息公开工作年度报告",
            date=f"2024-01-{1 + i % 28:02}",
        )
        for i in range(first, first + count)
    )


SHAPES = {
    "province": ('<div class="mt15 list-box"><ul>{}</ul></div>', '<li><a href="{url}">{title}</a><span>{date}</span></li>'),
    "department_b": (
        '<div class="zfxxgk_zdgkc"><ul>{}</ul></div>',
        '<li><a href="{url}" title="{title}">{title}</a><b>{date}</b></li>',
    ),
    "con_box": ('<div class="con-box"><ul>{}</ul></div>', '<li><a href="{url}">{title}</a><p>{date}</p></li>'),
    "news_list": ('<ul class="newsList">{}</ul>', '<li><a href="{url}"><span>[{date}]</span>{title}</a></li>'),
    "table": (
        '<table><tr><td class="xin2zuo"><table>{}</table></td></tr></table>',
        '<tr><td>·</td><td><a href="{url}">{title}</a></td><td>{date}</td></tr>',
    ),
    "divs": (
        '<div class="items">{}</div>',
        '<div class="item"><div class="t"><a href="{url}">{title}</a></div><div class="d">{date}</div></div>',
    ),
    "definitions": ("<dl>{}</dl>", "<dd><a href='{url}'>{title}</a><i>{date}</i></dd>"),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_henan_rows_are_read_in_every_shape_seen_and_navigation_never(shape: str) -> None:
    frame, row = SHAPES[shape]
    content = page(frame.replace("{}", rows(18, shape=row)), '<div id="pageDec" pagesize="20" pagecount="18"></div>')
    found = read_list(content, HOME)
    assert found.family == "henan"
    assert [item.text for item in found.items] == [f"第{i}镇人民政府2023年政府信息公开工作年度报告" for i in range(18)]
    assert found.items[4].url == "https://www.example.gov.cn/2024/01-05/2600004.html"
    assert [item.date for item in found.items] == [f"2024-01-{i + 1:02}" for i in range(18)]
    assert (found.declared_total, found.next_pages) == (18, ())


@pytest.mark.parametrize(
    ("size", "count", "at", "read", "items", "pages", "further"),
    [
        (24, 51, 0, 24, None, None, (1,)),
        (24, 51, 1, 24, None, None, (2,)),
        (24, 51, 2, 3, 51, 3, ()),
        (24, 4, 0, 24, None, 4, (1, 2, 3)),
        (24, 4, 3, 7, None, 4, ()),
        (24, 7, 0, 7, 7, 1, ()),
        (24, 1, 0, 1, 1, 1, ()),
        (24, 1, 0, 9, None, 1, ()),
        (24, 24, 0, 24, 24, None, (1,)),
        (24, 0, 0, 0, 0, 0, ()),
        (24, 51, 0, 20, 51, None, (1,)),
        (24, 9, 0, 8, 9, None, (1,)),
        (None, 3, 0, 10, None, None, (1,)),
        (24, None, 0, 10, None, None, ()),
    ],
)
def test_pagecount_counts_items_or_pages_as_the_rows_decide(
    size: int | None, count: int | None, at: int, read: int, items: int | None, pages: int | None, further: tuple[int, ...]
) -> None:
    found = paging(size, count, at, read)
    assert (found.items, found.pages, found.further) == (items, pages, further)


@pytest.mark.parametrize("counts_pages", [True, False])
@given(total=st.integers(1, 130), size=st.integers(2, 30))
def test_a_walk_along_the_pager_reads_every_page_whatever_pagecount_means(counts_pages: bool, total: int, size: int) -> None:
    existing = -(-total // size)
    declared = existing if counts_pages else total
    wanted, visited, declared_totals = [0], set(), set()
    while wanted:
        number = wanted.pop()
        if number in visited or number >= existing:  # the site answers 404
            continue
        visited.add(number)
        found = paging(size, declared, number, min(size, total - number * size))
        wanted += found.further
        declared_totals.add(found.items)
    assert visited == set(range(existing))
    assert counts_pages or declared_totals <= {None, total}


def test_henan_second_page_is_counted_from_one_and_links_to_documents_are_rows() -> None:
    body = (
        rows(3, 24)
        + '<li><a href="https://xcoss.henan.gov.cn/typtfile/20240118/ab12.pdf">某局2023年政府信息公开工作年度报告.pdf</a></li>'
    )
    pager = "<DIV class=x id=pageDec pageSize=24 pageCount=28></DIV>"
    found = read_list(page(f"<ul>{body}</ul>", pager), HOME + "index_1.html")
    assert len(found.items) == 4
    assert found.items[-1].url == "https://xcoss.henan.gov.cn/typtfile/20240118/ab12.pdf"
    assert (found.declared_total, found.declared_pages) == (28, 2)
    undecided = read_list(page(f"<ul>{rows(24)}</ul>", '<div id="pageDec" pagesize="24" pagecount="51"></div>'), HOME)
    assert undecided.next_pages == (HOME + "index_1.html",)


def test_a_signature_without_rows_is_a_changed_shape_and_says_what_was_expected() -> None:
    broken = page('<div id="list" data-src="/api/list"></div>', '<div id="pageDec" pagesize="20" pagecount="3"></div>')
    with pytest.raises(ListShapeError, match="expected rows") as caught:
        read_list(broken, HOME)
    assert caught.value.family == "henan"
    assert HOME in str(caught.value)
    for pager in (
        "<script>createPageHTML(3, 0, 'index', 'html')</script>",
        "<script>createPageHTML('p',3,1,'list','shtml',47);</script>",
    ):
        with pytest.raises(ListShapeError):
            read_list(page("<div></div>", pager), HOME)
    with pytest.raises(ListShapeError) as generic:
        read_list(page("<div id=app></div>"), HOME)
    assert generic.value.family == "generic"


@pytest.mark.parametrize(
    "content",
    [
        page("<ul></ul>", '<div id="pageDec" pagesize="20" pagecount="0"></div>'),
        page("<ul><li>暂无数据</li></ul>", '<div id="pageDec" pagesize="20" pagecount="1"></div>'),
        page("<p>暂无信息</p>", "<script>createPageHTML(1, 0, 'index', 'html')</script>"),
        page("<ul></ul>", "<script>createPageHTML('p',0,1,'list','shtml',0);</script>"),
        page("<p>共 0 条</p>"),
    ],
)
def test_an_honest_empty_list_is_an_empty_page(content: bytes) -> None:
    found = read_list(content, HOME)
    assert found.items == ()
    assert found.next_pages == ()


def test_trs_pages_count_from_zero_and_end_before_the_total() -> None:
    found = read_list(page(f"<ul>{rows(15)}</ul>", "<script>createPageHTML(4, 0, 'index', 'html');</script>"), HOME)
    assert found.family == "trs"
    assert found.next_pages == tuple(HOME + f"index_{number}.html" for number in (1, 2, 3))
    assert found.declared_pages == 4
    last = read_list(
        page(f"<ul>{rows(15)}</ul>", "<script>createPageHTML(4,3,'index','shtml');</script>"), HOME + "index_3.shtml"
    )
    assert last.next_pages == ()


def test_six_argument_pager_counts_from_one_and_declares_rows() -> None:
    pager = "<script>createPageHTML('page_div', 3, 1, 'nlist', 'shtml', 47);</script>"
    found = read_list(page(f"<ul>{rows(20)}</ul>", pager), HOME)
    assert found.family == "create_page"
    assert found.next_pages == (HOME + "nlist_2.shtml", HOME + "nlist_3.shtml")
    assert (found.declared_total, found.declared_pages) == (47, 3)


def test_plain_pager_links_are_followed_also_where_numbers_count_down() -> None:
    url = "https://www.example.gov.cn/xxgk/zbgg.htm"
    pager = (
        '<span class="p_t">1/11</span><a href="zbgg/10.htm">2</a><a href="zbgg/10.htm">下页</a><a href="zbgg/1.htm">尾页</a>'
    )
    found = read_list(page(f"<ul>{rows(9)}</ul>", pager), url)
    assert found.next_pages == tuple(f"https://www.example.gov.cn/xxgk/zbgg/{number}.htm" for number in range(10, 0, -1))
    assert found.declared_pages == 11
    words = read_list(page(f"<ul>{rows(9)}</ul>", '共 3 页 47 条 <a href="?page=2">下一页</a>'), HOME)
    assert (words.declared_total, words.declared_pages, words.family) == (47, 3, "numbered")
    assert words.next_pages == (HOME + "?page=2", HOME + "?page=3")


def test_cut_titles_are_completed_and_every_form_of_date_becomes_iso() -> None:
    shapes = ["2024-1-5", "2024年01月05日", "[2024/01/05]", "2024.1.5", "２０２４－０１－０５", "发布时间：2024-01-05 10:08:00"]
    body = "".join(
        f'<li><a href="/a/t20240105_{i}000.html" title="第{i}街道办事处2023年政府信息公开工作年度报告">'
        f"第{i}街道办事处2023年政府信…</a><em>{shape}</em></li>"
        for i, shape in enumerate(shapes)
    )
    found = read_list(page(f"<ul>{body}</ul>"), HOME)
    assert {item.date for item in found.items} == {"2024-01-05"}
    assert found.items[2].text == "第2街道办事处2023年政府信息公开工作年度报告"


def test_reports_outside_the_main_block_and_pinned_rows_are_not_lost() -> None:
    pinned = '<li class="top"><b><a href="/2025/01-09/2700000.html">某县人民政府2024年政府信息公开工作年度报告</a></b></li>'
    aside = (
        '<div class="box2"><p><a href="/2025/01-10/2700001.html">某县人民政府办公室2024年政府信息公开工作年度报告</a></p></div>'
    )
    found = read_list(page(f"<ul class=list>{pinned}{rows(12)}</ul>{aside}"), HOME)
    urls = {urlsplit(item.url).path for item in found.items}
    assert {"/2025/01-09/2700000.html", "/2025/01-10/2700001.html"} <= urls
    assert len(found.items) == 14


def test_totals_are_read_from_the_pager_before_the_rest_of_the_page() -> None:
    aside = "<div class=notice>网站累计公开信息 3000 条记录</div>"
    pager = '<div class="pages">共 12 条 <a href="index_2.html">下一页</a></div>'
    found = read_list(page(aside + f"<ul class=list>{rows(9)}</ul>", pager), HOME)
    assert found.declared_total == 12


def test_a_date_within_a_title_is_not_the_rows_date() -> None:
    body = "".join(
        f"<li><a href='/a/{i}00000.html'>截至2023年12月31日第{i}局政府信息公开年报</a><span>2024-01-0{i}</span></li>"
        for i in range(1, 5)
    )
    body += "<li><a href='/a/500000.html'>截至2023年12月31日第5局政府信息公开年报</a></li>"
    found = read_list(page(f"<ul>{body}</ul>"), HOME)
    assert [item.date for item in found.items] == ["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04", None]
    assert found.items[0].text == "截至2023年12月31日第1局政府信息公开年报"


def test_rows_whose_link_is_a_button_or_a_script_keep_the_rows_title() -> None:
    body = "".join(
        f'<li><em>第{i}局2023年政府信息公开工作年度报告</em><a href="/f/{i}.pdf">PDF下载</a><a href="/f/{i}.docx">[Word版]</a>'
        f"<i>2024-01-0{i}</i></li>"
        for i in range(1, 5)
    )
    body += "<li onclick=\"window.open('/2024/01-09/260000.html')\"><p>第五局2023年政府信息公开工作年度报告</p><i>2024-01-09</i></li>"
    body += "<li><a href='javascript:;' onclick=\"location.href='b.html'\">第六局2023年政府信息公开工作年度报告</a></li>"
    found = {
        item.url.removeprefix("https://www.example.gov.cn"): item for item in read_list(page(f"<ul>{body}</ul>"), HOME).items
    }
    assert len(found) == 10
    assert found["/f/3.pdf"].text == found["/f/3.docx"].text == "第3局2023年政府信息公开工作年度报告"
    assert found["/f/3.pdf"].date == "2024-01-03"
    assert found["/2024/01-09/260000.html"].text == "第五局2023年政府信息公开工作年度报告"
    assert found["/zwgk/zfxxgknb/b.html"].text == "第六局2023年政府信息公开工作年度报告"


@pytest.mark.parametrize(
    "path",
    [
        "/zwgk/zfxxgknb/zfnb/content_19928{}", "/sitesources/x/page_pc/zfxxgknb/2020n/szf/articleA7403B21A6CE4D6C9002DB9926C0BDC{}.html",
        "/zwgk/public/6638717/970257{}.html", "/html/1//2/151/164/5994{}.html", "/contents/21128/19673{}.html", "/D42Y/469261{}.jhtml",
        "/news/infoDetail/4028808b776bf47a01776c51f853000{}.html", "/html/site_gov/articles/202301/17106{}.html", "/nb/show?id={}",
    ],
)  # fmt: skip
@pytest.mark.parametrize("title", ["202{}年", "202{}年政府信息公开年度报告", "第{}区教育体育局"])
def test_rows_are_read_whatever_their_addresses_and_however_short_their_titles(path: str, title: str) -> None:
    body = "".join(f"<li><a href='{path.format(i)}'>{title.format(i)}</a></li>" for i in range(1, 6))
    found = read_list(page(f"<div class=box><ul>{body}</ul></div>"), HOME)
    assert [item.text for item in found.items] == [title.format(i) for i in range(1, 6)]
    assert [urlsplit(item.url).path + ("?" + urlsplit(item.url).query if "?" in path else "") for item in found.items] == [
        path.format(i) for i in range(1, 6)
    ]


def test_levels_beside_each_other_below_a_report_directory_are_sub_columns() -> None:
    tabs = '<a href="../szf/">县政府</a><a href="../xzmf/">乡镇（街道）</a><a href="../bmnb/">县直部门</a><a href="/ldzc/xzmf/">县政府</a>'
    found = read_list(page(tabs + f"<ul class=list>{rows(5)}</ul>"), HOME + "szf/")
    assert [link.url for link in found.sub_columns] == [HOME + "xzmf/", HOME + "bmnb/"]


def test_numbers_below_a_row_of_pictures_are_no_pager() -> None:
    slider = '<div class=num><a href="202401/t20240118_300001.html">1</a><a href="202401/t20240118_300002.html">2</a></div>'
    found = read_list(page(slider + f"<ul class=list>{rows(5)}</ul>", '<a href="index_2.html">2</a>'), HOME)
    assert found.next_pages == (HOME + "index_2.html",)


def test_year_and_level_columns_are_sub_columns_and_the_portals_navigation_is_not() -> None:
    tabs = '<ul class=tab><li><a href="2023n/">2023年</a></li><li><a href="2022n/">2022年</a></li>'
    tabs += '<li><a href="xzjd/">乡镇街道</a></li>'
    tabs += '<li><a href="/szf/">市政府</a></li><li><a href="https://other.gov.cn/zwgk/zfxxgknb/2021n/">2021年</a></li></ul>'
    found = read_list(page(tabs + f"<ul class=list>{rows(5)}</ul>"), HOME)
    assert [(link.text, link.url) for link in found.sub_columns] == [
        ("2023年", HOME + "2023n/"),
        ("2022年", HOME + "2022n/"),
        ("乡镇街道", HOME + "xzjd/"),
    ]
    assert len(found.items) == 5
    only_years = read_list(page(tabs), HOME)
    assert only_years.items == ()
    assert len(only_years.sub_columns) == 3


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [
        ("big5", "<meta charset=big5>"),
        ("utf-16", ""),
        ("utf-16-le", ""),
        *(
            (encoding, head)
            for encoding in ("gbk", "gb18030", "utf-8")
            for head in ("", "<meta charset=gb2312>", "<meta charset=utf-8>")
        ),
    ],
)
def test_lists_read_the_same_in_every_encoding_even_when_wrongly_declared(encoding: str, declared: str) -> None:
    title = "某某市人民政府2020年工作年報" if encoding == "big5" else "汝阳县人民政府2020年政府信息公开工作年度报告"
    html = f"<html><head>{declared}</head><body><ul>" + "".join(
        f'<li><a href="/2021/01-0{i}/30000{i}.html">{title}</a><b>2021-01-0{i}</b></li>' for i in range(1, 8)
    )
    found = read_list(html.encode(encoding), HOME)
    assert {item.text for item in found.items} == {title}
    assert len(found.items) == 7


def test_base_href_is_respected_and_foreign_schemes_are_dropped() -> None:
    html = (
        "<head><base href='https://www.example.gov.cn/base/'></head><ul>"
        + "".join(
            f"<li><a href='t2024010{i}_5{i}000.html'>第{i}局2023年政府信息公开工作年度报告</a>2024-01-0{i}</li>"
            for i in range(1, 6)
        )
        + "<li><a href='javascript:void(0)'>更多年度报告</a></li><li><a href='mailto:x@y.cn'>邮箱</a></li></ul>"
    )
    found = read_list(html.encode(), HOME)
    assert found.items[0].url == "https://www.example.gov.cn/base/t20240101_51000.html"
    assert len(found.items) == 5


def test_family_can_be_fixed_and_an_unknown_one_is_refused() -> None:
    content = page(f"<ul>{rows(15)}</ul>", "<script>createPageHTML(4, 0, 'index', 'html');</script>")
    assert read_list(content, HOME, family="plain").family == "plain"
    with pytest.raises(ValueError, match="unknown family 'x'"):
        read_list(content, HOME, family="x")
    assert all(name == family.name for name, family in FAMILIES.items())


def test_an_oversized_page_is_refused() -> None:
    with pytest.raises(ValueError, match="larger than the limit"):
        read_list(b" " * (17 * 1024 * 1024), HOME)


def test_hanweb_records_are_read_from_the_page_and_the_next_group_is_followed() -> None:
    records = "".join(f"<record><![CDATA[{row}</li>]]></record>" for row in rows(15).split("</li>") if row)
    more = "/module/web/jpage/dataproxy.jsp?page=1&amp;webid=3&amp;path=/&amp;columnid=61490&amp;unitid=247686"
    store = (
        f'<script type="text/xml"><datastore><nextgroup><![CDATA[<a href="{more}"></a>]]></nextgroup>'
        f"<recordset>{records}</recordset></datastore></script>"
    )
    found = read_list(page(store, "<script>var p={totalRecord:47,totalPage:4}</script>"), HOME)
    assert found.family == "hanweb"
    assert len(found.items) == 15
    assert found.items[0].date == "2024-01-01"
    assert found.next_pages == (
        "https://www.example.gov.cn/module/web/jpage/dataproxy.jsp?page=1&webid=3&path=/&columnid=61490&unitid=247686",
    )
    assert (found.declared_total, found.declared_pages) == (47, 4)
    empty = "<datastore><totalrecord>{}</totalrecord><totalpage>0</totalpage><recordset></recordset></datastore>"
    assert read_list(empty.format(0).encode(), HOME).items == ()
    with pytest.raises(ListShapeError, match="hanweb"):
        read_list(empty.format(12).encode(), HOME)


@pytest.mark.real
def test_real_hanweb_records_and_their_paging(shared: Path) -> None:
    url = (
        "http://gxt.jiangsu.gov.cn/module/web/jpage/dataproxy.jsp?startrecord=1&endrecord=76&perpage=25&columnid=80179&path=%2F"
    )
    found = read_list((shared / "real/html/jiangsu_dataproxy_page_1.xml").read_bytes(), url)
    assert found.family == "hanweb"
    assert len(found.items) == 76
    assert all(item.date and "/art_80179_" in item.url for item in found.items)
    assert (found.declared_total, found.declared_pages) == (756, 31)
    assert found.next_pages == (url.replace("startrecord=1", "startrecord=77").replace("endrecord=76", "endrecord=152"),)


@pytest.mark.real
def test_real_trs_list(shared: Path) -> None:
    url = "http://www.ordos.gov.cn/egb/xxgk/xxgknb/index.html"
    found = read_list((shared / "real/html/trs_list_enge_bei.html").read_bytes(), url)
    assert found.family == "trs"
    assert len(found.items) == 10
    assert found.items[0].text == "鄂尔多斯市2019年政府信息公开工作年度报告"
    assert found.items[0].url == "http://www.ordos.gov.cn/egb/xxgk/xxgknb/202009/t20200903_2748784.html"
    assert [item.date for item in found.items][6:8] == ["2018-03-26", "2018-01-05"]
    assert found.next_pages == ("http://www.ordos.gov.cn/egb/xxgk/xxgknb/index_1.html",)
    assert found.declared_pages == 2


@pytest.mark.real
def test_real_nfcms_list(shared: Path) -> None:
    url = "https://rsj.gz.gov.cn/ywzt/ldgx/ldrszyzc/zcgg/index.html"
    found = read_list((shared / "real/html/nfcms_list.html").read_bytes(), url)
    assert found.family == "nfcms"
    assert len(found.items) == 15
    assert all(re.search(r"/content/post_\d+\.html$", item.url) and item.date for item in found.items)
    assert url.replace("index", "index_2") in found.next_pages
    assert url.replace("index", "index_304") in found.next_pages
    assert url not in found.next_pages


@pytest.mark.real
def test_real_list_whose_rows_stand_in_a_comment(shared: Path) -> None:
    url = "http://jyt.gansu.gov.cn/jyt/c110634/zwgklist.shtml"
    content = (shared / "real/html/gansu_list_in_comment.html").read_bytes()
    for family in (None, "generic"):
        found = read_list(content, url, family=family)
        assert len(found.items) == 20
        assert found.items[0].date == "2025-11-17"
        assert all("/jyt/c110634/" in item.url for item in found.items)
    found = read_list(content, url)
    assert (found.declared_total, found.declared_pages) == (200, 10)
    assert found.next_pages[-1] == "http://jyt.gansu.gov.cn/jyt/c110634/zwgklist_10.shtml"


@pytest.mark.real
@pytest.mark.parametrize("name", ["henan_article_structure_only.html", "trs_article.html"])
def test_real_pages_that_hold_no_list_are_refused_not_read_as_empty(shared: Path, name: str) -> None:
    with pytest.raises(ListShapeError):
        read_list((shared / "real/html" / name).read_bytes(), "http://a.gov.cn/b/index.html")


FRAGMENTS = st.sampled_from(
    [
        "<ul>", "</ul>", "<li>", "</li>", "<a href='", "'>", "</a>", "<table>", "<tr>", "<td>", "<!--", "-->", "<script>",
        "</script>", "2024-01-05", "某县2023年政府信息公开工作年度报告", "http://[::1", "//", "\\", "javascript:x",
        "createPageHTML(9, 0, 'index', 'html')", "<div id=pageDec pagesize=0 pagecount=99999>", "<base href='//'>", "下一页",
        "\x00", "&#0;", "&#xD800;", "?page=2", "http://a:99999/", "<a href=http://exa mple/1.html>", "<svg>", "<form>",
        "<datastore><recordset>", "<record><![CDATA[", "]]></record>",
        "２０２４年13月45日", "countPage=3;currentPage=0", "\ufffe",
    ]
)  # fmt: skip


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.one_of(st.lists(FRAGMENTS, max_size=60).map(lambda parts: "".join(parts).encode()), st.binary(max_size=400)))
def test_any_page_is_read_or_refused_and_every_address_is_absolute(content: bytes) -> None:
    for family in (None, *FAMILIES):
        try:
            found = read_list(content, HOME, family=family)
        except ListShapeError:
            continue
        check_addresses(found)


@pytest.mark.parametrize("unit", ["<div>", "<table><tr><td>", "<ul><li><a href=1.html>", "<b><i>", "<!--", "<a href='x"])
def test_deep_and_unclosed_markup_is_read_in_reasonable_time(unit: str) -> None:
    content = (unit * 20_000).encode()
    try:
        check_addresses(read_list(content, HOME))
    except ListShapeError:
        assert detect_family(content.decode(), HOME) in FAMILIES


def check_addresses(found: ListPage) -> None:
    for url in [*(item.url for item in found.items), *found.next_pages, *(link.url for link in found.sub_columns)]:
        parts = urlsplit(url)
        assert parts.scheme in {"http", "https"}
        assert parts.hostname
