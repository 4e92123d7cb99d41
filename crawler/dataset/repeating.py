"""What is done again where the database's server was restarted or the way to it was lost.

Every method of the ledger is one transaction and may be repeated: so it is.
"""

from __future__ import annotations

import functools
import inspect
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import sqlalchemy as sa

logger = logging.getLogger(__name__)

Result = TypeVar("Result")
Kind = TypeVar("Kind", bound=type)

RESTART_SECONDS = 120
"""How long a server may be away."""

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.05, 5.0

LOST_STATES = (
    *("57P01", "57P02", "57P03"),  # shut down, crashed, starting up
    *("40001", "40P01"),  # one of two transactions had to give way
    *("25P03", "53300"),  # idle for too long, too many connections
)
CONNECTION_STATES = "08"

_thread = threading.local()


def is_lost(error: sa.exc.DBAPIError) -> bool:
    """Whether the same transaction may well succeed on another connection. Never so on SQLite, which has no server."""
    if error.connection_invalidated:
        return True
    # SQLSTATE, that of PostgreSQL's errors; what the client itself found (no connection, or one that broke) has none.
    state = getattr(error.orig, "sqlstate", "")
    if state is None:
        return isinstance(error, sa.exc.OperationalError)
    return state in LOST_STATES or state.startswith(CONNECTION_STATES)


def never_reached(error: sa.exc.DBAPIError) -> bool:
    """Whether there was no connection to lose: the server is away, or does not know us."""
    return not error.connection_invalidated and getattr(error.orig, "sqlstate", "") is None


def repeat(work: Callable[[], Result], *, unless: Callable[[sa.exc.DBAPIError], bool] = lambda _: False) -> Result:
    """Does the work, again where the connection was lost, for `RESTART_SECONDS`. Inside other such work: once.

    Args:
        unless: tells the errors that are given on all the same.

    Raises:
        sqlalchemy.exc.DBAPIError: what the database said, where that is no lost connection or the server stays away.
    """
    if getattr(_thread, "is_part", False):
        return work()
    patience = _Patience()
    while True:
        try:
            with as_part():
                return work()
        except sa.exc.DBAPIError as error:
            if unless(error) or not patience.covers(error):
                raise
        patience.wait()


class _Patience:
    """How long one piece of work may still wait for the server."""

    def __init__(self) -> None:
        self._deadline, self._pause = time.monotonic() + RESTART_SECONDS, FIRST_PAUSE_SECONDS

    def covers(self, error: sa.exc.DBAPIError) -> bool:
        """Whether to ask again; says so where it is."""
        if not is_lost(error) or time.monotonic() + self._pause > self._deadline:
            return False
        logger.warning("the ledger's connection was lost (%s); asking again", type(error.orig).__name__)
        return True

    def wait(self) -> None:
        """Longer each time."""
        time.sleep(self._pause)
        self._pause = min(2 * self._pause, LONGEST_PAUSE_SECONDS)


def resumed(key: Callable[[Any], Any]) -> Callable[[Callable[..., Iterator[Result]]], Callable[..., Iterator[Result]]]:
    """Of a method that streams: where the connection is lost it streams again, without what its reader has had.

    Args:
        key: of what is streamed; the stream is sorted by it, and no two have the same.
    """

    def decorate(method: Callable[..., Iterator[Result]]) -> Callable[..., Iterator[Result]]:
        @functools.wraps(method)
        def stream(*args: Any, **options: Any) -> Iterator[Result]:
            had, patience = None, _Patience()
            while True:
                try:
                    for one in method(*args, **options):
                        if had is None or key(one) > had:
                            yield one
                            had, patience = key(one), _Patience()
                except sa.exc.DBAPIError as error:
                    if getattr(_thread, "is_part", False) or not patience.covers(error):
                        raise
                else:
                    return
                patience.wait()

        return stream

    return decorate


@contextmanager
def as_part() -> Iterator[None]:
    """What is called inside, in this thread, is not repeated by itself: a lost connection takes the whole."""
    before = getattr(_thread, "is_part", False)
    _thread.is_part = True
    try:
        yield
    finally:
        _thread.is_part = before


def repeatable(kind: Kind) -> Kind:
    """Of a class whose every public method may be repeated. What streams is not, see `resumed`."""
    for name, method in list(vars(kind).items()):
        if inspect.isfunction(method) and not name.startswith("_") and not inspect.isgeneratorfunction(method):
            setattr(kind, name, _repeated(method))
    return kind


def _repeated(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def repeated(*args: Any, **options: Any) -> Any:
        return repeat(lambda: method(*args, **options))

    return repeated
