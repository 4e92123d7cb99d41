"""Publishing from a ledger: peak memory over the number of reports, and processor time against a plain pandas `to_parquet`.

python -m benchmarks.publish [--reports N]; PUBLISH_REPORTS=100000 for the full form, 20 million cells against a tenth of them.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Self

from crawler.forms.catalogue import all_metrics

ROOT = Path(__file__).resolve().parent.parent
NIGHT = datetime(2026, 1, 10, 2, 0, tzinfo=UTC)
SPIDER = "henan_reports"
DEFAULT_REPORTS = 6000
"""About three minutes on two cores."""

FULL_REPORTS = 100_000

YEARS = range(2019, 2024)
YEAR_OF_NEW_FORM = 2021
ANYBODY = "栾川县赤土店镇人民政府"
TOGETHER = 1000
"""Reports entered in one transaction."""

SHARE_OF_FEW = 10
"""The small run has a tenth of the reports."""

SAMPLED_EVERY = 0.1
"""Seconds between two looks at the memory."""

MEMORY_BAR = 1.5
"""Peak memory of all reports against a tenth of them: in memory is a summary of each while they are put together.

No bar is set on the time: ours reads the ledger, tells reports apart, checks every cell and writes every file of a version; the
baseline writes two.
"""


def fill(url: str, count: int) -> None:
    """A ledger that has seen and read so many reports: five years of each body, both forms, no two alike."""
    from crawler.dataset.ledger import Ledger
    from crawler.outcomes import Outcome

    with Ledger(url, clock=lambda: NIGHT) as ledger:
        ledger.record_portal(
            SPIDER,
            "lc",
            name="栾川县人民政府",
            region="河南省/洛阳市/栾川县",
            region_code="410324",
            home="http://lc.example/",
            outcome=Outcome.OK,
        )
        for start in range(0, count, TOGETHER):
            with ledger.writer.together():
                for number in range(start, min(start + TOGETHER, count)):
                    address, sha256, record = f"http://lc.example/{number}.html", f"{number:064x}", report(number)
                    ledger.record_page(
                        address,
                        portal="lc",
                        outcome=Outcome.OK,
                        title=record["title"],
                        published_date=f"{record['year'] + 1}-01-20",
                    )
                    ledger.record_document(
                        address,
                        page_url=address,
                        role="body",
                        outcome=Outcome.OK,
                        sha256=sha256,
                        media_type="text/html",
                        size=10,
                        path=f"{sha256}.html",
                    )
                    ledger.save_extraction(sha256, "1", outcome=Outcome.OK, record=record)


def report(number: int) -> dict[str, Any]:
    """The record of one report: half of its two hundred cells print a number above zero."""
    from tests.builders import cell

    record = _blank(YEARS[number % len(YEARS)])
    body, year = f"栾川县第{number // len(YEARS)}镇人民政府", record["year"]
    cells = {
        key: cell((number * (place + 7)) % 997) if place % 2 else blank
        for place, (key, blank) in enumerate(record["cells"].items())
    }
    text = str(record["text"]).replace(ANYBODY, body)
    return record | {
        "org_name_raw": body,
        "title": f"{body}{year}年政府信息公开工作年度报告",
        "text": f"{text}\n本年度第{number}号。",
        "sections": [part | {"text": part["text"].replace(ANYBODY, body)} for part in record["sections"]],
        "cells": cells,
        "values": {key: entry["value"] for key, entry in cells.items()},
    }


@cache
def _blank(year: int) -> dict[str, Any]:
    from tests.builders import extraction_record

    return extraction_record(ANYBODY, year, form="cn-ogi-2021" if year >= YEAR_OF_NEW_FORM else "cn-ogi-2019")


def publish_all(url: str, output: Path) -> None:
    """The whole of publishing: assemble, validate, write every format, assert, switch."""
    from crawler.dataset.ledger import Ledger
    from crawler.dataset.publish import publish

    with Ledger(url) as ledger:
        publication = publish(ledger, SPIDER, output, now=NIGHT, divisions=[("河南省/洛阳市/栾川县", "410324")])
    if publication.status != "published":
        raise RuntimeError(f"nothing was published: {publication}")


def pandas_parquet(output: Path) -> float:
    """The baseline: the rows of both tables, read from reports.jsonl into columns, and written by pandas.

    Gives the seconds of the two `to_parquet` alone. Values and texts that are equal are one object, as a careful script would
    have it: 20 million rows would not be in memory otherwise.
    """
    import json

    import pandas as pd

    wide: dict[str, list[Any]] = {metric.key: [] for metric in all_metrics()} | {"report_id": []}
    tidy: dict[str, list[Any]] = {name: [] for name in ("report_id", "metric", "value", "raw", "state")}
    kept: dict[Any, Any] = {}
    with (output / SPIDER / "current" / "reports.jsonl").open(encoding="utf-8") as file:
        for line in file:
            record = json.loads(line)
            for name, column in wide.items():
                value = record["report_id"] if name == "report_id" else record["values"].get(name)
                column.append(kept.setdefault((type(value), value), value))
            for key, cell in record["cells"].items():
                row = {"report_id": record["report_id"], "metric": key, **cell}
                for name, column in tidy.items():
                    column.append(kept.setdefault((type(row[name]), row[name]), row[name]))
    start = time.monotonic()
    pd.DataFrame(wide).to_parquet(output / "reports.parquet")
    pd.DataFrame(tidy).to_parquet(output / "cells.parquet")
    return time.monotonic() - start


@dataclass(frozen=True, slots=True)
class Cost:
    """What a step took: seconds of the clock, seconds of the processors, and the most memory of all its processes, in MiB.

    ``writing`` are the seconds of the clock that the baseline spends in `to_parquet` alone.
    """

    seconds: float
    processor: float
    mebibytes: float
    writing: float


def child(step: str, folder: Path, count: int) -> Cost:
    """One step in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.publish", "--step", step, "--folder", str(folder), "--reports", str(count)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{step}: {done.stderr[-2000:]}")
    return Cost(*map(float, done.stdout.split()))


