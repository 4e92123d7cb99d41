"""Hanweb JCMS: rows as CDATA records of a ``<datastore>``, inlined in the column page or served by dataproxy.jsp.

The column page carries the first group in ``<script type="text/xml">``; ``<nextgroup>`` holds the address of the next one.
Responses of dataproxy.jsp asked by record numbers (``startrecord``, ``endrecord``) carry no ``nextgroup``: the numbers go on
from the last record read, and groups may overlap by a record (seen on jiangsu.gov.cn), which costs nothing.
"""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from crawler.portals.families.base import MAX_PAGES, require_rows
from crawler.portals.families.literals import literal_around, members
from crawler.portals.families.rows import Reading, read_rows
from crawler.portals.markup import host_of, resolve
from crawler.portals.model import ListPage, ListRequest, ListShapeError

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "hanweb"
SIGNATURE = re.compile(r"<datastore>.{0,2000}?<(?:recordset|nextgroup|totalrecord)>", re.DOTALL | re.IGNORECASE)
_TOTAL = re.compile(r"<totalrecord>\s*(\d{1,7})\s*</totalrecord>|\btotalRecord\s*[:=]\s*['\"]?(\d{1,7})", re.IGNORECASE)
_PAGES = re.compile(r"<totalpage>\s*(\d{1,6})\s*</totalpage>|\btotalPage\s*[:=]\s*['\"]?(\d{1,6})", re.IGNORECASE)
_PROXY = re.compile(
    r"""\bproxyUrl["']?\s*[:=]\s*["'](?P<url>[^"'<>\s]{1,300}dataproxy\.jsp)(?:\?(?P<query>[^"'<>\s]{0,1500}))?["']"""
)
_PARAMETERS = ("col", "appid", "webid", "path", "columnid", "sourceContentType", "unitid", "webname", "permissiontype")
_GROUP = 100
"""Records a POST asks for: sites answer ranges of their own choosing, and cut those of more than some 300."""
_MAX_LITERALS = 50
_HREF = re.compile(r"""href\s*=\s*["']([^"']{1,1500})["']""", re.IGNORECASE)


class Hanweb:
    """Lists of Hanweb's jpage module."""

    name = NAME

    def detect(self, html: str, url: str) -> int:  # noqa: ARG002 - the protocol's signature
        """Certain with a ``<datastore>`` of records or the script that asks for one."""
        if SIGNATURE.search(html):
            return 93
        return 90 if _PROXY.search(html) else 0

    def parse_list(self, html: str, url: str) -> ListPage:
        """Read the records and where the next group is.

        Raises:
            ListShapeError: a datastore without records, or a script that does not say which column it asks for.
        """
        reading = _records(html, url)
        around = read_rows(_without_datastores(html), url)
        reading = replace(reading, text=reading.text or around.text, sub_columns=around.sub_columns)
        total = _number(_TOTAL, html)
        rows = len(reading.items)
        groups = tuple(_next_groups(html, url, total, rows))
        asked = _asked(html, url, total, rows) if not groups and "startrecord=" not in url else None
        if asked is None:
            require_rows(NAME, reading, declared=total, expected="<record> elements with a link each inside <datastore>")
        return ListPage(
            family=NAME,
            items=reading.items,
            next_pages=groups,
            sub_columns=reading.sub_columns,
            declared_total=total,
            declared_pages=_number(_PAGES, html),
            next_requests=(asked,) if asked else (),
        )

    def parse_answer(self, answer: str, request: ListRequest) -> ListPage:
        """Read a group asked for by POST, and ask for the one after the last record read.

        Raises:
            ListShapeError: no datastore, or none of the records that its total declares.
        """
        if "<datastore>" not in answer:
            raise ListShapeError(NAME, request.url, f"expected a <datastore> of records, found {answer[:80]!r}")
        reading = replace(_records(answer, request.page_url), url=request.url)
        total = _number(_TOTAL, answer)
        require_rows(NAME, reading, declared=total, expected="<record> elements with a link each inside <datastore>")
        following = _next_request(request, total, len(reading.items))
        is_cut = following is not None and following.number > MAX_PAGES
        return ListPage(
            family=NAME,
            items=reading.items,
            declared_total=total,
            declared_pages=_number(_PAGES, answer),
            next_requests=(following,) if following and not is_cut else (),
            shortfall=f"{request.url}: no more than {MAX_PAGES} groups of records are asked for" if is_cut else None,
        )


