"""Reading in child processes: documents a second with one and with two, and how long a crawl's reactor is ever held up.

python -m benchmarks.isolation [--documents N] [--rounds N]
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from scrapy import signals
from scrapy.utils.project import get_project_settings

from crawler.isolation import ExtractionPool
from crawler.outcomes import Outcome
from crawler.reading_child import NICENESS
from crawler.settings import EXTENSIONS
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


@dataclass(frozen=True, slots=True)
class Clocks:
    """Where time went up to a moment, in seconds: of this thread, of all, waiting for a processor, collecting garbage."""

    now: float
    thread: float
    process: float
    waited: float
    garbage: float


@dataclass(frozen=True, slots=True)
class Stall:
    """One tick that came late, in seconds, and what was done in the meantime."""

    late: float
    thread: float
    """Processor time of the reactor's thread."""
    process: float
    """Processor time of all threads."""
    waited: float
    """The reactor's thread was ready and another program had the processor."""
    garbage: float
    at: float
    """Since the start."""

    @property
    def own(self) -> float:
        """What no other program is to blame for: no longer than the process worked in whatever thread."""
        return max(0.0, min(self.late - self.waited, self.process))

    def __str__(self) -> str:
        figures = (
            ("late", self.late), ("own", self.own), ("reactor worked", self.thread), ("process worked", self.process),
            ("garbage", self.garbage), ("waited for a processor", self.waited),
        )  # fmt: skip
        return ", ".join(f"{name} {1000 * value:.0f}" for name, value in figures) + f" ms, after {self.at:.1f} s"


class StallMeter:
    """How late an event loop's ticks are. As a Scrapy extension, written to the file that ``STALL_REPORT`` names.

    On a busy machine a tick is also late because another program had the processor, of this thread or of one that holds the
    interpreter's lock; `Stall.own` leaves that out.
    """

    def __init__(self, report: Path | None = None) -> None:
        self.report = report
        self.stalls: list[Stall] = []
        self.garbage = 0.0
        self.last_page = float("inf")
        """Seconds from the start to the end of the last page; afterwards the dataset is published, and no portal is waiting."""
        self.stopped = False
        self._garbage_since = 0.0

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Wire the meter to the spider's signals."""
        meter = cls(Path(crawler.settings["STALL_REPORT"]))
        crawler.signals.connect(meter.start, signal=signals.spider_opened)
        crawler.signals.connect(meter.page_done, signal=signals.item_scraped)
        crawler.signals.connect(meter.stop, signal=signals.spider_closed)
        return meter

    def clocks(self) -> Clocks:
        """The clocks as they stand."""
        return Clocks(time.perf_counter(), time.thread_time(), time.process_time(), waited_for_processor(), self.garbage)

    def collecting(self, phase: str, _: object) -> None:
        """Add up what the garbage collector takes, in whatever thread: it holds the lock."""
        if phase == "start":
            self._garbage_since = time.perf_counter()
        else:
            self.garbage += time.perf_counter() - self._garbage_since

    def start(self) -> None:
        """Tick from now on."""
        gc.callbacks.append(self.collecting)
        self.began = self.last = self.clocks()
        asyncio.get_running_loop().call_later(TICK_SECONDS, self.tick)

    def tick(self) -> None:
        """One tick, late by as long as the reactor did something else."""
        clocks, last = self.clocks(), self.last
        self.stalls.append(
            Stall(
                max(0.0, clocks.now - last.now - TICK_SECONDS),
                clocks.thread - last.thread,
                clocks.process - last.process,
                clocks.waited - last.waited,
                clocks.garbage - last.garbage,
                clocks.now - self.began.now,
            )
        )
        self.last = clocks
        if not self.stopped:
            asyncio.get_running_loop().call_later(TICK_SECONDS, self.tick)

    def page_done(self) -> None:
        """One more page has been read, with its documents."""
        self.last_page = time.perf_counter() - self.began.now

    def stop(self) -> None:
        """Write what was measured."""
        self.stopped = True
        gc.callbacks.remove(self.collecting)
        if self.report is not None:
            self.report.write_text(json.dumps(self.figures()), encoding="utf-8")

    def figures(self) -> dict[str, Any]:
        """Milliseconds while pages were read, MiB, and the worst stalls in words."""
        reading = [stall for stall in self.stalls if stall.at <= self.last_page]
        late, own = sorted(stall.late for stall in reading), sorted(stall.own for stall in reading)
        worst = sorted(reading, key=lambda stall: stall.late, reverse=True)[:2]
        worst += sorted(reading, key=lambda stall: stall.own, reverse=True)[:2]
        return {
            "longest": 1000 * late[-1],
            "own": 1000 * own[-1],
            "p999": 1000 * late[int(0.999 * len(late))],
            "own_p999": 1000 * own[int(0.999 * len(own))],
            "publishing": 1000 * max((stall.own for stall in self.stalls if stall.at > self.last_page), default=0.0),
            "seconds": reading[-1].at,
            "ticks": len(late),
            "parent_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            "child_mb": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024,
            "worst": [str(stall) for stall in dict.fromkeys(worst)],
        }


