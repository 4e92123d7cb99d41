"""What the families that ask an API share: strict reading of answers, days in China, the requests that are still to be made."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from html import unescape
from typing import TYPE_CHECKING

from crawler.portals.families.base import MAX_PAGES
from crawler.portals.markup import iso_date, resolve, squeeze
from crawler.portals.model import Link, ListPage, ListShapeError
from crawler.portals.titles import classify_title

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from crawler.portals.families.rows import Reading
    from crawler.portals.model import ListRequest

CHINA = timezone(timedelta(hours=8))

_EARLIEST_SECONDS, _LATEST_SECONDS = 631_152_000, 4_102_444_800
"""1990 and 2100: a number outside is no publication time in seconds."""
_MAX_TOTAL = 10_000_000
_MAX_NODES = 200_000
_MAX_FAILURES = 20
"""Each costs a look at the whole page, to name the line."""
_TOTALS = (
    "total",
    "totalCount",
    "totalCounts",
    "totalRecord",
    "totalRecords",
    "totalNum",
    "totalSize",
    "totalHits",
    "recordTotal",
)
_CALLBACK = re.compile(r"[\w.$]{1,80}\s*\((?P<json>.*)\)\s*;?\s*", re.DOTALL)
_TAG = re.compile(r"<[^<>]{0,2000}>")
_REPORT_COLUMN = re.compile(r"信息公开(?:工作)?(?:年报|年度报告|年度工作报告)|^年报$|^年度报告$")


def names_report_column(text: str) -> bool:
    """Whether a column of this name holds the annual reports: 政府信息公开工作年度报告, 年报."""
    return bool(_REPORT_COLUMN.search(squeeze(text)))


def shape_error(request: ListRequest, message: str) -> ListShapeError:
    """The error for an answer that is not what the API used to give."""
    return ListShapeError(request.family, request.url, f"page {request.number}: {message}")


def read_json(answer: str, request: ListRequest) -> object:
    """The answer as JSON, bare or as the argument of a callback.

    Raises:
        ListShapeError: it is no JSON: an error page, a challenge, another format.
    """
    text = answer.lstrip("\ufeff").strip()
    call = _CALLBACK.fullmatch(text)
    try:
        return json.loads(call["json"] if call else text, strict=False)
    except (ValueError, RecursionError) as error:
        raise shape_error(request, f"expected JSON, found {text[:80]!r}") from error


def member(data: object, path: str) -> object:
    """What stands at ``path`` ("data.results") of parsed JSON; ``None`` where nothing does."""
    for name in path.split("."):
        if not isinstance(data, dict):
            return None
        data = data.get(name)
    return data


def entries_at(data: object, path: str, request: ListRequest) -> list[object]:
    """The list of rows at ``path``.

    Raises:
        ListShapeError: there is no list.
    """
    found = member(data, path)
    if isinstance(found, list):
        return found
    known = ", ".join(sorted(map(str, data))[:12]) if isinstance(data, dict) else type(data).__name__
    raise shape_error(request, f"expected a list of rows at {path}, found {type(found).__name__} in an answer of {known}")


def whole(value: object) -> int | None:
    """A count, written as a number or as digits; ``None`` for anything else."""
    if isinstance(value, str) and re.fullmatch(r"\s*\d{1,8}\s*", value):
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MAX_TOTAL else None


def total_in(*places: object) -> int | None:
    """The number of rows that an answer declares, under the names APIs use for it; the first place that has one."""
    for place in places:
        for name in _TOTALS:
            found = whole(member(place, name))
            if found is not None:
                return found
    return None


def plain_text(value: object) -> str:
    """A title without mark-up; empty where it is no text."""
    return squeeze(unescape(_TAG.sub("", value))) if isinstance(value, str) else ""


def china_day(value: object) -> str | None:
    """The day of a row in China: from Unix seconds or milliseconds, ISO times with an offset, or a printed date.

    >>> china_day(1699340577), china_day("2023-11-07 15:02:57"), china_day("2023-11-06T23:30:00Z")
    ('2023-11-07', '2023-11-07', '2023-11-07')
    """
    if isinstance(value, str):
        text = value.strip()
        if re.fullmatch(r"\d{10}|\d{13}", text):
            return china_day(int(text))
        if re.search(r"T\d\d:\d\d.*(?:Z|[+-]\d\d:?\d\d)$", text):
            try:
                return datetime.fromisoformat(text).astimezone(CHINA).date().isoformat()
            except (ValueError, OverflowError):
                return iso_date(text)
        return iso_date(re.sub(r"T.*", "", text))
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    for seconds in (value, value / 1000):
        if _EARLIEST_SECONDS <= seconds < _LATEST_SECONDS:
            return datetime.fromtimestamp(seconds, CHINA).date().isoformat()
    return None


def first_day(entry: dict[str, object], *names: str) -> str | None:
    """The first of the named times that is one."""
    return next((day for name in names if (day := china_day(entry.get(name)))), None)


def row(base: str, url: object, title: object, date: str | None) -> Link | None:
    """A row of an API's list; ``None`` where it has no address or no title."""
    address = resolve(base, unescape(url)) if isinstance(url, str) else None
    text = plain_text(title)
    return Link(address, text, date) if address and text else None


