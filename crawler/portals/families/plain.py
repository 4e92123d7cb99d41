"""Lists that link their own further pages (下一页, numbers), and, with none of those, any list: the reader of last resort."""

from __future__ import annotations

import re

from crawler.portals.families.base import declared_numbers, pager_links, require_rows
from crawler.portals.families.create_page import unwrap_lists
from crawler.portals.families.rows import read_rows
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
    total, pages = declared_numbers(reading.text)
    require_rows(family, reading, declared=total, expected="a repeating block of titled links")
    return ListPage(
        family=family,
        items=reading.items,
        next_pages=pager_links(reading),
        sub_columns=reading.sub_columns,
        declared_total=total,
        declared_pages=pages,
    )
