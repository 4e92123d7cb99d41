"""Scans -> tables: ours against full-page rapidocr on the same pages in the same run.

python -m benchmarks.scan [--reports N] [--children N]

Reports are drawn and scanned anew (no LibreOffice, no browser), so that every cell is known. ``s a report`` is the time of one
report by itself; ``at two children`` is the wall clock of all reports, read by as many child processes as in a crawl, by their
number.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import statistics
import time
from collections.abc import Sequence

import numpy as np

from crawler.documents.reader import read_document
from crawler.documents.scan import missing_parts
from crawler.documents.scan.image import pdf_images
from crawler.forms.reader import read_report
from crawler.sample.source import ReportSource
from tests.drawn import draw
from tests.scans import Judgement, Scanner, images_pdf, judge, scan
from tests.test_typeset_seeds import SEED_LIKE

SCANNERS = (Scanner(150, 0.5, 0.7, 70), Scanner(200, -0.7, 0.8, 60))
BAD = Scanner(120, 0.4, bilevel=True, noise=0.003)
BAR = 4.0
"""Seconds a report on two idle cores."""


def scans(count: int) -> list[tuple[ReportSource, Scanner, bytes]]:
    """So many scans: the seed-like reports in turn, through each scanner in turn."""
    made = []
    for number, source in zip(range(count), list(SEED_LIKE.values()) * count, strict=False):
        scanner = SCANNERS[number % len(SCANNERS)]
        made.append((source, scanner, images_pdf(scan(draw(source, scanner.dpi), scanner), scanner)))
    return made


def read(content: bytes) -> float:
    """Read one scan; the seconds it took."""
    start = time.perf_counter()
    read_report(read_document(content))
    return time.perf_counter() - start


def baseline(content: bytes) -> float:
    """Every page as an image through rapidocr's whole pipeline, models already loaded; seconds."""
    from rapidocr import RapidOCR

    engine = RapidOCR(params={"Global.log_level": "critical"})
    images = [
        np.repeat(page.grey[:, :, np.newaxis], 3, axis=2) for page in pdf_images(content, range(1, pages_of(content) + 1))
    ]
    start = time.perf_counter()
    for image in images:
        engine(image)
    return time.perf_counter() - start


def pages_of(content: bytes) -> int:
    return read_document(content).page_count or 0


def verdict(made: Sequence[tuple[ReportSource, Scanner, bytes]]) -> list[Judgement]:
    return [judge(source, read_report(read_document(content))) for source, _, content in made]


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.scan", description=__doc__)
    parser.add_argument("--reports", type=int, default=5)
    parser.add_argument("--children", type=int, default=2)
    arguments = parser.parse_args(argv)
    if missing_parts():
        print(f"the OCR extra is not installed ({', '.join(missing_parts())} missing): nothing measured")
        return 0
    made = scans(arguments.reports)
    read(made[0][2])
    times = [read(content) for _, _, content in made]
    context = multiprocessing.get_context("spawn")
    with context.Pool(arguments.children) as pool:
        pool.map(read, [made[0][2]] * arguments.children, chunksize=1)
        start = time.perf_counter()
        pool.map(read, [content for _, _, content in made] * arguments.children, chunksize=1)
        together = (time.perf_counter() - start) / (len(made) * arguments.children)
    full = baseline(made[0][2])
    ours = read(made[0][2])
    judged = verdict(made)
    cells, inexact = sum(one.cells for one in judged), sum(len(one.inexact) for one in judged)
    silent, needless = sum(len(one.silent) for one in judged), sum(one.needless for one in judged)
    bad_source = SEED_LIKE["004"]
    bad = judge(bad_source, read_report(read_document(images_pdf(scan(draw(bad_source, BAD.dpi), BAD), BAD))))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{len(made)} reports of 3 pages, {', '.join(one.name for one in SCANNERS)}")
    print(f"  s a report                 {statistics.median(times):6.2f}   (bar on two idle cores: {BAR})")
    print(f"  s a report, {arguments.children} children     {together:6.2f}")
    print(
        f"  full-page rapidocr         {full:6.2f}   {full / ours:.1f} times ours on the same pages, without knowing any cell"
    )
    print(
        f"  cells exact                {100 * (1 - inexact / cells):6.2f} %   of {cells}; {inexact} inexact, {silent} silently"
    )
    print(f"  exact cells with a warning {needless:6d}")
    exact = bad.cells - len(bad.inexact)
    print(f"  {BAD.name}: {exact} of {bad.cells} cells exact, {len(bad.silent)} silently wrong")
    print(f"  peak memory                {peak:6d} MiB resident")
    return 1 if silent or bad.silent or inexact > 0.001 * cells else 0


if __name__ == "__main__":
    raise SystemExit(main())
