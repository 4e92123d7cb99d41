"""What a run came to, for a person at a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crawler.health import HEALTH_FILE
from crawler.kinds import ORDER
from crawler.outcomes import Outcome
from crawler.publication import publication_lines

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crawler.spider import ReportsSpider

_FAILED_PORTALS_SHOWN = 200
_LACKING_SHOWN = 8
_KIND = "document/kind/"
_LACKING = "document/lacking/"


def run_summary(spider: ReportsSpider, stats: Mapping[str, Any]) -> str:
    """The portals that failed and why, the outcomes of documents, and where the dataset is."""
    lines: list[str] = []
    sweeps = list(spider.sweeps.values())
    waiting = [sweep for sweep in sweeps if not sweep.is_attempted]
    failed = [sweep for sweep in sweeps if sweep.is_attempted and sweep.outcome is not Outcome.OK]
    last_success = spider.last_success
    for sweep in failed[:_FAILED_PORTALS_SHOWN]:
        since = last_success.get(sweep.key) or "never"
        lines.append(
            f"{sweep.outcome.value:<14} {sweep.portal.name} ({sweep.portal.region}): {sweep.message}; last read: {since}"
        )
    partly = [sweep for sweep in sweeps if sweep.is_attempted and sweep.outcome is Outcome.OK and sweep.message]
    lines.extend(f"{'incomplete':<14} {sweep.portal.name} ({sweep.portal.region}): {sweep.message}" for sweep in partly)
    if lines:
        lines.append("")
    read = len(sweeps) - len(failed) - len(waiting)
    later = f", {len(waiting)} left for the next run, which begins with them" if waiting else ""
    lines.append(f"Portals      {read} of {len(sweeps)} read, {len(failed)} failed{later}")
    columns = [column for sweep in sweeps for column in sweep.columns.values()]
    declared = sum(column.declared_total or 0 for column in columns)
    lines.append(
        f"Columns      {len(columns)}, {sum(len(column.collected) for column in columns)} rows collected, {declared} declared, "
        f"{sum(column.lookalikes for column in columns)} look-alikes left out by title"
    )
    lines.append(f"Documents    {_counts(stats, 'document/outcome/') or 'none'}")
    lines += kind_lines(stats)
    if spider.health is not None:
        sample = " --sample" if spider.sample is not None else ""
        lines.append(
            f"Health       {spider.health['stale']} of {spider.health['portals']} portals need a look: "
            f"`scrapy portals --stale --spider {spider.name}{sample}`, {spider.workspace.root / HEALTH_FILE}"
        )
    publication = spider.publication
    if publication is None:
        why = spider.publish_refused or "the run ended before; see the log"
        lines.append(f"Dataset      not published: {why}")
    else:
        lines.extend(publication_lines(publication))
    return "\n".join(lines) + "\n"


def kind_lines(stats: Mapping[str, Any]) -> list[str]:
    """A table of the documents by kind and outcome, and what is missing to read the rest."""
    counts: dict[str, dict[str, int]] = {}
    for key, count in stats.items():
        if key.startswith(_KIND):
            kind, _, outcome = key.removeprefix(_KIND).rpartition("/")
            counts.setdefault(kind, {})[outcome] = count
    if not counts:
        return []
    outcomes = [outcome.value for outcome in Outcome if any(outcome.value in found for found in counts.values())]
    kinds = sorted(counts, key=lambda kind: ORDER.index(kind) if kind in ORDER else len(ORDER))
    width = max(map(len, kinds))
    lines = ["", "  ".join([" " * width, *outcomes])]
    for kind in kinds:
        cells = (f"{counts[kind].get(outcome) or '·':>{len(outcome)}}" for outcome in outcomes)
        lines.append("  ".join([f"{kind:<{width}}", *cells]))
    lacking = sorted((-count, key.removeprefix(_LACKING)) for key, count in stats.items() if key.startswith(_LACKING))
    lines += [f"{-count} {words}" for count, words in lacking[:_LACKING_SHOWN]]
    return [*lines, ""]


def _counts(stats: Mapping[str, Any], prefix: str) -> str:
    found = {key.removeprefix(prefix): value for key, value in stats.items() if key.startswith(prefix)}
    return ", ".join(f"{value} {key}" for key, value in sorted(found.items(), key=lambda pair: (-pair[1], pair[0])))
