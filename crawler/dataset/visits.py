"""What the next night needs to know of this one: where columns begin, the lists as they stood, the pages as they were read.

A part of the ledger, which makes it and owns the connections.
"""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from crawler.dataset import asked_often as asked
from crawler.dataset import tables
from crawler.dataset.clock import Clock, iso
from crawler.dataset.model import KnownDocument, KnownPage, KnownReading, Validators
from crawler.dataset.repeating import repeatable
from crawler.dataset.sql import upsert
from crawler.dataset.writing import Writer
from crawler.outcomes import Outcome

MOST_URLS = 500
"""Of one question; both databases take more parameters than that, but not without end."""


@repeatable
class Visits:
    """The memory of earlier nights.

    Args:
        writer: of the ledger.
        reader: the same database, for transactions that only read.
        clock: gives the time that is written where the caller gives none.
    """

    def __init__(self, writer: Writer, reader: sa.Engine, clock: Clock) -> None:
        self._writer, self._reader, self._clock = writer, reader, clock

    # Where columns begin

    def entries(self, spider: str, portal: str) -> tuple[tuple[str, ...], str | None]:
        """The columns that discovery found for a portal, and when it did; nothing where it never did."""
        entry = tables.entries.c
        statement = (
            sa.select(entry.url, entry.found_at)
            .where(entry.spider == spider, entry.portal == portal)
            .order_by(entry.found_at, entry.url)
        )
        with self._reader.connect() as connection:
            rows = connection.execute(statement).all()
        return tuple(row.url for row in rows), max((row.found_at for row in rows), default=None)

    def keep_entries(self, spider: str, portal: str, urls: Iterable[str], *, at: datetime | None = None) -> None:
        """Puts the columns that discovery found in the place of those found before."""
        entry, time = tables.entries.c, iso(at or self._clock())
        with self._writer.begin() as connection:
            connection.execute(tables.entries.delete().where(entry.spider == spider, entry.portal == portal))
            for url in dict.fromkeys(urls):
                connection.execute(tables.entries.insert().values(spider=spider, portal=portal, url=url, found_at=time))

    # Lists

    def list_validators(self, portal: str) -> dict[str, Validators]:
        """What asks the server whether a kept part of a portal's lists still holds, by key; absent where nothing can be."""
        with self._reader.connect() as connection:
            rows = connection.execute(asked.LIST_VALIDATORS, {"portal": portal}).all()
        return {key: Validators(etag, last_modified) for key, etag, last_modified in rows if etag or last_modified}

    def list_body(self, portal: str, key: str) -> tuple[str, bytes] | None:
        """The address and the bytes of a part of a list as last received; ``None`` where it was not kept."""
        with self._reader.connect() as connection:
            kept = connection.execute(asked.LIST_BODY, {"portal": portal, "key": key}).one_or_none()
        return None if kept is None else (kept.url, zlib.decompress(kept.body))

    def keep_list(
        self, portal: str, key: str, url: str, body: bytes, validators: Validators, *, at: datetime | None = None
    ) -> None:
        """Keeps a part of a list, where the server can be asked about it later; else forgets it."""
        row = tables.list_pages.c
        with self._writer.begin() as connection:
            if not (validators.etag or validators.last_modified):
                connection.execute(tables.list_pages.delete().where(row.portal == portal, row.key == key))
                return
            facts = {
                "url": url,
                "etag": validators.etag,
                "last_modified": validators.last_modified,
                "body": zlib.compress(body, 6),
                "fetched_at": iso(at or self._clock()),
            }
            upsert(connection, tables.list_pages, {"portal": portal, "key": key}, facts)

    # Pages

    def has_pages(self, portal: str) -> bool:
        """Whether anything of a portal was ever followed: of one that is new, no row need be looked up."""
        with self._reader.connect() as connection:
            return connection.execute(asked.HAS_PAGES, {"portal": portal}).first() is not None

    def known_pages(self, portal: str, urls: Sequence[str], extractor_version: str) -> dict[str, KnownPage]:
        """What is known of the page behind each of these addresses, with the newest content of each document on it.

        Args:
            urls: as lists link them; those that were never received whole are left out.
            extractor_version: whose readings of the documents are asked for.
        """
        return self._known(asked.KNOWN_PAGES, portal, urls, extractor_version)

    def known_files(self, portal: str, urls: Sequence[str], extractor_version: str) -> dict[str, KnownPage]:
        """The same of files that lists link themselves: each counts as a page with one document, and is never asked about."""
        return self._known(asked.KNOWN_FILES, portal, urls, extractor_version)

    def _known(self, statement: sa.Select[Any], portal: str, urls: Sequence[str], extractor: str) -> dict[str, KnownPage]:
        found: dict[str, KnownPage] = {}
        with self._reader.connect() as connection:
            for some in portions(urls):
                rows = connection.execute(statement, {"portal": portal, "urls": some}).mappings().all()
                documents = _documents(connection, [row["page_url"] for row in rows], extractor)
                for row in rows:
                    found[row["url"]] = KnownPage(
                        url=row["url"],
                        page_url=row["page_url"],
                        outcome=Outcome(row["outcome"]),
                        title=row["title"],
                        published_date=row["published_date"],
                        source=row["source"],
                        list_title=row["list_title"],
                        list_date=row["list_date"],
                        fingerprint=row["fingerprint"],
                        validators=Validators(row["etag"] or None, row["last_modified"] or None),
                        fetched_at=row["fetched_at"],
                        documents=tuple(documents.get(row["page_url"], ())),
                        column_url=row["column_url"],
                    )
        return found

    def keep_page(
        self,
        portal: str,
        url: str,
        *,
        page_url: str,
        fingerprint: str,
        validators: Validators,
        at: datetime | None = None,
    ) -> None:
        """Notes that a page was received whole, where, what it said, and what asks the server about it.

        To be called once everything on the page is in the ledger: what is noted here is not fetched again soon.
        """
        facts = {
            "page_url": page_url,
            "fingerprint": fingerprint,
            "etag": validators.etag,
            "last_modified": validators.last_modified,
            "fetched_at": iso(at or self._clock()),
        }
        with self._writer.begin() as connection:
            upsert(connection, tables.visits, {"portal": portal, "url": url}, facts)

    def touch_pages(
        self,
        pages: Iterable[tuple[str, str, Iterable[tuple[str, str]]]],
        *,
        run: int | None = None,
        at: datetime | None = None,
    ) -> None:
        """Notes that pages and their documents are still there, unchanged.

        Args:
            pages: of each its portal, its address, and its documents' addresses with their sha256.
        """
        page, document, time = tables.pages.c, tables.documents.c, iso(at or self._clock())
        seen = [(portal, url, list(documents)) for portal, url, documents in pages]
        with self._writer.begin() as connection:
            if seen:
                connection.execute(
                    tables.pages.update()
                    .where(page.url == sa.bindparam("its_url"), page.portal == sa.bindparam("its_portal"))
                    .values(last_seen=time, gone_at=None),
                    [{"its_url": url, "its_portal": portal} for portal, url, _ in seen],
                )
            if found := [{"its_url": url, "its_sha256": sha256} for _, _, documents in seen for url, sha256 in documents]:
                connection.execute(
                    tables.documents.update()
                    .where(document.url == sa.bindparam("its_url"), document.sha256 == sa.bindparam("its_sha256"))
                    .values(last_seen=time, last_run=run),
                    found,
                )


