"""createPageHTML with six arguments: pages counted from 1, list_2.shtml; half the sites hide the list in an HTML comment."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from tests.nation.web import Row, Site, add_entrance, article_meta, column_meta, crumbs, page, paged, tabs

_FOLDER = "/xz/c110634/"
_COLUMN = f"{_FOLDER}list.shtml"


def build(site: Site) -> None:
    """Put the portal on its site."""
    rows = site.rows
    add_entrance(site, "/xz/c107268/zwgk.shtml", _COLUMN)
    branches = site.branches(rows)
    links = [(name, f"{_FOLDER}{slug}/list.shtml") for name, slug, _ in branches]
    _list(site, _FOLDER, branches[0][2] if branches else rows, links, first=True)
    for (_, path), (_, _, members) in zip(links, branches, strict=True):
        _list(site, path.removesuffix("list.shtml"), members, links)
    for row in rows:
        _article(site, row)


def _article_path(row: Row) -> str:
    return f"{_FOLDER}{row.date:%Y%m}/{170000000 + row.number}.shtml"


def _file_path(row: Row) -> str:
    return f"{_FOLDER}{row.date:%Y%m}/{170000000 + row.number}/files/{row.digest}.{row.report.kind if row.report else 'pdf'}"


def _list(site: Site, folder: str, rows: list[Row], links: Sequence[tuple[str, str]], *, first: bool = False) -> None:
    pages = paged(rows, site.portal.page_size)
    for number, members in enumerate(pages, start=1):
        path = f"{folder}list.shtml" if number == 1 else f"{folder}list_{number}.shtml"
        render = partial(_list_page, site, members, links, number, len(pages), len(rows))
        site.static_list(path, members, render, first=first and number == 1)


def _list_page(site: Site, rows: list[Row], links: Sequence[tuple[str, str]], number: int, pages: int, total: int) -> str:
    items = "\n".join(
        f'<li>\n<a target="_blank" href="{_href(site, row)}" title="{row.title}">\n{row.title}\n</a>\n<b>{row.date}</b>\n</li>'
        for row in rows
    )
    call = f"<script>createPageHTML('page_div',{pages}, {number},'list','shtml',{total});</script>"
    if site.portal.variant == 0:
        block = f'<ul class="xxgk_list"><!--{items}{call}--></ul>'
    else:
        block = f'<ul class="xxgk_list">{items}</ul>{call}'
    main = f'{tabs(links) if links else ""}<div class="list_box">{block}</div><div class="page"><div id="page_div"></div></div>'
    return page(site, "政府信息公开年报", main, meta=column_meta(), crumbs=crumbs(site, _COLUMN))


def _href(site: Site, row: Row) -> str:
    return site.file(row, _file_path(row)) if row.report and row.report.direct else _article_path(row)


def _article(site: Site, row: Row) -> None:
    report = row.report
    if report and report.direct:
        site.file(row, _file_path(row))
        return
    attached = ""
    if report and report.kind != "html":
        attached = f'<p class="fujian">附件下载：<a href="{site.file(row, _file_path(row))}">{row.title}.{report.kind}</a></p>'
    site.article(row, _article_path(row), partial(_article_page, site, row, attached))


def _article_page(site: Site, row: Row, attached: str) -> str:
    main = (
        f'<table class="xxgk-info" border="1"><tr><td>索引号</td><td>{row.digest[:9]}/{row.date.year}</td><td>生成日期</td>'
        f"<td>{row.date}</td></tr><tr><td>公开方式</td><td>主动公开</td><td>有效性</td><td>有效</td></tr></table>\n"
        f'<h1 class="article-title">{row.title}</h1>\n<div id="zoom">\n{site.body(row)}\n</div>{attached}'
    )
    return page(site, row.title, main, meta=article_meta(site, row), crumbs=crumbs(site, _COLUMN))
