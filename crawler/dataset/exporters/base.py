"""What every exporter does: takes records one at a time, in order of report_id, and writes them as they come."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar, Self

from crawler.dataset.model import Record


class Exporter(ABC):
    """One file, or one folder, of a version; a context manager.

    Args:
        directory: the version's folder, which exists.
    """

    name: ClassVar[str]
    """Of the file or folder, within the version."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / self.name

    @abstractmethod
    def add(self, record: Record) -> None:
        """Writes one report."""

    @abstractmethod
    def close(self) -> None:
        """Ends the file."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def json_line(value: Any) -> str:
    """One line of JSON in the characters of the source.

    Raises:
        ValueError: a number that JSON has no word for.
    """
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n"
