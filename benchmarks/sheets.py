"""Seconds for a report in a workbook, against LibreOffice started for it, with the cells that came out exact.

Run as ``python -m benchmarks.sheets``; the XLS files and the baseline need LibreOffice.
"""

from __future__ import annotations

import argparse
import io
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from shutil import which

from benchmarks.measuring import Seconds, interleaved, median, peak_mebibytes, processor_seconds, timed
from crawler.documents.reader import read_document
from crawler.extraction import extract
from crawler.forms.reader import read_report
from crawler.sample.figures import random_values
from crawler.sample.source import ReportSource
from crawler.sample.workbook import ARRANGEMENTS, to_sheets, write_xlsx

OFFICE_TIMEOUT = 240
MAX_SECONDS = 1.0
"""What reading one workbook may take on the slowest machine this is run on."""


def sample(form_version: str, seed: int) -> ReportSource:
    paragraphs = dict.fromkeys(range(1, 7), ("正文一段。" * 40,))
    values = random_values(form_version, seed)
    return ReportSource("某镇2023年政府信息公开工作年度报告", "某镇", 2023, form_version, paragraphs, values)


def convert(paths: Sequence[Path], target: str, profile: Path) -> Seconds:
    """What LibreOffice takes for the files, its start included."""
    command = [str(which("soffice")), f"-env:UserInstallation={profile.as_uri()}", "--headless", "--convert-to", target]
    command += ["--outdir", str(paths[0].parent / target), *map(str, paths)]
    return timed(
        lambda: subprocess.run(command, capture_output=True, timeout=OFFICE_TIMEOUT, check=True), clock=processor_seconds
    )


def exact_cells(source: ReportSource, content: bytes) -> tuple[int, int]:
    """How many of the printed cells came out with the printed value, of how many."""
    cells = read_report(read_document(content)).cells
    exact = 0
    for key, text in source.printed.items():
        try:
            exact += key in cells and cells[key].value == Decimal(text.replace(",", ""))
        except InvalidOperation:
            exact += key in cells and cells[key].value is None
    return exact, len(source.printed)


def main(argv: Sequence[str] | None = None) -> int:
    """Print the figures; 1 where a cell is not exact or a report takes longer than it may."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args(argv)
    forms = ("cn-ogi-2019", "cn-ogi-2021")
    made = [
        (source, write_xlsx(to_sheets(source, arrangement)))
        for seed, arrangement in enumerate(ARRANGEMENTS)
        for source in (sample(form, seed) for form in forms)
    ]
    kinds = {"XLSX": made}
    cold = None
    if which("soffice"):
        with tempfile.TemporaryDirectory(prefix="ogi-bench-") as name:
            folder = Path(name)
            paths = []
            for number, (_, content) in enumerate(made):
                paths.append(folder / f"{number:02d}.xlsx")
                paths[-1].write_bytes(content)
            convert(paths, "xls", folder / "profile")
            kinds["XLS"] = [
                (source, (folder / "xls" / f"{path.stem}.xls").read_bytes())
                for (source, _), path in zip(made, paths, strict=True)
            ]
            cold = median([convert(paths[:1], "html", folder / "profile") for _ in range(3)])
            print(
                f"baseline: LibreOffice started for one workbook (xlsx to html): {cold.wall:.2f} s, "
                f"{cold.processor:.2f} s of the processor"
            )
    else:
        print("baseline: LibreOffice is not installed; no ratio, no XLS")
    failed = False
    for kind, reports in kinds.items():
        failed |= report_line(kind, reports, cold, arguments.repeats)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, (_, content) in enumerate(made):
            archive.writestr(f"{number}.xlsx", content)
    seconds = interleaved([lambda: extract(packed.getvalue())], arguments.repeats)[0].processor
    print(f"ZIP of {len(made)} workbooks: unpacked in {seconds * 1000:.1f} ms, {seconds / len(made) * 1000:.2f} ms a member")
    return int(failed)


def report_line(kind: str, reports: Sequence[tuple[ReportSource, bytes]], cold: Seconds | None, repeats: int) -> bool:
    """Print one kind's figures; whether a cell is not exact or it is too slow."""
    counts = [exact_cells(source, content) for source, content in reports]
    exact, printed = sum(count for count, _ in counts), sum(number for _, number in counts)
    tasks = [lambda: [read_document(content) for _, content in reports], lambda: [extract(content) for _, content in reports]]
    reading, whole = (taken.processor / len(reports) for taken in interleaved(tasks, repeats))
    imported, peak = peak_mebibytes("crawler.extraction:extract", reports[0][1])
    ratio = f", {cold.processor / reading:.0f} times as fast as LibreOffice alone (processor time)" if cold else ""
    print(f"{kind}: tables in {reading * 1000:.1f} ms a report{ratio}; the whole record in {whole * 1000:.1f} ms")
    print(f"{kind}: {exact} of {printed} cells exact over {len(reports)} reports ({100 * exact / printed:.2f} %)")
    print(f"{kind}: peak memory {peak:.1f} MiB ({imported:.1f} after the imports)")
    return exact != printed or whole > MAX_SECONDS


if __name__ == "__main__":
    sys.exit(main())
