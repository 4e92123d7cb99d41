"""Third station: what was read is judged, counted and told."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Self

from crawler.kinds import kind_of
from crawler.outcomes import TOLD, Outcome, page_end

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.statscollectors import StatsCollector

    from crawler.items import PageItem

logger = logging.getLogger(__name__)

_LACKING = frozenset({Outcome.UNSUPPORTED, Outcome.SCANNED})
"""Outcomes that something missing on this machine may be the reason of; the message says what."""


class ChecksPipeline:
    """Gives the page its outcome, counts outcomes and failed checks, and warns of every document that could not be read."""

    def __init__(self, stats: StatsCollector) -> None:
        self.stats = stats

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Wire the station to the statistics."""
        return cls(crawler.stats)

    def process_item(self, item: PageItem) -> PageItem:
        """A page is ``ok`` where one of its documents is a report; else it ends as its most telling document did."""
        for document in item.documents:
            outcome = Outcome(document.outcome or Outcome.FAILED)
            self.stats.inc_value(f"document/outcome/{outcome.value}")
            self.stats.inc_value(f"document/kind/{kind_of(document)}/{outcome.value}")
            if outcome in _LACKING:
                self.stats.inc_value(f"document/lacking/{outcome.value}: {document.message}")
            if outcome not in TOLD:
                logger.warning("%s: %s (%s)", outcome.value, document.message, item.page_url)
            for check in (document.extraction or {}).get("checks", ()):
                self.stats.inc_value(f"check/{check['kind']}/{check['status']}")
                if check["status"] == "fail" and check["kind"] == "identity":
                    logger.info("the source does not add up: %s %s (%s)", check["id"], check["detail"], document.url)
        if item.documents:
            ends = [(Outcome(document.outcome or Outcome.FAILED), document.message) for document in item.documents]
            end, message = page_end(ends)
            item.outcome, item.message = end.value, message or item.message
        elif item.outcome is None:
            item.outcome, item.message = Outcome.NO_TABLES.value, "the page links no document and has no body"
        self.stats.inc_value(f"page/outcome/{item.outcome}")
        return item
