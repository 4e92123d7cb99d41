"""A document that loops, crashes or eats memory costs itself only."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from crawler.extraction import Extraction, extract
from crawler.isolation import ExtractionPool, NotReadError
from crawler.outcomes import Outcome
from crawler.sample.typeset import to_docx
from tests.bombs import bombs, modest_zip, with_macro
from tests.test_typeset_seeds import SEED_LIKE

ROOT = Path(__file__).resolve().parent.parent
MARKER = "OGI_TEST_MARKER"


def misbehave(content: bytes, expected: str | None = None) -> Extraction:
    """A reader that does what its document says."""
    word, _, rest = content.partition(b" ")
    match word:
        case b"loop":
            while True:
                pass
        case b"crash":
            ctypes.string_at(0)
        case b"abort":
            os.abort()
        case b"exit":
            os._exit(7)
        case b"memory":
            return Extraction(Outcome.OK, str(len(bytearray(4 * 1024**3))), None, 0.0)
        case b"error":
            raise ZeroDivisionError("a reader's own mistake")
        case b"recursion":
            return misbehave(content, expected)
        case b"grandchild":
            subprocess.Popen(["sleep", "300"], env={**os.environ, MARKER: rest.decode()})
            while True:
                pass
        case b"fill":
            Path(rest.decode()).write_bytes(bytes(200 * 1024 * 1024))
        case b"once":
            if not Path(rest.decode()).exists():
                Path(rest.decode()).touch()
                os.abort()
        case b"pid":
            return Extraction(Outcome.OK, str(os.getpid()), None, 0.0)
    return Extraction(Outcome.OK, content.decode(), None, 0.0)


@pytest.fixture
def pool() -> Iterator[ExtractionPool]:
    with ExtractionPool(workers=2, timeout=2, memory_mb=1024, max_tasks=50, read=misbehave) as pool:
        yield pool


def read(pool: ExtractionPool, *documents: bytes) -> list[Extraction]:
    return [future.result(timeout=60) for future in [pool.submit(document) for document in documents]]


def running(marker: str) -> list[int]:
    """Processes that carry the marker in their environment."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"{MARKER}={marker}".encode() in path.read_bytes().split(b"\0"):
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


def test_each_bad_document_gets_its_outcome_and_the_others_are_read(pool: ExtractionPool) -> None:
    documents = [
        b"one",
        b"loop",
        b"two",
        b"crash",
        b"three",
        b"memory",
        b"error",
        b"four",
        b"abort",
        b"exit",
        b"recursion",
        b"five",
    ]
    settled = read(pool, *documents)
    assert [extraction.outcome.value for extraction in settled] == [
        *("ok", "timeout", "ok", "failed", "ok", "too_large", "failed", "ok", "failed", "failed", "failed", "ok"),
    ]
    assert "longer than 2 s" in settled[1].message
    assert "EXTRACTION_TIMEOUT" in settled[1].message
    assert "SIGSEGV" in settled[3].message
    assert "EXTRACTION_MEMORY_MB" in settled[5].message
    assert "ZeroDivisionError" in settled[6].message
    assert "SIGABRT" in settled[8].message
    assert "exit status 7" in settled[9].message
    assert "RecursionError" in settled[10].message
    for number in (1, 3, 5, 8, 9):
        assert "twice" in settled[number].message
        assert "scrapy reextract" in settled[number].message
    assert [settled[number].message for number in (0, 2, 4, 7, 11)] == ["one", "two", "three", "four", "five"]


def test_a_document_whose_child_dies_is_read_once_more_by_a_fresh_one(pool: ExtractionPool, tmp_path: Path) -> None:
    [extraction] = read(pool, f"once {tmp_path / 'seen'}".encode())
    assert extraction.outcome is Outcome.OK


def test_children_are_replaced_after_their_share_of_documents() -> None:
    with ExtractionPool(workers=1, timeout=5, memory_mb=1024, max_tasks=3, read=misbehave) as pool:
        pids = [extraction.message for extraction in read(pool, *[b"pid"] * 7)]
    assert [len(set(pids[:3])), len(set(pids[3:6])), len(set(pids))] == [1, 1, 3]


