"""What one cell of a statutory table says: a number, a blank, a mark for 'not applicable', or something not understood."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from crawler.forms.model import Number, State

UNITS = ("万元", "亿元", "元", "件", "条", "项", "份", "次", "宗", "个")
MAX_DIGITS = 15
"""More digits than a double holds exactly are no count of anything."""

SIGN_UNEXPECTED = "sign_unexpected"
DECIMAL_IN_COUNT = "decimal_in_count"
UNIT_IN_CELL = "unit_in_cell"
SPACE_GROUPING = "space_grouping"

# Full-width digits and the punctuation of numbers only: NFKC as a whole would turn ² and ① into digits.
_FOLD = str.maketrans(
    {
        **{chr(0xFF10 + digit): str(digit) for digit in range(10)},
        **dict.fromkeys("－−–‐‑﹣", "-"),
        **dict.fromkeys("＋﹢", "+"),
        **dict.fromkeys("，﹐", ","),
        "．": ".",
        "／": "/",
        **dict.fromkeys("\u00a0\u3000\u2009\u202f\u2002\u2003", " "),
        **dict.fromkeys("\u200b\u200c\u200d\ufeff\u2060\u00ad", None),
    }
)
_NA_MARK = re.compile(r"[-—―─]{1,4}|/{1,2}|\\|无|無|不适用|不適用|[Nn]\.?/?[Aa]\.?")
_NUMBER = re.compile(
    r"(?P<sign>[+\-—]?)\s*"
    r"(?P<whole>0|[1-9]\d*|[1-9]\d{0,2}(?:,\d{3})+|[1-9]\d{0,2}(?: \d{3})+)"
    r"(?P<fraction>\.\d+)?"
    rf"\s*(?P<unit>{'|'.join(UNITS)})?",
    re.ASCII,
)


class ParsedNumber(NamedTuple):
    """``value`` is ``None`` unless ``state`` is number or zero; ``flags`` are ``snake_case`` words without a subject."""

    value: Number | None
    state: State
    unit: str | None
    flags: tuple[str, ...]


@lru_cache(maxsize=4096)
def parse_number(raw: str, *, type: str = "int", signed: bool = False, unit: str | None = None) -> ParsedNumber:  # noqa: A002 - the form's own word
    """Read one printed number without ever guessing.

    Args:
        raw: the cell as printed.
        type: ``int`` or ``decimal``, as the form has it. A decimal in a count is kept and flagged.
        signed: whether the form lets this number be negative. An unexpected sign is kept and flagged.
        unit: the form's unit, overridden by a unit printed behind the number.

    >>> parse_number("-15", signed=True).value, parse_number("45,391").value, parse_number("251000元", unit="undeclared").unit
    (-15, 45391, '元')
    >>> parse_number("961716.").state, parse_number("—").state, parse_number("").state
    (<State.UNPARSED: 'unparsed'>, <State.NA_MARK: 'na_mark'>, <State.BLANK: 'blank'>)
    """
    if raw == "0":
        return ParsedNumber(0, State.ZERO, unit, ())
    text = raw.translate(_FOLD).strip()
    if not text:
        return ParsedNumber(None, State.BLANK, unit, ())
    match = _NUMBER.fullmatch(text)
    if match is None:
        state = State.NA_MARK if _NA_MARK.fullmatch(text.replace(" ", "")) else State.UNPARSED
        return ParsedNumber(None, state, unit, ())
    whole, fraction = match["whole"], match["fraction"] or ""
    digits = whole.replace(",", "").replace(" ", "")
    if len(digits) + len(fraction.lstrip(".")) > MAX_DIGITS:
        return ParsedNumber(None, State.UNPARSED, unit, ())
    is_zero = not (digits + fraction).strip("0.")
    sign = "-" if match["sign"] in ("-", "—") and not is_zero else ""
    value: Number = Decimal(sign + digits + fraction) if fraction else int(sign + digits)
    flags = []
    if match["sign"] and not signed:
        flags.append(SIGN_UNEXPECTED)
    if fraction and type == "int":
        flags.append(DECIMAL_IN_COUNT)
    if " " in whole:
        flags.append(SPACE_GROUPING)
    if match["unit"]:
        flags.append(UNIT_IN_CELL)
    return ParsedNumber(value, State.ZERO if is_zero else State.NUMBER, match["unit"] or unit, tuple(flags))
