"""PDF -> tables: ours against what a user would write with pdfplumber, on the same files in the same run.

python -m benchmarks.pdf [--rounds N] [FILE.pdf ...]
"""

from __future__ import annotations

import argparse
import io
import logging
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pdfplumber

from crawler.documents.pdf import read_pdf
from crawler.outcomes import OutcomeError

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("OGI_SHARED", ROOT.parent / "shared"))
SAMPLE = ROOT / "crawler" / "sample" / "site"
BAR = 10.0
"""How many times faster than the baseline the reader has to be."""


def baseline(content: bytes) -> int:
    """pdfplumber: open, text and tables of every page. The number of table rows it finds."""
    rows = 0
    with pdfplumber.open(io.BytesIO(content)) as pdf:
        for page in pdf.pages:
            page.extract_text()
            rows += sum(map(len, page.extract_tables()))
    return rows


def ours(content: bytes) -> int:
    """The project's reader, tables joined over pages. The number of rows."""
    return sum(grid.row_count for grid in read_pdf(content).grids)


def default_paths() -> list[Path]:
    """The real reports where they are present, and the born-digital PDFs of the sample portals."""
    real = sorted((SHARED / "real" / "pdf").glob("*2024.pdf"))
    return [*real, *sorted(SAMPLE.rglob("*.pdf"))]


def measure(content: bytes, rounds: int) -> tuple[float, float]:
    """Median seconds of the baseline and of ours, interleaved, after one warm-up each."""
    tasks: tuple[Callable[[bytes], int], ...] = (baseline, ours)
    times: tuple[list[float], list[float]] = ([], [])
    for task in tasks:
        task(content)
    for _ in range(rounds):
        for task, taken in zip(tasks, times, strict=True):
            start = time.perf_counter()
            task(content)
            taken.append(time.perf_counter() - start)
    return statistics.median(times[0]), statistics.median(times[1])


def run(paths: Sequence[Path], rounds: int) -> float:
    """Prints one line a file and the totals; the ratio of the totals (0.0 if nothing could be read)."""
    logging.getLogger("pdfminer").setLevel(logging.ERROR)
    print(f"{'file':<44}{'pdfplumber ms':>14}{'ours ms':>10}{'ratio':>8}")
    slow = fast = 0.0
    for path in paths:
        content = path.read_bytes()
        try:
            read_pdf(content)
        except OutcomeError as error:
            print(f"{path.name:<44}{error}")
            continue
        base, own = measure(content, rounds)
        slow += base
        fast += own
        print(f"{path.name[-43:]:<44}{base * 1000:>14.1f}{own * 1000:>10.1f}{base / own:>8.1f}")
    ratio = slow / fast if fast else 0.0
    name = f"all ({len(paths)} files, median of {rounds})"
    print(f"{name:<44}{slow * 1000:>14.1f}{fast * 1000:>10.1f}{ratio:>8.1f}   bar {BAR:.0f}")
    return ratio


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the benchmark; exit status 1 below the bar, 2 without any file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(argv)
    paths = options.files or default_paths()
    if not paths:
        print(f"no PDF given, none in {SHARED} or {SAMPLE}", file=sys.stderr)
        return 2
    return 0 if run(paths, options.rounds) >= BAR else 1


if __name__ == "__main__":
    sys.exit(main())
