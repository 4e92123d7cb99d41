"""The wide table read back from ``reports.parquet``, some rows at a time, for the files that are made from it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crawler.dataset.codebook_columns import REPORTS, Column, columns

if TYPE_CHECKING:
    import pyarrow as pa

BATCH_ROWS = 1000
COLUMNS = columns(REPORTS)


def batches(path: Path) -> Iterator[pa.RecordBatch]:
    """Arrow batches of at most `BATCH_ROWS` rows."""
    import pyarrow.parquet

    with pyarrow.parquet.ParquetFile(path) as file:
        yield from file.iter_batches(BATCH_ROWS)


def rows(path: Path) -> Iterator[tuple[Any, ...]]:
    """Rows of Python values; lists of texts are joined by ``;`` as in the CSV files."""
    lists = [number for number, column in enumerate(COLUMNS) if column.kind == "texts"]
    for batch in batches(path):
        values = [column.to_pylist() for column in batch.columns]
        for number in lists:
            values[number] = [";".join(entry) for entry in values[number]]
        yield from zip(*values, strict=True)


def flat_kind(column: Column) -> str:
    """The kind of a column once lists are joined."""
    return "text" if column.kind == "texts" else column.kind
