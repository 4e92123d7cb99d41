"""EX8 (LongSun): rows come as HTML fragments of ``/site/label/8888?labelName=publicInfoList&...&pageIndex=N``, counted from 1.

Seen in Anhui, at 新乡, 黄冈, 常德, 平昌 and 海北. The column page ``/public/column/<organId>?type=4&catId=`` names the
call's parameters in a script beside ``Ls.pagination({pageCount:N})``; the ``file`` path differs from site to site, and so may
what stands before ``/site/label/8888``. Pages that show their rows themselves are paged by ``pageIndex`` in their own address.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from html import unescape
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit

from crawler.portals.families.base import MAX_PAGES, cut_short, declared, require_rows
from crawler.portals.families.literals import literal_around, members, with_parameter
from crawler.portals.families.rows import Reading, names_sub_column, read_rows
from crawler.portals.markup import host_of, meta_values, resolve
from crawler.portals.model import ListPage, ListRequest, ListShapeError
from crawler.portals.titles import classify_title

if TYPE_CHECKING:
    from crawler.portals.model import Link

NAME = "ex8"
LABEL = "/site/label/8888"
_ENDPOINT = re.compile(r"""["'](?P<url>[^"'<>\s]{0,300}/site/label/8888)(?P<query>\?[^"'<>\s]{0,3000})?["']""")
_COLUMN = re.compile(r"/(?:public|content)/column/(?P<organ>\d+)")
_CALL = re.compile(r"\b(?:labelName|organId|catId)\b")
_PAGE_COUNT = re.compile(r"\bpageCount[\"']?\s*[:=]\s*[\"']?(\d{1,6})")
_TOTAL = re.compile(r"\b(?:total|totalCount|recordCount)[\"']?\s*[:=]\s*[\"']?(\d{1,7})(?![\d.])")
_NEAR = 1500
_MAX_CALLS = 100
_MODULE = re.compile(r"xxgk|gk_?list|public_?info", re.IGNORECASE)
_PARAMETERS = (
    "labelName", "siteId", "pageSize", "pageIndex", "action", "fuzzySearch", "fromCode", "keyWords", "sortType", "isDate",
    "dateFormat", "length", "organId", "type", "catIds", "catId", "cId", "isDetail", "fileNum", "isInvalid", "result", "file",
)  # fmt: skip
"""Those of the call's parameters that are passed on, in the order in which sites send them."""
_DEFAULTS = {
    "pageSize": "15",
    "action": "list",
    "isDate": "true",
    "dateFormat": "yyyy-MM-dd",
    "type": "4",
    "result": "暂无相关信息",
}


@dataclass(frozen=True, slots=True)
class _Call:
    """The label call of a column page: where it is sent and what it asks, ``pageIndex`` aside."""

    endpoint: str
    parameters: dict[str, str]

    def request(self, page_url: str, number: int) -> ListRequest:
        """The GET for page ``number``, counted from 1."""
        values = self.parameters | {"pageIndex": str(number)}
        query = urlencode({name: values[name] for name in _PARAMETERS if name in values}, safe=",:")
        return ListRequest(NAME, page_url, f"{self.endpoint}?{query}", number=number)


