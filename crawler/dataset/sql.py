"""What SQLite and PostgreSQL say alike, and the one way in which rows are written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite


def insert(connection: sa.Connection, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that knows ON CONFLICT, in the words of the connection's database."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


def upsert(
    connection: sa.Connection,
    table: sa.Table,
    key: Mapping[str, Any],
    facts: Mapping[str, Any],
    once: Mapping[str, Any] | None = None,
) -> None:
    """One row a key: ``facts`` are written every time, ``once`` only when the row is new."""
    statement = insert(connection, table).values(**key, **facts, **(once or {}))
    if facts:
        connection.execute(statement.on_conflict_do_update(index_elements=list(key), set_=dict(facts)))
    else:
        connection.execute(statement.on_conflict_do_nothing(index_elements=list(key)))
