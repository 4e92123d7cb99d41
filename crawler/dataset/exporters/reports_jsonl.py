"""``reports.jsonl``: one record a line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from crawler.dataset.exporters.base import Exporter, joined, json_parts
from crawler.dataset.model import Record


class ReportsJsonl(Exporter):
    """Every record whole, keys in the order of the documentation."""

    name = "reports.jsonl"

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self._file = self.path.open("w", encoding="utf-8", newline="\n")

    def add(self, record: Record) -> None:
        """Writes one line."""
        self.write(json_parts(record))

    def write(self, parts: Mapping[str, str]) -> None:
        """Writes the line of a record whose values are JSON already."""
        self._file.write(joined(parts))

    def close(self) -> None:
        """Ends the file."""
        self._file.close()


class SupersededJsonl(ReportsJsonl):
    """``superseded.jsonl``: the earlier versions of reports, in the same shape."""

    name = "superseded.jsonl"
