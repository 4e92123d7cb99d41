"""What one PDF page shows, through pdfium's raw interface: characters as runs, thin paths as rules.

The raw interface is used because it is the speed: pypdfium2's objects cost several times what pdfium itself does.
Text comes in one call a page; boxes are asked for a run's first and last character only, and for every character
where a rule comes near.
"""

from __future__ import annotations

import ctypes
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import Any

import pypdfium2.raw as pdfium

from crawler.documents.lattice import merge_rules
from crawler.documents.model import Box
from crawler.documents.page import PageMarks, Rule, TextRun
from crawler.documents.radicals import fold_radicals
from crawler.documents.ruling import THICKEST_RULE, RuleCollector, Subpath
from crawler.documents.text_layer import PageContent, character_counts

MAX_FORM_DEPTH = 8
MAX_OBJECTS = 200_000
"""Objects looked at on one page, forms included; a report's page has a few thousand."""
INVISIBLE_MODES = frozenset({pdfium.FPDF_TEXTRENDERMODE_INVISIBLE, pdfium.FPDF_TEXTRENDERMODE_CLIP})

_RUN = re.compile(r"[^\s\x00-\x20]+")
_SOFT_HYPHENS = str.maketrans({"\x02": "-", "\u00ad": "-"})

_LOOSE_BOX = pdfium.FPDFText_GetLooseCharBox

_MARK = 3.0
"""Half the size (points) up to which a glyph is a punctuation mark."""
_GLYPH_RATIO, _MARK_RATIO = 6.0, 40.0
"""A loose box this many times as high as half the glyph, or of half the mark, is no box of this character."""

_BOX_SEGMENTS = 6
"""A filled path of so few segments is one box: shading."""

Matrix = tuple[float, float, float, float, float, float]
ToPage = Callable[[float, float, float, float], Box]


def read_page(document: Any, index: int) -> PageContent | None:
    """The page of that 0-based index, ``None`` if pdfium cannot load it."""
    page = pdfium.FPDF_LoadPage(document, index)
    if not page:
        return None
    try:
        return _read(page, index + 1)
    finally:
        pdfium.FPDF_ClosePage(page)


def _read(page: Any, number: int) -> PageContent:
    to_page, width, height, turned = _page_space(page)
    objects = _read_objects(page, to_page, width, height)
    text_page = pdfium.FPDFText_LoadPage(page)
    if not text_page:
        marks = PageMarks(number, width, height, [], objects.horizontals, objects.verticals, ("unreadable_text",))
        return PageContent(marks, 0, 0, 0, 0, objects.image_share, objects.path_count, all_invisible=False)
    try:
        text = _page_text(text_page)
        all_invisible = 0 < objects.text_count == objects.invisible_count
        hidden = objects.invisible_count > 0 and not all_invisible
        reader = _RunReader(text_page, text, to_page, merge_rules(objects.verticals), turned=turned)
        runs = reader.single_characters(skip_invisible=hidden) if turned or hidden else reader.runs()
    finally:
        pdfium.FPDFText_ClosePage(text_page)
    inside = [run for run in runs if 0 <= (run.x0 + run.x1) / 2 <= width and 0 <= (run.top + run.bottom) / 2 <= height]
    shown = "".join(run.text for run in runs)
    flags = ("too_many_objects",) if objects.cut_off else ()
    marks = PageMarks(number, width, height, inside, objects.horizontals, objects.verticals, flags)
    counts = character_counts(text, shown)
    return PageContent(marks, *counts, objects.image_share, objects.path_count, all_invisible, shown.count("(cid:"))


