"""What tells whether a page's characters can be trusted; knows no format."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from crawler.documents.page import PageMarks
from crawler.documents.scan import INSTALL
from crawler.outcomes import Outcome, OutcomeError

FEW_CHARACTERS = 20
"""A page with fewer characters than this, page number included, has no usable text layer if an image covers it."""
MANY_PATHS = 300
"""A page without text but with this many paths was turned into outlines."""
GARBLED_SHARE = 0.15
"""The share of characters without meaning from which on a text layer is unusable."""
TABLE_IMAGE = 0.12
"""The share of the page from which on an image may show a statutory table."""
LARGE_IMAGE = 0.5
"""The share of the page from which on an image may be a scan of it."""

_CJK = re.compile("[\u4e00-\u9fff]")
_FOREIGN = re.compile("[\u00a1-\u00af\u00b2-\u00b6\u00b8-\u00d6\u00d8-\u02af\u0370-\u1dff]")
_NO_MEANING = re.compile("[\x00-\x1f\ufffd\ue000-\uf8ff\U000f0000-\U0010ffff]")


class PageContent(NamedTuple):
    """The marks of a page and what tells whether its text layer can be trusted."""

    marks: PageMarks
    character_count: int
    unreadable_count: int
    """Characters without a meaning: U+FFFD, private use, control codes, NUL."""
    foreign_count: int
    """Accented Latin, Greek, Cyrillic...: many of them and hardly any CJK is a Chinese text in the wrong encoding."""
    cjk_count: int
    image_share: float
    path_count: int
    all_invisible: bool
    placeholder_count: int = 0
    """How often ``(cid:`` stands where a character should: an earlier converter had no character map."""


def character_counts(text: str, shown: str) -> tuple[int, int, int, int]:
    """All, unreadable, foreign and CJK characters of a page: ``shown`` and the NULs of the whole layer's ``text``."""
    nothing = text.count("\x00")
    unreadable = nothing + len(_NO_MEANING.findall(shown))
    return len(shown) + nothing, unreadable, len(_FOREIGN.findall(shown)), len(_CJK.findall(shown))


def is_scan(page: PageContent) -> bool:
    """Whether the page is a picture: an image of it, or text turned into outlines."""
    few = page.character_count < FEW_CHARACTERS or page.all_invisible
    return few and (page.image_share >= LARGE_IMAGE or (page.character_count == 0 and page.path_count >= MANY_PATHS))


def unreadable_pages(pages: Sequence[PageContent]) -> tuple[int, ...]:
    """The numbers of the pages that can only be read as pictures: scans, and pages whose characters have no meaning."""
    found = tuple(page.marks.number for page in pages if is_scan(page) or _has_no_meaning([page]))
    return found or (tuple(page.marks.number for page in pages) if _has_no_meaning(pages) else ())


def pages_with_images(pages: Sequence[PageContent]) -> tuple[int, ...]:
    """The numbers of the pages with an image large enough to be one of a table."""
    return tuple(page.marks.number for page in pages if page.image_share >= TABLE_IMAGE)


def _has_no_meaning(pages: Sequence[PageContent]) -> bool:
    total = sum(page.character_count for page in pages)
    unreadable = sum(page.unreadable_count for page in pages)
    foreign, cjk = sum(page.foreign_count for page in pages), sum(page.cjk_count for page in pages)
    placeholders = sum(page.placeholder_count for page in pages)
    return bool(total) and (
        unreadable > GARBLED_SHARE * total
        or placeholders * 6 > GARBLED_SHARE * total
        or (foreign > 0.3 * total and cjk < 0.1 * foreign)
    )


def require_text(pages: Sequence[PageContent]) -> None:
    """Nothing, if the document can be read from its characters.

    Raises:
        OutcomeError: ``scanned`` (most pages are pictures) or ``garbled`` (the characters have no meaning).
    """
    scans = [page for page in pages if is_scan(page)]
    readable = sum(page.character_count for page in pages if not is_scan(page))
    with_text = sum(page.character_count >= FEW_CHARACTERS and not page.all_invisible for page in pages)
    if scans and (len(scans) > with_text or not readable):
        raise OutcomeError(
            Outcome.SCANNED,
            f"{len(scans)} of {len(pages)} pages are images without a usable text layer; to have them read, {INSTALL}.",
        )
    if _has_no_meaning(pages):
        total, unreadable = sum(page.character_count for page in pages), sum(page.unreadable_count for page in pages)
        raise OutcomeError(
            Outcome.GARBLED,
            f"The text layer has no usable characters ({unreadable} of {total} have no meaning); to have the page images read, "
            f"{INSTALL}.",
        )
