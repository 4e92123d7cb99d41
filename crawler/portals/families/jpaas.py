"""JPaaS, Hanweb's newer platform (Zhejiang, Shandong, ministries): parts of a page built by ``/front/page/build/unit``.

The page holds ``<script src=".../unitbuild.js" url="/api-gateway/jpaas-publish-server/front/page/build/unit"
queryData="{'webId':'..','tplSetId':'..','pageType':'column','tagId':'信息列表','pageId':'..','parseType':'bulidstatic'}">``
(the platform's own spelling). A GET with these answers ``{"success": true, "data": {"html": "<ul>..</ul>"}}``; further pages
are asked for by ``paramJson={"pageNo":2,"pageSize":15}``, and the pager inside carries
``queryData="{'rows':'15','count':'31','pageNo':'1'}"``. A page may have several such parts: headers, menus, and the list.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from crawler.portals.families.base import declared_numbers
from crawler.portals.families.rows import read_rows
from crawler.portals.families.scripted import (
    Part,
    answer_page,
    member,
    read_json,
    renumbered,
    shape_error,
    shown_reports,
    whole,
)
from crawler.portals.markup import parse_html, resolve
from crawler.portals.model import ListPage, ListRequest, ListShapeError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawler.portals.markup import Element

NAME = "jpaas"
BUILD_UNIT = "/front/page/build/unit"
SIGNATURE = re.compile(r"jpaas-publish-server[\w/-]{0,60}/page/build/unit|\bunitbuild\.js", re.IGNORECASE)
_PAIR = re.compile(
    r"""["']?(?P<name>[A-Za-z]\w{0,60})["']?\s*:\s*(?:'(?P<single>[^']{0,600})'|"(?P<double>[^"]{0,600})"|(?P<bare>[\w.-]{1,80}))"""
)
_CALL = re.compile(
    r"""["']?(?P<name>webId|pageId|tplSetId|tagId|pageType|parseType)["']?\s*[:=]\s*["'](?P<value>[^"'{}]{1,200})["']"""
)
_LIST = re.compile(r"列表|list|分页|信息|内容|栏目", re.IGNORECASE)
_FURNITURE = re.compile(
    r"导航|页头|页脚|头部|底部|菜单|位置|面包屑|链接|轮播|搜索|登录|访问|统计|head|foot|nav|menu|search|banner|logo",
    re.IGNORECASE,
)
_NEEDED = ("webId", "pageId", "tplSetId")
_DEFAULT = "/api-gateway/jpaas-publish-server/front/page/build/unit"
_MAX_UNITS = 4
_COUNT_ATTRIBUTE = re.compile(r"""\b(?:count|totalCount|total)\s*=\s*["']?(\d{1,7})\b""")
PAGE_SIZE = 15


class JPaaS:
    """Lists that JPaaS builds on demand."""

    name = NAME

    def detect(self, html: str, url: str) -> int:
        """Certain where a part of the page that may be a list is to be built; a menu alone says nothing about the list."""
        return 89 if SIGNATURE.search(html) and _units(html, url) else 0

    def parse_list(self, html: str, url: str) -> ListPage:
        """The request for the part named as a list; where none is, for all that are no furniture by their names.

        Raises:
            ListShapeError: the builder is named, and nothing to build.
        """
        units = _units(html, url)
        if not units:
            raise ListShapeError(NAME, url, f"expected {', '.join(_NEEDED)} in queryData beside unitbuild.js, found none")
        reading = read_rows(html, url)
        requests = tuple(ListRequest(family=NAME, page_url=url, url=_address(endpoint, query)) for endpoint, query in units)
        return ListPage(NAME, shown_reports(reading), sub_columns=reading.sub_columns, next_requests=requests)

    def parse_answer(self, answer: str, request: ListRequest) -> ListPage:
        """Read the rows of ``data.html`` and what its pager declares; without one, page after page until no row comes."""
        data = read_json(answer, request)
        inner = member(data, "data")
        html = inner if isinstance(inner, str) else member(inner, "html")
        if member(data, "success") is False or not isinstance(html, str):
            raise shape_error(request, f"expected success and data.html, found {answer[:120]!r}")
        reading = read_rows(f"<html><body>{html}</body></html>", request.page_url)
        asked = _asked_size(request.url)
        total, size = _pager(reading.root, html, reading.text)
        if not reading.items and request.number == 1 and total != 0 and not reading.is_empty_list and not reading.sub_columns:
            raise shape_error(
                request, f"expected rows in data.html of {_unit_name(request.url)}, found none in {len(html)} characters"
            )
        part = Part(len(reading.items), reading.items, 0, total, size or asked)
        page = answer_page(
            request,
            part,
            lambda number: renumbered(
                request, number, url=_paged(request.url, number, size or asked or len(reading.items) or PAGE_SIZE)
            ),
        )
        return replace(page, sub_columns=reading.sub_columns)


