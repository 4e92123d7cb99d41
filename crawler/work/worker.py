"""A worker: one process that takes tasks from the queues it serves until it is told to stop.

procrastinate does the work of a queue. What is added here: tasks of a worker that died come back, a worker outlives a restart
of PostgreSQL with its tasks, and ends when all is done where it was asked to.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from croniter import croniter  # type: ignore[import-untyped]
from procrastinate import App, exceptions, jobs, utils
from procrastinate.manager import JobManager
from procrastinate.worker import Worker

from crawler.window import CHINA
from crawler.work import names
from crawler.work.connector import PatientConnector, is_lost
from crawler.work.database import connection_arguments, shared_url
from crawler.work.locks import KEY
from crawler.work.metrics import keep_measuring
from crawler.work.names import Priority
from crawler.work.nights import begin_night
from crawler.work.queue import Queue
from crawler.work.reading import DocumentReader
from crawler.work.tasks import Tasks, described, tell

if TYPE_CHECKING:
    from scrapy.settings import BaseSettings

logger = logging.getLogger(__name__)

LOST_TIMES = 3
"""How many times as often as it may fail a task may lose its worker before it is taken for what ends the workers."""

KEEP_FAILED = 10
"""How many times as long failed tasks are kept: a person has to see them."""

FORGET_SECONDS = 3600.0

MISSED_SECONDS = 6 * 3600
"""A night that no worker was there to begin is begun so much later."""

WAITING = 100
"""Publications that one worker lets wait for their nights at a time; they cost nothing."""

_RESCUE = KEY.format(name="'rescue'")
_UP = "extract(epoch FROM clock_timestamp() - pg_postmaster_start_time())::float8"
_LOOK = f"SELECT pg_try_advisory_lock({_RESCUE}), {_UP}"
_LEFT = "SELECT count(*) AS count FROM procrastinate_jobs WHERE status IN ('todo', 'doing') AND queue_name = ANY(%(queues)s)"


class WorkerManager(JobManager):
    """As procrastinate's, but a task that is to be tried again gives way to its like that waits already."""

    async def retry_job(self, job: jobs.Job, *args: Any, **options: Any) -> None:
        """Put a task back into the queue."""
        try:
            await super().retry_job(job, *args, **options)
        except exceptions.UniqueViolation:
            await self.finish_job(job, jobs.Status.ABORTED, delete_job=False)


class _QueueWorker(Worker):
    """The part of a worker that serves one queue."""

    _unsure = False
    """Whether a task may have been given to us whose name we did not hear."""

    async def _fetch_and_process_jobs(self) -> None:
        try:
            if self._unsure:
                await self._give_back_unheard()
                self._unsure = False
            await super()._fetch_and_process_jobs()  # type: ignore[no-untyped-call]
        except exceptions.ConnectorException as error:
            if not is_lost(error):
                raise
            self._unsure = True
            logger.warning("the queue's connection was lost (%s); asking again", type(error.__cause__).__name__)

    async def _give_back_unheard(self) -> None:
        ours = {context.job.id for context in self._running_jobs.values()}
        manager = self.app.job_manager
        for job in await manager.list_jobs_async(status="doing", worker_id=self.worker_id):
            if job.id not in ours:
                await manager.retry_job(job)


