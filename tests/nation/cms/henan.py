"""The platform of Henan: ``#pageDec`` with counts in place of pager links, index_1.html as page 2, files on a store's host."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from tests.nation.web import Row, Site, add_entrance, article_meta, column_meta, crumbs, page, paged, tabs

_COLUMN = "/zfxxgk/zfxxgknb/"


def build(site: Site) -> None:
    """Put the portal on its site."""
    rows = site.rows
    add_entrance(site, "/zfxxgk/", _COLUMN)
    branches = site.branches(rows)
    links = [(name, f"{_COLUMN}{slug}/") for name, slug, _ in branches]
    _list(site, _COLUMN, branches[0][2] if branches else rows, links, first=True)
    for (_, path), (_, _, members) in zip(links, branches, strict=True):
        _list(site, path, members, links)
    for row in rows:
        _article(site, row)


def _href(site: Site, row: Row) -> str:
    if row.report and row.report.direct:
        return site.file(row, _file_path(row))
    return _article_path(row)


def _article_path(row: Row) -> str:
    return f"/{row.date:%Y/%m-%d}/{row.number}.html"


def _file_path(row: Row) -> str:
    return f"/typtfile/{row.date:%Y%m%d}/{row.digest}.{row.report.kind if row.report else 'pdf'}"


def _list(site: Site, folder: str, rows: list[Row], links: Sequence[tuple[str, str]], *, first: bool = False) -> None:
    size = site.portal.page_size
    pages = paged(rows, size)
    # Most sites count items in `pagecount`, some pages.
    count = len(rows) if site.portal.variant == 0 else len(pages)
    for number, members in enumerate(pages):
        path = folder if number == 0 else f"{folder}index_{number}.html"
        site.static_list(path, members, partial(_list_page, site, members, links, count), first=first and number == 0)


def _list_page(site: Site, rows: list[Row], links: Sequence[tuple[str, str]], count: int) -> str:
    if site.portal.variant == 0:
        items = "\n".join(
            f'<li><a href="{_href(site, row)}" target="_blank">{row.title}</a><span>{row.date}</span></li>' for row in rows
        )
        block = f'<div class="mt15 list-box"><ul>\n{items}\n</ul></div>'
    else:
        items = "\n".join(
            f'<li><a href="{_href(site, row)}" title="{row.title}">{row.title}</a><b>{row.date}</b></li>' for row in rows
        )
        block = f'<div class="zfxxgk_zdgkc"><ul>\n{items}\n</ul></div>'
    pager = f'<div class="page" id="pageDec" pagesize="{site.portal.page_size}" pagecount="{count}"></div>'
    main = f'{tabs(links) if links else ""}{block}\n{pager}\n<script src="/js/page.js"></script>'
    return page(site, "政府信息公开年报", main, meta=column_meta(), crumbs=crumbs(site, _COLUMN))


def _article(site: Site, row: Row) -> None:
    report = row.report
    if report and report.direct:
        site.file(row, _file_path(row))
        return
    attached = ""
    if report and report.kind != "html":
        link = f'<a href="{site.file(row, _file_path(row))}">{row.title}.{report.kind}</a>'
        attached = f'<div id="pdfCon"><p>{link}</p></div>' if report.shown == "frame" else f"<p>附件：{link}</p>"
    site.article(row, _article_path(row), partial(_article_page, site, row, attached))


def _article_page(site: Site, row: Row, attached: str) -> str:
    body = attached if "pdfCon" in attached else site.body(row) + attached
    main = (
        f'<div class="mt15 details-box"><div class="details-main"><h1 id="title">{row.title}</h1>\n'
        f'<h6><span>时间：<i id="pubDate">{row.date} 09:30</i></span>'
        f'<span>来源：<i id="source">{row.report.organisation if row.report else site.portal.name}</i></span></h6>\n'
        f'<div class="content" id="content">\n{body}\n</div></div></div>\n'
        '<script>$(function(){ if($("#pdfCon a").length>0){ /* 执行pdf预览方法 */ } });</script>'
    )
    return page(site, row.title, main, meta=article_meta(site, row), crumbs=crumbs(site, _COLUMN))
