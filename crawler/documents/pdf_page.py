"""What one PDF page shows, through pdfium's raw interface: characters as runs, thin paths as rules.

The raw interface is used because it is the speed: pypdfium2's objects cost several times what pdfium itself does.
"""

from __future__ import annotations

import ctypes
from typing import Any

import pypdfium2.raw as pdfium

from crawler.documents import pdf_calls
from crawler.documents.lattice import merge_rules
from crawler.documents.page import PageMarks
from crawler.documents.pdf_objects import read_objects
from crawler.documents.pdf_runs import RunReader, ToPage
from crawler.documents.text_layer import PageContent, character_counts


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
    objects = read_objects(page, to_page, width, height)
    text_page = pdfium.FPDFText_LoadPage(page)
    if not text_page:
        marks = PageMarks(number, width, height, [], objects.horizontals, objects.verticals, ("unreadable_text",))
        return PageContent(marks, 0, 0, 0, 0, objects.image_share, objects.path_count, all_invisible=False)
    try:
        text = _page_text(text_page)
        all_invisible = 0 < objects.text_count == objects.invisible_count
        hidden = objects.invisible_count > 0 and not all_invisible
        reader = RunReader(text_page, text, to_page, merge_rules(objects.verticals), turned=turned)
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
    text = pdf_calls.characters(text_page, count)
    if len(text) == count:
        return text
    return "".join(_character(pdfium.FPDFText_GetUnicode(text_page, index)) for index in range(count))


def _character(code: int) -> str:
    return chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else "\ufffd"
