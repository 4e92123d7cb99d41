"""procrastinate's connection to PostgreSQL, which outlives a restart of the server as the ledger's does."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any, LiteralString, TypeVar

from procrastinate import PsycopgConnector, exceptions, sql

from crawler.dataset.repeating import FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, RESTART_SECONDS
from crawler.work.database import connection_arguments

if TYPE_CHECKING:
    from procrastinate.connector import Notify

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

FETCH = sql.queries["fetch_job"]
"""The one question that is not asked again by itself: where its answer was lost, a task may have been given to us unheard."""

POOL_SIZE = 8


class PatientConnector(PsycopgConnector):
    """Asks again where the connection was lost, for as long as a server may take to be restarted.

    What is asked twice does nothing the second time: a task that is ended is ended, and a task has a queueing lock.
    """

    @classmethod
    def to(cls, url: str, purpose: str) -> PatientConnector:
        """A connector to the ledger's database.

        Raises:
            LedgerError: the address cannot be understood.
        """
        return cls(kwargs=connection_arguments(url, purpose), min_size=1, max_size=POOL_SIZE, timeout=RESTART_SECONDS)

    async def execute_query_async(self, query: LiteralString, **arguments: Any) -> None:
        """As the base class, patiently."""
        await _patiently(lambda: super(PatientConnector, self).execute_query_async(query, **arguments))

    async def execute_query_one_async(self, query: LiteralString, **arguments: Any) -> dict[str, Any]:
        """As the base class, patiently but for `FETCH`."""
        if query == FETCH:
            return dict(await super().execute_query_one_async(query, **arguments))
        return await _patiently(lambda: super(PatientConnector, self).execute_query_one_async(query, **arguments))

    async def execute_query_all_async(self, query: LiteralString, **arguments: Any) -> list[dict[str, Any]]:
        """As the base class, patiently."""
        return await _patiently(lambda: super(PatientConnector, self).execute_query_all_async(query, **arguments))

    async def listen_notify(self, on_notification: Notify, channels: Iterable[str]) -> None:
        """As the base class; while there is no connection, tasks are found by looking for them."""
        names = list(channels)
        while True:
            try:
                await super().listen_notify(on_notification, names)
            except exceptions.ConnectorException as error:
                if not is_lost(error):
                    raise
            await asyncio.sleep(1.0)


def is_lost(error: BaseException) -> bool:
    """Whether procrastinate's error means a lost connection: the server is away, or was."""
    import psycopg

    cause = error.__cause__
    return isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError)


async def _patiently(ask: Callable[[], Awaitable[Result]]) -> Result:
    deadline, pause = time.monotonic() + RESTART_SECONDS, FIRST_PAUSE_SECONDS
    while True:
        try:
            return await ask()
        except exceptions.ConnectorException as error:
            if not is_lost(error) or time.monotonic() + pause > deadline:
                raise
            logger.warning("the queue's connection was lost (%s); asking again", type(error.__cause__).__name__)
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
