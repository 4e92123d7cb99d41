"""A ledger carried to another database, table by table in the order of its keys.

What the other database has already must be the beginning of what is carried: a move that was killed is simply begun again and
goes on from there, and nothing is ever written into a ledger of something else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import sqlalchemy as sa

from crawler.dataset import tables
from crawler.dataset.connections import LedgerError, connect
from crawler.dataset.ledger import FETCH_ROWS, Ledger

TABLES = tuple(table for table in tables.metadata.sorted_tables if table is not tables.meta)
"""What is carried. ``meta`` says which version the tables have, and is written where they are made."""

Row = tuple[Any, ...]
Step = Callable[[int], object]
"""Is told of so many rows more."""


@dataclass(frozen=True, slots=True)
class Carried:
    """A table that is the same at both ends: its rows, and the sha256 of their values in the order of the key."""

    table: str
    rows: int
    sha256: str


class LedgerMove:
    """From one database to another; older tables are brought up at both ends, missing ones are made.

    Args:
        source: address of the ledger. Nobody may write to it meanwhile; nothing in it is changed.
        target: address of an empty database, or of one that an earlier move was writing to.

    Raises:
        LedgerError: one of them is no ledger and cannot become one.
    """

    def __init__(self, source: str, target: str) -> None:
        for url in (source, target):
            Ledger(url).close()
        _, self._source = connect(source)
        self._writer, self._target = connect(target)

    def close(self) -> None:
        """Gives the connections back."""
        self._source.dispose()
        self._writer.dispose()

    def rows(self) -> int:
        """In all tables that are carried."""
        with self._source.connect() as connection:
            return sum(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one() for table in TABLES)

    def document_paths(self) -> Iterator[str]:
        """Every path of the archive that the ledger names, in order."""
        path = tables.documents.c.path
        statement = sa.select(path).where(path.is_not(None), path != "").distinct().order_by(path)
        with self._source.connect() as connection:
            yield from connection.execution_options(yield_per=FETCH_ROWS).execute(statement).scalars()

    def begin(self) -> dict[str, Row | None]:
        """How far an earlier move came: the last row of each table at the target.

        Raises:
            LedgerError: the target holds something else; nothing has been written to it.
        """
        return {table.name: self._last(table) for table in TABLES}

    def carry(self, last: dict[str, Row | None], step: Step) -> None:
        """Write what is missing after those rows; a transaction every few hundred."""
        for table in TABLES:
            for rows in _batches(_stream(self._source, table, after=last[table.name])):
                with self._writer.begin() as connection:
                    connection.execute(sa.insert(table), [dict(zip(table.columns.keys(), row, strict=True)) for row in rows])
                step(len(rows))
        self._set_sequences()

    def verify(self, step: Step) -> list[Carried]:
        """Read both ends whole again and compare them, row by row.

        Raises:
            LedgerError: they differ.
        """
        return [self._compare(table, step) for table in TABLES]

    def _last(self, table: sa.Table) -> Row | None:
        """The target's last row, once all of its rows have been found to be the source's first ones."""
        last = None
        with closing(_stream(self._source, table)) as ours, closing(_stream(self._target, table)) as theirs:
            for row in theirs:
                if row != next(ours, None):
                    raise LedgerError(
                        f"MOVE_TO_DATABASE_URL holds something else: in its table {table.name} is {_shown(table, row)}, which"
                        " is not so in the ledger to be moved (or that was written to since an earlier move). Nothing was"
                        " written there: name an empty database, or empty that one"
                    )
                last = row
        return last

    def _compare(self, table: sa.Table, step: Step) -> Carried:
        count, digest = 0, hashlib.sha256()
        with closing(_stream(self._source, table)) as ours, closing(_stream(self._target, table)) as theirs:
            for our, their in zip_longest(ours, theirs):
                if our != their:
                    raise LedgerError(
                        f"the ledgers differ after the move: table {table.name}, at {_shown(table, our or their)}. Was one of"
                        " them written to meanwhile? See that nothing runs, empty the target, and move again; the source is as"
                        " it was"
                    )
                digest.update(repr(our).encode("utf-8", "surrogatepass"))
                count += 1
                step(1)
        return Carried(table.name, count, digest.hexdigest())

    def _set_sequences(self) -> None:
        """PostgreSQL numbers new rows by a counter, which does not move when rows come with their numbers."""
        if self._writer.dialect.name != "postgresql":
            return
        with self._writer.begin() as connection:
            for table in TABLES:
                column = table.autoincrement_column
                if column is not None:
                    counter = sa.func.pg_get_serial_sequence(table.name, column.name)
                    highest = sa.select(sa.func.max(column)).scalar_subquery()
                    # false: the next number is this one, also in an empty table.
                    connection.execute(sa.select(sa.func.setval(counter, sa.func.coalesce(highest, 0) + 1, sa.false())))


def _stream(engine: sa.Engine, table: sa.Table, *, after: Row | None = None) -> Generator[Row]:
    """The rows in the order of the key, some hundred in memory at a time."""
    key = tuple(table.primary_key.columns)
    statement = sa.select(table).order_by(*key)
    if after is not None:
        place = [after[list(table.columns).index(column)] for column in key]
        statement = statement.where(sa.tuple_(*key) > sa.tuple_(*place))
    with engine.connect() as connection:
        for row in connection.execution_options(yield_per=FETCH_ROWS).execute(statement):
            # As `tables.Text` writes it: ledgers of earlier days may have the character itself.
            yield tuple(value.replace("\x00", "\ufffd") if isinstance(value, str) else value for value in row)


def _batches(rows: Generator[Row]) -> Iterator[list[Row]]:
    batch: list[Row] = []
    with closing(rows):
        for row in rows:
            batch.append(row)
            if len(batch) == FETCH_ROWS:
                yield batch
                batch = []
    if batch:
        yield batch


def _shown(table: sa.Table, row: Row | None) -> str:
    if row is None:
        return "nothing"
    names = list(table.columns)
    return ", ".join(f"{column.name} {str(row[names.index(column)])[:120]!r}" for column in table.primary_key.columns)