def one_step(step: str, folder: Path, count: int) -> None:
    """What a child does, and prints."""
    url, output = f"sqlite:///{folder / 'ledger.sqlite'}", folder / "output"
    start, writing = time.monotonic(), 0.0
    with Resident() as memory:
        if step == "fill":
            fill(url, count)
        elif step == "publish":
            publish_all(url, output)
        else:
            writing = pandas_parquet(output)
    seconds, times = time.monotonic() - start, os.times()
    print(seconds, times.user + times.system + times.children_user + times.children_system, memory.most, writing)


class Resident:
    """While it is open: the most that this process and its children had in memory together, sampled; in MiB."""

    def __init__(self) -> None:
        self.most = 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(SAMPLED_EVERY):
            self.most = max(self.most, sum(map(_resident, (os.getpid(), *_children()))))


def _children() -> list[int]:
    tasks = Path("/proc/self/task").glob("*/children")
    return [int(number) for task in tasks for number in _told(task).split()]


def _resident(process: int) -> float:
    found = re.search(r"VmRSS:\s*(\d+)", _told(Path(f"/proc/{process}/status")))
    return int(found[1]) / 1024 if found else 0


def _told(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except OSError:  # it has ended
        return ""


def main(argv: Sequence[str] | None = None) -> int:
    """Print the figures; 1 where memory grows with the number of reports."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--reports", type=int, default=int(os.environ.get("PUBLISH_REPORTS", DEFAULT_REPORTS)))
    parser.add_argument("--step", choices=("fill", "publish", "pandas"), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    if options.step:
        one_step(options.step, options.folder, options.reports)
        return 0
    full = options.reports >= FULL_REPORTS
    print(f"  {'full' if full else 'small'} form{'' if full else f'; PUBLISH_REPORTS={FULL_REPORTS} for the full one'}")
    peaks = []
    for count in (options.reports // SHARE_OF_FEW, options.reports):
        with tempfile.TemporaryDirectory(prefix="ogi-bench-") as name:
            child("fill", Path(name), count)
            ours, plain = child("publish", Path(name), count), child("pandas", Path(name), count)
        peaks.append(ours.mebibytes)
        print(
            f"  {count:7,} reports: all formats {ours.seconds:.1f} s ({count / ours.seconds:.0f} a second; of processors"
            f" {ours.processor:.1f} s), {ours.mebibytes:.0f} MiB; pandas reads and writes {plain.seconds:.1f} s"
            f" ({plain.processor:.1f} s), {plain.mebibytes:.0f} MiB, to_parquet alone {plain.writing:.1f} s;"
            f" x{ours.seconds / plain.seconds:.1f} time (x{ours.seconds / plain.writing:.0f} of to_parquet alone),"
            f" x{ours.mebibytes / plain.mebibytes:.2f} memory",
            flush=True,
        )
    growth = peaks[1] / peaks[0]
    print(f"  peak memory for {SHARE_OF_FEW} times the reports: x{growth:.2f} (bar {MEMORY_BAR})")
    return int(growth > MEMORY_BAR)


if __name__ == "__main__":
    sys.exit(main())
