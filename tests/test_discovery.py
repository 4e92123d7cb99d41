from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.portals.discovery import (
    Discovery,
    Stage,
    describe,
    examine,
    find_links,
    off_list_links,
    page_role,
    rank_links,
    redirect_target,
)
from crawler.portals.model import Portal

HOME = "https://www.example.gov.cn/"
PORTAL = Portal("某县人民政府", "河南省/某市/某县", HOME)

HOME_PAGE = """<html><head><meta charset=utf-8><title>某县人民政府门户网站</title></head><body>
<ul class=nav><li><a href="/">首页</a></li><li><a href="/zwgk/">政务公开</a></li><li><a href="/xxgk/" title="政府信息公开">
<img src=a.png alt="政府信息公开"></a></li><li><a href="/zwfw/">政务服务</a></li></ul>
<ul class=news>""" + "".join(
    f"<li><a href='/2024/05-0{i}/30000{i}.html'>我县召开第{i}次政务公开培训会议</a><span>05-0{i}</span></li>" for i in range(1, 9)
) + "<li><a href='/2024/05-09/300009.html'>某县2024年预算公开</a></li></ul></body></html>"  # fmt: skip

DISCLOSURE_PAGE = """<html><head><meta charset=utf-8><title>政府信息公开_某县人民政府</title></head><body>
<div class=left><a href="/xxgk/zn/">政府信息公开指南</a><a href="/xxgk/zd/">政府信息公开制度</a><a href="/xxgk/fdzdgknr/">法定主动公开内容</a>
<a href="{column}">政府信息公开年报</a><a href="/xxgk/ysq/">依申请公开</a></div></body></html>"""

REPORTS = "".join(
    f"<li><a href='/2024/01-1{i}/26{i}0000.html'>第{i}镇人民政府2023年政府信息公开工作年度报告</a><b>2024-01-1{i}</b></li>"
    for i in range(8)
)
COLUMN_PAGE = (
    f"<html><head><meta charset=utf-8><title>政府信息公开年报_某县</title></head><body><ul>{REPORTS}</ul></body></html>"
)


def walk(portal: Portal, site: dict[str, str], encoding: str = "utf-8") -> tuple[Discovery, list[str]]:
    discovery = Discovery(portal)
    asked = []
    while wanted := discovery.next_page():
        url, stage = wanted
        asked.append(url)
        if url in site:
            discovery.take(url, stage, site[url].encode(encoding))
    return discovery, asked


def test_the_column_is_found_by_words_in_three_pages() -> None:
    site = {HOME: HOME_PAGE, HOME + "xxgk/": DISCLOSURE_PAGE.format(column="/xxgk/nb/"), HOME + "xxgk/nb/": COLUMN_PAGE}
    discovery, asked = walk(PORTAL, site)
    assert discovery.columns == [HOME + "xxgk/nb/"]
    assert asked == [HOME, HOME + "xxgk/", HOME + "xxgk/nb/"]
    assert [step.role for step in discovery.steps] == ["other", "disclosure", "column"]
    column = discovery.steps[-1].list_page
    assert column is not None
    assert len(column.items) == 8


def test_the_walk_works_on_gbk_pages_and_behind_a_script_that_redirects() -> None:
    shell = "<html><script>\nwindow.location.href='/index/main.html';\n</script></html>"
    pages = {HOME + "index/main.html": HOME_PAGE, HOME + "xxgk/": DISCLOSURE_PAGE.format(column="/xxgk/nb/")}
    site = {
        url: html.replace("charset=utf-8", "charset=gb2312")
        for url, html in {HOME: shell, **pages, HOME + "xxgk/nb/": COLUMN_PAGE}.items()
    }
    discovery, _ = walk(PORTAL, site, "gbk")
    assert discovery.columns == [HOME + "xxgk/nb/"]


