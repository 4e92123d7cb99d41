"""Works that are done together: each gets its own end."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Sequence

import pytest

from crawler.gathering import Gathering


def test_what_comes_meanwhile_is_done_together_next_and_every_work_gets_its_own_end() -> None:
    batches: list[list[int]] = []

    def halve(numbers: list[int]) -> Sequence[int | Exception]:
        assert threading.current_thread() is not threading.main_thread()
        batches.append(numbers)
        time.sleep(0.05)
        return [ValueError(f"{number} is odd") if number % 2 else number // 2 for number in numbers]

    async def run() -> list[int | BaseException]:
        gathering: Gathering[int, int] = Gathering(halve, 0.01)
        first = asyncio.gather(*(gathering.done(number) for number in (2, 3)), return_exceptions=True)
        await asyncio.sleep(0.03)
        second = asyncio.gather(*(gathering.done(number) for number in (4, 6, 8)), return_exceptions=True)
        found = [*await first, *await second]
        return [*found, await gathering.done(10)]

    ends = asyncio.run(run())
    assert [end if isinstance(end, int) else str(end) for end in ends] == [1, "3 is odd", 2, 3, 4, 5]
    assert batches == [[2, 3], [4, 6, 8], [10]]


def test_what_fails_as_a_whole_is_told_to_all_and_the_next_is_done() -> None:
    fails = True

    def work(numbers: list[int]) -> Sequence[int | Exception]:
        if fails:
            raise RuntimeError("nothing was done")
        return numbers

    async def run() -> None:
        nonlocal fails
        gathering: Gathering[int, int] = Gathering(work, 0.0)
        for end in await asyncio.gather(gathering.done(1), gathering.done(2), return_exceptions=True):
            assert isinstance(end, RuntimeError)
        fails = False
        assert await gathering.done(3) == 3

    asyncio.run(run())


def test_who_no_longer_waits_costs_no_other() -> None:
    async def run() -> None:
        gathering: Gathering[int, int] = Gathering(lambda numbers: numbers, 0.02)
        given_up = asyncio.ensure_future(gathering.done(1))
        stays = asyncio.ensure_future(gathering.done(2))
        await asyncio.sleep(0)
        given_up.cancel()
        assert await stays == 2
        with pytest.raises(asyncio.CancelledError):
            await given_up

    asyncio.run(run())


def test_what_is_quick_is_done_together_by_the_loop_itself() -> None:
    batches: list[list[int]] = []

    def double(numbers: list[int]) -> Sequence[int | Exception]:
        assert threading.current_thread() is threading.main_thread()
        batches.append(numbers)
        return [ValueError("three") if number == 3 else 2 * number for number in numbers]

    async def run() -> list[int | BaseException]:
        gathering: Gathering[int, int] = Gathering(double, 0.01, at_once=True)
        return await asyncio.gather(*(gathering.done(number) for number in (1, 2, 3)), return_exceptions=True)

    one, two, three = asyncio.run(run())
    assert (one, two, str(three)) == (2, 4, "three")
    assert batches == [[1, 2, 3]]
