"""PDF -> record: ours against what a user would write with pdfplumber to get the tables alone, same files, same run.

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
from dataclasses import replace
from functools import partial
from pathlib import Path

import pdfplumber

from crawler.documents.model import Document, Grid, Method
from crawler.documents.pdf import read_pdf
from crawler.forms.reader import read_report
from crawler.forms.record import report_record
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
    """The project's whole way, bytes to record, every table read twice. The number of cells."""
    return len(report_record(read_report(read_pdf(content)))["cells"])


def read_once(document: Document) -> Document:
    """The document without the words by which its tables are read a second time."""
    blocks = (replace(block, reading_order=()) if isinstance(block, Grid) else block for block in document.blocks)
    return replace(document, blocks=tuple(blocks), settle=None)


def default_paths() -> list[Path]:
    """The real reports where they are present, and the born-digital PDFs of the sample portals."""
    real = sorted((SHARED / "real" / "pdf").glob("*2024.pdf"))
    return [*real, *sorted(SAMPLE.rglob("*.pdf"))]


def measure(tasks: Sequence[Callable[[], object]], rounds: int) -> list[float]:
    """Median CPU seconds of each task (other work on the machine does not count), interleaved, after one warm-up each."""
    for task in tasks:
        task()
    times: list[list[float]] = [[] for _ in tasks]
    for _ in range(rounds):
        for task, taken in zip(tasks, times, strict=True):
            start = time.process_time()
            task()
            taken.append(time.process_time() - start)
    return [statistics.median(taken) for taken in times]


def second_reading_cost(content: bytes, rounds: int) -> float:
    """Seconds that the second reading of the tables takes: the report with it less the report without."""
    document = read_pdf(content)
    plain = read_once(document)
    both, one = measure([partial(read_report, document), partial(read_report, plain)], max(rounds, 5))
    return max(both - one, 0.0)


def run(paths: Sequence[Path], rounds: int) -> float:
    """Prints one line a file and the totals; the ratio of the totals (0.0 if nothing could be read)."""
    logging.getLogger("pdfminer").setLevel(logging.ERROR)
    print(f"{'file':<44}{'pdfplumber ms':>14}{'ours ms':>10}{'ratio':>8}{'second reading ms':>19}")
    slow = fast = second = 0.0
    for path in paths:
        content = path.read_bytes()
        try:
            document = read_pdf(content)
            read_report(document)
        except OutcomeError as error:
            print(f"{path.name[-43:]:<44}{error}")
            continue
        if any(grid.method is Method.OCR for grid in document.grids):
            print(f"{path.name[-43:]:<44}read by OCR, no born-digital text")
            continue
        base, own = measure([partial(baseline, content), partial(ours, content)], rounds)
        cost = second_reading_cost(content, rounds)
        slow, fast, second = slow + base, fast + own, second + cost
        print(f"{path.name[-43:]:<44}{base * 1000:>14.1f}{own * 1000:>10.1f}{base / own:>8.1f}{cost * 1000:>19.2f}")
    ratio = slow / fast if fast else 0.0
    name = f"all ({len(paths)} files, median of {rounds})"
    print(f"{name:<44}{slow * 1000:>14.1f}{fast * 1000:>10.1f}{ratio:>8.1f}{second * 1000:>19.2f}   bar {BAR:.0f}")
    if fast:
        print(f"ours is the whole way, bytes to record; the second reading of every table is {second / fast:.1%} of it")
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
