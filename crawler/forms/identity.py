"""Who reports, for which year and period, whom to ask, and when it was published."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from crawler.documents.model import Document
from crawler.forms.labels import fold_characters
from crawler.forms.sections import SectionReading, clean_text
from crawler.forms.titles import is_report_title, printed_title, read_title, year_before_word

TITLE_LINES = 25
"""A title stands among the first lines; metadata of the page may stand before it."""
SIGNATURE_LINES = 6

TITLE_MISSING = "title_missing"
ORG_MISSING = "org_missing"
ORG_FROM = "org_from"
YEAR_MISSING = "year_missing"
YEAR_FROM = "year_from"
YEAR_DIFFERS_FROM_PERIOD = "year_differs_from_period"


class Scope(StrEnum):
    """Whose numbers a report holds.

    ``own``: the organisation alone (departments, townships, offices). ``consolidated``: a government together with its
    departments or lower governments, and the text says so. ``unknown``: a government at county level or above whose text
    does not say.
    """

    OWN = "own"
    CONSOLIDATED = "consolidated"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Identity:
    """What a document says of itself; ``None`` where it does not."""

    title: str | None
    org_name_raw: str | None
    year: int | None
    reporting_scope: Scope
    published_date: str | None
    period: Mapping[str, str] | None
    contact: Mapping[str, str] | None
    flags: tuple[str, ...]


_DATE = r"(\d{4})\s*年\s*(\d{1,2})\s*月\s*(\d{1,2})\s*日"
_PERIOD = re.compile(
    rf"{_DATE}\s*(?:起|开始)?\s*[，,]?\s*(?:至|到|—|–|-|~|～|──|——)\s*(?:{_DATE}|(\d{{1,2}})\s*月\s*(\d{{1,2}})\s*日)"
)
_SIGNATURE_DATE = re.compile(
    r"([0-9〇○零O一二三四五六七八九]{4})年([0-9一二三四五六七八九十]{1,3})月([0-9一二三四五六七八九十]{1,3})日"
)
_META_DATE = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})")
_LEAD_YEAR = re.compile(r"([0-9〇○零O一二三四五六七八九]{4})\s*年")
_BODY_TITLE = re.compile(
    r"(?:公布|发布|现将|编制|形成|撰写)(?:了)?《?(?P<org>[^，。；：《》（）()\d]{2,40}?)(?P<year>\d{4})年(?:度)?(?:政府)?信息公开"
)
_BODY_ORG = re.compile(r"(?:本报告|本年度报告|报告)由(?P<org>[^，。；：（）()]{2,40}?)(?:按照|根据|依据|依照|编制|负责)")
_SIGNATURE_ORG = re.compile(
    r"^[^\d，。；：、（）()]{2,38}(?:政府|办事处|委员会|局|厅|办公室|办公厅|中心|管委会|院|处|署|会|镇|乡)$"
)
_CONTACT = {
    "address": re.compile(
        r"(?:地\s*址|通讯地址|联系地址)\s*[:：]\s*([^，。；;、）)（(\n]{4,60}(?:[（(][^）)\n]{1,20}[）)])?[^，。；;、）)（(\n]{0,20})"
    ),
    "phone": re.compile(
        r"(?:电\s*话|联系方式)(?:号码|/传真)?\s*[:：]\s*([(（]?\d{3,4}[)）]?\s*[-—－–]?\s*\d{7,8}(?:-\d{1,5})?|1\d{10}|\d{7,8})"
    ),
    "postcode": re.compile(r"邮\s*(?:政)?(?:编|编码)(?:码)?\s*[:：]\s*(\d{6})(?!\d)"),
    "email": re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,80}\.[A-Za-z]{2,8}"),
}
_TOWNSHIP = re.compile(r"(?:镇|乡|街道|街道办事处|苏木)(?:人民政府|办事处|政府)?$")
_GOVERNMENT = re.compile(r"(?:人民政府|管理委员会|管委会|(?<!园)[省市县区州盟旗])$")
_AREA = "全(?:省|自治区|市|县|区|州|盟|旗)"
_CONSOLIDATED = re.compile(
    rf"{_AREA}(?:各级(?:行政机关|政府|各部门|部门)|政府系统|行政机关|各部门|各单位|各乡镇)?(?:共|累计|共计)?(?:新)?(?:收到|受理|接收|办理|收悉)[^。；]{{0,20}}(?:申请公开|公开申请)"
    rf"|{_AREA}各级(?:行政机关|人民政府|政府)"
    r"|汇总[^。；]{0,30}(?:各(?:县|区|市|乡|镇|街道|部门|单位)|下级|所属|各级)"
    r"|(?:各(?:县|区|市|乡|镇|街道|部门|单位)|所属(?:部门|单位))[^。；]{0,30}汇总"
)
_CHINESE_DIGITS = str.maketrans("〇○零O一二三四五六七八九", "0000123456789")


def read_identity(document: Document, texts: Sequence[str], sections: SectionReading) -> Identity:
    """Identify a report from its title, its lead and what the container says.

    Args:
        document: for the container's title and metadata.
        texts: the running text by paragraph.
        sections: the text parted at the headings.
    """
    flags: list[str] = []
    # Where no heading was found at all, everything is lead.
    lead = sections.lead if sections.found else tuple(texts[:TITLE_LINES])
    title = _best_title(document.title, printed_title(texts[:TITLE_LINES]))
    period = _period((*lead, *texts[:TITLE_LINES]))
    organisation: str | None = None
    year: int | None = None
    if title is None:
        flags.append(TITLE_MISSING)
    else:
        reading = read_title(title)
        organisation, year = reading.organisation, reading.year
        flags += reading.flags
    if organisation is None:
        organisation, source = _other_organisation(document.metadata, lead, texts)
        flags.append(f"{ORG_FROM}:{source}" if organisation else ORG_MISSING)
    if year is None:
        year, source = _other_year(period, lead, sections)
        flags.append(f"{YEAR_FROM}:{source}" if year else YEAR_MISSING)
    elif period is not None and int(period["to"][:4]) != year:
        flags.append(YEAR_DIFFERS_FROM_PERIOD)
    return Identity(
        title=title,
        org_name_raw=organisation,
        year=year,
        reporting_scope=_scope(organisation, texts),
        published_date=_published(document.metadata, texts),
        period=period,
        contact=_contact(lead or tuple(texts[:TITLE_LINES]), texts),
        flags=tuple(flags),
    )


def _best_title(declared: str | None, printed: str | None) -> str | None:
    """The title that says more; the container's own where both say the same."""
    candidates = [title for title in (declared and clean_text(declared), printed) if title and is_report_title(title)]
    if not candidates:
        return None

    def weight(title: str) -> int:
        reading = read_title(title)
        return (reading.organisation is not None) + (reading.year is not None)

    return max(candidates, key=weight)


