"""The calls into pdfium that are made for every character and every object of a page, in bulk.

pypdfium2 declares every function with the types of its arguments; converting them costs ctypes twice what pdfium itself does.
Here arguments are handles, addresses and C ints as they are, and a list of them is worked off without a line of Python each.
The calls hold the interpreter's lock: each is shorter than handing it over.
"""

from __future__ import annotations

import ctypes
from array import array
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import repeat
from typing import Any

import pypdfium2.raw as pdfium

from crawler.documents.model import Box


class Handle(ctypes.c_void_p):
    """A handle of pdfium or an address; a subclass, so that ctypes gives it back as it is and not as an int."""


def _bare(function: Any, result: Any = ctypes.c_int) -> Callable[..., Any]:
    """The function without argument types: it takes ints of 32 bits, `Handle` and pypdfium2's own pointers."""
    bare: Callable[..., Any] = ctypes.PYFUNCTYPE(result)(ctypes.cast(function, ctypes.c_void_p).value or 0)
    return bare


_page_object = _bare(pdfium.FPDFPage_GetObject, Handle)
_form_object = _bare(pdfium.FPDFFormObj_GetObject, Handle)
_kind = _bare(pdfium.FPDFPageObj_GetType)
_render_mode = _bare(pdfium.FPDFTextObj_GetTextRenderMode)
_bounds = _bare(pdfium.FPDFPageObj_GetBounds)
_text = _bare(pdfium.FPDFText_GetText)
_loose_box = _bare(pdfium.FPDFText_GetLooseCharBox)
_glyph_box = _bare(pdfium.FPDFText_GetCharBox)


def page_objects(page: Any, count: int) -> list[Handle]:
    """The first ``count`` objects of a page."""
    return list(map(_page_object, repeat(page), range(count)))


def form_objects(form: Handle, count: int) -> list[Handle]:
    """The first ``count`` objects of a form."""
    return list(map(_form_object, repeat(form), range(count)))


def kinds(objects: Sequence[Handle]) -> list[int]:
    """Each object's ``FPDF_PAGEOBJ_`` type."""
    return list(map(_kind, objects))


def render_modes(texts: Iterable[Handle]) -> list[int]:
    """Each text object's ``FPDF_TEXTRENDERMODE_``."""
    return list(map(_render_mode, texts))


def bounds(objects: Sequence[Handle]) -> list[Box | None]:
    """Each object's left, bottom, right and top in its container's space; ``None`` where pdfium knows none."""
    values, first = _room("f", 4 * len(objects))
    columns = [map(Handle, range(first + offset, first + 16 * len(objects), 16)) for offset in (0, 4, 8, 12)]
    known = list(map(_bounds, objects, *columns))
    return [box if is_known else None for box, is_known in zip(_quadruples(values), known, strict=True)]


def characters(text_page: Any, count: int) -> str:
    """The first ``count`` characters as UTF-16 has them; what is no character becomes U+FFFD."""
    units, first = _room("H", count + 1)
    written = _text(text_page, 0, count, Handle(first))
    return units[: max(written - 1, 0)].tobytes().decode("utf-16-le", "replace")


def loose_boxes(text_page: Any, indices: Sequence[int]) -> Iterable[Box]:
    """The characters' left, top, right and bottom in PDF user space, as high as their font; zeros where pdfium knows none."""
    values, first = _room("f", 4 * len(indices))
    deque(map(_loose_box, repeat(text_page), indices, map(Handle, range(first, first + 16 * len(indices), 16))), maxlen=0)
    return _quadruples(values)


def glyph_box(text_page: Any, index: int) -> Box | None:
    """What the character's glyph covers: left, bottom, right and top in PDF user space; ``None`` where pdfium knows nothing."""
    left, right, low, high = (ctypes.c_double() for _ in range(4))
    known = _glyph_box(text_page, index, ctypes.byref(left), ctypes.byref(right), ctypes.byref(low), ctypes.byref(high))
    return (left.value, low.value, right.value, high.value) if known else None


def _room(typecode: str, length: int) -> tuple[array[Any], int]:
    """An array for pdfium to write into and its address (ctypes would make a type for every length)."""
    values = array(typecode, bytes(length * array(typecode).itemsize))
    return values, values.buffer_info()[0]


def _quadruples(values: array[float]) -> Iterable[Box]:
    numbers = iter(values.tolist())
    return zip(numbers, numbers, numbers, numbers, strict=True)
