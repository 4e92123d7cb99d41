"""Says how far a run has come, in portals, pages and documents."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Self, cast

from scrapy import signals
from scrapy.utils.asyncio import create_looping_call

if TYPE_CHECKING:
    from scrapy import Spider
    from scrapy.crawler import Crawler
    from scrapy.utils.asyncio import AsyncioLoopingCall
    from twisted.internet.task import LoopingCall

    from crawler.spider import ReportsSpider

logger = logging.getLogger(__name__)

INTERVAL_SECONDS = 15.0


class ProgressExtension:
    """Logs one line every `INTERVAL_SECONDS`."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self._task: AsyncioLoopingCall | LoopingCall | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Wire the extension to the spider's signals."""
        extension = cls(crawler)
        crawler.signals.connect(extension.spider_opened, signal=signals.spider_opened)
        crawler.signals.connect(extension.spider_closed, signal=signals.spider_closed)
        return extension

    def spider_opened(self, spider: Spider) -> None:
        """Start the clock."""
        self._task = create_looping_call(self.log, spider)
        self._task.start(INTERVAL_SECONDS, now=False)

    def spider_closed(self) -> None:
        """Stop the clock."""
        if self._task is not None and self._task.running:
            self._task.stop()

    def log(self, spider: Spider) -> None:
        """One line."""
        sweeps = cast("ReportsSpider", spider).sweeps.values()
        stats = self.crawler.stats
        columns = [column for sweep in sweeps for column in sweep.columns.values()]
        logger.info(
            "portals: %d of %d reached; columns: %d; list rows: %d; pages asked: %d; documents read: %d, known: %d, failed: %d",
            sum(sweep.reached for sweep in sweeps),
            len(sweeps),
            len(columns),
            sum(len(column.collected) for column in columns),
            stats.get_value("downloader/request_count", 0),
            stats.get_value("document/extraction/read", 0),
            stats.get_value("document/extraction/known", 0),
            sum(stats.get_value(f"document/outcome/{kind}", 0) for kind in ("failed", "timeout", "truncated", "blocked")),
        )
