"""EX8 of Anhui: columns by numbers in a query, further pages from /site/label/8888 as fragments of HTML."""

from __future__ import annotations

from functools import partial

from tests.nation.web import Asked, Resource, Row, Site, add_entrance, article_meta, column_meta, crumbs, cut, page, paged

_API = "/site/label/8888"
_FILE = "/xxgk/publicInfoList_newest2020"


def build(site: Site) -> None:
    """Put the portal on its site."""
    rows = site.rows
    add_entrance(site, f"/public/column/{_organ(site)}?type=2", _column(site))
    pages = paged(rows, site.portal.page_size)
    # Drawn by the system for every reader: no validators.
    site.add(_column(site), "list", partial(_list_page, site, pages))
    site.entrance.append(_column(site))
    site.show(_column(site), pages[0])
    site.apis[_API] = partial(_answer, site, pages)
    for number, members in enumerate(pages[1:], start=2):
        site.show(f"{_API}#{number}", members)
    for row in rows:
        _article(site, row)


def _organ(site: Site) -> int:
    return 6638717 + site.portal.index


def _category(site: Site) -> int:
    return 6718758 + site.portal.index


def _column(site: Site) -> str:
    return f"/public/column/{_organ(site)}?type=4&catId={_category(site)}&action=list"


def _items(site: Site, rows: list[Row]) -> str:
    lines = "\n".join(
        f'<li><a href="{_href(site, row)}" target="_blank" title="{row.title}" class="title">{cut(row.title, 40)}</a>'
        f'<span class="date">{row.date}</span></li>'
        for row in rows
    )
    return f'<ul class="clearfix xxgk_nav_list">\n{lines}\n</ul>' if rows else "<p>暂无相关信息</p>"


def _pager(site: Site, number: int, pages: int, rows: int) -> str:
    return (
        '<div id="page_public_info" class="pagination"></div>\n<script>\n'
        f'Ls.pagination("#page_public_info",function(page){{ publicInfoList(page); }},{{pageCount:{pages},pageIndex:{number},'
        f"pageSize:{site.portal.page_size},total:{rows}}});\n</script>"
    )


def _list_page(site: Site, pages: list[list[Row]]) -> str:
    total = sum(map(len, pages))
    main = (
        f'<div class="xxgk_navli" id="xxgk_list">\n{_items(site, pages[0])}\n{_pager(site, 1, len(pages), total)}</div>\n'
        '<script>\nfunction publicInfoList(pageIndex){\n  Ls.ajax({ url:"/site/label/8888", dataType:"html", data:{'
        f'IsAjax:1, labelName:"publicInfoList", siteId:"{4963000 + site.portal.index}", pageSize:{site.portal.page_size}, '
        'pageIndex:pageIndex, action:"list", isDate:true, dateFormat:"yyyy-MM-dd", length:80, '
        f'organId:"{_organ(site)}", type:"4", catId:"{_category(site)}", cId:"", result:"暂无相关信息", file:"{_FILE}"'
        "}, success:function(html){ $('#xxgk_list').html(html); } });\n}\n</script>"
    )
    return page(site, "政府信息公开年报", main, meta=column_meta(), crumbs=crumbs(site, _column(site)))


def _answer(site: Site, pages: list[list[Row]], asked: Asked) -> Resource | None:
    fields = asked.fields
    wanted = {"labelName": "publicInfoList", "organId": str(_organ(site)), "catId": str(_category(site)), "file": _FILE}
    if any(fields.get(name) != [value] for name, value in wanted.items()):
        return None
    number = asked.number("pageIndex")
    members = pages[number - 1] if 1 <= number <= len(pages) else []
    content = _items(site, members) + _pager(site, number, len(pages), sum(map(len, pages)))
    return site.answer(f"{_API}#{number}", content, "text/html")


def _article_path(site: Site, row: Row) -> str:
    return f"/public/{_organ(site)}/{row.number}.html" if site.portal.variant == 0 else f"/public/content/{row.number}"


def _file_path(site: Site, row: Row) -> str:
    suffix = row.report.kind if row.report else "pdf"
    if site.portal.variant == 0:
        return f"/download/{row.digest[:24]}.{suffix}"
    return f"/group6/M00/{row.digest[:2].upper()}/{row.digest[2:4].upper()}/{row.digest}.{suffix}"


def _href(site: Site, row: Row) -> str:
    return site.file(row, _file_path(site, row)) if row.report and row.report.direct else _article_path(site, row)


def _article(site: Site, row: Row) -> None:
    report = row.report
    if report and report.direct:
        site.file(row, _file_path(site, row))
        return
    attached = ""
    if report and report.kind != "html":
        attached = f'<p>附件：<a href="{site.file(row, _file_path(site, row))}">{row.title}.{report.kind}</a></p>'
    site.article(row, _article_path(site, row), partial(_article_page, site, row, attached))


def _article_page(site: Site, row: Row, attached: str) -> str:
    main = (
        f'<table class="table_suoyin" border="1"><tr><th>索引号：</th><td>{row.digest[:18]}</td><th>信息分类：</th><td>年度报告</td></tr>'
        f"<tr><th>发布日期：</th><td>{row.date}</td><th>有效性：</th><td>有效</td></tr></table>\n"
        f'<h1 class="wztit">{row.title}</h1>\n<div class="gzk-article" id="zoom">\n{site.body(row)}{attached}\n</div>'
    )
    return page(site, row.title, main, meta=article_meta(site, row), crumbs=crumbs(site, _column(site)))
