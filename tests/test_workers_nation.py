"""The nation of `tests.test_nation`, in full, crawled by four workers: the dataset and the ledger of one process."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests import postgres
from tests.nation.plan import News
from tests.nation.running import RunningNation
from tests.test_resume import without_times
from tests.test_workers_chaos import alone
from tests.workers import Team, ends

PORTALS, REPORTS, WORKERS = 300, 6000, 4
PUBLISHED = "SELECT 1 FROM procrastinate_jobs WHERE task_name = 'publish_dataset' AND status = 'succeeded'"


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_four_workers_make_the_dataset_of_one_process(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (
        RunningNation(tmp_path / "nation", portals=PORTALS, reports=REPORTS, seed=1, news=News(0, 0, 0, 0)) as nation,
        postgres.any_server() as server,
        postgres.new_database(server) as url,
    ):
        begun = time.monotonic()
        records, ledger = alone(nation, tmp_path / "alone")
        took_alone = time.monotonic() - begun
        assert len(records) == REPORTS
        nation.begin_night(1)
        team = Team(tmp_path / "team", url)
        with team.closing():
            begun = time.monotonic()
            team.enqueue(nation.portals)
            workers = [team.start("--concurrency", "crawl=2,read=1") for _ in range(WORKERS)]
            while not team.ask(PUBLISHED):
                assert all(worker.poll() is None for worker in workers), team.logs()
                assert time.monotonic() - begun < 6000, team.logs()
                time.sleep(2)
            took = time.monotonic() - begun
            for worker in workers:
                worker.terminate()
            team.finish(*workers)
            seen = nation.seen()
            with capsys.disabled():
                print(  # noqa: T201 - the figures of a long run
                    f"\nnation: {PORTALS} portals, {REPORTS} reports; {WORKERS} workers {took:.0f} s, one process {took_alone:.0f} s;"
                    f" {len(seen.requests)} requests, most at once at one host: {max(seen.most_at_once.values())}"
                )
            assert {page: without_times(record) for page, record in team.records().items()} == records
            assert ends(team.url) == ledger
            assert {kind["task"]: kind["failed"] for kind in team.status()["kinds"].values() if kind["failed"]} == {}
            assert {host: most for host, most in seen.most_at_once.items() if most > 1} == {}
