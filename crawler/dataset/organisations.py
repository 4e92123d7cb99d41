"""Which organisation a name means: a stable id, a level, a type and a place, and on what evidence.

An ``org_id`` is ``<code>:<own name>``. The code is the six-digit GB/T 2260 code of the lowest province, prefecture or county
that the organisation belongs to, never of a township, whose own nine digits are ``township_code``. The own name is the name
without its places, in one spelling for what has several (X镇 and X镇人民政府). ``410324:人民政府`` is the county's government,
``410324:人民政府办公室`` its office, ``410324:赤土店镇人民政府`` a town of it. Two organisations of one division differ in
their own names, so ids cannot collide. Where no code is known the path of names stands for it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from crawler.dataset.former_divisions import former_divisions
from crawler.dataset.organisation_names import (
    GOVERNMENT,
    MINISTRYS,
    OF_THE_NATION,
    OFFICE,
    OTHER_DIVISION,
    STREET,
    TOWN_OFFICE,
    normalise_name,
    own_name_and_type,
)
from crawler.dataset.organisation_names import short_name as short_name
from crawler.dataset.townships import Township, township_register

Division = tuple[str, str | None]
"""A division's path of names from the province down (``河南省/洛阳市/栾川县``) and its six-digit code."""

MUNICIPALITIES = ("北京市", "天津市", "上海市", "重庆市")
UNRESOLVED = "organisation_unresolved"
BY_NAME_ONLY = "organisation_by_name_only"
CERTAIN, LIKELY, WEAK = CONFIDENCES = ("certain", "likely", "weak")
NATION_CODE = "000000"
MOST_CANDIDATES = 20
"""Told in the evidence; more are counted."""

DIVISION_UNITS = "省市县区旗州盟"
NOT_AFTER_SHORT_NAME = re.compile(r"^[省市县区旗州盟镇乡街村社]")
# The unit of the portal's own division in front of a department, but not as the first syllable of a word.
BARE_UNIT = re.compile(
    r"^[我本]?(?P<unit>省(?![内外直级])|市(?![场容政民长直属级])|县(?![域级直乡道])|区(?![域块级直划县])|[旗州盟])(?=..)"
)
# 偃师市 on the portal of 偃师区: the place before it became a district. Full names of the registry are tried before this.
FORMER_UNIT = re.compile(r"^[市县区](?:$|人民政府|政府|.+?(?:镇|乡|街道|局|委员会|办公室|办事处|中心)(?:人民政府|政府)?$)")
# 城区 of 阳泉, 东区 of 攀枝花, 郊区 of 铜陵: divisions, and parts of any town.
COMMON_NAME = re.compile(r".区")
# 示范区轵城镇: the town with the zone that it lies in.
ZONE_BEFORE_TOWN = re.compile(
    r"^(?P<zone>.{0,14}?(?:示范区|开发区|高新区|经开区|新区|园区|试验区|实验区|管理区|集聚区|度假区))(?=..)"
)


@dataclass(frozen=True, slots=True)
class Organisation:
    """What a name was resolved to; ``org_id``, ``confidence`` and the region are ``None`` where the place is unknown.

    ``org_level`` is national | province | prefecture | county | township; ``org_type`` is government | government_office |
    department | township | street | development_zone | other. ``evidence`` says ``source: what`` in order of weight, the source
    being name, former_name, portal, register, zone, address, text or same_text; ``candidates`` are the divisions that could be
    meant where the evidence does not tell. ``confidence`` is certain (the name says where, or the portal and the register of
    towns agree), likely (one of them, or the report's own words), weak (nothing contradicts) or ``None``.
    """

    org_id: str | None
    org_name: str | None
    org_level: str | None
    org_type: str
    region_code: str | None
    region_path: str | None
    own_name: str
    evidence: tuple[str, ...] = ()
    confidence: str | None = None
    township_code: str | None = None
    candidates: tuple[str, ...] = ()

    @property
    def is_by_name_only(self) -> bool:
        """Whether nothing but the name says where the organisation is."""
        return self.org_id is not None and all(said.startswith(("name", "former_name", "register")) for said in self.evidence)


@dataclass(frozen=True, slots=True)
class _Place:
    path: str
    evidence: tuple[str, ...]
    confidence: str
    town: Township | None = None
    candidates: tuple[str, ...] = ()


