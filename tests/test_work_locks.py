"""Locks that hold across machines: one run of a spider, one publication, one request at a time a host."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from scrapy.settings import Settings

from crawler.dataset.ledger import Ledger
from crawler.dataset.versions import PublishLockedError
from crawler.publication import publish_workspace
from crawler.work.hosts import HostLocks
from crawler.work.locks import SessionLocks, portal_lock, publish_lock, run_lock
from crawler.workspace import AlreadyRunningError, Workspace
from tests import postgres
from tests.crawling import scrapy

SPIDER = "annual_reports"
HOST = "oss.example.gov.cn"


@pytest.fixture
def url(postgres_database: str) -> Iterator[str]:
    with postgres.new_schema(postgres_database) as url:
        yield url


def end_connections(url: str, purpose: str) -> int:
    """As a restart of the server does; how many of that purpose there were."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        ended = connection.execute(
            sa.text("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name LIKE :name"),
            {"name": f"ogi {purpose} %{os.getpid()}"},
        ).scalar_one()
    engine.dispose()
    return int(ended)


# --- runs and publications ----------------------------------------------------------------------------------------------


def test_a_run_on_another_machine_is_refused_and_told_who_is_at_work(url: str, tmp_path: Path) -> None:
    portals = tmp_path / "portals.toml"
    portals.write_text('[[portal]]\nname = "x"\nregion = "河南省/洛阳市"\nhome = "http://127.0.0.9:9/"\n')
    with SessionLocks(url, "run") as locks:
        assert locks.take(run_lock(SPIDER))
        options = ("-s", f"OUTPUT_DIR={tmp_path / 'another machine'}", "-a", f"portals={portals}")
        done = scrapy("crawl", SPIDER, *options, DATABASE_URL=url)
    assert done.returncode == 75, done.stderr
    told = f"another run of {SPIDER} is at work on the same ledger (process {os.getpid()} on {socket.gethostname()}, since 20"
    assert told in done.stderr
    assert not (tmp_path / "another machine" / SPIDER / "current").exists()


def test_one_whole_run_or_many_portals(url: str) -> None:
    with SessionLocks(url, "crawl") as one, SessionLocks(url, "crawl") as other, SessionLocks(url, "run") as whole:
        assert one.take(run_lock(SPIDER), shared=True)
        assert other.take(run_lock(SPIDER), shared=True)
        assert one.take(portal_lock(SPIDER, "http://a/"))
        assert not other.take(portal_lock(SPIDER, "http://a/"))
        assert other.take(portal_lock(SPIDER, "http://b/"))
        assert not whole.take(run_lock(SPIDER))
        assert whole.take(run_lock("another_spider"))
        one.close()
        other.close()
        assert whole.take(run_lock(SPIDER))
        assert whole.holder(run_lock(SPIDER)) == "it has just ended"  # nobody else holds it


def test_runs_on_ledgers_in_other_schemas_do_not_meet(url: str, postgres_database: str) -> None:
    with (
        postgres.new_schema(postgres_database) as elsewhere,
        SessionLocks(url, "run") as one,
        SessionLocks(elsewhere, "run") as other,
    ):
        assert one.take(run_lock(SPIDER))
        assert other.take(run_lock(SPIDER))


def test_a_second_publication_is_refused(url: str, tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / SPIDER, str(tmp_path / "files"), url)
    with SessionLocks(url, "publish") as locks, Ledger(url) as ledger:
        assert locks.take(publish_lock(SPIDER))
        with pytest.raises(PublishLockedError, match=rf"publishing {SPIDER} \(process {os.getpid()} on "):
            publish_workspace(workspace, SPIDER, ledger, Settings())


