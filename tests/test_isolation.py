"""A document that loops, crashes or eats memory costs itself only."""

from __future__ import annotations

import asyncio
import os
import time

import pytest

from crawler.extraction import Extraction
from crawler.isolation import ExtractionPool
from crawler.outcomes import Outcome


def misbehave(content: bytes, expected: str | None = None) -> Extraction:  # noqa: ARG001 - the pool's signature
    match content:
        case b"loop":
            while True:
                pass
        case b"crash":
            os.abort()
        case b"memory":
            return Extraction(Outcome.OK, str(len(bytearray(4 * 1024**3))), None, 0.0)
        case b"error":
            raise ZeroDivisionError("a reader's own mistake")
    return Extraction(Outcome.OK, content.decode(), None, 0.0)


@pytest.fixture
def pool():  # type: ignore[no-untyped-def]
    with ExtractionPool(workers=2, timeout=3, memory_mb=1024, max_tasks=50, read=misbehave) as pool:
        yield pool


def test_each_bad_document_gets_its_outcome_and_the_others_are_read(pool: ExtractionPool) -> None:
    documents = [b"one", b"loop", b"two", b"crash", b"three", b"memory", b"error", b"four"]
    futures = [pool.submit(document) for document in documents]
    settled = [pool.settle(future) for future in futures]
    assert [extraction.outcome for extraction in settled] == [
        Outcome.OK,
        Outcome.TIMEOUT,
        Outcome.OK,
        Outcome.FAILED,
        Outcome.OK,
        Outcome.TOO_LARGE,
        Outcome.FAILED,
        Outcome.OK,
    ]
    assert "EXTRACTION_TIMEOUT" in settled[1].message
    assert "EXTRACTION_MEMORY_MB" in settled[5].message
    assert "ZeroDivisionError" in settled[6].message
    assert [settled[number].message for number in (0, 2, 4, 7)] == ["one", "two", "three", "four"]


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
