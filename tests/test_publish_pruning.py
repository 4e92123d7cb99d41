"""Which versions stay, which go, and that nothing else ever does."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from crawler.dataset.pruning import Retention, prune
from crawler.publication import publication_lines

from .builders import extraction_record
from .publishing import NIGHT, TOWNS, House

NOTHING = Retention(versions=0, days=0, failed=0)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six nights with news, nothing pruned."""
    folder = tmp_path_factory.mktemp("six nights")
    house = House(folder)
    for town in TOWNS[:6]:
        house.add(town)
        house.publish(retention=Retention(versions=6))
    house.ledger.close()
    assert len(house.versions()) == 6
    return folder


@pytest.fixture
def six(template: Path, tmp_path: Path) -> Iterator[House]:
    shutil.copytree(template, tmp_path / "house", symlinks=True)
    house = House(tmp_path / "house")
    house.night += timedelta(days=6)
    yield house
    house.ledger.close()


def days(house: House) -> list[int]:
    return [int(name[6:8]) for name in house.versions()]


@pytest.mark.parametrize(
    ("retention", "kept"),
    [
        (Retention(versions=6, days=0), [10, 11, 12, 13, 14, 15]),
        (Retention(versions=3, days=0), [13, 14, 15]),
        (Retention(versions=0, days=3), [12, 13, 14, 15]),
        (Retention(versions=5, days=2), [11, 12, 13, 14, 15]),
        (Retention(versions=0, days=0), [14, 15]),  # the current one and the base of its delta
        (Retention(versions=0, days=10**9), [10, 11, 12, 13, 14, 15]),
    ],
)
def test_a_version_stays_while_it_is_one_of_the_newest_or_young(six: House, retention: Retention, kept: list[int]) -> None:
    last = NIGHT + timedelta(days=5)
    pruned = prune(six.root, retention, last)
    assert days(six) == kept
    assert (len(pruned.removed), pruned.kept, pruned.errors) == (6 - len(kept), len(kept), ())
    assert prune(six.root, retention, last).removed == ()


def test_what_is_current_stays_though_it_is_the_oldest(six: House) -> None:
    pointer = six.root / "current"
    pointer.unlink()
    pointer.symlink_to("versions/20260111T020000Z")  # someone went back
    prune(six.root, NOTHING, six.night)
    assert days(six) == [10, 11]  # and the base of its delta
    assert len(six.current()) == 2


def test_a_damaged_version_that_is_current_stays(six: House) -> None:
    (six.root / "current" / "reports.csv").unlink()
    prune(six.root, NOTHING, six.night)
    assert days(six) == [14, 15]


def test_without_a_pointer_no_version_goes(six: House) -> None:
    (six.root / "current").unlink()
    assert prune(six.root, NOTHING, six.night).removed == ()


def test_old_versions_go_when_another_becomes_current_and_it_is_said(six: House) -> None:
    six.add(TOWNS[6])
    publication = six.publish(retention=Retention(versions=2, days=0))
    assert days(six) == [15, 16]
    assert publication.pruned.removed == tuple(f"202601{day}T020000Z" for day in range(10, 15))
    names = ", ".join(publication.pruned.removed)
    assert f"Pruned       5 old versions ({names}); 2 are kept" in publication_lines(publication)


def test_a_version_that_fails_makes_no_other_go_but_failed_ones(six: House) -> None:
    six.night += timedelta(days=100)
    for town in TOWNS[:6]:
        six.add(town, extraction_record(f"栾川县{town}人民政府", year=None), content="broken")
    (sighting, *_) = six.ledger.iter_sightings("henan_reports")
    record = extraction_record()
    record["cells"]["requests.granted.total"]["state"] = "blank"
    six.ledger.save_extraction(sighting.sha256, "2", outcome=sighting.outcome, record=record, at=six.night)
    for _ in range(3):
        assert six.publish(retention=Retention(versions=0, days=0, failed=2)).status == "failed"
    assert [name.endswith(".failed") for name in six.versions()] == [False] * 6 + [True] * 2


def test_failed_versions_have_a_policy_of_their_own(six: House) -> None:
    for day in range(10, 14):
        shutil.copytree(six.root / "current", six.root / "versions" / f"202512{day}T020000Z.failed")
    prune(six.root, Retention(versions=9, days=0, failed=1), six.night)
    assert [name for name in six.versions() if name.endswith(".failed")] == ["20251213T020000Z.failed"]
    assert len(six.versions()) == 7


def test_nothing_else_is_removed_and_no_link_is_followed(six: House, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious.txt").write_text("kept", encoding="utf-8")
    versions = six.root / "versions"
    (versions / "20200101T000000Z").symlink_to(outside)  # a version moved elsewhere by hand
    (versions / "20200102T000000Z.staging").symlink_to(outside)
    (versions / "20200103T000000Z.failed").symlink_to(outside)
    (versions / "20260110T020000Z" / "text" / "elsewhere").symlink_to(outside)
    (versions / "my backup").mkdir()
    (versions / "20200104T000000Z.bak").mkdir()
    (versions / "README").write_text("mine", encoding="utf-8")
    (six.root / "20200105T000000Z").mkdir()
    os.link(outside / "precious.txt", versions / "20260110T020000Z" / "linked.txt")
    six.add(TOWNS[6])
    publication = six.publish(retention=NOTHING)
    assert publication.pruned.errors == ()
    assert (outside / "precious.txt").read_text(encoding="utf-8") == "kept"
    assert six.versions() == [
        "20200101T000000Z", "20200102T000000Z.staging", "20200103T000000Z.failed", "20200104T000000Z.bak",
        "20260115T020000Z", "20260116T020000Z", "README", "my backup",
    ]  # fmt: skip
    assert (six.root / "20200105T000000Z").is_dir()


def test_a_folder_that_is_no_version_is_never_put_in_place_of_a_lost_one(six: House) -> None:
    shutil.copytree(six.root / "current", six.root / "versions" / "old copy")
    (six.root / "current").unlink()
    six.publish()
    assert (six.root / "current").readlink() == Path("versions/20260115T020000Z")


def test_what_cannot_be_removed_is_told_and_stops_nothing(six: House) -> None:
    stuck = six.root / "versions" / "20260110T020000Z"
    six.add(TOWNS[6])
    (six.root / "versions" / "20260110T020000Z.removing").write_text("in the way", encoding="utf-8")
    publication = six.publish(retention=NOTHING)
    assert (publication.status, days(six)[-2:]) == ("published", [15, 16])
    (error,) = publication.pruned.errors
    assert error.startswith("20260110T020000Z cannot be removed: ")
    assert stuck.is_dir()
    assert f"Not removed  {error}; remove it by hand" in publication_lines(publication)
