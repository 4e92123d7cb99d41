"""kill -9 in the middle of the sample crawl, and run again: the same dataset, byte for byte but for timestamps."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.crawling import ROOT, scrapy

COMPARED = (".jsonl", ".csv", ".txt")
"""Every other file of a version is made from the same records, and some carry the times of their making."""

TIMES = ("first_seen", "last_seen", "fetched_at")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


ONE_PORTAL = ("-a", "region=济源市")
"""A sample portal without scans, for the small form."""


def arguments(output: Path, *more: str) -> list[str]:
    return ["crawl", "henan_reports", "-a", "portals=sample", *more, "-s", f"OUTPUT_DIR={output}"]


def without_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_times(item) for key, item in value.items() if key not in TIMES}
    return [without_times(item) for item in value] if isinstance(value, list) else value


def dataset(output: Path) -> dict[str, Any]:
    """The current version with everything that is a time taken out."""
    current = output / "henan_reports" / "current"
    found: dict[str, Any] = {}
    for path in sorted(current.rglob("*")):
        name = str(path.relative_to(current))
        if path.suffix not in COMPARED:
            continue
        text = path.read_text("utf-8-sig")
        if name.endswith(".jsonl"):
            found[name] = [without_times(json.loads(line)) for line in text.splitlines()]
        elif name.endswith(".csv"):
            found[name] = [
                {key: cell for key, cell in row.items() if key not in TIMES}
                for row in csv.DictReader(io.StringIO(text, newline=""))
            ]
        else:
            found[name] = text
    return found


def interrupted_crawl(output: Path, port: int, wait_until: int, *more: str) -> int:
    """Start the crawl and kill it once the ledger's documents have reached a number; the number of files stored by then."""
    process = subprocess.Popen(
        [sys.executable, "-m", "scrapy", *arguments(output, *more)],
        cwd=ROOT,
        env={**os.environ, "SAMPLE_PORT": str(port)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    store = output / "henan_reports" / "attachments"
    deadline = time.monotonic() + 120
    stored = 0
    while process.poll() is None and time.monotonic() < deadline and stored < wait_until:
        stored = sum(path.is_file() for path in store.rglob("*")) if store.is_dir() else 0
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return stored


def wait_for_port(port: int) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.64.0.1", port))
            except OSError:
                time.sleep(0.1)
            else:
                return


def killed_and_run_again(tmp_path: Path, least_reports: int, kills: tuple[int, ...], *more: str) -> None:
    port = free_port()
    whole = scrapy(*arguments(tmp_path / "whole", *more), SAMPLE_PORT=str(port))
    assert whole.returncode == 0, whole.stderr[-3000:]
    expected = dataset(tmp_path / "whole")
    assert len(expected["reports.jsonl"]) >= least_reports
    for wait_until in kills:
        wait_for_port(port)
        stored = interrupted_crawl(tmp_path / "killed", port, wait_until, *more)
        assert stored >= wait_until, "the crawl ended before it could be killed"
    assert not (tmp_path / "killed" / "henan_reports" / "current").exists()
    wait_for_port(port)
    again = scrapy(*arguments(tmp_path / "killed", *more), SAMPLE_PORT=str(port))
    assert again.returncode == 0, again.stderr[-3000:]
    assert dataset(tmp_path / "killed") == expected


@pytest.mark.slow
def test_a_killed_crawl_run_again_gives_the_dataset_of_an_undisturbed_one(tmp_path: Path) -> None:
    killed_and_run_again(tmp_path, 10, (2, 7), *ONE_PORTAL)


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_a_killed_crawl_of_all_sample_portals_run_again_gives_the_same_dataset(tmp_path: Path) -> None:
    killed_and_run_again(tmp_path, 40, (3, 25, 60))


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_second_run_without_news_downloads_no_document_and_reads_none(tmp_path: Path) -> None:
    port = free_port()
    first = scrapy(*arguments(tmp_path, *ONE_PORTAL), SAMPLE_PORT=str(port))
    assert first.returncode == 0, first.stderr[-3000:]
    current = (tmp_path / "henan_reports" / "current").resolve()
    wait_for_port(port)
    second = scrapy(*arguments(tmp_path, *ONE_PORTAL), SAMPLE_PORT=str(port))
    assert second.returncode == 0, second.stderr[-3000:]
    assert (tmp_path / "henan_reports" / "current").resolve() == current, "no news, and yet a new version"
    assert "unchanged" in second.stdout


HOLDER = """
import sys, time
from pathlib import Path
from crawler.workspace import Workspace
with Workspace(Path(sys.argv[1]), "", "").running():
    print("at work", flush=True)
    time.sleep(120)
"""


@pytest.mark.slow
def test_a_second_run_at_the_same_time_says_so_and_ends_with_75(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "henan_reports")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "at work\n"
        port = free_port()
        second = scrapy(*arguments(tmp_path, *ONE_PORTAL), SAMPLE_PORT=str(port))
        first.kill()
    assert second.returncode == 75, second.stderr[-2000:]
    assert f"process {first.pid}" in second.stderr
    assert second.stdout == ""
    assert not (tmp_path / "henan_reports" / "ledger.sqlite").exists()
    again = scrapy(*arguments(tmp_path, *ONE_PORTAL), SAMPLE_PORT=str(port))
    assert again.returncode == 0, again.stderr[-2000:]