def test_a_dead_branch_is_left_for_the_next_best_and_the_entry_page_comes_first() -> None:
    portal = Portal("某县人民政府", "河南省/某市/某县", HOME, entry=HOME + "xxgk/zfxxgk.html")
    site = {HOME: HOME_PAGE, HOME + "zwgk/": DISCLOSURE_PAGE.format(column="/zwgk/gknb/"), HOME + "zwgk/gknb/": COLUMN_PAGE}
    discovery, asked = walk(portal, site)
    assert asked[0] == portal.entry
    assert discovery.columns == [HOME + "zwgk/gknb/"]


def test_columns_of_several_levels_are_all_kept_and_known_columns_need_no_walk() -> None:
    both = DISCLOSURE_PAGE.format(column="/xxgk/nb/").replace("</div>", "<a href='/xxgk/bmnb/'>部门政府信息公开年报</a></div>")
    site = {HOME: HOME_PAGE, HOME + "xxgk/": both, HOME + "xxgk/nb/": COLUMN_PAGE, HOME + "xxgk/bmnb/": COLUMN_PAGE}
    discovery, _ = walk(PORTAL, site)
    assert sorted(discovery.columns) == [HOME + "xxgk/bmnb/", HOME + "xxgk/nb/"]
    known = Discovery(Portal("某县", "河南省", HOME, columns=(HOME + "nb/",)))
    assert known.next_page() is None
    assert known.columns == [HOME + "nb/"]


def test_a_report_that_stands_where_its_column_was_expected_is_kept() -> None:
    article = "<meta name=ArticleTitle content='某县2023年政府信息公开工作年度报告'><meta name=PubDate content='2024-01-18'><p>一、总体情况</p>"
    site = {HOME: HOME_PAGE, HOME + "xxgk/": DISCLOSURE_PAGE.format(column="/xxgk/nb.html"), HOME + "xxgk/nb.html": article}
    discovery, _ = walk(PORTAL, site)
    assert discovery.articles == [HOME + "xxgk/nb.html"]
    assert discovery.columns == []


def test_a_column_whose_rows_cannot_be_read_is_a_problem_not_an_empty_column() -> None:
    broken = "<title>政府信息公开年报</title><h2>政府信息公开年报</h2><div id=pageDec pagesize=20 pagecount=30></div><div id=list></div>"
    step = examine(broken.encode(), HOME + "xxgk/nb/", PORTAL, Stage.COLUMN)
    assert step.list_page is None
    assert step.problem
    assert any("problem" in line for line in describe(step))


def test_a_frame_page_leads_to_the_list_named_in_its_address() -> None:
    entry = HOME + "govxxgk/1141/openSubPage.html?specialurl=/govxxgk/1141/category/035/govlist.html&righttitle=年度报告"
    portal = Portal("某区人民政府", "河南省/某市/某区", HOME, entry=entry)
    frame = "<html><body><div class=top>某区人民政府</div><iframe id=f></iframe><a href='/a'>首页</a></body></html>"
    discovery, asked = walk(portal, {entry: frame, HOME + "govxxgk/1141/category/035/govlist.html": COLUMN_PAGE})
    assert asked == [entry, HOME + "govxxgk/1141/category/035/govlist.html"]
    assert discovery.columns == [HOME + "govxxgk/1141/category/035/govlist.html"]


def test_the_walk_is_bounded_and_never_asks_twice() -> None:
    endless = "".join(
        f"<a href='/xxgk/p{i}/'>政府信息公开</a><a href='/xxgk/p{i}/index.html'>政府信息公开</a>" for i in range(100)
    )
    discovery = Discovery(PORTAL, max_pages=6)
    asked = []
    while wanted := discovery.next_page():
        asked.append(wanted[0])
        discovery.take(*wanted, endless.encode())
    assert len(asked) == len(set(asked)) == 6


