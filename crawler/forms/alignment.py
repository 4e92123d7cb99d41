"""Printed labels against a form's labels: by words first, by neighbours where one is damaged, never by position alone."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from crawler.forms.labels import core, distance, similarity, skeleton

MAX_EDITS = 2
CHARACTERS_PER_EDIT = 3
"""A label of n characters may differ in n / 3 of them to be known by itself."""
MIN_NEIGHBOUR_SIMILARITY = 0.4
"""A more damaged label needs its neighbours in place, and must still resemble no other label more."""


@dataclass(frozen=True, slots=True)
class Label:
    """One label of the form: its key, the wordings that are the label, and the label of the merged cell around it."""

    key: str
    wordings: tuple[str, ...]
    group: str = ""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The labels of one table in form order, with lookups by skeleton. ``others`` are words that are no label."""

    labels: tuple[Label, ...]
    exact: Mapping[str, tuple[int, ...]]
    others: frozenset[str] = frozenset()

    def find(self, text: str) -> tuple[int, ...]:
        """The labels this text is, by index: exactly or apart from what stands in brackets; empty where it is none."""
        whole = skeleton(text)
        return self.exact.get(whole) or (() if whole in self.others else self.exact.get(core(text), ()))


def vocabulary(labels: Sequence[Label], others: Sequence[str] = ()) -> Vocabulary:
    """Index labels by every wording's skeleton and core."""
    exact: dict[str, list[int]] = {}
    for index, label in enumerate(labels):
        for wording in label.wordings:
            for form in {skeleton(wording), core(wording)} - {""}:
                if index not in exact.setdefault(form, []):
                    exact[form].append(index)
    return Vocabulary(tuple(labels), {form: tuple(found) for form, found in exact.items()}, frozenset(map(skeleton, others)))


@dataclass(frozen=True, slots=True)
class Placement:
    """Which printed label is which of the form.

    ``index_of`` maps printed positions to label indexes. ``doubled`` maps a label index to all its printed positions.
    ``fuzzy`` are printed positions placed by edit distance or by their neighbours; ``out_of_order`` those whose label
    stands before one of an earlier row; ``unknown`` those that are no label of this form.
    """

    index_of: Mapping[int, int]
    doubled: Mapping[int, tuple[int, ...]]
    fuzzy: frozenset[int]
    out_of_order: tuple[int, ...]
    unknown: tuple[int, ...]


def align(printed: Sequence[str], known: Vocabulary, groups: Sequence[str] = ()) -> Placement:
    """Place printed labels among the labels of a form.

    Args:
        printed: labels in printed order.
        known: the form's labels in form order.
        groups: for each printed label the skeleton of the group label around it, ``""`` where unknown.
    """
    candidates: dict[int, list[int]] = {}
    unplaced: list[int] = []
    for position, text in enumerate(printed):
        found = known.find(text)
        if len(found) > 1 and position < len(groups) and groups[position]:
            found = tuple(i for i in found if skeleton(known.labels[i].group) == groups[position]) or found
        if len(found) == 1:
            candidates.setdefault(found[0], []).append(position)
        else:
            unplaced.append(position)
    doubled = {index: tuple(positions) for index, positions in candidates.items() if len(positions) > 1}
    index_of = {positions[0]: index for index, positions in candidates.items()}
    fuzzy: set[int] = set()
    fuzzy_positions: dict[int, list[int]] = {}
    for position in list(unplaced):
        near = _nearest(skeleton(printed[position]), known)
        if near is None or near in candidates:
            continue
        fuzzy_positions.setdefault(near, []).append(position)
        unplaced.remove(position)
    for index, positions in fuzzy_positions.items():
        index_of[positions[0]] = index
        fuzzy.update(positions)
        if len(positions) > 1:
            doubled[index] = tuple(positions)
    for position, index in _by_neighbours(printed, unplaced, index_of, known).items():
        index_of[position] = index
        fuzzy.add(position)
        unplaced.remove(position)
    in_order = _longest_ordered(index_of)
    return Placement(
        index_of,
        doubled,
        frozenset(fuzzy),
        tuple(position for position in sorted(index_of) if position not in in_order),
        tuple(unplaced),
    )


