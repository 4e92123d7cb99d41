"""``/XxgkContent/showList/<column>/<part>/page_N.html``, pages counted from 1; reports at ``/XxgkAnnualReport/show/<id>.html``.

Seen in Anhui (亳州 with its counties, 宣城). Rows are ``section.m-tglist ul li`` or ``td.bt > a`` with the date in ``td.cwrq``.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit, urlunsplit

from crawler.portals.families.base import MAX_PAGES, cut_short, declared, pager_links, require_rows
from crawler.portals.families.rows import read_rows
from crawler.portals.model import ListPage

NAME = "show_list"
_PATH = re.compile(r"/(?:\w+/)?showList/[\w/]+?/page_(?P<number>\d{1,5})\.html$", re.IGNORECASE)


class ShowList:
    """Lists whose pages are called ``page_N.html`` below ``showList``."""

    name = NAME

    def detect(self, html: str, url: str) -> int:  # noqa: ARG002 - the protocol's signature
        """Certain by the address."""
        return 87 if _PATH.search(urlsplit(url).path) else 0

    def parse_list(self, html: str, url: str) -> ListPage:
        """Read the rows; pages come from the declared number, else from the pager's own links.

        Raises:
            ListShapeError: no rows and no note of an empty list.
        """
        reading = read_rows(html, url)
        total, pages = declared(reading)
        require_rows(NAME, reading, declared=total, expected="rows of li > a or td.bt > a below showList")
        here = _PATH.search(urlsplit(url).path)
        linked = pager_links(reading)
        numbers = [int(found["number"]) for link in linked if (found := _PATH.search(urlsplit(link).path))]
        last = max([pages or 0, *numbers])
        if here is None:
            further = linked
        else:
            current = int(here["number"])
            further = tuple(_page(url, number) for number in range(current + 1, min(last, current + MAX_PAGES) + 1))
        return ListPage(
            NAME,
            reading.items,
            further,
            reading.sub_columns,
            declared_total=total,
            declared_pages=pages,
            shortfall=cut_short(url, last),
        )


def _page(url: str, number: int) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=re.sub(r"page_\d+\.html$", f"page_{number}.html", parts.path, flags=re.IGNORECASE)))
