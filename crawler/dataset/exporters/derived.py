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

Write = Callable[[Path, DatasetVersion], None]

BESIDE: tuple[Write, ...] = (write_duckdb, write_reports_dta)
"""Those that another process may write meanwhile."""

HERE: tuple[Write, ...] = (write_codebook_csv, write_reports_xlsx)

DERIVED: tuple[Write, ...] = (*BESIDE, *HERE, write_datapackage)
"""All, in this order: the last one names the others."""


def write_derived(directory: Path, version: DatasetVersion) -> None:
    """Writes every file of `DERIVED` into a version's folder.

    Raises:
        OSError: the disk is full or cannot be written.
    """
    for write in DERIVED:
        write(directory, version)
