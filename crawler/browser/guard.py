"""What a page in the browser may ask for: scripts and data of the portal's own hosts, one request at a time."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections import defaultdict
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from playwright.async_api import Error as PlaywrightError

from crawler.portals.addresses import is_private_address

if TYPE_CHECKING:
    from playwright.async_api import Page, Route
    from scrapy import Request

logger = logging.getLogger(__name__)

WANTED = frozenset({"document", "script", "xhr", "fetch"})
"""Kinds of resources that a list is written from; pictures, fonts and styles are not asked for."""

FETCH_TIMEOUT_MS = 30_000


class PageGuard:
    """Fetches for a page what it may have, and refuses the rest.

    A request is made here, not by the browser: so none goes to a host that is not on the portal's list, to a private address or
    along a redirect, and no host is asked two things at once. The page itself is loaded once: a script that loads it anew, as
    challenges do, gets nothing.
    """

    def __init__(self, *, allow_private: bool) -> None:
        self.allow_private = allow_private
        self._locks: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def watch(self, page: Page, request: Request) -> None:
        """Stand between ``page`` and the network; ``request.meta`` names the hosts that are allowed, as everywhere."""
        hosts = request.meta.get("allow_hosts", frozenset())
        private = request.meta.get("allow_private", frozenset())
        navigations = 0

        async def decide(route: Route) -> None:
            nonlocal navigations
            asked = route.request
            if asked.is_navigation_request() and asked.frame == page.main_frame:
                navigations += 1
            parts = urlsplit(asked.url)
            allowed = {parts.hostname, parts.netloc} & hosts
            reason = None
            if asked.resource_type not in WANTED or parts.scheme not in ("http", "https"):
                reason = f"a {asked.resource_type} is not needed"
            elif not allowed:
                reason = f"the host {parts.netloc} is not on the portal's list"
            elif navigations > 1 and asked.is_navigation_request():
                reason = "the page loads itself anew"
            elif await self._is_inside(parts.hostname or "", parts.netloc in private):
                reason = f"{parts.netloc} is a private address"
            if reason is not None:
                logger.debug("not fetched for %s: %s: %s", request.url, asked.url, reason)
                await route.abort("blockedbyclient")
                return
            await self._fetch(route, parts.netloc)

        await page.route("**/*", decide)

    async def _fetch(self, route: Route, host: str) -> None:
        try:
            async with self._locks[host]:
                response = await route.fetch(max_redirects=0, timeout=FETCH_TIMEOUT_MS)
            if 300 <= response.status < 400:
                logger.warning(
                    "%s sends the browser on to %s: not followed", route.request.url, response.headers.get("location")
                )
                await route.abort("blockedbyclient")
            else:
                await route.fulfill(response=response)
        except PlaywrightError as error:
            # The page may be gone by now, or the host is; either way its script sees a failed request.
            logger.debug("%s was not fetched: %s", route.request.url, error)
            try:
                await route.abort("failed")
            except PlaywrightError as gone:
                logger.debug("and its page is closed: %s", gone)

    async def _is_inside(self, host: str, is_exempt: bool) -> bool:
        if self.allow_private or is_exempt:
            return False
        if is_private_address(host):
            return True
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except OSError:
            return False  # no address, no harm: the request will say so
        return any(is_private_address(str(address[4][0])) for address in found)
