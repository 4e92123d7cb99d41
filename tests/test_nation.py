"""Every portal, every night: the crawl of a nation on loopback, as a user starts it, against what its server knows.

Night 1 has faults. The night after is mended: what was missing comes, what was had is not sent again. A quiet night sends next to
nothing, and the night of the news brings exactly the news. The small form has a portal of each family; the full one (`make soak`)
300 portals and 6,000 reports, and prints its figures.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import os
import random
import signal
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from crawler.dataset import tables
from crawler.extraction import extract
from tests.crawling import ROOT, Crawl, scrapy
from tests.nation.documents import make_document
from tests.nation.plan import FAMILIES, Nation, News, Report, make_nation
from tests.nation.running import RunningNation, Seen
from tests.nation.sources import source_of
from tests.test_resume import without_times

SETTINGS = {
    "ALLOW_PRIVATE_ADDRESSES": "True",
    "DOWNLOAD_DELAY": "0.005",
    "AUTOTHROTTLE_ENABLED": "False",
    "LOG_LEVEL": "WARNING",
}
QUIET_BYTES, QUIET_SECONDS = 0.02, 0.10
"""What a night without news may cost of the first."""


@dataclass(frozen=True)
class Shape:
    """How large the nation is, and how much goes wrong on its first night."""

    portals: int
    reports: int
    seed: int
    news: News
    faults: float = 0.05
    challenged: float = 0.02

    def plan(self) -> Nation:
        return make_nation(self.portals, self.reports, self.seed, self.news)


@dataclass(frozen=True)
class Night:
    """What one crawl left, beside what the server knows of that night."""

    crawl: Crawl
    truths: tuple[dict[str, Any], ...]
    seen: Seen
    records: Mapping[str, dict[str, Any]]
    """By the address of their page."""
    ledger: Mapping[str, tuple[Mapping[str, Any], ...]]
    delta: tuple[dict[str, Any], ...]
    """Empty where nothing was published anew."""
    vanished: tuple[str, ...]
    seconds: float

    def by_state(self, state: str) -> list[dict[str, Any]]:
        return [truth for truth in self.truths if truth["state"] == state]


class Nights:
    """One nation, crawled night after night into one folder."""

    def __init__(self, folder: Path, shape: Shape) -> None:
        self.shape = shape
        self.output = folder / "output"
        self.nation = RunningNation(
            folder / "nation",
            portals=shape.portals,
            reports=shape.reports,
            seed=shape.seed,
            news=shape.news,
            faults=shape.faults,
            challenged=shape.challenged,
        )
        self._published = ""

    def spend(self, number: int | None = None) -> Night:
        """Crawl once; with a number on a new night, without faults."""
        if number is not None:
            self.nation.begin_night(number)
        started = time.monotonic()
        done = self._crawl()
        seconds = time.monotonic() - started
        assert done.status == 0, done.stdout[-4000:] + done.stderr[-4000:]
        current = done.current.resolve().name
        delta = [json.loads(line) for line in (done.current / "delta.jsonl").read_text("utf-8").splitlines()]
        is_new, self._published = current != self._published, current
        return Night(
            crawl=done,
            truths=tuple(self.nation.truths()),
            seen=self.nation.seen(),
            records={record["page_url"]: record for record in done.records()},
            ledger=read_ledger(self.output),
            delta=tuple(delta) if is_new else (),
            vanished=tuple(self.nation.vanished()),
            seconds=seconds,
        )

    def command(self) -> list[str]:
        """The crawl as a user starts it."""
        settings = {**SETTINGS, "OUTPUT_DIR": str(self.output)}
        options = [part for key, value in settings.items() for part in ("-s", f"{key}={value}")]
        return ["crawl", "annual_reports", "-a", f"portals={self.nation.portals}", *options]

    def _crawl(self) -> Crawl:
        done = scrapy(*self.command(), timeout=3600)
        return Crawl(done.returncode, done.stdout, done.stderr, self.output)

    def spend_until_killed(self, requests: int) -> None:
        """Crawl, and kill -9 the whole process group once the server has answered so many requests."""
        process = subprocess.Popen(
            [sys.executable, "-m", "scrapy", *self.command()],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        deadline = time.monotonic() + 900
        while process.poll() is None and len(self.nation.seen().requests) < requests and time.monotonic() < deadline:
            time.sleep(0.05)
        ended = process.poll()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        assert ended is None, f"the crawl ended with {ended} before it could be killed at {requests} requests"


def read_ledger(output: Path) -> dict[str, tuple[Mapping[str, Any], ...]]:
    engine = sa.create_engine(f"sqlite:///{output / 'annual_reports' / 'ledger.sqlite'}")
    with engine.connect() as connection:
        found: dict[str, tuple[Mapping[str, Any], ...]] = {
            table.name: tuple(dict(row) for row in connection.execute(sa.select(table)).mappings())
            for table in (tables.pages, tables.documents, tables.portals, tables.columns)
        }
    engine.dispose()
    return found


# --- what must hold -----------------------------------------------------------------------------------------------------


def wrong_numbers(report: Report, record: Mapping[str, Any], version: int) -> list[str]:
    """Every figure of the record that is not what was printed."""
    printed = source_of(report, version).printed
    return [
        f"{report.title}: {key}: printed {text}, read {record['values'][key]}"
        for key, text in printed.items()
        if record["values"][key] is None or Decimal(str(record["values"][key])) != Decimal(text)
    ]


def assert_true(night: Night, nation: Nation) -> None:
    """Every record is a report of the nation, with its organisation, year and figures, and identities that hold."""
    reports = {report.key: report for report in nation.every_report()}
    expected = {truth["page_url"]: truth for truth in night.truths}
    wrong: list[str] = []
    for page_url, record in night.records.items():
        if page_url not in expected:
            if page_url not in night.vanished:
                wrong.append(f"{record['title']}: no such report at {page_url}")
            continue
        truth = expected[page_url]
        if (record["org_name_raw"], record["year"]) != (truth["organisation"], truth["year"]) or record["org_id"] is None:
            wrong.append(f"{truth['title']}: read as {record['org_name_raw']} ({record['org_id']}), {record['year']}")
        wrong += wrong_numbers(reports[truth["key"]], record, truth["version"])
        wrong += [
            f"{truth['title']}: {check['id']} failed"
            for check in record["checks"]
            if check["kind"] == "identity" and check["status"] == "fail"
        ]
    assert wrong == []


def assert_all_that_could_be_had(night: Night) -> None:
    """What a crawler can get is there, and nothing that it cannot."""
    missing = [truth for truth in night.by_state("reached") if truth["page_url"] not in night.records]
    assert [_told(night, truth) for truth in missing] == []
    assert [_told(night, truth) for truth in night.by_state("lost") if truth["page_url"] in night.records] == []


def assert_nothing_lost_silently(night: Night) -> None:
    """Each report that is missing has a page or a document with an outcome, or its portal says that it is incomplete."""
    told = {row["home"]: row["last_message"] for row in night.ledger["portals"]}
    ends = {row["url"]: row["outcome"] for name in ("pages", "documents") for row in night.ledger[name]}
    silent, other = [], []
    for truth in night.truths:
        if truth["page_url"] in night.records:
            continue
        home = next(home for home in told if f"//{truth['host']}:" in home)
        address = truth["file_url"] if truth["at"] == "file" else truth["page_url"]
        end = ends.get(address, "")
        if end in ("", "ok") and not told[home]:
            silent.append(_told(night, truth))
        if truth["at"] in ("article", "file") and end and end != truth["outcome"]:
            other.append(f"{end} instead of {truth['outcome']}: {_told(night, truth)}")
    assert silent == []
    assert other == []


def assert_polite(night: Night) -> None:
    assert {host: most for host, most in night.seen.most_at_once.items() if most > 1} == {}


def assert_known_is_not_sent_again(before: Night, night: Night) -> None:
    """Articles and files of reports that an earlier night had are asked for with their validators, and not sent again."""
    had = [truth for truth in before.truths if truth["page_url"] in before.records]
    known = {_without_port(url) for truth in had for url in (truth["page_url"], truth["file_url"]) if url}
    assert sorted(before.seen.sent_whole() & night.seen.sent_whole() & known) == []


def assert_news(before: Night, night: Night, plan: Mapping[str, list[str]]) -> None:
    """The delta is the news: what came, what changed, what went; beside them only what is judged by it."""
    by_url = {truth["page_url"]: truth["key"] for truth in (*before.truths, *night.truths)}
    ids = {record["report_id"]: by_url[page_url] for page_url, record in night.records.items()}
    found: dict[str, set[str]] = {}
    for line in night.delta:
        found.setdefault(_operation(line), set()).add(ids[line["report_id"]])
    assert found.get("ADD", set()) == set(plan["added"])
    assert found.get("MOD", set()) == set(plan["changed"])
    assert found.get("GONE", set()) == set(plan["vanished"])
    assert "DEL" not in found
    changed = [record for record in night.records.values() if ids[record["report_id"]] in plan["changed"]]
    assert {record["version_no"] for record in changed} == {2}
    bodies = {truth["key"]: (truth["organisation"], truth["year"]) for truth in (*before.truths, *night.truths)}
    news = {bodies[key] for keys in plan.values() for key in keys}
    # A report is judged beside its body's neighbour years, and flagged where another body of its year uses the same words.
    years = {year for _, year in news}
    checked = {bodies[key] for key in found.get("CHECKED", set())}
    assert {
        (body, year) for body, year in checked if year not in years and not {(body, year - 1), (body, year + 1)} & news
    } == set()


def _operation(line: Mapping[str, Any]) -> str:
    """ADD, MOD or DEL; of the changes those that are only the page's going, or only other checks, by names of their own."""
    changes = set(line.get("changes", ())) - {"checks", "quality_flags"}
    if line["op"] != "MOD":
        return str(line["op"])
    if not changes:
        return "CHECKED"
    return "GONE" if changes == {"gone_at"} else "MOD"


