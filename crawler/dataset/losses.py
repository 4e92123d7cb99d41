"""Organisations that the last good version has and the new one has not, and what became of their reports."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from crawler.dataset.assemble import Assembly
from crawler.dataset.delta import read_records
from crawler.dataset.exporters.organisations_jsonl import OrganisationsJsonl
from crawler.dataset.exporters.reports_jsonl import ReportsJsonl
from crawler.dataset.model import Record
from crawler.dataset.organisations import CONFIDENCES, Organisation

MOST_TOLD = 20
"""Organisations told of one by one; the rest are counted."""

Content = tuple[str, str]
"""A URL, and the sha256 of what was had from it."""

GONE = "left its list or was replaced at its address"
NOT_IN_LEDGER = "not in the ledger"


@dataclass(frozen=True, slots=True)
class LostOrganisation:
    """``fates`` says what became of its reports: in words, how many, and whether that explains their absence."""

    org_id: str
    fates: Mapping[tuple[str, bool], int]

    @property
    def is_explained(self) -> bool:
        """Whether every report has a reason to be missing."""
        return all(explains for _, explains in self.fates)

    def __str__(self) -> str:
        return f"{self.org_id} ({', '.join(f'{count} {fate}' for (fate, _), count in sorted(self.fates.items()))})"


@dataclass(frozen=True, slots=True)
class Losses:
    """Of ``before`` organisations, those that are missing."""

    before: int
    explained: tuple[LostOrganisation, ...] = ()
    unexplained: tuple[LostOrganisation, ...] = ()

    def words(self) -> str:
        """How many are missing, and which without a reason."""
        lost = (
            f"{len(self.explained) + len(self.unexplained)} of {self.before} organisations of the last good version are missing"
        )
        if not self.unexplained:
            return lost + (", each for a reason that the ledger knows" if self.explained else "")
        told = "; ".join(map(str, self.unexplained[:MOST_TOLD]))
        more = f"; and {len(self.unexplained) - MOST_TOLD} more" if len(self.unexplained) > MOST_TOLD else ""
        return f"{lost}, {len(self.unexplained)} without a reason that the ledger knows: {told}{more}"


Left = Callable[[AbstractSet[Content]], AbstractSet[Content]]


def losses(previous: Path, present: AbstractSet[str], assembly: Assembly, left: Left) -> Losses:
    """What the version in the folder ``previous`` has and a new one lacks.

    A report explains its absence where its documents left their lists or were replaced at their addresses, and where another
    organisation has it now by better evidence than before.

    Args:
        present: the ids of the new version.
        assembly: what the new version was made from.
        left: gives those of some contents that left or were replaced; asked only where an organisation is missing.
    """
    before = _organisations(previous)
    missing = before - present
    if not missing:
        return Losses(len(before))
    reports: dict[str, list[Record]] = defaultdict(list)
    for record in read_records(previous / ReportsJsonl.name):
        if record["org_id"] in missing:
            reports[record["org_id"]].append({key: record.get(key) for key in ("org_confidence", "documents")})
    had = {content for of_one in reports.values() for report in of_one for content in _contents(report)}
    fate = _Fates(assembly, left(had))
    found = [LostOrganisation(org_id, fate.of(reports[org_id])) for org_id in sorted(missing)]
    return Losses(
        len(before),
        tuple(lost for lost in found if lost.is_explained),
        tuple(lost for lost in found if not lost.is_explained),
    )


def _contents(report: Record) -> list[Content]:
    return [(document["url"], document["sha256"]) for document in report["documents"]]


def _organisations(version: Path) -> set[str]:
    """Read from the short file; a version made before there was one has its records only."""
    short = version / OrganisationsJsonl.name
    lines: Iterator[Record] = read_records(short if short.is_file() else version / ReportsJsonl.name)
    return {line["org_id"] for line in lines if line["org_id"] is not None}


class _Fates:
    """What became of documents, by the new version's assembly and the ledger."""

    def __init__(self, assembly: Assembly, left: AbstractSet[Content]) -> None:
        self._left = left
        self._organisations: dict[Content, Organisation] = {}
        for version in chain(assembly.superseded, assembly.current):
            for reading in version.renditions:
                for sighting in (*reading.parts, reading.sighting):
                    self._organisations[sighting.url, sighting.sha256] = version.organisation
        self._problems = {(problem.url, problem.sha256): problem.outcome.value for problem in assembly.problems}

    def of(self, reports: list[Record]) -> dict[tuple[str, bool], int]:
        counts: dict[tuple[str, bool], int] = defaultdict(int)
        for report in reports:
            counts[self._of_report(report)] += 1
        return dict(counts)

    def _of_report(self, report: Record) -> tuple[str, bool]:
        contents = _contents(report)
        if contents and all(content in self._left for content in contents):
            return GONE, True
        for organisation in filter(None, map(self._organisations.get, contents)):
            words = f"now told as {organisation.org_id}" if organisation.org_id else "of an organisation no longer told"
            return words, _is_surer(organisation, report["org_confidence"])
        outcomes = sorted({self._problems[content] for content in contents if content in self._problems})
        return (f"now {', '.join(outcomes)}" if outcomes else NOT_IN_LEDGER), False


def _is_surer(organisation: Organisation, before: str | None) -> bool:
    """Whether an organisation rests on better evidence than the one that a report was published under."""
    if organisation.org_id is None or organisation.confidence is None:
        return False
    by_copy = any(words.startswith("same_text:") for words in organisation.evidence)
    return by_copy or (before in CONFIDENCES and CONFIDENCES.index(organisation.confidence) < CONFIDENCES.index(before))
