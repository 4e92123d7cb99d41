"""The stations of a worker's crawl: documents are stored, their reading and the publication are tasks of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.outcomes import WAITS, Outcome, page_end
from pipelines.checks import ChecksPipeline
from pipelines.dataset import DatasetPipeline
from pipelines.extraction import ExtractionPipeline

if TYPE_CHECKING:
    from crawler.extraction import Extraction
    from crawler.items import DocumentItem, PageItem


class HandedOnExtraction(ExtractionPipeline):
    """Takes from the ledger what this version has read; what it has not read waits: no child process is ever started."""

    async def _extract(self, document: DocumentItem) -> Extraction | None:
        self.crawler.stats.inc_value("document/extraction/handed_on")
        document.outcome, document.message = Outcome.FAILED.value, WAITS
        return None


class HandedOnChecks(ChecksPipeline):
    """Judges what is known; a page whose documents wait gets its outcome with them."""

    def process_item(self, item: PageItem) -> PageItem:
        """As the base class, for the documents that do not wait."""
        waiting = [document for document in item.documents if document.message == WAITS]
        if not waiting:
            return super().process_item(item)
        documents = item.documents
        item.documents = [document for document in documents if document.message != WAITS]
        if item.documents:
            super().process_item(item)
        item.documents = documents
        ends = [(Outcome(document.outcome or Outcome.FAILED), document.message) for document in documents]
        outcome, message = page_end(ends)
        item.outcome, item.message = outcome.value, message
        return item


class HandedOnDataset(DatasetPipeline):
    """Writes pages and documents to the ledger; publishing is for the task that waits for all portals."""

    async def close_spider(self) -> None:
        """Record how the portal and its columns ended."""
        spider = self.spider
        await spider.unchanged.finish()
        spider.record_portals()
        spider.is_recorded = True
