"""Row -> documents: the article behind a row, or what is known of it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from scrapy import Request
from scrapy.http.request import NO_CALLBACK
from scrapy.spidermiddlewares.httperror import HttpError

from crawler import EXTRACTOR_VERSION
from crawler.crawl.answers import NOT_MODIFIED, validators
from crawler.failures import describe_exception
from crawler.items import DocumentItem, PageItem
from crawler.known import as_it_was
from crawler.loaders import PageLoader
from crawler.outcomes import OutcomeError
from crawler.page_questions import ArticleQuestion
from crawler.portals.article import is_document_url, promised_kind
from crawler.portals.titles import classify_title
from crawler.revisit import Visit, is_listed_alike

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from scrapy.http import Response

    from crawler.dataset.model import KnownPage
    from crawler.page_questions import ArticleReading
    from crawler.portals.model import Link
    from crawler.spider import ReportsSpider
    from crawler.sweep import ColumnSweep, PortalSweep

IMAGES_FRAGMENT = "#page-images"
"""Behind an article's address: the images of its body, taken together as one document."""

BODY_MIN_CHARACTERS = 600
"""An article with attachments and less text than this is only their cover; the shortest reports have 2,800 characters."""

PRINTED = ("title", "published_date", "source")
"""What an article says of itself, and a loader makes even."""

ROWS_LOOKED_UP = 10
"""Rows of one portal whose pages are looked up in the ledger at once."""

FEEDERS = 2
"""Lists of one portal that follow its rows at a time: a host takes one request after the other, and while one page is read the
next can be on its way. A list that leaves it to others is done, and its page out of memory."""


@dataclass(slots=True)
class RowVisit:
    """A row, and what is done about its page."""

    sweep: PortalSweep
    column: ColumnSweep
    link: Link
    known: KnownPage | None = None
    way: Visit = Visit.FETCH