def _page_space(page: Any) -> tuple[ToPage, float, float, bool]:
    """How PDF user space maps to points from the displayed page's top left; width, height; whether it is turned."""
    bounds = pdfium.FS_RECTF()
    pdfium.FPDF_GetPageBoundingBox(page, ctypes.byref(bounds))
    left, right = sorted((bounds.left, bounds.right))
    bottom, top = sorted((bounds.bottom, bounds.top))
    turn = pdfium.FPDFPage_GetRotation(page)

    if turn == 1:
        return (lambda x0, y0, x1, y1: (y0 - bottom, x0 - left, y1 - bottom, x1 - left)), top - bottom, right - left, True
    if turn == 2:
        return (lambda x0, y0, x1, y1: (right - x1, y0 - bottom, right - x0, y1 - bottom)), right - left, top - bottom, True
    if turn == 3:
        return (lambda x0, y0, x1, y1: (top - y1, right - x1, top - y0, right - x0)), top - bottom, right - left, True
    return (lambda x0, y0, x1, y1: (x0 - left, top - y1, x1 - left, top - y0)), right - left, top - bottom, False


def _page_text(text_page: Any) -> str:
    """One character per pdfium character index."""
    count = pdfium.FPDFText_CountChars(text_page)
    if count <= 0:
        return ""
    buffer = (ctypes.c_ushort * (count + 1))()
    written = pdfium.FPDFText_GetText(text_page, 0, count, buffer)
    text = bytes(buffer)[: 2 * max(written - 1, 0)].decode("utf-16-le", "replace")
    if len(text) == count == written - 1:
        return text
    return "".join(_character(pdfium.FPDFText_GetUnicode(text_page, index)) for index in range(count))


def _character(code: int) -> str:
    return chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else "\ufffd"


class _RunReader:
    """Runs of one text page; holds the one box that pdfium writes into."""

    def __init__(self, text_page: Any, text: str, to_page: ToPage, verticals: list[Rule], *, turned: bool) -> None:
        self._text_page = text_page
        self._text = fold_radicals(text).translate(_SOFT_HYPHENS)
        self._to_page = to_page
        x0, y0, _, _ = to_page(0.0, 0.0, 0.0, 0.0)
        self._left: float | None = None if turned else -x0
        self._top = y0
        self._rule_positions = [rule.at for rule in verticals]
        self._rule_top = min((rule.start for rule in verticals), default=0.0)
        self._rule_bottom = max((rule.end for rule in verticals), default=0.0)
        self._rect = pdfium.FS_RECTF()
        self._rect_reference = ctypes.byref(self._rect)
        self._tight = tuple(ctypes.c_double() for _ in range(4))
        self._tight_references = tuple(ctypes.byref(value) for value in self._tight)

    def _box(self, index: int) -> Box:
        rect = self._rect
        _LOOSE_BOX(self._text_page, index, self._rect_reference)
        if self._left is None:
            return self._to_page(rect.left, rect.bottom, rect.right, rect.top)
        # The page is not turned: what to_page would do, without a call for every character.
        left, top = self._left, self._top
        return rect.left - left, top - rect.top, rect.right - left, top - rect.bottom

    def _checked_box(self, index: int) -> Box:
        """The box of a character that may be set in vertical writing, where pdfium's loose box stands beside the glyph."""
        x0, top, x1, bottom = loose = self._box(index)
        if self._text[index] < "\u2e80":
            return loose
        left, right, low, high = self._tight
        if not pdfium.FPDFText_GetCharBox(self._text_page, index, *self._tight_references):
            return loose
        glyph = self._to_page(left.value, low.value, right.value, high.value)
        x, y = (glyph[0] + glyph[2]) / 2, (glyph[1] + glyph[3]) / 2
        reach = max(glyph[2] - glyph[0], glyph[3] - glyph[1]) / 2
        if x0 <= x <= x1 and top <= y <= bottom and bottom - top <= (_MARK_RATIO if reach < _MARK else _GLYPH_RATIO) * reach:
            return loose
        return x - reach, y - reach, x + reach, y + reach

    def runs(self) -> list[TextRun]:
        """Runs as pdfium's own spaces and line ends part them, in content order."""
        found: list[TextRun] = []
        text = self._text
        for match in _RUN.finditer(text):
            start, stop = match.span()
            if stop - start == 1:
                first = last = self._checked_box(start)
            else:
                first, last = self._box(start), self._box(stop - 1)
            x0, top, x1, bottom = first[0], min(first[1], last[1]), last[2], max(first[3], last[3])
            space_before = start > 0 and text[start - 1] in " \u3000\u00a0\t"
            if not self._one_line(stop - start, first, last):
                found.extend(self._pieces(start, stop, space_before))
            elif self._near_rule(x0, top, x1, bottom):
                boxes = [first, *map(self._box, range(start + 1, stop - 1)), *([last] if stop - start > 1 else [])]
                edges = tuple((box[0], box[2]) for box in boxes)
                found.append(TextRun(match.group(), x0, top, x1, bottom, edges, space_before))
            else:
                found.append(TextRun(match.group(), x0, top, x1, bottom, None, space_before))
        return found

    @staticmethod
    def _one_line(count: int, first: Box, last: Box) -> bool:
        """Whether a run of that many characters can stand between its first and its last one."""
        size = max(first[3] - first[1], last[3] - last[1], 1.0)
        drop = abs((first[1] + first[3]) - (last[1] + last[3])) / 2
        return drop <= 0.5 * size and 0.1 * size * (count - 1) <= last[2] - first[0] <= 1.6 * size * count + size

    def _near_rule(self, x0: float, top: float, x1: float, bottom: float) -> bool:
        if bottom < self._rule_top or top > self._rule_bottom:
            return False
        positions = self._rule_positions
        return bisect_right(positions, x0 + 0.5) < bisect_right(positions, x1 - 0.5)

    def _pieces(self, start: int, stop: int, space_before: bool) -> Iterator[TextRun]:
        """A run that jumps about, cut wherever the next character does not follow the one before."""
        boxes = [self._checked_box(index) for index in range(start, stop)]
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
            found.append(self._run([self._checked_box(index)], index, space_before))
            space_before = False
        return found


