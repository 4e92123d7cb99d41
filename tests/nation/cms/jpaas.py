"""Hanweb's JPaaS: a script element with ``url`` and ``queryData``, rows as HTML inside JSON from its ``build/unit``."""

from __future__ import annotations

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

_API = "/api-gateway/jpaas-publish-server/front/page/build/unit"
_TAG = "当前栏目list"


def build(site: Site) -> None:
    """Put the portal on its site."""
    rows = site.rows
    add_entrance(site, "/col/col1487000/index.html", _column(site))
    site.add(_column(site), "list", partial(_list_page, site), modified=stamp(BUILT))
    site.entrance.append(_column(site))
    site.apis[_API] = partial(_answer, site, rows)
    for number, members in enumerate(paged(rows, site.portal.page_size), start=1):
        site.show(f"{_API}#{number}", members)
    for row in rows:
        _article(site, row)


def _number(site: Site) -> int:
    return 1487002 + site.portal.index


def _column(site: Site) -> str:
    return f"/col/col{_number(site)}/index.html"


def _query(site: Site) -> dict[str, str]:
    return {
        "parseType": "bulidstatic",
        "webId": str(2945 + site.portal.index),
        "tplSetId": "quSyqDUrFfjv1nGRQhEEH",
        "pageType": "column",
        "tagId": _TAG,
        "editType": "null",
        "pageId": str(_number(site)),
    }


def _list_page(site: Site) -> str:
    data = ",".join(f"'{key}':'{value}'" for key, value in _query(site).items())
    main = f'<div class="list" id="{_TAG}"></div>\n<script src="/script/unitbuild.js" url="{_API}" queryData="{{{data}}}"></script>'
    meta = f'<meta name="ColId" content="{_number(site)}">\n{column_meta()}'
    return page(site, "政府信息公开年报", main, meta=meta, crumbs=crumbs(site, _column(site)))


def _answer(site: Site, rows: list[Row], asked: Asked) -> Resource | None:
    fields = asked.fields
    if any(fields.get(name, ["null"]) != [value] for name, value in _query(site).items() if name != "parseType"):
        return None
    try:
        wanted = json.loads(fields.get("paramJson", ["{}"])[0])
        number, size = int(wanted.get("pageNo", 1)), int(wanted.get("pageSize", site.portal.page_size))
    except (ValueError, AttributeError, TypeError):
        return None
    pages = paged(rows, max(1, min(size, site.portal.page_size)))
    members = pages[number - 1] if 1 <= number <= len(pages) else []
    items = "\n".join(
        f'<li><a href="{_href(site, row)}" title="{row.title}" target="_blank" class="news">{row.title}</a>'
        f'<span class="time">{row.date}</span></li>'
        for row in members
    )
    html = (
        f'<ul class="page-content">\n{items}\n</ul>\n<div class="pagination" count="{len(rows)}" pageNo="{number}" '
        f'pageSize="{site.portal.page_size}"></div>'
    )
    found = {"success": True, "code": "200", "message": "ok", "data": {"html": html}}
    return site.answer(f"{_API}#{number}", json.dumps(found, ensure_ascii=False))


def _article_path(site: Site, row: Row) -> str:
    return f"/col/col{_number(site)}/art/{row.date.year}/art_{row.digest}.html"


def _file_path(row: Row) -> str:
    return f"/cms_files/filemanager/1/attach/{row.date:%Y%m}/{row.digest}.{row.report.kind if row.report else 'pdf'}"


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
        f'<div class="art"><h1 class="title">{row.title}</h1><p>发布日期：{row.date}</p>\n'
        f'<div id="zoom" class="art_con">\n{site.body(row)}{attached}\n</div></div>'
    )
    return page(site, row.title, main, meta=article_meta(site, row), crumbs=crumbs(site, _column(site)))
