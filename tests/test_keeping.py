"""Documents that come many at a time are stored by a process of their own: the same files, whatever becomes of it."""

from __future__ import annotations

import hashlib
import logging
import os
import signal
from pathlib import Path

import pytest

from crawler import keeping
from crawler.keeping import MANY, Keeper
from crawler.storage.local import LocalStore
from crawler.storage.names import content_path

CONTENTS = [bytes([number]) * 50_000 for number in range(2 * MANY)]


def named(contents: list[bytes]) -> list[tuple[str, bytes]]:
    return [(content_path(hashlib.sha256(content).hexdigest(), "application/pdf"), content) for content in contents]


def children() -> set[int]:
    return {int(number) for task in Path("/proc/self/task").glob("*/children") for number in task.read_text().split()}


def test_many_are_stored_by_another_process_few_by_this_one(tmp_path: Path) -> None:
    store, before = LocalStore(tmp_path / "archive"), children()
    keeper = Keeper(store)
    assert keeper.put_all(named(CONTENTS[: MANY - 1])) == [None] * (MANY - 1)
    assert children() == before
    assert keeper.put_all(named(CONTENTS)) == [None] * len(CONTENTS)
    assert len(children() - before) == 1
    keeper.close()
    assert children() == before
    assert sorted(store.paths()) == sorted(path for path, _ in named(CONTENTS))
    assert [store.read(path) for path, _ in named(CONTENTS)] == CONTENTS


def test_what_cannot_be_stored_over_there_is_told_here_and_costs_no_other(small_disk: Path) -> None:
    contents = [b"a" * 100_000, b"b" * 2_000_000, b"c" * 100_000, b"d" * 100_000]
    keeper = Keeper(LocalStore(small_disk))
    first, second, third, fourth = keeper.put_all(named(contents))
    keeper.close()
    assert (first, third, fourth) == (None, None, None)
    assert isinstance(second, OSError)
    assert "No space left" in str(second)
    assert second.filename == str(small_disk / named(contents)[1][0])


def test_a_process_that_is_killed_costs_no_document(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store, before = LocalStore(tmp_path / "archive"), children()
    keeper = Keeper(store)
    keeper.put_all(named(CONTENTS[:MANY]))
    (process,) = children() - before
    os.kill(process, signal.SIGKILL)
    with caplog.at_level(logging.WARNING):
        assert keeper.put_all(named(CONTENTS)) == [None] * len(CONTENTS)
    assert "SIGKILL" in caplog.text
    assert "by the crawl's own process" in caplog.text
    assert sorted(store.paths()) == sorted(path for path, _ in named(CONTENTS))
    assert children() == before


def test_large_documents_are_not_handed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "LARGE", 100_000)
    store, before = LocalStore(tmp_path), children()
    keeper = Keeper(store)
    assert keeper.put_all(named(CONTENTS)) == [None] * len(CONTENTS)
    assert children() == before
    assert len(list(store.paths())) == len(CONTENTS)
