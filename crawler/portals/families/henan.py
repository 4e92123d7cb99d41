"""The platform of Henan's province, departments, cities and counties: ``#pageDec`` and pages index.html, index_1.html ...

Seen on www.henan.gov.cn, fgw, gxt, hct, sthjt, ly, tongbai, wolong, jxq. The pager is drawn by a script from another host,
so the page holds no pager links: only ``<div id="pageDec" pagesize="24" pagecount="51">``. ``pagecount`` counts items on
some sites and pages on others; ``paging`` decides from the rows that stand on the page.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from itertools import islice

from crawler.portals.families.base import MAX_PAGES, numbered_page, page_number, require_rows
from crawler.portals.families.rows import Reading, read_rows
from crawler.portals.model import ListPage

NAME = "henan"
SIGNATURE = re.compile(r"""<\w+[^>]{0,400}\bid\s*=\s*["']?pageDec\b[^>]{0,400}>""", re.IGNORECASE)
_NAME_OF_IT = re.compile(r"""\bid\s*=\s*["']?pageDec\b""", re.IGNORECASE)
_AROUND = 1_000
"""Characters before and after the name in which its tag is looked for: longer than what ``SIGNATURE`` takes."""
_MAX_NAMED = 20
_ATTRIBUTE = r"""\b{}\s*=\s*["']?\s*(\d{{1,6}})"""


def _pager_tag(html: str) -> re.Match[str] | None:
    """Where the name stands: trying every tag takes seconds where a page is all opening brackets."""
    named = islice(_NAME_OF_IT.finditer(html), _MAX_NAMED)
    tags = (SIGNATURE.search(html, max(name.start() - _AROUND, 0), name.end() + _AROUND) for name in named)
    return next(filter(None, tags), None)


@dataclass(frozen=True, slots=True)
class Paging:
    """What ``pagecount`` turned out to mean: exactly one of ``items`` and ``pages`` is set once the rows decide it."""

    items: int | None
    pages: int | None
    further: tuple[int, ...]
    """0-based numbers of the pages still to visit after this one."""


def paging(size: int | None, count: int | None, page: int, rows: int) -> Paging:
    """Decide what ``pagecount`` counts.

    Args:
        size: ``pagesize``, rows a full page holds.
        count: ``pagecount``, items or pages.
        page: 0-based number of this page.
        rows: rows read from this page.

    Read one page at a time while undecided: both readings agree that the next page exists. Full pages that end exactly at
    the count leave it open, so one page more is asked for, which may not exist. If the count can be neither
    (rows were lost on the way), it is kept as the total, so that the gap shows.
    """
    if count is None:
        return Paging(None, None, ())
    if count == 0:
        return Paging(0, 0, ())
    if not size:
        return Paging(None, None, (page + 1,) if rows and page + 1 < count else ())
    through = page * size + rows
    more_pages = tuple(range(page + 1, min(count, page + MAX_PAGES)))
    if through > count:
        is_single_page = count == 1 and page == 0
        return Paging(None, count, () if is_single_page else more_pages)
    if rows >= size:
        if through == count:
            return Paging(count, None, (page + 1,) if count > page + 1 else ())
        return Paging(None, None, (page + 1,))
    if through == count:
        return Paging(count, math.ceil(count / size), ())
    if page + 1 == count:
        return Paging(None, count, ())
    return Paging(count, None, (page + 1,) if through < count and rows else ())


class Henan:
    """Lists of the Henan platform."""

    name = NAME

    def detect(self, html: str, url: str) -> int:  # noqa: ARG002 - the protocol's signature
        """Certain where ``#pageDec`` stands with a page count; likely where the platform's script host is named beside it."""
        tag = _pager_tag(html)
        if not tag:
            return 0
        return 95 if "pagecount" in tag.group(0).lower() else 60

    def parse_list(self, html: str, url: str) -> ListPage:
        """Read rows and paging; a ``#pageDec`` page without rows raises ``ListShapeError`` unless it declares none."""
        reading = read_rows(html, url)
        size, count = _declared(html)
        require_rows(NAME, reading, declared=count, expected="rows such as ul > li > a with a date beside #pageDec")
        page = page_number(url, first=0)
        found = paging(size, count, page, reading.row_count)
        return ListPage(
            family=NAME,
            items=reading.items,
            next_pages=_pages(reading, found.further),
            sub_columns=reading.sub_columns,
            declared_total=found.items,
            declared_pages=found.pages,
        )


def _pages(reading: Reading, numbers: tuple[int, ...]) -> tuple[str, ...]:
    addresses = (numbered_page(reading.url, number) for number in numbers)
    return tuple(address for address in addresses if address)


def _declared(html: str) -> tuple[int | None, int | None]:
    tag = _pager_tag(html)

    def attribute(name: str) -> int | None:
        found = re.search(_ATTRIBUTE.format(name), tag.group(0), re.IGNORECASE) if tag else None
        return int(found.group(1)) if found else None

    return attribute("pagesize"), attribute("pagecount")