def test_only_the_portals_own_hosts_are_followed_and_the_others_are_reported() -> None:
    html = (
        "<a href='https://www.example.gov.cn.evil.com/xxgk/'>政府信息公开</a><a href='https://public.example.gov.cn/?a=info'>政府信息公开</a>"
        "<a href='http://127.0.0.1/xxgk/'>政府信息公开年报</a><a href='/a/zfxxgk/'>政府信息公开</a>"
    )
    links = find_links(html.encode(), HOME)
    assert [candidate.link.url for candidate in rank_links(links, PORTAL, Stage.HOME)] == [HOME + "a/zfxxgk/"]
    hosts = {urlsplit(candidate.link.url).hostname for candidate in off_list_links(links, PORTAL, Stage.HOME)}
    assert "public.example.gov.cn" in hosts
    step = examine(html.encode(), HOME, PORTAL, Stage.HOME)
    assert any("public.example.gov.cn is not allowed" in line for line in describe(step))


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("政府信息公开年报", "/a/b.html"),
        ("政府信息公开工作年度报告", "/channels/1319.html"),
        ("信息公开年报", "/x/"),
        ("政府信息\n 公开年报", "/x/"),
        ("部门政府信息公开年报", "/x/"),
        ("年报", "/zwgk/zfxxgknb/index.html"),
        ("", "/zwgk/gknb/"),
        ("", "/zwgk/zfxxgk/xxgkndbg/"),
        ("更多", "/zwgk/zfxxgkndbg/"),
        ("", "/zwgk/zfxxgknb82/"),
        ("", "/gkmlpt/annualreport"),
        ("", "/govxxgk/11411002/openSubPage.html?specialurl=/g.html&righttitle=%E4%BF%A1%E6%81%AF%E5%85%AC%E5%BC%80%E5%B9%B4%E5%BA%A6%E6%8A%A5%E5%91%8A"),
    ],
)  # fmt: skip
def test_columns_are_known_by_their_words_or_their_slug(text: str, path: str) -> None:
    html = (
        f"<a href='/zwgk/'>政务公开</a><a href='/zxdt/'>年报解读</a><a href='{path}'>{text}</a><a href='/ysq/'>依申请公开</a>"
    )
    best = rank_links(find_links(html.encode(), HOME), PORTAL, Stage.DISCLOSURE)[0]
    assert urlsplit(best.link.url).path == path.partition("?")[0]
    assert best.leads_to is Stage.COLUMN
    assert best.reason


def test_neighbours_below_a_reports_directory_and_guides_to_a_report_are_no_columns() -> None:
    html = (
        "<a href='/zwgk/zfxxgknb/zn/'>政府信息公开指南</a><a href='/zwgk/zfxxgknb/fd/'>法定主动公开内容</a>"
        "<a href='/zwgk/zfxxgknb/t20220401_890040.html'>一图读懂某县2021年政府信息公开年报</a>"
    )
    ranked = rank_links(find_links(html.encode(), HOME), PORTAL, Stage.DISCLOSURE)
    assert [candidate.leads_to for candidate in ranked] == [Stage.DISCLOSURE, Stage.DISCLOSURE]


@pytest.mark.parametrize(
    ("html", "target"),
    [
        ("<meta http-equiv=refresh content='0; URL=index.html'>", "index.html"),
        ("<script>window.location.href='/main/'</script>", "main/"),
        ("<script>self.location.replace(\"main.htm\");</script>", "main.htm"),
        ("<script>\n//location='/old/'\nlocation = '/new/';</script>", "new/"),
        ("<frameset><frame src=top.html><frame src=xxgk/index.html></frameset>", None),
        ("<iframe src='/home.html' width=100%></iframe>", "home.html"),
        ("<body onload=\"location.href='/w/'\"></body>", "w/"),
        ("<p>" + "政务要闻" * 80 + "</p><script>function f(){location.href='/x/'}</script>", None),
    ],
)  # fmt: skip
def test_shell_pages_yield_their_target(html: str, target: str | None) -> None:
    found = redirect_target(html.encode(), HOME)
    if "frameset" in html:
        assert found in {HOME + "top.html", HOME + "xxgk/index.html"}
    else:
        assert found == (HOME + target if target else None)
    if target:
        assert HOME + target in {link.url for link in find_links(html.encode(), HOME)}


