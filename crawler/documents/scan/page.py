"""One page image -> where its lines of text are, in and outside its tables."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from crawler.documents.lattice import Lattice, find_lattices
from crawler.documents.model import Box
from crawler.documents.page import Rule
from crawler.documents.scan.image import Grey, PageImage
from crawler.documents.scan.ink import Ink, PageInk, contrast, read_ink, thresholds
from crawler.documents.scan.lines import (
    MARGIN,
    Clip,
    LineBox,
    brighter_than,
    cell_lines,
    clips,
    crop,
    erased,
    free_lines,
    usual_height,
    without_specks,
)
from crawler.documents.scan.loose import loose_regions
from crawler.documents.scan.recognise import Recognition
from crawler.documents.scan.straighten import levelled, tilt

TABLE_WIDTH, TABLE_HEIGHT = 90.0, 10.0
"""Points: smaller lattices are characters, seals and pictures."""
FEWEST_CELLS = 12
"""Cells that dashes must enclose to be rules: strokes of characters may look like a few."""
OTHER_MARGIN = 0.45
"""White space round a line for its second reading: at another scale the recogniser sees other pixels."""
BESIDE = 2.0
"""Points round a piece of a table without rules that are its own."""
INSIDE = 1.2
"""Points that a cell's text keeps from the middle of its rules."""


@dataclass(slots=True)
class ScanLine:
    """A line of text before it is read: its place in points on the levelled page, its image and its ink."""

    box: Box
    image: Grey
    ink: Ink
    cell: int | None
    """Which cell of the page it stands in, ``None`` outside tables."""
    faint: bool
    second_image: Grey
    table: int | None = None
    """Which of the page's tables without rules it stands in."""
    first: Recognition | None = None
    """What it reads, where it was read before the others."""


@dataclass(slots=True)
class ScanPage:
    """A page taken apart. ``tilt`` in degrees; sizes in points."""

    number: int
    width: float
    height: float
    tilt: float
    horizontals: list[Rule] = field(default_factory=list)
    verticals: list[Rule] = field(default_factory=list)
    lines: list[ScanLine] = field(default_factory=list)
    tables: list[Box] = field(default_factory=list)
    turn: int = 0
    """Degrees by which the page was turned clockwise to stand upright; all places are those of the page turned so."""


def take_apart(image: PageImage) -> ScanPage:
    """Level the page, find its tables, and cut out every line of text."""
    scale = image.scale
    degrees = tilt(_ink_for_tilt(image.grey, scale))
    grey = levelled(image.grey, degrees)
    ink, lattices = _ruled(grey, scale)
    page = ScanPage(image.number, image.width, image.height, degrees)
    page.tables = [one.box for one in lattices]
    # Rules outside the tables are strokes of characters: they must not make tables in what follows.
    page.horizontals = [rule for rule in ink.horizontals if _of_table(rule.start, rule.at, rule.end, rule.at, page.tables)]
    page.verticals = [rule for rule in ink.verticals if _of_table(rule.at, rule.start, rule.at, rule.end, page.tables)]
    clean, ruled = erased(grey, lattices, scale)
    clear, faint = ink.clear & ~ruled, ink.faint & ~ruled
    _add_cells(page, clean, clear, faint, lattices, scale)
    outside = np.ones(grey.shape, dtype=np.bool_)
    for x0, top, x1, bottom in page.tables:
        rows = slice(max(round((top - 2) * scale), 0), round((bottom + 2) * scale))
        outside[rows, max(round((x0 - 3) * scale), 0) : round((x1 + 3) * scale)] = False
    found = _add_loose(page, clean, clear, outside, scale)
    usual = usual_height(found, scale)
    edge: Clip = (0, 0, grey.shape[1], grey.shape[0])
    for line in found:
        page.lines.append(_scan_line(line, edge, clean, clear, scale, usual, None))
    return page


def _ruled(grey: Grey, scale: float) -> tuple[PageInk, list[Lattice]]:
    """The page's ink and ruled tables; where these are in pieces or none, dashes are rules too if that makes more cells."""
    best: tuple[PageInk, list[Lattice]] | None = None
    for dashed in (False, True):
        ink = read_ink(grey, scale, dashed=dashed)
        lattices = [one for one in find_lattices(ink.horizontals, ink.verticals) if _is_table(one)]
        if best is None or _whole_cells(lattices) > max(_whole_cells(best[1]), FEWEST_CELLS):
            best = ink, lattices
        if lattices and all(one.consistent for one in lattices):
            break
    assert best is not None  # noqa: S101 - read at least once
    return best


