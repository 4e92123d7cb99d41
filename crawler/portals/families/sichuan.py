"""Sichuan's file lists: ``POST /cms-<site>/qryZFWJListByConditionsNew`` with JSON, the channel's id in the page.

``{"keyWord": "", "wh": "", "fwzh": "", "pageSize": 10, "pageNum": 1, "channelId": ["<32 hex>"]}`` is answered by
``results[]`` with ``url``, ``title`` and ``publishedTime``. Several channels may be asked for at once; the tabs of a page are
such channels (``<li channelid="...">``).
"""

from __future__ import annotations

import json
import re

from crawler.portals.families.rows import read_rows
from crawler.portals.families.scripted import (
    answer_page,
    entries_at,
    first_day,
    member,
    names_report_column,
    read_json,
    read_part,
    renumbered,
    row,
    shown_reports,
    total_in,
    whole,
)
from crawler.portals.markup import parse_html, resolve, text_of
from crawler.portals.model import JSON_ENCODED, Link, ListPage, ListRequest, ListShapeError

NAME = "sichuan"
SIGNATURE = re.compile(r"(?P<path>/?cms-[\w-]{1,40}/qryZFWJListByConditions\w{0,20})")
PAGE_SIZE = 15
_CHANNEL = re.compile(r"[0-9a-f]{32}", re.IGNORECASE)
_SCRIPT_CHANNELS = re.compile(
    r"""channel_?ids?["']?\s*[:=]\s*(?P<value>\[[^\]]{0,2000}\]|["'][^"']{0,80}["'])""", re.IGNORECASE
)


class Sichuan:
    """Lists of Sichuan's platform."""

    name = NAME

    def detect(self, html: str, url: str) -> int:  # noqa: ARG002 - the protocol's signature
        """Certain where the page names the API."""
        return 94 if SIGNATURE.search(html) else 0

    def parse_list(self, html: str, url: str) -> ListPage:
        """The request for the page's channels: those named for reports where there are such, else all.

        Raises:
            ListShapeError: the API is named, and no channel.
        """
        endpoint = SIGNATURE.search(html)
        channels = _channels(html)
        if endpoint is None or not channels:
            raise ListShapeError(
                NAME, url, "expected a channelId of 32 hexadecimal digits beside qryZFWJListByConditions, found none"
            )
        address = resolve(url, "/" + endpoint["path"].lstrip("/")) or url
        body = {"keyWord": "", "wh": "", "fwzh": "", "pageSize": PAGE_SIZE, "pageNum": 1, "channelId": list(channels)}
        reading = read_rows(html, url)
        request = ListRequest(NAME, url, address, json.dumps(body, ensure_ascii=False), JSON_ENCODED)
        return ListPage(NAME, shown_reports(reading), sub_columns=reading.sub_columns, next_requests=(request,))

    def parse_answer(self, answer: str, request: ListRequest) -> ListPage:
        """Read ``results``; where no total is declared, page after page is asked for until one is empty."""
        data = read_json(answer, request)
        body = json.loads(request.body or "{}")
        path = "results" if member(data, "results") is not None or member(data, "data.results") is None else "data.results"
        part = read_part(
            entries_at(data, path, request),
            lambda entry: _row(entry, request.page_url),
            total=total_in(data, member(data, "data")),
            size=whole(member(body, "pageSize")),
        )
        return answer_page(
            request,
            part,
            lambda number: renumbered(request, number, body=json.dumps(body | {"pageNum": number}, ensure_ascii=False)),
        )


def _row(entry: dict[str, object], page_url: str) -> Link | None:
    return row(page_url, entry.get("url"), entry.get("title"), first_day(entry, "publishedTimeStr", "publishedTime", "pubDate"))


def _channels(html: str) -> tuple[str, ...]:
    named: dict[str, str] = {}
    for element in parse_html(html).iter("li", "a", "div", "ul", "span", "input"):
        given = element.get("channelid") or element.get("data-channelid") or ""
        if _CHANNEL.fullmatch(given):
            named.setdefault(given, text_of(element, 500))
    reports = [channel for channel, name in named.items() if names_report_column(name)]
    written = [channel for match in _SCRIPT_CHANNELS.finditer(html) for channel in _CHANNEL.findall(match["value"])]
    return tuple(dict.fromkeys(reports or [*named, *written]))