def _records(html: str, url: str) -> Reading:
    records = "\n".join(_sections(html, "record"))
    frame = "table" if records.lstrip()[:3].lower() == "<tr" else "ul"
    return read_rows(f"<html><body><{frame}>{records}</{frame}></body></html>", url)


def _asked(html: str, url: str, total: int | None, rows: int) -> ListRequest | None:
    """The POST for the records after those inlined; ``None`` where there are none or no script asks for any.

    Raises:
        ListShapeError: the script names neither column nor unit.
    """
    proxy = _PROXY.search(html)
    endpoint = resolve(url, proxy["url"]) if proxy else None
    if proxy is None or endpoint is None or host_of(endpoint) != host_of(url) or (total is not None and rows >= total):
        return None
    places = [proxy.start(), *(match.start() for match in islice(re.finditer(r"\b(?:columnid|unitid)\b", html), _MAX_LITERALS))]
    found = [members(literal_around(html, place)) for place in places]
    found.append(dict(parse_qsl(unescape(proxy["query"] or ""), keep_blank_values=True)))
    known: dict[str, str] = {}
    for source in found:
        known = source | known
    if not known.get("columnid") or not known.get("unitid"):
        raise ListShapeError(NAME, url, f"expected columnid and unitid beside proxyUrl, found {', '.join(sorted(known)[:12])}")
    body = urlencode({name: known[name] for name in _PARAMETERS if name in known})
    return _group(ListRequest(NAME, url, endpoint, body), 1 + rows, total, number=2 if rows else 1)


def _group(request: ListRequest, start: int, total: int | None, *, number: int) -> ListRequest:
    end = start + _GROUP - 1 if total is None else min(total, start + _GROUP - 1)
    address = request.url.partition("?")[0]
    query = urlencode({"startrecord": start, "endrecord": end, "perpage": _GROUP})
    return replace(request, url=f"{address}?{query}", number=number)


def _next_request(request: ListRequest, total: int | None, rows: int) -> ListRequest | None:
    query = dict(parse_qsl(urlsplit(request.url).query))
    start, end = int(query["startrecord"]), int(query["endrecord"])
    following = start + rows
    if rows and ((total is not None and following <= total) or (total is None and following > end)):
        return _group(request, following, total, number=request.number + 1)
    return None


def _number(pattern: re.Pattern[str], html: str) -> int | None:
    found = pattern.search(html)
    return int(next(group for group in found.groups() if group)) if found else None


def _sections(html: str, tag: str) -> Iterator[str]:
    """Contents of the ``tag`` elements, CDATA or escaped, in one pass."""
    opening, closing = f"<{tag}>", f"</{tag}>"
    done = 0
    while (start := html.find(opening, done)) >= 0 and (end := html.find(closing, start)) >= 0:
        content = html[start + len(opening) : end].strip()
        if content.startswith("<![CDATA["):
            yield content.removeprefix("<![CDATA[").removesuffix("]]>")
        else:
            yield unescape(content)
        done = end + len(closing)


def _without_datastores(html: str) -> str:
    pieces: list[str] = []
    done = 0
    while (start := html.find("<datastore>", done)) >= 0 and (end := html.find("</datastore>", start)) >= 0:
        pieces.append(html[done:start])
        done = end + len("</datastore>")
    return "".join([*pieces, html[done:]])


def _next_groups(html: str, url: str, total: int | None, rows: int) -> Iterator[str]:
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    start, end = query.get("startrecord", ""), query.get("endrecord", "")
    if re.fullmatch(r"\d{1,7}", start) and re.fullmatch(r"\d{1,7}", end):
        following = int(start) + rows
        if rows and total is not None and following <= total:
            size = max(1, int(end) - int(start) + 1)
            query |= {"startrecord": str(following), "endrecord": str(min(total, following + size - 1))}
            yield urlunsplit(parts._replace(query=urlencode(query)))
        return
    for section in _sections(html, "nextgroup"):
        for href in _HREF.findall(section):
            address = resolve(url, unescape(href))
            if address and address != url and host_of(address) == host_of(url):
                yield address
