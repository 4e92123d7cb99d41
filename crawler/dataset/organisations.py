"""Which organisation a name means: a stable id, a level, a type and a place.

An ``org_id`` is ``<code>:<own name>``. The code is the six-digit GB/T 2260 code of the lowest province, prefecture or county
that the organisation belongs to, never of a township, so that ids stay as they are when township codes come. The own name
is the name without its places, in one spelling for what has several (X镇 and X镇人民政府). ``410324:人民政府`` is the
county's government, ``410324:人民政府办公室`` its office, ``410324:赤土店镇人民政府`` a town of it. Two organisations of one
division differ in their own names, so ids cannot collide. Where no code is known the path of names stands for it.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

Division = tuple[str, str | None]
"""A division's path of names from the province down (``河南省/洛阳市/栾川县``) and its six-digit code."""

MUNICIPALITIES = ("北京市", "天津市", "上海市", "重庆市")
UNRESOLVED = "organisation_unresolved"
BY_NAME_ONLY = "organisation_by_name_only"

GOVERNMENT = "人民政府"
OFFICE = "人民政府办公室"
STREET = "街道办事处"

# A town's name ends in one of these before its 人民政府.
TOWN_UNITS = "镇|民族乡|乡|民族苏木|苏木"
DIVISION_UNITS = "省市县区旗州盟"
NOT_AFTER_SHORT_NAME = re.compile(r"^[省市县区旗州盟镇乡街村社]")
# The unit of the portal's own division in front of a department, but not as the first syllable of a word.
BARE_UNIT = re.compile(
    r"^[我本]?(?P<unit>省(?![内外直级])|市(?![场容政民长直属级])|县(?![域级直乡道])|区(?![域块级直划县])|[旗州盟])(?=..)"
)
# 偃师市 on the portal of 偃师区: the place before it became a district. Full names of the registry are tried before this.
FORMER_UNIT = re.compile(r"^[市县区](?:$|人民政府|政府|.+?(?:镇|乡|街道|局|委员会|办公室|办事处|中心)(?:人民政府|政府)?$)")
INVISIBLE = re.compile(r"[\s\u00ad\u200b-\u200f\u2028-\u202f\u2060\ufeff]+")
REPEATED = re.compile(r"(镇|乡|街道|办事处|人民政府|政府|委员会|管理局)\1")
TOWN = re.compile(rf"^(?P<name>.+?(?:{TOWN_UNITS}))(?:人民政府|政府)?$")
TOWN_OFFICE = re.compile(rf"^(?P<name>.+?(?:{TOWN_UNITS}))(?:人民)?政府办公室$")
STREET_NAME = re.compile(r"^(?P<name>.+?)(?:街道办事处|街道办公室|街道办|街道|街办事处|街办)$")
GOVERNMENT_OFFICE = re.compile(r"^(?:人民政府|政府)办公[室厅]?$|^(?:人民政府|政府)办$")
ZONE = re.compile(
    r"(?:开发区|示范区|高新区|经开区|产业园|园区|集聚区|保税区|综保区|风景区|名胜区|度假区|试验区|实验区|新区|合作区|工业区|港区)"
    r"(?:管理委员会|管委会|管理局|人民政府)?$|管委会$"
)
PEOPLE = (
    "(?:各|回|满|壮|苗|侗|瑶|彝|白|傣|水|藏|羌|畲|黎|佤|怒|土|土家|哈尼|布依|拉祜|布朗|纳西|傈僳|景颇|独龙|普米|仫佬|毛南|仡佬|撒拉|保安|东乡"
    "|裕固|朝鲜|达斡尔|鄂温克)族|(?:(?<!内)蒙古|锡伯|哈萨克|塔吉克|柯尔克孜|维吾尔)族?"
)
# 张家川回族自治县: its own name, the peoples that it is autonomous of, its unit.
AUTONOMOUS = re.compile(rf"(?P<own>.*?)(?P<peoples>(?:{PEOPLE})*)(?:自治)?(?P<unit>[县州旗区])")
# 城区 of 阳泉, 东区 of 攀枝花, 郊区 of 铜陵: divisions, and parts of any town.
COMMON_NAME = re.compile(r".区")
# A county, district or city that the registry does not know: abolished, or of another part of the country.
OTHER_DIVISION = re.compile(r"^(?P<name>.{2,8}[市县区旗州盟])(?:人民)?政府(?P<office>办公[室厅]|办)?$")
DEPARTMENT = re.compile(
    r"(?:局|委|委员会|办|办公室|办公厅|厅|中心|院|会|队|支队|总队|大队|站|处|所|馆|社|公司|集团|学校|大学|学院|医院|银行|部|组|分局|总局|署)$"
)


