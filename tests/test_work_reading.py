"""One document read by a worker: what an archive holds, at every place it was found; what cannot be read is tried again."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from scrapy.settings import Settings

from crawler import EXTRACTOR_VERSION
from crawler.dataset.ledger import Ledger
from crawler.documents.sniff import sniff
from crawler.isolation import NotReadError
from crawler.outcomes import WAITS, Outcome
from crawler.storage.local import LocalStore
from crawler.storage.store import keep
from crawler.work.reading import DocumentReader
from tests import postgres
from tests.nation.documents import make_document
from tests.nation.plan import make_nation

SPIDER = "annual_reports"
PLACES = ("http://a/one.zip", "http://b/same.zip")


@pytest.fixture
def url(postgres_database: str) -> Iterator[str]:
    with postgres.new_schema(postgres_database) as url:
        yield url


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    with Ledger(url) as ledger:
        ledger.record_portal(SPIDER, "p", name="p", region="样例省", home="http://p/", outcome=Outcome.OK)
        yield ledger


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "files")


@pytest.fixture
def reader(url: str, tmp_path: Path) -> Iterator[DocumentReader]:
    settings = Settings({"DATABASE_URL": url, "FILES_STORE": str(tmp_path / "files"), "OUTPUT_DIR": str(tmp_path)})
    settings.setmodule("crawler.settings", priority="default")
    with DocumentReader(settings, 2) as reader:
        yield reader


def archive() -> bytes:
    """Two reports and a file that is none."""
    reports = [report for report in make_nation(28, 140, 5).every_report() if report.kind == "docx"][:2]
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as packed:
        for number, report in enumerate(reports):
            packed.writestr(f"report-{number}.docx", make_document(report))
        packed.writestr("notice.txt", "通知")
    return content.getvalue()


def store_at(ledger: Ledger, store: LocalStore, content: bytes, urls: tuple[str, ...]) -> str:
    sha256, path = keep(store, content, sniff(content))
    for url in urls:
        page = f"{url}/page"
        ledger.record_page(page, portal="p", outcome=Outcome.FAILED, message=WAITS)
        ledger.record_document(
            url, page_url=page, role="attachment", outcome=Outcome.FAILED, message=WAITS,
            sha256=sha256, path=path, media_type=sniff(content), size=len(content),
        )  # fmt: skip
    return sha256


def test_an_archive_gives_its_members_at_every_place(ledger: Ledger, store: LocalStore, reader: DocumentReader) -> None:
    sha256 = store_at(ledger, store, archive(), PLACES)
    assert reader.read(SPIDER, sha256) == "ok"
    for place in PLACES:
        ends = [
            known and known.outcome.value
            for known in (ledger.known_document(f"{place}#{name}") for name in ("report-0.docx", "report-1.docx", "notice.txt"))
        ]
        assert ends[:2] == ["ok", "ok"]
        assert ends[2] not in (None, "ok")
        archived = ledger.known_document(place)
        assert archived
        assert archived.outcome is Outcome.OK
    assert ledger.waiting.documents(SPIDER, EXTRACTOR_VERSION) == []
    sightings = [sighting for sighting in ledger.iter_sightings(SPIDER) if sighting.record and "members" not in sighting.record]
    assert len({sighting.url for sighting in sightings}) >= 4
    assert all(sighting.message != WAITS for sighting in ledger.iter_sightings(SPIDER))


def test_what_was_read_is_not_read_again_unless_it_is_to_be(
    ledger: Ledger, store: LocalStore, reader: DocumentReader, tmp_path: Path
) -> None:
    sha256 = store_at(ledger, store, b"<html><p>no report</p></html>", ("http://a/page.html",))
    ended = reader.read(SPIDER, sha256)
    first = ledger.find_extraction(sha256, EXTRACTOR_VERSION)
    for file in (tmp_path / "files").rglob("*.*"):
        file.unlink()
    assert reader.read(SPIDER, sha256) == ended
    assert ledger.find_extraction(sha256, EXTRACTOR_VERSION) == first
    with pytest.raises(NotReadError):
        reader.read(SPIDER, sha256, anew=True)


def test_a_document_whose_file_is_away_is_not_settled(
    ledger: Ledger, store: LocalStore, reader: DocumentReader, tmp_path: Path
) -> None:
    sha256 = store_at(ledger, store, archive(), PLACES)
    for file in (tmp_path / "files").rglob("*.*"):
        file.unlink()
    with pytest.raises(NotReadError):
        reader.read(SPIDER, sha256)
    assert [one.sha256 for one in ledger.waiting.documents(SPIDER, EXTRACTOR_VERSION)] == [sha256]
    assert reader.read(SPIDER, "0" * 64) == "no longer stored"
