"""Hanweb JCMS: rows as CDATA records of a ``<datastore>``, inlined in the column page or served by dataproxy.jsp.

The column page carries the first group in ``<script type="text/xml">``; ``<nextgroup>`` holds the address of the next one.
Responses of dataproxy.jsp asked by record numbers (``startrecord``, ``endrecord``) carry no ``nextgroup``: the numbers go on
from the last record read, and groups may overlap by a record (seen on jiangsu.gov.cn), which costs nothing.
"""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from crawler.portals.families.base import require_rows
from crawler.portals.families.rows import read_rows
from crawler.portals.markup import host_of, resolve
from crawler.portals.model import ListPage

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "hanweb"
SIGNATURE = re.compile(r"<datastore>.{0,2000}?<(?:recordset|nextgroup|totalrecord)>", re.DOTALL | re.IGNORECASE)
_TOTAL = re.compile(r"<totalrecord>\s*(\d{1,7})\s*</totalrecord>|\btotalRecord\s*[:=]\s*['\"]?(\d{1,7})", re.IGNORECASE)
_PAGES = re.compile(r"<totalpage>\s*(\d{1,6})\s*</totalpage>|\btotalPage\s*[:=]\s*['\"]?(\d{1,6})", re.IGNORECASE)
_HREF = re.compile(r"""href\s*=\s*["']([^"']{1,1500})["']""", re.IGNORECASE)


class Hanweb:
    """Lists of Hanweb's jpage module."""

    name = NAME

    def detect(self, html: str, url: str) -> int:  # noqa: ARG002 - the protocol's signature
        """Certain with a ``<datastore>`` of records."""
        return 93 if SIGNATURE.search(html) else 0

    def parse_list(self, html: str, url: str) -> ListPage:
        """Read the records and the address of the next group; a datastore without records raises ``ListShapeError``."""
        records = "\n".join(_sections(html, "record"))
        frame = "table" if records.lstrip()[:3].lower() == "<tr" else "ul"
        reading = read_rows(f"<html><body><{frame}>{records}</{frame}></body></html>", url)
        around = read_rows(_without_datastores(html), url)
        reading = replace(reading, text=reading.text or around.text, sub_columns=around.sub_columns)
        total = _number(_TOTAL, html)
        require_rows(NAME, reading, declared=total, expected="<record> elements with a link each inside <datastore>")
        return ListPage(
            family=NAME,
            items=reading.items,
            next_pages=tuple(_next_groups(html, url, total, len(reading.items))),
            sub_columns=reading.sub_columns,
            declared_total=total,
            declared_pages=_number(_PAGES, html),
        )


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
