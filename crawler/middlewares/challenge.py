"""Challenge pages are recognised and reported, never solved; the host is then left alone for the rest of the run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from crawler.failures import RefusedRequest
from crawler.outcomes import Outcome
from crawler.portals.challenges import TELLING_HEADERS, recognise

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from scrapy.statscollectors import StatsCollector


class ChallengeMiddleware:
    """Turns challenge pages into the outcome ``blocked``, also with status 200 and compressed bodies.

    Its place must lie below Scrapy's HttpCompressionMiddleware (590), or it would look at compressed bytes.
    """

    def __init__(self, stats: StatsCollector) -> None:
        self.stats = stats
        self.blocked: dict[str, str] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Wire the middleware to the statistics."""
        return cls(crawler.stats)

    def process_request(self, request: Request) -> None:
        """Leave alone a host that showed a challenge in this run."""
        reason = self.blocked.get(urlsplit(request.url).netloc)
        if reason:
            raise RefusedRequest(Outcome.BLOCKED, reason)

    def process_response(self, request: Request, response: Response) -> Response:  # noqa: ARG002 - Scrapy's signature
        """Raise `RefusedRequest` where the answer is a challenge."""
        headers = {name: b", ".join(response.headers.getlist(name)).decode("latin-1") for name in TELLING_HEADERS}
        challenge = recognise(response.status, headers, response.body)
        if challenge is None:
            return response
        host = urlsplit(response.url).netloc
        reason = (
            f"{host} answers with a challenge page ({challenge.kind}: {challenge.evidence}), seen at {response.url}; "
            "it is not solved, and the host is left alone for this run"
        )
        self.blocked[host] = reason
        self.stats.inc_value(f"challenge/{challenge.kind}")
        raise RefusedRequest(Outcome.BLOCKED, reason)
