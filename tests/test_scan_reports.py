"""Whole reports by three producers, scanned: every cell exact, or the record says that it may not be."""

from __future__ import annotations

import io
import itertools
import sys
import time
from collections.abc import Callable, Mapping
from typing import cast

import pypdf
import pytest
from pypdf.generic import DictionaryObject, NameObject, StreamObject

from crawler import settings
from crawler.documents.model import Method
from crawler.documents.reader import read_document
from crawler.forms.model import Report
from crawler.forms.reader import read_report
from crawler.isolation import ExtractionPool
from crawler.outcomes import Outcome, OutcomeError
from crawler.sample.producers import pdf_by_chromium, pdfs_by_libreoffice
from crawler.sample.source import ReportSource
from crawler.sample.typeset import to_docx, to_html
from tests.drawn import Ruling, draw
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


def by_pen_ruled(source: ReportSource, scanner: Scanner, ruling: Ruling) -> bytes:
    return images_pdf(scan(draw(source, scanner.dpi, ruling=ruling), scanner), scanner)


@pytest.mark.slow
def test_a_scan_without_ruling_lines() -> None:
    """A row is known by its label and its numbers, and every cell is flagged.

    The five blanks of 行政复议 leave table 4 with ten numbers for fifteen columns: nobody can tell whose they are.
    """
    source = SEED_LIKE["003"]
    report = read(by_pen_ruled(source, Scanner(150, 0.4, 0.6, 75), "none"))
    judgement = judge(source, report)
    assert judgement.silent == ()
    assert {cell.partition(".")[0] for cell in judgement.inexact} == {"review_litigation"}
    assert judgement.needless == judgement.cells - len(judgement.inexact)
    assert "grid_inferred:requests.granted.total" in report.quality_flags


@pytest.mark.soak
@pytest.mark.parametrize(("ruling", "share"), [("dashed", 0.0), ("broken", 0.02)])
def test_a_scan_whose_lines_are_broken(ruling: Ruling, share: float) -> None:
    source = SEED_LIKE["003"]
    judgement = judge(source, read(by_pen_ruled(source, Scanner(150, 0.4, 0.6, 75), ruling)))
    assert judgement.silent == ()
    assert len(judgement.inexact) <= share * judgement.cells
    assert judgement.needless <= 4


def _with_text_layer(pdf: bytes, broken: str) -> bytes:
    """The PDF with every font's character map gone, or giving each character that text instead."""
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(pdf))
    for page in writer.pages:
        resources = cast("DictionaryObject", page["/Resources"].get_object())
        for reference in cast("DictionaryObject", resources["/Font"].get_object()).values():
            font = cast("DictionaryObject", reference.get_object())
            if broken == "missing":
                font.pop("/ToUnicode", None)
                continue
            text = broken.encode("utf-16-be").hex()
            lines = "\n".join(f"<{code:02X}{low:02X}> <{text}>" for code in range(16) for low in range(256))
            blocks = [lines.split("\n")[start : start + 100] for start in range(0, 4096, 100)]
            stream = StreamObject()
            stream.set_data(
                (
                    "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapType 2 def\n"
                    "1 begincodespacerange <0000> <FFFF> endcodespacerange\n"
                    + "".join(f"{len(block)} beginbfchar\n{chr(10).join(block)}\nendbfchar\n" for block in blocks)
                    + "endcmap end end"
                ).encode()
            )
            font[NameObject("/ToUnicode")] = writer._add_object(stream)
    written = io.BytesIO()
    writer.write(written)
    return written.getvalue()


def _read_as_a_picture(broken: str) -> None:
    source = SEED_LIKE["000"]
    report = read(_with_text_layer(pdfs_by_libreoffice([to_docx(source)])[0], broken))
    judgement = judge(source, report)
    assert judgement.inexact == ()
    assert judgement.needless <= 4
    assert {*report.methods.values()} == {Method.OCR.value}
    assert "read_by_ocr" in report.quality_flags


