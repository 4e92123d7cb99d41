"""Text put into the cells of a lattice by position -> the fragment of a table that one page shows."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from crawler.documents.lattice import Lattice, LatticeCell, owners
from crawler.documents.layout import Line, lines_of
from crawler.documents.model import Method, Word
from crawler.documents.page import TextRun
from crawler.documents.stitching import SPLIT_DIGITS, Fragment, Piece

NO_GAP = 0.12
"""Characters nearer than this (in line heights) were set as one word: a rule between them is crossed, not respected."""
ON_RULE = 0.15
"""A line whose middle is nearer than this (in line heights) to a rule may belong to the row above or below."""
OVERFLOW = 40.0
"""How far (points) a cell's text may stick out below a table that the page cuts."""
PADDING = 8.0
"""What a cell keeps free left and right together (points) beside a full line."""

TEXT_CROSSES_RULE = "text_crosses_rule"
TEXT_ON_RULE = "text_on_rule"
INCONSISTENT_LATTICE = "inconsistent_lattice"
UNREADABLE_CHARACTERS = "unreadable_characters"
DOUBTS = frozenset({TEXT_CROSSES_RULE, TEXT_ON_RULE, INCONSISTENT_LATTICE, UNREADABLE_CHARACTERS, SPLIT_DIGITS})
"""Flags that call for a second opinion."""

DIGIT_PADDING = 11.0
"""What office programs keep free left and right of a cell's text together (points), 0.19 cm on either side."""
WRAP_GAP = 0.9
"""White space (in line heights) between two lines of one cell's text, at most."""

_DIGITS = re.compile(r"^[-+－−]?[\d０-９][\d０-９,，.．]*$")
_DIGIT_RUN = re.compile(r"^[-\d０-９.．,，%]+$")
_SPLIT_DIGITS = re.compile(r"\d[\s]+[\d.]|\d\.$", re.ASCII)
_UNREADABLE = re.compile("[\ufffd\ue000-\uf8ff\x00-\x08]")


@dataclass(frozen=True, slots=True)
class FilledLattice:
    """A lattice and the runs in each of its cells, by the cell's index."""

    lattice: Lattice
    runs: tuple[tuple[TextRun, ...], ...]
    flags: tuple[str, ...]
    reading_order: tuple[TextRun, ...] = ()
    """All its runs, whole, in the order they came."""


def assign(runs: Iterable[TextRun], lattices: Sequence[Lattice]) -> tuple[list[FilledLattice], list[TextRun]]:
    """Each run (or part of it) in the cell where it stands; the runs outside all lattices come back as they were.

    Where one lattice lies within another the inner one takes the text.
    """
    by_size = sorted(range(len(lattices)), key=lambda index: _area(lattices[index]))
    cells: list[list[list[TextRun]]] = [[[] for _ in lattice.cells] for lattice in lattices]
    flags: list[set[str]] = [set() if lattice.consistent else {INCONSISTENT_LATTICE} for lattice in lattices]
    orders: list[list[TextRun]] = [[] for _ in lattices]
    outside = []
    for run in runs:
        x, y = (run.x0 + run.x1) / 2, (run.top + run.bottom) / 2
        for index in by_size:
            lattice = lattices[index]
            if lattice.xs[0] <= x < lattice.xs[-1] and lattice.ys[0] <= y < lattice.ys[-1]:
                for cell, part in _placed(run, x, y, lattice, flags[index]):
                    cells[index][cell].append(part)
                orders[index].append(run)
                break
        else:
            outside.append(run)
    outside = _without_overflow(outside, lattices, cells)
    filled = [
        FilledLattice(lattice, tuple(map(tuple, texts)), tuple(sorted(flag)), tuple(order))
        for lattice, texts, flag, order in zip(lattices, cells, flags, orders, strict=True)
    ]
    return filled, outside


