"""``scrapy reextract`` over the sample archive: what changed is told, what was read is not read again."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from crawler import EXTRACTOR_VERSION
from crawler.dataset.ledger import pack, unpack
from crawler.dataset.versions import publish_lock
from crawler.reextraction import changes
from tests.crawling import ROOT, scrapy

SPIDER = "henan_reports"
OLD = "0.9"
KEY = "requests.received_new.natural_person"


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One sample portal without scans, crawled once."""
    output = tmp_path_factory.mktemp("crawled")
    done = scrapy("crawl", SPIDER, "-a", "portals=sample", "-a", "region=济源市", "-s", f"OUTPUT_DIR={output}", SAMPLE_PORT="0")
    assert done.returncode == 0, done.stderr[-3000:]
    return output


@pytest.fixture
def output(crawled: Path, tmp_path: Path) -> Path:
    """A copy of it to change."""
    return Path(shutil.copytree(crawled, tmp_path / "output", symlinks=True))


def connect(output: Path) -> closing[sqlite3.Connection]:
    return closing(sqlite3.connect(output / SPIDER / "ledger.sqlite", isolation_level=None, timeout=30))


def make_old(output: Path) -> int:
    """As if an older extractor had read everything; the number of readings."""
    with connect(output) as ledger:
        return ledger.execute(
            "UPDATE extractions SET extractor_version = ?, extracted_at = '2020-01-01T00:00:00Z'", (OLD,)
        ).rowcount


def plant(output: Path) -> tuple[str, Any]:
    """Another value in one archived record; its document and the right value."""
    with connect(output) as ledger:
        rows = ledger.execute("SELECT sha256, record FROM extractions WHERE outcome = 'ok' ORDER BY sha256").fetchall()
        sha256, data = next((sha256, data) for sha256, data in rows if unpack(data)["values"].get(KEY))
        record = unpack(data)
        right = record["values"][KEY]
        record["values"][KEY] = record["cells"][KEY]["value"] = right + 70
        ledger.execute("UPDATE extractions SET record = ? WHERE sha256 = ?", (pack(record), sha256))
    return sha256, right


def versions(output: Path) -> dict[str, int]:
    with connect(output) as ledger:
        return dict(ledger.execute("SELECT extractor_version, count(*) FROM extractions GROUP BY 1").fetchall())


def reextract(output: Path, *options: str) -> tuple[list[dict[str, Any]], str]:
    done = scrapy("reextract", *options, "-s", f"OUTPUT_DIR={output}")
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def published(output: Path) -> tuple[str, dict[str, Any]]:
    current = output / SPIDER / "current"
    lines = (current / "reports.jsonl").read_text("utf-8").splitlines()
    return current.resolve().name, {report["report_id"]: report for report in map(json.loads, lines)}


@pytest.mark.slow
def test_a_changed_value_is_told_and_published_and_nothing_else_is(output: Path) -> None:
    sha256, right = plant(output)
    assert scrapy("publish", SPIDER, "-s", f"OUTPUT_DIR={output}").returncode == 0
    wrong_version, wrong = published(output)
    count = make_old(output)

    lines, progress = reextract(output, "--publish")
    assert f"{count}/{count}" in progress
    [line] = lines
    assert (line["sha256"], line["key"], line["old"]["value"], line["new"]["value"]) == (sha256, KEY, right + 70, right)
    assert line["why"]["extractor_version"] == [OLD, EXTRACTOR_VERSION]
    assert versions(output) == {OLD: count, EXTRACTOR_VERSION: count}

    version, corrected = published(output)
    assert version != wrong_version
    different = {key for key, report in corrected.items() if report["values"] != wrong[key]["values"]}
    assert len(different) == 1
    assert {document["sha256"] for document in corrected[different.pop()]["documents"]} >= {sha256}

    assert reextract(output, "--publish")[0] == []
    assert published(output)[0] == version, "nothing to read, and yet a new version"

    with publish_lock(output / SPIDER):
        done = scrapy("reextract", "--publish", "-s", f"OUTPUT_DIR={output}")
    assert done.returncode == 75
    assert "another process is publishing" in done.stderr


