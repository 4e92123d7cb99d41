"""Tables of a scan that have no ruling lines: found by rows of short pieces of text, and put together by rows.

What is known of such a table is the order of its cells within each row; columns are not.
"""

from __future__ import annotations

import bisect
import itertools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from crawler.documents.model import Box, Method
from crawler.documents.scan.ink import Ink
from crawler.documents.scan.lines import LineBox, joined_boxes, spread_boxes, tightened, without_dust
from crawler.documents.stitching import Fragment, Piece

GRID_INFERRED = "grid_inferred"
"""No ruling lines were found: the rows were put together by where the text stands."""

SPREAD, APART = 6.0, 6.0
"""Points: what is further apart on one line is two pieces of text."""
RULE = 25.0
"""Points: longer straight runs are what is left of rules."""
PIECES = 4
"""So many pieces on one line make it a row of a table."""
SHORT = 70.0
"""Points: that short all but one of them are."""
ROWS_APART = 90.0
"""Points between two such rows of one table, at most."""
WIDE = 0.55
"""The share of the page's text width from which on a line by itself is running text."""
PUNCTUATION = 1.3
"""Line heights of white at a full stop or a bracket, at most."""
SAME_CELL = 0.9
"""Line heights between the lines of one label, at most."""
MANY = 5
"""Columns from which on the lines of a header are put together by column; narrow columns wrap their headers."""
BESIDE_ROWS = 2.2
"""Line heights between a table's rows and a line that may belong to it."""
NEAR = 3.0
"""Points by which a header may stick out of its column."""
NO_LABEL = 30.0
"""Points that a row without any label counts as being off by."""
_NUMBER = re.compile(r"[-+—－−–]?\d[\d.,，．]*|[-—－−–/／]{1,2}")


@dataclass(frozen=True, slots=True)
class LoosePiece:
    """A piece of such a table as read: text, what a second reading saw instead, and its box in points."""

    text: str
    second: str | None
    box: Box

    @property
    def middle(self) -> float:
        """Of its height."""
        return (self.box[1] + self.box[3]) / 2

    @property
    def is_number(self) -> bool:
        """Whether it is a number, or a mark for none."""
        return bool(_NUMBER.fullmatch("".join(self.text.split())))


def loose_regions(ink: Ink, outside: NDArray[np.bool_], scale: float) -> list[list[LineBox]]:
    """The pieces of text of every table without rules, by table; ``outside`` is false where ruled tables stand."""
    image = without_dust((ink & outside).astype(np.uint8), scale)
    run = round(RULE * scale)
    for kernel in ((1, run), (run, 1)):
        image[cv2.morphologyEx(image, cv2.MORPH_OPEN, np.ones(kernel, np.uint8)) > 0] = 0
    pieces = joined_boxes(tightened(image, spread_boxes(image, scale, SPREAD)), gap=APART * scale)
    bands = _bands(pieces)
    if not pieces:
        return []
    width = max(box[2] for box in pieces) - min(box[0] for box in pieces)
    regions: list[list[LineBox]] = []
    for first, last in _stretches(bands, scale, width):
        regions.append([LineBox(*box) for band in bands[first : last + 1] for box in band])
    return regions


_Pixels = tuple[int, int, int, int]


def _bands(boxes: Sequence[_Pixels]) -> list[list[_Pixels]]:
    """Pieces side by side, top to bottom."""
    bands: list[list[_Pixels]] = []
    for box in sorted(boxes, key=lambda box: box[1] + box[3]):
        first = bands[-1][0] if bands else box
        if bands and box[1] + box[3] - first[1] - first[3] <= min(box[3] - box[1], first[3] - first[1]):
            bands[-1].append(box)
        else:
            bands.append([box])
    return [sorted(band) for band in bands]


def _stretches(bands: Sequence[Sequence[_Pixels]], scale: float, width: float) -> list[tuple[int, int]]:
    """First and last band of every table."""
    rows = [number for number, band in enumerate(bands) if _is_row(_columns(band), scale)]
    found: list[tuple[int, int]] = []
    for row in rows:
        if found and not _parted(bands, found[-1][1], row, scale, width):
            found[-1] = (found[-1][0], row)
        else:
            found.append((row, row))
    reaching = [(_reach(bands, first, -1, width), _reach(bands, last, 1, width)) for first, last in found]
    result: list[tuple[int, int]] = []
    for first, last in reaching:
        start = max(first, result[-1][1] + 1) if result else first
        if start <= last:
            result.append((start, last))
    return result


def _reach(bands: Sequence[Sequence[_Pixels]], band: int, step: int, width: float) -> int:
    """The last band that way that belongs to the same table."""
    while 0 <= band + step < len(bands) and _belongs(bands[band + step], bands[band], width):
        band += step
    return band


def _parted(bands: Sequence[Sequence[_Pixels]], above: int, below: int, scale: float, width: float) -> bool:
    if bands[below][0][1] - bands[above][0][3] > ROWS_APART * scale:
        return True
    return any(_is_text(band, width) for band in bands[above + 1 : below])


