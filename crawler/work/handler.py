"""The download handler of a worker's crawl: a host is asked only by whoever holds its lock."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from crawler.browser.handler import BrowserHandler
from crawler.work.database import shared_url
from crawler.work.hosts import HostLocks

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

    from crawler.spider import ReportsSpider

_locks: WeakKeyDictionary[Crawler, HostLocks] = WeakKeyDictionary()
"""Scrapy makes a handler for http and another for https; the hosts are the same."""


class SharedHostHandler(BrowserHandler):
    """As `BrowserHandler`, but one request at a time a host over all workers; redirects, robots.txt and the browser included.

    A store that portals share is left in peace for the delay after each answer, as one crawl would leave it. Here, not in a
    middleware: this is where a request begins and where its last byte has come, whatever becomes of it.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        settings = crawler.settings
        if crawler not in _locks:
            browser = settings.getfloat("BROWSER_TIMEOUT") if settings.getbool("BROWSER_ENABLED") else 0.0
            longest = max(settings.getfloat("DOWNLOAD_TIMEOUT"), browser)
            _locks[crawler] = HostLocks(shared_url(settings), settle=longest)
        self.locks = _locks[crawler]
        self.delay = settings.getfloat("DOWNLOAD_DELAY")

    async def download_request(self, request: Request) -> Response:
        """Wait for the host, then download."""
        host = urlsplit(request.url).hostname or ""
        async with self.locks.held(host, linger=0.0 if host in self._own_hosts else self.delay):
            return await super().download_request(request)

    async def close(self) -> None:
        """Give the locks back."""
        await super().close()
        await self.locks.close()

    @cached_property
    def _own_hosts(self) -> frozenset[str]:
        """Those of the portal's home and columns: the crawl's own delay is enough for them."""
        spider = cast("ReportsSpider", self.crawler.spider)
        urls = [url for sweep in spider.sweeps.values() for url in (sweep.portal.home, *sweep.portal.columns)]
        return frozenset(urlsplit(url).hostname or "" for url in urls)
