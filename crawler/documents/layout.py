"""Runs of text -> lines, cell texts and paragraphs, by position alone."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from crawler.documents.model import Box
from crawler.documents.page import PageMarks, TextRun

WORD_GAP = 0.2
"""A gap between Latin words, in line heights, from which on they are two words."""
_PAGE_NUMBER = re.compile(
    r"^(?:[-—–―－·.]?\s*(\d{1,4})\s*[-—–―－·.]?|第?\s*(\d{1,4})\s*页(?:\s*[,，/]?\s*共\s*\d{1,4}\s*页)?|(\d{1,4})\s*/\s*\d{1,4})$"
)
_DASHED_NUMBER = re.compile(r"^[-—–―－]\s*(\d{1,4})\s*[-—–―－]$")
LINE_GAP = 2.0
"""White space between two lines, in line heights, above which a new paragraph begins."""
SHORT_LINE = 4
"""A line of so few characters may be low because of its characters, not its type size."""
_WORDY = re.compile(r"[0-9A-Za-z]")
MARGIN_SHARE = 0.12
"""Running text stands in this share of the page's height at its top or bottom."""


class Line(NamedTuple):
    """Runs on one line, left to right, and their common box."""

    runs: tuple[TextRun, ...]
    text: str
    x0: float
    top: float
    x1: float
    bottom: float

    @property
    def size(self) -> float:
        """The height of the line's runs, which goes with the size of the type."""
        if len(self.runs) == 1:
            return self.bottom - self.top
        return max([run.bottom - run.top for run in self.runs])


def lines_of(runs: Sequence[TextRun]) -> list[Line]:
    """The runs gathered to lines (by the middle of their height), top to bottom.

    >>> runs = [TextRun("件", 30, 0, 40, 10), TextRun("12", 10, 1, 20, 11), TextRun("b", 0, 20, 9, 30)]
    >>> [line.text for line in lines_of(runs)]
    ['12件', 'b']
    """
    if len(runs) == 1:
        return [_line([runs[0]])]
    rows: list[list[TextRun]] = []
    for run in sorted(runs, key=lambda run: run.top + run.bottom):
        if rows:
            seed = rows[-1][0]
            reach = 0.5 * min(run.bottom - run.top, seed.bottom - seed.top)
            if (run.top + run.bottom - seed.top - seed.bottom) / 2 <= reach:
                rows[-1].append(run)
                continue
        rows.append([run])
    return [_line(row) for row in rows]


def _line(runs: list[TextRun]) -> Line:
    if len(runs) == 1:
        run = runs[0]
        return Line((run,), run.text, run.x0, run.top, run.x1, run.bottom)
    runs.sort(key=lambda run: run.x0)
    pieces = [runs[0].text]
    for before, run in itertools.pairwise(runs):
        wide = run.x0 - before.x1 > WORD_GAP * (run.bottom - run.top)
        if wide and _WORDY.match(before.text[-1]) and _WORDY.match(run.text[0]):
            pieces.append(" ")
        pieces.append(run.text)
    return Line(
        tuple(runs),
        "".join(pieces),
        runs[0].x0,
        min(run.top for run in runs),
        max(run.x1 for run in runs),
        max(run.bottom for run in runs),
    )


def split_wide_gaps(line: Line, gap: float = 4.0) -> list[Line]:
    """The line cut where a gap is wider than ``gap`` line heights (columns, a date far to the right)."""
    groups: list[list[TextRun]] = [[line.runs[0]]]
    for before, run in zip(line.runs, line.runs[1:], strict=False):
        if run.x0 - before.x1 > gap * line.size:
            groups.append([])
        groups[-1].append(run)
    return [_line(group) for group in groups]


def running_text(pages: Sequence[PageMarks], tables: Sequence[Sequence[Box]]) -> list[set[int]]:
    """For each page the indices (in its ``runs``) of page numbers, headers and footers.

    A page number between dashes counts wherever it stands in a margin; a bare number only if numbers that rise with
    the pages stand at the same height on another page; any other text if most pages repeat it at the same height.
    What stands in one of the page's ruled ``tables`` is a cell, however often tables repeat it: only what stands outside them
    on other pages speaks against it, or that all of its table is repeated.
    """
    candidates = [_candidates(page, boxes) for page, boxes in zip(pages, tables, strict=True)]
    free, every = _Repeated(len(pages)), _Repeated(len(pages))
    for page, lines in zip(pages, candidates, strict=True):
        free.count(page, [one for one in lines if one.table is None])
        every.count(page, lines)
    result: list[set[int]] = []
    for page, boxes, lines in zip(pages, tables, candidates, strict=True):
        drop: set[int] = set()
        repeated: dict[int, set[int]] = {}
        for one in lines:
            if free.holds(one, page):
                drop |= one.indices
            if one.table is not None and every.holds(one, page):
                repeated.setdefault(one.table, set()).update(one.indices)
        for table, indices in repeated.items():
            if all(index in indices for index, run in enumerate(page.runs) if _stands_in(run, boxes[table])):
                drop |= indices
        result.append(drop)
    return result


class _Candidate(NamedTuple):
    """A line in a margin, its runs' places on the page, and the ruled table it stands in."""

    line: Line
    indices: set[int]
    table: int | None


def _candidates(page: PageMarks, tables: Sequence[Box]) -> list[_Candidate]:
    band = MARGIN_SHARE * page.height
    near = {id(run): index for index, run in enumerate(page.runs) if run.bottom <= band or run.top >= page.height - band}
    lines = lines_of([page.runs[index] for index in near.values()])
    found = []
    for part in [part for line in lines for part in split_wide_gaps(line)]:
        indices = {near[id(run)] for run in part.runs}
        table = next((n for n, box in enumerate(tables) if any(_stands_in(run, box) for run in part.runs)), None)
        found.append(_Candidate(part, indices, table))
    return found


