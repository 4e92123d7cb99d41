"""A night: the tasks of all of a spider's portals, and of the publication that waits for them."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from scrapy.spiderloader import SpiderLoader

from crawler.arguments import CrawlArguments
from crawler.dataset.ledger import Ledger
from crawler.spider import ReportsSpider
from crawler.work.database import shared_url
from crawler.work.queue import Queue, crawl_task, publish_task

if TYPE_CHECKING:
    from procrastinate import App
    from scrapy.settings import BaseSettings

    from crawler.work.queue import Enqueued

logger = logging.getLogger(__name__)


def load_spider(settings: BaseSettings, spider: str) -> type[ReportsSpider]:
    """The spider of a name.

    Raises:
        ValueError: there is none, or it is not one whose portals can be handed out.
    """
    loader = SpiderLoader.from_settings(settings)
    if spider not in loader.list():
        raise ValueError(f"no spider is called {spider!r}; see `scrapy list`")
    found = loader.load(spider)
    if not issubclass(found, ReportsSpider):
        raise ValueError(f"{spider} is no spider of this project's portals")  # noqa: TRY004 - of the user's words
    return found


async def enqueue_night(
    queue: Queue, settings: BaseSettings, spider: str, arguments: CrawlArguments, years: str | None
) -> Enqueued:
    """Put a spider's portals into the queue, those first that have waited longest, and the publication after them."""
    before = await asyncio.to_thread(_last_successes, settings, spider)
    portals = sorted(arguments.portals, key=lambda portal: before.get(ReportsSpider.portal_key(portal)) or "")
    put = await queue.put(crawl_task(spider, portal, years) for portal in portals)
    await queue.put([publish_task(spider)])
    return put


async def begin_night(app: App, settings: BaseSettings, spider: str) -> str:
    """What the time table asks for."""
    arguments = CrawlArguments.parse(settings, default_province=load_spider(settings, spider).province)
    put = await enqueue_night(Queue(app), settings, spider, arguments, None)
    return f"{put.new} portals put into the queue, {put.waiting} were waiting there"


def _last_successes(settings: BaseSettings, spider: str) -> dict[str, str | None]:
    with Ledger(shared_url(settings)) as ledger:
        return {portal: last_success for portal, (last_success, _) in ledger.portals_before(spider).items()}
