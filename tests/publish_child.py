"""Real processes that publish and are killed, stopped or starved at a chosen place; `python -m tests.publish_child FOLDER`.

One process imports everything and forks a child for each order, a line of JSON on stdin; the answer is a line on stdout. The
child's own audit hook counts what it does to files under FOLDER, so that the product needs no hooks for tests.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import re
import resource
import signal
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy.exc import OperationalError

from crawler.dataset.ledger import Ledger
from crawler.dataset.pruning import Retention
from crawler.dataset.publish import publish
from crawler.dataset.schema import RecordValidator
from crawler.dataset.townships import township_register
from crawler.dataset.versions import PublishLockedError

from .builders import DIVISIONS
from .publishing import SPIDER, faults_of_current

NOW = datetime(2026, 2, 1, 2, 0, tzinfo=UTC)
"""Of every run alike, so that a repaired dataset can be compared with an undisturbed one byte by byte."""

RETENTION = Retention(versions=0, days=0, failed=1)
PUBLISHED, BROKE_OFF, NOT_WRITTEN, LOCKED = 0, 1, 74, 75

EVENTS = ("open", "os.rename", "os.symlink", "os.mkdir", "os.remove", "os.rmdir", "os.truncate", "shutil.rmtree")
TEMPORARY = re.compile(r"(?<=/)tmp[a-z0-9_]{8}|(?<=\.current\.)\d+")


def run_publish(folder: Path) -> int:
    """Publishes as `scrapy publish` does; an exit status."""
    try:
        with Ledger(f"sqlite:///{folder / 'ledger.sqlite'}", clock=lambda: NOW) as ledger:
            publication = publish(ledger, SPIDER, folder / "output", now=NOW, divisions=DIVISIONS, retention=RETENTION)
    except PublishLockedError:
        return LOCKED
    except (OSError, OperationalError) as error:  # the ledger's disk may be full too
        sys.stderr.write(f"{error}\n")
        return NOT_WRITTEN
    return PUBLISHED if publication.status in {"published", "unchanged"} else BROKE_OFF


def watch(folder: Path, told: Callable[[str], object]) -> None:
    """Tells of every event that touches the dataset under the folder, before it happens. Cannot be undone in this process."""
    output = f"{folder / 'output'}/"

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event not in EVENTS or not arguments or not isinstance(arguments[0], str | os.PathLike):
            return
        path = os.fspath(arguments[0])
        inside_rmtree = event in {"os.remove", "os.rmdir"} and arguments[-1] != -1
        is_pointer = event == "os.symlink"
        if path.startswith(output) or inside_rmtree or is_pointer:
            target = f" -> {arguments[1]}".replace(output, "") if event in {"os.rename", "os.symlink"} else ""
            mode = f" {arguments[1]}" if event == "open" else ""
            told(TEMPORARY.sub("TEMPORARY", f"{event} {path.replace(output, '')}{mode}{target}"))

    sys.addaudithook(hook)


def forked(work: Callable[[], int]) -> int:
    """The process id of a child that does the work and ends with its status."""
    child = os.fork()
    if child:
        return child
    status = BROKE_OFF
    with contextlib.suppress(BaseException):
        # Not the order's pipes: a child killed must not leave them open, nor read from them.
        os.dup2(os.open(os.devnull, os.O_RDWR), 0)
        os.dup2(2, 1)
        try:
            status = work()
        except BaseException as error:
            sys.stderr.write(f"{error!r}\n")
            raise
    os._exit(status)


def ended(child: int) -> int:
    """The exit status of a child, or the signal that ended it, negative."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def plain(folder: Path) -> dict[str, Any]:
    """An undisturbed run."""
    return {"status": ended(forked(lambda: run_publish(folder)))}


def count(folder: Path) -> dict[str, Any]:
    """An undisturbed run, and every event of it."""
    listing = folder / "events.txt"

    def work() -> int:
        with listing.open("w", encoding="utf-8") as events:
            watch(folder, lambda event: events.write(f"{event}\n"))
            return run_publish(folder)

    status = ended(forked(work))
    return {"status": status, "events": listing.read_text(encoding="utf-8").splitlines()}


def kill(folder: Path, *, at: int) -> dict[str, Any]:
    """A run that dies by SIGKILL before the event of that number."""
    return {"status": ended(forked(_signalling(folder, signal.SIGKILL, lambda number: number == at)))}


def stop(folder: Path, *, at: list[int]) -> dict[str, Any]:
    """A run that is halted before each of these events while another process tries to publish, and then ends."""
    others: list[int] = []
    faults: list[str] = []
    child = forked(_signalling(folder, signal.SIGSTOP, set(at).__contains__))
    while True:
        _, status = os.waitpid(child, os.WUNTRACED)
        if not os.WIFSTOPPED(status):
            return {"status": os.waitstatus_to_exitcode(status), "halts": len(others), "others": others, "faults": faults}
        others.append(ended(forked(lambda: run_publish(folder))))
        faults += faults_of_current(folder / "output" / SPIDER)
        os.kill(child, signal.SIGCONT)


def limit(folder: Path, *, size: int, deadly: bool) -> dict[str, Any]:
    """A run in which no file may grow beyond so many bytes: an error to it, or its death in the middle of the write."""

    def work() -> int:
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL if deadly else signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
        return run_publish(folder)

    return {"status": ended(forked(work))}


def _signalling(folder: Path, number: signal.Signals, wanted: Callable[[int], bool]) -> Callable[[], int]:
    def numbers() -> Iterator[int]:
        place = 0
        while True:
            yield place
            place += 1

    def work() -> int:
        places = numbers()

        def told(_: str) -> None:
            if wanted(next(places)):
                os.kill(os.getpid(), number)

        watch(folder, told)
        return run_publish(folder)

    return work


ORDERS: dict[str, Callable[..., dict[str, Any]]] = {"plain": plain, "count": count, "kill": kill, "stop": stop, "limit": limit}


def main() -> None:
    """Answers orders until there are no more."""
    # What each child would do again: most of the time of a small publication.
    for module in ("duckdb", "pandas", "pyarrow.parquet", "xlsxwriter"):
        importlib.import_module(module)
    township_register()
    RecordValidator()
    for line in sys.stdin:
        order = json.loads(line)
        answer = ORDERS[order.pop("do")](Path(order.pop("folder")), **order)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
