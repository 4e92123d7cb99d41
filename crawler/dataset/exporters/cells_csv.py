"""``cells.csv``: one row a cell, with where it stands in its document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from crawler.dataset.exporters.csv_file import CsvExporter, number, safe
from crawler.dataset.model import Record
from crawler.forms.catalogue import FORM_VERSIONS, all_metrics, load_form

METRICS = all_metrics()

LABELS: Mapping[str, Mapping[str, str]] = {
    version: {
        metric.key: " / ".join(metric.labels) for metric in (*load_form(version).metrics, *load_form(version).extra_metrics)
    }
    for version in FORM_VERSIONS
}
"""The official labels, outermost first, as the report's own form words them."""


@cache
def described(form_version: str | None) -> tuple[tuple[str, str, str, str, str, str], ...]:
    """Key, code, table, row, column and label of every metric, in the form's order, as a report of this form words them."""
    labels = LABELS.get(form_version or "", {})
    return tuple(
        (metric.key, metric.code, metric.table, metric.row, metric.column, labels.get(metric.key) or " / ".join(metric.labels))
        for metric in METRICS
    )


class CellsCsv(CsvExporter):
    """The tidy table: every key of the report's form, and any key printed beyond it, in the form's order."""

    name = "cells.csv"
    header = (
        *("report_id", "org_id", "org_name", "region_code", "year", "form_version"),
        *("metric", "code", "table", "row", "column", "label", "value", "unit", "state", "raw"),
        *("page", "bbox", "table_no", "row_no", "column_no", "flags"),
    )

    def add(self, record: Record) -> None:
        """Writes the rows of one report."""
        self.write_rows(_rows(record))


def _rows(record: Record) -> Iterator[Sequence[str]]:
    report = (
        *(safe(record[key]) for key in ("report_id", "org_id", "org_name", "region_code")),
        number(record["year"]),
        safe(record["form_version"]),
    )
    cells = record["cells"]
    for metric in described(record["form_version"]):
        if (cell := cells.get(metric[0])) is not None:
            yield (*report, *metric, *_cell(cell))


def _cell(cell: Mapping[str, Any]) -> Sequence[str]:
    where = cell["where"] or {}
    return (
        number(cell["value"]),
        safe(cell["unit"]),
        cell["state"],
        safe(cell["raw"]),
        number(where.get("page")),
        " ".join(number(edge) for edge in where.get("bbox") or ()),
        number(where.get("table")),
        number(where.get("row")),
        number(where.get("column")),
        safe(";".join(cell.get("flags") or ())),
    )
