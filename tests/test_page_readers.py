"""A page that loops, crashes or eats memory costs itself only, and the pages given to the same child are none the worse."""

from __future__ import annotations

import asyncio
import ctypes
import os
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest

from crawler.outcomes import Outcome, OutcomeError
from crawler.page_questions import Answered, ArticleQuestion, ListQuestion, Question, answer
from crawler.page_readers import AHEAD, PageFaultError, PageReaders
from crawler.portals.model import ListShapeError, Portal

T = TypeVar("T")
PORTAL = Portal("青石县人民政府", "河南省/洛阳市/青石县", "http://portal.invalid/")


@dataclass(frozen=True, slots=True)
class Command:
    """What the child shall do with a page."""

    word: str
    rest: str = ""

    def answer(self, content: bytes) -> str:
        match self.word:
            case "loop":
                while True:
                    pass
            case "crash":
                ctypes.string_at(0)
            case "exit":
                os._exit(7)
            case "memory":
                return str(len(bytearray(4 * 1024**3)))
            case "error":
                raise ZeroDivisionError("a reader's own mistake")
            case "decode":
                return b"\xff".decode()
            case "large":
                raise ValueError("page of 9 tags is larger than the limit of 8")
            case "shape":
                raise ListShapeError("plain", "http://portal.invalid/", "no rows")
            case "once" if not Path(self.rest).exists():
                Path(self.rest).touch()
                os.abort()
            case "pid":
                return str(os.getpid())
        return content.decode()


def obey(content: bytes, question: Question[T]) -> Answered[T]:
    return answer(content, question)


def with_readers(
    work: Callable[[PageReaders], Coroutine[Any, Any, T]],
    *,
    workers: int = 1,
    timeout: float = 20,
    memory_mb: int = 512,
    max_pages: int = 1000,
) -> T:
    async def run() -> T:
        readers = PageReaders(workers=workers, timeout=timeout, memory_mb=memory_mb, max_pages=max_pages, read=obey)
        try:
            return await work(readers)
        finally:
            readers.close()

    return asyncio.run(run())


async def ends(readers: PageReaders, *commands: Command) -> list[str | BaseException]:
    """What becomes of pages that are asked for all at once."""
    pages = (readers.read(str(number).encode(), command) for number, command in enumerate(commands))
    return await asyncio.gather(*pages, return_exceptions=True)


@pytest.mark.parametrize(
    ("word", "outcome", "said"),
    [
        ("loop", Outcome.TIMEOUT, "longer than 2 s"),
        ("crash", Outcome.FAILED, "process died (SIGSEGV), twice"),
        ("exit", Outcome.FAILED, "died (exit status 7), twice"),
        ("memory", Outcome.TOO_LARGE, "more than 512 MiB"),
        ("large", Outcome.TOO_LARGE, "larger than the limit"),
        ("error", Outcome.FAILED, "ZeroDivisionError"),
        ("decode", Outcome.FAILED, "UnicodeDecodeError"),
    ],
)
def test_a_page_that_misbehaves_costs_itself_only(word: str, outcome: Outcome, said: str) -> None:
    commands = [Command("read"), Command(word), *[Command("read")] * (2 * AHEAD)]
    found = with_readers(lambda readers: ends(readers, *commands), timeout=2 if word == "loop" else 20)
    bad = found.pop(1)
    assert isinstance(bad, OutcomeError)
    assert (bad.outcome, said in bad.message) == (outcome, True), bad
    assert isinstance(bad, PageFaultError) is (word in ("error", "decode"))
    assert found == ["0", *map(str, range(2, 2 + 2 * AHEAD))]


def test_a_list_of_another_shape_is_told_as_such() -> None:
    (found,) = with_readers(lambda readers: ends(readers, Command("shape")))
    assert isinstance(found, ListShapeError)
    assert (found.family, found.message) == ("plain", "no rows")


def test_a_child_that_died_once_is_no_reason_to_give_up(tmp_path: Path) -> None:
    assert with_readers(lambda readers: ends(readers, Command("once", str(tmp_path / "mark")))) == ["0"]


def test_a_slow_page_does_not_hold_up_the_others() -> None:
    async def work(readers: PageReaders) -> None:
        slow = asyncio.create_task(readers.read(b"", Command("loop")))
        # Both children are there once the second has answered; what the first was given by then has to wait.
        late = [asyncio.create_task(readers.read(b"x", Command("read"))) for _ in range(2 * AHEAD)]
        await asyncio.wait(late, return_when=asyncio.FIRST_COMPLETED)
        assert await ends(readers, *[Command("read")] * 30) == [str(number) for number in range(30)]
        assert not slow.done()
        slow.cancel()

    with_readers(work, workers=2, timeout=120)


def test_a_child_is_replaced_after_so_many_pages() -> None:
    async def work(readers: PageReaders) -> list[str]:
        return [await readers.read(b"", Command("pid")) for _ in range(7)]

    pids = with_readers(work, max_pages=3)
    assert [pids.index(pid) for pid in pids] == [0, 0, 0, 3, 3, 3, 6]


def test_nothing_is_left_of_the_children() -> None:
    async def work(readers: PageReaders) -> tuple[int, BaseException]:
        pid = int(await readers.read(b"", Command("pid")))
        at_work = asyncio.create_task(readers.read(b"", Command("loop")))
        await asyncio.sleep(0.3)
        readers.close()
        (end,) = await asyncio.gather(at_work, return_exceptions=True)
        assert isinstance(end, BaseException)
        with pytest.raises(OutcomeError):
            await readers.read(b"", Command("read"))
        return pid, end

    pid, end = with_readers(work)
    assert isinstance(end, asyncio.CancelledError)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_real_pages() -> None:
    article = "<title>青石县2023年政府信息公开工作年度报告</title><body><h1>青石县2023年政府信息公开工作年度报告</h1><a href='a.pdf'>报告</a>"
    rows = "".join(
        f"<li><a href='/a/{n}.html'>青石县{n}年政府信息公开年度报告</a><span>{n}-01-20</span></li>" for n in range(2019, 2024)
    )

    async def work(readers: PageReaders) -> None:
        reading = await readers.read(article.encode(), ArticleQuestion("http://portal.invalid/a/b.html"))
        assert reading is not None
        assert [link.url for link in reading.article.attachments] == ["http://portal.invalid/a/a.pdf"]
        assert (reading.body.size, reading.body.media_type) == (len(article.encode()), "text/html")
        page = await readers.read(f"<ul>{rows}</ul>".encode(), ListQuestion("http://portal.invalid/list/", PORTAL))
        assert len(page.items) == 5

    with_readers(work)
