"""Every file of a version, opened by the programs that people open it with, agrees with reports.jsonl cell by cell."""

from __future__ import annotations

import csv
import json
import math
import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl.utils.escape import unescape

from crawler.dataset.codebook_columns import CELLS, REPORTS, columns, metric_columns
from crawler.dataset.exporters import EXPORTERS, reports_xlsx
from crawler.dataset.exporters.datapackage import FILES, write_datapackage
from crawler.dataset.exporters.derived import DERIVED, write_derived
from crawler.dataset.exporters.dta import DtaWriter, Variable
from crawler.dataset.exporters.parquet_file import ParquetExporter
from crawler.dataset.exporters.reports_parquet import ReportsParquet
from crawler.dataset.exporters.reports_xlsx import CELL_LENGTH, CUT, fitting, write_reports_xlsx
from crawler.dataset.exporters.version import DatasetVersion
from crawler.dataset.model import Record

from .builders import BLANK, extraction_record
from .test_exporters import export, published

ROOT = Path(__file__).resolve().parent.parent
VERSION = DatasetVersion("henan_reports", "20260110T020000Z", datetime(2026, 1, 10, 2, tzinfo=UTC))
KEY = "requests.granted.natural_person"
TOTAL = "requests.granted.total"
OTHER = "requests.other_handling.total"
PARTS = tuple(f"requests.other_{part}.total" for part in ("overdue_correction", "unpaid_fee", "other"))
FORMULAS = ("=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", '=HYPERLINK("http://a.example","b")')
ODD = (*FORMULAS, '一行\n二行,"引"', "_x0041_", "𠮷野家 👍🏽", "长" * 3000, " 两边 ", "<&>'\"", "NULL", "\x01\x1f", "\ufffe")
PAGED = {"page": 3, "bbox": [71.5, 100.0, 90.25, 112.0]}


def records() -> list[Record]:
    """Both forms, blanks, marks, rows not printed, fractions, negative numbers, odd titles and no year."""
    old = {"cn-ogi-2019": {OTHER: 5, TOTAL: 4, "active_disclosure.licensing.items_change": -15}}
    new = dict(zip(PARTS, (1, 2, 3), strict=True))
    made = [
        extraction_record("赤土店镇", form="cn-ogi-2019", values=old["cn-ogi-2019"] | {KEY: "—"}),
        extraction_record(
            "陶湾镇", values=new | {KEY: 7, "active_disclosure.admin_fees.amount_collected": 49.5669}, where=PAGED
        ),
        extraction_record("冷水镇", values=new | {PARTS[1]: BLANK, KEY: None, TOTAL: 999_999_999_999_999}),
        extraction_record("潭头镇", values=dict.fromkeys(PARTS) | {OTHER: 9}),
        extraction_record("庙子镇", values=new | {OTHER: 60}),
        extraction_record("合峪镇", values={PARTS[0]: 1, PARTS[1]: None, PARTS[2]: BLANK, OTHER: 7}),
        extraction_record("三川镇", values=dict.fromkeys(PARTS, BLANK) | {OTHER: BLANK}),
        extraction_record("石庙镇", values={KEY: 2.5, TOTAL: BLANK}, quality_flags=["decimal_in_count:" + KEY, "另一个"]),
        extraction_record(None, None, title=None),
    ]
    for number, title in enumerate(ODD):
        made.append(extraction_record(f"{number}号镇", values={KEY: title}, title=title))
    return sorted((published(record, page_title=record["title"]) for record in made), key=lambda record: record["report_id"])


