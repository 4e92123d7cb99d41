"""Lines of a scan -> text, every number read twice."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from crawler.documents.model import Box
from crawler.documents.page import Rule
from crawler.documents.scan.glyphs import second_readings, shapes
from crawler.documents.scan.page import ScanLine, ScanPage
from crawler.documents.scan.recognise import HEIGHT, Recogniser, Recognition

SURE = 0.90
"""The least probability of a number's characters below which its runner-up is given as the second reading."""
SURE_ALONE = 0.97
"""The same where no second reading was possible."""
SURE_TITLE = 0.8
"""The same for the characters of the first lines, which name the organisation."""
SQUEEZE = 0.6
"""Share of their width in which the words of table labels are read: they are statutory, and compared with tolerance."""
SURE_SQUEEZED = 0.5
"""The least probability of a squeezed line's characters below which it is read again as it is."""
SQUEEZED_FROM = 3.0
"""Times its height a line must be wide to be read so; most numbers and short words are narrower."""
SINGLE = 1.0
"""Times its height up to which a line is a single character, and read as it is."""
SQUEEZE_SHORT = 0.8
"""The share of their width in which these are read: two of the recogniser's steps a digit, so that of two ones none is lost."""
SQUEEZE_TEXT = 0.8
"""The same for text outside tables."""
TEXT_BUDGET = 20_000
"""Width (pixels of the recogniser's input) of running text that is read of one document: about a page, 1 s on two cores.

Titles and headings come first, whatever it costs (they are short); the cells of the tables are always read.
"""
HEADING_SHARE = 0.62
"""A line shorter than this share of the text's width may be a heading or a title."""
FIRST_LINES = 4
"""Lines of the first page that hold title, organisation and lead."""

LOOKALIKES = str.maketrans({**dict.fromkeys("OoDQ〇○Ｏ", "0"), **dict.fromkeys("lI|丨", "1")})
"""What digits are taken for. The line as recognised is given as the second reading."""
LETTERS = "OoDQlI|丨〇○Ｏ"
ZERO_LIKE = str.maketrans(dict.fromkeys("Oo〇○Ｏ", "0"))
"""In a number these are zeros, whatever the type: no second reading. A stroke may be a one or what is left of a rule."""

UNKNOWN = "\ufffd"
"""Stands for ink that nothing was recognised in: a cell with ink is never empty."""
MARKS = frozenset({"/", "／", "\\", "//"})
DASHES = frozenset("-—－−–")
LIKE_A_DASH = frozenset({"", "•", "·", "一", "_", "ー", "~", "～", "―", "─", "一一", "--"})
"""What the recogniser takes a short dash for, which is too small for it."""
TINY = 4.0
"""Points: beside other lines of its cell, what is smaller and no character is dirt."""
SOLID = 0.6
"""The least share of ink in the box of a stroke."""
LONGEST_DASH, HIGHEST_DASH = 24.0, 2.2
"""Points."""

_NUMBER = re.compile(rf"[\d.,，．\-—－−–+/ {LETTERS}]+")
_HAS_WORD = re.compile(r"[^\W\d_]")
_HAS_DIGIT = re.compile(rf"[\d{LETTERS}]")


@dataclass(frozen=True, slots=True)
class ReadLine:
    """A line as read: its box in points on the levelled page; ``second`` only where a second reading differs."""

    text: str
    box: Box
    cell: int | None
    second: str | None = None
    table: int | None = None
    """Which of the page's tables without rules it stands in."""


@dataclass(frozen=True, slots=True)
class ReadPage:
    """A page as read; ``tilt`` in degrees, sizes in points."""

    number: int
    width: float
    height: float
    tilt: float
    horizontals: list[Rule]
    verticals: list[Rule]
    lines: list[ReadLine]
    complete: bool
    """Whether all of its running text was read."""
    turn: int = 0
    """Degrees by which the page was turned clockwise to stand upright."""
    uncertain_title: bool = False
    """Whether a character of the first page's first lines may be another."""


def read_pages(pages: Sequence[ScanPage], engine: Recogniser, text_budget: int = TEXT_BUDGET) -> list[ReadPage]:
    """Read the lines of all pages of one document, its numbers held against each other."""
    wanted = _chosen(pages, text_budget)
    shares = [squeeze(line) for _, line in wanted]
    first = _first(wanted, shares, engine)
    squeezed = [
        index
        for index, one in enumerate(first)
        if shares[index] == SQUEEZE and (_looks_numeric(one.text) or one.confidence < SURE_SQUEEZED)
    ]
    for index, result in zip(squeezed, engine.read([wanted[i][1].image for i in squeezed]), strict=True):
        first[index] = result
    lines = _checked([line for _, line in wanted], [page for page, _ in wanted], first, engine)
    by_page: list[list[ReadLine]] = [[] for _ in pages]
    for (page_index, _), line in zip(wanted, lines, strict=True):
        by_page[page_index].append(line)
    read = {id(line) for _, line in wanted}
    heads = [one for (page, line), one in zip(wanted, first, strict=True) if page == 0 and line.cell is None][:FIRST_LINES]
    uncertain = any(one.characters and one.confidence < SURE_TITLE for one in heads)
    return [
        ReadPage(
            page.number,
            page.width,
            page.height,
            page.tilt,
            page.horizontals,
            page.verticals,
            found,
            all(id(line) in read for line in page.lines),
            page.turn,
            index == 0 and uncertain,
        )
        for index, (page, found) in enumerate(zip(pages, by_page, strict=True))
    ]


