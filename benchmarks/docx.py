"""Processor time for table 3 of a DOCX against what python-docx's users write: the best of several runs, and ratios.

Run as ``python -m benchmarks.docx [FILE.docx ...]``; without files a report of the 2021 form is made.
"""

from __future__ import annotations

import argparse
import io
import sys
import time
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import docx
from lxml import etree

from crawler.documents.docx import read_docx, read_grid
from crawler.sample.typeset import Layout, ReportSource, random_values, to_docx

BUDGET_MILLISECONDS = 5.0
"""What reading table 3 may take."""


def sample() -> bytes:
    form = "cn-ogi-2021"
    sections = dict.fromkeys(range(1, 7), ("正文一段。" * 40,))
    return to_docx(
        ReportSource(
            "某镇2023年政府信息公开工作年度报告", "某镇", 2023, form, sections, random_values(form, 1), layout=Layout()
        )
    )


def best_milliseconds(work: Callable[[], object], repeats: int) -> float:
    work()
    times = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times) * 1000


def measure(content: bytes, repeats: int) -> dict[str, float]:
    """Milliseconds: this project's table 3 and whole document, then python-docx on its already opened table 3."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        root = etree.fromstring(archive.read("word/document.xml"))
    tables = list(root.iter("{http://schemas.openxmlformats.org/wordprocessingml/2006/main}tbl"))
    number = max(range(len(tables)), key=lambda index: len(tables[index]))
    opened = docx.Document(io.BytesIO(content)).tables[number]
    rows, columns = len(opened.rows), len(opened.columns)
    return {
        "table 3, this reader": best_milliseconds(lambda: read_grid(tables[number]), repeats),
        "whole document, this reader": best_milliseconds(lambda: read_docx(content), repeats),
        "table 3, python-docx row.cells": best_milliseconds(
            lambda: [cell.text for row in opened.rows for cell in row.cells], max(repeats // 3, 1)
        ),
        "table 3, python-docx table.cell(r, c)": best_milliseconds(
            lambda: [opened.cell(row, column).text for row in range(rows) for column in range(columns)], 1
        ),
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Print the figures; 1 where table 3 takes longer than its budget."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--repeats", type=int, default=15)
    arguments = parser.parse_args(argv)
    contents = {path.name: path.read_bytes() for path in arguments.files} or {"made by python-docx": sample()}
    slow = False
    for name, content in contents.items():
        figures = measure(content, arguments.repeats)
        own = figures["table 3, this reader"]
        slow = slow or own > BUDGET_MILLISECONDS
        print(f"{name}: table 3 in {own:.1f} ms (budget {BUDGET_MILLISECONDS:.0f} ms)")
        for what, milliseconds in figures.items():
            print(f"  {what:<40}{milliseconds:>9.1f} ms{milliseconds / own:>8.1f}x")
    return int(slow)


if __name__ == "__main__":
    sys.exit(main())
