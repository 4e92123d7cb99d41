"""The numbers Word prints before a paragraph without storing them as text (ECMA-376 part 1, 17.9).

Only formats that can stand before a section heading or a row label are written out: counting with Chinese numerals, decimals
and circled numbers. Bullets and letters give nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from lxml import etree

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_VAL = _W + "val"
_COUNTING = frozenset(
    {
        "chineseCounting",
        "chineseCountingThousand",
        "japaneseCounting",
        "taiwaneseCounting",
        "taiwaneseCountingThousand",
        "ideographDigital",
        "japaneseDigitalTenThousand",
        "taiwaneseDigital",
    }
)
_DECIMAL = frozenset({"decimal", "decimalFullWidth", "decimalHalfWidth", "decimalZero"})
_CIRCLED = frozenset({"decimalEnclosedCircle", "decimalEnclosedCircleChinese"})
_DIGITS = "〇一二三四五六七八九"
_MAX_LEVEL = 8
_PLACEHOLDER = re.compile(r"%([1-9])")


@dataclass(frozen=True, slots=True)
class Level:
    """One ``w:lvl``: where it starts, how it counts and the text around the number."""

    start: int
    number_format: str
    text: str


@dataclass(slots=True)
class Numbering:
    """The lists of one document; asked once per paragraph, in order, for the number printed before it."""

    abstract_of: dict[str, str] = field(default_factory=dict)
    levels: dict[tuple[str, int], Level] = field(default_factory=dict)
    starts: dict[tuple[str, int], int] = field(default_factory=dict)
    """``w:startOverride`` by list and level."""
    of_style: dict[str, tuple[str, int]] = field(default_factory=dict)
    _counters: dict[str, dict[int, int]] = field(default_factory=dict)
    _begun: set[tuple[str, int]] = field(default_factory=set)

    def next_label(self, paragraph: etree._Element) -> str:
        """The printed number of this paragraph, e.g. ``一、``; empty where it has none."""
        if not self.abstract_of:
            return ""
        properties = paragraph.find(_W + "pPr")
        if properties is None:
            return ""
        place = _place(properties)
        if place is None:
            style = properties.find(_W + "pStyle")
            place = None if style is None else self.of_style.get(style.get(_VAL, ""))
        if place is None:
            return ""
        number_id, depth = place
        abstract = self.abstract_of.get(number_id)
        level = None if abstract is None else self.levels.get((abstract, depth))
        if abstract is None or level is None:
            return ""
        counters = self._counters.setdefault(abstract, {})
        override = self.starts.get((number_id, depth))
        if override is not None and (number_id, depth) not in self._begun:
            counters[depth] = override
        elif depth in counters:
            counters[depth] += 1
        else:
            counters[depth] = level.start
        self._begun.add((number_id, depth))
        for deeper in [key for key in counters if key > depth]:
            del counters[deeper]
        return self._label(abstract, level, counters)

    def _label(self, abstract: str, level: Level, counters: dict[int, int]) -> str:
        if not _is_written(level.number_format):
            return ""

        def number(found: re.Match[str]) -> str:
            depth = int(found.group(1)) - 1
            other = self.levels.get((abstract, depth), level)
            return format_number(counters.get(depth, other.start), other.number_format)

        return _PLACEHOLDER.sub(number, level.text)


def read_numbering(numbering: etree._Element | None, styles: etree._Element | None) -> Numbering:
    """The lists of a package from its ``numbering.xml`` and ``styles.xml`` roots, either of which may be missing."""
    result = Numbering()
    if numbering is None:
        return result
    for abstract in numbering.findall(_W + "abstractNum"):
        name = abstract.get(_W + "abstractNumId", "")
        for level in abstract.findall(_W + "lvl"):
            result.levels[(name, _integer(level.get(_W + "ilvl"), 0))] = _level(level)
    for listed in numbering.findall(_W + "num"):
        number_id = listed.get(_W + "numId", "")
        abstract_id = listed.find(_W + "abstractNumId")
        if number_id == "0" or abstract_id is None:
            continue
        result.abstract_of[number_id] = abstract_id.get(_VAL, "")
        for override in listed.findall(_W + "lvlOverride"):
            start = override.find(_W + "startOverride")
            if start is not None:
                depth = _integer(override.get(_W + "ilvl"), 0)
                result.starts[(number_id, depth)] = _integer(start.get(_VAL), 1)
    based_on: dict[str, str] = {}
    for style in [] if styles is None else styles.iter(_W + "style"):
        name = style.get(_W + "styleId", "")
        parent = style.find(_W + "basedOn")
        if parent is not None:
            based_on[name] = parent.get(_VAL, "")
        properties = style.find(_W + "pPr")
        place = None if properties is None else _place(properties)
        if place is not None:
            result.of_style[name] = place
    for name in based_on:
        ancestor, steps = name, 0
        while ancestor not in result.of_style and ancestor in based_on and steps < 16:
            ancestor, steps = based_on[ancestor], steps + 1
        if ancestor in result.of_style:
            result.of_style[name] = result.of_style[ancestor]
    return result


def format_number(number: int, number_format: str) -> str:
    """A number as Word prints it in one of the formats of 17.18.59; empty for those that are not written out.

    >>> format_number(21, "chineseCounting"), format_number(3, "decimal"), format_number(2, "decimalEnclosedCircle")
    ('二十一', '3', '②')
    """
    if number_format in _COUNTING and 0 < number < 1000:
        hundreds, rest = divmod(number, 100)
        tens, units = divmod(rest, 10)
        head = f"{_DIGITS[hundreds]}百" if hundreds else ""
        if tens:
            head += ("" if tens == 1 and not hundreds else _DIGITS[tens]) + "十"
        elif hundreds and units:
            head += "零"
        return head + (_DIGITS[units] if units else "")
    if number_format in _CIRCLED and 0 < number <= 20:
        return chr(ord("①") + number - 1)
    return str(number) if number_format in _DECIMAL | _CIRCLED | _COUNTING else ""


def _is_written(number_format: str) -> bool:
    return number_format in _COUNTING or number_format in _DECIMAL or number_format in _CIRCLED


def _level(element: etree._Element) -> Level:
    values = {}
    for name in ("start", "numFmt", "lvlText"):
        found = element.find(_W + name)
        values[name] = None if found is None else found.get(_VAL)
    return Level(_integer(values["start"], 1), values["numFmt"] or "decimal", values["lvlText"] or "")


def _place(properties: etree._Element) -> tuple[str, int] | None:
    found = properties.find(_W + "numPr")
    if found is None:
        return None
    number_id, depth = found.find(_W + "numId"), found.find(_W + "ilvl")
    if number_id is None:
        return None
    level = 0 if depth is None else _integer(depth.get(_VAL), 0)
    return number_id.get(_VAL, "0"), min(level, _MAX_LEVEL)


def _integer(text: str | None, default: int) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 7 else default
