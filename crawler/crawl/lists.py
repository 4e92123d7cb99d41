"""Column -> rows: every page of a list, with the parts that only an API gives."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from scrapy import Request

from crawler.crawl.answers import NOT_MODIFIED, validators
from crawler.failures import describe_exception
from crawler.forms.titles import read_title
from crawler.outcomes import Outcome, OutcomeError
from crawler.page_questions import ListQuestion, TurnedListQuestion
from crawler.portals.model import ListRequest, ListShapeError
from crawler.portals.titles import classify_title
from crawler.sweep import ColumnSweep

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from scrapy.http import Response
    from twisted.python.failure import Failure

    from crawler.items import PageItem
    from crawler.portals.model import Link, ListPage, Portal
    from crawler.spider import ReportsSpider
    from crawler.sweep import PortalSweep


class Lists:
    """Reads columns, and puts their rows on the way."""

    def __init__(self, spider: ReportsSpider) -> None:
        self.spider = spider

    def column(self, sweep: PortalSweep, url: str) -> ColumnSweep:
        """The column at an address, begun where it is not yet known in this run."""
        return sweep.columns.setdefault(url, ColumnSweep(url))

    def request(
        self,
        sweep: PortalSweep,
        column: ColumnSweep,
        wanted: str | ListRequest,
        depth: int = 0,
        *,
        afresh: bool = False,
        browser: bool = False,
    ) -> Request:
        """Ask for a page of a list, or for the part of one that only an API gives; conditionally, unless ``afresh``."""
        part = wanted if isinstance(wanted, ListRequest) else None
        key = part.key if part else cast("str", wanted)
        column.pages.add(key)
        known = sweep.list_validators.pop(key, None)
        headers = known.conditions if known and not (afresh or browser) else {}
        if part:
            headers |= {"Referer": part.page_url, "X-Requested-With": "XMLHttpRequest"}
            if part.body is not None:
                headers["Content-Type"] = part.content_type
        return Request(
            part.url if part else key,
            self.read,
            method="POST" if part and part.body is not None else "GET",
            body=part.body if part and part.body is not None else b"",
            headers=headers,
            errback=self.failed,
            meta={
                **self.spider.request_meta(sweep.portal),
                "download_maxsize": self.spider.settings.getint("PAGE_MAX_BYTES"),
                "handle_httpstatus_list": [NOT_MODIFIED],
                "list_key": key,
                **(self.spider.browser.meta() if browser else {}),
            },
            dont_filter=True,
            priority=10,
            cb_kwargs={"sweep": sweep, "column": column, "depth": depth, "part": part},
        )

    async def read(
        self, response: Response, sweep: PortalSweep, column: ColumnSweep, depth: int, part: ListRequest | None = None
    ) -> AsyncIterator[Request | PageItem]:
        """Read one page of a column's list: its rows, its further pages, its sub-columns."""
        sweep.reached = True
        key: str = response.meta.get("list_key") or (response.request.url if response.request else response.url)
        # Scrapy's responses have no fragment, and some columns are told apart by nothing else (gkmlpt/index#564).
        url, body, kept = response.url + ("" if part else _fragment(key)), response.body, None
        if response.status == NOT_MODIFIED:
            kept = await self.spider.recall(self.spider.ledger.visits.list_body, sweep.key, key)
            if kept is None:
                yield self.request(sweep, column, part or key, depth, afresh=True)
                return
            url, body = kept
            self.spider.crawler.stats.inc_value("list/unchanged")
        column.pages.update((key, url))
        seen_in_browser = bool(response.meta.get("browser"))
        try:
            if seen_in_browser:
                page = await self._turned(response, sweep.portal)
            else:
                page = await self.spider.readers.read(body, ListQuestion(url, sweep.portal, part))
        except ListShapeError as error:
            if not seen_in_browser and part is None and await self.spider.browser.is_wanted(sweep, body):
                yield self.request(sweep, column, url, depth, browser=True)
                return
            message = f"{error}; the portal may have been rebuilt: look at it with `scrapy portals check {column.url}`"
            column.problems.append((Outcome.FAILED, message))
            self.spider.crawler.stats.inc_value("column/shape_errors")
            self.spider.logger.error("%s: column %s: %s", sweep.portal.name, column.url, message)
            for request in self.spider.search.begin_after_loss(sweep):
                yield request
            return
        except OutcomeError as error:
            column.problems.append((error.outcome, self.spider.unread(url, error)))
            return
        if not (seen_in_browser or part or page.items or page.sub_columns or page.next_requests) and (
            await self.spider.browser.is_wanted(sweep, body)
        ):
            yield self.request(sweep, column, url, depth, browser=True)
            return
        sweep.note_browser(used=seen_in_browser, found=bool(page.items))
        if response.status != NOT_MODIFIED and not seen_in_browser:
            await asyncio.to_thread(self.spider.ledger.visits.keep_list, sweep.key, key, url, body, validators(response))
        column.take(page)
        fresh = [item for item in page.items if item.url not in column.collected]
        column.collected.update(item.url for item in fresh)
        for item in fresh:
            for found in self._row(sweep, column, item):
                yield found
        # A pager that counts on past its end shows rows already seen: then there is nothing further.
        if fresh or (part is None and (page.next_requests or (depth == 0 and not page.items))):
            for request in self._further(sweep, column, page, depth):
                yield request
        if depth < self.spider.settings.getint("COLUMN_MAX_DEPTH"):
            for link in page.sub_columns:
                if link.url not in column.pages:
                    sub = self.column(sweep, link.url)
                    if link.url not in sub.pages:
                        yield self.request(sweep, sub, link.url, depth + 1)
        # The rows are followed for hours, one host's after the other: the list they stood in is not kept for so long.
        del page, fresh, body, kept
        async for visit in self.spider.pages.feed(sweep):
            yield visit

    def _further(self, sweep: PortalSweep, column: ColumnSweep, page: ListPage, depth: int) -> Iterator[Request]:
        limit = self.spider.settings.getint("COLUMN_MAX_PAGES")
        further: list[str | ListRequest] = [*page.next_pages, *page.next_requests]
        for wanted in further:
            if (wanted.key if isinstance(wanted, ListRequest) else wanted) in column.pages:
                continue
            if len(column.pages) >= limit:
                column.problems.append((Outcome.FAILED, f"{column.url} has more than {limit} pages; raise COLUMN_MAX_PAGES"))
                return
            yield self.request(sweep, column, wanted, depth)

    def failed(self, failure: Failure) -> Iterator[Request]:
        """A list page that cannot be read makes its column incomplete, unless it lies past what the list declares."""
        request = cast("Request", failure.request)  # type: ignore[attr-defined]
        sweep: PortalSweep = request.cb_kwargs["sweep"]
        column: ColumnSweep = request.cb_kwargs["column"]
        outcome, message = describe_exception(cast("BaseException", failure.value), request.url)
        guessed = column.collected and request.url != column.url and outcome is Outcome.NOT_FOUND
        if guessed and len(column.collected) >= (column.declared_total or 0):
            return
        column.problems.append((outcome, message))
        self.spider.logger.error("%s: column %s: %s: %s", sweep.portal.name, column.url, outcome.value, message)
        if request.url == column.url:
            yield from self.spider.search.begin_after_loss(sweep)

    async def _turned(self, response: Response, portal: Portal) -> ListPage:
        """The pages of a list as the browser turned them. Imported late: most nights need none."""
        from crawler.browser.request import pages_seen

        first, *others = pages_seen(response) or [response.body]
        return await self.spider.readers.read(first, TurnedListQuestion(response.url, portal, tuple(others)))

    def _row(self, sweep: PortalSweep, column: ColumnSweep, link: Link) -> Iterator[PageItem]:
        """Put one row of the list on the way, unless its title says that it is something else."""
        verdict = classify_title(link.text)
        if verdict.kind == "lookalike":
            column.lookalikes += 1
            if self.spider.follow_rows:
                message = f"by its title: {verdict.reason}"
                yield self.spider.pages.item(sweep, column, link.url, link, outcome=Outcome.NOT_A_REPORT.value, message=message)
            return
        wanted = self.spider.years
        if wanted is not None and (year := read_title(link.text).year) is not None and year not in wanted:
            column.filtered = True
            self.spider.crawler.stats.inc_value("page/other_year")
            return
        column.reports += 1
        if not self.spider.follow_rows:
            column.titles.append(link.text)
        elif link.url not in sweep.asked:
            sweep.asked.add(link.url)
            sweep.rows.append((column, link))


def _fragment(url: str) -> str:
    fragment = urlsplit(url).fragment
    return f"#{fragment}" if fragment else ""
