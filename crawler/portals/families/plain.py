"""Lists that link their own further pages (下一页, numbers), and, with none of those, any list: the reader of last resort."""

from __future__ import annotations

import re

from crawler.portals.families.base import declared, pager_links, require_rows
from crawler.portals.families.create_page import unwrap_lists
from crawler.portals.families.rows import Reading, read_rows
from crawler.portals.families.script_pager import script_pager
from crawler.portals.model import ListPage

SIGNATURE = re.compile(
    r"<a\b[^>]{0,2000}>(?:\s|&nbsp;|<[^a/][^>]{0,200}>){0,40}?(?:下一?页|尾\s*页|末\s*页|最后一页)", re.IGNORECASE
)


class Plain:
    """Lists whose pager is made of ordinary links: NFCMS, VSB (which counts pages down) and hand-made ones."""

    name = "plain"

    def detect(self, html: str, url: str) -> int:  # noqa: ARG002 - the protocol's signature
        """Likely where a link says 下一页 or 尾页."""
        return 50 if SIGNATURE.search(html) else 0

    def parse_list(self, html: str, url: str) -> ListPage:
        """Read rows and pager links."""
        return _read(self.name, html, url)


class Generic:
    """Any page with a repeating block of titled links; what it reads is right or refused, but pages may be missing."""

    name = "generic"

    def detect(self, html: str, url: str) -> int:  # noqa: ARG002 - the protocol's signature
        """Every page, with the least certainty."""
        return 1

    def parse_list(self, html: str, url: str) -> ListPage:
        """Read rows and whatever pager links there are."""
        return _read(self.name, html, url)


def _read(family: str, html: str, url: str) -> ListPage:
    reading = read_rows(unwrap_lists(html), url)
    total, pages = declared(reading)
    pages = pages or _fraction(reading)
    require_rows(family, reading, declared=total, expected="a repeating block of titled links")
    called = script_pager(reading, pages)
    further = tuple(dict.fromkeys([*pager_links(reading), *called.pages]))
    return ListPage(
        family=family,
        items=reading.items,
        next_pages=further,
        sub_columns=reading.sub_columns,
        declared_total=total,
        declared_pages=pages,
        shortfall=None if further else _unreachable(reading, total, pages, called.unread),
    )


_LATER_ADDRESS = re.compile(r"(?:_|/|-|[?&]\w*page\w*=|[?&]p=)(?:[2-9]|[1-9]\d{1,3})(?:\.\w{2,5})?(?:&|$)", re.IGNORECASE)
_LATER_WORDS = re.compile(r"第\s*(?:[2-9]|[1-9]\d{1,3})\s*(?:页\s*)?/")


def _unreachable(reading: Reading, total: int | None, pages: int | None, call: str | None) -> str | None:
    """Why the further pages that a first page declares cannot be asked for."""
    if _LATER_ADDRESS.search(reading.url) or _LATER_WORDS.search(reading.text) or (pages is not None and pages <= 1):
        return None
    if pages is None and (call is None or (total is not None and total <= reading.row_count)):
        return None
    declared = f"{pages} pages are declared" if pages is not None else "there are further pages"
    led = f"its pager calls {call}, whose address the page does not tell" if call else "nothing on the page leads to them"
    return f"{reading.url}: {declared}, and {led}; only the first was read"


_PAGER_NAME = re.compile(r"\bp_t\b|pag|fenye|turn", re.IGNORECASE)


def _fraction(reading: Reading) -> int | None:
    """Pages from a bare "1/11", which elsewhere than in a pager may be a date or a score."""
    for element in reading.root.iter("span", "em", "b", "i", "label", "div", "li", "td"):
        if len(element) == 0 and element.text:
            match = re.fullmatch(r"\s*\d{1,4}\s*/\s*(\d{1,4})\s*", element.text)
            parent = element.getparent()
            boxes = [element] if parent is None else [element, parent]
            names = " ".join(f"{box.get('class') or ''} {box.get('id') or ''}" for box in boxes)
            if match and _PAGER_NAME.search(names):
                return int(match.group(1))
    return None
