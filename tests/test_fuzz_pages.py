"""Thousands of broken portal pages and API answers: each is read or refused with a documented error, and costs little.

``FUZZ_PAGES`` and ``FUZZ_FIRST`` choose how many cases of the long run, and from which number on. A find is kept with
``python -m tests.keep_find '<case>'`` under ``tests/corpus/pages``.
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from collections import Counter
from pathlib import Path

import pytest

from crawler.portals.families import FAMILIES, detect_family
from crawler.portals.families.base import ScriptedFamily
from crawler.portals.markup import decode
from tests.page_fuzzing import PAGES, Seed, page_cases, read_page, seeds

SLOW_SECONDS = 5.0
"""Of processor time, for one parser."""


def judge(count: int, first: int = 0, saved: Path | None = None) -> list[str]:
    """The finds, after the figures have been printed."""
    ends: Counter[str] = Counter()
    finds, slowest, start = [], (0.0, ""), time.monotonic()
    for case in page_cases(count, first, saved):
        try:
            end, seconds = read_page(case.page(saved))
        except Exception:  # noqa: BLE001 - this is what is looked for
            finds.append(f"{case.name}: {traceback.format_exc(limit=-5)}")
            continue
        ends.update(end.split(", "))
        slowest = max(slowest, (seconds, case.name))
        if seconds > SLOW_SECONDS:
            finds.append(f"{case.name}: {seconds:.1f} s")
    sys.stdout.write(f"\n{count} pages of {len(seeds(saved))} seeds in {time.monotonic() - start:.0f} s; {len(finds)} finds; ")
    sys.stdout.write(f"slowest parser {slowest[0]:.2f} s: {slowest[1]}\n")
    for end, times in sorted(ends.items()):
        sys.stdout.write(f"  {end}: {times}\n")
    return finds


def test_every_family_has_whole_pages_to_break() -> None:
    families = {detect_family(decode(seed.content), seed.url) for seed in seeds().values() if seed.request is None}
    asked = {seed.request.family for seed in seeds().values() if seed.request is not None}
    assert {name for name, family in FAMILIES.items() if isinstance(family, ScriptedFamily)} - asked == set()
    assert set(FAMILIES) - families - asked == set()


@pytest.mark.slow
def test_broken_pages_are_read_or_refused() -> None:
    assert judge(150) == []


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_broken_pages_are_read_or_refused_in_full() -> None:
    assert judge(int(os.environ.get("FUZZ_PAGES", "3000")), int(os.environ.get("FUZZ_FIRST", "1000"))) == []


@pytest.mark.real
@pytest.mark.slow
def test_broken_pages_of_real_portals_are_read_or_refused(shared: Path) -> None:
    assert judge(100, saved=shared / "real" / "html") == []


def finds() -> list[Path]:
    return sorted(PAGES.glob("*.bin"))


@pytest.mark.parametrize("path", finds(), ids=lambda path: path.stem[:8])
def test_what_was_found_once_is_read_or_refused(path: Path) -> None:
    head, _, content = path.read_bytes().partition(b"\n")
    seed = seeds()[json.loads(head)["seed"]]
    assert read_page(Seed(content, seed.url, seed.request))[1] < SLOW_SECONDS
