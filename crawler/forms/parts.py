"""Reports split over several documents: what one part holds, and the parts put together into one record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from crawler.documents.model import Document
from crawler.forms.catalogue import ACTIVE_DISCLOSURE, FORM_VERSIONS, REQUESTS, TABLES, load_form
from crawler.forms.cells import absent_cell
from crawler.forms.checks import Facts, run_checks
from crawler.forms.identity import (
    ORG_FROM,
    ORG_MISSING,
    TITLE_MISSING,
    YEAR_DIFFERS_FROM_PERIOD,
    YEAR_FROM,
    YEAR_MISSING,
    read_identity,
)
from crawler.forms.model import CellReading, Check, Section, State, Status
from crawler.forms.record import cell_record
from crawler.forms.rows import FORM_VERSION_BY_REQUEST_ROWS
from crawler.forms.sections import clean_text, paragraphs, read_sections
from crawler.forms.titles import TITLE_YEARS_DIFFER

JOINED_FROM_PARTS = "joined_from_parts"
TABLE_MISSING = "table_missing"
MIN_SECTIONS = 2
"""Headings by which a text without tables and without a title is known for a report's."""

_HEADINGS = "S.headings"
_IDENTITY_FLAGS = (TITLE_MISSING, ORG_FROM, ORG_MISSING, YEAR_FROM, YEAR_MISSING, YEAR_DIFFERS_FROM_PERIOD, TITLE_YEARS_DIFFER)
_FROM_ALL_CELLS = ("amount_unit_suspect",)
_UNKNOWN = (State.ABSENT.value, State.UNPARSED.value)

Record = Mapping[str, Any]


class PartsDifferError(Exception):
    """Parts that contradict each other: they are no parts of one report. The message says in what."""


def read_part(document: Document, *, is_report: bool) -> dict[str, Any] | None:
    """What a document without statutory tables can give to a report that is split over several documents.

    The keys are those of `crawler.forms.record.report_record`; ``form_version`` is null and ``cells`` are empty.

    Args:
        document: one that `crawler.forms.reader.read_report` found no statutory table in.
        is_report: whether its title says that it is a report; else it must print headings of the form.
    """
    # The headings are the same in all forms.
    version = FORM_VERSIONS[-1]
    texts = paragraphs(document)
    sections = read_sections(texts, load_form(version).sections)
    if not is_report and len(set(sections.found)) < MIN_SECTIONS:
        return None
    identity = read_identity(document, texts, sections)
    facts = Facts(version, {}, identity.year, identity.org_name_raw, sections.sections, sections.found, ())
    text = "\n".join(line for line in map(clean_text, document.text.split("\n")) if line)
    if identity.title and "".join(identity.title.split()) not in "".join(text[:2000].split()):
        text = f"{identity.title}\n{text}"
    return {
        "org_name_raw": identity.org_name_raw,
        "year": identity.year,
        "title": identity.title,
        "form_version": None,
        "reporting_scope": identity.reporting_scope.value,
        "published_date": identity.published_date,
        "period": None if identity.period is None else dict(identity.period),
        "contact": None if identity.contact is None else dict(identity.contact),
        "sections": [asdict(section) for section in sections.sections],
        "text": text,
        "values": {},
        "cells": {},
        "checks": [_check_record(check) for check in run_checks(facts) if check.id == _HEADINGS],
        "quality_flags": list(dict.fromkeys((*document.flags, *identity.flags))),
        "methods": {},
        "readings": {},
    }


