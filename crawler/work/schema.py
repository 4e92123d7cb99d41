"""procrastinate's own tables, made and brought up with the ledger's, by one process."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
from procrastinate.schema import SchemaManager, migrations_path

from crawler.dataset import tables
from crawler.dataset.connections import connect
from crawler.dataset.ledger import Ledger
from crawler.dataset.repeating import repeat
from crawler.dataset.sql import upsert
from crawler.dataset.writing import Writer

if TYPE_CHECKING:
    from collections.abc import Sequence

logger = logging.getLogger(__name__)

META_KEY = "procrastinate_schema"
"""In the ledger's ``meta``: the name of the last migration of procrastinate that its tables have."""


def bring_up(url: str) -> None:
    """Makes the ledger's tables and procrastinate's where they are missing, and brings older ones up.

    Several workers may start at once: writers to the ledger follow one another, and the second finds the work done.

    Raises:
        LedgerError: the ledger was written by newer software, or its address cannot be used.
    """
    Ledger(url).close()
    engine, reader = connect(url)
    try:
        repeat(lambda: _bring_up(Writer(engine), reader))
    finally:
        engine.dispose()


def is_there(connection: sa.Connection) -> bool:
    """Whether the tables are there.

    Not by ``to_regclass``: it answers from a cache that does not hear of another session's tables while it waits for its lock.
    """
    return bool(sa.inspect(connection).has_table("procrastinate_jobs"))


def _bring_up(writer: Writer, reader: sa.Engine) -> None:
    names = migrations()
    with reader.connect() as connection:
        version = _version(connection)
    while version != names[-1]:
        # A step a transaction: what one adds to a type another may use only once that is committed.
        with writer.begin() as connection:
            version = _step(connection, names)
    logger.debug("the tables of the queue have version %s", version)


def _step(connection: sa.Connection, names: Sequence[str]) -> str:
    """Makes the tables, or brings them up by one migration; the version that they then have."""
    found = _version(connection)
    if found == names[-1]:
        return found
    if found is None:
        _execute(connection, SchemaManager.get_schema())
        version = names[-1]
    else:
        version = next(name for name in names if name > found)
        _execute(connection, (Path(migrations_path) / version).read_text(encoding="utf-8"))
    upsert(connection, tables.meta, {"key": META_KEY}, {"value": version})
    logger.info("the tables of the queue were brought to %s", version)
    return version


def migrations() -> Sequence[str]:
    """The names of procrastinate's migrations, in order; its whole schema has them all."""
    return sorted(path.name for path in Path(migrations_path).iterdir() if path.suffix == ".sql")


def _version(connection: sa.Connection) -> str | None:
    if not is_there(connection):
        return None
    told: str | None = connection.execute(sa.select(tables.meta.c.value).where(tables.meta.c.key == META_KEY)).scalar()
    # Tables that something else made: the first release that workers can use has all of these.
    return told or migrations()[-1]


def _execute(connection: sa.Connection, script: str) -> None:
    connection.execution_options(no_parameters=True).exec_driver_sql(script)
