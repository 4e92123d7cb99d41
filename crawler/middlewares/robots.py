"""robots.txt as RFC 9309 has it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.exceptions import NotConfigured
from scrapy.http.request import NO_CALLBACK
from scrapy.robotstxt import ProtegoRobotParser

from crawler.failures import RefusedRequest, describe_exception
from crawler.outcomes import Outcome

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

_KEPT_META = ("allow_hosts", "allow_private", "autothrottle_dont_adjust_delay")


class RobotsMiddleware:
    """Asks each host for its robots.txt once a run and keeps to it.

    Unlike Scrapy's own middleware it follows RFC 9309 section 2.3.1: a host that answers 4xx has no rules; one that cannot be
    reached or answers 5xx is not asked for anything else in this run (stock Scrapy goes on, and waits for every time-out
    twice), and the reason becomes the outcome of the page instead of a trace in the log.
    """

    def __init__(self, crawler: Crawler, *, user_agent: str, timeout: float, retry_times: int) -> None:
        self.crawler = crawler
        self.user_agent = user_agent
        self.timeout = timeout
        self.retry_times = retry_times
        self._rules: dict[str, asyncio.Future[ProtegoRobotParser]] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Wire the middleware to the settings."""
        settings = crawler.settings
        if not settings.getbool("ROBOTSTXT_OBEY"):
            raise NotConfigured("ROBOTSTXT_OBEY is off")
        return cls(
            crawler,
            user_agent=settings["USER_AGENT"],
            timeout=settings.getfloat("HOME_TIMEOUT"),
            retry_times=settings.getint("HOME_RETRY_TIMES"),
        )

    async def process_request(self, request: Request) -> None:
        """Raise `RefusedRequest` where the host's rules forbid the URL or cannot be had."""
        if request.meta.get("is_robots"):
            return
        parts = urlsplit(request.url)
        origin = f"{parts.scheme}://{parts.netloc}"
        if origin not in self._rules:
            self._rules[origin] = asyncio.ensure_future(self._ask(origin, request))
        rules = await self._rules[origin]
        if not rules.allowed(request.url, self.user_agent):
            raise RefusedRequest(Outcome.BLOCKED, f"robots.txt of {parts.netloc} forbids {request.url} to crawlers")

    async def _ask(self, origin: str, request: Request) -> ProtegoRobotParser:
        meta = {key: request.meta[key] for key in _KEPT_META if key in request.meta}
        robots = Request(
            f"{origin}/robots.txt",
            callback=NO_CALLBACK,
            priority=1000,
            meta={**meta, "is_robots": True, "download_timeout": self.timeout, "max_retry_times": self.retry_times},
        )
        try:
            response = await self.crawler.engine.download_async(robots)
        except Exception as error:
            outcome, message = describe_exception(error, robots.url)
            raise RefusedRequest(outcome, message) from error
        if response.status >= 500:
            raise RefusedRequest(
                Outcome.FAILED,
                f"{origin} answered {response.status} for robots.txt: by RFC 9309 nothing else is asked of it in this run",
            )
        return ProtegoRobotParser(response.body if response.status == 200 else b"", self.crawler.spider)
