"""What must hold before a version may take the place of the last one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from crawler.dataset.model import Record
from crawler.dataset.organisations import CONFIDENCES
from crawler.forms.model import State, Status

MOST_SCHEMA_ERRORS = 20
"""Told of one by one; the rest are counted."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The floors and ceilings, as shares of 1."""

    count_floor: float = 0.9
    """Of the last good version's reports: the ledger forgets nothing, so a tenth fewer is a fault, not news."""
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
class Failure:
    """An assertion that did not hold."""

    assertion: str
    limit: float
    found: float
    message: str


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


def failures(tally: Tally, previous: Mapping[str, Any] | None, thresholds: Thresholds) -> Iterator[Failure]:
    """Every assertion that does not hold, against the counts of the last good version where there is one."""
    if tally.reports == 0:
        yield Failure("reports_exist", 1, 0, "no report at all: nothing is published, and what was published stays")
    if tally.schema_error_count:
        listed = "; ".join(tally.schema_errors)
        yield Failure("schema", 0, tally.schema_error_count, f"records do not fit the schema: {listed}")
    before = previous["reports"] if previous else 0
    if tally.reports < thresholds.count_floor * before:
        message = f"{tally.reports} reports where the last good version has {before}"
        yield Failure("count_floor", thresholds.count_floor * before, tally.reports, message)
    if tally.reports >= thresholds.shares_need_reports:
        yield from _share_failures(tally, thresholds)


def _share_failures(tally: Tally, thresholds: Thresholds) -> Iterator[Failure]:
    unread = tally.cells[State.ABSENT.value] + tally.cells[State.UNPARSED.value]
    ceilings = (
        ("without_organisation", tally.without_organisation, tally.reports, "reports without an organisation"),
        ("without_year", tally.without_year, tally.reports, "reports without a year"),
        ("unread_cells", unread, tally.cells.total(), "cells absent or unparsed"),
    )
    for name, part, whole, words in ceilings:
        limit: float = getattr(thresholds, name)
        if whole and part / whole > limit:
            yield Failure(name, limit, part / whole, f"{part} of {whole} {words}")
    identities = tally.checks.get("identity", Counter())
    passed, failed = identities[Status.PASS.value], identities[Status.FAIL.value]
    if passed + failed and passed / (passed + failed) < thresholds.identity_pass_rate:
        rate = passed / (passed + failed)
        yield Failure(
            "identity_pass_rate", thresholds.identity_pass_rate, rate, f"{passed} of {passed + failed} identities hold"
        )
