"""The schema of a record: up to date, and strict where a wrong number could hide."""

from __future__ import annotations

import json
import subprocess
import sys
from copy import deepcopy
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from crawler.dataset.assemble import assemble, report_record
from crawler.dataset.model import Record
from crawler.dataset.schema import SCHEMA_FILE, RecordValidator, schema_text

from .builders import BLANK, DIVISIONS, extraction_record, sighting

KEY = "requests.granted.natural_person"


def published(**options: Any) -> Record:
    seen = sighting(extraction_record(**options))
    assembly = assemble([seen], load=lambda *_: seen.record or {}, divisions=DIVISIONS)
    return report_record(assembly.current[0], lambda *_: seen.record or {})


@pytest.fixture(scope="module")
def validator() -> RecordValidator:
    return RecordValidator()


def test_the_committed_schema_is_that_of_the_forms() -> None:
    assert SCHEMA_FILE.read_text(encoding="utf-8") == schema_text(), "run python -m crawler.dataset.schema"


def test_the_schema_is_a_schema_of_its_draft() -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(schema_text()))


def test_the_module_writes_the_schema(tmp_path: Path) -> None:
    copy = SCHEMA_FILE.read_bytes()
    root = SCHEMA_FILE.parents[2]
    subprocess.run([sys.executable, "-m", "crawler.dataset.schema"], check=True, cwd=root)
    assert SCHEMA_FILE.read_bytes() == copy
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("form", ["cn-ogi-2019", "cn-ogi-2021"])
@pytest.mark.parametrize("where", [{"page": 3, "bbox": [1.0, 2.0, 3.0, 4.0]}, {"table": 2, "row": 5, "column": 4}])
def test_records_of_both_forms_and_both_kinds_of_place_are_valid(
    validator: RecordValidator, form: str, where: dict[str, Any]
) -> None:
    record = published(
        form=form, where=where, values={KEY: BLANK, "requests.granted.total": None, "requests.received_new.total": "/"}
    )
    assert list(validator.errors(record)) == []
    assert list(jsonschema.Draft202012Validator(json.loads(schema_text())).iter_errors(record)) == []


def test_a_printed_negative_or_fraction_is_valid_because_the_source_is_never_corrected(validator: RecordValidator) -> None:
    assert list(validator.errors(published(values={KEY: -3, "requests.granted.total": 1.5}))) == []


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"state": "blank"}, "cells"),  # a blank that carries a number
        ({"state": "number", "value": None}, "cells"),  # a number that is none
        ({"state": "zero", "value": 5}, "cells"),
        ({"state": "number", "value": "7"}, "cells"),
        ({"state": "absent"}, "cells"),
        ({"state": "perhaps"}, "cells"),
        ({"where": None}, "cells"),
        ({"where": {"page": 1}}, "cells"),
        ({"raw": None}, "cells"),
        ({"value": 8}, "values"),  # values and cells tell two stories
    ],
)
def test_a_cell_that_says_two_things_is_refused(validator: RecordValidator, change: dict[str, Any], place: str) -> None:
    record = published(values={KEY: 7})
    record["cells"] = deepcopy(record["cells"])
    record["cells"][KEY] |= change
    if place == "cells" and "value" in change:
        record["values"] = record["values"] | {KEY: change["value"]}
    found = list(validator.errors(record))
    assert any(error.startswith(f"$.{place}.{KEY}") for error in found), found


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("year", "2023"),
        ("year", 20233),
        ("documents", []),
        ("region_code", "41"),
        ("published_date", "2024年1月"),
        ("org_type", "firm"),
    ],
)
def test_a_field_that_is_not_what_it_says_is_refused(validator: RecordValidator, key: str, value: object) -> None:
    assert any(error.startswith(f"$.{key}") for error in validator.errors(published() | {key: value}))


def test_a_missing_metric_and_an_unknown_one_are_refused(validator: RecordValidator) -> None:
    record = published()
    for part in ("values", "cells"):
        record[part] = {key: value for key, value in record[part].items() if key != KEY}
    assert any(KEY in error for error in validator.errors(record))
    record = published()
    record["values"] = record["values"] | {"requests.invented.total": 1}
    assert any("invented" in error for error in validator.errors(record))


def test_a_record_without_a_key_or_with_one_more_is_refused(validator: RecordValidator) -> None:
    record = published()
    assert any("page_url" in error for error in validator.errors({key: record[key] for key in record if key != "page_url"}))
    assert any("colour" in error for error in validator.errors(record | {"colour": "red"}))
