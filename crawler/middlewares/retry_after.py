"""A host that says when it may be asked again is left in peace until then."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from time import monotonic
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from crawler.failures import RefusedRequest
from crawler.outcomes import Outcome

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from scrapy.statscollectors import StatsCollector

logger = logging.getLogger(__name__)

STATUSES = (429, 503)


class RetryAfterMiddleware:
    """Keeps to ``Retry-After`` (RFC 9110 section 10.2.3) of answers 429 and 503.

    Up to ``longest`` seconds every request to the host waits; a host that wants longer is left alone for the run. Scrapy's
    RetryMiddleware, which comes after this one, then sends the request again.
    """

    def __init__(self, stats: StatsCollector, *, longest: float) -> None:
        self.stats = stats
        self.longest = longest
        self._until: dict[str, float] = {}
        self._refused: dict[str, str] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Wire the middleware to the settings."""
        return cls(crawler.stats, longest=crawler.settings.getfloat("RETRY_AFTER_MAX"))

    async def process_request(self, request: Request) -> None:
        """Wait as long as the host asked for; raise `RefusedRequest` where that is too long."""
        host = urlsplit(request.url).netloc
        if host in self._refused:
            raise RefusedRequest(Outcome.FAILED, self._refused[host])
        while (wait := self._until.get(host, 0.0) - monotonic()) > 0:  # noqa: ASYNC110 - it may be prolonged meanwhile
            await asyncio.sleep(wait)

    def process_response(self, request: Request, response: Response) -> Response:  # noqa: ARG002 - Scrapy's signature
        """Note what the host asks for."""
        if response.status not in STATUSES:
            return response
        given = response.headers.get("Retry-After")
        seconds = seconds_of(given.decode("latin-1"), datetime.now(UTC)) if given else None
        if seconds is None:
            return response
        host = urlsplit(response.url).netloc
        self.stats.inc_value("retry_after/count")
        if seconds > self.longest:
            reason = (
                f"{host} answered {response.status} and asks to be left alone for {seconds:.0f} s, which is longer than "
                "RETRY_AFTER_MAX: it is left alone for this run"
            )
            self._refused[host] = reason
            raise RefusedRequest(Outcome.FAILED, reason)
        logger.info("%s asks for a pause of %.0f s", host, seconds)
        self._until[host] = max(self._until.get(host, 0.0), monotonic() + seconds)
        return response


def seconds_of(value: str, now: datetime) -> float | None:
    """The seconds of a Retry-After, written as a number or as a date; ``None`` where it is neither.

    >>> seconds_of("120", datetime(2026, 1, 31, tzinfo=UTC))
    120.0
    >>> seconds_of("Sat, 31 Jan 2026 00:01:00 GMT", datetime(2026, 1, 31, tzinfo=UTC))
    60.0
    """
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(value[:12])
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now.timestamp())
