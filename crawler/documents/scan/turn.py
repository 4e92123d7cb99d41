"""Pages scanned sideways or upside down: which way their lines run, and the page turned."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from crawler.documents.scan.image import Grey, PageImage
from crawler.documents.scan.ink import contrast, thresholds

SCALE = 1.5
"""Pixels a point: enough to tell characters from the white between lines."""
RULE = 25.0
"""Points: longer straight runs are rules, whatever way the text runs."""
REACH = 2.5
"""Points on either side that ink is spread by: characters of a line touch then, and lines mostly do not."""
SMALLEST = 4.0
"""Points: what is smaller is dirt."""
FEWEST = 12
"""Pieces of ink; with fewer a page is too empty to tell."""


def is_sideways(grey: Grey, scale: float) -> bool:
    """Whether the lines of text run up or down the page: spread along its lines, text falls into fewer pieces than across."""
    factor = min(1.0, SCALE / scale)
    small = cv2.resize(grey, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA) if factor < 1 else grey
    small = np.asarray(cv2.medianBlur(small, 3), dtype=np.uint8)
    size = scale * factor
    dark = contrast(small, size)
    ink = (dark >= thresholds(dark)[0]).astype(np.uint8)
    longest = round(RULE * size)
    runs = [cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones(kernel, np.uint8)) for kernel in ((1, longest), (longest, 1))]
    rules = np.maximum(*runs)
    ink[cv2.dilate(rules, np.ones((3, 3), np.uint8)) > 0] = 0
    reach = max(3, round(2 * REACH * size) | 1)
    along, across = (_pieces(ink, kernel, size) for kernel in ((1, reach), (reach, 1)))
    return along > across >= FEWEST


def _pieces(ink: Grey, kernel: tuple[int, int], size: float) -> int:
    """How many pieces the ink falls into, spread by that many rows and columns."""
    spread = cv2.dilate(ink, np.ones(kernel, np.uint8))
    stats = cv2.connectedComponentsWithStats(spread, connectivity=4)[2][1:]
    return int((np.maximum(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]) >= SMALLEST * size).sum())


def turned(image: PageImage, degrees: int) -> PageImage:
    """The page turned clockwise by 90, 180 or 270 degrees."""
    grey = np.ascontiguousarray(np.rot90(image.grey, -degrees // 90))
    width, height = (image.height, image.width) if degrees % 180 else (image.width, image.height)
    return replace(image, grey=grey, width=width, height=height)
