"""Night after night: what is known is asked about, not fetched; news, changes and what is gone are told exactly."""

from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.dataset.model import KnownDocument, KnownPage, Validators
from crawler.outcomes import Outcome
from crawler.portals.model import Link
from crawler.revisit import RevisitPolicy, Visit
from crawler.sample.server import SampleServer
from crawler.sample.typeset import to_docx, to_html
from tests.crawling import Crawl, MiniPortal, crawl, portals_file, served
from tests.test_crawl_outcomes import TITLE, report

NAMES = ("财政局", "教育局", "水利局", "档案局", "林业局")


def build(site: Path, names: tuple[str, ...], *, counter: int = 1, changed: bool = False) -> None:
    """A county's portal: bodies, a DOCX behind a page, a DOCX in a row; the pages count their visitors."""
    portal = MiniPortal(site / "luanchuan")
    for name in names:
        number = NAMES.index(name) + 1
        seed = 90 if changed and name == "水利局" else number
        if name == "教育局":
            portal.put("/files/jiaoyu.docx", to_docx(report(name, seed)))
            body = '<p><a href="/files/jiaoyu.docx">附件：年度报告.docx</a></p>'
        elif name == "档案局":
            portal.put("/files/dangan.docx", to_docx(report(name, 80 if changed else seed)))
            portal.row("/files/dangan.docx", TITLE.format(name=name))
            continue
        else:
            body = to_html(report(name, seed))
        path = portal.article(number, TITLE.format(name=name), body)
        page = site / "luanchuan" / path.lstrip("/")
        page.write_text(page.read_text("utf-8").replace("主办：", f"您是第{counter}位访客 主办："), "utf-8")
    portal.finish()


def statuses(server: SampleServer) -> Counter[int]:
    return Counter(record.status for record in server.requests if not record.path.endswith("robots.txt"))


def delta(night: Crawl) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for change in night.records("delta.jsonl"):
        found.setdefault(change["op"], []).append(change["report_id"].split(":")[1])
    return {kind: sorted(names) for kind, names in found.items()}


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_what_is_known_is_asked_about_and_news_are_told_exactly(tmp_path: Path) -> None:
    site, output = tmp_path / "site", tmp_path / "output"
    build(site, NAMES[:4])
    with served(site) as server:
        portals = portals_file(tmp_path / "portals.toml", server)
        first = crawl(portals, output)
        assert len(first.records()) == 4, first.stdout + first.stderr[-3000:]
        assert all(record["gone_at"] is None for record in first.records())

        server.forget()
        second = crawl(portals, output)
        assert second.status == 0
        assert "unchanged" in second.stdout
        assert statuses(server).keys() == {304}, server.requests
        paths = {record.path for record in server.requests}
        assert "/" not in paths, "a known column needs no search"
        assert {"/files/jiaoyu.docx", "/files/dangan.docx", "/zwgk/zfxxgknb/"} <= paths

        # Another visitor's number on every page: other bytes, the same reports.
        build(site, NAMES[:4], counter=2)
        third = crawl(portals, output)
        assert "unchanged" in third.stdout
        assert third.current.resolve() == first.current.resolve()

        build(site, (*NAMES[1:4], NAMES[4]), counter=3, changed=True)
        server.forget()
        fourth = crawl(portals, output)
        assert delta(fourth) == {"ADD": ["林业局"], "MOD": sorted(["档案局", "水利局", "财政局"])}, (
            fourth.stdout + fourth.stderr[-3000:]
        )
        changes = {change["report_id"].split(":")[1]: change.get("changes", {}) for change in fourth.records("delta.jsonl")}

        # A file behind a page that is as it was: asking about it brings it, and it is not sent again.
        (site / "luanchuan" / "files" / "jiaoyu.docx").write_bytes(to_docx(report("教育局", 70)))
        server.forget()
        fifth = crawl(portals, output)
        assert delta(fifth) == {"MOD": ["教育局"]}, fifth.stdout + fifth.stderr[-3000:]
        sent = [(record.path, record.status) for record in server.requests if record.status != 304]
        assert [found for found in sent if not found[0].endswith("robots.txt")] == [("/files/jiaoyu.docx", 200)]
    records = {record["report_id"].split(":")[1]: record for record in fifth.records()}
    assert len(records) == 5, "what is gone stays"
    assert re.fullmatch(r"\d{4}-.*Z", records["财政局"]["gone_at"])
    assert {name for name, record in records.items() if record["version_no"] == 2} == {"教育局", "档案局", "水利局"}
    assert set(changes["财政局"]) == {"gone_at"}


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_page_that_is_as_it_was_ends_as_it_is_read_now(tmp_path: Path) -> None:
    """A version that could not read its document was replaced: what the server has did not change, its end did."""
    site, output = tmp_path / "site", tmp_path / "output"
    build(site, NAMES[:4])
    with served(site) as server:
        portals = portals_file(tmp_path / "portals.toml", server)
        assert len(crawl(portals, output).records()) == 4
        path = output / "annual_reports" / "ledger.sqlite"
        with sqlite3.connect(path) as connection:
            connection.execute("UPDATE extractions SET extractor_version = '0.1', outcome = 'garbled', record = NULL")
            connection.execute("UPDATE pages SET outcome = 'garbled', message = 'as 0.1 saw it' WHERE outcome = 'ok'")
        server.forget()
        second = crawl(portals, output)
    assert len(second.records()) == 4, second.stdout
    assert statuses(server).keys() == {304}
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT outcome, message, count(*) FROM pages GROUP BY 1, 2").fetchall() == [("ok", "", 4)]


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_column_that_moved_is_found_again_in_the_same_night(tmp_path: Path) -> None:
    site, output = tmp_path / "site", tmp_path / "output"
    build(site, NAMES[:2])
    with served(site) as server:
        portals = portals_file(tmp_path / "portals.toml", server)
        assert len(crawl(portals, output).records()) == 2
        root = site / "luanchuan"
        for page in (root / "zwgk" / "index.html", root / "index.html"):
            page.write_text(page.read_text("utf-8").replace("/zwgk/zfxxgknb/", "/zwgk/gknb/"), "utf-8")
        (root / "zwgk" / "zfxxgknb").rename(root / "zwgk" / "gknb")
        for page in (root / "zwgk" / "gknb").glob("*.html"):
            page.write_text(page.read_text("utf-8").replace("/zwgk/zfxxgknb/", "/zwgk/gknb/"), "utf-8")
        second = crawl(portals, output)
    assert second.status == 0, second.stdout
    assert len(second.records()) == 2
    assert any(record["column_url"].endswith("/gknb/") for record in second.records())
    assert all(record["gone_at"] is None for record in second.records())


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_row_that_two_columns_list_stays_in_the_one_it_was_first_seen_in(tmp_path: Path) -> None:
    """Which of the two is read first is chance: it must be no news."""
    site, output = tmp_path / "site", tmp_path / "output"
    build(site, NAMES[:4])
    column = site / "luanchuan" / "zwgk" / "zfxxgknb"
    (column.parent / "nb").mkdir()
    page = (column / "index.html").read_text("utf-8").replace('href="./', 'href="../zfxxgknb/')
    (column.parent / "nb" / "index.html").write_text(page, "utf-8")
    with served(site) as server:
        home = server.url("luanchuan")
        both = [f"{home}zwgk/zfxxgknb/", f"{home}zwgk/nb/"]
        portals = tmp_path / "portals.toml"
        first = crawl(portals_file(portals, server, columns=json.dumps(both[:1])), output)
        second = crawl(portals_file(portals, server, columns=json.dumps(both[::-1])), output)
        assert {record["column_url"] for record in first.records()} == {both[0]}, first.stdout
        assert second.current.resolve() == first.current.resolve(), second.stdout
        assert any(record.path == "/zwgk/nb/" for record in server.requests)
        third = crawl(portals_file(portals, server, columns=json.dumps(both[1:])), output)
    assert {record["column_url"] for record in third.records()} == {both[1]}


