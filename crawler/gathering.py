"""Small works of one kind that are done together: a hop to a thread, or a transaction, each would cost more."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Work = TypeVar("Work")
Result = TypeVar("Result")


class Gathering(Generic[Work, Result]):
    """Does what comes within a moment together; what comes meanwhile is done together next. For one event loop.

    Args:
        do: of each work the result, or the error that it ended in.
        seconds: how long the first waits for others.
        at_once: by the event loop itself, instead of in a thread: for what takes milliseconds, and would have to be fought for
            with the loop step by step.
    """

    def __init__(
        self, do: Callable[[list[Work]], Sequence[Result | Exception]], seconds: float, *, at_once: bool = False
    ) -> None:
        self._do = do
        self._seconds = seconds
        self._at_once = at_once
        self._waiting: list[tuple[Work, asyncio.Future[Result]]] = []
        self._working: asyncio.Task[None] | None = None

    async def done(self, work: Work) -> Result:
        """What comes of a work, once it is done.

        Raises:
            Exception: what it ended in, or what all of them together did.
        """
        result: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((work, result))
        if self._working is None:
            self._working = asyncio.create_task(self._work())
        return await result

    async def _work(self) -> None:
        """Until nothing waits."""
        try:
            while self._waiting:
                await asyncio.sleep(self._seconds)
                batch, self._waiting = self._waiting, []
                works = [work for work, _ in batch]
                try:
                    ends = self._do(works) if self._at_once else await asyncio.to_thread(self._do, works)
                except Exception as error:  # noqa: BLE001 - given to whoever waits
                    ends = [error] * len(batch)
                for (_, result), end in zip(batch, ends, strict=True):
                    if result.done():
                        continue
                    if isinstance(end, Exception):
                        result.set_exception(end)
                    else:
                        result.set_result(end)
        finally:
            self._working = None
