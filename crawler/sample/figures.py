"""Numbers for sample reports: all different where columns must not be confused, like real ones where people read them."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Literal

from crawler.forms.catalogue import Form, load_form

Size = Literal["prefecture", "county", "bureau", "town"]

_SUMMED = ("result_total", "received_new", "carried_in", "carried_out")


def random_values(form_version: str, seed: int, consistent: bool = True) -> dict[str, str]:  # noqa: FBT001, FBT002, RUF100 - the agreed signature
    """Distinct non-zero figures for every cell of the form, so that a shifted row or column shows.

    Args:
        form_version: ``cn-ogi-2019`` or ``cn-ogi-2021``.
        seed: same seed, same figures.
        consistent: whether every identity of the form holds; otherwise one total of table 3 and one of table 4 are off by one.
    """
    form = load_form(form_version)
    draw = random.Random(seed)  # noqa: S311 - figures of samples
    while True:
        values = {**_disclosure_values(form, draw), **_request_values(form, draw), **_review_values(form, draw)}
        requests = [value for key, value in values.items() if key.startswith("requests.")]
        if len(set(requests)) == len(requests):
            break
    if not consistent:
        for key in ("requests.result_total.natural_person", "review_litigation.litigation_direct.total"):
            values[key] = str(int(values[key]) + 1)
    return values


def _disclosure_values(form: Form, draw: random.Random) -> dict[str, str]:
    pool = iter(draw.sample(range(1000, 9999), 40))
    values: dict[str, str] = {}
    for block in form.blocks:
        for row in block.rows:
            prefix = f"active_disclosure.{row.key}"
            for column in block.columns:
                number = next(pool)
                if column.type == "decimal":
                    values[f"{prefix}.{column.key}"] = f"{number}.{draw.randrange(1, 99):02d}"
                elif column.signed:
                    values[f"{prefix}.{column.key}"] = str(number // 10 if number % 2 else -(number // 10))
                else:
                    values[f"{prefix}.{column.key}"] = str(number)
            if f"{prefix}.made" in values:
                small, middle, large = sorted(
                    int(values[f"{prefix}.{name}"]) for name in ("made", "newly_disclosed", "total_disclosed")
                )
                values |= {
                    f"{prefix}.newly_disclosed": str(small),
                    f"{prefix}.made": str(middle),
                    f"{prefix}.total_disclosed": str(large),
                }
            if f"{prefix}.in_force" in values:
                values[f"{prefix}.in_force"] = str(int(values[f"{prefix}.issued"]) + next(pool))
    return values


def _request_values(form: Form, draw: random.Random) -> dict[str, str]:
    columns = [column.key for column in form.request_columns]
    leaves = [row.key for row in form.request_rows if row.key not in _SUMMED]
    pool = iter(draw.sample(range(1, 600), len(leaves) * len(columns) + 40))
    table: dict[str, dict[str, int]] = {row: {} for row in (*leaves, *_SUMMED)}
    for column in columns[:-1]:
        for row in leaves:
            table[row][column] = next(pool)
        table["result_total"][column] = sum(table[row][column] for row in leaves)
        table["carried_out"][column] = next(pool)
        table["carried_in"][column] = next(pool)
        table["received_new"][column] = (
            table["result_total"][column] + table["carried_out"][column] - table["carried_in"][column]
        )
    for cells in table.values():
        cells[columns[-1]] = sum(cells.values())
    return {f"requests.{row.key}.{column}": str(table[row.key][column]) for row in form.request_rows for column in columns}


def _review_values(form: Form, draw: random.Random) -> dict[str, str]:
    pool = iter(draw.sample(range(1, 90), 15))
    totals: dict[str, int] = {}
    values: dict[str, str] = {}
    for column in form.review_columns:
        key = f"review_litigation.{column.row}.{column.key}"
        if column.key == "total":
            values[key] = str(totals[column.row])
        else:
            number = next(pool)
            totals[column.row] = totals.get(column.row, 0) + number
            values[key] = str(number)
    return values


_REQUESTS = {"prefecture": 150, "county": 30, "bureau": 6, "town": 1}
_DECISIONS = {"prefecture": 60000, "county": 9000, "bureau": 400, "town": 0}
_DOCUMENTS = {"prefecture": 60, "county": 20, "bureau": 3, "town": 0}
_CASES = {"prefecture": 6, "county": 2, "bureau": 0, "town": 0}


def zero_values(form_version: str) -> dict[str, str]:
    """A zero in every cell: what most townships print."""
    return {metric.key: "0" for metric in load_form(form_version).metrics}


def plausible_values(form_version: str, seed: int, size: Size) -> dict[str, str]:
    """Figures such as an organisation of that size prints: mostly zeros, all identities true.

    Args:
        form_version: ``cn-ogi-2019`` or ``cn-ogi-2021``.
        seed: same seed, same figures.
        size: sets the orders of magnitude.
    """
    form = load_form(form_version)
    draw = random.Random(seed)  # noqa: S311 - figures of samples
    values = zero_values(form_version)
    values |= _plausible_disclosure(form, draw, size)
    values |= _plausible_requests(form, draw, size)
    for row in ("review", "litigation_direct", "litigation_after_review"):
        numbers = [draw.randint(0, _CASES[size]) for _ in range(4)]
        for key, number in zip(("upheld", "corrected", "other_result", "pending"), numbers, strict=True):
            values[f"review_litigation.{row}.{key}"] = str(number)
        values[f"review_litigation.{row}.total"] = str(sum(numbers))
    return values


def _plausible_disclosure(form: Form, draw: random.Random, size: Size) -> dict[str, str]:
    values: dict[str, str] = {}
    documents, decisions = _DOCUMENTS[size], _DECISIONS[size]

    def put(row: str, column: str, number: int | str) -> None:
        values[f"active_disclosure.{row}.{column}"] = str(number)

    def put_amount(row: str, column: str, hundredths: int) -> None:
        put(row, column, f"{hundredths // 100}.{hundredths % 100:02d}")

    made = draw.randint(documents // 2, documents)
    if form.version == "cn-ogi-2019":
        disclosed = draw.randint(made // 2, made)
        put("normative_documents", "made", made)
        put("normative_documents", "newly_disclosed", disclosed)
        put("normative_documents", "total_disclosed", made + draw.randint(documents, documents * 3 + 1) if documents else 0)
        for row in ("licensing", "other_external_services", "penalty", "coercion"):
            items = draw.randint(documents, documents * 20)
            put(row, "items_previous_year", items)
            put(row, "items_change", draw.randint(-(items // 4), items // 4))
            put(row, "decisions", draw.randint(decisions // 4, decisions))
        put("admin_fees", "items_previous_year", draw.randint(0, documents))
        put("admin_fees", "items_change", 0)
        put("central_procurement", "projects", draw.randint(1, documents * 10 + 5))
        put_amount("central_procurement", "amount", draw.randint(1_000, 400_000 * (documents + 1)))
    else:
        put("normative_documents", "issued", made)
        put("normative_documents", "repealed", draw.randint(0, made // 2))
        put("normative_documents", "in_force", made + draw.randint(documents, documents * 4 + 1) if documents else 0)
        for row in ("licensing", "penalty", "coercion"):
            put(row, "decisions", draw.randint(decisions // 4, decisions))
        if documents:
            put_amount("admin_fees", "amount_collected", draw.randint(1_000, 90_000 * documents))
    return values


def _plausible_requests(form: Form, draw: random.Random, size: Size) -> dict[str, str]:
    columns = [column.key for column in form.request_columns]
    leaves = [row.key for row in form.request_rows if row.key not in _SUMMED]
    share = {"natural_person": 1.0, "commercial_enterprise": 0.4, "legal_service_agency": 0.15}
    table: dict[str, dict[str, int]] = {row.key: dict.fromkeys(columns[:-1], 0) for row in form.request_rows}
    for column, part in share.items():
        wanted = round(draw.uniform(0.4, 1.0) * _REQUESTS[size] * part)
        for _ in range(wanted):
            row = draw.choice(("granted", "granted", "granted", "granted_partial", *leaves))
            table[row][column] += 1
        done = sum(table[row][column] for row in leaves)
        carried_in = draw.randint(0, done // 5)
        carried_out = draw.randint(0, done // 5)
        table["result_total"][column] = done
        table["carried_in"][column] = carried_in
        table["carried_out"][column] = carried_out
        table["received_new"][column] = done + carried_out - carried_in
    for cells in table.values():
        cells[columns[-1]] = sum(cells.values())
    return {f"requests.{row}.{column}": str(number) for row, cells in table.items() for column, number in cells.items()}


def with_thousands(printed: Mapping[str, str], separator: str = ",") -> dict[str, str]:
    """The same figures with separators in numbers of four digits and more.

    >>> with_thousands({"a": "45391", "b": "-2100.5", "c": "12"})
    {'a': '45,391', 'b': '-2,100.5', 'c': '12'}
    """
    shown: dict[str, str] = {}
    for key, text in printed.items():
        whole, point, fraction = text.partition(".")
        digits = whole.lstrip("-")
        if len(digits) > 3 and digits.isdigit():
            shown[key] = ("-" if whole.startswith("-") else "") + f"{int(digits):,}".replace(",", separator) + point + fraction
        else:
            shown[key] = text
    return shown
