"""One version of one report as assembling leaves it, without its record."""

from __future__ import annotations

from dataclasses import dataclass

from crawler.dataset.organisations import Organisation
from crawler.dataset.reading import Reading

Key = tuple[str, int | None, str]
"""Organisation, year and scope; for what cannot be identified, its text."""


@dataclass(frozen=True, slots=True)
class ReportVersion:
    """One version of one report, without its record: ``report_record`` makes that."""

    report_id: str
    version_no: int
    supersedes: str | None
    organisation: Organisation
    year: int | None
    reporting_scope: str
    renditions: tuple[Reading, ...]
    """Best first."""
    flags: tuple[str, ...]
    previous: Reading | None = None
    """What stands for the same body and scope of the year before, for the checks between years."""
    received_below: tuple[float, ...] | None = None
    """Of a consolidated report, the requests that each department and lower government received."""

    @property
    def version_id(self) -> str:
        """``<report_id>/v<version_no>``."""
        return version_id(self.report_id, self.version_no)


def version_id(report_id: str, version_no: int) -> str:
    """How one version of a report is named, in ``supersedes``."""
    return f"{report_id}/v{version_no}"
