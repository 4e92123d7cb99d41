"""How the ledger writes: a transaction a call, or one for all that a thread writes together."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import sqlalchemy as sa

from crawler.dataset.repeating import as_part, repeat

Result = TypeVar("Result")


class Writer:
    """Begins transactions that write; inside `together`, all of a thread's are one."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._own = threading.local()

    @contextmanager
    def begin(self) -> Iterator[sa.Connection]:
        """A connection in a transaction, which ends with the block, or with the `together` around it."""
        connection: sa.Connection | None = getattr(self._own, "connection", None)
        if connection is not None:
            yield connection
            return
        with self._engine.begin() as connection:
            yield connection

    @contextmanager
    def together(self) -> Iterator[None]:
        """What this thread writes inside is there wholly once the block ends, or not at all. What it reads is from before."""
        with as_part(), self.begin() as connection:
            outermost = getattr(self._own, "connection", None) is None
            self._own.connection = connection
            try:
                yield
            finally:
                if outermost:
                    self._own.connection = None

    def run(self, work: Callable[[], Result]) -> Result:
        """What ``work`` gives, all that it writes being written together; done again where the connection was lost."""

        def once() -> Result:
            with self.together():
                return work()

        return repeat(once)
