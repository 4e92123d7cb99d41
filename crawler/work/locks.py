"""Locks that hold across machines: PostgreSQL's advisory locks of one database session.

The server gives them back when the session ends, however the process or its machine ended.
"""

from __future__ import annotations

import contextlib
import logging
import re
import threading
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any, Self

import sqlalchemy as sa

from crawler.dataset.clock import iso
from crawler.dataset.connections import address
from crawler.dataset.repeating import never_reached, repeat
from crawler.work.database import connection_arguments

if TYPE_CHECKING:
    from types import TracebackType

logger = logging.getLogger(__name__)

KEY = "hashtextextended(current_schema() || ' ' || {name}, 0)"
"""A lock's number by its name; ledgers in schemas of one database do not meet."""

WATCH_SECONDS = 15.0
"""Between two looks whether the session is still there."""

_KEY = KEY.format(name="CAST(:name AS text)")
_TAKE = {
    False: sa.text(f"SELECT pg_try_advisory_lock({_KEY})"),
    True: sa.text(f"SELECT pg_try_advisory_lock_shared({_KEY})"),
}
_HOLDER = sa.text(
    "SELECT a.application_name, a.backend_start FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
    " WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND l.granted AND l.pid <> pg_backend_pid()"
    " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    " AND ((l.classid::bigint << 32) | l.objid::bigint) = KEY ORDER BY a.backend_start LIMIT 1".replace("KEY", _KEY)
)


@dataclass(frozen=True, slots=True)
class _Held:
    name: str
    shared: bool


class SessionLocks:
    """Locks taken on one connection that is kept for them, as a context manager.

    Where the server was restarted the session is gone and its locks with it: they are taken again as soon as it answers.

    Args:
        url: of the ledger, in PostgreSQL.
        purpose: who holds them, see `crawler.work.database.application_name`.
    """

    def __init__(self, url: str, purpose: str) -> None:
        self._engine = sa.create_engine(
            address(url),
            connect_args=connection_arguments(url, purpose),
            isolation_level="AUTOCOMMIT",
            poolclass=sa.NullPool,
        )
        self._connection: sa.Connection | None = None
        self._held: list[_Held] = []
        self._lost: list[_Held] = []
        self._told = False
        self._guard = threading.Lock()
        self._stop = threading.Event()
        self._watch: threading.Thread | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def take(self, name: str, *, shared: bool = False) -> bool:
        """Take a lock if no other session holds it; a shared one if none holds it alone.

        Raises:
            sqlalchemy.exc.DBAPIError: the server could not be reached for the first lock: an address that does not work is told
                at once.
        """
        with self._guard:
            if self._watch is None:
                repeat(self._connect, unless=never_reached)
            taken = repeat(lambda: self._take(_Held(name, shared)))
            if taken:
                self._held.append(_Held(name, shared))
        if taken and self._watch is None:
            self._watch = threading.Thread(target=self._keep_watch, name="locks", daemon=True)
            self._watch.start()
        return taken

    def holder(self, name: str) -> str:
        """Who holds a lock, and since when, in words."""
        with self._guard:
            row = repeat(lambda: self._run(_HOLDER, name)).one_or_none()
        if row is None:
            return "it has just ended"
        told = re.fullmatch(r"ogi (\S+) (.*) (\d+)", row.application_name or "")
        who = f"process {told[3]} on {told[2]}" if told else f"a connection named {row.application_name!r}"
        return f"{who}, since {iso(row.backend_start.astimezone(UTC))}"

    def close(self) -> None:
        """Give all locks back."""
        self._stop.set()
        if self._watch is not None:
            self._watch.join()
        with self._guard:
            if self._connection is not None:
                # Else the server gives them back when it notices that the session has ended.
                with contextlib.suppress(sa.exc.DBAPIError):
                    self._connection.execute(sa.text("SELECT pg_advisory_unlock_all()"))
            self._drop()
        self._engine.dispose()

    def _take(self, held: _Held) -> bool:
        return bool(self._run(_TAKE[held.shared], held.name).scalar_one())

    def _connect(self) -> sa.Connection:
        if self._connection is None:
            self._connection = self._engine.connect()
        return self._connection

    def _run(self, statement: sa.TextClause, name: str) -> sa.CursorResult[Any]:
        try:
            return self._connect().execute(statement, {"name": name})
        except sa.exc.DBAPIError:
            self._drop()
            raise

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _keep_watch(self) -> None:
        while not self._stop.wait(WATCH_SECONDS):
            with self._guard:
                try:
                    if self._connection is not None:
                        self._connection.execute(sa.text("SELECT 1"))
                except sa.exc.DBAPIError:
                    self._drop()
                if self._connection is None:
                    self._lost = list(self._held)
                if self._lost:
                    self._take_again()

    def _take_again(self) -> None:
        """After the session was lost; what another has taken meanwhile is told, and taken when that one has ended."""
        before = len(self._lost)
        try:
            self._lost = [held for held in self._lost if not self._take(held)]
        except sa.exc.DBAPIError as error:
            logger.warning("the locks in PostgreSQL cannot be renewed yet (%s); asking again", type(error.orig).__name__)
            self._drop()
            return
        if not self._lost:
            logger.info("PostgreSQL was away; the locks are held again")
        elif len(self._lost) != before or not self._told:
            names = ", ".join(held.name for held in self._lost)
            logger.error("PostgreSQL was away, and another process took the lock %r meanwhile; this one goes on", names)
        self._told = bool(self._lost)


def run_lock(spider: str) -> str:
    """The lock of a spider's runs: one whole run alone, or any number of portals' runs together."""
    return f"run {spider}"


def portal_lock(spider: str, portal: str) -> str:
    """The lock of one portal's run by a worker."""
    return f"portal {spider} {portal}"


def publish_lock(spider: str) -> str:
    """The lock of publishing a spider's dataset."""
    return f"publish {spider}"