class _Objects(RuleCollector):
    """Rules, images and counts gathered from a page's objects."""

    def __init__(self) -> None:
        super().__init__()
        self.image_share = 0.0
        self.path_count = 0
        self.text_count = 0
        self.invisible_count = 0
        self.object_count = 0
        self.cut_off = False


def _read_objects(page: Any, to_page: ToPage, width: float, height: float) -> _Objects:
    found = _Objects()
    area = max(width * height, 1.0)
    get_object, get_type = pdfium.FPDFPage_GetObject, pdfium.FPDFPageObj_GetType
    bounds = tuple(ctypes.c_float() for _ in range(4))
    references = tuple(ctypes.byref(value) for value in bounds)
    get_bounds = pdfium.FPDFPageObj_GetBounds
    left, low, right, high = bounds

    def visit(item: Any, kind: int, matrix: Matrix | None, depth: int) -> None:
        if kind == pdfium.FPDF_PAGEOBJ_FORM:
            if depth < MAX_FORM_DEPTH:
                visit_form(item, matrix, depth + 1)
            return
        if not get_bounds(item, *references):
            return
        box = (left.value, low.value, right.value, high.value)
        x0, top, x1, bottom = to_page(*(box if matrix is None else _transformed(box, matrix)))
        if kind == pdfium.FPDF_PAGEOBJ_IMAGE:
            shown = max(min(x1, width) - max(x0, 0), 0) * max(min(bottom, height) - max(top, 0), 0)
            found.image_share = max(found.image_share, shown / area)
            return
        found.path_count += 1
        if x1 < 0 or x0 > width or bottom < 0 or top > height:
            return
        if min(x1 - x0, bottom - top) <= THICKEST_RULE:
            found.add_line(x0, top, x1, bottom)
        else:
            _read_path(item, matrix, to_page, found)

    def visit_form(form: Any, matrix: Matrix | None, depth: int) -> None:
        own = pdfium.FS_MATRIX()
        if not pdfium.FPDFPageObj_GetMatrix(form, ctypes.byref(own)):
            return
        inner = _multiplied((own.a, own.b, own.c, own.d, own.e, own.f), matrix)
        for index in range(pdfium.FPDFFormObj_CountObjects(form)):
            if not take():
                return
            item = pdfium.FPDFFormObj_GetObject(form, index)
            kind = get_type(item)
            if kind == pdfium.FPDF_PAGEOBJ_TEXT:
                count_text(item)
            elif kind != pdfium.FPDF_PAGEOBJ_SHADING:
                visit(item, kind, inner, depth)

    def take() -> bool:
        found.object_count += 1
        found.cut_off = found.cut_off or found.object_count > MAX_OBJECTS
        return not found.cut_off

    def count_text(item: Any) -> None:
        found.text_count += 1
        found.invisible_count += pdfium.FPDFTextObj_GetTextRenderMode(item) in INVISIBLE_MODES

    text_kind, shading_kind = pdfium.FPDF_PAGEOBJ_TEXT, pdfium.FPDF_PAGEOBJ_SHADING
    for index in range(pdfium.FPDFPage_CountObjects(page)):
        if not take():
            break
        item = get_object(page, index)
        kind = get_type(item)
        if kind == text_kind:
            count_text(item)
        elif kind != shading_kind:
            visit(item, kind, None, 0)
    return found


