"""``dataset.duckdb``: both tables, the codebook, and the views in which the two forms may be compared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.dataset.codebook_columns import CELLS, REPORTS, Series, columns, comparable_metrics, series
from crawler.dataset.exporters.codebook_csv import HEADER, codebook_rows
from crawler.dataset.exporters.version import DatasetVersion
from crawler.forms.catalogue import FORM_VERSIONS

if TYPE_CHECKING:
    import duckdb

NAME = "dataset.duckdb"
STORAGE = "v1.2.0"
"""The oldest DuckDB that can open the file."""

GROUP_ROWS = {REPORTS: 8192, CELLS: 122_880}
"""Rows kept in memory before they are compressed: the wide table has 250 columns. Of every column of every group DuckDB
remembers something beyond its limit: small groups of the long table came to 160 MiB for 20 million rows."""

MEMORY = "128MB"
BATCH_ROWS = 2048

SERIES_HEADER = ("series", "label_en", "label_zh", "form_version", "metric", "role")

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
    for table in (REPORTS, CELLS):
        with _attached(connection, directory / NAME, GROUP_ROWS[table]):
            _copy(connection, table, directory / f"{table}.parquet")
    with _attached(connection, directory / NAME, GROUP_ROWS[REPORTS]):
        _explain(connection)


@contextmanager
def _attached(connection: duckdb.DuckDBPyConnection, path: Path, group_rows: int) -> Iterator[None]:
    """The file as the place of what is made; with its end, what DuckDB remembers of the file is let go."""
    place = _quoted(str(path), "'")
    options = f"ROW_GROUP_SIZE {group_rows}, STORAGE_VERSION '{STORAGE}', RECOVERY_MODE no_wal_writes"
    connection.execute(f"ATTACH {place} AS dataset ({options})")
    connection.execute("USE dataset")
    yield
    connection.execute("USE memory")
    connection.execute("DETACH dataset")


def _explain(connection: duckdb.DuckDBPyConnection) -> None:
    """The codebook, the comments and the views."""
    # One transaction: every commit waits for the disk.
    connection.begin()
    _small_table(connection, "codebook", HEADER, codebook_rows())
    _small_table(connection, "series_parts", SERIES_HEADER, _series_rows())
    connection.execute(";".join((*_comments(), *views())))
    connection.commit()


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
                yield one.key, one.label_en, one.label_zh, version, metric, "part"
            if version in one.instead:
                yield one.key, one.label_en, one.label_zh, version, one.instead[version], "instead"


def views() -> Iterator[str]:
    """The statements that make the views, in order."""
    yield f"CREATE VIEW comparable_reports AS SELECT {', '.join(_wide_columns())} FROM reports"  # noqa: S608 - names are ours
    yield _COMPARABLE_CELLS


def _wide_columns() -> Iterator[str]:
    yield from map(_name, IDENTIFICATION)
    yield from map(_name, comparable_metrics())
    for one in series():
        sums = " ".join(f"WHEN '{version}' THEN {_sum(one, version)}" for version in one.parts)
        yield f"CASE form_version {sums} END AS {_name(one.key)}"


def _sum(one: Series, version: str) -> str:
    parts = [_name(part) for part in one.parts[version]]
    total = " + ".join(parts)  # null where a part is null
    if version not in one.instead:
        return total
    return f"CASE WHEN coalesce({', '.join(parts)}) IS NULL THEN {_name(one.instead[version])} ELSE {total} END"


# count(value) counts what is not null: a sum of parts of which one is missing is no sum.
_COMPARABLE_CELLS = """
CREATE VIEW comparable_cells AS
SELECT report_id, org_id, org_name, region_code, year, form_version, metric AS series, 'printed' AS made, value
FROM cells
WHERE metric IN (SELECT "column" FROM codebook WHERE comparability = 'comparable')
UNION ALL
SELECT report_id, org_id, org_name, region_code, year, form_version, series,
       CASE WHEN known = 0 AND one_row IS NOT NULL THEN 'printed as one row' ELSE 'sum of parts' END,
       CASE WHEN known = 0 THEN one_row WHEN known = parts THEN total END
FROM (
    SELECT report_id, any_value(org_id) AS org_id, any_value(org_name) AS org_name, any_value(region_code) AS region_code,
           any_value(year) AS year, form_version, series,
           count(*) FILTER (role = 'part') AS parts, count(value) FILTER (role = 'part') AS known,
           sum(value) FILTER (role = 'part') AS total, any_value(value) FILTER (role = 'instead') AS one_row
    FROM cells JOIN series_parts USING (form_version, metric)
    GROUP BY report_id, form_version, series
)
"""


def _name(identifier: str) -> str:
    return _quoted(identifier, '"')


def _quoted(text: str, quote: str) -> str:
    return quote + text.replace(quote, quote * 2) + quote
