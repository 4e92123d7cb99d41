"""The garbage collector holds the event loop up once at most for the same objects."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator

import pytest
from scrapy.utils.test import get_crawler

from crawler import settings
from crawler.garbage import GarbageExtension


@pytest.fixture
def extension() -> Iterator[GarbageExtension]:
    made = GarbageExtension.from_crawler(get_crawler())
    made.spider_opened()
    yield made
    made.spider_closed()
    gc.collect()


def seconds_of_a_collection() -> float:
    start = time.thread_time()
    gc.collect()
    return time.thread_time() - start


def test_a_crawl_has_it() -> None:
    assert "crawler.garbage.GarbageExtension" in settings.EXTENSIONS


@pytest.mark.usefixtures("extension")
def test_what_a_long_collection_looked_at_is_not_looked_at_again() -> None:
    assert gc.get_freeze_count() > 10_000
    gc.disable()
    kept = [[number] for number in range(600_000)]
    gc.enable()
    first = seconds_of_a_collection()
    assert first > 0.02
    assert seconds_of_a_collection() < first / 3
    assert len(kept) == 600_000


@pytest.mark.usefixtures("extension")
def test_what_nobody_holds_is_still_freed_and_short_collections_set_nothing_apart() -> None:
    gc.collect()
    gc.collect()
    before = gc.get_freeze_count()
    ring: list[object] = []
    ring.append(ring)
    del ring
    assert gc.collect() > 0
    assert gc.get_freeze_count() <= before


def test_the_end_of_a_run_leaves_the_collector_as_it_was() -> None:
    callbacks = list(gc.callbacks)
    made = GarbageExtension.from_crawler(get_crawler())
    made.spider_opened()
    made.spider_closed()
    assert gc.callbacks == callbacks
    assert gc.get_freeze_count() == 0
