"""An object in a process of its own, which works while its owner does."""

from __future__ import annotations

import logging
import os
import traceback
from collections.abc import Callable, Sequence
from functools import partial
from logging.handlers import QueueHandler
from multiprocessing.connection import Connection
from queue import SimpleQueue
from typing import Any

from crawler import child_process

CHILD = "import sys; from crawler.second_process import serve; serve(int(sys.argv[1]))"
CALLS_A_MESSAGE = 50

Call = tuple[str, tuple[object, ...]]
"""A method's name and what it is called with."""


class SecondProcessLostError(OSError):
    """The other process ended before it was done."""


class SecondProcess:
    """Calls an object's methods in another process, in order and without waiting for them.

    One message of calls is under way at a time, so that no more than two are in memory. What a method raises is raised here by
    a later call; what it logs is logged here. The process ends with this one, however that ends. For one thread at a time.

    Args:
        make: gives the object when called with ``arguments`` over there; both can be pickled, as can all that is sent.

    Raises:
        OSError: no process can be started.
    """

    def __init__(self, make: Callable[..., object], *arguments: object) -> None:
        self._process, ours = child_process.start(CHILD)
        self._connection = Connection(ours.detach())
        self._calls: list[Call] = []
        self._waiting = False
        self._value: Any = None
        self._exchange((os.getpid(), make, arguments))

    def call(self, method: str, *arguments: object) -> None:
        """Has a method called, once enough calls have come together.

        Raises:
            SecondProcessLostError: the other process is no more.
            Exception: what an earlier call raised.
        """
        self._calls.append((method, arguments))
        if len(self._calls) == CALLS_A_MESSAGE:
            self.send()

    def send(self) -> None:
        """Sends the calls that wait, as soon as those before are done."""
        calls, self._calls = self._calls, []
        if calls:
            self._exchange(calls)

    def wait(self) -> None:
        """Until every call is done."""
        self.send()
        self._receive()

    def result(self, method: str, *arguments: object) -> Any:
        """What a method returns, after all calls before it."""
        self.call(method, *arguments)
        self.wait()
        return self._value

    def end(self) -> None:
        """Ends the process at once, whatever it does."""
        child_process.interrupt(self._process)
        self._process.wait()
        self._connection.close()

    def _exchange(self, message: object) -> None:
        # What it answers is taken first: neither side ever waits for the other to read what it writes.
        self._receive()
        try:
            self._connection.send(message)
        except OSError:
            raise self._lost() from None
        self._waiting = True

    def _receive(self) -> None:
        if not self._waiting:
            return
        self._waiting = False
        try:
            logged, self._value, error = self._connection.recv()
        except (EOFError, OSError):
            raise self._lost() from None
        for record in logged:
            logger = logging.getLogger(record.name)
            if logger.isEnabledFor(record.levelno):
                logger.handle(record)
        if error is not None:
            raise error

    def _lost(self) -> SecondProcessLostError:
        child_process.await_end(self._process)
        self.end()
        how = child_process.how_it_ended(self._process)
        return SecondProcessLostError(f"a process that worked for this one ended before it was done ({how}); do it again")


def serve(descriptor: int) -> None:
    """The other side: answers every message until nobody asks any more."""
    connection = Connection(descriptor)
    parent, make, arguments = connection.recv()
    child_process.end_with_parent(parent)
    logged: SimpleQueue[logging.LogRecord] = SimpleQueue()
    logging.basicConfig(level=logging.INFO, handlers=[QueueHandler(logged)])
    subject, work = None, partial(make, *arguments)
    while True:
        value, error = None, None
        try:
            value = work()
        except Exception as found:  # noqa: BLE001 - it is raised where the call was made
            error = found
            if not isinstance(error, OSError):
                error.add_note(traceback.format_exc())
        if subject is None:
            subject, value = value, None
        connection.send(([logged.get() for _ in range(logged.qsize())], value, error))
        try:
            work = partial(_call_all, subject, connection.recv())
        except EOFError:
            return


def _call_all(subject: object, calls: Sequence[Call]) -> object:
    value = None
    for method, arguments in calls:
        value = getattr(subject, method)(*arguments)
    return value
