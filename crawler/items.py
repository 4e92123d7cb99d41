"""What travels through the pipelines: one page of a column, with its documents."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from crawler.dataset.model import KnownDocument, Validators
from crawler.portals.model import Portal

if TYPE_CHECKING:
    from scrapy.http import Response


@dataclass(slots=True)
class DocumentItem:
    """One document of a page: an attachment or the article body itself.

    ``outcome`` is ``None`` until a station knows how it ended. ``path`` is relative to the attachment store. ``extraction``
    is the record of the document alone. ``pages`` are the addresses of its images, in order, where it is a report published
    as images; ``url`` is then the page's with a fragment.
    """

    url: str
    role: str
    link_text: str = ""
    expected: str | None = None
    sha256: str | None = None
    media_type: str | None = None
    size: int | None = None
    """Bytes."""
    path: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    unchanged: bool = False
    """The server says that the content known to the ledger is still what it has."""
    outcome: str | None = None
    message: str = ""
    known: KnownDocument | None = field(default=None, repr=False)
    """The newest content that the ledger has for the address, where the page is known."""
    extraction: dict[str, Any] | None = None
    pages: tuple[str, ...] = field(default=(), repr=False)
    digest: str | None = None
    """The sha256 of ``content``, where it is known before it is stored; ``media_type`` is known then too."""
    content: bytes | None = field(default=None, repr=False)
    """The bytes between download and extraction; dropped afterwards."""
    answer: Response | Exception | None = field(default=None, repr=False)
    """What came of asking whether it changed, unless it did not; dropped once it is stored."""


@dataclass(slots=True)
class PageItem:
    """One article page of a report column, or a document that the list links to directly."""

    portal: Portal
    column_url: str
    page_url: str
    list_title: str = ""
    list_date: str | None = None
    title: str | None = None
    published_date: str | None = None
    source: str | None = None
    documents: list[DocumentItem] = field(default_factory=list)
    outcome: str | None = None
    message: str = ""
    link_url: str = ""
    """As the list links the page, where it was received whole in this run; ``fingerprint`` is then of what it says."""
    fingerprint: str = ""
    validators: Validators = field(default_factory=Validators)
    """What asks the server next time whether the page is still as it was."""
    was: str | None = None
    """How the page ended when it was read, where it is as it was then, and in the column it was in."""
