"""Where lines of text stand on a levelled page: inside the cells of its tables, and outside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from crawler.documents.lattice import Lattice
from crawler.documents.scan.image import Grey
from crawler.documents.scan.ink import Ink, paper

RULE_REACH = 1.5
"""Points on either side of a rule's middle that belong to the rule."""
SPECK = 2.0
"""Points: what is smaller in both directions is dirt, unless ink stands beside it."""
SPECK_BESIDE = 5.0
"""Points from other ink within which a speck is a point or a comma."""
LOWEST_LINE, HIGHEST_LINE = 3.0, 60.0
"""Points."""
USUAL_LINE = 10.5
"""Points: the height of Chinese characters where a page has too few lines to tell."""
WORD_GAP = 2.2
"""Line heights: what is further apart are two pieces of text."""
SPREAD = 8.0
"""Points by which ink is spread along its line to touch the next character."""
STEP = 16
"""Pixels of height by which pieces are looked up."""
MARGIN = 0.22
"""White space above and below a line that the recogniser is given, in line heights."""
SIDE, SIDE_OF_DASH = 0.13, 0.35
"""White space before and behind it: more costs time, and a dash is nothing without."""


Clip = tuple[int, int, int, int]
"""x0, top, x1, bottom in pixels."""


@dataclass(frozen=True, slots=True)
class LineBox:
    """A line of ink: edges in pixels of the levelled page, the last ones not included."""

    x0: int
    top: int
    x1: int
    bottom: int
    faint: bool = False
    """Only faint ink: perhaps nothing is printed there."""


def erased(grey: Grey, lattices: Sequence[Lattice], scale: float) -> tuple[Grey, NDArray[np.bool_]]:
    """The page without the rules of its tables, and where they were."""
    mask = np.zeros(grey.shape, dtype=np.uint8)
    reach = RULE_REACH * scale
    for lattice in lattices:
        for cell in lattice.cells:
            x0, top, x1, bottom = (value * scale for value in cell.box)
            for a, b, c, d in ((x0, top, x1, top), (x0, bottom, x1, bottom), (x0, top, x0, bottom), (x1, top, x1, bottom)):
                rows = slice(max(round(b - reach), 0), max(round(d + reach) + 1, 0))
                mask[rows, max(round(a - reach), 0) : max(round(c + reach) + 1, 0)] = 1
    where = mask.astype(np.bool_)
    clean = grey.copy()
    clean[where] = paper(grey)
    return clean, where


def cell_lines(ink: Ink, faint: Ink, box: tuple[float, float, float, float], scale: float, usual: float) -> list[LineBox]:
    """The lines in a cell, top to bottom; ``box`` and ``usual`` (the height of a line) in points.

    ``ink`` and ``faint`` are those of the page without rules.
    """
    x0, top, x1, bottom = (round(value * scale) for value in box)
    x0, top = max(x0, 0), max(top, 0)
    for image, is_faint in ((ink, False), (faint, True)):
        part = without_specks(image[top:bottom, x0:x1], scale)
        found = _bands(part, scale, usual)
        if found:
            return [LineBox(x0 + a, top + b, x0 + c, top + d, is_faint) for a, b, c, d in found]
    return []


def without_specks(part: Ink, scale: float) -> Ink:
    """The ink without dirt: specks that stand by themselves."""
    if not part.any():
        return part
    count, labels, stats, _ = cv2.connectedComponentsWithStats(part.astype(np.uint8), connectivity=8)
    if count > 4000:
        return part
    size = np.maximum(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT])
    large = size >= SPECK * scale
    large[0] = False
    if not large.any():
        return np.zeros_like(part)
    if large[1:].all():
        return part
    kept = large.copy()
    reach = SPECK_BESIDE * scale
    for index in np.flatnonzero(~large):
        # A decimal point has an area; a speck of one or two pixels has not.
        if index == 0 or stats[index, cv2.CC_STAT_AREA] < 0.6 * scale * scale:
            continue
        x, y, w, h = (int(stats[index, i]) for i in range(4))
        near = (
            large
            & (stats[:, 0] <= x + w + reach)
            & (stats[:, 0] + stats[:, 2] >= x - reach)
            & (stats[:, 1] <= y + h + reach)
            & (stats[:, 1] + stats[:, 3] >= y - reach)
        )
        kept[index] = bool(near.any())
    return np.asarray(kept[labels], dtype=np.bool_)


def _bands(part: Ink, scale: float, usual: float) -> list[tuple[int, int, int, int]]:
    rows = part.any(axis=1)
    if not rows.any():
        return []
    bands = [list(band) for band in _stretches(np.asarray(rows))]
    limit = 1.12 * usual * scale
    joined: list[list[int]] = []
    for band in bands:
        if joined and band[1] - joined[-1][0] <= limit:
            joined[-1][1] = band[1]
        else:
            joined.append(band)
    result = []
    for start, stop in _split(part, joined, usual * scale):
        columns = np.flatnonzero(part[start:stop].any(axis=0))
        if len(columns):
            result.append((int(columns[0]), start, int(columns[-1]) + 1, stop))
    return result


