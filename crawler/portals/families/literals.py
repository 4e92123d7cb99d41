"""Reading what a page's scripts say without running them: members of object literals, the literal around a place, queries."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

_MEMBER = re.compile(
    r"""(?<![\w$.])["']?(?P<name>[A-Za-z_$][\w$]{0,40})["']?\s{0,20}[:=]\s{0,20}"""
    r"""(?:"(?P<double>[^"\\\n]{0,1000})"|'(?P<single>[^'\\\n]{0,1000})'|(?P<number>-?\d{1,18})(?![\w.])|(?P<flag>true|false)\b)"""
)
_MAX_LITERAL = 6000


def members(source: str) -> dict[str, str]:
    """Strings, numbers and flags that ``source`` gives names to (``name: "value"``, ``name = 5``); the first of a name wins.

    Values that are expressions are left out: what a script computes is not written in the page.
    """
    found: dict[str, str] = {}
    for match in _MEMBER.finditer(source):
        value = next((match[kind] for kind in ("double", "single", "number", "flag") if match[kind] is not None), "")
        found.setdefault(match["name"], unescape(value))
    return found


def literal_around(source: str, place: int) -> str:
    """The innermost ``{...}`` around ``place``, braces included; empty where there is none within some thousand characters."""
    depth = 0
    start = -1
    for index in range(place, max(-1, place - _MAX_LITERAL), -1):
        if source[index] == "}" and index != place:
            depth += 1
        elif source[index] == "{":
            if depth == 0:
                start = index
                break
            depth -= 1
    if start < 0:
        return ""
    depth = 0
    for index in range(start, min(len(source), start + _MAX_LITERAL)):
        depth += {"{": 1, "}": -1}.get(source[index], 0)
        if depth == 0:
            return source[start : index + 1]
    return ""


def with_parameter(url: str, name: str, value: str) -> str:
    """``url`` with the query parameter ``name`` set to ``value``, in its place or at the end."""
    parts = urlsplit(url)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    if any(known == name for known, _ in pairs):
        pairs = [(known, value if known == name else old) for known, old in pairs]
    else:
        pairs.append((name, value))
    return urlunsplit(parts._replace(query=urlencode(pairs, safe=",:")))
