"""Publishing on real folders and a real ledger: what becomes current, and what never does."""

from __future__ import annotations

import fcntl
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crawler.dataset.assertions import Thresholds
from crawler.dataset.exporters.text_files import text_file_name
from crawler.dataset.identity_summary import identity_lines
from crawler.dataset.ledger import Ledger
from crawler.dataset.model import Record
from crawler.dataset.publish import publish
from crawler.dataset.versions import PublishLockedError, switch
from crawler.outcomes import Outcome

from .builders import DIVISIONS, extraction_record
from .publishing import KEY, NIGHT, SPIDER, TOWNS, House


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.ledger.close()


def test_the_first_version_is_whole_and_current(house: House) -> None:
    for town in TOWNS[:3]:
        house.add(town)
    publication = house.publish()
    assert (publication.status, publication.version) == ("published", "20260110T020000Z")
    assert (house.root / "current").readlink() == Path("versions/20260110T020000Z")
    names = {path.name for path in (house.root / "current").iterdir()}
    assert names == {
        "reports.jsonl", "superseded.jsonl", "reports.csv", "cells.csv", "text", "delta.jsonl", "problems.jsonl", "manifest.json",
        "report.html",
        "reports.parquet", "cells.parquet", "dataset.duckdb", "reports.dta", "reports.xlsx", "codebook.csv", "datapackage.json",
        "organisations.jsonl",
    }  # fmt: skip
    records = house.current()
    assert [record["report_id"] for record in records] == sorted(record["report_id"] for record in records)
    assert [change["op"] for change in house.current("delta.jsonl")] == ["ADD"] * 3
    assert [row.status for row in house.ledger.publications(SPIDER)] == ["published"]
    bodies, versions, *checks = identity_lines(publication.counts)
    assert bodies.endswith("3 organisations; of the reports 3 certain, 0 likely, 0 weak, 0 unresolved")
    assert versions.endswith("3 of 3 reports; 0 more documents are renditions or parts of them")
    assert checks[0] == "Checked      identity 3 pass, 0 fail, 0 not assessable"


