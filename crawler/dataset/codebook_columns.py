"""Every column of the dataset: what it is called in two languages, its kind, unit, form, and what it may be compared with."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

from crawler.forms.catalogue import FORM_VERSIONS, Metric, all_metrics, load_form

REPORTS = "reports"
CELLS = "cells"

STATA_NAME_LENGTH = 32
WORD_LENGTH = 4
"""Letters kept of each word of a code that is longer than a Stata name may be."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    ``kind`` is text, integer, number, date, time, texts or numbers (the last two are lists). ``label_zh`` of a metric holds
    the official labels from the outermost header to the cell. ``forms`` is empty for what no form prints; ``comparability`` is
    comparable, by_sum, not_comparable or one_form_only, and empty where there is nothing to compare; ``series`` is the sum to
    compare where it is by_sum. ``stata`` is the name in ``reports.dta``, empty where the column is not in it.
    """

    table: str
    name: str
    kind: str
    label_en: str
    label_zh: str
    code: str = ""
    stata: str = ""
    unit: str = ""
    signed: bool = False
    forms: tuple[str, ...] = ()
    comparability: str = ""
    series: str = ""
    note_en: str = ""
    note_zh: str = ""


@dataclass(frozen=True, slots=True)
class Series:
    """A sum that no form prints: ``parts`` are the metric keys that add up to it, by form.

    ``instead`` is the metric, by form, that some bodies print in the place of the parts: it is the sum where no part has a
    number.
    """

    key: str
    label_en: str
    label_zh: str
    parts: Mapping[str, tuple[str, ...]]
    instead: Mapping[str, str]


@cache
def words() -> Mapping[str, Any]:
    """``codebook.toml``."""
    return tomllib.loads(files(__package__).joinpath("codebook.toml").read_text(encoding="utf-8"))


def stata_name(code: str) -> str:
    """A metric's name in Stata: its short code, its words cut where it is longer than 32 letters.

    >>> stata_name("R03.C1"), stata_name("A1.NORMATIVE_DOCUMENTS.NEWLY_DISCLOSED")
    ('r03_c1', 'a1_norm_docu_newl_disc')
    """
    name = re.sub(r"[^0-9a-z]+", "_", code.lower())
    if len(name) > STATA_NAME_LENGTH:
        name = "_".join(word[:WORD_LENGTH] for word in name.split("_"))
    if len(name) > STATA_NAME_LENGTH:
        name = f"{name[: STATA_NAME_LENGTH - 7]}_{sha256(code.encode()).hexdigest()[:6]}"
    return name


def english(metric: Metric) -> str:
    """The metric in English: row, then column.

    Raises:
        KeyError: ``codebook.toml`` has no word for a row or column that a form has.
    """
    return f"{words()['rows'][metric.row]} - {words()['columns'][metric.column]}"


@cache
def columns(table: str) -> tuple[Column, ...]:
    """The columns of ``reports`` or ``cells``, in their order: what identifies, then the metrics, each key once."""
    own = tuple(
        Column(table, entry["name"], entry["kind"], entry["en"], entry["zh"], stata=entry["name"] if table == REPORTS else "")
        for entry in words()["column"]
        if table in entry["tables"]
    )
    return (*own, *metric_columns()) if table == REPORTS else own


@cache
def metric_columns() -> tuple[Column, ...]:
    """Every metric of every form, in the order of the wide table."""
    printed = {version: {metric.key for metric in load_form(version).metrics} for version in FORM_VERSIONS}
    return tuple(
        _metric_column(metric, tuple(version for version in FORM_VERSIONS if metric.key in printed[version]))
        for metric in all_metrics()
    )


def _metric_column(metric: Metric, forms: tuple[str, ...]) -> Column:
    rule: Mapping[str, str] = next((rule for rule in words()["comparability"] if fnmatchcase(metric.key, rule["metrics"])), {})
    verdict = rule.get("verdict", "comparable" if forms == FORM_VERSIONS else "one_form_only")
    if verdict == "comparable" and forms != FORM_VERSIONS:
        verdict, rule = "one_form_only", {}
    return Column(
        table=REPORTS,
        name=metric.key,
        kind="number",
        label_en=english(metric),
        label_zh=" / ".join(metric.labels),
        code=metric.code,
        stata=stata_name(metric.code),
        unit=metric.unit,
        signed=metric.signed,
        forms=forms,
        comparability=verdict,
        series=f"{rule['series']}.{metric.column}" if "series" in rule else "",
        note_en=rule.get("en", ""),
        note_zh=rule.get("zh", ""),
    )


@cache
def series() -> tuple[Series, ...]:
    """The sums to compare over the forms, one for every column of the table they belong to."""
    by_key = {metric.key: metric for metric in all_metrics()}
    found = []
    for entry in words()["series"]:
        first = entry["parts"][FORM_VERSIONS[0]][0]
        for key, metric in by_key.items():
            if key.rpartition(".")[0] != first:
                continue
            row = words()["rows"][entry["row"].rpartition(".")[2]]
            parts = {version: tuple(f"{part}.{metric.column}" for part in entry["parts"][version]) for version in FORM_VERSIONS}
            label_zh = f"{entry['zh']} / {metric.labels[-1]}"
            instead = {version: f"{part}.{metric.column}" for version, part in entry.get("instead", {}).items()}
            label_en = f"{row} - {words()['columns'][metric.column]}"
            found.append(Series(f"{entry['row']}.{metric.column}", label_en, label_zh, parts, instead))
    return tuple(found)


def comparable_metrics() -> tuple[str, ...]:
    """The keys that mean the same in every form."""
    return tuple(column.name for column in metric_columns() if column.comparability == "comparable")