class EX8:
    """Lists of EX8 sites."""

    name = NAME

    def detect(self, html: str, url: str) -> int:
        """Certain with the label call; likely where the address is of a column and a script counts pages."""
        if LABEL in html and "publicInfo" in html:
            return 94
        if _COLUMN.search(urlsplit(url).path):
            return 88 if _PAGE_COUNT.search(html) else 55
        return 0

    def parse_list(self, html: str, url: str) -> ListPage:
        """Read the label call and ask for all its pages; without a call, read the rows and page by ``pageIndex``.

        Raises:
            ListShapeError: neither the call nor rows.
        """
        reading = read_rows(html, url)
        total, pages = _declared(html)
        sub_columns = _sub_columns(reading, url)
        call = _call(html, reading, url)
        if call is None:
            return _rendered(reading, sub_columns, total, pages)
        shown = _shown(reading)
        last = 1 if pages is None else min(pages, MAX_PAGES)
        first = 2 if _is_first_page(shown, call, total, pages) else 1
        # Rows known before the first part comes would end the walk there, where only the parts tell how far it goes.
        reports = [item for item in reading.items if pages is not None and classify_title(item.text).kind == "report"]
        return ListPage(
            family=NAME,
            items=tuple({item.url: item for item in (*(shown if first == 2 else ()), *reports)}.values()),
            sub_columns=sub_columns,
            declared_total=0 if pages == 0 else total,
            declared_pages=pages,
            next_requests=tuple(call.request(url, number) for number in range(first, last + 1)),
            shortfall=cut_short(url, pages),
        )

    def parse_answer(self, answer: str, request: ListRequest) -> ListPage:
        """Read a fragment's rows.

        Where neither column page nor fragment counts the pages, the next one is asked for as long as they are full.

        Raises:
            ListShapeError: the fragment has no rows and does not say that there are none, or it is a whole page.
        """
        if re.search(r"<(?:head|title)\b", answer, re.IGNORECASE):
            raise ListShapeError(NAME, request.url, "expected a fragment with the rows, found a whole page")
        reading = replace(read_rows(answer, request.page_url), url=request.url)
        total, pages = _declared(answer)
        if pages is None:
            shown, pages = declared(reading)
            total = shown if total is None else total
        require_rows(NAME, reading, declared=total, expected="rows of li > a in the fragment")
        if not reading.items and request.number <= (pages or 0):
            raise ListShapeError(NAME, request.url, f"expected rows on page {request.number} of {pages}, found none")
        return ListPage(
            family=NAME,
            items=reading.items,
            declared_total=total,
            declared_pages=pages,
            next_requests=tuple(_asked_again(request, number) for number in _following(request, reading, pages)),
            shortfall=cut_short(request.url, pages),
        )


def _shown(reading: Reading) -> tuple[Link, ...]:
    """Rows of the list that the column page shows itself: those of its own block, if it is the module's."""
    block = {row.link.url for row in reading.block if any(_MODULE.search(part) for part in row.key)}
    return tuple(item for item in reading.items if item.url in block)


def _is_first_page(shown: tuple[Link, ...], call: _Call, total: int | None, pages: int | None) -> bool:
    """Whether the rows shown are a whole first page, so that it need not be asked for."""
    if total is not None and pages == 1:
        return len(shown) >= total
    return pages is not None and pages > 1 and len(shown) >= int(call.parameters["pageSize"])


def _following(request: ListRequest, reading: Reading, pages: int | None) -> range:
    number = request.number
    if pages is not None:
        last = min(pages, MAX_PAGES)
        return range(number + 1, last + 1) if number == 1 else range(number + 1, min(number + 1, last) + 1)
    size = dict(parse_qsl(urlsplit(request.url).query)).get("pageSize", "")
    is_full = size.isdigit() and 0 < int(size) <= reading.row_count
    return range(number + 1, number + 2) if is_full and number < MAX_PAGES else range(0)


def _asked_again(request: ListRequest, number: int) -> ListRequest:
    return replace(request, url=with_parameter(request.url, "pageIndex", str(number)), number=number)


def _rendered(reading: Reading, sub_columns: tuple[Link, ...], total: int | None, pages: int | None) -> ListPage:
    """A column page that shows its rows itself."""
    shown_total, shown_pages = declared(reading)
    total, pages = total if total is not None else shown_total, pages if pages is not None else shown_pages
    require_rows(
        NAME,
        replace(reading, sub_columns=sub_columns),
        declared=0 if pages == 0 else total,
        expected=f"rows of li > a, or the call of {LABEL} with its file",
    )
    given = dict(parse_qsl(urlsplit(reading.url).query)).get("pageIndex", "")
    here = int(given) if re.fullmatch(r"\d{1,6}", given) else 1
    further = range(here + 1, min(pages or 0, here + MAX_PAGES) + 1)
    return ListPage(
        family=NAME,
        items=reading.items,
        next_pages=tuple(with_parameter(reading.url, "pageIndex", str(number)) for number in further),
        sub_columns=sub_columns,
        declared_total=total,
        declared_pages=pages,
        shortfall=cut_short(reading.url, pages),
    )