def _without_port(url: str) -> str:
    """As the monitor writes addresses."""
    host, _, path = url.removeprefix("http://").partition("/")
    return f"{host.partition(':')[0]}/{path}"


def _told(night: Night, truth: Mapping[str, Any]) -> str:
    struck = [f"{one.fault} {one.target}" for one in night.seen.requests if one.fault and one.host == truth["host"]]
    return f"{truth['family']} {truth['title']} {truth['page_url']} {truth['state']} {truth['fault']}; struck on its host: {struck}"


# --- the nation itself --------------------------------------------------------------------------------------------------


def test_every_report_of_the_nation_is_a_document_of_its_own_that_reads_as_printed() -> None:
    nation = make_nation(28, 140, 5)
    reports = list(nation.every_report())
    assert len({(report.organisation, report.year) for report in reports}) == len(reports)
    digests = {hashlib.sha256(make_document(report)).digest() for report in reports}
    assert len(digests) == len(reports)
    for kind in ("html", "docx", "pdf"):
        for report in [one for one in reports if one.kind == kind][:3]:
            content = make_document(report)
            if kind == "html":
                content = f'<meta charset="utf-8"><title>{report.title}</title><h1>{report.title}</h1>'.encode() + content
            reading = extract(content, kind)
            assert reading.outcome.value == "ok", (report, reading.message)
            assert reading.record is not None
            assert (reading.record["org_name_raw"], reading.record["year"]) == (report.organisation, report.year)
            assert wrong_numbers(report, reading.record, 0) == []


