"""What must hold before a version may take the place of the last one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from crawler.dataset.losses import Losses
from crawler.dataset.model import Record
from crawler.dataset.organisations import CONFIDENCES
from crawler.forms.model import State, Status

MOST_SCHEMA_ERRORS = 20
"""Told of one by one; the rest are counted."""

NO_LAST_VERSION = "no earlier version to compare with"


FLOOR, CEILING = "floor", "ceiling"


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The floors and ceilings, as shares of 1."""

    count_floor: float = 0.9
    """Of the last good version's reports, and of its numbers: the ledger forgets nothing, so a tenth fewer is a fault."""
    lost_organisations: float = 0.005
    """Ceiling for organisations of the last good version that are missing though the ledger gives no reason. Names told anew
    by a copy on another portal move one now and then; a reader or a resolver that slips moves many."""
    without_organisation: float = 0.2
    """Ceiling for reports whose organisation is unknown; every portal states its region, so few should be."""
    without_year: float = 0.1
    """Ceiling for reports whose year is unknown; a title without its year is rare."""
    unread_cells: float = 0.1
    """Ceiling for cells that are absent or unparsed; the five reports the forms were taken from have none."""
    identity_pass_rate: float = 0.9
    """Floor over all assessable identities; a reader that slips by a row fails most of them, real reports about none."""
    shares_need_reports: int = 20
    """Below this many reports one odd report decides a share, so only the counts and the schema are asserted."""


@dataclass(frozen=True, slots=True)
class Assertion:
    """One assertion as it was found.

    ``bound`` is floor or ceiling, ``limit`` its value. ``passed`` is ``None`` where there was nothing to judge by; ``message``
    says what was counted. What holds a version together (``may_be_forced`` false) is never overridden.
    """

    assertion: str
    bound: str
    limit: float
    found: float
    passed: bool | None
    message: str
    may_be_forced: bool = True


@dataclass(slots=True)
class Tally:
    """What is counted while a version is written."""

    reports: int = 0
    superseded: int = 0
    without_organisation: int = 0
    without_year: int = 0
    cells: Counter[str] = field(default_factory=Counter)
    checks: dict[str, Counter[str]] = field(default_factory=dict)
    extractor_versions: Counter[str] = field(default_factory=Counter)
    flags: Counter[str] = field(default_factory=Counter)
    organisations: set[str] = field(default_factory=set)
    org_confidence: Counter[str] = field(default_factory=Counter)
    renditions: int = 0
    """Documents beyond the first of a report's current version."""
    schema_error_count: int = 0
    schema_errors: list[str] = field(default_factory=list)

    def add(self, record: Record) -> None:
        """Counts one current report."""
        self.reports += 1
        self.without_organisation += record["org_id"] is None
        self.without_year += record["year"] is None
        if record["org_id"] is not None:
            self.organisations.add(record["org_id"])
            self.org_confidence[record["org_confidence"]] += 1
        self.renditions += len(record["documents"]) - 1
        self.cells.update(cell["state"] for cell in record["cells"].values())
        for check in record["checks"]:
            self.checks.setdefault(check["kind"], Counter())[check["status"]] += 1
        self.extractor_versions[record["extractor_version"]] += 1
        # By the word: with their subjects there are as many as there are cells.
        self.flags.update(flag.partition(":")[0] for flag in record["quality_flags"])

    def add_schema_error(self, report_id: str, message: str) -> None:
        """Notes a record that is not what the schema says."""
        self.schema_error_count += 1
        if len(self.schema_errors) < MOST_SCHEMA_ERRORS:
            self.schema_errors.append(f"{report_id}: {message}")

    def counts(self) -> dict[str, Any]:
        """The counts as the manifest has them."""
        return {
            "reports": self.reports,
            "superseded": self.superseded,
            "cells": {state.value: self.cells[state.value] for state in State},
            "checks": {
                kind: {status.value: found[status.value] for status in Status} for kind, found in sorted(self.checks.items())
            },
            "organisations": len(self.organisations),
            "org_confidence": {word: self.org_confidence[word] for word in CONFIDENCES},
            "renditions": self.renditions,
            "without_organisation": self.without_organisation,
            "without_year": self.without_year,
            "quality_flags": dict(sorted(self.flags.items())),
        }


def assertions(
    tally: Tally, previous: Mapping[str, Any] | None, lost: Losses | None, thresholds: Thresholds
) -> Iterator[Assertion]:
    """Every assertion, against the counts of the last good version and the organisations lost since, where there is one."""
    yield _floor("reports_exist", 1, tally.reports, f"{tally.reports} reports", may_be_forced=False)
    listed = "; ".join(tally.schema_errors)
    words = f"{tally.schema_error_count} errors of records against the schema" + (f": {listed}" if listed else "")
    yield _ceiling("schema", 0, tally.schema_error_count, words, may_be_forced=False)
    yield from _against_last(tally, previous, thresholds)
    if lost is None:
        yield Assertion("organisations_lost", CEILING, 0, 0, None, NO_LAST_VERSION)
    else:
        yield _ceiling("organisations_lost", thresholds.lost_organisations * lost.before, len(lost.unexplained), lost.words())
    yield from _shares(tally, thresholds)


def _against_last(tally: Tally, previous: Mapping[str, Any] | None, thresholds: Thresholds) -> Iterator[Assertion]:
    found = {"count_floor": (tally.reports, "reports"), "numbers_floor": (_numbers(tally.cells), "numbers")}
    before = {"count_floor": previous["reports"], "numbers_floor": _numbers(previous["cells"])} if previous else {}
    for name, (count, words) in found.items():
        if name in before:
            message = f"{count} {words} where the last good version has {before[name]}"
            yield _floor(name, thresholds.count_floor * before[name], count, message)
        else:
            yield Assertion(name, FLOOR, 0, count, None, NO_LAST_VERSION)


def _numbers(cells: Mapping[str, int]) -> int:
    return cells[State.NUMBER.value] + cells[State.ZERO.value]


def _shares(tally: Tally, thresholds: Thresholds) -> Iterator[Assertion]:
    unread = tally.cells[State.ABSENT.value] + tally.cells[State.UNPARSED.value]
    identities = tally.checks.get("identity", Counter())
    passed, failed = identities[Status.PASS.value], identities[Status.FAIL.value]
    shares = (
        ("without_organisation", _ceiling, tally.without_organisation, tally.reports, "reports without an organisation"),
        ("without_year", _ceiling, tally.without_year, tally.reports, "reports without a year"),
        ("unread_cells", _ceiling, unread, tally.cells.total(), "cells absent or unparsed"),
        ("identity_pass_rate", _floor, passed, passed + failed, "identities hold"),
    )
    for name, judge, part, whole, words in shares:
        limit: float = getattr(thresholds, name)
        judged = judge(name, limit, part / whole if whole else 0, f"{part} of {whole} {words}")
        if not whole:
            yield replace(judged, passed=None, message=f"no {words.split(maxsplit=1)[0]} to judge by")
        elif tally.reports < thresholds.shares_need_reports:
            few = f"{judged.message}; fewer than {thresholds.shares_need_reports} reports decide no share"
            yield replace(judged, passed=None, message=few)
        else:
            yield judged


def _floor(name: str, limit: float, found: float, message: str, *, may_be_forced: bool = True) -> Assertion:
    return Assertion(name, FLOOR, limit, found, found >= limit, message, may_be_forced)


def _ceiling(name: str, limit: float, found: float, message: str, *, may_be_forced: bool = True) -> Assertion:
    return Assertion(name, CEILING, limit, found, found <= limit, message, may_be_forced)