def control(seconds: float, children: int) -> dict[str, Any]:
    """The figures of an event loop that does nothing, beside so many processes that compute and are none of ours."""

    async def watch() -> dict[str, Any]:
        meter = StallMeter()
        meter.start()
        await asyncio.sleep(seconds)
        meter.stop()
        return meter.figures()

    burn = [sys.executable, "-c", f"import os\nos.nice({NICENESS})\nwhile True: sum(range(100000))"]
    burners = [subprocess.Popen(burn) for _ in range(children)]
    try:
        return asyncio.run(watch())
    finally:
        for burner in burners:
            burner.kill()
            burner.wait()


@dataclass(frozen=True, slots=True)
class Round:
    """Documents read by a pool that is already warm; seconds."""

    documents: int
    workers: int
    wall: float
    worked: float
    """Processor time of the children."""
    waited: float
    """The children were ready and another program had the processor."""

    @property
    def rate(self) -> float:
        """Documents a second."""
        return self.documents / self.wall

    @property
    def rate_on_free_processors(self) -> float:
        """Documents a second of wall clock in which a child, where it is ready, never waits for a processor."""
        occupied = min(1.0, (self.worked + self.waited) / (self.wall * self.workers))
        return self.workers * occupied * self.documents / self.worked if self.worked else 0.0


def children_time() -> tuple[float, float]:
    """Seconds that the child processes have worked, and have waited for a processor."""
    pids = [pid for path in Path("/proc/self/task").glob("*/children") for pid in path.read_text().split()]
    figures = [Path(f"/proc/{pid}/schedstat").read_text().split() for pid in pids]
    return sum(int(worked) for worked, _, _ in figures) / 1e9, sum(int(waited) for _, waited, _ in figures) / 1e9


def read_all(paths: Sequence[Path], workers: int, *, by_path: bool) -> Round:
    """One round."""
    with ExtractionPool(workers=workers, timeout=120, memory_mb=1536, max_tasks=10_000) as pool:
        for future in [pool.submit(path) for path in paths[: 4 * workers]]:
            future.result()
        start, before = time.perf_counter(), children_time()
        for future in [pool.submit(path if by_path else path.read_bytes()) for path in paths]:
            future.result()
        wall, after = time.perf_counter() - start, children_time()
        return Round(len(paths), workers, wall, after[0] - before[0], after[1] - before[1])


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


def crawl_with_meter(paths: Sequence[Path], count: int) -> dict[str, Any]:
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
            "EXTENSIONS": json.dumps({**EXTENSIONS, "benchmarks.isolation.StallMeter": 1}),
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
        figures: dict[str, Any] = json.loads(report.read_text("utf-8"))
        return figures


WAYS = (("one worker", 1, True), ("two workers", 2, True), ("two, bytes sent", 2, False))


def compare(paths: Sequence[Path], rounds: int) -> float:
    """How much more two children read than one, each as if no other program wanted the processors; printed."""
    # One after another in each round, so that what else the machine does meets all of them.
    done = [{label: read_all(paths, workers, by_path=by_path) for label, workers, by_path in WAYS} for _ in range(rounds)]
    ratios = [each["two workers"].rate_on_free_processors / each["one worker"].rate_on_free_processors for each in done]
    for label, _, _ in WAYS:
        best = max((each[label] for each in done), key=lambda one: one.rate)
        line = f"  {label:<18}{best.rate:>7.1f} documents/s, {1000 * best.worked / best.documents:.0f} ms of work each"
        print(f"{line}, for every second of work {best.waited / best.worked:.2f} s of waiting for a processor")
    best_one, best_two = (max(each[label].rate for each in done) for label, _, _ in WAYS[:2])
    ratio = statistics.median(ratios)
    print(f"  two workers against one: {best_two / best_one:.2f} on this machine as busy as it is; on free processors", end=" ")
    print(f"{ratio:.2f} (rounds: {', '.join(f'{each:.2f}' for each in ratios)})")
    return ratio


def say_stalls(label: str, figures: dict[str, Any]) -> None:
    """One line."""
    print(
        f"  {label:<18} longest {figures['own']:>4.0f} ms of its own ({figures['longest']:.0f} with the wait for a processor),"
        f" 99.9 % within {figures['own_p999']:.0f} ms ({figures['p999']:.0f}); {figures['seconds']:.0f} s"
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Print the figures; 1 where the reactor was held up longer than the budget, or two readers are not worth two."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--documents", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(argv)
    paths = samples()
    many = [paths[number % len(paths)] for number in range(max(options.documents // 2, len(paths)))]
    print(f"{len(many)} documents of {len(paths)} samples, {options.rounds} rounds; load {os.getloadavg()[0]:.1f} before")
    ratio = compare(many, options.rounds)
    print(f"a crawl of {options.documents} documents over loopback; load {os.getloadavg()[0]:.1f} before")
    figures = crawl_with_meter(paths, options.documents)
    workers = get_project_settings().getint("EXTRACTION_WORKERS")
    say_stalls("the crawl", figures)
    say_stalls("nothing but load", control(min(figures["seconds"], 60.0), workers))
    for stall in figures["worst"]:
        print(f"    {stall}")
    print(
        f"  budget {STALL_BUDGET_MILLISECONDS:.0f} ms; while publishing, when no portal waits, {figures['publishing']:.0f} ms"
    )
    print(f"  peak memory {figures['parent_mb']:.0f} MiB, of the largest child {figures['child_mb']:.0f} MiB")
    return int(figures["own"] > STALL_BUDGET_MILLISECONDS or ratio < RATIO_BAR)


if __name__ == "__main__":
    sys.exit(main())
