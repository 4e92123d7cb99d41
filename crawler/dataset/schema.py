"""The JSON Schema of one line of ``reports.jsonl``, made from the forms; ``python -m crawler.dataset.schema`` writes it.

The schema guards what must never be wrong (a blank is no number, every metric of the form is there, every cell says where
it stands). It does not judge the source: a negative or a fractional count is printed as it is, and fails a check instead.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from crawler.dataset.model import Record
from crawler.dataset.organisations import CONFIDENCES
from crawler.forms.catalogue import FORM_VERSIONS, TABLES, all_metrics, load_form
from crawler.forms.model import State, Status
from crawler.outcomes import Outcome

SCHEMA_VERSION = "1"
SCHEMA_FILE = Path(__file__).resolve().parents[2] / "docs" / "schema" / "report.schema.json"

LEVELS = ("national", "province", "prefecture", "county", "township")
TYPES = ("government", "government_office", "department", "township", "street", "development_zone", "other")

TALLIES = ("agreed", "settled", "disagreed", "once")
"""Into which of these each printed cell falls by how many readings of it agree."""
NUMBER_STATES = (State.NUMBER.value, State.ZERO.value)

TEXT: dict[str, Any] = {"type": "string"}
MAYBE_TEXT: dict[str, Any] = {"type": ["string", "null"]}
TIME: dict[str, Any] = {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$"}
MAYBE_DATE: dict[str, Any] = {"type": ["string", "null"], "pattern": r"^\d{4}-\d{2}-\d{2}$"}


def record_schema() -> dict[str, Any]:
    """The schema, as JSON values."""
    metrics = all_metrics()
    properties = _properties()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"report-{SCHEMA_VERSION}.schema.json",
        "title": "One annual report on open government information",
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
        "allOf": [_form_condition(version) for version in FORM_VERSIONS],
        "$defs": {
            "cell": _cell(),
            "values": {
                "type": "object",
                "properties": {
                    metric.key: {"type": ["number", "null"], "title": " / ".join(metric.labels), "$comment": metric.code}
                    for metric in metrics
                },
                "additionalProperties": False,
            },
            "cells": {
                "type": "object",
                "properties": {metric.key: {"$ref": "#/$defs/cell"} for metric in metrics},
                "additionalProperties": False,
            },
        },
    }


def _properties() -> dict[str, Any]:
    strings = {"type": "array", "items": TEXT}
    return {
        "report_id": {"type": "string", "minLength": 1},
        "org_id": MAYBE_TEXT,
        "org_name": MAYBE_TEXT,
        "org_name_raw": MAYBE_TEXT,
        "org_level": {"enum": [*LEVELS, None]},
        "org_type": {"enum": list(TYPES)},
        "region_code": {"type": ["string", "null"], "pattern": r"^\d{6}$"},
        "region_path": MAYBE_TEXT,
        "township_code": {"type": ["string", "null"], "pattern": r"^\d{9}$"},
        "org_confidence": {"enum": [*CONFIDENCES, None]},
        "org_evidence": strings,
        "year": {"type": ["integer", "null"], "minimum": 1990, "maximum": 2100},
        "title": MAYBE_TEXT,
        "form_version": MAYBE_TEXT,
        "reporting_scope": {"type": "string", "minLength": 1},
        "published_date": MAYBE_DATE,
        "period": {"type": ["object", "null"]},
        "contact": {"type": ["object", "null"]},
        "sections": {"type": "array", "items": _object(no={"type": "integer"}, heading=TEXT, text=TEXT)},
        "text": TEXT,
        "values": {"$ref": "#/$defs/values"},
        "cells": {"$ref": "#/$defs/cells"},
        "checks": {
            "type": "array",
            "items": _object(id=TEXT, kind=TEXT, status={"enum": [status.value for status in Status]}, detail=MAYBE_TEXT),
        },
        "quality_flags": strings,
        "methods": {"type": "object", "propertyNames": {"enum": list(TABLES)}, "additionalProperties": TEXT},
        "readings": {
            "type": "object",
            "propertyNames": {"enum": list(TABLES)},
            "additionalProperties": _object(methods=strings, **{key: {"type": "integer", "minimum": 0} for key in TALLIES}),
        },
        "documents": {
            "type": "array",
            "minItems": 1,
            "items": _object(
                url=TEXT,
                sha256={"type": "string", "pattern": "^[0-9a-f]{64}$"},
                media_type=MAYBE_TEXT,
                bytes={"type": ["integer", "null"], "minimum": 0},
                path=MAYBE_TEXT,
                role={"enum": ["body", "attachment"]},
                outcome={"enum": [outcome.value for outcome in Outcome]},
                fetched_at=TIME,
            ),
        },
        "portal": TEXT,
        "page_url": TEXT,
        "column_url": MAYBE_TEXT,
        "version_no": {"type": "integer", "minimum": 1},
        "supersedes": MAYBE_TEXT,
        "first_seen": TIME,
        "last_seen": TIME,
        "gone_at": {**TIME, "type": ["string", "null"]},
        "extractor_version": TEXT,
    }


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _cell() -> dict[str, Any]:
    """A number where the state says so and nowhere else; a place wherever something is printed."""
    place = {
        "anyOf": [
            {"required": ["page", "bbox"], "properties": {"page": {"type": "integer"}, "bbox": {"type": "array"}}},
            {"required": ["table", "row", "column"]},
        ]
    }
    return {
        **_object(
            value={"type": ["number", "null"]},
            raw=MAYBE_TEXT,
            state={"enum": [state.value for state in State]},
            unit=MAYBE_TEXT,
            where={"type": ["object", "null"]},
        ),
        "allOf": [
            {
                "if": {"properties": {"state": {"enum": list(NUMBER_STATES)}}},
                "then": {"properties": {"value": {"type": "number"}, "raw": TEXT}},
                "else": {"properties": {"value": {"type": "null"}}},
            },
            {"if": {"properties": {"state": {"const": "zero"}}}, "then": {"properties": {"value": {"const": 0}}}},
            {
                "if": {"properties": {"state": {"const": "absent"}}},
                "then": {"properties": {"raw": {"type": "null"}, "where": {"type": "null"}}},
                "else": {"properties": {"raw": TEXT, "where": {"type": "object", **place}}},
            },
        ],
    }


def _form_condition(version: str) -> dict[str, Any]:
    keys = [metric.key for metric in load_form(version).metrics]
    return {
        "if": {"properties": {"form_version": {"const": version}}},
        "then": {"properties": {"values": {"required": keys}, "cells": {"required": keys}}},
    }


REPEATING = ("sections", "checks")
"""Lists of objects that the schema tells apart by the types of their values, and by a status."""


class RecordValidator:
    """Validates records by the schema, compiled once.

    Cells repeat: of a million cells most are one of a few thousand (the same state, kind of number and kind of place), and
    the sets of keys of ``values`` and ``cells`` are few; so it is with checks and sections. Each is therefore validated once
    for every shape that the schema can tell apart, and the rest of a record every time: 1 ms a record where the plain way
    takes 50.
    """

    def __init__(self) -> None:
        schema = record_schema()
        definitions = schema["$defs"]
        self._items = {key: Draft202012Validator(schema["properties"][key]["items"]) for key in REPEATING}
        unlisted = {key: {**schema["properties"][key], "items": True} for key in REPEATING}
        rest = {**schema, "$defs": {"values": True, "cells": True}, "properties": {**schema["properties"], **unlisted}}
        del rest["allOf"]
        self._rest = Draft202012Validator(rest)
        self._numbers = Draft202012Validator(
            {
                "$defs": {**definitions, "cell": True},
                "properties": {"values": {"$ref": "#/$defs/values"}, "cells": {"$ref": "#/$defs/cells"}},
                "allOf": schema["allOf"],
            }
        )
        self._cell = Draft202012Validator(definitions["cell"])
        self._seen: dict[Any, tuple[str, ...]] = {}

    def errors(self, record: Record) -> Iterator[str]:
        """Every breach of the schema, as ``where: what``; and where ``values`` and ``cells`` disagree."""
        yield from _messages(self._rest, record)
        for key, validator in self._items.items():
            yield from self._each(key, validator, record.get(key))
        yield from self._once(self._numbers, record, _numbers_shape(record))
        values, cells = record.get("values"), record.get("cells")
        if not isinstance(values, dict) or not isinstance(cells, dict):
            return
        for key, cell in cells.items():
            for message in self._once(self._cell, cell, _shape(cell)):
                yield f"$.cells.{key}{message[1:]}"
            if isinstance(cell, dict) and values.get(key) != cell.get("value"):
                yield f"$.values.{key}: {values.get(key)!r} is not the cell's {cell.get('value')!r}"
        for key in values.keys() ^ cells.keys():
            yield f"$.values.{key}: stands in only one of values and cells"

    def _each(self, key: str, validator: Draft202012Validator, items: Any) -> Iterator[str]:
        for number, item in enumerate(items if isinstance(items, list) else ()):
            for message in self._once(validator, item, _item_shape(key, item)):
                yield f"$.{key}[{number}]{message[1:]}"

    def _once(self, validator: Draft202012Validator, instance: Any, shape: tuple[Any, ...] | None) -> tuple[str, ...]:
        if shape is None:
            return _messages(validator, instance)
        if shape not in self._seen:
            self._seen[shape] = _messages(validator, instance)
        return self._seen[shape]


def _messages(validator: Draft202012Validator, instance: Any) -> tuple[str, ...]:
    return tuple(f"{error.json_path}: {error.message[:300]}" for error in validator.iter_errors(instance))


def _numbers_shape(record: Record) -> tuple[Any, ...] | None:
    """What of ``values`` and the keys of ``cells`` the schema can tell apart; ``None`` where it must look itself."""
    values, cells = record.get("values"), record.get("cells")
    if not isinstance(values, dict) or not isinstance(cells, dict):
        return None
    if not {type(value) for value in values.values()} <= {int, float, type(None)}:
        return None
    return "numbers", str(record.get("form_version")), tuple(values), tuple(cells)


def _item_shape(key: str, item: Any) -> tuple[Any, ...] | None:
    """What of a section or check the schema can tell apart."""
    if not isinstance(item, dict):
        return None
    return key, tuple((name, type(entry)) for name, entry in item.items()), str(item.get("status"))


def _shape(cell: Any) -> tuple[Any, ...] | None:
    """What of a cell the schema can tell apart; ``None`` where the cell is not even an object."""
    if not isinstance(cell, dict):
        return None
    value, where = cell.get("value"), cell.get("where")
    place = tuple((key, type(entry)) for key, entry in where.items()) if isinstance(where, dict) else type(where)
    kinds = tuple((key, type(entry)) for key, entry in cell.items())
    return "cell", kinds, place, str(cell.get("state")), isinstance(value, int | float) and value == 0


def main() -> None:
    """Writes the schema to ``docs/schema/report.schema.json``."""
    SCHEMA_FILE.parent.mkdir(parents=True, exist_ok=True)
    SCHEMA_FILE.write_text(schema_text(), encoding="utf-8")


def schema_text() -> str:
    """The schema as it is committed."""
    return json.dumps(record_schema(), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    main()
