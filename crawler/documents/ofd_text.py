"""Where the characters of an OFD text object stand (GB/T 33190-2016, 11.2 to 11.4), in the object's own space."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from lxml import etree

from crawler.documents.ofd_package import children
from crawler.documents.ofd_path import numbers

ASCENT = 0.86
"""The share of a character's square that stands above its base line, as in most Chinese fonts."""
NARROW_ADVANCE = 0.75
"""A narrow character that moves on by more than this share of its size is set with space behind it."""
NO_CODE = "\ufffd"
"""Stands for a glyph without a character."""
PLACEHOLDER = "\u00a4"
"""What producers write as code where only the glyph is known."""


class Glyph(NamedTuple):
    """One character: its base line's start and its width, in the object's space."""

    character: str
    x: float
    y: float
    width: float


class _Unit(NamedTuple):
    """Characters that are drawn together, by that many glyphs: one by one except in ligatures."""

    characters: str
    glyph_count: int


def repeated(text: str | None, count: int) -> list[float]:
    """``count`` offsets from a list in which ``g n d`` stands for n times d; the last one goes on where too few are given.

    An empty list where none is given or can be understood.

    >>> repeated("g 2 1.5 -3", 3), repeated("1.6", 3), repeated(None, 3), repeated("g 999999999 1", 2)
    ([1.5, 1.5, -3.0], [1.6, 1.6, 1.6], [], [1.0, 1.0])
    """
    tokens = (text or "").replace(",", " ").split()
    offsets: list[float] = []
    index = 0
    while index < len(tokens) and len(offsets) < count:
        if tokens[index].lower() == "g":
            pair = numbers(" ".join(tokens[index + 1 : index + 3]), 2)
            if pair is None or pair[0] < 0:
                break
            offsets += [pair[1]] * min(int(pair[0]), count - len(offsets))
            index += 3
        else:
            value = numbers(tokens[index], 1)
            if value is None:
                break
            offsets += value
            index += 1
    if offsets and len(offsets) < count:
        offsets += [offsets[-1]] * (count - len(offsets))
    return offsets


def text_runs(
    text_object: etree._Element, parts: Mapping[str, Sequence[etree._Element]], size: float, limit: int
) -> list[list[Glyph]]:
    """The characters of each ``TextCode``, white space included; at most ``limit`` in all.

    ``parts`` are the object's child elements by local name.
    """
    stretch = _number(text_object.get("HScale"), 1.0)
    down = text_object.get("ReadDirection") in {"90", "270"}
    transforms = _transforms(parts.get("CGTransform", ()))
    found: list[list[Glyph]] = []
    position = 0
    x = y = 0.0
    for element in parts.get("TextCode", ()):
        x, y = _number(element.get("X"), x), _number(element.get("Y"), y)
        text = "".join(element.itertext()) if len(element) else element.text or ""
        if "\n" in text or "\t" in text or "\r" in text:
            text = text.strip()  # a pretty-printer's white space, no characters
        text = text[:limit]
        limit -= len(text)
        units = _units(text, position, transforms)
        position += len(text)
        if units:
            found.append(_placed(units, element, (x, y), size, stretch, down=down))
    if not position and transforms:
        count = sum(glyphs for _, glyphs in transforms.values())
        found.append([Glyph(NO_CODE, x, y, size)] * min(count, limit))
    return found


def _transforms(elements: Sequence[etree._Element]) -> dict[int, tuple[int, int]]:
    """By code position: the number of codes and of glyphs."""
    found = {}
    for element in elements:
        named = sum(len((glyphs.text or "").split()) for glyphs in children(element, "Glyphs"))
        position = _count(element.get("CodePosition"), 0)
        found[position] = (_count(element.get("CodeCount")), _count(element.get("GlyphCount"), max(named, 1)))
    return found


def _units(text: str, position: int, transforms: dict[int, tuple[int, int]]) -> list[_Unit]:
    if not transforms:
        return [_Unit(character, 1) for character in text]
    units: list[_Unit] = []
    index = 0
    while index < len(text):
        codes, glyphs = transforms.get(position + index, (1, 1))
        characters = text[index : index + max(codes, 1)]
        if codes == glyphs or codes < 1 or glyphs < 1:
            units += (_Unit(character, 1) for character in characters)
        else:
            units.append(_Unit(characters, glyphs))
        index += len(characters)
    return [_Unit(unit.characters.replace(PLACEHOLDER, NO_CODE), unit.glyph_count) for unit in units]


def _placed(
    units: Sequence[_Unit], element: etree._Element, start: tuple[float, float], size: float, stretch: float, *, down: bool
) -> list[Glyph]:
    x, y = start
    square = size * stretch
    if len(units) == 1 and len(units[0].characters) == 1:
        return [Glyph(units[0].characters, x, y, _natural_width(units[0].characters) * square)]
    count = min(sum(unit.glyph_count for unit in units) - 1, 20 * len(units))
    across, along = repeated(element.get("DeltaX"), count), repeated(element.get("DeltaY"), count)
    natural = not across and not any(along)
    glyphs: list[Glyph] = []
    done = 0
    for characters, glyph_count in units:
        usual = sum(map(_natural_width, characters)) * square
        dx, dy = usual, 0.0
        if not natural:
            dx, dy = sum(across[done : done + glyph_count]), sum(along[done : done + glyph_count])
        elif down:
            dx, dy = 0.0, size * len(characters)
        done += glyph_count
        width = usual
        if dy == 0 and 0 < dx < usual * (1 if usual >= size else 2 * NARROW_ADVANCE):
            width = dx
        share = width / len(characters)
        glyphs.extend(Glyph(character, x + nth * share, y, share) for nth, character in enumerate(characters))
        x, y = x + dx, y + dy
    return glyphs


@lru_cache(maxsize=8192)
def _natural_width(character: str) -> float:
    return 1.0 if unicodedata.east_asian_width(character) in "WFA" else 0.5


def _number(text: str | None, otherwise: float) -> float:
    found = numbers(text, 1) if text is not None else None
    return found[0] if found else otherwise


def _count(text: str | None, otherwise: int = 1) -> int:
    return int(text) if text is not None and re.fullmatch(r"\d{1,7}", text.strip()) else otherwise
