"""What a report's title says: that it is one, whose, and for which year."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from crawler.forms.labels import fold_characters
from crawler.forms.sections import clean_text

FIRST_YEAR, LAST_YEAR = 2003, 2099
MAX_TITLE_CHARACTERS = 120
MAX_TITLE_LINES = 4
MAX_LINE_CHARACTERS = 60
TITLE_YEARS_DIFFER = "title_years_differ"

_DIGITS = "0123456789〇○零OoＯ一二三四五六七八九"
_YEAR = re.compile(rf"(?<![{_DIGITS}])([{_DIGITS}]{{4}})[)）]?\s*年(?:\s*度)?")
_NUMERALS = str.maketrans("〇○零OoＯ一二三四五六七八九", "000000123456789")
_WIDE_DIGITS = str.maketrans("０１２３４５６７８９", "0123456789")
_SPACES = re.compile(r"[\s\u3000_]+")
_END = re.compile(
    r"(?:年度报告|工作报告|情况的?报告|报告|年报|年度总结|工作总结)(?:书|的公告|的通告|公告)?(?P<suffix>(?:[(（【\[][^()（）]*[)）】\]])*)(?:\.\w{2,5})?$"
)
_REPORT_WORDS = re.compile(
    r"(?:关于)?(?:\d{4}年度?)?(?:的)?"
    r"(?:政府信息公开|政务信息公开|政府信息与政务公开|信息公开|政务公开|政府信息(?=工作|年|情况))?"
    r"(?:工作)?(?:开展|执行|落实)?(?:情况)?的?(?:\d{4})?(?:年度|年)?(?:工作)?(?:报告|年报|总结)(?:书)?(?:的公告|的通告|公告)?"
    r"(?:[(（【\[][^()（）]*[)）】\]])*(?:\.\w{2,5})?$"
)
_DISCLOSURE = re.compile(r"信息公开|政务公开|政府信息工作|政务信息")
# Other papers that stand in the same columns, by what their titles end in; organisations may hold the same words (审计局).
_OTHER_PAPERS = re.compile(
    r"(?:预算|决算|绩效评价报告|绩效自评报告|法治政府建设.{0,8}报告|依法行政.{0,8}报告|自查报告|指南|通知|解释|的函|统计表|范文|问卷|目录|方案|制度|数据统计)"
    r"(?:[(（【\[][^()（）]*[)）】\]])*(?:\.\w{2,5})?$|图解|解读|图读懂|动漫"
)
_NOT_A_TITLE_LINE = re.compile(
    r"[。；;！!：:|]|索引号|发布|来源|浏览|字体|打印|当前位置|^\d{4}[-年/.]\d{1,2}[-月/.]\d{1,2}|^[-—–]\s*\d+\s*[-—–]$"
)


@dataclass(frozen=True, slots=True)
class TitleReading:
    """What a title says; ``None`` for what it does not say. ``organisation`` is as printed."""

    organisation: str | None
    year: int | None
    flags: tuple[str, ...] = ()


def fold_title(title: str) -> str:
    """For matching only: traditional characters and widths folded, spaces dropped."""
    return _SPACES.sub("", fold_characters(unicodedata.normalize("NFKC", clean_text(title))))


def _compact(text: str) -> str:
    """As printed, but without spaces and with narrow digits."""
    return _SPACES.sub("", text).translate(_WIDE_DIGITS)


def is_report_title(title: str) -> bool:
    """Whether a title names an annual disclosure report of one body, not a paper about or beside it."""
    folded = fold_title(title)
    match = _REPORT_WORDS.search(folded)
    if match is None or _OTHER_PAPERS.search(folded):
        return False
    return bool(_DISCLOSURE.search(match[0])) or folded.endswith(("工作年报", "工作年度报告"))


def is_other_paper(title: str) -> bool:
    """Whether a title names one of the other papers that stand in the same columns."""
    return bool(_OTHER_PAPERS.search(fold_title(title)))


def year_before_word(text: str) -> list[int]:
    """Every plausible year printed right before 年, in order.

    >>> year_before_word("二〇二〇年度政府信息公开工作年度报告")
    [2020]
    """
    years = [int(match[1].translate(_NUMERALS)) for match in _YEAR.finditer(_compact(text))]
    return [year for year in years if FIRST_YEAR <= year <= LAST_YEAR]


def read_title(title: str) -> TitleReading:
    """Organisation and year of a report's title.

    >>> read_title("汉中市汉台区教育体育局政府信息公开工作2022年度报告")
    TitleReading(organisation='汉中市汉台区教育体育局', year=2022, flags=())
    """
    compact = _compact(clean_text(title))[:MAX_TITLE_CHARACTERS]
    years = list(dict.fromkeys(year_before_word(compact)))
    return TitleReading(_organisation(compact), years[-1] if years else None, (TITLE_YEARS_DIFFER,) if len(years) > 1 else ())


def _organisation(compact: str) -> str | None:
    without_year = _YEAR.sub(lambda match: "\0" if _plausible(match[1]) else match[0], compact)
    # Folding keeps lengths apart only for compatibility characters, which titles of bodies do not hold.
    folded = fold_characters(unicodedata.normalize("NFKC", without_year))
    if len(folded) != len(without_year):
        without_year = folded
    folded = folded.replace("\0", "")
    plain = without_year.replace("\0", "")
    match = _REPORT_WORDS.search(folded)
    if match is None:
        return None
    head = plain[: match.start()]
    if fold_characters(head).endswith("人民") and folded[match.start() :].startswith("政府信息"):
        head += plain[match.start() : match.start() + 2]
    head = re.sub(r"^(?:关于|關於)|(?:关于|關於)$", "", head.strip("《》“”\"'-—·,，")).strip()
    return head or None


def _plausible(digits: str) -> bool:
    translated = digits.translate(_NUMERALS)
    return translated.isdigit() and FIRST_YEAR <= int(translated) <= LAST_YEAR


def printed_title(lines: Sequence[str]) -> str | None:
    """The title printed at the head of a document: lines joined until 报告 or 年报, a repeated title taken once."""
    for number, line in enumerate(lines):
        folded = fold_title(line)
        if len(folded) > MAX_TITLE_CHARACTERS:
            continue
        if not _END.search(folded) or _NOT_A_TITLE_LINE.search(line):
            continue
        start = number
        title = line
        while (
            start > 0
            and number - start < MAX_TITLE_LINES - 1
            and not _is_whole(title)
            and _may_begin_title(lines[start - 1])
            and fold_title(lines[start - 1]) not in fold_title(title)
        ):
            start -= 1
            title = lines[start] + title
        if is_report_title(title):
            return title
    return None


def _is_whole(title: str) -> bool:
    reading = read_title(title)
    return reading.organisation is not None and reading.year is not None and is_report_title(title)


def _may_begin_title(line: str) -> bool:
    return len(line) <= MAX_LINE_CHARACTERS and not _NOT_A_TITLE_LINE.search(line) and not _END.search(fold_title(line))
