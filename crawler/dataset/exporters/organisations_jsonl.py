"""``organisations.jsonl``: who reports, on what evidence each was told, and whose name could not be told."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from crawler.dataset.exporters.base import Exporter, json_line
from crawler.dataset.model import Record
from crawler.dataset.organisations import CONFIDENCES

FACTS = ("org_id", "org_name", "org_level", "org_type", "region_code", "region_path", "township_code")


@dataclass(slots=True)
class _Entry:
    facts: tuple[str | None, ...]
    confidence: str | None
    evidence: tuple[str, ...]
    names: set[str] = field(default_factory=set)
    years: set[int] = field(default_factory=set)
    portals: set[str] = field(default_factory=set)
    reports: int = 0
    report_ids: list[str] = field(default_factory=list)
    """Of the unresolved, whose are to be looked at; an organisation's are found by its id."""

    @property
    def rank(self) -> int:
        return CONFIDENCES.index(self.confidence) if self.confidence in CONFIDENCES else len(CONFIDENCES)


class OrganisationsJsonl(Exporter):
    """One line an organisation, and one for every name on every portal that was not resolved, with what it could mean.

    ``org_confidence`` and ``org_evidence`` are those of the report that tells most surely; ``names`` are as printed.
    """

    name = "organisations.jsonl"

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self._entries: dict[tuple[str, str, str], _Entry] = {}

    def add(self, record: Record) -> None:
        """Takes in one report."""
        facts = tuple(record[key] for key in FACTS)
        told = _Entry(facts, record["org_confidence"], tuple(record["org_evidence"]))
        unresolved = record["org_id"] is None
        key = record["org_id"] or "", record["org_name"] or "", record["portal"] if unresolved else ""
        entry = self._entries.setdefault(key if unresolved else (key[0], "", ""), told)
        if (told.rank, told.evidence) < (entry.rank, entry.evidence):
            entry.facts, entry.confidence, entry.evidence = told.facts, told.confidence, told.evidence
        if record["org_name_raw"]:
            entry.names.add(record["org_name_raw"])
        if record["year"] is not None:
            entry.years.add(record["year"])
        entry.portals.add(record["portal"])
        entry.reports += 1
        if unresolved:
            entry.report_ids.append(record["report_id"])

    def close(self) -> None:
        """Writes the file, the unresolved last."""
        with self.path.open("w", encoding="utf-8", newline="\n") as file:
            for key in sorted(self._entries, key=lambda key: (not key[0], key)):
                file.write(json_line(_line(self._entries[key])))


def _line(entry: _Entry) -> Record:
    return {
        **dict(zip(FACTS, entry.facts, strict=True)),
        "org_confidence": entry.confidence,
        "org_evidence": list(entry.evidence),
        "names": sorted(entry.names),
        "portals": sorted(entry.portals),
        "years": sorted(entry.years),
        "reports": entry.reports,
        "report_ids": sorted(entry.report_ids),
    }
