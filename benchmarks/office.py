"""Seconds a report for .doc, RTF and OpenDocument text through the warm LibreOffice, against one cold call a file.

Run as ``python -m benchmarks.office [--repeats N]``; the reports are made, so that every cell is known.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from benchmarks.measuring import Seconds, median, processor_seconds, timed
from crawler.conversion.converter import OfficeConverter
from crawler.conversion.formats import IMPORT_FORMATS, ImportFormat
from crawler.conversion.office import convert_cold
from crawler.conversion.programs import Programs, find_programs
from crawler.documents import office
from crawler.documents.docx import read_docx
from crawler.documents.reader import read_document
from crawler.forms.reader import read_report
from crawler.sample.typeset import Layout, ReportSource, random_values, to_docx

BASELINE = "LibreOffice cold start, one call a file"
BAR = 2.0
"""Times faster than the baseline, at the least and on a busy machine."""
KINDS: Mapping[str, tuple[str, str]] = {
    ".doc": ("doc:MS Word 97", office.WORD_97),
    ".rtf": ("rtf:Rich Text Format", office.RICH_TEXT),
    ".odt": ("odt:writer8", office.OPEN_DOCUMENT),
}
FORMS = ("cn-ogi-2019", "cn-ogi-2021")
TIMEOUT = 120.0
MEMORY_MB = 2048


def sources() -> list[ReportSource]:
    sections = dict.fromkeys(range(1, 7), ("正文一段。" * 40,))
    return [
        ReportSource(
            "某镇2023年政府信息公开工作年度报告", "某镇", 2023, form, sections, random_values(form, seed), layout=Layout()
        )
        for seed, form in enumerate(FORMS, start=1)
    ]


def save_as(programs: Programs, documents: Sequence[bytes], export: str) -> list[bytes]:
    """The reports as LibreOffice saves them."""
    suffix = export.partition(":")[0]
    with tempfile.TemporaryDirectory(prefix="ogi-bench-office-") as name:
        folder = Path(name)
        paths = [folder / f"{number}.docx" for number in range(len(documents))]
        for path, content in zip(paths, documents, strict=True):
            path.write_bytes(content)
        profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
        command = [programs.soffice, profile, "--headless", "--convert-to", export, "--outdir", name, *map(str, paths)]
        subprocess.run(command, check=True, capture_output=True, timeout=TIMEOUT * 2)
        return [path.with_suffix(f".{suffix}").read_bytes() for path in paths]


def read_cold(programs: Programs, content: bytes, import_format: ImportFormat) -> None:
    """The baseline: LibreOffice started for this one file, and the DOCX it makes read."""
    (docx,) = convert_cold(programs, [(content, import_format)], timeout=TIMEOUT, memory_mb=MEMORY_MB)
    if docx is None:
        raise RuntimeError(f"LibreOffice, started for one file, did not convert it as {import_format}")
    read_docx(docx)


def exact_cells(source: ReportSource, docx: bytes) -> tuple[int, int]:
    """Cells as printed, and all cells."""
    cells = read_report(read_docx(docx)).cells
    return sum((cells[key].raw or "") == text for key, text in source.printed.items()), len(source.printed)


def main(argv: Sequence[str] | None = None) -> int:
    """Print the figures; 1 where a cell is wrong or the warm way is not `BAR` times as fast."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=2)
    arguments = parser.parse_args(argv)
    programs = find_programs()
    if programs is None or programs.python is None:
        print("LibreOffice or its uno module is missing: apt-get install libreoffice-writer-nogui python3-uno")
        return 0
    reports = sources()
    documents = [to_docx(source) for source in reports]
    converter = OfficeConverter(timeout=TIMEOUT, memory_mb=MEMORY_MB, max_documents=1000, batch=1)
    failed = False
    print(f"baseline: {BASELINE}; seconds a report, from bytes to paragraphs and grids, median of interleaved runs")
    print("by the clock, and of the processor (LibreOffice's own included), which other work on the machine changes little")
    print(
        f"{'kind':<8}{'warm':>9}{'baseline':>10}{'ratio':>8}{'warm cpu':>10}{'base cpu':>10}{'ratio':>8}"
        f"{'cells exact':>14}{'peak MiB':>10}"
    )
    try:
        for kind, (export, office_format) in KINDS.items():
            contents = save_as(programs, documents, export)
            read_document(contents[0], convert=converter.convert)
            warm: list[Seconds] = []
            cold: list[Seconds] = []
            right = total = 0
            for repeat in range(arguments.repeats):
                for source, content in zip(reports, contents, strict=True):
                    warm.append(timed(partial(read_document, content, convert=converter.convert), processor_seconds))
                    cold.append(timed(partial(read_cold, programs, content, IMPORT_FORMATS[office_format]), processor_seconds))
                    if repeat == 0:
                        exact, cells = exact_cells(source, converter.convert(content, office_format))
                        right, total = right + exact, total + cells
            ours, base = median(warm), median(cold)
            ratio, processor_ratio = base.wall / ours.wall, base.processor / ours.processor
            failed = failed or max(ratio, processor_ratio) < BAR or right < total
            print(
                f"{kind:<8}{ours.wall:>8.3f}s{base.wall:>9.3f}s{ratio:>7.1f}x"
                f"{ours.processor:>9.3f}s{base.processor:>9.3f}s{processor_ratio:>7.1f}x"
                f"{f'{right}/{total}':>14}{converter.peak_mb:>10}"
            )
    finally:
        converter.close()
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
