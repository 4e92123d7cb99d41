"""The statutory forms as data: one TOML file a form, loaded once into frozen objects.

Sources: 国办公开办函〔2019〕60号 (reports for 2019 and 2020) and 国办公开办函〔2021〕30号 (reports for 2021 onward).
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

ACTIVE_DISCLOSURE = "active_disclosure"
REQUESTS = "requests"
REVIEW_LITIGATION = "review_litigation"
TABLES = (ACTIVE_DISCLOSURE, REQUESTS, REVIEW_LITIGATION)

FORM_VERSIONS = ("cn-ogi-2019", "cn-ogi-2021")
"""Oldest first."""


@dataclass(frozen=True, slots=True)
class RowSpec:
    """One printed row. ``group`` holds the labels of the merged cells to its left, outermost first."""

    key: str
    label: str
    group: tuple[str, ...] = ()
    variants: tuple[str, ...] = ()
    code: str = ""
    legal_basis: str = ""
    after: str = ""
    """For a row that is printed only by some bodies: the key of the row it follows."""


@dataclass(frozen=True, slots=True)
class ColumnSpec:
    """One value column. ``group`` holds the labels of the header cells above it; ``row`` is set in table 4 only."""

    key: str
    label: str
    group: tuple[str, ...] = ()
    unit: str = "件"
    type: str = "int"
    signed: bool = False
    row: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class BlockSpec:
    """One article's block of table 2: a header row and its data rows."""

    article: str
    row_header: str
    columns: tuple[ColumnSpec, ...]
    rows: tuple[RowSpec, ...]


@dataclass(frozen=True, slots=True)
class SectionSpec:
    """One of the six statutory headings and the other wordings seen for it."""

    no: int
    numeral: str
    heading: str
    variants: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Metric:
    """One number of the form. ``key`` is ``<table>.<row>.<column>``; ``code`` is short and stable; ``type`` is ``int``
    or ``decimal``; ``signed`` numbers may be negative; ``unit`` is ``undeclared`` where the form states none.
    """

    key: str
    code: str
    table: str
    row: str
    column: str
    labels: tuple[str, ...]
    unit: str
    type: str
    signed: bool


@dataclass(frozen=True, slots=True)
class Form:
    """One statutory form: its sections, the three tables and every metric in printed order."""

    version: str
    title: str
    instrument: str
    report_years: str
    markers: tuple[str, ...]
    sections: tuple[SectionSpec, ...]
    blocks: tuple[BlockSpec, ...]
    request_head: str
    request_column_head: str
    request_columns: tuple[ColumnSpec, ...]
    request_rows: tuple[RowSpec, ...]
    request_extra_rows: tuple[RowSpec, ...]
    review_columns: tuple[ColumnSpec, ...]
    metrics: tuple[Metric, ...]
    extra_metrics: tuple[Metric, ...]

    def metric(self, key: str) -> Metric:
        """The metric of that key, printed regularly or by some bodies only.

        Raises:
            KeyError: no such metric in this form.
        """
        for metric in (*self.metrics, *self.extra_metrics):
            if metric.key == key:
                return metric
        raise KeyError(f"{key} is no metric of {self.version}")


def _row(data: dict[str, Any]) -> RowSpec:
    return RowSpec(
        key=data["key"],
        label=data["label"],
        group=tuple(data.get("group", ())),
        variants=tuple(data.get("variants", ())),
        code=data.get("code", ""),
        legal_basis=data.get("legal_basis", ""),
        after=data.get("after", ""),
    )


def _column(data: dict[str, Any]) -> ColumnSpec:
    return ColumnSpec(
        key=data["key"],
        label=data["label"],
        group=tuple(data.get("group", ())),
        unit=data.get("unit", "件"),
        type=data.get("type", "int"),
        signed=data.get("signed", False),
        row=data.get("row", ""),
        code=data.get("code", ""),
    )


def _article_number(article: str) -> str:
    return str("一二三四五六七八九".index(article[article.index("（") + 1]) + 1)


def _block_metrics(block: BlockSpec) -> list[Metric]:
    return [
        Metric(
            key=f"{ACTIVE_DISCLOSURE}.{row.key}.{column.key}",
            code=f"A{_article_number(block.article)}.{row.key.upper()}.{column.key.upper()}",
            table=ACTIVE_DISCLOSURE,
            row=row.key,
            column=column.key,
            labels=(block.article, row.label, column.label),
            unit=column.unit,
            type=column.type,
            signed=column.signed,
        )
        for row in block.rows
        for column in block.columns
    ]


def _request_metrics(rows: tuple[RowSpec, ...], columns: tuple[ColumnSpec, ...]) -> list[Metric]:
    return [
        Metric(
            key=f"{REQUESTS}.{row.key}.{column.key}",
            code=f"{row.code}.C{number}",
            table=REQUESTS,
            row=row.key,
            column=column.key,
            labels=(*row.group, row.label, column.label),
            unit=column.unit,
            type=column.type,
            signed=False,
        )
        for row in rows
        for number, column in enumerate(columns, start=1)
    ]


def _review_metrics(columns: tuple[ColumnSpec, ...]) -> list[Metric]:
    return [
        Metric(
            key=f"{REVIEW_LITIGATION}.{column.row}.{column.key}",
            code=column.code,
            table=REVIEW_LITIGATION,
            row=column.row,
            column=column.key,
            labels=(*column.group, column.label),
            unit=column.unit,
            type=column.type,
            signed=False,
        )
        for column in columns
    ]


@cache
def load_form(version: str) -> Form:
    """The form of that version.

    Raises:
        KeyError: there is no such form file.
    """
    if version not in FORM_VERSIONS:
        raise KeyError(f"no form {version!r}; known: {', '.join(FORM_VERSIONS)}")
    data = tomllib.loads(files(__package__).joinpath(f"{version}.toml").read_text(encoding="utf-8"))
    disclosure, requests, review = data["table"]
    blocks = tuple(
        BlockSpec(
            article=block["article"],
            row_header=block["row_header"],
            columns=tuple(_column(column) for column in block["columns"]),
            rows=tuple(_row(row) for row in block["rows"]),
        )
        for block in disclosure["block"]
    )
    request_columns = tuple(_column(column) for column in requests["columns"])
    request_rows = tuple(_row(row) for row in requests["rows"])
    extra_rows = tuple(_row(row) for row in requests.get("extra_rows", ()))
    review_columns = tuple(_column(column) for column in review["columns"])
    return Form(
        version=data["version"],
        title=data["title"],
        instrument=data["instrument"],
        report_years=data["report_years"],
        markers=tuple(data["markers"]),
        sections=tuple(
            SectionSpec(section["no"], section["numeral"], section["heading"], tuple(section["variants"]))
            for section in data["section"]
        ),
        blocks=blocks,
        request_head=requests["head"],
        request_column_head=requests["column_head"],
        request_columns=request_columns,
        request_rows=request_rows,
        request_extra_rows=extra_rows,
        review_columns=review_columns,
        metrics=(
            *(metric for block in blocks for metric in _block_metrics(block)),
            *_request_metrics(request_rows, request_columns),
            *_review_metrics(review_columns),
        ),
        extra_metrics=tuple(_request_metrics(extra_rows, request_columns)),
    )


def all_metrics() -> tuple[Metric, ...]:
    """Every metric of every form, each key once: table by table, the older form's first, in printed order."""
    seen: dict[str, Metric] = {}
    for version in FORM_VERSIONS:
        for metric in load_form(version).metrics:
            seen.setdefault(metric.key, metric)
    return tuple(sorted(seen.values(), key=lambda metric: TABLES.index(metric.table)))
