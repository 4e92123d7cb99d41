"""Blanks that cannot stand for zero: a sum they are in says that a number is missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from crawler.forms.checks import EMPTY, holds_with_blanks_as_zero, is_printed
from crawler.forms.model import CellReading
from crawler.forms.rules import load_rules

BLANK_NOT_ZERO = "blank_not_zero"


def blanks_not_zero(cells: Mapping[str, CellReading], form_version: str) -> dict[str, CellReading]:
    """The blanks of sums that would not hold if all their blanks were 0, with the flag; no value is changed.

    Of such a sum's blanks those are spared that another sum speaks for, unless that spares all of them.
    """
    if not any(cell.state in EMPTY for cell in cells.values()):
        return {}
    failing: list[list[str]] = []
    spoken_for: set[str] = set()
    for rule in load_rules().rules:
        if rule.kind != "identity" or not is_printed(rule, form_version, cells):
            continue
        holds = holds_with_blanks_as_zero(rule, cells)
        if holds is None:
            continue
        blanks = [operand.key for operand in rule.operands if cells[operand.key].state in EMPTY]
        if holds:
            spoken_for.update(blanks)
        else:
            failing.append(blanks)
    suspects = {key for blanks in failing for key in ([key for key in blanks if key not in spoken_for] or blanks)}
    return {key: replace(cells[key], flags=(*cells[key].flags, BLANK_NOT_ZERO)) for key in cells if key in suspects}
