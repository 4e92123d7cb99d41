"""``problems.jsonl``: every document that gave no report, so that a missing source is seen."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from crawler.dataset.exporters.base import json_line
from crawler.dataset.model import Record, Sighting


def write_problems(directory: Path, sightings: Iterable[Sighting]) -> None:
    """One line a document."""
    with (directory / "problems.jsonl").open("w", encoding="utf-8", newline="\n") as problems:
        problems.writelines(json_line(_problem(sighting)) for sighting in sightings)


def _problem(sighting: Sighting) -> Record:
    return {
        "url": sighting.url,
        "page_url": sighting.page_url,
        "portal": sighting.portal_name,
        "title": sighting.page_title or sighting.list_title,
        "role": sighting.role,
        "outcome": sighting.outcome.value,
        "message": sighting.message,
        "sha256": sighting.sha256 or None,
    }
