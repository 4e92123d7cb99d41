"""What a worker does for each kind of task, and when a task is tried again."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from procrastinate import BaseRetryStrategy, RetryDecision
from procrastinate.exceptions import JobAborted
from procrastinate.job_context import AbortReason, JobContext

from crawler import EXTRACTOR_VERSION
from crawler.dataset.clock import utc_now
from crawler.dataset.ledger import Ledger
from crawler.window import Window
from crawler.work import names
from crawler.work.children import run_child
from crawler.work.database import shared_url
from crawler.work.names import Priority
from crawler.work.queue import Queue, Task, read_task

if TYPE_CHECKING:
    from procrastinate import App
    from procrastinate.jobs import Job
    from procrastinate.worker import Worker
    from scrapy.settings import BaseSettings

    from crawler.work.reading import DocumentReader

logger = logging.getLogger(__name__)

FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 5, 600


BUSY_POLLS = 6
"""Times WORKER_POLL, until a portal that another run has is tried again."""


class LaterError(Exception):
    """It is not time for the task yet: no failure."""

    def __init__(self, why: str, seconds: float) -> None:
        super().__init__(why)
        self.seconds = seconds


class RefusedError(Exception):
    """The task was done and its result refused; doing it again gives the same."""


class Patience(BaseRetryStrategy):
    """Tries again with longer and longer pauses, a number of times."""

    def __init__(self, retries: int) -> None:
        self.retries = retries

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        """When; ``None`` for never."""
        if isinstance(exception, asyncio.CancelledError):
            return RetryDecision(retry_in={"seconds": 0})  # given back by a worker that stops
        if isinstance(exception, LaterError):
            return RetryDecision(retry_in={"milliseconds": int(exception.seconds * 1000)})
        if isinstance(exception, RefusedError) or job.attempts >= self.retries:
            return None
        return RetryDecision(retry_in={"seconds": min(FIRST_WAIT_SECONDS * 2**job.attempts, LONGEST_WAIT_SECONDS)})


class Tasks:
    """The tasks, for one worker.

    Args:
        settings: of the project.
        reader: reads its documents.
        publications: that are written at a time.
    """

    def __init__(self, settings: BaseSettings, reader: DocumentReader, publications: int) -> None:
        self.settings = settings
        self.reader = reader
        self.ledger = Ledger(shared_url(settings))
        self.poll = settings.getfloat("WORKER_POLL")
        self._publishing = asyncio.Semaphore(publications)

    def register(self, app: App) -> None:
        """Tell procrastinate what there is to do."""
        retry = Patience(self.settings.getint("WORKER_RETRIES"))
        for name, queue, work in (
            (names.CRAWL_PORTAL, names.CRAWL, self.crawl_portal),
            (names.READ_DOCUMENT, names.READ, self.read_document),
            (names.PUBLISH_DATASET, names.PUBLISH, self.publish_dataset),
        ):
            app.task(name=name, queue=queue, retry=retry, pass_context=True)(work)

    async def crawl_portal(self, context: JobContext, *, spider: str, portal: dict[str, Any], years: str | None) -> str:
        """Crawl a portal, then put the reading of what was stored into the queue.

        A worker that dies in between leaves documents that nobody reads: the task comes back, and the publication looks too.
        """
        window = Window.parse(self.settings["CRAWL_WINDOW"] or "")
        if window is not None and not window.seconds_left(utc_now()):
            return f"left for the next night: nothing is crawled outside {window}"
        answer = await run_child("crawl", self.settings, spider=spider, portal=portal, years=years)
        if "busy" in answer:
            raise LaterError(f"another run has it ({answer['busy']})", BUSY_POLLS * self.poll)
        key = portal.get("home") or portal["columns"][0]
        unread = await asyncio.to_thread(self.ledger.waiting.documents, spider, EXTRACTOR_VERSION, portal=key)
        put = await Queue(context.app).put(read_task(spider, one.sha256, again=one.read_before) for one in unread)
        told = f": {answer['message']}" if answer["message"] else ""
        return f"{answer['outcome']}, {answer['requests']} requests, {answer['new']} new documents, {put.new} to read{told}"

    async def read_document(self, context: JobContext, *, spider: str, sha256: str, anew: bool) -> str:  # noqa: ARG002
        """Read a document; its outcome is in the ledger when this ends."""
        return await asyncio.to_thread(self.reader.read, spider, sha256, anew=anew)

    async def publish_dataset(self, context: JobContext, *, spider: str, after_all: bool) -> str:
        """Publish once all that is new was crawled and read; with ``after_all`` also what is read again.

        It waits in here, not in the queue: a task that comes back again and again would have no attempts left to fail.
        """
        queue, own = Queue(context.app), int(context.job.id or 0)
        least = Priority.AGAIN if after_all else Priority.NEW
        while missing := await self._missing(queue, spider, own, least):
            logger.debug("the publication of %s waits: %s", spider, missing)
            await asyncio.sleep(self.poll)
        since = (await queue.last_publication(spider) or utc_now() - timedelta(days=1)).isoformat()
        async with self._publishing:
            while "busy" in (answer := await run_child("publish", self.settings, spider=spider, since=since)):
                logger.info("the publication of %s waits: %s", spider, answer["busy"])
                await asyncio.sleep(self.poll)
        for line in answer["lines"]:
            logger.info(line)
        if answer["status"] == "failed":
            raise RefusedError(
                f"version {answer['version']} of {spider} failed its assertions, the last good one stays: docs/publishing.md"
            )
        return f"{answer['status']} {answer['version']}; {answer['stale']} of {answer['portals']} portals need a look"

    async def _missing(self, queue: Queue, spider: str, since: int, least: Priority) -> str:
        """What has to be done before the dataset can be published; an empty text where nothing has."""
        if portals := await queue.open_tasks(names.CRAWL_PORTAL, spider, least):
            return f"{portals} portals"
        await self._sweep_up(queue, spider, since)
        documents = await queue.open_tasks(names.READ_DOCUMENT, spider, least)
        return f"{documents} documents" if documents else ""

    async def _sweep_up(self, queue: Queue, spider: str, since: int) -> None:
        """Put into the queue what was stored, was never read and is in nobody's hands.

        What was tried in vain since this task was put there is not tried again.
        """
        unread = await asyncio.to_thread(self.ledger.waiting.documents, spider, EXTRACTOR_VERSION)
        new = [one.sha256 for one in unread if not one.read_before]
        if new:
            tried = await queue.tried(spider, since)
            found: list[Task] = [read_task(spider, sha256) for sha256 in new if sha256 not in tried]
            if found:
                put = await queue.put(found)
                logger.info("%d stored documents of %s were in nobody's hands; they are read now", put.new, spider)


def described(job: Job) -> str:
    """A task in words."""
    arguments = job.task_kwargs
    portal = arguments.get("portal")
    what = portal.get("name") if isinstance(portal, dict) else arguments.get("sha256") or ""
    return " ".join(str(part) for part in (job.task_name, arguments.get("spider"), what) if part)


async def tell(process: Callable[[], Awaitable[Any]], context: JobContext, worker: Worker) -> Any:  # noqa: ARG001
    """Around every task: one line in the log for its end."""
    started, what = time.monotonic(), described(context.job)
    try:
        result = await process()
    except LaterError as error:
        logger.info("%s: %s; looked at again in %g s", what, error, error.seconds)
        raise
    except asyncio.CancelledError:
        if context.abort_reason() is AbortReason.USER_REQUEST:
            logger.warning("%s: stopped by request", what)
            raise JobAborted from None
        logger.warning("%s: given back, this worker stops", what)
        raise
    except Exception as error:
        logger.warning("%s: attempt %d failed: %s: %s", what, context.job.attempts + 1, type(error).__name__, error)
        raise
    level = logging.DEBUG if context.job.task_name == names.READ_DOCUMENT else logging.INFO
    logger.log(level, "%s: %s, in %.1f s", what, result, time.monotonic() - started)
    return result
