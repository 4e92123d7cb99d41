"""The crawl beside a bare Scrapy spider that only downloads the same pages: pages a second, processor time a page, memory.

python -m benchmarks.crawl [--hosts N] [--reports N] [--rounds N]

Both crawl one site over loopback, served by a process of its own (`benchmarks.site`), with the same concurrency, without
delays, AutoThrottle and robots.txt. The bare spider is given every address and has an empty callback; it is measured as it
comes, which the bar is for, and with CONCURRENT_ITEMS as ours has it. Ours is `annual_reports` with all its middlewares: it is
given the lists, reads them and every article, stores every body under its digest and writes the ledger. What reads reports
(child processes) and what publishes them is left out; the last line is a crawl with both.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any, Literal, Self, TypedDict

from scrapy import Request, Spider, signals
from scrapy.crawler import AsyncCrawlerProcess, Crawler
from scrapy.http import Response
from scrapy.settings import Settings

from benchmarks.measuring import processor_seconds
from benchmarks.site import served
from crawler import settings as ours
from crawler.items import PageItem
from crawler.outcomes import Outcome
from spiders.annual_reports import AnnualReportsSpider

RATIO_BAR = 0.8
"""Of the bare spider's pages a second."""

CONCURRENCY = 32
Kind = Literal["bare", "lean", "ours", "whole"]
"""Of crawl: ``lean`` is bare with CONCURRENT_ITEMS as ours has it, ``whole`` is ours with extraction."""
IMPOLITE: dict[str, Any] = {
    "AUTOTHROTTLE_ENABLED": False,
    "CONCURRENT_REQUESTS": CONCURRENCY,
    "DOWNLOAD_DELAY": 0,
    "LOG_LEVEL": "ERROR",
    "ROBOTSTXT_OBEY": False,
    "TELNETCONSOLE_ENABLED": False,
}


class Figures(TypedDict):
    """Of one crawl: pages received, and told unchanged; seconds by the clock and of the processor; the peak of memory."""

    pages: int
    unchanged: int
    seconds: float
    processor: float
    mebibytes: float


class BareSpider(Spider):
    """Downloads what it is told to and looks at none of it."""

    name = "bare"

    def __init__(self, addresses: Sequence[str]) -> None:
        super().__init__()
        self.addresses = addresses

    async def start(self) -> AsyncIterator[Request]:
        """Every address."""
        for url in self.addresses:
            yield Request(url, dont_filter=True)

    def parse(self, response: Response) -> None:
        """Nothing."""


class Unread:
    """Stands where documents are read: they are left as they are, and nothing is wrong with them."""

    def process_item(self, item: PageItem) -> PageItem:
        """Give each its end."""
        for document in item.documents:
            document.outcome = document.outcome or Outcome.NO_TABLES.value
        return item


class Meter:
    """Time from the first request to the last page; as an extension it writes its figures to ``METER_REPORT``."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.begun = self.ended = (0.0, 0.0)
        crawler.signals.connect(self.begin, signal=signals.engine_started)
        crawler.signals.connect(self.end, signal=signals.spider_idle)
        crawler.signals.connect(self.write, signal=signals.engine_stopped)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Wire the meter to the crawl."""
        return cls(crawler)

    def begin(self) -> None:
        """The engine starts."""
        self.begun = time.perf_counter(), processor_seconds()

    def end(self) -> None:
        """Nothing is left to be done; what closes the spider comes after."""
        self.ended = time.perf_counter(), processor_seconds()

    def write(self) -> None:
        """The run is over, and what it published written."""
        if report := self.crawler.settings["METER_REPORT"]:
            Path(report).write_text(json.dumps(self.figures()), encoding="utf-8")

    def figures(self) -> Figures:
        """Once the crawl is over."""
        stats = self.crawler.stats
        return Figures(
            pages=stats.get_value("downloader/response_status_count/200", 0),
            unchanged=stats.get_value("downloader/response_status_count/304", 0),
            seconds=self.ended[0] - self.begun[0],
            processor=self.ended[1] - self.begun[1],
            mebibytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        )


