"""A worker's child: crawls one portal, or publishes, and says on stdout in one line of JSON what came of it.

Its order comes as one line of JSON on stdin, secrets of the settings included: not as arguments, which every process of the
machine can read. Where stdin ends, the worker is no more, and so is the child: whatever it has not written is done again.
"""

from __future__ import annotations

import gc
import json
import logging
import os
import sys
import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from scrapy.utils.project import get_project_settings

from crawler import logs
from crawler.workspace import Workspace

if TYPE_CHECKING:
    from scrapy.settings import Settings

LOST = 70
"""EX_SOFTWARE of sysexits.h: the worker is gone."""

ITEMS_LOST, NOT_STORED = "work/items_lost", "document/store_errors"

CRAWL_SETTINGS: dict[str, Any] = {
    "ITEM_PIPELINES": {
        "pipelines.attachments.AttachmentsPipeline": 100,
        "pipelines.handed_on.HandedOnExtraction": 200,
        "pipelines.handed_on.HandedOnChecks": 300,
        "pipelines.handed_on.HandedOnDataset": 400,
    },
    "DOWNLOAD_HANDLERS": {
        "http": "crawler.work.handler.SharedHostHandler",
        "https": "crawler.work.handler.SharedHostHandler",
    },
    # Its monitors judge a whole run and its publication.
    "SPIDERMON_ENABLED": False,
}
"""What a portal's run by a worker does otherwise than `scrapy crawl`."""


def main() -> int:
    """Does what the order says."""
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever else is printed belongs to the log
    order = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_the_worker, daemon=True).start()
    settings = get_project_settings()
    settings.setdict(order["settings"], priority="cmdline")
    logs.install(settings, os.environ)
    logging.getLogger("botocore").setLevel(logging.WARNING)
    work = publish if order["work"] == "publish" else crawl
    result = work(settings, **order["arguments"])
    answer.write(json.dumps(result, ensure_ascii=False) + "\n")
    answer.close()
    return 0


def crawl(settings: Settings, *, spider: str, portal: dict[str, Any], years: str | None) -> dict[str, Any]:
    """Crawls one portal, alone with it; ``busy`` says who is at work on it where somebody is."""
    from scrapy import signals
    from scrapy.crawler import AsyncCrawlerProcess

    from crawler.arguments import CrawlArguments, parse_years
    from crawler.portals.registry import portal_of
    from crawler.spider import ReportsSpider
    from crawler.work.locks import SessionLocks, portal_lock, run_lock

    gc.freeze()
    # The worker says how each of its portals ended.
    own = dict.fromkeys(("crawler.progress.ProgressExtension", "crawler.metrics.MetricsExtension"))
    extensions = {**settings.getdict("EXTENSIONS"), **own}
    readers = settings.getint("WORKER_PAGE_READERS")
    settings.setdict({**CRAWL_SETTINGS, "EXTENSIONS": extensions, "PAGE_READERS": readers}, priority="cmdline")
    arguments = CrawlArguments((portal_of(portal),), parse_years(years))
    key = ReportsSpider.portal_key(arguments.portals[0])
    with ExitStack() as stack:
        locks = stack.enter_context(SessionLocks(Workspace.of(settings, spider).ledger_url, "crawl"))
        for name, shared in ((run_lock(spider), True), (portal_lock(spider, key), False)):
            if not locks.take(name, shared=shared):
                return {"busy": locks.holder(name)}
        logs.about(portal=key)
        # Eight of them write into one log, and what Scrapy says at every start says nothing.
        logging.disable(logging.WARNING)
        process = AsyncCrawlerProcess(settings)
        crawler = process.create_crawler(spider)

        def lost() -> None:
            crawler.stats.inc_value(ITEMS_LOST)

        crawler.signals.connect(lost, signal=signals.item_error)
        process.crawl(crawler, arguments=arguments)
        logging.disable(logging.NOTSET)
        logging.getLogger("scrapy").setLevel(logging.WARNING)
        process.start()
        return _crawled(crawler, key)


def _crawled(crawler: Any, key: str) -> dict[str, Any]:
    spider, stats = crawler.spider, crawler.stats.get_stats()
    if spider is None or not spider.is_recorded:
        return {"failed": "the run broke off before the ledger knew how the portal ended; its log says why"}
    for name, what in ((ITEMS_LOST, "pages could not be written to the ledger"), (NOT_STORED, "files could not be stored")):
        if stats.get(name):
            return {"failed": f"{stats[name]} {what}; its log says why"}
    sweep = spider.sweeps[key]
    return {
        "outcome": sweep.outcome.value if sweep.is_attempted else "not_tried",
        "message": sweep.message,
        "requests": stats.get("downloader/request_count", 0),
        "new": stats.get("document/new", 0),
        "reason": stats.get("finish_reason"),
    }


def publish(settings: Settings, *, spider: str, since: str) -> dict[str, Any]:
    """Publishes a spider's dataset, writes its ``health.json`` and runs the monitors over what happened since the publication
    before; ``busy`` where another process publishes it.
    """
    from datetime import datetime

    from crawler.dataset.clock import utc_now
    from crawler.dataset.ledger import Ledger
    from crawler.dataset.versions import PublishLockedError
    from crawler.health import record_health
    from crawler.publication import publication_lines, publish_workspace
    from crawler.work.monitoring import Night, run_monitors

    logs.about(spider=spider)
    workspace = Workspace.of(settings, spider)
    with Ledger(workspace.ledger_url) as ledger:
        try:
            publication = publish_workspace(workspace, spider, ledger, settings, trust_ledger=True)
        except PublishLockedError as error:
            return {"busy": str(error)}
        health = record_health(ledger, spider, workspace.root, utc_now(), stale_days=settings.getint("STALE_DAYS"))
        run_monitors(Night(spider, settings, publication, health), ledger, datetime.fromisoformat(since))
    return {
        "status": publication.status,
        "version": publication.version,
        "lines": publication_lines(publication),
        "stale": health["stale"],
        "portals": health["portals"],
    }


def _end_with_the_worker() -> None:
    while os.read(0, 4096):
        pass
    os._exit(LOST)


if __name__ == "__main__":
    raise SystemExit(main())
