"""The archive of documents: whole under their names, or not there."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.dataset.attachments import SUFFIXES, AtomicFSFilesStore, content_path, remove_temporary_files, safe_store

ROOT = Path(__file__).resolve().parent.parent
INFO: Any = None
"""The store needs nothing of the spider that Scrapy passes along."""


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_the_name_is_the_content_and_the_suffix_what_was_sniffed(tmp_path: Path) -> None:
    content = b"%PDF-1.7 ..."
    sha256, path = safe_store(tmp_path, content, "application/pdf")
    assert sha256 == hashlib.sha256(content).hexdigest()
    assert path == f"{sha256[:2]}/{sha256}.pdf"
    assert (tmp_path / path).read_bytes() == content
    assert files(tmp_path) == [path]


def test_a_file_is_stored_as_its_bytes_are(tmp_path: Path) -> None:
    source = tmp_path / "given.doc"
    source.write_bytes(b"x" * 3_000_000)
    assert safe_store(tmp_path / "archive", source, None) == safe_store(tmp_path / "archive", b"x" * 3_000_000, None)
    assert len(files(tmp_path / "archive")) == 1
    assert source.exists()


def test_storing_again_writes_nothing(tmp_path: Path) -> None:
    _, path = safe_store(tmp_path, b"content", "text/html")
    before = (tmp_path / path).stat()
    safe_store(tmp_path, b"content", "text/html")
    assert (tmp_path / path).stat().st_ino == before.st_ino


def test_a_torn_file_of_earlier_days_is_mended(tmp_path: Path) -> None:
    _, path = safe_store(tmp_path, b"whole content", "text/html")
    (tmp_path / path).write_bytes(b"whole")
    safe_store(tmp_path, b"whole content", "text/html")
    assert (tmp_path / path).read_bytes() == b"whole content"


@given(st.text())
def test_no_word_from_outside_becomes_a_path(text: str) -> None:
    with pytest.raises(ValueError, match="no sha256"):
        content_path(text, "application/pdf")
    assert content_path("0" * 64, text).split(".")[1] in {"bin", *(suffix[1:] for suffix in SUFFIXES.values())}


@pytest.mark.parametrize("path", ["../outside.pdf", "ab/../../outside.pdf", "/../../outside.pdf"])
def test_the_store_keeps_to_its_folder(tmp_path: Path, path: str) -> None:
    store = AtomicFSFilesStore(str(tmp_path / "store"))
    with pytest.raises(ValueError, match="leads out"):
        store.persist_file(path, BytesIO(b"x"), INFO)
    assert files(tmp_path) == []


def test_scrapys_own_questions_are_answered(tmp_path: Path) -> None:
    store = AtomicFSFilesStore(f"file://{tmp_path}")
    store.persist_file("ab/x.pdf", BytesIO(b"content"), INFO)
    stat = store.stat_file("ab/x.pdf", INFO)
    assert isinstance(stat, dict)
    assert stat["checksum"] == hashlib.md5(b"content", usedforsecurity=False).hexdigest()
    assert store.stat_file("ab/missing.pdf", INFO) == {}


LIMITED = """
import resource, sys
from io import BytesIO
from crawler.dataset.attachments import AtomicFSFilesStore
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    AtomicFSFilesStore(sys.argv[1]).persist_file("ab/large.pdf", BytesIO(b"x" * 500_000), None)
except OSError as error:
    print(error.errno, error.filename)
"""


def test_a_file_that_does_not_fit_leaves_nothing(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", LIMITED, tmp_path], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.split() == ["27", str(tmp_path / "ab" / "large.pdf")]
    assert files(tmp_path) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Any:
    """A file system of one megabyte."""
    mount = tmp_path / "disk"
    mount.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", mount], capture_output=True, check=False).returncode:
        pytest.skip("a small tmpfs cannot be mounted here: run the tests as root of a machine that allows it")
    yield mount
    subprocess.run(["umount", mount], check=True)


def test_a_full_disk_leaves_what_was_stored_and_the_next_run_repairs(small_disk: Path) -> None:
    _, kept = safe_store(small_disk, b"a" * 600_000, "application/pdf")
    with pytest.raises(OSError, match="No space left") as caught:
        safe_store(small_disk, b"b" * 600_000, "application/pdf")
    assert caught.value.filename.endswith(".pdf")
    assert files(small_disk) == [kept]
    (small_disk / kept).unlink()
    _, second = safe_store(small_disk, b"b" * 600_000, "application/pdf")
    assert (small_disk / second).stat().st_size == 600_000


STORING = """
import sys
from crawler.dataset.attachments import safe_store
print("start", flush=True)
for number in range(10_000):
    safe_store(sys.argv[1], number.to_bytes(4, "big") * 100_000, "application/pdf")
"""


def test_a_killed_run_leaves_only_whole_files_under_their_names(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", STORING, tmp_path], stdout=subprocess.PIPE, cwd=ROOT)
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(0.4)
    os.kill(process.pid, signal.SIGKILL)
    process.stdout.close()
    process.wait()
    remove_temporary_files(tmp_path)
    stored = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert stored
    for path in stored:
        assert path.stem == hashlib.sha256(path.read_bytes()).hexdigest()
