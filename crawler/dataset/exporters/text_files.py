"""``text/``: one plain text a report, as it is read: title, sections, tables as tab-separated lines in place."""

from __future__ import annotations

import re
from hashlib import sha256
from pathlib import Path

from crawler.dataset.exporters.base import Exporter
from crawler.dataset.model import Record

NOT_IN_A_NAME = re.compile(r"[^0-9A-Za-z\u4e00-\u9fff-]+")
NAME_LENGTH = 60
"""Characters: at three bytes each, with digest and ending, below the 255 bytes that file systems allow."""


def text_file_name(report_id: str) -> str:
    """A file name for a report: its id in harmless characters, and a digest that keeps two ids apart.

    >>> text_file_name("410324:人民政府:2023:own")
    '410324_人民政府_2023_own-06f44672af.txt'
    """
    readable = NOT_IN_A_NAME.sub("_", report_id).strip("_")[:NAME_LENGTH]
    return f"{readable}-{sha256(report_id.encode()).hexdigest()[:10]}.txt"


class TextFiles(Exporter):
    """A folder of text files."""

    name = "text"

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.path.mkdir()

    def add(self, record: Record) -> None:
        """Writes one file."""
        name = text_file_name(record["report_id"])
        (self.path / name).write_text(record["text"].rstrip("\n") + "\n", encoding="utf-8", newline="\n")

    def close(self) -> None:
        """Nothing is open."""
