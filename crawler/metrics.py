"""The run as Prometheus metrics in a file, for node_exporter's textfile collector: nothing listens, nothing is sent.

Labels are the spider's name and words of short lists (outcomes, log levels), never an address.
"""

from __future__ import annotations

import asyncio
import logging
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, cast

from scrapy import signals
from scrapy.exceptions import NotConfigured
from scrapy.utils.asyncio import create_looping_call

from crawler.outcomes import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from prometheus_client.core import Metric
    from prometheus_client.registry import Collector
    from scrapy.crawler import Crawler
    from scrapy.settings import BaseSettings
    from scrapy.utils.asyncio import AsyncioLoopingCall
    from twisted.internet.task import LoopingCall

    from crawler.spider import ReportsSpider

logger = logging.getLogger(__name__)

INTERVAL_SECONDS = 15.0

OUTCOMES = tuple(outcome.value for outcome in Outcome)
LEVELS = ("WARNING", "ERROR", "CRITICAL")
PUBLICATIONS = ("published", "unchanged", "failed")

COUNTERS = {
    "ogi_requests": ("Requests sent, robots.txt and repeated ones included.", "downloader/request_count"),
    "ogi_response_bytes": ("Bytes of the answers, headers included.", "downloader/response_bytes"),
    "ogi_new_documents": ("Documents with a content not seen before.", "document/new"),
    "ogi_shape_errors": ("Lists that changed their shape.", "column/shape_errors"),
}
BY_OUTCOME = {
    "ogi_pages": ("Pages by how they ended.", "page/outcome/"),
    "ogi_documents": ("Documents by how they ended.", "document/outcome/"),
}