@dataclass(frozen=True, slots=True)
class Organisation:
    """What a name was resolved to. ``org_id``, ``org_level`` and the region are ``None`` where the place is unknown.

    ``org_level`` is province | prefecture | county | township; ``org_type`` is government | government_office | department |
    township | street | development_zone | other; ``confidence`` is high (the
    name says where), medium (only the portal does), low (the name does, but no portal confirms that no other division of that
    name is meant) or none.
    """

    org_id: str | None
    org_name: str | None
    org_level: str | None
    org_type: str
    region_code: str | None
    region_path: str | None
    own_name: str
    evidence: str
    confidence: str


def normalise_name(name: str) -> str:
    """The name in one width, without white space, and without a unit written twice (轵城镇镇).

    >>> normalise_name(" 轵城镇 镇人民政府")
    '轵城镇人民政府'
    """
    return REPEATED.sub(r"\1", INVISIBLE.sub("", unicodedata.normalize("NFKC", name)))


def short_name(name: str) -> str:
    """What an autonomous division is called for short: without its peoples and 自治. Any other name as it is.

    >>> short_name("张家川回族自治县"), short_name("长白朝鲜族自治县"), short_name("鄂温克族自治旗"), short_name("洛阳市")
    ('张家川县', '长白县', '鄂温克旗', '洛阳市')
    """
    match = AUTONOMOUS.fullmatch(name)
    if match is None:
        return name
    # 东乡族自治县 has no name but its people's.
    own = match["own"] or match["peoples"].partition("族")[0]
    return own + match["unit"]


def own_name_and_type(rest: str) -> tuple[str, str]:
    """A name without its places, in its one spelling, and the type of the organisation, by the order of its endings.

    >>> own_name_and_type("赤土店镇")
    ('赤土店镇人民政府', 'township')
    >>> own_name_and_type("政府办")
    ('人民政府办公室', 'government_office')
    """
    if rest in {"", "政府", GOVERNMENT}:
        return GOVERNMENT, "government"
    if GOVERNMENT_OFFICE.match(rest):
        return OFFICE, "government_office"
    if match := STREET_NAME.match(rest):
        return match["name"] + STREET, "street"
    if match := TOWN_OFFICE.match(rest):
        return match["name"] + OFFICE, "government_office"
    if match := TOWN.match(rest):
        return match["name"] + GOVERNMENT, "township"
    if ZONE.search(rest):
        return re.sub("管委会$", "管理委员会", rest), "development_zone"
    if match := OTHER_DIVISION.match(rest):
        return match["name"] + (OFFICE if match["office"] else GOVERNMENT), "government_office" if match[
            "office"
        ] else "government"
    if DEPARTMENT.search(rest):
        return rest, "department"
    return rest, "other"