def _stretches(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Where the flags are set without a break."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], flags.astype(np.int8), [0]))))
    return [(int(start), int(stop)) for start, stop in zip(edges[::2], edges[1::2], strict=True)]


def _split(part: Ink, bands: list[list[int]], usual: float) -> list[tuple[int, int]]:
    """Bands of more than a line and a half cut where the least ink is."""
    result: list[tuple[int, int]] = []
    for start, stop in bands:
        count = round((stop - start) / (1.25 * usual))
        if stop - start < 1.75 * usual or count < 2:
            result.append((start, stop))
            continue
        profile = part[start:stop].sum(axis=1)
        at = start
        for number in range(1, count):
            middle = round((stop - start) * number / count)
            reach = round(0.35 * usual)
            low = max(middle - reach, 1)
            cut = start + low + int(profile[low : middle + reach].argmin())
            result.append((at, cut))
            at = cut
        result.append((at, stop))
    return result


def free_lines(ink: Ink, outside: NDArray[np.bool_], scale: float) -> list[LineBox]:
    """The lines outside the tables; ``outside`` is false where a table stands."""
    image = without_dust((ink & outside).astype(np.uint8), scale)
    boxes = tightened(image, _merged(spread_boxes(image, scale, SPREAD)))
    return sorted((LineBox(*box) for box in boxes), key=lambda line: (line.top, line.x0))


def spread_boxes(image: NDArray[np.uint8], scale: float, spread: float) -> list[Clip]:
    """Boxes of pieces of text: ink that touches if it is spread by that many points along its line."""
    merged = cv2.dilate(image, np.ones((1, max(3, round(spread * scale) | 1)), np.uint8))
    stats = cv2.connectedComponentsWithStats(merged, connectivity=4)[2][1:]
    return [
        (x, y, x + w, y + h)
        for x, y, w, h, _ in stats.tolist()
        if LOWEST_LINE * scale <= h <= HIGHEST_LINE * scale and w >= h * 0.5
    ]


def tightened(image: NDArray[np.uint8], boxes: Sequence[Clip]) -> list[Clip]:
    """The boxes without the white at their sides."""
    result = []
    for x0, top, x1, bottom in boxes:
        columns = np.flatnonzero(image[top:bottom, x0:x1].any(axis=0))
        if len(columns):
            result.append((x0 + int(columns[0]), top, x0 + int(columns[-1]) + 1, bottom))
    return result


def without_dust(image: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    """The ink without pixels that stand alone; noise would tie lines together."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(image, connectivity=8)
    kept = stats[:, cv2.CC_STAT_AREA] >= max(2.0, 0.5 * scale * scale)
    kept[0] = False
    return np.asarray(kept[labels], dtype=np.uint8) if count > 1 else image


def joined_boxes(boxes: Sequence[Clip], gap: float) -> list[Clip]:
    """Pieces of one line that are no further apart than ``gap`` pixels put together."""
    return _merged(boxes, gap)


def _merged(boxes: Sequence[Clip], reach: float | None = None) -> list[Clip]:
    """Pieces of one line put together: those that overlap by half of their height and stand side by side.

    ``reach`` is how far apart they may be, by default `WORD_GAP` line heights.
    """
    lines: list[Clip] = []
    at_height: dict[int, set[int]] = {}
    for box in sorted(boxes, key=lambda box: box[1] - box[3]):
        heights = range(box[1] // STEP, box[3] // STEP + 1)
        for index in sorted(set().union(*(at_height.get(height, ()) for height in heights))):
            line = lines[index]
            overlap = min(box[3], line[3]) - max(box[1], line[1])
            gap = max(box[0] - line[2], line[0] - box[2])
            if overlap >= 0.5 * (box[3] - box[1]) and gap <= (WORD_GAP * (line[3] - line[1]) if reach is None else reach):
                lines[index] = (min(box[0], line[0]), min(box[1], line[1]), max(box[2], line[2]), max(box[3], line[3]))
                break
        else:
            index = len(lines)
            lines.append(box)
        for height in heights:
            at_height.setdefault(height, set()).add(index)
    return lines


def usual_height(lines: Sequence[LineBox], scale: float) -> float:
    """The height (points) of the lines with Chinese text: the taller ones among the usual."""
    heights = [
        (line.bottom - line.top) / scale for line in lines if 6.0 <= (line.bottom - line.top) / scale <= 1.8 * USUAL_LINE
    ]
    return float(np.percentile(heights, 80)) if len(heights) >= 8 else USUAL_LINE


def crop(grey: Grey, line: LineBox, clip: Clip, usual: float, margin: float = MARGIN) -> Grey:
    """The line with white space round it, as the recogniser wants it; a lone dash is given a line's height.

    ``clip``: what lies outside is another line's or another cell's, and left white. ``usual`` is in pixels.
    """
    height = line.bottom - line.top
    least = 0.72 * usual
    pad = margin * max(height, least) + max(least - height, 0) / 2
    side = (SIDE if height > least / 2 else SIDE_OF_DASH) * max(height, least)
    top, bottom = round(line.top - pad), round(line.bottom + pad)
    left, right = round(line.x0 - side), round(line.x1 + side)
    x0, y0, x1, y1 = max(left, clip[0], 0), max(top, clip[1], 0), min(right, clip[2]), min(bottom, clip[3])
    inside = grey[y0:y1, x0:x1]
    blank = brighter_than(inside, 0.85) if inside.size else 255
    result = np.full((max(bottom - top, 4), max(right - left, 4)), blank, dtype=np.uint8)
    result[y0 - top : y0 - top + inside.shape[0], x0 - left : x0 - left + inside.shape[1]] = inside
    return result


def brighter_than(grey: Grey, share: float) -> int:
    """The grey level that this share of the pixels does not exceed; several times as fast as a percentile."""
    place = int(share * (grey.size - 1))
    return int(np.partition(grey, place, axis=None)[place])


def clips(lines: Sequence[LineBox], box: Clip) -> list[Clip]:
    """For each of a cell's lines the part of the cell that is its own."""
    result = []
    for index, line in enumerate(lines):
        top = (lines[index - 1].bottom + line.top) // 2 if index else box[1]
        bottom = (line.bottom + lines[index + 1].top + 1) // 2 if index + 1 < len(lines) else box[3]
        result.append((box[0], top, box[2], bottom))
    return result