def test_the_manifest_counts_what_was_written_and_names_who_was_not_reached(house: House) -> None:
    house.add(TOWNS[0], extraction_record(values={KEY: "blank", "requests.granted.total": 3}))
    house.ledger.record_document(
        "http://lc.example/x.pdf",
        page_url=f"http://lc.example/{TOWNS[0]}.html",
        role="attachment",
        outcome=Outcome.TRUNCATED,
        message="cut",
    )
    house.ledger.record_portal(
        SPIDER,
        "sx",
        name="嵩县人民政府",
        region="河南省/洛阳市/嵩县",
        home="http://sx.example/",
        outcome=Outcome.BLOCKED,
        message="521",
    )
    house.publish()
    current = house.root / "current"
    manifest = json.loads((current / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["counts"]["reports"] == 1
    assert manifest["counts"]["cells"] == {"number": 1, "zero": 198, "blank": 1, "na_mark": 0, "unparsed": 0, "absent": 0}
    assert manifest["counts"]["checks"]["identity"] == {"pass": 1, "fail": 0, "not_assessable": 0}
    assert manifest["counts"]["documents"] == {"ok": 1, "truncated": 1}
    assert (manifest["portals"]["registered"], manifest["portals"]["reached"]) == (2, 1)
    (unreached,) = manifest["portals"]["unreached"]
    assert (unreached["name"], unreached["last_success"], unreached["message"]) == ("嵩县人民政府", None, "521")
    for name, entry in manifest["files"].items():
        command = subprocess.run(["sha256sum", current / name], capture_output=True, text=True, check=True)
        assert command.stdout.split()[0] == entry["sha256"]
        assert (current / name).stat().st_size == entry["bytes"]
    assert manifest["folders"]["text"]["files"] == 1
    (problem,) = house.current("problems.jsonl")
    assert (problem["url"], problem["outcome"], problem["message"]) == ("http://lc.example/x.pdf", "truncated", "cut")


def test_a_night_without_news_writes_nothing(house: House) -> None:
    house.add(TOWNS[0])
    first = house.publish()
    house.add(TOWNS[0])
    second = house.publish()
    assert (second.status, second.path, second.counts["reports"]) == ("unchanged", first.path, 1)
    assert house.versions() == [first.version]
    assert house.publish(anew=True).status == "published"
    assert len(house.versions()) == 2


def test_a_reading_by_a_new_extractor_that_reads_the_same_is_no_news(house: House) -> None:
    house.add(TOWNS[0])
    house.publish()
    (sighting,) = house.ledger.iter_sightings(SPIDER)
    assert sighting.record is not None
    house.ledger.save_extraction(sighting.sha256, "2", outcome=Outcome.OK, record=sighting.record)
    assert house.publish().status == "unchanged"


def test_the_delta_names_what_came_what_changed_and_what_went(house: House) -> None:
    for town in TOWNS[:2]:
        house.add(town)
    house.publish()
    house.add(TOWNS[0], extraction_record(f"栾川县{TOWNS[0]}人民政府", values={KEY: 7}), content="corrected")
    house.add(TOWNS[2])
    publication = house.publish()
    assert publication.delta == {"ADD": 1, "MOD": 1, "DEL": 0}
    added, changed = sorted(house.current("delta.jsonl"), key=lambda change: str(change["op"]))
    assert (added["op"], added["org_name"]) == ("ADD", f"洛阳市栾川县{TOWNS[2]}人民政府")
    assert changed["changes"][f"values.{KEY}"] == {"old": 0, "new": 7}
    assert changed["changes"]["version_no"] == {"old": 1, "new": 2}
    assert "last_seen" not in changed["changes"]
    (superseded,) = house.current("superseded.jsonl")
    assert (superseded["report_id"], superseded["version_no"], superseded["values"][KEY]) == (changed["report_id"], 1, 0)
    current = next(record for record in house.current() if record["report_id"] == changed["report_id"])
    assert current["supersedes"] == f"{changed['report_id']}/v1"


def test_no_report_at_all_never_empties_yesterdays_dataset(house: House, tmp_path: Path) -> None:
    house.add(TOWNS[0])
    first = house.publish()
    with Ledger(f"sqlite:///{tmp_path / 'empty.sqlite'}") as empty:
        publication = publish(empty, SPIDER, house.output, now=house.night)
    assert publication.status == "failed"
    failed = {failure.assertion for failure in publication.failures}
    assert failed == {"reports_exist", "count_floor", "numbers_floor", "organisations_lost"}
    assert publication.path.name == "20260111T020000Z.failed"
    report = json.loads((publication.path / "failed.json").read_text(encoding="utf-8"))
    assert report["current_stays"] == first.version
    assert len(house.current()) == 1


def test_too_few_reports_keep_the_last_good_version(house: House, tmp_path: Path) -> None:
    for town in TOWNS:
        house.add(town)
    house.publish()
    smaller = tmp_path / "smaller"
    smaller.mkdir()
    other = House(smaller)
    other.output, other.root = house.output, house.root
    for town in TOWNS[:8]:
        other.add(town)
    other.night = house.night
    failed = other.publish()
    assert [failure.assertion for failure in failed.failures] == ["count_floor", "numbers_floor", "organisations_lost"]
    assert len(house.current()) == 10
    # A ledger that does not know the current version yet is told of it.
    assert [row.status for row in other.ledger.publications(SPIDER)] == ["published", "failed"]
    accepted = other.publish(thresholds=Thresholds(count_floor=0.5, lost_organisations=0.2))
    assert (accepted.status, len(house.current())) == ("published", 8)
    assert accepted.delta == {"ADD": 0, "MOD": 0, "DEL": 2}
    other.ledger.close()


@pytest.mark.parametrize(
    ("change", "assertion"),
    [
        ({"checks": [{"id": "R3", "kind": "identity", "status": "fail", "detail": "1 != 0"}]}, "identity_pass_rate"),
        ({"org_name_raw": None}, "without_organisation"),
        ({"year": None}, "without_year"),
    ],
)
def test_a_share_beyond_its_limit_fails_a_large_dataset_only(house: House, change: dict[str, Any], assertion: str) -> None:
    for town in TOWNS:
        house.add(town, extraction_record(f"栾川县{town}人民政府", prose=town * 50) | change)
    assert house.publish(thresholds=Thresholds(shares_need_reports=11)).status == "published"
    failed = house.publish(thresholds=Thresholds(shares_need_reports=10), anew=True)
    assert [failure.assertion for failure in failed.failures] == [assertion]


def test_cells_that_could_not_be_read_stop_the_version(house: House) -> None:
    for town in TOWNS:
        record = extraction_record(f"栾川县{town}人民政府", prose=town * 50)
        absent = extraction_record(values=dict.fromkeys(list(record["cells"])[:30]))
        house.add(town, record | {"cells": absent["cells"], "values": absent["values"]})
    failed = house.publish(thresholds=Thresholds(shares_need_reports=10))
    assert [failure.assertion for failure in failed.failures] == ["unread_cells"]


def test_a_blank_that_carries_a_number_stops_the_version(house: House) -> None:
    house.add(TOWNS[0])
    house.publish()
    record = extraction_record(f"栾川县{TOWNS[1]}人民政府")
    record["cells"][KEY]["state"] = "blank"
    house.add(TOWNS[1], record)
    failed = house.publish()
    (failure,) = failed.failures
    assert failure.assertion == "schema"
    assert KEY in failure.message
    assert len(house.current()) == 1


def test_a_lost_pointer_is_put_back_though_nothing_changed(house: House) -> None:
    house.add(TOWNS[0])
    first = house.publish()
    (house.root / "current").unlink()
    second = house.publish()
    assert (second.status, second.repaired) == ("unchanged", True)
    assert (house.root / "current").readlink() == Path("versions") / first.version


def test_a_lost_pointer_is_put_back_though_the_new_version_fails(house: House, tmp_path: Path) -> None:
    house.add(TOWNS[0])
    house.publish()
    (house.root / "current").unlink()
    with Ledger(f"sqlite:///{tmp_path / 'empty.sqlite'}") as empty:
        assert publish(empty, SPIDER, house.output, now=house.night).repaired
    assert len(house.current()) == 1


def test_a_damaged_current_version_is_replaced(house: House) -> None:
    house.add(TOWNS[0])
    first = house.publish()
    (first.path / "reports.jsonl").write_text("", encoding="utf-8")
    second = house.publish()
    assert (second.status, len(house.current())) == ("published", 1)


def test_without_symbolic_links_current_is_a_text_file(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError("Operation not permitted")

    house.add(TOWNS[0])
    monkeypatch.setattr(Path, "symlink_to", refuse)
    first = house.publish()
    assert (house.root / "current").read_text(encoding="utf-8") == f"versions/{first.version}\n"
    assert house.publish().status == "unchanged"


def test_two_processes_do_not_publish_at_once(house: House) -> None:
    house.add(TOWNS[0])
    house.root.mkdir(parents=True)
    with (house.root / ".publish.lock").open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(PublishLockedError, match="another process"):
            house.publish()
    assert house.publish().status == "published"


def test_two_versions_of_one_second_have_two_names(house: House) -> None:
    house.add(TOWNS[0])
    names = [publish(house.ledger, SPIDER, house.output, now=NIGHT, anew=True).version for _ in range(3)]
    assert names == ["20260110T020000Z", "20260110T020000Z-02", "20260110T020000Z-03"]


def test_failed_versions_do_not_fill_the_disk(house: House) -> None:
    for _ in range(8):
        assert house.publish().status == "failed"
    assert len(house.versions()) <= 6
    assert house.versions()[-1] == "20260117T020000Z.failed"


def test_names_from_outside_never_become_paths(house: House) -> None:
    name = "栾川县../../../../etc/passwd\x00镇人民政府"
    house.add(TOWNS[0], extraction_record(name))
    publication = house.publish()
    (text,) = (publication.path / "text").iterdir()
    assert text.name == text_file_name(house.current()[0]["report_id"])
    assert ".." not in text.name
    assert "/" not in text.name


def test_a_very_long_name_still_has_a_file(house: House) -> None:
    house.add(TOWNS[0], extraction_record("栾川县" + "很长" * 300 + "镇人民政府"))
    publication = house.publish()
    assert publication.status == "published"
    assert len(list((publication.path / "text").iterdir())) == 1


def test_text_is_what_the_record_says(house: House) -> None:
    house.add(TOWNS[0])
    publication = house.publish()
    (record,) = house.current()
    text = (publication.path / "text" / text_file_name(record["report_id"])).read_text(encoding="utf-8")
    assert text == record["text"] + "\n"


def test_a_full_disk_leaves_current_and_no_half_version(house: House) -> None:
    house.add(TOWNS[0])
    first = house.publish()
    house.add(TOWNS[1])
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
    try:
        with pytest.raises(OSError, match="too large"):
            publish(house.ledger, SPIDER, house.output, now=house.night, divisions=DIVISIONS)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert house.versions() == [first.version]
    assert len(house.current()) == 1
    assert (house.publish().status, len(house.current())) == ("published", 2)


PUBLISHER = """
import sys
from datetime import UTC, datetime
from crawler.dataset.ledger import Ledger
from crawler.dataset.publish import publish
with Ledger(sys.argv[1]) as ledger:
    print("start", flush=True)
    publish(ledger, "henan_reports", sys.argv[2], now=datetime(2026, 2, 1, tzinfo=UTC), anew=True)
"""


def test_publishing_killed_anywhere_leaves_a_whole_current_version(house: House, tmp_path: Path) -> None:
    for town in TOWNS:
        for year in range(2019, 2024):
            record = extraction_record(f"栾川县{town}人民政府", year, prose=f"{town}{year}" * 30)
            house.add(f"{town}{year}", record)
    house.publish()
    command = [sys.executable, "-c", PUBLISHER, f"sqlite:///{tmp_path / 'ledger.sqlite'}", str(house.output)]
    for pause in (0.02, 0.15, 0.3, 0.5):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).resolve().parent.parent)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(pause)
        os.kill(process.pid, signal.SIGKILL)
        process.stdout.close()
        process.wait()
        assert len(house.current()) == 50
    final = house.publish(anew=True)
    assert not [name for name in house.versions() if name.endswith(".staging")]
    assert len(house.current()) == 50
    assert (house.root / "current").readlink().name == final.version
    assert not list(house.root.glob(".current.*"))


def test_the_same_ledger_gives_the_same_bytes(house: House, tmp_path: Path) -> None:
    for town in TOWNS:
        house.add(town, extraction_record(f"栾川县{town}人民政府", values={KEY: 7}))
    one = publish(house.ledger, SPIDER, tmp_path / "one", now=NIGHT, divisions=DIVISIONS)
    other = publish(house.ledger, SPIDER, tmp_path / "other", now=NIGHT, divisions=tuple(reversed(DIVISIONS)))
    # DuckDB numbers its blocks anew in every file: the content is the same (tests/test_formats.py), the bytes are not.
    subprocess.run(["diff", "-r", "-x", "dataset.duckdb", "-x", "manifest.json", one.path, other.path], check=True)
    manifests = [json.loads((version.path / "manifest.json").read_text("utf-8")) for version in (one, other)]
    for manifest in manifests:
        del manifest["files"]["dataset.duckdb"]
    assert manifests[0] == manifests[1]


def test_switch_keeps_readers_on_a_whole_version(house: House) -> None:
    house.add(TOWNS[0])
    first = house.publish()
    copy = first.path.with_name("20990101T000000Z")
    shutil.copytree(first.path, copy)
    switch(house.root, copy)
    assert (house.root / "current").readlink().name == copy.name


def test_a_neighbour_years_arrival_is_news_in_the_checks_alone(house: House) -> None:
    def report(year: int, **values: float) -> Record:
        return extraction_record(year=year, values={f"requests.{key}.total": value for key, value in values.items()})

    house.add("2023", report(2023, carried_in=3))
    house.publish()
    house.add("2022", report(2022, carried_out=4))
    house.publish()
    added, changed = house.current("delta.jsonl")
    assert (added["op"], added["year"], changed["op"], changed["year"]) == ("ADD", 2022, "MOD", 2023)
    assert set(changed["changes"]) == {"checks"}
    assert "X.carry.total" in {check["id"] for check in changed["changes"]["checks"]["new"] if check["status"] == "fail"}
    house.add("2024", report(2024))
    house.publish()
    assert [(change["op"], change["year"]) for change in house.current("delta.jsonl")] == [("ADD", 2024)]
