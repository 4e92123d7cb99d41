"""What changed between two versions: ADD, MOD and DEL lines."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from crawler.dataset.content import lasting
from crawler.dataset.model import Record

BY_KEY = ("values", "cells")
"""Keys whose own keys are compared one by one."""


def read_records(path: Path | None) -> Iterator[Record]:
    """The records of a ``reports.jsonl``, one at a time; none where there is no file."""
    if path is None:
        return
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def delta(old: Iterator[Record], new: Iterator[Record]) -> Iterator[dict[str, Any]]:
    """The changes from one version to the next, by ``report_id``; both are given in that order.

    ADD and DEL name the report; MOD gives under ``changes`` each changed key with its ``old`` and ``new`` value, numbers and
    cells one by one (``values.requests.granted.total``).
    """
    before, after = next(old, None), next(new, None)
    while before is not None or after is not None:
        if after is None or (before is not None and before["report_id"] < after["report_id"]):
            assert before is not None  # noqa: S101 - the loop's condition
            yield _named("DEL", before)
            before = next(old, None)
        elif before is None or after["report_id"] < before["report_id"]:
            yield _named("ADD", after)
            after = next(new, None)
        else:
            changes = changed_keys(lasting(before), lasting(after))
            if changes:
                yield _named("MOD", after) | {"changes": changes}
            before, after = next(old, None), next(new, None)


def changed_keys(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Every key whose value differs, with both values; a key that one side lacks counts as null there."""
    changes: dict[str, dict[str, Any]] = {}
    for key in dict.fromkeys((*old, *new)):
        before, after = old.get(key), new.get(key)
        if before == after:
            continue
        if key in BY_KEY and isinstance(before, Mapping) and isinstance(after, Mapping):
            changes |= {f"{key}.{part}": change for part, change in changed_keys(before, after).items()}
        else:
            changes[key] = {"old": before, "new": after}
    return changes


def _named(operation: str, record: Record) -> dict[str, Any]:
    return {
        "op": operation,
        "report_id": record["report_id"],
        "org_name": record["org_name"],
        "year": record["year"],
        "version_no": record["version_no"],
    }
