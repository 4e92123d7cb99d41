"""Reading in child processes: documents a second with one and with two, and how long a crawl's reactor is ever held up.

python -m benchmarks.isolation [--documents N] [--rounds N]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Self

from scrapy import signals

from crawler.isolation import ExtractionPool
from crawler.outcomes import Outcome
from tests.crawling import MiniPortal, portals_file, scrapy, served

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

ROOT = Path(__file__).resolve().parent.parent
SITE = ROOT / "crawler" / "sample" / "site"
TICK_SECONDS = 0.005
HOST_MARK = re.compile(rb"@@HOST:[a-z0-9_-]+@@")
WAITING = Path("/proc/thread-self/schedstat")
"""Its second figure: nanoseconds in which the thread could have run and the system gave the processor to another program."""
STALL_BUDGET_MILLISECONDS = 50.0
RATIO_BAR = 1.7
"""Two readers against one, on two cores of which the parent and the system want their share."""


def samples() -> list[Path]:
    """Reports of the sample portals that are read without OCR: PDF, DOCX and web pages."""
    found = [path for path in sorted(SITE.rglob("*")) if path.suffix in {".pdf", ".docx"}]
    found += [path for path in sorted(SITE.rglob("*.html")) if "一、总体情况" in path.read_text("utf-8", "ignore")][
        : len(found)
    ]
    with ExtractionPool(workers=2, timeout=120, memory_mb=1536, max_tasks=1000) as pool:
        read = [(path, pool.submit(path)) for path in found]
        return [path for path, future in read if future.result().outcome is Outcome.OK and future.result().seconds < 1]


def waited_for_processor() -> float:
    """Seconds in which this thread was ready and did not run; 0 where the system does not say."""
    try:
        return int(WAITING.read_text().split()[1]) / 1e9
    except (OSError, IndexError):
        return 0.0


class StallMeter:
    """A Scrapy extension: how late the reactor's ticks are, written to the file that ``STALL_REPORT`` names.

    On a busy machine a tick is also late because another program had the processor; the system counts that time, and
    ``own`` is what is left without it.
    """

    def __init__(self, report: Path) -> None:
        self.report = report
        self.stalls: list[float] = []
        self.own: list[float] = []
        self.expected = 0.0
        self.waited = 0.0

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Wire the meter to the spider's signals."""
        meter = cls(Path(crawler.settings["STALL_REPORT"]))
        crawler.signals.connect(meter.start, signal=signals.spider_opened)
        crawler.signals.connect(meter.stop, signal=signals.spider_closed)
        return meter

    def start(self) -> None:
        """Tick from now on."""
        self.waited = waited_for_processor()
        self.expected = time.perf_counter() + TICK_SECONDS
        asyncio.get_running_loop().call_later(TICK_SECONDS, self.tick)

    def tick(self) -> None:
        """One tick, late by as long as the reactor did something else."""
        now = time.perf_counter()
        waited = waited_for_processor()
        late = max(0.0, now - self.expected)
        self.stalls.append(late)
        self.own.append(max(0.0, late - (waited - self.waited)))
        self.waited = waited
        self.expected = now + TICK_SECONDS
        asyncio.get_running_loop().call_later(TICK_SECONDS, self.tick)

    def stop(self) -> None:
        """Write what was measured."""
        figures = {
            "longest": max(self.stalls, default=0.0) * 1000,
            "own": max(self.own, default=0.0) * 1000,
            "p999": statistics.quantiles(self.stalls, n=1000)[-1] * 1000 if len(self.stalls) > 1 else 0.0,
            "parent_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            "child_mb": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024,
        }
        self.report.write_text(json.dumps(figures), encoding="utf-8")


def documents_a_second(paths: Sequence[Path], workers: int, *, by_path: bool) -> float:
    """Of a pool that is already warm."""
    with ExtractionPool(workers=workers, timeout=120, memory_mb=1536, max_tasks=10_000) as pool:
        for future in [pool.submit(path) for path in paths[: 4 * workers]]:
            future.result()
        start = time.perf_counter()
        for future in [pool.submit(path if by_path else path.read_bytes()) for path in paths]:
            future.result()
        return len(paths) / (time.perf_counter() - start)