def test_links_hidden_in_scripts_maps_frames_and_images_are_found() -> None:
    html = (
        "<base href='https://www.example.gov.cn/b/'><a href='javascript:;' onclick=\"window.open('/xxgk/nb/')\">年报</a>"
        "<map><area href='map.html' alt='信息公开'></map><iframe src='f.html'></iframe><div onclick=\"location.href='d.html'\">目录</div>"
        "<a href='c.html' title='政府信息公开年报'>政府信息…</a><a href='i.html'><img alt='公开指南'></a><a href='mailto:a@b.c'>信</a>"
        "<a href='#top'>顶部</a><a href='c.html'>更</a>"
    )
    links = {link.url: link.text for link in find_links(html.encode(), HOME)}
    assert links == {
        HOME + "xxgk/nb/": "年报",
        HOME + "b/map.html": "信息公开",
        HOME + "b/f.html": "",
        HOME + "b/d.html": "目录",
        HOME + "b/c.html": "政府信息公开年报",
        HOME + "b/i.html": "公开指南",
    }


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("trs_list_enge_bei.html", "column"),
        ("trs_platform_home.html", "disclosure"),
        ("gansu_list_in_comment.html", "disclosure"),
        ("nfcms_list.html", "other"),
        ("trs_article.html", "article"),
        ("nfcms_article.html", "article"),
        ("nfcms_article_xls_attachments.html", "article"),
        ("gkmlpt_detail_08.html", "article"),
        ("gkmlpt_detail_11.html", "article"),
        ("henan_article_structure_only.html", "article"),
    ],
)
def test_real_pages_are_taken_for_what_they_are(shared: Path, name: str, role: str) -> None:
    assert page_role((shared / "real/html" / name).read_bytes(), HOME + "xxgk/index.html") == role


@pytest.mark.real
def test_real_years_listed_under_a_heading_that_is_no_link_are_columns(shared: Path) -> None:
    url = "http://jyt.gansu.gov.cn/jyt/c110634/zwgklist.shtml"
    portal = Portal("甘肃省教育厅", "甘肃省", "http://jyt.gansu.gov.cn/")
    step = examine((shared / "real/html/gansu_list_in_comment.html").read_bytes(), url, portal, Stage.DISCLOSURE)
    years = [candidate.link for candidate in step.candidates if candidate.leads_to is Stage.COLUMN]
    assert [link.text for link in years][:3] == ["2024", "2023", "2022"]
    assert years[0].url == "http://jyt.gansu.gov.cn/jyt/c250121/zwgklist.shtml"
    assert len(years) == 17


@pytest.mark.real
def test_real_column_offers_itself_only_once(shared: Path) -> None:
    url = "http://www.ordos.gov.cn/egb/xxgk/xxgknb/index.html"
    discovery = Discovery(Portal("恩格贝", "内蒙古自治区/鄂尔多斯市", "http://www.ordos.gov.cn/", entry=url))
    wanted = discovery.next_page()
    assert wanted
    step = discovery.take(*wanted, (shared / "real/html/trs_list_enge_bei.html").read_bytes())
    assert step.role == "column"
    assert discovery.columns == [url]
    assert discovery.next_page() is None


# --- columns whose rows an API gives -----------------------------------------------------------------------------------

PLATFORM = (
    "<html><head><meta name=ColumnName content=政府信息公开平台><title>政府信息公开平台</title><script>window._CONFIG = { APP_URL: '"
    + HOME.rstrip("/")
    + """', SID: '1', TREE: [{"id":549,"name":"政府信息公开指南","jump_url":null},{"id":564,"name":"政府信息公开工作年度报告","jump_url":null},
    {"id":566,"name":"政府网站工作年度报表"},{"id":570,"name":"依申请公开","jump_url":"https://ysqgk.example.gov.cn/"}], };</script></head>
    <body><div id=app></div></body></html>"""
)
SHELL = (
    "<html><head><title>{title}</title></head><body><div class=left><a href='/gk/zn.html'>政府信息公开指南</a><a href='/gk/zd.html'>政府信息公开制度</a>"
    "</div><script>var params = {{ current: 1, webSiteCode: ['x'], channelCode: ['col1'], perPage: '15' }}; loadPageData(params, '1');</script>"
    "{menu}</body></html>"
)  # fmt: skip


