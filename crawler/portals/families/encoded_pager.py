"""Pagers hidden from view: ``<div id="pages">`` holds base64 that the page's script decodes by ``atob``.

Seen in Yunnan. What is decoded is the pager's HTML, percent-encoded; decoded, the page is one of an ordinary pager.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

from crawler.portals.families.numbered import Numbered
from crawler.portals.families.plain import Plain
from crawler.portals.model import ListShapeError

if TYPE_CHECKING:
    from crawler.portals.model import ListPage

NAME = "encoded_pager"
_PAGES = re.compile(
    r"""(?P<open><(?P<tag>div|span|p|ul|td)\b[^<>]{0,300}\bid\s*=\s*["']?pages["']?[^<>]{0,300}>)\s*"""
    r"""(?P<code>[A-Za-z0-9+/][A-Za-z0-9+/\s]{7,100000}={0,2})\s*(?=</(?P=tag)>)""",
    re.IGNORECASE,
)


class EncodedPager:
    """Lists whose pager is decoded by the page's script."""

    name = NAME

    def detect(self, html: str, url: str) -> int:  # noqa: ARG002 - the protocol's signature
        """Certain where base64 stands in ``#pages`` and a script decodes."""
        return 80 if "atob" in html and _PAGES.search(html) else 0

    def parse_list(self, html: str, url: str) -> ListPage:
        """Decode the pager and read the page as any other.

        Raises:
            ListShapeError: what is in ``#pages`` is no pager, or the page has no rows.
        """
        found = _PAGES.search(html)
        pager = _decoded(found["code"]) if found else None
        if found is None or pager is None or "<" not in pager:
            raise ListShapeError(NAME, url, 'expected a pager in base64 within <div id="pages">')
        opened = f"{html[: found.end('open')]}{pager}{html[found.end() :]}"
        reader = Numbered() if Numbered().detect(opened, url) else Plain()
        return replace(reader.parse_list(opened, url), family=NAME)


def _decoded(code: str) -> str | None:
    try:
        content = base64.b64decode(re.sub(r"\s+", "", code), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return unquote_plus(content)