def _whole_cells(lattices: list[Lattice]) -> int:
    return sum(len(one.cells) for one in lattices if one.consistent)


def _ink_for_tilt(grey: Grey, scale: float) -> NDArray[np.bool_]:
    factor = min(1.0, 2.0 / scale)
    small = cv2.resize(grey, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA) if factor < 1 else grey
    dark = contrast(np.asarray(small, dtype=np.uint8), scale * factor)
    return np.asarray(dark >= thresholds(dark)[0], dtype=np.bool_)


def _is_table(lattice: Lattice) -> bool:
    x0, top, x1, bottom = lattice.box
    return x1 - x0 >= TABLE_WIDTH and bottom - top >= TABLE_HEIGHT


def _of_table(x0: float, top: float, x1: float, bottom: float, tables: list[Box]) -> bool:
    return any(x1 > box[0] - 4 and x0 < box[2] + 4 and bottom > box[1] - 4 and top < box[3] + 4 for box in tables)


def _add_cells(page: ScanPage, clean: Grey, clear: Ink, faint: Ink, lattices: list[Lattice], scale: float) -> None:
    boxes = [cell.box for lattice in lattices for cell in lattice.cells]
    inner = [(x0 + INSIDE, top + INSIDE, x1 - INSIDE, bottom - INSIDE) for x0, top, x1, bottom in boxes]
    first = [cell_lines(clear, faint, box, scale, 10.5) for box in inner]
    usual = usual_height([line for lines in first for line in lines], scale)
    for index, box in enumerate(inner):
        lines = cell_lines(clear, faint, box, scale, usual)
        x0, top, x1, bottom = (round(value * scale) for value in box)
        for line, clip in zip(lines, clips(lines, (x0, top, x1, bottom)), strict=True):
            page.lines.append(_scan_line(line, clip, clean, faint if line.faint else clear, scale, usual, index))


def _add_loose(page: ScanPage, clean: Grey, clear: Ink, outside: NDArray[np.bool_], scale: float) -> list[LineBox]:
    """Cut out the text of tables without rules, and find the lines outside all tables."""
    count = sum(1 for line in page.lines)
    for number, pieces in enumerate(loose_regions(clear, outside, scale)):
        usual = usual_height(pieces, scale)
        reach = round(BESIDE * scale)
        for line in pieces:
            clip = (line.x0 - reach, line.top - reach, line.x1 + reach, line.bottom + reach)
            piece = _scan_line(line, clip, clean, clear, scale, usual, count)
            piece.table = number
            page.lines.append(piece)
            count += 1
        top, bottom = min(line.top for line in pieces), max(line.bottom for line in pieces)
        outside[top:bottom] = False
    return free_lines(clear, outside, scale)


def _scan_line(line: LineBox, clip: Clip, grey: Grey, ink: Ink, scale: float, usual: float, cell: int | None) -> ScanLine:
    own = ink[line.top : line.bottom, line.x0 : line.x1]
    box = (line.x0 / scale, line.top / scale, line.x1 / scale, line.bottom / scale)
    if cell is None:
        image = crop(grey, line, clip, usual * scale)
        return ScanLine(box, image, own, None, line.faint, image)
    x0, top, x1, bottom = max(clip[0], 0), max(clip[1], 0), clip[2], clip[3]
    part = ink[top:bottom, x0:x1]
    image = _without_dirt(grey[top:bottom, x0:x1], part & ~without_specks(part, scale))
    moved = LineBox(line.x0 - x0, line.top - top, line.x1 - x0, line.bottom - top)
    inside: Clip = (0, 0, image.shape[1], image.shape[0])
    first, second = (crop(image, moved, inside, usual * scale, margin) for margin in (MARGIN, OTHER_MARGIN))
    return ScanLine(box, first, without_specks(own, scale), cell, line.faint, second)


def _without_dirt(grey: Grey, dirt: Ink) -> Grey:
    """The part of the page with white where dirt is."""
    if not dirt.any():
        return grey
    wiped = grey.copy()
    wiped[cv2.dilate(dirt.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0] = brighter_than(grey, 0.85)
    return wiped
