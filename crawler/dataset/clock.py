"""Times as the dataset writes them: UTC, ISO 8601, whole seconds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Gives the present moment, with its time zone."""


def utc_now() -> datetime:
    """The present moment in UTC."""
    return datetime.now(UTC)


def iso(moment: datetime) -> str:
    """The moment as ``2026-01-31T02:03:04Z``, which sorts as text in order of time.

    Raises:
        ValueError: the moment carries no time zone.

    >>> iso(datetime(2026, 1, 31, 2, 3, 4, tzinfo=UTC))
    '2026-01-31T02:03:04Z'
    """
    if moment.tzinfo is None:
        raise ValueError("a time without a time zone cannot be placed in UTC")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def stamp(moment: datetime) -> str:
    """The moment as a version's folder name.

    >>> stamp(datetime(2026, 1, 31, 2, 3, 4, tzinfo=UTC))
    '20260131T020304Z'
    """
    return iso(moment).replace("-", "").replace(":", "")
