"""First station: documents are fetched and stored."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any, Self, cast

from scrapy import Request
from scrapy.pipelines.files import FilesPipeline

from crawler.crawl.answers import validators
from crawler.documents.completeness import missing_end
from crawler.documents.sniff import sniff
from crawler.failures import describe_exception, describe_status
from crawler.gathering import Gathering
from crawler.keeping import Keeper
from crawler.known import take_as_known
from crawler.outcomes import Outcome, OutcomeError
from crawler.revisit import Visit
from crawler.storage.for_scrapy import ScrapyStore
from crawler.storage.local import LocalStore
from crawler.storage.names import content_path
from pipelines.page_images import fetch_pages, known_pages

if TYPE_CHECKING:
    from scrapy import Spider
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from scrapy.pipelines.media import FileInfo, FileInfoOrError, MediaPipeline
    from twisted.python.failure import Failure

    from crawler.dataset.model import KnownDocument
    from crawler.items import DocumentItem, PageItem
    from crawler.spider import ReportsSpider
    from crawler.storage.store import FileStore
    from pipelines.page_images import KnownPage


_DOCUMENT = "document_item"
"""In a request's meta: what it is for. Scrapy writes addresses its own way."""

_DOCUMENT_KEYS = ("sha256", "media_type", "size", "path", "etag", "last_modified", "outcome", "message")


_Content = tuple[bytes, dict[str, Any] | None]
"""The bytes of a document, and what is known of them."""

GATHER_SECONDS = 0.01
"""How long the first file waits for others to be written with it: the disk takes hardly longer for ten than for one."""

MOST_REMEMBERED = 2_000
"""Fetches of a run whose result is kept for other pages that link the same file; these are mostly neighbours in a list."""


class _Remembered(dict[bytes, "FileInfo | Failure"]):
    """The last results; Scrapy keeps those of all fetches until the run ends."""

    def __setitem__(self, fingerprint: bytes, result: FileInfo | Failure) -> None:
        super().__setitem__(fingerprint, result)
        if len(self) > MOST_REMEMBERED:
            del self[next(iter(self))]


