"""What the objects of one PDF page tell: rules, images, and how much of the text is shown."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from typing import Any

import pypdfium2.raw as pdfium

from crawler.documents import pdf_calls
from crawler.documents.model import Box
from crawler.documents.pdf_calls import Handle
from crawler.documents.pdf_runs import INVISIBLE_MODES, ToPage
from crawler.documents.ruling import THICKEST_RULE, RuleCollector, Subpath

MAX_FORM_DEPTH = 8
MAX_OBJECTS = 200_000
"""Objects looked at on one page, forms included; a report's page has a few thousand."""

_BOX_SEGMENTS = 6
"""A filled path of so few segments is one box: shading."""

_TEXT, _FORM, _IMAGE = pdfium.FPDF_PAGEOBJ_TEXT, pdfium.FPDF_PAGEOBJ_FORM, pdfium.FPDF_PAGEOBJ_IMAGE
_UNSEEN = frozenset({_TEXT, pdfium.FPDF_PAGEOBJ_SHADING})
"""What draws neither a rule nor a picture."""

Matrix = tuple[float, float, float, float, float, float]


class PageObjects(RuleCollector):
    """Rules, images and counts gathered from a page's objects. ``image_share`` is the largest image's share of the page."""

    def __init__(self, to_page: ToPage, width: float, height: float) -> None:
        super().__init__()
        self.image_share = 0.0
        self.path_count = 0
        self.text_count = 0
        self.invisible_count = 0
        self.cut_off = False
        self._to_page = to_page
        self._width = width
        self._height = height
        self._left = MAX_OBJECTS

    def take(self, count: int) -> int:
        """How many of so many objects may still be looked at."""
        taken = min(count, self._left)
        self.cut_off = self.cut_off or taken < count
        self._left -= taken
        return taken

    def add(self, objects: Sequence[Handle], matrix: Matrix | None, depth: int) -> None:
        """Objects of the page, or of a form at that depth whose space ``matrix`` takes to that of the page."""
        kinds = pdf_calls.kinds(objects)
        modes = pdf_calls.render_modes([item for item, kind in zip(objects, kinds, strict=True) if kind == _TEXT])
        self.text_count += len(modes)
        self.invisible_count += sum([mode in INVISIBLE_MODES for mode in modes])
        drawn = [(item, kind) for item, kind in zip(objects, kinds, strict=True) if kind not in _UNSEEN]
        for (item, kind), box in zip(drawn, pdf_calls.bounds([item for item, _ in drawn]), strict=True):
            if kind == _FORM:
                self._add_form(item, matrix, depth)
            elif box is not None:
                self._add_drawn(item, kind, box, matrix)

    def _add_form(self, form: Handle, matrix: Matrix | None, depth: int) -> None:
        own = pdfium.FS_MATRIX()
        if depth >= MAX_FORM_DEPTH or not pdfium.FPDFPageObj_GetMatrix(_pointer(form), ctypes.byref(own)):
            return
        inner = _multiplied((own.a, own.b, own.c, own.d, own.e, own.f), matrix)
        count = self.take(pdfium.FPDFFormObj_CountObjects(_pointer(form)))
        self.add(pdf_calls.form_objects(form, count), inner, depth + 1)

    def _add_drawn(self, item: Handle, kind: int, box: Box, matrix: Matrix | None) -> None:
        """A path or an image; ``box`` is left, bottom, right and top in its container's space."""
        x0, top, x1, bottom = self._to_page(*(box if matrix is None else _transformed(box, matrix)))
        width, height = self._width, self._height
        if kind == _IMAGE:
            shown = max(min(x1, width) - max(x0, 0), 0) * max(min(bottom, height) - max(top, 0), 0)
            self.image_share = max(self.image_share, shown / max(width * height, 1.0))
            return
        self.path_count += 1
        if x1 < 0 or x0 > width or bottom < 0 or top > height:
            return
        if x1 - x0 <= THICKEST_RULE or bottom - top <= THICKEST_RULE:
            self.add_line(x0, top, x1, bottom)
        else:
            self._read_path(_pointer(item), matrix)

    def _read_path(self, path: Any, matrix: Matrix | None) -> None:
        """The rules of a path that is not itself thin."""
        fill, stroke = ctypes.c_int(), ctypes.c_int()
        if not pdfium.FPDFPath_GetDrawMode(path, ctypes.byref(fill), ctypes.byref(stroke)):
            return
        if not stroke.value and (not fill.value or pdfium.FPDFPath_CountSegments(path) <= _BOX_SEGMENTS):
            return
        own = pdfium.FS_MATRIX()
        if pdfium.FPDFPageObj_GetMatrix(path, ctypes.byref(own)):
            matrix = _multiplied((own.a, own.b, own.c, own.d, own.e, own.f), matrix)
        self.add_path(self._subpaths(path, matrix), stroked=bool(stroke.value), filled=bool(fill.value))

    def _subpaths(self, path: Any, matrix: Matrix | None) -> Iterator[Subpath]:
        x, y = ctypes.c_float(), ctypes.c_float()
        x_reference, y_reference = ctypes.byref(x), ctypes.byref(y)
        points: list[tuple[float, float]] = []
        closed = False
        for index in range(self.take(pdfium.FPDFPath_CountSegments(path))):
            segment = pdfium.FPDFPath_GetPathSegment(path, index)
            kind = pdfium.FPDFPathSegment_GetType(segment)
            pdfium.FPDFPathSegment_GetPoint(segment, x_reference, y_reference)
            px, py = x.value, y.value
            if matrix is not None:
                a, b, c, d, e, f = matrix
                px, py = a * px + c * py + e, b * px + d * py + f
            point = self._to_page(px, py, px, py)[:2]
            if kind == pdfium.FPDF_SEGMENT_MOVETO and points:
                yield points, closed
                points, closed = [], False
            points.append(point)
            closed = closed or bool(pdfium.FPDFPathSegment_GetClose(segment))
        if points:
            yield points, closed


def read_objects(page: Any, to_page: ToPage, width: float, height: float) -> PageObjects:
    """The page's own objects and those of its forms, `MAX_OBJECTS` of them at most."""
    found = PageObjects(to_page, width, height)
    count = found.take(pdfium.FPDFPage_CountObjects(page))
    found.add(pdf_calls.page_objects(page, count), None, 0)
    return found


def _pointer(item: Handle) -> Any:
    """The object as pypdfium2's own functions take it."""
    return ctypes.cast(item, pdfium.FPDF_PAGEOBJECT)


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
