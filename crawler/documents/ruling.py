"""Drawn paths -> rules: which straight pieces of them can be lines of a table; knows no format."""

from __future__ import annotations

import itertools
from bisect import bisect_left, bisect_right
from collections.abc import Iterable

from crawler.documents.model import Box
from crawler.documents.page import Rule

THICKEST_RULE = 3.2
"""A filled or stroked path that is at most this thick (points) is a rule."""
MOST_AREAS = 2_000
"""Filled areas of one path that are looked at for frames; a table of 30 rows has about 300."""
STRAIGHT = 0.5
"""A segment that leaves its axis by no more than this (points) runs along it."""

Subpath = tuple[list[tuple[float, float]], bool]
"""Points in points from the page's top left, in drawing order, and whether the last is joined to the first."""


class RuleCollector:
    """Gathers one page's rules."""

    def __init__(self) -> None:
        self.horizontals: list[Rule] = []
        self.verticals: list[Rule] = []

    def add_line(self, x0: float, top: float, x1: float, bottom: float) -> None:
        """A thin box or a straight line as a rule; a dot counts both ways, so that dotted lines join."""
        wide, high = x1 - x0, bottom - top
        if high <= THICKEST_RULE and (wide > high or wide <= THICKEST_RULE):
            self.horizontals.append(Rule((top + bottom) / 2, x0, x1))
        if wide <= THICKEST_RULE and (high >= wide or high <= THICKEST_RULE):
            self.verticals.append(Rule((x0 + x1) / 2, top, bottom))

    def add_frame(self, x0: float, top: float, x1: float, bottom: float) -> None:
        """The four sides of a box."""
        self.horizontals += (Rule(top, x0, x1), Rule(bottom, x0, x1))
        self.verticals += (Rule(x0, top, bottom), Rule(x1, top, bottom))

    def add_path(self, subpaths: Iterable[Subpath], *, stroked: bool, filled: bool) -> None:
        """The straight segments of a path that is not itself thin.

        Stroked: each segment that runs along an axis is a rule. Filled only: each thin subpath is a rule, and two
        subpaths one inside the other, near each other all round, are a frame; any other filled area is shading.
        """
        areas: list[Box] = []
        for points, closed in subpaths:
            if stroked:
                pairs = list(itertools.pairwise(points))
                if closed or filled:
                    pairs.append((points[-1], points[0]))
                for (x0, y0), (x1, y1) in pairs:
                    if min(abs(x1 - x0), abs(y1 - y0)) <= STRAIGHT:
                        self.add_line(min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))
            elif len(points) >= 3:
                xs, ys = [x for x, _ in points], [y for _, y in points]
                box = min(xs), min(ys), max(xs), max(ys)
                if min(box[2] - box[0], box[3] - box[1]) <= THICKEST_RULE:
                    self.add_line(*box)
                else:
                    areas.append(box)
        self._add_rings(areas)

    def _add_rings(self, areas: list[Box]) -> None:
        areas = sorted(areas[:MOST_AREAS])
        lefts = [area[0] for area in areas]
        for inner in areas:
            for outer in areas[bisect_left(lefts, inner[0] - THICKEST_RULE) : bisect_right(lefts, inner[0])]:
                if inner is not outer and all(
                    0 <= difference <= THICKEST_RULE
                    for difference in (inner[1] - outer[1], outer[2] - inner[2], outer[3] - inner[3])
                ):
                    self.add_frame(*((a + b) / 2 for a, b in zip(inner, outer, strict=True)))
                    break