class Pages:
    """Follows rows, and makes an item of each."""

    def __init__(self, spider: ReportsSpider) -> None:
        self.spider = spider

    async def feed(self, sweep: PortalSweep) -> AsyncIterator[Request | PageItem]:
        """Follow the rows that wait, unless enough others do; where the run ends, the rest is for the next one."""
        if sweep.feeders >= FEEDERS:
            return
        sweep.feeders += 1
        try:
            while sweep.rows and not self._is_ending:
                if not sweep.looked_up:
                    await self._look_up(sweep)
                    continue
                column, link = sweep.rows.popleft()
                sweep.looked_up -= 1
                async for found in self._make(self._visit(sweep, column, link, sweep.known.pop(link.url, None))):
                    yield found
        finally:
            sweep.feeders -= 1

    @property
    def _is_ending(self) -> bool:
        """Whether the run ends. Scrapy tells it nowhere else."""
        slot = self.spider.crawler.engine._slot  # noqa: SLF001
        return slot is None or slot.closing is not None

    async def _make(self, visit: RowVisit) -> AsyncIterator[Request | PageItem]:
        """Ask for a page, past the scheduler and the spider's middlewares: there are many, and of most comes but a 304."""
        url = visit.link.url
        if visit.known is not None and visit.way is Visit.TRUST:
            async for item in self._unchanged(visit, visit.known):
                yield item
            return
        if is_document_url(url):
            document = DocumentItem(url, "attachment", link_text=visit.link.text, expected=promised_kind(url))
            yield self.item(visit.sweep, visit.column, url, visit.link, documents=[document])
            return
        try:
            response = await self.spider.crawler.engine.download_async(self._request(visit))
        except Exception as error:  # noqa: BLE001 - told as the outcome of this one page
            yield self._unreached(visit, error)
            return
        if response.status != NOT_MODIFIED and response.status // 100 != 2:
            yield self._unreached(visit, HttpError(response))
            return
        async for found in self.article(response, visit):
            yield found

    def _request(self, visit: RowVisit) -> Request:
        asks = visit.known is not None and visit.way is Visit.ASK
        headers = {"Referer": visit.column.url, **(visit.known.validators.conditions if visit.known and asks else {})}
        limits = {"download_maxsize": self.spider.settings.getint("PAGE_MAX_BYTES")}
        meta = {**self.spider.request_meta(visit.sweep.portal), **limits}
        return Request(visit.link.url, NO_CALLBACK, headers=headers, meta=meta)

    async def _look_up(self, sweep: PortalSweep) -> None:
        """What the ledger has of the next rows. Another answer's turn may come while it is looked up."""
        if sweep.is_new:
            sweep.looked_up = len(sweep.rows)
            return
        urls = [link.url for _, link in islice(sweep.rows, ROWS_LOOKED_UP)]
        visits = self.spider.ledger.visits
        known = await self.spider.recall(visits.known_pages, sweep.key, urls, EXTRACTOR_VERSION)
        if linked := [url for url in urls if is_document_url(url)]:
            known |= await self.spider.recall(visits.known_files, sweep.key, linked, EXTRACTOR_VERSION)
        if not sweep.looked_up and [link.url for _, link in islice(sweep.rows, len(urls))] == urls:
            sweep.known, sweep.looked_up = known, len(urls)

    def _own_column(self, sweep: PortalSweep, column: ColumnSweep, recorded: str | None) -> ColumnSweep:
        """Where a row belongs that more than one column lists: where it was recorded, as long as that column can be read."""
        own = sweep.columns.get(recorded or "")
        return column if own is None or own.problems else own

    def _visit(self, sweep: PortalSweep, column: ColumnSweep, link: Link, known: KnownPage | None) -> RowVisit:
        """Fetch the page of a row, ask whether it changed, or trust what is known of it."""
        column = self._own_column(sweep, column, known.column_url if known else None)
        if is_document_url(link.url):
            # The list is its page.
            is_kept = known is not None and bool(known.documents) and all(document.sha256 for document in known.documents)
            is_as_it_was = known is not None and is_kept and is_listed_alike(known, link)
            return RowVisit(sweep, column, link, known, Visit.TRUST if is_as_it_was else Visit.FETCH)
        way = self.spider.revisits.page(known, link)
        self.spider.crawler.stats.inc_value(f"page/visit/{way.value}")
        return RowVisit(sweep, column, link, known, way)

    async def article(self, response: Response, visit: RowVisit) -> AsyncIterator[Request | PageItem]:
        """An article: its title and date, the documents it links, and its own body."""
        sweep, column, link, known = visit.sweep, visit.column, visit.link, visit.known
        if response.status == NOT_MODIFIED and known is not None:
            async for item in self._unchanged(visit, known):
                yield item
            return
        content_type = (response.headers.get("Content-Type") or b"text/html").lower()
        if not content_type.startswith((b"text/", b"application/xhtml")):
            # A row without a telling suffix that turns out to be a file.
            document = DocumentItem(link.url, "attachment", link_text=link.text, content=response.body)
            yield self.item(sweep, column, link.url, link, documents=[document])
            return
        try:
            reading = await self.spider.readers.read(response.body, ArticleQuestion(response.url, sweep.portal.encoding))
        except OutcomeError as error:
            message = self.spider.unread(link.url, error)
            yield self.item(sweep, column, link.url, link, outcome=error.outcome.value, message=message)
            return
        if reading is None:
            # A row that is a sub-column under a report's name.
            sub = self.spider.lists.column(sweep, response.url)
            async for found in self.spider.lists.read(response, sweep, sub, 1):
                yield found
            return
        article, says = reading.article, reading.fingerprint
        yield self.item(
            sweep,
            column,
            response.url,
            link,
            title=article.title,
            published_date=article.published_date or link.date,
            source=article.source,
            documents=self._documents(response, link, reading, known if known and known.fingerprint == says else None),
            link_url=link.url,
            fingerprint=says,
            validators=validators(response),
        )

    def _documents(self, response: Response, link: Link, reading: ArticleReading, same: KnownPage | None) -> list[DocumentItem]:
        """The documents of an article. Where it says the ``same`` as when it was known, its body is the one kept then."""
        article, own = reading.article, reading.body
        documents = [
            DocumentItem(attachment.url, "attachment", link_text=attachment.text, expected=promised_kind(attachment.url))
            for attachment in article.attachments
            if classify_title(attachment.text).kind != "lookalike"
        ]
        if article.images and not article.has_tables and (not documents or own.has_sections):
            # Pages, or the tables that the text lacks, also beside an attachment that may hold anything: together one document.
            images = tuple(image.url for image in article.images)
            documents.append(DocumentItem(f"{response.url}{IMAGES_FRAGMENT}", "attachment", pages=images))
        if not documents or own.characters >= BODY_MIN_CHARACTERS or own.has_sections:
            kept = next((one for one in same.documents if one.role == "body" and one.sha256), None) if same else None
            if kept is not None:
                documents.insert(0, as_it_was(kept))
            else:
                body = DocumentItem(response.url, "body", link_text=link.text, content=response.body)
                body.digest, body.media_type = own.sha256, own.media_type
                documents.insert(0, body)
        return documents

    async def _unchanged(self, visit: RowVisit, known: KnownPage) -> AsyncIterator[PageItem]:
        """A page that is as it was: it is not read again, its documents are asked about; nothing, where they are, too."""
        sweep, column, link = visit.sweep, visit.column, visit.link
        documents = await self.spider.attachments.documents(sweep.portal, known)
        in_place = known.column_url == column.url
        if in_place and self.spider.unchanged.take(sweep.key, known, documents):
            return
        yield self.item(
            sweep,
            column,
            known.page_url,
            link,
            title=known.title,
            published_date=known.published_date,
            source=known.source,
            documents=documents,
            was=known.outcome.value if in_place else None,
        )

    def _unreached(self, visit: RowVisit, error: BaseException) -> PageItem:
        link = visit.link
        outcome, message = describe_exception(error, link.url)
        self.spider.logger.warning("%s: %s: %s", visit.sweep.portal.name, outcome.value, message)
        return self.item(visit.sweep, visit.column, link.url, link, outcome=outcome.value, message=message)

    def item(self, sweep: PortalSweep, column: ColumnSweep, url: str, link: Link, **values: Any) -> PageItem:
        """What becomes of a row, as it passes through the pipelines."""
        loader = PageLoader(item={})
        printed = {name: values.pop(name) for name in PRINTED if name in values}
        loader.add_value(None, {"list_title": link.text, "list_date": link.date, **printed})
        return PageItem(sweep.portal, column.url, url, **loader.load_item(), **values)
