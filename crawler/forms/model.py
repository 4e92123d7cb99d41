"""What reading a form yields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any


class State(StrEnum):
    """What stands in a cell; a blank is never a zero."""

    NUMBER = "number"
    ZERO = "zero"
    BLANK = "blank"
    NA_MARK = "na_mark"
    UNPARSED = "unparsed"
    ABSENT = "absent"


class Status(StrEnum):
    """How a check ended; ``not_assessable`` where any operand is null."""

    PASS = "pass"  # noqa: S105 - the outcome of a check
    FAIL = "fail"
    NOT_ASSESSABLE = "not_assessable"


Number = int | Decimal


@dataclass(frozen=True, slots=True)
class CellReading:
    """One cell of the form as printed.

    ``raw`` is what the source prints, ``None`` where the row or column is not printed at all (state ``absent``).
    ``where`` is ``{"page", "bbox"}`` for paged formats and ``{"table", "row", "column"}`` (1-based) otherwise.
    ``second_raw`` is what a second reading saw where the two differ.
    """

    value: Number | None
    raw: str | None
    state: State
    unit: str | None
    where: Mapping[str, Any] | None
    second_raw: str | None = None
    flags: tuple[str, ...] = ()
    """What is odd about this one cell, as words of docs/quality-flags.md without a subject."""


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one rule on one report; ``detail`` shows the arithmetic or the sentence."""

    id: str
    kind: str
    status: Status
    detail: str


@dataclass(frozen=True, slots=True)
class Section:
    """One of the six statutory sections; ``text`` without its tables."""

    no: int
    heading: str
    text: str


@dataclass(frozen=True, slots=True)
class TableReading:
    """How often the printed cells of one table were read, and by what.

    ``methods`` are words of `crawler.documents.model.Method`, first the one that gave the cells. Of the cells ``agreed`` were
    read the same by two, in ``settled`` ones two of three readings agree, in ``disagreed`` ones no two, and ``once`` counts
    those with a single reading.
    """

    methods: tuple[str, ...]
    agreed: int
    settled: int
    disagreed: int
    once: int


@dataclass(frozen=True, slots=True)
class Report:
    """One document read as a report of one organisation for one year. ``None`` where the document does not say."""

    title: str | None
    org_name_raw: str | None
    year: int | None
    form_version: str
    reporting_scope: str
    published_date: str | None
    period: Mapping[str, str] | None
    contact: Mapping[str, str] | None
    sections: tuple[Section, ...]
    text: str
    cells: Mapping[str, CellReading]
    checks: tuple[Check, ...]
    quality_flags: tuple[str, ...]
    methods: Mapping[str, str]
    """How each of the three tables was read, e.g. ``{"requests": "lattice"}``."""
    readings: Mapping[str, TableReading] = field(default_factory=dict)
    """How sure that is, by table."""
