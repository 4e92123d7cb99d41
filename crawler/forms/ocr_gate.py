"""The forms' arithmetic as a gate for what OCR read: a sum that fails makes its cells suspect, and changes none of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from crawler.documents.model import Method
from crawler.forms.model import CellReading, Check, State, Status
from crawler.forms.rules import load_rules

OCR_SUSPECT = "ocr_suspect"
GATES = frozenset({"identity"})
"""Kinds of rules that hold in nearly every report as published."""


def ocr_suspects(methods: Mapping[str, str], cells: Mapping[str, CellReading], checks: Sequence[Check]) -> list[str]:
    """A flag ``ocr_suspect:<key>`` for each printed cell of a table read by OCR that a failed identity sums up.

    The source may be at fault as well as the recogniser: only a person at the scan can tell, and is told where to look.

    Args:
        methods: how each table was read, e.g. ``{"requests": "ocr"}``.
        cells: the report's cells by metric key.
        checks: the results of the rules on those cells.
    """
    by_ocr = {table for table, method in methods.items() if Method.OCR.value in method.split("+")}
    if not by_ocr:
        return []
    failed = {check.id for check in checks if check.kind in GATES and check.status is Status.FAIL}
    suspects = {operand.key: None for rule in load_rules().rules if rule.id in failed for operand in rule.operands}
    return [
        f"{OCR_SUSPECT}:{key}"
        for key in suspects
        if key.partition(".")[0] in by_ocr and key in cells and cells[key].state is not State.ABSENT
    ]