def test_the_monitor_sees_two_requests_at_once(tmp_path: Path) -> None:
    with RunningNation(tmp_path, portals=14, reports=28, seed=1, news=News(0, 0, 0, 0), faults=1.0) as nation:
        seen = {truth["host"]: truth["page_url"] for truth in nation.truths()}
        with ThreadPoolExecutor(2 * len(seen)) as pool:
            list(pool.map(_ask_and_forget, [url for url in seen.values() for _ in range(2)]))
        night = nation.seen()
    slow = {one.host for one in night.requests if one.fault == "slow" and one.status == 200}
    assert slow, "no article of this seed is slow"
    # A transient fault strikes one of the two only, so some hosts may have answered the second before the first was late.
    assert any(night.most_at_once[host] == 2 for host in slow)


def _ask_and_forget(url: str) -> None:
    with contextlib.suppress(OSError, http.client.HTTPException):
        urllib.request.urlopen(url, timeout=10).close()


# --- the small form -----------------------------------------------------------------------------------------------------

SMALL = Shape(portals=16, reports=64, seed=3, news=News(new=4, changed=2, vanished=1, back_dated=2), faults=0.08)


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nights]:
    nights = Nights(tmp_path_factory.mktemp("nation"), SMALL)
    with nights.nation:
        yield nights


@pytest.fixture(scope="module")
def first(nights: Nights) -> Night:
    return nights.spend()


@pytest.fixture(scope="module")
def mended(nights: Nights, first: Night) -> Night:  # noqa: ARG001 - the order of nights
    return nights.spend(2)


@pytest.fixture(scope="module")
def news(nights: Nights, mended: Night) -> Night:  # noqa: ARG001 - the order of nights
    return nights.spend(3)


@pytest.mark.slow
def test_a_night_with_faults_gets_all_that_can_be_had(first: Night) -> None:
    assert first.seen.faults(), "nothing went wrong: another seed"
    assert_all_that_could_be_had(first)


@pytest.mark.slow
def test_a_night_with_faults_reads_no_wrong_number(nights: Nights, first: Night) -> None:
    assert_true(first, nights.shape.plan())


@pytest.mark.slow
def test_a_night_with_faults_says_what_is_missing_and_why(first: Night) -> None:
    assert {truth["page_url"] for truth in first.truths} - set(first.records), "nothing was lost: another seed"
    assert_nothing_lost_silently(first)


