"""``reports.dta``: the wide table for Stata 14 and later, with labels in English and Chinese."""

from __future__ import annotations

from pathlib import Path

from crawler.dataset.exporters.dta import DtaWriter, Variable
from crawler.dataset.exporters.parquet_rows import COLUMNS, flat_kind, rows
from crawler.dataset.exporters.version import DatasetVersion


def write_reports_dta(directory: Path, version: DatasetVersion) -> None:
    """Reads ``reports.parquet`` twice: how wide the texts are, then the rows. Null is missing (``.``), never 0."""
    source = directory / "reports.parquet"
    texts = [number for number, column in enumerate(COLUMNS) if flat_kind(column) == "text"]
    count, widths = 0, dict.fromkeys(texts, 0)
    for row in rows(source):
        count += 1
        for number in texts:
            if (text := row[number]) and len(text) * 3 > widths[number]:
                # A zero byte is written as U+FFFD, of three bytes.
                widths[number] = max(widths[number], len(text.encode()) + 2 * text.count("\0"))
    variables = [
        Variable(column.stata, flat_kind(column), column.label_en, column.label_zh, widths.get(number, 0))
        for number, column in enumerate(COLUMNS)
    ]
    label = f"OGI annual reports, {version.spider} {version.name}"
    with (
        (directory / "reports.dta").open("wb") as file,
        DtaWriter(file, variables, rows=count, label=label, made=version.created_at) as writer,
    ):
        for row in rows(source):
            writer.add(row)
