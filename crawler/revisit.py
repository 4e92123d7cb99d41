"""What of the known is asked for again: the rules by which a night without news costs next to nothing.

A column's list is read every night, whole. What it lists is then

* fetched, where it is new, where its row changed, where something about it could not be had, or where its time has come;
* asked about, where the server gave something to ask with (ETag, Last-Modified): a 304 costs a few hundred bytes;
* trusted, where the server cannot be asked: then each page and each document is fetched anew once in REVISIT_DAYS, every one on
  a day of its own.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from crawler.outcomes import Outcome

if TYPE_CHECKING:
    from crawler.dataset.model import KnownDocument, KnownPage
    from crawler.portals.model import ArticlePage, Link

UNSETTLED = frozenset({Outcome.FAILED, Outcome.TIMEOUT, Outcome.TRUNCATED, Outcome.NOT_FOUND, Outcome.BLOCKED})
"""Ends of a page or a fetch that the next night may better; what was stored and read is settled."""


IN_PLACE_OF = frozenset({Outcome.NOT_A_DOCUMENT, Outcome.TRUNCATED})
"""Ends of a document that was stored but is not the file it should be: an error page that stands in its place may be gone."""


class Visit(StrEnum):
    """What is done about something known."""

    FETCH = "fetch"
    ASK = "ask"
    TRUST = "trust"


@dataclass(frozen=True, slots=True)
class RevisitPolicy:
    """When what cannot be asked about is fetched anew.

    Args:
        now: of this run, in UTC.
        days: between two fetches; 0 fetches every night.
    """

    now: datetime
    days: int

    def page(self, known: KnownPage | None, link: Link) -> Visit:
        """What is done about the page behind a row of a list."""
        if known is None or known.outcome in UNSETTLED:
            return Visit.FETCH
        if not is_listed_alike(known, link):
            return Visit.FETCH
        if any(not document.sha256 for document in known.documents):
            return Visit.FETCH
        if known.validators.conditions:
            return Visit.ASK
        return Visit.FETCH if self.is_due(known.url, known.fetched_at) else Visit.TRUST

    def document(self, known: KnownDocument | None) -> Visit:
        """What is done about a document that a page links."""
        if known is None or not known.sha256 or not known.path or known.outcome in UNSETTLED | IN_PLACE_OF:
            return Visit.FETCH
        if known.etag or known.last_modified:
            return Visit.ASK
        return Visit.FETCH if self.is_due(known.url, known.fetched_at) else Visit.TRUST

    def is_due(self, url: str, fetched_at: str) -> bool:
        """Whether the day of ``url`` has come: each has its own, so that no night has them all."""
        fetched = datetime.fromisoformat(fetched_at)
        if self.now - fetched >= timedelta(days=2 * self.days):
            return True
        if self.now - fetched < timedelta(days=min(1, self.days)):
            return False
        return self.is_the_day_of(url)

    def is_the_day_of(self, url: str) -> bool:
        """Whether it is the one day of the round that belongs to ``url``."""
        own_day = int.from_bytes(hashlib.sha256(url.encode()).digest()[:4]) % max(1, self.days)
        return self.now.toordinal() % max(1, self.days) == own_day


def is_listed_alike(known: KnownPage, link: Link) -> bool:
    """Whether a row of a list says of a page what it said before."""
    return (known.list_title or "", known.list_date) == (" ".join(link.text.split()), link.date or known.list_date)


def fingerprint(page: ArticlePage) -> str:
    """A digest of what an article says and links; its markup, its counters and its advice of the day left out."""
    said = [
        *(page.title, page.published_date, page.source),
        *(page.body_text, page.outer_tables),
        [(link.url, link.text) for link in page.attachments],
        [link.url for link in page.images],
    ]
    return hashlib.sha256(json.dumps(said, ensure_ascii=False).encode()).hexdigest()