@pytest.mark.slow
def test_every_family_is_read(first: Night) -> None:
    assert {truth["family"] for truth in first.truths if truth["page_url"] in first.records} == set(FAMILIES)


@pytest.mark.slow
def test_the_next_night_gets_the_rest(nights: Nights, mended: Night) -> None:
    assert [_told(mended, truth) for truth in mended.truths if truth["page_url"] not in mended.records] == []
    assert_true(mended, nights.shape.plan())


@pytest.mark.slow
def test_the_next_night_is_not_sent_what_is_known(first: Night, mended: Night) -> None:
    assert any(one.status == 304 for one in mended.seen.requests)
    assert_known_is_not_sent_again(first, mended)


@pytest.mark.slow
def test_the_night_of_the_news_brings_the_news_and_no_more(nights: Nights, mended: Night, news: Night) -> None:
    assert_news(mended, news, nights.nation.plan())


@pytest.mark.slow
def test_no_host_is_ever_asked_twice_at_once(first: Night, mended: Night, news: Night) -> None:
    for night in (first, mended, news):
        assert_polite(night)


# --- in full ------------------------------------------------------------------------------------------------------------

FULL = Shape(portals=300, reports=6000, seed=7, news=News())


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_three_nights_of_a_nation(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nights = Nights(tmp_path, FULL)
    with nights.nation:
        spent = {
            "1, faults": nights.spend(),
            "1, mended": nights.spend(1),
            "2, quiet": nights.spend(2),
            "3, news": nights.spend(3),
        }
        plan = nights.nation.plan()
    with capsys.disabled():
        print("\n" + figures(spent))  # noqa: T201 - the figures of a long run
    first, mended, quiet, news = spent.values()
    nation = FULL.plan()
    for night in spent.values():
        assert_true(night, nation)
        assert_polite(night)
    assert_all_that_could_be_had(first)
    assert_nothing_lost_silently(first)
    assert {truth["page_url"] for truth in mended.truths} == set(mended.records)
    assert_known_is_not_sent_again(first, mended)
    assert quiet.delta == ()
    assert_known_is_not_sent_again(mended, quiet)
    assert_news(quiet, news, plan)
    assert quiet.seen.bytes_sent <= QUIET_BYTES * first.seen.bytes_sent
    assert quiet.seconds <= QUIET_SECONDS * first.seconds


CHAOS = Shape(portals=84, reports=900, seed=11, news=News(), faults=0.0, challenged=0.0)
KILLS = 10


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_a_night_killed_at_random_moments_ends_in_the_dataset_of_an_undisturbed_one(tmp_path: Path) -> None:
    nights = Nights(tmp_path, CHAOS)
    with nights.nation:
        undisturbed = nights.spend()
        assert {truth["page_url"] for truth in undisturbed.truths} == set(undisturbed.records)
        nights.output = tmp_path / "killed"
        nights.nation.begin_night(1)
        moments = random.Random(CHAOS.seed)  # noqa: S311 - moments for a test
        for kill in range(KILLS):
            # Each time a little further, counted over all runs; the first may strike before anything is known.
            share = (kill + moments.random()) / (KILLS + 1)
            asked = len(nights.nation.seen().requests)
            nights.spend_until_killed(asked + 1 + int(share * len(undisturbed.seen.requests) / KILLS))
        again = nights.spend()
    assert {url: without_times(record) for url, record in again.records.items()} == {
        url: without_times(record) for url, record in undisturbed.records.items()
    }
    assert_polite(again)


def figures(spent: Mapping[str, Night]) -> str:
    """What the nights came to, in lines."""
    lines = []
    base = next(iter(spent.values()))
    for name, night in spent.items():
        seen = night.seen
        statuses = Counter(one.status for one in seen.requests)
        operations = Counter(map(_operation, night.delta))
        found = f"{len(night.records)} reports found of {len(night.truths)} listed"
        states = ", ".join(f"{len(night.by_state(state))} {state}" for state in ("reached", "open", "lost"))
        share, times = seen.bytes_sent / base.seen.bytes_sent, night.seconds / base.seconds
        speed = len(seen.requests) / max(seen.seconds, 1)
        lines.append(f"night {name}: {found} ({states})")
        lines.append(f"  {len(seen.requests)} requests, {speed:.0f} a second; {seen.bytes_sent} bytes ({share:.1%}), ")
        lines[-1] += f"{night.seconds:.0f} s ({times:.1%} of the first night)"
        lines.append(f"  answers {dict(statuses)}, faults {dict(seen.faults())}, delta {dict(operations)}")
        lost = Counter(f"{truth['fault']} at {truth['at']}" for truth in night.truths if truth["page_url"] not in night.records)
        if lost:
            lines.append(f"  missing by fault: {dict(lost)}")
    return "\n".join(lines)