def join_parts(parts: Sequence[Record], sources: Sequence[str] | None = None) -> dict[str, Any]:
    """One record of the parts of one report, judged by all rules as a whole.

    Text, title, organisation and year are those of the part with sections; each table is that of the part that prints most
    of it. The order of the parts does not matter.

    Args:
        parts: records of `crawler.forms.record.report_record` and of `read_part`.
        sources: what each part is called; written into every cell's ``where`` under ``document``.

    Raises:
        PartsDifferError: two parts have sections, print different forms, organisations or years, or one cell differently.
        ValueError: fewer than two parts.
    """
    if len(parts) < 2:
        raise ValueError("a report is joined from two parts or more")
    named = sorted(zip(sources or [""] * len(parts), parts, strict=True), key=lambda one: (_order(one[1]), one[0]))
    records = [record for _, record in named]
    base = _base(records)
    version = _form_version(records)
    organisation = base["org_name_raw"] or _one([record["org_name_raw"] for record in records], "organisation")
    year = _one([record["year"] for record in records], "year")
    cells, tables_of = _join_cells(named, version)
    flags = _join_flags(records, base, tables_of, cells)
    sections = [Section(**section) for section in base["sections"]]
    readings = {key: _cell_reading(cell) for key, cell in cells.items()}
    facts = Facts(version, readings, year, organisation, sections, [section.no for section in sections], flags)
    checks = [
        {"id": check.id, "kind": check.kind, "status": check.status.value, "detail": check.detail}
        for check in run_checks(facts)
    ]
    own_headings = {check["id"]: dict(check) for check in base["checks"] if check["id"] == _HEADINGS}
    checks = [own_headings.get(check["id"], check) for check in checks]
    flags += [
        f"amount_unit_suspect:{ACTIVE_DISCLOSURE}.central_procurement.amount"
        for check in checks
        if check["id"] == "R2.amount_unit" and check["status"] == Status.FAIL.value
    ]
    others = [record for record in records if record is not base]
    return {
        "org_name_raw": organisation,
        "year": year,
        "title": base["title"] or next((record["title"] for record in others if record["title"]), None),
        "form_version": version,
        "reporting_scope": base["reporting_scope"],
        "published_date": base["published_date"] or _earliest(others, "published_date"),
        "period": base["period"] or next((record["period"] for record in others if record["period"]), None),
        "contact": base["contact"],
        "sections": [dict(section) for section in base["sections"]],
        "text": "\n".join(dict.fromkeys(record["text"] for record in (base, *_in_form_order(others, tables_of)))),
        "values": {key: cell["value"] for key, cell in cells.items()},
        "cells": cells,
        "checks": checks,
        "quality_flags": list(dict.fromkeys((*flags, JOINED_FROM_PARTS))),
        "methods": _by_table(tables_of, "methods"),
        "readings": _by_table(tables_of, "readings"),
    }


def has_sections(record: Record) -> bool:
    """Whether the record has running text under the headings of the form."""
    return any((section.get("text") or "").strip() for section in record["sections"])


def _check_record(check: Check) -> dict[str, Any]:
    return {"id": check.id, "kind": check.kind, "status": check.status.value, "detail": check.detail}


def _form_version(records: Sequence[Record]) -> str:
    """The form that the parts print; table 2 is sure of it, tables 3 and 4 alone can be of either."""
    versions = [(record["form_version"], FORM_VERSION_BY_REQUEST_ROWS in record["quality_flags"]) for record in records]
    sure = [version for version, guessed in versions if version is not None and not guessed]
    by_rows = [
        record["form_version"] for record in records if _known(_table_cells(record, REQUESTS)) and record["form_version"]
    ]
    found: str | None = _one(sure or by_rows or [version for version, _ in versions], "form")
    if found is None:
        raise PartsDifferError("no part prints a table of the form")
    return found


def _order(record: Record) -> tuple[int, str]:
    return -_known(record["cells"]), record["text"]


def _base(records: Sequence[Record]) -> Record:
    """The part that says whose report it is."""
    texts = [record for record in records if has_sections(record)]
    if len({record["text"] for record in texts}) > 1:
        raise PartsDifferError("more than one part has sections of its own")
    if texts:
        return texts[0]
    return max(records, key=lambda record: (bool(record["org_name_raw"]) + (record["year"] is not None), bool(record["title"])))


def _one(values: Sequence[Any], what: str) -> Any:
    found = {value for value in values if value is not None}
    if len(found) > 1:
        raise PartsDifferError(f"the parts are of different {what}s: {', '.join(map(str, sorted(found)))}")
    return next(iter(found), None)


