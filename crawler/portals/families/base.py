"""What every CMS family module offers, and the tools they share."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Protocol, runtime_checkable
from urllib.parse import urlsplit, urlunsplit

from crawler.portals.markup import MAX_LINK_TEXT, host_of, resolve, squeeze, text_of
from crawler.portals.model import ListPage, ListShapeError

if TYPE_CHECKING:
    from crawler.portals.families.rows import Reading
    from crawler.portals.model import Link, ListRequest

MAX_PAGES = 400
"""Longest report column seen has some 50 pages; what declares more is cut here and says so by its declared total."""


class Family(Protocol):
    """One content management system's way of writing a list."""

    @property
    def name(self) -> str:
        """The family's name, as in a portals file."""
        ...

    def detect(self, html: str, url: str) -> int:
        """How sure the family is that this page is its own: 0 not at all, 100 its unmistakable signature."""
        ...

    def parse_list(self, html: str, url: str) -> ListPage:
        """Read a list page.

        Raises:
            ListShapeError: the page carries the family's signature but not its rows.
        """
        ...


@runtime_checkable
class ScriptedFamily(Family, Protocol):
    """A family whose page asks an API for its rows: ``parse_list`` gives ``next_requests``, this reads what they bring."""

    def parse_answer(self, answer: str, request: ListRequest) -> ListPage:
        """Read one answer of the API: its rows, what the list declares, and the requests that are still to be made.

        Raises:
            ListShapeError: the answer is not what the API used to give.
        """
        ...


@runtime_checkable
class NamesColumns(Family, Protocol):
    """A family whose pages name columns in a script, where no anchor leads to them."""

    def find_columns(self, html: str, url: str) -> tuple[Link, ...]:
        """Columns of any name, for the caller to choose; an address may end in a fragment that tells the column."""
        ...


_TOTAL = re.compile(
    r"(?:共|总计|合计|总共|总记录数?|记录总数|总数)[:：\s有]*(\d{1,6})\s*(?:条|篇|个?记录|项)|(\d{1,6})\s*条(?:记录|信息|数据)"
)
_PAGES = re.compile(
    r"(?:共|总|共计|总计|总页数)[:：\s]*(\d{1,5})\s*页|第?\s*\d{1,5}\s*/\s*(\d{1,5})\s*页|页次[:：\s]*\d{1,5}\s*/\s*(\d{1,5})"
)
_FORWARD = re.compile(
    r"^(?:下一?页|后一?页|next.*|[>›»]{1,2}|下页.*|下一页.*|尾\s*页|末\s*页|最后一页|\[?\d{1,4}\]?)$", re.IGNORECASE
)
_NUMBER = re.compile(r"^\[?\d")
_ARTICLE_FILE = re.compile(r"\d{5,}|[0-9a-f]{16,}", re.IGNORECASE)
"""Numbers below a row of pictures link articles, not pages."""
_UNUSABLE = re.compile(r"[{}$]|%7B|%24", re.IGNORECASE)


def declared_numbers(text: str) -> tuple[int | None, int | None]:
    """Items and pages that a pager's words claim: "共 3 页 47 条", "1/11", "47条记录"."""

    def first(pattern: re.Pattern[str]) -> int | None:
        found = pattern.search(text)
        return int(next(group for group in found.groups() if group)) if found else None

    both = re.search(r"共\s*(\d{1,5})\s*页[\s,，/]*(?:共\s*)?(\d{1,6})\s*条", text)
    if both:
        return int(both.group(2)), int(both.group(1))
    return first(_TOTAL), first(_PAGES)


_PAGER_NAME = re.compile(r"\bp_t\b|pag(?:e|ing|in)|fenye|turn|total|jilu", re.IGNORECASE)
_MAX_PAGER_TEXT = 300


def declared(reading: Reading) -> tuple[int | None, int | None]:
    """Items and pages that the list claims: the words of its pager, else those of the page ("共 3 页 47 条" in bare text)."""
    for element in reading.root.iter("div", "span", "p", "ul", "td", "em", "label", "table"):
        if _PAGER_NAME.search(f"{element.get('class') or ''} {element.get('id') or ''}"):
            text = text_of(element, 4 * _MAX_PAGER_TEXT)
            if len(text) <= _MAX_PAGER_TEXT:
                total, pages = declared_numbers(text)
                if total is not None or pages is not None:
                    return total, pages
    return declared_numbers(reading.text)


def pager_links(reading: Reading) -> tuple[str, ...]:
    """Addresses of further pages that the page links itself: numbers, 下一页, 尾页; same host, not this page."""
    directory = urlsplit(reading.url).path.rpartition("/")[0]
    found: dict[str, None] = {}
    for row in reading.links:
        label = text_of(row.anchor, MAX_LINK_TEXT) or squeeze(row.anchor.get("title") or "")
        url = row.link.url
        if not _FORWARD.match(label) or url == reading.url or host_of(url) != host_of(reading.url):
            continue
        path = urlsplit(url).path
        if _UNUSABLE.search(url) or not path.startswith(directory) or url == _first_page(reading.url):
            continue
        if _NUMBER.match(label) and _ARTICLE_FILE.search(path.rpartition("/")[2]):
            continue
        found.setdefault(url)
    return tuple(found)[:MAX_PAGES]


def _first_page(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=re.sub(r"_\d+(\.\w+)$", r"\1", parts.path)))


_INDEX_FILE = re.compile(r"^(?P<stem>.+?)(?:_(?P<number>\d{1,4}))?\.(?P<suffix>s?html?|jspx?|aspx?|php)$", re.IGNORECASE)


def page_number(url: str, *, first: int) -> int:
    """Which page of its list ``url`` is, counted as the family counts: ``first`` is the number of index.html."""
    match = _INDEX_FILE.match(urlsplit(url).path.rpartition("/")[2])
    return int(match["number"]) if match and match["number"] else first


def numbered_page(url: str, number: int, *, stem: str | None = None, suffix: str | None = None) -> str | None:
    """Address of ``index_<number>.html`` beside ``url``; stem and suffix are those of ``url`` unless given."""
    parts = urlsplit(url)
    folder, _, file = parts.path.rpartition("/")
    match = _INDEX_FILE.match(file)
    stem = stem or (match["stem"] if match else "index")
    suffix = suffix or (match["suffix"] if match else "html")
    if not file or match or stem:
        base = urlunsplit(parts._replace(path=f"{folder}/", query="", fragment=""))
        return resolve(base, f"{stem}_{number}.{suffix}")
    return None


def cut_short(url: str, pages: int | None) -> str | None:
    """What is not asked for of a list of so many pages, as a sentence for ``ListPage.shortfall``; ``None`` where nothing is."""
    return f"{url}: {pages} pages are declared, {MAX_PAGES} are asked for" if pages and pages > MAX_PAGES else None


def require_rows(family: str, reading: Reading, *, declared: int | None, expected: str) -> None:
    """Refuse to read a changed page as an empty list.

    Raises:
        ListShapeError: no rows, no sub-columns, and the page does not say that its list is empty.
    """
    if reading.items or reading.sub_columns or declared == 0 or reading.is_empty_list:
        return
    raise ListShapeError(
        family, reading.url, f"expected {expected}, found none among {len(reading.links)} links and no note of an empty list"
    )