class MetricsFile:
    """The file that ``METRICS_FILE`` names, replaced in one step.

    Args:
        path: where.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._failed = False

    @classmethod
    def of(cls, settings: BaseSettings, name: str) -> Self | None:
        """The file of a spider or of the workers; ``None`` where there is to be none.

        Raises:
            NotConfigured: prometheus-client is not installed.
        """
        path = str(settings["METRICS_FILE"] or "")
        if not path:
            return None
        try:
            import prometheus_client  # noqa: F401
        except ModuleNotFoundError as error:
            why = "METRICS_FILE needs prometheus-client: pip install prometheus-client (the extra `observability`)"
            raise NotConfigured(why) from error
        return cls(Path(path.replace("{spider}", name)))

    def write(self, collector: Collector) -> None:
        """Replace the file. One that cannot be written is told once, and is no reason to end anything."""
        from prometheus_client import CollectorRegistry, write_to_textfile

        registry = CollectorRegistry()
        registry.register(collector)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_to_textfile(str(self.path), registry)
        except OSError as error:
            if not self._failed:
                logger.error("the metrics cannot be written to %s: %s", self.path, error)
            self._failed = True


class MetricsExtension:
    """Writes the file every `INTERVAL_SECONDS`, and when the run is over."""

    def __init__(self, crawler: Crawler, file: MetricsFile) -> None:
        self.crawler = crawler
        self.file = file
        self.last_success: float | None = None
        self.ended: float | None = None
        self._task: AsyncioLoopingCall | LoopingCall | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Wire the extension to the settings and the spider's signals."""
        file = MetricsFile.of(crawler.settings, crawler.spidercls.name)
        if file is None:
            raise NotConfigured
        extension = cls(crawler, file)
        crawler.signals.connect(extension.spider_opened, signal=signals.spider_opened)
        crawler.signals.connect(extension.spider_closed, signal=signals.spider_closed)
        return extension

    @property
    def spider(self) -> ReportsSpider:
        """The running spider."""
        return cast("ReportsSpider", self.crawler.spider)

    async def spider_opened(self) -> None:
        """Learn when a run last succeeded, and start the clock."""
        last = await asyncio.to_thread(self.spider.ledger.last_success, self.spider.name)
        self.last_success = datetime.fromisoformat(last).timestamp() if last else None
        self._task = create_looping_call(self.write)
        self._task.start(INTERVAL_SECONDS, now=True)

    def spider_closed(self) -> None:
        """Stop the clock; say how it ended."""
        if self._task is not None and self._task.running:
            self._task.stop()
        self.ended = time.time()
        if self.spider.exit_status == 0:
            self.last_success = self.ended
        self.write()

    def write(self) -> None:
        """Say how the run stands."""
        self.file.write(self)

    def describe(self) -> list[Metric]:
        """Nothing ahead of time: the registry is of one file."""
        return []

    def collect(self) -> Iterator[Metric]:
        """The run as it is now."""
        stats: Mapping[str, Any] = self.crawler.stats.get_stats()
        yield from self._run()
        yield from self._counts(stats)
        yield from self._portals()
        yield from self._dataset()

    def _run(self) -> Iterator[Metric]:
        yield self._gauge("ogi_run_start_time_seconds", "When the run began.", self.spider.started_at.timestamp())
        yield self._gauge("ogi_run_in_progress", "1 while the run is at work.", int(self.ended is None))
        if self.ended is not None:
            yield self._gauge("ogi_run_end_time_seconds", "When the run ended.", self.ended)
            yield self._gauge("ogi_run_exit_status", "What `scrapy crawl` ended with.", self.spider.exit_status)
        if self.last_success is not None:
            words = "When a run last ended with status 0: portals read, dataset published or unchanged."
            yield self._gauge("ogi_run_last_success_time_seconds", words, self.last_success)

    def _counts(self, stats: Mapping[str, Any]) -> Iterator[Metric]:
        for name, (words, key) in COUNTERS.items():
            yield self._counter(name, words, stats.get(key, 0))
        for name, (words, prefix) in BY_OUTCOME.items():
            yield self._counter(name, words, {outcome: stats.get(prefix + outcome, 0) for outcome in OUTCOMES}, "outcome")
        levels = {level.lower(): stats.get(f"log_count/{level}", 0) for level in LEVELS}
        yield self._counter("ogi_log_messages", "Lines of the log that may need a person.", levels, "level")

    def _portals(self) -> Iterator[Metric]:
        counts = dict.fromkeys((*OUTCOMES, "waiting"), 0)
        for sweep in self.spider.sweeps.values():
            counts[sweep.outcome.value if sweep.is_attempted else "waiting"] += 1
        yield self._gauge("ogi_portals", "Portals of this run by how they stand.", counts, "outcome")
        health = self.spider.health
        if health is not None:
            words = "Portals that need a look, see `scrapy portals --stale`."
            yield self._gauge("ogi_portals_stale", words, health["stale"])
            yield self._gauge("ogi_portals_known", "Portals that the ledger knows.", health["portals"])

    def _dataset(self) -> Iterator[Metric]:
        publication = self.spider.publication
        if publication is None:
            return
        if publication.status != "failed":
            yield self._gauge("ogi_published_reports", "Reports of the current version.", publication.counts["reports"])
        states = {status: int(status == publication.status) for status in PUBLICATIONS}
        yield self._gauge("ogi_publication", "1 for how publishing ended.", states, "status")

    def _gauge(self, name: str, words: str, value: float | Mapping[str, float], label: str = "") -> Metric:
        from prometheus_client.core import GaugeMetricFamily

        return self._filled(GaugeMetricFamily(name, words, labels=_labels(label)), value)

    def _counter(self, name: str, words: str, value: float | Mapping[str, float], label: str = "") -> Metric:
        from prometheus_client.core import CounterMetricFamily

        return self._filled(CounterMetricFamily(name, words, labels=_labels(label)), value)

    def _filled(self, family: Any, value: float | Mapping[str, float]) -> Metric:
        if isinstance(value, int | float):
            family.add_metric([self.spider.name], value)
        else:
            for word, number in value.items():
                family.add_metric([self.spider.name, word], number)
        return cast("Metric", family)


def _labels(label: str) -> list[str]:
    return ["spider", label] if label else ["spider"]
