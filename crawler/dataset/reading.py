"""One document's record reduced to what tells reports, renditions and versions apart.

Records are large and a nation has many, so assembling keeps these small summaries and fetches a record again only where
two texts must be laid side by side.
"""

from __future__ import annotations

import json
import re
import unicodedata
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from hashlib import blake2b
from typing import Any, TypeVar
from urllib.parse import unquote

from crawler.dataset.model import Record, Sighting
from crawler.dataset.organisation_context import settle_by_words
from crawler.dataset.organisations import BY_NAME_ONLY, UNRESOLVED, Gazetteer, Organisation, resolve_organisation
from crawler.forms.catalogue import all_metrics
from crawler.forms.context_checks import RECEIVED
from crawler.forms.model import State, Status
from crawler.forms.parts import join_parts
from crawler.outcomes import Outcome

TitleReader = Callable[[str], tuple[str | None, int | None]]
"""What a title says: the organisation's name and the reporting year."""

CORRECTION_WORDS = ("更正", "修订", "重新发布", "勘误")
OWN_SCOPE = "own"
UNKNOWN_SCOPE = "unknown"
UNSTATED_SCOPES = (None, "", UNKNOWN_SCOPE)

YEAR_UNKNOWN = "year_unknown"
ORGANISATION_FROM_PAGE = "organisation_from_page_title"
YEAR_FROM_PAGE = "year_from_page_title"

UNKNOWN_STATES = (State.ABSENT.value, State.UNPARSED.value)
"""Cells of which a rendition knows nothing, so that they cannot contradict another rendition."""

MINIMUM_TEXT = 50
"""Characters below which two equal texts say nothing: a heading alone is no report."""

NO_NUMBER = frozenset(state.value for state in State)

READ_BY_OCR = "read_by_ocr"
OCR_DOUBTS = ("no_two_readings_agree:", "second_reading_differs:", "ocr_suspect:")
"""Quality flags of cells that OCR may have misread."""

MEDIA_TYPE_ORDER = (
    "text/html",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/msword",
    "application/pdf",
    "application/ofd",
)
"""Breaks ties between renditions that are equally complete: markup keeps its tables' rows and columns exactly."""

IN_COMMON = (
    *("role", "portal", "portal_name", "portal_region", "portal_region_code", "first_seen", "last_seen", "fetched_at"),
    *("media_type", "page_published_date", "list_date", "column_url", "gone_at", "extractor_version"),
)
"""What many sightings say alike."""

Shared = TypeVar("Shared")

WIDE_SIGNS, NARROW_SIGNS = "，：；（）！？", ",:;()!?"
NOT_TEXT = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Reading:
    """A sighting (without its record) and the facts about its record that assembling needs."""

    sighting: Sighting
    organisation: Organisation
    year: int | None
    scope: str | None
    """``None`` where the document does not say."""
    scope_key: str
    """The scope that tells reports apart: ``own`` where none is stated, here or in another document of the same year."""
    corrected: bool
    published_date: str | None
    text_digest: str | None
    """Of the whole text; ``None`` where there is too little to tell texts apart by."""
    prose_digest: str | None
    """Of the sections without the organisation's own names: equal for a report copied from a neighbour."""
    prose_length: int
    known_cells: bytes
    """Of every cell of which something is known, packed: see ``cells``. Equal where all of them are."""
    known_count: int
    has_non_zero: bool
    section_count: int
    identities_passed: int
    identities_failed: int
    flags: tuple[str, ...]
    by_ocr: bool = False
    """Whether pages of the document are images."""
    tables: frozenset[str] = frozenset()
    """Of which something is legible."""
    parts: tuple[Sighting, ...] = ()
    """The documents that the report was joined from; empty where it is one document."""
    form_version: str | None = None
    received: float | None = None
    """Requests received in the year, for the report of the level above."""

    @property
    def order(self) -> tuple[str, str, str, str]:
        """A total order of readings that no crawl order changes."""
        sighting = self.sighting
        return sighting.url, sighting.sha256, sighting.page_url, sighting.portal

    @property
    def completeness(self) -> tuple[int, int, int, int, bool, int]:
        """Larger is better: cells, sections, identities, born digital, media type."""
        media_type = self.sighting.media_type or ""
        place = MEDIA_TYPE_ORDER.index(media_type) if media_type in MEDIA_TYPE_ORDER else len(MEDIA_TYPE_ORDER)
        return (
            self.known_count,
            self.section_count,
            self.identities_passed,
            -self.identities_failed,
            self.sighting.outcome is not Outcome.SCANNED and not self.by_ocr,
            -place,
        )

    def cells(self) -> dict[str, Any]:
        """The value, or the state, of each cell of which something is known."""
        printed, others = json.loads(zlib.decompress(self.known_cells))
        known = {key: text for key, text in zip(_metric_keys(), printed, strict=True) if text is not None}
        return {**known, **others}

    def values(self) -> dict[str, float]:
        """The numbers that are legible, for the checks of the year after; a cell that OCR doubts is none."""
        return {key: _parsed(text) for key, text in self.cells().items() if text not in NO_NUMBER}


