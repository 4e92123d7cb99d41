"""The monitors of a night that workers did: over the sums of its runs, and over nothing that was before."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from scrapy.settings import Settings

from crawler import settings as ours
from crawler.dataset.ledger import Ledger
from crawler.dataset.publish import Publication
from crawler.outcomes import Outcome
from crawler.work.monitoring import Night, run_monitors
from tests.test_monitors import webhook

SPIDER = "henan_reports"
NIGHT = datetime(2026, 2, 3, 18, tzinfo=UTC)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(f"sqlite:///{tmp_path / 'ledger.sqlite'}") as ledger:
        yield ledger


def run(ledger: Ledger, spider: str, ended: datetime, **stats: object) -> None:
    number = ledger.begin_run(spider, started_at=ended)
    ledger.finish_run(
        number, reason="finished", stats={name.replace("__", "/"): value for name, value in stats.items()}, finished_at=ended
    )


def test_the_runs_of_a_night_are_summed_and_no_others(ledger: Ledger) -> None:
    run(ledger, SPIDER, NIGHT - timedelta(hours=1), portal__outcome__ok=7)
    run(ledger, SPIDER, NIGHT + timedelta(minutes=1), portal__outcome__ok=1, finish_reason="finished", took=1.5, browser=True)
    run(ledger, SPIDER, NIGHT + timedelta(minutes=2), portal__outcome__ok=1, portal__outcome__failed=1)
    run(ledger, "jiangxi_reports", NIGHT + timedelta(minutes=2), portal__outcome__ok=5)
    ledger.begin_run(SPIDER, started_at=NIGHT)
    assert ledger.nights.stats(SPIDER, NIGHT) == {"portal/outcome/ok": 2, "portal/outcome/failed": 1}


def test_documents_read_since_then_are_counted_by_outcome_and_spider(ledger: Ledger) -> None:
    for name, spider, hours in (("one", SPIDER, 1), ("two", SPIDER, 1), ("old", SPIDER, -1), ("other", "jiangxi_reports", 1)):
        home, sha256 = f"http://{spider}.example/", name[0] * 64
        ledger.record_portal(spider, home, name="县", region="省", home=home, outcome=Outcome.OK)
        ledger.record_page(f"{home}{name}", portal=home, outcome=Outcome.OK)
        ledger.record_document(
            f"{home}{name}", page_url=f"{home}{name}", role="body", outcome=Outcome.OK, sha256=sha256 + name, path=name
        )
        outcome = Outcome.OK if name == "one" else Outcome.GARBLED
        ledger.save_extraction(sha256 + name, "1", outcome=outcome, at=NIGHT + timedelta(hours=hours))
    assert ledger.nights.read(SPIDER, "1", NIGHT) == {"ok": 1, "garbled": 1}
    assert ledger.nights.read(SPIDER, "2", NIGHT) == {}


def test_what_fails_over_all_portals_is_sent(ledger: Ledger, tmp_path: Path) -> None:
    for minute in range(10):
        run(
            ledger,
            SPIDER,
            NIGHT + timedelta(minutes=minute),
            **{"portal__outcome__failed" if minute % 2 else "portal__outcome__ok": 1},
        )
    with webhook() as (url, told):
        settings = Settings()
        settings.setmodule(ours, priority="project")
        settings.setdict({"MONITOR_WEBHOOK": url, "MONITOR_LEAST": 10}, priority="cmdline")
        publication = Publication("unchanged", "1", tmp_path, {"reports": 0, "cells": {}})
        night = Night(SPIDER, settings, publication, {"stale": 0, "portals": 10})
        run_monitors(night, ledger, NIGHT)
        run_monitors(night, ledger, NIGHT + timedelta(hours=1))
    (message,) = told
    (failure,) = message["failures"]
    assert message["text"].startswith("henan_reports: 1 monitors failed")
    assert failure["monitor"] == "Sources/most portals could be read"
    assert failure["reason"].startswith("portals that could not be read: 5 of 10 (50%)")
