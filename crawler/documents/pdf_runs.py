"""The characters of one PDF page as runs: boxes are asked for a run's first and last character only, and for every character
where a rule comes near."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

import pypdfium2.raw as pdfium

from crawler.documents import pdf_calls
from crawler.documents.model import Box
from crawler.documents.page import Rule, TextRun
from crawler.documents.radicals import fold_radicals

ToPage = Callable[[float, float, float, float], Box]
"""Left, bottom, right and top in PDF user space to x0, top, x1 and bottom in points from the displayed page's top left."""

INVISIBLE_MODES = frozenset({pdfium.FPDF_TEXTRENDERMODE_INVISIBLE, pdfium.FPDF_TEXTRENDERMODE_CLIP})

_RUN = re.compile(r"[^\s\x00-\x20]+")
_SPACES = " \u3000\u00a0\t"
_FIRST_CJK = "\u2e80"

_MARK = 3.0
"""Half the size (points) up to which a glyph is a punctuation mark."""
_GLYPH_RATIO, _MARK_RATIO = 6.0, 40.0
"""A loose box this many times as high as half the glyph, or of half the mark, is no box of this character."""


class RunReader:
    """Runs of one text page. ``verticals`` are the page's upright rules, merged and left to right."""

    def __init__(self, text_page: Any, text: str, to_page: ToPage, verticals: Sequence[Rule], *, turned: bool) -> None:
        self._text_page = text_page
        self._text = fold_radicals(text).replace("\x02", "-").replace("\u00ad", "-")
        self._to_page = to_page
        self._turned = turned
        self._origin = to_page(0.0, 0.0, 0.0, 0.0)[:2]
        self._rule_positions = [rule.at for rule in verticals]
        self._rule_top = min((rule.start for rule in verticals), default=0.0)
        self._rule_bottom = max((rule.end for rule in verticals), default=0.0)

    def runs(self) -> list[TextRun]:
        """Runs as pdfium's own spaces and line ends part them, in content order."""
        text, near_rule = self._text, self._near_rule
        spans = [match.span() for match in _RUN.finditer(text)]
        ends = iter(self._boxes([index for start, stop in spans for index in (start, stop - 1)]))
        found: list[TextRun] = []
        beside: list[tuple[int, range, Box, Box]] = []
        for (start, stop), first, last in zip(spans, ends, ends, strict=True):
            space_before = start > 0 and text[start - 1] in _SPACES
            if stop - start == 1:
                first = last = self._checked(start, first)  # noqa: PLW2901 - one box for both ends
            if not _one_line(stop - start, first, last):
                found += self._pieces(start, stop, space_before)
                continue
            x0, top, x1, bottom = first[0], min(first[1], last[1]), last[2], max(first[3], last[3])
            if near_rule(x0, top, x1, bottom):
                beside.append((len(found), range(start + 1, stop - 1), first, last))
            found.append(TextRun(text[start:stop], x0, top, x1, bottom, None, space_before))
        self._add_edges(found, beside)
        return found

    def _add_edges(self, found: list[TextRun], beside: Sequence[tuple[int, range, Box, Box]]) -> None:
        """The edges of all characters for the runs at those positions, whose inner characters and end boxes are given."""
        inner = iter(self._boxes([index for _, indices, _, _ in beside for index in indices]))
        for position, indices, first, last in beside:
            run = found[position]
            boxes = (first, *islice(inner, len(indices)), last) if len(run.text) > 1 else (first,)
            found[position] = run._replace(edges=tuple([(box[0], box[2]) for box in boxes]))

    def single_characters(self, *, skip_invisible: bool) -> list[TextRun]:
        """Every character by itself, for pages where pdfium's order cannot be used or some text is not shown."""
        found = []
        space_before = False
        for index, character in enumerate(self._text):
            if character <= " " or character.isspace():
                space_before = character not in "\r\n"
                continue
            if skip_invisible:
                text_object = pdfium.FPDFText_GetTextObject(self._text_page, index)
                if text_object and pdfium.FPDFTextObj_GetTextRenderMode(text_object) in INVISIBLE_MODES:
                    continue
            found.append(self._run(self._checked_boxes(index, index + 1), index, space_before))
            space_before = False
        return found

    def _boxes(self, indices: Sequence[int]) -> list[Box]:
        """The characters' loose boxes on the page."""
        boxes = pdf_calls.loose_boxes(self._text_page, indices)
        if self._turned:
            return [self._to_page(left, bottom, right, top) for left, top, right, bottom in boxes]
        # What to_page would do for an upright page, without a call for every character.
        x, y = self._origin
        return [(left + x, y - top, right + x, y - bottom) for left, top, right, bottom in boxes]

    def _checked_boxes(self, start: int, stop: int) -> list[Box]:
        indices = range(start, stop)
        return list(map(self._checked, indices, self._boxes(indices)))

    def _checked(self, index: int, loose: Box) -> Box:
        """The box of a character that may be set in vertical writing, where pdfium's loose box stands beside the glyph."""
        if self._text[index] < _FIRST_CJK or (bounds := pdf_calls.glyph_box(self._text_page, index)) is None:
            return loose
        x0, top, x1, bottom = loose
        glyph = self._to_page(*bounds)
        x, y = (glyph[0] + glyph[2]) / 2, (glyph[1] + glyph[3]) / 2
        reach = max(glyph[2] - glyph[0], glyph[3] - glyph[1]) / 2
        if x0 <= x <= x1 and top <= y <= bottom and bottom - top <= (_MARK_RATIO if reach < _MARK else _GLYPH_RATIO) * reach:
            return loose
        return x - reach, y - reach, x + reach, y + reach

    def _near_rule(self, x0: float, top: float, x1: float, bottom: float) -> bool:
        if bottom < self._rule_top or top > self._rule_bottom:
            return False
        positions = self._rule_positions
        return bisect_right(positions, x0 + 0.5) < bisect_right(positions, x1 - 0.5)

    def _pieces(self, start: int, stop: int, space_before: bool) -> Iterator[TextRun]:
        """A run that jumps about, cut wherever the next character does not follow the one before."""
        boxes = self._checked_boxes(start, stop)
        begin = 0
        for index in range(1, len(boxes) + 1):
            if index < len(boxes):
                before, box = boxes[index - 1], boxes[index]
                size = max(before[3] - before[1], 1.0)
                if abs(before[1] - box[1]) <= 0.5 * size and -0.3 * size <= box[0] - before[2] <= 0.6 * size:
                    continue
            yield self._run(boxes[begin:index], start + begin, space_before and begin == 0)
            begin = index

    def _run(self, boxes: list[Box], start: int, space_before: bool) -> TextRun:
        return TextRun(
            self._text[start : start + len(boxes)],
            min(box[0] for box in boxes),
            min(box[1] for box in boxes),
            max(box[2] for box in boxes),
            max(box[3] for box in boxes),
            tuple((box[0], box[2]) for box in boxes),
            space_before,
        )


def _one_line(count: int, first: Box, last: Box) -> bool:
    """Whether a run of that many characters can stand between its first and its last one."""
    size = max(first[3] - first[1], last[3] - last[1], 1.0)
    drop = abs((first[1] + first[3]) - (last[1] + last[3])) / 2
    return drop <= 0.5 * size and 0.1 * size * (count - 1) <= last[2] - first[0] <= 1.6 * size * count + size
