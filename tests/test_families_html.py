"""Families whose rows come as HTML: generated sites are walked from the column's page, and every row must be found once."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, quote_plus, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.portals.article import parse_article
from crawler.portals.families import read_answer, read_list
from crawler.portals.model import Link, ListRequest, ListShapeError, Portal
from crawler.portals.registry import allowed_hosts
from tests.test_families import page

HOST = "https://www.example.gov.cn"
TITLE = "第{}镇人民政府2023年政府信息公开工作年度报告"


@dataclass(frozen=True)
class Shelf:
    """The rows of one list, cut into pages."""

    total: int
    size: int
    href: str = "/2024/01-{day:02}/{number}.html"
    row: str = '<li><a href="{href}" title="{title}">{title}</a><span>{date}</span></li>'

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // self.size))

    def rows(self, start: int, end: int) -> str:
        """Rows ``start`` to ``end``, counted from 1."""
        return "".join(
            self.row.format(
                href=self.href.format(day=1 + number % 28, number=2600000 + number),
                title=TITLE.format(number),
                date=f"2024-01-{1 + number % 28:02}",
            )
            for number in range(start, min(end, self.total) + 1)
        )

    def page(self, number: int) -> str:
        return self.rows((number - 1) * self.size + 1, number * self.size)


Fetch = Callable[[str, str | None], str | None]
"""What a site answers to an address and a posted body; ``None`` is 404."""


@dataclass(frozen=True)
class Made:
    """A generated site: where its list begins, and what it answers."""

    start: str
    fetch: Fetch


@dataclass
class Walked:
    """What a walk along a list brought."""

    links: Counter[str]
    texts: dict[str, Link]
    families: set[str]
    totals: set[int | None]
    pages: set[int | None]
    asked: list[str]


def walk(site: Made) -> Walked:
    """Follow every page and request of a list, each once, as the crawl does; no address may be missing.

    A part that brings no row that is new leads no further: some sites show their last page for ever.
    """
    found = Walked(Counter(), {}, set(), set(), set(), [])
    waiting: list[str | ListRequest] = [site.start]
    seen: set[str] = set()
    while waiting:
        asked = waiting.pop(0)
        key = asked if isinstance(asked, str) else asked.key
        if key in seen:
            continue
        seen.add(key)
        found.asked.append(key)
        content = site.fetch(asked, None) if isinstance(asked, str) else site.fetch(asked.url, asked.body)
        assert content is not None, f"nothing at {key}"
        read = read_list(content.encode(), asked) if isinstance(asked, str) else read_answer(content.encode(), asked)
        is_new = isinstance(asked, str) or any(item.url not in found.links for item in read.items)
        found.links.update(item.url for item in read.items)
        found.texts.update({item.url: item for item in read.items})
        found.families.add(read.family)
        found.totals.add(read.declared_total)
        found.pages.add(read.declared_pages)
        waiting += [*read.next_pages, *read.next_requests] if is_new else []
        waiting += [link.url for link in read.sub_columns]
    return found


def static(start: str, pages: dict[str, str]) -> Made:
    return Made(start, lambda url, body: pages.get(url) if body is None else None)


def shown(rows: str, pager: str = "") -> str:
    return page(f'<div class="list"><ul>{rows}</ul></div>', pager).decode()


def fields(url: str, body: str | None = None) -> dict[str, str]:
    pairs = parse_qs("&".join(part for part in (urlsplit(url).query, body) if part), keep_blank_values=True)
    return {name: values[-1] for name, values in pairs.items()}


# --- sites ------------------------------------------------------------------------------------------------------------


def vsb(shelf: Shelf, *, numbers: bool = True) -> Made:
    """Pages count down; the pager is as VSB writes it, with relative links."""
    column = f"{HOST}/zwgk/xxgknb.htm"

    def name(number: int) -> str:
        return column if number == 1 else f"{HOST}/zwgk/xxgknb/{shelf.pages - number + 1}.htm"

    def relative(number: int, here: int) -> str:
        if number == 1:
            return "../xxgknb.htm"
        return f"{shelf.pages - number + 1}.htm" if here > 1 else f"xxgknb/{shelf.pages - number + 1}.htm"

    def pager(here: int) -> str:
        near = [*range(max(1, here - 2), min(shelf.pages, here + 2) + 1)]
        labels = "".join(
            f'<span class="p_no_d">{number}</span>'
            if number == here
            else f'<span class="p_no"><a href="{relative(number, here)}">{number}</a></span>'
            for number in near
        )
        following = ""
        if here < shelf.pages:
            following = (
                f'<span class="p_next p_fun"><a href="{relative(here + 1, here)}">下页</a></span>'
                f'<span class="p_last p_fun"><a href="{relative(shelf.pages, here)}">尾页</a></span>'
            )
        return (
            f'<div class="pb_sys_common pb_sys_normal pb_sys_style1"><span class="p_t">共{shelf.total}条</span> '
            f'<span class="p_pages"><span class="p_first_d p_fun_d">首页</span>{labels if numbers else ""}{following}</span>'
            f'<span class="p_t">{here}/{shelf.pages}</span></div>'
        )

    return static(column, {name(n): shown(shelf.page(n), pager(n)) for n in range(1, shelf.pages + 1)})


def numbered(shelf: Shelf, name: Callable[[int], str], *, following: bool = True) -> Made:
    """Only neighbours and the last page are linked; ``following`` says whether 下一页 is a link or a script's button."""

    def pager(here: int) -> str:
        numbers = ({here - 1, here + 1, shelf.pages} if following else {1, shelf.pages}) - {0, here}
        links = "".join(f'<a href="{name(number)}">{number}</a>' for number in sorted(numbers) if number <= shelf.pages)
        further = f'<a href="{name(here + 1)}">下一页</a>' if following else '<a href="javascript:go()">下一页</a>'
        return f'<div class="page">共{shelf.total}条 共{shelf.pages}页 {links}{further if here < shelf.pages else ""}</div>'

    return static(name(1), {name(n): shown(shelf.page(n), pager(n)) for n in range(1, shelf.pages + 1)})


