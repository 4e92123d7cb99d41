"""The queue itself: nothing twice, new before old, nights by China's clock, tables that come up, and a status that tells."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable, Coroutine, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from procrastinate import App, jobs
from procrastinate.periodic import PeriodicDeferrer
from procrastinate.schema import migrations_path
from procrastinate.worker import Worker
from scrapy.settings import Settings

from crawler.dataset.ledger import Ledger
from crawler.portals.model import Portal
from crawler.portals.registry import load_province, portal_of, portal_table
from crawler.work import schema
from crawler.work.queue import BATCH, Enqueued, Queue, crawl_task, publish_task, read_task
from crawler.work.status import status_lines, work_status
from crawler.work.tasks import LaterError, Patience, RefusedError
from crawler.work.worker import WorkerManager, parse_concurrency, register_nights
from tests import postgres
from tests.crawling import ROOT, scrapy

SPIDER = "henan_reports"
PORTAL = Portal(
    "栾川县人民政府", "河南省/洛阳市/栾川县", "http://www.luanchuan.gov.cn/", delay=0.5, allow_hosts=("oss.example.cn",)
)


@pytest.fixture
def url(postgres_database: str) -> Iterator[str]:
    with postgres.new_schema(postgres_database) as url:
        schema.bring_up(url)
        yield url


def with_queue(url: str, work: Callable[[Queue], Coroutine[Any, Any, Any]]) -> Any:
    async def run() -> Any:
        async with Queue.at(url, "tests") as queue:
            return await work(queue)

    return asyncio.run(run())


def rows(url: str, query: str) -> list[Any]:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        found = list(connection.execute(sa.text(query)))
    engine.dispose()
    return found


def digests(number: int) -> list[str]:
    return [f"{one:064x}" for one in range(number)]


# --- nothing twice ------------------------------------------------------------------------------------------------------


def test_what_waits_is_not_put_into_the_queue_twice(url: str) -> None:
    async def work(queue: Queue) -> tuple[Enqueued, Enqueued]:
        first = await queue.put(read_task(SPIDER, one) for one in digests(BATCH + 10))
        return first, await queue.put(read_task(SPIDER, one) for one in digests(BATCH + 20))

    assert with_queue(url, work) == (Enqueued(BATCH + 10, 0), Enqueued(10, BATCH + 10))
    assert rows(url, "SELECT count(*) FROM procrastinate_jobs") == [(BATCH + 20,)]


def test_two_that_put_the_same_at_once_put_it_once(url: str) -> None:
    async def work(queue: Queue) -> list[Enqueued]:
        puts = (queue.put([read_task(SPIDER, one) for one in digests(300)]) for _ in range(4))
        return await asyncio.gather(*puts)

    put = with_queue(url, work)
    assert sum(one.new for one in put) == 300
    assert rows(url, "SELECT count(*) FROM procrastinate_jobs") == [(300,)]


def test_a_task_tried_again_gives_way_to_its_like_that_waits(url: str) -> None:
    async def work(queue: Queue) -> None:
        manager = WorkerManager(queue.app.connector)
        worker = await manager.register_worker()
        await queue.put([publish_task(SPIDER)])
        job = await manager.fetch_job(None, worker)
        assert job is not None
        await queue.put([publish_task(SPIDER)])
        await manager.retry_job(job)

    with_queue(url, work)
    assert sorted(row[0] for row in rows(url, "SELECT status::text FROM procrastinate_jobs")) == ["aborted", "todo"]


def test_new_goes_before_again_and_portals_on_one_host_follow_one_another(url: str) -> None:
    other = Portal("另一个", "河南省/洛阳市", "http://www.luanchuan.gov.cn/other/")

    async def work(queue: Queue) -> list[Any]:
        await queue.put([read_task(SPIDER, "a" * 64, again=True), read_task(SPIDER, "b" * 64)])
        await queue.put([crawl_task(SPIDER, PORTAL, None), crawl_task(SPIDER, other, None)])
        manager = queue.app.job_manager
        worker = await manager.register_worker()
        fetched = [await manager.fetch_job([name], worker) for name in ("read", "read", "crawl", "crawl")]
        return [job and job.task_kwargs for job in fetched]

    first, second, portal, nothing = with_queue(url, work)
    assert (first["sha256"], second["sha256"]) == ("b" * 64, "a" * 64)
    assert portal_of(portal["portal"]) == PORTAL
    assert nothing is None


def test_a_portals_table_is_read_as_it_was_written() -> None:
    for portal in load_province("河南省"):
        assert portal_of(portal_table(portal)) == portal


# --- again, and when ----------------------------------------------------------------------------------------------------


def job(attempts: int) -> jobs.Job:
    return jobs.Job(
        id=1, queue="q", lock=None, queueing_lock=None, task_name="t", attempts=attempts, scheduled_at=None, task_kwargs={}
    )


def wait_of(error: BaseException, attempts: int) -> float | None:
    decision = Patience(8).get_retry_decision(exception=error, job=job(attempts))
    if decision is None:
        return None
    assert decision.retry_at is not None
    return round((decision.retry_at - datetime.now(UTC)).total_seconds())


def test_failures_are_tried_again_with_longer_and_longer_pauses_and_not_for_ever() -> None:
    assert [wait_of(OSError(), attempts) for attempts in range(9)] == [5, 10, 20, 40, 80, 160, 320, 600, None]
    assert wait_of(LaterError("not yet", 30), 100) == 30
    assert wait_of(RefusedError("refused"), 0) is None
    assert wait_of(asyncio.CancelledError(), 100) == 0


# --- nights -------------------------------------------------------------------------------------------------------------


def test_a_night_begins_by_chinas_clock() -> None:
    app = App(connector=in_memory())
    register_nights(app, Settings({"NIGHT_CRON": "15 1 * * *", "NIGHT_SPIDERS": "henan_reports,hebei_reports"}))
    noon = datetime(2026, 1, 31, 12, 0, tzinfo=UTC).timestamp()
    assert {periodic_id for _, periodic_id in app.periodic_registry.periodic_tasks} == {"henan_reports", "hebei_reports"}
    for task in app.periodic_registry.periodic_tasks.values():
        begins = task.croniter.get_next(ret_type=float, start_time=noon)
        assert datetime.fromtimestamp(begins, UTC) == datetime(2026, 1, 31, 17, 15, tzinfo=UTC)


def test_a_night_is_begun_once_and_hands_out_every_portal_and_the_publication(url: str) -> None:
    settings = Settings({"NIGHT_CRON": "* * * * *", "NIGHT_SPIDERS": "ningxia_reports", "DATABASE_URL": url})
    settings.setmodule("crawler.settings", priority="default")

    async def work(queue: Queue) -> str:
        app = queue.app
        register_nights(app, settings)
        now = datetime.now(UTC).timestamp()
        for _ in range(2):  # two workers at the same minute
            deferrer = PeriodicDeferrer(app.periodic_registry)
            await deferrer.defer_jobs(deferrer.get_previous_tasks(at=now))
        job = await app.job_manager.fetch_job(["crawl"], await app.job_manager.register_worker())
        assert job is not None
        return str(await app.tasks[job.task_name](**job.task_kwargs))

    portals = len(load_province("宁夏回族自治区"))
    assert with_queue(url, work) == f"{portals} portals put into the queue, 0 were waiting there"
    tasks = rows(url, "SELECT task_name, count(*), max(queue_name) FROM procrastinate_jobs GROUP BY task_name ORDER BY 1")
    assert tasks == [("begin_night", 1, "crawl"), ("crawl_portal", portals, "crawl"), ("publish_dataset", 1, "publish")]


def test_a_time_table_that_is_none_is_told() -> None:
    with pytest.raises(ValueError, match="NIGHT_CRON='every night' is no time table"):
        register_nights(App(connector=in_memory()), Settings({"NIGHT_CRON": "every night", "NIGHT_SPIDERS": "x"}))


def test_without_a_time_table_no_night_begins_by_itself() -> None:
    app = App(connector=in_memory())
    register_nights(app, Settings({"NIGHT_CRON": "", "NIGHT_SPIDERS": "henan_reports"}))
    assert app.periodic_registry.periodic_tasks == {}


def in_memory() -> Any:
    from procrastinate.testing import InMemoryConnector

    return InMemoryConnector()


# --- the tables ---------------------------------------------------------------------------------------------------------


def functions(url: str) -> set[str]:
    query = "SELECT proname FROM pg_proc WHERE proname LIKE 'procrastinate%' AND pronamespace = current_schema()::regnamespace"
    return {row[0] for row in rows(url, query)}


def test_the_tables_are_made_once_by_however_many_start_at_once(postgres_database: str) -> None:
    with postgres.new_schema(postgres_database) as url:
        code = "import sys; from crawler.work.schema import bring_up; bring_up(sys.argv[1])"
        started = [subprocess.Popen([sys.executable, "-c", code, url], cwd=ROOT) for _ in range(4)]
        assert [process.wait(120) for process in started] == [0, 0, 0, 0]
        assert rows(url, "SELECT count(*) FROM procrastinate_jobs") == [(0,)]
        assert rows(url, "SELECT value FROM meta WHERE key = 'procrastinate_schema'") == [(schema.migrations()[-1],)]


def test_tables_of_an_older_procrastinate_are_brought_up(postgres_database: str) -> None:
    with postgres.new_schema(postgres_database) as url, postgres.new_schema(postgres_database) as new:
        schema.bring_up(new)
        Ledger(url).close()
        engine = sa.create_engine(url, poolclass=sa.NullPool)
        older = [name for name in schema.migrations() if name < "03.03"]
        for name in older:
            with engine.begin() as connection:
                schema._execute(connection, (Path(migrations_path) / name).read_text("utf-8"))
        with engine.begin() as connection:
            connection.execute(
                sa.text("INSERT INTO meta (key, value) VALUES ('procrastinate_schema', :name)"), {"name": older[-1]}
            )
        engine.dispose()
        assert "procrastinate_retry_job_v2" not in functions(url)
        schema.bring_up(url)
        assert functions(url) == functions(new)


# --- the status ---------------------------------------------------------------------------------------------------------


def test_the_status_tells_what_waits_what_failed_and_what_is_stuck(url: str) -> None:
    async def work(queue: Queue) -> None:
        manager = queue.app.job_manager
        gone, alive = await manager.register_worker(), await manager.register_worker()
        await queue.put([crawl_task(SPIDER, PORTAL, None), *(read_task(SPIDER, one) for one in digests(6))])
        crawling = await manager.fetch_job(["crawl"], gone)
        done, failed, running = [await manager.fetch_job(["read"], alive) for _ in range(3)]
        assert crawling
        assert done
        assert failed
        assert running
        await manager.finish_job(done, jobs.Status.SUCCEEDED, delete_job=False)
        await manager.finish_job(failed, jobs.Status.FAILED, delete_job=False)
        await queue.app.connector.execute_query_async(
            "UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 hour' WHERE id = %(gone)s", gone=gone
        )

    with_queue(url, work)
    status = work_status(url, lost_seconds=35)
    assert status is not None
    kinds = {kind.task: kind for kind in status.kinds}
    read = kinds["read_document"]
    assert (read.queued, read.running, read.failed, read.succeeded, read.done_last_hour, read.failed_last_hour) == (
        3,
        1,
        1,
        1,
        1,
        1,
    )
    assert read.oldest_waiting is not None
    assert kinds["crawl_portal"].oldest_waiting is None
    assert [(one.what, one.why) for one in status.stuck] == [
        ("henan_reports 栾川县人民政府", "its worker gives no sign of life")
    ]
    assert [(one.task, one.what) for one in status.failed] == [("read_document", f"{SPIDER} {digests(2)[1]}")]
    assert (status.queues_served, status.queues_lost) == (1, 1)
    told = "\n".join(status_lines(status))
    assert "栾川县人民政府: its worker gives no sign of life" in told
    assert "Queues served by workers: 1, 1 lost" in told


def test_where_nothing_was_ever_handed_out_the_status_says_so(postgres_database: str) -> None:
    with postgres.new_schema(postgres_database) as url:
        done = scrapy("work", DATABASE_URL=url)
    assert (done.returncode, done.stdout) == (0, "nothing was ever put into the queue: see `scrapy enqueue`\n")


# --- the commands -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [("worker",), ("enqueue", "henan_reports"), ("work",)])
def test_with_a_ledger_in_a_file_the_commands_say_what_is_missing(command: tuple[str, ...]) -> None:
    done = scrapy(*command, DATABASE_URL="")
    assert done.returncode == 1
    assert "workers share a ledger in PostgreSQL: set DATABASE_URL=" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("enqueue",), "name one spider"),
        (("enqueue", "nowhere_reports"), "no spider is called 'nowhere_reports'"),
        (("enqueue", "henan_reports", "-a", "region=江西省"), "no portal lies in the region"),
        (("enqueue", "henan_reports", "-a", "colour=red"), "unknown spider argument"),
        (("enqueue", "henan_reports", "-a", "portals=sample"), "served by the crawl itself"),
        (("enqueue", "henan_reports", "--all"), "go with --reextract"),
        (("worker", "--queues", "crawl,write"), "known are crawl, read, publish"),
        (("worker", "--concurrency", "many"), "neither a number"),
    ],
)
def test_wrong_arguments_are_told(url: str, words: tuple[str, ...], told: str) -> None:
    done = scrapy(*words, DATABASE_URL=url)
    assert done.returncode == 2, done.stderr
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_how_many_at_a_time() -> None:
    settings = Settings({"WORKER_CRAWLS": 8, "EXTRACTION_WORKERS": 2})
    queues = ("crawl", "read", "publish")
    assert parse_concurrency(None, queues, settings) == {"crawl": 8, "read": 2, "publish": 1}
    assert parse_concurrency("5", queues, settings) == {"crawl": 5, "read": 5, "publish": 1}
    assert parse_concurrency("crawl=16,read=4", queues, settings) == {"crawl": 16, "read": 4, "publish": 1}
    for wrong in ("0", "read=4", "crawl=x"):
        with pytest.raises(ValueError, match="neither a number"):
            parse_concurrency(wrong, ("crawl",), settings)


def test_the_parts_of_procrastinate_that_are_stood_on_are_there() -> None:
    """A worker's subclass overrides what its authors may rename."""
    assert {"_fetch_and_process_jobs", "_shutdown"} <= set(vars(Worker))
