"""Hanweb's jpage: rows as CDATA records, the first group inside the column's page, further ones from dataproxy.jsp."""

from __future__ import annotations

from functools import partial

from tests.nation.web import Asked, Resource, Row, Site, add_entrance, article_meta, column_meta, crumbs, page

_PROXY = "/module/web/jpage/dataproxy.jsp"


def build(site: Site) -> None:
    """Put the portal on its site."""
    rows = site.rows
    add_entrance(site, "/col/col80001/index.html", _column(site))
    group = _group(site)
    first = rows[:group]
    site.static_list(_column(site), first, partial(_list_page, site, rows), first=True)
    site.apis[_PROXY] = partial(_answer, site, rows)
    for start in range(group, len(rows), group):
        site.show(f"{_PROXY}#{start + 1}", rows[start : start + group])
    for row in rows:
        _article(site, row)


def _number(site: Site) -> int:
    return 80179 + site.portal.index


def _column(site: Site) -> str:
    return f"/col/col{_number(site)}/index.html"


def _group(site: Site) -> int:
    """Records that come at one time: the pages of one group."""
    return site.portal.page_size


def _record(site: Site, row: Row) -> str:
    # Titles are cut in the text and whole in the attribute.
    shown = row.title if len(row.title) <= 40 else f"{row.title[:40]}..."
    return (
        f'<record><![CDATA[<li><a target="_blank" href="{_href(site, row)}" title="{row.title}">{shown}</a>'
        f'<b readlabel="{row.date}">{row.date}</b></li>]]></record>'
    )


def _store(site: Site, rows: list[Row], start: int, end: int, *, with_next: bool) -> str:
    """Records ``start`` to ``end``, counted from 1."""
    size = site.portal.page_size
    following = ""
    if with_next and end < len(rows):
        following = (
            f'<nextgroup><![CDATA[<a href="{_PROXY}?page={end // _group(site) + 1}&{_parameters(site)}"></a>]]></nextgroup>'
        )
    records = "".join(_record(site, row) for row in rows[start - 1 : end])
    pages = -(-len(rows) // size)
    return (
        f"<datastore>{following}<totalrecord>{len(rows)}</totalrecord><totalpage>{pages}</totalpage>"
        f"<recordset>{records}</recordset></datastore>"
    )


def _parameters(site: Site) -> str:
    return (
        f"col=1&appid=1&webid={site.portal.index + 1}&path=%2F&columnid={_number(site)}&sourceContentType=1"
        f"&unitid=38{site.portal.index:04d}&webname={site.portal.name}&permissiontype=0"
    )


def _answer(site: Site, rows: list[Row], asked: Asked) -> Resource | None:
    fields = asked.fields
    if fields.get("columnid") != [str(_number(site))] or "unitid" not in fields:
        return None
    group = _group(site)
    if "startrecord" in fields:
        start = asked.number("startrecord")
        end = min(asked.number("endrecord", default=start + group - 1), start + 3 * group - 1, len(rows))
    else:
        start = (asked.number("page") - 1) * group + 1
        end = min(start + group - 1, len(rows))
    # The name is that of the group of the first record asked for, however many follow.
    name = f"{_PROXY}#{(start - 1) // group * group + 1}"
    content = _store(site, rows, start, end, with_next="startrecord" not in fields)
    return site.answer(name, content, "text/xml")


def _list_page(site: Site, rows: list[Row]) -> str:
    unit = f"38{site.portal.index:04d}"
    inline = _store(site, rows, 1, min(len(rows), _group(site)), with_next=site.portal.variant == 0)
    main = (
        f'<div id="{unit}" class="default_pgContainer"></div>\n<script type="text/xml">{inline}</script>\n'
        f"<script>\n$('#{unit}').jpage({{dataStore:dataStore,totalRecord:{len(rows)},proxyUrl:'{_PROXY}',"
        f"perPage:{site.portal.page_size},groupSize:1,barPosition:'bottom',ajaxParam:{{col:1,appid:1,webid:{site.portal.index + 1},"
        f"path:'/',columnid:{_number(site)},sourceContentType:1,unitid:'{unit}',webname:'{site.portal.name}',permissiontype:0}}}});\n"
        "</script>"
    )
    return page(site, "政府信息公开年报", main, meta=column_meta(), crumbs=crumbs(site, _column(site)))


def _article_path(site: Site, row: Row) -> str:
    day = row.date
    name = f"art_{_number(site)}_{row.number}" if site.portal.variant == 0 else f"art_{row.digest}"
    return f"/art/{day.year}/{day.month}/{day.day}/{name}.html"


def _file_path(row: Row) -> str:
    return f"/module/download/downfile.jsp?classid=0&filename={row.digest}.{row.report.kind if row.report else 'pdf'}"


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
        f'<p class="con-title">{row.title}</p><span>发布日期：{row.date}</span>\n<div class="bt-article-02" id="zoom">'
        f"<!--ZJEG_RSS.content.begin-->\n{site.body(row)}{attached}\n<!--ZJEG_RSS.content.end--></div>"
    )
    return page(site, row.title, main, meta=article_meta(site, row), crumbs=crumbs(site, _column(site)))