def encoded(shelf: Shelf) -> Made:
    def name(number: int) -> str:
        return f"{HOST}/zwgk/nb/" if number == 1 else f"{HOST}/zwgk/nb/{number}.html"

    def pager(here: int) -> str:
        links = "".join(f'<a href="{name(n).removeprefix(HOST)}">{n}</a>' for n in range(1, shelf.pages + 1) if n != here)
        words = f'{links}<a href="{name(here + 1)}">下一页</a>' if here < shelf.pages else links
        code = base64.b64encode(quote_plus(f"<span>共 {shelf.pages} 页</span>{words}").encode()).decode()
        return f"<div id=\"pages\">{code}</div><script>$('#pages').html(decodeURIComponent(window.atob(text)))</script>"

    return static(name(1), {name(n): shown(shelf.page(n), pager(n)) for n in range(1, shelf.pages + 1)})


def show_list(shelf: Shelf) -> Made:
    row = '<tr><td class="bt"><a href="{href}">{title}</a></td><td class="cwrq">{date}</td></tr>'
    shelf = Shelf(shelf.total, shelf.size, "/XxgkAnnualReport/show/{number}.html", row)

    def name(number: int) -> str:
        return f"{HOST}/XxgkContent/showList/582/0/page_{number}.html"

    def content(number: int) -> str:
        table = f'<div class="search-list"><table><tbody>{shelf.page(number)}</tbody></table></div>'
        last = f'<a href="{name(shelf.pages)}">尾页</a>' if number < shelf.pages else ""
        return page(table, f'<div class="pages"><a href="javascript:next()">下一页</a>{last}</div>').decode()

    return static(name(1), {name(n): content(n) for n in range(1, shelf.pages + 1)})


def create_page(shelf: Shelf) -> Made:
    """Gansu's way: the rows and the call are in a comment."""

    def name(number: int) -> str:
        return f"{HOST}/xz/c1/zwgklist.shtml" if number == 1 else f"{HOST}/xz/c1/zwgklist_{number}.shtml"

    def content(number: int) -> str:
        call = f"<script>createPageHTML('page_div',{shelf.pages}, {number},'zwgklist','shtml',{shelf.total});</script>"
        return page(f"<ul class=list><!--{shelf.page(number)}{call}--></ul>", '<div id="page_div"></div>').decode()

    return static(name(1), {name(n): content(n) for n in range(1, shelf.pages + 1)})


def trs(shelf: Shelf) -> Made:
    def name(number: int) -> str:
        return f"{HOST}/zwgk/nb/" if number == 0 else f"{HOST}/zwgk/nb/index_{number}.html"

    def content(number: int) -> str:
        return shown(shelf.page(number + 1), f'<script>createPageHTML({shelf.pages}, {number}, "index", "html");</script>')

    return static(name(0), {name(n): content(n) for n in range(shelf.pages)})


EX8_COLUMN = f"{HOST}/public/column/6601841?type=4&catId=6718758&action=list"


