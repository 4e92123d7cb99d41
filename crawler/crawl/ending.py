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
        """Write to the ledger how every portal and column ended."""
        for sweep in self.spider.sweeps.values():
            portal = sweep.portal
            self.spider.ledger.record_portal(
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
                self.spider.ledger.visits.keep_entries(self.spider.name, sweep.key, [*sweep.discovery.columns, *kept])
            for column in sweep.columns.values():
                if not column.read and not column.problems:
                    continue  # the run ended before its turn came
                self._mark_gone(sweep, column)
                self.spider.ledger.record_column(
                    sweep.key,
                    column.url,
                    collected=len(column.collected),
                    outcome=column.outcome,
                    family=column.family,
                    declared_total=column.declared_total,
                    message=column.message,
                )
            self.spider.crawler.stats.inc_value(f"portal/outcome/{sweep.outcome.value if sweep.is_attempted else 'not_tried'}")

    def _mark_gone(self, sweep: PortalSweep, column: ColumnSweep) -> None:
        """Only a list that was read whole can tell what left it."""
        whole = column.read > 0 and column.outcome is Outcome.OK and not column.filtered
        if whole and not sweep.rows and not sweep.in_flight and self.spider.follow_rows:
            gone = self.spider.ledger.mark_gone(sweep.key, column.url, not_seen_since=self.spider.started_at)
            if gone:
                self.spider.crawler.stats.inc_value("page/gone", gone)
                self.spider.logger.warning("%s: %d pages are no longer listed in %s", sweep.portal.name, gone, column.url)
