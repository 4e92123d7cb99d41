"""A source that has gone quiet is the first thing a maintainer sees."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from crawler.dataset.clock import iso
from crawler.dataset.ledger import Ledger
from crawler.health import expected_year, portal_states, record_health
from crawler.outcomes import Outcome

NOW = datetime(2026, 6, 1, 3, tzinfo=UTC)
HOME = "http://www.luanchuan.gov.cn/"
COLUMN = f"{HOME}zwgk/zfxxgknb/"


@pytest.mark.parametrize(
    ("today", "year", "complete"),
    [
        (date(2026, 1, 10), 2024, True),
        (date(2026, 2, 10), 2024, True),
        (date(2026, 2, 25), 2025, False),
        (date(2026, 4, 10), 2025, False),
        (date(2026, 5, 1), 2025, True),
        (date(2026, 12, 31), 2025, True),
    ],
)
def test_reports_are_due_by_the_dates_of_the_law(today: date, year: int, complete: bool) -> None:
    assert expected_year(today) == (year, complete)


def crawled(
    path: Path, reports: dict[int, int], *, at: datetime = NOW, outcome: Outcome = Outcome.OK, message: str = ""
) -> Ledger:
    """A ledger of one portal that lists so many reports of each year."""
    ledger = Ledger(f"sqlite:///{path}")
    facts: dict[str, Any] = {"name": "栾川县人民政府", "region": "河南省/洛阳市/栾川县", "home": HOME}
    ledger.record_portal("henan_reports", HOME, **facts, outcome=Outcome.OK, at=at - timedelta(hours=1))
    ledger.record_portal("henan_reports", HOME, **facts, outcome=outcome, message=message, at=at)
    ledger.record_column(HOME, COLUMN, collected=sum(reports.values()), outcome=outcome, message=message, at=at)
    for year, count in reports.items():
        for number in range(count):
            title = f"栾川县第{number}局{year}年政府信息公开工作年度报告"
            url = f"{COLUMN}{year}_{number}.html"
            ledger.record_page(url, portal=HOME, column_url=COLUMN, list_title=title, outcome=Outcome.OK, at=at)
            ledger.record_document(url, page_url=url, role="body", outcome=Outcome.OK, sha256=f"{year}{number:060}", at=at)
    return ledger


def why(ledger: Ledger, now: datetime = NOW) -> tuple[str, ...]:
    (state,) = portal_states(ledger, "henan_reports", now, stale_days=7)
    return state.stale


def test_a_portal_that_is_read_and_has_what_is_due_is_well(tmp_path: Path) -> None:
    with crawled(tmp_path / "l.sqlite", {2023: 10, 2024: 10, 2025: 9}) as ledger:
        assert why(ledger) == ()


def test_silence_a_failed_column_and_missing_years_are_told(tmp_path: Path) -> None:
    with crawled(tmp_path / "a.sqlite", {2023: 10, 2024: 10}) as ledger:
        assert why(ledger) == ("nothing for 2025, which was due; the newest report is of 2024",)
        assert why(ledger, datetime(2026, 2, 1, tzinfo=UTC)) == ()
    with crawled(tmp_path / "b.sqlite", {2024: 10, 2025: 3}) as ledger:
        assert why(ledger) == ("3 reports for 2025, where 2024 has 10",)
    with crawled(tmp_path / "c.sqlite", {2025: 3}, at=NOW - timedelta(days=9)) as ledger:
        assert why(ledger)[0].startswith("not read for 9 days")
    with crawled(tmp_path / "d.sqlite", {2025: 3}, outcome=Outcome.FAILED, message="12 rows are missing") as ledger:
        assert why(ledger) == (f"column {COLUMN}: failed: 12 rows are missing",)


def test_a_portal_that_was_never_read_says_what_stood_in_the_way(tmp_path: Path) -> None:
    with Ledger(f"sqlite:///{tmp_path / 'l.sqlite'}") as ledger:
        facts: dict[str, Any] = {"name": "栾川县人民政府", "region": "河南省/洛阳市/栾川县", "home": HOME}
        ledger.record_portal("henan_reports", HOME, **facts, outcome=Outcome.BLOCKED, message="a challenge page", at=NOW)
        assert why(ledger) == ("never read; last: blocked: a challenge page",)


def test_health_json_holds_every_portal_and_column(tmp_path: Path) -> None:
    with crawled(tmp_path / "l.sqlite", {2024: 4, 2025: 1}) as ledger:
        written = record_health(ledger, "henan_reports", tmp_path, NOW, stale_days=7)
    found = json.loads((tmp_path / "health.json").read_text("utf-8"))
    assert found == written
    assert (found["portals"], found["stale"], found["expected_year"], found["generated_at"]) == (1, 1, 2025, iso(NOW))
    (entry,) = found["entries"]
    assert entry["listed"] == {"2024": 4, "2025": 1}
    assert entry["outcomes"] == {"ok": 5}
    assert [column["url"] for column in entry["columns"]] == [COLUMN]
    assert not list(tmp_path.glob(".health*"))
