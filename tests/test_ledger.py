"""The ledger on real SQLite files and on a real PostgreSQL: what it remembers, and what a killed run leaves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from crawler.dataset.connections import LedgerError, connect
from crawler.dataset.ledger import Ledger
from crawler.outcomes import Outcome

START = datetime(2026, 1, 10, 2, 0, tzinfo=UTC)
ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def url(ledger_url: str) -> str:
    return ledger_url


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    with Ledger(url, clock=lambda: START) as ledger:
        yield ledger


def rows(url: str, statement: str) -> list[tuple[Any, ...]]:
    engine, _ = connect(url)
    with engine.begin() as connection:
        result = connection.exec_driver_sql(statement)
        found = [tuple(row) for row in result] if result.returns_rows else []
    engine.dispose()
    return found


def add_portal(ledger: Ledger, portal: str = "luanchuan", spider: str = "henan_reports", **facts: Any) -> None:
    known: dict[str, Any] = {
        "name": "栾川县人民政府",
        "region": "河南省/洛阳市/栾川县",
        "home": "http://luanchuan.example/",
    } | facts
    ledger.record_portal(spider, portal, **known)


def add_document(ledger: Ledger, url: str = "http://luanchuan.example/a.pdf", **facts: Any) -> bool:
    ledger.record_page("http://luanchuan.example/a.html", portal="luanchuan", outcome=Outcome.OK, title="2023年报")
    known: dict[str, Any] = {"page_url": "http://luanchuan.example/a.html", "role": "attachment", "outcome": Outcome.OK} | facts
    return ledger.record_document(url, **known)


def test_a_portal_that_fails_keeps_the_time_it_last_could_be_read(ledger: Ledger) -> None:
    add_portal(ledger, outcome=Outcome.OK, family="trs", browser=False, new_document=True)
    add_portal(ledger, outcome=Outcome.BLOCKED, message="status 521", at=START + timedelta(days=1))
    (health,) = ledger.portal_health("henan_reports")
    assert (health.last_success, health.last_attempt) == ("2026-01-10T02:00:00Z", "2026-01-11T02:00:00Z")
    assert (health.last_outcome, health.last_message) == ("blocked", "status 521")
    assert (health.family, health.browser, health.last_new_document) == ("trs", False, "2026-01-10T02:00:00Z")


def test_registering_a_portal_is_no_attempt_on_it(ledger: Ledger) -> None:
    add_portal(ledger, outcome=Outcome.OK)
    add_portal(ledger, at=START + timedelta(days=1))
    add_portal(ledger, portal="never-tried")
    tried, untried = sorted(ledger.portal_health("henan_reports"), key=lambda health: health.portal)
    assert tried.last_attempt == "2026-01-10T02:00:00Z"
    assert untried.last_attempt is None


def test_health_adds_up_what_columns_declare_and_what_was_kept(ledger: Ledger) -> None:
    add_portal(ledger)
    for number, declared in ((1, 20), (2, None)):
        ledger.record_column(
            "luanchuan", f"http://c/{number}", collected=12, declared_total=declared, outcome=Outcome.OK, family="trs"
        )
    add_document(ledger, sha256="a" * 64)
    add_document(ledger, sha256="b" * 64)
    add_document(ledger, url="http://luanchuan.example/lost.pdf", outcome=Outcome.TRUNCATED)
    (health,) = ledger.portal_health("henan_reports")
    assert (health.columns, health.declared, health.collected, health.documents) == (2, 20, 24, 1)


def test_changed_content_at_a_url_is_kept_beside_the_earlier_one(ledger: Ledger) -> None:
    add_portal(ledger)
    assert add_document(ledger, sha256="a" * 64, path="aa/a.pdf")
    assert not add_document(ledger, sha256="a" * 64, path="aa/a.pdf", at=START + timedelta(days=1))
    assert add_document(ledger, sha256="b" * 64, path="bb/b.pdf", etag='"2"', at=START + timedelta(days=2))
    known = ledger.known_document("http://luanchuan.example/a.pdf")
    assert known is not None
    assert (known.sha256, known.etag) == ("b" * 64, '"2"')
    old, new = ledger.iter_sightings("henan_reports")
    assert (old.sha256, old.first_seen, old.last_seen) == ("a" * 64, "2026-01-10T02:00:00Z", "2026-01-11T02:00:00Z")
    assert (new.sha256, new.first_seen) == ("b" * 64, "2026-01-12T02:00:00Z")


def test_a_url_that_fails_every_night_is_one_failure_and_none_once_it_is_had(ledger: Ledger) -> None:
    add_portal(ledger)
    for day in range(3):
        assert not add_document(ledger, outcome=Outcome.TRUNCATED, message="cut", at=START + timedelta(days=day))
    assert ledger.outcome_counts(spider="henan_reports") == {Outcome.TRUNCATED: 1}
    assert ledger.known_document("http://luanchuan.example/a.pdf") is None
    add_document(ledger, sha256="a" * 64)
    assert ledger.outcome_counts(spider="henan_reports") == {Outcome.OK: 1}


def test_a_failing_url_keeps_the_content_had_before(ledger: Ledger) -> None:
    add_portal(ledger)
    add_document(ledger, sha256="a" * 64)
    add_document(ledger, outcome=Outcome.BLOCKED)
    known = ledger.known_document("http://luanchuan.example/a.pdf")
    assert known is not None
    assert known.sha256 == "a" * 64
    assert ledger.outcome_counts(spider="henan_reports") == {Outcome.BLOCKED: 1, Outcome.OK: 1}


def test_not_modified_moves_last_seen_only(ledger: Ledger) -> None:
    add_portal(ledger)
    add_document(ledger, sha256="a" * 64)
    ledger.touch_document("http://luanchuan.example/a.pdf", at=START + timedelta(days=5))
    ledger.touch_document("http://luanchuan.example/unknown.pdf", at=START + timedelta(days=5))
    (sighting,) = ledger.iter_sightings("henan_reports")
    assert (sighting.fetched_at, sighting.last_seen) == ("2026-01-10T02:00:00Z", "2026-01-15T02:00:00Z")


def test_a_page_seen_with_less_keeps_what_was_known(ledger: Ledger) -> None:
    add_portal(ledger)
    page = "http://luanchuan.example/a.html"
    ledger.record_page(page, portal="luanchuan", outcome=Outcome.OK, column_url="http://c/", title="2023年报")
    ledger.record_page(page, portal="luanchuan", outcome=Outcome.OK, list_title="年报", at=START + timedelta(days=1))
    ledger.record_document("http://d/", page_url=page, role="body", outcome=Outcome.OK, sha256="a" * 64)
    (sighting,) = ledger.iter_sightings("henan_reports")
    assert (sighting.page_title, sighting.list_title, sighting.column_url) == ("2023年报", "年报", "http://c/")


def test_pages_that_left_their_column_are_marked_and_stay_in_the_dataset(ledger: Ledger) -> None:
    add_portal(ledger)
    page: dict[str, Any] = {"portal": "luanchuan", "column_url": "http://c/"}
    ledger.record_page("http://p/1", **page, outcome=Outcome.OK)
    ledger.record_document("http://p/1", page_url="http://p/1", role="body", outcome=Outcome.OK, sha256="a" * 64)
    sweep = START + timedelta(days=1)
    ledger.record_page("http://p/2", **page, outcome=Outcome.OK, at=sweep)
    assert ledger.mark_gone(**page, not_seen_since=sweep) == 1
    assert ledger.mark_gone(**page, not_seen_since=sweep) == 0
    assert len(list(ledger.iter_sightings("henan_reports"))) == 1


def test_extractions_come_back_as_given_and_only_for_their_version(ledger: Ledger) -> None:
    record = {"title": "栾川县2023年报", "values": {"a": None, "b": 0, "c": 49.5669, "d": 123456789012345678}}
    ledger.save_extraction("a" * 64, "1", outcome=Outcome.OK, record=record, seconds=0.5)
    found = ledger.find_extraction("a" * 64, "1")
    assert found is not None
    assert found.record == record
    assert ledger.find_extraction("a" * 64, "2") is None
    ledger.save_extraction("a" * 64, "1", outcome=Outcome.NOT_A_REPORT, message="budget")
    found = ledger.find_extraction("a" * 64, "1")
    assert found is not None
    assert (found.outcome, found.message, found.record) == (Outcome.NOT_A_REPORT, "budget", None)


def test_a_reading_that_ran_out_of_time_does_not_hide_an_earlier_good_one(ledger: Ledger) -> None:
    add_portal(ledger)
    add_document(ledger, sha256="a" * 64)
    ledger.save_extraction("a" * 64, "1", outcome=Outcome.OK, record={"title": "first"})
    ledger.save_extraction("a" * 64, "2", outcome=Outcome.TIMEOUT, at=START + timedelta(days=1))
    (sighting,) = ledger.iter_sightings("henan_reports")
    assert (sighting.record, sighting.outcome) == ({"title": "first"}, Outcome.OK)
    ledger.save_extraction("a" * 64, "3", outcome=Outcome.NOT_A_REPORT, at=START + timedelta(days=2))
    (sighting,) = ledger.iter_sightings("henan_reports")
    assert (sighting.record, sighting.outcome) == (None, Outcome.NOT_A_REPORT)
    assert ledger.outcome_counts(spider="henan_reports") == {Outcome.NOT_A_REPORT: 1}


def test_a_document_that_could_not_be_read_once_is_fine_when_a_later_extractor_reads_it(ledger: Ledger) -> None:
    add_portal(ledger)
    add_document(ledger, sha256="a" * 64, outcome=Outcome.UNSUPPORTED)
    ledger.save_extraction("a" * 64, "1", outcome=Outcome.UNSUPPORTED)
    ledger.save_extraction("a" * 64, "2", outcome=Outcome.OK, record={"title": "x"}, at=START + timedelta(days=1))
    (sighting,) = ledger.iter_sightings("henan_reports")
    assert sighting.outcome is Outcome.OK
    assert ledger.outcome_counts(spider="henan_reports") == {Outcome.OK: 1}


def test_not_modified_clears_a_failure_of_the_night_before(ledger: Ledger) -> None:
    add_portal(ledger)
    add_document(ledger, sha256="a" * 64)
    add_document(ledger, outcome=Outcome.TIMEOUT)
    ledger.touch_document("http://luanchuan.example/a.pdf")
    assert ledger.outcome_counts(spider="henan_reports") == {Outcome.OK: 1}


def test_counts_of_one_run_leave_out_the_others(ledger: Ledger) -> None:
    add_portal(ledger)
    first, second = ledger.begin_run("henan_reports"), ledger.begin_run("henan_reports")
    add_document(ledger, url="http://d/1", sha256="a" * 64, run=first)
    add_document(ledger, url="http://d/2", outcome=Outcome.NOT_FOUND, run=second)
    assert ledger.outcome_counts(run=first) == {Outcome.OK: 1}
    assert ledger.outcome_counts(run=second) == {Outcome.NOT_FOUND: 1}
    with pytest.raises(ValueError, match="either"):
        ledger.outcome_counts()


def test_spiders_share_facts_but_see_their_own_portals(ledger: Ledger) -> None:
    add_portal(ledger)
    add_portal(ledger, spider="annual_reports")
    add_portal(ledger, spider="annual_reports", portal="nanchang")
    add_document(ledger, sha256="a" * 64)
    assert len(list(ledger.iter_sightings("henan_reports"))) == len(list(ledger.iter_sightings("annual_reports"))) == 1
    assert list(ledger.iter_sightings("another")) == []
    assert len(ledger.portal_health("annual_reports")) == 2


def test_publications_are_remembered(ledger: Ledger) -> None:
    ledger.record_publication("henan_reports", "20260110T020000Z", status="failed", reason="count_floor", counts={"reports": 1})
    (row,) = ledger.publications("henan_reports")
    assert (row.status, row.reason, row.counts) == ("failed", "count_floor", {"reports": 1})


def test_stats_of_a_run_may_hold_times(ledger: Ledger, url: str) -> None:
    run = ledger.begin_run("henan_reports")
    ledger.finish_run(run, reason="finished", stats={"start_time": START})
    (row,) = rows(url, "select reason, exit_status, stats from runs")
    assert row == ("finished", 0, '{"start_time": "2026-01-10 02:00:00+00:00"}')


def test_a_ledger_of_a_newer_version_is_not_touched(ledger: Ledger, url: str) -> None:
    ledger.close()
    rows(url, "update meta set value = '999'")
    with pytest.raises(LedgerError, match="newer"):
        Ledger(url)


def test_a_local_time_is_refused_and_any_zone_is_written_as_utc(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match="time zone"):
        add_portal(ledger, outcome=Outcome.OK, at=datetime(2026, 1, 1))  # noqa: DTZ001 - the offence itself
    add_portal(ledger, outcome=Outcome.OK, at=datetime.fromisoformat("2026-01-01T08:00:00+08:00"))
    (health,) = ledger.portal_health("henan_reports")
    assert health.last_attempt == "2026-01-01T00:00:00Z"


def test_two_writers_wait_for_each_other(url: str) -> None:
    errors: list[BaseException] = []

    def write(prefix: str) -> None:
        try:
            with Ledger(url) as own:
                for number in range(60):
                    add_document(own, url=f"http://{prefix}/{number}", sha256=f"{prefix}{number}")
        except BaseException as error:  # noqa: BLE001 - carried over to the test's own thread
            errors.append(error)

    with Ledger(url) as ledger:
        add_portal(ledger)
        threads = [Thread(target=write, args=(prefix,)) for prefix in "ab"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert errors == []
        assert len(list(ledger.iter_sightings("henan_reports"))) == 120


WRITER = """
import sys
from datetime import UTC, datetime
from hashlib import sha256
from crawler.dataset.ledger import Ledger
from crawler.outcomes import Outcome

