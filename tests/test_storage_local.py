"""The folder of documents: whole under their names, or not there, also on a full disk and when the process is killed."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from crawler.storage.local import LocalStore
from crawler.storage.names import content_path
from crawler.storage.store import keep

ROOT = Path(__file__).resolve().parent.parent


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_storing_again_writes_nothing(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    _, path = keep(store, b"content", "text/html")
    before = (tmp_path / path).stat()
    keep(store, b"content", "text/html")
    assert (tmp_path / path).stat().st_ino == before.st_ino
    assert files(tmp_path) == [path]


def test_a_torn_file_of_earlier_days_is_mended(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    _, path = keep(store, b"whole content", "text/html")
    (tmp_path / path).write_bytes(b"whole")
    keep(store, b"whole content", "text/html")
    assert (tmp_path / path).read_bytes() == b"whole content"


def test_a_child_gets_the_file_itself(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    _, path = keep(store, b"content", "text/html")
    with store.local(path) as file:
        assert file == tmp_path / path


LIMITED = """
import resource, sys
from pathlib import Path
from crawler.storage.local import LocalStore
from crawler.storage.store import keep
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    keep(LocalStore(Path(sys.argv[1])), b"x" * 500_000, "application/pdf")
except OSError as error:
    print(error.errno, error.filename)
"""


def test_a_file_that_does_not_fit_leaves_nothing(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", LIMITED, tmp_path], capture_output=True, text=True, check=True, cwd=ROOT)
    sha256 = hashlib.sha256(b"x" * 500_000).hexdigest()
    assert done.stdout.split() == ["27", str(tmp_path / sha256[:2] / f"{sha256}.pdf")]
    assert files(tmp_path) == []


def test_a_full_disk_leaves_what_was_stored_and_the_next_run_repairs(small_disk: Path) -> None:
    store = LocalStore(small_disk)
    _, kept = keep(store, b"a" * 600_000, "application/pdf")
    with pytest.raises(OSError, match="No space left") as caught:
        keep(store, b"b" * 600_000, "application/pdf")
    assert caught.value.filename.endswith(".pdf")
    assert files(small_disk) == [kept]
    (small_disk / kept).unlink()
    _, second = keep(store, b"b" * 600_000, "application/pdf")
    assert (small_disk / second).stat().st_size == 600_000


STORING = """
import sys
from pathlib import Path
from crawler.storage.local import LocalStore
from crawler.storage.store import keep
store = LocalStore(Path(sys.argv[1]))
print("start", flush=True)
for number in range(10_000):
    keep(store, number.to_bytes(4, "big") * 100_000, "application/pdf")
"""


def test_a_killed_run_leaves_only_whole_files_under_their_names(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", STORING, tmp_path], stdout=subprocess.PIPE, cwd=ROOT)
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(0.4)
    os.kill(process.pid, signal.SIGKILL)
    process.stdout.close()
    process.wait()
    store = LocalStore(tmp_path)
    stored = list(store.paths())
    assert stored
    for path in stored:
        store.read(path)
    store.remove_temporary_files()
    assert files(tmp_path) == stored


def test_of_several_contents_each_that_cannot_be_kept_says_so_and_costs_no_other(small_disk: Path) -> None:
    store = LocalStore(small_disk)
    contents = [b"a" * 300_000, b"b" * 900_000, b"c" * 300_000]
    paths = [content_path(hashlib.sha256(content).hexdigest(), "application/pdf") for content in contents]
    first, second, third = store.put_all(list(zip(paths, contents, strict=True)))
    assert (first, third) == (None, None)
    assert second is not None
    assert "No space left" in str(second)
    assert second.filename == str(small_disk / paths[1])
    assert files(small_disk) == sorted([paths[0], paths[2]])
    assert store.read(paths[2]) == contents[2]


def test_the_same_content_twice_at_once_is_one_file(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    path = content_path(hashlib.sha256(b"content").hexdigest(), "text/html")
    assert store.put_all([(path, b"content")] * 2) == [None, None]
    assert files(tmp_path) == [path]