@pytest.mark.slow
def test_killed_and_run_again_only_the_rest_is_read(output: Path) -> None:
    count = make_old(output)
    sha256, _ = plant(output)
    report = output / "changes.jsonl"
    command = ["reextract", "--changes", str(report), "-s", f"OUTPUT_DIR={output}", "-s", "EXTRACTION_WORKERS=1"]
    with subprocess.Popen(
        [sys.executable, "-m", "scrapy", *command], cwd=ROOT, stderr=subprocess.DEVNULL, start_new_session=True
    ) as process:
        deadline = time.monotonic() + 60
        while versions(output).get(EXTRACTOR_VERSION, 0) < 5 and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.005)
        os.killpg(process.pid, signal.SIGKILL)
    done = versions(output)[EXTRACTOR_VERSION]
    assert 5 <= done < count, "it was not killed in the middle"

    lines, progress = reextract(output, "--changes", str(report))
    assert lines == []
    assert f"{count - done}/{count - done}" in progress
    assert versions(output) == {OLD: count, EXTRACTOR_VERSION: count}
    told = [json.loads(line) for line in report.read_text("utf-8").splitlines()]
    assert {(line["sha256"], line["key"]) for line in told} == {(sha256, KEY)}


@pytest.mark.slow
def test_kinds_of_outcome_are_tried_again_by_name(output: Path) -> None:
    with connect(output) as ledger:
        tried = ledger.execute("SELECT sha256 FROM extractions WHERE outcome = 'ok' ORDER BY sha256 LIMIT 3").fetchall()
        for (sha256,), outcome in zip(tried, ("failed", "timeout", "timeout"), strict=True):
            ledger.execute("UPDATE extractions SET outcome = ?, record = NULL WHERE sha256 = ?", (outcome, sha256))
    assert "0 documents read" in reextract(output)[1]
    lines, progress = reextract(output, "--outcome", "timeout")
    assert "2/2" in progress
    assert {line["sha256"] for line in lines} == {sha256 for (sha256,) in tried[1:]}
    assert {line["old"] for line in lines if line["key"] == "outcome"} == {"timeout"}
    assert "2 can be read now" in progress


@pytest.mark.slow
def test_a_file_that_is_gone_is_told_and_left_for_the_next_time(output: Path) -> None:
    count = make_old(output)
    with connect(output) as ledger:  # not a member of an archive: that would be unpacked again
        (path,) = ledger.execute("SELECT path FROM documents WHERE path LIKE '%.pdf' AND url NOT LIKE '%#%'").fetchone()
    gone = output / SPIDER / "attachments" / path
    gone.unlink()
    done = scrapy("reextract", "-s", f"OUTPUT_DIR={output}")
    assert done.returncode == 1
    assert gone.name in done.stderr
    assert versions(output) == {OLD: count, EXTRACTOR_VERSION: count - 1}


def test_wrong_use_is_told_before_anything_starts(tmp_path: Path) -> None:
    assert "no ledger" in scrapy("reextract", "-s", f"OUTPUT_DIR={tmp_path}").stderr
    done = scrapy("reextract", "--outcome", "broken", "-s", f"OUTPUT_DIR={tmp_path}")
    assert (done.returncode, "broken" in done.stderr) == (2, True)


def test_what_changed_besides_values_is_told() -> None:
    old = {
        "year": 2021,
        "cells": {"a.x": {"value": 1, "raw": "1", "state": "number"}, "a.y": {"value": None, "raw": "", "state": "blank"}},
        "methods": {"a": "lattice"},
        "checks": [{"id": "R1", "status": "fail"}, {"id": "R2", "status": "pass"}],
        "quality_flags": ["one", "two"],
        "text": "abc",
    }
    new = {
        "year": 2022,
        "cells": {"a.x": {"value": 1, "raw": "1", "state": "number"}, "a.y": {"value": 0, "raw": "0", "state": "zero"}},
        "methods": {"a": "ocr"},
        "checks": [{"id": "R1", "status": "pass"}, {"id": "R2", "status": "pass"}],
        "quality_flags": ["two", "three"],
        "text": "abcd",
    }
    found = {change["key"]: change for change in changes(old, new, {"extractor_version": ["1", "2"]})}
    assert set(found) == {"year", "a.y", "checks.R1", "quality_flags", "text"}
    assert found["a.y"]["why"] == {"extractor_version": ["1", "2"], "method": ["lattice", "ocr"]}
    assert (found["quality_flags"]["old"], found["quality_flags"]["new"]) == (["one"], ["three"])
    assert list(changes(old, old, {})) == []
    assert {change["key"] for change in changes(None, new, {})} >= {"a.x", "a.y", "year"}
