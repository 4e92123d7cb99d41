"""VSB: list x.htm, its further pages x/N-1.htm down to x/1.htm, the last; so every full page pushes the numbers on."""

from __future__ import annotations

from functools import partial

from tests.nation.web import Row, Site, add_entrance, article_meta, column_meta, crumbs, page, paged

_COLUMN = "/zwgk/xxgknb.htm"


def build(site: Site) -> None:
    """Put the portal on its site."""
    rows = site.rows
    add_entrance(site, "/zwgk.htm", _COLUMN)
    pages = paged(rows, site.portal.page_size)
    for number, members in enumerate(pages, start=1):
        render = partial(_list_page, site, members, number, len(pages), len(rows))
        site.static_list(_name(number, len(pages)), members, render, first=number == 1)
    for row in rows:
        _article(site, row)


def _name(number: int, pages: int) -> str:
    return _COLUMN if number == 1 else f"/zwgk/xxgknb/{pages - number + 1}.htm"


def _article_path(site: Site, row: Row) -> str:
    return f"/info/{1023 + site.portal.index}/{row.number}.htm"


def _file_path(site: Site, row: Row) -> str:
    report = row.report
    kind = report.kind if report else "pdf"
    if site.portal.variant == 0 or (report and report.direct):
        part = row.digest.upper()
        return f"/__local/{part[0]}/{part[1:3]}/{part[3:6]}/{part}_{row.number % 65536:X}.{kind}"
    return (
        f"/system/_content/download.jsp?urltype=news.DownloadAttachUrl&owner={1500 + site.portal.index}&wbfileid={row.number}"
    )


def _list_page(site: Site, rows: list[Row], number: int, pages: int, total: int) -> str:
    items = "\n".join(
        f'<li id="line_u8_{index}"><a href="{_href(site, row)}" title="{row.title}">{row.title}</a><span>{row.date}</span></li>'
        for index, row in enumerate(rows)
    )
    following = f'<span class="p_next p_fun"><a href="{_name(number + 1, pages)}">下页</a></span>' if number < pages else ""
    last = f'<span class="p_last p_fun"><a href="{_name(pages, pages)}">尾页</a></span>' if number < pages else ""
    pager = f'<div class="pb_sys_common"><span class="p_t">共{total}条</span><span class="p_t">{number}/{pages}</span>{following}{last}</div>'
    return page(
        site,
        "政府信息公开年报",
        f'<div class="list"><ul>\n{items}\n</ul></div>\n{pager}',
        meta=column_meta(),
        crumbs=crumbs(site, _COLUMN),
    )


def _href(site: Site, row: Row) -> str:
    return site.file(row, _file_path(site, row)) if row.report and row.report.direct else _article_path(site, row)


def _article(site: Site, row: Row) -> None:
    report = row.report
    if report and report.direct:
        site.file(row, _file_path(site, row))
        return
    attached = ""
    if report and report.kind != "html":
        address = site.file(row, _file_path(site, row))
        attached = f'<ul><li>附件【<a href="{address}" target="_blank">{row.title}.{report.kind}</a>】</li></ul>'
    site.article(row, _article_path(site, row), partial(_article_page, site, row, attached))


def _article_page(site: Site, row: Row, attached: str) -> str:
    main = (
        f'<form name="_newscontent_fromname"><div class="content"><h1 class="title">{row.title}</h1>\n<div class="ly">时间：{row.date}</div>\n'
        f'<div id="vsb_content"><div class="v_news_content">\n{site.body(row)}\n</div></div>{attached}</div></form>'
    )
    return page(site, row.title, main, meta=article_meta(site, row), crumbs=crumbs(site, _COLUMN))
