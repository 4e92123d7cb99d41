"""The platform of Jiangxi (and of Guang'an, Yichun, the disease control agency): rows by ``POST /queryList``.

The page holds a handlebars template and ``var params = {current: 1, unitid: '380055', webSiteCode: ['..'], channelCode: ['..'],
perPage: '15', ...}; loadPageData(params, '380055')``. The script posts all of them as a form, arrays as ``name[]``, and
``pageSize`` beside ``perPage``. The answer is ``data.results[].source`` with ``title``, ``pubDate`` and ``urls``, itself JSON
in a string. Menus are templates too: their columns stand as JSON in scripts.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

from crawler.portals.families.rows import read_rows
from crawler.portals.families.scripted import (
    answer_page,
    entries_at,
    first_day,
    json_values,
    member,
    nodes,
    plain_text,
    read_json,
    read_part,
    renumbered,
    row,
    shown_reports,
    total_in,
    whole,
)
from crawler.portals.markup import base_of, parse_html, resolve
from crawler.portals.model import Link, ListPage, ListRequest, ListShapeError

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "querylist"
SIGNATURE = re.compile(r"\bloadPageData\s*\(\s*\w+\s*,|[\"'][\w/]{0,80}/queryList[\"']")
_PARAMETERS = re.compile(r"=\s*\{(?P<body>[^{}]{1,4000})\}")
_PAIR = re.compile(
    r"""(?P<name>[A-Za-z_]\w{0,60})["']?\s*:\s*(?P<value>\[[^\]]{0,2000}\]|'[^']{0,400}'|"[^"]{0,400}"|[\w.-]{1,80})"""
)
_QUOTED = re.compile(r"""'([^']{0,400})'|"([^"]{0,400})"|([A-Za-z_]\w{0,60}|\d{1,30})""")
_VARIABLE = re.compile(r"""\b(?P<name>[A-Za-z_]\w{0,60})\s*=\s*(['"])(?P<value>[\w-]{1,80})\2""")
_ENDPOINT = re.compile(r"""["'](?P<path>/[\w/]{0,80}queryList)["']""")
_COLUMN_TREE = re.compile(r"""[=(]\s{0,40}(?=\[?\s{0,40}\{\s{0,40}"code"\s{0,40}:)""")
_CHANNELS = ("channelCode", "channelId")
_MAX_UNITS = 8

Parameters = dict[str, "str | tuple[str, ...]"]


class QueryList:
    """Lists of the queryList platform."""

    name = NAME

    def detect(self, html: str, url: str) -> int:  # noqa: ARG002 - the protocol's signature
        """Certain where the page loads a channel's list, likely where it only calls the loader."""
        if not SIGNATURE.search(html):
            return 0
        return 94 if any(_units(html)) else 40

    def find_columns(self, html: str, url: str) -> tuple[Link, ...]:
        """Columns that the page's menus are drawn from; any name, for the caller to choose."""
        base = base_of(parse_html(html), url)
        found: dict[str, Link] = {}
        for tree in json_values(html, _COLUMN_TREE):
            for node in nodes(tree):
                name = plain_text(node.get("name")) or plain_text(node.get("showName"))
                address = resolve(base, _pc_address(node.get("urls")))
                if name and address:
                    found.setdefault(address, Link(address, name))
        return tuple(found.values())

    def parse_list(self, html: str, url: str) -> ListPage:
        """The request for each channel whose list the page loads.

        Raises:
            ListShapeError: the loader is there, and no site and channel for it.
        """
        units = list(_units(html))[:_MAX_UNITS]
        if not units:
            raise ListShapeError(
                NAME, url, "expected parameters with webSiteCode and channelCode or channelId for loadPageData, found none"
            )
        endpoint = _ENDPOINT.search(html)
        address = resolve(url, endpoint["path"] if endpoint else "/queryList") or url
        requests = (ListRequest(family=NAME, page_url=url, url=address, body=_form(unit, 1)) for unit in units)
        reading = read_rows(html, url)
        return ListPage(
            family=NAME,
            items=shown_reports(reading),
            sub_columns=reading.sub_columns,
            next_requests=tuple(dict.fromkeys(requests)),
        )

    def parse_answer(self, answer: str, request: ListRequest) -> ListPage:
        """Read ``data.results``; where no total is declared, page after page is asked for until one is empty."""
        data = read_json(answer, request)
        results = entries_at(data, "data.results", request)
        form = parse_qsl(request.body or "", keep_blank_values=True)
        size = next((whole(value) for name, value in form if name == "pageSize"), None)
        part = read_part(
            results,
            lambda entry: _row(entry, request.page_url),
            total=total_in(member(data, "data"), data),
            size=size,
        )
        return answer_page(request, part, lambda number: renumbered(request, number, body=_with_page(form, number)))


def _row(entry: dict[str, object], page_url: str) -> Link | None:
    inner = entry.get("source")
    source = inner if isinstance(inner, dict) else entry
    date = first_day(source, "pubDate", "releaseTime", "createDate")
    title = source.get("title") or source.get("showTitle")
    return row(page_url, _pc_address(source.get("urls")) or source.get("pcUrl") or source.get("url"), title, date)


def _pc_address(urls: object) -> str:
    """The desktop address in ``urls``, which is JSON in a string; empty where there is none."""
    if isinstance(urls, str) and urls.lstrip().startswith("{"):
        try:
            urls = json.loads(urls, strict=False)
        except (ValueError, RecursionError):
            return ""
    found = urls.get("pc") if isinstance(urls, dict) else urls
    return found if isinstance(found, str) else ""


def _units(html: str) -> Iterator[Parameters]:
    """Parameters of every list that the page loads, in page order."""
    variables = {match["name"]: match["value"] for match in _VARIABLE.finditer(html)}
    for match in _PARAMETERS.finditer(html):
        if "webSiteCode" not in match["body"]:
            continue
        unit: Parameters = {}
        for pair in _PAIR.finditer(_without_comments(match["body"])):
            unit.setdefault(pair["name"], _value(pair["value"], variables))
        if unit.get("webSiteCode") and any(unit.get(name) for name in _CHANNELS):
            yield unit


def _without_comments(script: str) -> str:
    return re.sub(r"(?m)(?:^|[\s,])//.*$", " ", script)


def _value(text: str, variables: dict[str, str]) -> str | tuple[str, ...]:
    if text.startswith("["):
        texts = (_word(match, variables) for match in _QUOTED.finditer(text))
        return tuple(found for found in texts if found)
    match = _QUOTED.match(text)
    return _word(match, variables) if match else text


def _word(match: re.Match[str], variables: dict[str, str]) -> str:
    single, double, bare = match.groups()
    return single or double or (variables.get(bare, bare) if bare else "")


def _form(unit: Parameters, number: int) -> str:
    pairs: list[tuple[str, str]] = []
    for name, value in unit.items():
        if name == "current":
            continue
        pairs += [(f"{name}[]", one) for one in value] if isinstance(value, tuple) else [(name, value)]
    size = unit.get("pageSize") or unit.get("perPage") or "15"
    if "pageSize" not in unit:
        pairs.append(("pageSize", size if isinstance(size, str) else size[0]))
    return urlencode([("current", str(number)), *pairs])


def _with_page(form: list[tuple[str, str]], number: int) -> str:
    return urlencode([(name, str(number) if name == "current" else value) for name, value in form])
