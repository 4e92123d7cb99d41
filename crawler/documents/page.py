"""A page as marks on paper, whatever the format: runs of text and ruling lines, in points from the top left."""

from __future__ import annotations

from typing import NamedTuple

from crawler.documents.model import Box


class TextRun(NamedTuple):
    """Characters without white space between them, set side by side on one line.

    ``edges`` holds x0 and x1 of every character of ``text``; ``None`` where no rule comes near and nobody needs it.
    """

    text: str
    x0: float
    top: float
    x1: float
    bottom: float
    edges: tuple[tuple[float, float], ...] | None = None
    space_before: bool = False
    """White space stands between this run and the one before it in the text layer."""

    @property
    def box(self) -> Box:
        """The run's own box."""
        return self.x0, self.top, self.x1, self.bottom

    def part(self, start: int, stop: int) -> TextRun:
        """The characters from ``start`` to before ``stop`` as a run of their own; needs ``edges``."""
        edges = self.edges or ()
        chosen = edges[start:stop]
        return TextRun(
            self.text[start:stop],
            min(left for left, _ in chosen),
            self.top,
            max(right for _, right in chosen),
            self.bottom,
            chosen,
            self.space_before and start == 0,
        )


class Rule(NamedTuple):
    """A straight line: where it lies on the axis across it, and from where to where it runs along its own."""

    at: float
    start: float
    end: float


class PageMarks(NamedTuple):
    """All that a reader found on one page; ``number`` counts from 1, sizes are in points as displayed."""

    number: int
    width: float
    height: float
    runs: list[TextRun]
    horizontals: list[Rule]
    verticals: list[Rule]
    flags: tuple[str, ...] = ()
