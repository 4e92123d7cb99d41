"""The ledger's part of a night over few and many known reports: time a report and memory must not grow with what is known.

LEDGER_REPORTS=10000,100000,1000000 python -m benchmarks.ledger [--rounds N]

For each size one ledger is made on SQLite, and one on PostgreSQL (OGI_TEST_POSTGRES, or the usual local one; databases of
their own, dropped afterwards). The same night is then asked of each in a fresh process: of 40 portals with 10,000 known
reports, spread over the ledger, all that their sweep asks; of the whole ledger what is asked of the whole. The figures are
ratios against the smallest ledger, of the processor (this process and the server's own), the median of rounds that go through
the sizes in turn; the clock's are beside them.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from benchmarks.measuring import Seconds, median

ROOT = Path(__file__).resolve().parents[1]
SIZES = "10000,100000"
FULL_SIZES = "10000,100000,1000000"
RATIO_BAR = 1.3
"""Of the time for a known report, and of the memory, in a large ledger against the smallest."""
QUIET, NEWS = ("sweep", "whole"), ("sweep", "whole", "publish")


@dataclass
class Figures:
    """Of one size: microseconds for a known report by step, and the peaks of memory in MiB."""

    taken: dict[str, list[Seconds]] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    peaks: list[float] = field(default_factory=list)
    fill_seconds: float = 0.0
    bytes_a_report: float = 0.0

    def add(self, night: dict[str, Any]) -> None:
        """Takes what a child printed."""
        for name, kind, wall, processor in night["steps"]:
            self.kinds[name] = kind
            self.taken.setdefault(name, []).append(Seconds(wall, processor))
        self.peaks.append(night["mebibytes"])

    def of(self, *kinds: str) -> Seconds:
        """The sum of the steps of some kinds."""
        steps = [median(taken) for name, taken in self.taken.items() if self.kinds[name] in kinds]
        return Seconds(sum(step.wall for step in steps), sum(step.processor for step in steps))


def night(url: str, reports: int, nights: int) -> None:
    """One night in this process, which must be a fresh one; prints its figures."""
    from benchmarks.ledger_night import Night
    from crawler.dataset.ledger import Ledger

    steps = []
    with Ledger(url) as ledger:
        tonight = Night(ledger, reports, nights)
        for step in tonight.steps():
            wall, processor = time.perf_counter(), _processor(url)
            step.work()
            taken = time.perf_counter() - wall, _processor(url) - processor
            steps.append((step.name, step.kind, *(1e6 * seconds / step.reports for seconds in taken)))
        ledger.finish_run(tonight.run, reason="finished", stats={})
    print(json.dumps({"steps": steps, "mebibytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


def _processor(url: str) -> float:
    """Seconds of this process and of the server's that serve its database, where that is a local one."""
    database, ticks = sa.make_url(url).database or "", 0
    if "postgresql" in url:
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                if path.read_bytes().startswith(b"postgres:") and database.encode() in path.read_bytes():
                    ticks += sum(map(int, (path.parent / "stat").read_text().rpartition(")")[2].split()[11:13]))
            except OSError:
                continue  # it ended meanwhile
    return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")


def child(step: str, url: str, reports: int, nights: int = 0) -> Any:
    """What a step in a process of its own prints."""
    command = [sys.executable, "-m", "benchmarks.ledger", "--step", step, "--reports", str(reports), "--nights", str(nights)]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, env={**os.environ, "BENCH_LEDGER": url}
    )
    if done.returncode:
        raise RuntimeError(f"{step} over {reports} reports: {done.stderr[-3000:]}")
    return json.loads(done.stdout) if done.stdout else None


