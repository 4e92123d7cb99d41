"""Second station: documents are read, in child processes, each content once."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Self, cast
from urllib.parse import quote

from crawler import EXTRACTOR_VERSION
from crawler.dataset.attachments import safe_store
from crawler.documents.archives import ARCHIVES
from crawler.documents.sniff import sniff
from crawler.isolation import ExtractionPool, NotReadError
from crawler.items import DocumentItem
from crawler.outcomes import Outcome

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

    from crawler.documents.archives import Member
    from crawler.extraction import Extraction
    from crawler.items import PageItem
    from crawler.spider import ReportsSpider


_HAVE_MEMBERS = frozenset({Outcome.NOT_A_REPORT, Outcome.TRUNCATED})
"""How an archive ends that gave documents; the last where it breaks off behind them."""


class ExtractionPipeline:
    """Reads what has not been read by this version of the extractor; everything else comes from the ledger."""

    def __init__(self, crawler: Crawler, pool: ExtractionPool) -> None:
        self.crawler = crawler
        self.pool = pool
        self._reading: dict[str, asyncio.Lock] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Wire the station to the settings."""
        return cls(crawler, ExtractionPool.from_settings(crawler.settings))

    def close_spider(self) -> None:
        """End the child processes."""
        self.pool.close(wait=False)

    async def process_item(self, item: PageItem) -> PageItem:
        """Give every stored document its outcome and, where it is a report, its record.

        An archive is put beside its members: documents of their own, under its URL and their names as fragments.
        """
        packed = [document for document in item.documents if document.outcome is None and document.media_type in ARCHIVES]
        for members in await asyncio.gather(*(self._unpack(document) for document in packed)):
            item.documents += members
        wanted = [document for document in item.documents if document.sha256 and document.outcome is None]
        await asyncio.gather(*(self._read(document) for document in wanted))
        return item

    async def _read(self, document: DocumentItem) -> None:
        sha256 = cast("str", document.sha256)
        spider = cast("ReportsSpider", self.crawler.spider)
        # Two pages may link the same file at the same moment.
        async with self._reading.setdefault(sha256, asyncio.Lock()):
            known = await asyncio.to_thread(spider.ledger.find_extraction, sha256, EXTRACTOR_VERSION)
            if known is not None:
                self.crawler.stats.inc_value("document/extraction/known")
                document.outcome, document.message = known.outcome.value, known.message
                document.extraction = known.record
                return
            extraction = await self._extract(document)
            if extraction is None:
                return
        self.crawler.stats.inc_value("document/extraction/read")
        document.outcome, document.message = extraction.outcome.value, extraction.message
        document.extraction = extraction.record

    async def _unpack(self, archive: DocumentItem) -> list[DocumentItem]:
        """The members of an archive, stored; every night anew, since the ledger knows them by their contents only."""
        spider = cast("ReportsSpider", self.crawler.spider)
        known = await asyncio.to_thread(spider.ledger.find_extraction, cast("str", archive.sha256), EXTRACTOR_VERSION)
        if known is not None and known.outcome not in _HAVE_MEMBERS:
            self.crawler.stats.inc_value("document/extraction/known")
            archive.outcome, archive.message = known.outcome.value, known.message
            return []
        extraction = await self._extract(archive)
        if extraction is None:
            return []
        archive.outcome, archive.message = extraction.outcome.value, extraction.message
        self.crawler.stats.inc_value("document/archive/members", len(extraction.members))
        return [await self._member(archive, member, len(extraction.members) == 1) for member in extraction.members]

    async def _member(self, archive: DocumentItem, member: Member, is_alone: bool) -> DocumentItem:
        # A name such as 附件.docx says less than the link; among others it is what tells one from the next.
        name = (archive.link_text or member.title) if is_alone else member.title
        url = f"{archive.url}#{quote(member.name, safe='')}"
        document = DocumentItem(url, "attachment", link_text=name, expected=member.expected)
        if member.outcome is not None:
            document.outcome, document.message = member.outcome.value, f"{archive.url}: {member.message}"
            return document
        spider = cast("ReportsSpider", self.crawler.spider)
        try:
            await asyncio.to_thread(self._store, Path(spider.workspace.files_store), document, member.content)
        except OSError as error:
            self.crawler.stats.inc_value("document/store_errors")
            document.outcome, document.message = Outcome.FAILED.value, f"{url} could not be stored: {error}"
        return document

    @staticmethod
    def _store(store: Path, document: DocumentItem, content: bytes) -> None:
        media_type = sniff(content)
        sha256, path = safe_store(store, content, media_type)
        document.sha256, document.media_type, document.size, document.path = sha256, media_type, len(content), path

    async def _extract(self, document: DocumentItem) -> Extraction | None:
        """What a child makes of a stored document, kept in the ledger; ``None`` where it could not be tried."""
        spider = cast("ReportsSpider", self.crawler.spider)
        # By path: however many documents wait for a child, none of them is in memory here.
        path = Path(spider.workspace.files_store) / cast("str", document.path)
        try:
            extraction = await self.pool.extract(path, document.expected)
        except NotReadError as error:
            # Says nothing of the document, so the ledger does not learn it and the next run tries again.
            self.crawler.stats.inc_value("document/extraction/not_read")
            document.outcome, document.message = Outcome.FAILED.value, f"{document.url} was not read: {error}"
            return None
        await asyncio.to_thread(
            spider.ledger.save_extraction,
            cast("str", document.sha256),
            EXTRACTOR_VERSION,
            outcome=extraction.outcome,
            message=extraction.message,
            record=extraction.record,
            seconds=extraction.seconds,
        )
        return extraction
