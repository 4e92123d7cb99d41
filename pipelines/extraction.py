"""Second station: documents are read, in child processes, each content once."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Self, cast

from crawler import EXTRACTOR_VERSION
from crawler.isolation import ExtractionPool, NotReadError
from crawler.outcomes import Outcome

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

    from crawler.items import DocumentItem, PageItem
    from crawler.spider import ReportsSpider


class ExtractionPipeline:
    """Reads what has not been read by this version of the extractor; everything else comes from the ledger."""

    def __init__(self, crawler: Crawler, pool: ExtractionPool) -> None:
        self.crawler = crawler
        self.pool = pool
        self._reading: dict[str, asyncio.Lock] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Wire the station to the settings."""
        return cls(crawler, ExtractionPool.from_settings(crawler.settings))

    def close_spider(self) -> None:
        """End the child processes."""
        self.pool.close(wait=False)

    async def process_item(self, item: PageItem) -> PageItem:
        """Give every stored document its outcome and, where it is a report, its record."""
        wanted = [document for document in item.documents if document.sha256 and document.outcome is None]
        await asyncio.gather(*(self._read(document) for document in wanted))
        return item

    async def _read(self, document: DocumentItem) -> None:
        sha256 = cast("str", document.sha256)
        spider = cast("ReportsSpider", self.crawler.spider)
        # Two pages may link the same file at the same moment.
        async with self._reading.setdefault(sha256, asyncio.Lock()):
            known = await asyncio.to_thread(spider.ledger.find_extraction, sha256, EXTRACTOR_VERSION)
            if known is not None:
                self.crawler.stats.inc_value("document/extraction/known")
                document.outcome, document.message = known.outcome.value, known.message
                document.extraction = known.record
                return
            # By path: however many documents wait for a child, none of them is in memory here.
            path = Path(spider.workspace.files_store) / cast("str", document.path)
            try:
                extraction = await self.pool.extract(path, document.expected)
            except NotReadError as error:
                # Says nothing of the document, so the ledger does not learn it and the next run tries again.
                self.crawler.stats.inc_value("document/extraction/not_read")
                document.outcome, document.message = Outcome.FAILED.value, f"{document.url} was not read: {error}"
                return
            await asyncio.to_thread(
                spider.ledger.save_extraction,
                sha256,
                EXTRACTOR_VERSION,
                outcome=extraction.outcome,
                message=extraction.message,
                record=extraction.record,
                seconds=extraction.seconds,
            )
        self.crawler.stats.inc_value("document/extraction/read")
        document.outcome, document.message = extraction.outcome.value, extraction.message
        document.extraction = extraction.record
