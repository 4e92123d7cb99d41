"""Printed labels reduced to what can be compared: a skeleton without spaces, punctuation and leading numerals."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from rapidfuzz.distance import Levenshtein

MAX_LABEL_CHARACTERS = 200
"""A longer cell text is running text, never a label of the form (the longest has 40 characters)."""

# Traditional and variant characters that occur in labels, headings and titles of reports, for matching only.
_TRADITIONAL = (
    "開報關縣鄉鎮區廳務機構會員組織業數請結轉續辦處計復複議訴訟維糾審總證應為與國產號條內種類項減權營學衛"
    "農財環規範強製隻這書頁無無單據廣東記載從個間團體興龍麻陽櫃樹場館質監設備勞動訊網頻電醫療費額萬億庫實"
    "際發佈佈對屬於過導領紀檢爲収它"
)
_SIMPLIFIED = (
    "开报关县乡镇区厅务机构会员组织业数请结转续办处计复复议诉讼维纠审总证应为与国产号条内种类项减权营学卫"
    "农财环规范强制只这书页无无单据广东记载从个间团体兴龙麻阳柜树场馆质监设备劳动讯网频电医疗费额万亿库实"
    "际发布布对属于过导领纪检为收他"
)
_FOLD = str.maketrans(_TRADITIONAL, _SIMPLIFIED)

_BOOKMARK = re.compile(r"\[bookmark:[^\]]*\]")
_NUMERAL = re.compile(
    r"\s*(?:\(\s*([一二三四五六七八九十]{1,3}|\d{1,2})\s*\)|([一二三四五六七八九十]{1,3}|\d{1,2})\s*[.、,:\)])\s*"
)
_BARE_NUMBER = re.compile(r"\d{1,2}(?=[\u4e00-\u9fff])")
_BRACKETED = re.compile(r"[(\[【〔][^()\[\]【】〔〕]*[)\]】〕]?")
_NOT_WORD = re.compile(r"[\W_]+")


def fold_characters(text: str) -> str:
    """Traditional and variant characters of reports' own words folded to simplified ones, for matching only."""
    return text.translate(_FOLD)


@lru_cache(maxsize=4096)
def _folded(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text[:MAX_LABEL_CHARACTERS])
    if "[bookmark" in folded:
        folded = _BOOKMARK.sub("", folded)
    return folded.translate(_FOLD).strip()


@lru_cache(maxsize=4096)
def skeleton(text: str) -> str:
    """What identifies a label: NFKC, traditional characters folded, no spaces, punctuation or leading numeral.

    >>> skeleton("（二）部分\\n公开 (区分处理的, 只计這一情形)")
    '部分公开区分处理的只计这一情形'
    """
    folded = _folded(text)
    rest = _NUMERAL.sub("", folded, count=1) if _NUMERAL.match(folded) else folded
    rest = _NOT_WORD.sub("", rest)
    return _BARE_NUMBER.sub("", rest, count=1) if _BARE_NUMBER.match(rest) else rest


@lru_cache(maxsize=4096)
def core(text: str) -> str:
    """The skeleton without what stands in brackets.

    >>> core("现行有效件数 (历史累计)")
    '现行有效件数'
    """
    folded = _folded(text)
    rest = _NUMERAL.sub("", folded, count=1) if _NUMERAL.match(folded) else folded
    return skeleton(_BRACKETED.sub("", rest))


def distance(left: str, right: str, limit: int) -> int:
    """The edit distance, or ``limit + 1`` where it is larger."""
    return Levenshtein.distance(left, right, score_cutoff=limit)


def similarity(left: str, right: str) -> float:
    """From 0 (nothing in common) to 1 (equal).

    >>> similarity("其他法律行政止公开", "其他法律行政法规禁止公开")
    0.75
    """
    return Levenshtein.normalized_similarity(left, right)
