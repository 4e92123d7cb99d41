"""Families whose rows an API gives: shells and answers in, rows and requests out; small APIs are walked to their last row."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.portals.families import FAMILIES, detect_family, read_answer, read_list
from crawler.portals.families.base import ScriptedFamily
from crawler.portals.families.scripted import china_day
from crawler.portals.model import FORM_ENCODED, JSON_ENCODED, ListPage, ListRequest, ListShapeError
from crawler.portals.registry import RegistryError, load_portals

HOST = "https://www.example.gov.cn"
CHANNEL = "0123456789abcdef0123456789abcdef"
HEX = [f"{number:032x}" for number in range(3)]


def title(number: int) -> str:
    return f"第{number}镇人民政府2023年政府信息公开工作年度报告"


def day(number: int) -> str:
    return f"2024-01-{1 + number % 28:02}"


def dumps(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


@dataclass(frozen=True)
class Api:
    """An API with ``total`` rows that gives ``cap`` of them at most, and says how many there are, or does not."""

    total: int
    cap: int
    tells: bool = True

    def numbers(self, page: int, size: int) -> range:
        size = min(size, self.cap)
        return range((page - 1) * size + 1, min(page * size, self.total) + 1)

    def count(self, name: str) -> dict[str, int]:
        return {name: self.total} if self.tells else {}


TREE = [
    {"id": 549, "name": "政府信息公开指南", "parent": 0, "jump_url": None, "children": []},
    {"id": 564, "name": "政府信息公开工作年度报告", "parent": 0, "jump_url": None, "children": []},
    {"id": 565, "name": "其他", "children": [{"id": 566, "name": "政府网站工作年度报表", "parent": 565, "jump_url": None}]},
]


def gkmlpt_shell(tree: object = TREE, base: str = HOST + "/szjj", site: str = "SID: '200035',") -> str:
    written = json.dumps(tree).replace("/", "\\/")
    return (
        "<html><head><title>政府信息公开平台</title><script>window._CONFIG = {\n  isMobile: true,\n  ACTION: 'index',\n"
        f'  APP_URL: \'{base}\',\n  SITE_INFO: {{"footer":"\\u003Cdiv\\u003E"}},\n  {site}\n  TREE: {written},\n}};</script></head>'
        "<body><div id='app'></div></body></html>"
    )


def gkmlpt(api: Api) -> tuple[str, str, Callable[[ListRequest], str]]:
    def answer(request: ListRequest) -> str:
        parts = urlsplit(request.url)
        assert (parts.path, request.body) == ("/szjj/gkmlpt/api/all/564", None)
        query = parse_qs(parts.query)
        assert query["sid"] == ["200035"]
        articles = [
            {
                "id": number,
                "title": title(number),
                "date": 1704038400 + 86400 * (number % 28),
                "created_at": "2024-05-05 10:00:00",
                "url": f"{HOST}/szjj/gkmlpt/content/9/9306/post_{number}.html",
            }
            for number in api.numbers(int(query["page"][0]), 100)
        ]
        # Without a total only the column's counter is there.
        counts = api.count("total")
        return json.dumps({"classify": {"id": 564, "post_count": api.total}, "articles": articles, **counts})

    return gkmlpt_shell(), HOST + "/szjj/gkmlpt/index#564", answer


def querylist_shell(channel: str = "channelCode: ['col42150']") -> str:
    return (
        "<html><head><base href='/site/'><title>政府信息公开年报 - 某厅</title></head><body><div id='380055'></div>"
        "<script id='div380055' type='text/x-handlebars-template'>{{#each data}}<a href='{{pcUrl}}'>{{title}}</a>{{/each}}</script>"
        "<script>var websiteCode = 'site', channelId = '1765025142823501824';</script>"
        f"<script>var params = {{ current: 1, unitid: '380055', // a note\n webSiteCode: ['site'], {channel}, perPage: '15',\n"
        " notReturnContent:false, titleMax: '34', themeName: 'lucidity', };\nloadPageData(params, '380055');</script></body></html>"
    )


def querylist(api: Api) -> tuple[str, str, Callable[[ListRequest], str]]:
    def answer(request: ListRequest) -> str:
        assert (request.url, request.content_type) == (HOST + "/queryList", FORM_ENCODED)
        form = dict(parse_qsl(request.body or "", keep_blank_values=True))
        assert (form["webSiteCode[]"], form["channelCode[]"], form["unitid"]) == ("site", "col42150", "380055")
        results = [
            {
                "source": {
                    "title": title(number),
                    "showTitle": f"<p>{title(number)}</p>",
                    "pubDate": f"{day(number)} 10:00:00",
                    "content": {"content": "<p>...</p>"},
                    "urls": dumps({"pc": f"/site/zfxxgknb/202401/{number:032x}.shtml"}),
                }
            }
            for number in api.numbers(int(form["current"]), int(form["pageSize"]))
        ]
        return dumps({"code": 200, "data": {"results": results, **api.count("total")}})

    return querylist_shell(), HOST + "/site/col/col42150/index.html", answer


SICHUAN_SHELL = (
    "<title>政府信息公开年报</title><div><ul class=xl><li channelid='{other}'>规范性文件</li><li channelid='{own}'>政府信息公开年报</li></ul>"
    "</div><script>$.ajax({{type:'post', url:'/cms-scsrmzf/qryZFWJListByConditionsNew', data:JSON.stringify(param)}})</script>"
)


def sichuan(api: Api) -> tuple[str, str, Callable[[ListRequest], str]]:
    def answer(request: ListRequest) -> str:
        assert (request.url, request.content_type) == (HOST + "/cms-scsrmzf/qryZFWJListByConditionsNew", JSON_ENCODED)
        query = json.loads(request.body or "")
        assert query["channelId"] == [CHANNEL]
        results = [
            {
                "title": title(number),
                "url": f"/10462/c1/2024/1/1/{number:032x}.shtml",
                "publishedTime": f"{day(number)} 09:00:00",
            }
            for number in api.numbers(query["pageNum"], query["pageSize"])
        ]
        return dumps({"results": results, **api.count("total")})

    return SICHUAN_SHELL.format(other=HEX[1], own=CHANNEL), HOST + "/10462/c103041/zfxxgknb.shtml", answer


def kaipu(api: Api) -> tuple[str, str, Callable[[ListRequest], str]]:
    shell = (
        "<title>政府信息公开年报</title><ul id=list></ul><script>function getList(page){ $.ajax({url:'/common/search/"
        f"{CHANNEL}?_isAgg=true&_isJson=true&_pageSize=18&_template=index&_rangeTimeGte=&_channelName=&page='+page }})}}</script>"
    )

    def answer(request: ListRequest) -> str:
        parts = urlsplit(request.url)
        query = parse_qs(parts.query, keep_blank_values=True)
        assert (parts.path, query["_isJson"], query["_channelName"]) == (f"/common/search/{CHANNEL}", ["true"], [""])
        page = int(query["page"][0])
        results = [
            {
                "title": title(number),
                "url": f"//www.example.gov.cn/yl/c1/202401/c01_{number}.shtml",
                "publishedTime": 1704038400000 + 86400000 * (number % 28) + 8 * 3600000 * 2,
                "publishedTimeStr": f"{day(number)} 17:18:49",
            }
            for number in api.numbers(page, int(query["_pageSize"][0]))
        ]
        return dumps({"data": {"page": page, "rows": len(results), "results": results, **api.count("total")}})

    return shell, HOST + "/yl/c108379/list.shtml", answer


UNIT = "/api-gateway/jpaas-publish-server/front/page/build/unit"


def jpaas_unit(tag: str) -> str:
    return (
        f"<script src='/script/unitbuild.js?v=3' parseType='bulidstatic' url='{UNIT}' queryData=\"{{'parseType':'bulidstatic',"
        f"'webId':'2945','tplSetId':'quSyqDUrFfjv1nGRQhEEH','pageType':'column','tagId':'{tag}','editType':'null','pageId':'1487002'}}\">"
        "</script>"
    )


def jpaas(api: Api) -> tuple[str, str, Callable[[ListRequest], str]]:
    def answer(request: ListRequest) -> str:
        parts = urlsplit(request.url)
        query = parse_qs(parts.query)
        assert (parts.path, query["webId"], query["tagId"]) == (UNIT, ["2945"], ["当前栏目_list"])
        asked = json.loads(query.get("paramJson", ["{}"])[0])
        page = asked.get("pageNo", 1)
        numbers = api.numbers(page, asked.get("pageSize", 15))
        items = "".join(
            f"<li><a href='/art/2024/art_{number:032x}.html' title='{title(number)}'>{title(number)[:9]}…</a><span>{day(number)}</span></li>"
            for number in numbers
        )
        pager = (
            f"<div id=x_pagination queryData=\"{{'rows':'{min(15, api.cap)}','count':'{api.total}','pageNo':'{page}'}}\"></div>"
        )
        return dumps({"success": True, "data": {"html": f"<ul>{items}</ul>{pager if api.tells else ''}"}})

    shell = f"<title>政府信息公开年报</title>{jpaas_unit('导航菜单')}<div class=list>{jpaas_unit('当前栏目_list')}</div>"
    return shell, HOST + "/col/col1487002/index.html", answer


APIS: Mapping[str, Callable[[Api], tuple[str, str, Callable[[ListRequest], str]]]] = {
    "gkmlpt": gkmlpt,
    "querylist": querylist,
    "sichuan": sichuan,
    "kaipu": kaipu,
    "jpaas": jpaas,
}


@dataclass
class Walk:
    rows: Counter[str]
    dates: dict[str, str | None]
    requests: list[ListRequest]
    declared: int | None
    shortfalls: list[str]


def walk(shell: str, url: str, answer: Callable[[ListRequest], str]) -> Walk:
    """Ask as the spider does: every request once, and nothing further behind an answer that brings no new row."""
    page = read_list(shell.encode(), url)
    found = Walk(Counter(), {}, [], None, [])
    assert page.items == ()
    waiting = list(page.next_requests)
    while waiting:
        request = waiting.pop(0)
        assert request.key not in {known.key for known in found.requests}
        found.requests.append(request)
        part = read_answer(answer(request).encode(), request)
        if any(item.url not in found.dates for item in part.items):
            waiting += part.next_requests
        found.rows.update(item.text for item in part.items)
        found.dates |= {item.url: item.date for item in part.items}
        if part.declared_total is not None:
            found.declared = max(found.declared or 0, part.declared_total)
        if part.shortfall:
            found.shortfalls.append(part.shortfall)
    return found


@pytest.mark.parametrize("name", APIS)
@pytest.mark.parametrize("tells", [True, False])
@settings(deadline=None, max_examples=40)
@given(total=st.integers(1, 90), cap=st.integers(1, 30))
def test_every_row_of_an_api_is_found_once_and_its_total_is_met(name: str, tells: bool, total: int, cap: int) -> None:
    shell, url, answer = APIS[name](Api(total, cap, tells))
    found = walk(shell, url, answer)
    assert found.rows == Counter(title(number) for number in range(1, total + 1))
    assert sorted(found.dates.values(), key=str) == sorted(day(number) for number in range(1, total + 1))
    assert found.declared in {total, None}
    assert found.declared == total or not tells
    pages = -(-total // min(cap, 15))
    assert len(found.requests) <= pages + 1
    assert found.shortfalls == []


@pytest.mark.parametrize("name", APIS)
def test_an_api_without_rows_is_an_empty_list_where_it_says_so(name: str) -> None:
    shell, url, answer = APIS[name](Api(0, 10))
    found = walk(shell, url, answer)
    assert (found.rows, found.declared, len(found.requests)) == (Counter(), 0, 1)


@pytest.mark.parametrize("name", APIS)
def test_shells_are_told_by_their_signature_and_ask_for_page_one(name: str) -> None:
    shell, url, _ = APIS[name](Api(3, 10))
    assert detect_family(shell, url) == name
    page = read_list(shell.encode(), url)
    assert (page.family, page.next_pages, len(page.next_requests)) == (name, (), 1)
    (request,) = page.next_requests
    assert (request.family, request.page_url, request.number) == (name, url, 1)
    assert detect_family("<title>政府信息公开年报</title><ul></ul>", url) == "generic"


def asked(name: str) -> ListRequest:
    shell, url, _ = APIS[name](Api(3, 10))
    (request,) = read_list(shell.encode(), url).next_requests
    return request


@pytest.mark.parametrize("name", APIS)
@pytest.mark.parametrize(
    "answer",
    [
        "",
        "<html><body><script>location.href='/challenge'</script></body></html>",
        "{}",
        "[]",
        "null",
        '{"data": null}',
        '{"data": {"results": null}, "results": null, "articles": null}',
        '{"data": {"results": {"a": 1}, "html": 5}, "results": {"a": 1}, "articles": {"a": 1}}',
        '{"success": false, "message": "参数错误"}',
        '{"data": {"html": "<ul></ul>", "results": [1, 2]}, "results": ["a"], "articles": [{"id": 3}]}',
        '{"data": {"html": "<div count=\'7\'></div>", "results": [], "total": 7}, "results": [], "articles": [], "total": 7}',
        "[" * 100_000,
    ],
)  # fmt: skip
def test_an_answer_of_another_shape_is_refused_and_never_read_as_no_rows(name: str, answer: str) -> None:
    with pytest.raises(ListShapeError, match="expected") as caught:
        read_answer(answer.encode(), asked(name))
    assert caught.value.family == name
    assert caught.value.url == asked(name).url


def test_rows_without_an_address_are_counted_and_told() -> None:
    rows = [{"source": {"title": title(1), "urls": dumps({"pc": "/a/1.shtml"})}}, {"source": {"title": title(2), "urls": "{}"}}]
    found = read_answer(dumps({"data": {"total": 2, "results": rows}}).encode(), asked("querylist"))
    assert [item.text for item in found.items] == [title(1)]
    assert found.declared_total == 2
    assert found.shortfall
    assert "1 of 2 rows on page 1" in found.shortfall


def test_a_total_that_counts_the_page_only_does_not_end_the_list() -> None:
    rows = [{"title": title(number), "url": f"/a/{number}00000.shtml"} for number in range(15)]
    first = read_answer(dumps({"total": 15, "results": rows}).encode(), asked("sichuan"))
    assert [json.loads(request.body or "")["pageNum"] for request in first.next_requests] == [2]
    short = read_answer(dumps({"total": 3, "results": rows[:9]}).encode(), asked("sichuan"))
    assert [request.number for request in short.next_requests] == [2]
    last = read_answer(b'{"total": 0, "results": []}', first.next_requests[0])
    assert (last.items, last.next_requests) == ((), ())


def test_more_pages_than_are_asked_for_are_told() -> None:
    rows = [{"title": title(1), "url": "/a/100000.shtml"}]
    found = read_answer(dumps({"data": {"total": 1000, "results": rows}}).encode(), asked("kaipu"))
    assert len(found.next_requests) == 399
    assert found.shortfall
    assert "1000 pages are declared, 400 are asked for" in found.shortfall


# --- gkmlpt -----------------------------------------------------------------------------------------------------------


def test_gkmlpt_columns_are_found_in_the_tree_and_asked_for_by_their_fragment() -> None:
    family = FAMILIES["gkmlpt"]
    url = HOST + "/szjj/gkmlpt/index"
    page = family.parse_list(gkmlpt_shell(), url)
    assert [request.url for request in page.next_requests] == [HOST + "/szjj/gkmlpt/api/all/564?page=1&sid=200035"]
    other = family.parse_list(gkmlpt_shell(), url + "#549")
    assert [request.url for request in other.next_requests] == [HOST + "/szjj/gkmlpt/api/all/549?page=1&sid=200035"]
    jumping = [
        {"id": 7, "name": "政府信息公开年报", "jump_url": "http:\\/\\/www.example.gov.cn\\/zwgk\\/nb\\/".replace("\\", "")}
    ]
    moved = family.parse_list(gkmlpt_shell(jumping), url)
    assert [link.url for link in moved.sub_columns] == ["http://www.example.gov.cn/zwgk/nb/"]
    assert moved.next_requests == ()
    for tree in ([TREE[0]], "no tree"):
        with pytest.raises(ListShapeError, match=r"expected a column of annual reports in _CONFIG\.TREE"):
            family.parse_list(gkmlpt_shell(tree), url)


def test_gkmlpt_keeps_to_the_pages_scheme_and_does_without_a_site_number() -> None:
    page = FAMILIES["gkmlpt"].parse_list(gkmlpt_shell(base="http://www.example.gov.cn", site=""), HOST + "/gkmlpt/index#564")
    assert page.next_requests[0].url == HOST + "/gkmlpt/api/all/564?page=1"


def test_gkmlpt_posts_that_the_api_never_lists_are_no_rows_and_those_it_withholds_are_missing() -> None:
    request = asked("gkmlpt")
    articles = [{"id": n, "title": title(n), "url": f"{HOST}/gkmlpt/content/1/1/post_{n}.html"} for n in range(21)]
    listed = {"classify": {"id": 564, "post_count": 2679}, "total": 21, "offset": 0, "articles": articles}
    found = read_answer(dumps(listed).encode(), request)
    assert (found.declared_total, found.next_requests) == (21, ())
    counted = {"classify": {"id": 564, "post_count": 203}, "articles": articles}
    first = read_answer(dumps(counted).encode(), request)
    # Page 2 was 404 on one site: one page more is asked for, not all, and the total tells what is missing.
    assert first.declared_total == 203
    assert [(one.number, one.url) for one in first.next_requests] == [(2, request.url.replace("page=1", "page=2"))]
    with pytest.raises(ListShapeError, match="expected column 564, found an answer for column 9"):
        read_answer(dumps({"classify": {"id": 9}, "articles": articles}).encode(), request)


# --- the others -------------------------------------------------------------------------------------------------------


def test_querylist_parameters_may_be_variables_and_channels_numbers() -> None:
    shell = querylist_shell("channelId: [channelId]")
    (request,) = read_list(shell.encode(), HOST + "/site/zfxxgknb/index.html").next_requests
    form = parse_qsl(request.body or "", keep_blank_values=True)
    assert ("channelId[]", "1765025142823501824") in form
    assert form[0] == ("current", "1")
    assert form[-1] == ("pageSize", "15")
    with pytest.raises(ListShapeError, match="expected parameters with webSiteCode"):
        read_list(querylist_shell("channelCode: []").encode(), HOST + "/site/zfxxgknb/index.html")


def test_sichuan_asks_for_the_reports_channel_or_for_all_at_once() -> None:
    url = HOST + "/10462/list.shtml"
    unnamed = SICHUAN_SHELL.format(other=HEX[1], own=HEX[2]).replace("政府信息公开年报</li>", "通知</li>")
    (request,) = read_list(unnamed.encode(), url).next_requests
    assert json.loads(request.body or "")["channelId"] == [HEX[1], HEX[2]]
    with pytest.raises(ListShapeError, match="channelId of 32"):
        read_list(b"<script>url:'/cms-scsrmzf/qryZFWJListByConditionsNew'</script>", url)


def test_kaipu_channels_are_read_from_scripts_in_pieces_and_from_the_address() -> None:
    pieces = f"<script>var channelId = '{CHANNEL}'; $.get('/searchList/' + channelId + '?_isJson=true&_pageSize=20')</script>"
    (request,) = read_list(pieces.encode(), HOST + "/x/list.shtml").next_requests
    assert request.url.startswith(f"{HOST}/searchList/{CHANNEL}?")
    address = f"{HOST}/x/c1/common_list.shtml?channelid={CHANNEL}"
    (request,) = read_list(b"<script src='common_list.js'></script>", address).next_requests
    assert request.url.startswith(f"{HOST}/searchList/{CHANNEL}?")
    assert ("_pageSize", "15") in parse_qsl(urlsplit(request.url).query)


def test_jpaas_asks_for_the_part_that_is_the_list_and_calls_its_name_when_it_is_empty() -> None:
    url = HOST + "/col/col1/index.html"
    both = jpaas_unit("页脚") + jpaas_unit("右侧内容") + jpaas_unit("logo")
    (request,) = read_list(both.encode(), url).next_requests
    assert parse_qs(urlsplit(request.url).query)["tagId"] == ["右侧内容"]
    with pytest.raises(ListShapeError, match=r"data\.html of '右侧内容'"):
        read_answer(dumps({"success": True, "data": {"html": "<div class=menu></div>"}}).encode(), request)
    article = jpaas_unit("内容").replace("'column'", "'article'")
    assert detect_family(article, url) == "generic"
    menus = jpaas_unit("页脚") + "<ul>" + "".join(
        f"<li><a href='/2024/{n}00000.html'>{title(n)}</a><span>{day(n)}</span></li>" for n in range(5)
    )  # fmt: skip
    assert read_list(menus.encode(), url).family != "jpaas"
    shown = both + f"<ul><li><a href='/art/2024/art_1.html'>{title(1)}</a></li></ul>"
    assert [item.text for item in read_list(shown.encode(), url).items] == [title(1)]
    assert (
        read_answer(
            b'{"success": true, "data": {"html": "<p>\xe6\x9a\x82\xe6\x97\xa0\xe6\x95\xb0\xe6\x8d\xae</p>"}}', request
        ).items
        == ()
    )


def test_nfcms_pages_between_the_linked_ones_are_asked_for() -> None:
    rows = "".join(
        f"<li><h4><a href='{HOST}/nb/content/post_{n}.html'>{title(n)}</a><span class=time>[ {day(n)} ]</span></h4></li>"
        for n in range(9)
    )
    numbers = "".join(f"<a href='{HOST}/nb/index_{n}.html'>\n{n}\n</a>" for n in (3, 4))
    pager = f"<div id='page_div'><a href='{HOST}/nb/index.html'>第一页</a>{numbers}<a href='{HOST}/nb/index_12.html'>最后一页</a></div>"
    found = read_list(f"<ul>{rows}</ul>{pager}".encode(), HOST + "/nb/")
    assert found.family == "nfcms"
    assert sorted(found.next_pages) == sorted(f"{HOST}/nb/index_{n}.html" for n in range(2, 13))
    assert (found.declared_pages, len(found.items)) == (12, 9)
    long = read_list(f"<ul>{rows}</ul>{pager.replace('index_12', 'index_900')}".encode(), HOST + "/nb/")
    assert len(long.next_pages) == 400
    assert long.shortfall
    with pytest.raises(ListShapeError, match="nfcms"):
        read_list(b'<script>window.NFCMS_PUB_TYPE="cat";</script><div></div>', HOST + "/nb/")


def test_a_family_that_nobody_wrote_is_refused_where_portals_are_read() -> None:
    table = f'[[portal]]\nname = "某县"\nregion = "河南省"\nhome = "{HOST}/"\nfamily = '
    assert load_portals(f'{table}"gkmlpt"\n'.encode())[0].family == "gkmlpt"
    with pytest.raises(RegistryError, match="family: 'gkmpt' is no family; known are gkmlpt"):
        load_portals(f'{table}"gkmpt"\n'.encode())


@pytest.mark.parametrize(
    ("value", "date"),
    [
        (1699340577, "2023-11-07"),
        (1704038400, "2024-01-01"),
        (1704038399, "2023-12-31"),
        (1704038400000, "2024-01-01"),
        ("1704038400", "2024-01-01"),
        ("2024-01-18", "2024-01-18"),
        ("2024-01-18 23:59:59", "2024-01-18"),
        ("2024-01-18T10:00:00", "2024-01-18"),
        ("2024-01-18T20:00:00Z", "2024-01-19"),
        ("2024-01-18T20:00:00.000+0000", "2024-01-19"),
        ("2024年1月8日", "2024-01-08"),
        (0, None),
        (-5, None),
        (7, None),
        (True, None),
        (None, None),
        (float("inf"), None),
        ("", None),
        ("2024-13-41", None),
        ({"a": 1}, None),
    ],
)
def test_times_become_days_in_china(value: object, date: str | None) -> None:
    assert china_day(value) == date


# --- real pages -------------------------------------------------------------------------------------------------------


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "url", "asked_for"),
    [
        (
            "gkmlpt_detail_08.html",
            "https://wjw.gz.gov.cn/gkmlpt/index",
            "https://wjw.gz.gov.cn/gkmlpt/api/all/564?page=1&sid=200035",
        ),
        (
            "gkmlpt_detail_11.html",
            "http://www.thnet.gov.cn/gzthtyj/gkmlpt/index#6812",
            "http://www.thnet.gov.cn/gzthtyj/gkmlpt/api/all/6812?page=1&sid=200243",
        ),
    ],
)
def test_real_gkmlpt_pages_name_their_report_column(shared: Path, name: str, url: str, asked_for: str) -> None:
    page = read_list((shared / "real/html" / name).read_bytes(), url)
    assert [request.url for request in page.next_requests] == [asked_for]


@pytest.mark.real
def test_real_querylist_page_posts_what_its_script_posts(shared: Path) -> None:
    url = "https://sthjt.jiangxi.gov.cn/jxssthjt/col/col42150/index.html"
    page = read_list((shared / "real/html/jiangxi_querylist_shell.html").read_bytes(), url)
    (request,) = page.next_requests
    assert request.url == "https://sthjt.jiangxi.gov.cn/queryList"
    assert dict(parse_qsl(request.body or "", keep_blank_values=True)) == {
        "current": "1",
        "unitid": "380055",
        "webSiteCode[]": "jxssthjt",
        "channelCode[]": "col42150",
        "dataBefore": "",
        "dataAfter": "",
        "perPage": "15",
        "notReturnContent": "false",
        "showMode": "normal",
        "groupSize": "1",
        "barPosition": "bottom",
        "titleMax": "34",
        "templateContainerId": "div380055",
        "themeName": "lucidity",
        "pageSize": "15",
    }


@pytest.mark.real
def test_real_nfcms_list_is_asked_for_to_its_last_page(shared: Path) -> None:
    url = "https://rsj.gz.gov.cn/ywzt/ldgx/ldrszyzc/zcgg/index.html"
    found = read_list((shared / "real/html/nfcms_list.html").read_bytes(), url)
    assert (len(found.items), found.declared_pages, len(found.next_pages)) == (15, 304, 303)
    assert set(found.next_pages) == {url.replace("index", f"index_{number}") for number in range(2, 305)}


# --- anything ---------------------------------------------------------------------------------------------------------

JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.sampled_from(["/a/1.html", "<li><a href='/b.html'>年报</a>"])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.sampled_from(["data", "results", "articles", "classify", "source", "urls", "url", "title", "total", "html", "date", "pc", "id"]),
            inner,
            max_size=5,
        ),
    ),
    max_leaves=20,
)  # fmt: skip


@pytest.mark.parametrize("name", APIS)
@settings(deadline=None, max_examples=60)
@given(answer=st.one_of(JSON.map(json.dumps), st.text(max_size=100)), number=st.integers(1, 500))
def test_any_answer_is_read_or_refused(name: str, answer: str, number: int) -> None:
    request = replace(asked(name), number=number)
    family = FAMILIES[name]
    assert isinstance(family, ScriptedFamily)
    try:
        page = family.parse_answer(answer, request)
    except ListShapeError:
        return
    assert isinstance(page, ListPage)
    assert all(urlsplit(item.url).hostname and item.text for item in page.items)
    assert all(one.number > number for one in page.next_requests)


@pytest.mark.parametrize("name", APIS)
@settings(deadline=None, max_examples=40)
@given(cuts=st.lists(st.integers(0, 1200), max_size=6).map(sorted))
def test_any_mangled_shell_is_read_or_refused(name: str, cuts: list[int]) -> None:
    shell, url, _ = APIS[name](Api(3, 10))
    kept = "".join(shell[start:end] for start, end in zip([0, *cuts[1::2]], [*cuts[::2], len(shell)], strict=False))
    try:
        page = FAMILIES[name].parse_list(kept, url)
    except ListShapeError as error:
        assert error.family == name  # noqa: PT017 - the property holds for both outcomes
        return
    for request in page.next_requests:
        assert urlsplit(request.url).hostname
