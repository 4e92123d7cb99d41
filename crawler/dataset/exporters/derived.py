"""The files made from those that the exporters wrote, once they are whole; a new one is a module here and its line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from crawler.dataset.exporters.codebook_csv import write_codebook_csv
from crawler.dataset.exporters.datapackage import write_datapackage
from crawler.dataset.exporters.duckdb_file import write_duckdb
from crawler.dataset.exporters.reports_dta import write_reports_dta
from crawler.dataset.exporters.reports_xlsx import write_reports_xlsx
from crawler.dataset.exporters.version import DatasetVersion

DERIVED: tuple[Callable[[Path, DatasetVersion], None], ...] = (
    write_codebook_csv,
    write_duckdb,
    write_reports_dta,
    write_reports_xlsx,
    write_datapackage,
)
"""In this order: the last one names the others."""


def write_derived(directory: Path, version: DatasetVersion) -> None:
    """Writes every file of `DERIVED` into a version's folder.

    Raises:
        OSError: the disk is full or cannot be written.
    """
    for write in DERIVED:
        write(directory, version)
