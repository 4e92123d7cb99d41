"""A second, independent reading of a page's tables by pdfplumber, and its comparison with the first."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from crawler.documents.layout import Line, split_wide_gaps
from crawler.documents.model import Box
from crawler.documents.radicals import fold_radicals
from crawler.documents.ruled_text import INCONSISTENT_LATTICE
from crawler.documents.stitching import Fragment, Piece

SECOND_READING_DIFFERS = "second_reading_differs"
NO_SECOND_READING = "no_second_reading"
TABULAR_LINES = 3
TABULAR_COLUMNS = 4


def looks_tabular(lines: Sequence[Line]) -> bool:
    """Whether at least three lines fall into four or more pieces with wide gaps between them."""
    return sum(len(split_wide_gaps(line, gap=1.0)) >= TABULAR_COLUMNS for line in lines) >= TABULAR_LINES


def compared(first: Fragment, second: Sequence[Fragment]) -> Fragment:
    """The first reading with ``second_text`` in every cell that the second saw otherwise.

    Where the first reading's spans are a guess and the second's cover their rectangle, the second one is taken.
    """
    pieces = [piece for fragment in second for piece in fragment.pieces]
    if INCONSISTENT_LATTICE in first.flags:
        for fragment in second:
            if _overlaps(fragment, first) and _covers(fragment):
                return replace(fragment, flags=first.flags, reading_order=first.reading_order)
    changed = []
    differs = False
    for piece in first.pieces:
        other = _counterpart(piece, pieces)
        seen = other.text if other is not None else None
        if seen is None and not piece.text:
            changed.append(piece)
        elif seen is None or _plain(seen) != _plain(piece.text):
            differs = True
            changed.append(piece._replace(second_text=seen or ""))
        else:
            changed.append(piece)
    flags = first.flags
    if differs:
        flags = (*flags, SECOND_READING_DIFFERS)
    return replace(first, pieces=tuple(changed), flags=flags, compared=True)


def _counterpart(piece: Piece, others: Sequence[Piece]) -> Piece | None:
    """The other reading's cell in the same place: each middle lies in the other's box."""
    for other in others:
        if _holds_middle(other.box, piece.box) and _holds_middle(piece.box, other.box):
            return other
    return None


def _holds_middle(outer: Box, inner: Box) -> bool:
    x, y = (inner[0] + inner[2]) / 2, (inner[1] + inner[3]) / 2
    return outer[0] <= x <= outer[2] and outer[1] <= y <= outer[3]


def _overlaps(first: Fragment, second: Fragment) -> bool:
    return any(_holds_middle(one.box, other.box) for one in first.pieces for other in second.pieces)


def _covers(fragment: Fragment) -> bool:
    """Whether the cells' boxes fill the fragment's rectangle: their areas add up to it."""
    x0, x1 = fragment.left, fragment.right
    top = min(piece.box[1] for piece in fragment.pieces)
    bottom = max(piece.box[3] for piece in fragment.pieces)
    filled = sum((piece.box[2] - piece.box[0]) * (piece.box[3] - piece.box[1]) for piece in fragment.pieces)
    return abs(filled - (x1 - x0) * (bottom - top)) < 0.02 * filled


def _plain(text: str) -> str:
    return re.sub(r"\s+", "", fold_radicals(text))
