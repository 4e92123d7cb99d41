"""``report.html``: one file that needs nothing beside it and may load nothing."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

NAME = "report.html"


def write_page(directory: Path, facts: dict[str, Any], pictures: list[str]) -> Path:
    """Writes the page into the folder of a version.

    Args:
        facts: what ``page.js`` shows, as JSON values.
        pictures: data URLs, parsed by the browser only when one is looked at.

    Raises:
        OSError: the disk is full or cannot be written.
    """
    path = directory / NAME
    path.write_text(page(facts, pictures), encoding="utf-8")
    return path


def page(facts: dict[str, Any], pictures: list[str]) -> str:
    """The page's text."""
    template, style, script = (_part(name) for name in ("page.html", "page.css", "page.js"))
    policy = (
        f"default-src 'none'; script-src '{_digest(script)}'; style-src '{_digest(style)}'; img-src data:;"
        " base-uri 'none'; form-action 'none'"
    )
    filling = {
        "policy": html.escape(policy, quote=False),
        "title": html.escape(f"{facts['spider']} {facts['version']}"),
        "reports": str(facts["report_count"]),
        "style": style,
        "script": script,
        "facts": embedded(facts),
        "pictures": embedded(pictures),
    }
    pieces = template.split("%%")
    return "".join(filling[piece] if number % 2 else piece for number, piece in enumerate(pieces))


def embedded(value: Any) -> str:
    r"""JSON that can stand in a ``script`` element whatever it says.

    >>> embedded("</script><!--")
    '"\\u003c/script>\\u003c!--"'
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    # A lone surrogate, of a damaged source, has no UTF-8.
    return text.replace("<", "\\u003c").encode("utf-8", "replace").decode("utf-8")


@cache
def _part(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode('utf-8')).digest()).decode('ascii')}"
