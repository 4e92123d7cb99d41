"""Sites whose pager is ``createPageHTML('page_div', PAGES, 1, 'list', 'shtml', ROWS)``: pages counted from 1, list_2.shtml.

Seen on csrc, Gansu, Kunshan, Shaoyang, Changsha. Gansu ships the rows inside an HTML comment which a script unwraps. A call
that gives 0 as the current page counts from 0, as TRS does: list_1.shtml is its second page.
"""

from __future__ import annotations

import re

from crawler.portals.families.base import MAX_PAGES, cut_short, numbered_page, require_rows
from crawler.portals.families.rows import read_rows
from crawler.portals.model import ListPage

NAME = "create_page"
SIGNATURE = re.compile(
    r"""createPageHTML\s*\(\s*["'][\w-]+["']\s*,\s*["']?(?P<pages>\d{1,6})["']?\s*,\s*["']?(?P<current>\d{1,6})["']?\s*,"""
    r"""\s*["'](?P<stem>[\w./-]+)["']\s*,\s*["']\.?(?P<suffix>\w+)["']\s*(?:,\s*["']?(?P<rows>\d{1,7})["']?)?"""
)


class CreatePage:
    """Lists paged by a six-argument ``createPageHTML``."""

    name = NAME

    def detect(self, html: str, url: str) -> int:  # noqa: ARG002 - the protocol's signature
        """Certain with the call whose first argument is a container's name."""
        return 92 if SIGNATURE.search(html) else 0

    def parse_list(self, html: str, url: str) -> ListPage:
        """Read rows, in a comment too, and the call's page and row counts; no rows raise ``ListShapeError``."""
        reading = read_rows(unwrap_lists(html), url)
        call = SIGNATURE.search(html)
        total = int(call["rows"]) if call and call["rows"] else None
        require_rows(NAME, reading, declared=total, expected="rows of li > a, plain or in a comment, beside createPageHTML")
        pages: list[str] = []
        if call:
            current = int(call["current"])
            last = int(call["pages"]) - (current == 0)
            for number in range(current + 1, min(last, current + MAX_PAGES) + 1):
                address = numbered_page(url, number, stem=call["stem"].rpartition("/")[2], suffix=call["suffix"])
                if address:
                    pages.append(address)
        return ListPage(
            family=NAME,
            items=reading.items,
            next_pages=tuple(pages),
            sub_columns=reading.sub_columns,
            declared_total=total,
            declared_pages=int(call["pages"]) if call else None,
            shortfall=cut_short(url, int(call["pages"])) if call else None,
        )


_MIN_ROWS_IN_COMMENT = 2
_LINK = re.compile(r"<a\b[^>]{0,2000}href", re.IGNORECASE)
_DATE = re.compile(r"(?:19|20)\d\d[-年/.]\d{1,2}")


def unwrap_lists(html: str) -> str:
    """``html`` with comments opened that hold a pager's call or several dated rows; other comments are old drafts and stay."""
    pieces: list[str] = []
    done = 0
    while (start := html.find("<!--", done)) >= 0 and (end := html.find("-->", start + 4)) >= 0:
        inner = html[start + 4 : end]
        pieces += [html[done:start], inner if _is_list(inner) else html[start : end + 3]]
        done = end + 3
    return "".join([*pieces, html[done:]])


def _is_list(comment: str) -> bool:
    if "createPageHTML" in comment:
        return True
    rows = len(_LINK.findall(comment))
    return rows >= _MIN_ROWS_IN_COMMENT and len(_DATE.findall(comment)) >= rows