@lru_cache(maxsize=1024)
def _distances(text: str, wordings: tuple[tuple[str, ...], ...]) -> tuple[int, ...]:
    limit = min(MAX_EDITS, len(text) // CHARACTERS_PER_EDIT)
    return tuple(min(distance(text, wording, limit) for wording in words) for words in wordings)


def _nearest(text: str, known: Vocabulary) -> int | None:
    """The one label within the edit limit, or ``None`` where there is none or more than one as near."""
    limit = min(MAX_EDITS, len(text) // CHARACTERS_PER_EDIT)
    if not limit or text in known.others:
        return None
    edits = _distances(text, _skeletons(known.labels))
    best = min(edits, default=limit + 1)
    if best > limit or edits.count(best) > 1:
        return None
    if any(distance(text, other, best) <= best for other in known.others):
        return None
    return edits.index(best)


@lru_cache(maxsize=64)
def _skeletons(labels: tuple[Label, ...]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple({form for wording in label.wordings for form in (skeleton(wording), core(wording))}) for label in labels)


def _by_neighbours(
    printed: Sequence[str], unplaced: Sequence[int], index_of: Mapping[int, int], known: Vocabulary
) -> dict[int, int]:
    """Damaged labels between two labels in their places: the best monotone pairing of the labels missing there."""
    if not unplaced:
        return {}
    ordered = sorted(_longest_ordered(index_of).items())
    placed: dict[int, int] = {}
    taken = set(index_of.values())
    edges = [(-1, -1), *ordered, (len(printed), len(known.labels))]
    for (left, low), (right, high) in pairwise(edges):
        positions = [position for position in unplaced if left < position < right]
        missing = [index for index in range(low + 1, high) if index not in taken]
        if positions and missing:
            placed.update(_pair(positions, missing, printed, known))
    return placed


def _pair(positions: list[int], missing: list[int], printed: Sequence[str], known: Vocabulary) -> dict[int, int]:
    scores = [[_resemblance(skeleton(printed[position]), index, known) for index in missing] for position in positions]
    rows, columns = len(positions), len(missing)
    best = [[0.0] * (columns + 1) for _ in range(rows + 1)]
    for i in range(rows - 1, -1, -1):
        for j in range(columns - 1, -1, -1):
            paired = scores[i][j] + best[i + 1][j + 1] if scores[i][j] else 0.0
            best[i][j] = max(best[i + 1][j], best[i][j + 1], paired)
    pairs: dict[int, int] = {}
    i = j = 0
    while i < rows and j < columns:
        if scores[i][j] and best[i][j] == scores[i][j] + best[i + 1][j + 1]:
            pairs[positions[i]] = missing[j]
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            i += 1
        else:
            j += 1
    return pairs


def _resemblance(text: str, index: int, known: Vocabulary) -> float:
    """How much a damaged label is like this one; 0 where it is as much like another, or like nothing."""
    if not text or text in known.others:
        return 0.0
    scores = [max(similarity(text, wording) for wording in words) for words in _skeletons(known.labels)]
    rivals = [score for other, score in enumerate(scores) if other != index]
    rivals += [similarity(text, other) for other in known.others]
    score = scores[index]
    return score if score >= MIN_NEIGHBOUR_SIMILARITY and score > max(rivals, default=0.0) else 0.0


def _longest_ordered(index_of: Mapping[int, int]) -> dict[int, int]:
    """The longest run of placements whose label order is the printed order."""
    positions = sorted(index_of)
    if all(index_of[a] < index_of[b] for a, b in pairwise(positions)):
        return dict(index_of)
    tails: list[int] = []
    tail_positions: list[int] = []
    previous: dict[int, int | None] = {}
    for position in positions:
        index = index_of[position]
        place = bisect_left(tails, index)
        previous[position] = tail_positions[place - 1] if place else None
        tails[place : place + 1] = [index]
        tail_positions[place : place + 1] = [position]
    chain: dict[int, int] = {}
    current: int | None = tail_positions[-1] if tail_positions else None
    while current is not None:
        chain[current] = index_of[current]
        current = previous[current]
    return chain