def test_the_lock_of_a_run_is_taken_again_after_its_session_was_lost(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crawler.work.locks.WATCH_SECONDS", 0.1)
    here, elsewhere = (Workspace(tmp_path / name / SPIDER, "files", url) for name in ("here", "elsewhere"))
    with here.running():
        assert end_connections(url, "run") == 1
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                with elsewhere.running():
                    time.sleep(0.3)  # taken in the moment in which nobody had it
            except AlreadyRunningError:
                break
        else:
            pytest.fail("the lock was never taken again")
    with elsewhere.running():
        pass


# --- hosts --------------------------------------------------------------------------------------------------------------


class Asking:
    """What several workers do with one host; counts how many are with it at once."""

    def __init__(self) -> None:
        self.now = self.most = 0
        self.order: list[int] = []

    async def ask(self, locks: HostLocks, worker: int, *, times: int, linger: float = 0.0) -> None:
        for _ in range(times):
            async with locks.held(HOST, linger=linger):
                self.now += 1
                self.most = max(self.most, self.now)
                self.order.append(worker)
                await asyncio.sleep(0.01)
                self.now -= 1


def test_a_host_is_asked_by_one_worker_at_a_time_and_each_has_its_turn(url: str) -> None:
    async def work() -> Asking:
        asking = Asking()
        workers = [HostLocks(url, settle=0) for _ in range(3)]
        await asyncio.gather(*(asking.ask(locks, number, times=8) for number, locks in enumerate(workers) for _ in range(2)))
        for locks in workers:
            await locks.close()
        return asking

    asking = asyncio.run(work())
    assert asking.most == 1
    assert len(asking.order) == 3 * 2 * 8
    # Nobody has the host again and again while another waits.
    first_half = asking.order[: len(asking.order) // 2]
    assert {worker: first_half.count(worker) >= 4 for worker in range(3)} == {0: True, 1: True, 2: True}


def test_another_host_is_not_waited_for(url: str) -> None:
    async def work() -> float:
        one, other = HostLocks(url, settle=0), HostLocks(url, settle=0)
        async with one.held(HOST):
            started = time.monotonic()
            async with other.held("another.example.gov.cn"):
                took = time.monotonic() - started
        await one.close()
        await other.close()
        return took

    assert asyncio.run(work()) < 2


def test_a_store_is_left_in_peace_after_each_answer(url: str) -> None:
    async def work() -> float:
        one, other = HostLocks(url, settle=0), HostLocks(url, settle=0)
        async with one.held(HOST, linger=0.6):
            pass
        answered = time.monotonic()
        async with other.held(HOST):
            waited = time.monotonic() - answered
        await one.close()
        await other.close()
        return waited

    assert asyncio.run(work()) >= 0.55


def test_the_lock_of_a_worker_that_is_gone_is_free(url: str) -> None:
    async def work() -> None:
        one, other = HostLocks(url, settle=0), HostLocks(url, settle=0)
        waiting = one.held(HOST)
        await waiting.__aenter__()
        await asyncio.to_thread(end_connections, url, "hosts")
        async with asyncio.timeout(20), other.held(HOST):
            pass
        await waiting.__aexit__(None, None, None)
        async with asyncio.timeout(20), one.held(HOST):  # on a new connection
            pass
        await one.close()
        await other.close()

    asyncio.run(work())


def test_who_gives_up_waiting_leaves_the_turn_to_others(url: str) -> None:
    async def work() -> None:
        one, other, third = (HostLocks(url, settle=0) for _ in range(3))
        async with one.held(HOST):
            waiting = asyncio.ensure_future(Asking().ask(other, 1, times=1))
            await asyncio.sleep(0.5)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
        async with asyncio.timeout(20), third.held(HOST):
            pass
        for locks in (one, other, third):
            await locks.close()

    asyncio.run(work())


def test_no_host_is_given_away_for_a_while_after_the_server_was_started() -> None:
    async def wait(url: str, settle: float) -> float:
        locks, started = HostLocks(url, settle=settle), time.monotonic()
        async with locks.held(HOST):
            waited = time.monotonic() - started
        await locks.close()
        return waited

    with postgres.own_server() as server:
        asyncio.run(wait(server.url, 0))
        server.stop()
        server.start()
        started = time.monotonic()
        asyncio.run(wait(server.url, 3))
        assert time.monotonic() - started >= 2.5
        assert asyncio.run(wait(server.url, 3)) < 1
