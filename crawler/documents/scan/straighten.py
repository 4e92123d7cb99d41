"""A tilted page made level: the angle at which rows of ink part most sharply."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from crawler.documents.scan.image import Grey

STEEPEST = 1.6
"""Degrees; sheet feeders tilt by less than one."""
LEVEL = 0.02
"""Degrees below which nothing is turned: a third of a pixel over a page."""
_STRIPS = 64
_COARSE, _FINE = 0.1, 0.01


def tilt(ink: NDArray[np.bool_]) -> float:
    """Degrees by which the page's lines fall to the right, within plus or minus `STEEPEST`."""
    height, width = ink.shape
    if not ink.any() or width < 2 * _STRIPS:
        return 0.0
    edges = np.linspace(0, width, _STRIPS + 1).astype(int)
    sums = np.add.reduceat(ink.astype(np.float32), edges[:-1], axis=1).T
    middles = (edges[:-1] + edges[1:]) / 2 - width / 2
    reach = math.ceil(width / 2 * math.tan(math.radians(STEEPEST + _COARSE))) + 2
    padded = np.pad(sums, ((0, 0), (reach, reach)))

    def sharpness(degrees: float) -> float:
        shifts = np.rint(middles * math.tan(math.radians(degrees))).astype(int)
        rows = np.zeros(height, dtype=np.float32)
        for strip, shift in zip(padded, shifts, strict=True):
            rows += strip[reach + shift : reach + shift + height]
        return float(np.square(np.diff(rows)).sum())

    best = max(np.arange(-STEEPEST, STEEPEST + _FINE, _COARSE), key=sharpness)
    return float(max(np.arange(best - _COARSE, best + _COARSE + _FINE / 2, _FINE), key=sharpness))


def levelled(grey: Grey, degrees: float) -> Grey:
    """The page turned by that angle about its middle, white where nothing was."""
    if abs(degrees) < LEVEL:
        return grey
    height, width = grey.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    turned = cv2.warpAffine(grey, matrix, (width, height), flags=cv2.INTER_CUBIC, borderValue=255)
    return np.asarray(turned, dtype=np.uint8)


def as_scanned(x: float, y: float, width: float, height: float, degrees: float) -> tuple[float, float]:
    """A point of the levelled page where it stands on the page as scanned."""
    angle = math.radians(degrees)
    dx, dy = x - width / 2, y - height / 2
    return width / 2 + dx * math.cos(angle) - dy * math.sin(angle), height / 2 + dx * math.sin(angle) + dy * math.cos(angle)
