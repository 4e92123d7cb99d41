"""``cells.parquet``: the tidy table with its types."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from crawler.dataset.codebook_columns import CELLS
from crawler.dataset.exporters.cells_csv import described
from crawler.dataset.exporters.parquet_file import ParquetExporter
from crawler.dataset.model import Record

REPORT_KEYS = ("report_id", "org_id", "org_name", "region_code", "year", "form_version")


class CellsParquet(ParquetExporter):
    """One row a cell: every key of the report's form, and any key printed beyond it, in the form's order."""

    name = "cells.parquet"
    table = CELLS

    def add(self, record: Record) -> None:
        """Writes the rows of one report."""
        self.write_rows(_rows(record))


def _rows(record: Record) -> Iterator[Sequence[Any]]:
    report = tuple(record[key] for key in REPORT_KEYS)
    cells = record["cells"]
    for metric in described(record["form_version"]):
        if (cell := cells.get(metric[0])) is None:
            continue
        where = cell["where"] or {}
        yield (
            *report,
            *metric,
            *(cell["value"], cell["unit"], cell["state"], cell["raw"]),
            *(where.get("page"), where.get("bbox"), where.get("table"), where.get("row"), where.get("column")),
            cell.get("flags") or [],
        )
