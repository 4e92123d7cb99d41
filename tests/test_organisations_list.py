"""``organisations.jsonl``, and the divisions' files that names are resolved with."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from crawler.dataset.assemble import assemble, report_record
from crawler.dataset.build_divisions import Release, former_divisions, township_lines
from crawler.dataset.exporters.organisations_jsonl import OrganisationsJsonl
from crawler.dataset.former_divisions import former_divisions as shipped_former_divisions
from crawler.dataset.townships import TownshipRegister, township_register
from crawler.divisions import registered_divisions

from .builders import DIVISIONS, extraction_record, sighting


def test_organisations_are_listed_once_and_what_was_not_resolved_last(tmp_path: Path) -> None:
    city: dict[str, Any] = {"portal": "ly", "portal_name": "洛阳市人民政府", "portal_region": "河南省/洛阳市"}
    sightings = [
        sighting(extraction_record("赤土店镇", 2022), url="http://lc.example/1.html"),
        sighting(extraction_record("栾川县赤土店镇人民政府", 2023), url="http://lc.example/2.html"),
        sighting(extraction_record("赤土店镇", 2021), url="http://ly.example/3.html", **city),
        sighting(extraction_record("县教育局", 2022), url="http://ly.example/4.html", **city),
    ]
    records = {(seen.sha256, seen.extractor_version or ""): seen.record or {} for seen in sightings}

    def load(sha256: str, version: str) -> dict[str, Any]:
        return records[sha256, version]

    with OrganisationsJsonl(tmp_path) as exporter:
        for version in assemble(sightings, load=load, divisions=DIVISIONS).current:
            exporter.add(report_record(version, load))
    known, unknown = (json.loads(line) for line in (tmp_path / "organisations.jsonl").read_text("utf-8").splitlines())
    assert (known["org_id"], known["township_code"], known["reports"]) == ("410324:赤土店镇人民政府", "410324101", 3)
    assert (known["names"], known["years"]) == (["栾川县赤土店镇人民政府", "赤土店镇"], [2021, 2022, 2023])
    # Of the three reports two tell for certain.
    assert known["org_confidence"] == "certain"
    assert known["portals"] == ["栾川县人民政府", "洛阳市人民政府"]
    assert (unknown["org_id"], unknown["names"], len(unknown["report_ids"])) == (None, ["县教育局"], 1)
    assert unknown["org_evidence"] == ["candidates: 河南省/洛阳市/嵩县; 河南省/洛阳市/栾川县"]


def write_release(folder: Path, areas: Mapping[str, str], towns: Mapping[str, str]) -> Release:
    levels = {"provinces": {"99": "样例省"}, "cities": {"9901": "甲市"}, "areas": areas, "streets": towns}
    folder.mkdir()
    for name, rows in levels.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerows([("code", "name"), *rows.items()])
    return Release.read(folder)


def test_a_county_goes_on_in_the_division_that_has_its_name_or_most_of_its_towns(tmp_path: Path) -> None:
    then = write_release(
        tmp_path / "then",
        {"990121": "乙县", "990122": "丙县", "990102": "丁区", "990103": "戊区"},
        {
            "990121100": "东镇", "990121101": "西镇", "990122100": "南镇", "990122101": "北镇",
            "990102001": "城东街道办事处", "990103001": "城西街道办事处",
        },
    )  # fmt: skip
    now = write_release(
        tmp_path / "now",
        {"990181": "乙市", "990104": "新丙区", "990105": "己区", "990171": "甲经济技术开发区"},
        {
            "990181100": "东镇", "990181101": "西镇", "990104100": "南镇", "990104101": "北镇", "990105001": "城东街道",
            "990105002": "城南街道", "990105003": "城北街道", "990105004": "城西街道", "990171001": "己市农场街道", "990105400": "园区管委会",
        },
    )  # fmt: skip
    former = former_divisions([then, now])
    assert former == [
        ("990102", "样例省/甲市/丁区", ""),
        ("990103", "样例省/甲市/戊区", ""),
        ("990121", "样例省/甲市/乙县", "990181"),
        ("990122", "样例省/甲市/丙县", "990104"),
    ]
    register = TownshipRegister(township_lines([then, now], former))
    assert [(town.code, town.county_code, town.standing) for town in register.named("南镇人民政府")] == [
        ("990104100", "990104", True)
    ]
    assert {town.county_code: town.standing for town in register.named("城东街道办事处")} == {"990105": True, "990102": False}
    # A zone of the statistics office is no county: its streets are the city's.
    assert [town.county_code for town in register.named("己市农场街道办事处")] == ["990100"]
    assert register.named("园区管委会人民政府") == ()


@pytest.mark.parametrize(
    ("own_name", "county", "code"),
    [
        ("马店镇人民政府", "410328", "410328107"),
        ("轵城镇人民政府", "419001", "419001102"),
        ("泉港镇人民政府", "360981", "360981124"),
        ("东华门街道办事处", "110101", "110101001"),
    ],
)
def test_the_register_that_is_shipped(own_name: str, county: str, code: str) -> None:
    assert township_register().by_county(own_name)[county].code == code


def test_every_town_lies_in_a_registered_division_and_no_division_has_two_heirs() -> None:
    codes = {code for _, code in registered_divisions()} | {f"{(code or '')[:4]}00" for _, code in registered_divisions()}
    codes |= {division.code for division in shipped_former_divisions() if division.successor is None}
    counties = {town.county_code for towns in township_register().every() for town in towns if town.standing}
    assert len(counties) > 2800
    assert {county for county in counties if county not in codes} == {"632857"}  # 大柴旦 is no county.
    successors = [division.successor for division in shipped_former_divisions() if division.successor]
    assert len(successors) == len(set(successors)) > 90
    assert all(successor in codes for successor in successors)