def ex8(
    shelf: Shelf, *, counted: bool = True, answered: bool = False, drawn: bool = False, with_total: bool = False, path: str = ""
) -> Made:
    """``counted``: the page counts the pages; ``answered``: the fragments do; ``drawn``: it shows the first itself; ``path`` stands before /site/label/8888."""
    shelf = Shelf(
        shelf.total,
        shelf.size,
        "/public/6601841/{number}.html",
        '<li><a class="title" href="{href}" title="{title}">{title:.12}...</a><span class="date">{date}</span></li>',
    )
    total = f",total: {shelf.total}" if with_total else ""
    pages = f"pageCount:{shelf.pages}," if counted else ""
    script = (
        f'<script>Ls.pagination("#page_public_info", function(n){{ load(n); }}, {{pageIndex:1,{pages}pageSize:{shelf.size}{total}}});'
        f'function load(pageIndex){{ Ls.ajax({{ url: "{path}/site/label/8888", dataType: "html", data : {{ IsAjax:1, '
        'labelName: "publicInfoList", siteId : "6786551", '
        f'pageSize:"{shelf.size}", pageIndex: pageIndex, action:"list", isDate:true, length:50, organId: "6601841", type:4, '
        'catId: "6718758", cId:"", result:"暂无相关信息", file:"/c3/hs/publicInfoList_newest" } }); }</script>'
    )
    block = f'<ul class="clearfix xxgk_nav_list">{shelf.page(1) if drawn else ""}</ul>'
    side = '<ul class="news"><li><a href="/content/article/7000001">全县春耕工作会议召开</a><span>2024-03-01</span></li></ul>'
    column = page(f'<div id="xxgk_right">{block}</div>{side}{script}').decode()

    def fetch(url: str, body: str | None) -> str | None:
        asked = fields(url)
        if url == EX8_COLUMN:
            return column
        wanted = {"organId": "6601841", "catId": "6718758", "siteId": "6786551", "file": "/c3/hs/publicInfoList_newest"}
        if (
            body is not None
            or urlsplit(url).path != f"{path}/site/label/8888"
            or any(asked.get(k) != v for k, v in wanted.items())
        ):
            return None
        number = int(asked["pageIndex"])
        count = f"<script>Ls.pagination('#p',{{pageIndex:{number},pageCount:{shelf.pages}}})</script>" if answered else ""
        return f"<ul>{shelf.page(number)}</ul>{count}" if number <= shelf.pages else "<p>暂无相关信息</p>"

    return Made(EX8_COLUMN, fetch)


def ex8_rendered(shelf: Shelf) -> Made:
    shelf = Shelf(shelf.total, shelf.size, "/public/content/{number}")

    def content(number: int) -> str:
        script = (
            f'<script>Ls.pagination("#pages",{{pageCount:{shelf.pages},pageIndex:{number},linkUrl:"?pageIndex="}})</script>'
        )
        return page(f'<ul class="clearfix xxgk_nav_list t4">{shelf.page(number)}</ul>', script).decode()

    pages = {f"{EX8_COLUMN}&pageIndex={number}": content(number) for number in range(2, shelf.pages + 1)}
    return static(EX8_COLUMN, {EX8_COLUMN: content(1), **pages})


def hanweb_post(shelf: Shelf, *, inlined: bool) -> Made:
    column = f"{HOST}/col/col61490/index.html"

    def store(start: int, end: int) -> str:
        records = "".join(f"<record><![CDATA[{shelf.rows(number, number)}]]></record>" for number in range(start, end + 1))
        count = f"<totalrecord>{shelf.total}</totalrecord><totalpage>{shelf.pages}</totalpage>"
        return f"<datastore>{count}<recordset>{records}</recordset></datastore>"

    settings_ = (
        f"<script>$('#247686').jpage({{totalRecord:{shelf.total},perPage:{shelf.size},groupSize:3,"
        "proxyUrl:'/module/web/jpage/dataproxy.jsp',ajaxParam:{'col':'1','appid':'1','webid':'39','path':'/',"
        "'columnid':'61490','sourceContentType':'1','unitid':'247686','webname':'某委','permissiontype':'0'}});</script>"
    )
    first = f'<script type="text/xml">{store(1, min(shelf.size, shelf.total))}</script>' if inlined else ""

    def fetch(url: str, body: str | None) -> str | None:
        if url == column:
            return page(f'<div id="247686">{first}</div>{settings_}').decode()
        posted = fields("?", body)
        if (
            body is None
            or posted.get("columnid") != "61490"
            or posted.get("unitid") != "247686"
            or posted.get("webname") != "某委"
        ):
            return None
        asked = fields(url)
        start, end = int(asked["startrecord"]), int(asked["endrecord"])
        return store(start, min(end, shelf.total, start + 3 * shelf.size))  # a record more than asked for, as on jiangsu.gov.cn

    return Made(column, fetch)


