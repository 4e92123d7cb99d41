"""What the sample reports say, worked out from what was typeset and not from what any reader makes of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation

from crawler.forms.catalogue import Form, load_form

_RECEIVED = ("received_new", "carried_in")
_DONE = ("result_total", "carried_out")


def failed_identities(form_version: str, printed: Mapping[str, str], keys: Iterable[str]) -> list[str]:
    """Ids of the form's arithmetical rules that the printed figures break.

    The rule of the column total is that of the printed rows: a form of 2021 whose （六） is one row follows the rule of 2019.
    A rule with a blank, a mark or an unprinted row in it is not broken: nobody can tell.

    Args:
        form_version: which form.
        printed: metric key -> text of the cell.
        keys: the metrics whose rows are printed.
    """
    form = load_form(form_version)
    numbers = {key: _number(printed.get(key, "")) for key in keys}
    single_other = any(key.startswith("requests.other_handling.") for key in numbers)
    return [
        name
        for name, left, right in _identities(form, single_other=single_other)
        if (total := _sum(numbers, left)) is not None and (other := _sum(numbers, right)) is not None and total != other
    ]


def _number(text: str) -> Decimal | None:
    try:
        return Decimal(text.replace(",", ""))
    except InvalidOperation:
        return None


def _sum(numbers: Mapping[str, Decimal | None], keys: list[str]) -> Decimal | None:
    total = Decimal(0)
    for key in keys:
        number = numbers.get(key)
        if number is None:
            return None
        total += number
    return total


def _identities(form: Form, *, single_other: bool) -> list[tuple[str, list[str], list[str]]]:
    columns = [column.key for column in form.request_columns]
    if single_other:
        rows = [
            row.key
            for row in (*form.request_rows, *form.request_extra_rows)
            if not row.key.startswith("other_") or row.key == "other_handling"
        ]
    else:
        rows = [row.key for row in form.request_rows]
    parts = [row for row in rows if row not in (*_RECEIVED, *_DONE)]
    total = "R3.total19" if single_other else "R3.total21"
    rules: list[tuple[str, list[str], list[str]]] = []
    for column in columns:
        rules.append(
            (
                f"R3.balance.{column}",
                [f"requests.{row}.{column}" for row in _RECEIVED],
                [f"requests.{row}.{column}" for row in _DONE],
            )
        )
        rules.append((f"{total}.{column}", [f"requests.{row}.{column}" for row in parts], [f"requests.result_total.{column}"]))
    rules += [
        (f"R3.row.{row}", [f"requests.{row}.{column}" for column in columns[:-1]], [f"requests.{row}.{columns[-1]}"])
        for row in rows
    ]
    for block in dict.fromkeys(column.row for column in form.review_columns):
        members = [f"review_litigation.{block}.{column.key}" for column in form.review_columns if column.row == block]
        rules.append((f"R4.sum.{block}", members[:-1], members[-1:]))
    return rules
