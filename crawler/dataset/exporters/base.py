"""What every exporter does: takes records one at a time, in order of report_id, and writes them as they come."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
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


_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def json_text(value: Any) -> str:
    """JSON in the characters of the source.

    Raises:
        ValueError: a number that JSON has no word for.
    """
    return _ENCODER.encode(value)


def json_line(value: Any) -> str:
    """One line of JSON.

    Raises:
        ValueError: a number that JSON has no word for.
    """
    return json_text(value) + "\n"


def json_parts(record: Record) -> dict[str, str]:
    """Each value of a record as JSON, for what is written more than once.

    Raises:
        ValueError: a number that JSON has no word for.
    """
    return {key: json_text(value) for key, value in record.items()}


def joined(parts: Mapping[str, str]) -> str:
    """The line of JSON that the parts are of.

    >>> joined(json_parts({"year": 2023, "cells": {}}))
    '{"year":2023,"cells":{}}\\n'
    """
    return f"{{{','.join(f'{json_text(key)}:{part}' for key, part in parts.items())}}}\n"
