"""What is printed on a page image, and which of it are ruling lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from crawler.documents.page import Rule
from crawler.documents.scan.image import Grey

Ink = NDArray[np.bool_]

BROADEST_STROKE = 7.0
"""Points: what is broader is shading or a picture, not ink."""
INK, FAINT = 0.35, 0.2
"""Share of the darkest ink's contrast from which on a pixel is ink; thin rules and pale digits are fainter."""
LOWEST, HIGHEST = 22, 90
"""Bounds of that contrast in grey levels: paper and JPEG noise stay below the first."""
SHORTEST_FLAT, SHORTEST_UPRIGHT = 20.0, 12.5
"""Points: strokes of characters are shorter; a column is at least as wide, a row as high."""
BRIDGED = 3
"""Pixels: gaps in a rule that noise leaves."""
DASHED = 2.9
"""Points between two dashes, at most, and a pixel that blurring takes from either."""
LOST_FLAT, LOST_UPRIGHT = 16.0, 10.5
"""Points of a rule that may be missing between two pieces of it: a column is wider, a row higher."""
SHORTEST_PIECE, BROKEN = 11.5, 5.0
"""Points: pieces longer than a character is wide may be parts of one rule if the gap between them is this small."""
FREE_BESIDE = 0.75
"""The share of its length for which a rule has white paper within `BESIDE` on both sides; strokes of text have less."""
BESIDE = 1.4
"""Points between a rule's edge and the paper looked at."""
WANDERING = 2.0
"""Points that a rule may leave its middle by: paper is not flat."""
ANCHOR = 2.6
"""Points from a rule's end to the rule that it ends on."""
ANCHOR_SHARE = 0.1
"""Of its length, where that is less: a tall digit reaches nearly from rule to rule of a low row."""
BEYOND = 120.0
"""Points: how far a table's next rule may be."""
MOST_ROUNDS = 8
SHARED_ENDS = 3
"""Rules that end at one place without a rule across: more than this many are the open side of a table."""
LONG = 4.0
"""A run this many times the shortest is no stroke of a character, whatever stands beside it."""
THICKEST = 4.5
"""Points."""
LONGEST_BRIDGE = 30.0
"""Points of a rule that dense characters at its side may drown: they leave no contrast, but no paper either."""
SAME_RULE = 1.2
"""Points across by which two pieces of one rule may differ."""
DROWNED = 0.9
"""The share of such a stretch that is darker than paper."""


@dataclass(frozen=True, slots=True)
class PageInk:
    """``clear`` is surely printed, ``faint`` perhaps; rules are in points."""

    clear: Ink
    faint: Ink
    horizontals: list[Rule]
    verticals: list[Rule]


def contrast(grey: Grey, scale: float) -> Grey:
    """How much darker each pixel is than the paper or shading around it."""
    size = max(3, round(BROADEST_STROKE * scale) | 1)
    kernel = cv2.getStructuringElement(cv2.MORPH_RECT, (size, size))
    return np.asarray(cv2.morphologyEx(grey, cv2.MORPH_BLACKHAT, kernel), dtype=np.uint8)


def paper(grey: Grey) -> int:
    """The grey level of the blank paper."""
    return int(np.percentile(grey[::7, ::7], 70))


