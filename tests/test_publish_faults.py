"""Publishing by real processes that are killed, halted or run out of disk at every stage.

Whatever happens, `current` is whole afterwards, and the next plain run leaves what an undisturbed run leaves: the same bytes,
the same diary, nothing beside.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from crawler.dataset.ledger import Ledger

from .publish_child import LOCKED, NOT_WRITTEN, NOW, PUBLISHED
from .publishing import SPIDER, TOWNS, House, faults_of_current

ROOT = Path(__file__).resolve().parent.parent

STAGES = {
    "before staging": "os.mkdir {new}.staging",
    "reports.jsonl": "open {new}.staging/reports.jsonl w",
    "reports.csv": "open {new}.staging/reports.csv w",
    "cells.csv": "open {new}.staging/cells.csv w",
    "text, after the Parquet files": "os.mkdir {new}.staging/text",
    "organisations.jsonl": "open {new}.staging/organisations.jsonl w",
    "superseded.jsonl": "open {new}.staging/superseded.jsonl w",
    "problems.jsonl": "open {new}.staging/problems.jsonl w",
    "reports.dta, after DuckDB": "open {new}.staging/reports.dta w",
    "delta.jsonl": "open {new}.staging/delta.jsonl w",
    "report.html": "open {new}.staging/report.html w",
    "codebook.csv": "open {new}.staging/codebook.csv w",
    "reports.xlsx": "open {new}.staging/reports.xlsx w+",
    "datapackage.json": "open {new}.staging/datapackage.json w",
    "manifest.json": "open {new}.staging/manifest.json w",
    "announcing": "open henan_reports/.publishing w",
    "naming": "os.rename {new}.staging -> {new}",
    "after staging, before the switch": "os.symlink versions/20260201T020000Z -> henan_reports/.current.TEMPORARY",
    "the switch": "os.rename henan_reports/.current.TEMPORARY -> henan_reports/current",
    "after the switch, before the ledger": "os.remove henan_reports/.publishing",
    "after the ledger, before pruning": "os.rename {old} -> {old}.removing",
    "during pruning": "os.remove reports.jsonl",
}
"""What a run is about to do at each stage, in the words of its own audit events."""

NEW, OLD = (f"henan_reports/versions/{name}" for name in ("20260201T020000Z", "20260110T020000Z"))

QUICK = (
    "before staging",
    "cells.csv",
    "text, after the Parquet files",
    "reports.dta, after DuckDB",
    "manifest.json",
    "naming",
    "after staging, before the switch",
    "the switch",
    "after the switch, before the ledger",
    "after the ledger, before pruning",
    "during pruning",
)


class Stage:
    """A dataset of two versions with news waiting, copied afresh for each fault, and the process that forks publishers."""

    def __init__(self, folder: Path) -> None:
        self.template, self.folder = folder / "template", folder / "work"
        self.template.mkdir()
        house = House(self.template)
        for number in (2, 3, 4):
            for town in TOWNS[:number]:
                house.add(town)
            if number < 4:
                house.publish()
        house.ledger.close()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.publish_child"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, text=True
        )
        self.fresh()
        self.events: list[str] = self.order("count")["events"]
        self.undisturbed = self.state()

    def fresh(self) -> None:
        """The dataset before the run."""
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(self.template, self.folder, symlinks=True)

    def order(self, do: str, **how: Any) -> dict[str, Any]:
        """What came of an order to the forking process."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"do": do, "folder": str(self.folder), **how}) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    @property
    def root(self) -> Path:
        return self.folder / "output" / SPIDER

    def state(self) -> dict[str, Any]:
        """All that a run leaves: names, digests, the diary."""
        manifest = json.loads((self.root / "current" / "manifest.json").read_text(encoding="utf-8"))
        # DuckDB numbers its blocks anew in every file: the same content in other bytes.
        manifest["files"].pop("dataset.duckdb")
        with Ledger(f"sqlite:///{self.folder / 'ledger.sqlite'}") as ledger:
            diary = ledger.publications(SPIDER)
        return {
            "names": sorted(str(path.relative_to(self.root)) for path in (*self.root.iterdir(), *self.root.glob("versions/*"))),
            "current": os.readlink(self.root / "current"),  # noqa: PTH115 - as it is written
            "manifest": manifest,
            "diary": diary,
        }

    def place(self, stage: str) -> int:
        """The number of the event at which a stage begins."""
        return self.events.index(STAGES[stage].format(new=NEW, old=OLD))

    def assert_repaired(self, what: str) -> None:
        """`current` is whole at once, and one plain run leaves what an undisturbed one leaves."""
        assert faults_of_current(self.root) == [], what
        assert self.order("plain") == {"status": PUBLISHED}, what
        assert faults_of_current(self.root) == [], what
        assert self.state() == self.undisturbed, what

    def close(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(timeout=30)
        self.process.stdout.close()


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    stage = Stage(tmp_path_factory.mktemp("publishing"))
    yield stage
    stage.close()


def test_an_undisturbed_run_passes_every_stage_in_order(stage: Stage) -> None:
    places = [stage.place(name) for name in STAGES]
    assert places == sorted(places)
    assert stage.undisturbed["current"] == "versions/20260201T020000Z"
    versions = [name for name in stage.undisturbed["names"] if name.startswith("versions/")]
    assert versions == ["versions/20260111T020000Z", "versions/20260201T020000Z"]  # the oldest made room
    assert [row.status for row in stage.undisturbed["diary"]] == ["published"] * 3


@pytest.mark.parametrize("name", QUICK)
def test_a_run_killed_at_a_stage_is_repaired_by_the_next(stage: Stage, name: str) -> None:
    stage.fresh()
    assert stage.order("kill", at=stage.place(name)) == {"status": -signal.SIGKILL}
    stage.assert_repaired(name)


def test_a_version_that_the_ledger_missed_is_entered_before_the_next(stage: Stage) -> None:
    stage.fresh()
    assert stage.order("kill", at=stage.place("after the switch, before the ledger")) == {"status": -signal.SIGKILL}
    house = House(stage.folder)
    assert [row.version for row in house.ledger.publications(SPIDER)] == ["20260110T020000Z", "20260111T020000Z"]
    house.add(TOWNS[4])
    house.night = NOW + timedelta(days=1)
    house.publish()
    missed, last = house.ledger.publications(SPIDER)[2:]
    house.ledger.close()
    assert (missed.version, missed.status, missed.counts["reports"]) == ("20260201T020000Z", "published", 4)
    assert (last.version, last.counts["delta"]) == ("20260202T020000Z", {"ADD": 1, "MOD": 0, "DEL": 0})


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_a_run_killed_before_any_file_event_is_repaired_by_the_next(stage: Stage) -> None:
    for number, event in enumerate(stage.events):
        stage.fresh()
        assert stage.order("kill", at=number) == {"status": -signal.SIGKILL}, event
        stage.assert_repaired(event)
    sys.stdout.write(f"killed before each of {len(stage.events)} file events of a publication; repaired every time\n")


def assert_refused(stage: Stage, places: list[int]) -> None:
    """Another process that publishes while a run stands at each of these events is told to wait, and disturbs nothing."""
    stage.fresh()
    answer = stage.order("stop", at=places)
    assert (answer["status"], answer["halts"], answer["faults"]) == (PUBLISHED, len(places), [])
    assert answer["others"] == [LOCKED] * len(places)
    assert stage.state() == stage.undisturbed


def test_a_second_process_is_refused_at_every_stage(stage: Stage) -> None:
    assert_refused(stage, [stage.place(name) for name in STAGES])


@pytest.mark.soak
def test_a_second_process_is_refused_before_any_file_event(stage: Stage) -> None:
    lock = next(number for number, event in enumerate(stage.events) if ".publish.lock" in event)
    places = list(range(lock + 1, len(stage.events)))
    assert_refused(stage, places)
    sys.stdout.write(f"a second process was refused before each of {len(places)} file events of a publication\n")


def half_sizes(stage: Stage) -> list[int]:
    """Half the length of each file of a version: a limit that each file in turn is the first to exceed."""
    return sorted({path.stat().st_size // 2 for path in (stage.root / "current").iterdir() if path.is_file()} - {0})


@pytest.mark.parametrize("deadly", [True, False], ids=["killed", "refused"])
def test_a_write_that_breaks_off_is_repaired_by_the_next_run(stage: Stage, deadly: bool) -> None:
    stage.fresh()
    assert stage.order("plain") == {"status": PUBLISHED}
    sizes = half_sizes(stage)
    for size in (sizes[len(sizes) // 2], sizes[-1]):
        stage.fresh()
        assert stage.order("limit", size=size, deadly=deadly) == {"status": -signal.SIGXFSZ if deadly else NOT_WRITTEN}, size
        stage.assert_repaired(f"no file beyond {size} bytes")


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_every_write_that_breaks_off_is_repaired_by_the_next_run(stage: Stage) -> None:
    stage.fresh()
    assert stage.order("plain") == {"status": PUBLISHED}
    sizes = half_sizes(stage)
    for size in sizes:
        for deadly, status in ((True, -signal.SIGXFSZ), (False, NOT_WRITTEN)):
            stage.fresh()
            assert stage.order("limit", size=size, deadly=deadly) == {"status": status}, size
            stage.assert_repaired(f"no file beyond {size} bytes")
    sys.stdout.write(f"writes broken off at {len(sizes)} lengths, by death and by error; repaired every time\n")


@pytest.fixture
def small_disk(stage: Stage, tmp_path: Path) -> Iterator[Path]:
    """A file system of its own for the work folder, which can be made smaller and larger; root alone may mount one."""
    if shutil.which("mount") is None:
        pytest.skip("no mount on the PATH; the limit on file sizes is tested instead")
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", disk], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}; the limit on file sizes is tested instead")
    kept, stage.folder = stage.folder, disk / "work"
    try:
        yield disk
    finally:
        stage.folder = kept
        subprocess.run(["umount", disk], check=True)


def fill_up(stage: Stage, disk: Path, room: int) -> None:
    """Leaves that many KiB on the disk of a fresh dataset, whose ledger is on it too."""
    resize(disk, "64m")
    stage.fresh()
    used = shutil.disk_usage(disk).used // 1024
    resize(disk, f"{used + room}k")


def resize(disk: Path, size: str) -> None:
    subprocess.run(["mount", "-o", f"remount,size={size}", disk], check=True)


def assert_full_disk_is_survived(stage: Stage, disk: Path, room: int) -> bool:
    """Whether the disk was full before the run ended."""
    fill_up(stage, disk, room)
    status = stage.order("plain")["status"]
    assert faults_of_current(stage.root) == []
    resize(disk, "64m")
    stage.assert_repaired(f"a disk with {room} KiB left")
    return bool(status != PUBLISHED)


def test_a_full_disk_is_survived(stage: Stage, small_disk: Path) -> None:
    for room in (0, 400, 1600):
        assert assert_full_disk_is_survived(stage, small_disk, room), room


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_a_disk_that_fills_anywhere_is_survived(stage: Stage, small_disk: Path) -> None:
    full = [room for room in range(0, 4096, 32) if assert_full_disk_is_survived(stage, small_disk, room)]
    sys.stdout.write(
        f"publication met a full disk with {len(full)} sizes of room from {full[0]} to {full[-1]} KiB; repaired every time\n"
    )
    assert len(full) > 40
