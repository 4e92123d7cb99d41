"""What the ledger learns at the end of a run: how every portal and column ended, and what left its list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.outcomes import Outcome

if TYPE_CHECKING:
    from crawler.spider import ReportsSpider
    from crawler.sweep import ColumnSweep, PortalSweep


class Ending:
    """Closes the books of a run."""

    def __init__(self, spider: ReportsSpider) -> None:
        self.spider = spider

    def record(self) -> None:
        """Write to the ledger how every portal and column ended; of one portal all is written together."""
        count = self.spider.crawler.stats.inc_value
        for sweep in self.spider.sweeps.values():
            gone = self.spider.ledger.writer.run(lambda sweep=sweep: self._record(sweep))  # type: ignore[misc]
            for column, pages in gone.items():
                count("page/gone", pages)
                self.spider.logger.warning("%s: %d pages are no longer listed in %s", sweep.portal.name, pages, column)
            count(f"portal/outcome/{sweep.outcome.value if sweep.is_attempted else 'not_tried'}")

    def _record(self, sweep: PortalSweep) -> dict[str, int]:
        """How many pages left each column, where any did."""
        portal, ledger, gone = sweep.portal, self.spider.ledger, {}
        ledger.record_portal(
            self.spider.name,
            sweep.key,
            name=portal.name,
            region=portal.region,
            home=portal.home,
            region_code=portal.region_code,
            outcome=sweep.outcome if sweep.is_attempted else None,
            message=sweep.message,
            family=next((column.family for column in sweep.columns.values() if column.family), None),
            browser=sweep.found_with_browser,
            new_document=sweep.new_documents > 0,
        )
        if sweep.searching and sweep.reached:
            kept = [column.url for column in sweep.columns.values() if column.outcome is Outcome.OK]
            ledger.visits.keep_entries(self.spider.name, sweep.key, [*sweep.discovery.columns, *kept])
        for column in sweep.columns.values():
            if not column.read and not column.problems:
                continue  # the run ended before its turn came
            if self._is_whole(sweep, column):
                gone[column.url] = ledger.mark_gone(sweep.key, column.url, not_seen_since=self.spider.started_at)
            ledger.record_column(
                sweep.key,
                column.url,
                collected=len(column.collected),
                outcome=column.outcome,
                family=column.family,
                declared_total=column.declared_total,
                message=column.message,
            )
        return {column: pages for column, pages in gone.items() if pages}

    def _is_whole(self, sweep: PortalSweep, column: ColumnSweep) -> bool:
        """Only a list that was read whole can tell what left it."""
        whole = column.read > 0 and column.outcome is Outcome.OK and not column.filtered
        return whole and not sweep.rows and not sweep.feeders and self.spider.follow_rows
