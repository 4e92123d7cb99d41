"""Whether a page leaves the writing of its list to a script."""

from __future__ import annotations

import re

from crawler.portals.families.rows import read_rows
from crawler.portals.markup import decode

_WRITES = re.compile(
    r"\.(?:innerHTML|appendChild|insertAdjacentHTML|append|html)\b|fetch\s*\(|XMLHttpRequest|\$\.(?:ajax|get|post|getJSON)|axios|"
    r"createApp|new\s+Vue|ReactDOM|template\s*\(",
)
_MOST_ROWS = 2
"""Links in a block that may still be furniture."""


def is_written_by_script(content: bytes, encoding: str | None = None) -> bool:
    """Whether a page without rows of its own has a script that may write them: one that builds markup or asks for data, or one
    from a file, of which nothing is known.

    Raises:
        ValueError: the page is larger than ``markup.MAX_PAGE_BYTES``.
    """
    html = decode(content, encoding)
    reading = read_rows(html, "http://page.invalid/")
    if len(reading.items) > _MOST_ROWS or reading.is_empty_list:
        return False
    return any(script.get("src") or _WRITES.search(script.text or "") for script in reading.root.iter("script"))