XXGK_PLACES = {
    "load_dynamic": (
        "<script>function q(a,b){loadDynamic('/module/xxgk/search.jsp?standardXxgk=1&infotypeId='+a+'&vc_title='+encodeURI(b)+"
        "'&vc_number=&area=11330100002489524X','div1229498488','A0212','0','0','3096');}</script>"
    ),
    "inputs": (
        '<form name="searchform"><input type=hidden id="infotypeId" value="A0212"><input type=hidden id="jdid" value="3096">'
        '<input type=hidden id="area" value="11330100002489524X"><input type=hidden id="divid" value="div1229498488"></form>'
        "<script>loadPage('/module/xxgk/search.jsp')</script>"
    ),
    "tree": '<iframe src="/module/xxgk/tree.jsp?standardXxgk=1&amp;area=11330100002489524X&amp;divid=div4"></iframe>',
}


def hanweb_xxgk(shelf: Shelf, place: str, *, said: bool = True) -> Made:
    """``said``: the answers say how many rows and pages there are; else only the pager's calls tell."""
    column = f"{HOST}/col/col1229005922/index.html"
    row = '<tr class="tr_main_value_{kind}"><td align="left"><a mc="x" rq="{date}" title="{title}" href="{href}">{title:.10}...</a></td><td>某办</td><td>{date}</td></tr>'

    def table(number: int) -> str:
        lines = [
            row.format(
                kind="odd" if index % 2 else "even",
                title=TITLE.format(index),
                href=f"/art/2024/1/{1 + index % 28}/art_1229498488_{4000000 + index}.html",
                date=f"2024-01-{1 + index % 28:02}",
            )
            for index in range((number - 1) * shelf.size + 1, min(number * shelf.size, shelf.total) + 1)
        ]
        words = f"共{shelf.total}条&nbsp;&nbsp;第{number}页/共{shelf.pages}页&nbsp;" if said else ""
        following = min(number + 1, shelf.pages)
        return (
            f'<table class="tb_title"><tr><td align="right">{words}<a href="javascript:funGoPage(\'/module/xxgk/search.jsp\',{following})">'
            f"下一页</a><a href=\"javascript:funGoPage('/module/xxgk/search.jsp',{shelf.pages})\">尾 页</a></td></tr></table>"
            f"<table>{''.join(lines)}</table>"
        )

    def fetch(url: str, body: str | None) -> str | None:
        if url.partition("?")[0] == column:
            return page(f'<div id="div1229498488"></div>{XXGK_PLACES[place]}').decode()
        if urlsplit(url).path.endswith("/tree.jsp"):
            return (
                '<input type="hidden" id="jdid" value="3096"><script>d.add(1,0,"<a onclick=\\"funclick(\'A01\',\'\')\\">机构概况</a>");'
                "d.add(2,0,\"<a onclick=\\\"funclick('A0212','')\\\">政府信息公开年报</a>\");</script>"
            )
        posted = fields("?", body)
        if (
            body is None
            or posted["infotypeId"] != "A0212"
            or posted["jdid"] != "3096"
            or posted["area"] != "11330100002489524X"
        ):
            return None
        assert posted["currpage"] == fields(url)["currpage"]
        return table(int(posted["currpage"]))

    return Made(column, fetch)


SITES: dict[str, tuple[str, bool, Callable[[Shelf], Made]]] = {
    "vsb": ("vsb", True, vsb),
    "vsb, next only": ("vsb", True, lambda shelf: vsb(shelf, numbers=False)),
    "/N.html": ("numbered", True, lambda shelf: numbered(shelf, lambda n: f"{HOST}/zwgk/nb/{n}.html")),
    "?page=N": (
        "numbered",
        True,
        lambda shelf: numbered(shelf, lambda n: f"{HOST}/xxgk/list.aspx?id=12&page={n}", following=False),
    ),
    "column-index-N": ("numbered", True, lambda shelf: numbered(shelf, lambda n: f"{HOST}/c1/column-index-{n}.shtml")),
    "encoded": ("encoded_pager", False, encoded),
    "show_list": ("show_list", False, show_list),
    "create_page": ("create_page", True, create_page),
    "trs": ("trs", False, trs),
    "ex8": ("ex8", False, ex8),
    "ex8, first page drawn": ("ex8", True, lambda shelf: ex8(shelf, drawn=True, with_total=True)),
    "ex8, uncounted": ("ex8", False, lambda shelf: ex8(shelf, counted=False)),
    "ex8, uncounted and drawn": ("ex8", False, lambda shelf: ex8(shelf, counted=False, drawn=True)),
    "ex8, counted in the answer": ("ex8", False, lambda shelf: ex8(shelf, counted=False, answered=True)),
    "ex8, below a path": ("ex8", True, lambda shelf: ex8(shelf, with_total=True, path="/huangshanzwgk/zwgk")),
    "ex8, rendered": ("ex8", False, ex8_rendered),
    "hanweb": ("hanweb", True, lambda shelf: hanweb_post(shelf, inlined=False)),
    "hanweb, inlined": ("hanweb", True, lambda shelf: hanweb_post(shelf, inlined=True)),
    **{
        f"hanweb_xxgk, {place}": ("hanweb_xxgk", True, lambda shelf, place=place: hanweb_xxgk(shelf, place))  # type: ignore[misc]
        for place in XXGK_PLACES
    },
    "hanweb_xxgk, unsaid": ("hanweb_xxgk", False, lambda shelf: hanweb_xxgk(shelf, "inputs", said=False)),
}