def _first(wanted: Sequence[tuple[int, ScanLine]], shares: Sequence[float], engine: Recogniser) -> list[Recognition]:
    """What every line reads, those that were read before not read again."""
    unread = [index for index, (_, line) in enumerate(wanted) if line.first is None]
    results = engine.read([wanted[index][1].image for index in unread], [shares[index] for index in unread])
    new = dict(zip(unread, results, strict=True))
    return [line.first or new[index] for index, (_, line) in enumerate(wanted)]


def _chosen(pages: Sequence[ScanPage], budget: int) -> list[tuple[int, ScanLine]]:
    """All lines in tables and, within the budget, those outside: titles and headings before the rest."""
    cells: list[tuple[int, ScanLine]] = []
    important: list[tuple[int, ScanLine]] = []
    others: list[tuple[int, ScanLine]] = []
    for index, page in enumerate(pages):
        free = [line for line in page.lines if line.cell is None]
        left = min((line.box[0] for line in free), default=0.0)
        right = max((line.box[2] for line in free), default=0.0)
        cells += [(index, line) for line in page.lines if line.cell is not None]
        for number, line in enumerate(free):
            short = line.box[2] - line.box[0] < HEADING_SHARE * (right - left)
            first = index == 0 and number < FIRST_LINES
            (important if short or first else others).append((index, line))
    result = list(important)
    spent = 0
    for index, line in others:
        spent += _input_width(line)
        if spent > budget:
            break
        result.append((index, line))
    return cells + result


def _input_width(line: ScanLine) -> int:
    height, width = line.image.shape
    return int(width * HEIGHT / height)


def squeeze(line: ScanLine) -> float:
    """The share of its width that the line is read in."""
    height, width = line.image.shape
    if line.cell is None:
        return SQUEEZE_TEXT
    if width <= SINGLE * height:
        return 1.0
    return SQUEEZE if width > SQUEEZED_FROM * height else SQUEEZE_SHORT


def _looks_numeric(text: str) -> bool:
    return bool(_NUMBER.fullmatch(text) and _HAS_DIGIT.search(text))


def _checked(
    lines: Sequence[ScanLine], pages: Sequence[int], first: Sequence[Recognition], engine: Recogniser
) -> list[ReadLine]:
    """The lines (and the page of each) with what a second reading of their numbers saw."""
    places = [(page, line.cell) for page, line in zip(pages, lines, strict=True)]
    in_cell = Counter(places)
    texts = [_digits(one.text) if line.cell is not None else one.text for line, one in zip(lines, first, strict=True)]
    numbers = [
        index
        for index, line in enumerate(lines)
        if line.cell is not None and (_looks_numeric(first[index].text) or not _is_word(first[index]))
    ]
    by_shape = dict(zip(numbers, second_readings([shapes(lines[index].ink, texts[index]) for index in numbers]), strict=True))
    unsettled = [index for index in numbers if by_shape[index] is None or first[index].confidence < SURE_ALONE]
    by_scale = dict(
        zip(unsettled, (_digits(one.text) for one in engine.read([lines[i].second_image for i in unsettled])), strict=True)
    )
    result = []
    for index, (line, one) in enumerate(zip(lines, first, strict=True)):
        second = None
        text = texts[index]
        if index in by_shape:
            second = _second(one, text, by_shape[index], by_scale.get(index))
            if _is_dash(line) and one.text not in DASHES:
                text, second = "-", None if one.text in LIKE_A_DASH else one.text
            elif not _HAS_DIGIT.search(text) and not _has_word(text, line) and text not in DASHES | MARKS:
                # Dirt, or a character that was not made out: an empty cell only if there is hardly any ink.
                dirt = line.faint or (in_cell[places[index]] > 1 and _is_tiny(line))
                text, second = ("", text or None) if dirt else (text or UNKNOWN, second)
            if second is None and line.faint:
                second = ""
        result.append(ReadLine(text, line.box, line.cell, second, line.table))
    return result


def _is_dash(line: ScanLine) -> bool:
    """Whether the ink is one flat stroke."""
    x0, top, x1, bottom = line.box
    flat = 1.35 * (bottom - top) <= x1 - x0 <= LONGEST_DASH and bottom - top <= HIGHEST_DASH
    return flat and float(line.ink.mean()) > SOLID


def _has_word(text: str, line: ScanLine) -> bool:
    """Whether the text is words; a Latin letter as small as a speck is none."""
    return bool(_HAS_WORD.search(text)) and not (_is_tiny(line) and text.isascii())


def _is_tiny(line: ScanLine) -> bool:
    x0, top, x1, bottom = line.box
    return max(x1 - x0, bottom - top) < TINY


def _is_word(one: Recognition) -> bool:
    return sum(character.text > "\u2e80" for character in one.characters) >= 1 and len(one.text) > 1


def _second(one: Recognition, text: str, by_shape: str | None, by_scale: str | None) -> str | None:
    """What another reading saw instead of ``text``, ``None`` if all agree and are sure."""
    for other in (by_shape, by_scale):
        if other is not None and other.replace(" ", "") != text.replace(" ", ""):
            return other
    if text != one.text.translate(ZERO_LIKE):
        return one.text
    if by_shape is None and by_scale is None:
        return one.runner_up()
    needed = SURE if by_shape is not None else SURE_ALONE
    return one.runner_up() if one.confidence < needed else None


def _digits(text: str) -> str:
    """Letters that digits are taken for as digits, in what is a number otherwise."""
    return text.translate(LOOKALIKES) if _NUMBER.fullmatch(text) else text