def _multiplied(inner: Matrix, outer: Matrix | None) -> Matrix:
    if outer is None:
        return inner
    a, b, c, d, e, f = inner
    oa, ob, oc, od, oe, of = outer
    return (a * oa + b * oc, a * ob + b * od, c * oa + d * oc, c * ob + d * od, e * oa + f * oc + oe, e * ob + f * od + of)


def _transformed(box: Box, matrix: Matrix) -> Box:
    a, b, c, d, e, f = matrix
    corners = [(a * x + c * y + e, b * x + d * y + f) for x in (box[0], box[2]) for y in (box[1], box[3])]
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    return min(xs), min(ys), max(xs), max(ys)


def _read_path(path: Any, matrix: Matrix | None, to_page: ToPage, found: _Objects) -> None:
    """The rules of a path that is not itself thin."""
    fill, stroke = ctypes.c_int(), ctypes.c_int()
    if not pdfium.FPDFPath_GetDrawMode(path, ctypes.byref(fill), ctypes.byref(stroke)):
        return
    if not stroke.value and (not fill.value or pdfium.FPDFPath_CountSegments(path) <= _BOX_SEGMENTS):
        return
    own = pdfium.FS_MATRIX()
    if pdfium.FPDFPageObj_GetMatrix(path, ctypes.byref(own)):
        matrix = _multiplied((own.a, own.b, own.c, own.d, own.e, own.f), matrix)
    found.add_path(_subpaths(path, matrix, to_page, found), stroked=bool(stroke.value), filled=bool(fill.value))


def _subpaths(path: Any, matrix: Matrix | None, to_page: ToPage, found: _Objects) -> Iterator[Subpath]:
    x, y = ctypes.c_float(), ctypes.c_float()
    x_reference, y_reference = ctypes.byref(x), ctypes.byref(y)
    points: list[tuple[float, float]] = []
    closed = False
    for index in range(pdfium.FPDFPath_CountSegments(path)):
        found.object_count += 1
        if found.object_count > MAX_OBJECTS:
            found.cut_off = True
            break
        segment = pdfium.FPDFPath_GetPathSegment(path, index)
        kind = pdfium.FPDFPathSegment_GetType(segment)
        pdfium.FPDFPathSegment_GetPoint(segment, x_reference, y_reference)
        px, py = x.value, y.value
        if matrix is not None:
            a, b, c, d, e, f = matrix
            px, py = a * px + c * py + e, b * px + d * py + f
        point = to_page(px, py, px, py)[:2]
        if kind == pdfium.FPDF_SEGMENT_MOVETO and points:
            yield points, closed
            points, closed = [], False
        points.append(point)
        closed = closed or bool(pdfium.FPDFPathSegment_GetClose(segment))
    if points:
        yield points, closed
