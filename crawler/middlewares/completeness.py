"""What broke off on the way is asked for again before it is called truncated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from scrapy.downloadermiddlewares.retry import get_retry_request

from crawler.documents.completeness import missing_end, missing_end_of_page
from crawler.failures import RefusedRequest
from crawler.outcomes import Outcome

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response


class CompletenessMiddleware:
    """Retries what ends too early.

    A body cut off without a declared length looks complete to HTTP. Of documents (``meta["document"]``) the format's own
    trailer tells; what is still cut after the last attempt is for the attachments' station to judge. Of pages whose length
    nobody declared their end does; a page that is still cut is refused, for half a list would pass for a whole one.
    """

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Wire the middleware to the crawler, whose spider a retry needs."""
        return cls(crawler)

    def process_response(self, request: Request, response: Response) -> Response | Request:
        """The response, or the request to send once more."""
        is_document = bool(request.meta.get("document"))
        if response.status != 200 or self.crawler.spider is None or not (is_document or "partial" in response.flags):
            return response
        missing = missing_end(response.body) if is_document else missing_end_of_page(response.body)
        if missing is None:
            return response
        again = get_retry_request(
            request, spider=self.crawler.spider, reason=f"truncated {'document' if is_document else 'page'}"
        )
        if again is None and not is_document:
            raise RefusedRequest(
                Outcome.TRUNCATED,
                f"{response.url} broke off after {len(response.body)} bytes ({missing} is missing); "
                "it was asked for again without success and will be in the next run",
            )
        return again or response