def _columns(band: Sequence[_Pixels]) -> list[tuple[int, int]]:
    """Where the band's text stands, pieces joined that are no further apart than punctuation parts them."""
    columns = [(band[0][0], band[0][2])]
    for one, other in itertools.pairwise(band):
        if other[0] - one[2] > PUNCTUATION * (one[3] - one[1]):
            columns.append((other[0], other[2]))
        else:
            columns[-1] = (columns[-1][0], other[2])
    return columns


def _is_row(columns: Sequence[tuple[int, int]], scale: float) -> bool:
    return len(columns) >= PIECES and sum(stop - start <= SHORT * scale for start, stop in columns) >= len(columns) - 1


def _is_text(band: Sequence[_Pixels], width: float) -> bool:
    """Whether most of a line is one stretch of text."""
    return max(stop - start for start, stop in _columns(band)) > WIDE * width


def _belongs(band: Sequence[_Pixels], beside: Sequence[_Pixels], width: float) -> bool:
    upper, lower = sorted((band, beside), key=lambda one: one[0][1] + one[0][3])
    gap = min(box[1] for box in lower) - max(box[3] for box in upper)
    height = max(box[3] - box[1] for box in (*band, *beside))
    parted = len(_columns(band)) > 1
    return gap <= (BESIDE_ROWS if parted else SAME_CELL) * height and not _is_text(band, width)


def loose_table(pieces: Sequence[LoosePiece], page: int) -> Fragment | None:
    """The pieces as rows: labels, of as many lines as they have, before the numbers that stand beside them.

    ``None`` where there is no number.
    """
    bands = _read_bands(pieces)
    valued = [number for number, band in enumerate(bands) if any(one.is_number for one in band)]
    if not valued:
        return None
    heads = _heads(bands, valued)
    rows: list[list[list[LoosePiece]]] = []
    for is_head, group in itertools.groupby(range(len(bands)), key=heads.__contains__):
        numbers = list(group)
        if not is_head:
            rows += _rows_of_run([bands[number] for number in numbers])
            continue
        below = next((number for number in valued if number > numbers[-1]), None)
        columns = [one for one in bands[below] if one.is_number] if below is not None else []
        rows += _header_rows([bands[number] for number in numbers], columns)
    return _fragment([row for row in rows if row], page)


def _heads(bands: Sequence[list[LoosePiece]], valued: Sequence[int]) -> set[int]:
    """The bands of headers: no number in them, and something above the numbers; and what stands between two of them."""
    heads = set()
    for number, band in enumerate(bands):
        nearest = min(valued, key=lambda one: (abs(one - number), one < number))
        left = next(one.box[0] for one in bands[nearest] if one.is_number)
        if number not in valued and any((one.box[0] + one.box[2]) / 2 > left for one in band):
            heads.add(number)
    return heads | {number for number in range(len(bands)) if {number - 1, number + 1} <= heads and number not in valued}


def _header_rows(bands: Sequence[list[LoosePiece]], columns: Sequence[LoosePiece]) -> list[list[list[LoosePiece]]]:
    """A header's bands as rows; over many columns the lines in each column are one cell, in a last row of their own."""
    if len(columns) < MANY:
        return [[[one] for one in band] for band in bands]
    middles = [(one.box[0] + one.box[2]) / 2 for one in columns]
    between = [(one + other) / 2 for one, other in itertools.pairwise(middles)]
    edges = [2 * middles[0] - between[0], *between, 2 * middles[-1] - between[-1]]
    leaves: list[list[LoosePiece]] = [[] for _ in columns]
    rows = []
    for band in bands:
        wider = []
        for one in band:
            slot = bisect.bisect_right(edges, (one.box[0] + one.box[2]) / 2) - 1
            if 0 <= slot < len(columns) and edges[slot] - NEAR <= one.box[0] and one.box[2] <= edges[slot + 1] + NEAR:
                leaves[slot].append(one)
            else:
                wider.append([one])
        rows.append(wider)
    return [*rows, [leaf for leaf in leaves if leaf]]


def _read_bands(pieces: Sequence[LoosePiece]) -> list[list[LoosePiece]]:
    bands: list[list[LoosePiece]] = []
    for one in sorted(pieces, key=lambda one: one.middle):
        height = one.box[3] - one.box[1]
        if bands and one.middle - bands[-1][0].middle <= 0.5 * min(height, bands[-1][0].box[3] - bands[-1][0].box[1]):
            bands[-1].append(one)
        else:
            bands.append([one])
    return [sorted(band, key=lambda one: one.box[0]) for band in bands]


