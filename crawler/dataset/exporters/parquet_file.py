"""Parquet, written in row groups while records come by."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from crawler.dataset.codebook_columns import Column, columns
from crawler.dataset.exporters.base import Exporter

if TYPE_CHECKING:
    import pyarrow as pa

logger = logging.getLogger(__name__)

VALUES_A_BATCH = 200_000
"""Python objects held before they become an Arrow batch."""

BATCHES_A_GROUP = 6
"""Arrow batches written as one row group."""


def arrow_schema(table: str) -> pa.Schema:
    """The types of a table's columns, each with its labels and code as metadata."""
    import pyarrow as pa

    types = {
        "text": pa.string(),
        "integer": pa.int32(),
        "number": pa.float64(),
        "date": pa.date32(),
        "time": pa.timestamp("ms", tz="UTC"),
        "texts": pa.list_(pa.string()),
        "numbers": pa.list_(pa.float64()),
    }
    return pa.schema([pa.field(column.name, types[column.kind], metadata=_labels(column)) for column in columns(table)])


def _labels(column: Column) -> dict[str, str]:
    known = {"label_en": column.label_en, "label_zh": column.label_zh, "code": column.code, "unit": column.unit}
    return {key: value for key, value in known.items() if value}


def calendar_date(text: str | None, report_id: str) -> date | None:
    """The date; ``None``, and a line in the log, where the source printed a day that no calendar has."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        logger.warning(
            "%s: %r is no day of the calendar; it stands in reports.jsonl and is null in typed files", report_id, text
        )
        return None


def moment(text: str | None) -> datetime | None:
    """A time of the ledger, ``2026-01-31T02:03:04Z``."""
    return datetime.fromisoformat(text) if text else None


class ParquetExporter(Exporter):
    """A Parquet file of one of the dataset's tables."""

    table: ClassVar[str]

    def __init__(self, directory: Path) -> None:
        import pyarrow.parquet

        super().__init__(directory)
        self.schema = arrow_schema(self.table)
        self._writer = pyarrow.parquet.ParquetWriter(self.path, self.schema, compression="zstd")
        self._rows: list[Sequence[Any]] = []
        self._batches: list[pa.RecordBatch] = []
        self._batch_rows = VALUES_A_BATCH // len(self.schema)

    def write_rows(self, rows: Iterable[Sequence[Any]]) -> None:
        """Takes rows of the schema's length."""
        self._rows.extend(rows)
        if len(self._rows) >= self._batch_rows:
            self._end_batch()
            if len(self._batches) == BATCHES_A_GROUP:
                self._end_group()

    def _end_batch(self) -> None:
        import pyarrow as pa

        arrays = [
            pa.array(values, field.type) for values, field in zip(zip(*self._rows, strict=True), self.schema, strict=True)
        ]
        self._batches.append(pa.RecordBatch.from_arrays(arrays, schema=self.schema))
        self._rows.clear()

    def _end_group(self) -> None:
        import pyarrow as pa

        table = pa.Table.from_batches(self._batches, self.schema)
        self._writer.write_table(table, row_group_size=table.num_rows)
        self._batches.clear()

    def close(self) -> None:
        """Writes what is left, and the footer."""
        try:
            if self._rows:
                self._end_batch()
            if self._batches:
                self._end_group()
        finally:
            self._writer.close()