@pytest.mark.slow
@pytest.mark.office
def test_a_pdf_whose_characters_have_no_meaning_is_read_as_a_picture() -> None:
    _read_as_a_picture("(cid:7)")


@pytest.mark.soak
@pytest.mark.office
@pytest.mark.parametrize("broken", [pytest.param("\ufffd", id="replacement"), pytest.param("\ue123", id="private-use")])
def test_other_pdfs_whose_characters_have_no_meaning(broken: str) -> None:
    _read_as_a_picture(broken)


@pytest.mark.slow
def test_a_child_process_reads_a_scan_within_its_memory() -> None:
    source = SEED_LIKE["003"]
    scanner = Scanner(200, 0.5, 0.7, 70)
    content = by_pen(source, scanner)
    limit = int(settings.EXTRACTION_MEMORY_MB)
    with ExtractionPool(workers=1, timeout=300, memory_mb=limit, max_tasks=2) as pool:
        extraction = pool.submit(content, "pdf").result()
    assert extraction.outcome is Outcome.OK, extraction.message
    assert extraction.record is not None
    assert extraction.record["year"] == source.year
    cells = extraction.record["cells"]
    printed = {key: source.printed[key] for key in cells if source.printed.get(key)}
    assert len(printed) > 150
    assert {key: cells[key]["raw"] for key in printed} == printed


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


BAR = 4.0
"""Seconds a good scan of a report may take on two idle cores; on busy ones, half of its processor time."""


def _matrix(scanners: list[Scanner]) -> tuple[list[Judgement], int, float]:
    """The judgements, how many scans were not read, and the seconds a report on two idle cores, or half its processor time."""
    judgements, unread, seconds, busy = [], 0, 0.0, 0.0
    for (seed, source), (maker, make), scanner in itertools.product(SEED_LIKE.items(), MAKERS.items(), scanners):
        content = make(source, scanner)
        start, worked = time.perf_counter(), time.process_time()
        try:
            report = read(content)
        except OutcomeError as error:
            say(f"{scanner.name} {maker} {seed}: {error}")
            unread += 1
            continue
        seconds += time.perf_counter() - start
        busy += time.process_time() - worked
        judgements.append(judge(source, report))
        if judgements[-1].inexact:
            say(f"{scanner.name} {maker} {seed}: {len(judgements[-1].inexact)} inexact: {judgements[-1].inexact[:5]}")
    cells = sum(one.cells for one in judgements)
    inexact, silent = (sum(len(getattr(one, name)) for one in judgements) for name in ("inexact", "silent"))
    say(
        f"{len(judgements)} scans, {cells} cells, {inexact} inexact, {silent} of them silently, "
        f"{sum(one.needless for one in judgements)} needless warnings, {unread} not read, {seconds / len(judgements):.2f} s a report, "
        f"{busy / len(judgements):.2f} s of processor time"
    )
    return judgements, unread, min(seconds, busy / 2) / len(judgements)


@pytest.mark.soak
@pytest.mark.office
@pytest.mark.browser
@pytest.mark.timeout(3600)
def test_every_layout_by_every_producer_through_every_scanner() -> None:
    judgements, unread, seconds = _matrix(GOOD)
    cells, inexact = sum(one.cells for one in judgements), sum(len(one.inexact) for one in judgements)
    assert unread == 0
    assert inexact <= 0.001 * cells
    assert [silent for one in judgements for silent in one.silent] == []
    assert sum(one.needless for one in judgements) <= 0.02 * cells
    assert seconds < BAR


@pytest.mark.soak
@pytest.mark.office
@pytest.mark.browser
@pytest.mark.timeout(3600)
def test_bad_scans_of_every_layout_hide_nothing_silently() -> None:
    judgements, _, _ = _matrix(BAD)
    assert [silent for one in judgements for silent in one.silent] == []