def test_a_child_killed_between_two_documents_costs_none(pool: ExtractionPool) -> None:
    for _ in range(3):
        [first] = read(pool, b"pid")
        os.kill(int(first.message), signal.SIGKILL)
        assert [extraction.outcome for extraction in read(pool, b"a", b"b", b"c")] == [Outcome.OK] * 3


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks for processes in /proc")
def test_nothing_a_document_starts_is_left_behind(pool: ExtractionPool, tmp_path: Path) -> None:
    marker = tmp_path.name
    [extraction] = read(pool, f"grandchild {marker}".encode())
    assert extraction.outcome is Outcome.TIMEOUT
    assert running(marker) == []


def test_a_document_cannot_fill_the_disk(pool: ExtractionPool, tmp_path: Path) -> None:
    [extraction] = read(pool, f"fill {tmp_path / 'large'}".encode())
    assert extraction.outcome is Outcome.FAILED
    assert (tmp_path / "large").stat().st_size <= 64 * 1024 * 1024


def test_a_path_is_read_by_the_child_and_a_missing_file_says_nothing_of_the_document(
    pool: ExtractionPool, tmp_path: Path
) -> None:
    (tmp_path / "document").write_bytes(b"from a file")
    assert pool.submit(tmp_path / "document").result(timeout=30).message == "from a file"
    with pytest.raises(NotReadError, match="missing"):
        pool.submit(tmp_path / "missing").result(timeout=30)
    assert pool.submit(b"next").result(timeout=30).message == "next"


def test_stopping_does_not_wait_for_a_document_that_loops() -> None:
    pool = ExtractionPool(workers=1, timeout=60, memory_mb=1024, max_tasks=3, read=misbehave)
    [first] = read(pool, b"pid")
    looping, waiting = pool.submit(b"loop"), pool.submit(b"never")
    while not looping.running():
        time.sleep(0.01)
    start = time.monotonic()
    pool.close(wait=False)
    assert time.monotonic() - start < 5
    assert isinstance(looping.exception(timeout=1), NotReadError)
    assert waiting.cancelled()
    with pytest.raises(ProcessLookupError):
        os.kill(int(first.message), 0)
    with pytest.raises(RuntimeError, match="closed"):
        pool.submit(b"late")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a child ends with its time limit only")
def test_children_do_not_outlive_a_parent_that_is_killed() -> None:
    program = (
        "import sys, time\n"
        "from crawler.isolation import ExtractionPool\n"
        "from tests.test_isolation import misbehave\n"
        "pool = ExtractionPool(workers=1, timeout=600, memory_mb=1024, max_tasks=9, read=misbehave)\n"
        "print(pool.submit(b'pid').result().message, flush=True)\n"
        "pool.submit(b'loop')\n"
        "time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()
    deadline = time.monotonic() + 10
    while Path(f"/proc/{child}").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not Path(f"/proc/{child}").exists()


def test_the_event_loop_runs_on_while_a_document_loops(pool: ExtractionPool) -> None:
    async def watch() -> tuple[Extraction, float]:
        longest = 0.0
        reading = asyncio.ensure_future(pool.extract(b"loop"))
        while not reading.done():
            start = time.perf_counter()
            await asyncio.sleep(0.01)
            longest = max(longest, time.perf_counter() - start)
        return reading.result(), longest

    extraction, longest = asyncio.run(watch())
    assert extraction.outcome is Outcome.TIMEOUT
    assert longest < 1.0


def test_bombs_cost_themselves_only_and_end_as_documented() -> None:
    files = bombs()
    report = next((ROOT / "crawler" / "sample" / "site").rglob("*.docx"))
    with ExtractionPool(workers=2, timeout=60, memory_mb=1024, max_tasks=50) as pool:
        waiting = {name: (pool.submit(content), pool.submit(report)) for name, (content, _) in files.items()}
        ends = {name: (bomb.result(timeout=300), good.result(timeout=300)) for name, (bomb, good) in waiting.items()}
    assert {name: bomb.outcome.value for name, (bomb, _) in ends.items()} == {
        name: outcome for name, (_, outcome) in files.items()
    }
    assert {good.outcome for _, good in ends.values()} == {Outcome.OK}
    assert all(bomb.message for bomb, _ in ends.values())


def test_what_says_it_is_small_is_not_unpacked_whole() -> None:
    for name in ("word/document.xml", "xl/workbook.xml", "OFD.xml"):
        tracemalloc.start()
        assert extract(modest_zip(name)).outcome is Outcome.TRUNCATED
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 64 << 20, name


def test_a_document_with_macros_is_read_and_they_are_not() -> None:
    source = SEED_LIKE["001"]
    with_them, without = extract(with_macro(source)), extract(to_docx(source))
    assert with_them.outcome is Outcome.OK
    assert with_them.record == without.record
