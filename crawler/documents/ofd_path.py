"""Abbreviated path data of OFD (GB/T 33190-2016, 9.1) -> subpaths of straight segments."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

_TOKEN = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|[A-Za-z]")
_OPERANDS = {"M": 2, "S": 2, "L": 2, "Q": 4, "B": 6, "A": 7, "C": 0}
"""Operands of each command; the last two are the point it goes to."""
_CURVES = frozenset("QBA")

Point = tuple[float, float]


@lru_cache(maxsize=4096)
def numbers(text: str | None, count: int | None = None) -> tuple[float, ...] | None:
    """White-space (or comma) separated finite numbers; ``None`` if one is none or there are not ``count`` of them.

    >>> numbers("0 0 210 297", 4), numbers("1 x"), numbers("1e999")
    ((0.0, 0.0, 210.0, 297.0), None, None)
    """
    if not text:
        return None if count else ()
    try:
        found = tuple(map(float, (text.replace(",", " ") if "," in text else text).split()))
    except ValueError:
        return None
    if not all(map(math.isfinite, found)) or (count is not None and len(found) != count):
        return None
    return found


class Subpath(NamedTuple):
    """Points in the path's own space; whether the last is joined to the first; whether no curve touches it."""

    points: tuple[Point, ...]
    closed: bool
    straight: bool


@lru_cache(maxsize=1024)
def short_path(data: str) -> tuple[Subpath, ...]:
    """`subpaths` of a short path: the rules of a table repeat a few of them."""
    return tuple(subpaths(data, len(data)))


def subpaths(data: str, limit: int) -> Iterator[Subpath]:
    """The path's pieces, from at most ``limit`` commands.

    A curve ends a piece, so that its chord is never taken for a line. A command whose operands are missing ends the path.

    >>> [piece.points for piece in subpaths("M 0 0 L 5 0 L 5 2 C M 1 1 B 1 2 3 4 5 6 L 9 6", 99)]
    [((0.0, 0.0), (5.0, 0.0), (5.0, 2.0)), ((1.0, 1.0),), ((5.0, 6.0), (9.0, 6.0))]
    """
    tokens = _TOKEN.finditer(data)
    points: list[Point] = []
    straight = True
    for count, token in enumerate(tokens):
        command = token.group().upper()
        if command not in _OPERANDS or count >= limit:
            break
        try:
            operands = [float(next(tokens).group()) for _ in range(_OPERANDS[command])]
        except (StopIteration, ValueError):
            break
        if not all(map(math.isfinite, operands)):
            break
        if command == "C":
            if points:
                yield Subpath(tuple(points), True, straight)
                points, straight = points[:1], True
            continue
        end = operands[-2], operands[-1]
        if command in "MS":
            if len(points) > 1:
                yield Subpath(tuple(points), False, straight)
            points, straight = [end], True
        elif command in _CURVES:
            yield Subpath(tuple(points), False, False)
            points, straight = [end], False
        else:
            points.append(end)
    if len(points) > 1:
        yield Subpath(tuple(points), False, straight)
