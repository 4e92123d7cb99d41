"""A nation crawled by worker processes: the dataset of one process, whatever becomes of the workers."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests import postgres
from tests.crawling import Crawl, scrapy
from tests.nation.plan import News
from tests.nation.running import RunningNation
from tests.test_resume import without_times
from tests.workers import SETTINGS, SPIDER, Team, ends, wait_until

PORTALS, REPORTS = 4, 16
NO_NEWS = News(0, 0, 0, 0)

pytestmark = pytest.mark.timeout(900)  # a dozen processes are started one after the other, on a machine that may be busy


@pytest.fixture(scope="module")
def nation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningNation]:
    folder = tmp_path_factory.mktemp("nation")
    with RunningNation(folder, portals=PORTALS, reports=REPORTS, seed=3, news=NO_NEWS) as nation:
        yield nation


@dataclass(frozen=True)
class Alone:
    """What one process that does all of the work by itself leaves, on SQLite: records by page, and the ledger's ends."""

    records: dict[str, Any]
    ends: dict[str, Any]


@pytest.fixture(scope="module")
def alone(nation: RunningNation, tmp_path_factory: pytest.TempPathFactory) -> Alone:
    output = tmp_path_factory.mktemp("alone")
    settings = {**SETTINGS, "OUTPUT_DIR": str(output), "LOG_LEVEL": "WARNING"}
    options = [part for key, value in settings.items() for part in ("-s", f"{key}={value}")]
    done = scrapy("crawl", SPIDER, "-a", f"portals={nation.portals}", *options)
    assert done.returncode == 0, done.stderr
    records = {record["page_url"]: without_times(record) for record in Crawl(0, "", "", output).records()}
    assert len(records) == REPORTS
    return Alone(records, ends(f"sqlite:///{output / SPIDER / 'ledger.sqlite'}"))


@pytest.fixture
def team(nation: RunningNation, postgres_database: str, tmp_path: Path) -> Iterator[Team]:
    nation.begin_night(1)
    with postgres.new_schema(postgres_database) as url:
        team = Team(tmp_path, url)
        with team.closing():
            yield team


def assert_same(team: Team, alone: Alone, nation: RunningNation) -> None:
    """The dataset and the ledger of one process; nothing failed, nothing is left, and no host saw two requests at once."""
    assert {url: without_times(record) for url, record in team.records().items()} == alone.records
    assert ends(team.url) == alone.ends
    status = team.status()
    assert {
        kind["task"]: (kind["queued"], kind["running"], kind["failed"]) for kind in status["kinds"].values()
    } == dict.fromkeys(("crawl_portal", "publish_dataset", "read_document"), (0, 0, 0))
    assert status["kinds"]["crawl_portal"]["succeeded"] == PORTALS
    assert {host: most for host, most in nation.seen().most_at_once.items() if most > 1} == {}


@pytest.mark.slow
def test_workers_make_the_dataset_of_one_process(nation: RunningNation, alone: Alone, team: Team) -> None:
    assert f"{PORTALS} portals put into the queue;" in team.enqueue(nation.portals)
    assert f"0 portals put into the queue, {PORTALS} were waiting" in team.enqueue(nation.portals)
    status = team.status()
    assert status["kinds"]["crawl_portal"]["queued"] == PORTALS
    assert status["kinds"]["crawl_portal"]["oldest_waiting"] > 0
    assert status["queues_served"] == 0
    workers = [
        team.start("--queues", "crawl", "--concurrency", "2", "--until-done"),
        team.start("--queues", "read,publish", "--concurrency", "2", "--until-done"),
    ]
    team.finish(*workers)
    # A worker for one queue ends when that is empty: what came into the other since is for the next.
    team.finish(team.start("--concurrency", "2", "--until-done"))
    assert_same(team, alone, nation)
    assert team.status()["kinds"]["read_document"]["done_last_hour"] >= REPORTS
    told = team.run("work").stdout
    assert "read_document" in told
    assert "Stuck" not in told


@pytest.mark.slow
def test_what_a_killed_worker_had_in_hand_is_done_by_another(nation: RunningNation, alone: Alone, team: Team) -> None:
    team.enqueue(nation.portals)
    crawling = team.start("--queues", "crawl", "--concurrency", "2")
    wait_until(lambda: len(nation.seen().requests) >= 8, "requests of the first portals")
    assert team.doing("crawl_portal") > 0
    team.kill(crawling)
    held = team.doing("crawl_portal")
    assert held > 0, "the worker had ended its tasks before it was killed"
    crawling = team.start("--queues", "crawl", "--concurrency", "2", "--until-done")
    reading = team.start("--queues", "read", "--concurrency", "1")
    wait_until(lambda: team.doing("read_document"), "a document in hand")
    team.kill(reading)
    # As a restart of the server does, which is not ours to restart.
    ended = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    assert len(team.ask(ended)) > 0
    team.finish(crawling)
    team.finish(team.start("--concurrency", "2", "--until-done"))
    assert_same(team, alone, nation)
    assert "has lost its worker; it goes back into the queue" in team.logs()


@pytest.mark.slow
def test_a_worker_that_is_told_to_stop_gives_its_portal_back(nation: RunningNation, team: Team) -> None:
    team.enqueue(nation.portals)
    team.settings["WORKER_GRACE"] = "0"
    worker = team.start("--queues", "crawl", "--concurrency", "1")
    wait_until(lambda: team.doing("crawl_portal"), "a portal in hand")
    worker.send_signal(signal.SIGTERM)
    try:
        assert worker.wait(30) == 0, team.logs()
    except subprocess.TimeoutExpired:
        pytest.fail(team.logs())
    assert team.doing("crawl_portal") == 0
    assert "given back, this worker stops" in team.logs()
    kinds = team.status()["kinds"]
    assert kinds["crawl_portal"]["failed"] == 0
    assert kinds["crawl_portal"]["queued"] + kinds["crawl_portal"]["succeeded"] == PORTALS
    assert kinds["crawl_portal"]["queued"] >= 1