def test_a_column_that_only_a_script_names_is_found_by_its_fragment() -> None:
    home = "<ul><li><a href='/gkmlpt/index'>政府信息公开</a></li><li><a href='/zwgk/'>政务公开</a></li></ul>"
    platform = HOME + "gkmlpt/index"
    discovery, asked = walk(PORTAL, {HOME: home, platform: PLATFORM, platform + "#564": PLATFORM})
    assert asked == [HOME, platform, platform + "#564"]
    assert discovery.columns == [platform + "#564"]
    assert [step.role for step in discovery.steps] == ["other", "disclosure", "column"]
    column = discovery.steps[-1].list_page
    assert column is not None
    assert [request.url for request in column.next_requests] == [HOME + "gkmlpt/api/all/564?page=1&sid=1"]
    assert any("asks https://www.example.gov.cn/gkmlpt/api/all/564" in line for line in describe(discovery.steps[-1]))


def test_the_fragment_that_was_asked_for_is_kept_though_responses_come_without_it() -> None:
    discovery = Discovery(Portal("某局", "广东省", HOME, entry=HOME + "gkmlpt/index#564"))
    wanted = discovery.next_page()
    assert wanted == (HOME + "gkmlpt/index#564", Stage.DISCLOSURE)
    step = discovery.take(*wanted, PLATFORM.encode(), final_url=HOME + "gkmlpt/index")
    assert (step.url, step.role) == (HOME + "gkmlpt/index#564", "column")
    known = Discovery(Portal("某局", "广东省", HOME, columns=(HOME + "gkmlpt/index#564",)))
    assert known.next_page() is None


def test_a_link_to_the_platform_under_the_columns_name_is_the_column() -> None:
    home = "<ul><li><a href='/gkmlpt/index#564'>政府信息公开年报</a></li></ul>"
    discovery, _ = walk(PORTAL, {HOME: home, HOME + "gkmlpt/index": PLATFORM})
    assert discovery.columns == [HOME + "gkmlpt/index"]


def test_a_shell_named_as_the_column_is_one_and_a_shell_of_another_name_is_not() -> None:
    url = HOME + "x/col/col1/index.html"
    own = SHELL.format(title="政府信息公开年报 - 某县", menu="")
    step = examine(own.encode(), url, PORTAL, Stage.DISCLOSURE)
    assert step.role == "column"
    assert step.list_page
    assert step.list_page.family == "querylist"
    assert page_role(own.encode(), url) == "column"
    other = SHELL.format(title="政策法规解读 - 某县", menu="")
    assert page_role(other.encode(), url) == "disclosure"
    assert page_role(other.replace("指南", "").encode(), url) == "other"
    expected = examine(SHELL.format(title="栏目", menu="").replace("指南", "").encode(), url, PORTAL, Stage.COLUMN)
    assert (expected.role, expected.problem) == ("column", None)
    assert "expected here" in expected.evidence


def test_a_shell_that_lacks_what_the_request_needs_is_a_problem() -> None:
    shell = SHELL.format(title="政府信息公开年报 - 某县", menu="").replace("['col1']", "[]")
    step = examine(shell.encode(), HOME + "x/index.html", PORTAL, Stage.COLUMN)
    assert (step.role, step.list_page) == ("column", None)
    assert step.problem
    assert "webSiteCode" in step.problem


def test_columns_in_the_data_of_a_menu_are_followed() -> None:
    tree = (
        '[{"code":"c0","name":"政务公开","urls":"{\\"pc\\":\\"/x/c0/\\"}","children":[{"code":"c1","name":"政府信息公开年报",'
        '"urls":"{\\"pc\\":\\"/x/nb/index.html\\"}"},{"code":"c2","name":"通知公告","urls":"{\\"pc\\":\\"/x/tz/\\"}"}]}]'
    )
    page = SHELL.format(title="政务公开 - 某县", menu=f"<script>var channelsTagParent = {tree};</script>")
    step = examine(page.encode(), HOME + "x/c0/", PORTAL, Stage.DISCLOSURE)
    best = step.candidates[0]
    assert (best.link.url, best.leads_to) == (HOME + "x/nb/index.html", Stage.COLUMN)
    assert not any(candidate.link.url == HOME + "x/tz/" for candidate in step.candidates)


