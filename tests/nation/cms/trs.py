"""TRS WCM: index_1.html as page 2 by a script's count, articles tYYYYMMDD_id.html with their files beside them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from tests.nation.web import Row, Site, add_entrance, article_meta, column_meta, crumbs, cut, page, paged, tabs

_COLUMN = "/zwgk/xxgknb/"


def build(site: Site) -> None:
    """Put the portal on its site."""
    rows = site.rows
    add_entrance(site, "/zwgk/", _COLUMN)
    branches = site.branches(rows)
    links = [(name, f"{_COLUMN}{slug}/") for name, slug, _ in branches]
    _list(site, _COLUMN, branches[0][2] if branches else rows, links, first=True)
    for (_, path), (_, _, members) in zip(links, branches, strict=True):
        _list(site, path, members, links)
    for row in rows:
        _article(site, row)


def _folder(row: Row) -> str:
    return f"{_COLUMN}{row.date:%Y%m}/"


def _file_path(row: Row) -> str:
    return f"{_folder(row)}P0{row.date:%Y%m%d}{row.number}{row.number % 997:03d}.{row.report.kind if row.report else 'pdf'}"


def _href(site: Site, row: Row) -> str:
    if row.report and row.report.direct:
        return site.file(row, _file_path(row))
    return f"{_folder(row)}t{row.date:%Y%m%d}_{row.number}.html"


def _list(site: Site, folder: str, rows: list[Row], links: Sequence[tuple[str, str]], *, first: bool = False) -> None:
    pages = paged(rows, site.portal.page_size)
    for number, members in enumerate(pages):
        path = folder if number == 0 else f"{folder}index_{number}.html"
        render = partial(_list_page, site, members, links, number, len(pages))
        site.static_list(path, members, render, first=first and number == 0)


def _list_page(site: Site, rows: list[Row], links: Sequence[tuple[str, str]], number: int, pages: int) -> str:
    if site.portal.variant == 0:
        items = "\n".join(
            f'<li><span>{row.date}</span><a href="{_relative(site, row)}" title="{row.title}">{cut(row.title)}</a></li>'
            for row in rows
        )
        block = f'<div class="gl_list"><ul>\n{items}\n</ul></div>'
        script = f'<script>createPageHTML({pages}, {number}, "index", "html");</script>'
    else:
        items = "\n".join(
            f'<tr><td width="25"><img src="/images/ico2.jpg"></td><td><a href="{_relative(site, row)}">{row.title}</a></td>'
            f"<td>{row.date}</td></tr>"
            for row in rows
        )
        block = f'<table class="gl_list" width="682">\n{items}\n</table>'
        script = (
            f'<script type="text/javascript">\nvar currentPage = {number};//所在页从0开始\nvar countPage = {pages}//共多少页\n'
            "var nextPage = currentPage+1//下一页\nif(countPage>1&&currentPage!=(countPage-1))\n"
            'document.write("<a href=\\"index"+"_" + nextPage + "."+"html\\">下一页</a>");\n</script>'
        )
    main = f'{tabs(links) if links else ""}{block}\n<div class="page">{script}</div>'
    return page(site, "信息公开年报", main, meta=column_meta(), crumbs=crumbs(site, _COLUMN))


def _relative(site: Site, row: Row) -> str:
    """Lists of one column link relatively; sub-columns lie deeper."""
    href = _href(site, row)
    return f"./{href.removeprefix(_COLUMN)}" if href.startswith(_COLUMN) and not site.portal.branches else href


def _article(site: Site, row: Row) -> None:
    report = row.report
    if report and report.direct:
        site.file(row, _file_path(row))
        return
    attached = ""
    if report and report.kind != "html":
        address = site.file(row, _file_path(row))
        if report.shown == "script":
            link = f"<a href={address}>{row.title}</a>"
            attached = (
                f"<script>\nvar file_appendix='{link}';\n"
                "if(file_appendix!=''){ document.write('相关附件：'+file_appendix); }\n</script>"
            )
        else:
            attached = f'<p>附件：<a href="{address}" OLDSRC="{address.rpartition("/")[2]}">{row.title}.{report.kind}</a></p>'
    site.article(row, _href(site, row), partial(_article_page, site, row, attached))


def _article_page(site: Site, row: Row, attached: str) -> str:
    main = (
        f'<table width="900"><tr><td class="title"><h1>{row.title}</h1></td></tr>\n'
        f'<tr><td class="info">发布时间：{row.date}　来源：{row.report.organisation if row.report else site.portal.name}</td></tr>\n'
        f"<tr><td><div class=TRS_Editor>\n{site.body(row)}\n</div>{attached}</td></tr></table>"
    )
    return page(site, row.title, main, meta=article_meta(site, row), crumbs=crumbs(site, _COLUMN))