def portal_of(paths: Sequence[Path], count: int, folder: Path) -> MiniPortal:
    """A portal with so many articles, each with an attachment of its own content."""
    portal = MiniPortal(folder / "a")
    for number in range(count):
        source = paths[number % len(paths)]
        # A different content each time; what follows the end of a PDF, a page or a package is ignored.
        content = (
            HOST_MARK.sub(b"", source.read_bytes())
            + (f"<!--{number}-->" if source.suffix == ".html" else f"\n%{number}\n").encode()
        )
        if source.suffix == ".html":
            address = f"/zwgk/zfxxgknb/t20250120_{number}.html"
            portal.put(address, content)
            portal.row(address, f"第{number}街道办事处2024年政府信息公开工作年度报告")
            continue
        name = f"P{number:05d}{source.suffix}"
        portal.put(f"/zwgk/zfxxgknb/{name}", content)
        title = f"第{number}镇人民政府2024年政府信息公开工作年度报告"
        portal.article(number, title, f'<p>附件：<a href="{name}">{title}</a></p>')
    portal.finish()
    return portal


def crawl_with_meter(paths: Sequence[Path], count: int) -> dict[str, float]:
    """The figures of a real crawl of so many documents over loopback."""
    with tempfile.TemporaryDirectory(prefix="ogi-bench-") as name:
        folder = Path(name)
        portal_of(paths, count, folder / "site")
        report = folder / "stalls.json"
        options = {
            "OUTPUT_DIR": str(folder / "output"),
            "ALLOW_PRIVATE_ADDRESSES": "True",
            "AUTOTHROTTLE_ENABLED": "False",
            "DOWNLOAD_DELAY": "0",
            "LOG_LEVEL": "ERROR",
            "EXTENSIONS": json.dumps({"benchmarks.isolation.StallMeter": 1}),
            "STALL_REPORT": str(report),
        }
        with served(folder / "site") as server:
            portals = portals_file(folder / "portals.toml", server)
            settings = [part for key, value in options.items() for part in ("-s", f"{key}={value}")]
            start = time.perf_counter()
            done = scrapy("crawl", "annual_reports", "-a", f"portals={portals}", *settings, timeout=900)
            seconds = time.perf_counter() - start
        if not report.is_file():
            raise RuntimeError(done.stderr[-2000:])
        with_documents = next((line for line in done.stdout.splitlines() if line.startswith("Documents")), "")
        print(f"  {with_documents.strip()} in {seconds:.0f} s")
        figures: dict[str, float] = json.loads(report.read_text("utf-8"))
        return figures


def main(argv: Sequence[str] | None = None) -> int:
    """Print the figures; 1 where the reactor was held up longer than the budget, or two readers are not worth two."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--documents", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(argv)
    paths = samples()
    many = [paths[number % len(paths)] for number in range(max(options.documents // 2, len(paths)))]
    print(f"{len(many)} documents of {len(paths)} samples, best of {options.rounds}; load {os.getloadavg()[0]:.1f} before")
    rates = {}
    for label, workers, by_path in (("one worker", 1, True), ("two workers", 2, True), ("two, bytes sent", 2, False)):
        rates[label] = max(documents_a_second(many, workers, by_path=by_path) for _ in range(options.rounds))
        print(f"  {label:<18}{rates[label]:>8.1f} documents/s{rates[label] / rates['one worker']:>8.2f}x")
    ratio = rates["two workers"] / rates["one worker"]
    print(f"a crawl of {options.documents} documents over loopback")
    figures = crawl_with_meter(paths, options.documents)
    print(f"  longest stall of the reactor {figures['own']:.0f} ms, budget {STALL_BUDGET_MILLISECONDS:.0f} ms", end="")
    print(f"; with the wait for a processor {figures['longest']:.0f} ms (99.9 %: {figures['p999']:.0f} ms)")
    print(f"  peak memory {figures['parent_mb']:.0f} MiB", end="")
    print(f", of the largest child {figures['child_mb']:.0f} MiB")
    return int(figures["own"] > STALL_BUDGET_MILLISECONDS or ratio < RATIO_BAR)


if __name__ == "__main__":
    sys.exit(main())