@pytest.fixture(scope="module")
def version(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # DuckDB's own reader would take the brackets for a pattern, and SQL the quote for the end of a text.
    directory = tmp_path_factory.mktemp("version") / "it's [a] version*"
    directory.mkdir()
    export(directory, records())
    write_derived(directory, VERSION)
    return directory


@pytest.fixture(scope="module")
def lines(version: Path) -> dict[str, Record]:
    with (version / "reports.jsonl").open(encoding="utf-8") as file:
        return {record["report_id"]: record for record in map(json.loads, file)}


@pytest.fixture
def database(version: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(version / "dataset.duckdb"), read_only=True) as connection:
        yield connection


def flat(value: Any) -> Any:
    """As in a table without lists."""
    return ";".join(value) if isinstance(value, list) else value


def assert_rows_are_the_records(rows: Sequence[dict[str, Any]], lines: dict[str, Record]) -> None:
    """Rows with Python values of the wide table: every column of every record."""
    assert [row["report_id"] for row in rows] == list(lines)
    for row in rows:
        record = lines[row["report_id"]]
        for column in columns(REPORTS):
            value = row[column.name]
            if column.code:
                assert value == record["values"].get(column.name), (column.name, record["report_id"])
                assert (value is None) == (record["values"].get(column.name) is None)
            elif isinstance(value, datetime):
                assert value.strftime("%Y-%m-%dT%H:%M:%SZ") == record[column.name]
            elif isinstance(value, date):
                assert value.isoformat() == record[column.name]
            else:
                assert flat(value) == flat(record[column.name]), column.name


def test_parquet_holds_every_report_and_every_cell(version: Path, lines: dict[str, Record]) -> None:
    assert_rows_are_the_records(pq.read_table(version / "reports.parquet").to_pylist(), lines)
    cells = pq.read_table(version / "cells.parquet").to_pylist()
    assert len(cells) == sum(len(record["cells"]) for record in lines.values())
    for cell in cells:
        record = lines[cell["report_id"]]
        source = record["cells"][cell["metric"]]
        where = source["where"] or {}
        assert (cell["value"] is None) == (source["value"] is None), "null is null and nothing else is"
        assert {key: cell[key] for key in ("value", "unit", "state", "raw")} == {
            key: source[key] for key in ("value", "unit", "state", "raw")
        }
        assert (cell["page"], cell["bbox"]) == (where.get("page"), where.get("bbox"))
        assert (cell["table_no"], cell["row_no"], cell["column_no"]) == tuple(map(where.get, ("table", "row", "column")))
        assert (cell["year"], cell["form_version"]) == (record["year"], record["form_version"])


def test_parquet_has_types_and_labels(version: Path) -> None:
    reports, cells = (pq.read_schema(version / f"{table}.parquet") for table in (REPORTS, CELLS))
    assert reports.field("published_date").type == pa.date32()
    assert reports.field("first_seen").type == pa.timestamp("ms", tz="UTC")
    assert reports.field("year").type == cells.field("year").type == pa.int32()
    assert reports.field(KEY).type == cells.field("value").type == pa.float64()
    assert cells.field("bbox").type == pa.list_(pa.float64())
    assert reports.field(KEY).metadata[b"label_zh"].decode().endswith("（一）予以公开 / 自然人")


def test_the_csv_files_and_parquet_say_the_same(version: Path) -> None:
    with (version / "cells.csv").open(encoding="utf-8-sig", newline="") as file:
        found = list(csv.DictReader(file))
    for row, cell in zip(found, pq.read_table(version / "cells.parquet").to_pylist(), strict=True):
        assert (row["report_id"], row["metric"], row["label"]) == (cell["report_id"], cell["metric"], cell["label"])
        assert (float(row["value"]) if row["value"] else None) == cell["value"]


def test_duckdb_has_both_tables_and_the_codebook(
    version: Path, lines: dict[str, Record], database: duckdb.DuckDBPyConnection
) -> None:
    assert_rows_are_the_records(database.sql("SELECT * FROM reports").to_arrow_table().to_pylist(), lines)
    assert database.sql("SELECT * FROM cells").to_arrow_table().to_pylist() == pq.read_table(
        version / "cells.parquet"
    ).to_pylist()  # fmt: skip
    label = database.execute('SELECT label_zh FROM codebook WHERE "column" = ? AND "table" = \'reports\'', [KEY]).fetchall()
    comment = database.execute(
        "SELECT comment FROM duckdb_columns() WHERE table_name = 'reports' AND column_name = ?", [KEY]
    ).fetchall()
    assert label[0][0] in comment[0][0]


def test_series_compare_over_the_two_forms(database: duckdb.DuckDBPyConnection) -> None:
    wide = dict(database.execute('SELECT org_name_raw, "requests.other_total.total" FROM comparable_reports').fetchall())
    assert (wide["赤土店镇"], wide["陶湾镇"]) == (5, 6)
    assert wide["冷水镇"] is None, "a sum of parts of which one is blank is no sum"
    assert wide["潭头镇"] == 9, "one row printed in the place of three"
    assert wide["庙子镇"] == 6, "where the parts are printed they decide"
    assert wide["合峪镇"] is None, "one row is no sum of what is known in part"
    assert wide["三川镇"] is None, "a blank row is no number"
    names = {row[0] for row in database.execute("DESCRIBE comparable_reports").fetchall()}
    assert {"active_disclosure.licensing.decisions", TOTAL, "requests.denied_total.natural_person", "year"} <= names
    assert not names & {"active_disclosure.admin_fees.amount_collected", "active_disclosure.rules.issued", *PARTS, OTHER}
    tidy = database.execute(
        "SELECT report_id, series, value FROM comparable_cells ORDER BY ALL"
    ).fetchall()  # the same numbers, one a row
    assert len({(report, name) for report, name, _ in tidy}) == len(tidy)
    assert {name for _, name, _ in tidy} == names - {column.name for column in columns(REPORTS) if not column.code}
    for name in ("requests.other_total.total", KEY, TOTAL):
        there = dict(database.execute(f'SELECT report_id, "{name}" FROM comparable_reports').fetchall())  # noqa: S608
        assert {report: value for report, series, value in tidy if series == name} == there
    made = database.execute(
        "SELECT c.made FROM comparable_cells c JOIN reports r USING (report_id) WHERE c.series = 'requests.other_total.total'"
        " AND r.org_name_raw IN ('潭头镇', '庙子镇') ORDER BY c.value"
    ).fetchall()
    assert made == [("sum of parts",), ("printed as one row",)]


def test_stata_has_the_numbers_the_names_and_the_labels(version: Path, lines: dict[str, Record]) -> None:
    frame = pd.read_stata(version / "reports.dta")
    assert list(frame["report_id"]) == list(lines)
    for _, row in frame.iterrows():
        record = lines[row["report_id"]]
        for column in metric_columns():
            value = record["values"].get(column.name)
            assert math.isnan(row[column.stata]) if value is None else row[column.stata] == value
        assert row["title"] == (record["title"] or "").replace("\0", "\ufffd")
        assert row["published_date"].date().isoformat() == record["published_date"]
        assert row["first_seen"].strftime("%Y-%m-%dT%H:%M:%SZ") == record["first_seen"]
        assert (None if pd.isna(row["year"]) else row["year"]) == record["year"]
    with pd.io.stata.StataReader(version / "reports.dta") as reader:
        labels = reader.variable_labels()
        assert reader.data_label == "OGI annual reports, henan_reports 20260110T020000Z"
    assert labels == {column.stata: column.label_en for column in columns(REPORTS)}
    assert max(map(len, labels.values())) <= 80


def test_stata_has_chinese_labels_as_its_second_language(version: Path) -> None:
    content = (version / "reports.dta").read_bytes()
    assert b"_lang_list".ljust(129, b"\0") + b"en zh\0" in content
    column = next(column for column in metric_columns() if column.name == KEY)
    entry = column.stata.encode().ljust(129, b"\0") + b"_lang_v_zh".ljust(129, b"\0") + column.label_zh.encode() + b"\0"
    assert entry in content


def test_the_workbook_has_the_table_and_the_codebook(version: Path, lines: dict[str, Record]) -> None:
    with closing(openpyxl.load_workbook(version / "reports.xlsx", read_only=True)) as workbook:
        header, *found = workbook["reports"].iter_rows(values_only=True)
        codebook = list(workbook["codebook"].iter_rows(values_only=True))
    assert list(header) == [column.name for column in columns(REPORTS)]
    rows = []
    for values in found:
        row = dict(zip(header, values, strict=True))
        # openpyxl leaves escaped characters as they stand in the file, and an empty text is an empty cell.
        row = {key: unescape(value) if isinstance(value, str) else value for key, value in row.items()}
        row["quality_flags"] = row["quality_flags"] or ""
        row["published_date"] = row["published_date"].date()
        rows.append(row)
    assert_rows_are_the_records(rows, lines)
    assert len(codebook) == 1 + len(columns(REPORTS)) + len(columns(CELLS))


def test_no_cell_of_the_workbook_is_a_formula(version: Path) -> None:
    workbook = openpyxl.load_workbook(version / "reports.xlsx")
    titles = {}
    for row in workbook["reports"].iter_rows():
        for cell in row:
            assert cell.data_type != "f", cell.value
            if isinstance(cell.value, str) and cell.value in FORMULAS:
                titles[cell.value] = cell.quotePrefix
    assert titles == dict.fromkeys(FORMULAS, True), "as texts they stay, also when somebody edits the cell"


def frictionless(directory: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("frictionless")), "validate", "datapackage.json", "--json"]
    return subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=120, check=False)


