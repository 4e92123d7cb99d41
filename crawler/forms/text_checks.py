"""What the running text says in numbers, held against the tables. Conservative: no sentence of a known kind, no verdict."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from crawler.forms.model import CellReading, Number, Section, State, Status

Verdict = tuple[Status, str]
Cells = Mapping[str, CellReading]

_NUMBER = r"(?<![\d.])(\d{1,3}(?:,\d{3})+|\d+)(?![\d.]*[%％\d])"
_UNIT = r"\s*余?\s*(?:件|条|宗|份|起|次|个)"
_REQUESTS = r"(?:依申请公开|信息公开申请|政府信息公开的申请|公开申请|申请公开)"
_PARTIAL = re.compile(
    r"自然人|法人|企业|组织|网上|网络|线上|在线|书面|信函|信件|邮寄|来信|邮件|传真|当面|现场|窗口|上级|转办|转来|结转|上年|上一年|去年|历年|以来|同比|代表|网站|平台|通过|渠道|\d{4}年?[-—~至到]\d{4}|年来|累计"
)
_RECEIVED = (
    re.compile(
        rf"(?:收到|收悉|受理|新收|接收|接到|办理|处理)(?P<between>[^。；;，,\d]{{0,30}}?){_NUMBER}{_UNIT}(?P<after>[^。；;，,]{{0,14}})"
    ),
    re.compile(rf"(?P<between>{_REQUESTS}[^。；;，,\d]{{0,14}}?){_NUMBER}{_UNIT}(?P<after>)"),
)
_NOT_RECEIVED = re.compile(
    rf"(?:未收到|没有收到|未接到|没有接到|未接收|无收到|未受理|没有受理|未发生|没有发生|尚未收到|暂未收到)(?P<between>[^。；;，,]{{0,20}}?){_REQUESTS}"
)
_OTHER_APPLICATION = re.compile(r"行政许可申请|复议申请|证明|信访|投诉|诉求|建议|提案|咨询")
_NO_PROCEEDING = re.compile(
    r"(?:未发生|没有发生|未出现|没有出现|未收到|没有收到|未因|没有因|未被|没有被|无因|不存在|没有|无)(?P<what>[^。；;，,]{0,40}?(?:复议|诉讼)[^。；;，,]{0,24})"
)
_PROCEEDING = re.compile(rf"(?P<what>行政复议|行政诉讼)(?P<between>[^。；;，,、\d]{{0,12}}?){_NUMBER}{_UNIT}")
_PROCEEDING_AFTER = re.compile(rf"{_NUMBER}{_UNIT}(?P<between>[^。；;，,、\d]{{0,10}}?)(?P<what>行政复议|行政诉讼)")
_PLAIN_BETWEEN = re.compile(
    r"(?:案件|案|申请|的|共|总计|合计|共计|数量|数|了|为|分别|应诉|有|:|\s|涉及|政府信息公开|信息公开|因|类|被|提起)*"
)
_PARTS = re.compile(rf"{_NUMBER}\s*(?P<unit>件|条|宗|份|起|次|个)[,，]?其中[:：]?(?P<rest>[^。；;]*)")
_PART = re.compile(rf"{_NUMBER}\s*(?P<unit>件|条|宗|份|起|次|个)")
_OF_WHICH_DISCLOSURE = re.compile(r"[,，(]?其中[^,，]{0,10}公开")
_OTHER_YEARS = re.compile(r"结转|上年|上一年|去年|历年|以来|累计|年来")
_CHANGE = re.compile(r"较|比|增长|增加|增幅|减少|下降|上升")
_DISCLOSURE = re.compile(r"公开")
MAX_DIGITS = 12


@dataclass(frozen=True, slots=True)
class _Statement:
    number: int
    sentence: str


@lru_cache(maxsize=8)
def _sentences(text: str) -> tuple[str, ...]:
    folded = unicodedata.normalize("NFKC", text)
    return tuple(part for part in re.split(r"[。；;\n!?]", folded.replace(" ", "")) if part)


def _overview(sections: Sequence[Section]) -> str:
    """The section the numbers of the year are told in."""
    return "\n".join(section.text for section in sections if section.no == 1)


def _number(text: str) -> int | None:
    digits = text.replace(",", "")
    return int(digits) if len(digits) <= MAX_DIGITS else None


def _value(cells: Cells, key: str) -> Number | None:
    reading = cells.get(key)
    return None if reading is None else reading.value


def check_received(sections: Sequence[Section], cells: Cells) -> Verdict:
    """T.received: the number of requests told in section 1 is the table's, with or without those carried in."""
    statements = _received(sections)
    if not statements:
        return Status.NOT_ASSESSABLE, "section 1 states no number of requests received"
    received = _value(cells, "requests.received_new.total")
    if received is None:
        return Status.NOT_ASSESSABLE, f"text {statements[0].number}, table: no value"
    carried = _value(cells, "requests.carried_in.total") or 0
    told = " / ".join(f"{statement.number} ({statement.sentence})" for statement in statements)
    agrees = any(statement.number in (received, received + carried) for statement in statements)
    table = f"table {received}" + (f" or {received} + {carried} = {received + carried}" if carried else "")
    return Status.PASS if agrees else Status.FAIL, f"text {told}; {table}"


