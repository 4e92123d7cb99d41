"""What was stored and waits to be read, where reading is a task of its own.

A part of the ledger, which makes it and owns the connections.
"""

from __future__ import annotations

from typing import NamedTuple

import sqlalchemy as sa

from crawler.dataset import tables
from crawler.dataset.model import ArchivedDocument, KnownDocument
from crawler.dataset.repeating import repeatable
from crawler.dataset.visits import known_document
from crawler.dataset.writing import Writer
from crawler.outcomes import WAITS, Outcome, page_end

_FACTS = ("sha256", "media_type", "path", "url", "role", "link_text")


class Unread(NamedTuple):
    """A content that a version of the extractor has not tried, and whether an earlier one has."""

    sha256: str
    read_before: bool


@repeatable
class Waiting:
    """Documents between their storing and their reading.

    Args:
        writer: of the ledger.
        reader: the same database, for transactions that only read.
    """

    def __init__(self, writer: Writer, reader: sa.Engine) -> None:
        self._writer, self._reader = writer, reader

    def documents(self, spider: str, extractor_version: str, *, portal: str | None = None) -> list[Unread]:
        """Every stored content, of the spider's portals or of one of them, that this version has not tried; oldest first."""
        page, document, own = tables.pages.c, tables.documents.c, tables.extractions.c
        tried = sa.exists().where(own.sha256 == document.sha256, own.extractor_version == extractor_version)
        statement = (
            sa.select(document.sha256, sa.exists().where(own.sha256 == document.sha256).label("read_before"))
            .join(tables.pages, page.url == document.page_url)
            .where(document.sha256 != "", document.path.is_not(None), ~tried)
            .group_by(document.sha256)
            .order_by(sa.func.min(document.first_seen), document.sha256)
        )
        if portal is not None:
            statement = statement.where(page.portal == portal)
        else:
            mine = sa.and_(tables.portals.c.portal == page.portal, tables.portals.c.spider == spider)
            statement = statement.join(tables.portals, mine)
        with self._reader.connect() as connection:
            return [Unread(row.sha256, bool(row.read_before)) for row in connection.execute(statement)]

    def find(self, sha256: str, extractor_version: str) -> ArchivedDocument | None:
        """One content of the archive, with what is known of its reading; ``None`` where it was never stored.

        ``version`` and ``outcome`` are those of the version asked for where it has tried, else of the newest that has.
        """
        document, own = tables.documents.c, tables.extractions.c
        with self._reader.connect() as connection:
            row = (
                connection.execute(
                    sa.select(*(document[name] for name in _FACTS))
                    .where(document.sha256 == sha256, document.path.is_not(None))
                    .order_by(document.url)
                    .limit(1)
                )
                .mappings()
                .one_or_none()
            )
            readings = connection.execute(
                sa.select(own.extractor_version, own.outcome).where(own.sha256 == sha256).order_by(own.extracted_at)
            ).all()
        if row is None:
            return None
        outcomes = {reading.extractor_version: Outcome(reading.outcome) for reading in readings}
        version = extractor_version if extractor_version in outcomes else next(reversed(outcomes), None)
        return ArchivedDocument(
            **row, version=version, outcome=outcomes.get(version or ""), tried=outcomes.get(extractor_version)
        )

    def places(self, sha256: str) -> list[KnownDocument]:
        """Every address at which a content is the one last seen."""
        document = tables.documents.c
        same = tables.documents.alias().c
        statement = (
            sa.select(tables.documents)
            .where(
                document.sha256 != "",
                document.url.in_(sa.select(same.url).where(same.sha256 == sha256)),
            )
            .order_by(document.url, document.last_seen, document.first_seen, document.sha256.desc())
        )
        with self._reader.connect() as connection:
            newest = {row["url"]: row for row in connection.execute(statement).mappings()}
        return [known_document(row) for row in newest.values() if row["sha256"] == sha256]

    def settle(self, sha256: str, extractor_version: str) -> None:
        """Gives a content that waited the outcome of its reading, and every page that waited for it alone."""
        document, page, own = tables.documents.c, tables.pages.c, tables.extractions.c
        waits = sa.and_(document.sha256 == sha256, document.message == WAITS)
        with self._reader.connect() as connection:
            if not connection.execute(sa.select(sa.exists().where(waits))).scalar():
                return
        with self._writer.begin() as connection:
            reading = connection.execute(
                sa.select(own.outcome, own.message).where(own.sha256 == sha256, own.extractor_version == extractor_version)
            ).one_or_none()
            if reading is None:
                return
            settled = connection.execute(
                tables.documents.update()
                .where(waits)
                .values(outcome=reading.outcome, message=reading.message)
                .returning(document.page_url)
            )
            for url in sorted(set(settled.scalars())):
                outcome, message = _end_of(connection, url)
                if message != WAITS:
                    connection.execute(
                        tables.pages.update()
                        .where(page.url == url, page.message == WAITS)
                        .values(outcome=outcome.value, message=message)
                    )


def _end_of(connection: sa.Connection, page_url: str) -> tuple[Outcome, str]:
    """How a page ends by its documents as they are now, of each address the content seen last."""
    document = tables.documents.c
    rows = connection.execute(
        sa.select(document.url, document.outcome, document.message)
        .where(document.page_url == page_url)
        .order_by(document.last_seen, document.first_seen, document.sha256.desc())
    )
    newest = {row.url: (Outcome(row.outcome), row.message) for row in rows}
    return page_end(list(newest.values()))