def portions(values: Sequence[str]) -> Iterable[Sequence[str]]:
    """The values, so many at a time as one question may name."""
    return (values[start : start + MOST_URLS] for start in range(0, len(values), MOST_URLS))


def _documents(connection: sa.Connection, pages: Sequence[str], extractor: str) -> dict[str, list[KnownDocument]]:
    """The documents of each page, of each address the content seen last."""
    newest: dict[str, sa.RowMapping] = {}
    for row in connection.execute(asked.DOCUMENTS, {"pages": pages, "extractor_version": extractor}).mappings():
        known = newest.get(row["url"])
        if known is None or (row["last_seen"], row["first_seen"]) > (known["last_seen"], known["first_seen"]):
            newest[row["url"]] = row
    found: dict[str, list[KnownDocument]] = defaultdict(list)
    for row in newest.values():
        reading = None if row["read"] is None else KnownReading(Outcome(row["read"]), row["said"])
        found[row["page_url"]].append(replace(known_document(row), reading=reading))
    return found


def known_document(row: sa.RowMapping) -> KnownDocument:
    """A row of the documents' table."""
    return KnownDocument(
        url=row["url"],
        sha256=row["sha256"],
        page_url=row["page_url"],
        role=row["role"],
        media_type=row["media_type"],
        size=row["bytes"],
        path=row["path"],
        etag=row["etag"],
        last_modified=row["last_modified"],
        outcome=Outcome(row["outcome"]),
        last_seen=row["last_seen"],
        fetched_at=row["fetched_at"],
        link_text=row["link_text"],
    )