def _received(sections: Sequence[Section]) -> list[_Statement]:
    statements: dict[int, _Statement] = {}
    for sentence in _sentences(_overview(sections)):
        for pattern in _RECEIVED:
            for match in pattern.finditer(sentence):
                words = f"{match['between']}{match['after']}"
                before = re.split(r"[,，]", sentence[: match.start()])[-1]
                if not re.search(_REQUESTS, before[-16:] + words) or _OTHER_APPLICATION.search(words):
                    continue
                if _PARTIAL.search(match["between"]) or _PARTIAL.search(before):
                    continue
                number = _number(match[2])
                if number is not None:
                    statements.setdefault(number, _Statement(number, match[0]))
    return list(statements.values())


def check_none(sections: Sequence[Section], cells: Cells) -> Verdict:
    """T.none: where section 1 says that no request came, the table has none."""
    told = next(
        (
            match[0]
            for sentence in _sentences(_overview(sections))
            for match in _NOT_RECEIVED.finditer(sentence)
            if not _PARTIAL.search(match["between"])
        ),
        None,
    )
    if told is None and any(statement.number == 0 for statement in _received(sections)):
        told = next(statement.sentence for statement in _received(sections) if statement.number == 0)
    if told is None:
        return Status.NOT_ASSESSABLE, "section 1 does not say that no request came"
    received = _value(cells, "requests.received_new.total")
    if received is None:
        return Status.NOT_ASSESSABLE, f"text: {told}; table: no value"
    return Status.PASS if received == 0 else Status.FAIL, f"text: {told}; table {received}"


def check_review(sections: Sequence[Section], cells: Cells) -> Verdict:
    """T.review: what section 1 or 4 says of review and litigation over disclosure is what table 4 counts."""
    text = "\n".join(section.text for section in sections if section.no in (1, 4))
    verdicts: list[Verdict] = []
    for sentence in _sentences(text):
        if not _DISCLOSURE.search(sentence) or _OTHER_YEARS.search(sentence):
            continue
        denied = [match["what"] for match in _NO_PROCEEDING.finditer(sentence)]
        for what in denied:
            for word, total in (("复议", _review_total), ("诉讼", _litigation_total)):
                if word in what and not (word == "复议" and "未经复议" in what):
                    verdicts.append(_none_of(sentence, word, total(cells)))
        if denied:
            continue
        for pattern in (_PROCEEDING, _PROCEEDING_AFTER):
            for match in pattern.finditer(sentence):
                if _PLAIN_BETWEEN.fullmatch(match["between"]) and not _OF_WHICH_DISCLOSURE.match(sentence[match.end() :]):
                    digits = next(group for group in match.groups() if group and group[0].isdigit())
                    verdicts.append(_as_many(match[0], match["what"], _number(digits), cells))
    if not verdicts:
        return Status.NOT_ASSESSABLE, "the text states nothing of review or litigation over disclosure"
    for status in (Status.FAIL, Status.PASS):
        details = [detail for found, detail in verdicts if found is status]
        if details:
            return status, "; ".join(dict.fromkeys(details))
    return verdicts[0]


