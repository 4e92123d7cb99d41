"""How the numbers of each metric are spread, and which stand far out among bodies of their level."""

from __future__ import annotations

import math
import tempfile
from array import array
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Sequence
from os import SEEK_END
from statistics import quantiles
from typing import IO, Any

from crawler.dataset.model import Record
from crawler.forms.catalogue import Metric, all_metrics

BINS = tuple(step * 10**power for power in range(8) for step in (1, 2, 5))
"""Lower edges of the bars for numbers above zero; what lies below 1 goes with 1, what lies above the last with the last."""
FAR = 3.0
"""Interquartile ranges, of logarithms, beyond the quartiles: Tukey's 'far out'."""
LEAST_SPREAD = 0.3
"""Of the interquartile range: a factor of two is nothing odd where all others print the same number."""
LEAST_NUMBERS = 12
"""Numbers above zero of one level, below which nothing is told of outliers."""
MOST_OUTLIERS = 6
"""Shown of each metric; all are counted."""
NUMBERS_A_BLOCK = 512
"""Of one metric and level, kept in memory before they are written to the disk."""

Found = tuple[float, int]
"""A number and the report it stands in."""


class Figures:
    """Collects the numbers of every report; all but the last of each metric wait in a temporary file without a name."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the object
        self._metrics = [_Numbers(metric, self._file) for metric in all_metrics()]

    def __del__(self) -> None:
        self._file.close()

    def add(self, report: int, record: Record) -> None:
        """Takes in the cells of the report of that number."""
        cells, level = record["cells"], record["org_level"] or ""
        for numbers in self._metrics:
            cell = cells.get(numbers.metric.key)
            if cell is not None:
                numbers.add(report, level, cell["state"], cell["value"])

    def summary(self) -> list[dict[str, Any]]:
        """One entry a metric of which any report prints anything, in the forms' order."""
        return [numbers.summary() for numbers in self._metrics if numbers.states]


class _Level:
    """The numbers of one metric in the reports of one level, with the reports they stand in."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._numbers, self._reports = array("d"), array("L")
        self._places = array("Q")

    def add(self, number: float, report: int) -> None:
        self._numbers.append(number)
        self._reports.append(report)
        if len(self._numbers) == NUMBERS_A_BLOCK:
            self._places.append(self._file.seek(0, SEEK_END))
            self._file.write(self._numbers.tobytes() + self._reports.tobytes())
            self._numbers, self._reports = array("d"), array("L")

    def all(self) -> tuple[array[float], array[int]]:
        """All of them, in the order they came."""
        numbers, reports = array("d"), array("L")
        for place in self._places:
            self._file.seek(place)
            numbers.fromfile(self._file, NUMBERS_A_BLOCK)
            reports.fromfile(self._file, NUMBERS_A_BLOCK)
        return numbers + self._numbers, reports + self._reports


class _Numbers:
    def __init__(self, metric: Metric, file: IO[bytes]) -> None:
        self.metric = metric
        self.states: Counter[str] = Counter()
        self._by_level: dict[str, _Level] = defaultdict(lambda: _Level(file))

    def add(self, report: int, level: str, state: str, value: float | None) -> None:
        self.states[state] += 1
        if value:  # Zeros are counted by their state.
            self._by_level[level].add(value, report)

    def summary(self) -> dict[str, Any]:
        found = [level.all() for level in self._by_level.values()]
        numbers = array("d", sorted(number for numbers, _ in found for number in numbers))
        outliers = sorted((outlier for numbers, reports in found for outlier in far_out(numbers, reports)), reverse=True)
        return {
            "key": self.metric.key,
            "states": dict(self.states),
            "spread": _spread(numbers, self.states["zero"]),
            "bars": histogram(numbers),
            "negative": sum(number < 0 for number in numbers),
            "outliers": [[number, report] for _, number, report in outliers[:MOST_OUTLIERS]],
            "outlier_count": len(outliers),
        }


def _spread(numbers: Sequence[float], zeros: int) -> list[float] | None:
    """Least, quartiles and greatest of all numbers, zeros among them."""
    whole = sorted([*numbers, *([0.0] * zeros)])
    if not whole:
        return None
    if len(whole) == 1:
        return [_short(whole[0])] * 5
    return [_short(number) for number in (whole[0], *quantiles(whole, n=4, method="inclusive"), whole[-1])]


def _short(number: float) -> float:
    return int(number) if number == int(number) else round(number, 4)


def histogram(numbers: Sequence[float]) -> list[int]:
    """How many numbers above zero fall into each of `BINS`, up to the last that holds any.

    >>> histogram([1, 1, 3, 12])
    [2, 1, 0, 1]
    """
    bars = [0] * len(BINS)
    for number in numbers:
        if number > 0:
            bars[max(bisect_right(BINS, number) - 1, 0)] += 1
    while bars and not bars[-1]:
        bars.pop()
    return bars


def far_out(numbers: Sequence[float], reports: Sequence[int]) -> list[tuple[float, float, int]]:
    """Numbers far from the others, by their logarithms: how far (in interquartile ranges), the number, its report.

    >>> [found[1:] for found in far_out([*range(10, 30), 90000], range(21))]
    [(90000, 20)]
    """
    logarithms = [math.log10(abs(number)) for number in numbers]
    if len(logarithms) < LEAST_NUMBERS:
        return []
    low, _, high = quantiles(logarithms, n=4, method="inclusive")
    spread = max(high - low, LEAST_SPREAD)
    found = []
    for logarithm, number, report in zip(logarithms, numbers, reports, strict=True):
        distance = max(low - logarithm, logarithm - high) / spread
        if distance > FAR:
            found.append((round(distance, 2), _short(number), report))
    return found
