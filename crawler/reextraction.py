"""Reads archived documents again and says what came out differently, and why."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from crawler import EXTRACTOR_VERSION
from crawler.archive_members import Contents, StoredMember, store_member
from crawler.dataset.ledger import Ledger
from crawler.dataset.model import ArchivedDocument, KnownDocument, Record
from crawler.extraction import Extraction
from crawler.isolation import ExtractionPool, NotReadError
from crawler.outcomes import WAITS, Outcome
from crawler.portals.article import promised_kind
from crawler.storage.store import FileStore

Change = dict[str, Any]
"""``key``, ``old``, ``new`` and ``why``: one value, check, flag or fact that differs between two readings."""

AHEAD = 4
"""Documents handed over for each child, so that none waits for us."""

FACTS = ("title", "org_name_raw", "year", "form_version", "reporting_scope", "published_date", "period")
CELL_FACTS = ("value", "raw", "state", "unit")


def wanted(
    documents: Iterable[ArchivedDocument], *, everything: bool = False, outcomes: Collection[Outcome] = ()
) -> Iterator[ArchivedDocument]:
    """The documents to read: those this version has not read.

    Args:
        documents: of the archive.
        everything: also those that this version has read.
        outcomes: only, and also by this version, those whose last reading ended so.
    """
    for document in documents:
        if outcomes:
            if (document.tried or document.outcome) in outcomes:
                yield document
        elif everything or document.tried is None:
            yield document


def expected_kind(document: ArchivedDocument) -> str | None:
    """What the crawl expected: a page's own body was promised by no link, a member of an archive by its own name."""
    if document.role == "body":
        return None
    member = urlsplit(document.url).fragment
    return promised_kind(member or document.url)


def changes(old: Record | None, new: Record | None, why: Mapping[str, Any]) -> Iterator[Change]:
    """What differs between two records of one document: cells, checks, facts, flags, and the length of the text.

    ``None`` stands for a reading that gave no record. ``why`` is part of every change; where the way a table was read
    changed too, it says so.

    >>> old = {"year": 2022, "cells": {"a.b": {"value": 1, "raw": "1", "state": "number", "unit": "piece"}}}
    >>> new = {"year": 2022, "cells": {"a.b": {"value": 7, "raw": "7", "state": "number", "unit": "piece"}}}
    >>> [(change["key"], change["old"], change["new"]) for change in changes(old, new, {})]
    [('a.b', {'value': 1, 'raw': '1'}, {'value': 7, 'raw': '7'})]
    """
    before, after = old or {}, new or {}
    yield from _changed_cells(before, after, why)
    for fact in FACTS:
        if before.get(fact) != after.get(fact):
            yield _change(fact, before.get(fact), after.get(fact), why)
    statuses = [{check["id"]: check["status"] for check in record.get("checks") or ()} for record in (before, after)]
    for check in dict.fromkeys([*statuses[0], *statuses[1]]):
        if statuses[0].get(check) != statuses[1].get(check):
            yield _change(f"checks.{check}", statuses[0].get(check), statuses[1].get(check), why)
    flags = [record.get("quality_flags") or [] for record in (before, after)]
    if set(flags[0]) != set(flags[1]):
        lost, found = ([flag for flag in one if flag not in other] for one, other in (flags, reversed(flags)))
        yield _change("quality_flags", lost, found, why)
    texts = [record.get("text") or "" for record in (before, after)]
    if texts[0] != texts[1]:
        yield _change("text", {"characters": len(texts[0])}, {"characters": len(texts[1])}, why)


def _changed_cells(before: Record, after: Record, why: Mapping[str, Any]) -> Iterator[Change]:
    cells = [record.get("cells") or {} for record in (before, after)]
    for key in dict.fromkeys([*cells[0], *cells[1]]):
        old, new = (side.get(key) or {} for side in cells)
        different = [fact for fact in CELL_FACTS if old.get(fact) != new.get(fact)]
        if not different:
            continue
        reasons = dict(why)
        table = key.partition(".")[0]
        methods = [(record.get("methods") or {}).get(table) for record in (before, after)]
        if any(methods):
            reasons["method"] = methods
        flags = [side.get("flags") or [] for side in (old, new)]
        if any(flags):
            reasons["flags"] = flags
        yield _change(
            key,
            {fact: old.get(fact) for fact in different} if old else None,
            {fact: new.get(fact) for fact in different} if new else None,
            reasons,
        )


def _change(key: str, old: Any, new: Any, why: Mapping[str, Any]) -> Change:
    return {"key": key, "old": old, "new": new, "why": dict(why)}


@dataclass
class Tally:
    """What a run of `Reextraction` came to, in documents and changes."""

    read: int = 0
    changed: int = 0
    values: int = 0
    worse: int = 0
    """Documents that were read before and now give no record; an earlier reading that succeeded stays in the dataset where
    the new one ended in ``failed`` or ``timeout``."""
    better: int = 0
    not_read: int = 0


