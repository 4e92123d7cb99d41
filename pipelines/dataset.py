"""Last station: the ledger learns what was seen, and at the end of the run the dataset is published."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Self, cast

from crawler.dataset.versions import PublishLockedError
from crawler.gathering import Gathering
from crawler.health import record_health
from crawler.outcomes import WAITS, Outcome
from crawler.publication import publish_workspace

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

    from crawler.items import DocumentItem, PageItem
    from crawler.spider import ReportsSpider

logger = logging.getLogger(__name__)

GATHER_SECONDS = 0.02
"""How long the first page waits for others to be written with it: a transaction of ten takes hardly more than one of one."""


class DatasetPipeline:
    """Writes each page and its documents to the ledger, then publishes when the spider closes."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self._pages: Gathering[PageItem, int] = Gathering(
            lambda items: self._record_all(self.spider, items), GATHER_SECONDS, at_once=self.spider.ledger.is_here
        )

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Wire the station to the crawler, whose spider owns the ledger."""
        return cls(crawler)

    @property
    def spider(self) -> ReportsSpider:
        """The running spider."""
        return cast("ReportsSpider", self.crawler.spider)

    async def process_item(self, item: PageItem) -> PageItem:
        """Write the page and its documents, together with others in one transaction."""
        new = await self._pages.done(item)
        if new:
            self.spider.sweeps[self.spider.portal_key(item.portal)].new_documents += new
            self.crawler.stats.inc_value("document/new", new)
        return item

    @staticmethod
    def _record_all(spider: ReportsSpider, items: list[PageItem]) -> list[int | Exception]:
        """How many documents of each page are new, or why it could not be written."""
        try:
            return spider.ledger.writer.run(lambda: [DatasetPipeline._record(spider, item) for item in items])
        except Exception as error:  # noqa: BLE001 - given to whoever waits for the page
            if len(items) == 1:
                return [error]
        # One of them cannot be written; nothing was. Each alone, so that it costs no other.
        return [result for item in items for result in DatasetPipeline._record_all(spider, [item])]

    @staticmethod
    def _record(spider: ReportsSpider, item: PageItem) -> int:
        """How many of the page's documents are new."""
        portal = spider.portal_key(item.portal)
        is_known = item.was is not None and (item.outcome == item.was or item.message == WAITS)
        if is_known and all(document.unchanged for document in item.documents):
            kept = [(document.url, document.sha256 or "") for document in item.documents]
            spider.ledger.visits.touch_pages([(portal, item.page_url, kept)], run=spider.run)
            return 0
        new = sum(DatasetPipeline._record_document(spider, item, document) for document in item.documents)
        spider.ledger.record_page(
            item.page_url,
            portal=portal,
            column_url=item.column_url,
            title=item.title,
            published_date=item.published_date,
            source=item.source,
            list_title=item.list_title,
            list_date=item.list_date,
            outcome=Outcome(item.outcome or Outcome.FAILED),
            message=item.message,
        )
        if item.link_url:
            spider.ledger.visits.keep_page(
                portal, item.link_url, page_url=item.page_url, fingerprint=item.fingerprint, validators=item.validators
            )
        return new

    @staticmethod
    def _record_document(spider: ReportsSpider, item: PageItem, document: DocumentItem) -> bool:
        if document.unchanged:
            spider.ledger.touch_document(document.url, run=spider.run)
            return False
        return spider.ledger.record_document(
            document.url,
            page_url=item.page_url,
            role=document.role,
            outcome=Outcome(document.outcome or Outcome.FAILED),
            sha256=document.sha256 or "",
            media_type=document.media_type,
            size=document.size,
            path=document.path,
            etag=document.etag,
            last_modified=document.last_modified,
            link_text=document.link_text,
            message=document.message,
            run=spider.run,
        )

    async def close_spider(self) -> None:
        """Record how each portal and column ended, publish, and say how every portal is; in a thread of its own."""
        spider = self.spider
        await spider.unchanged.finish()
        spider.record_portals()
        try:
            spider.publication = await asyncio.to_thread(
                publish_workspace,
                spider.workspace,
                spider.name,
                spider.ledger,
                self.crawler.settings,
                trust_ledger=True,
            )
        except PublishLockedError as error:
            spider.publish_refused = str(error)
            logger.error("not published: %s", error)
        spider.health = await asyncio.to_thread(
            record_health,
            spider.ledger,
            spider.name,
            spider.workspace.root,
            spider.started_at,
            stale_days=self.crawler.settings.getint("STALE_DAYS"),
        )
