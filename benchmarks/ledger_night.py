"""The ledger's part of one night, in the words of the crawl; `benchmarks.ledger` times each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from itertools import islice
from typing import NamedTuple

from benchmarks import ledger_filling as filled
from benchmarks.ledger_filling import SPIDER
from crawler import EXTRACTOR_VERSION
from crawler.crawl.pages import ROWS_LOOKED_UP
from crawler.crawl.unchanged import AT_ONCE
from crawler.dataset.ledger import Ledger
from crawler.dataset.model import Validators
from crawler.health import portal_states
from crawler.outcomes import Outcome

SAMPLED_PORTALS = 40
"""Portals of which a night's questions are asked, in ledgers of every size: those of the smallest."""

NEWS = 400
"""New reports, and as many whose page says something else; of 40 portals with 10,000 reports far more than most nights have."""

BATCH = 8
"""Pages that come while others are being written, and are written together: some, where many portals are at work."""

TONIGHT = filled.BEGINNING + timedelta(days=1)


class Step(NamedTuple):
    """Of a night: what it does, for how many known reports, and whether it looks at the whole ledger or only what is new."""

    name: str
    work: Callable[[], object]
    reports: int
    kind: str
    """``sweep``, ``whole``, ``news`` or ``publish``."""


class Night:
    """One night over a sample of the portals of a ledger.

    Args:
        ledger: as `ledger_filling.fill` has made it.
        reports: that it knows.
        nights: how many came before, so that their news are other ones.
    """

    def __init__(self, ledger: Ledger, reports: int, nights: int) -> None:
        self.ledger, self.reports, self.nights = ledger, reports, nights
        portals = reports // filled.REPORTS
        self.portals = list(range(0, portals, max(1, portals // SAMPLED_PORTALS)))[:SAMPLED_PORTALS]
        self.begun = TONIGHT + timedelta(days=nights)
        self.run = 0

    def steps(self) -> list[Step]:
        """In the order of a night."""
        sampled, every = len(self.portals) * filled.REPORTS, self.reports
        return [
            Step("begin", self.begin, every, "whole"),
            Step("lists asked about, read again", self.ask_lists, sampled, "sweep"),
            Step("pages looked up", self.look_up, sampled, "sweep"),
            Step("pages touched", self.touch, sampled, "sweep"),
            Step("portals and columns recorded, gone pages", self.end_portals, sampled, "sweep"),
            Step("state of the whole (state_digest)", self.digest, every, "whole"),
            Step("health of all portals", self.health, every, "whole"),
            Step("new and changed reports written", self.news, 2 * NEWS, "news"),
            Step("every sighting with its record, as publishing", self.sightings, every, "publish"),
            Step("outcomes counted, as publishing", self.counts, every, "publish"),
            Step("what left its list or was replaced", self.left, sampled, "publish"),
            Step("archive, as re-extraction", self.archive, every, "publish"),
        ]

    def begin(self) -> None:
        """As the spider begins."""
        expect(self.ledger.portals_before(SPIDER))
        self.run = self.ledger.begin_run(SPIDER)

    def ask_lists(self) -> None:
        """The columns of a portal, and of each page of their lists what it is asked with; each is answered with 304."""
        for portal in self.portals:
            self.ledger.visits.entries(SPIDER, filled.key(portal))
            expect(self.ledger.visits.list_validators(filled.key(portal)))
            expect(self.ledger.visits.has_pages(filled.key(portal)))
            for address in filled.lists(portal):
                expect(self.ledger.visits.list_body(filled.key(portal), address))

    def look_up(self) -> None:
        """The pages behind the rows, and one of them as if its list linked a file."""
        for portal, some in self._rows(ROWS_LOOKED_UP):
            expect(len(self.ledger.visits.known_pages(filled.key(portal), some, EXTRACTOR_VERSION)) == len(some))
            self.ledger.visits.known_files(filled.key(portal), some[:1], EXTRACTOR_VERSION)

    def touch(self) -> None:
        """They are as they were. A transaction holds those of many portals."""
        seen = (
            (filled.key(portal), filled.page(portal, report), documents_of(portal, report))
            for report in range(filled.REPORTS)
            for portal in self.portals
        )
        while batch := list(islice(seen, AT_ONCE)):
            self.ledger.visits.touch_pages(batch, run=self.run, at=self.begun)

    def end_portals(self) -> None:
        """How every portal and column ended, a portal's together."""
        for portal in self.portals:
            self.ledger.writer.run(lambda portal=portal: self._end(portal))  # type: ignore[misc]

    def _end(self, portal: int) -> None:
        key, each = filled.key(portal), filled.REPORTS // filled.COLUMNS
        self.ledger.record_portal(
            SPIDER, key, name="某县人民政府", region="河南省/洛阳市/某县", home=key, outcome=Outcome.OK, at=self.begun
        )
        self.ledger.visits.keep_entries(SPIDER, key, [filled.column(portal, number) for number in range(filled.COLUMNS)])
        for number in range(filled.COLUMNS):
            url = filled.column(portal, number)
            self.ledger.mark_gone(key, url, not_seen_since=self.begun)
            self.ledger.record_column(key, url, collected=each, outcome=Outcome.OK, family="trs", at=self.begun)

    def digest(self) -> None:
        """Whether anything has changed since the last version."""
        self.ledger.state_digest(SPIDER)

    def health(self) -> None:
        """``health.json``, the answers behind it."""
        expect(portal_states(self.ledger, SPIDER, self.begun, stale_days=30))

    def news(self) -> None:
        """New reports, and new contents at known addresses: asked about, read, written."""
        for number in range(NEWS):
            portal = self.portals[number % len(self.portals)]
            place = number // len(self.portals)
            fresh = f"{filled.key(portal)}2026/{self.nights}-19/{8_000_000 + place}.html"
            known = filled.page(portal, (self.nights * NEWS + place) % filled.REPORTS)
            for url in (fresh, known):
                self._ask(url)
        for start in range(0, NEWS, BATCH // 2):
            self.ledger.writer.run(lambda start=start: self._write_news(start))  # type: ignore[misc]

    def _ask(self, url: str) -> None:
        self.ledger.known_document(url)
        sha256 = self._content(url)
        expect(self.ledger.find_extraction(sha256, EXTRACTOR_VERSION) is None)
        self.ledger.save_extraction(sha256, EXTRACTOR_VERSION, outcome=Outcome.OK, record={"title": url}, at=self.begun)

    def _write_news(self, start: int) -> None:
        for number in range(start, start + BATCH // 2):
            portal = self.portals[number % len(self.portals)]
            place = number // len(self.portals)
            self._write(portal, f"{filled.key(portal)}2026/{self.nights}-19/{8_000_000 + place}.html")
            self._write(portal, filled.page(portal, (self.nights * NEWS + place) % filled.REPORTS))

    def _write(self, portal: int, url: str) -> None:
        key, sha256, title = filled.key(portal), self._content(url), filled.title(7)
        is_new = self.ledger.record_document(
            *(url,),
            page_url=url, role="body", outcome=Outcome.OK, sha256=sha256, media_type="text/html", size=48_213,
            path=f"{sha256}.html", link_text=title, run=self.run, at=self.begun,
        )  # fmt: skip
        expect(is_new)
        self.ledger.record_page(
            *(url,),
            portal=key, outcome=Outcome.OK, column_url=filled.column(portal, 0), title=title, published_date="2026-01-19",
            list_title=title, list_date="2026-01-19", at=self.begun,
        )  # fmt: skip
        self.ledger.visits.keep_page(
            key, url, page_url=url, fingerprint=sha256, validators=Validators('"66aa-bc5d"', None), at=self.begun
        )

    def _content(self, url: str) -> str:
        return filled.digest(f"{url} in night {self.nights}")

    def sightings(self) -> None:
        """As a version is made; each is let go at once."""
        expect(sum(1 for _ in self.ledger.iter_sightings(SPIDER)) >= self.reports)

    def counts(self) -> None:
        """For the manifest."""
        self.ledger.media_type_counts(spider=SPIDER)

    def left(self) -> None:
        """For the account of what is missing: the reports of the sampled portals."""
        self.ledger.left_contents(
            SPIDER,
            [
                content
                for portal in self.portals
                for number in range(filled.REPORTS)
                for content in documents_of(portal, number)
            ],
        )

    def archive(self) -> None:
        """Every content with what is known of its reading."""
        expect(sum(1 for _ in self.ledger.archived_documents(SPIDER, EXTRACTOR_VERSION)) >= self.reports)

    def _rows(self, together: int) -> Iterator[tuple[int, Sequence[str]]]:
        for portal in self.portals:
            for start in range(0, filled.REPORTS, together):
                rows = range(start, min(start + together, filled.REPORTS))
                yield portal, [filled.page(portal, report) for report in rows]


def expect(answer: object) -> None:
    """A benchmark of wrong answers is none."""
    if not answer:
        raise RuntimeError("the ledger does not answer as it was filled")


def documents_of(portal: int, report: int) -> list[tuple[str, str]]:
    """The addresses and contents behind a report's page, as they were in the beginning."""
    addresses = [filled.page(portal, report)]
    if report % filled.WITH_FILE == 0:
        addresses.append(filled.file(portal, report))
    return [(url, filled.content(portal, url)) for url in addresses]
