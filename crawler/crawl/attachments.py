"""Page -> its files: each is asked about where the server can be asked, trusted where it cannot, else left to be fetched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy import Request
from scrapy.http.request import NO_CALLBACK

from crawler.crawl.answers import NOT_MODIFIED
from crawler.dataset.model import Validators
from crawler.known import take_as_known, unchanged_documents
from crawler.revisit import Visit

if TYPE_CHECKING:
    from crawler.dataset.model import KnownDocument, KnownPage
    from crawler.items import DocumentItem
    from crawler.portals.model import Portal
    from crawler.spider import ReportsSpider


class Attachments:
    """Asks for the files that pages link."""

    def __init__(self, spider: ReportsSpider) -> None:
        self.spider = spider

    def request(self, portal: Portal, page_url: str, url: str, known: KnownDocument | None) -> Request:
        """One file of a page, conditional where it is known and its server can be asked."""
        headers = {"Referer": page_url}
        if known is not None and self.spider.revisits.document(known) is Visit.ASK:
            headers |= Validators(known.etag, known.last_modified).conditions
        meta = {**self.spider.request_meta(portal), "document": True}
        return Request(url, NO_CALLBACK, headers=headers, meta=meta)

    def count(self, status: str) -> None:
        """As Scrapy's files pipeline counts what became of a file."""
        self.spider.crawler.stats.inc_value("file_count")
        self.spider.crawler.stats.inc_value(f"file_status_count/{status}")

    async def documents(self, portal: Portal, page: KnownPage) -> list[DocumentItem]:
        """The documents of a page that is as it was; of those that are not, with what the server answered."""
        return [await self._asked(portal, page.page_url, document) for document in unchanged_documents(page)]

    async def _asked(self, portal: Portal, page_url: str, document: DocumentItem) -> DocumentItem:
        known = document.known
        if document.unchanged or known is None:
            return document
        visit = self.spider.revisits.document(known)
        if visit is Visit.FETCH:
            return document
        if visit is Visit.TRUST:
            self.count("trusted")
            take_as_known(document, known)
            return document
        request = self.request(portal, page_url, document.url, known)
        try:
            document.answer = await self.spider.crawler.engine.download_async(request)
        except Exception as error:  # noqa: BLE001 - told as the outcome of this one document
            document.answer = error
            return document
        if document.answer.status == NOT_MODIFIED:
            document.answer = None
            take_as_known(document, known)
            self.count("uptodate")
        return document
