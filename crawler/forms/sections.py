"""The six statutory sections and what stands before them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from crawler.documents.model import Document, Grid, Paragraph
from crawler.forms.catalogue import SectionSpec
from crawler.forms.labels import similarity, skeleton
from crawler.forms.model import Section

BOOKMARK = re.compile(r"\[bookmark:[^\]\n]{0,80}\]")
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad"))
_NUMERAL = re.compile(r"\s*([一二三四五六七八九])\s*[、.．,，:：]?\s*")
_SUB_NUMERAL = re.compile(r"\s*(?:[(（]\s*[一二三四五六七八九十\d]+\s*[)）]|\d+\s*[.、．]|[一二三四五六七八九十]是)")
_SKIPPED = re.compile(r"[\W_]")
_SENTENCE_END = re.compile(r"[。；;！!？?]")
_TRADITIONAL_FIRSTS = "總主收政存其因依工需"
MAX_HEADING_CHARACTERS = 40
MIN_HEADING_SIMILARITY = 0.7


@dataclass(frozen=True, slots=True)
class SectionReading:
    """``sections`` in printed order; ``lead`` the paragraphs before the first heading; ``found`` the numbers of all the
    headings as printed, doubled ones twice."""

    sections: tuple[Section, ...]
    lead: tuple[str, ...]
    found: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Heading:
    no: int
    text: str
    rest: str


def clean_text(text: str) -> str:
    """Text without bookmarks, zero-width characters and outer white space."""
    return BOOKMARK.sub("", text).translate(_INVISIBLE).strip().strip("\u3000\u00a0 ")


def paragraphs(document: Document) -> list[str]:
    """The running text by paragraph; a table of one column is a framed paragraph, not a table."""
    texts: list[str] = []
    for block in document.blocks:
        if isinstance(block, Paragraph):
            texts += [clean_text(line) for line in block.text.split("\n")]
        elif is_frame(block):
            texts += [clean_text(line) for cell in block.cells for line in cell.text.split("\n")]
    return [text for text in texts if text]


def is_frame(grid: Grid) -> bool:
    """Whether the grid is a box around paragraphs."""
    return grid.column_count <= 1


def read_sections(texts: Sequence[str], specs: Sequence[SectionSpec]) -> SectionReading:
    """Part the running text at the six headings; text behind a heading in the same paragraph belongs to its section."""
    lead: list[str] = []
    found: list[_Heading] = []
    bodies: list[list[str]] = []
    for text in texts:
        heading = _heading(text, specs)
        if heading is not None:
            found.append(heading)
            bodies.append([heading.rest] if heading.rest else [])
        elif bodies:
            bodies[-1].append(text)
        else:
            lead.append(text)
    chosen: dict[int, Section] = {}
    for heading, body in zip(found, bodies, strict=True):
        section = Section(heading.no, heading.text, "\n".join(body))
        # Of a heading printed twice (a table of contents), the one with the text under it.
        if heading.no not in chosen or len(section.text) > len(chosen[heading.no].text):
            chosen[heading.no] = section
    return SectionReading(tuple(chosen.values()), tuple(lead), tuple(heading.no for heading in found))


def _heading(text: str, specs: Iterable[SectionSpec]) -> _Heading | None:
    if _SUB_NUMERAL.match(text):
        return None
    numeral = _NUMERAL.match(text)
    words = text[numeral.end() :] if numeral else text
    best: _Heading | None = None
    first = next((character for character in words if not _SKIPPED.match(character)), "")
    if numeral is None and first not in _first_characters(tuple(specs)):
        return None
    for spec in specs:
        if numeral is None and len(text) > MAX_HEADING_CHARACTERS:
            continue
        for wording in (spec.heading, *spec.variants):
            end = _match_prefix(words, skeleton(wording))
            if end is None:
                continue
            rest = words[end:].lstrip("。.:： \u3000")
            if numeral is None and rest:
                continue
            heading = _Heading(spec.no, text[: len(text) - len(words) + end].strip(), rest)
            if best is None or len(heading.text) > len(best.text):
                best = heading
    if best is None and numeral is not None and len(text) <= MAX_HEADING_CHARACTERS and not _SENTENCE_END.search(text):
        return _similar_heading(text, words, numeral[1], specs)
    return best


@lru_cache(maxsize=8)
def _first_characters(specs: tuple[SectionSpec, ...]) -> frozenset[str]:
    """What a heading may begin with, traditional characters included."""
    firsts = {skeleton(wording)[0] for spec in specs for wording in (spec.heading, *spec.variants)}
    return frozenset(firsts | {character for character in _TRADITIONAL_FIRSTS if skeleton(character) in firsts})


def _similar_heading(text: str, words: str, numeral: str, specs: Iterable[SectionSpec]) -> _Heading | None:
    """A heading worded otherwise, if its numeral agrees."""
    printed = skeleton(words)
    for spec in specs:
        if spec.numeral == numeral:
            likeness = max(similarity(printed, skeleton(wording)) for wording in (spec.heading, *spec.variants))
            return _Heading(spec.no, text, "") if likeness >= MIN_HEADING_SIMILARITY else None
    return None


def _match_prefix(text: str, wanted: str) -> int | None:
    """The end of the wanted words at the start of the text, spaces and punctuation between them aside."""
    position = 0
    for number, character in enumerate(text):
        if _SKIPPED.match(character):
            continue
        if skeleton(character) != wanted[position] and unicodedata.normalize("NFKC", character) != wanted[position]:
            return None
        position += 1
        if position == len(wanted):
            return number + 1
    return None
