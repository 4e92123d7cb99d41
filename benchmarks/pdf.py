"""PDF -> text and tables: ours against what a user would write with pdfplumber, same files, same run.

python -m benchmarks.pdf [--rounds N] [FILE.pdf ...]
"""

from __future__ import annotations

import argparse
import io
import json
import logging
import os
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pdfplumber

from benchmarks.measuring import interleaved, peak_mebibytes
from crawler.documents.model import Document, Grid, Method
from crawler.documents.pdf import read_pdf
from crawler.forms.reader import read_report
from crawler.forms.record import report_record
from crawler.outcomes import OutcomeError

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("OGI_SHARED", ROOT.parent / "shared"))
SAMPLE = ROOT / "crawler" / "sample" / "site"
EXPECTED = ROOT / "crawler" / "sample" / "expected.json"
BAR = 10.0
"""How many times faster than the baseline the reader has to be, the second reading of every table included."""


def baseline(content: bytes) -> int:
    """pdfplumber: open, text and tables of every page. The number of table rows it finds."""
    rows = 0
    with pdfplumber.open(io.BytesIO(content)) as pdf:
        for page in pdf.pages:
            page.extract_text()
            rows += sum(map(len, page.extract_tables()))
    return rows


def ours(content: bytes) -> int:
    """The project's reader on the same task: text and tables of every page, tables joined over pages."""
    return len(read_pdf(content).blocks)


def whole_way(content: bytes) -> dict[str, Any]:
    """Bytes to record: the reader, every table read twice, the form, all checks."""
    return report_record(read_report(read_pdf(content)))


def truths() -> dict[str, dict[str, Any]]:
    """Known values by the file's name: of the real reports and of the sample portals (numbers as printed)."""
    known: dict[str, dict[str, Any]] = {}
    for path in (SHARED / "real" / "pdf").glob("*.values.json"):
        known[path.name.replace(".values.json", ".pdf")] = json.loads(path.read_text("utf-8"))["values"]
    for report in json.loads(EXPECTED.read_text("utf-8"))["reports"]:
        for document in report["documents"]:
            known[document["path"].rpartition("/")[2]] = report["values"]
    return known


def exact(record: dict[str, Any], truth: dict[str, Any]) -> tuple[int, int]:
    """Cells that are as they are known to be, and cells known."""
    right = 0
    for key, known in truth.items():
        wanted = known
        if isinstance(known, str):
            digits = re.sub(r"[,，\s]|[件项条元万]+$", "", known)
            wanted = float(digits) if re.fullmatch(r"[+-]?\d+(\.\d+)?", digits) else None
        right += record["values"].get(key) == wanted
    return right, len(truth)


def read_once(document: Document) -> Document:
    """The document without the words by which its tables are read a second time."""
    blocks = (replace(block, reading_order=()) if isinstance(block, Grid) else block for block in document.blocks)
    return replace(document, blocks=tuple(blocks), settle=None)


def default_paths() -> list[Path]:
    """The real reports where they are present, and the born-digital PDFs of the sample portals."""
    real = sorted((SHARED / "real" / "pdf").glob("*2024.pdf"))
    return [*real, *sorted(SAMPLE.rglob("*.pdf"))]


def measure(tasks: Sequence[Callable[[], object]], rounds: int) -> list[float]:
    """Median processor seconds of each task, interleaved."""
    return [taken.processor for taken in interleaved(tasks, rounds)]


def second_reading_cost(content: bytes, rounds: int) -> float:
    """Seconds that the second reading of the tables takes: the report with it less the report without."""
    document = read_pdf(content)
    plain = read_once(document)
    both, one = measure([partial(read_report, document), partial(read_report, plain)], max(rounds, 5))
    return max(both - one, 0.0)


def run(paths: Sequence[Path], rounds: int) -> tuple[float, bool]:
    """Prints one line a file and the totals; the ratio of the totals (0.0 if nothing was read), and whether all is exact."""
    logging.getLogger("pdfminer").setLevel(logging.ERROR)
    known = truths()
    print(f"{'file':<40}{'pdfplumber ms':>14}{'ours ms':>9}{'ratio':>7}{'2nd reading ms':>16}{'to record ms':>14}{'exact':>14}")
    slow = fast = second = record_time = 0.0
    right = of = read = 0
    heaviest = b""
    for path in paths:
        content = path.read_bytes()
        name = path.name[-39:]
        try:
            record = whole_way(content)
        except OutcomeError as error:
            print(f"{name:<40}{error}")
            continue
        if Method.OCR.value in record["methods"].values():
            print(f"{name:<40}read by OCR, no born-digital text")
            continue
        base, own, whole = measure([partial(baseline, content), partial(ours, content), partial(whole_way, content)], rounds)
        cost = second_reading_cost(content, rounds)
        found, wanted = exact(record, known.get(path.name, {}))
        slow, fast, second, record_time = slow + base, fast + own, second + cost, record_time + whole
        right, of, read = right + found, of + wanted, read + 1
        heaviest = max(heaviest, content, key=len)
        figures = f"{base * 1000:>14.1f}{own * 1000:>9.1f}{base / (own + cost):>7.1f}{cost * 1000:>16.2f}{whole * 1000:>14.1f}"
        print(f"{name:<40}{figures}{f'{found}/{wanted}':>14}")
    ratio = slow / (fast + second) if fast else 0.0
    figures = f"{slow * 1000:>14.1f}{fast * 1000:>9.1f}{ratio:>7.1f}{second * 1000:>16.2f}{record_time * 1000:>14.1f}"
    print(f"{f'all ({len(paths)} files, median of {rounds})':<40}{figures}{f'{right}/{of}':>14}   bar {BAR:.0f}, every cell")
    if fast:
        imported, peak = peak_mebibytes("crawler.extraction:extract", heaviest)
        print(
            f"seconds a report: {(fast + second) / read:.4f}, to the checked record {record_time / read:.4f} "
            f"(pdfplumber {slow / read:.4f}); peak memory {peak:.1f} MiB ({imported:.1f} after the imports)"
        )
        print(
            f"ratio: pdfplumber's text and tables against ours with the second reading; the second reading is "
            f"{second / (fast + second):.1%} of it; the whole way to the checked record, which pdfplumber does not go, is "
            f"still {slow / record_time:.1f} times faster"
        )
    return ratio, right == of


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
    ratio, all_exact = run(paths, options.rounds)
    return 0 if ratio >= BAR and all_exact else 1


if __name__ == "__main__":
    sys.exit(main())
