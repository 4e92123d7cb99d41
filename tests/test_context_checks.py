"""Rules over years, levels and dates."""

from __future__ import annotations

from typing import Any

import pytest

from crawler.forms.catalogue import load_form
from crawler.forms.checks import FUNCTIONS
from crawler.forms.context_checks import run_context_checks
from crawler.forms.model import Check, Status
from crawler.forms.rules import load_rules
from crawler.forms.text_checks import TEXT_CHECKS

FAIL, PASS, OPEN = Status.FAIL, Status.PASS, Status.NOT_ASSESSABLE


def record(version: str = "cn-ogi-2021", year: int = 2023, scope: str = "own", **changed: int | None) -> dict[str, Any]:
    values: dict[str, int | None] = {metric.key: 0 for metric in load_form(version).metrics}
    values |= {name.replace("__", "."): value for name, value in changed.items()}
    return {"form_version": version, "year": year, "reporting_scope": scope, "values": values, "published_date": None}


def run(made: dict[str, Any], **context: Any) -> dict[str, Check]:
    return {check.id: check for check in run_context_checks(made, **context)}


def test_without_context_nothing_is_judged() -> None:
    found = run(record())
    assert {name: check.status for name, check in found.items()} == {"R2.rule_making_power": OPEN, "D.deadline": OPEN}


@pytest.mark.parametrize(
    ("level", "kind", "status"),
    [
        ("township", "government", FAIL),
        ("county", "government", FAIL),
        ("prefecture", "government", PASS),
        ("province", "department", FAIL),
        ("national", "department", PASS),
        (None, None, OPEN),
    ],
)
def test_who_may_make_rules(level: str | None, kind: str | None, status: Status) -> None:
    made = record(active_disclosure__rules__in_force=3)
    assert run(made, org_level=level, org_type=kind)["R2.rule_making_power"].status is status
    assert run(record(), org_level="county")["R2.rule_making_power"].status is PASS


@pytest.mark.parametrize(
    ("published", "level", "kind", "scope", "status"),
    [
        ("2024-01-31", "county", "department", "own", PASS),
        ("2024-02-01", "county", "department", "own", FAIL),
        ("2024-02-01", "township", "government", "own", FAIL),
        ("2024-03-31", "county", "government", "own", PASS),
        ("2024-03-31 08:00", None, None, "consolidated", PASS),
        ("2024-04-01", "county", "government", "own", FAIL),
        ("31.3.2024", "county", "government", "own", OPEN),
        (None, "county", "government", "own", OPEN),
    ],
)
def test_deadlines(published: str | None, level: str | None, kind: str | None, scope: str, status: Status) -> None:
    found = run(record(scope=scope), org_level=level, org_type=kind, published_date=published)
    assert found["D.deadline"].status is status


def test_what_was_carried_over_arrives() -> None:
    before = record(year=2022, requests__carried_out__total=3, requests__carried_out__natural_person=3)
    now = record(requests__carried_in__total=3, requests__carried_in__natural_person=2)
    found = run(now, previous=before)
    assert found["X.carry.total"].status is PASS
    assert found["X.carry.natural_person"].status is FAIL
    assert found["X.carry.natural_person"].detail == "2; 3"
    before["values"]["requests.carried_out.total"] = None
    assert run(now, previous=before)["X.carry.total"].status is OPEN


def test_stocks_and_flows_only_between_two_years_of_the_same_form() -> None:
    before = record(year=2022, active_disclosure__normative_documents__in_force=60)
    now = record(
        active_disclosure__normative_documents__in_force=66,
        active_disclosure__normative_documents__issued=8,
        active_disclosure__normative_documents__repealed=3,
    )
    found = run(now, previous=before)
    assert found["X.stock_flow.normative_documents"].status is FAIL
    assert found["X.stock_flow.normative_documents"].detail == "66; 60 + 8 - 3 = 65"
    assert "X.items_stock.licensing" not in found
    older = record("cn-ogi-2019", year=2020)
    assert "X.stock_flow.normative_documents" not in run(now, previous=older)
    assert "X.items_stock.licensing" in run(record("cn-ogi-2019", year=2020), previous=record("cn-ogi-2019", year=2019))


def test_jumps_and_pending_cases() -> None:
    before = record(year=2022, active_disclosure__licensing__decisions=2, review_litigation__review__pending=5)
    now = record(active_disclosure__licensing__decisions=447, review_litigation__review__total=4)
    found = run(now, previous=before)
    assert "active_disclosure.licensing.decisions 2 -> 447" in found["X.jump"].detail
    assert (found["X.jump"].status, found["X.pending"].status) == (FAIL, FAIL)
    steady = run(record(), previous=record(year=2022))
    assert (steady["X.jump"].status, steady["X.pending"].status) == (PASS, PASS)


def test_a_consolidated_report_covers_its_parts() -> None:
    parts = [record(requests__received_new__total=n) for n in (4, 5)] + [record(requests__received_new__total=None)]
    whole = record(scope="consolidated", requests__received_new__total=8)
    assert run(whole, children=parts)["H.consolidated"].detail == "8 >= 9 of 2 reports"
    assert run(whole, children=parts)["H.consolidated"].status is FAIL
    assert "H.consolidated" not in run(record(), children=parts)


def test_every_rule_without_operands_has_someone_to_judge_it() -> None:
    names = {rule.function for rule in load_rules().rules if not rule.operands}
    context = {"rule_making_power", "deadline", "jump", "pending", "consolidated"}
    assert names == context | set(FUNCTIONS) | set(TEXT_CHECKS)