def _total(cells: Cells, keys: Iterable[str]) -> tuple[int | None, bool]:
    """The sum of totals, and whether all of them are printed blank."""
    readings = [cells.get(f"review_litigation.{key}.total") for key in keys]
    if all(reading is not None and reading.state is State.BLANK for reading in readings):
        return None, True
    values = [reading.value for reading in readings if reading is not None and reading.value is not None]
    return (int(sum(values)) if len(values) == len(readings) else None), False


def _review_total(cells: Cells) -> tuple[int | None, bool]:
    return _total(cells, ("review",))


def _litigation_total(cells: Cells) -> tuple[int | None, bool]:
    return _total(cells, ("litigation_direct", "litigation_after_review"))


def _none_of(sentence: str, word: str, total: tuple[int | None, bool]) -> Verdict:
    number, blank = total
    if blank:
        return Status.PASS, f"text: {sentence[-60:]}; table: {word} blank"
    if number is None:
        return Status.NOT_ASSESSABLE, f"text: {sentence[-60:]}; table: {word} has no value"
    return Status.PASS if number == 0 else Status.FAIL, f"text: {sentence[-60:]}; table: {word} {number}"


def _as_many(told: str, what: str, number: int | None, cells: Cells) -> Verdict:
    if what == "行政复议":
        totals = [_review_total(cells)[0]]
        shown = str(totals[0])
    else:
        direct = _total(cells, ("litigation_direct",))[0]
        after = _total(cells, ("litigation_after_review",))[0]
        both = _litigation_total(cells)[0]
        totals = [both, direct, after]
        shown = f"{direct} + {after} = {both}"
    if number is None or totals[0] is None:
        return Status.NOT_ASSESSABLE, f"text: {told}; table: no value"
    return Status.PASS if number in totals else Status.FAIL, f"text: {told}; table: {shown}"


def check_parts(sections: Sequence[Section]) -> Verdict:
    """T.parts: parts enumerated after 其中 do not exceed their whole; fewer may be no complete list."""
    verdicts: list[Verdict] = []
    for sentence in _sentences(_overview(sections)):
        for match in _PARTS.finditer(sentence):
            clause = re.split(r"[,，]", sentence[: match.start()])[-1]
            verdict = None if _CHANGE.search(clause) else _sum_of_parts(match)
            if verdict is not None:
                verdicts.append(verdict)
    for status in (Status.FAIL, Status.PASS, Status.NOT_ASSESSABLE):
        details = [detail for found, detail in verdicts if found is status]
        if details:
            return status, "; ".join(details)
    return Status.NOT_ASSESSABLE, "section 1 enumerates no parts of a number"


def _sum_of_parts(match: re.Match[str]) -> Verdict | None:
    whole, rest = _number(match[1]), match["rest"]
    if whole is None or "其中" in rest or "(" in rest or re.search(r"共|合计|总|分别|较|比", rest):
        return None
    parts = [_number(part[1]) for part in _PART.finditer(rest) if part["unit"] == match["unit"]]
    if len(parts) < 2 or any(part is None for part in parts):
        return None
    total = sum(part for part in parts if part is not None)
    shown = f"{' + '.join(map(str, parts))} = {total}; whole {whole}"
    if total < whole:
        return Status.NOT_ASSESSABLE, f"{shown} (the list may be incomplete)"
    return Status.PASS if total == whole else Status.FAIL, shown


TEXT_CHECKS: Mapping[str, Callable[[Sequence[Section], Cells], Verdict]] = {
    "text_received": check_received,
    "text_none": check_none,
    "text_review": check_review,
    "text_parts": lambda sections, _cells: check_parts(sections),
}
"""By the ``function`` of a rule."""
