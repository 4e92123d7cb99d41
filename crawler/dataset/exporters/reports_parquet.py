"""``reports.parquet``: the wide table with its types."""

from __future__ import annotations

from typing import Any

from crawler.dataset.codebook_columns import REPORTS, columns
from crawler.dataset.exporters.parquet_file import ParquetExporter, calendar_date, moment
from crawler.dataset.model import Record

OWN = tuple(column for column in columns(REPORTS) if not column.code)
METRIC_KEYS = tuple(column.name for column in columns(REPORTS) if column.code)


class ReportsParquet(ParquetExporter):
    """One row a report; null is null, never 0. Numbers are of double precision, exact for every number that is read."""

    name = "reports.parquet"
    table = REPORTS

    def add(self, record: Record) -> None:
        """Writes one row."""
        values = record["values"]
        self.write_rows([[*(_typed(column.kind, column.name, record) for column in OWN), *map(values.get, METRIC_KEYS)]])


def _typed(kind: str, name: str, record: Record) -> Any:
    value = record[name]
    if kind == "date":
        return calendar_date(value, record["report_id"])
    return moment(value) if kind == "time" else value
