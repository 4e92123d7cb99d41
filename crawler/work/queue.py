"""What is put into the queue, and what is asked of it: portals to crawl, documents to read, datasets to publish."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from procrastinate import App, exceptions

from crawler.portals.markup import host_of
from crawler.portals.registry import portal_table
from crawler.work.connector import PatientConnector
from crawler.work.names import (
    CRAWL,
    CRAWL_PORTAL,
    PUBLISH,
    PUBLISH_DATASET,
    READ,
    READ_DOCUMENT,
    Priority,
)

if TYPE_CHECKING:
    from datetime import datetime

    from crawler.portals.model import Portal

logger = logging.getLogger(__name__)

BATCH = 500
"""Tasks put into the queue by one statement."""

MANY = 10_000
"""Tasks after which PostgreSQL is asked to count its tables anew: it plans the next question by these numbers."""

_WAITING = "SELECT queueing_lock FROM procrastinate_jobs WHERE status = 'todo' AND queueing_lock = ANY(%(locks)s)"
_OPEN = (
    "SELECT count(*) AS count FROM procrastinate_jobs WHERE status IN ('todo', 'doing') AND priority >= %(priority)s"
    " AND task_name = %(task)s AND args->>'spider' = %(spider)s"
)
_PUBLISHED = (
    "SELECT max(event.at) AS at FROM procrastinate_events event JOIN procrastinate_jobs job ON job.id = event.job_id"
    " WHERE job.task_name = %(task)s AND job.args->>'spider' = %(spider)s AND event.type IN ('succeeded', 'failed')"
)
_TRIED = (
    "SELECT DISTINCT args->>'sha256' AS sha256 FROM procrastinate_jobs"
    " WHERE task_name = %(task)s AND args->>'spider' = %(spider)s AND (id > %(since)s OR status IN ('todo', 'doing'))"
)


@dataclass(frozen=True, slots=True)
class Enqueued:
    """How many tasks were put into the queue, and how many were waiting there already."""

    new: int
    waiting: int


@dataclass(frozen=True, slots=True)
class Task:
    """A task to be put into the queue; no two with the same ``queueing_lock`` wait there."""

    name: str
    queue: str
    queueing_lock: str
    priority: int
    arguments: dict[str, Any]
    lock: str | None = None


def crawl_task(spider: str, portal: Portal, years: str | None) -> Task:
    """One portal's run. Its host is the lock: no two portals on one host are crawled at once."""
    key = portal.home or portal.columns[0]
    return Task(
        CRAWL_PORTAL,
        CRAWL,
        f"crawl {spider} {key}",
        Priority.NEW,
        {"spider": spider, "portal": portal_table(portal), "years": years},
        lock=f"host {host_of(key).rpartition(':')[0] or host_of(key)}",
    )


def read_task(spider: str, sha256: str, *, again: bool = False, anew: bool = False) -> Task:
    """The reading of one document.

    Without a lock: where the same document is read as new and again, one of the two finds the work done.

    Args:
        again: of the archive; it waits for everything that is new.
        anew: also where this version has read it.
    """
    kind, priority = ("again", Priority.AGAIN) if again else (READ, Priority.NEW)
    return Task(READ_DOCUMENT, READ, f"{kind} {spider} {sha256}", priority, {"spider": spider, "sha256": sha256, "anew": anew})


def publish_task(spider: str, *, after_all: bool = False) -> Task:
    """The publication of a dataset, once what is new was crawled and read; ``after_all``: and what is read again."""
    return Task(PUBLISH_DATASET, PUBLISH, f"publish {spider}", Priority.PUBLISH, {"spider": spider, "after_all": after_all})


class Queue:
    """procrastinate's queue, open.

    Args:
        app: with its connection.
    """

    def __init__(self, app: App) -> None:
        self.app = app

    @classmethod
    @asynccontextmanager
    async def at(cls, url: str, purpose: str) -> AsyncIterator[Self]:
        """The queue in the ledger's database.

        Raises:
            LedgerError: the address cannot be understood.
        """
        app = App(connector=PatientConnector.to(url, purpose))
        async with app.open_async():
            yield cls(app)

    async def put(self, tasks: Iterable[Task]) -> Enqueued:
        """Put tasks into the queue, but for those that wait there already."""
        new = waiting = 0
        batch: list[Task] = []
        for task in tasks:
            batch.append(task)
            if len(batch) == BATCH:
                added = await self._put(batch)
                new, waiting, batch = new + added, waiting + len(batch) - added, []
        added = await self._put(batch)
        new, waiting = new + added, waiting + len(batch) - added
        if new >= MANY:
            await self.app.connector.execute_query_async("ANALYZE procrastinate_jobs")
        return Enqueued(new, waiting)

    async def ask(self, query: Any, **arguments: Any) -> list[dict[str, Any]]:
        """Rows of the queue's own tables."""
        return await self.app.connector.execute_query_all_async(query, **arguments)

    async def open_tasks(self, name: str, spider: str, priority: int) -> int:
        """How many tasks of a spider wait or are at work, of those that are at least so urgent."""
        rows = await self.ask(_OPEN, task=name, spider=spider, priority=priority)
        return int(rows[0]["count"])

    async def last_publication(self, spider: str) -> datetime | None:
        """When the last publication of a spider ended, well or not; ``None`` where that is forgotten or there was none."""
        rows = await self.ask(_PUBLISHED, task=PUBLISH_DATASET, spider=spider)
        found: datetime | None = rows[0]["at"]
        return found

    async def tried(self, spider: str, since: int) -> set[str]:
        """The documents whose reading waits, is at work, or was put into the queue after the task of that number."""
        return {row["sha256"] for row in await self.ask(_TRIED, task=READ_DOCUMENT, spider=spider, since=since)}

    async def _put(self, batch: Sequence[Task]) -> int:
        """How many of them are new."""
        rows = await self.ask(_WAITING, locks=[task.queueing_lock for task in batch])
        known = {row["queueing_lock"] for row in rows}
        tasks = list({task.queueing_lock: task for task in batch if task.queueing_lock not in known}.values())
        if not tasks:
            return 0
        try:
            await self._defer(tasks)
        except exceptions.AlreadyEnqueued:
            pass
        else:
            return len(tasks)
        # Somebody else puts the same into the queue at the same moment; nothing of the batch was.
        added = 0
        for task in tasks:
            try:
                await self._defer([task])
                added += 1
            except exceptions.AlreadyEnqueued:
                logger.debug("%s waits in the queue already", task.queueing_lock)
        return added

    async def _defer(self, tasks: Sequence[Task]) -> None:
        jobs = [
            self.app.configure_task(
                task.name,
                queue=task.queue,
                lock=task.lock,
                queueing_lock=task.queueing_lock,
                priority=int(task.priority),
                task_kwargs=task.arguments,
            ).job
            for task in tasks
        ]
        await self.app.job_manager.batch_defer_jobs_async(jobs)
