"""Sichuan: the column's ``channelid`` in the page, rows as JSON from a posted JSON query."""

from __future__ import annotations

import hashlib
import json
from functools import partial

from tests.nation.web import (
    BUILT,
    Asked,
    Resource,
    Row,
    Site,
    add_entrance,
    article_meta,
    column_meta,
    crumbs,
    page,
    paged,
    stamp,
)

_API = "/cms-scsrmzf/qryZFWJListByConditionsNew"
_COLUMN = "/10462/c103041/zfxxgknb.shtml"


def build(site: Site) -> None:
    """Put the portal on its site."""
    rows = site.rows
    add_entrance(site, "/10462/c103040/zfxxgk.shtml", _COLUMN)
    site.add(_COLUMN, "list", partial(_list_page, site), modified=stamp(BUILT))
    site.entrance.append(_COLUMN)
    site.apis[_API] = partial(_answer, site, rows)
    for number, members in enumerate(paged(rows, site.portal.page_size), start=1):
        site.show(f"{_API}#{number}", members)
    for row in rows:
        _article(site, row)


def _channel(site: Site) -> str:
    return hashlib.md5(f"sichuan {site.portal.index}".encode(), usedforsecurity=False).hexdigest()


def _list_page(site: Site) -> str:
    main = (
        f'<div class="dhnav01 wzfl active"><ul class="xl"><li channelid="{_channel(site)}">政府信息公开年报</li></ul></div>\n'
        '<ul class="list" id="zfwjList"></ul><div id="page"></div>\n<script>\nfunction qry(pageNum){\n'
        f"  var param = {{keyWord:'', wh:'', fwzh:'', pageSize:{site.portal.page_size}, pageNum:pageNum, "
        f"channelId:['{_channel(site)}']}};\n  $.ajax({{type:'post', url:'{_API}', contentType:'application/json;charset=UTF-8', "
        "data:JSON.stringify(param), success:function(data){ showList(data.results, data.total); }});\n}\nqry(1);\n</script>"
    )
    return page(site, "政府信息公开年报", main, meta=column_meta(), crumbs=crumbs(site, _COLUMN))


def _answer(site: Site, rows: list[Row], asked: Asked) -> Resource | None:
    try:
        query = json.loads(asked.body)
        number, size = int(query["pageNum"]), int(query["pageSize"])
        channels = query["channelId"]
    except (ValueError, KeyError, TypeError):
        return None
    if asked.method != "POST" or channels != [_channel(site)] or size < 1:
        return None
    pages = paged(rows, min(size, site.portal.page_size))
    members = pages[number - 1] if 1 <= number <= len(pages) else []
    results = [
        {"title": row.title, "url": _href(site, row), "publishedTime": f"{row.date} 09:00:00", "channelId": _channel(site)}
        for row in members
    ]
    return site.answer(f"{_API}#{number}", json.dumps({"total": len(rows), "results": results}, ensure_ascii=False))


def _article_path(row: Row) -> str:
    return f"/10462/c103041/{row.date.year}/{row.date.month}/{row.date.day}/{row.digest}.shtml"


def _file_path(row: Row) -> str:
    return f"/10462/c103041/{row.date.year}/{row.date.month}/{row.date.day}/{row.digest}/files/{row.digest[::-1]}.{row.report.kind if row.report else 'pdf'}"


def _href(site: Site, row: Row) -> str:
    return site.file(row, _file_path(row)) if row.report and row.report.direct else _article_path(row)


def _article(site: Site, row: Row) -> None:
    report = row.report
    if report and report.direct:
        site.file(row, _file_path(row))
        return
    attached = ""
    if report and report.kind != "html":
        attached = f'<p>附件：<a href="{site.file(row, _file_path(row))}">{row.title}.{report.kind}</a></p>'
    site.article(row, _article_path(row), partial(_article_page, site, row, attached))


def _article_page(site: Site, row: Row, attached: str) -> str:
    main = (
        f'<div class="cont"><h2 id="title">{row.title}</h2><ul><li id="articlesource">来源：{site.portal.name}</li>'
        f'<li>{row.date} 09:00</li></ul>\n<div id="cmsArticleContent">\n{site.body(row)}{attached}\n</div></div>'
    )
    return page(site, row.title, main, meta=article_meta(site, row), crumbs=crumbs(site, _COLUMN))