def _declared(source: str) -> tuple[int | None, int | None]:
    """Items and pages that the pagination script counts."""
    pages = _PAGE_COUNT.search(source)
    place = pages.start() if pages else source.find("Ls.pagination")
    if place < 0:
        return None, None
    total = _TOTAL.search(source, max(0, place - _NEAR), place + _NEAR)
    return int(total.group(1)) if total else None, int(pages.group(1)) if pages else None


def _call(html: str, reading: Reading, url: str) -> _Call | None:
    """The page's call of publicInfoList; ``None`` where its ``file`` is not named, for without it nothing is answered."""
    endpoint = f"{urlsplit(url).scheme}://{urlsplit(url).netloc}{LABEL}"
    written: dict[str, str] = {}
    for address in _ENDPOINT.finditer(html):
        query = dict(parse_qsl(unescape(address["query"] or "")[1:], keep_blank_values=True))
        resolved = resolve(reading.base, address["url"])
        if resolved and host_of(resolved) == host_of(url) and _asks_rows(query or {"file": "publicInfo"}):
            endpoint, written = resolved, query
            break
    if "file" not in written:
        literals = (literal_around(html, match.start()) for match in islice(_CALL.finditer(html), _MAX_CALLS))
        known = next(
            (found for literal in literals if literal and _asks_rows(found := members(literal)) and "file" in found), {}
        )
        written = known | written
    if not written.get("file"):
        return None
    here = dict(parse_qsl(urlsplit(url).query))
    around = {name: here[name] for name in ("type", "catId", "catIds", "cId") if here.get(name)}
    organ = _organ(url)
    if organ:
        around["organId"] = organ
    site = meta_values(reading.root).get("siteid")
    if site:
        around["siteId"] = site
    given = {name: value for name, value in written.items() if name in _PARAMETERS and (value or name not in around)}
    parameters = {"labelName": "publicInfoList", **_DEFAULTS, **around, **given}
    if not re.fullmatch(r"[1-9]\d{0,2}", parameters["pageSize"]):
        parameters["pageSize"] = _DEFAULTS["pageSize"]
    return _Call(endpoint, parameters)


def _asks_rows(parameters: dict[str, str]) -> bool:
    label = parameters.get("labelName")
    return label.lower().startswith("publicinfo") if label else "publicinfo" in parameters.get("file", "").lower()


def _sub_columns(reading: Reading, url: str) -> tuple[Link, ...]:
    """Columns of the same list: categories named after a year or a level, and this page's own category of other organs.

    A link without a category leads to an organ's whole catalogue and is none.
    """
    found = {link.url: link for link in reading.sub_columns if not _COLUMN.search(urlsplit(link.url).path)}
    mine = _category(url)
    for row in reading.links:
        target = row.link.url
        category = _category(target) if _COLUMN.search(urlsplit(target).path) else None
        if not category or target == url or host_of(target) != host_of(url) or not row.link.text or "pageIndex=" in target:
            continue
        if (category == mine and _organ(target) != _organ(url)) or (category != mine and names_sub_column(row.link.text)):
            found.setdefault(target, row.link)
    return tuple(found.values())


def _category(url: str) -> str | None:
    query = dict(parse_qsl(urlsplit(url).query))
    return query.get("catId") or query.get("catIds")


def _organ(url: str) -> str | None:
    found = _COLUMN.search(urlsplit(url).path)
    return found["organ"] if found else None
