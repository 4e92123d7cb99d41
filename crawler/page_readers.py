"""Pages are read in child processes that can be killed, as documents are (`crawler.isolation`), and without a thread a page.

A page takes milliseconds, so that what is handed over counts: each child is given a few pages ahead, in order, and the event
loop itself talks to it.
"""

from __future__ import annotations

import asyncio
import logging
import os
import pickle
import struct
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from crawler import child_process
from crawler.outcomes import Outcome, OutcomeError
from crawler.page_questions import Answered, Question, answer
from crawler.portals.model import ListShapeError
from crawler.reading_child import Orders, Reply

if TYPE_CHECKING:
    import subprocess

    from scrapy.settings import BaseSettings

logger = logging.getLogger(__name__)

T = TypeVar("T")

AHEAD = 3
"""Pages that a child has at a time: one that it reads, the others so that it need not wait for the next."""
ATTEMPTS = 2
_LENGTH = struct.Struct("!i")
"""Before every message, as `multiprocessing.connection.Connection` has it on the child's side."""
_LONGEST = 0x7FFFFFFF
_END_STEP = 0.01


class PageFaultError(OutcomeError):
    """A page that our own code stumbled over."""


@dataclass(slots=True, eq=False)
class _Task:
    message: bytes
    answered: asyncio.Future[object]
    attempts: int = 0


