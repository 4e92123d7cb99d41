"""The rules that one report can be judged by alone: identities, plausibility, text against table, structure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from crawler.forms.catalogue import ACTIVE_DISCLOSURE, FORM_VERSIONS, REQUESTS, REVIEW_LITIGATION, Form, load_form
from crawler.forms.identity import is_township
from crawler.forms.model import CellReading, Check, Number, Section, State, Status
from crawler.forms.rules import Operand, Rule, load_rules
from crawler.forms.text_checks import TEXT_CHECKS, Verdict

CONTEXT_KINDS = frozenset({"cross_year", "timeliness", "cross_level"})
"""Kinds that need more than the report: see ``context_checks``."""
CONTEXT_FUNCTIONS = frozenset({"rule_making_power"})
MAX_LISTED = 8
EMPTY = frozenset({State.BLANK, State.NA_MARK})
_FEE = re.compile(r"^[\W_]*无[\W_]*$|^[\W_]*没有(?:其他)?(?:需要报告的)?事项[\W_]*$|^$")
_IN_WAN = {"万元": Decimal(1), "元": Decimal(1) / 10000, "亿元": Decimal(10000)}
_AMOUNT = f"{ACTIVE_DISCLOSURE}.central_procurement.amount"
_PROJECTS = f"{ACTIVE_DISCLOSURE}.central_procurement.projects"


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rules of one report look at. ``headings`` are the numbers of the section headings as printed."""

    form_version: str
    cells: Mapping[str, CellReading]
    year: int | None
    org_name: str | None
    sections: Sequence[Section]
    headings: Sequence[int]
    quality_flags: Sequence[str]

    @property
    def form(self) -> Form:
        """The printed form."""
        return load_form(self.form_version)


def run_checks(facts: Facts) -> tuple[Check, ...]:
    """Judge a report by every rule that applies to its form and needs nothing beside it.

    A rule of the other form applies as well where this report prints all its operands (（六）其他处理 as one row).
    """
    return tuple(_check(rule, facts) for rule in load_rules().rules if _applies(rule, facts))


def _applies(rule: Rule, facts: Facts) -> bool:
    return (
        rule.kind not in CONTEXT_KINDS
        and rule.function not in CONTEXT_FUNCTIONS
        and is_printed(rule, facts.form_version, facts.cells)
    )


def is_printed(rule: Rule, form_version: str, cells: Mapping[str, CellReading]) -> bool:
    """Whether the rule is one of the form, or the report prints all its operands."""
    if form_version in rule.versions:
        return True
    return bool(rule.operands) and all(
        operand.key in cells and cells[operand.key].state is not State.ABSENT for operand in rule.operands
    )


def _check(rule: Rule, facts: Facts) -> Check:
    if rule.operands:
        status, detail = compare(rule, lambda operand: _value(facts, operand.key))
        if rule.kind == "identity" and (holds := holds_with_blanks_as_zero(rule, facts.cells)) is not None:
            detail += f"; with every blank as 0 the sum {'holds' if holds else 'does not hold'}"
    elif rule.function in TEXT_CHECKS:
        status, detail = TEXT_CHECKS[rule.function](facts.sections, facts.cells)
    else:
        status, detail = FUNCTIONS[rule.function](rule, facts)
    return Check(rule.id, rule.kind, status, detail)


def holds_with_blanks_as_zero(rule: Rule, cells: Mapping[str, CellReading]) -> bool | None:
    """Whether a rule holds if its blanks and marks stand for 0; ``None`` where it has none, or another cell has no value."""
    readings = [cells.get(operand.key) for operand in rule.operands]
    empty = [reading for reading in readings if reading is not None and reading.state in EMPTY]
    if not empty or any(reading is None or (reading.value is None and reading.state not in EMPTY) for reading in readings):
        return None
    status, _ = compare(rule, lambda operand: cells[operand.key].value or 0)
    return status is Status.PASS


def _value(facts: Facts, key: str) -> Number | None:
    reading = facts.cells.get(key)
    return None if reading is None else reading.value


