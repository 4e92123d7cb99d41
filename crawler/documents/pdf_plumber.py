"""pdfplumber's reading of a page's tables, as fragments that can be compared with our own.

Imported only when a second reading is wanted: pdfplumber takes longer to load than most reports to read.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import logging
import struct
import zlib
from collections.abc import Iterable, Sequence
from typing import Any

import pdfplumber
from pdfminer import pdftypes
from pdfminer.pdfparser import PDFSyntaxError
from pdfminer.psparser import PSException
from pdfplumber.utils.exceptions import MalformedPDFException, PdfminerException

from crawler.documents.lattice import SNAP
from crawler.documents.model import Box, Method
from crawler.documents.radicals import fold_radicals
from crawler.documents.stitching import Fragment, Piece

logging.getLogger("pdfminer").setLevel(logging.ERROR)  # it warns of every odd font descriptor, on every page

OVERHANG = 5.0
"""As in the lattice: vertical edges that run this far (points) past the outermost horizontal one show a missing rule."""
NARROW_EDGE = 10.0
"""Horizontal edges shorter than this (points) are the ends of thin upright boxes."""
_DAMAGE = (
    MalformedPDFException,
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


def inflate_damaged(data: bytes) -> bytes:
    """What a damaged stream holds where only its last three bytes, of the checksum, may be wrong.

    pdfminer's own gives the same byte by byte onto a growing string, in time that grows with the square of the stream.

    Raises:
        zlib.error: it is damaged before that.
    """
    stream = zlib.decompressobj()
    parts = [stream.decompress(data[:-3])]
    with contextlib.suppress(zlib.error):
        parts += [stream.decompress(data[at : at + 1]) for at in range(max(len(data) - 3, 0), len(data))]
    return b"".join(parts)


pdftypes.decompress_corrupted = inflate_damaged


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
