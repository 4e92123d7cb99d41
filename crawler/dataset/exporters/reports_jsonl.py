"""``reports.jsonl``: one record a line."""

from __future__ import annotations

from pathlib import Path

from crawler.dataset.exporters.base import Exporter, json_line
from crawler.dataset.model import Record


class ReportsJsonl(Exporter):
    """Every record whole, keys in the order of the documentation."""

    name = "reports.jsonl"

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self._file = self.path.open("w", encoding="utf-8", newline="\n")

    def add(self, record: Record) -> None:
        """Writes one line."""
        self._file.write(json_line(record))

    def close(self) -> None:
        """Ends the file."""
        self._file.close()


class SupersededJsonl(ReportsJsonl):
    """``superseded.jsonl``: the earlier versions of reports, in the same shape."""

    name = "superseded.jsonl"