def _without_overflow(outside: list[TextRun], lattices: Sequence[Lattice], cells: list[list[list[TextRun]]]) -> list[TextRun]:
    """Gives lines that stick out below a table's last row to their cell.

    Chromium cuts a merged cell's box at the end of the page but not its text. Such a line follows the cell's last one
    at once, within the cell's width; a paragraph below a table keeps more distance.
    """
    rest = outside
    for lattice, texts in zip(lattices, cells, strict=True):
        bottom = lattice.ys[-1]
        if any(run.bottom > bottom + OVERFLOW for run in rest):
            continue
        kept = []
        for run in sorted(rest, key=lambda run: run.top):
            index = lattice.cell_at((run.x0 + run.x1) / 2, bottom - 0.1) if run.bottom > bottom else None
            if index is not None and _overflows(run, texts[index], lattice.cells[index]):
                texts[index].append(run)
            else:
                kept.append(run)
        rest = kept
    return rest


def _overflows(run: TextRun, above: Sequence[TextRun], cell: LatticeCell) -> bool:
    if not above or run.x0 < cell.box[0] or run.x1 > cell.box[2]:
        return False
    last = lines_of(above)[-1]
    return run.top - last.bottom <= 0.7 * (run.bottom - run.top) and _is_full(last, cell.box[2] - cell.box[0])


def _area(lattice: Lattice) -> float:
    x0, top, x1, bottom = lattice.box
    return (x1 - x0) * (bottom - top)


def _placed(run: TextRun, x: float, y: float, lattice: Lattice, flags: set[str]) -> list[tuple[int, TextRun]]:
    own = lattice.cell_at(x, y)
    if own is None:
        return []
    cell = lattice.cells[own]
    reach = ON_RULE * (run.bottom - run.top)
    if not cell.box[1] + reach <= y <= cell.box[3] - reach:
        flags.add(TEXT_ON_RULE)
    if run.edges is None or len(run.edges) == 1:
        if run.edges and not cell.box[0] - 0.3 * (run.x1 - run.x0) <= run.x0 <= run.x1 <= cell.box[2] + 0.3 * (run.x1 - run.x0):
            flags.add(TEXT_CROSSES_RULE)
        return [(own, run)]
    left_side, _, right_side, _ = cell.box
    middles = [(left + right) / 2 for left, right in run.edges]
    if left_side <= min(middles) and max(middles) < right_side:
        return [(own, run)]
    homes = [_home(middle, y, lattice, own) for middle in middles]
    if all(home == own for home in homes):
        return [(own, run)]
    height = max(run.bottom - run.top, 1.0)
    pieces: list[tuple[int, int]] = []
    begin = 0
    for index in range(1, len(homes)):
        if run.edges[index][0] - run.edges[index - 1][1] >= NO_GAP * height and homes[index] != homes[index - 1]:
            pieces.append((begin, index))
            begin = index
    pieces.append((begin, len(homes)))
    placed = []
    for start, stop in pieces:
        here = homes[start:stop]
        home = max(dict.fromkeys(here), key=here.count)
        if any(other != home for other in here):
            flags.add(TEXT_CROSSES_RULE)
        placed.append((home, run.part(start, stop)))
    return placed


def _home(x: float, y: float, lattice: Lattice, otherwise: int) -> int:
    home = lattice.cell_at(x, y)
    return otherwise if home is None else home


def fragment(filled: FilledLattice, page: int, extra_flags: Sequence[str] = ()) -> Fragment:
    """The filled lattice as a fragment of a table on that page (1-based)."""
    filled = _without_stubs(filled)
    lattice = filled.lattice
    flags = set(filled.flags) | set(extra_flags)
    pieces = [_piece(cell, runs, page, flags) for cell, runs in zip(lattice.cells, filled.runs, strict=True)]
    if _UNREADABLE.search("\n".join([piece.text for piece in pieces])):
        flags.add(UNREADABLE_CHARACTERS)
    return Fragment(
        page=page,
        pieces=tuple(pieces),
        heights=tuple(bottom - top for top, bottom in zip(lattice.ys, lattice.ys[1:], strict=False)),
        method=Method.LATTICE,
        flags=tuple(sorted(flags)),
        cut_top="top" in lattice.open_sides,
        cut_bottom="bottom" in lattice.open_sides,
        reading_order=words_of(filled.reading_order, page),
    )