class _Reader(asyncio.Protocol):
    """One child process, and the pages it was given, in order."""

    def __init__(self, pool: PageReaders, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.given: deque[_Task] = deque()
        self.taken = 0
        self.is_there = False
        self.why_ended: OutcomeError | None = None
        self._pool = pool
        self._received = bytearray()
        self._transport: asyncio.Transport
        self._seconds: float | None = None
        self._due = 0.0
        self._alarm: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is ours to use."""
        self._transport = cast("asyncio.Transport", transport)
        self._send(pickle.dumps(self._pool.orders))
        self._set_alarm(child_process.START_SECONDS)
        self._pool.take_on(self)

    def give(self, task: _Task) -> None:
        """One more page to read, after those it has."""
        self.taken += 1
        self.given.append(task)
        self._send(task.message)
        if self.is_there and len(self.given) == 1:
            self._set_alarm(self._pool.timeout)

    def data_received(self, data: bytes) -> None:
        """Put messages together, and hand out what they say."""
        self._received += data
        while self.why_ended is None and len(self._received) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._received)
            end = _LENGTH.size + length
            if length < 0:
                self.end(OutcomeError(Outcome.FAILED, "the reader's process gave no sensible answer"))
                return
            if len(self._received) < end:
                return
            message = bytes(memoryview(self._received)[_LENGTH.size : end])
            del self._received[:end]
            self._take(message)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """The child is gone, or going."""
        if self._alarm is not None:
            self._alarm.cancel()
        self._pool.lost(self)

    def end(self, why: OutcomeError) -> None:
        """Kill the child, for a reason that its first page is told."""
        self.why_ended = why
        child_process.interrupt(self.process)
        self._transport.abort()

    def hang_up(self) -> None:
        """Let a child that has nothing to do go."""
        self._transport.close()

    def _send(self, message: bytes) -> None:
        # At once, or the child would wake twice.
        self._transport.write(_LENGTH.pack(len(message)) + message)

    def _take(self, message: bytes) -> None:
        try:
            reply = pickle.loads(message)  # noqa: S301 - our own child
        except (pickle.UnpicklingError, EOFError, AttributeError, ImportError, IndexError, TypeError, ValueError):
            reply = None
        if not self.is_there and isinstance(reply, int):
            self.is_there = True
        elif isinstance(reply, Reply) and self.given:
            if reply.problem == "memory":
                # What it has eaten is not given back, and the next page would pay.
                self.end(OutcomeError(Outcome.TOO_LARGE, f"reading needs more than {self._pool.memory_mb} MiB"))
                return
            _tell(self.given.popleft(), reply)
        else:
            self.end(OutcomeError(Outcome.FAILED, "the reader's process gave no sensible answer"))
            return
        self._set_alarm(self._pool.timeout if self.given else None)
        self._pool.go_on(self)

    def _set_alarm(self, seconds: float | None) -> None:
        """From now on; ``None``: the child has nothing to do. Its clock goes on from page to page, of which there are many."""
        self._seconds = seconds
        if seconds is None:
            return
        loop = asyncio.get_running_loop()
        self._due = loop.time() + seconds
        if self._alarm is None or self._alarm.when() > self._due:
            self._wake_at(self._due)

    def _wake_at(self, time: float) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = asyncio.get_running_loop().call_at(time, self._ring)

    def _ring(self) -> None:
        self._alarm = None
        if self._seconds is None:
            return
        if asyncio.get_running_loop().time() < self._due:
            self._wake_at(self._due)
        else:
            self._too_long(self._seconds)

    def _too_long(self, seconds: float) -> None:
        if not self.is_there:
            self.end(OutcomeError(Outcome.FAILED, f"no process to read pages was there after {seconds:g} s"))
            return
        self.end(OutcomeError(Outcome.TIMEOUT, f"reading took longer than {seconds:g} s and was stopped"))


def _tell(task: _Task, reply: Reply) -> None:
    if task.answered.done():
        return
    if isinstance(reply.result, Answered):
        task.answered.set_result(reply.result)
        return
    logger.error("a reader failed on a page\n%s", reply.trace)
    message = f"it could not be read, by a fault of this software ({reply.detail}); see the log"
    task.answered.set_exception(PageFaultError(Outcome.FAILED, message))


class PageReaders:
    """Child processes that answer the questions of `crawler.page_questions`, each with limits of its own.

    A page whose child runs over its time, dies or runs out of memory is read once more by a fresh one; then it is given up with
    the reason. To be used from one event loop. Nothing is started before the first page.

    Args:
        workers: child processes.
        timeout: seconds of wall clock a page.
        memory_mb: address space of a child, in MiB.
        max_pages: pages before a child is replaced.
        read: what a child does with a page and a question; a function of a module that can be imported.
    """

    def __init__(self, *, workers: int, timeout: float, memory_mb: int, max_pages: int, read: Any = answer) -> None:
        self.workers = workers
        self.timeout = timeout
        self.memory_mb = memory_mb
        self.max_pages = max_pages
        self.orders = Orders(f"{read.__module__}:{read.__qualname__}", memory_mb * 1024 * 1024, timeout, os.getpid())
        self._waiting: deque[_Task] = deque()
        self._readers: list[_Reader] = []
        self._starting = 0
        self._work: set[asyncio.Task[None]] = set()
        self._closed = False

    @classmethod
    def from_settings(cls, settings: BaseSettings) -> Self:
        """By the ``PAGE_*`` settings."""
        return cls(
            workers=settings.getint("PAGE_READERS"),
            timeout=settings.getfloat("PAGE_TIMEOUT"),
            memory_mb=settings.getint("PAGE_MEMORY_MB"),
            max_pages=settings.getint("PAGE_MAX_READ"),
        )

    async def read(self, content: bytes, question: Question[T]) -> T:
        """What the page says.

        Raises:
            ListShapeError: a list of another shape than its family's.
            OutcomeError: ``too_large``, ``timeout`` or ``failed``: it could not be read; `PageFaultError` by our own fault.
        """
        if self._closed:
            raise OutcomeError(Outcome.FAILED, "the run is at its end")
        message = pickle.dumps((content, question))
        if len(message) > _LONGEST:
            raise OutcomeError(Outcome.TOO_LARGE, f"it has {len(content)} bytes")
        task = _Task(message, asyncio.get_running_loop().create_future())
        self._waiting.append(task)
        self._hand_out()
        answered = cast("Answered[T]", await task.answered)
        if isinstance(answered.refusal, ListShapeError):
            raise answered.refusal
        if answered.refusal is not None:
            raise OutcomeError(Outcome.TOO_LARGE, str(answered.refusal))
        return cast("T", answered.answer)

    def close(self) -> None:
        """End the children; what they were at is dropped."""
        self._closed = True
        for work in self._work:
            work.cancel()
        for reader in self._readers:
            child_process.interrupt(reader.process)
            reader.process.wait()
            reader.hang_up()
            self._waiting.extend(reader.given)
        for task in self._waiting:
            task.answered.cancel()
        self._waiting.clear()

    def take_on(self, reader: _Reader) -> None:
        """A child is started: what it is given waits in its socket until it is there."""
        self._readers.append(reader)
        self._hand_out()

    def go_on(self, reader: _Reader) -> None:
        """A child has answered: give it the next page, or let it go if it has read many."""
        if reader.taken >= self.max_pages:
            if not reader.given:
                self._readers.remove(reader)
                reader.hang_up()
            else:
                return
        self._hand_out()

    def lost(self, reader: _Reader) -> None:
        """A child is no more: the page it was at is tried once more, the others as if nothing had been."""
        if self._closed:
            return
        if reader in self._readers:
            self._readers.remove(reader)
        self._begin(self._bury(reader))

    def _hand_out(self) -> None:
        while self._waiting:
            ready = [one for one in self._readers if len(one.given) < AHEAD and one.taken < self.max_pages]
            idle = any(not one.given for one in ready)
            if not idle and len(self._readers) + self._starting < self.workers:
                self._starting += 1
                self._begin(self._start())
            if not ready:
                return
            min(ready, key=lambda one: len(one.given)).give(self._waiting.popleft())

    async def _start(self) -> None:
        try:
            process, ours = await asyncio.to_thread(child_process.start)
        except OSError as error:
            self._starting -= 1
            if not self._readers:
                self._give_up_all(OutcomeError(Outcome.FAILED, f"no process to read pages could be started: {error}"))
            return
        self._starting -= 1
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: _Reader(self, process), sock=ours)

    async def _bury(self, reader: _Reader) -> None:
        """Reap the child, with whatever it started, and see to its pages."""
        deadline = asyncio.get_running_loop().time() + child_process.END_SECONDS
        while not child_process.has_ended(reader.process) and asyncio.get_running_loop().time() < deadline:  # noqa: ASYNC110 - a process has no event
            await asyncio.sleep(_END_STEP)
        child_process.interrupt(reader.process)
        await asyncio.to_thread(reader.process.wait)
        if not reader.given:
            return
        how = child_process.how_it_ended(reader.process)
        why = reader.why_ended or OutcomeError(Outcome.FAILED, f"the reader's process died ({how})")
        first = reader.given[0]
        first.attempts += 1
        if first.attempts >= ATTEMPTS:
            reader.given.popleft()
            if not first.answered.done():
                first.answered.set_exception(OutcomeError(why.outcome, f"{why.message}, twice: it is given up"))
        else:
            logger.warning("%s; a page is read once more by a fresh process", why.message)
        self._waiting.extendleft(reversed(reader.given))
        self._hand_out()

    def _give_up_all(self, why: OutcomeError) -> None:
        waiting, self._waiting = self._waiting, deque()
        for task in waiting:
            if not task.answered.done():
                task.answered.set_exception(OutcomeError(why.outcome, why.message))

    def _begin(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._work.add(task)
        task.add_done_callback(self._work.discard)
