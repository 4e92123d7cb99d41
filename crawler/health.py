"""How every portal and column is: what was last read, what is due by law, and which have gone quiet.

``health.json`` beside the dataset is the same for machines; written after every run, whole or not at all.
"""

from __future__ import annotations

import json
import os
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crawler.dataset.clock import iso
from crawler.forms.titles import read_title
from crawler.outcomes import Outcome
from crawler.portals.titles import classify_title

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from crawler.dataset.ledger import Ledger
    from crawler.dataset.model import ColumnState, PortalHealth

HEALTH_FILE = "health.json"
HEALTH_VERSION = 1

BODIES_DUE = (1, 31)
"""Every body publishes its report of the year before by 31 January (政府信息公开条例, article 49),"""
GOVERNMENTS_DUE = (3, 31)
"""and governments from the county up that of their administration by 31 March (article 49)."""
GRACE_DAYS = 21
"""Portals post late, and date back."""
FEW = 0.5
"""Share of the year before last's reports below which, after both dates, a portal has not finished."""


@dataclass(frozen=True, slots=True)
class PortalState:
    """One portal, its columns, the reports it lists by year, and why it needs a look: ``stale`` is empty where it is well."""

    health: PortalHealth
    columns: tuple[ColumnState, ...]
    outcomes: Mapping[str, int]
    """Documents by outcome."""
    listed: Mapping[int, int]
    """Reports by their reporting year, as the titles of the lists have it."""
    stale: tuple[str, ...]


def expected_year(today: date) -> tuple[int, bool]:
    """The newest reporting year of which reports must be there, and whether all of them must."""
    bodies = date(today.year, *BODIES_DUE) + timedelta(days=GRACE_DAYS)
    governments = date(today.year, *GOVERNMENTS_DUE) + timedelta(days=GRACE_DAYS)
    if today < bodies:
        return today.year - 2, True
    return today.year - 1, today >= governments


def reasons(
    health: PortalHealth, columns: Iterable[ColumnState], listed: Mapping[int, int], now: datetime, *, stale_days: int
) -> tuple[str, ...]:
    """Why a portal needs a look, the worst first; nothing where it is well.

    Args:
        stale_days: without a success after which a portal counts as lost.
    """
    found: list[str] = []
    if health.last_success is None:
        tried = f"; last: {health.last_outcome}: {health.last_message}" if health.last_attempt else " and never tried"
        return (f"never read{tried}",)
    silent = now - datetime.fromisoformat(health.last_success)
    if silent >= timedelta(days=stale_days):
        found.append(f"not read for {silent.days} days; last: {health.last_outcome}: {health.last_message}")
    found += [
        f"column {column.url}: {column.outcome.value}: {column.message}"
        for column in columns
        if column.outcome is not Outcome.OK and column.last_swept >= (health.last_attempt or "")[:10]
    ]
    year, complete = expected_year(now.date())
    newest = max(listed, default=None)
    if newest is None:
        found.append("no report is listed")
    elif newest < year:
        found.append(f"nothing for {year}, which was due; the newest report is of {newest}")
    elif complete and listed.get(year, 0) < FEW * listed.get(year - 1, 0):
        found.append(f"{listed.get(year, 0)} reports for {year}, where {year - 1} has {listed[year - 1]}")
    return tuple(found)


def portal_states(ledger: Ledger, spider: str, now: datetime, *, stale_days: int) -> list[PortalState]:
    """Every portal that the spider ever tried, by region."""
    columns: dict[str, list[ColumnState]] = defaultdict(list)
    for column in ledger.column_states(spider):
        columns[column.portal].append(column)
    outcomes = ledger.portal_outcomes(spider)
    listed: dict[str, Counter[int]] = defaultdict(Counter)
    for portal, title in ledger.listed_titles(spider):
        year = read_title(title).year
        if year is not None and classify_title(title).kind == "report":
            listed[portal][year] += 1
    return [
        PortalState(
            health,
            tuple(columns[health.portal]),
            outcomes.get(health.portal, {}),
            dict(sorted(listed[health.portal].items())),
            reasons(health, columns[health.portal], listed[health.portal], now, stale_days=stale_days),
        )
        for health in ledger.portal_health(spider)
    ]


def health_report(states: Iterable[PortalState], spider: str, now: datetime) -> dict[str, Any]:
    """The states as ``health.json`` has them."""
    portals = [_entry(state) for state in states]
    year, complete = expected_year(now.date())
    return {
        "health_version": HEALTH_VERSION,
        "spider": spider,
        "generated_at": iso(now),
        "expected_year": year,
        "expected_complete": complete,
        "portals": len(portals),
        "stale": sum(bool(portal["stale"]) for portal in portals),
        "blocked": sum(portal["last_outcome"] == Outcome.BLOCKED.value for portal in portals),
        "by_outcome": dict(sorted(Counter(portal["last_outcome"] or "never_tried" for portal in portals).items())),
        "by_family": dict(sorted(Counter(portal["family"] or "unknown" for portal in portals).items())),
        "entries": portals,
    }


def record_health(ledger: Ledger, spider: str, root: Path, now: datetime, *, stale_days: int) -> dict[str, Any]:
    """Judges every portal of the spider, writes ``health.json`` into its folder, and gives what was written."""
    report = health_report(portal_states(ledger, spider, now, stale_days=stale_days), spider, now)
    write_health(root, report)
    return report


def _entry(state: PortalState) -> dict[str, Any]:
    health = asdict(state.health)
    del health["columns"], health["collected"], health["declared"]
    return {
        **health,
        "outcomes": dict(state.outcomes),
        "listed": {str(year): count for year, count in state.listed.items()},
        "columns": [{**asdict(column), "outcome": column.outcome.value} for column in state.columns],
        "stale": list(state.stale),
    }


def write_health(root: Path, report: Mapping[str, Any]) -> Path:
    """Writes ``health.json`` in one step.

    Raises:
        OSError: the disk is full or cannot be written; what was there stays.
    """
    target, temporary = root / HEALTH_FILE, root / f".{HEALTH_FILE}.{os.getpid()}"
    try:
        temporary.write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    return target
