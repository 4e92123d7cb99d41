"""What is found as it was: no item travels through the pipelines for it; it is counted, and its time in the ledger moved on."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from crawler.documents.archives import ARCHIVES
from crawler.kinds import kind_of
from crawler.outcomes import Outcome

if TYPE_CHECKING:
    from crawler.dataset.model import KnownPage
    from crawler.items import DocumentItem
    from crawler.spider import ReportsSpider

AT_ONCE = 200
"""Pages whose time is moved on in one transaction. Of those that a killed run has not written, the next night asks again."""


class Unchanged:
    """Keeps the account of pages that are as they were."""

    def __init__(self, spider: ReportsSpider) -> None:
        self.spider = spider
        self._seen: list[tuple[str, str, list[tuple[str, str]]]] = []
        self._writing: set[asyncio.Task[None]] = set()

    def take(self, portal: str, page: KnownPage, documents: list[DocumentItem]) -> bool:
        """Take note of an unchanged page with its documents, if nothing of them has to be fetched, read or told."""
        if not (documents and all(map(_is_settled, documents)) and page.outcome is Outcome.OK):
            return False
        count = self.spider.crawler.stats.inc_value
        count("page/outcome/ok")
        count("page/unchanged")
        count("document/extraction/known", len(documents))
        count("document/outcome/ok", len(documents))
        for document in documents:
            count(f"document/kind/{kind_of(document)}/ok")
        self._seen.append((portal, page.page_url, [(document.url, document.sha256 or "") for document in documents]))
        if len(self._seen) >= AT_ONCE:
            writing = asyncio.ensure_future(self.write())
            self._writing.add(writing)
            writing.add_done_callback(self._writing.discard)
        return True

    async def write(self) -> None:
        """Put what was noted into the ledger, in a thread: a disk may take its time."""
        seen, self._seen = self._seen, []
        if seen:
            await asyncio.to_thread(self.spider.ledger.visits.touch_pages, seen, run=self.spider.run)

    async def finish(self) -> None:
        """Once no page is to come."""
        await asyncio.gather(*self._writing)
        await self.write()


def _is_settled(document: DocumentItem) -> bool:
    """As it was, and read; the members of an archive are for the pipelines to find again."""
    known = document.known
    if not document.unchanged or known is None or known.reading is None or document.media_type in ARCHIVES:
        return False
    return known.reading.outcome is Outcome.OK
