"""The ledger: what was tried, seen, kept, read and published, in one SQL database.

Every method that writes is one transaction (or part of one, see `Writer.together`) and says the same thing however often it is
called, so a run that was killed anywhere is simply run again. Nothing outside this module knows the tables or a row's number.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from hashlib import sha256
from types import TracebackType
from typing import Any, Self

import sqlalchemy as sa

from crawler.dataset import sql, tables, upgrading
from crawler.dataset.clock import Clock, iso, utc_now
from crawler.dataset.connections import LedgerError, connect
from crawler.dataset.model import (
    ArchivedDocument,
    ColumnState,
    Extraction,
    KnownDocument,
    PortalHealth,
    PublicationRow,
    Record,
    Sighting,
)
from crawler.dataset.nights import Nights
from crawler.dataset.repeating import never_reached, repeat, repeatable, resumed
from crawler.dataset.visits import Visits, known_document, portions
from crawler.dataset.waiting import Waiting
from crawler.dataset.writing import Writer
from crawler.outcomes import Outcome

FETCH_ROWS = 200
"""Rows held in memory while streaming; a row with its record is some 20 kB compressed."""

TRANSIENT_OUTCOMES = (Outcome.FAILED.value, Outcome.TIMEOUT.value)
"""Ends that say more about the machine than about the document: an earlier reading is better than these."""

PORTAL_FACTS = (
    *("portal", "name", "region", "region_code", "home", "family", "browser"),
    *("last_attempt", "last_success", "last_new_document", "last_outcome", "last_message"),
)

NIGHTLY = ("fetched_at", "last_seen", "last_run", "etag", "last_modified")
"""Facts of a document that move though it stays what it is."""

_CONTENTS = sa.select(tables.documents.c.sha256).where(
    tables.documents.c.url == sa.bindparam("at"), tables.documents.c.sha256.in_(("", sa.bindparam("one")))
)
"""Whether a URL is known to have failed, and to have had one content."""


def pack(record: Mapping[str, Any]) -> bytes:
    """The record as compressed JSON.

    Raises:
        ValueError: a number that JSON has no word for (NaN, infinity).
    """
    return zlib.compress(json.dumps(record, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode())


def unpack(data: bytes) -> Record:
    """The record that ``pack`` was given."""
    record: Record = json.loads(zlib.decompress(data))
    return record


@repeatable
class Ledger:
    """One ledger, as a context manager.

    Args:
        url: of the database, e.g. ``sqlite:///output/ledger.sqlite`` or ``postgresql+psycopg://host/name``. A SQLite
            file's folder is made; missing tables are made, older ones changed.
        clock: gives the time that is written where the caller gives none.

    Raises:
        LedgerError: the ledger was written by a newer version of this software, or its address cannot be used.
    """

    def __init__(self, url: str, *, clock: Clock = utc_now) -> None:
        self._clock = clock
        self._engine, self._reader = connect(url)
        self.writer = Writer(self._engine)
        self.visits = Visits(self.writer, self._reader, clock)
        self.waiting = Waiting(self.writer, self._reader)
        self.nights = Nights(self._reader)
        try:
            # An address that does not work is told at once.
            repeat(self._prepare_tables, unless=never_reached)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Gives the connections back; the ledger can be opened again."""
        self._engine.dispose()

    @property
    def is_here(self) -> bool:
        """Whether the database is part of this process, and answers without a network between."""
        return self._engine.dialect.name == "sqlite"

    # Runs

    def begin_run(self, spider: str, *, started_at: datetime | None = None) -> int:
        """Notes that a run starts, and gives its number for ``finish_run`` and ``record_document``."""
        with self.writer.begin() as connection:
            statement = tables.runs.insert().values(spider=spider, started_at=self._time(started_at))
            return int(connection.execute(statement.returning(tables.runs.c.id)).scalar_one())

    def finish_run(
        self,
        run: int,
        *,
        reason: str,
        exit_status: int = 0,
        stats: Mapping[str, Any] | None = None,
        finished_at: datetime | None = None,
    ) -> None:
        """Notes how a run ended. A run without this was killed. ``stats`` that JSON does not know are written as text."""
        with self.writer.begin() as connection:
            connection.execute(
                tables.runs.update()
                .where(tables.runs.c.id == run)
                .values(
                    finished_at=self._time(finished_at),
                    reason=reason,
                    exit_status=exit_status,
                    stats=json.dumps(dict(stats or {}), default=str, ensure_ascii=False, sort_keys=True),
                )
            )

    def last_success(self, spider: str) -> str | None:
        """When a run of the spider last came to its end with status 0."""
        runs = tables.runs.c
        ended_well = sa.and_(runs.spider == spider, runs.exit_status == 0, runs.reason != "shutdown")
        with self._reader.connect() as connection:
            found: str | None = connection.execute(sa.select(sa.func.max(runs.finished_at)).where(ended_well)).scalar()
        return found

    # The crawl

    def record_portal(
        self,
        spider: str,
        portal: str,
        *,
        name: str,
        region: str,
        home: str,
        region_code: str | None = None,
        outcome: Outcome | None = None,
        message: str = "",
        family: str | None = None,
        browser: bool | None = None,
        new_document: bool = False,
        at: datetime | None = None,
    ) -> None:
        """Notes an attempt on a portal: a success where ``outcome`` is ``ok``, none at all where it is ``None``.

        ``portal`` is the key that columns and pages name. What is learnt (``family``, ``browser``) is kept until something
        else is learnt; ``new_document`` marks the time of the newest document.
        """
        time = self._time(at)
        facts: dict[str, Any] = {"name": name, "region": region, "region_code": region_code, "home": home}
        if outcome is not None:
            facts |= {"last_attempt": time, "last_outcome": outcome.value, "last_message": message}
        if outcome is Outcome.OK:
            facts["last_success"] = time
        if new_document:
            facts["last_new_document"] = time
        facts |= {key: value for key, value in (("family", family), ("browser", browser)) if value is not None}
        with self.writer.begin() as connection:
            sql.upsert(connection, tables.portals, {"spider": spider, "portal": portal}, facts)

    def record_column(
        self,
        portal: str,
        url: str,
        *,
        collected: int,
        outcome: Outcome,
        family: str | None = None,
        declared_total: int | None = None,
        message: str = "",
        at: datetime | None = None,
    ) -> None:
        """Notes one sweep of a column: what its list declares against what was collected."""
        facts = {
            "family": family,
            "last_swept": self._time(at),
            "declared_total": declared_total,
            "collected": collected,
            "outcome": outcome.value,
            "message": message,
        }
        with self.writer.begin() as connection:
            sql.upsert(connection, tables.columns, {"portal": portal, "url": url}, facts)

    def record_page(
        self,
        url: str,
        *,
        portal: str,
        outcome: Outcome,
        column_url: str | None = None,
        title: str | None = None,
        published_date: str | None = None,
        source: str | None = None,
        list_title: str | None = None,
        list_date: str | None = None,
        etag: str | None = None,
        last_modified: str | None = None,
        message: str = "",
        at: datetime | None = None,
    ) -> None:
        """Notes that a page was seen. What is given as ``None`` leaves what was known; a page seen again is not gone."""
        time = self._time(at)
        facts = {
            "column_url": column_url,
            "title": title,
            "published_date": published_date,
            "source": source,
            "list_title": list_title,
            "list_date": list_date,
            "etag": etag,
            "last_modified": last_modified,
        }
        known = {key: value for key, value in facts.items() if value is not None}
        seen: dict[str, Any] = {"last_seen": time, "gone_at": None, "outcome": outcome.value, "message": message}
        with self.writer.begin() as connection:
            sql.upsert(connection, tables.pages, {"url": url, "portal": portal}, known | seen, once={"first_seen": time})

    def mark_gone(self, portal: str, column_url: str, *, not_seen_since: datetime, at: datetime | None = None) -> int:
        """Marks the pages of a completely swept column that were not met since the sweep began; gives their number.

        Their documents stay in the ledger and in the dataset: a report that was published once is not unpublished.
        """
        page = tables.pages.c
        with self.writer.begin() as connection:
            result = connection.execute(
                tables.pages.update()
                .where(
                    page.portal == portal,
                    page.column_url == column_url,
                    page.last_seen < iso(not_seen_since),
                    page.gone_at.is_(None),
                )
                .values(gone_at=self._time(at))
            )
        return int(result.rowcount)

    def record_document(
        self,
        url: str,
        *,
        page_url: str,
        role: str,
        outcome: Outcome,
        sha256: str = "",
        media_type: str | None = None,
        size: int | None = None,
        path: str | None = None,
        etag: str | None = None,
        last_modified: str | None = None,
        link_text: str | None = None,
        message: str = "",
        run: int | None = None,
        at: datetime | None = None,
    ) -> bool:
        """Notes what was got from a URL; whether this content is new there.

        ``role`` is ``body`` or ``attachment``. Without ``sha256`` nothing was stored and ``outcome`` says why: one such row
        a URL, taken away when the URL can be had again. The page first seen to link the document keeps it.
        """
        time = self._time(at)
        facts = {
            "role": role,
            "media_type": media_type,
            "bytes": size,
            "path": path,
            "fetched_at": time,
            "last_seen": time,
            "etag": etag,
            "last_modified": last_modified,
            "outcome": outcome.value,
            "message": message,
            "last_run": run,
        }
        if link_text is not None:
            facts["link_text"] = link_text
        document = tables.documents.c
        with self.writer.begin() as connection:
            known = set(connection.execute(_CONTENTS, {"at": url, "one": sha256}).scalars())
            if sha256 and "" in known:
                connection.execute(tables.documents.delete().where(document.url == url, document.sha256 == ""))
            sql.upsert(
                connection,
                tables.documents,
                {"url": url, "sha256": sha256},
                facts,
                once={"page_url": page_url, "first_seen": time},
            )
        return bool(sha256) and sha256 not in known

    def touch_document(self, url: str, *, run: int | None = None, at: datetime | None = None) -> None:
        """Notes that the newest content of a URL is still what the server has (status 304)."""
        known = self.known_document(url)
        if known is None:
            return
        document = tables.documents.c
        with self.writer.begin() as connection:
            connection.execute(tables.documents.delete().where(document.url == url, document.sha256 == ""))
            connection.execute(
                tables.documents.update()
                .where(document.url == url, document.sha256 == known.sha256)
                .values(last_seen=self._time(at), last_run=run)
            )

    def known_document(self, url: str) -> KnownDocument | None:
        """The content last seen at a URL; ``None`` where none was ever stored."""
        document = tables.documents.c
        statement = (
            sa.select(tables.documents)
            .where(document.url == url, document.sha256 != "")
            .order_by(document.last_seen.desc(), document.first_seen.desc(), document.sha256)
            .limit(1)
        )
        with self._reader.connect() as connection:
            row = connection.execute(statement).mappings().one_or_none()
        return None if row is None else known_document(row)

    @resumed(key=lambda document: document.sha256)
    def archived_documents(self, spider: str, extractor_version: str) -> Iterator[ArchivedDocument]:
        """Every content in the archive from the spider's portals once, by sha256, with what is known of its reading."""
        page, document, portal, own = tables.pages.c, tables.documents.c, tables.portals.c, tables.extractions.c
        rows, reading = _with_newest_reading(tables.documents.join(tables.pages, page.url == document.page_url))
        statement = (
            sa.select(
                *(document.sha256, document.media_type, document.path, document.url, document.role, document.link_text),
                reading.c.extractor_version.label("version"),
                reading.c.outcome.label("outcome"),
                own.outcome.label("tried"),
            )
            .select_from(rows)
            .join(tables.portals, portal.portal == page.portal)
            .outerjoin(
                tables.extractions,
                sa.and_(own.sha256 == document.sha256, own.extractor_version == extractor_version),
            )
            .where(portal.spider == spider, document.sha256 != "", document.path.is_not(None))
            .order_by(document.sha256, document.url)
        )
        last = None
        with self._stream(statement) as streamed:
            for row in streamed.mappings():
                if row["sha256"] != last:
                    last = row["sha256"]
                    outcomes = {key: row[key] and Outcome(row[key]) for key in ("outcome", "tried")}
                    yield ArchivedDocument(**{**row, **outcomes})

    # Extractions

    def find_extraction(self, sha256: str, extractor_version: str, *, with_record: bool = True) -> Extraction | None:
        """What that version made of that content; ``None`` where it has not read it.

        Args:
            with_record: ``False`` leaves the record out, which costs most of the time where only the outcome is asked for.
        """
        extraction = tables.extractions.c
        facts = [column for column in tables.extractions.c if with_record or column is not extraction.record]
        statement = sa.select(*facts).where(extraction.sha256 == sha256, extraction.extractor_version == extractor_version)
        with self._reader.connect() as connection:
            row = connection.execute(statement).mappings().one_or_none()
        if row is None:
            return None
        record = row.get("record")
        return Extraction(
            sha256=sha256,
            extractor_version=extractor_version,
            outcome=Outcome(row["outcome"]),
            message=row["message"],
            record=None if record is None else unpack(record),
            extracted_at=row["extracted_at"],
            seconds=row["seconds"],
        )

    def save_extraction(
        self,
        sha256: str,
        extractor_version: str,
        *,
        outcome: Outcome,
        message: str = "",
        record: Mapping[str, Any] | None = None,
        seconds: float = 0.0,
        at: datetime | None = None,
    ) -> None:
        """Keeps what a version of the extractor made of a content, in place of what the same version made before."""
        facts = {
            "outcome": outcome.value,
            "message": message,
            "record": None if record is None else pack(record),
            "extracted_at": self._time(at),
            "seconds": seconds,
        }
        key = {"sha256": sha256, "extractor_version": extractor_version}
        with self.writer.begin() as connection:
            sql.upsert(connection, tables.extractions, key, facts)

    # What publishing needs

    @resumed(key=lambda sighting: (sighting.portal, sighting.page_url, sighting.url, sighting.sha256))
    def iter_sightings(self, spider: str) -> Iterator[Sighting]:
        """Every document on a page of the spider's portals with its newest reading, by portal, page, URL and content.

        The newest reading is the last one that did not end in ``failed`` or ``timeout``, else the last one. Streams: a few
        hundred rows are in memory at a time.
        """
        statement = _sightings(spider)
        # Records are fetched by their key, one at a time: as part of the sorted rows the database would sort them too.
        with self._stream(statement) as rows, self._reader.connect() as connection:
            for row in rows.mappings():
                yield _sighting(row, self._record(connection, row["sha256"], row["extractor_version"]))

    def state_digest(self, spider: str) -> str:
        """A digest of all that ``iter_sightings`` gives, but for times that every night moves; equal where nothing happened.

        Costs one pass over narrow rows: no record is opened.
        """
        digest = sha256()
        with self._stream(_sightings(spider)) as rows:
            for row in rows.mappings():
                lasting = [str(value) for key, value in row.items() if key not in NIGHTLY]
                digest.update("\x1f".join(lasting).encode() + b"\n")
        return digest.hexdigest()

    def left_contents(self, spider: str, contents: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
        """Of these contents (URL and sha256) those that no list shows any more, or that another has replaced at their URL."""
        page, document, portal = tables.pages.c, tables.documents.c, tables.portals.c
        own = sa.exists().where(portal.portal == page.portal, portal.spider == spider)
        statement = (
            sa.select(document.url, document.sha256, document.first_seen, document.last_seen, _gone_at())
            .join(tables.pages, page.url == document.page_url)
            .where(document.sha256 != "", own)
        )
        asked = set(contents)
        left: set[tuple[str, str]] = set()
        with self._reader.connect() as connection:
            for some in portions(sorted({url for url, _ in asked})):
                left |= _left(connection.execute(statement.where(document.url.in_(some))).mappings())
        return left & asked

    def load_record(self, sha256: str, extractor_version: str) -> Record:
        """The record that an extraction gave.

        Raises:
            LedgerError: there is none.
        """
        with self._reader.connect() as connection:
            record = self._record(connection, sha256, extractor_version)
        if record is None:
            raise LedgerError(f"no record of {sha256} by extractor {extractor_version}")
        return record

    def portal_health(self, spider: str) -> list[PortalHealth]:
        """The state of each portal of the spider, by region and key."""
        column, page, document = tables.columns.c, tables.pages.c, tables.documents.c
        sweeps = (
            sa.select(
                column.portal,
                sa.func.count().label("columns"),
                sa.cast(sa.func.sum(column.declared_total), sa.BigInteger).label("declared"),
                sa.func.sum(column.collected).label("collected"),
            )
            .group_by(column.portal)
            .subquery()
        )
        holdings = (
            sa.select(page.portal, sa.func.count(sa.distinct(document.url)).label("documents"))
            .select_from(tables.pages)
            .join(tables.documents, document.page_url == page.url)
            .where(document.sha256 != "")
            .group_by(page.portal)
            .subquery()
        )
        statement = (
            sa.select(tables.portals, sweeps.c.columns, sweeps.c.declared, sweeps.c.collected, holdings.c.documents)
            .outerjoin(sweeps, sweeps.c.portal == tables.portals.c.portal)
            .outerjoin(holdings, holdings.c.portal == tables.portals.c.portal)
            .where(tables.portals.c.spider == spider)
            .order_by(tables.portals.c.region, tables.portals.c.portal)
        )
        with self._reader.connect() as connection:
            rows = connection.execute(statement).mappings().all()
        return [
            PortalHealth(
                **{key: row[key] for key in PORTAL_FACTS},
                declared=row["declared"],
                columns=row["columns"] or 0,
                collected=row["collected"] or 0,
                documents=row["documents"] or 0,
            )
            for row in rows
        ]

    def portals_before(self, spider: str) -> dict[str, tuple[str | None, bool]]:
        """When each portal of the spider could last be read, and whether that took the browser; by key.

        Narrow rows of one table: every run begins with this.
        """
        portal = tables.portals.c
        statement = sa.select(portal.portal, portal.last_success, portal.browser).where(portal.spider == spider)
        with self._reader.connect() as connection:
            return {row.portal: (row.last_success, bool(row.browser)) for row in connection.execute(statement)}

    def column_states(self, spider: str) -> list[ColumnState]:
        """How the last sweep of every column of the spider's portals ended, by portal and address."""
        column, portal = tables.columns.c, tables.portals.c
        statement = (
            sa.select(tables.columns)
            .join(tables.portals, portal.portal == column.portal)
            .where(portal.spider == spider)
            .order_by(column.portal, column.url)
        )
        with self._reader.connect() as connection:
            rows = connection.execute(statement).mappings().all()
        return [ColumnState(**{**row, "outcome": Outcome(row["outcome"])}) for row in rows]

    def portal_outcomes(self, spider: str) -> dict[str, dict[str, int]]:
        """How many documents of each portal ended in which outcome, by their newest reading."""
        page, document, portal = tables.pages.c, tables.documents.c, tables.portals.c
        rows, reading = _with_newest_reading(
            tables.portals.join(tables.pages, page.portal == portal.portal).join(
                tables.documents, document.page_url == page.url
            )
        )
        outcome = sa.func.coalesce(reading.c.outcome, document.outcome).label("final")
        statement = (
            sa.select(portal.portal, outcome, sa.func.count())
            .select_from(rows)
            .where(portal.spider == spider)
            .group_by(portal.portal, outcome)
            .order_by(portal.portal, outcome)
        )
        counts: dict[str, dict[str, int]] = {}
        with self._reader.connect() as connection:
            for key, name, count in connection.execute(statement):
                counts.setdefault(key, {})[name] = count
        return counts

    def listed_titles(self, spider: str) -> Iterator[tuple[str, str]]:
        """Portal and title of every page that its list still shows."""
        for portal, _, title in self._listed(spider):
            yield portal, title

    @resumed(key=lambda listed: listed[:2])
    def _listed(self, spider: str) -> Iterator[tuple[str, str, str]]:
        page, portal = tables.pages.c, tables.portals.c
        statement = (
            sa.select(page.portal, page.url, sa.func.coalesce(page.list_title, page.title, "").label("listed_as"))
            .join(tables.portals, portal.portal == page.portal)
            .where(portal.spider == spider, page.gone_at.is_(None))
            .order_by(portal.portal, page.url)
        )
        with self._stream(statement) as rows:
            for row in rows.mappings():
                yield row["portal"], row["url"], row["listed_as"]

    def outcome_counts(self, *, spider: str | None = None, run: int | None = None) -> dict[Outcome, int]:
        """How many documents ended in which outcome, for one run or for all that a spider's portals hold.

        Raises:
            ValueError: neither, or both, of ``spider`` and ``run`` are given.
        """
        counts: dict[Outcome, int] = {}
        for outcomes in self.media_type_counts(spider=spider, run=run).values():
            for outcome, count in outcomes.items():
                counts[outcome] = counts.get(outcome, 0) + count
        return dict(sorted(counts.items()))

    def media_type_counts(self, *, spider: str | None = None, run: int | None = None) -> dict[str | None, dict[Outcome, int]]:
        """How many documents of which media type ended in which outcome; ``None`` is the type of what was never stored.

        Raises:
            ValueError: neither, or both, of ``spider`` and ``run`` are given.
        """
        if (spider is None) == (run is None):
            raise ValueError("counts need either a spider or a run")
        page, document, portal = tables.pages.c, tables.documents.c, tables.portals.c
        rows, reading = _with_newest_reading(tables.documents)
        keys = (document.media_type, sa.func.coalesce(reading.c.outcome, document.outcome).label("final"))
        if run is not None:
            chosen = document.last_run == run
        else:  # however many of the spider's portals list the page
            listed = tables.pages.join(tables.portals, portal.portal == page.portal)
            chosen = sa.exists().select_from(listed).where(page.url == document.page_url, portal.spider == spider)
        statement = (
            sa.select(*keys, sa.func.count())
            .select_from(rows)
            .where(chosen)
            .group_by(*keys)
            .order_by(keys[0].nulls_first(), keys[1])
        )
        counts: dict[str | None, dict[Outcome, int]] = {}
        with self._reader.connect() as connection:
            for media_type, name, count in connection.execute(statement):
                counts.setdefault(media_type, {})[Outcome(name)] = count
        return counts

    # Publications

    def record_publication(
        self, spider: str, version: str, *, status: str, reason: str, counts: Mapping[str, Any], at: datetime | None = None
    ) -> None:
        """Notes an attempt at publishing: ``status`` is ``published`` or ``failed``. The folders are the truth, not this."""
        facts = {
            "published_at": self._time(at),
            "counts": json.dumps(dict(counts), ensure_ascii=False, sort_keys=True),
            "status": status,
            "reason": reason,
        }
        with self.writer.begin() as connection:
            sql.upsert(connection, tables.publications, {"spider": spider, "version": version}, facts)

    def publications(self, spider: str) -> list[PublicationRow]:
        """Every attempt at publishing the spider's dataset, oldest first."""
        publication = tables.publications.c
        statement = sa.select(tables.publications).where(publication.spider == spider).order_by(publication.version)
        with self._reader.connect() as connection:
            rows = connection.execute(statement).mappings().all()
        return [
            PublicationRow(
                version=row["version"],
                spider=row["spider"],
                published_at=row["published_at"],
                status=row["status"],
                reason=row["reason"],
                counts=json.loads(row["counts"]),
            )
            for row in rows
        ]

    # Inside

    def _time(self, moment: datetime | None) -> str:
        return iso(moment or self._clock())

    @staticmethod
    def _record(connection: sa.Connection, sha256: str, extractor_version: str | None) -> Record | None:
        data = connection.execute(_RECORD, {"content": sha256, "version": extractor_version}).scalar_one_or_none()
        return None if data is None else unpack(data)

    def _prepare_tables(self) -> None:
        with self._reader.connect() as connection:
            if upgrading.is_current(connection):
                return
        with self.writer.begin() as connection:
            upgrading.bring_up(connection)

    @contextmanager
    def _stream(self, statement: sa.Select[Any]) -> Iterator[sa.Result[Any]]:
        with self._reader.connect() as connection:
            yield connection.execution_options(yield_per=FETCH_ROWS).execute(statement)


_RECORD = sa.select(tables.extractions.c.record).where(
    tables.extractions.c.sha256 == sa.bindparam("content"),
    tables.extractions.c.extractor_version == sa.bindparam("version"),
)
"""Made once: it is asked for every report."""


def _with_newest_reading(source: sa.FromClause) -> tuple[sa.FromClause, sa.FromClause]:
    """Rows of documents beside the newest reading of each, if it was read at all; and that reading's table.

    Asked for document by document: ranking all readings first, PostgreSQL joined them to a streamed result by comparing each
    with each, and SQLite read past every record.
    """
    reading, other = tables.extractions.alias("reading"), tables.extractions.alias("other").c
    newest = (
        sa.select(other.extractor_version)
        .where(other.sha256 == tables.documents.c.sha256)
        .order_by(
            sa.case((other.outcome.in_(TRANSIENT_OUTCOMES), 1), else_=0),
            other.extracted_at.desc(),
            other.extractor_version.desc(),
        )
        .limit(1)
        .correlate(tables.documents)
        .scalar_subquery()
    )
    its = sa.and_(reading.c.sha256 == tables.documents.c.sha256, reading.c.extractor_version == newest)
    return source.outerjoin(reading, its), reading


def _sightings(spider: str) -> sa.Select[Any]:
    """Every document on a page of the spider's portals with its newest reading, by portal, page, URL and content."""
    page, document, portal = tables.pages.c, tables.documents.c, tables.portals.c
    rows, reading = _with_newest_reading(
        tables.portals.join(tables.pages, page.portal == portal.portal).join(tables.documents, document.page_url == page.url)
    )
    return (
        sa.select(
            tables.documents,
            page.title.label("page_title"),
            page.list_title,
            page.list_date,
            page.published_date,
            page.column_url,
            _gone_at(),
            portal.portal,
            portal.name.label("portal_name"),
            portal.region,
            portal.region_code,
            reading.c.extractor_version,
            reading.c.extracted_at,
            reading.c.outcome.label("reading_outcome"),
            reading.c.message.label("reading_message"),
        )
        .select_from(rows)
        .where(portal.spider == spider)
        # As the keys of portals and pages are sorted, so that the database need not sort all before it gives the first.
        .order_by(portal.portal, page.url, document.url, document.sha256)
    )


def _gone_at() -> sa.Label[Any]:
    """When a document left its list. One seen after its page was last seen is linked from elsewhere now."""
    page, document = tables.pages.c, tables.documents.c
    return sa.case((document.last_seen > page.last_seen, None), else_=page.gone_at).label("gone_at")


def _left(rows: Iterable[sa.RowMapping]) -> set[tuple[str, str]]:
    listed: dict[tuple[str, str], bool] = {}
    newest: dict[str, tuple[str, str, str]] = {}
    for row in rows:
        content = row["url"], row["sha256"]
        listed[content] = listed.get(content, False) or row["gone_at"] is None
        seen = row["last_seen"], row["first_seen"], row["sha256"]
        newest[row["url"]] = max(newest.get(row["url"], seen), seen)
    return {(url, one) for (url, one), is_listed in listed.items() if not is_listed or newest[url][2] != one}


def _sighting(row: sa.RowMapping, record: Record | None) -> Sighting:
    # What was stored is judged by its newest reading; the fetch has its say only where nothing was stored or read.
    read = row["reading_outcome"]
    return Sighting(
        url=row["url"],
        sha256=row["sha256"],
        role=row["role"],
        outcome=Outcome(read or row["outcome"]),
        message=(row["reading_message"] if read else row["message"]) or "",
        page_url=row["page_url"],
        portal=row["portal"],
        portal_name=row["portal_name"],
        portal_region=row["region"],
        portal_region_code=row["region_code"],
        first_seen=row["first_seen"],
        last_seen=row["last_seen"],
        fetched_at=row["fetched_at"],
        media_type=row["media_type"],
        size=row["bytes"],
        path=row["path"],
        link_text=row["link_text"],
        page_title=row["page_title"],
        list_title=row["list_title"],
        page_published_date=row["published_date"],
        list_date=row["list_date"],
        column_url=row["column_url"],
        gone_at=row["gone_at"],
        extractor_version=row["extractor_version"],
        record=record,
    )
