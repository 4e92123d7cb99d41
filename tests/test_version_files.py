"""Files of a version written in a second process: the same bytes, and nothing lost whatever becomes of either process."""

from __future__ import annotations

import errno
import hashlib
import json
import logging
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from crawler.dataset import version_files
from crawler.dataset.exporters.derived import BESIDE
from crawler.dataset.exporters.version import DatasetVersion
from crawler.dataset.model import Record
from crawler.dataset.version_files import VersionFiles, VersionFilesElsewhere

from .builders import extraction_record
from .publishing import NIGHT, TOWNS, House
from .test_exporters import published

ROOT = Path(__file__).resolve().parent.parent
NOT_REPRODUCIBLE = "dataset.duckdb"


def records(count: int) -> list[Record]:
    one = published(extraction_record())
    return [one | {"report_id": f"410324:{number:06}镇:2023:own"} for number in range(count)]


def add_all(files: VersionFilesElsewhere, count: int) -> None:
    for record in records(count):
        files.add(record)


def digests(folder: Path) -> dict[str, str]:
    files = {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}
    return {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items() if name != NOT_REPRODUCIBLE}


def writers() -> list[int]:
    """The second processes of this one, which may have started servers, too."""
    numbers = [int(number) for task in Path("/proc/self/task").glob("*/children") for number in task.read_text().split()]
    return [number for number in numbers if b"second_process" in Path(f"/proc/{number}/cmdline").read_bytes()]


def is_alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def the_child(files: VersionFilesElsewhere) -> int:
    return files._process._process.pid


def test_both_ways_write_the_same_bytes_and_give_the_same_digest(tmp_path: Path) -> None:
    told = []
    for name, make in (("here", VersionFiles), ("elsewhere", VersionFilesElsewhere)):
        (tmp_path / name).mkdir()
        with make(tmp_path / name) as files:
            for record in records(120):
                files.add(record)
            files.end_current()
            files.add_superseded(records(1)[0])
            content = files.close()
            for write in BESIDE:
                files.derive(write, DatasetVersion("henan_reports", "1", NIGHT))
            files.wait()
        told.append((content, digests(tmp_path / name)))
    assert told[0] == told[1]
    assert len(told[0][1]) == 128
    assert (tmp_path / "elsewhere" / "text").is_dir()
    assert (tmp_path / "elsewhere" / NOT_REPRODUCIBLE).stat().st_size > 0
    assert len((tmp_path / "elsewhere" / "superseded.jsonl").read_text(encoding="utf-8").splitlines()) == 1


def test_a_dataset_is_the_same_whichever_process_writes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    manifests = []
    for name, least in (("here", 500), ("elsewhere", 1)):
        monkeypatch.setattr(version_files, "ELSEWHERE_FROM", least)
        (tmp_path / name).mkdir()
        house = House(tmp_path / name)
        for town in TOWNS[:3]:
            house.add(town)
        house.publish()
        house.add(
            TOWNS[1], extraction_record(f"栾川县{TOWNS[1]}人民政府", values={"requests.granted.total": 3}), content="anew"
        )
        assert house.publish().status == "published"
        manifest = json.loads((house.root / "current" / "manifest.json").read_text(encoding="utf-8"))
        manifest["files"].pop(NOT_REPRODUCIBLE)
        manifests.append(manifest)
        house.ledger.close()
    assert manifests[0] == manifests[1]
    assert writers() == [], "the other process is gone"


def test_a_process_that_is_killed_is_an_error_and_the_next_run_publishes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(version_files, "ELSEWHERE_FROM", 1)
    house = House(tmp_path)
    house.add(TOWNS[0])
    before = house.publish()
    house.add(TOWNS[1])

    def kill() -> None:
        while not (found := writers()):
            time.sleep(0.005)
        os.kill(found[0], signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    with pytest.raises(OSError, match=r"ended before it was done \(SIGKILL\); do it again"):
        house.publish()
    killer.join()
    assert (house.root / "current").resolve() == before.path
    assert house.versions() == [before.version], "nothing half-written stays"
    assert house.publish().counts["reports"] == 2
    house.ledger.close()


def test_a_full_disk_over_there_is_an_error_here(tmp_path: Path) -> None:
    with VersionFilesElsewhere(tmp_path) as files:
        resource.prlimit(the_child(files), resource.RLIMIT_FSIZE, (100_000, 100_000))
        with pytest.raises(OSError, match="File too large") as caught:
            add_all(files, 200)
    assert caught.value.errno == errno.EFBIG


def test_a_fault_of_ours_over_there_is_raised_here_with_its_place(tmp_path: Path) -> None:
    with VersionFilesElsewhere(tmp_path) as files:
        files.add({"report_id": "1"})
        with pytest.raises(KeyError) as caught:
            files.close()
    assert "version_files.py" in caught.value.__notes__[0]


def test_what_is_logged_over_there_is_logged_here(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING), VersionFilesElsewhere(tmp_path) as files:
        files.add(records(1)[0] | {"published_date": "2024-02-30"})
        files.close()
    assert [(record.name, record.levelname) for record in caplog.records] == [
        ("crawler.dataset.exporters.parquet_file", "WARNING")
    ]
    assert "'2024-02-30' is no day of the calendar" in caplog.text


def test_the_other_process_does_not_outlive_its_owner(tmp_path: Path) -> None:
    owner = (
        "import os, signal, sys; from pathlib import Path; from crawler.dataset.version_files import VersionFilesElsewhere;"
        "files = VersionFilesElsewhere(Path(sys.argv[1])); files.end_current(); files._process.wait();"
        "print(files._process._process.pid, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", owner, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    child, deadline = int(done.stdout), time.monotonic() + 10
    while is_alive(child) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not is_alive(child)
