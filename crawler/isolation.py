"""Untrusted documents are read in child processes that can be killed.

Each child has a pipe of its own and one document at a time, so that nothing a document does to its child can reach another
document. In pools whose children share a pipe (pebble, concurrent.futures) a child that dies at the wrong moment takes the
pool with it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import pickle
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Self, cast

from crawler import child_process
from crawler.conversion.converter import OfficeConverter
from crawler.extraction import Extraction, extract
from crawler.outcomes import Outcome, OutcomeError
from crawler.reading_child import ConversionRequest, Orders, ReadFunction, Reply

if TYPE_CHECKING:
    from types import TracebackType

    from scrapy.settings import BaseSettings

    from crawler.storage.store import FileStore

logger = logging.getLogger(__name__)

MAX_CONVERSIONS = 200
"""Office documents in one document, i.e. in an archive."""


class NotReadError(Exception):
    """The document was not read, for a reason that lies with this machine: nothing is known about the document."""


class _ChildLostError(Exception):
    """The child ended, or was ended, in the middle of a document."""

    def __init__(self, outcome: Outcome, what: str) -> None:
        super().__init__(what)
        self.outcome = outcome
        self.what = what


@dataclass(frozen=True, slots=True)
class _Task:
    source: bytes | Path
    expected: str | None
    future: Future[Extraction] = field(default_factory=Future)


class _Child:
    """One child process, from its start to its end."""

    def __init__(self, orders: Orders) -> None:
        self.documents = 0
        self._process, ours = child_process.start()
        self._connection = Connection(ours.detach())
        self._ask(orders, child_process.START_SECONDS)

    def read(
        self,
        source: bytes | Path,
        expected: str | None,
        seconds: float,
        convert: Callable[[ConversionRequest], bytes | OutcomeError],
    ) -> Reply:
        """Have one document read; what the child wants converted does not count as its time.

        Raises:
            _ChildLostError: it took too long, or the child died; the child is no more.
        """
        self.documents += 1
        message: object = (source, expected)
        left = seconds
        for _ in range(MAX_CONVERSIONS + 1):
            start = time.monotonic()
            reply = self._ask(message, max(left, 0.0), seconds)
            left -= time.monotonic() - start
            if not isinstance(reply, ConversionRequest):
                break
            message = convert(reply)
        if not isinstance(reply, Reply):
            self.kill()
            raise _ChildLostError(Outcome.FAILED, "the reader's process gave no sensible answer")
        return reply

    def interrupt(self) -> None:
        """End the child and whatever it started; whoever waits for its answer is told at once. From any thread."""
        child_process.interrupt(self._process)

    def kill(self) -> None:
        """End the child and whatever it started, and leave nothing of it behind."""
        self.interrupt()
        self._process.wait()
        self._connection.close()

    def _ask(self, message: object, seconds: float, allowed: float | None = None) -> object:
        try:
            self._connection.send(message)
            if self._connection.poll(seconds):
                return self._connection.recv()
        except (EOFError, OSError, pickle.UnpicklingError):
            child_process.await_end(self._process)
            self.kill()
            how = child_process.how_it_ended(self._process)
            raise _ChildLostError(Outcome.FAILED, f"the reader's process died ({how})") from None
        self.kill()
        raise _ChildLostError(Outcome.TIMEOUT, f"reading took longer than {allowed or seconds:g} s and was stopped")


class ExtractionPool:
    """Child processes for `crawler.extraction.extract`, each with limits of its own.

    A document whose child runs over its time, dies or runs out of memory is read once more, by a fresh child that reads
    nothing else; then it is given up with an outcome that says why. Thread-safe. Nothing is started before the first
    document.

    Args:
        workers: child processes.
        timeout: seconds of wall clock a document.
        memory_mb: address space of a child, in MiB.
        max_tasks: documents before a child is replaced.
        read: what a child does with a document; a function of a module that can be imported.
        converter: makes DOCX of office documents for the children, and is closed with the pool; ``read`` then takes
            ``convert``.
    """

    def __init__(
        self,
        *,
        workers: int,
        timeout: float,
        memory_mb: int,
        max_tasks: int,
        read: ReadFunction = extract,
        converter: OfficeConverter | None = None,
    ) -> None:
        self.workers = workers
        self.timeout = timeout
        self.memory_mb = memory_mb
        self.max_tasks = max_tasks
        self.converter = converter
        self._orders = Orders(
            f"{read.__module__}:{read.__qualname__}", memory_mb * 1024 * 1024, timeout, os.getpid(), converter is not None
        )
        self._tasks: queue.SimpleQueue[_Task | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._children: set[_Child] = set()
        self._lock = threading.Lock()
        self._closed = False
        self._stopped = False

    @classmethod
    def from_settings(cls, settings: BaseSettings) -> Self:
        """A pool by the ``EXTRACTION_*`` and ``OFFICE_*`` settings."""
        return cls(
            workers=settings.getint("EXTRACTION_WORKERS"),
            timeout=settings.getfloat("EXTRACTION_TIMEOUT"),
            memory_mb=settings.getint("EXTRACTION_MEMORY_MB"),
            max_tasks=settings.getint("EXTRACTION_MAX_TASKS"),
            converter=OfficeConverter.from_settings(settings),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close(wait=error is None)

    def submit(self, source: bytes | Path, expected: str | None = None) -> Future[Extraction]:
        """Start reading a document.

        Args:
            source: the document, or the file it is in. A path costs this process no memory.
            expected: see `crawler.extraction.extract`.

        Returns:
            The extraction, whatever became of the child; or `NotReadError`.

        Raises:
            RuntimeError: the pool is closed.
        """
        task = _Task(source, expected)
        with self._lock:
            if self._closed:
                raise RuntimeError("the pool is closed")
            self._tasks.put(task)
            if len(self._threads) < self.workers:
                name = f"reader-{len(self._threads) + 1}"
                self._threads.append(threading.Thread(target=self._work, name=name, daemon=True))
                self._threads[-1].start()
        return task.future

    def read_stored(self, store: FileStore, path: str, expected: str | None = None) -> Extraction:
        """Read a document of the archive; waits for it, so that the file is there as long as the child reads.

        Raises:
            NotReadError: it could not be tried.
            OSError: the store could not give it.
            CancelledError: the pool was closed meanwhile.
        """
        with store.local(path) as file:
            return self.submit(file, expected).result()

    async def extract(self, source: bytes | Path, expected: str | None = None) -> Extraction:
        """Read a document without blocking the event loop.

        Raises:
            NotReadError: it could not be tried.
        """
        return await asyncio.wrap_future(self.submit(source, expected))

    def close(self, *, wait: bool = True) -> None:
        """End the children; with ``wait=False`` whatever they are doing is dropped."""
        with self._lock:
            self._closed = True
            if not wait:
                self._stopped = True
                self._drop_tasks()
            for _ in self._threads:
                self._tasks.put(None)
            for child in () if wait else tuple(self._children):
                child.interrupt()
        if self.converter is not None and not wait:
            self.converter.close(wait=False)
        for thread in self._threads:
            thread.join()
        if self.converter is not None:
            self.converter.close()

    def _drop_tasks(self) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                task = self._tasks.get_nowait()
                if task is not None:
                    task.future.cancel()

    def _work(self) -> None:
        """One thread's life: a child of its own, one document after another."""
        child: _Child | None = None
        while (task := self._tasks.get()) is not None:
            if not task.future.set_running_or_notify_cancel():
                continue
            try:
                child, extraction = self._read(child, task)
            except NotReadError as error:
                child = None
                task.future.set_exception(error)
            except Exception as error:
                # A thread that ends here would leave every later document waiting.
                logger.exception("the pool failed on a document")
                child = None
                task.future.set_exception(NotReadError(f"the pool failed with {type(error).__name__}: {error}"))
            else:
                task.future.set_result(extraction)
        self._end(child)

    def _read(self, child: _Child | None, task: _Task) -> tuple[_Child | None, Extraction]:
        """The extraction, and the child that reads the next document, if it is fit to."""
        child, answer = self._attempt(child, task)
        if isinstance(answer, _ChildLostError):
            logger.warning("%s; it is read once more by a fresh process", answer.what)
            child, answer = self._attempt(None, task)
            self._end(child)
            return None, self._given_up(answer) if isinstance(answer, _ChildLostError) else answer
        return child, answer

    def _attempt(self, child: _Child | None, task: _Task) -> tuple[_Child | None, Extraction | _ChildLostError]:
        if child is None:
            child = self._start()
        try:
            reply = child.read(task.source, task.expected, self.timeout, self._convert)
        except NotReadError:
            self._end(child)
            raise
        except _ChildLostError as error:
            self._end(child)
            if self._stopped:
                raise NotReadError("reading was stopped") from error
            return None, error
        if reply.problem == "unreadable":
            self._end(child)
            raise NotReadError(f"the file cannot be opened: {reply.detail}")
        if reply.problem == "memory":
            # What it has eaten is not given back, and the next document would pay.
            self._end(child)
            return None, _ChildLostError(Outcome.TOO_LARGE, f"reading needs more than {self.memory_mb} MiB")
        if reply.result is None:
            # An outcome for this document, and a trace for whoever mends the reader.
            logger.error("a reader failed on a document\n%s", reply.trace)
            message = f"the reader failed with {reply.detail}; please report it with the file"
            extraction = Extraction(Outcome.FAILED, message, None, 0.0)
        else:
            extraction = cast("Extraction", reply.result)
        if child.documents >= self.max_tasks:
            self._end(child)
            child = None
        return child, extraction

    def _convert(self, request: ConversionRequest) -> bytes | OutcomeError:
        if self.converter is None:
            return OutcomeError(Outcome.UNSUPPORTED, "office documents are not converted here")
        try:
            return self.converter.convert(request.content, request.office_format)
        except OutcomeError as error:
            return error
        except (CancelledError, RuntimeError, KeyError, OSError) as error:
            raise NotReadError(f"the document could not be converted: {type(error).__name__}: {error}") from error

    def _given_up(self, lost: _ChildLostError) -> Extraction:
        remedy = {
            Outcome.TIMEOUT: "raise EXTRACTION_TIMEOUT and run `scrapy reextract --outcome timeout`",
            Outcome.TOO_LARGE: "raise EXTRACTION_MEMORY_MB and run `scrapy reextract --outcome too_large`",
            Outcome.FAILED: "the file is in the attachment store; after a change run `scrapy reextract --outcome failed`",
        }[lost.outcome]
        message = f"{lost.what}, twice; it is set aside and not read again by this version: {remedy}"
        return Extraction(lost.outcome, message, None, self.timeout if lost.outcome is Outcome.TIMEOUT else 0.0)

    def _start(self) -> _Child:
        try:
            child = _Child(self._orders)
        except (OSError, _ChildLostError) as error:
            raise NotReadError(f"no process to read documents could be started: {error}") from error
        with self._lock:
            self._children.add(child)
            stopped = self._stopped
        if stopped:
            self._end(child)
            raise NotReadError("reading was stopped")
        return child

    def _end(self, child: _Child | None) -> None:
        if child is not None:
            with self._lock:
                self._children.discard(child)
            child.kill()
