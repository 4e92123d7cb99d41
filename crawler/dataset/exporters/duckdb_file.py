"""``dataset.duckdb``: both tables, the codebook, and the views in which the two forms may be compared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.dataset.codebook_columns import CELLS, REPORTS, columns, comparable_metrics, series
from crawler.dataset.exporters.codebook_csv import HEADER, codebook_rows
from crawler.dataset.exporters.version import DatasetVersion
from crawler.forms.catalogue import FORM_VERSIONS

if TYPE_CHECKING:
    import duckdb

NAME = "dataset.duckdb"
STORAGE = "v1.2.0"
"""The oldest DuckDB that can open the file."""

GROUP_ROWS = 8192
"""Rows kept in memory before they are compressed: the wide table has 250 columns."""

MEMORY = "128MB"
BATCH_ROWS = 2048

IDENTIFICATION = tuple(column.name for column in columns(REPORTS) if not column.code)


def write_duckdb(directory: Path, _: DatasetVersion) -> None:
    """Built by SQL from ``reports.parquet`` and ``cells.parquet``. Times are UTC, without a zone.

    Raises:
        OSError: the disk is full or cannot be written.
    """
    import duckdb

    settings: dict[str, str | bool | int | float | list[str]] = {
        "threads": 1,
        "memory_limit": MEMORY,
        "temp_directory": str(directory / "duckdb.tmp"),
        "preserve_insertion_order": True,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    try:
        with duckdb.connect(":memory:", config=settings) as connection:
            _fill(connection, directory)
    except duckdb.IOException as error:
        raise OSError(f"{directory / NAME} could not be written: {error}") from error


def _fill(connection: duckdb.DuckDBPyConnection, directory: Path) -> None:
    connection.execute("SET enable_progress_bar = false")  # it would be drawn on stdout, where results go
    place = _quoted(str(directory / NAME), "'")
    options = f"ROW_GROUP_SIZE {GROUP_ROWS}, STORAGE_VERSION '{STORAGE}', RECOVERY_MODE no_wal_writes"
    connection.execute(f"ATTACH {place} AS dataset ({options})")
    connection.execute("USE dataset")
    for table in (REPORTS, CELLS):
        _copy(connection, table, directory / f"{table}.parquet")
    # One transaction: every commit waits for the disk.
    connection.begin()
    _small_table(connection, "codebook", HEADER, codebook_rows())
    _small_table(connection, "series_parts", ("series", "label_en", "label_zh", "form_version", "metric"), _series_rows())
    connection.execute(";".join((*_comments(), *views())))
    connection.commit()
    connection.execute("USE memory")
    connection.execute("DETACH dataset")


def _copy(connection: duckdb.DuckDBPyConnection, table: str, source: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet

    # Through Arrow: DuckDB's own reader takes a path with brackets for a pattern.
    with pyarrow.parquet.ParquetFile(source) as file:
        schema = pa.schema([_without_zone(field) for field in file.schema_arrow])
        batches = (batch.cast(schema) for batch in file.iter_batches(BATCH_ROWS))
        reader = pa.RecordBatchReader.from_batches(schema, batches)
        connection.register("incoming", reader)
        connection.execute(f"CREATE TABLE {table} AS SELECT * FROM incoming")  # noqa: S608 - the name is ours
        connection.unregister("incoming")


def _comments() -> Iterator[str]:
    for column in (*columns(REPORTS), *columns(CELLS)):
        text = _quoted(f"{column.label_en} / {column.label_zh}", "'")
        yield f"COMMENT ON COLUMN {column.table}.{_name(column.name)} IS {text}"


def _without_zone(field: object) -> object:
    import pyarrow as pa

    assert isinstance(field, pa.Field)  # noqa: S101 - pyarrow has no types of its own
    return field.with_type(pa.timestamp("ms")) if pa.types.is_timestamp(field.type) else field


def _small_table(
    connection: duckdb.DuckDBPyConnection, name: str, header: Iterable[str], rows: Iterable[tuple[str, ...]]
) -> None:
    import pyarrow as pa

    texts = [[text or None for text in column] for column in zip(*rows, strict=True)]
    connection.register("incoming", pa.table([pa.array(column, pa.string()) for column in texts], names=list(header)))
    connection.execute(f"CREATE TABLE {name} AS SELECT * FROM incoming")  # noqa: S608 - the name is ours
    connection.unregister("incoming")


def _series_rows() -> Iterator[tuple[str, ...]]:
    for one in series():
        for version in FORM_VERSIONS:
            for metric in one.parts[version]:
                yield one.key, one.label_en, one.label_zh, version, metric


def views() -> Iterator[str]:
    """The statements that make the views, in order."""
    yield f"CREATE VIEW comparable_reports AS SELECT {', '.join(_wide_columns())} FROM reports"  # noqa: S608 - names are ours
    yield _COMPARABLE_CELLS


def _wide_columns() -> Iterator[str]:
    yield from map(_name, IDENTIFICATION)
    yield from map(_name, comparable_metrics())
    for one in series():
        sums = " ".join(
            f"WHEN '{version}' THEN {' + '.join(map(_name, parts))}" for version, parts in one.parts.items()
        )  # null where a part is null
        yield f"CASE form_version {sums} END AS {_name(one.key)}"


# count(value) counts what is not null: a sum of parts of which one is missing is no sum.
_COMPARABLE_CELLS = """
CREATE VIEW comparable_cells AS
SELECT report_id, org_id, org_name, region_code, year, form_version, metric AS series, 'printed' AS made, value
FROM cells
WHERE metric IN (SELECT "column" FROM codebook WHERE comparability = 'comparable')
UNION ALL
SELECT report_id, any_value(org_id), any_value(org_name), any_value(region_code), any_value(year), form_version, series,
       'sum of parts', CASE WHEN count(value) = count(*) THEN sum(value) END
FROM cells JOIN series_parts USING (form_version, metric)
GROUP BY report_id, form_version, series
"""


def _name(identifier: str) -> str:
    return _quoted(identifier, '"')


def _quoted(text: str, quote: str) -> str:
    return quote + text.replace(quote, quote * 2) + quote
