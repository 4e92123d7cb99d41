"""Ways a portal misbehaves, for tests: which path, what happens, how often."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from enum import StrEnum


class Behaviour(StrEnum):
    """What the server does instead of answering properly."""

    STATUS = "status"
    """Answers with ``status`` and ``body``."""
    CUT_BODY = "cut_body"
    """No Content-Length, and the connection closes after ``fraction`` of the body."""
    SHORT_BODY = "short_body"
    """The whole length is declared, ``fraction`` of the body is sent, then the connection closes."""
    RESET = "reset"
    """The connection is reset before any answer."""
    SLOW = "slow"
    """The proper answer, ``seconds`` late."""
    BODY = "body"
    """Status 200 and the proper content type, but ``body``: an error page in place of a PDF."""
    REDIRECT = "redirect"
    """302 to ``location``."""


ERROR_PAGE = (
    '<!DOCTYPE html><html><head><meta charset="utf-8"><title>系统提示</title></head>'
    "<body><h3>对不起，您访问的文件不存在或已删除！</h3></body></html>"
).encode()
"""What many portals send, with status 200, where a file is gone."""


@dataclass(frozen=True)
class Fault:
    """One misbehaviour. ``times`` limits it to the first requests it meets; 0 means always."""

    behaviour: Behaviour
    times: int = 0
    status: int = 500
    body: bytes = ERROR_PAGE
    headers: tuple[tuple[str, str], ...] = ()
    fraction: float = 0.5
    seconds: float = 1.0
    location: str = ""


class FaultTable:
    """Faults by path (``/zwgk/x.pdf``), by host and path (``127.64.0.1/zwgk/x.pdf``) or for all (``*``).

    An instance is the ``faults`` hook of :class:`crawler.sample.server.SampleServer`; it may be changed while serving.
    """

    def __init__(self, faults: dict[str, Fault] | None = None) -> None:
        self._faults = dict(faults or {})
        self._met: dict[str, int] = {}
        self._lock = threading.Lock()

    def set(self, where: str, fault: Fault) -> None:
        """Plants a fault, counting anew."""
        with self._lock:
            self._faults[where] = fault
            self._met[where] = 0

    def clear(self) -> None:
        """Heals everything."""
        with self._lock:
            self._faults.clear()
            self._met.clear()

    def met(self, where: str) -> int:
        """How often that fault has struck."""
        with self._lock:
            return self._met.get(where, 0)

    def __call__(self, host: str, path: str) -> Fault | None:
        """The fault that strikes this request, counted."""
        with self._lock:
            for where in (host + path, path, "*"):
                fault = self._faults.get(where)
                if fault is None or (fault.times and self._met.get(where, 0) >= fault.times):
                    continue
                self._met[where] = self._met.get(where, 0) + 1
                return fault
        return None