class Reextraction:
    """Reads documents in a pool and keeps the results in the ledger.

    A change is told before its document is kept, so that a run that is killed and run again tells every change at least once.

    Args:
        ledger: of which the documents are.
        pool: reads them.
        store: the archive.
        expected: the kind of file that a document's link promised, see `crawler.extraction.extract`.
        tell: is given one line a change.
        warn: is given a sentence for each document that could not be tried.
    """

    def __init__(
        self,
        ledger: Ledger,
        pool: ExtractionPool,
        store: FileStore,
        *,
        expected: Callable[[ArchivedDocument], str | None],
        tell: Callable[[Change], None],
        warn: Callable[[str], None],
    ) -> None:
        self.ledger = ledger
        self.pool = pool
        self.store = store
        self.expected = expected
        self.tell = tell
        self.warn = warn
        self.tally = Tally()
        self._asked: set[str] = set()

    def run(self, documents: Iterable[ArchivedDocument]) -> Iterator[ArchivedDocument]:
        """Read them, and what an archive among them newly gives; each is given back once it is kept."""
        waiting = deque(documents)
        self._asked = {document.sha256 for document in waiting}
        opened: list[tuple[ArchivedDocument, Extraction, Contents]] = []
        reading: dict[Future[Extraction], ArchivedDocument] = {}
        most = self.pool.workers * AHEAD
        # Each waits with its document for a child, and a store elsewhere is asked for some at a time.
        readers = ThreadPoolExecutor(most, thread_name_prefix="archive")
        try:
            while waiting or reading:
                while waiting and len(reading) < most:
                    document = waiting.popleft()
                    reading[readers.submit(self._read, document)] = document
                done, _ = wait(reading, return_when=FIRST_COMPLETED)
                for future in done:
                    document = reading.pop(future)
                    try:
                        extraction = future.result()
                        if extraction.members:
                            contents = self._unpacked(extraction)
                            waiting += self._new_members(document, contents)
                            opened.append((document, extraction, contents))
                            continue
                    except (NotReadError, OSError) as error:
                        self.tally.not_read += 1
                        self.warn(f"{document.path} was not read: {error}")
                    else:
                        self._keep(document, extraction)
                    yield document
        finally:
            readers.shutdown(wait=False, cancel_futures=True)
        # An archive ends as its documents do, so it is kept last; killed before, it is opened once more.
        for document, extraction, contents in opened:
            outcome, message = contents.end(self._ends(contents))
            self._keep(document, Extraction(outcome, message, contents.as_record(), extraction.seconds))
            yield document

    def _read(self, document: ArchivedDocument) -> Extraction:
        return self.pool.read_stored(self.store, document.path, self.expected(document))

    def _unpacked(self, extraction: Extraction) -> Contents:
        members = tuple(store_member(self.store, member) for member in extraction.members)
        return Contents(members, extraction.outcome, extraction.message)

    def _new_members(self, archive: ArchivedDocument, contents: Contents) -> Iterator[ArchivedDocument]:
        """Write down where each member was found, with the archive itself; those that nobody has read or will read.

        Of an archive that another has replaced at its address only what is known already is read.
        """
        for place in self.ledger.waiting.places(archive.sha256):
            for member in contents.members:
                url = member.url(place.url)
                self._record_member(place, contents, member, url)
                if member.sha256 and member.path and member.sha256 not in self._asked:
                    self._asked.add(member.sha256)
                    tried = self.ledger.find_extraction(member.sha256, EXTRACTOR_VERSION)
                    if tried is None:
                        yield ArchivedDocument(
                            member.sha256, member.media_type, member.path, url, "attachment", None, None, None, None
                        )
                    else:
                        self.ledger.waiting.settle(member.sha256, EXTRACTOR_VERSION)

    def _record_member(self, place: KnownDocument, contents: Contents, member: StoredMember, url: str) -> None:
        """At the archive's place; what is known there already is left as it is."""
        known = self.ledger.known_document(url)
        if (known is None or known.sha256 != member.sha256) and (member.sha256 or known is None):
            self.ledger.record_document(
                url,
                page_url=place.page_url,
                role="attachment",
                outcome=Outcome(member.outcome or Outcome.FAILED),
                sha256=member.sha256 or "",
                media_type=member.media_type,
                size=member.size,
                path=member.path,
                link_text=contents.link_text(member, place.link_text or ""),
                message=member.message or ("" if member.outcome else WAITS),
                at=datetime.fromisoformat(place.last_seen),
            )

    def _ends(self, contents: Contents) -> list[Outcome]:
        return [self._end(member) for member in contents.members]

    def _end(self, member: StoredMember) -> Outcome:
        if member.sha256 is None:
            return Outcome(member.outcome or Outcome.FAILED)
        read = self.ledger.find_extraction(member.sha256, EXTRACTOR_VERSION)
        return read.outcome if read else Outcome.FAILED

    def _keep(self, document: ArchivedDocument, new: Extraction) -> None:
        old = None if document.version is None else self.ledger.find_extraction(document.sha256, document.version)
        why = {"extractor_version": [document.version, EXTRACTOR_VERSION]}
        found: list[Change] = []
        if old is not None and old.outcome is not new.outcome:
            found.append(_change("outcome", old.outcome.value, new.outcome.value, {**why, "message": new.message}))
        if old is not None:
            found += changes(old.record, new.record, why)
            was_read, is_read = (record is not None and "members" not in record for record in (old.record, new.record))
            self.tally.worse += was_read and not is_read
            self.tally.better += is_read and not was_read
        named = new.record or (old.record if old else None) or {}
        place = {"sha256": document.sha256, "url": document.url, **{key: named.get(key) for key in ("org_name_raw", "year")}}
        for change in found:
            self.tell({**place, **change})
        self.ledger.save_extraction(
            document.sha256,
            EXTRACTOR_VERSION,
            outcome=new.outcome,
            message=new.message,
            record=new.record,
            seconds=new.seconds,
        )
        self.ledger.waiting.settle(document.sha256, EXTRACTOR_VERSION)
        self.tally.read += 1
        self.tally.changed += bool(found)
        self.tally.values += sum(change["key"] in (named.get("cells") or {}) for change in found)
