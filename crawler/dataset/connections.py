"""The ledger's connections: SQLite by default, PostgreSQL where the address says so. No message tells a password."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

BUSY_TIMEOUT_SECONDS = 60
"""How long a writer waits for another one; each holds the lock for milliseconds."""

SQLITE_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    # With WAL this survives kill -9 whole: the pages are with the kernel. Only a loss of power can take the last few
    # transactions, never tear one, and the next run does again what the ledger does not know of.
    "PRAGMA synchronous=NORMAL",
    f"PRAGMA busy_timeout={BUSY_TIMEOUT_SECONDS * 1000}",
    "PRAGMA foreign_keys=ON",
)

POSTGRES_DRIVER = "postgresql+psycopg"
POSTGRES_NAMES = ("postgresql", "postgres", POSTGRES_DRIVER)

POSTGRES_DEFAULTS = {
    "application_name": "ogi-annual-reports",
    "client_encoding": "utf8",
    "connect_timeout": "10",  # seconds
    # A server that vanished without a word is noticed within a minute.
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",  # milliseconds
}
"""What libpq is told where the address does not."""

WRITE_LOCK = 0x6F67_696C_6564_6765
"""The number of the advisory lock that writers on PostgreSQL take: "ogiledge"."""

# As BEGIN IMMEDIATE on SQLite: writers follow one another, so that no two can stand in each other's way or see half of what
# the other does. The lock goes with the transaction, and a writer whose machine is gone is ended by the server.
POSTGRES_BEGIN_WRITING = (
    f"SELECT set_config('lock_timeout', '{BUSY_TIMEOUT_SECONDS}s', true),"
    f" set_config('idle_in_transaction_session_timeout', '{BUSY_TIMEOUT_SECONDS}s', true),"
    f" pg_advisory_xact_lock({WRITE_LOCK})"
)


class LedgerError(Exception):
    """The ledger cannot be used as it is; the message says what to do."""


def connect(url: str) -> tuple[sa.Engine, sa.Engine]:
    """The engine whose transactions write, and the one whose transactions only read; they share their connections.

    Raises:
        LedgerError: the address cannot be understood, or the driver is missing.
    """
    parsed = address(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(parsed)
    return _postgres(parsed)


def address(url: str) -> sa.URL:
    """The address of the database, with the driver that this project uses.

    Raises:
        LedgerError: it cannot be understood.
    """
    try:
        parsed = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):  # a password with a / or # in it is taken for a port, and would be told
        raise LedgerError(
            "DATABASE_URL is no address of a database: write postgresql+psycopg://user:password@host:5432/name, with"
            " every / : @ # ? % of the password as %2F %3A %40 %23 %3F %25"
        ) from None
    if parsed.drivername in POSTGRES_NAMES:
        return parsed.set(drivername=POSTGRES_DRIVER)
    if parsed.get_backend_name() == "sqlite":
        return parsed
    raise LedgerError(f"DATABASE_URL names {parsed.drivername}; the ledger can be kept in sqlite or postgresql+psycopg")


def _sqlite(url: sa.URL) -> tuple[sa.Engine, sa.Engine]:
    if url.database and url.database != ":memory:":
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(url)
    sa.event.listen(engine, "connect", _prepare_sqlite)
    sa.event.listen(engine, "begin", _begin_sqlite)
    return engine, engine.execution_options(ledger_reads_only=True)


def _prepare_sqlite(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    # The driver's own transactions begin only at the first write: a reader that turns writer then fails at once instead of
    # waiting. SQLAlchemy's documented way: switch them off and say BEGIN ourselves.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in SQLITE_PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _begin_sqlite(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN" if _reads_only(connection) else "BEGIN IMMEDIATE")


def _postgres(url: sa.URL) -> tuple[sa.Engine, sa.Engine]:
    defaults: dict[str, Any] = {name: value for name, value in POSTGRES_DEFAULTS.items() if name not in url.query}
    try:
        engine = sa.create_engine(url, connect_args=defaults, pool_pre_ping=True)
    except ModuleNotFoundError as error:
        raise LedgerError(
            f"a ledger in PostgreSQL needs {error.name}: pip install 'psycopg[binary]' (the extra `postgres`)"
        ) from error
    sa.event.listen(engine, "connect", _prepare_postgres)
    sa.event.listen(engine, "begin", _begin_postgres)
    # A reader sees the ledger of one moment, as on SQLite.
    reader = engine.execution_options(ledger_reads_only=True, isolation_level="REPEATABLE READ", postgresql_readonly=True)
    return engine, reader


def _prepare_postgres(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    # What streams is read to its end. By default the server takes the plan that gives the first tenth soonest, which for all
    # sightings compares every portal with every document.
    cursor = connection.cursor()
    cursor.execute("SET cursor_tuple_fraction = 1")
    cursor.close()
    connection.commit()


def _begin_postgres(connection: sa.Connection) -> None:
    if not _reads_only(connection):
        connection.exec_driver_sql(POSTGRES_BEGIN_WRITING)


def _reads_only(connection: sa.Connection) -> bool:
    return bool(connection.get_execution_options().get("ledger_reads_only", False))