def _known(cells: Mapping[str, Any]) -> int:
    """How many of the cells are printed legibly."""
    return sum(cell["state"] not in _UNKNOWN for cell in cells.values())


def _table_cells(record: Record, table: str) -> dict[str, Any]:
    return {key: cell for key, cell in record["cells"].items() if key.startswith(f"{table}.")}


def _join_cells(named: Sequence[tuple[str, Record]], version: str) -> tuple[dict[str, dict[str, Any]], dict[str, Record]]:
    """The cells, and which part each table was taken from."""
    form = load_form(version)
    cells: dict[str, dict[str, Any]] = {metric.key: cell_record(absent_cell(metric)) for metric in form.metrics}
    tables_of: dict[str, Record] = {}
    for table in TABLES:
        printing = sorted(
            ((name, record, _table_cells(record, table)) for name, record in named),
            key=lambda one: -_known(one[2]),
        )
        for name, record, found in printing:
            if not any(cell["state"] != State.ABSENT.value for cell in found.values()):
                continue
            tables_of.setdefault(table, record)
            for key, cell in found.items():
                if key not in cells and cell["state"] == State.ABSENT.value:
                    continue  # of the form that this part was taken for
                cells[key] = _better(key, cells.get(key), _placed(cell, name))
    return cells, tables_of


def _placed(cell: Mapping[str, Any], name: str) -> dict[str, Any]:
    where = cell["where"]
    return {**cell, "where": {"document": name, **where} if where is not None and name else where}


def _better(key: str, first: dict[str, Any] | None, second: dict[str, Any]) -> dict[str, Any]:
    if first is None or first["state"] == State.ABSENT.value:
        return second
    if State.UNPARSED.value in (first["state"], second["state"]):
        return second if first["state"] == State.UNPARSED.value and second["state"] not in _UNKNOWN else first
    if second["state"] != State.ABSENT.value and (first["value"], first["state"]) != (second["value"], second["state"]):
        raise PartsDifferError(f"two parts print {key} differently: {first['raw']!r} and {second['raw']!r}")
    return first


def _join_flags(
    records: Sequence[Record], base: Record, tables_of: Mapping[str, Record], cells: Mapping[str, Mapping[str, Any]]
) -> list[str]:
    """Flags of a table from the part it was taken from, of title and organisation from the part that says them."""
    flags: list[str] = []
    for record in records:
        used = [table for table, source in tables_of.items() if source is record]
        for flag in record["quality_flags"]:
            word, _, subject = flag.partition(":")
            table = subject.partition(".")[0]
            if word in (TABLE_MISSING, FORM_VERSION_BY_REQUEST_ROWS, *_FROM_ALL_CELLS) or (
                table in TABLES and table not in used
            ):
                continue
            if word in _IDENTITY_FLAGS and record is not base:
                continue
            if record is base or used:
                flags.append(flag)
    flags += [f"{TABLE_MISSING}:{table}" for table in TABLES if table not in tables_of]
    flags += [f"{flag}:{key}" for key, cell in cells.items() for flag in cell.get("flags", ())]
    return list(dict.fromkeys(flags))


def _in_form_order(others: Sequence[Record], tables_of: Mapping[str, Record]) -> list[Record]:
    """The parts whose tables were taken, in the order of the tables; a further rendition of a table adds no text."""
    return [source for table in TABLES if (source := tables_of.get(table)) is not None and any(source is one for one in others)]


def _by_table(tables_of: Mapping[str, Record], key: str) -> dict[str, Any]:
    return {table: record[key][table] for table, record in tables_of.items() if table in (record.get(key) or {})}


def _earliest(records: Sequence[Record], key: str) -> str | None:
    return min((record[key] for record in records if record[key]), default=None)


def _cell_reading(cell: Mapping[str, Any]) -> CellReading:
    value = cell["value"]
    return CellReading(
        value=Decimal(str(value)) if isinstance(value, float) else value,
        raw=cell["raw"],
        state=State(cell["state"]),
        unit=cell["unit"],
        where=cell["where"],
        second_raw=cell.get("second_raw"),
        flags=tuple(cell.get("flags", ())),
    )
