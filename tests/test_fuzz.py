"""Thousands of broken files through every reader: an outcome for each, nothing hangs, nothing else is raised.

``FUZZ_FILES`` and ``FUZZ_FIRST`` choose how many cases of the long run, and from which number on. A find is kept with
``python -m tests.keep_find '<case>'`` under ``tests/corpus``.
"""

from __future__ import annotations

import os
import sys
import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest

from crawler.extraction import Extraction, extract
from crawler.isolation import ExtractionPool
from crawler.outcomes import Outcome
from tests.fuzzing import CORPUS, PICTURES, TARGETS, Case, cases, outcome_of, read_case, seeds

SECONDS_A_FILE = 600.0
"""Of wall clock, for what hangs without working: on a machine that does much else, processor time is what tells."""
SLOW_SECONDS = 5.0
"""Of processor time."""
OCR_SECONDS = 40.0
"""Noise in a picture is read as lines, and each line is recognised."""


def run(chosen: Iterable[Case]) -> Iterator[tuple[Case, Extraction]]:
    """Each case in a child; more than a few at once are not waiting."""
    waiting: deque[tuple[Case, Future[Extraction]]] = deque()
    workers = os.cpu_count() or 2
    with ExtractionPool(workers=workers, timeout=SECONDS_A_FILE, memory_mb=1536, max_tasks=1000, read=read_case) as pool:
        for case in chosen:
            waiting.append((case, pool.submit(case.name.encode())))
            if len(waiting) > 8 * workers:
                first, future = waiting.popleft()
                yield first, future.result()
        for first, future in waiting:
            yield first, future.result()


def say(text: str) -> None:
    sys.stdout.write(text + "\n")


def judge(chosen: Iterable[Case]) -> list[str]:
    """The finds, after the figures have been printed."""
    outcomes: Counter[tuple[str, str]] = Counter()
    finds, slowest, start = [], (0.0, ""), time.monotonic()
    for case, extraction in run(chosen):
        outcomes[case.media_type, extraction.outcome.value] += 1
        slowest = max(slowest, (extraction.seconds, case.name))
        hung, crashed = extraction.outcome is Outcome.TIMEOUT, "died" in extraction.message
        slow = extraction.seconds > (OCR_SECONDS if case.is_recognised else SLOW_SECONDS)
        if hung or crashed or extraction.message.startswith("FIND") or slow:
            finds.append(f"{case.name}: {extraction.seconds:.1f} s {extraction.message}")
            say(finds[-1])
    total = sum(outcomes.values())
    say(f"\n{total} files in {time.monotonic() - start:.0f} s; {len(finds)} finds; slowest {slowest[0]:.2f} s: {slowest[1]}")
    for media_type in TARGETS:
        kinds = {kind: count for (found, kind), count in sorted(outcomes.items()) if found == media_type}
        say(f"  {media_type}: {sum(kinds.values())} files: " + ", ".join(f"{count} {kind}" for kind, count in kinds.items()))
    return finds


def test_every_reader_has_whole_files_to_break() -> None:
    assert [media_type for media_type in TARGETS if not seeds()[media_type]] == []
    for media_type in set(TARGETS) - set(PICTURES):
        outcomes = {outcome_of(media_type, content) for content in seeds()[media_type].values()}
        assert outcomes & {Outcome.OK, Outcome.NOT_A_REPORT}, media_type


@pytest.mark.slow
def test_broken_files_end_in_an_outcome() -> None:
    assert judge(cases(300)) == []


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_broken_files_end_in_an_outcome_in_full() -> None:
    count = int(os.environ.get("FUZZ_FILES", "20000"))
    assert judge(cases(count, int(os.environ.get("FUZZ_FIRST", "1000")))) == []


READERS = {media_type.replace("/", "_"): media_type for media_type in TARGETS}


def finds() -> list[Path]:
    return sorted(path for path in CORPUS.glob("*/*.bin") if path.parent.name in READERS)


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@pytest.mark.parametrize("path", finds(), ids=lambda path: f"{path.parent.name}-{path.stem[:8]}")
def test_what_was_found_once_ends_in_an_outcome(path: Path) -> None:
    content = path.read_bytes()
    reader = READERS[path.parent.name]
    start = time.process_time()
    assert outcome_of(reader, content) in Outcome
    assert extract(content).outcome in Outcome
    assert time.process_time() - start < SLOW_SECONDS
