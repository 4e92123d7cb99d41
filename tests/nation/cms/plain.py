"""Pages made by hand or by a system of the house: pager links, years or levels beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from tests.nation.web import Row, Site, add_entrance, article_meta, column_meta, crumbs, page, paged, tabs

_COLUMN = "/xxgk/ndbg/"


def build(site: Site) -> None:
    """Put the portal on its site."""
    rows = site.rows
    add_entrance(site, "/xxgk/", _COLUMN)
    branches = site.branches(rows)
    links = [(name, f"{_COLUMN}{slug}/") for name, slug, _ in branches]
    _list(site, _COLUMN, branches[0][2] if branches else rows, links, first=True)
    for (_, path), (_, _, members) in zip(links, branches, strict=True):
        _list(site, path, members, links)
    for row in rows:
        _article(site, row)


def _name(folder: str, number: int) -> str:
    return folder if number == 1 else f"{folder}list_{number}.html"


def _article_path(row: Row) -> str:
    return f"{_COLUMN}{row.date.year}/{row.number}.html"


def _file_path(row: Row) -> str:
    return f"/upload/{row.date:%Y%m}/{row.number}.{row.report.kind if row.report else 'pdf'}"


def _list(site: Site, folder: str, rows: list[Row], links: Sequence[tuple[str, str]], *, first: bool = False) -> None:
    pages = paged(rows, site.portal.page_size)
    for number, members in enumerate(pages, start=1):
        render = partial(_list_page, site, folder, members, links, number, len(pages), len(rows))
        site.static_list(_name(folder, number), members, render, first=first and number == 1)


def _list_page(
    site: Site, folder: str, rows: list[Row], links: Sequence[tuple[str, str]], number: int, pages: int, total: int
) -> str:
    items = "\n".join(f'<li><a href="{_href(site, row)}">{row.title}</a><em>{row.date}</em></li>' for row in rows)
    numbers = "".join(
        f'<span class="current">{one}</span> ' if one == number else f'<a href="{_name(folder, one)}">{one}</a> '
        for one in range(1, pages + 1)
    )
    following = (
        f'<a href="{_name(folder, number + 1)}">下一页</a>' if number < pages else '<span class="disabled">下一页</span>'
    )
    pager = f'<div class="pages">共{total}条 共{pages}页 {numbers}{following}</div>'
    main = f'{tabs(links) if links else ""}<div class="list"><ul>\n{items}\n</ul></div>\n{pager}'
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
        address = site.file(row, _file_path(row))
        if report.shown == "script":
            attached = f'<div id="viewer"></div><script>\nnew PDFObject({{ url: "{address}" }}).embed("viewer");\n</script>'
        else:
            attached = f'<p class="fujian">附件：<a href="{address}">{row.title}.{report.kind}</a></p>'
    site.article(row, _article_path(row), partial(_article_page, site, row, attached))


def _article_page(site: Site, row: Row, attached: str) -> str:
    main = (
        f'<h1 class="article-title">{row.title}</h1>\n<div class="article-info">发布日期：{row.date}</div>\n'
        f'<div class="article-content">\n{site.body(row)}\n</div>\n{attached}'
    )
    return page(site, row.title, main, meta=article_meta(site, row), crumbs=crumbs(site, _COLUMN))
