"""Progress of long jobs: a bar for people, a log line now and then for machines."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from crawler import logs

if TYPE_CHECKING:
    from collections.abc import Iterable

logger = logging.getLogger(__name__)

LINE_SECONDS = 15.0
LINE = "{desc}{n_fmt} of {total_fmt} {unit}s in {elapsed}"


def bar(iterable: Iterable[Any] | None = None, **options: Any) -> tqdm[Any]:
    """tqdm on stderr; where the log is JSON, tqdm as log lines.

    Args:
        options: tqdm's.
    """
    if logs.is_json():
        return tqdm(iterable, **options, file=_Lines(), mininterval=LINE_SECONDS, bar_format=LINE)
    return tqdm(iterable, **options, file=sys.stderr)


class _Lines:
    """A file for tqdm whose every drawing is a log line."""

    def write(self, text: str) -> None:
        """Log what is drawn."""
        if text.strip():
            logger.info("%s", text.strip())

    def flush(self) -> None:
        """Nothing waits."""
