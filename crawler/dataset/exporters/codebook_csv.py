"""``codebook.csv``: every column of the tables, in English and Chinese."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from crawler.dataset.codebook_columns import CELLS, REPORTS, columns, words
from crawler.dataset.exporters.csv_file import safe
from crawler.dataset.exporters.version import DatasetVersion

HEADER = (
    *("table", "column", "kind", "code", "stata", "label_zh", "label_en", "unit", "signed", "forms"),
    *("comparability", "series", "comparability_zh", "comparability_en", "note_zh", "note_en"),
)


def codebook_rows() -> Iterator[tuple[str, ...]]:
    """One row a column, of the header's length."""
    for column in (*columns(REPORTS), *columns(CELLS)):
        verdict = words()["verdicts"].get(column.comparability, {"zh": "", "en": ""})
        yield (
            *(column.table, column.name, column.kind, column.code, column.stata, column.label_zh, column.label_en),
            *(column.unit, "yes" if column.signed else "", ";".join(column.forms)),
            *(column.comparability, column.series, verdict["zh"], verdict["en"], column.note_zh, column.note_en),
        )


def write_codebook_csv(directory: Path, _: DatasetVersion) -> None:
    """UTF-8 with a byte order mark, as all CSV files of the dataset."""
    with (directory / "codebook.csv").open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        writer.writerows([safe(text) for text in row] for row in codebook_rows())
