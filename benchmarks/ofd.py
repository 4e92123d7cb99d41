"""OFD -> tables: processor seconds a report against pdfplumber on a PDF of the same report, cells exact, peak memory.

python -m benchmarks.ofd [--rounds N] [--reports N] [FILE.ofd ...]
"""

from __future__ import annotations

import argparse
import io
import logging
import shutil
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pdfplumber

from benchmarks.measuring import peak_mebibytes
from crawler.documents.ofd import read_ofd
from crawler.forms.reader import read_report
from crawler.outcomes import OutcomeError
from crawler.sample.producers import pdf_by_chromium, pdf_by_libreoffice
from crawler.sample.typeset import ReportSource, printed_metrics, random_values, to_docx, to_html
from crawler.sample.variety import random_layout
from tests.ofd_writer import Style, to_ofd

STYLES = {
    "stroked paths": Style(text="repeated"),
    "thin rectangles, an object a character": Style(rules="rectangles", text="characters"),
    "labels on template pages": Style(template="labels", text="cell", page_height=210),
}
BAR = 5.0
"""How many times faster than the baseline on the same report's PDF the reader has to be, whatever the producer."""


def sources(count: int) -> list[ReportSource]:
    """Reports of both forms, each in a layout of its own, every figure different."""
    found = []
    for seed in range(count):
        form = ("cn-ogi-2019", "cn-ogi-2021")[seed % 2]
        paragraphs = dict.fromkeys((1, 5, 6), ("本年度主动公开政府信息，及时回应群众关切。" * 12,))
        title = "青石县人民政府2023年政府信息公开工作年度报告"
        found.append(
            ReportSource(
                title,
                "青石县人民政府",
                2023,
                form,
                paragraphs,
                random_values(form, seed),
                layout=random_layout(form, seed),
            )
        )
    return found


def pdf_of(source: ReportSource) -> tuple[bytes, str] | None:
    """A PDF of the report and who made it; ``None`` where neither Chromium nor LibreOffice is installed."""
    if any(map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))):
        return pdf_by_chromium(to_html(source, whole=True)), "Chromium"
    if shutil.which("soffice"):
        return pdf_by_libreoffice(to_docx(source)), "LibreOffice"
    return None


def baseline(content: bytes) -> int:
    """pdfplumber: open, text and tables of every page. The number of table rows it finds."""
    rows = 0
    with pdfplumber.open(io.BytesIO(content)) as pdf:
        for page in pdf.pages:
            page.extract_text()
            rows += sum(map(len, page.extract_tables()))
    return rows


def seconds(work: Callable[[bytes], object], content: bytes, rounds: int) -> float:
    """Processor time, the median of several runs after one to warm up."""
    work(content)
    taken = []
    for _ in range(rounds):
        start = time.process_time()
        work(content)
        taken.append(time.process_time() - start)
    return statistics.median(taken)


def exact_cells(source: ReportSource, content: bytes) -> tuple[int, int]:
    """How many of the printed cells come back as printed, and how many there are."""
    cells = read_report(read_ofd(content)).cells
    keys = printed_metrics(source)
    exact = sum(key in cells and (cells[key].raw or "").strip() == source.printed.get(key, "") for key in keys)
    return exact, len(keys)


def run(count: int, rounds: int) -> tuple[float | None, bool]:
    """Prints one line a style; the lowest ratio to the baseline (``None`` without a PDF) and whether every cell is exact."""
    reports = sources(count)
    pdfs = [pdf_of(source) for source in reports]
    base = sum(seconds(baseline, made[0], 1) for made in pdfs if made) / count if all(pdfs) else None
    if base is not None and pdfs[0]:
        print(f"baseline: pdfplumber on the same {count} reports as PDF by {pdfs[0][1]}: {base:.3f} s a report")
    else:
        print("no baseline: neither Chromium nor LibreOffice makes a PDF here")
    print(f"{'OFD with':<42}{'s/report':>10}{'ratio':>8}{'cells exact':>16}{'peak MiB':>10}")
    ratios, whole = [], True
    for name, style in STYLES.items():
        files = [to_ofd(source, style) for source in reports]
        own = sum(seconds(read_ofd, content, rounds) for content in files) / count
        exact, printed = map(sum, zip(*map(exact_cells, reports, files), strict=True))
        imported, peak = peak_mebibytes("crawler.documents.ofd:read_ofd", files[0])
        ratio = f"{base / own:.1f}" if base else "-"
        print(f"{name:<42}{own:>10.4f}{ratio:>8}{f'{exact}/{printed}':>16}{peak:>10.1f}   ({imported:.1f} after the imports)")
        ratios += [base / own] if base else []
        whole = whole and exact == printed
    return min(ratios, default=None), whole


def files(paths: Sequence[Path], rounds: int) -> None:
    """Prints seconds, pages and grids of given files."""
    for path in paths:
        content = path.read_bytes()
        try:
            document = read_ofd(content)
        except OutcomeError as error:
            print(f"{path.name}: {error}")
            continue
        taken = seconds(read_ofd, content, rounds)
        print(f"{path.name}: {taken:.4f} s, {document.page_count} pages, {len(document.grids)} grids")


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the benchmark; exit status 1 below the bar or where a cell is not exact."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--reports", type=int, default=4)
    options = parser.parse_args(argv)
    logging.getLogger("pdfminer").setLevel(logging.ERROR)
    if options.files:
        files(options.files, options.rounds)
        return 0
    ratio, whole = run(options.reports, options.rounds)
    return 0 if whole and (ratio is None or ratio >= BAR) else 1


if __name__ == "__main__":
    sys.exit(main())
