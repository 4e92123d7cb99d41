"""First station: documents are fetched and stored."""

from __future__ import annotations

import hashlib
import io
import logging
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, cast

from scrapy import Request
from scrapy.http.request import NO_CALLBACK
from scrapy.pipelines.files import FileException, FilesPipeline
from scrapy.utils.defer import ensure_awaitable

from crawler.dataset.attachments import AtomicFSFilesStore, content_path
from crawler.documents.completeness import missing_end
from crawler.documents.sniff import sniff
from crawler.failures import describe_exception, describe_status
from crawler.outcomes import Outcome

if TYPE_CHECKING:
    from scrapy.http import Response
    from scrapy.pipelines.files import FilesStoreProtocol
    from scrapy.pipelines.media import FileInfo, FileInfoOrError, MediaPipeline
    from twisted.python.failure import Failure

    from crawler.items import DocumentItem, PageItem
    from crawler.spider import ReportsSpider

logger = logging.getLogger(__name__)


class DocumentFailed(FileException):  # noqa: N818 - a kind of scrapy.pipelines.files.FileException
    """A document that was not stored; ``outcome`` and ``message`` say why."""

    def __init__(self, outcome: Outcome, message: str) -> None:
        super().__init__(message)
        self.outcome = outcome
        self.message = message


class AttachmentsPipeline(FilesPipeline):
    """Scrapy's FilesPipeline, made safe.

    Files are named by the sha256 of their bytes and arrive under that name whole or not at all; a body that broke off is
    ``truncated``, never a file; a document known from an earlier run is asked for with its ETag and not downloaded again.
    The article's own body is stored the same way, as the document with the role ``body``.
    """

    STORE_SCHEMES: ClassVar[dict[str, type[FilesStoreProtocol]]] = {
        **FilesPipeline.STORE_SCHEMES,
        "": AtomicFSFilesStore,
        "file": AtomicFSFilesStore,
    }
    LOG_FAILED_RESULTS = False

    @property
    def spider(self) -> ReportsSpider:
        """The running spider, which owns the ledger."""
        return cast("ReportsSpider", self.crawler.spider)

    async def process_item(self, item: PageItem, spider: Any = None) -> PageItem:  # noqa: ARG002 - Scrapy's signature
        """Store the article body, then fetch and store the attachments."""
        for document in item.documents:
            if document.content is not None and document.outcome is None:
                await self._store(document, document.content)
                document.content = None
        return cast("PageItem", await super().process_item(item))

    def get_media_requests(self, item: PageItem, info: MediaPipeline.SpiderInfo) -> list[Request]:  # noqa: ARG002
        """One request for each attachment that has no outcome yet, conditional where the ledger knows it."""
        return [self._request(item, document) for document in self._wanted(item)]

    def media_to_download(self, request: Request, info: MediaPipeline.SpiderInfo, *, item: Any = None) -> None:  # noqa: ARG002
        """Always ask: whether a file is still valid is the server's word, not its age on our disk."""
        return

    async def media_downloaded(
        self,
        response: Response,
        request: Request,
        info: MediaPipeline.SpiderInfo,  # noqa: ARG002
        *,
        item: Any = None,  # noqa: ARG002
    ) -> FileInfo:
        """What was stored of the response, with the keys of `DocumentItem` beside Scrapy's own.

        Raises:
            DocumentFailed: the response is no document that can be kept.
        """
        if response.status == 304:
            known = self.spider.ledger.known_document(request.url)
            if known is None:
                raise DocumentFailed(Outcome.FAILED, f"{request.url} answered 304 to an unconditional request")
            self.inc_stats("uptodate")
            stored = {"sha256": known.sha256, "media_type": known.media_type, "bytes": known.size, "path": known.path}
            return self._info(request, "uptodate", {**stored, "etag": known.etag, "last_modified": known.last_modified})
        if response.status != 200:
            raise DocumentFailed(*describe_status(response.status, request.url))
        missing = missing_end(response.body)
        if missing is not None:
            raise DocumentFailed(
                Outcome.TRUNCATED,
                f"{request.url} broke off after {len(response.body)} bytes ({missing} is missing); "
                "it was asked for again without success and will be in the next run",
            )
        stored = await self._persist(response.body)
        self.inc_stats("downloaded")
        validators = {"etag": _header(response, "ETag"), "last_modified": _header(response, "Last-Modified")}
        return self._info(request, "downloaded", {**stored, **validators})

    def media_failed(self, failure: Failure, request: Request, info: MediaPipeline.SpiderInfo) -> NoReturn:  # noqa: ARG002
        """Give every failure an outcome and a sentence.

        Raises:
            DocumentFailed: always.
        """
        error = failure.value
        if isinstance(error, DocumentFailed):
            raise error
        if isinstance(error, OSError) and getattr(error, "filename", None):
            # The store, not the network: a full or broken disk ends the run's claim to be complete.
            self.crawler.stats.inc_value("document/store_errors")
            raise DocumentFailed(Outcome.FAILED, f"{request.url} could not be stored: {error}") from error
        raise DocumentFailed(*describe_exception(cast("BaseException", error), request.url)) from error

    def item_completed(self, results: list[FileInfoOrError], item: PageItem, info: MediaPipeline.SpiderInfo) -> PageItem:  # noqa: ARG002
        """Put what became of each request into its document."""
        for document, (stored, result) in zip(self._wanted(item), results, strict=True):
            if stored:
                document.unchanged = cast("dict[str, Any]", result)["status"] == "uptodate"
                for key in ("sha256", "media_type", "bytes", "path", "etag", "last_modified"):
                    setattr(document, key, cast("dict[str, Any]", result).get(key))
            else:
                error = cast("DocumentFailed", cast("Failure", result).value)
                document.outcome, document.message = error.outcome.value, error.message
        return item

    @staticmethod
    def _wanted(item: PageItem) -> list[DocumentItem]:
        return [document for document in item.documents if document.outcome is None and document.sha256 is None]

    def _request(self, item: PageItem, document: DocumentItem) -> Request:
        headers = {"Referer": item.page_url}
        known = self.spider.ledger.known_document(document.url)
        if known is not None and known.sha256 and known.path:
            if known.etag:
                headers["If-None-Match"] = known.etag
            if known.last_modified:
                headers["If-Modified-Since"] = known.last_modified
        meta = {**self.spider.request_meta(item.portal), "document": True}
        return Request(document.url, callback=NO_CALLBACK, headers=headers, meta=meta)

    async def _store(self, document: DocumentItem, content: bytes) -> None:
        for key, value in (await self._persist(content)).items():
            setattr(document, key, value)

    async def _persist(self, content: bytes) -> dict[str, Any]:
        sha256 = hashlib.sha256(content).hexdigest()
        media_type = sniff(content)
        path = content_path(sha256, media_type)
        await ensure_awaitable(self.store.persist_file(path, io.BytesIO(content), self.spiderinfo))
        return {"sha256": sha256, "media_type": media_type, "bytes": len(content), "path": path}

    @staticmethod
    def _info(request: Request, status: str, stored: dict[str, Any]) -> FileInfo:
        return cast("FileInfo", {"url": request.url, "checksum": stored["sha256"], "status": status, **stored})


def _header(response: Response, name: str) -> str | None:
    value = response.headers.get(name)
    return value.decode("latin-1") if value else None
