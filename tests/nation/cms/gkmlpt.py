"""gkmlpt of Guangdong: an empty page whose ``window._CONFIG`` names columns, a JSON list, articles inside ``DETAIL``."""

from __future__ import annotations

import json
from functools import partial

from tests.nation.web import Asked, Resource, Row, Site, add_entrance, page, paged, stamp

_INDEX = "/gkmlpt/index"
_PAGE_SIZE = 20
_GENRE = 6812
"""The column's number, plus the portal's own."""


def build(site: Site) -> None:
    """Put the portal on its site."""
    rows = site.rows
    column = _GENRE + site.portal.index
    # Half the portals link the platform only, as their page of 政府信息公开; the others its column too.
    if site.portal.variant == 0:
        site.disclosure = _INDEX
        menu = f'<ul><li><a href="{_INDEX}">政府信息公开</a></li><li><a href="/xwzx/">新闻</a></li></ul>'
        site.static("/", "entrance", page(site, "首页", menu))
    else:
        add_entrance(site, "/zwgk/index.html", f"{_INDEX}#{column}")
    site.add(_INDEX, "entrance", partial(_shell, site, column, None), modified=site.list_modified)
    site.apis[f"/gkmlpt/api/all/{column}"] = partial(_answer, site, rows, column)
    for number, members in enumerate(paged(rows, _PAGE_SIZE), start=1):
        site.show(f"/gkmlpt/api/all/{column}#{number}", members)
    for row in rows:
        if row.report and row.report.kind != "html":
            site.file(row, _file_path(row))
        site.article(row, _article_path(row), partial(_shell, site, column, row))


def _article_path(row: Row) -> str:
    number = str(row.number)
    return f"/gkmlpt/content/{number[0]}/{number[:4]}/post_{number}.html"


def _file_path(row: Row) -> str:
    number = str(row.number)
    return f"/attachment/{number[0]}/{number[:4]}/{number}/{10000000 + row.number}.{row.report.kind if row.report else 'pdf'}"


def _answer(site: Site, rows: list[Row], column: int, asked: Asked) -> Resource:
    number = asked.number("page")
    pages = paged(rows, _PAGE_SIZE)
    members = pages[number - 1] if 1 <= number <= len(pages) else []
    found = {
        "classify": {"id": column, "name": "政府信息公开工作年度报告", "parent": 0, "post_count": len(rows)},
        "articles": [
            {
                "id": row.number,
                "title": row.title,
                "date": stamp(row.date, 0),
                "created_at": f"{row.date} 10:00:00",
                "publisher": row.report.organisation if row.report else site.portal.name,
                "classify_main_name": "政府信息公开工作年度报告",
                "url": site.url(_article_path(row)),
                "post_url": "",
                "identifier": f"{row.digest[:18]}/{row.date.year}-{row.number % 100000:05d}",
            }
            for row in members
        ],
    }
    return site.answer(f"{asked.path}#{number}", json.dumps(found))


def _shell(site: Site, column: int, row: Row | None) -> str:
    tree = [
        {"id": 6801, "name": "政府信息公开指南", "parent": 0, "jump_url": None, "children": []},
        {"id": 6802, "name": "政府信息依申请公开", "parent": 0, "jump_url": None, "children": []},
        {"id": column, "name": "政府信息公开工作年度报告", "parent": 0, "jump_url": None, "children": []},
        {
            "id": 6803,
            "name": "组织机构",
            "parent": 0,
            "jump_url": None,
            "children": [{"id": 6804, "name": "机构职能", "parent": 6803, "jump_url": None, "children": []}],
        },
    ]
    detail = f"DETAIL: {_script(_detail(site, row))},\n        " if row else ""
    title = row.title if row else "政府信息公开平台"
    meta = f'<meta name="ArticleTitle" content="{title}">\n<meta name="PubDate"\n content="{row.date} 16:38">\n' if row else ""
    return (
        f'<!doctype html>\n<html lang="zh">\n<head>\n<meta charset="UTF-8">\n<title>{title}</title>\n'
        f'<meta name="ColumnName" content="政府信息公开平台">\n<meta name="ColumnType" content="政府信息公开">\n{meta}'
        f'<meta name="SiteName" content="{site.portal.name}">\n<script>\n    window._CONFIG = {{\n        isMobile: true,\n'
        f"        ACTION: '{'content' if row else 'index'}',\n        CSRF: '{column:032d}',\n        APP_URL: '{site.url('')}',\n"
        f'        SITE_INFO: {{"footer":"\\u003Cdiv\\u003E"}},\n        SID: \'{200000 + site.portal.index}\',\n'
        f"        ENV: 'production',\n        {detail}TREE: {_script(tree)},\n        SERVICE_AREA_ID: '',\n    }};\n</script>\n"
        '</head>\n<body>\n<div id="app"><div class="article-content policy-article-content">\n\n</div></div>\n'
        '<script src="/gkmlpt/gkml/pc/js/chunk-vendors.a93822f8.js"></script>\n</body>\n</html>\n'
    )


def _script(value: object) -> str:
    """JSON as the platform writes it into its pages: tags and slashes escaped too."""
    text = json.dumps(value)
    for character in "<>&'":
        text = text.replace(character, f"\\u{ord(character):04X}")
    return text.replace("/", "\\/")


def _detail(site: Site, row: Row) -> dict[str, object]:
    report = row.report
    content = site.body(row)
    if report and report.kind != "html":
        name = f"{row.title}.{report.kind}"
        address = site.file(row, _file_path(row))
        content += f'<p>附件：<a class="nfw-cms-attachment" href="{address}" alt="{name}">{name}</a></p>'
    return {
        "id": row.number,
        "title": row.title,
        "content": content,
        "source": report.organisation if report else site.portal.name,
        "attachment": [],
        "date": f"{row.date}",
        "updated": f"{row.date} 16:38:58",
    }
