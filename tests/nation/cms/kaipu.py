"""Kaipu (Heilongjiang and others): ``channelId`` in the page, rows as JSON from /common/search/<channel>."""

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

_FOLDER = "/yl/c108379/"
_COLUMN = f"{_FOLDER}list.shtml"


def build(site: Site) -> None:
    """Put the portal on its site."""
    rows = site.rows
    add_entrance(site, "/yl/c108378/zfxxgk.shtml", _COLUMN)
    site.add(_COLUMN, "list", partial(_list_page, site), modified=stamp(BUILT))
    site.entrance.append(_COLUMN)
    api = f"/common/search/{_channel(site)}"
    site.apis[api] = partial(_answer, site, rows)
    for number, members in enumerate(paged(rows, site.portal.page_size), start=1):
        site.show(f"{api}#{number}", members)
    for row in rows:
        _article(site, row)


def _channel(site: Site) -> str:
    return hashlib.md5(f"channel {site.portal.index}".encode(), usedforsecurity=False).hexdigest()


def _list_page(site: Site) -> str:
    channel = _channel(site)
    main = (
        '<div class="newList"><ul id="list"></ul></div><div id="page_div"></div>\n<script>\n'
        f"var channelId = '{channel}';\nvar pageSize = {site.portal.page_size};\nfunction getList(page){{\n"
        f"  $.ajax({{type:'GET', url:'/common/search/{channel}?_isAgg=true&_isJson=true&_pageSize={site.portal.page_size}"
        "&_template=index&_rangeTimeGte=&_channelName=&page='+page, dataType:'json', success:function(data){\n"
        "    $.each(data.data.results, function(i, item){ $('#list').append('<li><a href=\"'+item.url+'\">'+item.title+'</a></li>'); });\n"
        "  }});\n}\ngetList(1);\n</script>"
    )
    meta = f'<meta name="channelId" content="{channel}">\n<meta name="code" content="c108379">\n{column_meta()}'
    return page(site, "政府信息公开年报", main, meta=meta, crumbs=crumbs(site, _COLUMN))


def _answer(site: Site, rows: list[Row], asked: Asked) -> Resource | None:
    if asked.fields.get("_isJson") != ["true"]:
        return None
    number = asked.number("page")
    # The interface caps the page size.
    pages = paged(rows, min(asked.number("_pageSize", default=10), site.portal.page_size))
    members = pages[number - 1] if 1 <= number <= len(pages) else []
    results = [
        {
            "title": row.title,
            "url": _href(site, row),
            "publishedTime": stamp(row.date) * 1000,
            "publishedTimeStr": f"{row.date} 17:18:49",
            "channelName": "政府信息公开年报",
            "channelCodeName": "c108379",
            "manuscriptId": row.digest,
        }
        for row in members
    ]
    data = {"channelId": _channel(site), "page": number, "rows": len(members), "total": len(rows), "results": results}
    return site.answer(f"{asked.path}#{number}", json.dumps({"code": 200, "data": data}, ensure_ascii=False))


def _article_path(site: Site, row: Row) -> str:
    if site.portal.variant == 0:
        return f"{_FOLDER}{row.date:%Y%m}/c01_{30000000 + row.number}.shtml"
    return f"{_FOLDER}{row.date:%Y%m}/{row.digest}.shtml"


def _file_path(row: Row) -> str:
    return f"{_FOLDER}{row.date:%Y%m}/{30000000 + row.number}/files/{row.digest}.{row.report.kind if row.report else 'pdf'}"


def _href(site: Site, row: Row) -> str:
    return site.file(row, _file_path(row)) if row.report and row.report.direct else _article_path(site, row)


def _article(site: Site, row: Row) -> None:
    report = row.report
    if report and report.direct:
        site.file(row, _file_path(row))
        return
    attached = ""
    if report and report.kind != "html":
        attached = f'<p>附件：<a href="{site.file(row, _file_path(row))}">{row.title}.{report.kind}</a></p>'
    site.article(row, _article_path(site, row), partial(_article_page, site, row, attached))


def _article_page(site: Site, row: Row, attached: str) -> str:
    main = (
        f'<div class="newsDetails"><h1 class="title">{row.title}</h1><p>发布时间：{row.date} 17:18:49　来源：{site.portal.name}</p>\n'
        f'<div id="content" class="trs_editor_view">\n{site.body(row)}{attached}\n</div></div>'
    )
    return page(site, row.title, main, meta=article_meta(site, row), crumbs=crumbs(site, _COLUMN))
