"""Kaipu's lists (Heilongjiang, Hegang, Karamay, the securities commission): ``GET <path>/<channel>?page=N&_isJson=true``.

The path is ``/common/search/``, ``/search/`` or ``/searchList/``, the channel 32 hexadecimal digits, written in the page's
script or in its own address (``common_list.shtml?channelid=...``, whose script, a file, asks ``/searchList/``). The answer is
``data.results[]`` with ``title``, ``url`` and ``publishedTimeStr``, beside ``data.total``, ``data.rows`` and ``data.page``.
Pages are capped, at 20 rows on one site, whatever is asked for; ``publishedTime`` in milliseconds is eight hours off, so the
printed time counts.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from crawler.portals.families.rows import read_rows
from crawler.portals.families.scripted import (
    answer_page,
    entries_at,
    first_day,
    member,
    read_json,
    read_part,
    renumbered,
    row,
    shown_reports,
    total_in,
    whole,
)
from crawler.portals.markup import resolve
from crawler.portals.model import Link, ListPage, ListRequest, ListShapeError

NAME = "kaipu"
PAGE_SIZE = 15
_PATH = "/search"
"""In whatever way the address is written; looking for it takes a hundredth of the time."""
_HEX = r"[0-9a-fA-F]{32}"
_WRITTEN = re.compile(rf"(?P<path>(?:/[\w-]{{1,40}}){{0,3}}/search(?:List)?/){_HEX}(?:\?[^\s\"'<>]{{0,400}})?")
_JOINED = re.compile(r"""["'](?P<path>(?:/[\w-]{1,40}){0,3}/search(?:List)?/)["']\s*\+""")
_CHANNEL = re.compile(rf"""channel_?id["']?\s*[:=]\s*["'](?P<channel>{_HEX})["']""", re.IGNORECASE)
_MARKS = re.compile(r"_isJson|_isAgg")
_FIXED = {"_isAgg": "true", "_isJson": "true", "_template": "index", "_rangeTimeGte": "", "_channelName": ""}


class Kaipu:
    """Lists of Kaipu's search API."""

    name = NAME

    def detect(self, html: str, url: str) -> int:
        """Certain with the API's address and parameters in a script; possible with the channel in the page's own address."""
        if _endpoint(html, url) is None:
            return 88 if _MARKS.search(html) and _JOINED.search(html) else 0
        return 88 if _MARKS.search(html) else 45

    def parse_list(self, html: str, url: str) -> ListPage:
        """The request for the page's channel.

        Raises:
            ListShapeError: the API is named, and no channel.
        """
        endpoint = _endpoint(html, url)
        if endpoint is None:
            raise ListShapeError(NAME, url, "expected /search/<channel of 32 hexadecimal digits> in a script, found no channel")
        address = resolve(url, _with_page(endpoint, 1)) or url
        reading = read_rows(html, url)
        request = ListRequest(family=NAME, page_url=url, url=address)
        return ListPage(NAME, shown_reports(reading), sub_columns=reading.sub_columns, next_requests=(request,))

    def parse_answer(self, answer: str, request: ListRequest) -> ListPage:
        """Read ``data.results`` and ``data.total``."""
        data = read_json(answer, request)
        inner = member(data, "data")
        asked = dict(parse_qsl(urlsplit(request.url).query)).get("_pageSize")
        part = read_part(
            entries_at(data, "data.results", request),
            lambda entry: _row(entry, request.page_url),
            total=total_in(inner, data),
            size=whole(asked),
        )
        return answer_page(request, part, lambda number: renumbered(request, number, url=_with_page(request.url, number)))


def _row(entry: dict[str, object], page_url: str) -> Link | None:
    return row(page_url, entry.get("url"), entry.get("title"), first_day(entry, "publishedTimeStr", "publishedTime"))


def _endpoint(html: str, url: str) -> str | None:
    """The API's address for the page's channel, as far as the page gives it."""
    joined = None
    if _PATH in html:
        written = _WRITTEN.search(html)
        if written:
            return written.group(0).replace("&amp;", "&")
        joined = _JOINED.search(html)
        channel = _CHANNEL.search(html) if joined else None
        if joined and channel:
            return joined["path"] + channel["channel"]
    own = dict(parse_qsl(urlsplit(url).query)).get("channelid", "")
    if re.fullmatch(_HEX, own) and urlsplit(url).path.endswith(".shtml"):
        return (joined["path"] if joined else "/searchList/") + own
    return None


def _with_page(address: str, number: int) -> str:
    parts = urlsplit(address)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    size = query.get("_pageSize") or query.get("pageSize") or str(PAGE_SIZE)
    query = {**_FIXED, **query, "_pageSize": size, "_isJson": "true", "page": str(number)}
    return urlunsplit(parts._replace(query=urlencode(query), fragment=""))
