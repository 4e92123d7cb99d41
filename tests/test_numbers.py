"""Printed numbers: read exactly or not at all."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.forms.model import State
from crawler.forms.numbers import UNITS, parse_number

FULL_WIDTH = str.maketrans("0123456789,.-+", "０１２３４５６７８９，．－＋")


@pytest.mark.parametrize("raw", ["", " ", "\u00a0", "\u3000", "\n", " \u3000\u200b\ufeff"])
def test_nothing_printed_is_blank_and_never_zero(raw: str) -> None:
    assert parse_number(raw)[:2] == (None, State.BLANK)


@pytest.mark.parametrize("raw", ["/", "／", "-", "－", "−", "—", "——", "－－", "无", "無", "不适用", "N/A", "n/a", " 无 "])
def test_marks_for_not_applicable(raw: str) -> None:
    assert parse_number(raw)[:2] == (None, State.NA_MARK)


@pytest.mark.parametrize(
    "raw",
    [
        "961716.",
        "773028.",
        ".5",
        "1 2",
        "1 23",
        "12 34",
        "0 123",
        "3,27",
        "1,2345",
        "1,234,5",
        "12%",
        "５％",
        "1.2.3",
        "007",
        "00",
        "1\n234",
        "约5",
        "5余",
        "见附件",
        "一",
        "²",
        "①",
        "1²",
        "٣",
        "1٣",
        "O",
        "l2",
        "1e5",
        "--5",
        "+-5",
        "5-",
        "1/2",
        "2023年",
        "12345678901234567890",
        "1,234 567",
        "1 234 567.",
    ],
)
def test_what_is_not_surely_a_number_stays_unread(raw: str) -> None:
    assert parse_number(raw, type="decimal", signed=True)[:2] == (None, State.UNPARSED)


@pytest.mark.parametrize(
    ("raw", "value", "unit", "flags"),
    [
        ("0", 0, "件", ()),
        ("１２", 12, "件", ()),
        ("45,391", 45391, "件", ()),
        ("2，967", 2967, "件", ()),
        ("1\u2009234\u2009567", 1234567, "件", ("space_grouping",)),
        ("3985758", 3985758, "件", ()),
        ("12件", 12, "件", ("unit_in_cell",)),
        ("0 条", 0, "条", ("unit_in_cell",)),
        ("12\n份", 12, "份", ("unit_in_cell",)),
        ("-3", -3, "件", ("sign_unexpected",)),
        ("0.5", Decimal("0.5"), "件", ("decimal_in_count",)),
    ],
)
def test_counts(raw: str, value: int | Decimal, unit: str, flags: tuple[str, ...]) -> None:
    state = State.NUMBER if value else State.ZERO
    assert parse_number(raw, unit="件") == (value, state, unit, flags)


@pytest.mark.parametrize(
    ("raw", "value"),
    [("-15", -15), ("－568", -568), ("−7", -7), ("—6", -6), ("+2", 2), ("＋102", 102), ("- 7", -7), ("-0", 0), ("177", 177)],
)
def test_changes_may_carry_a_sign(raw: str, value: int) -> None:
    assert parse_number(raw, signed=True)[:2] == (value, State.NUMBER if value else State.ZERO)


@pytest.mark.parametrize(
    ("raw", "value", "unit"),
    [
        ("49.5669", "49.5669", "undeclared"),
        ("52288.028", "52288.028", "undeclared"),
        ("251000元", "251000", "元"),
        ("383万元", "383", "万元"),
        ("1,234.50 亿元", "1234.50", "亿元"),
        ("96171.6", "96171.6", "undeclared"),
    ],
)
def test_amounts_keep_every_printed_digit_and_their_own_unit(raw: str, value: str, unit: str) -> None:
    parsed = parse_number(raw, type="decimal", unit="undeclared")
    assert (str(parsed.value), parsed.unit) == (value, unit)


@given(
    number=st.integers(-(10**11), 10**11),
    decimals=st.none() | st.from_regex(r"[0-9]{1,3}", fullmatch=True),
    grouped=st.booleans(),
    wide=st.booleans(),
    unit=st.sampled_from(["", *UNITS]),
    pad=st.sampled_from(["", " ", "\u3000", "\u00a0"]),
)
def test_any_way_of_printing_a_number_reads_back(
    number: int, decimals: str | None, grouped: bool, wide: bool, unit: str, pad: str
) -> None:
    printed = (f"{number:,}" if grouped else str(number)) + (f".{decimals}" if decimals else "")
    raw = pad + (printed.translate(FULL_WIDTH) if wide else printed) + unit + pad
    parsed = parse_number(raw, type="decimal", signed=True, unit="件")
    assert parsed.value == Decimal(f"{number}.{decimals}" if decimals else number)
    assert parsed.unit == (unit or "件")


@given(st.text(alphabet="0123456789０１,，. \u2009-－+—/元万件条%年约\n٣²", max_size=12))
def test_a_value_is_only_ever_the_printed_digits(raw: str) -> None:
    parsed = parse_number(raw, type="decimal", signed=True)
    assert (parsed.value is None) is (parsed.state not in (State.NUMBER, State.ZERO))
    if parsed.value is not None:
        narrow = raw.translate(str.maketrans("０１", "01"))
        assert re.sub(r"[^0-9.]", "", str(parsed.value)) == re.sub(r"[^0-9.]", "", narrow)


@given(st.text(max_size=40))
def test_never_an_exception_on_any_text(raw: str) -> None:
    assert parse_number(raw).state in State
