"""NFCMS of Guangdong: real pager links, index_2.html as page 2, articles content/post_id.html, files under /attachment/."""

from __future__ import annotations

from functools import partial

from tests.nation.web import Row, Site, add_entrance, article_meta, column_meta, crumbs, page, paged

_COLUMN = "/zwgk/xxgknb/"
_NUMBERS = 5
"""The pager shows that many numbers; beyond them only 最后一页."""


def build(site: Site) -> None:
    """Put the portal on its site."""
    rows = site.rows
    add_entrance(site, "/zwgk/index.html", f"{_COLUMN}index.html")
    pages = paged(rows, site.portal.page_size)
    for number, members in enumerate(pages, start=1):
        render = partial(_list_page, site, members, number, len(pages))
        site.static_list(_name(number), members, render, first=number == 1)
    for row in rows:
        _article(site, row)


def _name(number: int) -> str:
    return f"{_COLUMN}index.html" if number == 1 else f"{_COLUMN}index_{number}.html"


def _article_path(row: Row) -> str:
    return f"{_COLUMN}content/post_{row.number}.html"


def _file_path(row: Row) -> str:
    number = str(row.number)
    return f"/attachment/{number[0]}/{number[:4]}/{number}/{10000000 + row.number}.{row.report.kind if row.report else 'pdf'}"


def _list_page(site: Site, rows: list[Row], number: int, pages: int) -> str:
    items = "\n".join(
        f'<li><h4><i></i><a href="{_href(site, row)}" title="{row.title}" target="_blank">{row.title}</a>'
        f'<span class="time">[ {row.date} ]</span></h4></li>'
        for row in rows
    )
    start = max(1, min(number - 2, pages - _NUMBERS + 1))
    numbers = "".join(
        f'<span class="arrow"><a class="{"current" if one == number else "normal"}" href="{site.url(_name(one))}">\n{one}\n</a></span>'
        for one in range(start, min(pages, start + _NUMBERS - 1) + 1)
    )
    following = (
        f'<span class="arrow"><a class="next" href="{site.url(_name(number + 1))}">下一页</a></span>' if number < pages else ""
    )
    last = f'<span class="arrow"><a class="last" href="{site.url(_name(pages))}">最后一页</a></span>' if number < pages else ""
    first = f'<span class="arrow"><a class="first" href="{site.url(_name(1))}">第一页</a></span>'
    main = f'<div class="news_list"><ul>\n{items}\n</ul></div>\n<div class="pagediv clearfix" id="page_div">{first}{numbers}{following}{last}</div>'
    return page(site, "政府信息公开年报", main, meta=column_meta(), crumbs=crumbs(site, f"{_COLUMN}index.html"))


def _href(site: Site, row: Row) -> str:
    return site.file(row, _file_path(row)) if row.report and row.report.direct else site.url(_article_path(row))


def _article(site: Site, row: Row) -> None:
    report = row.report
    if report and report.direct:
        site.file(row, _file_path(row))
        return
    attached = ""
    if report and report.kind != "html":
        name = f"{row.title}.{report.kind}"
        attached = f'<p>附件：<a class="nfw-cms-attachment" attachment-id="{row.number}" href="{site.file(row, _file_path(row))}" alt="{name}">{name}</a></p>'
    site.article(row, _article_path(row), partial(_article_page, site, row, attached))


def _article_page(site: Site, row: Row, attached: str) -> str:
    main = (
        f'<div class="article"><h1 class="content_title">{row.title}</h1><p class="date">发布日期：{row.date}</p>\n'
        f'<div class="article-content">\n{site.body(row)}{attached}\n</div></div>'
    )
    return page(site, row.title, main, meta=article_meta(site, row), crumbs=crumbs(site, f"{_COLUMN}index.html"))
