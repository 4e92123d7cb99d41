"""The forms' arithmetic as a gate for what OCR read: a sum that holds settles a doubt, one that fails makes cells suspect.

No value is ever changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from crawler.documents.model import Method
from crawler.forms.checks import compare
from crawler.forms.model import CellReading, Check, Number, State, Status
from crawler.forms.rows import TableRow
from crawler.forms.rules import Operand, Rule, load_rules

OCR_SUSPECT = "ocr_suspect"
GRID_INFERRED = "grid_inferred"
"""Flag of a grid without ruling lines: its rows were put together by where the text stands."""
GATES = frozenset({"identity"})
"""Kinds of rules that hold in nearly every report as published."""


def proven_by_sums(methods: Mapping[str, str], cells: Mapping[str, CellReading], version: str) -> dict[str, CellReading]:
    """The cells of tables read by OCR whose doubtful reading a sum confirms, without their doubt.

    A sum confirms the only doubtful one of its cells, if no other sum speaks against it: had the cell been misread, the sum
    would not hold. A sum with two doubtful cells confirms neither, for one misreading can hide another.

    Args:
        methods: how each table was read, e.g. ``{"requests": "ocr"}``.
        cells: the cells read, by metric key.
        version: the form.
    """
    by_ocr = _by_ocr(methods)
    doubtful = {
        key
        for key, cell in cells.items()
        if cell.second_raw is not None and cell.value is not None and key.partition(".")[0] in by_ocr
    }
    if not doubtful:
        return {}
    sums = [rule for rule in load_rules().rules if rule.kind in GATES and version in rule.versions]
    verdicts = [(rule, compare(rule, lambda operand: _value(cells, operand))[0]) for rule in sums]
    contradicted = {operand.key for rule, status in verdicts if status is Status.FAIL for operand in rule.operands}
    holding = [{operand.key for operand in rule.operands} for rule, status in verdicts if status is Status.PASS]
    proven: dict[str, CellReading] = {}
    found = True
    while found:
        found = False
        for keys in holding:
            open_ones = [key for key in keys if key in doubtful and key not in proven]
            if len(open_ones) == 1 and open_ones[0] not in contradicted:
                proven[open_ones[0]] = replace(cells[open_ones[0]], second_raw=None)
                found = True
    return proven


def inferred_cells(rows: Sequence[TableRow], cells: Mapping[str, CellReading]) -> dict[str, CellReading]:
    """The cells of tables without ruling lines, each flagged: its label and its column are known by position only.

    Args:
        rows: the rows of the three tables.
        cells: the cells read from them, by metric key.
    """
    tables = {row.table for row in rows if GRID_INFERRED in row.printed.grid.flags}
    return {
        key: replace(cell, flags=(*cell.flags, GRID_INFERRED))
        for key, cell in cells.items()
        if key.partition(".")[0] in tables and GRID_INFERRED not in cell.flags
    }


def ocr_suspects(methods: Mapping[str, str], cells: Mapping[str, CellReading], checks: Sequence[Check]) -> list[str]:
    """A flag ``ocr_suspect:<key>`` for each printed cell of a table read by OCR that a failed identity casts suspicion on.

    These are all cells that the identity sums up; or, where other sums of the same report hold, only the cells that stand in
    no such sum, if a single other value in each would mend every identity that failed.

    The source may be at fault as well as the recogniser: only a person at the scan can tell, and is told where to look.

    Args:
        methods: how each table was read, e.g. ``{"requests": "ocr"}``.
        cells: the report's cells by metric key.
        checks: the results of the rules on those cells.
    """
    by_ocr = _by_ocr(methods)
    if not by_ocr:
        return []
    status_of = {check.id: check.status for check in checks if check.kind in GATES}
    failed = [rule for rule in load_rules().rules if status_of.get(rule.id) is Status.FAIL]
    held = {operand.key for rule in load_rules().rules if status_of.get(rule.id) is Status.PASS for operand in rule.operands}
    mending = _mending(failed, held, cells)
    suspects: dict[str, None] = {}
    for rule in failed:
        left_over = [operand.key for operand in rule.operands if operand.key not in held]
        mended = left_over and _shortfall(rule, cells) == sum(
            weight * mending.get(key, 0) for key, weight in _weights(rule).items()
        )
        suspects.update(dict.fromkeys(left_over if mended else [operand.key for operand in rule.operands]))
    return [
        f"{OCR_SUSPECT}:{key}"
        for key in suspects
        if key.partition(".")[0] in by_ocr and key in cells and cells[key].state is not State.ABSENT
    ]


def _by_ocr(methods: Mapping[str, str]) -> set[str]:
    return {table for table, method in methods.items() if Method.OCR.value in method.split("+")}


def _value(cells: Mapping[str, CellReading], operand: Operand) -> Number | None:
    cell = cells.get(operand.key)
    return None if cell is None else cell.value


def _weights(rule: Rule) -> dict[str, int]:
    """What each cell counts in left side minus right side."""
    weights = {operand.key: operand.sign for operand in rule.left}
    return weights | {operand.key: -operand.sign for operand in rule.right}


def _shortfall(rule: Rule, cells: Mapping[str, CellReading]) -> Number:
    """What the left side lacks to equal the right one."""
    return -sum(weight * (cells[key].value or 0) for key, weight in _weights(rule).items())


def _mending(failed: Sequence[Rule], held: set[str], cells: Mapping[str, CellReading]) -> dict[str, Number]:
    """By how much a cell would have to differ to mend the sums in which it alone can be wrong; not where these disagree."""
    needed: dict[str, set[Number]] = {}
    for rule in failed:
        left_over = [key for key in _weights(rule) if key not in held]
        if len(left_over) == 1:
            needed.setdefault(left_over[0], set()).add(_shortfall(rule, cells) * _weights(rule)[left_over[0]])
    return {key: values.pop() for key, values in needed.items() if len(values) == 1}