def _units(html: str, url: str) -> list[tuple[str, dict[str, str]]]:
    """Endpoint and query of the parts to ask for."""
    found = list(_declared_units(parse_html(html), url))
    if not found and BUILD_UNIT in html:
        query: dict[str, str] = {}
        for match in _CALL.finditer(html):
            query.setdefault(match["name"], match["value"])
        endpoint = resolve(url, _DEFAULT)
        if endpoint and all(query.get(name) for name in (*_NEEDED, "tagId")):
            found = [(endpoint, {"parseType": "bulidstatic", "pageType": "column", **query})]
    columns = [unit for unit in found if unit[1].get("pageType", "column") == "column"]
    usable = [unit for unit in columns if not _FURNITURE.search(unit[1].get("tagId", ""))]
    lists = [unit for unit in usable if _LIST.search(unit[1].get("tagId", ""))]
    return (lists or usable)[:_MAX_UNITS]


def _declared_units(root: Element, url: str) -> Iterator[tuple[str, dict[str, str]]]:
    for script in root.iter("script"):
        query = _pairs(script.get("querydata") or "")
        endpoint = resolve(url, script.get("url") or "")
        if endpoint and all(query.get(name) for name in _NEEDED):
            yield endpoint, query


def _pairs(text: str) -> dict[str, str]:
    """``{'webId':'..','pageNo':1}``, in whichever quotes."""
    return {match["name"]: match["single"] or match["double"] or match["bare"] or "" for match in _PAIR.finditer(text)}


def _address(endpoint: str, query: dict[str, str]) -> str:
    parts = urlsplit(endpoint)
    return urlunsplit(parts._replace(query=urlencode({**dict(parse_qsl(parts.query)), **query}), fragment=""))


def _paged(url: str, number: int, size: int) -> str:
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    query["paramJson"] = json.dumps({"pageNo": number, "pageSize": size}, separators=(",", ":"))
    return urlunsplit(parts._replace(query=urlencode(query)))


def _asked_size(url: str) -> int | None:
    given = dict(parse_qsl(urlsplit(url).query)).get("paramJson", "")
    size = re.search(r"""["']pageSize["']\s*:\s*["']?(\d{1,4})""", given)
    return int(size.group(1)) if size else None


def _unit_name(url: str) -> str:
    return repr(dict(parse_qsl(urlsplit(url).query)).get("tagId", "the unit"))


def _pager(root: Element, html: str, text: str) -> tuple[int | None, int | None]:
    """Rows that the list declares, and rows on a full page."""
    for element in root.iter():
        given = _pairs(element.get("querydata") or "") if isinstance(element.tag, str) else {}
        if "count" in given:
            return whole(given["count"]), whole(given.get("rows") or given.get("pageSize")) or None
    attribute = _COUNT_ATTRIBUTE.search(html)
    if attribute:
        return int(attribute.group(1)), None
    return declared_numbers(text)[0], None
