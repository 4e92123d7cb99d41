"""How long a store that does not answer is waited for, by all who ask it together."""

from __future__ import annotations

import logging
import random
import time
from threading import Event, Lock

logger = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.2, 10.0


class Patience:
    """One clock for all: it runs from the first failure to the next success.

    So the thousandth document that meets a store that is away does not wait all over again: once the time is up each is tried
    once, until the store answers.

    Args:
        name: of the store, for the log.
        seconds: that a store may be away, and that one call may take.
    """

    def __init__(self, name: str, seconds: float) -> None:
        self.seconds = seconds
        self._name = name
        self._lock = Lock()
        self._away_since: float | None = None
        self._ended = Event()

    def answered(self) -> None:
        """Note a success."""
        if self._away_since is None:
            return
        with self._lock:
            if self._away_since is not None:
                logger.info("%s answers again, after %.0f s", self._name, time.monotonic() - self._away_since)
            self._away_since = None

    def wait(self, since: float, tries: int, why: str) -> bool:
        """Wait before a call is made again; whether it is to be.

        Args:
            since: the call was begun, by ``time.monotonic``.
            tries: that it has had.
            why: the last failed, in a word.
        """
        now = time.monotonic()
        with self._lock:
            if self._away_since is None:
                self._away_since = now
                logger.warning("%s fails (%s); it is asked again for %.0f s", self._name, why, self.seconds)
            deadline = min(since, self._away_since) + self.seconds
        longest = min(FIRST_PAUSE_SECONDS * 2 ** min(tries - 1, 16), LONGEST_PAUSE_SECONDS)
        pause = longest * random.uniform(0.5, 1)  # noqa: S311 - so that many do not ask at the same moment
        return now + pause < deadline and not self._ended.wait(pause)

    def end(self) -> None:
        """Let nobody wait any longer."""
        self._ended.set()
