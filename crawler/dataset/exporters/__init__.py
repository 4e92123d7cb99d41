"""The forms in which a version is written; a new one is a module here and its line in ``EXPORTERS``."""

from __future__ import annotations

from crawler.dataset.exporters.base import Exporter
from crawler.dataset.exporters.cells_csv import CellsCsv
from crawler.dataset.exporters.cells_parquet import CellsParquet
from crawler.dataset.exporters.organisations_jsonl import OrganisationsJsonl
from crawler.dataset.exporters.reports_csv import ReportsCsv
from crawler.dataset.exporters.reports_jsonl import ReportsJsonl
from crawler.dataset.exporters.reports_parquet import ReportsParquet
from crawler.dataset.exporters.text_files import TextFiles

EXPORTERS: tuple[type[Exporter], ...] = (
    ReportsJsonl,
    ReportsCsv,
    CellsCsv,
    ReportsParquet,
    CellsParquet,
    TextFiles,
    OrganisationsJsonl,
)
"""Each is given every current record, in order of ``report_id``."""