def compare(rule: Rule, value_of: Callable[[Operand], Number | float | None]) -> Verdict:
    """Evaluate ``left relation right`` and show the arithmetic; not assessable where any operand is null."""
    shown: list[str] = []
    totals: list[Number | float] = []
    is_amount = False
    missing: list[str] = []
    for side in (rule.left, rule.right):
        values = []
        for operand in side:
            value = value_of(operand)
            if value is None:
                missing.append(operand.key)
                continue
            values.append(operand.sign * value)
        total: Number | float = sum(values[1:], start=values[0]) if values else 0
        is_amount = is_amount or not isinstance(total, int)
        totals.append(total)
        shown.append(_sum_text(values, total))
    if missing:
        more = f" and {len(missing) - MAX_LISTED} more" if len(missing) > MAX_LISTED else ""
        return Status.NOT_ASSESSABLE, f"no value for {', '.join(missing[:MAX_LISTED])}{more}"
    left, right = totals
    tolerance = load_rules().tolerance["amounts" if is_amount else "counts"]
    difference = left - right if isinstance(left, int) and isinstance(right, int) else float(left) - float(right)
    holds = {"==": abs(difference) <= tolerance, ">=": difference >= -tolerance, "<=": difference <= tolerance}[rule.relation]
    if rule.relation == "==":
        return (Status.PASS if holds else Status.FAIL), "; ".join(shown)
    return (Status.PASS if holds else Status.FAIL), f"{shown[0]} {rule.relation} {shown[1]}" + (
        "" if holds else " does not hold"
    )


def _sum_text(values: Sequence[Number | float], total: Number | float) -> str:
    if len(values) < 2:
        return str(total)
    terms = str(values[0]) + "".join(f" - {-value}" if value < 0 else f" + {value}" for value in values[1:])
    return f"{terms} = {total}"


def _stock_not_flow(rule: Rule, facts: Facts) -> Verdict:
    new = _value(facts, f"{ACTIVE_DISCLOSURE}.{rule.item}.newly_disclosed")
    total = _value(facts, f"{ACTIVE_DISCLOSURE}.{rule.item}.total_disclosed")
    if new is None or total is None:
        return Status.NOT_ASSESSABLE, "no value for newly or total disclosed"
    return (Status.FAIL if total == new and new > 0 else Status.PASS), f"total {total}, new this year {new}"


def _amount_unit(rule: Rule, facts: Facts) -> Verdict:
    reading = facts.cells.get(_AMOUNT)
    if reading is None or reading.value is None:
        return Status.NOT_ASSESSABLE, f"no value for {_AMOUNT}"
    declared = reading.unit if reading.unit in _IN_WAN else None
    amount = Decimal(reading.value) * _IN_WAN[declared or "万元"]
    projects = _value(facts, _PROJECTS)
    limit = Decimal(str(rule.limits["limit"]))
    shown = f"{reading.value} {declared or 'with no unit declared'} for {projects} projects"
    each = amount / Decimal(projects) if projects else amount
    township = is_township(facts.org_name)
    if each > limit or (township and amount > limit):
        return Status.FAIL, f"{shown}: more than a body of this level spends if in 万元, probably 元"
    return Status.PASS, f"{shown}: plausible in {declared or '万元'}"


def _fee_note(_rule: Rule, facts: Facts) -> Verdict:
    unpaid = _value(facts, f"{REQUESTS}.other_unpaid_fee.total")
    if unpaid is None:
        return Status.NOT_ASSESSABLE, "no value for requests.other_unpaid_fee.total"
    text = next((section.text for section in facts.sections if section.no == 6), None)
    if text is None:
        return Status.NOT_ASSESSABLE, "section 6 not found"
    silent = bool(_FEE.match(text.strip())) and unpaid > 0
    return (
        Status.FAIL if silent else Status.PASS
    ), f"section 6: {text.strip()[:30]!r}; requests closed for unpaid fees {unpaid}"


def _every_value(facts: Facts) -> dict[str, Number]:
    return {key: reading.value for key, reading in facts.cells.items() if reading.value is not None}


def _nonnegative(_rule: Rule, facts: Facts) -> Verdict:
    values = _every_value(facts)
    wrong = [f"{key} = {value}" for key, value in values.items() if value < 0 and not key.endswith(".items_change")]
    return _none_wrong(wrong, len(values), "values, none negative")