def normalise_text(text: str) -> str:
    """The letters and digits of a text in one width: equal for two layouts of the same words.

    >>> normalise_text("（一）主动 公开１２件。")
    '一主动公开12件'
    """
    # Nearly all texts have these and nothing else to normalise, and to find that out takes a tenth of the time.
    for wide, narrow in zip(WIDE_SIGNS, NARROW_SIGNS, strict=True):
        text = text.replace(wide, narrow)
    return NOT_TEXT.sub("", unicodedata.normalize("NFKC", text))


def prose(record: Mapping[str, Any]) -> str:
    """The words of the sections, without their tables, normalised."""
    return normalise_text("".join(section.get("text") or "" for section in record.get("sections") or ()))


def read_sighting(sighting: Sighting, gazetteer: Gazetteer, read_title: TitleReader | None = None) -> Reading:
    """What assembling needs to know of a sighting that has a record.

    ``read_title`` is asked, for the link's text and the page's titles in turn, only where the document itself does not
    say whose report it is or for which year; a flag says so.

    Raises:
        ValueError: the sighting has no record.
    """
    record = sighting.record
    if record is None:
        raise ValueError(f"{sighting.url} has no record")
    titles = [title for title in (sighting.link_text, sighting.page_title, sighting.list_title) if title]
    name, year, flags = record.get("org_name_raw"), record.get("year"), []
    if read_title is not None:
        for title in titles:
            if name and year is not None:
                break
            title_name, title_year = read_title(title)
            if not name and title_name:
                name = title_name
                flags.append(ORGANISATION_FROM_PAGE)
            if year is None and title_year is not None:
                year = title_year
                flags.append(YEAR_FROM_PAGE)
    organisation = resolve_organisation(
        name,
        portal_region=sighting.portal_region,
        portal_region_code=sighting.portal_region_code,
        gazetteer=gazetteer,
    )
    organisation = settle_by_words(organisation, name, record, gazetteer, titles)
    flags += organisation_flags(organisation, has_portal=bool(sighting.portal_region))
    if year is None:
        flags.append(YEAR_UNKNOWN)
    scope: str = record.get("reporting_scope") or UNKNOWN_SCOPE
    words = prose(record)
    text = normalise_text(record.get("text") or "")
    known = known_cells(record)
    identities = [check["status"] for check in record.get("checks") or () if check["kind"] == "identity"]
    return Reading(
        sighting=_lean(sighting),
        organisation=organisation,
        year=year,
        scope=None if scope in UNSTATED_SCOPES else _one(scope),
        scope_key=OWN_SCOPE if scope in UNSTATED_SCOPES else _one(scope),
        corrected=any(
            word in title for word in CORRECTION_WORDS for title in (record.get("title") or "", *titles, unquote(sighting.url))
        ),
        published_date=record.get("published_date") or sighting.page_published_date or sighting.list_date,
        text_digest=_digest(text) if len(text) >= MINIMUM_TEXT else None,
        prose_digest=_prose_digest(words, name, organisation),
        prose_length=len(words),
        known_cells=_packed(known),
        known_count=len(known),
        has_non_zero=any(value not in {"0", State.BLANK.value, State.NA_MARK.value} for value in known.values()),
        section_count=sum(1 for section in record.get("sections") or () if (section.get("text") or "").strip()),
        identities_passed=identities.count(Status.PASS.value),
        identities_failed=identities.count(Status.FAIL.value),
        flags=tuple(flags),
        by_ocr=READ_BY_OCR in (record.get("quality_flags") or ()),
        tables=_one(frozenset(key.partition(".")[0] for key in known)),
        form_version=_one(record.get("form_version")),
        received=(record.get("values") or {}).get(RECEIVED),
    )


