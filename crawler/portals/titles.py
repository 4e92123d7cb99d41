"""Is the link with this title an annual report on information disclosure, something that looks like one, or not to be told?"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import Literal

Kind = Literal["report", "lookalike", "unsure"]

_FILLING = r"[工作的情况年度及之0-9〇○零一二三四五六七八九、（）()]{0,18}?"
_CORE = re.compile(rf"(?:(?:政府|政务)信息(?:公开)?|信息公开){_FILLING}(?:年度报告|报告|年报)")
"""The report's own words, in every wording seen: 政务信息公开年度报告, 信息公开工作的年度报告, 政府信息公开情况的报告."""

_YEAR = re.compile(r"(?:19|20)\d\d|二[〇○零0][〇○零一二三四五六七八九0-9]{2}")
_EXTENSION = re.compile(r"\.(?:pdf|docx?|wps|xlsx?|ofd|zip|rar|7z|rtf|s?html?)$", re.IGNORECASE)
_FURNITURE = re.compile(r"^(?:附件\d*|附\d*|点击(?:下载|查看)|下载|查看)?[:：.、]*")
_NOT_A_NAME = re.compile(r"[\s\W_]+|(?:19|20)\d\d|年度?|工作|关于|政府信息公开|各类|历年|历史|专栏|栏目|公开|本级")
_MAX_LENGTH = 400
_REMEMBERED = 1024
"""A page asks of each of its links up to four times; those of a portal stand on each of its pages."""


@dataclass(frozen=True, slots=True)
class TitleVerdict:
    """``unsure`` means that only the content can tell; ``reason`` names the words it rests on."""

    kind: Kind
    reason: str


@dataclass(frozen=True, slots=True)
class _Words:
    anywhere: tuple[tuple[str, str], ...]
    after: tuple[tuple[str, str], ...]
    unsure_after: tuple[tuple[str, str], ...]
    unsure_before: tuple[tuple[str, str], ...]
    without: tuple[tuple[str, str], ...]
    traditional: dict[int, int]


@cache
def _words() -> _Words:
    data = tomllib.loads(resources.files(__package__).joinpath("titles.toml").read_text("utf-8"))

    def pairs(name: str) -> tuple[tuple[str, str], ...]:
        return tuple((word.lower(), group["reason"]) for group in data[name] for word in group["words"])

    table = str.maketrans(data["traditional"]["from"], data["traditional"]["to"])
    return _Words(pairs("anywhere"), pairs("after"), pairs("unsure_after"), pairs("unsure_before"), pairs("without"), table)


def has_year(title: str) -> bool:
    """Whether ``title`` names a year, in digits or Chinese numerals."""
    return bool(_YEAR.search(unicodedata.normalize("NFKC", title)))


def classify_title(title: str) -> TitleVerdict:
    """Judge a link's or a page's title.

    ``lookalike`` is said only on positive evidence (a word of ``titles.toml``), so that an oddly titled report is read
    rather than lost; ``report`` needs the report's own words and beside them a year or an organisation.

    >>> classify_title("桐柏县人民政府2023年政府信息公开工作年度报告").kind
    'report'
    >>> classify_title("关于做好2023年政府信息公开工作年度报告编制工作的通知").kind
    'lookalike'
    """
    return _judge(title[:_MAX_LENGTH])


@lru_cache(maxsize=_REMEMBERED)
def _judge(title: str) -> TitleVerdict:
    words = _words()
    plain = unicodedata.normalize("NFKC", title).translate(words.traditional)
    plain = _EXTENSION.sub("", re.sub(r"\s+", "", plain)).lower()
    plain = _FURNITURE.sub("", plain)
    if not plain:
        return TitleVerdict("unsure", "no words of its own")
    core = _CORE.search(plain)
    if core is None:
        return _without_core(plain, words)
    around = plain[: core.start()] + "|" + plain[core.end() :]
    for word, reason in words.anywhere:
        if word in around:
            return TitleVerdict("lookalike", f"{word}: {reason}")
    head, tail = plain[: core.start()], plain[core.end() :]
    for word, reason in words.unsure_before:
        if word in head and "通知" in tail:
            return TitleVerdict("unsure", f"{word}: {reason}")
    for word, reason in words.after:
        if word in tail:
            return TitleVerdict("lookalike", f"{word} after {core.group(0)}: {reason}")
    for word, reason in words.unsure_after:
        if word in tail:
            return TitleVerdict("unsure", f"{word}: {reason}")
    if not _YEAR.search(plain) and not _NOT_A_NAME.sub("", head):
        return TitleVerdict("unsure", f"{core.group(0)} without year or organisation: may be a column's name")
    return TitleVerdict("report", core.group(0))


def _without_core(plain: str, words: _Words) -> TitleVerdict:
    for word, reason in (*words.anywhere, *words.without):
        if word in plain:
            return TitleVerdict("lookalike", f"{word}: {reason}")
    return TitleVerdict("unsure", "none of the report's own words")
