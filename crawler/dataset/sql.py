"""What SQLite and PostgreSQL say alike, and the one way in which rows are written."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql


def insert(connection: sa.Connection, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that knows ON CONFLICT, in the words of the connection's database."""
    return _insert(connection.dialect.name, table)


def _insert(dialect: str, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
    if dialect != "postgresql":
        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql  # as large as what SQLite needs

    return postgresql.insert(table)


def upsert(
    connection: sa.Connection,
    table: sa.Table,
    key: Mapping[str, Any],
    facts: Mapping[str, Any],
    once: Mapping[str, Any] | None = None,
) -> None:
    """One row a key: ``facts`` are written every time, ``once`` only when the row is new."""
    names = (tuple(key), tuple(facts))
    connection.execute(_upsert(connection.dialect.name, table, *names), {**key, **facts, **(once or {})})


@cache
def _upsert(dialect: str, table: sa.Table, key: tuple[str, ...], facts: tuple[str, ...]) -> sqlite.Insert | postgresql.Insert:
    """Made once: making a statement takes longer than the database takes to run it."""
    statement = _insert(dialect, table)
    if facts:
        return statement.on_conflict_do_update(index_elements=key, set_={name: statement.excluded[name] for name in facts})
    return statement.on_conflict_do_nothing(index_elements=key)
