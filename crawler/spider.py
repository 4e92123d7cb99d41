"""The one spider behind every province: portals -> columns -> pages -> documents.

A spider of ``spiders/`` names itself and its province; everything it does is here.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Self, cast
from urllib.parse import parse_qsl, unquote, urlsplit

from scrapy import Request, Spider, signals
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
)

from crawler.arguments import CrawlArguments
from crawler.dataset.clock import utc_now
from crawler.dataset.ledger import Ledger
from crawler.dataset.model import KnownPage, Validators
from crawler.divisions import registered_divisions
from crawler.failures import RefusedRequest, describe_exception
from crawler.forms.catalogue import FORM_VERSIONS, load_form
from crawler.forms.titles import read_title
from crawler.items import DocumentItem, PageItem
from crawler.known import asked_again, unchanged_documents
from crawler.loaders import PageLoader
from crawler.outcomes import Outcome
from crawler.portals import families
from crawler.portals.article import DOCUMENT_SUFFIXES, is_document_url, parse_article
from crawler.portals.discovery import Discovery, Stage, describe, page_role
from crawler.portals.families.rows import is_list_url
from crawler.portals.model import Link, ListPage, ListRequest, ListShapeError, Portal
from crawler.portals.registry import allowed_hosts
from crawler.portals.scripting import is_written_by_script
from crawler.portals.titles import classify_title
from crawler.revisit import RevisitPolicy, Visit, fingerprint
from crawler.sweep import ColumnSweep, PortalSweep
from crawler.workspace import Workspace

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from twisted.python.failure import Failure

    from crawler.browser.guard import PageGuard
    from crawler.dataset.publish import Publication
    from crawler.portals.model import ArticlePage

LEAST_DELAY_SECONDS = 0.005
"""Scrapy 2.19 counts a transfer only when its task first runs, so without any delay it starts all that is queued for a host at
once, whatever the concurrency says; tests/test_crawl_faults.py measures it at the server."""

IMAGES_FRAGMENT = "#page-images"
"""Behind an article's address: the images of its body, taken together as one document."""

BODY_MIN_CHARACTERS = 600
"""An article with attachments and less text than this is only their cover; the shortest reports have 2,800 characters."""

ROWS_IN_FLIGHT = 4
"""Pages of one portal that are asked for at a time: a host takes one request after the other, more would only fill memory."""

NOT_MODIFIED = 304

MIN_HEADINGS = 3
"""Headings of the form by which a shorter text is part of a report, whose tables are attached."""