def _other_organisation(metadata: Mapping[str, str], lead: Sequence[str], texts: Sequence[str]) -> tuple[str | None, str]:
    """The organisation where the title lacks it, and where it was found."""
    for text in (*lead, *texts[:TITLE_LINES]):
        found = _BODY_TITLE.search(text) or _BODY_ORG.search(text)
        if found:
            return found["org"].removeprefix("了"), "body"
    source = clean_text(metadata.get("contentsource", ""))
    if source and not source.isascii():
        return source, "metadata"
    for line in reversed(texts[-SIGNATURE_LINES:]):
        if _SIGNATURE_ORG.match(line):
            return line, "signature"
    return None, ""


def _other_year(period: Mapping[str, str] | None, lead: Sequence[str], sections: SectionReading) -> tuple[int | None, str]:
    """The year where the title lacks it, and where it was found."""
    if period is not None:
        return int(period["to"][:4]), "period"
    for text in lead:
        found = _BODY_TITLE.search(text)
        if found:
            return int(found["year"]), "lead"
    first = next((section.text for section in sections.sections if section.no == 1), "")
    beginning = _LEAD_YEAR.match(first.lstrip())
    years = year_before_word(beginning[0]) if beginning else []
    return (years[0], "lead") if years else (None, "")


def _period(texts: Sequence[str]) -> dict[str, str] | None:
    """The statistical period stated in the lead, as ISO dates."""
    for text in texts:
        match = _PERIOD.search(text)
        if match:
            end_year = match[4] or match[1]
            start = _iso(match[1], match[2], match[3])
            end = _iso(end_year, match[5] or match[7], match[6] or match[8])
            if start and end and start <= end:
                return {"from": start, "to": end}
    return None


def _iso(year: str, month: str, day: str) -> str | None:
    try:
        return date(int(year), int(month), int(day)).isoformat()
    except ValueError:
        return None


def _published(metadata: Mapping[str, str], texts: Sequence[str]) -> str | None:
    """The container's date, else the date printed under the signature."""
    declared = _META_DATE.search(metadata.get("pubdate", ""))
    if declared and (found := _iso(*declared.groups())):
        return found
    for line in reversed(texts[-SIGNATURE_LINES:]):
        match = _SIGNATURE_DATE.fullmatch(re.sub(r"[\s（）()]", "", line))
        if match:
            year = match[1].translate(_CHINESE_DIGITS)
            return _iso(year, str(_chinese_number(match[2])), str(_chinese_number(match[3])))
    return None


def _chinese_number(text: str) -> int:
    """A number up to 31 in Chinese or Arabic numerals; 0 where it is none."""
    if text.isdecimal():
        return int(text)
    digits = "〇一二三四五六七八九"
    tens, ten, ones = text.partition("十")
    if not ten:
        return digits.index(text) if len(text) == 1 and text in digits else 0
    if len(tens) > 1 or len(ones) > 1 or any(part not in digits for part in (tens, ones)):
        return 0
    return (digits.index(tens) if tens else 1) * 10 + (digits.index(ones) if ones else 0)


def _contact(lead: Sequence[str], texts: Sequence[str]) -> dict[str, str] | None:
    """Address, phone, postcode and e-mail as printed in the lead, else at the end."""
    for part in ("\n".join(lead), "\n".join(texts[-SIGNATURE_LINES:])):
        found = {
            name: (match[1] if match.re.groups else match[0]).strip()
            for name, pattern in _CONTACT.items()
            if (match := pattern.search(part))
        }
        if found:
            return found
    return None


def _scope(organisation: str | None, texts: Sequence[str]) -> Scope:
    name = fold_characters(organisation or "")
    if organisation is None:
        return Scope.UNKNOWN
    if is_township(name) or not _GOVERNMENT.search(name):
        return Scope.OWN
    return Scope.CONSOLIDATED if any(_CONSOLIDATED.search(text) for text in texts) else Scope.UNKNOWN


def is_township(organisation: str | None) -> bool:
    """Whether the name is that of a town, township or sub-district."""
    return bool(organisation and _TOWNSHIP.search(fold_characters(organisation)))
