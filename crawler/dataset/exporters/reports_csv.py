"""``reports.csv``: one row a report, one column a metric."""

from __future__ import annotations

from crawler.dataset.exporters.csv_file import CsvExporter, number, safe
from crawler.dataset.model import Record
from crawler.forms.catalogue import all_metrics

METRIC_KEYS = tuple(metric.key for metric in all_metrics())

IDENTIFICATION = (
    *(
        "report_id",
        "org_id",
        "org_name",
        "org_name_raw",
        "org_level",
        "org_type",
        "region_code",
        "region_path",
        "township_code",
        "org_confidence",
        "year",
        "title",
    ),
    *("form_version", "reporting_scope", "published_date", "portal", "page_url", "column_url", "version_no", "supersedes"),
    *("first_seen", "last_seen", "gone_at", "extractor_version"),
)
"""The record's own keys."""


class ReportsCsv(CsvExporter):
    """The wide table. Null is an empty cell, never 0; ``quality_flags`` are joined by ``;``."""

    name = "reports.csv"
    header = (*IDENTIFICATION, "quality_flags", *METRIC_KEYS)

    def add(self, record: Record) -> None:
        """Writes one row."""
        values = record["values"]
        row = [_text(record[column]) for column in IDENTIFICATION]
        row.append(safe(";".join(record["quality_flags"])))
        row.extend(number(values.get(key)) for key in METRIC_KEYS)
        self.write_rows([row])


def _text(value: str | int | None) -> str:
    return str(value) if isinstance(value, int) else safe(value)