def _integer(_rule: Rule, facts: Facts) -> Verdict:
    counts = {metric.key for metric in (*facts.form.metrics, *facts.form.extra_metrics) if metric.type == "int"}
    values = {key: value for key, value in _every_value(facts).items() if key in counts}
    wrong = [f"{key} = {value}" for key, value in values.items() if value != int(value)]
    return _none_wrong(wrong, len(values), "counts, all whole")


def _none_wrong(wrong: Sequence[str], count: int, what: str) -> Verdict:
    if wrong:
        more = f" and {len(wrong) - MAX_LISTED} more" if len(wrong) > MAX_LISTED else ""
        return Status.FAIL, ", ".join(wrong[:MAX_LISTED]) + more
    return (Status.PASS if count else Status.NOT_ASSESSABLE), f"{count} {what}"


def _headings(_rule: Rule, facts: Facts) -> Verdict:
    expected = [section.no for section in facts.form.sections]
    found = list(facts.headings)
    if found == expected:
        return Status.PASS, "six headings in order"
    faults = []
    missing = [str(no) for no in expected if no not in found]
    doubled = [str(no) for no in expected if found.count(no) > 1]
    if missing:
        faults.append(f"missing {', '.join(missing)}")
    if doubled:
        faults.append(f"more than once {', '.join(doubled)}")
    if not missing and not doubled:
        faults.append("out of order")
    return Status.FAIL, f"{'; '.join(faults)} (found {', '.join(map(str, found)) or 'none'})"


def _form_year(rule: Rule, facts: Facts) -> Verdict:
    if facts.year is None:
        return Status.NOT_ASSESSABLE, "report year unknown"
    expected = FORM_VERSIONS[facts.year >= rule.limits["first_year_of_2021_form"]]
    return (Status.PASS if facts.form_version == expected else Status.FAIL), f"{facts.year} printed on {facts.form_version}"


def _all_cells(_rule: Rule, facts: Facts) -> Verdict:
    keys = [metric.key for metric in facts.form.metrics]
    absent = [key for key in keys if key not in facts.cells or facts.cells[key].state is State.ABSENT]
    unsure = [flag for flag in facts.quality_flags if flag.startswith(("row_doubled:", "row_undecided:", "column_doubled:"))]
    shown = f"{len(keys) - len(absent)} of {len(keys)} cells"
    if not absent and not unsure:
        return Status.PASS, shown
    rows = list(dict.fromkeys(key.rsplit(".", 1)[0] for key in absent))
    parts = [shown]
    if rows:
        more = f" and {len(rows) - MAX_LISTED} more" if len(rows) > MAX_LISTED else ""
        parts.append(f"absent {', '.join(rows[:MAX_LISTED])}{more}")
    return Status.FAIL, "; ".join([*parts, *unsure[:MAX_LISTED]])


def _blank_block(_rule: Rule, facts: Facts) -> Verdict:
    blank = [name for name, keys in _blocks(facts.form).items() if _all_blank(facts, keys)]
    if not blank:
        return Status.PASS, "no block is blank throughout"
    return Status.FAIL, f"blank throughout, kept as null: {', '.join(blank)}"


def _blocks(form: Form) -> dict[str, list[str]]:
    blocks: dict[str, list[str]] = {}
    for metric in form.metrics:
        name = metric.table if metric.table == REQUESTS else f"{metric.table}.{metric.labels[0]}"
        if metric.table == REVIEW_LITIGATION:
            name = f"{metric.table}.{metric.row}"
        blocks.setdefault(name, []).append(metric.key)
    return blocks


def _all_blank(facts: Facts, keys: Sequence[str]) -> bool:
    return all(key in facts.cells and facts.cells[key].state is State.BLANK for key in keys)


FUNCTIONS: Mapping[str, Callable[[Rule, Facts], Verdict]] = {
    "stock_not_flow": _stock_not_flow,
    "amount_unit": _amount_unit,
    "fee_note": _fee_note,
    "nonnegative": _nonnegative,
    "integer": _integer,
    "headings": _headings,
    "form_year": _form_year,
    "all_cells": _all_cells,
    "blank_block": _blank_block,
}
"""By the ``function`` of a rule."""