def test_frictionless_accepts_the_package_and_sees_damage(version: Path, tmp_path: Path) -> None:
    package = json.loads((version / "datapackage.json").read_text("utf-8"))
    assert {resource["path"] for resource in package["resources"]} == {
        *("reports.csv", "cells.csv", "codebook.csv"),
        *(name for name in FILES if (version / name).is_file()),
    }
    assert {"reports.jsonl", "cells.parquet", "dataset.duckdb", "reports.dta", "reports.xlsx"} <= {
        resource["path"] for resource in package["resources"]
    }
    fields = {field["name"]: field for field in package["resources"][0]["schema"]["fields"]}
    assert fields[KEY]["title"].endswith("自然人")
    assert fields[KEY]["description"] == "Granted - natural persons"
    accepted = frictionless(version)
    assert accepted.returncode == 0, accepted.stdout
    damaged = shutil.copytree(version, tmp_path / "damaged")
    (damaged / "reports.csv").write_bytes((damaged / "reports.csv").read_bytes().replace(b",2023,", b",x023,", 1))
    refused = frictionless(damaged)
    assert refused.returncode != 0
    assert "type-error" in refused.stdout


def test_the_codebook_in_the_dataset_says_what_every_column_is(version: Path) -> None:
    with (version / "codebook.csv").open(encoding="utf-8-sig", newline="") as file:
        found = {(row["table"], row["column"]): row for row in csv.DictReader(file)}
    assert set(found) == {(table, column.name) for table in (REPORTS, CELLS) for column in columns(table)}
    fees = found[REPORTS, "active_disclosure.admin_fees.amount_collected"]
    assert (fees["unit"], fees["forms"], fees["comparability"]) == ("万元", "cn-ogi-2021", "not_comparable")
    assert found[REPORTS, PARTS[0]]["series"] == "requests.other_total.total"


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(texts=st.lists(TEXT, min_size=5, max_size=60))
def test_any_text_comes_through_every_format(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    directory = tmp_path_factory.mktemp("texts")
    base = published(extraction_record())
    with ReportsParquet(directory) as exporter:
        for number, text in enumerate(texts):
            exporter.add(base | {"report_id": f"{number:04}", "title": text})
    assert pq.read_table(directory / "reports.parquet")["title"].to_pylist() == texts
    write_reports_xlsx(directory, VERSION)
    at = [column.name for column in columns(REPORTS)].index("title")
    with closing(openpyxl.load_workbook(directory / "reports.xlsx", read_only=True)) as workbook:
        titles = [row[at] for row in workbook["reports"].iter_rows(min_row=2, values_only=True)]
    assert [unescape(title or "") for title in titles] == texts


@given(st.lists(st.tuples(TEXT, st.text("长a\0", max_size=900), st.none() | st.floats(-1e15, 1e15)), max_size=5))
def test_any_row_comes_back_from_stata(rows: list[tuple[str, str, float | None]]) -> None:
    texts = [row[0] for row in rows], [row[1] for row in rows]
    widths = [max((len(text.replace("\0", "\ufffd").encode()) for text in column), default=0) for column in texts]
    variables = [Variable("a", "text", "", "", widths[0]), Variable("b", "text", "", "", max(widths[1], 2046))]
    buffer = BytesIO()
    with DtaWriter(
        buffer, [*variables, Variable("c", "number", "x")], rows=len(rows), label="", made=VERSION.created_at
    ) as out:
        for row in rows:
            out.add(row)
    frame = pd.read_stata(BytesIO(buffer.getvalue()))
    back = [(a, b, None if math.isnan(c) else c) for a, b, c in zip(frame["a"], frame["b"], frame["c"], strict=True)]
    assert back == [(a.replace("\0", "\ufffd"), b.replace("\0", "\ufffd"), c) for a, b, c in rows]


def test_a_dta_of_other_length_than_announced_is_refused() -> None:
    variables = [Variable("a", "text", "", "", 3)]
    with pytest.raises(ValueError, match="1 rows came, 2 were announced"), DtaWriter(
        BytesIO(), variables, rows=2, label="", made=VERSION.created_at
    ) as out:  # fmt: skip
        out.add(["abc"])
    with pytest.raises(ValueError, match="4 bytes, announced were 3"), DtaWriter(
        BytesIO(), variables, rows=1, label="", made=VERSION.created_at
    ) as out:  # fmt: skip
        out.add(["abcd"])


def test_a_text_that_no_cell_holds_is_cut_visibly() -> None:
    assert fitting("长" * CELL_LENGTH) == "长" * CELL_LENGTH
    cut = fitting("𠮷" * CELL_LENGTH)
    assert cut.endswith(CUT)
    assert CELL_LENGTH - 1 <= len(cut.encode("utf-16-le")) // 2 <= CELL_LENGTH


def test_a_day_that_no_calendar_has_is_null_and_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with ReportsParquet(tmp_path) as exporter:
        exporter.add(published(extraction_record()) | {"published_date": "2024-02-31"})
    assert pq.read_table(tmp_path / "reports.parquet")["published_date"].to_pylist() == [None]
    assert "2024-02-31" in caplog.text


def test_rows_are_written_while_they_come(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crawler.dataset.exporters.parquet_file.VALUES_A_BATCH", 2 * len(columns(REPORTS)))
    monkeypatch.setattr("crawler.dataset.exporters.parquet_file.BATCHES_A_GROUP", 3)
    base = published(extraction_record())
    with ReportsParquet(tmp_path) as exporter:
        for number in range(20):
            exporter.add(base | {"report_id": str(number)})
    file = pq.ParquetFile(tmp_path / "reports.parquet")
    assert [file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)] == [6, 6, 6, 2]
    assert file.read()["report_id"].to_pylist() == [str(number) for number in range(20)]


def test_the_crawl_does_not_load_the_libraries_of_the_formats() -> None:
    heavy = "pyarrow", "duckdb", "xlsxwriter"
    program = f"import sys, crawler.dataset.publish; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


def test_more_reports_than_a_sheet_holds_go_on_the_next(
    version: Path, lines: dict[str, Record], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports_xlsx, "SHEET_ROWS", 5)
    (tmp_path / "reports.parquet").write_bytes((version / "reports.parquet").read_bytes())
    reports_xlsx.write_reports_xlsx(tmp_path, VERSION)
    with closing(openpyxl.load_workbook(tmp_path / "reports.xlsx", read_only=True)) as book:
        sheets = [name for name in book.sheetnames if name.startswith("reports")]
        found = [list(book[name].iter_rows(values_only=True)) for name in sheets]
    assert len(sheets) == -(-len(lines) // 4)
    assert {rows[0][0] for rows in found} == {"report_id"}, "each sheet has its heading"
    assert [row[0] for rows in found for row in rows[1:]] == list(lines)


@pytest.mark.parametrize("write", DERIVED, ids=lambda write: write.__name__)
def test_a_full_disk_is_an_error_of_the_disk(
    version: Path, tmp_path: Path, write: Callable[[Path, DatasetVersion], None]
) -> None:
    for path in version.iterdir():
        if path.suffix in {".parquet", ".csv", ".jsonl"} and path.name != "codebook.csv":
            shutil.copy(path, tmp_path)
    if write is write_datapackage:
        shutil.copy(version / "codebook.csv", tmp_path)
    # Beyond the limit a write fails as it does on a full disk, with EFBIG for ENOSPC.
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))
    try:
        with pytest.raises(OSError, match=r"large|File"):
            write(tmp_path, VERSION)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_every_parquet_file_has_its_csv() -> None:
    names = {exporter.name for exporter in EXPORTERS}
    assert {
        re.sub("parquet$", "csv", exporter.name) for exporter in EXPORTERS if issubclass(exporter, ParquetExporter)
    } <= names


