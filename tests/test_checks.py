"""Rules as data, and what they say about made and real reports."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from crawler.documents.model import Document, Paragraph
from crawler.forms.catalogue import FORM_VERSIONS, load_form
from crawler.forms.model import Check, Status
from crawler.forms.reader import read_report
from crawler.forms.rules import load_rules
from tests.forms_builder import full_document

FAIL, PASS, OPEN = Status.FAIL, Status.PASS, Status.NOT_ASSESSABLE


def consistent(version: str, **total: int) -> dict[str, str]:
    """All zeros but requests by natural persons, all granted; identities hold."""
    values = dict.fromkeys((metric.key for metric in load_form(version).metrics), "0")
    received = str(total.get("received", 0))
    for row in ("received_new", "granted", "result_total"):
        for column in ("natural_person", "total"):
            values[f"requests.{row}.{column}"] = received
    return values


def checks(version: str, values: dict[str, str], overview: str = "全年工作平稳。", **more: str) -> dict[str, Check]:
    report = read_report(_document(version, values, overview, **more))
    return {check.id: check for check in report.checks}


def _document(version: str, values: dict[str, str], overview: str, **more: str) -> Document:
    made = full_document(version, values)
    texts = {"全年工作平稳。": overview} | more
    blocks = tuple(
        replace(block, text=texts.get(block.text, block.text)) if isinstance(block, Paragraph) else block
        for block in made.blocks
    )
    return replace(made, blocks=blocks)


def failed(found: dict[str, Check]) -> Sequence[str]:
    return [check.id for check in found.values() if check.status is FAIL]


@pytest.mark.real
def test_the_rule_book_is_the_published_one(shared: Path) -> None:
    published = json.loads((shared / "schema" / "rules.json").read_text(encoding="utf-8"))["rules"]
    ours = {rule.id: rule for rule in load_rules().rules}
    assert len(load_rules().rules) == len(ours) == len(published) == 96
    for rule in published:
        own = ours[rule["id"]]
        assert (own.kind, own.forms, own.severity) == (rule["kind"], rule["forms"], rule["severity"]), rule["id"]
        assert [operand.key for operand in own.left] == rule.get("lhs", [operand.key for operand in own.left])
        assert [operand.key for operand in own.right] == rule.get("rhs", [operand.key for operand in own.right])


def test_every_operand_is_a_metric_of_every_form_of_its_rule() -> None:
    for rule in load_rules().rules:
        for version in rule.versions:
            keys = {metric.key for metric in load_form(version).metrics}
            assert {operand.key for operand in rule.operands} <= keys, rule.id


@pytest.mark.parametrize(("version", "count"), [("cn-ogi-2019", 40), ("cn-ogi-2021", 42)])
def test_identities_of_a_consistent_report_all_hold(version: str, count: int) -> None:
    found = checks(version, consistent(version, received=7))
    identities = [check for check in found.values() if check.kind == "identity"]
    assert [check.status for check in identities] == [PASS] * count
    assert found["R3.balance.total"].detail == "7 + 0 = 7; 7 + 0 = 7"


@pytest.mark.parametrize("version", FORM_VERSIONS)
def test_one_more_in_any_cell_of_tables_three_and_four_is_seen(version: str) -> None:
    values = consistent(version, received=7)
    for metric in load_form(version).metrics[:: 7 if version == "cn-ogi-2019" else 9]:
        if metric.table != "active_disclosure":
            changed = checks(version, values | {metric.key: str(int(values[metric.key]) + 1)})
            assert [name for name in failed(changed) if name.startswith(("R3.", "R4."))], metric.key


def test_a_blank_operand_is_not_assessable_and_never_zero() -> None:
    found = checks("cn-ogi-2019", consistent("cn-ogi-2019") | {"review_litigation.review.total": ""})
    assert found["R4.sum.review"].status is OPEN
    assert found["R4.sum.litigation_direct"].status is PASS
    assert "review_litigation.review.total" in found["R4.sum.review"].detail


def blanks_not_zero(values: dict[str, str]) -> set[str]:
    flags = read_report(_document("cn-ogi-2019", values, "")).quality_flags
    return {flag.partition(":")[2] for flag in flags if flag.startswith("blank_not_zero:")}


def test_a_blank_that_the_sums_say_is_a_number_is_flagged_and_stays_null() -> None:
    values = consistent("cn-ogi-2019", received=7)
    assert blanks_not_zero(values | dict.fromkeys((key for key in values if values[key] == "0"), "")) == set()
    missing = values | {"requests.granted.natural_person": ""}
    assert blanks_not_zero(missing) == {"requests.granted.natural_person"}
    found = checks("cn-ogi-2019", missing)["R3.row.granted"]
    assert found.status is OPEN
    assert found.detail.endswith("; with every blank as 0 the sum does not hold")
    assert checks("cn-ogi-2019", values | {"requests.carried_in.total": "/"})["R3.row.carried_in"].detail.endswith(
        "the sum holds"
    )


def test_of_the_blanks_of_a_sum_those_are_flagged_that_no_other_sum_speaks_for() -> None:
    """A total column left blank but for the last rows: the empty rows are zeros, the row with numbers is not."""
    totals = {f"requests.{row}.total": "" for row in ("received_new", "granted", "denied_third_party", "other_handling")}
    values = consistent("cn-ogi-2019", received=7) | totals
    assert blanks_not_zero(values) == {"requests.received_new.total", "requests.granted.total"}


def test_a_total_that_does_not_add_up_stays_and_fails() -> None:
    values = consistent("cn-ogi-2021") | {"review_litigation.review.upheld": "10", "review_litigation.review.corrected": "1"}
    found = checks("cn-ogi-2021", values)
    assert found["R4.sum.review"].status is FAIL
    assert found["R4.sum.review"].detail == "10 + 1 + 0 + 0 = 11; 0"


def test_plausibility() -> None:
    values = consistent("cn-ogi-2019") | {
        "active_disclosure.licensing.items_previous_year": "329",
        "active_disclosure.licensing.items_change": "-568",
        "active_disclosure.rules.newly_disclosed": "3",
        "requests.granted.total": "-1",
        "requests.carried_in.total": "0.5",
    }
    found = checks("cn-ogi-2019", values)
    assert found["R2.items_nonneg.licensing"].detail.startswith("329 - 568 = -239 >= 0")
    assert {
        "R2.items_nonneg.licensing",
        "R2.disclosed_le_total.rules",
        "R2.disclosed_le_made.rules",
        "R.nonneg",
        "R.integer",
    } <= set(failed(found))


@pytest.mark.parametrize(
    ("amount", "status"),
    [("49.5669", PASS), ("255933.8", FAIL), ("251000元", PASS), ("251000万元", FAIL), ("", OPEN)],
)
def test_an_amount_of_a_township_that_must_be_in_yuan(amount: str, status: Status) -> None:
    values = consistent("cn-ogi-2019") | {
        "active_disclosure.central_procurement.projects": "555",
        "active_disclosure.central_procurement.amount": amount,
    }
    title = {"河口县水务局2023年政府信息公开工作年度报告": "河口县城关镇2020年政府信息公开工作年度报告"}
    assert checks("cn-ogi-2019", values, **title)["R2.amount_unit"].status is status


@pytest.mark.parametrize(
    ("sentence", "received", "status"),
    [
        ("全年收到政府信息公开申请7件。", 7, PASS),
        ("全年收到依申请公开信息7件，其中自然人7件。", 7, PASS),
        ("依申请公开受理7条，并全部办结。", 7, PASS),
        ("我局共受理政府信息公开申请 1,207 件。", 1207, PASS),
        ("收到依申请公开信息1件，其中自然人1件。", 7, FAIL),
        ("全年收到政府信息公开申请8件。", 7, FAIL),
        ("受理行政许可申请8件。", 7, OPEN),
        ("收到网上政府信息公开申请3件。", 7, OPEN),
        ("上年结转政府信息公开申请3件。", 7, OPEN),
        ("通过网站受理依申请公开5件。", 7, OPEN),
        ("2021-2023年共受理政府信息公开申请45件。", 7, OPEN),
        ("做好依申请公开受理、登记、答复工作。", 7, OPEN),
        ("主动公开政府信息300条。", 7, OPEN),
        ("群众满意率98.87%。", 7, OPEN),
    ],
)
def test_requests_told_in_the_text(sentence: str, received: int, status: Status) -> None:
    found = checks("cn-ogi-2021", consistent("cn-ogi-2021", received=received), sentence)
    assert found["T.received"].status is status, found["T.received"].detail


@pytest.mark.parametrize(
    ("sentence", "received", "status"),
    [
        ("全年未收到政府信息公开申请。", 0, PASS),
        ("本年度没有收到依申请公开件。", 0, PASS),
        ("收到政府信息公开申请0件。", 0, PASS),
        ("全年未收到政府信息公开申请。", 2, FAIL),
        ("未收到法人或其他组织的公开申请。", 2, OPEN),
        ("未收到群众投诉。", 2, OPEN),
    ],
)
def test_no_requests_told_in_the_text(sentence: str, received: int, status: Status) -> None:
    found = checks("cn-ogi-2021", consistent("cn-ogi-2021", received=received), sentence)
    assert found["T.none"].status is status, found["T.none"].detail


def with_proceedings(review: int, direct: int, after: int) -> dict[str, str]:
    values = consistent("cn-ogi-2021")
    for row, number in (("review", review), ("litigation_direct", direct), ("litigation_after_review", after)):
        values |= {f"review_litigation.{row}.upheld": str(number), f"review_litigation.{row}.total": str(number)}
    return values


@pytest.mark.parametrize(
    ("sentence", "table", "status"),
    [
        ("没有因政府信息公开被申请行政复议和行政诉讼。", (0, 0, 0), PASS),
        ("全年未发生信息公开类行政复议、行政诉讼案件。", (0, 0, 0), PASS),
        ("全年未发生信息公开类行政复议、行政诉讼案件。", (0, 2, 0), FAIL),
        ("因政府信息公开被申请行政复议351件，提起行政诉讼46件。", (351, 26, 20), PASS),
        ("因政府信息公开被申请行政复议5件。", (4, 0, 0), FAIL),
        ("因信息公开产生行政诉讼26件。", (0, 26, 20), PASS),
        ("办理行政复议案件120件。", (4, 0, 0), OPEN),
        ("全年被申请行政复议30起，其中信息公开类4起。", (4, 0, 0), OPEN),
        ("信息公开行政复议纠正1件。", (4, 0, 0), OPEN),
        ("做好政府信息公开行政复议应诉工作。", (4, 0, 0), OPEN),
    ],
)
def test_review_and_litigation_told_in_the_text(sentence: str, table: tuple[int, int, int], status: Status) -> None:
    found = checks("cn-ogi-2021", with_proceedings(*table), sentence)
    assert found["T.review"].status is status, found["T.review"].detail


@pytest.mark.parametrize(
    ("sentence", "status"),
    [
        ("公开信息100条，其中动态94条、法规3条、人事3条。", PASS),
        ("公开信息100条，其中动态94条、法规13条。", FAIL),
        ("公开信息100条，其中动态60条、法规3条。", OPEN),
        ("公开信息100条，其中动态60条。", OPEN),
        ("收到申请17件，较上年增长5件，其中自然人12件、法人5件。", OPEN),
        ("公开信息100条。", OPEN),
    ],
)
def test_parts_of_a_whole(sentence: str, status: Status) -> None:
    assert checks("cn-ogi-2021", consistent("cn-ogi-2021"), sentence)["T.parts"].status is status


def test_structure() -> None:
    values = consistent("cn-ogi-2019")
    found = checks("cn-ogi-2019", values, **{"二、主动公开政府信息情况": "（表格）"})
    assert found["S.headings"].status is FAIL
    assert "missing 2" in found["S.headings"].detail
    assert found["S.form_year"].detail == "2023 printed on cn-ogi-2019"
    assert found["S.form_year"].status is FAIL
    assert found["S.cells"].detail == "198 of 198 cells"
    blank = {key: "" for key in values if key.startswith("review_litigation.review.")}
    assert "review_litigation.review" in checks("cn-ogi-2019", values | blank)["S.blank_block"].detail


def test_the_fee_note_of_section_six() -> None:
    values = consistent("cn-ogi-2021") | {"requests.other_unpaid_fee.total": "2"}
    assert checks("cn-ogi-2021", values)["R2.fee_note"].status is FAIL
    assert checks("cn-ogi-2021", values, 无="收取信息处理费200元。")["R2.fee_note"].status is PASS