def crawl(kind: Kind, folder: Path) -> Figures:
    """One crawl of the site, in this process, which must be a fresh one."""
    settings = Settings()
    arguments: dict[str, Any] = {"addresses": (folder / "urls.txt").read_text("utf-8").splitlines()}
    spider: type[Spider] = BareSpider
    if kind == "lean":
        settings.set("CONCURRENT_ITEMS", ours.CONCURRENT_ITEMS)
    if kind in ("ours", "whole"):
        settings.setmodule(ours, priority="project")
        output = tempfile.mkdtemp(dir=folder)
        settings.setdict({"OUTPUT_DIR": output, "ALLOW_PRIVATE_ADDRESSES": True, "BROWSER_ENABLED": False}, priority="cmdline")
        spider, arguments = AnnualReportsSpider, {"portals": str(folder / "portals.toml")}
        if kind == "ours":
            stations = {Unread if "Extraction" in name else name: order for name, order in ours.ITEM_PIPELINES.items()}
            settings.set("ITEM_PIPELINES", stations, priority="cmdline")
    settings.setdict(IMPOLITE, priority="cmdline")
    process = AsyncCrawlerProcess(settings)
    crawler = process.create_crawler(spider)
    meter = Meter(crawler)
    process.crawl(crawler, **arguments)
    process.start()
    return meter.figures()


def in_fresh_process(kind: Kind, folder: Path) -> Figures:
    """The figures of one crawl."""
    command = [sys.executable, "-m", "benchmarks.crawl", "--crawl", kind, "--folder", str(folder)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=900)
    if done.returncode or not done.stdout.strip():
        raise RuntimeError(done.stderr[-4000:])
    figures: Figures = json.loads(done.stdout.splitlines()[-1])
    return figures


def _line(label: str, rounds: Sequence[Figures]) -> float:
    rate = median(one["pages"] / one["seconds"] for one in rounds)
    processor = 1000 * median(one["processor"] / one["pages"] for one in rounds)
    memory = max(one["mebibytes"] for one in rounds)
    print(f"  {label:<34}{rate:>8.0f} pages/s{processor:>8.2f} ms of processor a page{memory:>8.0f} MiB", flush=True)
    return rate


def measure(folder: Path, rounds: int) -> float:
    """Print the medians of interleaved crawls; gives our share of the bare spider's pages a second."""
    taken: dict[Kind, list[Figures]] = {"bare": [], "lean": [], "ours": []}
    for _ in range(rounds):
        for kind, figures in taken.items():
            figures.append(in_fresh_process(kind, folder))
    pages = {one["pages"] for figures in taken.values() for one in figures}
    if len(pages) != 1:
        raise RuntimeError(f"the crawls differ in pages: {sorted(pages)}")
    bare = _line("bare Scrapy, downloads only", taken["bare"])
    lean = _line("bare, with our CONCURRENT_ITEMS", taken["lean"])
    own = _line("this crawl, without extraction", taken["ours"])
    print(f"  ours against bare: {own / bare:.2f} (bar {RATIO_BAR}); against bare with our CONCURRENT_ITEMS: {own / lean:.2f}")
    return own / bare


def main(argv: Sequence[str] | None = None) -> int:
    """Print the figures; 1 where ours is slower than it may be."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--hosts", type=int, default=60)
    parser.add_argument("--reports", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--crawl", choices=("bare", "lean", "ours", "whole"), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    if options.crawl:
        print(json.dumps(crawl(options.crawl, options.folder)))
        return 0
    with tempfile.TemporaryDirectory(prefix="ogi-bench-") as name, served(Path(name), options.hosts, options.reports) as made:
        print(
            f"{made['pages']} pages of {options.hosts} portals, {made['kilobytes']} kB on average; {CONCURRENCY} at a time; "
            f"{options.rounds} rounds, load {os.getloadavg()[0]:.1f} before"
        )
        ratio = measure(Path(name), options.rounds)
        _line("this crawl, with extraction", [in_fresh_process("whole", Path(name))])
    return int(ratio < RATIO_BAR)


if __name__ == "__main__":
    sys.exit(main())
