"""Chaos: workers killed with -9 every few seconds, PostgreSQL restarted twice, the object store refusing for a minute.

Nothing may be lost, nothing doubled, no host may see two requests at once, and the run ends by itself.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests import postgres, s3
from tests.crawling import Crawl, scrapy
from tests.faulty_proxy import FaultyProxy, status
from tests.nation.plan import News
from tests.nation.running import RunningNation
from tests.test_resume import without_times
from tests.workers import SETTINGS, SPIDER, Team, ends

PORTALS, REPORTS = 36, 240
WORKERS = 4
KILLS = 40
KILL_SECONDS = (2.0, 6.0)
REFUSING_SECONDS = 60
LONGEST_SECONDS = 1500


@dataclass
class Chaos:
    """What was done to the run."""

    kills: int = 0
    restarts: int = 0
    refused: int = 0
    died: Counter[int] = field(default_factory=Counter)
    """Workers that ended by themselves, by their exit status."""
    started: float = field(default_factory=time.monotonic)


def alone(nation: RunningNation, output: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Records and the ledger's ends of one undisturbed process."""
    settings = {**SETTINGS, "OUTPUT_DIR": str(output), "LOG_LEVEL": "WARNING"}
    options = [part for key, value in settings.items() for part in ("-s", f"{key}={value}")]
    done = scrapy("crawl", SPIDER, "-a", f"portals={nation.portals}", *options, timeout=900)
    assert done.returncode == 0, done.stderr
    records = {record["page_url"]: without_times(record) for record in Crawl(0, "", "", output).records()}
    return records, ends(f"sqlite:///{output / SPIDER / 'ledger.sqlite'}")


def refuse(proxy: FaultyProxy, seconds: float, chaos: Chaos) -> None:
    """From now on for so long the store says that it is not available."""

    def plan(_: object) -> Any:
        if time.monotonic() > until:
            return None
        chaos.refused += 1
        return status(503, "ServiceUnavailable")

    until = time.monotonic() + seconds
    proxy.plan = plan


def left(team: Team) -> int:
    """Tasks that are not done; a large number while the server does not answer."""
    rows = team.ask("SELECT count(*) AS number FROM procrastinate_jobs WHERE status IN ('todo', 'doing')")
    return int(rows[0]["number"]) if rows else 10**9


@pytest.mark.soak
@pytest.mark.timeout(3000)
def test_chaos(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (
        RunningNation(tmp_path / "nation", portals=PORTALS, reports=REPORTS, seed=11, news=News(0, 0, 0, 0)) as nation,
        postgres.own_server() as server,
        s3.any_server() as storage,
        s3.bucket(storage) as bucket,
        FaultyProxy(storage.endpoint) as proxy,
    ):
        records, ledger = alone(nation, tmp_path / "alone")
        assert {truth["page_url"] for truth in nation.truths()} == set(records)
        nation.begin_night(1)
        team = Team(
            tmp_path / "team",
            server.url,
            FILES_STORE=f"s3://{bucket}/archive",
            FILES_STORE_PATIENCE="20",
            WORKER_HEARTBEAT="1",
            WORKER_RETRIES="12",
        )
        team.more = {**storage.environment, "AWS_ENDPOINT_URL_S3": proxy.url}
        chaos = Chaos()
        with team.closing():
            team.enqueue(nation.portals)
            torment(team, server, proxy, chaos)
        took = time.monotonic() - chaos.started
        seen = nation.seen()
        told = figures(team, chaos, took, seen)
        with capsys.disabled():
            print("\n" + told)  # noqa: T201 - the figures of a long run
        assert {url: without_times(record) for url, record in team.records().items()} == records
        assert ends(team.url) == ledger
        assert {kind["task"]: kind["failed"] for kind in team.status()["kinds"].values() if kind["failed"]} == {}
        assert {host: most for host, most in seen.most_at_once.items() if most > 1} == {}
        assert_archive_is_whole(storage, bucket, team)


def torment(team: Team, server: postgres.Server, proxy: FaultyProxy, chaos: Chaos) -> None:
    """Until nothing is left to do: workers are killed and started anew, and what they stand on is taken away for a while."""
    moments = random.Random(7)  # noqa: S311 - moments for a test
    words = ("--concurrency", "crawl=2,read=2")
    workers = [team.start(*words) for _ in range(WORKERS)]
    while left(team):
        assert time.monotonic() - chaos.started < LONGEST_SECONDS, team.logs()
        time.sleep(moments.uniform(*KILL_SECONDS))
        for place, worker in enumerate(workers):
            if worker.poll() is not None:
                chaos.died[worker.returncode] += 1
                workers[place] = team.start(*words)
        # One that has just been started has nothing in hand: it would only be a race between us and its imports.
        old = [place for place in range(WORKERS) if "crawler.work" in team.log(workers[place])]
        if chaos.kills == KILLS or not old:
            continue
        place = moments.choice(old)
        team.kill(workers[place])
        workers[place] = team.start(*words)
        chaos.kills += 1
        if chaos.kills == KILLS // 4:
            refuse(proxy, REFUSING_SECONDS, chaos)
        if chaos.kills in (KILLS // 2, KILLS * 3 // 4):
            restart(server, gently=chaos.restarts == 0)
            chaos.restarts += 1
    for worker in workers:
        worker.terminate()
    team.finish(*workers)


def restart(server: postgres.Server, *, gently: bool) -> None:
    """Away for three seconds; once as an administrator does it, once as a power cut."""
    if gently:
        server.stop()
    else:
        server.kill()
    time.sleep(3)
    server.start()


def assert_archive_is_whole(storage: s3.S3, bucket: str, team: Team) -> None:
    """Every stored document is there once, under its own name."""
    paths = {row["path"]: row["sha256"] for row in team.ask("SELECT DISTINCT path, sha256 FROM documents WHERE sha256 <> ''")}
    with closing(storage.client()) as client:
        kept = {
            entry["Key"].removeprefix("archive/")
            for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
            for entry in page.get("Contents", ())
        }
    assert kept == set(paths)


def figures(team: Team, chaos: Chaos, took: float, seen: Any) -> str:
    tries = team.ask(
        "SELECT task_name, count(*) AS tasks, sum(attempts) AS attempts, max(attempts) AS most, status::text AS status"
        " FROM procrastinate_jobs GROUP BY task_name, status ORDER BY 1, 5"
    )
    lost = sum(
        path.read_text("utf-8", "replace").count("has lost its worker; it goes back")
        for path in team.folder.glob("worker-*.log")
    )
    lines = [
        f"chaos: {PORTALS} portals, {REPORTS} reports, {WORKERS} workers; {took:.0f} s",
        f"  {chaos.kills} workers killed with -9, {lost} tasks came back; PostgreSQL restarted {chaos.restarts} times",
        f"  the store refused {chaos.refused} requests in {REFUSING_SECONDS} s; workers that ended by themselves: {dict(chaos.died)}",
        f"  {len(seen.requests)} requests, most at once at one host: {max(seen.most_at_once.values())}",
    ]
    lines += [f"  {dict(row)}" for row in tries]
    return "\n".join(lines)