class ReportsSpider(Spider):
    """Crawls the report columns of portals.

    See `crawler.arguments.CrawlArguments.parse` for what ``-a`` may say.
    """

    province: str | None = None
    follow_rows = True
    """Whether the rows of a list are fetched; without it only discovery and the lists are walked."""

    def __init__(self, *, arguments: CrawlArguments, workspace: Workspace, discovery_max_pages: int) -> None:
        super().__init__()
        self.workspace = workspace
        self.started_at = utc_now()
        self.years = arguments.years
        self.sample = arguments.sample
        self.sweeps = {
            self.portal_key(portal): PortalSweep(
                portal, self.portal_key(portal), Discovery(portal, max_pages=discovery_max_pages)
            )
            for portal in arguments.portals
        }
        self.divisions = registered_divisions()
        self.publication: Publication | None = None
        self.health: dict[str, Any] | None = None
        """As ``health.json`` has it, once the run is over."""
        self.revisits = RevisitPolicy(self.started_at, 0)
        """When known pages and documents are fetched anew."""
        self.discoveries = self.revisits
        """When columns are searched for anew."""
        self.retests = self.revisits
        """When a portal that needs the browser is tried without it."""
        workspace.create()
        self.ledger = Ledger(workspace.ledger_url)
        health = self.ledger.portal_health(self.name)
        self.last_success = {row.portal: row.last_success for row in health}
        """When each portal could last be read, before this run."""
        for row in health:
            if row.portal in self.sweeps:
                self.sweeps[row.portal].needs_browser = bool(row.browser)
        self.run = self.ledger.begin_run(self.name)
        self._guard: PageGuard | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler, *, arguments: CrawlArguments | None = None, **texts: str) -> Self:
        """Understand the arguments, open the workspace, set the delays that portals name.

        Args:
            arguments: understood already; else ``texts`` are, as ``-a`` gave them.
        """
        if arguments is None:
            arguments = CrawlArguments.parse(crawler.settings, default_province=cls.province, **texts)
        workspace = Workspace.of(crawler.settings, cls.name, sample=arguments.sample is not None)
        crawler.settings.set("FILES_STORE", workspace.files_store, priority="spider")
        if crawler.settings.getfloat("DOWNLOAD_DELAY") < LEAST_DELAY_SECONDS:
            crawler.settings.set("DOWNLOAD_DELAY", LEAST_DELAY_SECONDS, priority="cmdline")
        crawler.settings.set("DOWNLOAD_SLOTS", _slots(arguments.portals), priority="spider")
        spider = super().from_crawler(
            crawler,
            arguments=arguments,
            workspace=workspace,
            discovery_max_pages=crawler.settings.getint("DISCOVERY_MAX_PAGES"),
        )
        crawler.signals.connect(spider.end_run, signal=signals.spider_closed)
        spider.revisits = RevisitPolicy(spider.started_at, crawler.settings.getint("REVISIT_DAYS"))
        spider.discoveries = RevisitPolicy(spider.started_at, crawler.settings.getint("DISCOVERY_DAYS"))
        spider.retests = RevisitPolicy(spider.started_at, crawler.settings.getint("BROWSER_RETEST_DAYS"))
        return spider

    @staticmethod
    def portal_key(portal: Portal) -> str:
        """What the ledger calls the portal: its home page, or its first column."""
        return portal.home or portal.columns[0]

    def request_meta(self, portal: Portal) -> dict[str, Any]:
        """What the middlewares need to know of a request made for ``portal``."""
        hosts = allowed_hosts(portal)
        meta: dict[str, Any] = {"allow_hosts": hosts}
        if portal.delay is not None:
            meta["autothrottle_dont_adjust_delay"] = True
        if self.sample is not None:
            own = ((host, self.sample.address(name)) for name, host in self.sample.hosts.items())
            meta["allow_private"] = frozenset(address for host, address in own if hosts & {host, address})
        return meta

    def _browser_meta(self) -> dict[str, Any]:
        """What makes a request go through the browser. Imported late: most nights need none."""
        from crawler.browser.guard import PageGuard
        from crawler.browser.request import browser_meta

        if self._guard is None:
            self._guard = PageGuard(allow_private=self.settings.getbool("ALLOW_PRIVATE_ADDRESSES"))
        return browser_meta(self.settings, self._guard)

    def _may_use_browser(self, sweep: PortalSweep) -> bool:
        return self.settings.getbool("BROWSER_ENABLED") and sweep.portal.browser is not False

    def _begins_with_browser(self, sweep: PortalSweep) -> bool:
        """Whether the portal's columns are known to need the browser. Once a month it is tried whether they still do."""
        if sweep.portal.browser or not sweep.needs_browser:
            return bool(sweep.portal.browser) and self._may_use_browser(sweep)
        return self._may_use_browser(sweep) and not self.retests.is_the_day_of(sweep.key)

    # --- home page -> column ------------------------------------------------------------------------------------------

    async def start(self) -> AsyncIterator[Request]:
        """One first request a portal: a known column is swept at once, else the search for columns begins.

        Portals that have waited longest come first, so that a run that must end early does not leave the same ones out.
        """
        waiting = sorted(self.sweeps.values(), key=lambda sweep: self.last_success.get(sweep.key) or "")
        for sweep in waiting:
            columns = sweep.portal.columns
            if not columns:
                columns, found_at = await asyncio.to_thread(self.ledger.visits.entries, self.name, sweep.key)
                sweep.searching = found_at is None or self.discoveries.is_due(sweep.key, found_at)
            browser = self._begins_with_browser(sweep)
            for column in columns:
                yield self._list_request(sweep, self._column(sweep, column), column, browser=browser)
            if sweep.searching:
                for request in self._search_on(sweep):
                    yield request

    def _search_on(self, sweep: PortalSweep) -> Iterator[Request]:
        """Ask for the page that discovery wants next, if it wants one."""
        wanted = sweep.discovery.next_page()
        if wanted is not None:
            yield self._search_request(sweep, *wanted)

    def _search_request(
        self, sweep: PortalSweep, url: str, stage: Stage, *, instead_of: str | None = None, browser: bool = False
    ) -> Request:
        meta = {
            **self.request_meta(sweep.portal),
            "download_maxsize": self.settings.getint("PAGE_MAX_BYTES"),
            "download_timeout": self.settings.getfloat("HOME_TIMEOUT"),
            "max_retry_times": self.settings.getint("HOME_RETRY_TIMES"),
            **(self._browser_meta() if browser else {}),
        }
        arguments = {"sweep": sweep, "stage": stage, "instead_of": instead_of}
        return Request(url, self.parse_search, errback=self.search_failed, meta=meta, dont_filter=True, cb_kwargs=arguments)

    def _search_after_loss(self, sweep: PortalSweep) -> Iterator[Request]:
        """A column known from earlier nights cannot be read: look for where it went, in the same night."""
        if not sweep.searching and not sweep.portal.columns:
            sweep.searching = True
            yield from self._search_on(sweep)

    async def parse_search(
        self, response: Response, sweep: PortalSweep, stage: Stage, instead_of: str | None = None
    ) -> AsyncIterator[Request | PageItem]:
        """Follow the words from the home page towards the report column."""
        sweep.reached = True
        asked = response.request.url if response.request else response.url
        asked = instead_of or response.meta.get("redirect_urls", [asked])[0]
        try:
            step = await asyncio.to_thread(sweep.discovery.take, asked, stage, response.body, final_url=response.url)
        except ValueError as error:
            sweep.problems.append((Outcome.TOO_LARGE, f"{response.url}: {error}"))
        except Exception as error:  # noqa: BLE001 - told, with its trace
            sweep.problems.append((Outcome.FAILED, self._fault(response.url, error)))
        else:
            sweep.lines.extend(describe(step))
            if step.role == "column":
                column = self._column(sweep, step.url)
                if not column.pages:
                    async for found in self.parse_list(response, sweep, column, 0):
                        yield found
            elif step.url in sweep.discovery.articles:
                # A portal with one report links it where others have a column.
                column = self._column(sweep, step.url)
                column.family = "article"
                column.collected.add(step.url)
                column.reports += 1
                if self.follow_rows:
                    async for found in self.parse_page(response, sweep, column, Link(step.url, "")):
                        yield found
            elif step.problem and not response.meta.get("browser") and await self._wants_browser(sweep, response.body):
                sweep.lines.append(f"{step.url}\n  may be written by its script: looking at it with the browser")
                yield self._search_request(sweep, step.url, stage, browser=True)
                return
            elif step.problem:
                sweep.problems.append((Outcome.FAILED, f"column {step.url}: {step.problem}"))
            if step.off_list and not sweep.columns:
                hosts = ", ".join(sorted({urlsplit(candidate.link.url).netloc for candidate in step.off_list}))
                sweep.problems.append((Outcome.NOT_FOUND, f"{step.url} leads to hosts that are not allowed: {hosts}"))
        for request in self._search_on(sweep):
            yield request

    def search_failed(self, failure: Failure) -> Iterator[Request]:
        """Note why a page of the search could not be read, and go on with the next best."""
        request = cast("Request", failure.request)  # type: ignore[attr-defined]
        sweep: PortalSweep = request.cb_kwargs["sweep"]
        error = cast("BaseException", failure.value)
        outcome, message = describe_exception(error, request.url)
        instead = other_scheme(request.url, error) if request.cb_kwargs["instead_of"] is None else None
        if instead is not None:
            sweep.lines.append(f"{request.url}\n  {outcome.value}: {message}; trying {instead}")
            yield self._search_request(sweep, instead, request.cb_kwargs["stage"], instead_of=request.url)
            return
        sweep.problems.append((outcome, message))
        sweep.lines.append(f"{request.url}\n  {outcome.value}: {message}")
        self.logger.warning("%s: %s: %s", sweep.portal.name, outcome.value, message)
        yield from self._search_on(sweep)

    def _fault(self, url: str, error: Exception) -> str:
        """A page that our own code stumbles over costs that page, and is told with all that is needed to mend it."""
        self.crawler.stats.inc_value("page/faults")
        self.logger.error("%s could not be read: a fault of this software", url, exc_info=error)
        return f"{url} could not be read, by a fault of this software ({type(error).__name__}: {error}); see the log"

    # --- column -> pages ----------------------------------------------------------------------------------------------

    def _column(self, sweep: PortalSweep, url: str) -> ColumnSweep:
        return sweep.columns.setdefault(url, ColumnSweep(url))

    def _list_request(
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
        known = {} if afresh or browser else self.ledger.visits.list_validators(sweep.key, [key])
        headers = known[key].conditions if key in known else {}
        if part:
            headers |= {"Referer": part.page_url, "X-Requested-With": "XMLHttpRequest"}
            if part.body is not None:
                headers["Content-Type"] = part.content_type
        return Request(
            part.url if part else key,
            self.parse_list,
            method="POST" if part and part.body is not None else "GET",
            body=part.body if part and part.body is not None else b"",
            headers=headers,
            errback=self.list_failed,
            meta={
                **self.request_meta(sweep.portal),
                "download_maxsize": self.settings.getint("PAGE_MAX_BYTES"),
                "handle_httpstatus_list": [NOT_MODIFIED],
                "list_key": key,
                **(self._browser_meta() if browser else {}),
            },
            dont_filter=True,
            priority=10,
            cb_kwargs={"sweep": sweep, "column": column, "depth": depth, "part": part},
        )

    async def parse_list(
        self, response: Response, sweep: PortalSweep, column: ColumnSweep, depth: int, part: ListRequest | None = None
    ) -> AsyncIterator[Request | PageItem]:
        """Read one page of a column's list: its rows, its further pages, its sub-columns.

        Pages are parsed in threads, here and elsewhere: a large one takes longer than the event loop may stand still.
        """
        sweep.reached = True
        key: str = response.meta.get("list_key") or (response.request.url if response.request else response.url)
        # Scrapy's responses have no fragment, and some columns are told apart by nothing else (gkmlpt/index#564).
        url, body = response.url + ("" if part else _fragment(key)), response.body
        if response.status == NOT_MODIFIED:
            kept = await asyncio.to_thread(self.ledger.visits.list_body, sweep.key, key)
            if kept is None:
                yield self._list_request(sweep, column, part or key, depth, afresh=True)
                return
            url, body = kept
            self.crawler.stats.inc_value("list/unchanged")
        column.pages.update((key, url))
        seen_in_browser = bool(response.meta.get("browser"))
        try:
            if seen_in_browser:
                page = await asyncio.to_thread(_read_pages, response, sweep.portal)
            else:
                page = await asyncio.to_thread(_read_list, body, url, part, sweep.portal)
        except (ListShapeError, ValueError) as error:
            if not seen_in_browser and part is None and await self._wants_browser(sweep, body):
                yield self._list_request(sweep, column, url, depth, browser=True)
                return
            message = f"{error}; the portal may have been rebuilt: look at it with `scrapy portals check {column.url}`"
            column.problems.append((Outcome.FAILED, message))
            self.crawler.stats.inc_value("column/shape_errors")
            self.logger.error("%s: column %s: %s", sweep.portal.name, column.url, message)
            for request in self._search_after_loss(sweep):
                yield request
            return
        except Exception as error:  # noqa: BLE001 - told, with its trace
            column.problems.append((Outcome.FAILED, self._fault(url, error)))
            return
        if not (seen_in_browser or part or page.items or page.sub_columns or page.next_requests) and (
            await self._wants_browser(sweep, body)
        ):
            yield self._list_request(sweep, column, url, depth, browser=True)
            return
        sweep.note_browser(used=seen_in_browser, found=bool(page.items))
        if response.status != NOT_MODIFIED and not seen_in_browser:
            await asyncio.to_thread(self.ledger.visits.keep_list, sweep.key, key, url, body, _validators(response))
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
        if depth < self.settings.getint("COLUMN_MAX_DEPTH"):
            for link in page.sub_columns:
                if link.url not in column.pages:
                    sub = self._column(sweep, link.url)
                    if link.url not in sub.pages:
                        yield self._list_request(sweep, sub, link.url, depth + 1)
        async for visit in self._feed(sweep):
            yield visit

    async def _wants_browser(self, sweep: PortalSweep, body: bytes) -> bool:
        """Whether a list without rows may have them written by its script."""
        if not self._may_use_browser(sweep):
            return False
        return await asyncio.to_thread(is_written_by_script, body, sweep.portal.encoding)

    def _further(self, sweep: PortalSweep, column: ColumnSweep, page: ListPage, depth: int) -> Iterator[Request]:
        limit = self.settings.getint("COLUMN_MAX_PAGES")
        further: list[str | ListRequest] = [*page.next_pages, *page.next_requests]
        for wanted in further:
            if (wanted.key if isinstance(wanted, ListRequest) else wanted) in column.pages:
                continue
            if len(column.pages) >= limit:
                column.problems.append((Outcome.FAILED, f"{column.url} has more than {limit} pages; raise COLUMN_MAX_PAGES"))
                return
            yield self._list_request(sweep, column, wanted, depth)

    def list_failed(self, failure: Failure) -> Iterator[Request]:
        """A list page that cannot be read makes its column incomplete, unless it lies past what the list declares."""
        request = cast("Request", failure.request)  # type: ignore[attr-defined]
        sweep: PortalSweep = request.cb_kwargs["sweep"]
        column: ColumnSweep = request.cb_kwargs["column"]
        outcome, message = describe_exception(cast("BaseException", failure.value), request.url)
        guessed = column.collected and request.url != column.url and outcome is Outcome.NOT_FOUND
        if guessed and len(column.collected) >= (column.declared_total or 0):
            return
        column.problems.append((outcome, message))
        self.logger.error("%s: column %s: %s: %s", sweep.portal.name, column.url, outcome.value, message)
        if request.url == column.url:
            yield from self._search_after_loss(sweep)

    def _row(self, sweep: PortalSweep, column: ColumnSweep, link: Link) -> Iterator[PageItem]:
        """Put one row of the list on the way, unless its title says that it is something else."""
        verdict = classify_title(link.text)
        if verdict.kind == "lookalike":
            column.lookalikes += 1
            if self.follow_rows:
                message = f"by its title: {verdict.reason}"
                yield self._item(sweep, column, link.url, link, outcome=Outcome.NOT_A_REPORT.value, message=message)
            return
        year = read_title(link.text).year
        if self.years is not None and year is not None and year not in self.years:
            column.filtered = True
            self.crawler.stats.inc_value("page/other_year")
            return
        column.reports += 1
        if not self.follow_rows:
            column.titles.append(link.text)
        elif link.url not in sweep.asked:
            sweep.asked.add(link.url)
            sweep.rows.append((column, link))

    async def _feed(self, sweep: PortalSweep) -> AsyncIterator[Request | PageItem]:
        """Follow the rows that wait, a few at a time."""
        while sweep.rows and sweep.in_flight < ROWS_IN_FLIGHT:
            few = [sweep.rows.popleft() for _ in range(min(len(sweep.rows), ROWS_IN_FLIGHT))]
            known = await asyncio.to_thread(self.ledger.visits.known_pages, sweep.key, [link.url for _, link in few])
            for column, link in few:
                yield self._visit(sweep, column, link, known.get(link.url))

    def _visit(self, sweep: PortalSweep, column: ColumnSweep, link: Link, known: KnownPage | None) -> Request | PageItem:
        """Fetch the page of a row, ask whether it changed, or trust what is known of it."""
        if is_document_url(link.url):
            document = DocumentItem(link.url, "attachment", link_text=link.text, expected=promised_kind(link.url))
            return self._item(sweep, column, link.url, link, documents=[document])
        visit = self.revisits.page(known, link)
        self.crawler.stats.inc_value(f"page/visit/{visit.value}")
        if visit is Visit.TRUST and known is not None:
            return self._known_item(sweep, column, link, known)
        sweep.in_flight += 1
        return Request(
            link.url,
            self.parse_page,
            headers=known.validators.conditions if visit is Visit.ASK and known else {},
            errback=self.page_failed,
            meta={
                **self.request_meta(sweep.portal),
                "download_maxsize": self.settings.getint("PAGE_MAX_BYTES"),
                "handle_httpstatus_list": [NOT_MODIFIED],
            },
            dont_filter=True,
            cb_kwargs={"sweep": sweep, "column": column, "link": link, "known": known},
        )

    # --- page -> documents --------------------------------------------------------------------------------------------

    async def parse_page(
        self, response: Response, sweep: PortalSweep, column: ColumnSweep, link: Link, known: KnownPage | None = None
    ) -> AsyncIterator[Request | PageItem]:
        """Read an article: its title and date, the documents it links, and its own body."""
        sweep.in_flight -= 1
        async for visit in self._feed(sweep):
            yield visit
        if response.status == NOT_MODIFIED and known is not None:
            yield self._known_item(sweep, column, link, known)
            return
        content_type = (response.headers.get("Content-Type") or b"text/html").lower()
        if not content_type.startswith((b"text/", b"application/xhtml")):
            # A row without a telling suffix that turns out to be a file.
            document = DocumentItem(link.url, "attachment", link_text=link.text, content=response.body)
            yield self._item(sweep, column, link.url, link, documents=[document])
            return
        page = (response.body, response.url, sweep.portal.encoding)
        try:
            is_column = is_list_url(response.url) and await asyncio.to_thread(page_role, *page) == "column"
            article = None if is_column else await asyncio.to_thread(parse_article, *page)
        except ValueError as error:
            yield self._item(sweep, column, link.url, link, outcome=Outcome.TOO_LARGE.value, message=f"{link.url}: {error}")
            return
        except Exception as error:  # noqa: BLE001 - told, with its trace
            yield self._item(
                sweep, column, link.url, link, outcome=Outcome.FAILED.value, message=self._fault(response.url, error)
            )
            return
        if article is None:
            # A row that is a sub-column under a report's name.
            sub = self._column(sweep, response.url)
            async for found in self.parse_list(response, sweep, sub, 1):
                yield found
            return
        says = fingerprint(article)
        yield self._item(
            sweep,
            column,
            response.url,
            link,
            title=article.title,
            published_date=article.published_date or link.date,
            source=article.source,
            documents=self._documents(response, link, article, known if known and known.fingerprint == says else None),
            link_url=link.url,
            fingerprint=says,
            validators=_validators(response),
        )

    def _documents(self, response: Response, link: Link, article: ArticlePage, same: KnownPage | None) -> list[DocumentItem]:
        """The documents of an article. Where it says the ``same`` as when it was known, its body is the one kept then."""
        documents = [
            DocumentItem(attachment.url, "attachment", link_text=attachment.text, expected=promised_kind(attachment.url))
            for attachment in article.attachments
            if classify_title(attachment.text).kind != "lookalike"
        ]
        if not documents and article.images and not article.has_tables:
            # Pages, or the tables that the text lacks: all images together are one document.
            images = tuple(image.url for image in article.images)
            documents.append(DocumentItem(f"{response.url}{IMAGES_FRAGMENT}", "attachment", pages=images))
        if not documents or len(article.body_text) >= BODY_MIN_CHARACTERS or prints_sections(article.body_text):
            body = next((kept for kept in same.documents if kept.role == "body" and kept.sha256), None) if same else None
            if body is not None:
                documents.insert(0, asked_again(body))
            else:
                documents.insert(0, DocumentItem(response.url, "body", link_text=link.text, content=response.body))
        return documents

    def _known_item(self, sweep: PortalSweep, column: ColumnSweep, link: Link, known: KnownPage) -> PageItem:
        """A page that is as it was: its documents are asked about, and it is not read again."""
        return self._item(
            sweep,
            column,
            known.page_url,
            link,
            title=known.title,
            published_date=known.published_date,
            source=known.source,
            documents=unchanged_documents(known),
            unchanged=True,
        )

    async def page_failed(self, failure: Failure) -> AsyncIterator[Request | PageItem]:
        """An article that cannot be read is an item with an outcome."""
        request = cast("Request", failure.request)  # type: ignore[attr-defined]
        sweep: PortalSweep = request.cb_kwargs["sweep"]
        column: ColumnSweep = request.cb_kwargs["column"]
        link: Link = request.cb_kwargs["link"]
        sweep.in_flight -= 1
        outcome, message = describe_exception(cast("BaseException", failure.value), request.url)
        self.logger.warning("%s: %s: %s", sweep.portal.name, outcome.value, message)
        yield self._item(sweep, column, link.url, link, outcome=outcome.value, message=message)
        async for visit in self._feed(sweep):
            yield visit

    def _item(self, sweep: PortalSweep, column: ColumnSweep, url: str, link: Link, **values: Any) -> PageItem:
        loader = PageLoader(item={})
        loader.add_value(None, {"portal": sweep.portal, "column_url": column.url, "page_url": url})
        loader.add_value(None, {"list_title": link.text, "list_date": link.date, **values})
        return PageItem(**loader.load_item())

    # --- the end ------------------------------------------------------------------------------------------------------

    def record_portals(self) -> None:
        """Write to the ledger how every portal and column ended."""
        for sweep in self.sweeps.values():
            portal = sweep.portal
            self.ledger.record_portal(
                self.name,
                sweep.key,
                name=portal.name,
                region=portal.region,
                home=portal.home,
                region_code=portal.region_code,
                outcome=sweep.outcome if sweep.is_attempted else None,
                message=sweep.message,
                family=next((column.family for column in sweep.columns.values() if column.family), None),
                browser=sweep.found_with_browser,
                new_document=sweep.new_documents > 0,
            )
            if sweep.searching and sweep.reached:
                kept = [column.url for column in sweep.columns.values() if column.outcome is Outcome.OK]
                self.ledger.visits.keep_entries(self.name, sweep.key, [*sweep.discovery.columns, *kept])
            for column in sweep.columns.values():
                if not column.read and not column.problems:
                    continue  # the run ended before its turn came
                self._mark_gone(sweep, column)
                self.ledger.record_column(
                    sweep.key,
                    column.url,
                    collected=len(column.collected),
                    outcome=column.outcome,
                    family=column.family,
                    declared_total=column.declared_total,
                    message=column.message,
                )
            self.crawler.stats.inc_value(f"portal/outcome/{sweep.outcome.value if sweep.is_attempted else 'not_tried'}")

    def _mark_gone(self, sweep: PortalSweep, column: ColumnSweep) -> None:
        """Only a list that was read whole can tell what left it."""
        whole = column.read > 0 and column.outcome is Outcome.OK and not column.filtered
        if whole and not sweep.rows and not sweep.in_flight and self.follow_rows:
            gone = self.ledger.mark_gone(sweep.key, column.url, not_seen_since=self.started_at)
            sweep.gone += gone
            if gone:
                self.crawler.stats.inc_value("page/gone", gone)
                self.logger.warning("%s: %d pages are no longer listed in %s", sweep.portal.name, gone, column.url)

    @property
    def all_failed(self) -> bool:
        """Whether portals were tried and not one could be read."""
        tried = [sweep for sweep in self.sweeps.values() if sweep.is_attempted]
        return bool(tried) and not any(sweep.outcome is Outcome.OK for sweep in tried)

    def end_run(self, reason: str) -> None:
        """Close what the run opened."""
        self.ledger.finish_run(self.run, reason=reason, exit_status=int(self.all_failed), stats=self.crawler.stats.get_stats())
        self.ledger.close()
        if self.sample is not None:
            self.sample.stop()


def _read_list(body: bytes, url: str, part: ListRequest | None, portal: Portal) -> ListPage:
    if part is not None:
        return families.read_answer(body, part)
    return families.read_list(body, url, family=portal.family, encoding=portal.encoding)


def _read_pages(response: Response, portal: Portal) -> ListPage:
    """The pages of a list as the browser turned them, as one."""
    from crawler.browser.request import pages_seen

    pages = [families.read_list(page, response.url, family=portal.family, encoding="utf-8") for page in pages_seen(response)]
    first = pages[0]
    items = {item.url: item for page in pages for item in page.items}
    return replace(
        first,
        items=tuple(items.values()),
        next_pages=tuple(dict.fromkeys(url for page in pages for url in page.next_pages)),
        # Each page that was turned by its button counts: the list's own number of pages is met by them.
        declared_pages=None if len(pages) >= (first.declared_pages or 0) else first.declared_pages,
    )


def _fragment(url: str) -> str:
    fragment = urlsplit(url).fragment
    return f"#{fragment}" if fragment else ""


def _validators(response: Response) -> Validators:
    given = (response.headers.get(name) for name in ("ETag", "Last-Modified"))
    return Validators(*(value.decode("latin-1") if value else None for value in given))


def other_scheme(url: str, error: BaseException) -> str | None:
    """The same address by https instead of http or the reverse, where the failure may be the scheme's; else ``None``.

    Some portals answer on one of the two only. A port that the address names is for one of them, so that a refusal or a
    silence there is final.
    """
    cause = error.__cause__ if isinstance(error, RefusedRequest) and error.__cause__ else error
    parts = urlsplit(url)
    if isinstance(cause, DownloadConnectionRefusedError | DownloadTimeoutError) and parts.port is not None:
        return None
    if not isinstance(cause, DownloadConnectionRefusedError | DownloadTimeoutError | DownloadFailedError | OSError):
        return None
    if isinstance(cause, CannotResolveHostError):
        return None
    return parts._replace(scheme="http" if parts.scheme == "https" else "https").geturl()


def prints_sections(text: str) -> bool:
    """Whether a text stands under headings of the form, however short it is."""
    text = "".join(text.split())
    sections = load_form(FORM_VERSIONS[-1]).sections
    return sum(any(words in text for words in (section.heading, *section.variants)) for section in sections) >= MIN_HEADINGS


def promised_kind(url: str) -> str | None:
    """The kind of file a URL's path or parameters promise, e.g. ``pdf``; ``None`` where they promise none."""
    parts = urlsplit(url)
    for name in (parts.path, *(value for _, value in parse_qsl(parts.query))):
        suffix = PurePosixPath(unquote(name)).suffix.lstrip(".").lower()
        if suffix in DOCUMENT_SUFFIXES:
            return suffix
    return None


def _slots(portals: tuple[Portal, ...]) -> dict[str, dict[str, Any]]:
    """Delays of portals that name their own; every slot keeps to one request at a time."""
    slots: dict[str, dict[str, Any]] = {}
    for portal in portals:
        if portal.delay is not None:
            for host in allowed_hosts(portal):
                slots[host.rpartition(":")[0] or host] = {"concurrency": 1, "delay": max(portal.delay, LEAST_DELAY_SECONDS)}
    return slots