with Ledger(sys.argv[1], clock=lambda: datetime(2026, 1, 10, tzinfo=UTC)) as ledger:
    run = ledger.begin_run("henan_reports")
    ledger.record_portal("henan_reports", "p", name="n", region="河南省", home="http://h/", outcome=Outcome.OK)
    for number in range(int(sys.argv[2])):
        page, content = f"http://h/{number}", sha256(str(number).encode()).hexdigest()
        if ledger.known_document(page) is None or ledger.find_extraction(content, "1") is None:
            ledger.record_page(page, portal="p", outcome=Outcome.OK, title=f"title {number}")
            ledger.record_document(page, page_url=page, role="body", outcome=Outcome.OK, sha256=content)
            ledger.save_extraction(content, "1", outcome=Outcome.OK, record={"number": number, "text": "x" * 5000})
        print(number, flush=True)
    ledger.finish_run(run, reason="finished")
"""


def content(url: str) -> dict[str, list[tuple[Any, ...]]]:
    return {
        table: rows(url, f"select * from {table} order by 1, 2")  # noqa: S608 - names of our own
        for table in ("portals", "pages", "documents", "extractions")
    }


def test_a_run_killed_anywhere_and_run_again_leaves_what_one_run_leaves(url: str, tmp_path: Path) -> None:
    wanted = 80
    command = [sys.executable, "-c", WRITER]
    whole, killed = f"sqlite:///{tmp_path / 'whole.sqlite'}", url
    subprocess.run([*command, whole, str(wanted)], check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    for after, pause in ((3, 0.0), (31, 0.003), (55, 0.001)):
        process = subprocess.Popen([*command, killed, str(wanted)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        for line in process.stdout:
            if int(line) >= after:
                break
        time.sleep(pause)
        os.kill(process.pid, signal.SIGKILL)
        process.stdout.close()
        assert process.wait() == -signal.SIGKILL
    subprocess.run([*command, killed, str(wanted)], check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    normal = {table: sorted(tuple(map(str, row)) for row in found) for table, found in content(killed).items()}
    assert normal == {table: sorted(tuple(map(str, row)) for row in found) for table, found in content(whole).items()}
    if url.startswith("sqlite"):
        assert rows(url, "pragma integrity_check") == [("ok",)]
    assert rows(url, "select count(*) from runs where finished_at is null") == [(3,)]
