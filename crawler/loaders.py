"""Fills items from what the portal parsers yield."""

from __future__ import annotations

from itemloaders import ItemLoader
from itemloaders.processors import MapCompose, TakeFirst
from w3lib.html import replace_entities


def _clean(text: str | None) -> str | None:
    """Entities resolved and white space folded; ``None`` and empty text are left out by the loader.

    >>> _clean(" 栾川县&nbsp;2023年\\n年度报告 ")
    '栾川县 2023年 年度报告'
    """
    if text is None:
        return None
    return " ".join(replace_entities(text).replace("\u3000", " ").split()) or None


class PageLoader(ItemLoader):
    """Loads what a list and an article print of a page, for a `PageItem`; of several values the first that says something
    counts."""

    default_output_processor = TakeFirst()
    title_in = MapCompose(_clean)
    list_title_in = MapCompose(_clean)
    source_in = MapCompose(_clean)