def _rows_of_run(bands: Sequence[list[LoosePiece]]) -> list[list[list[LoosePiece]]]:
    """Bands of labels and numbers as rows of cells, each of one piece or, for a label, of its lines."""
    valued = [number for number, band in enumerate(bands) if any(one.is_number for one in band)]
    if not valued:
        return [[[one] for one in band] for band in bands]
    first, last = _joined(bands, valued[0], -1), _joined(bands, valued[-1], 1)
    if (first, last) != (0, len(bands) - 1):
        outside = [[[[one] for one in band] for band in part] for part in (bands[:first], bands[last + 1 :])]
        return [*outside[0], *_rows_of_run(bands[first : last + 1]), *outside[1]]
    edge = _label_edge(bands)
    labels: list[list[LoosePiece]] = []
    groups: list[list[LoosePiece]] = []
    for band in bands:
        before = list(itertools.takewhile(lambda one: not one.is_number, band))
        labels.append([one for one in before if one.box[2] > edge])
        groups.append([one for one in before if one.box[2] <= edge])
    owner = _owners(bands, labels, valued)
    rows = []
    for row, number in enumerate(valued):
        mine = [index for index, own in enumerate(owner) if own == row]
        group = [one for index in mine for one in groups[index]]
        label = [one for index in mine for one in labels[index]]
        skip = len(labels[number]) + len(groups[number])
        rows.append([*([group] if group else []), *([label] if label else []), *([one] for one in bands[number][skip:])])
    return rows


def _joined(bands: Sequence[list[LoosePiece]], band: int, step: int) -> int:
    """The last band that way that stands as close as the lines of one label."""
    while 0 <= band + step < len(bands):
        upper, lower = sorted((bands[band], bands[band + step]), key=lambda one: one[0].middle)
        height = max(one.box[3] - one.box[1] for one in (*upper, *lower))
        if min(one.box[1] for one in lower) - max(one.box[3] for one in upper) > SAME_CELL * height:
            break
        band += step
    return band


def _label_edge(bands: Sequence[list[LoosePiece]]) -> float:
    """Where the rows' own labels begin, right of labels that stand before several rows; 0 without such."""
    starts = []
    for band in bands:
        before = list(itertools.takewhile(lambda one: not one.is_number, band))
        if len(before) > 1:
            starts.append(before[-1].box[0])
    return float(np.median(starts)) if starts else 0.0


def _owners(bands: Sequence[list[LoosePiece]], labels: Sequence[list[LoosePiece]], valued: Sequence[int]) -> list[int]:
    """For each band the row it belongs to: the lines of a label stand at the middle of their row, at its top or at its end."""
    middles = [float(np.mean([one.middle for one in band])) for band in bands]

    def off(block: list[float], at: float, aim: Callable[[list[float]], float]) -> float:
        return abs(aim(block) - at) if block else NO_LABEL

    aims: tuple[Callable[[list[float]], float], ...] = (
        lambda block: (block[0] + block[-1]) / 2,
        lambda block: block[0],
        lambda block: block[-1],
    )
    best: tuple[float, list[int]] | None = None
    for aim in aims:
        # After each row: where its block ends -> the least sum so far, and the ends of all blocks.
        states: dict[int, tuple[float, list[int]]] = {0: (0.0, [])}
        for row, number in enumerate(valued):
            stop = valued[row + 1] if row + 1 < len(valued) else len(bands)
            ends = range(number + 1, stop + 1) if row + 1 < len(valued) else (len(bands),)
            following: dict[int, tuple[float, list[int]]] = {}
            for end in ends:
                options = []
                for begin, (cost, path) in states.items():
                    block = [middles[index] for index in range(begin, end) if labels[index]]
                    options.append((cost + off(block, middles[number], aim), [*path, end]))
                following[end] = min(options)
            states = following
        found = min(states.values())
        if best is None or found[0] < best[0]:
            best = found
    assert best is not None  # noqa: S101 - there are three aims
    owner: list[int] = []
    for row, end in enumerate(best[1]):
        owner += [row] * (end - len(owner))
    return owner


def _fragment(rows: Sequence[list[list[LoosePiece]]], page: int) -> Fragment:
    """The rows as a fragment: every cell reaches half-way to its neighbours, the outer ones to the table's edges."""
    everything = [one for row in rows for cell in row for one in cell]
    left, right = min(one.box[0] for one in everything), max(one.box[2] for one in everything)
    pieces: list[Piece] = []
    for number, row in enumerate(rows):
        boxes = [_around(cell) for cell in row]
        between = [(one[2] + other[0]) / 2 for one, other in itertools.pairwise(boxes)]
        edges = [left, *itertools.accumulate(between, max), right]
        for index, (cell, box) in enumerate(zip(row, boxes, strict=True)):
            ordered = sorted(cell, key=lambda one: (one.middle, one.box[0]))
            second = "\n".join(one.text if one.second is None else one.second for one in ordered)
            pieces.append(
                Piece(
                    number,
                    1,
                    edges[index],
                    edges[index + 1],
                    "\n".join(one.text for one in ordered),
                    full=False,
                    page=page,
                    box=box,
                    second_text=second if any(one.second is not None for one in cell) else None,
                )
            )
    heights = tuple(10.0 for _ in rows)
    return Fragment(page, tuple(pieces), heights, Method.OCR, (GRID_INFERRED,))


def _around(cell: Sequence[LoosePiece]) -> Box:
    x0, top, x1, bottom = zip(*(one.box for one in cell), strict=True)
    return min(x0), min(top), max(x1), max(bottom)
