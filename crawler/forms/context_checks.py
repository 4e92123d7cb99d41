"""The rules that need more than one report: the body's level, the day of publication, the year before, the lower level."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from crawler.forms.catalogue import load_form
from crawler.forms.checks import MAX_LISTED, compare
from crawler.forms.identity import Scope
from crawler.forms.model import Check, Number, Status
from crawler.forms.rules import Operand, Rule, load_rules
from crawler.forms.text_checks import Verdict

Record = Mapping[str, Any]
NO_RULE_MAKING_LEVELS = frozenset({"county", "township"})
NATIONAL_LEVELS = frozenset({"national", "central"})
GOVERNMENT = "government"
GOVERNMENT_LEVELS = frozenset({"national", "central", "province", "prefecture", "county"})
"""Levels whose governments report by 31 March; everyone else by 31 January."""
RECEIVED = "requests.received_new.total"


@dataclass(frozen=True, slots=True)
class _Context:
    record: Record
    org_level: str | None
    org_type: str | None
    published_date: str | None
    previous: Record | None
    children: Sequence[Record] | None

    def value(self, key: str) -> Number | float | None:
        value: Number | float | None = self.record["values"].get(key)
        return value

    def value_before(self, key: str) -> Number | float | None:
        value: Number | float | None = None if self.previous is None else self.previous["values"].get(key)
        return value


def run_context_checks(
    record: Record,
    *,
    org_level: str | None = None,
    org_type: str | None = None,
    published_date: str | None = None,
    previous: Record | None = None,
    children: Sequence[Record] | None = None,
) -> list[Check]:
    """Judge a record by what stands beside it in the dataset.

    Args:
        record: one report's record (``report_record`` or a line of ``reports.jsonl``).
        org_level: ``province``, ``prefecture``, ``county`` or ``township``; ``national`` above them.
        org_type: ``government`` for a people's government itself, anything else for its departments and offices.
        published_date: ISO date; the record's own where not given.
        previous: the record of the same body and scope for the year before.
        children: the records of its departments and lower governments for the same year.

    Returns:
        ``R2.rule_making_power`` and ``D.deadline`` always, the cross-year rules where ``previous`` is given and both
        reports print the rule's form, ``H.consolidated`` where ``children`` are given and the record is consolidated.
    """
    context = _Context(record, org_level, org_type, published_date or record.get("published_date"), previous, children)
    return [_check(rule, context) for rule in load_rules().rules if _applies(rule, context)]


def _applies(rule: Rule, context: _Context) -> bool:
    if rule.function in ("rule_making_power", "deadline"):
        return True
    if rule.kind == "cross_level":
        return context.children is not None and context.record.get("reporting_scope") == Scope.CONSOLIDATED.value
    if rule.kind != "cross_year" or context.previous is None:
        return False
    return context.record["form_version"] in rule.versions and context.previous["form_version"] in rule.versions


def _check(rule: Rule, context: _Context) -> Check:
    if rule.operands:

        def value_of(operand: Operand) -> Number | float | None:
            return context.value_before(operand.key) if operand.previous else context.value(operand.key)

        status, detail = compare(rule, value_of)
    else:
        status, detail = _FUNCTIONS[rule.function](rule, context)
    return Check(rule.id, rule.kind, status, detail)


def _rule_making_power(_rule: Rule, context: _Context) -> Verdict:
    keys = [metric.key for metric in load_form(context.record["form_version"]).metrics if metric.row == "rules"]
    values = {key: value for key in keys if (value := context.value(key)) is not None}
    if not values:
        return Status.NOT_ASSESSABLE, "no value for 规章"
    if context.org_level is None:
        return Status.NOT_ASSESSABLE, "level of the organisation unknown"
    below_ministry = context.org_type not in (None, GOVERNMENT) and context.org_level not in NATIONAL_LEVELS
    made = {key: value for key, value in values.items() if value}
    shown = ", ".join(f"{key} = {value}" for key, value in made.items()) or "all 规章 cells 0"
    if made and (context.org_level in NO_RULE_MAKING_LEVELS or below_ministry):
        return Status.FAIL, f"{shown}, but a body of level {context.org_level} makes no 规章"
    return Status.PASS, f"{shown}; level {context.org_level}"


def _deadline(_rule: Rule, context: _Context) -> Verdict:
    year = context.record.get("year")
    if year is None or context.published_date is None:
        return Status.NOT_ASSESSABLE, "year or date of publication unknown"
    try:
        published = date.fromisoformat(context.published_date[:10])
    except ValueError:
        return Status.NOT_ASSESSABLE, f"date of publication not understood: {context.published_date[:20]!r}"
    is_government = context.org_type == GOVERNMENT and context.org_level in GOVERNMENT_LEVELS
    if is_government or context.record.get("reporting_scope") == Scope.CONSOLIDATED.value:
        last = date(year + 1, 3, 31)
    else:
        last = date(year + 1, 1, 31)
    on_time = published <= last
    return (Status.PASS if on_time else Status.FAIL), f"published {published}, due {last}"


def _both_years(context: _Context) -> dict[str, tuple[Number | float, Number | float]]:
    pairs = {}
    for key in context.record["values"]:
        now, before = context.value(key), context.value_before(key)
        if now is not None and before is not None:
            pairs[key] = (before, now)
    return pairs


def _jump(rule: Rule, context: _Context) -> Verdict:
    pairs = _both_years(context)
    if not pairs:
        return Status.NOT_ASSESSABLE, "no value in both years"
    limit = math.log(rule.limits["factor"])
    jumps = [
        f"{key} {before} -> {now}"
        for key, (before, now) in pairs.items()
        if max(before, now) > rule.limits["least"]
        and min(before, now) >= 0
        and abs(math.log((float(now) + 1) / (float(before) + 1))) > limit
    ]
    more = f" and {len(jumps) - MAX_LISTED} more" if len(jumps) > MAX_LISTED else ""
    if jumps:
        return Status.FAIL, ", ".join(jumps[:MAX_LISTED]) + more
    return Status.PASS, f"{len(pairs)} cells in both years, no jump"


def _pending(_rule: Rule, context: _Context) -> Verdict:
    shown, faults = [], []
    for row in ("review", "litigation_direct", "litigation_after_review"):
        pending = context.value_before(f"review_litigation.{row}.pending")
        total = context.value(f"review_litigation.{row}.total")
        if pending is None or total is None:
            continue
        shown.append(f"{row} {pending} pending a year ago, {total} now")
        if pending > total:
            faults.append(shown[-1])
    if not shown:
        return Status.NOT_ASSESSABLE, "no pending cases or totals in both years"
    return (Status.FAIL if faults else Status.PASS), "; ".join(faults or shown)


def _consolidated(_rule: Rule, context: _Context) -> Verdict:
    own = context.value(RECEIVED)
    values = [child["values"].get(RECEIVED) for child in context.children or ()]
    known = [value for value in values if value is not None]
    if own is None or not known:
        return Status.NOT_ASSESSABLE, f"no value for {RECEIVED}"
    total = sum(known)
    return (Status.PASS if own >= total else Status.FAIL), f"{own} >= {total} of {len(known)} reports"


_FUNCTIONS: Mapping[str, Callable[[Rule, _Context], Verdict]] = {
    "rule_making_power": _rule_making_power,
    "deadline": _deadline,
    "jump": _jump,
    "pending": _pending,
    "consolidated": _consolidated,
}
