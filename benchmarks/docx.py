"""Processor time for table 3 of a DOCX against what python-docx's users write, cells exact and peak memory.

Run as ``python -m benchmarks.docx [FILE.docx ...]``; without files a report of the 2021 form is made.
"""

from __future__ import annotations

import argparse
import io
import sys
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import docx
from lxml import etree

from benchmarks.measuring import interleaved, peak_mebibytes
from crawler.documents.docx import read_docx, read_grid
from crawler.forms.reader import read_report
from crawler.sample.typeset import Layout, ReportSource, random_values, to_docx

BUDGET_MILLISECONDS = 5.0
"""What reading table 3 may take."""


def sample() -> ReportSource:
    form = "cn-ogi-2021"
    sections = dict.fromkeys(range(1, 7), ("正文一段。" * 40,))
    values = random_values(form, 1)
    return ReportSource("某镇2023年政府信息公开工作年度报告", "某镇", 2023, form, sections, values, layout=Layout())


def exact_cells(source: ReportSource, content: bytes) -> tuple[int, int]:
    """Cells as printed, and all cells."""
    cells = read_report(read_docx(content)).cells
    return sum((cells[key].raw or "") == text for key, text in source.printed.items()), len(source.printed)


def measure(content: bytes, repeats: int) -> dict[str, float]:
    """Milliseconds: this project's table 3 and whole document, then python-docx on its already opened table 3."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        root = etree.fromstring(archive.read("word/document.xml"))
    tables = list(root.iter("{http://schemas.openxmlformats.org/wordprocessingml/2006/main}tbl"))
    number = max(range(len(tables)), key=lambda index: len(tables[index]))
    opened = docx.Document(io.BytesIO(content)).tables[number]
    rows, columns = len(opened.rows), len(opened.columns)
    works: dict[str, Callable[[], object]] = {
        "table 3, this reader": lambda: read_grid(tables[number]),
        "whole document, this reader": lambda: read_docx(content),
        "table 3, python-docx row.cells": lambda: [cell.text for row in opened.rows for cell in row.cells],
        "table 3, python-docx table.cell(r, c)": lambda: [
            opened.cell(row, column).text for row in range(rows) for column in range(columns)
        ],
    }
    return {what: taken.processor * 1000 for what, taken in zip(works, interleaved([*works.values()], repeats), strict=True)}


def main(argv: Sequence[str] | None = None) -> int:
    """Print the figures; 1 where table 3 takes longer than its budget."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args(argv)
    source = sample()
    contents = {path.name: path.read_bytes() for path in arguments.files} or {"made by python-docx": to_docx(source)}
    slow = False
    print("baseline: python-docx's table.cell(r, c) in loops over its rows and columns; median processor time, interleaved")
    for name, content in contents.items():
        figures = measure(content, arguments.repeats)
        own = figures["table 3, this reader"]
        slow = slow or own > BUDGET_MILLISECONDS
        print(f"{name}: table 3 in {own:.1f} ms (budget {BUDGET_MILLISECONDS:.0f} ms)")
        for what, milliseconds in figures.items():
            print(f"  {what:<40}{milliseconds:>9.1f} ms{milliseconds / own:>8.1f}x")
        imported, peak = peak_mebibytes("crawler.documents.docx:read_docx", content)
        whole = figures["whole document, this reader"] / 1000
        print(f"  {whole:.4f} s a report; peak memory {peak:.1f} MiB ({imported:.1f} after the imports)")
    exact, printed = exact_cells(source, to_docx(source))
    print(f"cells exact: {exact}/{printed}")
    return int(slow or exact < printed)


if __name__ == "__main__":
    sys.exit(main())