def test_rows_in_a_comment_make_a_column_as_they_make_a_list() -> None:
    page = f"<title>政府信息公开年报</title><ul><!--{REPORTS}--></ul><script>createPageHTML('p',1,1,'list','shtml',8)</script>"
    step = examine(page.encode(), HOME + "c1/list.shtml", PORTAL, Stage.COLUMN)
    assert step.role == "column"
    assert step.list_page
    assert len(step.list_page.items) == 8


def test_an_unknown_family_and_what_a_list_keeps_back_are_said() -> None:
    page = COLUMN_PAGE.replace("</body>", "<a onclick='goPage(2)'>2</a> 共3页</body>")
    lines = describe(examine(page.encode(), HOME + "nb/", PORTAL, Stage.COLUMN))
    assert any("no family knows this page" in line for line in lines)
    assert any("kept back" in line and "goPage(2)" in line for line in lines)
    known = page.replace("<a onclick", "<script>createPageHTML(1, 0, 'index', 'html')</script><a onclick")
    assert not any("no family knows" in line for line in describe(examine(known.encode(), HOME + "nb/", PORTAL, Stage.COLUMN)))


@pytest.mark.real
def test_real_platform_pages_lead_to_their_report_column(shared: Path) -> None:
    portal = Portal("某局", "广东省", "https://wjw.gz.gov.cn/")
    url = "https://wjw.gz.gov.cn/gkmlpt/content/9/9306/post_9306638.html"
    step = examine((shared / "real/html/gkmlpt_detail_08.html").read_bytes(), url, portal, Stage.DISCLOSURE)
    assert step.role == "article"
    assert step.candidates[0].link.url == "https://wjw.gz.gov.cn/gkmlpt/index#564"
    assert step.candidates[0].leads_to is Stage.COLUMN


@pytest.mark.real
def test_real_shell_of_another_column_is_none_and_offers_the_menu_of_its_script(shared: Path) -> None:
    url = "https://sthjt.jiangxi.gov.cn/jxssthjt/col/col42150/index.html"
    portal = Portal("江西省生态环境厅", "江西省", "https://sthjt.jiangxi.gov.cn/")
    step = examine((shared / "real/html/jiangxi_querylist_shell.html").read_bytes(), url, portal, Stage.DISCLOSURE)
    assert step.role == "other"
    assert "https://sthjt.jiangxi.gov.cn/jxssthjt/col/col42381/index.html" in {one.link.url for one in step.candidates}


PARTS = st.sampled_from(
    ["<a href='", "'>", "</a>", "政府信息公开", "政府信息公开年报", "2023年", "<h3>", "</h3>", "<ul>", "<li>", "<iframe src='/a'>", "<frame src=b>",
     "<script>location.href='", "';</script>", "http://[::1", "/nb/", "?id=3", "<meta http-equiv=refresh content='0;url=", "<base href=//>", "\x00",
     "<area href=x>", " onclick=\"window.open('", "')\">", "%", "#", "<title>", "<meta name=ArticleTitle content=a>", "<!--"]
)  # fmt: skip


@settings(deadline=None)
@given(st.one_of(st.lists(PARTS, max_size=50).map(lambda parts: "".join(parts).encode()), st.binary(max_size=300)))
def test_any_page_is_examined_and_every_address_is_absolute(content: bytes) -> None:
    for stage in Stage:
        step = examine(content, HOME, PORTAL, stage)
        assert describe(step)
        for candidate in (*step.candidates, *step.off_list):
            assert urlsplit(candidate.link.url).scheme in {"http", "https"}
            assert urlsplit(candidate.link.url).hostname
