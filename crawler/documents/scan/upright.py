"""A page image -> the page taken apart as it stands upright, told by what the recogniser makes of some of its words."""

from __future__ import annotations

import statistics

from crawler.documents.scan.image import PageImage
from crawler.documents.scan.page import ScanPage, take_apart
from crawler.documents.scan.reading import squeeze
from crawler.documents.scan.recognise import Recogniser, Recognition
from crawler.documents.scan.turn import is_sideways, turned

LEGIBLE = 0.8
"""The probability of a page's characters from which on it stands upright; upside down it is about a half."""
PROBED, FEWEST_PROBED = 6, 2
"""Lines of words by which that is told, at most and at least."""
PROBED_FROM, PROBED_TO = 3.0, 15.0
"""Times its height such a line is wide."""


def upright(image: PageImage, engine: Recogniser) -> ScanPage:
    """The page taken apart as it stands upright, whichever way it was scanned."""
    turns = (90, 270) if is_sideways(image.grey, image.scale) else (0, 180)
    best, best_legibility = None, -1.0
    for turn in turns:
        page = take_apart(turned(image, turn) if turn else image)
        page.turn = turn
        legibility = _legibility(page, engine)
        if best is None or legibility > best_legibility:
            best, best_legibility = page, legibility
        if legibility >= LEGIBLE:
            break
    assert best is not None  # noqa: S101 - there are two turns
    return best


def _legibility(page: ScanPage, engine: Recogniser) -> float:
    """How sure the recogniser is of some of the page's words, 0 to 1; 1 where there are too few to tell.

    What it reads is kept.
    """
    words = [
        line
        for line in page.lines
        if PROBED_FROM * line.image.shape[0] <= line.image.shape[1] <= PROBED_TO * line.image.shape[0]
    ]
    probed = words[:: max(1, len(words) // PROBED)][:PROBED]
    if len(probed) < FEWEST_PROBED:
        return 1.0
    for line, result in zip(probed, engine.read([line.image for line in probed], list(map(squeeze, probed))), strict=True):
        line.first = result
    return statistics.median(_mean_probability(line.first) for line in probed if line.first is not None)


def _mean_probability(one: Recognition) -> float:
    return statistics.fmean([character.probability for character in one.characters]) if one.characters else 0.0
