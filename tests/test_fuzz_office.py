"""Broken .doc, .rtf, .wps and .odt files through the real LibreOffice: an outcome for each, and the next document is read.

``FUZZ_OFFICE`` and ``FUZZ_FIRST`` choose how many cases of the long run, and from which number on.
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache

import pytest

from crawler.conversion.converter import OfficeConverter
from crawler.documents.sniff import sniff
from crawler.isolation import ExtractionPool
from crawler.outcomes import Outcome
from tests.fuzzing import Mutation, flip_bits, in_package, insert, move_block, mutate, odd_number, odd_text
from tests.office_files import compound_file, odt
from tests.seed_files import seeds_saved

pytestmark = pytest.mark.office

OFFICE_SECONDS = 20.0
WHOLE_EVERY = 25
"""So often a whole document comes between the broken ones."""
Seeds = Mapping[str, tuple[bytes, ...]]


def flip_behind_head(data: bytes, dice: random.Random) -> bytes:
    """What the container says of itself stays, so that the importer gets to see what is inside."""
    middle = len(data) * 3 // 4
    return data[:1024] + flip_bits(data[1024:middle], dice) + data[middle:]


def shift_behind_head(data: bytes, dice: random.Random) -> bytes:
    """Some of the inside in a wrong place, at the same length."""
    start = dice.randrange(1024, max(1025, len(data) // 2))
    length = dice.choice((4, 64, 512))
    other = dice.randrange(1024, max(1025, len(data) // 2))
    return data[:start] + data[other : other + length] + data[start + length :]


MUTATIONS: Mapping[str, tuple[Mutation, ...]] = {
    "doc": (flip_behind_head, flip_behind_head, shift_behind_head, flip_bits),
    "wps": (flip_behind_head, shift_behind_head, flip_bits),
    "rtf": (odd_number, odd_text, move_block, insert, flip_bits),
    "odt": (in_package,),
}


@cache
def seeds() -> Seeds:
    """Whole files by suffix: reports as LibreOffice saves them; Works documents it cannot save."""
    words = "政府信息公开工作年度报告2024".encode("gbk") * 300
    works = [compound_file({"MatOST": b"\x01\x00" * 64, "CONTENTS": b"CHNKWKS\x00" + bytes(24) + b"TEXT" + words})]
    works.append(compound_file({"MatOST": words, "CONTENTS": words}))
    return {
        "doc": tuple(seeds_saved("doc").values()),
        "rtf": tuple(seeds_saved("rtf").values()),
        "wps": tuple(works),
        "odt": (odt("<text:p>政府信息公开工作年度报告</text:p>" * 40),),
    }


def broken_files(count: int, first: int) -> Iterator[tuple[str, bytes]]:
    """So many broken files with their names; the same number is the same file, as long as LibreOffice saves the same."""
    for number in range(first, first + count):
        suffix = ("doc", "rtf", "doc", "rtf", "wps", "odt")[number % 6]
        dice = random.Random(f"{suffix} {number}")  # noqa: S311 - to be repeated, not to be secret
        yield f"{suffix} {number}", mutate(dice.choice(seeds()[suffix]), dice, MUTATIONS[suffix])


def judge(count: int, first: int = 0) -> list[str]:
    """The finds, after the figures have been printed."""
    outcomes: Counter[tuple[str, str]] = Counter()
    finds, slowest, start = [], (0.0, ""), time.monotonic()
    whole = seeds()["doc"][0]
    converter = OfficeConverter(timeout=OFFICE_SECONDS, memory_mb=2048, max_documents=200, batch=8)
    with ExtractionPool(workers=1, timeout=120, memory_mb=1536, max_tasks=100, converter=converter) as pool:
        for number, (name, content) in enumerate(broken_files(count, first)):
            began = time.monotonic()
            extraction = pool.submit(content).result(timeout=600)
            slowest = max(slowest, (time.monotonic() - began, name))
            outcomes[name.partition(" ")[0], extraction.outcome.value] += 1
            if not extraction.message and extraction.outcome is not Outcome.OK:
                finds.append(f"{name}: {extraction.outcome.value} without a message")
            if "please report it" in extraction.message or "reader's process died" in extraction.message:
                finds.append(f"{name}: {extraction.message}")
            if number % WHOLE_EVERY == 0 or number == count - 1:
                after = pool.submit(whole).result(timeout=600)
                if after.outcome is not Outcome.OK:
                    finds.append(f"after {name} a whole document ends as {after.outcome.value}: {after.message}")
        starts, peak = converter.starts, converter.peak_mb
    sys.stdout.write(f"\n{count} office files in {time.monotonic() - start:.0f} s; {len(finds)} finds; LibreOffice started ")
    sys.stdout.write(f"{starts} times, at most {peak} MiB; slowest {slowest[0]:.1f} s: {slowest[1]}\n")
    for (suffix, outcome), times in sorted(outcomes.items()):
        sys.stdout.write(f"  {suffix}: {outcome}: {times}\n")
    return finds


def test_whole_files_reach_the_importers() -> None:
    assert {suffix: {sniff(content) for content in files} for suffix, files in seeds().items()} == {
        "doc": {"application/msword"},
        "rtf": {"application/rtf"},
        "wps": {"application/vnd.ms-works"},
        "odt": {"application/vnd.oasis.opendocument.text"},
    }


@pytest.mark.slow
def test_broken_office_files_end_in_an_outcome() -> None:
    assert judge(10) == []


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_broken_office_files_end_in_an_outcome_in_full() -> None:
    assert judge(int(os.environ.get("FUZZ_OFFICE", "300")), int(os.environ.get("FUZZ_FIRST", "1000"))) == []