NOW = datetime(2026, 3, 1, 2, tzinfo=UTC)


def known(url: str, *, days: float, validators: Validators = Validators(), outcome: Outcome = Outcome.OK) -> KnownPage:  # noqa: B008 - frozen
    fetched = (NOW - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return KnownPage(url, url, outcome, None, None, None, "某局年报", "2025-01-20", "f", validators, fetched, ())


def document(url: str, *, days: float, etag: str | None = None, sha256: str = "a") -> KnownDocument:
    fetched = (NOW - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return KnownDocument(url, sha256, url, "attachment", None, 1, "a/b", etag, None, Outcome.OK, fetched, fetched)


ROW = Link("http://x.gov.cn/1.html", "某局年报", "2025-01-20")


@pytest.mark.parametrize(
    ("page", "row", "visit"),
    [
        (None, ROW, Visit.FETCH),
        (known(ROW.url, days=2, validators=Validators('"a"')), ROW, Visit.ASK),
        (known(ROW.url, days=0.5), ROW, Visit.TRUST),
        (known(ROW.url, days=40), ROW, Visit.FETCH),
        (known(ROW.url, days=2, outcome=Outcome.TIMEOUT), ROW, Visit.FETCH),
        (known(ROW.url, days=2), Link(ROW.url, "某局年报（更正）", "2025-01-20"), Visit.FETCH),
        (known(ROW.url, days=2), Link(ROW.url, "某局年报", "2025-02-01"), Visit.FETCH),
    ],
)
def test_what_is_done_about_a_row(page: KnownPage | None, row: Link, visit: Visit) -> None:
    assert RevisitPolicy(NOW, 14).page(page, row) is visit


def test_a_document_that_could_not_be_had_is_fetched_again() -> None:
    policy = RevisitPolicy(NOW, 14)
    assert policy.document(document("u", days=1, etag='"e"', sha256="")) is Visit.FETCH
    assert policy.document(document("u", days=1, etag='"e"')) is Visit.ASK
    assert policy.document(None) is Visit.FETCH


@given(st.text(min_size=1), st.integers(min_value=1, max_value=60))
def test_everything_that_cannot_be_asked_about_comes_up_once_in_so_many_days(url: str, days: int) -> None:
    """From one fetch to the next pass at most twice the days, and no document is fetched every night."""
    fetched, fetches = NOW, []
    for night in range(1, 4 * days + 2):
        now = NOW + timedelta(days=night)
        if RevisitPolicy(now, days).is_due(url, fetched.strftime("%Y-%m-%dT%H:%M:%SZ")):
            fetches.append(night)
            fetched = now
    assert fetches[0] <= 2 * days
    assert all(later - earlier == days for earlier, later in pairwise(fetches))
