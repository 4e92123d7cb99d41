"""Second station: documents are read, in child processes, each content once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self, cast
from weakref import WeakValueDictionary

from crawler import EXTRACTOR_VERSION
from crawler.archive_members import Contents, StoredMember, store_member
from crawler.documents.archives import ARCHIVES
from crawler.extraction import Extraction
from crawler.isolation import ExtractionPool, NotReadError
from crawler.items import DocumentItem
from crawler.outcomes import Outcome
from crawler.storage.fetching import Fetcher

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

    from crawler.items import PageItem
    from crawler.spider import ReportsSpider
    from crawler.storage.store import FileStore

FETCHED_AHEAD = 2
"""Documents that are fetched from a store elsewhere for each child, so that none waits."""


@dataclass(slots=True)
class _Opened:
    """An archive, its documents, and what to remember of it."""

    archive: DocumentItem
    documents: list[DocumentItem]
    contents: Contents | None = None
    """``None`` where there is nothing to remember: it could not be opened, or not all of it could be stored."""
    seconds: float = 0.0


class ExtractionPipeline:
    """Reads what has not been read by this version of the extractor; everything else comes from the ledger."""

    def __init__(self, crawler: Crawler, pool: ExtractionPool, store: FileStore) -> None:
        self.crawler = crawler
        self.pool = pool
        self._fetcher = Fetcher(store, most=pool.workers * FETCHED_AHEAD)
        self._reading: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Wire the station to the settings."""
        spider = cast("ReportsSpider", crawler.spider)
        return cls(crawler, ExtractionPool.from_settings(crawler.settings), spider.workspace.store)

    def close_spider(self) -> None:
        """End the child processes."""
        self.pool.close(wait=False)

    async def process_item(self, item: PageItem) -> PageItem:
        """Give every stored document its outcome and, where it is a report, its record.

        An archive is put beside its members: documents of their own, under its URL and their names as fragments.
        """
        packed = [document for document in item.documents if document.outcome is None and document.media_type in ARCHIVES]
        opened = await asyncio.gather(*(self._open(archive) for archive in packed))
        for one in opened:
            item.documents += one.documents
        wanted = [
            document
            for document in item.documents
            if document.sha256 and document.outcome is None and document.media_type not in ARCHIVES
        ]
        await asyncio.gather(*(self._read(document) for document in wanted))
        for one in opened:
            await self._conclude(one)
        return item

    async def _read(self, document: DocumentItem) -> None:
        sha256 = cast("str", document.sha256)
        spider = cast("ReportsSpider", self.crawler.spider)
        if document.unchanged and document.known is not None and document.known.reading is not None:
            self.crawler.stats.inc_value("document/extraction/known")
            document.outcome, document.message = document.known.reading.outcome.value, document.known.reading.message
            return
        # Two pages may link the same file at the same moment.
        async with self._reading.setdefault(sha256, asyncio.Lock()):
            known = await spider.recall(
                spider.ledger.find_extraction, sha256, EXTRACTOR_VERSION, with_record=not document.unchanged
            )
            if known is not None:
                self.crawler.stats.inc_value("document/extraction/known")
                document.outcome, document.message = known.outcome.value, known.message
                document.extraction = known.record
                return
            extraction = await self._extract(document)
            if extraction is None:
                return
            await self._save(document, extraction)
        self.crawler.stats.inc_value("document/extraction/read")
        document.outcome, document.message = extraction.outcome.value, extraction.message
        document.extraction = extraction.record

    async def _open(self, archive: DocumentItem) -> _Opened:
        """The documents of an archive: from the ledger where this version has unpacked it, else unpacked and stored."""
        spider = cast("ReportsSpider", self.crawler.spider)
        sha256 = cast("str", archive.sha256)
        async with self._reading.setdefault(sha256, asyncio.Lock()):
            known = await spider.recall(spider.ledger.find_extraction, sha256, EXTRACTOR_VERSION)
            if known is not None:
                self.crawler.stats.inc_value("document/extraction/known")
                contents = Contents.of_record(known.record)
                if contents is None:
                    archive.outcome, archive.message = known.outcome.value, known.message
                    return _Opened(archive, [])
                documents = await asyncio.to_thread(self._documents, archive, contents, spider)
                return _Opened(archive, documents, contents, known.seconds)
            extraction = await self._extract(archive)
            if extraction is None:
                return _Opened(archive, [])
            if not extraction.members:
                await self._save(archive, extraction)
                archive.outcome, archive.message = extraction.outcome.value, extraction.message
                return _Opened(archive, [])
            self.crawler.stats.inc_value("document/archive/members", len(extraction.members))
            return await self._store(archive, extraction)

    async def _store(self, archive: DocumentItem, extraction: Extraction) -> _Opened:
        """Keep the members; a disk that fails on one of them costs that one, and the archive is opened again the next night."""
        spider = cast("ReportsSpider", self.crawler.spider)
        store = spider.workspace.store
        kept: list[StoredMember] = []
        is_whole = True
        for member in extraction.members:
            try:
                kept.append(await asyncio.to_thread(store_member, store, member))
            except OSError as error:
                self.crawler.stats.inc_value("document/store_errors")
                message = f"it could not be stored: {error}"
                kept.append(StoredMember(member.name, Outcome.FAILED.value, message))
                is_whole = False
        contents = Contents(tuple(kept), extraction.outcome, extraction.message)
        documents = await asyncio.to_thread(self._documents, archive, contents, spider)
        if is_whole:
            return _Opened(archive, documents, contents, extraction.seconds)
        archive.outcome, archive.message = Outcome.FAILED.value, f"not all members of {archive.url} could be stored"
        return _Opened(archive, documents)

    @staticmethod
    def _documents(archive: DocumentItem, contents: Contents, spider: ReportsSpider) -> list[DocumentItem]:
        documents = []
        for member in contents.members:
            document = DocumentItem(
                member.url(archive.url),
                "attachment",
                link_text=contents.link_text(member, archive.link_text),
                expected=member.expected,
                sha256=member.sha256,
                media_type=member.media_type,
                size=member.size,
                path=member.path,
                outcome=member.outcome,
                message=f"{archive.url}: {member.message}" if member.outcome else "",
            )
            if archive.unchanged and member.sha256:
                known = spider.ledger.known_document(document.url)
                document.unchanged = known is not None and known.sha256 == member.sha256
            documents.append(document)
        return documents

    async def _conclude(self, opened: _Opened) -> None:
        """Give an archive its outcome by those of its documents, and remember both."""
        contents, archive = opened.contents, opened.archive
        if contents is None:
            return
        spider = cast("ReportsSpider", self.crawler.spider)
        outcome, message = contents.end([Outcome(document.outcome or Outcome.FAILED) for document in opened.documents])
        archive.outcome, archive.message = outcome.value, message
        known = await spider.recall(spider.ledger.find_extraction, cast("str", archive.sha256), EXTRACTOR_VERSION)
        if known is None or (known.outcome, known.message) != (outcome, message):
            await self._save(archive, Extraction(outcome, message, contents.as_record(), opened.seconds))

    async def _extract(self, document: DocumentItem) -> Extraction | None:
        """What a child makes of a stored document; ``None`` where it could not be tried."""
        try:
            # By path: however many documents wait for a child, none of them is in memory here.
            async with self._fetcher.file(cast("str", document.path)) as file:
                return await self.pool.extract(file, document.expected)
        except (NotReadError, OSError) as error:
            # Says nothing of the document, so the ledger does not learn it and the next run tries again.
            self.crawler.stats.inc_value("document/extraction/not_read")
            document.outcome, document.message = Outcome.FAILED.value, f"{document.url} was not read: {error}"
            return None

    async def _save(self, document: DocumentItem, extraction: Extraction) -> None:
        spider = cast("ReportsSpider", self.crawler.spider)
        await asyncio.to_thread(
            spider.ledger.save_extraction,
            cast("str", document.sha256),
            EXTRACTOR_VERSION,
            outcome=extraction.outcome,
            message=extraction.message,
            record=extraction.record,
            seconds=extraction.seconds,
        )
