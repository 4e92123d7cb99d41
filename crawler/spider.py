"""The one spider behind every province: portals -> columns -> pages -> documents.

A spider of ``spiders/`` names itself and its province. What it does is in `crawler.crawl`; here it is wired.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Self, TypeVar

from scrapy import Request, Spider, signals

from crawler import logs
from crawler.arguments import CrawlArguments
from crawler.crawl.attachments import Attachments
from crawler.crawl.ending import Ending
from crawler.crawl.escalation import Escalation
from crawler.crawl.lists import Lists
from crawler.crawl.pages import Pages
from crawler.crawl.search import Search
from crawler.crawl.unchanged import Unchanged
from crawler.dataset.clock import utc_now
from crawler.dataset.ledger import Ledger
from crawler.exit_status import EXIT_FAILED, EXIT_NOT_PUBLISHED, EXIT_TRY_LATER
from crawler.outcomes import Outcome
from crawler.page_readers import PageFaultError, PageReaders
from crawler.portals.discovery import Discovery
from crawler.portals.registry import allowed_hosts
from crawler.revisit import RevisitPolicy
from crawler.sweep import PortalSweep
from crawler.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from scrapy.crawler import Crawler

    from crawler.dataset.publish import Publication
    from crawler.outcomes import OutcomeError
    from crawler.portals.model import Portal

Answer = TypeVar("Answer")

LEAST_DELAY_SECONDS = 0.005
"""Scrapy 2.19 counts a transfer only when its task first runs, so without any delay it starts all that is queued for a host at
once, whatever the concurrency says; tests/test_crawl_faults.py measures it at the server."""


class ReportsSpider(Spider):
    """Crawls the report columns of portals.

    See `crawler.arguments.CrawlArguments.parse` for what ``-a`` may say.
    """

    province: str | None = None
    follow_rows = True
    """Whether the rows of a list are fetched; without it only discovery and the lists are walked."""

    def __init__(
        self, *, arguments: CrawlArguments, workspace: Workspace, discovery_max_pages: int, readers: PageReaders
    ) -> None:
        super().__init__()
        self.workspace = workspace
        self.readers = readers
        self.started_at = utc_now()
        self.years = arguments.years
        self.sample = arguments.sample
        self.sweeps = {
            self.portal_key(portal): PortalSweep(
                portal, self.portal_key(portal), Discovery(portal, max_pages=discovery_max_pages)
            )
            for portal in arguments.portals
        }
        self.publication: Publication | None = None
        self.publish_refused = ""
        """Why nothing was published though the run is whole: another process was publishing."""
        self.is_recorded = False
        """Whether the ledger knows how every portal of a worker's run ended."""
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
        before = self.ledger.portals_before(self.name)
        self.last_success = {portal: last_success for portal, (last_success, _) in before.items()}
        """When each portal could last be read, before this run."""
        for key, sweep in self.sweeps.items():
            sweep.needs_browser = before.get(key, (None, False))[1]
        self.run = self.ledger.begin_run(self.name)
        logs.about(spider=self.name, run=self.run)
        self.browser = Escalation(self)
        self.search = Search(self)
        self.lists = Lists(self)
        self.pages = Pages(self)
        self.attachments = Attachments(self)
        self.unchanged = Unchanged(self)
        self.ending = Ending(self)

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
            readers=PageReaders.from_settings(crawler.settings),
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

    async def start(self) -> AsyncIterator[Request]:
        """One first request a portal: a known column is swept at once, else the search for columns begins.

        Portals that have waited longest come first, so that a run that must end early does not leave the same ones out.
        """
        waiting = sorted(self.sweeps.values(), key=lambda sweep: self.last_success.get(sweep.key) or "")
        for sweep in waiting:
            columns = await self.recall(self._remember, sweep)
            browser = self.browser.comes_first(sweep)
            for column in columns:
                yield self.lists.request(sweep, self.lists.column(sweep, column), column, browser=browser)
            if sweep.searching:
                for request in self.search.go_on(sweep):
                    yield request

    async def recall(self, question: Callable[..., Answer], *arguments: Any, **options: Any) -> Answer:
        """What the ledger has, by one of its quick questions.

        SQLite is asked at once, for some milliseconds: in a thread each row it gives would have to be fought for with the event
        loop, which costs a night without news a third more. Another machine is asked in a thread.
        """
        if self.ledger.is_here:
            return question(*arguments, **options)
        return await asyncio.to_thread(question, *arguments, **options)

    def _remember(self, sweep: PortalSweep) -> tuple[str, ...]:
        """The columns of a portal that are swept without a search, and what the ledger has of its lists."""
        sweep.list_validators = self.ledger.visits.list_validators(sweep.key)
        sweep.is_new = not self.ledger.visits.has_pages(sweep.key)
        if sweep.portal.columns:
            return sweep.portal.columns
        columns, found_at = self.ledger.visits.entries(self.name, sweep.key)
        sweep.searching = found_at is None or self.discoveries.is_due(sweep.key, found_at)
        return columns

    def unread(self, url: str, error: OutcomeError) -> str:
        """Why a page could not be read; what our own code stumbled over is counted."""
        if isinstance(error, PageFaultError):
            self.crawler.stats.inc_value("page/faults")
            self.logger.error("%s: %s", url, error.message)
        return f"{url}: {error.message}"

    def record_portals(self) -> None:
        """Write to the ledger how every portal and column ended."""
        self.ending.record()

    @property
    def all_failed(self) -> bool:
        """Whether portals were tried and not one could be read."""
        tried = [sweep for sweep in self.sweeps.values() if sweep.is_attempted]
        return bool(tried) and not any(sweep.outcome is Outcome.OK for sweep in tried)

    @property
    def exit_status(self) -> int:
        """What the command ends with once the run is over."""
        if self.all_failed:
            return EXIT_FAILED
        if self.publish_refused:
            return EXIT_TRY_LATER
        return EXIT_NOT_PUBLISHED if self.publication is None or self.publication.status == "failed" else 0

    def end_run(self, reason: str) -> None:
        """Close what the run opened."""
        stats = self.crawler.stats.get_stats()
        self.ledger.finish_run(self.run, reason=reason, exit_status=self.exit_status, stats=stats)
        self.ledger.close()
        self.workspace.store.close()
        self.readers.close()
        if self.sample is not None:
            self.sample.stop()


def _slots(portals: tuple[Portal, ...]) -> dict[str, dict[str, Any]]:
    """Delays of portals that name their own; every slot keeps to one request at a time."""
    slots: dict[str, dict[str, Any]] = {}
    for portal in portals:
        if portal.delay is not None:
            for host in allowed_hosts(portal):
                slots[host.rpartition(":")[0] or host] = {"concurrency": 1, "delay": max(portal.delay, LEAST_DELAY_SECONDS)}
    return slots