class Gazetteer:
    """The divisions of the registry, indexed by name.

    Args:
        divisions: path and code of each; the provinces and prefectures above them are added, with the codes that GB/T 2260
            gives them (the first two or four digits of those below), and the names that divisions had before.
    """

    def __init__(self, divisions: Iterable[Division]) -> None:
        self._codes: dict[str, str | None] = {}
        for path, code in sorted(divisions, key=lambda division: (division[0], division[1] or "")):
            self._add(path.strip("/"), code)
        former_names = self._add_former()
        self._paths = {code: path for path, code in sorted(self._codes.items()) if code}
        self._by_name: dict[str, list[str]] = defaultdict(list)
        for path in sorted(self._codes):
            name = path.rsplit("/", 1)[-1]
            names = {name, short_name(name)} if "/" in path else {name}
            for known in sorted(names):
                self._by_name[known].append(path)
        for name, path in former_names:
            if path not in self._by_name[name]:
                self._by_name[name].append(path)
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

    def _add_former(self) -> list[tuple[str, str]]:
        """Adds divisions that were merged into others; gives the earlier names of those that go on, with their paths."""
        paths = {code: path for path, code in self._codes.items() if code}
        names = []
        for division in former_divisions():
            above, _, name = division.path.rpartition("/")
            if division.successor in paths:
                names.append((name, paths[division.successor]))
            elif division.successor is None and above in self._codes and division.path not in self._codes:
                self._codes[division.path] = division.code
        return names

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
        if OF_THE_NATION.match(clean):
            return _of_the_nation(clean)
        clean = MINISTRYS.sub("", clean)
        named, rest, said = self._strip_places(clean, region)
        own_name, kind = own_name_and_type(rest)
        town = _town_of(own_name, kind, rest)
        if named is None:
            tied = self._tied(clean, region)
            if tied:
                return self._unresolved(clean, tied)
            if region is None:
                return self._unresolved(clean, tuple(self._towns(town)) if town else ())
        if town is not None:
            return self._town(clean, rest, named, region, region_code, said)
        place = self._place(named, region, said)
        bare = BARE_UNIT.match(rest) if named is None or place.path == named else None
        if bare and place.path.endswith(bare["unit"]):
            own_name, kind = own_name_and_type(rest[bare.end() :])
        elif bare and named is None and not OTHER_DIVISION.match(own_name):
            above = self._beside(place.path, bare["unit"])
            if len(above) != 1:
                return self._unresolved(clean, above)
            place = _Place(above[0], (*place.evidence, f"name: {bare[0]}"), LIKELY)
            own_name, kind = own_name_and_type(rest[bare.end() :])
        level = self.level(place.path)
        if (other := OTHER_DIVISION.match(own_name)) and kind in {"government", "government_office"}:
            elsewhere = tuple(self._by_name.get(other["name"], ()))
            if level == "county" or elsewhere:
                # No county lies in a county: this report is of somewhere else, or of a name the place no longer has.
                return self._unresolved(clean, elsewhere)
            level, place = "county", replace(place, confidence=WEAK)
        return self._organisation(own_name, kind, level, place, region, region_code)

    def _organisation(
        self, own_name: str, kind: str, level: str, place: _Place, region: str | None, region_code: str | None
    ) -> Organisation:
        code = self.code(place.path) or (region_code if place.path == region else None)
        shown = own_name.removesuffix("室") + "厅" if own_name == OFFICE and level == "province" else own_name
        return Organisation(
            org_id=f"{code or place.path}:{own_name}",
            org_name=display_place(place.path) + shown,
            org_level=level,
            org_type=kind,
            region_code=code,
            region_path=place.path,
            own_name=own_name,
            evidence=place.evidence,
            confidence=place.confidence,
            township_code=place.town.code if place.town else None,
            candidates=place.candidates,
        )

    def _unresolved(self, clean: str, candidates: Sequence[str]) -> Organisation:
        own_name, kind = own_name_and_type(clean)
        level = "township" if kind in {"township", "street"} else None
        if candidates:
            more = len(candidates) - MOST_CANDIDATES
            shown = "; ".join(candidates[:MOST_CANDIDATES]) + (f" and {more} more" if more > 0 else "")
            evidence = f"candidates: {shown}"
        else:
            evidence = "no division that is known stands in the name"
        return Organisation(None, clean or None, level, kind, None, None, own_name, (evidence,), candidates=tuple(candidates))

    def _town(
        self, clean: str, rest: str, named: str | None, region: str | None, region_code: str | None, said: tuple[str, ...]
    ) -> Organisation:
        """A town or street: the register tells in which county, where name and portal do not."""
        own_name, kind = own_name_and_type(rest)
        zone = ZONE_BEFORE_TOWN.match(rest)
        name = _town_of(own_name, kind, rest) or own_name
        towns = self._towns(name, named or region)
        if zone and not towns:
            inner_name, inner_kind = own_name_and_type(rest[zone.end() :])
            inner = _town_of(inner_name, inner_kind, rest[zone.end() :])
            found = self._towns(inner, named or region) if inner else {}
            if any(_is_in(path, named or region) for path in found):
                own_name, kind, name, towns = inner_name, inner_kind, inner or inner_name, found
                said = (*said, f"zone: {zone['zone']}")
        place = self._town_place(towns, named, region, said)
        if isinstance(place, tuple):
            return self._unresolved(clean, place)
        if place.town is not None:
            # One spelling for 前进街办事处 and 胜利乡 too: the register's.
            own_name = place.town.own_name + own_name.removeprefix(name)
        return self._organisation(own_name, kind, "township", place, region, region_code)

    def _towns(self, own_name: str, scope: str | None = None) -> Mapping[str, Township]:
        """The towns of a name by the path of their county, of the counties that the registry knows.

        Where none is in ``scope``, those that a street office's name may be short for: 前进街办事处, of 前进街街道.
        """
        found = self._by_path(township_register().by_county(own_name))
        if own_name.endswith(STREET) and not any(_is_in(path, scope) for path in found):
            longer = self._by_path(township_register().by_county(f"{own_name.removesuffix(STREET)}街{STREET}"))
            return longer if any(_is_in(path, scope) for path in longer) else found
        return found

    def _by_path(self, towns: Mapping[str, Township]) -> dict[str, Township]:
        return {self._paths[code]: town for code, town in sorted(towns.items()) if code in self._paths}

    def _town_place(
        self, towns: Mapping[str, Township], named: str | None, region: str | None, said: tuple[str, ...]
    ) -> _Place | tuple[str, ...]:
        """The county of a town, or the several that it may be of."""
        if named is not None and self.level(named) == "county":
            town = towns.get(named)
            return _Place(named, (*said, *_registered(town)), CERTAIN if town or region == named else LIKELY, town)
        if region is not None and self.level(region) == "county" and (named is None or _is_in(region, named)):
            if town := towns.get(region):
                return _Place(region, (*said, f"portal: {region}", *_registered(town)), CERTAIN, town)
            others = tuple(path for path in towns if named is not None and _is_in(path, named))
            if len(others) == 1:
                return _Place(others[0], (*said, *_registered(towns[others[0]])), LIKELY, towns[others[0]])
            missing = (f"portal: {region}", f"register: no such town in {region}")
            return _Place(region, (*said, *missing), WEAK if towns else LIKELY, candidates=tuple(towns))
        scope = named or region
        assert scope is not None  # noqa: S101 - both absent is handled by the caller
        within = {path: town for path, town in towns.items() if _is_in(path, scope)}
        standing = {path: town for path, town in within.items() if town.standing} or within
        source = said if named else (*said, f"portal: {scope}")
        if len(standing) == 1:
            ((path, town),) = standing.items()
            sure = named is not None and self.level(named) == "prefecture"
            return _Place(path, (*source, *_registered(town)), CERTAIN if sure else LIKELY, town)
        if standing:
            return tuple(standing)
        return _Place(scope, (*source, f"register: no such town in {scope}"), WEAK, candidates=tuple(towns))

    def _place(self, named: str | None, region: str | None, said: tuple[str, ...]) -> _Place:
        """The place of an organisation that is no town: the one named, else the portal's."""
        if named is None:
            assert region is not None  # noqa: S101 - both absent is handled by the caller
            return _Place(region, (f"portal: {region}",), LIKELY)
        if region is None:
            return _Place(named, said, LIKELY)
        # 河南省教育厅 on a county's portal is the province's.
        return _Place(named, said, CERTAIN)

    def _beside(self, path: str, unit: str) -> tuple[str, ...]:
        """The divisions above one, else below it, whose names end in the unit: 省教育厅 on a county's portal."""
        names = path.split("/")
        above = ["/".join(names[:depth]) for depth in range(1, len(names)) if names[depth - 1].endswith(unit)]
        return tuple(above) or tuple(other for other in self._codes if other.startswith(f"{path}/") and other.endswith(unit))

    def _strip_places(self, name: str, region: str | None) -> tuple[str | None, str, tuple[str, ...]]:
        """The division that the front of a name leads to, the rest of the name, and in what words it is named."""
        place: str | None = None
        rest, former = name, ""
        while (step := self._next_place(rest, place, region)) is not None:
            place, after = step
            printed = rest[: len(rest) - len(after)]
            known = place.rsplit("/", 1)[-1]
            if printed[-1] in "市县区" and not known.startswith(printed) and printed != short_name(known):
                former = f"former_name: {printed}"
            rest = after
        if place is None:
            return None, rest, ()
        return place, rest, (f"name: {place}", former) if former else (f"name: {place}",)

    def _next_place(self, rest: str, place: str | None, region: str | None) -> tuple[str, str] | None:
        for length in self._lengths:
            if length > len(rest):
                continue
            best = self._nearest(self._by_name.get(rest[:length], ()), place, region)
            if len(best) == 1:
                return best[0], rest[length:]
        return self._next_short_place(rest, place, region)

    def _tied(self, name: str, region: str | None) -> tuple[str, ...]:
        """The several divisions that the front of a name may equally mean."""
        for length in self._lengths:
            best = self._nearest(self._by_name.get(name[:length], ()), None, region) if length <= len(name) else ()
            if len(best) > 1:
                return tuple(best)
        return ()

    @staticmethod
    def _nearest(paths: Sequence[str], place: str | None, region: str | None) -> Sequence[str]:
        """Those of several divisions of a name that may be meant: below what is named already, nearest to the portal."""
        if place is not None:
            paths = [path for path in paths if _is_in(path, place)]
        elif region is not None:
            paths = [path for path in paths if _may_be_meant(path, region)]
        if not paths or region is None:
            return paths
        nearness = {path: _shared_depth(path, region) for path in paths}
        return [path for path in paths if nearness[path] == max(nearness.values())]

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