@pytest.mark.parametrize("name", SITES)
@settings(max_examples=5, deadline=None)
@given(total=st.integers(1, 45), size=st.integers(3, 20))
def test_a_walk_along_a_list_finds_every_row_once_and_meets_the_declared_total(name: str, total: int, size: int) -> None:
    family, declares, make = SITES[name]
    if total == 1 and name == "/N.html":
        return
    found = walk(make(Shelf(total, size)))
    assert len(found.links) == total
    assert {link.text for link in found.texts.values()} == {TITLE.format(number) for number in range(1, total + 1)}
    assert all(link.date and link.date.startswith("2024-01-") for link in found.texts.values())
    if total > size:
        assert found.families == {family}
    if not name.startswith("hanweb"):
        assert set(found.links.values()) == {1}
    if declares:
        assert found.totals - {None} == {total}


def test_records_are_asked_for_up_to_the_last_one() -> None:
    found = walk(hanweb_post(Shelf(11, 3), inlined=False))  # the first answer brings ten
    assert len(found.links) == 11
    assert [fields(key.partition("#")[0]).get("startrecord") for key in found.asked] == [None, "1", "11"]


# --- changed shapes ---------------------------------------------------------------------------------------------------


def requests_of(site: Made) -> tuple[ListRequest, ...]:
    content = site.fetch(site.start, None)
    assert content is not None
    return read_list(content.encode(), site.start).next_requests


ASKING = {
    "ex8": ex8(Shelf(40, 15)),
    "hanweb": hanweb_post(Shelf(40, 15), inlined=False),
    "hanweb_xxgk": hanweb_xxgk(Shelf(40, 15), "inputs"),
    "hanweb_xxgk tree": hanweb_xxgk(Shelf(40, 15), "tree"),
}


@pytest.mark.parametrize("name", ASKING)
@pytest.mark.parametrize(
    "answer",
    [
        "",
        "<div id=app></div>",
        '{"code":500,"msg":"系统繁忙"}',
        "<html><head><title>404 页面不存在</title></head><body><ul><li><a href='/1/20000.html'>某某县召开会议部署工作</a>2024-01-01</li></ul>",
        "<table><tr class='tr_main_value_odd'><td>没有链接的一行</td></tr></table>",
    ],
)
def test_an_answer_that_is_not_what_was_asked_for_is_a_changed_shape(name: str, answer: str) -> None:
    request = requests_of(ASKING[name])[0]
    with pytest.raises(ListShapeError, match="expected") as caught:
        read_answer(answer.encode(), request)
    assert caught.value.url == request.url


@pytest.mark.parametrize("name", ["ex8", "hanweb_xxgk"])
def test_a_page_that_was_declared_and_comes_empty_is_a_changed_shape(name: str) -> None:
    request = requests_of(ASKING[name])[0]
    empty = (
        "<p>暂无相关信息</p><script>Ls.pagination('#p',{pageCount:3})</script><a href=\"javascript:funGoPage('x',3)\">尾页</a>"
    )
    with pytest.raises(ListShapeError, match="page 1 of 3"):
        read_answer(empty.encode(), request)
    honest = read_answer("<p>暂无相关信息</p>".encode(), request)
    assert (honest.items, honest.next_requests) == ((), ())


@pytest.mark.parametrize(
    ("url", "body", "expected"),
    [
        (EX8_COLUMN, "<div id=xxgk></div>", "the call of /site/label/8888"),
        (f"{HOST}/zwgk/nb.htm", '<span class="p_pages"><span class="p_no">1</span></span>', "beside span.p_pages"),
        (f"{HOST}/zwgk/", "<div id=pages>bm90IGEgcGFnZXI=</div><script>atob(x)</script>", "a pager in base64"),
        (f"{HOST}/XxgkContent/showList/1/0/page_1.html", "<div></div>", "below showList"),
        (f"{HOST}/col/col1/index.html", "<script>loadDynamic('/module/xxgk/search.jsp?x='+a)</script>", "infotypeId or area"),
        (
            f"{HOST}/col/col1/index.html",
            "<script>$('#1').jpage({proxyUrl:'/module/web/jpage/dataproxy.jsp'})</script>",
            "columnid",
        ),
    ],
)
def test_a_page_with_a_signature_and_nothing_behind_it_says_what_was_expected(url: str, body: str, expected: str) -> None:
    with pytest.raises(ListShapeError, match=expected) as caught:
        read_list(page(body), url)
    assert url in str(caught.value)


