"""The one spider behind every province: portals -> columns -> pages -> documents.

A spider of ``spiders/`` names itself and its province; everything it does is here.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Self, cast
from urllib.parse import parse_qsl, unquote, urlsplit

from scrapy import Request, Spider, signals

from crawler.arguments import CrawlArguments
from crawler.dataset.ledger import Ledger
from crawler.divisions import registered_divisions
from crawler.failures import describe_exception
from crawler.forms.catalogue import FORM_VERSIONS, load_form
from crawler.forms.titles import read_title
from crawler.items import DocumentItem, PageItem
from crawler.loaders import PageLoader
from crawler.outcomes import Outcome
from crawler.portals import families
from crawler.portals.article import DOCUMENT_SUFFIXES, is_document_url, parse_article
from crawler.portals.discovery import Discovery, Stage, describe, page_role
from crawler.portals.families.rows import is_list_url
from crawler.portals.model import Link, ListShapeError, Portal
from crawler.portals.registry import allowed_hosts
from crawler.portals.titles import classify_title
from crawler.sweep import ColumnSweep, PortalSweep
from crawler.workspace import Workspace

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from twisted.python.failure import Failure

    from crawler.dataset.publish import Publication

LEAST_DELAY_SECONDS = 0.005
"""Scrapy 2.19 counts a transfer only when its task first runs, so without any delay it starts all that is queued for a host at
once, whatever the concurrency says; tests/test_crawl_faults.py measures it at the server."""

IMAGES_FRAGMENT = "#page-images"
"""Behind an article's address: the images of its body, taken together as one document."""