def words_of(runs: Iterable[TextRun], page: int) -> tuple[Word, ...]:
    """The runs as words of that 1-based page."""
    return tuple([Word(run.text, run.x0, run.x1, page) for run in runs])


def _without_stubs(filled: FilledLattice) -> FilledLattice:
    """Without a first or last row that lies beyond the last rule drawn and holds no text.

    Chromium runs a table's side rules down to the end of the page although the next row has moved to the next page.
    """
    for side, row in (("bottom", -1), ("top", 0)):
        lattice = filled.lattice
        count = len(lattice.ys) - 1
        edge = row % count
        if side not in lattice.open_sides or count < 2:
            continue
        starts = [index for index, cell in enumerate(lattice.cells) if cell.row == edge and cell.row_span == 1]
        through = [index for index, cell in enumerate(lattice.cells) if cell.row <= edge < cell.row + cell.row_span]
        if any(filled.runs[index] for index in starts) or any(
            lattice.ys[edge] < (run.top + run.bottom) / 2 < lattice.ys[edge + 1]
            for index in through
            for run in filled.runs[index]
        ):
            continue
        ys = lattice.ys[:-1] if edge else lattice.ys[1:]
        cells, runs = [], []
        for index, cell in enumerate(lattice.cells):
            if index in starts:
                continue
            span = cell.row_span - (index in through)
            first = cell.row - (edge == 0 and cell.row > 0)
            box = (cell.box[0], ys[first], cell.box[2], ys[first + span])
            cells.append(cell._replace(row=first, row_span=span, box=box))
            runs.append(filled.runs[index])
        owner = owners(cells, count - 1, len(lattice.xs) - 1)
        whole = replace(lattice, ys=ys, cells=tuple(cells), owner=owner)
        filled = FilledLattice(whole, tuple(runs), filled.flags, filled.reading_order)
    return filled


def _piece(cell: LatticeCell, runs: tuple[TextRun, ...], page: int, flags: set[str]) -> Piece:
    row, _, row_span, _, box = cell
    x0, _, x1, _ = box
    if not runs:
        return Piece(row, row_span, x0, x1, "", False, page, box)
    lines = lines_of(runs)
    last = lines[-1]
    text = last.text if len(lines) == 1 else "\n".join([line.text for line in lines])
    full = _is_full(last, x1 - x0)
    tight = full and _is_tight(last, x1 - x0)
    wrapped = len(lines) > 1 and _is_wrapped(lines, x1 - x0)
    if len(text) > 1 and not wrapped and _SPLIT_DIGITS.search(text) and _DIGIT_RUN.match("".join(text.split())):
        flags.add(SPLIT_DIGITS)
    return Piece(row, row_span, x0, x1, text, full, page, box, None, tight, wrapped)


def _is_full(line: Line, width: float) -> bool:
    """Whether one more character would not have fitted (a character is about as wide as the line is high)."""
    return width - (line.x1 - line.x0) < line.size + PADDING


def _is_tight(line: Line, width: float) -> bool:
    """Whether the line is digits and the next digit would not have fitted."""
    if not _DIGITS.match(line.text):
        return False
    extent = line.x1 - line.x0
    return width - extent < extent / len(line.text) + DIGIT_PADDING


def _is_wrapped(lines: Sequence[Line], width: float) -> bool:
    """Whether the lines are one number that the cell was too narrow for."""
    if not all(_DIGITS.match(line.text) for line in lines) or any(line.text[0] in "-+－−" for line in lines[1:]):
        return False
    return all(
        _is_tight(above, width) and len(below.text) <= len(above.text) and below.top - above.bottom <= WRAP_GAP * above.size
        for above, below in itertools.pairwise(lines)
    )
