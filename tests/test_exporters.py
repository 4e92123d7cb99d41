"""The files of a version as a spreadsheet or a script reads them."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.dataset.assemble import assemble, report_record
from crawler.dataset.delta import changed_keys, delta
from crawler.dataset.exporters import EXPORTERS
from crawler.dataset.exporters.csv_file import PLAIN_NUMBER, number, safe
from crawler.dataset.model import Record
from crawler.forms.catalogue import all_metrics

from .builders import BLANK, DIVISIONS, extraction_record, sighting

KEY = "requests.granted.natural_person"
TOTAL = "requests.granted.total"


def published(record: Record, **changes: Any) -> Record:
    seen = sighting(record, **changes)
    assembly = assemble([seen], load=lambda *_: seen.record or {}, divisions=DIVISIONS)
    return report_record(assembly.current[0], lambda *_: seen.record or {})


def export(directory: Path, records: Sequence[Record]) -> None:
    for exporter in EXPORTERS:
        with exporter(directory) as opened:
            for record in records:
                opened.add(record)


def rows(path: Path) -> list[dict[str, str]]:
    assert path.read_bytes().startswith(b"\xef\xbb\xbf"), "Excel takes a CSV without this mark for GBK"
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_the_wide_table_has_every_metric_in_the_forms_order_and_null_is_never_zero(tmp_path: Path) -> None:
    export(tmp_path, [published(extraction_record(values={KEY: BLANK, TOTAL: 0, "requests.received_new.natural_person": -15}))])
    (row,) = rows(tmp_path / "reports.csv")
    columns = list(row)
    assert columns[-226:] == [metric.key for metric in all_metrics()]
    assert (row[KEY], row[TOTAL], row["requests.received_new.natural_person"]) == ("", "0", "-15")
    assert row["active_disclosure.rules.made"] == "", "a metric of the other form is no zero"
    assert (row["year"], row["region_code"], row["version_no"]) == ("2023", "410324", "1")


def test_the_tidy_table_says_where_each_number_stands(tmp_path: Path) -> None:
    paged = {"page": 3, "bbox": [71.5, 100.0, 90.25, 112.0]}
    one = published(extraction_record("赤土店镇", values={KEY: 7}, where=paged))
    other = published(extraction_record("陶湾镇", form="cn-ogi-2019", values={KEY: "—", TOTAL: BLANK}))
    export(tmp_path, [one, other])
    found = rows(tmp_path / "cells.csv")
    assert len(found) == 200 + 198
    first = next(row for row in found if row["metric"] == KEY)
    assert (first["value"], first["raw"], first["state"]) == ("7", "7", "number")
    assert (first["page"], first["bbox"], first["table_no"]) == ("3", "71.5 100 90.25 112", "")
    assert (first["table"], first["row"], first["column"]) == ("requests", "granted", "natural_person")
    assert "予以公开" in first["label"]
    mark, blank = (next(row for row in found[200:] if row["metric"] == key) for key in (KEY, TOTAL))
    assert (mark["value"], mark["raw"], mark["state"]) == ("", "—", "na_mark")
    assert (blank["value"], blank["raw"], blank["state"]) == ("", "", "blank")
    assert (blank["table_no"], blank["row_no"], blank["column_no"]) == ("1", "2", "3")


def test_a_label_is_worded_as_in_the_reports_own_form(tmp_path: Path) -> None:
    export(tmp_path, [published(extraction_record(form=form)) for form in ("cn-ogi-2019", "cn-ogi-2021")])
    labels = {
        row["label"]
        for row in rows(tmp_path / "cells.csv")
        if row["metric"].startswith("active_disclosure.normative_documents")
    }
    assert any("/ 规范性文件 /" in label for label in labels)
    assert any("/ 行政规范性文件 /" in label for label in labels)


@pytest.mark.parametrize(
    "text", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "-", "—=", '=HYPERLINK("x")']
)
def test_no_cell_is_run_as_a_formula(tmp_path: Path, text: str) -> None:
    record = extraction_record(title=text, values={KEY: text})
    export(tmp_path, [published(record, page_title=text)])
    (row,) = rows(tmp_path / "reports.csv")
    raw = next(cell["raw"] for cell in rows(tmp_path / "cells.csv") if cell["metric"] == KEY)
    for cell in (row["title"], raw):
        assert cell == text if text.startswith("—") else cell == "'" + text


@given(st.text())
def test_safe_text_never_starts_like_a_formula_unless_it_is_a_number(text: str) -> None:
    found = safe(text)
    assert found in (text, "'" + text)
    assert not found.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) or PLAIN_NUMBER.fullmatch(found)


@given(st.one_of(st.integers(-(10**15), 10**15), st.decimals(-(10**9), 10**9, places=4).map(float)))
def test_a_number_is_written_so_that_it_reads_back_the_same(value: float) -> None:
    assert float(number(value)) == value
    assert "e" not in number(value)
    assert safe(number(value)) == number(value)


def test_line_breaks_inside_a_title_stay_inside_their_cell(tmp_path: Path) -> None:
    export(tmp_path, [published(extraction_record(title='一行\n二行,"引"'))])
    (row,) = rows(tmp_path / "reports.csv")
    assert row["title"] == '一行\n二行,"引"'


def named(report_id: str, **changes: Any) -> Record:
    return {"report_id": report_id, "org_name": "x", "year": 2023, "version_no": 1, "documents": [], "values": {}} | changes


@given(
    st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 2)), st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 2))
)
def test_the_delta_turns_the_old_set_into_the_new(old: dict[str, int], new: dict[str, int]) -> None:
    def side(values: dict[str, int]) -> Any:
        return (named(report_id, values={"k": values[report_id]}) for report_id in sorted(values))

    state = dict(old)
    for change in delta(side(old), side(new)):
        if change["op"] == "DEL":
            del state[change["report_id"]]
        elif change["op"] == "ADD":
            assert change["report_id"] not in state
            state[change["report_id"]] = new[change["report_id"]]
        else:
            assert change["changes"] == {"values.k": {"old": state[change["report_id"]], "new": new[change["report_id"]]}}
            state[change["report_id"]] = change["changes"]["values.k"]["new"]
    assert state == new


def test_a_key_that_came_or_went_is_a_change() -> None:
    assert changed_keys({"values": {"a": 1}}, {"values": {"b": 0}}) == {
        "values.a": {"old": 1, "new": None},
        "values.b": {"old": None, "new": 0},
    }
