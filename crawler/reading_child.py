"""The child's side of `crawler.isolation` and `crawler.page_readers`: one document or page after another from a socket."""

from __future__ import annotations

import importlib
import os
import resource
import signal
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.child_process import end_with_parent
from crawler.outcomes import OutcomeError

if TYPE_CHECKING:
    from crawler.documents.office import Convert

ReadFunction = Callable[..., object]
"""Makes something of a content and of what is said about it; may take ``convert``."""

FILE_MAX_BYTES = 64 * 1024 * 1024
"""The longest file a child can write; readers write none, and a log on stderr may be a file."""
GRACE_SECONDS = 10.0
"""A child that its parent has not stopped this long after the time limit stops itself: the parent is gone."""
NICENESS = 5
"""The parent's event loop serves every portal, and comes first."""


@dataclass(frozen=True, slots=True)
class Orders:
    """What a child is told once, before its first document.

    ``read`` is ``module:function``; the rest are its limits: bytes of address space and seconds of wall clock a document.
    """

    read: str
    memory_bytes: int
    seconds: float
    parent: int
    converts: bool = False
    """The parent answers a `ConversionRequest`, and ``read`` takes ``convert``."""


@dataclass(frozen=True, slots=True)
class ConversionRequest:
    """In the middle of a document: the parent is asked for a DOCX of this; it sends that, or the OutcomeError."""

    content: bytes
    office_format: str


@dataclass(frozen=True)
class Reply:
    """What became of one content in a child: what its function returned, or ``problem`` says why there is nothing.

    ``problem`` is ``memory``, ``unreadable`` (the file could not be opened) or ``error`` (what no reader foresaw), and
    ``detail`` its words.
    """

    result: object
    problem: str = ""
    detail: str = ""
    trace: str = ""


def serve(descriptor: int) -> None:
    """Answer what comes through an inherited socket until the parent hangs up."""
    connection = Connection(descriptor)
    orders: Orders = connection.recv()
    _confine(orders)
    module, _, name = orders.read.partition(":")
    read: ReadFunction = getattr(importlib.import_module(module), name)
    if orders.converts:
        read = partial(read, convert=_asking(connection))
    connection.send(os.getpid())
    while True:
        try:
            source, about = connection.recv()
        except EOFError:
            return
        # The default action of SIGALRM ends the process, also inside C code.
        signal.setitimer(signal.ITIMER_REAL, orders.seconds + GRACE_SECONDS)
        connection.send(_answer(read, source, about))
        signal.setitimer(signal.ITIMER_REAL, 0)


def _asking(connection: Connection) -> Convert:
    def convert(content: bytes, office_format: str) -> bytes:
        # The parent has time limits of its own for this.
        left, _ = signal.setitimer(signal.ITIMER_REAL, 0)
        connection.send(ConversionRequest(content, office_format))
        answer: bytes | OutcomeError = connection.recv()
        signal.setitimer(signal.ITIMER_REAL, left)
        if isinstance(answer, OutcomeError):
            raise answer
        return answer

    return convert


def _answer(read: ReadFunction, source: bytes | Path, about: object) -> Reply:
    try:
        content = source if isinstance(source, bytes) else source.read_bytes()
    except OSError as error:
        return Reply(None, "unreadable", f"{Path(error.filename or '').name}: {error.strerror or error}")
    try:
        return Reply(read(content, about))
    except MemoryError:
        pass
    except BaseException as error:  # noqa: BLE001 - what no reader foresaw, Rust panics too, is this document's outcome
        return Reply(None, "error", f"{type(error).__name__}: {error}", traceback.format_exc())
    # Outside the handler, when what the frames held is free again.
    return Reply(None, "memory")


def _confine(orders: Orders) -> None:
    """Hard limits, second place for the processor, and no life without the parent."""
    os.nice(NICENESS)
    for limit, value in (
        (resource.RLIMIT_AS, orders.memory_bytes),
        (resource.RLIMIT_FSIZE, FILE_MAX_BYTES),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(limit)
        allowed = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(limit, (allowed, allowed))
    end_with_parent(orders.parent)
