"""``datapackage.json``: what is in the folder, as a Frictionless Data package (``frictionless validate datapackage.json``)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crawler.dataset.clock import iso
from crawler.dataset.codebook_columns import CELLS, REPORTS, Column, columns, words
from crawler.dataset.exporters.codebook_csv import HEADER
from crawler.dataset.exporters.version import DatasetVersion

NAME = "datapackage.json"
CSV_TYPES = {
    "text": "string",
    "texts": "string",
    "numbers": "string",
    "integer": "integer",
    "number": "number",
    "date": "date",
    "time": "datetime",
}
PARQUET_TYPES = CSV_TYPES | {"texts": "array", "numbers": "array"}

FILES = {
    "reports.jsonl": ("application/x-ndjson", "One record a report", "每行一份年报"),
    "organisations.jsonl": (
        "application/x-ndjson",
        "One line an organisation, and every name not resolved",
        "每行一个机关，含未能识别者",
    ),
    "superseded.jsonl": ("application/x-ndjson", "The versions that a correction superseded", "被更正的旧版本"),
    "problems.jsonl": ("application/x-ndjson", "Documents that gave no report, and why", "没有读出年报的文件及原因"),
    "delta.jsonl": ("application/x-ndjson", "What changed since the version before", "与上一版相比的变化"),
    "reports.parquet": ("application/vnd.apache.parquet", "Wide: one row a report", "宽表：每行一份年报"),
    "cells.parquet": ("application/vnd.apache.parquet", "Tidy: one row a cell", "长表：每行一个单元格"),
    "dataset.duckdb": ("application/vnd.duckdb", "Both tables, the codebook and comparable series", "两表、指标说明与可比序列"),
    "reports.dta": ("application/x-stata-dta", "The wide table for Stata", "Stata 宽表"),
    "reports.xlsx": (
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "The wide table and the codebook as a workbook",
        "Excel 宽表与指标说明",
    ),
}
"""Files that are no tables to a program without libraries: their media type, and what they hold in English and Chinese."""

NOT_REPRODUCIBLE = ("dataset.duckdb",)
"""Their bytes differ from one writing to the next though their content is the same: only the manifest has their digest."""


def write_datapackage(directory: Path, version: DatasetVersion) -> None:
    """Written after every file that it names, of which it holds length and sha256."""
    tables = [
        _csv(directory, f"{table}.csv", {"fields": [_field(column, CSV_TYPES) for column in columns(table)]}, english, chinese)
        for table, english, chinese in (
            (REPORTS, "Wide: one row a report", "宽表：每行一份年报"),
            (CELLS, "Tidy: one row a cell", "长表：每行一个单元格"),
        )
    ]
    fields = {"fields": [{"name": name, "type": "string"} for name in HEADER]}
    package = {
        "name": version.spider.replace("_", "-").lower(),
        "title": "政府信息公开工作年度报告 / OGI annual reports",
        "version": version.name,
        "created": iso(version.created_at),
        "resources": [
            *tables,
            _csv(directory, "codebook.csv", fields, "What every column is", "各列说明"),
            *(_file(directory, name) for name in FILES if (directory / name).is_file()),
        ],
    }
    (directory / NAME).write_text(json.dumps(package, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _csv(directory: Path, name: str, schema: Mapping[str, Any], english: str, chinese: str) -> dict[str, Any]:
    return {
        "name": name.replace(".", "-"),
        "type": "table",
        "path": name,
        "scheme": "file",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8-sig",
        "title": chinese,
        "description": english,
        **_content(directory / name),
        "schema": {**schema, "missingValues": [""]},
    }


def _file(directory: Path, name: str) -> dict[str, Any]:
    media_type, english, chinese = FILES[name]
    resource = {
        "name": name.replace(".", "-"),
        "type": "file",
        "path": name,
        "scheme": "file",
        "format": name.rpartition(".")[2],
        "mediatype": media_type,
        "title": chinese,
        "description": english,
        **({} if name in NOT_REPRODUCIBLE else _content(directory / name)),
    }
    table, _, kind = name.partition(".")
    if kind == "parquet":
        resource["schema"] = {"fields": [_field(column, PARQUET_TYPES) for column in columns(table)]}
    return resource


def _field(column: Column, types: Mapping[str, str]) -> dict[str, Any]:
    verdict = words()["verdicts"].get(column.comparability, {})
    known = {
        "name": column.name,
        "type": types[column.kind],
        "title": column.label_zh,
        "description": column.label_en,
        "code": column.code,
        "unit": column.unit,
        "forms": list(column.forms),
        "comparability": verdict.get("en", ""),
    }
    return {key: value for key, value in known.items() if value}


def _content(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return {"bytes": path.stat().st_size, "hash": f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"}
