"""VSB (博达): page 1 is ``zbgg.htm``, page 2 ``zbgg/<N-1>.htm``, the last ``zbgg/1.htm``: numbers count down.

Seen on city and county sites of Shaanxi and others. The pager is ``span.p_pages`` with ``span.p_no a``, ``span.p_next.p_fun a``
and ``span.p_t`` saying "共52条" and "1/11"; rows are ``li#line_u5_0`` with a heading, a date and a summary inside the link.
"""

from __future__ import annotations

import re
from itertools import islice
from urllib.parse import urlsplit, urlunsplit

from crawler.portals.families.base import MAX_PAGES, cut_short, declared, declared_numbers, pager_links, require_rows
from crawler.portals.families.rows import Reading, read_rows
from crawler.portals.markup import MAX_LINK_TEXT, host_of, resolve, squeeze, text_of
from crawler.portals.model import ListPage

NAME = "vsb"
SIGNATURE = re.compile(
    r"""<span\b[^<>]{0,200}\bclass\s*=\s*["'](?:[\w ]{1,60} )?p_(?:next|no|pages|t)\b"""
    r"""|/system/resource/(?:css/pagedown|js/news/statpagedown)""",
    re.IGNORECASE,
)
_MAX_SAYINGS, _MAX_SAYING = 8, 200
"""A pager says its numbers once or twice, in a few characters."""
_FRACTION = re.compile(r"(\d{1,5})\s*/\s*(\d{1,5})")
_PAGE = re.compile(r"^(?P<stem>.*?)(?:/(?P<number>\d{1,5}))?\.(?P<suffix>html?|jsp)$", re.IGNORECASE)


class VSB:
    """Lists of VSB sites."""

    name = NAME

    def detect(self, html: str, url: str) -> int:  # noqa: ARG002 - the protocol's signature
        """Certain with the pager's classes."""
        return 88 if SIGNATURE.search(html) else 0

    def parse_list(self, html: str, url: str) -> ListPage:
        """Read the rows and all further pages, counted down where the pager's own links say so, else as linked.

        Raises:
            ListShapeError: no rows beside the pager and no note of an empty list.
        """
        reading = read_rows(html, url)
        total, page, pages = _declared(reading)
        require_rows(NAME, reading, declared=total, expected="rows of li > a beside span.p_pages")
        further = _further(reading, page, pages)
        lost = None
        if pages is not None and page < pages and not further:
            lost = f"{url}: {pages} pages are declared, and nothing on page {page} leads to the next"
        return ListPage(
            NAME,
            reading.items,
            further,
            reading.sub_columns,
            declared_total=total,
            declared_pages=pages,
            shortfall=lost or cut_short(url, pages),
        )


def _declared(reading: Reading) -> tuple[int | None, int, int | None]:
    """Items, this page's number and pages, of ``span.p_t``; of the whole page's words where that says nothing."""
    total, page, pages = None, 1, None
    shown = (element for element in reading.root.iter("span", "td", "div") if "p_t" in (element.get("class") or "").split())
    for element in islice(shown, _MAX_SAYINGS):
        text = text_of(element, _MAX_SAYING)
        items, _ = declared_numbers(text)
        total = items if total is None else total
        fraction = _FRACTION.search(text)
        if fraction and pages is None:
            page, pages = int(fraction.group(1)), int(fraction.group(2))
    if total is None and pages is None:
        total, pages = declared(reading)
    if pages is None:
        pages = max(_numbered_links(reading), default=None)
    return total, page, pages


def _numbered_links(reading: Reading) -> dict[int, str]:
    """The pager's numbers and where they lead."""
    found: dict[int, str] = {}
    for element in reading.root.iter("span"):
        if "p_no" in (element.get("class") or "").split():
            for anchor in element.findall("a"):
                label = squeeze(text_of(anchor, MAX_LINK_TEXT))
                address = resolve(reading.base, anchor.get("href") or "")
                if label.isdecimal() and address and host_of(address) == host_of(reading.url):
                    found[int(label)] = address
    return found


def _further(reading: Reading, page: int, pages: int | None) -> tuple[str, ...]:
    links = {number: address for number, address in _numbered_links(reading).items() if number > page}
    linked = dict.fromkeys([*links.values(), *pager_links(reading)])
    if pages is None or page >= pages or any(_number(address) != pages - label + 1 for label, address in links.items()):
        return tuple(linked)[:MAX_PAGES] if pages is None or page < pages else ()
    example = next(iter([*links.values(), *linked]), None)
    if example is None or (not links and _number(example) != pages - page):
        return tuple(linked)[:MAX_PAGES]
    counted = (_with_number(example, pages - number + 1) for number in range(page + 1, min(pages, page + MAX_PAGES) + 1))
    return tuple(counted)


def _number(url: str) -> int | None:
    match = _PAGE.match(urlsplit(url).path)
    return int(match["number"]) if match and match["number"] else None


def _with_number(url: str, number: int) -> str:
    parts = urlsplit(url)
    match = _PAGE.match(parts.path)
    path = f"{match['stem']}/{number}.{match['suffix']}" if match else parts.path
    return urlunsplit(parts._replace(path=path))