def _lean(sighting: Sighting) -> Sighting:
    """Without its record; what a nation's sightings have in common is one object for all of them."""
    page_url = sighting.url if sighting.page_url == sighting.url else sighting.page_url
    return replace(sighting, record=None, page_url=page_url, **{name: _one(getattr(sighting, name)) for name in IN_COMMON})


@lru_cache(maxsize=4096)
def _one(value: Shared) -> Shared:
    """The first of all values that are equal to this one."""
    return value


@cache
def _metric_keys() -> tuple[str, ...]:
    return tuple(metric.key for metric in all_metrics())


def _packed(known: Mapping[str, str]) -> bytes:
    """Cells by their place among the metrics: a third of what they take with their keys."""
    keys = _metric_keys()
    others = {key: known[key] for key in known.keys() - set(keys)}
    return zlib.compress(json.dumps([[known.get(key) for key in keys], others], sort_keys=True, separators=(",", ":")).encode())


def load_reading(reading: Reading, load: Callable[[str, str], Record]) -> Record:
    """The record of a reading, put together again where it was joined."""
    if not reading.parts:
        return load(reading.sighting.sha256, reading.sighting.extractor_version or "")
    records = [load(part.sha256, part.extractor_version or "") for part in reading.parts]
    return join_parts(records, [part.sha256 for part in reading.parts])


def organisation_flags(organisation: Organisation, *, has_portal: bool) -> list[str]:
    """What a reader of the record should know about how sure its organisation is."""
    if organisation.org_id is None:
        return [UNRESOLVED]
    return [BY_NAME_ONLY] if organisation.is_by_name_only and not has_portal else []


def known_cells(record: Mapping[str, Any]) -> dict[str, str]:
    """The number as text, or the state, of every cell that the document prints legibly.

    A number read by OCR that a second reading or a sum speaks against is not legible: another rendition may know better.

    >>> known_cells({"cells": {"a": {"value": 1.50, "state": "number"}, "b": {"value": None, "state": "absent"}}})
    {'a': '1.5'}
    """
    flags = record.get("quality_flags") or ()
    doubted = {flag.partition(":")[2] for flag in flags if flag.startswith(OCR_DOUBTS)} if READ_BY_OCR in flags else set()
    return {
        key: _number(cell["value"]) if cell["value"] is not None else cell["state"]
        for key, cell in (record.get("cells") or {}).items()
        if cell["state"] not in UNKNOWN_STATES and key not in doubted
    }


def _parsed(text: str) -> float:
    """The number that ``_number`` wrote."""
    return int(text) if text.lstrip("-").isdigit() else float(text)


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)


def _prose_digest(words: str, name: str | None, organisation: Organisation) -> str | None:
    """Of the words without the names of the organisation and of its places."""
    own = {name or "", organisation.own_name, organisation.org_name or "", *(organisation.region_path or "").split("/")}
    for part in sorted({normalise_text(part) for part in own}, key=lambda part: (-len(part), part)):
        words = words.replace(part, "") if part else words
    return _digest(words) if len(words) >= MINIMUM_TEXT else None


def _digest(text: str) -> str:
    return blake2b(text.encode(), digest_size=16).hexdigest()
