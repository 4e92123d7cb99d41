"""NFCMS, Guangdong's static lists: index.html, index_2.html (page 2, counted from 1) ... with real links in ``#page_div``.

Only the first few pages and the last one are linked; the address of the last one tells how many there are. Articles are
``content/post_<id>.html``. The pages declare no total of items.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from crawler.portals.families.base import MAX_PAGES, declared, numbered_page, page_number, pager_links, require_rows
from crawler.portals.families.rows import read_rows
from crawler.portals.model import ListPage

NAME = "nfcms"
SIGNATURE = re.compile(r"""NFCMS_PUB_TYPE\s*=\s*["']cat["']""")
_ARTICLE = re.compile(r"/content/m?post_\d+\.html", re.IGNORECASE)
_PAGER = re.compile(r"""\bid\s*=\s*["']page_div["']""")


class NFCMS:
    """Lists of NFCMS."""

    name = NAME

    def detect(self, html: str, url: str) -> int:  # noqa: ARG002 - the protocol's signature
        """Certain where the page calls itself a category of NFCMS; likely with its pager and its articles' addresses."""
        if SIGNATURE.search(html):
            return 91
        return 80 if _PAGER.search(html) and _ARTICLE.search(html) else 0

    def parse_list(self, html: str, url: str) -> ListPage:
        """Read rows, and every page up to the last that the pager links; no rows raise ``ListShapeError``."""
        reading = read_rows(html, url)
        total, pages = declared(reading)
        require_rows(NAME, reading, declared=total, expected="rows linking to content/post_<id>.html")
        linked = pager_links(reading)
        current = page_number(url, first=1)
        last = max((page_number(link, first=1) for link in linked if _is_numbered(link, url)), default=current)
        last = max(last, pages or 1)
        between = (numbered_page(url, number) for number in range(current + 1, min(last, current + MAX_PAGES) + 1))
        return ListPage(
            family=NAME,
            items=reading.items,
            next_pages=tuple(dict.fromkeys(page for page in (*between, *linked) if page))[:MAX_PAGES],
            sub_columns=reading.sub_columns,
            declared_total=total,
            declared_pages=last,
            shortfall=f"{url}: {last} pages are declared, {MAX_PAGES} are asked for" if last - current > MAX_PAGES else None,
        )


def _is_numbered(link: str, url: str) -> bool:
    """Whether ``link`` is ``index_<number>.html`` beside ``url``; other addresses are followed as they are linked."""
    here, there = urlsplit(url).path, urlsplit(link).path
    return here.rpartition("/")[0] == there.rpartition("/")[0] and bool(
        re.fullmatch(r"index_\d{1,4}\.html", there.rpartition("/")[2])
    )