@pytest.mark.parametrize("declared", [1_000, 400])
def test_lists_longer_than_any_seen_are_read_to_a_limit_and_say_so(declared: int) -> None:
    site = ex8(Shelf(declared * 3, 3))
    read = read_list((site.fetch(site.start, None) or "").encode(), site.start)
    assert len(read.next_requests) == 400
    assert bool(read.shortfall) == (declared > 400)


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("createPageHTML(4, 0, 'index', 'html')", ["index_1.html", "index_2.html", "index_3.html"]),
        ("createPageHTML('4', '0', 'index', 'html')", ["index_1.html", "index_2.html", "index_3.html"]),
        ("createPageHTML(4, 1, 'list', 'shtml')", ["list_2.shtml", "list_3.shtml", "list_4.shtml"]),
        ("createPageHTML('page_div', 4, 1, 'list', 'shtml', 57)", ["list_2.shtml", "list_3.shtml", "list_4.shtml"]),
        ("createPageHTML('page_div', 4, 0, 'list', 'shtml', 57)", ["list_1.shtml", "list_2.shtml", "list_3.shtml"]),
        ("createPageHTML('page_div', 1, 0, 'list', 'shtml', 7)", []),
        ("createPageHTML(1, 1, 'index', 'html')", []),
    ],
)
def test_pager_calls_count_from_the_number_they_give_the_first_page(call: str, expected: list[str]) -> None:
    read = read_list(shown(Shelf(15, 15).page(1), f"<script>{call};</script>").encode(), f"{HOST}/zwgk/nb/")
    assert read.next_pages == tuple(f"{HOST}/zwgk/nb/{name}" for name in expected)


# --- what stands around and inside ---------------------------------------------------------------------------------------


def test_ex8_sub_columns_are_categories_and_the_same_category_of_other_organs() -> None:
    links = (
        '<a href="/public/column/6601841?type=4&amp;catId=1&amp;action=list">2023年</a>'
        '<a href="/public/column/6601841?type=4&amp;catId=2&amp;action=list">乡镇街道</a>'
        '<a href="/public/column/6601841?type=4&amp;catId=3&amp;action=list">人事任免</a>'
        '<a href="/public/column/6601999?type=4&amp;catId=6718758&amp;action=list">县教育局</a>'
        '<a href="/public/column/6601998?type=4&amp;action=list">县政府办公室</a>'
        '<a href="https://other.gov.cn/public/column/5?type=4&amp;catId=6718758">县财政局</a>'
    )
    site = ex8(Shelf(3, 15), drawn=True, with_total=True)
    read = read_list((site.fetch(site.start, None) or "").replace("</body>", links + "</body>").encode(), site.start)
    assert [link.text for link in read.sub_columns] == ["2023年", "乡镇街道", "县教育局"]
    assert len(read.items) == 3
    assert read.next_requests == ()


def test_rows_shown_beside_an_ex8_list_are_not_its_rows() -> None:
    site = ex8(Shelf(20, 15), drawn=True)
    read = read_list((site.fetch(site.start, None) or "").encode(), site.start)
    assert len(read.items) == 15
    assert all("/public/6601841/" in item.url for item in read.items)
    assert [request.number for request in read.next_requests] == [2]


def test_ex8_rows_in_cells_keep_number_title_and_date_together() -> None:
    row = (
        '<div class="xxgk_navli"><ul><li class="xh">{href:.3}</li><li>00298{date:.4}</li><li><a href="{href}" title="{title}">{title}</a></li>'
        "<li>{date}</li></ul></div>"
    )
    shelf = Shelf(4, 15, "/public/1681/{number}.html", row)
    read = read_answer(shelf.page(1).encode(), requests_of(ASKING["ex8"])[0])
    assert [(item.text, item.date) for item in read.items] == [(TITLE.format(n), f"2024-01-0{n + 1}") for n in range(1, 5)]


