"""A document that broke off on the way is asked for again before it is called truncated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from scrapy.downloadermiddlewares.retry import get_retry_request

from crawler.documents.completeness import missing_end

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response


class CompletenessMiddleware:
    """Retries documents whose last bytes are missing.

    A body cut off without a declared length looks complete to HTTP; only the format's own trailer shows it.
    Applies to requests with ``meta["document"]``.
    """

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Wire the middleware to the crawler, whose spider a retry needs."""
        return cls(crawler)

    def process_response(self, request: Request, response: Response) -> Response | Request:
        """The response, or the request to send once more."""
        if not request.meta.get("document") or response.status != 200:
            return response
        missing = missing_end(response.body)
        if missing is None or self.crawler.spider is None:
            return response
        return get_retry_request(request, spider=self.crawler.spider, reason="truncated document") or response
