"""What is asserted of a version, what the ledger excuses, and who may publish all the same."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import pwd
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from scrapy.exceptions import UsageError
from scrapy.settings import Settings

from crawler.commands.publish import Command
from crawler.dataset.assertions import Thresholds
from crawler.dataset.ledger import Ledger
from crawler.dataset.model import Record
from crawler.dataset.publish import Override, Publication
from crawler.dataset.versions import publish_lock
from crawler.outcomes import Outcome

from .builders import extraction_record
from .publishing import SPIDER, TOWNS, House

OVERRIDE = Override("张三", "the county merged two towns")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.ledger.close()


def manifest(publication: Publication) -> dict[str, Any]:
    name = "manifest.json" if publication.status == "published" else "failed.json"
    content: dict[str, Any] = json.loads((publication.path / name).read_text(encoding="utf-8"))
    return content


def read_as(house: House, town: str, record: Record | None, outcome: Outcome = Outcome.OK) -> None:
    """A newer extractor reads the report of a town otherwise."""
    (sighting,) = (one for one in house.ledger.iter_sightings(SPIDER) if one.url.endswith(f"/{town}.html"))
    house.ledger.save_extraction(sighting.sha256, "2", outcome=outcome, record=record, at=house.night)


def published(house: House, towns: tuple[str, ...] = TOWNS) -> Publication:
    for town in towns:
        house.add(town)
    return house.publish()


def test_every_assertion_is_recorded_with_its_bound_and_what_was_found(house: House) -> None:
    first = manifest(published(house))
    found = {one["assertion"]: one for one in first["assertions"]}
    assert list(found) == [
        "reports_exist", "schema", "count_floor", "numbers_floor", "organisations_lost",
        "without_organisation", "without_year", "unread_cells", "identity_pass_rate",
    ]  # fmt: skip
    assert found["reports_exist"] == {
        "assertion": "reports_exist", "bound": "floor", "limit": 1, "found": 10, "passed": True, "message": "10 reports",
        "may_be_forced": False,
    }  # fmt: skip
    assert found["count_floor"]["passed"] is None  # nothing to compare with
    assert found["unread_cells"]["passed"] is None  # too few reports for a share
    house.add("嵩镇")
    second = {one["assertion"]: one for one in manifest(house.publish())["assertions"]}
    assert (second["count_floor"]["limit"], second["count_floor"]["found"], second["count_floor"]["passed"]) == (9.0, 11, True)
    assert second["numbers_floor"]["message"] == "2200 numbers where the last good version has 2000"
    assert second["organisations_lost"]["message"] == "0 of 10 organisations of the last good version are missing"


def test_a_dataset_that_lost_a_third_of_its_reports_is_not_published(house: House) -> None:
    good = published(house)
    for town in TOWNS[:3]:
        read_as(house, town, None, Outcome.NOT_A_REPORT)
    failed = house.publish()
    assert (failed.status, failed.path.name) == ("failed", "20260111T020000Z.failed")
    assert [failure.assertion for failure in failed.failures] == ["count_floor", "numbers_floor", "organisations_lost"]
    assert (house.root / "current").readlink().name == good.version
    assert len(house.current()) == 10
    (row,) = (row for row in house.ledger.publications(SPIDER) if row.status == "failed")
    assert row.reason == "count_floor, numbers_floor, organisations_lost"
    assert [one["assertion"] for one in manifest(failed)["assertions"] if one["passed"] is False] == row.reason.split(", ")


def test_numbers_that_turn_blank_stop_the_version_though_no_report_is_lost(house: House) -> None:
    published(house)
    for town in TOWNS[:2]:
        record = extraction_record(f"栾川县{town}人民政府", prose=f"{town}的话" * 60)
        read_as(
            house,
            town,
            extraction_record(
                f"栾川县{town}人民政府", prose=f"{town}的话" * 60, values=dict.fromkeys(record["cells"], "blank")
            ),
        )
    failed = house.publish()
    assert [failure.assertion for failure in failed.failures] == ["numbers_floor"]
    assert failed.failures[0].message == "1600 numbers where the last good version has 2000"


def test_an_organisation_that_is_no_longer_read_is_named(house: House) -> None:
    published(house)
    read_as(house, TOWNS[0], None, Outcome.NOT_A_REPORT)
    (failure,) = house.publish().failures
    assert (failure.assertion, failure.limit, failure.found) == ("organisations_lost", 0.05, 1)
    assert failure.message.endswith("1 without a reason that the ledger knows: 410324:赤土店镇人民政府 (1 now not_a_report)")


def test_an_organisation_that_another_name_took_over_is_named_with_it(house: House) -> None:
    published(house)
    read_as(house, TOWNS[0], extraction_record(f"栾川县{TOWNS[1]}人民政府", 2020, prose="别的话" * 60))
    (failure,) = house.publish().failures
    assert "410324:赤土店镇人民政府 (1 now told as 410324:陶湾镇人民政府)" in failure.message


def test_reports_of_a_ledger_begun_anew_are_missing_without_a_reason(house: House, tmp_path: Path) -> None:
    published(house)
    (tmp_path / "anew").mkdir()
    other = House(tmp_path / "anew")
    other.output, other.root, other.night = house.output, house.root, house.night
    for town in TOWNS[1:]:
        other.add(town)
    (failure,) = other.publish().failures
    other.ledger.close()
    assert "410324:赤土店镇人民政府 (1 not in the ledger)" in failure.message


def test_an_organisation_whose_reports_left_their_list_may_go(house: House) -> None:
    column = "http://lc.example/column/"
    for town in TOWNS:
        house.add(town)
    url = f"http://lc.example/{TOWNS[0]}.html"
    house.ledger.record_page(url, portal="lc", column_url=column, outcome=Outcome.OK)
    house.publish()
    assert house.ledger.mark_gone("lc", column, not_seen_since=house.night) == 1
    read_as(house, TOWNS[0], None, Outcome.NOT_A_REPORT)
    publication = house.publish()
    assert publication.status == "published"
    (lost,) = (one for one in manifest(publication)["assertions"] if one["assertion"] == "organisations_lost")
    assert (
        lost["message"] == "1 of 10 organisations of the last good version are missing, each for a reason that the ledger knows"
    )


def test_an_organisation_whose_report_was_replaced_at_its_address_may_go(house: House) -> None:
    published(house)
    read_as(house, TOWNS[0], None, Outcome.NOT_A_REPORT)
    house.add(TOWNS[0], extraction_record("栾川县新镇人民政府", prose="新镇的话" * 60), content="the right file at last")
    assert house.publish().status == "published"
    assert "410324:赤土店镇人民政府" not in {record["org_id"] for record in house.current()}


def test_an_organisation_told_better_by_a_copy_on_another_portal_may_go(house: House) -> None:
    house.ledger.record_portal(
        SPIDER, "ly", name="洛阳市人民政府", region="河南省/洛阳市", region_code="410300", home="http://ly.example/",
        outcome=Outcome.OK,
    )  # fmt: skip
    record = extraction_record("新添镇人民政府", prose="新添镇的话" * 60)
    for portal, name in (("ly", "on the city's portal"), ("lc", "on the county's")):
        url, sha256 = f"http://{portal}.example/1.html", hashlib.sha256(name.encode()).hexdigest()
        house.ledger.record_page(url, portal=portal, outcome=Outcome.OK, title=name)
        house.ledger.record_document(
            url, page_url=url, role="body", outcome=Outcome.OK, sha256=sha256, media_type="text/html", path=f"{sha256}.html"
        )
        house.ledger.save_extraction(sha256, "1", outcome=Outcome.OK, record=record)
        publication = house.publish()
        assert publication.status == "published", publication.failures
        assert {one["org_id"] for one in house.current()} == {f"{'410300' if portal == 'ly' else '410324'}:新添镇人民政府"}
    (lost,) = (one for one in manifest(publication)["assertions"] if one["assertion"] == "organisations_lost")
    assert lost["message"].startswith("1 of 1 organisations of the last good version are missing, each for a reason")


def test_a_share_of_lost_organisations_may_be_allowed(house: House) -> None:
    published(house)
    read_as(house, TOWNS[0], None, Outcome.NOT_A_REPORT)
    assert house.publish(thresholds=Thresholds(lost_organisations=0.1)).status == "published"


def test_a_forced_version_says_who_why_and_in_spite_of_what(house: House) -> None:
    published(house)
    for town in TOWNS[:3]:
        read_as(house, town, None, Outcome.NOT_A_REPORT)
    assert house.publish().status == "failed"
    forced = house.publish(override=OVERRIDE)
    names = ["count_floor", "numbers_floor", "organisations_lost"]
    assert (forced.status, [failure.assertion for failure in forced.failures]) == ("published", names)
    assert manifest(forced)["forced"] == {
        "by": "张三", "at": "2026-01-12T02:00:00Z", "reason": "the county merged two towns", "failed": names,
    }  # fmt: skip
    assert [one["assertion"] for one in manifest(forced)["assertions"] if one["passed"] is False] == names
    assert len(house.current()) == 7
    # The ledger remembers when the version is long pruned, and a night without news does not wash it out.
    assert house.publish().status == "unchanged"
    row = house.ledger.publications(SPIDER)[-1]
    told = "forced by 张三 at 2026-01-12T02:00:00Z in spite of count_floor, numbers_floor, organisations_lost: the county merged two towns"
    assert (row.version, row.status, row.reason) == (forced.version, "published", told)
    # What comes next is held against the forced version.
    house.add(TOWNS[0], content="read again")
    following = manifest(house.publish())
    assert (following["previous_version"], following["forced"]) == (forced.version, None)
    assert next(one for one in following["assertions"] if one["assertion"] == "count_floor")["limit"] == 0.9 * 7


def test_forcing_what_holds_is_no_forcing(house: House) -> None:
    for town in TOWNS:
        house.add(town)
    publication = house.publish(override=OVERRIDE)
    assert (publication.status, publication.forced, manifest(publication)["forced"]) == ("published", None, None)


def test_what_no_version_can_be_without_is_not_forced(house: House, tmp_path: Path) -> None:
    good = published(house)
    record = extraction_record(f"栾川县{TOWNS[0]}人民政府")
    record["cells"]["requests.granted.total"]["state"] = "blank"  # though it carries a number
    read_as(house, TOWNS[0], record)
    failed = house.publish(override=OVERRIDE)
    assert failed.status == "failed"
    assert "schema" in {failure.assertion for failure in failed.failures}
    with Ledger(f"sqlite:///{tmp_path / 'empty.sqlite'}") as empty:
        house.ledger, kept = empty, house.ledger
        assert house.publish(override=OVERRIDE).status == "failed"
        house.ledger = kept
    assert (house.root / "current").readlink().name == good.version


def scrapy_publish(house: House, *options: str, first: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    command = [*first, sys.executable, "-m", "scrapy", "publish", SPIDER, "-s", f"OUTPUT_DIR={house.output}", *options]
    environment = os.environ | {"DATABASE_URL": f"sqlite:///{house.output.parent / 'ledger.sqlite'}"}
    root = Path(__file__).resolve().parent.parent
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=120, check=False)


def test_force_without_a_reason_is_refused(house: House) -> None:
    published(house, TOWNS[:1])
    done = scrapy_publish(house, "--force")
    assert (done.returncode, done.stdout) == (2, "")
    assert '--force needs --reason "...": it is recorded with the version' in done.stderr
    assert len(house.versions()) == 1


@pytest.mark.parametrize("options", ["--force --reason=", "--force --reason=\t", "--reason=why", "--by=me"])
def test_force_and_its_reason_go_together(options: str) -> None:
    parser = argparse.ArgumentParser()
    command = Command()
    command.settings = Settings()
    command.add_options(parser)
    with pytest.raises(UsageError, match="--reason"):
        command.run([], parser.parse_args(options.split(" ")))


def test_the_command_refuses_forces_records_and_prunes(house: House) -> None:
    published(house)
    for town in TOWNS[:3]:
        read_as(house, town, None, Outcome.NOT_A_REPORT)
    refused = scrapy_publish(house)
    assert refused.returncode == 2
    assert "NOT published" in refused.stdout
    assert "organisations_lost: 3 of 10 organisations" in refused.stdout
    forced = scrapy_publish(house, "--force", "--reason", "three towns  were\nmerged", "-s", "PUBLISH_KEEP_FAILED=0")
    assert forced.returncode == 0, forced.stderr
    user = pwd.getpwuid(os.getuid()).pw_name
    assert f"Forced       forced by {user} at " in forced.stdout
    assert "three towns were merged" in forced.stdout
    assert "Pruned       1 old versions (" in forced.stdout
    assert house.ledger.publications(SPIDER)[-1].reason.endswith("organisations_lost: three towns were merged")
    assert len(house.current()) == 7


def test_the_command_waits_for_no_other(house: House) -> None:
    published(house, TOWNS[:1])
    with publish_lock(house.root):
        done = scrapy_publish(house)
    assert (done.returncode, done.stdout) == (75, "")
    assert "another process is publishing henan_reports" in done.stderr


def test_the_command_says_that_the_dataset_cannot_be_written(house: House) -> None:
    published(house, TOWNS[:1])
    house.add(TOWNS[1])
    done = scrapy_publish(house, first=("bash", "-c", """ulimit -f 100; trap '' XFSZ; exec "$@" """, "bash"))
    assert (done.returncode, done.stdout) == (1, "")
    assert f"publishing under {house.root} broke off:" in done.stderr
    assert "Traceback" not in done.stderr
    assert len(house.current()) == 1
