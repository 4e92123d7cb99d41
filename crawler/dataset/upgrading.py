"""Brings a ledger's tables to what this software knows, by the migrations; never back."""

from __future__ import annotations

import logging
from pathlib import Path

import sqlalchemy as sa

from crawler.dataset import tables
from crawler.dataset.connections import LedgerError

logger = logging.getLogger(__name__)

MIGRATIONS = Path(__file__).parent / "migrations"

VERSION_TABLE = "ledger_version"
"""Alembic's, by a name of our own: a database may hold other software's tables."""

_stamps = sa.table(VERSION_TABLE, sa.column("version_num"))


def revision(version: int) -> str:
    """The name of the migration that leads to a version of the tables."""
    return f"{version:04d}"


def found_version(connection: sa.Connection) -> tuple[int | None, bool]:
    """The version of the tables, and whether it is stamped; ``None`` where there is no ledger.

    A ledger made before there were migrations has the first version and no stamp.

    Raises:
        LedgerError: what is there is no version of a ledger.
    """
    has_table = sa.inspect(connection).has_table
    stamped = has_table(VERSION_TABLE) and connection.execute(sa.select(_stamps.c.version_num)).scalar_one_or_none()
    told = None
    if has_table(tables.meta.name):
        told = connection.execute(sa.select(tables.meta.c.value).where(tables.meta.c.key == "schema_version")).scalar()
    versions = [version for version in (stamped, told) if version]
    try:
        return max(map(int, versions), default=None), bool(stamped)
    except ValueError:
        raise LedgerError(f"the database has tables of other software (version {versions}): give the ledger its own") from None


def is_current(connection: sa.Connection, *, head: int = tables.SCHEMA_VERSION) -> bool:
    """Whether there is nothing to do.

    Raises:
        LedgerError: the ledger was written by newer software.
    """
    version, is_stamped = found_version(connection)
    if version is not None and version > head:
        raise LedgerError(
            f"the ledger has version {version}, this software knows {head}: use the newer software that wrote it, or restore"
            " the ledger that was saved before it"
        )
    return version == head and is_stamped


def bring_up(connection: sa.Connection, *, head: int = tables.SCHEMA_VERSION, scripts: Path = MIGRATIONS) -> None:
    """Makes the tables, or changes those of an older version, all in the connection's transaction.

    The transaction must hold the writers' lock: of two processes the second then finds the work done.

    Raises:
        LedgerError: the ledger was written by newer software.
    """
    if is_current(connection, head=head):
        return
    version, is_stamped = found_version(connection)
    if version is None:
        tables.metadata.create_all(connection)
        version, is_stamped = tables.SCHEMA_VERSION, False
        connection.execute(tables.meta.insert().values(key="schema_version", value=str(version)))
    if not is_stamped:
        connection.exec_driver_sql(f"CREATE TABLE {VERSION_TABLE} (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
        connection.execute(sa.insert(_stamps).values(version_num=revision(version)))
    if version < head:
        _upgrade(connection, head, scripts)
        logger.info("the ledger was brought from version %d to %d", version, head)


def _upgrade(connection: sa.Connection, head: int, scripts: Path) -> None:
    # Only an older ledger needs it, and it takes longer to load than a ledger takes to open.
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"connection": connection, "version_table": VERSION_TABLE})
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    command.upgrade(config, revision(head))
    connection.execute(tables.meta.update().where(tables.meta.c.key == "schema_version").values(value=str(head)))