def thresholds(dark: Grey) -> tuple[float, float]:
    """The contrasts from which on a pixel is ink, and perhaps ink."""
    strongest = float(np.percentile(dark[:: max(1, dark.shape[0] // 1500)], 99.7))
    return min(max(INK * strongest, LOWEST), HIGHEST), min(max(FAINT * strongest, LOWEST - 4), HIGHEST / 2)


def read_ink(grey: Grey, scale: float, *, dashed: bool = False) -> PageInk:
    """Ink and ruling lines of a levelled page; with ``dashed``, lines of dashes too, and more that is none."""
    dark = contrast(grey, scale)
    sure, perhaps = thresholds(dark)
    faint = dark >= perhaps
    printed = grey < paper(grey) - perhaps
    flat, upright = anchored(
        bridged(_rules(faint, scale, upright=False, dashed=dashed), printed, scale, LOST_FLAT),
        bridged(_rules(faint, scale, upright=True, dashed=dashed), printed.T, scale, LOST_UPRIGHT),
    )
    return PageInk(dark >= sure, faint, flat, upright)


def _rules(ink: Ink, scale: float, *, upright: bool, dashed: bool = False) -> list[Rule]:
    """Long straight runs of ink along one axis."""
    image = np.ascontiguousarray(ink.T if upright else ink).astype(np.uint8)
    shortest = max(8, round((SHORTEST_UPRIGHT if upright else SHORTEST_FLAT) * scale))
    # A line that is not quite level steps from one row of pixels to the next; dilation across lets it run on.
    found = cv2.dilate(image, np.ones((3, 1), np.uint8))
    found = cv2.morphologyEx(
        found, cv2.MORPH_CLOSE, np.ones((1, max(BRIDGED, round(DASHED * scale)) if dashed else BRIDGED), np.uint8)
    )
    found = cv2.morphologyEx(found, cv2.MORPH_OPEN, np.ones((1, round(SHORTEST_PIECE * scale)), np.uint8))
    found = cv2.morphologyEx(found, cv2.MORPH_CLOSE, np.ones((1, round(BROKEN * scale)), np.uint8))
    found = cv2.morphologyEx(found, cv2.MORPH_OPEN, np.ones((1, shortest), np.uint8))
    count, _, stats, _ = cv2.connectedComponentsWithStats(found, connectivity=8)
    rules = []
    for index in range(1, count):
        start, top, length, thickness, area = (int(value) for value in stats[index])
        if area / length > THICKEST * scale + 2:
            continue
        if (dashed or length < LONG * shortest) and not _stands_free(image, start, top, length, thickness, scale):
            continue
        rule = _straight(found[top : top + thickness, start : start + length], start, top, scale)
        if rule is not None and rule.end - rule.start >= 0.9 * shortest / scale:
            rules.append(rule)
    return rules


def bridged(rules: list[Rule], printed: Ink, scale: float, lost: float) -> list[Rule]:
    """The rules with pieces of one line joined where what lies between them is printed throughout, or is short.

    ``printed``: what is darker than paper, its first axis across the rules. ``lost``: how short, in points.
    """
    joined: list[Rule] = []
    for rule in sorted(rules, key=lambda rule: rule.start):
        for index, left in enumerate(joined):
            gap = rule.start - left.end
            if abs(rule.at - left.at) > SAME_RULE or not 0 < gap <= LONGEST_BRIDGE:
                continue
            at, start, stop = (round(value * scale) for value in ((rule.at + left.at) / 2, left.end, rule.start))
            between = printed[max(at - 1, 0) : at + 2, start:stop].any(axis=0)
            if gap <= lost or (between.size and float(between.mean()) >= DROWNED):
                longer = left if left.end - left.start >= rule.end - rule.start else rule
                joined[index] = Rule(longer.at, left.start, rule.end)
                break
        else:
            joined.append(rule)
    return joined


def _straight(part: NDArray[Any], start: int, top: int, scale: float) -> Rule | None:
    """The rule of a component: where most of its length lies; strokes of characters that touch it are left out.

    ``None`` where nothing of it lies there: two strokes side by side are no line.
    """
    weights = part.sum(axis=0, dtype=np.int64)
    middles = (part * np.arange(part.shape[0])[:, np.newaxis]).sum(axis=0) / np.maximum(weights, 1)
    thin = weights <= np.median(weights) + 1
    at = float(np.median(middles[thin]))
    near = np.flatnonzero(np.abs(middles - at) <= WANDERING * scale)
    if not near.size:
        return None
    return Rule((top + at + 0.5) / scale, (start + int(near[0])) / scale, (start + int(near[-1]) + 1) / scale)


def _stands_free(image: Grey, start: int, top: int, length: int, thickness: int, scale: float) -> bool:
    beside = max(1, round(BESIDE * scale))
    free = np.ones(length, dtype=np.bool_)
    for rows in (slice(max(top - beside, 0), top), slice(top + thickness, top + thickness + beside)):
        band = image[rows, start : start + length]
        # One row of that band may be the blurred edge of the rule itself.
        free &= band.sum(axis=0) <= 1
    return float(free.mean()) >= FREE_BESIDE


def anchored(horizontals: list[Rule], verticals: list[Rule]) -> tuple[list[Rule], list[Rule]]:
    """Without strokes that were taken for rules: a rule ends on a rule across it, or where others of its kind end too.

    The second is how tables without side rules, and tables that a page cuts, end.
    """
    for _ in range(MOST_ROUNDS):
        flat = _kept(horizontals, verticals)
        upright = _kept(verticals, flat)
        if flat == horizontals and upright == verticals:
            break
        horizontals, verticals = flat, upright
    return horizontals, verticals


def _kept(rules: list[Rule], across: list[Rule]) -> list[Rule]:
    """The rules that are anchored at both ends; those that run on into text cut back to the last rule they cross."""
    kept = []
    for rule in rules:
        near = min(ANCHOR, ANCHOR_SHARE * (rule.end - rule.start))
        met = [
            other.at
            for other in across
            if other.start - ANCHOR <= rule.at <= other.end + ANCHOR and rule.start - near <= other.at <= rule.end + near
        ]
        ends = [
            any(abs(at - rule.start) <= near for at in met) or _is_open(rule, rule.start, -1, rules, across),
            any(abs(at - rule.end) <= near for at in met) or _is_open(rule, rule.end, 1, rules, across),
        ]
        if all(ends):
            kept.append(rule)
        elif len(met) + any(ends) >= 2 and met:
            kept.append(Rule(rule.at, rule.start if ends[0] else min(met), rule.end if ends[1] else max(met)))
    return [rule for rule in kept if rule.end - rule.start > ANCHOR]


def _is_open(rule: Rule, end: float, side: int, rules: list[Rule], across: list[Rule]) -> bool:
    """Whether others of its kind end there too and no rule lies beyond: the open side of a table."""
    shared = sum(abs(other.start - end) <= ANCHOR or abs(other.end - end) <= ANCHOR for other in rules)
    beyond = any(other.start <= rule.at <= other.end and 0 < (other.at - end) * side < BEYOND for other in across)
    return shared > SHARED_ENDS and not beyond