class Gazetteer:
    """The divisions of the registry, indexed by name.

    Args:
        divisions: path and code of each; the provinces and prefectures above them are added, with the codes that GB/T 2260
            gives them (the first two or four digits of those below).
    """

    def __init__(self, divisions: Iterable[Division]) -> None:
        self._codes: dict[str, str | None] = {}
        for path, code in sorted(divisions, key=lambda division: (division[0], division[1] or "")):
            self._add(path.strip("/"), code)
        self._by_name: dict[str, list[str]] = defaultdict(list)
        for path in sorted(self._codes):
            name = path.rsplit("/", 1)[-1]
            names = {name, short_name(name)} if "/" in path else {name}
            for known in sorted(names):
                self._by_name[known].append(path)
        self._lengths = sorted({len(name) for name in self._by_name}, reverse=True)
        self.resolve = lru_cache(maxsize=100_000)(self._resolve)

    def _add(self, path: str, code: str | None) -> None:
        self._codes[path] = code or self._codes.get(path)
        names = path.split("/")
        for depth in range(1, len(names)):
            above = "/".join(names[:depth])
            # 9 in the third digit: the county hangs from the province directly and there is no prefecture between.
            direct = depth > 1 and code is not None and code[2] == "9"
            derived = None if code is None or direct else code[: 2 * depth].ljust(6, "0")
            self._codes[above] = self._codes.get(above) or derived

    def code(self, path: str | None) -> str | None:
        """The code of a division; ``None`` where it is not known."""
        return None if path is None else self._codes.get(path)

    def knows(self, path: str) -> bool:
        """Whether the division is in the registry."""
        return path in self._codes

    def level(self, path: str) -> str:
        """province | prefecture | county, by the depth of the path and, where known, by the code."""
        names, code = path.split("/"), self.code(path)
        if len(names) == 1:
            return "province"
        if len(names) > 2 or names[0] in MUNICIPALITIES:
            return "county"
        return "prefecture" if code is None or code.endswith("00") else "county"

    def _resolve(self, name: str, region: str | None = None, region_code: str | None = None) -> Organisation:
        """What ``name`` means, read on a portal of ``region``; see ``resolve_organisation``."""
        region = region.strip("/") if region else None
        clean = normalise_name(name)
        named, rest = self._strip_places(clean, region)
        if named is None and region is None:
            own_name, kind = own_name_and_type(clean)
            level = "township" if kind in {"township", "street"} else None
            return Organisation(None, clean or None, level, kind, None, None, own_name, "no division in the name", "none")
        if named is None or (region is not None and (region == named or region.startswith(named + "/"))):
            # What is named is only the portal's own chain, or nothing.
            place, evidence, confidence = self._place(named, rest, region)
        else:
            place, evidence, confidence = named, f"named in the organisation's name: {named}", "high"
        if region is None:
            confidence = "low"
        own_name, kind = own_name_and_type(_without_bare_unit(rest, place))
        code = self.code(place) or (region_code if place == region else None)
        level = "township" if kind in {"township", "street"} or TOWN_OFFICE.match(rest) else self.level(place)
        if OTHER_DIVISION.match(own_name) and kind in {"government", "government_office"}:
            if level == "county":
                # No county lies in a county: this report is of somewhere else, or of a name the place no longer has.
                evidence = "names a division that the registry does not know"
                return Organisation(None, clean, "county", kind, None, None, own_name, evidence, "none")
            level = "county"
        return Organisation(
            org_id=f"{code or place}:{own_name}",
            org_name=display_place(place) + own_name,
            org_level=level,
            org_type=kind,
            region_code=code,
            region_path=place,
            own_name=own_name,
            evidence=evidence,
            confidence=confidence,
        )

    @staticmethod
    def _place(named: str | None, rest: str, region: str | None) -> tuple[str, str, str]:
        """The place of an organisation whose name says no more than the portal does."""
        if named is not None and (named == region or region is None):
            return named, f"named in the organisation's name: {named}", "high"
        assert region is not None  # noqa: S101 - both absent is handled by the caller
        kind = own_name_and_type(rest)[1]
        if named is not None and kind not in {"township", "street"}:
            # 河南省教育厅 on a county's portal is the province's; 河南省赤土店镇 there is the county's town.
            return named, f"named in the organisation's name: {named}", "high"
        return region, "the portal's region", "high" if named else "medium"

    def _strip_places(self, name: str, region: str | None) -> tuple[str | None, str]:
        """The division that the front of a name leads to, and the rest of the name."""
        place: str | None = None
        rest = name
        while True:
            step = self._next_place(rest, place, region)
            if step is None:
                return place, rest
            place, rest = step

    def _next_place(self, rest: str, place: str | None, region: str | None) -> tuple[str, str] | None:
        for length in self._lengths:
            if length > len(rest):
                continue
            chosen = self._choose(self._by_name.get(rest[:length], ()), place, region)
            if chosen is not None:
                return chosen, rest[length:]
        return self._next_short_place(rest, place, region)

    @staticmethod
    def _choose(paths: Sequence[str], place: str | None, region: str | None) -> str | None:
        """The one of several divisions of a name that is meant: below what is named already, nearest to the portal."""
        if place is not None:
            paths = [path for path in paths if path == place or path.startswith(place + "/")]
        elif region is not None:
            paths = [path for path in paths if _may_be_meant(path, region)]
        if not paths:
            return None
        if region is None:
            return paths[0] if len(paths) == 1 else None
        nearness = {path: _shared_depth(path, region) for path in paths}
        best = [path for path in paths if nearness[path] == max(nearness.values())]
        return best[0] if len(best) == 1 else None

    def _next_short_place(self, rest: str, place: str | None, region: str | None) -> tuple[str, str] | None:
        """A name of the portal's own chain without its unit (河南济源…), but never the front of a town's name."""
        names = region.split("/") if region else []
        for depth, name in enumerate(names, start=1):
            path, short = "/".join(names[:depth]), short_name(name)[:-1]
            if len(short) < 2 or name[-1] not in DIVISION_UNITS or not rest.startswith(short):
                continue
            after = rest[len(short) :]
            below = place is None or path.startswith(place + "/")
            # Counties only: 许昌县 was never the prefecture 许昌市.
            if below and self.level(path) == "county" and name[-1] in "市县区" and FORMER_UNIT.match(after):
                return path, after[1:]
            if (
                below
                and after
                and not NOT_AFTER_SHORT_NAME.match(after)
                and own_name_and_type(rest)[1] not in ("township", "street")
            ):
                return path, after
        return None


