"""The platform of Jiangxi: a template and ``loadPageData(params)`` in the page, the rows from POST /queryList."""

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

_API = "/queryList"


def build(site: Site) -> None:
    """Put the portal on its site."""
    rows = site.rows
    add_entrance(site, f"/{_code(site)}/col/col42062/index.html", _column(site))
    site.add(_column(site), "list", partial(_list_page, site), modified=stamp(BUILT))
    site.entrance.append(_column(site))
    site.apis[_API] = partial(_answer, site, rows)
    for number, members in enumerate(paged(rows, site.portal.page_size), start=1):
        site.show(f"{_API}#{number}", members)
    for row in rows:
        _article(site, row)


def _code(site: Site) -> str:
    return f"yl{site.portal.index:03d}zf"


def _channel(site: Site) -> str:
    return f"col{42150 + site.portal.index}"


def _column(site: Site) -> str:
    return f"/{_code(site)}/col/{_channel(site)}/index.html"


def _list_page(site: Site) -> str:
    unit = f"38{site.portal.index:04d}"
    main = (
        f'<div id="{unit}"></div>\n<script id="div{unit}" type="text/x-handlebars-template">\n<ul class=\'List_list\'>\n'
        "{{#each data}}{{#with this}}<li><a href='{{pcUrl}}' target='_blank' title='{{title}}'>{{title}}</a>"
        "<span class='list_span'>{{formatDate pubDate 'YYYY'}}-{{formatDate pubDate 'MM'}}</span></li>{{/with}}{{/each}}\n</ul>\n"
        '</script>\n<script src="commonfiles/jquery.jpage.js"></script>\n<script>\n'
        f"var params = {{\n  current: 1,\n  unitid: '{unit}',\n  webSiteCode: ['{_code(site)}'],\n"
        f"  channelCode: ['{_channel(site)}'],\n  dataBefore: '',\n  dataAfter: '',\n  perPage: '{site.portal.page_size}',\n"
        "  notReturnContent:false,\n  showMode: 'normal',\n  groupSize: 1,\n  barPosition: 'bottom',\n  titleMax: '34',\n"
        f"  templateContainerId: 'div{unit}',\n  themeName: 'lucidity',\n}};\nloadPageData(params, '{unit}');\n</script>"
    )
    base = f'<base href="/{_code(site)}/" />\n'
    return page(site, "政府信息公开年报", main, meta=column_meta(), crumbs=crumbs(site, _column(site)), base=base)


def _answer(site: Site, rows: list[Row], asked: Asked) -> Resource | None:
    fields = asked.fields
    if asked.method != "POST":
        return None
    channels = [value for name in ("channelCode[]", "channelCode", "channelId[]") for value in fields.get(name, ())]
    sites = [value for name in ("webSiteCode[]", "webSiteCode") for value in fields.get(name, ())]
    if channels != [_channel(site)] or sites != [_code(site)]:
        return None
    number = asked.number("current")
    size = asked.number("pageSize", "perPage", default=site.portal.page_size)
    pages = paged(rows, min(size, site.portal.page_size))
    members = pages[number - 1] if 1 <= number <= len(pages) else []
    results = [
        {
            "id": row.digest,
            "source": {
                "title": row.title,
                "showTitle": f"<p>{row.title}</p>",
                "pubDate": f"{row.date} 10:00:00",
                "content": {"content": f"<p>{row.title}</p>"},
                "urls": json.dumps({"pc": _href(site, row)}, ensure_ascii=False),
                "metadata": {"author": ""},
            },
        }
        for row in members
    ]
    found = {
        "code": 200,
        "msg": "成功",
        "data": {"total": len(rows), "current": number, "pages": len(pages), "results": results},
    }
    return site.answer(f"{_API}#{number}", json.dumps(found, ensure_ascii=False))


def _article_path(site: Site, row: Row) -> str:
    return f"/{_code(site)}/zfxxgknb/{row.date:%Y%m}/{row.digest}.shtml"


def _file_path(site: Site, row: Row) -> str:
    return f"/{_code(site)}/zfxxgknb/{row.date:%Y%m}/{row.digest}/files/{row.digest[::-1]}.{row.report.kind if row.report else 'pdf'}"


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
        f'<div class="article"><h1 class="article-title">{row.title}</h1><div class="info">发布时间：{row.date}</div>\n'
        f'<div class="article-content" id="zoomcon">\n{site.body(row)}{attached}\n</div></div>'
    )
    return page(site, row.title, main, meta=article_meta(site, row), crumbs=crumbs(site, _column(site)))
