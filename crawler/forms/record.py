"""Report -> the JSON-ready record of DESIGN section 2, as far as a document alone can give it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from crawler.forms.model import CellReading, Number, Report


def report_record(report: Report) -> dict[str, Any]:
    """The record's keys in their published order; numbers as printed, ``None`` for what is not printed."""
    return {
        "org_name_raw": report.org_name_raw,
        "year": report.year,
        "title": report.title,
        "form_version": report.form_version,
        "reporting_scope": report.reporting_scope,
        "published_date": report.published_date,
        "period": None if report.period is None else dict(report.period),
        "contact": None if report.contact is None else dict(report.contact),
        "sections": [{"no": section.no, "heading": section.heading, "text": section.text} for section in report.sections],
        "text": report.text,
        "values": {key: json_number(reading.value) for key, reading in report.cells.items()},
        "cells": {key: cell_record(reading) for key, reading in report.cells.items()},
        "checks": [
            {"id": check.id, "kind": check.kind, "status": check.status.value, "detail": check.detail}
            for check in report.checks
        ],
        "quality_flags": list(report.quality_flags),
        "methods": dict(report.methods),
        "readings": {
            table: {
                "methods": list(reading.methods),
                "agreed": reading.agreed,
                "settled": reading.settled,
                "disagreed": reading.disagreed,
                "once": reading.once,
            }
            for table, reading in report.readings.items()
        },
    }


def json_number(value: Number | None) -> int | float | None:
    """The shortest JSON number that is the printed one.

    >>> from decimal import Decimal
    >>> json_number(Decimal("49.5669")), json_number(Decimal("18.0")), json_number(7)
    (49.5669, 18, 7)
    """
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value


def cell_record(reading: CellReading) -> dict[str, Any]:
    """One entry of ``cells``."""
    cell: dict[str, Any] = {
        "value": json_number(reading.value),
        "raw": reading.raw,
        "state": reading.state.value,
        "unit": reading.unit,
        "where": None if reading.where is None else dict(reading.where),
    }
    if reading.second_raw is not None:
        cell["second_raw"] = reading.second_raw
    if reading.flags:
        cell["flags"] = list(reading.flags)
    return cell
