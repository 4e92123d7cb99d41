"""What all benchmarks measure with: seconds of interleaved runs, by the clock and of the processor, and peak memory."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

_TICKS = os.sysconf("SC_CLK_TCK")
_PEAK = """
import importlib, re, sys
peak = lambda: re.search(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read())[1]
module, _, name = sys.argv[1].partition(":")
read = getattr(importlib.import_module(module), name)
before = peak()
read(open(sys.argv[2], "rb").read())
print(before, peak())
"""


class Seconds(NamedTuple):
    """By the clock on the wall, and of the processor: what other programs on the machine do changes the second little."""

    wall: float
    processor: float


def processor_seconds() -> float:
    """Spent so far by this process, by the children it has waited for, and by those that still run and their children."""
    waited = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + waited.ru_utime + waited.ru_stime + _running_children()


def _running_children() -> float:
    parents: dict[int, tuple[int, int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text("utf-8", "replace").rpartition(")")[2].split()
        except OSError:
            continue  # it ended meanwhile, and is waited for
        parents[int(path.parent.name)] = int(fields[1]), sum(map(int, fields[11:15]))
    family, ticks = {os.getpid()}, 0
    while found := {pid: used for pid, (parent, used) in parents.items() if parent in family and pid not in family}:
        family |= found.keys()
        ticks += sum(found.values())
    return ticks / _TICKS


def timed(work: Callable[[], object], clock: Callable[[], float] = time.process_time) -> Seconds:
    """One run; ``clock`` is `processor_seconds` where children work."""
    wall, processor = time.perf_counter(), clock()
    work()
    return Seconds(time.perf_counter() - wall, clock() - processor)


def interleaved(
    tasks: Sequence[Callable[[], object]], rounds: int, clock: Callable[[], float] = time.process_time
) -> list[Seconds]:
    """The median of each task over so many rounds of all of them in turn, after one round to warm up."""
    for task in tasks:
        task()
    runs = [[timed(task, clock) for task in tasks] for _ in range(rounds)]
    return [median(taken) for taken in zip(*runs, strict=True)]


def median(taken: Sequence[Seconds]) -> Seconds:
    """The median by either measure."""
    return Seconds(*map(statistics.median, zip(*taken, strict=True)))


def peak_mebibytes(reader: str, content: bytes) -> tuple[float, float]:
    """The most memory a fresh process holds: after the imports alone, and after reading. ``reader`` is ``module:function``."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        command = [sys.executable, "-c", _PEAK, reader, file.name]
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    before, after = done.stdout.split()
    return int(before) / 1024, int(after) / 1024
