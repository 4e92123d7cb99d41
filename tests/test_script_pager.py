from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.outcomes import Outcome
from crawler.portals.families import read_list
from crawler.portals.families.rows import read_rows
from crawler.portals.families.script_pager import script_pager
from crawler.portals.model import ListPage
from crawler.sweep import ColumnSweep

URL = "https://www.example.gov.cn/zwgk/nb/"
ROWS = "".join(
    f"<li><a href='/2024/0{i}/26000{i}.html'>第{i}镇人民政府2023年政府信息公开工作年度报告</a><b>2024-01-0{i}</b></li>"
    for i in range(1, 9)
)


def read(pager: str, script: str = "", url: str = URL) -> ListPage:
    return read_list(f"<ul>{ROWS}</ul><div class=page>{pager}</div><script>{script}</script>".encode(), url)


@pytest.mark.parametrize(
    ("pager", "script", "pages"),
    [
        (
            "<a href='javascript:goPage(1)'>1</a><a href='javascript:goPage(2)'>2</a><a href='javascript:goPage(2)'>下一页</a> 共4页",
            "function goPage(n){ if(n==1){location.href='index.html';return;} location.href = 'index_' + n + '.html'; }",
            [f"{URL}index_{number}.html" for number in (2, 3, 4)],
        ),
        (
            "<a href='#' onclick=\"toPage('2')\">2</a><a onclick=\"toPage('4')\">尾页</a> 共4页",
            "var base='/nb/list';\nvar toPage = function(p){ if(p==1){location.href=base+'.shtml'}else{ window.location = base + '_' + (p-1) + '.shtml'; } }",
            [f"https://www.example.gov.cn/nb/list_{number}.shtml" for number in (1, 2, 3)],
        ),
        (
            "<span onclick=\"turn(3, 15, 'nb')\">3</span> 共 3 页",
            'function turn(page, rows, name) { window.location.replace("?column=" + name + "&page=" + page) }',
            [f"{URL}?column=nb&page={number}" for number in (2, 3)],
        ),
        ("<a title='下一页' onclick=\"query(this,'/nb/list-2.shtml')\">&gt;</a>", "", ["https://www.example.gov.cn/nb/list-2.shtml"]),
        ("<a href=\"javascript:location.href='index_2.html'\">下一页</a>", "", [f"{URL}index_2.html"]),
        ("<input type=button value=下一页 onclick=\"return go('index_2.jsp')\">", "", [f"{URL}index_2.jsp"]),
    ],
)  # fmt: skip
def test_pages_are_derived_from_what_the_script_writes(pager: str, script: str, pages: list[str]) -> None:
    found = read(pager, script)
    assert sorted(found.next_pages) == pages
    assert found.shortfall is None


@pytest.mark.parametrize(
    ("pager", "script", "says"),
    [
        ("<a href='javascript:goPage(2)'>2</a> 共5页", "", "5 pages are declared, and its pager calls goPage(2)"),
        (
            "<a onclick='goPage(2)'>2</a> 共5页",
            "function goPage(n){ $('#f').load(n) }",
            "its pager calls goPage(2), whose address",
        ),
        (
            '<a href=\'javascript:__doPostBack("x","2")\'>2</a>',
            "",
            "there are further pages, and its pager calls __doPostBack(x, 2)",
        ),
        ("<a onclick='go(2)'>2</a>", "function go(n){ location.href = root + n; }", "whose address the page does not tell"),
        ("<a onclick='go(2)'>2</a>", "function go(n){ location.href = '/nb/'; }", "whose address the page does not tell"),
        ("共3页", "", "3 pages are declared, and nothing on the page leads to them"),
    ],
)
def test_pages_that_cannot_be_reached_are_told_with_the_column(pager: str, script: str, says: str) -> None:
    found = read(pager, script)
    assert found.next_pages == ()
    assert found.shortfall
    assert says in found.shortfall
    assert URL in found.shortfall
    assert len(found.items) == 8


def test_a_column_that_keeps_something_back_is_incomplete() -> None:
    column = ColumnSweep(URL)
    page = read('<a href=\'javascript:__doPostBack("x","2")\'>2</a>')
    column.take(page)
    column.collected.update(item.url for item in page.items)
    assert column.outcome is Outcome.FAILED
    assert "whose address the page does not tell" in column.message


@pytest.mark.parametrize(
    ("pager", "url"),
    [
        ("<a href='javascript:goPage(1)'>1</a><a href='javascript:void(0)'>下一页</a>", URL),
        ("<a href='javascript:goPage(2)'>2</a> 共1页", URL),
        ("<a href='javascript:goPage(2)'>2</a> 共8条", URL),
        ("第5/5页", URL + "index_4.html"),
        ("第 5 页 / 共 5 页", URL + "list.do"),
        ('<a onclick="toggle(\'#a\')">菜单</a><a onclick="play(7)">第7期</a>', URL),
        ("", URL),
    ],
)
def test_single_and_last_pages_keep_nothing_back(pager: str, url: str) -> None:
    found = read(pager, "", url)
    assert (found.next_pages, found.shortfall) == ((), None)


def test_addresses_of_other_hosts_are_no_pages() -> None:
    found = read("<a onclick=\"go('https://other.example.cn/a/2.html')\">2</a>")
    assert found.next_pages == ()


PARTS = st.sampled_from(
    ["<a onclick='", "<a href='javascript:", "'>", "2", "下一页</a>", "goPage(", "2)", "'", '"', "(", ")", ",", "/a_2.html", "<script>", "</script>",
     "function goPage(n){", "location.href=", "'index_'+n", "+(n-1)+", "+'.html'", ";", "}", "var a='b';", "[::1", "\x00", "共3页"]
)  # fmt: skip


@settings(deadline=None)
@given(st.lists(PARTS, max_size=40).map("".join), st.one_of(st.none(), st.integers(0, 10_000)))
def test_any_pager_is_read(html: str, pages: int | None) -> None:
    found = script_pager(read_rows(html, URL), pages)
    assert all(page.startswith("https://www.example.gov.cn/") for page in found.pages)
    assert not (found.pages and found.unread)
