"""One printed cell as a reading: value, state, unit and where it stands."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any

from crawler.documents.model import GridCell
from crawler.forms.catalogue import Metric
from crawler.forms.model import CellReading, State
from crawler.forms.numbers import parse_number

_DECLARABLE_UNITS = ("亿元", "万元", "元")
UNDECLARED = "undeclared"
NUMBER_WRAPPED = "number_wrapped"


def read_cell(
    cell: GridCell, metric: Metric, row: int, table: int, header: str | None = None, *, label_inexact: bool = False
) -> CellReading:
    """Read one cell as one metric.

    Args:
        cell: the printed cell.
        metric: what the form prints there.
        row: the grid row the value is printed in, from 0.
        table: the grid's number, from 1.
        header: the header printed over it, which may state a unit.
        label_inexact: the row's label is not printed as the form has it: then a number on two lines is not put together,
            because two rows may have run into one.
    """
    parsed = parse_number(
        cell.text if label_inexact else cell.number_text,
        type=metric.type,
        signed=metric.signed,
        unit=declared_unit(header) or metric.unit if metric.type == "decimal" else metric.unit,
    )
    return CellReading(
        value=parsed.value,
        raw=cell.text,
        state=parsed.state,
        unit=parsed.unit,
        where=where(cell, row, table),
        second_raw=cell.second_text,
        flags=(*parsed.flags, *((NUMBER_WRAPPED,) if cell.wrapped and parsed.value is not None else ())),
    )


def undecided_cell(raw: str, metric: Metric, cell: GridCell, row: int, table: int) -> CellReading:
    """The reading of a metric whose row is printed but whose cell cannot be told from its neighbours."""
    return CellReading(None, raw, State.UNPARSED, metric.unit, where(cell, row, table))


def absent_cell(metric: Metric) -> CellReading:
    """The reading of a metric that is not printed."""
    return CellReading(None, None, State.ABSENT, metric.unit, None)


def where(cell: GridCell, row: int, table: int) -> Mapping[str, Any]:
    """Page and box for paged formats, else table, row and column counted from 1."""
    if cell.page is not None and cell.box is not None:
        return {"page": cell.page, "bbox": list(cell.box)}
    return {"table": table, "row": row + 1, "column": cell.column + 1}


def declared_unit(header: str | None) -> str | None:
    """The unit of money a header states, ``None`` where it states none.

    >>> declared_unit("采购总金额（单位:万元）"), declared_unit("采购总金额")
    ('万元', None)
    """
    if not header:
        return None
    folded = unicodedata.normalize("NFKC", header)
    return next((unit for unit in _DECLARABLE_UNITS if unit in folded), None)