class WorkerProcess:
    """All of one `scrapy worker`.

    Args:
        settings: of the project.
        concurrency: by queue, how many of its tasks are at work at a time.
    """

    def __init__(self, settings: BaseSettings, concurrency: Mapping[str, int]) -> None:
        self.settings = settings
        self.concurrency = concurrency
        self.url = shared_url(settings)
        self.heartbeat = settings.getfloat("WORKER_HEARTBEAT")
        self.lost = settings.getfloat("WORKER_LOST")
        self._workers: list[_QueueWorker] = []
        self._stopping = asyncio.Event()

    async def run(self, *, until_done: bool = False) -> None:
        """Work until a signal says to stop; with ``until_done`` until nothing is left in the queues, whoever does it."""
        loop = asyncio.get_running_loop()
        for one in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(one, self.stop)
        connector = PatientConnector.to(self.url, "worker")
        app = App(connector=connector, periodic_defaults={"max_delay": MISSED_SECONDS})
        app.job_manager = WorkerManager(connector)
        async with app.open_async():
            with DocumentReader(self.settings, self.concurrency.get(names.READ, 1)) as reader:
                Tasks(self.settings, reader, self.concurrency.get(names.PUBLISH, 1)).register(app)
                register_nights(app, self.settings)
                chores = (self._rescue(app), self._forget(app), keep_measuring(self.settings, self.url))
                side = [asyncio.create_task(chore) for chore in chores]
                if until_done:
                    side.append(asyncio.create_task(self._stop_when_done(app)))
                try:
                    await self._serve(app)
                finally:
                    for task in side:
                        task.cancel()
                    await asyncio.gather(*side, return_exceptions=True)

    def stop(self) -> None:
        """Take no more tasks; those at work are finished, or given back after WORKER_GRACE seconds."""
        if not self._stopping.is_set():
            logger.info("this worker stops: what is at work is finished, or given back after a while")
        self._stopping.set()
        for worker in self._workers:
            worker.stop()  # type: ignore[no-untyped-call]

    async def _serve(self, app: App) -> None:
        """One procrastinate worker a queue, each started again where PostgreSQL was away for too long."""
        await asyncio.gather(*(self._serve_queue(app, queue, number) for queue, number in self.concurrency.items()))

    async def _serve_queue(self, app: App, queue: str, number: int) -> None:
        poll = self.settings.getfloat("WORKER_POLL")
        while not self._stopping.is_set():
            worker = _QueueWorker(
                app,
                queues=[queue],
                name=queue,
                concurrency=WAITING if queue == names.PUBLISH else number,
                fetch_job_polling_interval=poll,
                abort_job_polling_interval=poll,
                shutdown_graceful_timeout=self.settings.getfloat("WORKER_GRACE"),
                install_signal_handlers=False,
                update_heartbeat_interval=self.heartbeat,
                stalled_worker_timeout=self.lost,
                worker_middleware=[tell],
            )
            self._workers.append(worker)
            try:
                await worker.run()  # type: ignore[no-untyped-call]
            except exceptions.ConnectorException as error:
                logger.error(
                    "PostgreSQL has been away for too long (%s); the queue %s is served again once it is back", error, queue
                )
                await utils.wait_any(asyncio.sleep(poll), self._stopping.wait())
            finally:
                self._workers.remove(worker)

    async def _rescue(self, app: App) -> None:
        """Put back into the queue what workers had that are no more; one worker at a time looks."""
        while True:
            await asyncio.sleep(self.heartbeat)
            try:
                await self._rescue_once(app)
            except exceptions.ConnectorException as error:
                logger.warning("no look was taken at lost tasks: %s", error)

    async def _rescue_once(self, app: App) -> None:
        import psycopg

        manager = app.job_manager
        try:
            async with await psycopg.AsyncConnection.connect(
                **connection_arguments(self.url, "rescue"), autocommit=True
            ) as connection:
                row = await (await connection.execute(_LOOK)).fetchone()
                # After a restart of the server no worker could give a sign of life for a while.
                if row is None or not row[0] or row[1] < self.lost:
                    return
                await manager.prune_stalled_workers(self.lost)
                for job in await manager.get_stalled_jobs(seconds_since_heartbeat=self.lost):
                    await self._put_back(manager, job)
        except psycopg.OperationalError as error:
            logger.warning("no look was taken at lost tasks: PostgreSQL does not answer (%s)", type(error).__name__)

    async def _put_back(self, manager: JobManager, job: jobs.Job) -> None:
        limit = LOST_TIMES * self.settings.getint("WORKER_RETRIES")
        try:
            if job.attempts >= limit:
                logger.error("%s has lost its worker again, at its attempt %d; it is given up", described(job), job.attempts)
                await manager.finish_job(job, jobs.Status.FAILED, delete_job=False)
                return
            logger.warning("%s has lost its worker; it goes back into the queue", described(job))
            await manager.retry_job(job)
        except exceptions.ConnectorException as error:
            if is_lost(error):
                raise
            logger.info("%s was ended by its worker after all", described(job))

    async def _forget(self, app: App) -> None:
        """Remove what was done long ago: the queue stays small, however many nights it has seen."""
        hours = self.settings.getint("WORKER_KEEP_HOURS")
        while True:
            with contextlib.suppress(exceptions.ConnectorException):  # an hour later will do
                await app.job_manager.delete_old_jobs(hours, include_cancelled=True, include_aborted=True)
                await app.job_manager.delete_old_jobs(KEEP_FAILED * hours, include_failed=True)
            await asyncio.sleep(FORGET_SECONDS)

    async def _stop_when_done(self, app: App) -> None:
        queue = Queue(app)
        while True:
            await asyncio.sleep(self.settings.getfloat("WORKER_POLL"))
            with contextlib.suppress(exceptions.ConnectorException):
                rows = await queue.ask(_LEFT, queues=list(self.concurrency))
                if not rows[0]["count"]:
                    logger.info("nothing is left in the queues")
                    self.stop()
                    return


def register_nights(app: App, settings: BaseSettings) -> None:
    """The tasks that begin every night by themselves, by NIGHT_CRON and NIGHT_SPIDERS.

    Raises:
        ValueError: NIGHT_CRON cannot be understood.
    """
    cron, spiders = settings["NIGHT_CRON"] or "", settings.getlist("NIGHT_SPIDERS")

    async def begin(timestamp: int, *, spider: str) -> str:  # noqa: ARG001 - procrastinate's
        return await begin_night(app, settings, spider)

    task = app.task(name=names.BEGIN_NIGHT, queue=names.CRAWL, priority=int(Priority.NIGHT))(begin)
    if not cron:
        return
    if not croniter.is_valid(cron):
        raise ValueError(
            f"NIGHT_CRON={cron!r} is no time table such as '15 1 * * *' (minute, hour, day, month, weekday; China's time)"
        )
    for spider in spiders:
        periodic = app.periodic_registry.register_task(
            task=task,
            cron=cron,
            periodic_id=spider,
            configure_kwargs={"task_kwargs": {"spider": spider}, "queueing_lock": f"night {spider}"},
        )
        # procrastinate reads time tables by UTC; this one is China's.
        periodic.__dict__["croniter"] = croniter(cron, datetime.now(CHINA))


def parse_concurrency(text: str | None, queues: Iterable[str], settings: BaseSettings) -> dict[str, int]:
    """How many tasks of each queue are at work at a time: ``8``, or ``crawl=16,read=4``; else as the settings say.

    Raises:
        ValueError: it cannot be understood.
    """
    found = {
        names.CRAWL: settings.getint("WORKER_CRAWLS"),
        names.READ: settings.getint("EXTRACTION_WORKERS"),
        names.PUBLISH: 1,
    }
    chosen = {queue: found[queue] for queue in queues}
    for part in (text or "").split(","):
        queue, equals, number = part.strip().rpartition("=")
        if not part.strip():
            continue
        if not number.isdecimal() or int(number) < 1 or (equals and queue not in chosen):
            raise ValueError(f"--concurrency {text!r} is neither a number (8) nor numbers by queue (crawl=16,read=4)")
        for name in [queue] if equals else chosen:
            chosen[name] = int(number) if equals or name != names.PUBLISH else 1
    return chosen
