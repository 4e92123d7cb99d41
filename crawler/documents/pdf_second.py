"""A second, independent reading of a page's tables by pdfplumber, and its comparison with the first."""

from __future__ import annotations

import io
import itertools
import re
import struct
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import pdfplumber
from pdfminer.pdfparser import PDFSyntaxError
from pdfminer.psparser import PSException
from pdfplumber.utils.exceptions import PdfminerException

from crawler.documents.lattice import SNAP
from crawler.documents.layout import Line, split_wide_gaps
from crawler.documents.model import Box, Method
from crawler.documents.radicals import fold_radicals
from crawler.documents.ruled_text import INCONSISTENT_LATTICE
from crawler.documents.stitching import Fragment, Piece

SECOND_READING_DIFFERS = "second_reading_differs"
NO_SECOND_READING = "no_second_reading"
OVERHANG = 5.0
"""As in the lattice: vertical edges that run this far (points) past the outermost horizontal one show a missing rule."""
NARROW_EDGE = 10.0
"""Horizontal edges shorter than this (points) are the ends of thin upright boxes."""
TABULAR_LINES = 3
TABULAR_COLUMNS = 4

_DAMAGE = (
    PdfminerException,
    PDFSyntaxError,
    PSException,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    AssertionError,
    ArithmeticError,
    RecursionError,
    struct.error,
    zlib.error,
)
"""What pdfminer raises on damaged structures that pdfium repairs."""

_SETTINGS = {"vertical_strategy": "lines", "horizontal_strategy": "lines", "snap_tolerance": 3, "join_tolerance": 4}


def looks_tabular(lines: Sequence[Line]) -> bool:
    """Whether at least three lines fall into four or more pieces with wide gaps between them."""
    return sum(len(split_wide_gaps(line, gap=1.0)) >= TABULAR_COLUMNS for line in lines) >= TABULAR_LINES


def plumber_fragments(content: bytes, pages: Iterable[int]) -> dict[int, list[Fragment]]:
    """pdfplumber's tables on those 1-based pages as fragments; a page that it cannot read is missing from the result."""
    found: dict[int, list[Fragment]] = {}
    wanted = sorted(set(pages))
    try:
        with pdfplumber.open(io.BytesIO(content), pages=wanted) as pdf:
            for page in pdf.pages:
                found[page.page_number] = _fragments(page)
                page.close()
    except _DAMAGE:
        # What was read so far stands; the pages that are missing are flagged by the caller.
        return found
    return found


def _fragments(page: Any) -> list[Fragment]:
    offset_x, offset_y = page.bbox[0], page.bbox[1]
    settings = {**_SETTINGS, "explicit_horizontal_lines": _missing_rules(page.edges)}
    fragments = []
    for table in page.find_tables(settings):
        texts = table.extract(x_tolerance=2)
        cells: list[tuple[Box, str]] = []
        for row, values in zip(table.rows, texts, strict=True):
            for box, text in zip(row.cells, values, strict=True):
                if box is not None:
                    moved = (box[0] - offset_x, box[1] - offset_y, box[2] - offset_x, box[3] - offset_y)
                    cells.append((moved, fold_radicals(text or "").strip()))
        if cells:
            fragments.append(_fragment(cells, page.page_number))
    return fragments


def _missing_rules(edges: Sequence[dict[str, Any]]) -> list[float]:
    """Heights at which an outer rule was left out: upright edges run past the outermost flat ones."""
    flat = [edge for edge in edges if edge["orientation"] == "h" and edge["x1"] - edge["x0"] >= NARROW_EDGE]
    upright = [edge for edge in edges if edge["orientation"] == "v"]
    if not flat or len(upright) < 2:
        return []
    top, bottom = min(edge["top"] for edge in upright), max(edge["bottom"] for edge in upright)
    missing = []
    if min(edge["top"] for edge in flat) - top > OVERHANG:
        missing.append(top)
    if bottom - max(edge["bottom"] for edge in flat) > OVERHANG:
        missing.append(bottom)
    return missing


def _fragment(cells: Sequence[tuple[Box, str]], page: int) -> Fragment:
    ys = _positions([value for box, _ in cells for value in (box[1], box[3])])
    pieces = []
    for box, text in cells:
        row, last = _nearest(ys, box[1]), _nearest(ys, box[3])
        pieces.append(Piece(row, max(last - row, 1), box[0], box[2], text, full=False, page=page, box=box))
    heights = tuple(bottom - top for top, bottom in itertools.pairwise(ys))
    return Fragment(page, tuple(sorted(pieces, key=lambda piece: (piece.row, piece.x0))), heights, Method.PDFPLUMBER)


def _positions(values: Sequence[float]) -> list[float]:
    groups: list[list[float]] = []
    for value in sorted(values):
        if groups and value - groups[-1][0] <= SNAP:
            groups[-1].append(value)
        else:
            groups.append([value])
    return [sum(group) / len(group) for group in groups]


def _nearest(positions: Sequence[float], value: float) -> int:
    return min(range(len(positions)), key=lambda index: abs(positions[index] - value))


def compared(first: Fragment, second: Sequence[Fragment]) -> Fragment:
    """The first reading with ``second_text`` in every cell that the second saw otherwise.

    Where the first reading's spans are a guess and the second's cover their rectangle, the second one is taken.
    """
    pieces = [piece for fragment in second for piece in fragment.pieces]
    if INCONSISTENT_LATTICE in first.flags:
        for fragment in second:
            if _overlaps(fragment, first) and _covers(fragment):
                return replace(fragment, flags=(*first.flags,))
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
    return replace(first, pieces=tuple(changed), flags=flags)


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
