"""Memory of a night over few and over many known reports: what a run holds must not grow with what is known.

python -m benchmarks.nights [--portals N] [--few N] [--many N]

For each number of reports a portal (6 and 60 of 100 portals: 600 and 6,000 reports) one night reads everything. The second,
which is measured, asks about every page, is told that none has changed, looks every document up and publishes. The figure is
the most that the process of the crawl ever held; the children that read documents are others.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.site import served
from crawler import settings as ours
from tests.crawling import scrapy

RATIO_BAR = 1.2
OPTIONS = {
    "ALLOW_PRIVATE_ADDRESSES": "True",
    "AUTOTHROTTLE_ENABLED": "False",
    "BROWSER_ENABLED": "False",
    "DOWNLOAD_DELAY": "0",
    "EXTENSIONS": json.dumps({**ours.EXTENSIONS, "benchmarks.crawl.Meter": 0}),
    "LOG_LEVEL": "ERROR",
    "ROBOTSTXT_OBEY": "False",
}


def second_night(portals: int, reports: int) -> tuple[int, float]:
    """Pages that were not sent again, and the process's peak memory in MiB."""
    with tempfile.TemporaryDirectory(prefix="ogi-bench-") as name, served(Path(name), portals, reports, etags=True):
        figures = Path(name) / "figures.json"
        options = {**OPTIONS, "OUTPUT_DIR": f"{name}/output", "METER_REPORT": str(figures)}
        settings = [part for key, value in options.items() for part in ("-s", f"{key}={value}")]
        for _ in range(2):
            done = scrapy("crawl", "annual_reports", "-a", f"portals={name}/portals.toml", *settings, timeout=3600)
            if done.returncode:
                raise RuntimeError(f"exit status {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
        read = json.loads(figures.read_text("utf-8"))
        return read["unchanged"], read["mebibytes"]


def main(argv: Sequence[str] | None = None) -> int:
    """Print the figures; 1 where many take too much more than few."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--portals", type=int, default=100)
    parser.add_argument("--few", type=int, default=6)
    parser.add_argument("--many", type=int, default=60)
    options = parser.parse_args(argv)
    print(f"{options.portals} portals; load {os.getloadavg()[0]:.1f} before")
    peaks = []
    for reports in (options.few, options.many):
        unchanged, peak = second_night(options.portals, reports)
        peaks.append(peak)
        print(
            f"  {options.portals * reports:>6} known reports: {unchanged} pages unchanged, peak memory {peak:.1f} MiB",
            flush=True,
        )
    ratio = peaks[1] / peaks[0]
    print(f"  many against few: {ratio:.2f} (bar {RATIO_BAR})")
    return int(ratio > RATIO_BAR)


if __name__ == "__main__":
    sys.exit(main())