@contextmanager
def sqlite_ledgers(sizes: Sequence[int]) -> Iterator[dict[int, str]]:
    """Addresses of ledgers in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="ogi-bench-") as folder:
        yield {size: f"sqlite:///{folder}/{size}.sqlite" for size in sizes}


@contextmanager
def postgres_ledgers(sizes: Sequence[int]) -> Iterator[dict[int, str]]:
    """Addresses of databases that go with the block."""
    from tests import postgres

    with ExitStack() as stack:
        server = stack.enter_context(postgres.any_server())
        # A second process would work unseen: the figures are of the processor.
        alone = {"options": "-cmax_parallel_workers_per_gather=0"}
        yield {
            size: sa.make_url(stack.enter_context(postgres.new_database(server)))
            .update_query_dict(alone)
            .render_as_string(hide_password=False)
            for size in sizes
        }


def measure(ledgers: dict[int, str], rounds: int) -> dict[int, Figures]:
    """The figures of each size, over rounds through all of them."""
    figures = {size: Figures() for size in ledgers}
    for size, url in ledgers.items():
        begun = time.perf_counter()
        child("fill", url, size)
        figures[size].fill_seconds = time.perf_counter() - begun
        figures[size].bytes_a_report = _bytes(url) / size
        child("night", url, size, 0)  # to warm up
        print(f"  {size:>9,} known reports made in {figures[size].fill_seconds:.0f} s", file=sys.stderr, flush=True)
    for number in range(1, rounds + 1):
        for size, url in ledgers.items():
            figures[size].add(child("night", url, size, number))
    return figures


def _bytes(url: str) -> int:
    if url.startswith("sqlite"):
        return Path(str(sa.make_url(url).database)).stat().st_size
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        found = int(connection.exec_driver_sql("SELECT pg_database_size(current_database())").scalar_one())
    engine.dispose()
    return found


def show(name: str, figures: dict[int, Figures]) -> float:
    """Prints one database's figures; gives its worst ratio of those that have a bar."""
    smallest, *larger = figures
    base = figures[smallest]
    print(f"{name}: microseconds for a known report, of the processor (by the clock), and against {smallest:,} reports")
    head = "".join(f"{f'{size:,}':>25}" for size in figures)
    print(f"  {'':<46}{head}")
    for step in base.taken:
        _line(f"  {step}", [median(one.taken[step]) for one in figures.values()])
    worst = [
        _line("a quiet night", [one.of(*QUIET) for one in figures.values()]),
        _line("a night that publishes, without its news", [one.of(*NEWS) for one in figures.values()]),
        _line("a report of news", [one.of("news") for one in figures.values()]),
    ]
    peaks = [statistics.median(one.peaks) for one in figures.values()]
    print(f"  {'peak memory of the process, MiB':<46}" + "".join(f"{peak:>16.0f} x{peak / peaks[0]:<7.2f}" for peak in peaks))
    print(
        f"  {'bytes of the database for a known report':<46}"
        + "".join(f"{one.bytes_a_report:>16.0f} {'':8}" for one in figures.values())
    )
    return max([*worst, *(peak / peaks[0] for peak in peaks)]) if larger else 1.0


def _line(label: str, taken: Sequence[Seconds]) -> float:
    ratios = [one.processor / max(taken[0].processor, 1e-9) for one in taken]
    cells = (
        f"{one.processor:>9.1f} ({one.wall:.1f})".rjust(16) + f" x{ratio:<7.2f}"
        for one, ratio in zip(taken, ratios, strict=True)
    )
    print(f"  {label:<46}{''.join(cells)}", flush=True)
    return max(ratios)


def main(argv: Sequence[str] | None = None) -> int:
    """Print the figures; 1 where time or memory grows with what is known."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--sizes", default=os.environ.get("LEDGER_REPORTS", SIZES))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=("sqlite", "postgresql"))
    parser.add_argument("--step", choices=("fill", "night"), help=argparse.SUPPRESS)
    parser.add_argument("--reports", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--nights", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    if options.step:
        url = os.environ["BENCH_LEDGER"]  # it may hold a password
        if options.step == "night":
            night(url, options.reports, options.nights)
        else:
            from benchmarks.ledger_filling import fill

            fill(url, options.reports)
        return 0
    sizes = sorted(map(int, options.sizes.split(",")))
    print(f"{options.rounds} rounds, load {os.getloadavg()[0]:.1f} before; LEDGER_REPORTS={FULL_SIZES} for the full form")
    worst = 0.0
    for name, made in (("SQLite", sqlite_ledgers), ("PostgreSQL", postgres_ledgers)):
        if options.only in (None, name.lower()):
            worst = max(worst, _of_one(name, made, sizes, options.rounds))
    print(f"  the worst of a quiet night, a night that publishes, a report of news, and memory: x{worst:.2f} (bar {RATIO_BAR})")
    return int(worst > RATIO_BAR)


def _of_one(name: str, made: Any, sizes: Sequence[int], rounds: int) -> float:
    import pytest

    try:
        with made(sizes) as ledgers:
            return show(name, measure(ledgers, rounds))
    except pytest.skip.Exception as reason:
        print(f"{name}: not measured: {reason}")
        return 0.0


if __name__ == "__main__":
    sys.exit(main())