def _town_of(own_name: str, kind: str, rest: str) -> str | None:
    """The town's government that a name is of, or the office of; ``None`` for what is of no town."""
    if kind in {"township", "street"}:
        return own_name
    match = TOWN_OFFICE.match(rest)
    return match["name"] + GOVERNMENT if match else None


def _registered(town: Township | None) -> tuple[str, ...]:
    if town is None:
        return ()
    return (f"register: {town.code}" if town.standing else f"register: {town.code}, no more in the newest",)


def _of_the_nation(name: str) -> Organisation:
    kind = own_name_and_type(name)[1]
    said = ("name: a body of the State Council",)
    return Organisation(f"{NATION_CODE}:{name}", name, "national", kind, NATION_CODE, None, name, said, CERTAIN)


def display_place(path: str) -> str:
    """The places before an organisation's own name: the province is left out below itself, a municipality is not.

    >>> display_place("河南省/洛阳市/栾川县")
    '洛阳市栾川县'
    """
    names = path.split("/")
    if len(names) > 1 and names[0] not in MUNICIPALITIES:
        names = names[1:]
    return "".join(name for name in names if name != "市辖区")


def _is_in(path: str, place: str | None) -> bool:
    return place is None or path == place or path.startswith(f"{place}/")


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
    meant; in which county a town lies is told by the register of towns where name and portal say no more than the city.
    Without a portal only a name that begins with a division known once is resolved. Nothing is guessed: without a
    name, without a place, or with several, ``org_id`` is ``None``; see ``organisation_context`` for what a report's words add.

    Args:
        org_name_raw: as printed.
        portal_region: path of names, ``河南省/洛阳市/栾川县``.
        portal_region_code: its six-digit code.
        divisions: of the registry; or a ``gazetteer`` built once, for many names.
    """
    if not org_name_raw or not normalise_name(org_name_raw):
        return Organisation(None, None, None, "other", None, None, "", ("no name",))
    if gazetteer is None:
        given = [(portal_region, portal_region_code)] if portal_region else []
        gazetteer = Gazetteer([*divisions, *given])
    return gazetteer.resolve(org_name_raw, portal_region, portal_region_code)
