"""Lists whose pages' addresses differ in one number only: ``/1.html``, ``?page=N``, ``column-index-N.shtml``, ``page_N.html``.

Seen at 延安, in Yunnan (ASPX) and Chengdu. The pager links some of its pages; the others, up to the declared number of pages,
have the address of a linked one with their own number in it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from crawler.portals.families.base import MAX_PAGES, cut_short, declared, pager_links, require_rows
from crawler.portals.families.create_page import unwrap_lists
from crawler.portals.families.plain import Plain
from crawler.portals.families.rows import Reading, read_rows
from crawler.portals.markup import MAX_LINK_TEXT, squeeze, text_of
from crawler.portals.model import ListPage

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "numbered"
_BY_PATH = r"(?:[\w./:-]{0,300}/)?(?:\w{1,40}-index-|column-|page[_-])?(?P<path>[0-9]{1,4})\.(?:s?html?|jspx?)"
_BY_QUERY = (
    r"""[^"'<>\s]{0,300}[?&](?:page|pageindex|pageno|pagenum|pagenumber|curpage|currpage|cpage|p)=(?P<query>[0-9]{1,4})"""
    r"""(?:&[^"'<>\s]{0,300})?"""
)
SIGNATURE = re.compile(rf"""<a\b[^<>]{{0,600}}?\bhref\s*=\s*["'](?:{_BY_PATH}|{_BY_QUERY})["']""", re.IGNORECASE)
_ADDRESS = re.compile(f"(?:{_BY_PATH}|{_BY_QUERY})", re.IGNORECASE)
_ROW_NUMBER = re.compile(r"^\[?(\d{1,4})\]?$")
_NEXT = re.compile(r"^(?:下一?页|后一?页|next|[>›»])$", re.IGNORECASE)


class Numbered:
    """Lists with a number in their pages' addresses and nowhere else."""

    name = NAME

    def detect(self, html: str, url: str) -> int:  # noqa: ARG002 - the protocol's signature
        """Likelier than a plain pager where links carry such a number and the pager's words stand beside them."""
        return 56 if re.search(r"下一?页|后一?页|尾\s*页|末\s*页|共\s*\d+\s*页", html) and SIGNATURE.search(html) else 0

    def parse_list(self, html: str, url: str) -> ListPage:
        """Read rows and every page up to the declared number; without one, or without a pattern, read it as a plain list.

        Raises:
            ListShapeError: no rows and no note of an empty list.
        """
        reading = read_rows(unwrap_lists(html), url)
        total, pages = declared(reading)
        filled = _filled(reading, pages) if pages is not None else None
        if filled is None:
            return Plain().parse_list(html, url)
        require_rows(NAME, reading, declared=total, expected="a repeating block of titled links beside a numbered pager")
        return ListPage(
            NAME,
            reading.items,
            tuple(dict.fromkeys([*filled, *pager_links(reading)]))[:MAX_PAGES],
            reading.sub_columns,
            declared_total=total,
            declared_pages=pages,
            shortfall=cut_short(url, pages),
        )


def _filled(reading: Reading, pages: int) -> tuple[str, ...] | None:
    """Addresses of pages 2 to ``pages`` by the pattern of one whose label and number are both known; ``None`` without one."""
    for label, address in _labelled(reading):
        match = _ADDRESS.fullmatch(address)
        if match is None:
            continue
        group = "path" if match["path"] else "query"
        number = int(match[group])
        offset = number - label
        if offset not in {0, -1}:
            continue
        start, end = match.span(group)
        numbers = (count + offset for count in range(2, min(pages, MAX_PAGES) + 1))
        found = (f"{address[:start]}{count}{address[end:]}" for count in numbers)
        return tuple(page for page in found if page != reading.url)
    return None


def _labelled(reading: Reading) -> Iterator[tuple[int, str]]:
    """Pager links whose text says which page they lead to; numbers below pictures are not among a pager's links."""
    pager = frozenset(pager_links(reading))
    here = _ADDRESS.fullmatch(reading.url)
    current = 1 if here is None or urlsplit(reading.url).path.endswith("/") else int(here["path"] or here["query"] or 1)
    shown = [(squeeze(text_of(row.anchor, MAX_LINK_TEXT)), row.link.url) for row in reading.links if row.link.url in pager]
    yield from ((int(label.group(1)), address) for text, address in shown if (label := _ROW_NUMBER.match(text)))
    yield from ((current + 1, address) for text, address in shown if _NEXT.match(text))