@dataclass(frozen=True, slots=True)
class Part:
    """One answer as a family read it, before it is known what is still to be asked.

    ``total`` is the number of rows the list declares, ``size`` the rows of a full page where the request or the answer names
    it, ``unread`` the rows without an address or a title of their own.
    """

    entries: int
    links: tuple[Link, ...]
    unread: int
    total: int | None
    size: int | None = None


def read_part(
    entries: Sequence[object],
    link_of: Callable[[dict[str, object]], Link | None],
    *,
    total: int | None,
    size: int | None = None,
) -> Part:
    """Read the rows of an answer, each address once."""
    links: dict[str, Link] = {}
    unread = 0
    for entry in entries:
        link = link_of(entry) if isinstance(entry, dict) else None
        if link is None:
            unread += 1
        else:
            links.setdefault(link.url, link)
    return Part(len(entries), tuple(links.values()), unread, total, size)


def answer_page(request: ListRequest, part: Part, ask: Callable[[int], ListRequest], *, one_by_one: bool = False) -> ListPage:
    """The answer's rows and the requests still to be made: all further pages from the first one where the total is known.

    Some totals count the page only, so a single page that is exactly full is followed by a request for one more, which may
    be empty or missing.

    Args:
        request: what was asked.
        part: what the answer holds.
        ask: the request for a page, by its number from 1.
        one_by_one: the total is no sure guide to the pages there are, so only the next page is asked for.

    Raises:
        ListShapeError: rows are declared and none came with the first page, or none has an address and a title.
    """
    if not part.entries and request.number == 1 and part.total:
        raise shape_error(request, f"expected rows, found none where {part.total} are declared")
    if part.entries and not part.links:
        raise shape_error(request, f"expected rows with an address and a title, found neither in {part.entries} rows")
    pages = _page_count(part, request.number)
    numbers = _numbers(request.number, part, pages, one_by_one=one_by_one)
    return ListPage(
        family=request.family,
        items=part.links,
        declared_total=part.total,
        declared_pages=pages if request.number == 1 else None,
        next_requests=tuple(ask(number) for number in numbers),
        shortfall=_shortfall(request, part, pages),
    )


def _page_count(part: Part, number: int) -> int | None:
    """Pages the total makes, ``None`` where it is unknown, contradicted by the rows, or the page's size is not known."""
    if part.total is None or part.total < part.entries:
        return None
    size = part.size
    if number == 1 and 0 < part.entries < part.total:
        # An API that gives fewer rows than asked for caps its pages.
        size = min(part.entries, size or part.entries)
    return math.ceil(part.total / (size or part.entries or 1))


def _numbers(number: int, part: Part, pages: int | None, *, one_by_one: bool) -> range:
    none, following = range(0), range(number + 1, number + 2)
    if not part.entries or number >= MAX_PAGES:
        return none
    if pages is None:
        return following
    if pages == 1:
        return following if part.size and part.entries >= part.size else none
    if one_by_one:
        return following if number < pages else none
    return range(2, min(pages, MAX_PAGES) + 1) if number == 1 else none


def _shortfall(request: ListRequest, part: Part, pages: int | None) -> str | None:
    sentences = []
    if part.unread:
        sentences.append(f"{part.unread} of {part.entries} rows on page {request.number} have no address or title of their own")
    if request.number == 1 and pages is not None and pages > MAX_PAGES:
        sentences.append(f"{pages} pages are declared, {MAX_PAGES} are asked for")
    return f"{request.url}: {'; '.join(sentences)}" if sentences else None


def shown_reports(reading: Reading) -> tuple[Link, ...]:
    """Rows that stand in a shell page itself and are titled as reports; all else on it is navigation."""
    return tuple(item for item in reading.items if classify_title(item.text).kind == "report")


def renumbered(request: ListRequest, number: int, *, url: str | None = None, body: str | None = None) -> ListRequest:
    """``request`` for another page."""
    return replace(request, number=number, url=url or request.url, body=body if body is not None else request.body)


def json_values(html: str, start: re.Pattern[str]) -> Iterator[object]:
    """JSON values that a page's scripts assign, at each end of a match of ``start``; what is no JSON is passed over."""
    decoder = json.JSONDecoder()
    done = failures = 0
    for match in start.finditer(html):
        if match.end() < done or failures >= _MAX_FAILURES:
            continue
        try:
            value, done = decoder.raw_decode(html, match.end())
        except (ValueError, RecursionError):
            failures += 1
            continue
        yield value


def nodes(value: object) -> Iterator[dict[str, object]]:
    """Every object of a parsed JSON tree, in page order."""
    waiting = [value]
    for _ in range(_MAX_NODES):
        if not waiting:
            return
        node = waiting.pop()
        if isinstance(node, dict):
            yield node
            waiting.extend(reversed(list(node.values())))
        elif isinstance(node, list):
            waiting.extend(reversed(node))
