"""Builds extraction records and sightings the way the forms reader and the ledger give them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any

from crawler.dataset.model import Record, Sighting
from crawler.forms.catalogue import load_form
from crawler.outcomes import Outcome

DIVISIONS = (
    ("河南省", "410000"),
    ("河南省/洛阳市", "410300"),
    ("河南省/洛阳市/栾川县", "410324"),
    ("河南省/洛阳市/嵩县", "410325"),
)

BLANK = "blank"


def cell(value: float | str | None, *, unit: str | None = "件", where: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A cell as read: a number, ``None`` for a row that is not printed, ``"blank"``, or a mark such as ``"/"``."""
    place = dict(where or {"table": 1, "row": 2, "column": 3})
    if value is None:
        return {"value": None, "raw": None, "state": "absent", "unit": unit, "where": None}
    if value == BLANK:
        return {"value": None, "raw": "", "state": "blank", "unit": unit, "where": place}
    if isinstance(value, str):
        return {"value": None, "raw": value, "state": "na_mark", "unit": unit, "where": place}
    return {"value": value, "raw": str(value), "state": "number" if value else "zero", "unit": unit, "where": place}


def extraction_record(
    org: str | None = "栾川县赤土店镇人民政府",
    year: int | None = 2023,
    *,
    form: str = "cn-ogi-2021",
    values: Mapping[str, float | str | None] | None = None,
    prose: str | None = None,
    scope: str = "own",
    where: Mapping[str, Any] | None = None,
    checks: tuple[dict[str, Any], ...] = (),
    **changes: Any,
) -> Record:
    """A record as the forms reader gives it: every cell zero but those in ``values``."""
    name = org or "本机关"
    prose = (
        prose
        if prose is not None
        else f"{name}在{year or ''}年度认真落实政府信息公开条例，主动公开各类信息，办理依申请公开事项。" * 8
    )
    cells = {metric.key: cell(0, unit=metric.unit, where=where) for metric in load_form(form).metrics}
    cells |= {key: cell(value, where=where) for key, value in (values or {}).items()}
    headings = [section.heading for section in load_form(form).sections]
    sections: list[dict[str, Any]] = [
        {"no": no, "heading": heading, "text": f"{prose}{heading}。" if prose else ""}
        for no, heading in enumerate(headings, start=1)
    ]
    tables = "\n".join(f"{key}\t{entry['raw'] or ''}" for key, entry in cells.items() if entry["raw"] is not None)
    record: Record = {
        "title": f"{name}{year or ''}年政府信息公开工作年度报告",
        "org_name_raw": org,
        "year": year,
        "form_version": form,
        "reporting_scope": scope,
        "published_date": None,
        "period": None,
        "contact": None,
        "sections": sections,
        "text": "\n".join([f"{name}{year or ''}年报", *(part["heading"] + "\n" + part["text"] for part in sections), tables]),
        "values": {key: entry["value"] for key, entry in cells.items()},
        "cells": cells,
        "checks": [{"id": "R3.total", "kind": "identity", "status": "pass", "detail": "0 = 0"}, *checks],
        "quality_flags": [],
        "methods": {"requests": "markup"},
        "readings": {"requests": {"methods": ["markup", "text"], "agreed": 161, "settled": 0, "disagreed": 0, "once": 0}},
    }
    return record | changes


def sighting(record: Record | None = None, *, url: str = "http://lc.example/1.html", **changes: Any) -> Sighting:
    """A sighting of a record on the portal of 栾川县."""
    content = changes.pop("sha256", None) or sha256(f"{url}{record}".encode()).hexdigest()
    base = Sighting(
        url=url,
        sha256=content,
        role="body",
        outcome=Outcome.OK if record else Outcome.NOT_A_REPORT,
        page_url=url,
        portal="luanchuan",
        portal_name="栾川县人民政府",
        portal_region="河南省/洛阳市/栾川县",
        portal_region_code="410324",
        first_seen="2026-01-10T02:00:00Z",
        last_seen="2026-01-10T02:00:00Z",
        fetched_at="2026-01-10T02:00:00Z",
        media_type="text/html",
        size=1000,
        path=f"{content[:2]}/{content}.html",
        page_published_date="2024-01-20",
        column_url="http://lc.example/column/",
        extractor_version="1",
        record=record,
    )
    return replace(base, **changes)