def test_vsb_rows_are_called_by_their_heading_not_by_their_summary() -> None:
    row = (
        '<li id="line_u5_0"><a href="../info/1039/{href}.htm"><img src=""><h4>{title}</h4><p class="date"><i></i>{date}</p>'
        "<p>根据《条例》要求，现公布本年度报告。数据统计期限自1月1日起...</p></a></li>"
    )
    pager = '<span class="p_pages"></span><span class="p_t">共2条</span><span class="p_t">1/1</span>'
    rows = Shelf(2, 5, "{number}", row).page(1)
    read = read_list(page(f'<div class="sec-list">{rows}</div>', pager), f"{HOST}/index/nb.htm")
    assert [(item.text, item.date) for item in read.items] == [(TITLE.format(n), f"2024-01-0{n + 1}") for n in (1, 2)]
    assert (read.declared_total, read.declared_pages, read.next_pages) == (2, 1, ())


def test_a_vsb_pager_that_counts_up_is_followed_as_it_is_linked() -> None:
    pager = (
        '<span class="p_pages"><span class="p_no"><a href="nb/2.htm">2</a></span><span class="p_next p_fun"><a href="nb/2.htm">下页</a>'
        '</span></span><span class="p_t">1/5</span>'
    )
    read = read_list(shown(Shelf(40, 8).page(1), pager).encode(), f"{HOST}/zwgk/nb.htm")
    assert read.next_pages == (f"{HOST}/zwgk/nb/2.htm",)


def test_numbers_in_articles_addresses_do_not_make_a_pager() -> None:
    rows = "".join(f'<li><a href="/xwzx/{n}.html">{TITLE.format(n)}</a><span>2024-01-0{n}</span></li>' for n in range(1, 8))
    read = read_list(
        shown(rows, '<p>共3页 <a href="index_2.html">2</a><a href="index_2.html">下一页</a></p>').encode(), f"{HOST}/xwzx/"
    )
    assert (read.family, read.next_pages) == ("plain", (f"{HOST}/xwzx/index_2.html",))
    assert len(read.items) == 7


def test_reports_served_by_body_and_year_are_rows_and_other_years_of_them_too() -> None:
    report = "/module/xxgk/xxgkAnnualReport.jsp"
    links = "".join(
        f'<li><a href="{report}?area={area}&amp;fbtime={year}">{name}{year}年政府信息公开工作年度报告</a></li>'
        for area, name in (("113325000026455663", "某市"), ("01251010-060", "某县庙下乡"))
        for year in (2019, 2020)
    )
    column = read_list(page(f"<ul>{links}</ul>"), f"{HOST}/col/col1/index.html")
    assert column.family == "hanweb_xxgk"
    assert len(column.items) == 4
    assert column.items[-1] == Link(f"{HOST}{report}?area=01251010-060&fbtime=2020", "某县庙下乡2020年政府信息公开工作年度报告")
    years = '<h1>某县2020年政府信息公开工作年度报告</h1><a href="?area=1&amp;fbtime=2019">2019年</a>'
    own = read_list(page(years), f"{HOST}{report}?area=1&fbtime=2020")
    assert {urlsplit(item.url).query: item.text for item in own.items} == {
        "area=1&fbtime=2020": "某县2020年政府信息公开工作年度报告",
        "area=1&fbtime=2019": "2019年",
    }
    assert own.sub_columns == ()


@pytest.mark.parametrize(
    "column",
    [
        "/sitesources/zksrmzf/page_pc/zwgk/zfxxgknb/index.html",
        "/zwgk/zfxxgk/zfxxgknb/",
        "/zwgk/zfxxgknb.htm",
        "/xz/c1/list.shtml",
    ],
)
@pytest.mark.parametrize(
    "pager",
    [
        "",
        "<script>createPageHTML(2, 0, 'index', 'html');</script>",
        "<script>createPageHTML('page_div',2,1,'list','shtml',20);</script>",
        '<span class="p_pages"><span class="p_t">1/2</span></span>',
        '<div id="pageDec" pagesize="10" pagecount="20"></div>',
        '<div>共2页 <a href="2.html">2</a><a href="2.html">下一页</a></div>',
    ],
)
def test_year_and_level_columns_are_found_in_every_family(column: str, pager: str) -> None:
    folder = column.rpartition("/")[0] + "/"
    tabs = "".join(
        f'<a href="{folder}{slug}/">{name}</a>'
        for slug, name in (("2020n", "2020年"), ("szf", "市政府"), ("bmnb", "市直部门"), ("xzjd", "乡镇（街道）"))
    )
    read = read_list(shown(Shelf(10, 10).page(1), f'<div class="tab">{tabs}</div>{pager}').encode(), HOST + column)
    assert [urlsplit(link.url).path.removeprefix(folder) for link in read.sub_columns] == ["2020n/", "szf/", "bmnb/", "xzjd/"]
    assert len(read.items) == 10


