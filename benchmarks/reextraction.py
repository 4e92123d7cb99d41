"""Reading an archive again with one, two and four workers: documents a second, against one worker.

python -m benchmarks.reextraction [--documents N]

The archive holds DOCX reports that differ in every number, in a ledger on PostgreSQL (as `benchmarks.ledger` finds it; skipped
where there is none). For each number of workers all of it is put into the queue, and as many `scrapy worker` processes with one
reading child each empty it. Counted is the time from the first reading that is kept to the last: starting costs nothing.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from crawler import EXTRACTOR_VERSION
from crawler.dataset.ledger import Ledger
from crawler.outcomes import Outcome
from tests import postgres
from tests.workers import SPIDER, Team

WORKERS = (1, 2, 4)
HOME = "http://luanchuan.example/"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def archive(url: str, store: Path, count: int) -> None:
    """Keeps the documents, and tells the ledger of them, as an older version read them."""
    from crawler.sample.typeset import to_docx
    from crawler.storage.names import content_path
    from tests.test_crawl_outcomes import report

    with Ledger(url) as ledger, ledger.writer.together():
        ledger.record_portal(SPIDER, HOME, name="栾川县人民政府", region="河南省/洛阳市/栾川县", home=HOME, outcome=Outcome.OK)
        for number in range(count):
            content = to_docx(report("财政局", number))
            sha256, address = hashlib.sha256(content).hexdigest(), f"{HOME}{number}.docx"
            path = content_path(sha256, DOCX)
            (store / path).parent.mkdir(parents=True, exist_ok=True)
            (store / path).write_bytes(content)
            ledger.record_page(address, portal=HOME, outcome=Outcome.OK)
            ledger.record_document(
                address,
                page_url=address, role="attachment", outcome=Outcome.OK, sha256=sha256, media_type=DOCX, path=path,
            )  # fmt: skip
            ledger.save_extraction(sha256, "0", outcome=Outcome.FAILED)


def throughput(folder: Path, url: str, store: Path, workers: int, count: int) -> float:
    """Documents a second."""
    team = Team(folder / str(workers), url, FILES_STORE=str(store))
    with team.closing():
        done = team.run("enqueue", SPIDER, "--reextract", "--all")
        if done.returncode:
            raise RuntimeError(done.stderr[-3000:])
        before = _kept(team)
        for _ in range(workers):
            team.start("--queues", "read", "--concurrency", "read=1")
        while _kept(team) == before:
            time.sleep(0.05)
        begun, first = time.monotonic(), _kept(team)
        while (left := _left(team)) > 0:
            if time.monotonic() > begun + 1200:
                raise RuntimeError(f"{left} documents still wait: {team.logs()}")
            time.sleep(0.2)
        return (count - (first - before)) / (time.monotonic() - begun)


def _kept(team: Team) -> int:
    rows = team.ask("SELECT count(*) AS n FROM procrastinate_jobs WHERE status = 'succeeded'")
    return int(rows[0]["n"]) if rows else 0


def _left(team: Team) -> int:
    rows = team.ask("SELECT count(*) AS n FROM procrastinate_jobs WHERE status IN ('todo', 'doing')")
    return int(rows[0]["n"]) if rows else 1


def main(argv: Sequence[str] | None = None) -> int:
    """Print the figures; the ratios have no bar: they say how many cores there are."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--documents", type=int, default=400)
    options = parser.parse_args(argv)
    cores = os.cpu_count() or 1
    print(
        f"{options.documents} DOCX read by extractor {EXTRACTOR_VERSION}; {cores} cores, load {os.getloadavg()[0]:.1f} before"
    )
    print(f"  more workers than the {cores} cores that are here cannot be faster than {cores}")
    try:
        with (
            tempfile.TemporaryDirectory(prefix="ogi-bench-") as name,
            postgres.any_server() as server,
            postgres.new_database(server) as url,
        ):
            folder, store = Path(name), Path(name) / "attachments"
            archive(url, store, options.documents)
            one = 0.0
            for workers in WORKERS:
                rate = throughput(folder, url, store, workers, options.documents)
                one = one or rate
                print(f"  {workers} workers: {rate:7.1f} documents a second, x{rate / one:.2f} against one", flush=True)
    except pytest.skip.Exception as reason:
        print(f"  not measured: {reason}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
