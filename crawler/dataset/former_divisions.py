"""Counties and districts that were renamed, raised in rank or merged since 2016, and what became of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

FORMER_FILE = "former_divisions.tsv"


@dataclass(frozen=True, slots=True)
class FormerDivision:
    """A division that is no more: ``successor`` is the code of the one that it goes on in under another name or rank.

    ``None`` where it was merged into another: then it stays a division of its own, with the code it had.
    """

    code: str
    path: str
    successor: str | None


@cache
def former_divisions() -> tuple[FormerDivision, ...]:
    """Every one that the file knows, by code."""
    text = files(__package__).joinpath(FORMER_FILE).read_text(encoding="utf-8")
    rows = (line.split("\t") for line in text.splitlines() if line and not line.startswith("#"))
    return tuple(FormerDivision(code, path, successor or None) for code, path, successor in rows)
