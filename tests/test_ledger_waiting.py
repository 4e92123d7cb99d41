"""What is stored and waits to be read: which it is, and how its page ends once it was."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from crawler.dataset.ledger import Ledger
from crawler.dataset.tables import pages
from crawler.dataset.waiting import Unread
from crawler.outcomes import WAITS, Outcome

SPIDER, NEW, OLD = "henan_reports", "2", "1"
LATER = datetime(2099, 1, 1, tzinfo=UTC)
A, B, C = (letter * 64 for letter in "abc")


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Ledger]:
    with Ledger(ledger_url) as ledger:
        for portal in ("p", "q"):
            ledger.record_portal(SPIDER, portal, name=portal, region="河南省", home=f"http://{portal}/", outcome=Outcome.OK)
        yield ledger


def store(ledger: Ledger, page: str, url: str, sha256: str, portal: str = "p", **facts: str) -> None:
    ledger.record_page(page, portal=portal, outcome=Outcome.FAILED, message=WAITS)
    ledger.record_document(
        url,
        page_url=page,
        role="attachment",
        outcome=Outcome(facts.get("outcome", "failed")),
        sha256=sha256,
        path=f"{sha256[:2]}/{sha256}.pdf" if sha256 else None,
        message=facts.get("message", WAITS),
    )


def read(ledger: Ledger, sha256: str, outcome: Outcome, message: str = "", version: str = NEW) -> None:
    ledger.save_extraction(sha256, version, outcome=outcome, message=message)
    ledger.waiting.settle(sha256, version)


def end(ledger_url: str, page: str) -> tuple[str, str]:
    engine = sa.create_engine(ledger_url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        row = connection.execute(sa.select(pages.c.outcome, pages.c.message).where(pages.c.url == page)).one()
    engine.dispose()
    return row.outcome, row.message


def test_what_nobody_has_read_waits_and_what_an_older_version_read_waits_behind(ledger: Ledger) -> None:
    store(ledger, "http://p/1", "http://p/1.pdf", A)
    store(ledger, "http://p/2", "http://p/2.pdf", B)
    store(ledger, "http://q/3", "http://q/3.pdf", C, portal="q")
    store(ledger, "http://q/4", "http://q/4.pdf", "", portal="q", message="404")
    read(ledger, B, Outcome.OK, version=OLD)
    read(ledger, C, Outcome.NOT_A_REPORT)
    assert sorted(ledger.waiting.documents(SPIDER, NEW)) == [Unread(A, read_before=False), Unread(B, read_before=True)]
    assert ledger.waiting.documents(SPIDER, NEW, portal="q") == []
    assert sorted(ledger.waiting.documents(SPIDER, OLD, portal="p")) == [Unread(A, read_before=False)]
    assert ledger.waiting.documents("hebei_reports", NEW) == []


def test_a_page_ends_once_the_last_of_its_documents_is_read(ledger: Ledger, ledger_url: str) -> None:
    page = "http://p/1"
    store(ledger, page, "http://p/1.pdf", A)
    store(ledger, page, "http://p/1b.pdf", B)
    store(ledger, page, "http://p/gone.pdf", "", outcome="not_found", message="gone")
    read(ledger, A, Outcome.NOT_A_REPORT, "a notice")
    assert end(ledger_url, page) == ("failed", WAITS)
    read(ledger, B, Outcome.NO_TABLES, "no tables")
    assert end(ledger_url, page) == ("not_found", "gone")


def test_a_page_is_well_with_the_first_report_on_it(ledger: Ledger, ledger_url: str) -> None:
    page = "http://p/1"
    store(ledger, page, "http://p/1.pdf", A)
    store(ledger, page, "http://p/1b.pdf", B)
    read(ledger, A, Outcome.OK)
    assert end(ledger_url, page) == ("ok", "")
    read(ledger, B, Outcome.GARBLED, "no text")
    assert end(ledger_url, page) == ("ok", "")


def test_a_document_has_the_outcome_of_its_reading_at_every_place(ledger: Ledger, ledger_url: str) -> None:
    store(ledger, "http://p/1", "http://p/1.pdf", A)
    store(ledger, "http://q/2", "http://q/2.pdf", A, portal="q")
    read(ledger, A, Outcome.OK, "")
    assert [ledger.known_document(url).outcome for url in ("http://p/1.pdf", "http://q/2.pdf")] == [Outcome.OK, Outcome.OK]  # type: ignore[union-attr]
    assert end(ledger_url, "http://q/2") == ("ok", "")


def test_what_did_not_wait_is_left_as_it_is(ledger: Ledger) -> None:
    store(ledger, "http://p/1", "http://p/1.pdf", A, message="it was not read: the disk is full")
    read(ledger, A, Outcome.OK, "")
    known = ledger.known_document("http://p/1.pdf")
    assert known
    assert known.outcome is Outcome.FAILED


def test_a_content_is_found_with_its_readings_and_where_it_is_the_newest(ledger: Ledger) -> None:
    store(ledger, "http://p/1", "http://p/1.pdf", A)
    store(ledger, "http://p/2", "http://p/2.pdf", A)
    read(ledger, A, Outcome.GARBLED, version=OLD)
    found = ledger.waiting.find(A, NEW)
    assert found
    assert (found.url, found.version, found.outcome, found.tried) == ("http://p/1.pdf", OLD, Outcome.GARBLED, None)
    read(ledger, A, Outcome.OK)
    found = ledger.waiting.find(A, NEW)
    assert found
    assert (found.version, found.outcome, found.tried) == (NEW, Outcome.OK, Outcome.OK)
    assert ledger.waiting.find(C, NEW) is None
    ledger.record_document(
        "http://p/2.pdf", page_url="http://p/2", role="attachment", outcome=Outcome.OK, sha256=C, path="c", at=LATER
    )
    assert [place.url for place in ledger.waiting.places(A)] == ["http://p/1.pdf"]
    assert [place.url for place in ledger.waiting.places(C)] == ["http://p/2.pdf"]