WRITE = """
import re, sys, tempfile
from pathlib import Path
from tests.test_formats import VERSION, written
with tempfile.TemporaryDirectory() as folder:
    written(Path(folder), int(sys.argv[1]))
print(re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1])
"""


def written(directory: Path, count: int) -> None:
    """So many made-up reports in every format."""
    forms = [
        published(extraction_record(f"{number}号镇", form=form)) for number, form in enumerate(("cn-ogi-2019", "cn-ogi-2021"))
    ]

    def made() -> Iterator[Record]:
        for number in range(count):
            base = forms[number % 2]
            values = base["values"] | {KEY: number, TOTAL: number * 2}
            changed = {key: base["cells"][key] | {"value": values[key], "raw": f"{values[key]}"} for key in (KEY, TOTAL)}
            yield base | {
                "report_id": f"410324:{number:07}号镇人民政府:2023:own",
                "title": f"{number:07}号镇人民政府2023年政府信息公开工作年度报告",
                "values": values,
                "cells": base["cells"] | changed,
            }

    exporters = [exporter(directory) for exporter in EXPORTERS if exporter.name != "text"]
    for record in made():
        for exporter in exporters:
            exporter.add(record)
    for exporter in exporters:
        exporter.close()
    write_derived(directory, VERSION)


def peak_mebibytes(count: int) -> float:
    done = subprocess.run(
        [sys.executable, "-c", WRITE, str(count)], cwd=ROOT, capture_output=True, text=True, timeout=3000, check=True
    )
    return int(done.stdout) / 1024


@pytest.mark.slow
def test_memory_is_flat_over_the_number_of_reports() -> None:
    few, many = peak_mebibytes(200), peak_mebibytes(2000)
    sys.stdout.write(f"200 reports {few:.0f} MiB, 2,000 reports {many:.0f} MiB: x{many / few:.2f}\n")
    assert many / few < 1.4


@pytest.mark.soak
def test_memory_is_flat_from_a_thousand_to_a_hundred_thousand_reports() -> None:
    few, many = peak_mebibytes(1000), peak_mebibytes(100_000)
    sys.stdout.write(f"1,000 reports {few:.0f} MiB, 100,000 reports {many:.0f} MiB: x{many / few:.2f}\n")
    assert many / few < 1.5
