"""TRS WCM: static pages index.html, index_1.html ... counted from 0, the number of pages in a script.

Two ways of writing it: ``createPageHTML(5, 0, "index", "html")`` and ``var currentPage = 0; var countPage = 2``.
The number is of pages; TRS lists declare no total of items. A first page that calls itself 1 counts from 1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from crawler.portals.families.base import MAX_PAGES, cut_short, declared, numbered_page, page_number, require_rows
from crawler.portals.families.rows import read_rows
from crawler.portals.model import ListPage

NAME = "trs"
SIGNATURE = re.compile(
    r"""createPage(?:HTML|html)?\s*\(\s*["']?(?P<pages>\d{1,6})["']?\s*,\s*["']?(?P<current>\d{1,6})["']?\s*,\s*["'](?P<stem>[\w./-]*)["']\s*,"""
    r"""\s*["']\.?(?P<suffix>\w+)["']"""
)
_COUNT = re.compile(r"\bcountPage\s*=\s*[\"']?(\d{1,6})")
_CURRENT = re.compile(r"\bcurrentPage\s*=\s*[\"']?(\d{1,6})")
_STEM = re.compile(r"""["']([\w-]+)\\?["']?\s*\+\s*["']_["']|href=\\?["']([\w-]+)["']\s*\+\s*["']_["']""")
_SUFFIX = re.compile(r"""["']\.["']\s*\+\s*["'](s?html?)""")


@dataclass(frozen=True, slots=True)
class _Pager:
    pages: int
    current: int
    stem: str | None
    suffix: str | None


class TRS:
    """Lists of TRS WCM sites."""

    name = NAME

    def detect(self, html: str, url: str) -> int:  # noqa: ARG002 - the protocol's signature
        """Certain with either script; article addresses like t20230119_123.html alone say nothing about paging."""
        if SIGNATURE.search(html):
            return 90
        return 85 if _COUNT.search(html) and _CURRENT.search(html) else 0

    def parse_list(self, html: str, url: str) -> ListPage:
        """Read rows and the script's page count; the script without rows raises ``ListShapeError``."""
        reading = read_rows(html, url)
        pager = _pager(html)
        total, _ = declared(reading)
        require_rows(
            NAME,
            reading,
            declared=0 if pager and pager.pages == 0 else total,
            expected="rows linking to articles beside createPageHTML/countPage",
        )
        pages: list[str] = []
        if pager:
            counts_from_one = pager.current == 1 and page_number(url, first=0) == 0
            for number in range(pager.current + 1, min(pager.pages + counts_from_one, pager.current + MAX_PAGES)):
                address = numbered_page(url, number, stem=pager.stem, suffix=pager.suffix)
                if address:
                    pages.append(address)
        return ListPage(
            family=NAME,
            items=reading.items,
            next_pages=tuple(pages),
            sub_columns=reading.sub_columns,
            declared_total=total,
            declared_pages=pager.pages if pager else None,
            shortfall=cut_short(url, pager.pages) if pager else None,
        )


def _pager(html: str) -> _Pager | None:
    call = SIGNATURE.search(html)
    if call:
        return _Pager(int(call["pages"]), int(call["current"]), call["stem"].rpartition("/")[2] or None, call["suffix"])
    count, current = _COUNT.search(html), _CURRENT.search(html)
    if not count or not current:
        return None
    stem, suffix = _STEM.search(html), _SUFFIX.search(html)
    return _Pager(
        int(count.group(1)),
        int(current.group(1)),
        next((group for group in stem.groups() if group), None) if stem else None,
        suffix.group(1) if suffix else None,
    )
