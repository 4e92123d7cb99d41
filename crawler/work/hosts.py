"""One request at a time a host, whichever worker asks: a lock in PostgreSQL for as long as a request takes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from crawler.dataset.repeating import FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS
from crawler.work.database import connection_arguments
from crawler.work.locks import KEY

if TYPE_CHECKING:
    import psycopg

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.05

# Who waits holds the queue's lock, so that whoever has the host cannot have it again and again: the next in turn is the one
# that waits. CASE keeps the order of the locks.
_OURS, _TURN = KEY.format(name="'host ' || %(host)s::text"), KEY.format(name="'turn ' || %(host)s::text")
_UP = "extract(epoch FROM clock_timestamp() - pg_postmaster_start_time())::float8"
_QUEUE = (
    f"SELECT CASE WHEN NOT pg_try_advisory_lock({_TURN}) THEN 'busy' WHEN NOT pg_try_advisory_lock({_OURS}) THEN 'next'"
    f" WHEN pg_advisory_unlock({_TURN}) THEN 'ours' END, {_UP}"
)
_NEXT = (
    f"SELECT CASE WHEN NOT pg_try_advisory_lock({_OURS}) THEN 'next' WHEN pg_advisory_unlock({_TURN}) THEN 'ours' END, {_UP}"
)
_LEAVE = f"SELECT pg_advisory_unlock({_TURN})"
_GIVE = f"SELECT pg_advisory_unlock({_OURS})"


class HostLocks:
    """The locks of the hosts that one process asks; they go with its connection.

    After a restart of the server nobody knows who is still waiting for an answer, so for ``settle`` seconds from its start no
    host is given to anyone.

    Args:
        url: of the ledger, in PostgreSQL.
        settle: seconds that a request takes at most.
    """

    def __init__(self, url: str, *, settle: float) -> None:
        self._arguments = connection_arguments(url, "hosts")
        self._settle = settle
        self._connection: psycopg.AsyncConnection[Any] | None = None
        self._talking = asyncio.Lock()
        self._own: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._lingering: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def held(self, host: str, *, linger: float = 0.0) -> AsyncIterator[None]:
        """Alone with a host for as long as the block lasts, and ``linger`` seconds more: so long nobody else may ask it."""
        own = self._own.setdefault(host, asyncio.Lock())
        await own.acquire()
        try:
            await self._take(host)
        except BaseException:
            own.release()
            raise
        try:
            yield
        finally:
            giving = asyncio.ensure_future(self._give(host, own, linger))
            self._lingering.add(giving)
            giving.add_done_callback(self._lingering.discard)
            if not linger:
                await asyncio.shield(giving)

    async def close(self) -> None:
        """Give everything back."""
        for giving in self._lingering:
            giving.cancel()
        await self._drop()

    async def _take(self, host: str) -> None:
        query = _QUEUE
        try:
            while True:
                try:
                    state, up = await self._ask(query, host)
                except _LostError:
                    query = _QUEUE
                    continue
                if state == "ours":
                    break
                query = _NEXT if state == "next" else _QUEUE
                await asyncio.sleep(POLL_SECONDS)
        except asyncio.CancelledError:
            if query is _NEXT:
                await self._give_back(_LEAVE, host)
            raise
        if up < self._settle:
            logger.warning("PostgreSQL was started %.0f s ago; %s is asked in %.0f s", up, host, self._settle - up)
            try:
                await asyncio.sleep(self._settle - up)
            except asyncio.CancelledError:
                await self._give_back(_GIVE, host)
                raise

    async def _give(self, host: str, own: asyncio.Lock, linger: float) -> None:
        try:
            await asyncio.sleep(linger)
            await self._give_back(_GIVE, host)
        finally:
            own.release()

    async def _give_back(self, query: str, host: str) -> None:
        if self._connection is None:
            return
        try:
            await self._ask(query, host)
        except _LostError:
            logger.debug("the lock of %s went with its connection", host)

    async def _ask(self, query: str, host: str) -> Any:
        """The row that answers; asks for a connection as long as there is none.

        Raises:
            _LostError: the connection was lost, and with it every lock.
        """
        import psycopg

        async with self._talking:
            if self._connection is None:
                self._connection = await self._connect()
            try:
                cursor = await self._connection.execute(query, {"host": host})
                return await cursor.fetchone()
            except (psycopg.OperationalError, psycopg.InterfaceError) as error:
                logger.warning("the connection of the hosts' locks was lost (%s)", type(error).__name__)
                await self._drop()
                raise _LostError from error
            except asyncio.CancelledError:
                # In the middle of a question: what was answered is not known.
                await self._drop()
                raise

    async def _connect(self) -> psycopg.AsyncConnection[Any]:
        import psycopg

        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                return await psycopg.AsyncConnection.connect(**self._arguments, autocommit=True)
            except psycopg.OperationalError as error:
                logger.warning("PostgreSQL cannot be reached for the hosts' locks (%s); asking again", type(error).__name__)
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    async def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()


class _LostError(Exception):
    """The connection is gone."""
