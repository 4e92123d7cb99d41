"""Untrusted documents are read in child processes that can be killed."""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import resource
import signal
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import TYPE_CHECKING, Self

from pebble import ProcessExpired, ProcessPool

from crawler.extraction import Extraction, extract
from crawler.outcomes import Outcome

if TYPE_CHECKING:
    from types import TracebackType

    from scrapy.settings import BaseSettings

logger = logging.getLogger(__name__)

ReadFunction = Callable[[bytes, str | None], Extraction]


def _limit(memory_bytes: int) -> None:
    """Prepare a child: a hard limit on its address space, and Ctrl-C left to the parent."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)


class ExtractionPool:
    """A pool of child processes for `crawler.extraction.extract`.

    A child that runs over its time or crashes in C code is killed and replaced, and costs its own document only.

    Args:
        workers: child processes.
        timeout: seconds of wall clock a document.
        memory_mb: address space of a child, in MiB.
        max_tasks: documents before a child is replaced.
        read: what a child does with a document; a function that can be imported.
    """

    def __init__(self, *, workers: int, timeout: float, memory_mb: int, max_tasks: int, read: ReadFunction = extract) -> None:
        self.timeout = timeout
        self.memory_mb = memory_mb
        self.read = read
        # forkserver: a clean parent without the reactor's threads and sockets, and cheaper than spawn for each child.
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["crawler.extraction"])
        self._pool = ProcessPool(
            max_workers=workers, max_tasks=max_tasks, initializer=_limit, initargs=(memory_mb * 1024 * 1024,), context=context
        )

    @classmethod
    def from_settings(cls, settings: BaseSettings) -> Self:
        """A pool by the ``EXTRACTION_*`` settings."""
        return cls(
            workers=settings.getint("EXTRACTION_WORKERS"),
            timeout=settings.getfloat("EXTRACTION_TIMEOUT"),
            memory_mb=settings.getint("EXTRACTION_MEMORY_MB"),
            max_tasks=settings.getint("EXTRACTION_MAX_TASKS"),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close(wait=error is None)

    def close(self, *, wait: bool = True) -> None:
        """End the children; with ``wait=False`` whatever they are doing is dropped."""
        if wait:
            self._pool.close()  # type: ignore[no-untyped-call]  # pebble is only half typed
        else:
            self._pool.stop()  # type: ignore[no-untyped-call]
        self._pool.join()

    def submit(self, content: bytes, expected: str | None = None) -> Future[Extraction]:
        """Start reading a document; `settle` turns the future into an outcome."""
        future: Future[Extraction] = self._pool.schedule(self.read, args=(content, expected), timeout=self.timeout)
        return future

    def settle(self, future: Future[Extraction]) -> Extraction:
        """The extraction, whatever became of the child; blocks until it is there."""
        try:
            return future.result()
        except FutureTimeoutError:
            message = f"reading took longer than {self.timeout:g} s and was stopped; raise EXTRACTION_TIMEOUT to try again"
            return Extraction(Outcome.TIMEOUT, message, None, self.timeout)
        except MemoryError:
            message = f"reading needs more than {self.memory_mb} MiB and was stopped; raise EXTRACTION_MEMORY_MB to try again"
            return Extraction(Outcome.TOO_LARGE, message, None, 0.0)
        except ProcessExpired as error:
            message = f"the reader's process died (exit code {error.exitcode}); the file is kept in the attachment store"
            return Extraction(Outcome.FAILED, message, None, 0.0)
        except Exception as error:
            # Whatever a reader did not foresee: an outcome for this document, and a trace for whoever mends the reader.
            logger.exception("a reader failed on a document")
            message = f"the reader failed with {type(error).__name__}: {error}; please report it with the file"
            return Extraction(Outcome.FAILED, message, None, 0.0)

    async def extract(self, content: bytes, expected: str | None = None) -> Extraction:
        """Read a document without blocking the event loop."""
        future = self.submit(content, expected)
        await asyncio.wait([asyncio.wrap_future(future)])
        return self.settle(future)
