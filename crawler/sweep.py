"""What one run has seen of a portal and its columns: the arithmetic behind every outcome that is reported."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from crawler.dataset.model import KnownPage, Validators
from crawler.outcomes import Outcome
from crawler.portals.discovery import Discovery
from crawler.portals.model import Link, ListPage, Portal


@dataclass(slots=True)
class ColumnSweep:
    """One column in this run.

    ``collected`` holds the URLs of all its rows, look-alikes included, so that it compares with ``declared_total``.
    ``problems`` are (outcome, sentence) of list pages that could not be read.
    """

    url: str
    family: str | None = None
    declared_total: int | None = None
    declared_pages: int | None = None
    read: int = 0
    """List pages and parts that were read."""
    collected: set[str] = field(default_factory=set)
    pages: set[str] = field(default_factory=set)
    reports: int = 0
    lookalikes: int = 0
    titles: list[str] = field(default_factory=list)
    """Of the rows that may be reports, in order; only where they are not followed."""
    filtered: bool = False
    """Whether rows were left out by their year, so that what is missing is not gone."""
    problems: list[tuple[Outcome, str]] = field(default_factory=list)

    def take(self, page: ListPage) -> None:
        """Note what one page of the list says of the whole."""
        self.read += 1
        self.family = self.family or page.family
        if page.declared_total is not None:
            self.declared_total = max(self.declared_total or 0, page.declared_total)
        if page.declared_pages is not None:
            self.declared_pages = max(self.declared_pages or 0, page.declared_pages)
        if page.shortfall:
            self.problems.append((Outcome.FAILED, page.shortfall))

    @property
    def outcome(self) -> Outcome:
        """``ok`` only where every list page was read and what it declares was collected."""
        if self.problems:
            return self.problems[0][0]
        return Outcome.OK if self._missing == 0 and self._missing_pages == 0 else Outcome.FAILED

    @property
    def message(self) -> str:
        """What is wrong with the column, or an empty text."""
        sentences = [sentence for _, sentence in self.problems]
        if self._missing:
            sentences.append(
                f"the list declares {self.declared_total} rows, {len(self.collected)} were collected: "
                f"{self._missing} rows of {self.url} are missing"
            )
        elif self._missing_pages:
            sentences.append(
                f"the list declares {self.declared_pages} pages, {self.read} could be reached: {self.url} is incomplete"
            )
        return "; ".join(sentences)

    @property
    def _missing_pages(self) -> int:
        """Where a list declares no total, its number of pages must do; it may count an empty one."""
        if self.declared_total is not None or self.problems:
            return 0
        return max(0, (self.declared_pages or 0) - max(1, self.read))

    @property
    def _missing(self) -> int:
        return max(0, (self.declared_total or 0) - len(self.collected))


@dataclass(slots=True)
class PortalSweep:
    """One portal in this run: the search for its columns, and the columns."""

    portal: Portal
    key: str
    discovery: Discovery
    columns: dict[str, ColumnSweep] = field(default_factory=dict)
    list_validators: dict[str, Validators] = field(default_factory=dict)
    """What asks whether a list is as it was in the ledger, by its key; each is taken away when it is asked for."""
    is_new: bool = False
    """Whether no earlier run followed a row of it."""
    reached: bool = False
    new_documents: int = 0
    asked: set[str] = field(default_factory=set)
    """Rows followed in this run; one article may stand in several columns."""
    rows: deque[tuple[ColumnSweep, Link]] = field(default_factory=deque)
    """Rows still to be followed; a host takes one request at a time, so few are asked for at once."""
    known: dict[str, KnownPage] = field(default_factory=dict)
    """What the ledger has of the first ``looked_up`` rows, by their addresses."""
    looked_up: int = 0
    feeders: int = 0
    searching: bool = False
    """Whether discovery walks in this run; known columns are swept without it."""
    needs_browser: bool = False
    """Known from earlier nights: the lists of this portal are written by a script."""
    found_with_browser: bool | None = None
    """What this run learnt of that; ``None`` where it learnt nothing."""
    problems: list[tuple[Outcome, str]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    """What discovery did, in words, for ``scrapy portals check``."""

    def note_browser(self, *, used: bool, found: bool) -> None:
        """Learn from a list that was read: with the browser or without it, and whether it had rows."""
        if used and found:
            self.found_with_browser = True
        elif found and self.found_with_browser is None and self.needs_browser:
            self.found_with_browser = False

    @property
    def is_attempted(self) -> bool:
        """Whether anything was asked of the portal and answered, or tried in vain; a run may end before its turn comes."""
        return self.reached or bool(self.problems) or any(column.problems for column in self.columns.values())

    @property
    def outcome(self) -> Outcome:
        """``ok`` where at least one column was read without a problem."""
        if any(column.outcome is Outcome.OK for column in self.columns.values()):
            return Outcome.OK
        for column in self.columns.values():
            return column.outcome
        if self.problems:
            return self.problems[0][0]
        return Outcome.NOT_FOUND

    @property
    def message(self) -> str:
        """What kept the portal from being read whole, or an empty text."""
        sentences = [column.message for column in self.columns.values() if column.message]
        if self.rows:
            sentences.append(f"{len(self.rows)} rows were not followed before the run ended; the next run goes on with them")
        if not self.columns:
            sentences = [sentence for _, sentence in self.problems]
            if self.reached:
                sentences.append(
                    f"no report column was found from {self.portal.home} in {len(self.discovery.steps)} pages; "
                    f"see `scrapy portals check {self.portal.home}`, then set columns in the registry"
                )
        return "; ".join(dict.fromkeys(sentences))
