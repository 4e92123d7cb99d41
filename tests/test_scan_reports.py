"""Whole reports by three producers, scanned: every cell exact, or the record says that it may not be."""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Callable, Mapping

import pytest

from crawler.documents.model import Method
from crawler.documents.reader import read_document
from crawler.forms.model import Report
from crawler.forms.reader import read_report
from crawler.outcomes import OutcomeError
from crawler.sample.producers import pdf_by_chromium, pdfs_by_libreoffice
from crawler.sample.source import ReportSource
from crawler.sample.typeset import to_docx, to_html
from tests.drawn import draw
from tests.scans import Judgement, Scanner, images_pdf, judge, scan, scanned_pdf
from tests.test_typeset_seeds import SEED_LIKE

Make = Callable[[ReportSource, Scanner], bytes]


def by_chromium(source: ReportSource, scanner: Scanner) -> bytes:
    return scanned_pdf(pdf_by_chromium(to_html(source, whole=True)), scanner)


def by_libreoffice(source: ReportSource, scanner: Scanner) -> bytes:
    return scanned_pdf(pdfs_by_libreoffice([to_docx(source)])[0], scanner)


def by_pen(source: ReportSource, scanner: Scanner) -> bytes:
    return images_pdf(scan(draw(source, scanner.dpi), scanner), scanner)


def read(content: bytes) -> Report:
    return read_report(read_document(content))


SMALL = [
    pytest.param("000", by_pen, Scanner(150, 0.7, 0.7, 70), id="pen"),
    pytest.param("003", by_libreoffice, Scanner(200, -0.4, 0.8, 60), id="libreoffice", marks=pytest.mark.office),
    pytest.param("004", by_chromium, Scanner(150, 0.5, 0.6, 80), id="chromium", marks=pytest.mark.browser),
]


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "make", "scanner"), SMALL)
def test_every_cell_of_a_scan(seed: str, make: Make, scanner: Scanner) -> None:
    source = SEED_LIKE[seed]
    report = read(make(source, scanner))
    judgement = judge(source, report)
    assert judgement.inexact == ()
    assert judgement.needless <= 4
    assert {*report.methods.values()} == {Method.OCR.value}
    assert "read_by_ocr" in report.quality_flags
    assert report.year == source.year
    assert all(set(cell.where or {}) == {"page", "bbox"} for cell in report.cells.values() if cell.raw)
    assert [section.no for section in report.sections] == [1, 2, 3, 4, 5, 6]


@pytest.mark.slow
def test_what_a_bad_scan_hides_is_flagged() -> None:
    """120 dpi, black and white, with salt and pepper: much is misread, nothing silently."""
    source = SEED_LIKE["004"]
    scanner = Scanner(120, 0.4, bilevel=True, noise=0.003)
    judgement = judge(source, read(by_pen(source, scanner)))
    assert judgement.silent == ()
    assert len(judgement.inexact) < 0.3 * judgement.cells


MAKERS: Mapping[str, Make] = {"chromium": by_chromium, "libreoffice": by_libreoffice, "pen": by_pen}
GOOD = [
    Scanner(dpi, tilt, blur, quality)
    for (dpi, tilt), (blur, quality) in itertools.product(
        [(150, 0.3), (150, -0.7), (200, 0.7), (200, 0.0)], [(0.6, 80), (0.9, 60)]
    )
]
BAD = [Scanner(120, tilt, bilevel=True, noise=noise) for tilt in (0.0, 0.5, -0.7) for noise in (0.001, 0.004)]


def say(line: str) -> None:
    """A figure of the long run, for whoever runs it."""
    sys.stdout.write(f"{line}\n")


def _matrix(scanners: list[Scanner]) -> tuple[list[Judgement], int, float]:
    judgements, unread, seconds = [], 0, 0.0
    for (seed, source), (maker, make), scanner in itertools.product(SEED_LIKE.items(), MAKERS.items(), scanners):
        content = make(source, scanner)
        start = time.perf_counter()
        try:
            report = read(content)
        except OutcomeError as error:
            say(f"{scanner.name} {maker} {seed}: {error}")
            unread += 1
            continue
        seconds += time.perf_counter() - start
        judgements.append(judge(source, report))
        if judgements[-1].inexact:
            say(f"{scanner.name} {maker} {seed}: {len(judgements[-1].inexact)} inexact: {judgements[-1].inexact[:5]}")
    cells = sum(one.cells for one in judgements)
    inexact, silent = (sum(len(getattr(one, name)) for one in judgements) for name in ("inexact", "silent"))
    say(
        f"{len(judgements)} scans, {cells} cells, {inexact} inexact, {silent} of them silently, "
        f"{sum(one.needless for one in judgements)} needless warnings, {unread} not read, {seconds / len(judgements):.2f} s a report"
    )
    return judgements, unread, seconds


@pytest.mark.soak
@pytest.mark.office
@pytest.mark.browser
@pytest.mark.timeout(3600)
def test_every_layout_by_every_producer_through_every_scanner() -> None:
    judgements, unread, _ = _matrix(GOOD)
    cells, inexact = sum(one.cells for one in judgements), sum(len(one.inexact) for one in judgements)
    assert unread == 0
    assert inexact <= 0.001 * cells
    assert [silent for one in judgements for silent in one.silent] == []


@pytest.mark.soak
@pytest.mark.office
@pytest.mark.browser
@pytest.mark.timeout(3600)
def test_bad_scans_of_every_layout_hide_nothing_silently() -> None:
    judgements, _, _ = _matrix(BAD)
    assert [silent for one in judgements for silent in one.silent] == []