BODY_MIN_CHARACTERS = 600
"""An article with attachments and less text than this is only their cover; the shortest reports have 2,800 characters."""

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
        workspace.create()
        self.ledger = Ledger(workspace.ledger_url)
        self.last_success = {row.portal: row.last_success for row in self.ledger.portal_health(self.name)}
        """When each portal could last be read, before this run."""
        self.run = self.ledger.begin_run(self.name)

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

    # --- home page -> column ------------------------------------------------------------------------------------------

    async def start(self) -> AsyncIterator[Request]:
        """One first request a portal; a known column is read at once."""
        for sweep in self.sweeps.values():
            for column in sweep.portal.columns:
                yield self._list_request(sweep, self._column(sweep, column), column)
            for request in self._search_on(sweep):
                yield request

    def _search_on(self, sweep: PortalSweep) -> Iterator[Request]:
        """Ask for the page that discovery wants next, if it wants one."""
        wanted = sweep.discovery.next_page()
        if wanted is None:
            return
        url, stage = wanted
        meta = {
            **self.request_meta(sweep.portal),
            "download_maxsize": self.settings.getint("PAGE_MAX_BYTES"),
            "download_timeout": self.settings.getfloat("HOME_TIMEOUT"),
            "max_retry_times": self.settings.getint("HOME_RETRY_TIMES"),
        }
        arguments = {"sweep": sweep, "stage": stage}
        yield Request(url, self.parse_search, errback=self.search_failed, meta=meta, dont_filter=True, cb_kwargs=arguments)

    async def parse_search(self, response: Response, sweep: PortalSweep, stage: Stage) -> AsyncIterator[Request | PageItem]:
        """Follow the words from the home page towards the report column."""
        sweep.reached = True
        asked = response.request.url if response.request else response.url
        asked = response.meta.get("redirect_urls", [asked])[0]
        try:
            step = await asyncio.to_thread(sweep.discovery.take, asked, stage, response.body, final_url=response.url)
        except ValueError as error:
            sweep.problems.append((Outcome.TOO_LARGE, f"{response.url}: {error}"))
        else:
            sweep.lines.extend(describe(step))
            if step.role == "column":
                async for found in self.parse_list(response, sweep, self._column(sweep, step.url), 0):
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
        outcome, message = describe_exception(cast("BaseException", failure.value), request.url)
        sweep.problems.append((outcome, message))
        sweep.lines.append(f"{request.url}\n  {outcome.value}: {message}")
        self.logger.warning("%s: %s: %s", sweep.portal.name, outcome.value, message)
        yield from self._search_on(sweep)

    # --- column -> pages ----------------------------------------------------------------------------------------------

    def _column(self, sweep: PortalSweep, url: str) -> ColumnSweep:
        return sweep.columns.setdefault(url, ColumnSweep(url))

    def _list_request(self, sweep: PortalSweep, column: ColumnSweep, url: str, depth: int = 0) -> Request:
        column.pages.add(url)
        meta = {**self.request_meta(sweep.portal), "download_maxsize": self.settings.getint("PAGE_MAX_BYTES")}
        return Request(
            url,
            self.parse_list,
            errback=self.list_failed,
            meta=meta,
            dont_filter=True,
            priority=10,
            cb_kwargs={"sweep": sweep, "column": column, "depth": depth},
        )

    async def parse_list(
        self, response: Response, sweep: PortalSweep, column: ColumnSweep, depth: int
    ) -> AsyncIterator[Request | PageItem]:
        """Read one page of a column's list: its rows, its further pages, its sub-columns.

        Pages are parsed in threads, here and elsewhere: a large one takes longer than the event loop may stand still.
        """
        sweep.reached = True
        column.pages.add(response.url)
        try:
            page = await asyncio.to_thread(
                families.read_list, response.body, response.url, family=sweep.portal.family, encoding=sweep.portal.encoding
            )
        except ListShapeError as error:
            message = f"{error}; the portal may have been rebuilt: look at it with `scrapy portals check {column.url}`"
            column.problems.append((Outcome.FAILED, message))
            self.crawler.stats.inc_value("column/shape_errors")
            self.logger.error("%s: column %s: %s", sweep.portal.name, column.url, message)
            return
        column.family = column.family or page.family
        if page.declared_total is not None:
            column.declared_total = max(column.declared_total or 0, page.declared_total)
        fresh = [item for item in page.items if item.url not in column.collected]
        column.collected.update(item.url for item in fresh)
        for item in fresh:
            for found in self._row(sweep, column, item):
                yield found
        # A pager that counts on past its end shows rows already seen: then there is nothing further.
        if fresh or (depth == 0 and not page.items):
            for request in self._further(sweep, column, page.next_pages, depth):
                yield request
        if depth < self.settings.getint("COLUMN_MAX_DEPTH"):
            for link in page.sub_columns:
                if link.url not in column.pages:
                    sub = self._column(sweep, link.url)
                    if link.url not in sub.pages:
                        yield self._list_request(sweep, sub, link.url, depth + 1)

    def _further(self, sweep: PortalSweep, column: ColumnSweep, pages: tuple[str, ...], depth: int) -> Iterator[Request]:
        limit = self.settings.getint("COLUMN_MAX_PAGES")
        for url in pages:
            if url in column.pages:
                continue
            if len(column.pages) >= limit:
                column.problems.append((Outcome.FAILED, f"{column.url} has more than {limit} pages; raise COLUMN_MAX_PAGES"))
                return
            yield self._list_request(sweep, column, url, depth)

    def list_failed(self, failure: Failure) -> None:
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

    def _row(self, sweep: PortalSweep, column: ColumnSweep, link: Link) -> Iterator[Request | PageItem]:
        """Follow one row of the list, unless its title says that it is something else."""
        verdict = classify_title(link.text)
        if verdict.kind == "lookalike":
            column.lookalikes += 1
            if self.follow_rows:
                message = f"by its title: {verdict.reason}"
                yield self._item(sweep, column, link.url, link, outcome=Outcome.NOT_A_REPORT.value, message=message)
            return
        year = read_title(link.text).year
        if self.years is not None and year is not None and year not in self.years:
            self.crawler.stats.inc_value("page/other_year")
            return
        column.reports += 1
        column.titles.append(link.text)
        if not self.follow_rows or link.url in sweep.asked:
            return
        sweep.asked.add(link.url)
        if is_document_url(link.url):
            document = DocumentItem(link.url, "attachment", link_text=link.text, expected=promised_kind(link.url))
            yield self._item(sweep, column, link.url, link, documents=[document])
            return
        meta = {**self.request_meta(sweep.portal), "download_maxsize": self.settings.getint("PAGE_MAX_BYTES")}
        yield Request(
            link.url,
            self.parse_page,
            errback=self.page_failed,
            meta=meta,
            dont_filter=True,
            cb_kwargs={"sweep": sweep, "column": column, "link": link},
        )

    # --- page -> documents --------------------------------------------------------------------------------------------

    async def parse_page(
        self, response: Response, sweep: PortalSweep, column: ColumnSweep, link: Link
    ) -> AsyncIterator[Request | PageItem]:
        """Read an article: its title and date, the documents it links, and its own body."""
        content_type = (response.headers.get("Content-Type") or b"text/html").lower()
        if not content_type.startswith((b"text/", b"application/xhtml")):
            # A row without a telling suffix that turns out to be a file.
            document = DocumentItem(link.url, "attachment", link_text=link.text, content=response.body)
            yield self._item(sweep, column, link.url, link, documents=[document])
            return
        page = (response.body, response.url, sweep.portal.encoding)
        if is_list_url(response.url) and await asyncio.to_thread(page_role, *page) == "column":
            # A row that is a sub-column under a report's name.
            sub = self._column(sweep, response.url)
            async for found in self.parse_list(response, sweep, sub, 1):
                yield found
            return
        article = await asyncio.to_thread(parse_article, *page)
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
            documents.insert(0, DocumentItem(response.url, "body", link_text=link.text, content=response.body))
        yield self._item(
            sweep,
            column,
            response.url,
            link,
            title=article.title,
            published_date=article.published_date or link.date,
            source=article.source,
            documents=documents,
        )

    def page_failed(self, failure: Failure) -> Iterator[PageItem]:
        """An article that cannot be read is an item with an outcome."""
        request = cast("Request", failure.request)  # type: ignore[attr-defined]
        sweep: PortalSweep = request.cb_kwargs["sweep"]
        column: ColumnSweep = request.cb_kwargs["column"]
        link: Link = request.cb_kwargs["link"]
        outcome, message = describe_exception(cast("BaseException", failure.value), request.url)
        self.logger.warning("%s: %s: %s", sweep.portal.name, outcome.value, message)
        yield self._item(sweep, column, link.url, link, outcome=outcome.value, message=message)

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
                outcome=sweep.outcome,
                message=sweep.message,
                family=next((column.family for column in sweep.columns.values() if column.family), None),
                browser=portal.browser,
                new_document=sweep.new_documents > 0,
            )
            for column in sweep.columns.values():
                self.ledger.record_column(
                    sweep.key,
                    column.url,
                    collected=len(column.collected),
                    outcome=column.outcome,
                    family=column.family,
                    declared_total=column.declared_total,
                    message=column.message,
                )
            self.crawler.stats.inc_value(f"portal/outcome/{sweep.outcome.value}")

    @property
    def all_failed(self) -> bool:
        """Whether not one portal could be read."""
        return bool(self.sweeps) and not any(sweep.outcome is Outcome.OK for sweep in self.sweeps.values())

    def end_run(self, reason: str) -> None:
        """Close what the run opened."""
        self.ledger.finish_run(self.run, reason=reason, exit_status=int(self.all_failed), stats=self.crawler.stats.get_stats())
        self.ledger.close()
        if self.sample is not None:
            self.sample.stop()


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