# --- articles -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            "<script>var file_appendix='<a href=https://www.example.gov.cn/nb/P020240118.pdf>年报</a>';</script>",
            "/nb/P020240118.pdf",
        ),
        (
            "<script>var file_appendix = ''; file_appendix += '<a href=\\'./P0.doc\\'>年报</a>';</script>",
            "/art/2024/1/18/P0.doc",
        ),
        ('<div id="pdfCon"><p><a href="/typtfile/20240118/0e861f76.pdf">年报</a></p></div>', "/typtfile/20240118/0e861f76.pdf"),
        (
            '<a href="/module/download/downfile.jsp?classid=0&amp;showname=a.docx&amp;filename=0e861f76732f9e89.docx">年报</a>',
            "/module/download/downfile.jsp?classid=0&showname=a.docx&filename=0e861f76732f9e89.docx",
        ),
        (
            '<a href="/system/_content/download.jsp?urltype=news.DownloadAttachUrl&amp;owner=1&amp;wbfileid=2">年报</a>',
            "/system/_content/download.jsp?urltype=news.DownloadAttachUrl&owner=1&wbfileid=2",
        ),
        ('<a href="/download/5b6e76db732f9e898a3deff1.pdf">年报</a>', "/download/5b6e76db732f9e898a3deff1.pdf"),
        ('<a href="/download/5b6e76db732f9e898a3deff1">年报</a>', "/download/5b6e76db732f9e898a3deff1"),
        ('<a href="/group6/M00/0A/1B/wKg.docx">年报</a>', "/group6/M00/0A/1B/wKg.docx"),
        (
            '<a href="/about.pdf">网站声明</a><script>showVsbpdfIframe("/__local/A/BC/DEF/A_1.pdf","100%","600","0","","5");</script>',
            "/__local/A/BC/DEF/A_1.pdf",
        ),
    ],
)
def test_attachments_are_found_wherever_a_family_puts_them(body: str, expected: str) -> None:
    content = f'<html><body><div id="zoom">某县2023年政府信息公开工作年度报告，全文见附件。</div>{body}</body></html>'
    article = parse_article(content.encode(), f"{HOST}/art/2024/1/18/art_1_2.html")
    assert HOST + expected in [link.url for link in article.attachments]


def test_the_body_of_a_vsb_article_is_told_from_its_frame() -> None:
    content = '<body><div class="nav">网站首页 政务公开</div><form><div id="vsb_content_4"><div class="v_news_content">本年度报告。</div></div></form>'
    assert parse_article(content.encode(), f"{HOST}/info/1/2.htm").body_text == "本年度报告。"


@pytest.mark.parametrize(
    ("region", "home", "address"),
    [
        ("河南省/洛阳市", "https://www.ly.gov.cn/", "https://xcoss.henan.gov.cn/typtfile/20240118/0e861f76.pdf"),
        ("河南省/洛阳市", "https://www.ly.gov.cn/", "https://oss.henan.gov.cn/sbgt-wztipt/attachment/x/0e861f76.pdf"),
        (
            "浙江省/杭州市/余杭区",
            "https://www.yuhang.gov.cn/",
            "https://zjjcmspublic.oss-cn-hangzhou-zwynet-d01-a.internet.cloud.zj.gov.cn/jcms_files/jcms1/web3390/site/attach/0/0e861f76.pdf",
        ),
    ],
)
def test_files_on_a_provinces_store_may_be_fetched_for_its_portals_and_for_no_others(
    region: str, home: str, address: str
) -> None:
    store = urlsplit(address).netloc
    assert store in allowed_hosts(Portal(name="x", region=region, home=home))
    assert store not in allowed_hosts(Portal(name="x", region="甘肃省/白银市", home="https://www.baiyin.gov.cn/"))
    article = parse_article(f'<div id="zoom"><a href="{address}">年报</a></div>'.encode(), f"{home}2024/01-18/2600001.html")
    assert [link.url for link in article.attachments] == [address]


# --- real pages -----------------------------------------------------------------------------------------------------------


@pytest.mark.real
def test_the_real_list_in_a_comment_is_complete_with_its_declared_pages_and_rows(shared: Path) -> None:
    url = "https://jyt.gansu.gov.cn/jyt/c1/zwgklist.shtml"
    read = read_list((shared / "real/html/gansu_list_in_comment.html").read_bytes(), url)
    assert (read.family, read.declared_pages, read.declared_total) == ("create_page", 10, 200)
    assert read.next_pages == tuple(url.replace("list.", f"list_{number}.") for number in range(2, 11))
    assert len(read.items) * (read.declared_pages or 0) == read.declared_total
