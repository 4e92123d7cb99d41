"""What calamine does not tell of a sheet, and what it must not be let into."""

from __future__ import annotations

from dataclasses import dataclass, field

from crawler.documents.sheets_layout import MAX_SLOTS
from crawler.outcomes import Outcome, OutcomeError

MAX_SHEETS = 256


@dataclass(slots=True)
class SheetFacts:
    """What calamine leaves out.

    ``shown`` holds, by row and column from 0, cells that calamine gives as empty although something is printed there: errors,
    and formulas whose result was not saved. ``hidden`` says whether a row or column with content is hidden.
    """

    shown: dict[tuple[int, int], str] = field(default_factory=dict)
    hidden: bool = False


@dataclass(slots=True)
class FilledArea:
    """The rectangle around the cells of a sheet, which calamine keeps in memory whole."""

    top: int = -1
    bottom: int = -1
    left: int = -1
    right: int = -1

    def add(self, row: int, column: int) -> None:
        """Include a cell, counted from 0."""
        self.top = row if self.top < 0 else min(self.top, row)
        self.left = column if self.left < 0 else min(self.left, column)
        self.bottom, self.right = max(self.bottom, row), max(self.right, column)

    def check(self) -> None:
        """Refuse what no report fills.

        Raises:
            OutcomeError: ``too_large``.
        """
        height, width = self.bottom - self.top + 1, self.right - self.left + 1
        if self.top >= 0 and height * width > MAX_SLOTS:
            raise OutcomeError(Outcome.TOO_LARGE, f"a sheet is filled over {height} x {width} cells, more than {MAX_SLOTS}")
