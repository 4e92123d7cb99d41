"""The towns, townships and streets of every county with their nine-digit codes, as they stand and as they stood since 2016."""

from __future__ import annotations

import gzip
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from crawler.dataset.organisation_names import short_town_name, town_own_name

TOWNSHIPS_FILE = "townships.tsv.gz"

_ENTRY = re.compile(r"(\d{9}|\d{3})(\S+)")


@dataclass(frozen=True, slots=True)
class Township:
    """A town in the county that it belongs to today; ``standing`` is False for one that the newest register no longer has."""

    code: str
    county_code: str
    own_name: str
    standing: bool


class TownshipRegister:
    """Towns by the name of their government and by county.

    Args:
        lines: a county's code, its towns, and those that it had before, parted by tabs; of a town the code (its last three
            digits where the first six are the county's) and the name.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        self._by_name: dict[str, list[Township]] = defaultdict(list)
        for line in lines:
            county, standing, gone = line.rstrip("\n").split("\t")
            self._read(county, standing, standing_now=True)
            self._read(county, gone, standing_now=False)

    def _read(self, county: str, entries: str, *, standing_now: bool) -> None:
        for code, name in _ENTRY.findall(entries):
            town = Township(code if len(code) == 9 else county + code, county, town_own_name(name), standing_now)
            self._by_name[town.own_name].append(town)
            short = short_town_name(town.own_name)
            if short != town.own_name:
                self._by_name[short].append(town)

    def named(self, own_name: str) -> tuple[Township, ...]:
        """Every town whose government goes by the name, in order of code: 赤土店镇人民政府, 兴华街道办事处."""
        return tuple(self._by_name.get(own_name, ()))

    def every(self) -> Iterable[Sequence[Township]]:
        """All towns, by name."""
        return self._by_name.values()

    def by_county(self, own_name: str) -> Mapping[str, Township]:
        """The town of the name in each county that has one, those that stand before those that are no more."""
        found: dict[str, Township] = {}
        for town in sorted(self.named(own_name), key=lambda town: (not town.standing, town.own_name != own_name, town.code)):
            found.setdefault(town.county_code, town)
        return found


@cache
def township_register() -> TownshipRegister:
    """The register that the project ships."""
    text = gzip.decompress(files(__package__).joinpath(TOWNSHIPS_FILE).read_bytes()).decode()
    return TownshipRegister(line for line in text.splitlines() if line and not line.startswith("#"))
