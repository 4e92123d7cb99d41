"""CSV that opens in a spreadsheet as it is: UTF-8 with a byte order mark, and no cell that a spreadsheet would run."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from crawler.dataset.exporters.base import Exporter

BYTE_ORDER_MARK = "\ufeff"
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
PLAIN_NUMBER = re.compile(r"[+-]?\d[\d,]*(?:\.\d+)?", re.ASCII)


def safe(text: str | None) -> str:
    """The text, with a quote before it where a spreadsheet would take it for a formula; numbers stay numbers.

    >>> safe("=HYPERLINK(1)"), safe("-"), safe("-15"), safe(None)
    ("'=HYPERLINK(1)", "'-", '-15', '')
    """
    if text is None:
        return ""
    return f"'{text}" if text.startswith(FORMULA_STARTS) and not PLAIN_NUMBER.fullmatch(text) else text


def number(value: float | None) -> str:
    """The number without an exponent or a needless ``.0``; empty for null, which is never 0.

    >>> number(None), number(0), number(-15), number(49.5669), number(1e16)
    ('', '0', '-15', '49.5669', '10000000000000000')
    """
    if value is None:
        return ""
    if value == int(value):
        return str(int(value))
    return f"{value:f}" if "e" in repr(value) else repr(value)


class CsvExporter(Exporter):
    """A CSV file with a header row."""

    header: Sequence[str]

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        # The codec that writes the mark itself is slower with every line.
        self._file = self.path.open("w", encoding="utf-8", newline="")
        self._file.write(BYTE_ORDER_MARK)
        self._writer = csv.writer(self._file)
        self._writer.writerow(self.header)

    def write_rows(self, rows: Iterable[Sequence[str]]) -> None:
        """Writes rows of the header's length."""
        self._writer.writerows(rows)

    def close(self) -> None:
        """Ends the file."""
        self._file.close()