def display_place(path: str) -> str:
    """The places before an organisation's own name: the province is left out below itself, a municipality is not.

    >>> display_place("河南省/洛阳市/栾川县")
    '洛阳市栾川县'
    """
    names = path.split("/")
    if len(names) > 1 and names[0] not in MUNICIPALITIES:
        names = names[1:]
    return "".join(name for name in names if name != "市辖区")


def _without_bare_unit(rest: str, place: str) -> str:
    """The rest of a name without "our county's": 县教育局 on a county's portal, but 市场监督管理局 on a city's as it is."""
    match = BARE_UNIT.match(rest)
    return rest[match.end() :] if match and place.endswith(match["unit"]) else rest


def _may_be_meant(path: str, region: str) -> bool:
    """Whether a name without the places above it may mean ``path`` on a portal of ``region``.

    A province may, and a division of the portal's own province; a name that is a common noun too (城区, 东区) only in the
    portal's own prefecture.
    """
    name = path.rsplit("/", 1)[-1]
    needed = 2 if COMMON_NAME.fullmatch(name) else 1
    return "/" not in path or _shared_depth(path, region) >= needed


def _shared_depth(path: str, other: str) -> int:
    depth = 0
    for mine, yours in zip(path.split("/"), other.split("/"), strict=False):
        if mine != yours:
            break
        depth += 1
    return depth


def resolve_organisation(
    org_name_raw: str | None,
    *,
    portal_region: str | None = None,
    portal_region_code: str | None = None,
    divisions: Iterable[Division] = (),
    gazetteer: Gazetteer | None = None,
) -> Organisation:
    """What a report's organisation is, by its name and the portal it was found on.

    A division named in the name wins over the portal's; of several divisions of that name the nearest to the portal is
    meant. Without a portal only a name that begins with a division known once is resolved. Nothing is guessed: without a
    name, or without a place, ``org_id`` is ``None``.

    Args:
        org_name_raw: as printed.
        portal_region: path of names, ``河南省/洛阳市/栾川县``.
        portal_region_code: its six-digit code.
        divisions: of the registry; or a ``gazetteer`` built once, for many names.
    """
    if not org_name_raw or not normalise_name(org_name_raw):
        return Organisation(None, None, None, "other", None, None, "", "no name", "none")
    if gazetteer is None:
        given = [(portal_region, portal_region_code)] if portal_region else []
        gazetteer = Gazetteer([*divisions, *given])
    return gazetteer.resolve(org_name_raw, portal_region, portal_region_code)
