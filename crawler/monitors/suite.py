"""Spidermon monitors over the run's statistics, its publication and ``health.json``; thresholds are settings.

A run over few portals or pages decides no share: below ``MONITOR_LEAST`` of what a share is taken of, the monitor passes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spidermon import Monitor, MonitorSuite, monitors

from crawler.monitors.actions import SendMail, SendWebhook

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crawler.spider import ReportsSpider


class _RunMonitor(Monitor):  # type: ignore[misc]
    """The data of the run, by the words of this project."""

    @property
    def spider(self) -> ReportsSpider:
        """The spider that ran."""
        spider: ReportsSpider = self.data.spider
        return spider

    @property
    def stats(self) -> Mapping[str, Any]:
        """Scrapy's statistics."""
        stats: Mapping[str, Any] = self.data.stats
        return stats

    def setting(self, name: str) -> float:
        """A threshold."""
        return float(self.spider.settings.getfloat(name))

    def count(self, prefix: str) -> int:
        """Sum of the statistics that begin with ``prefix``."""
        return sum(int(value) for key, value in self.stats.items() if key.startswith(prefix))

    def assert_share(self, part: float, whole: float, limit: str, words: str) -> None:
        """Fails where ``part`` is more of ``whole`` than the setting ``limit`` allows."""
        if whole < self.setting("MONITOR_LEAST"):
            return
        share = part / whole
        allowed = self.setting(limit)
        self.assertTrue(share <= allowed, f"{words}: {part:.0f} of {whole:.0f} ({share:.0%}); {limit} allows {allowed:.0%}")


@monitors.name("Publication")
class PublicationMonitor(_RunMonitor):
    """What readers have."""

    @monitors.name("the dataset was published, or nothing had changed")
    def test_published(self) -> None:
        """Counts floors and fill rates against the last good version are the publication's own assertions."""
        publication = self.spider.publication
        why = self.spider.publish_refused or "the run ended before it could publish; see the log"
        self.assertTrue(publication is not None, why)
        if publication is None:
            return
        failed = "; ".join(f"{failure.assertion}: {failure.message}" for failure in publication.failures)
        self.assertTrue(publication.status != "failed", f"the last good version stays: {failed}")

    @monitors.name("organisations, years and numbers are known")
    def test_fill_rates(self) -> None:
        """A field that is there but empty counts as missing."""
        counts = self.spider.publication.counts if self.spider.publication else {}
        reports, cells = counts.get("reports", 0), counts.get("cells", {})
        for field in ("without_organisation", "without_year"):
            self.assert_share(counts.get(field, 0), reports, "MONITOR_UNFILLED", f"reports {field.replace('_', ' ')}")
        if reports >= self.setting("MONITOR_LEAST"):
            unread = cells.get("absent", 0) + cells.get("unparsed", 0)
            self.assert_share(unread, sum(cells.values()), "MONITOR_UNFILLED", "cells that could not be read")


@monitors.name("Sources")
class SourcesMonitor(_RunMonitor):
    """What portals gave."""

    @monitors.name("most portals could be read")
    def test_failed(self) -> None:
        """Blocked portals are counted apart."""
        tried = self.count("portal/outcome/") - self.count("portal/outcome/not_tried")
        well = self.count("portal/outcome/ok") + self.count("portal/outcome/blocked")
        self.assert_share(tried - well, tried, "MONITOR_FAILED", "portals that could not be read")

    @monitors.name("few portals are blocked")
    def test_blocked(self) -> None:
        """More of them than usual means that it is we who are not wanted."""
        tried = self.count("portal/outcome/") - self.count("portal/outcome/not_tried")
        self.assert_share(self.count("portal/outcome/blocked"), tried, "MONITOR_BLOCKED", "portals that are blocked")

    @monitors.name("few portals have gone quiet")
    def test_freshness(self) -> None:
        """By the dates of the law and the last success, see health.json."""
        health = self.spider.health
        if health is not None:
            self.assert_share(health["stale"], health["portals"], "MONITOR_STALE", "portals that need a look")

    @monitors.name("no list has changed its shape")
    def test_shapes(self) -> None:
        """Each is an error of its own, however many there are: its portal was rebuilt."""
        changed = self.count("column/shape_errors")
        self.assertTrue(changed == 0, f"{changed} lists have changed their shape; see `scrapy portals --stale`")


@monitors.name("The crawl itself")
class CrawlMonitor(_RunMonitor):
    """What we did."""

    @monitors.name("documents can be read")
    def test_documents(self) -> None:
        """Outcomes that are the reader's, not the portal's."""
        read = self.stats.get("document/extraction/read", 0)
        bad = sum(self.stats.get(f"document/outcome/{outcome}", 0) for outcome in ("failed", "timeout", "garbled"))
        self.assert_share(bad, read + bad, "MONITOR_UNREADABLE", "documents that could not be read")

    @monitors.name("no more requests than the pages need")
    def test_requests_per_item(self) -> None:
        """A pager that never ends, or a redirect in circles, shows here first."""
        items, requests = self.count("page/outcome/"), self.stats.get("downloader/request_count", 0)
        if items >= self.setting("MONITOR_LEAST"):
            most = self.setting("MONITOR_REQUESTS_PER_PAGE")
            self.assertTrue(requests <= most * items, f"{requests} requests for {items} pages; at most {most:g} a page")

    @monitors.name("nothing was lost on our side")
    def test_faults(self) -> None:
        """Pages our own code stumbled over, and files that could not be stored."""
        faults = {
            key: self.stats.get(key, 0) for key in ("page/faults", "document/store_errors", "document/extraction/not_read")
        }
        told = ", ".join(f"{count} {key}" for key, count in faults.items() if count)
        self.assertTrue(not told, f"{told}; see the log")


class NightMonitors(MonitorSuite):  # type: ignore[misc]
    """Run when the spider closes; what fails is logged, and sent where the settings say."""

    monitors = (PublicationMonitor, SourcesMonitor, CrawlMonitor)
    monitors_failed_actions = (SendMail, SendWebhook)
