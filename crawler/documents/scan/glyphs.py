"""The second reading of numbers: every digit's shape against all other digits of the same document.

Independent of the recogniser in what it looks at (single shapes, this document's own type) and in how it errs: a digit
that the recogniser took for another stands among the shapes of the wrong kind.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from crawler.documents.scan.ink import Ink

_SIDE = 20
"""Pixels of the square that every shape is drawn into."""
_NEIGHBOURS = 3
_DOUBT = 0.97
"""A shape whose nearest neighbours of another digit are nearer than this share of those of its own digit is doubted."""
_BATCH = 1500
"""Shapes compared at a time: a square of distances of 9 MB."""
DIGITS = "0123456789"
DASHES = "-—－−–"
DASH_HEIGHT, DASH_WIDTH = 0.3, 0.25
"""Line heights that the ink of a minus has at most in height, and at least in width."""
GROWN_WIDTH = 0.4
"""The same before a digit that it has grown to: the bar of a four may reach out by a quarter."""
DASH_FROM, DASH_TO = 0.25, 0.85
"""Between which shares of the line's height a minus stands."""


Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels of the line; the last two not included."""


@dataclass(frozen=True, slots=True)
class Shapes:
    """The digits of one line: ``images`` in order, or ``None`` where ink and text do not have as many characters.

    ``contrary`` is what the ink says against the text by its mere outline: that it begins with a minus.
    """

    text: str
    images: tuple[NDArray[np.float32], ...] | None
    contrary: str | None = None


def shapes(ink: Ink, text: str) -> Shapes:
    """The line's ink cut into its characters, if that gives as many as ``text`` has."""
    plain = text.replace(" ", "")
    boxes = _character_boxes(ink)
    contrary = f"-{plain}" if plain[:1] in DIGITS and _begins_with_minus(ink, boxes) else None
    if contrary or len(boxes) != len(plain):
        return Shapes(text, None, contrary)
    images = tuple(
        _normal(ink[top:bottom, x0:x1])
        for (x0, top, x1, bottom), character in zip(boxes, plain, strict=True)
        if character in DIGITS
    )
    return Shapes(text, images)


def _character_boxes(ink: Ink) -> list[Box]:
    """Boxes of ink that stand side by side; what lies above one another is one character."""
    count, _, stats, _ = cv2.connectedComponentsWithStats(ink.astype(np.uint8), connectivity=8)
    found = sorted(
        (int(stats[i, 0]), int(stats[i, 1]), int(stats[i, 0] + stats[i, 2]), int(stats[i, 1] + stats[i, 3]))
        for i in range(1, count)
        if stats[i, cv2.CC_STAT_AREA] >= 3
    )
    boxes: list[Box] = []
    for box in found:
        if boxes:
            last = boxes[-1]
            overlap = min(box[2], last[2]) - max(box[0], last[0])
            if overlap > 0.45 * min(box[2] - box[0], last[2] - last[0]):
                boxes[-1] = (min(box[0], last[0]), min(box[1], last[1]), max(box[2], last[2]), max(box[3], last[3]))
                continue
        boxes.append(box)
    return boxes


def _begins_with_minus(ink: Ink, boxes: Sequence[Box]) -> bool:
    """Whether the first ink of a line is a minus, by itself or grown to the digit behind it, mostly to the bar of a four."""
    if not boxes:
        return False
    first, last = min(one[1] for one in boxes), max(one[3] for one in boxes)
    height = last - first
    x0, _, x1, _ = boxes[0]
    labels, stats = cv2.connectedComponentsWithStats(ink[first:last, x0:x1].astype(np.uint8), connectivity=8)[1:3]
    body = 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
    foremost = 1 + int(stats[1:, cv2.CC_STAT_LEFT].argmin())
    for one in {body, foremost}:
        rows = [np.flatnonzero(column) for column in (labels == one).T if column.any()]
        stub = list(itertools.takewhile(lambda own: own[-1] + 1 - own[0] <= DASH_HEIGHT * height, rows))
        least = DASH_WIDTH if len(stub) == len(rows) else GROWN_WIDTH
        if len(stub) >= least * height and DASH_FROM <= float(np.concatenate(stub).mean()) / height <= DASH_TO:
            return True
    return False


def _normal(image: Ink) -> NDArray[np.float32]:
    """The shape in a square, its proportions kept, as a vector of length one."""
    height, width = image.shape
    longest = max(height, width)
    square = np.zeros((longest, longest), dtype=np.float32)
    top, left = (longest - height) // 2, (longest - width) // 2
    square[top : top + height, left : left + width] = image
    small = cv2.resize(square, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    vector = cv2.GaussianBlur(small, (0, 0), 0.8).ravel()
    norm = float(np.linalg.norm(vector))
    return np.asarray(vector / norm if norm else vector, dtype=np.float32)


def second_readings(lines: Sequence[Shapes]) -> list[str | None]:
    """What each line reads by its shapes; ``None`` where shapes cannot tell (characters touch, or a digit is rare)."""
    vectors = [image for line in lines for image in line.images or ()]
    labels = np.array(
        [DIGITS.index(c) for line in lines if line.images is not None for c in line.text.replace(" ", "") if c in DIGITS],
        dtype=np.int64,
    )
    if not vectors:
        return [line.contrary or ("" if line.images is None else line.text) or None for line in lines]
    matrix = np.stack(vectors)
    votes = np.full(len(vectors), -1, dtype=np.int64)
    for start in range(0, len(vectors), _BATCH):
        votes[start : start + _BATCH] = _votes(matrix, labels, start, min(start + _BATCH, len(vectors)))
    result: list[str | None] = []
    at = 0
    for line in lines:
        if line.images is None:
            result.append(line.contrary)
            continue
        own = votes[at : at + len(line.images)]
        at += len(line.images)
        result.append(_rewritten(line.text, own))
    return result


def _votes(matrix: NDArray[np.float32], labels: NDArray[np.int64], start: int, stop: int) -> NDArray[np.int64]:
    """The digit each shape is by its neighbours; -1 where its own digit has too few others to compare it with."""
    likeness = matrix[start:stop] @ matrix.T
    rows = np.arange(stop - start)
    likeness[rows, start + rows] = -1.0
    nearness = np.full((stop - start, 10), np.inf, dtype=np.float32)
    counts = np.bincount(labels, minlength=10)
    for digit in range(10):
        others = np.flatnonzero(labels == digit)
        if len(others) < _NEIGHBOURS:
            continue
        nearest = -np.partition(-likeness[:, others], _NEIGHBOURS - 1, axis=1)[:, :_NEIGHBOURS]
        nearness[:, digit] = 1.0 - nearest.mean(axis=1)
    own = labels[start:stop]
    rivals = nearness.copy()
    rivals[rows, own] = np.inf
    best_rival = rivals.argmin(axis=1)
    doubted = rivals[rows, best_rival] < _DOUBT * nearness[rows, own]
    votes = np.where(doubted, best_rival, own)
    votes[counts[own] <= _NEIGHBOURS] = -1
    return votes


def _rewritten(text: str, votes: NDArray[np.int64]) -> str | None:
    if (votes < 0).any():
        return None
    digits = iter(votes)
    return "".join(DIGITS[next(digits)] if character in DIGITS else character for character in text)
