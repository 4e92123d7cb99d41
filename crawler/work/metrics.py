"""The work of all workers as Prometheus metrics, written by each worker into the file of its machine; see `crawler.metrics`."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from scrapy.exceptions import NotConfigured
from sqlalchemy.exc import DBAPIError

from crawler.metrics import INTERVAL_SECONDS, MetricsFile
from crawler.work.status import last_publications, work_status

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from prometheus_client.core import Metric
    from scrapy.settings import BaseSettings

    from crawler.work.status import Status

logger = logging.getLogger(__name__)

NAME = "work"
"""What stands in ``METRICS_FILE`` for the spider's name."""

STATES = ("queued", "running", "failed", "succeeded")


async def keep_measuring(settings: BaseSettings, url: str) -> None:
    """Writes the file now and then; ends at once where ``METRICS_FILE`` is not set."""
    try:
        file = MetricsFile.of(settings, NAME)
    except NotConfigured as error:
        logger.warning("the work is not measured: %s", error)
        return
    while file is not None:
        try:
            collector = await asyncio.to_thread(_look, settings, url)
        except DBAPIError as error:
            logger.warning("the work was not measured: PostgreSQL does not answer (%s)", type(error.orig).__name__)
        else:
            if collector is not None:
                await asyncio.to_thread(file.write, collector)
        await asyncio.sleep(INTERVAL_SECONDS)


def _look(settings: BaseSettings, url: str) -> WorkMetrics | None:
    status = work_status(url, lost_seconds=settings.getfloat("WORKER_LOST"))
    return WorkMetrics(status, last_publications(url)) if status else None


class WorkMetrics:
    """A status as metrics.

    Args:
        publications: when a publication of each spider last succeeded, in seconds of the epoch.
    """

    def __init__(self, status: Status, publications: Mapping[str, float]) -> None:
        self.status = status
        self.publications = publications

    def describe(self) -> list[Metric]:
        """Nothing ahead of time: the registry is of one file."""
        return []

    def collect(self) -> Iterator[Metric]:
        """What `scrapy work` shows."""
        from prometheus_client.core import GaugeMetricFamily

        words = "Tasks by kind and state; those that are done are forgotten after WORKER_KEEP_HOURS."
        tasks = GaugeMetricFamily("ogi_work_tasks", words, labels=("task", "state"))
        words = "How long the oldest task of a kind waits."
        oldest = GaugeMetricFamily("ogi_work_oldest_waiting_seconds", words, labels=("task",))
        for kind in self.status.kinds:
            for state in STATES:
                tasks.add_metric((kind.task, state), getattr(kind, state))
            oldest.add_metric((kind.task,), kind.oldest_waiting or 0)
        yield tasks
        yield oldest
        words = "Tasks without a sign of life of their worker, or at work for hours; 20 at most."
        yield GaugeMetricFamily("ogi_work_stuck_tasks", words, value=len(self.status.stuck))
        words = "Queues served by workers that give signs of life."
        yield GaugeMetricFamily("ogi_work_queues_served", words, value=self.status.queues_served)
        words = "When a publication by workers last succeeded, with news or without."
        published = GaugeMetricFamily("ogi_work_last_publication_time_seconds", words, labels=("spider",))
        for spider, moment in self.publications.items():
            published.add_metric((spider,), moment)
        yield published