class _Repeated:
    """Counts what the pages of a document have in common."""

    def __init__(self, page_count: int) -> None:
        self._page_count = page_count
        self._steps: Counter[tuple[int, int]] = Counter()
        self._texts: Counter[tuple[int, str]] = Counter()
        self._own: set[int] = set()

    def count(self, page: PageMarks, lines: Sequence[_Candidate]) -> None:
        """Add the lines of one page; numbers by how far they are ahead of the page's."""
        heights = [(_height(one.line, page), one.line) for one in lines]
        self._steps.update(
            {(height, number - page.number) for height, line in heights if (number := _number(line)) is not None}
        )
        self._texts.update({(height, line.text) for height, line in heights})
        self._own.update(id(one.line) for one in lines)

    def holds(self, one: _Candidate, page: PageMarks) -> bool:
        """Whether the line is a page number or repeated on most pages, the line itself not being enough."""
        line = one.line
        number, height = _number(line), _height(line, page)
        if number is None:
            return self._page_count > 2 and self._texts[height, line.text] > self._page_count / 2
        if _DASHED_NUMBER.match(line.text.replace(" ", "")):
            return True
        itself = id(line) in self._own
        return any(self._steps[height + off, number - page.number] > (off == 0 and itself) for off in (-1, 0, 1))


def _stands_in(run: TextRun, box: Box) -> bool:
    return box[0] <= (run.x0 + run.x1) / 2 <= box[2] and box[1] <= (run.top + run.bottom) / 2 <= box[3]


def _height(line: Line, page: PageMarks) -> int:
    """Where the line stands, in steps of three points from the nearer edge."""
    middle = (line.top + line.bottom) / 2
    return round(middle / 3) if middle < page.height / 2 else -round((page.height - middle) / 3)


def _number(line: Line) -> int | None:
    match = _PAGE_NUMBER.match(line.text)
    return int(next(group for group in match.groups() if group)) if match else None


@dataclass(frozen=True, slots=True)
class PlacedParagraph:
    """A paragraph's text, its page and the height at which it starts; ``open_end``: its last line is full."""

    text: str
    page: int
    top: float
    open_end: bool
    starts_indented: bool
    size: float


@dataclass(frozen=True, slots=True)
class Column:
    """Where body text stands: its left and right margin and the usual line height, in points."""

    left: float
    right: float
    size: float


def text_column(lines: Sequence[Line]) -> Column:
    """The outermost margins that at least two lines keep to, and the size of most characters."""
    weighted = sorted((line.size, len(line.text)) for line in lines)
    total, passed, size = sum(weight for _, weight in weighted), 0, 0.0
    for size, weight in weighted:  # noqa: B007 - the last size is the result
        passed += weight
        if 2 * passed >= total:
            break
    left = _shared_edge([line.x0 for line in lines], size)
    right = -_shared_edge([-line.x1 for line in lines], size)
    return Column(left, right, size)


def _shared_edge(values: Sequence[float], reach: float) -> float:
    """The lowest value that has a neighbour within ``reach``; the lowest of all if none has."""
    ordered = sorted(values)
    for value, following in itertools.pairwise(ordered):
        if following - value <= reach:
            return value
    return ordered[0] if ordered else 0.0


def paragraphs_of(lines: Sequence[Line], page: int, column: Column) -> list[PlacedParagraph]:
    """Lines of one stretch of text, top to bottom, joined to paragraphs.

    A new paragraph starts where the line before ends short of the right margin, where a line is indented,
    where the type changes size, or after a gap. Chinese lines are joined without a space.
    """
    groups: list[list[Line]] = []
    for line in lines:
        if groups and _goes_on(groups[-1][-1], line, column):
            groups[-1].append(line)
        else:
            groups.append([line])
    return [
        PlacedParagraph(
            text=_joined(group),
            page=page,
            top=group[0].top,
            open_end=group[-1].x1 > column.right - 1.6 * group[-1].size,
            starts_indented=group[0].x0 - column.left > 0.8 * group[0].size,
            size=group[-1].size,
        )
        for group in groups
    ]


def _goes_on(before: Line, line: Line, column: Column) -> bool:
    size = before.size
    if line.top - before.bottom > LINE_GAP * size or line.size > 1.12 * size:
        return False
    if line.size < 0.88 * size and len(line.text) > SHORT_LINE:
        return False
    if size > 1.2 * column.size and _centred(before, column) and _centred(line, column):
        return True
    return before.x1 > column.right - 1.6 * size and line.x0 - column.left <= 0.8 * size


def _centred(line: Line, column: Column) -> bool:
    return line.x0 - column.left > line.size and abs((line.x0 + line.x1) - (column.left + column.right)) < 2 * line.size


def _joined(lines: Sequence[Line]) -> str:
    text = lines[0].text
    for line in lines[1:]:
        text = join_texts(text, line.text)
    return text.strip()


def join_texts(first: str, second: str) -> str:
    """Two lines of one paragraph: a space between Latin words only.

    >>> join_texts("政府信息", "公开"), join_texts("annual", "report"), join_texts("2024", "年")
    ('政府信息公开', 'annual report', '2024年')
    """
    if first and second and _LATIN.match(first[-1]) and _LATIN.match(second[0]):
        return f"{first} {second}"
    return first + second


_LATIN = re.compile(r"[A-Za-z,;]")