class AttachmentsPipeline(FilesPipeline):
    """Scrapy's FilesPipeline, made safe.

    Files are named by the sha256 of their bytes and arrive under that name whole or not at all; a body that broke off is
    ``truncated``, never a file; a document known from an earlier run is asked for with its ETag and not downloaded again.
    The article's own body is stored the same way, as the document with the role ``body``.
    """

    def __init__(self, files: FileStore, *, crawler: Crawler) -> None:
        self._files = files
        self._keeper = Keeper(files) if isinstance(files, LocalStore) else None
        if self._keeper is not None:
            self._kept: Gathering[_Content, dict[str, Any]] = Gathering(partial(_persist_here, self._keeper), GATHER_SECONDS)
        super().__init__(files.address, crawler=crawler)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Wire the station to the spider's archive."""
        return cls(cast("ReportsSpider", crawler.spider).workspace.store, crawler=crawler)

    def _get_store(self, uri: str) -> ScrapyStore:  # noqa: ARG002 - Scrapy's signature
        return ScrapyStore(self._files)

    @property
    def spider(self) -> ReportsSpider:
        """The running spider, which owns the ledger."""
        return cast("ReportsSpider", self.crawler.spider)

    def open_spider(self, spider: Spider | None = None) -> None:  # noqa: ARG002 - Scrapy's signature
        """Begin, and remember no more than is of use."""
        super().open_spider()
        self.spiderinfo.downloaded = _Remembered()

    def close_spider(self) -> None:
        """End what stores documents."""
        if self._keeper is not None:
            self._keeper.close()

    async def process_item(self, item: PageItem, spider: Any = None) -> PageItem:  # noqa: ARG002 - Scrapy's signature
        """Store the article body, then fetch and store the attachments."""
        for document in item.documents:
            if document.outcome is None and document.sha256 is None and document.role != "body" and not document.pages:
                await self._look_up(document)
            if document.content is not None and document.outcome is None:
                await self._store_body(document, document.content)
                document.content = None
            elif document.pages and document.outcome is None:
                await self._fetch_pages(item, document)
        return cast("PageItem", await super().process_item(item)) if self._wanted(item) else item

    def get_media_requests(self, item: PageItem, info: MediaPipeline.SpiderInfo) -> list[Request]:  # noqa: ARG002
        """One request for each attachment that has no outcome yet, conditional where the server can be asked."""
        return [self._request(item, document) for document in self._wanted(item)]

    async def media_to_download(self, request: Request, info: MediaPipeline.SpiderInfo, *, item: Any = None) -> FileInfo:  # type: ignore[override]  # noqa: ARG002 - Scrapy awaits what is returned
        """Fetch and store; what went wrong is part of what is returned, so that nothing is an exception in the log.

        Whether a file known from an earlier run is still valid is the server's word (304), not its age on our disk.
        """
        document: DocumentItem = request.meta[_DOCUMENT]
        try:
            response = await self._answer(request, document)
        except Exception as error:  # noqa: BLE001 - told as the outcome of this one document
            return self._failed(request, *describe_exception(error, request.url))
        try:
            return await self._keep(request, response, document.known)
        except OSError as error:
            return self._failed(request, Outcome.FAILED, self._not_stored(request.url, error))

    def item_completed(self, results: list[FileInfoOrError], item: PageItem, info: MediaPipeline.SpiderInfo) -> PageItem:  # noqa: ARG002
        """Put what became of each request into its document."""
        for document, (_, result) in zip(self._wanted(item), results, strict=True):
            found = cast("dict[str, Any]", result)
            document.unchanged = found["status"] == "uptodate"
            for key in _DOCUMENT_KEYS:
                if key in found:
                    setattr(document, key, found[key])
        return item

    async def _answer(self, request: Request, document: DocumentItem) -> Response:
        """The server's, asked for now or when it was asked whether the document changed."""
        answer, document.answer = document.answer, None
        if isinstance(answer, Exception):
            raise answer
        return await self.crawler.engine.download_async(request) if answer is None else answer

    async def _keep(self, request: Request, response: Response, known: KnownDocument | None) -> FileInfo:
        if response.status == 304:
            if known is None:
                return self._failed(request, Outcome.FAILED, f"{request.url} answered 304 to an unconditional request")
            stored = {"sha256": known.sha256, "media_type": known.media_type, "size": known.size, "path": known.path}
            return self._info(request, "uptodate", {**stored, "etag": known.etag, "last_modified": known.last_modified})
        if response.status != 200:
            return self._failed(request, *describe_status(response.status, request.url))
        missing = await asyncio.to_thread(missing_end, response.body)
        if missing is not None:
            message = (
                f"{request.url} broke off after {len(response.body)} bytes ({missing} is missing); "
                "it was asked for again without success and will be in the next run"
            )
            return self._failed(request, Outcome.TRUNCATED, message)
        stored = await self._persist(response.body)
        if known is not None and known.sha256 == stored["sha256"] and _is_conditional(request):
            # Asked whether it changed, the server sent the same again: it cannot be asked.
            return self._info(request, "downloaded", {**stored, "etag": None, "last_modified": None})
        return self._info(request, "downloaded", {**stored, **asdict(validators(response))})

    def _failed(self, request: Request, outcome: Outcome, message: str) -> FileInfo:
        return self._info(request, "failed", {"sha256": None, "outcome": outcome.value, "message": message})

    def _info(self, request: Request, status: str, facts: dict[str, Any]) -> FileInfo:
        self.inc_stats(status)
        return cast("FileInfo", {"url": request.url, "checksum": facts["sha256"], "status": status, **facts})

    @staticmethod
    def _wanted(item: PageItem) -> list[DocumentItem]:
        return [document for document in item.documents if document.outcome is None and document.sha256 is None]

    async def _look_up(self, document: DocumentItem) -> None:
        """What the ledger has for an address: that is the document, where its server cannot be asked and it is not its day."""
        if document.known is None:
            document.known = await self.spider.recall(self.spider.ledger.known_document, document.url)
        known = document.known
        if known is None or self.spider.revisits.document(known) is not Visit.TRUST:
            return
        take_as_known(document, known)
        self.inc_stats("trusted")

    def _request(self, item: PageItem, document: DocumentItem) -> Request:
        request = self.spider.attachments.request(item.portal, item.page_url, document.url, document.known)
        request.meta[_DOCUMENT] = document
        return request

    async def _fetch_pages(self, item: PageItem, document: DocumentItem) -> None:
        """Fetch a report published as images, and store it as one container."""

        async def download(address: str, conditions: dict[str, str]) -> Response:
            meta = {**self.spider.request_meta(item.portal), "document": True}
            headers = {"Referer": item.page_url, **conditions}
            return await self.crawler.engine.download_async(Request(address, headers=headers, meta=meta))

        known = await self.spider.recall(self.spider.ledger.known_document, document.url)
        kept = {} if known is None else await asyncio.to_thread(self._kept_pages, known)
        try:
            images = await fetch_pages(document.pages, download, kept)
            if images.is_known and known is not None:
                take_as_known(document, known)
                self.inc_stats("uptodate")
                return
            await self._store(document, images.content)
        except OutcomeError as error:
            document.outcome, document.message = error.outcome.value, f"{item.page_url}: {error.message}"
        except OSError as error:
            document.outcome = Outcome.FAILED.value
            document.message = self._not_stored(f"the images of {item.page_url}", error)
        else:
            document.etag = images.validators
        self.inc_stats("downloaded" if document.sha256 else "failed")

    def _kept_pages(self, known: KnownDocument) -> dict[str, KnownPage]:
        try:
            content = self._files.read(known.path or "")
        except (OSError, ValueError):
            return {}  # gone, or not what it was: everything is fetched
        return known_pages(content, known.etag)

    async def _store_body(self, document: DocumentItem, content: bytes) -> None:
        try:
            await self._store(document, content)
        except OSError as error:
            document.outcome, document.message = Outcome.FAILED.value, self._not_stored(document.url, error)

    def _not_stored(self, what: str, error: OSError) -> str:
        """The store, not the network: a full or broken disk, a server that is away. Nothing is torn; the next run repairs."""
        self.crawler.stats.inc_value("document/store_errors")
        return f"{what} could not be stored: {error}"

    async def _store(self, document: DocumentItem, content: bytes) -> None:
        known = _described(document.digest, document.media_type, len(content)) if document.digest else None
        for key, value in (await self._persist(content, known)).items():
            setattr(document, key, value)

    async def _persist(self, content: bytes, known: dict[str, Any] | None = None) -> dict[str, Any]:
        # Digests, disks and servers take their time, and the reactor has other portals to serve.
        if self._keeper is not None:
            return await self._kept.done((content, known))
        return await asyncio.to_thread(self._persist_there, content, known)

    def _persist_there(self, content: bytes, known: dict[str, Any] | None) -> dict[str, Any]:
        stored = known or _describe(content)
        self._files.put(stored["path"], content)
        return stored


def _persist_here(keeper: Keeper, contents: list[_Content]) -> list[dict[str, Any] | Exception]:
    described = [known or _describe(content) for content, known in contents]
    errors = keeper.put_all([(one["path"], content) for one, (content, _) in zip(described, contents, strict=True)])
    return [error or one for error, one in zip(errors, described, strict=True)]


def _describe(content: bytes) -> dict[str, Any]:
    return _described(hashlib.sha256(content).hexdigest(), sniff(content), len(content))


def _described(sha256: str, media_type: str | None, size: int) -> dict[str, Any]:
    return {"sha256": sha256, "media_type": media_type, "size": size, "path": content_path(sha256, media_type)}


def _is_conditional(request: Request) -> bool:
    return "If-None-Match" in request.headers or "If-Modified-Since" in request.headers
