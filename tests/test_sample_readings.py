"""Every document of the sample portals, read as the crawl reads it, against the truth that was written with it."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from crawler.documents.reader import READERS, read_document
from crawler.forms.model import Report, State, Status
from crawler.forms.reader import read_report
from crawler.outcomes import Outcome, OutcomeError
from crawler.sample.build import EXPECTED
from crawler.sample.server import SITE

TRUTH: dict[str, Any] = json.loads(EXPECTED.read_text(encoding="utf-8"))


_NOT_ALONE = {"text+xls"}
"""Shapes whose documents are a report together only; the crawl is held against their truth."""


def _documents(outcomes: set[str]) -> list[Any]:
    return [
        pytest.param(
            report,
            document,
            id=f"{report['organisation']}-{report['year']}-v{report['version_no']}{Path(document['path']).suffix}",
        )
        for report in TRUTH["reports"]
        for document in report["documents"]
        if document["outcome"] in outcomes and document["media_type"] in READERS and report["shape"] not in _NOT_ALONE
    ]


def _content(host: str, path: str) -> bytes:
    return (SITE / f"{host}{path}").read_bytes()


def _read(document: dict[str, Any]) -> Report:
    return _read_file(document["host"], document["path"])


@cache
def _read_file(host: str, path: str) -> Report:
    try:
        return read_report(read_document(_content(host, path)))
    except OutcomeError as error:
        if error.outcome is Outcome.SCANNED and find_spec("rapidocr") is None:
            pytest.skip("needs the ocr extra")
        raise


def _number(text: str) -> Decimal | None:
    try:
        return Decimal(text.replace(",", "").removesuffix("元"))
    except InvalidOperation:
        return None


def _state(text: str) -> State:
    if not text:
        return State.BLANK
    number = _number(text)
    if number is None:
        return State.NA_MARK
    return State.NUMBER if number else State.ZERO


@pytest.mark.parametrize(("expected", "document"), _documents({"ok"}))
def test_every_cell_is_what_was_printed(expected: dict[str, Any], document: dict[str, Any]) -> None:
    report = _read(document)
    assert report.form_version == expected["form_version"]
    wrong = {}
    for key, text in expected["values"].items():
        cell = report.cells.get(key)
        if cell is None or ((cell.raw or "").strip(), cell.value, cell.state) != (text, _number(text), _state(text)):
            wrong[key] = (text, cell)
    assert wrong == {}
    assert [key for key in expected["absent"] if report.cells[key].state is not State.ABSENT] == []


@pytest.mark.parametrize(("expected", "document"), _documents({"ok"}))
def test_who_when_and_which_identities_fail(expected: dict[str, Any], document: dict[str, Any]) -> None:
    report = _read(document)
    assert report.year == expected["year"]
    assert report.org_name_raw is not None
    assert report.org_name_raw.removesuffix("人民政府") in {name.removesuffix("人民政府") for name in expected["called"]}
    assert report.reporting_scope == expected["reporting_scope"]
    failed = {check.id for check in report.checks if check.status is Status.FAIL}
    identities = {check.id for check in report.checks if check.kind == "identity"}
    assert failed & identities == set(expected["failed_identities"])
    assert set(expected["planted"]) <= failed


@pytest.mark.parametrize(("expected", "document"), _documents({"truncated", "not_a_document", "no_tables"}))
def test_what_is_no_report_says_what_it_is(expected: dict[str, Any], document: dict[str, Any]) -> None:
    del expected
    with pytest.raises(OutcomeError) as caught:
        _read(document)
    assert caught.value.outcome.value in {document["outcome"], "not_a_report"}


@pytest.mark.parametrize("entry", TRUTH["look_alikes"], ids=lambda entry: entry["title"])
def test_look_alikes_are_never_read_as_reports(entry: dict[str, Any]) -> None:
    with pytest.raises(OutcomeError) as caught:
        read_report(read_document(_content(entry["portal"], entry["page"])))
    assert caught.value.outcome.value in {"no_tables", "not_a_report"}
