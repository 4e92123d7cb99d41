"""What stands beside a report in the dataset: the year before, and what the bodies below it report."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace

from crawler.dataset.reading import OWN_SCOPE
from crawler.dataset.report_version import Key, ReportVersion
from crawler.forms.identity import Scope

Area = tuple[str, int | None]
"""A division's path and a year."""


class Neighbours:
    """The current reports by body, year and scope, for the checks between years and between levels.

    Holds no record: the numbers of the year before are in the summaries that assembling keeps anyway.
    """

    def __init__(self, current: Mapping[Key, ReportVersion]) -> None:
        self._current = current
        wanted = {_area(version) for version in current.values() if _is_consolidated(version)}
        self._received: dict[Area, list[tuple[str, float]]] = defaultdict(list)
        for version in current.values() if wanted else ():
            received = version.renditions[0].received
            if received is None or not _is_counted_above(version):
                continue
            for path in _upwards(version.organisation.region_path or ""):
                if (path, version.year) in wanted:
                    self._received[path, version.year].append((version.report_id, received))

    def given_to(self, key: Key, version: ReportVersion) -> ReportVersion:
        """The version with what stands beside it."""
        organisation, year, scope = key
        before = None if year is None else self._current.get((organisation, year - 1, scope))
        below = sorted(self._received.get(_area(version), ())) if _is_consolidated(version) else None
        return replace(
            version,
            previous=before.renditions[0] if before else None,
            received_below=None if below is None else tuple(received for _, received in below),
        )


def _area(version: ReportVersion) -> Area:
    return version.organisation.region_path or "", version.year


def _is_consolidated(version: ReportVersion) -> bool:
    return version.reporting_scope == Scope.CONSOLIDATED.value and version.organisation.org_id is not None


def _is_counted_above(version: ReportVersion) -> bool:
    """Whether a report is a department's, an office's or a town's own: a government's may hold theirs already."""
    return version.reporting_scope == OWN_SCOPE and version.organisation.org_type != "government"


def _upwards(path: str) -> Iterator[str]:
    while path:
        yield path
        path = path.rpartition("/")[0]
