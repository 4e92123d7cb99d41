"""What the parts of the dataset exchange."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from crawler.outcomes import Outcome

Record = dict[str, Any]
"""One line of ``reports.jsonl``, or the part of it that the forms reader gives."""


@dataclass(frozen=True, slots=True)
class KnownReading:
    """How the present version of the extractor ended with a content."""

    outcome: Outcome
    message: str


@dataclass(frozen=True, slots=True)
class KnownDocument:
    """The newest content kept for a URL, and what a conditional request needs."""

    url: str
    sha256: str
    page_url: str
    role: str
    media_type: str | None
    size: int | None
    path: str | None
    etag: str | None
    last_modified: str | None
    outcome: Outcome
    last_seen: str
    fetched_at: str
    link_text: str | None = None
    reading: KnownReading | None = None
    """``None`` where it was not read, or was not asked for."""


@dataclass(frozen=True, slots=True)
class Validators:
    """What a server gave to be asked with whether something still is as it was (RFC 9110 section 8.8)."""

    etag: str | None = None
    last_modified: str | None = None

    @property
    def conditions(self) -> dict[str, str]:
        """Headers of a conditional request; none where the server gave nothing to ask with."""
        headers = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in headers.items() if value}


@dataclass(frozen=True, slots=True)
class KnownPage:
    """An article as an earlier night left it.

    ``url`` is as the list links it, ``page_url`` where that ends after redirects; ``fingerprint`` is of what the page says,
    without its markup; ``fetched_at`` is when it was last received whole.
    """

    url: str
    page_url: str
    outcome: Outcome
    title: str | None
    published_date: str | None
    source: str | None
    list_title: str | None
    list_date: str | None
    fingerprint: str
    validators: Validators
    fetched_at: str
    documents: tuple[KnownDocument, ...]
    column_url: str | None = None


@dataclass(frozen=True, slots=True)
class Extraction:
    """What one version of the extractor made of one content. ``record`` is ``None`` where it made nothing of it."""

    sha256: str
    extractor_version: str
    outcome: Outcome
    message: str
    record: Record | None
    extracted_at: str
    seconds: float


@dataclass(frozen=True, slots=True)
class ArchivedDocument:
    """A content in the archive with one place it was seen at, and what was made of it.

    ``version`` and ``outcome`` are those of its newest reading, ``None`` where it was never read; ``tried`` is the outcome of
    the version asked for, ``None`` where that version has not read it.
    """

    sha256: str
    media_type: str | None
    path: str
    url: str
    role: str
    version: str | None
    outcome: Outcome | None
    tried: Outcome | None
    link_text: str | None = None


@dataclass(frozen=True, slots=True)
class Sighting:
    """One content seen at one URL, with the page that links it, the portal of that page, and what was read from it.

    ``outcome`` is that of the newest reading, or of the fetch where nothing was stored or read. Dates are ISO dates, times UTC.
    """

    url: str
    sha256: str
    """Empty where nothing was stored."""
    role: str
    outcome: Outcome
    page_url: str
    portal: str
    portal_name: str
    portal_region: str
    first_seen: str
    last_seen: str
    fetched_at: str
    message: str = ""
    portal_region_code: str | None = None
    media_type: str | None = None
    size: int | None = None
    path: str | None = None
    link_text: str | None = None
    page_title: str | None = None
    list_title: str | None = None
    page_published_date: str | None = None
    list_date: str | None = None
    column_url: str | None = None
    gone_at: str | None = None
    """When the page was first missed in its column; ``None`` while it is listed."""
    extractor_version: str | None = None
    record: Record | None = None


@dataclass(frozen=True, slots=True)
class PortalHealth:
    """When a portal was last tried, when it last could be read, and what it has given."""

    portal: str
    name: str
    region: str
    region_code: str | None
    home: str
    family: str | None
    browser: bool | None
    last_attempt: str | None
    last_success: str | None
    last_new_document: str | None
    last_outcome: str | None
    last_message: str
    columns: int
    declared: int | None
    """Sum of the totals that the portal's columns declare; ``None`` where none declares one."""
    collected: int
    documents: int


@dataclass(frozen=True, slots=True)
class ColumnState:
    """How the last sweep of one column ended."""

    portal: str
    url: str
    family: str | None
    last_swept: str
    declared_total: int | None
    collected: int
    outcome: Outcome
    message: str


@dataclass(frozen=True, slots=True)
class PublicationRow:
    """One attempt at publishing, as the ledger remembers it."""

    version: str
    spider: str
    published_at: str
    status: str
    reason: str
    counts: Mapping[str, Any] = field(default_factory=dict)
