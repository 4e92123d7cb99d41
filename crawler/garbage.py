"""Keeps Python's garbage collector from holding up the event loop.

A full collection looks at every object there is and lets no thread run meanwhile: with the libraries loaded and thousands of
portals known that is a tenth of a second, again and again, and all that time no portal is served.
"""

from __future__ import annotations

import gc
import time
from typing import TYPE_CHECKING, Self, cast

from scrapy import signals

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from twisted.internet.base import DelayedCall, ReactorBase

FULL = 2
"""The generation that stands for everything."""
TIMER_SECONDS = 1.0
"""Between two moments at which Twisted lets go of timers that were cancelled: every request has two, and the reactor
looks at them only when one is due."""
MAX_SECONDS = 0.02
"""Of processor time that a full collection may take before what it left is set apart."""


class GarbageExtension:
    """Sets apart what outlives a long collection, so that the next one looks only at what came since.

    What is set apart is still freed when nothing refers to it any more; only rings of objects that are given up later are not.
    """

    def __init__(self) -> None:
        self._since = 0.0
        self._timer: DelayedCall | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Wire the extension to the spider's signals, and collect once while nothing is served yet."""
        extension = cls()
        crawler.signals.connect(extension.spider_opened, signal=signals.spider_opened)
        crawler.signals.connect(extension.spider_closed, signal=signals.spider_closed)
        gc.collect()
        return extension

    def spider_opened(self) -> None:
        """Libraries, settings and portals stay to the end."""
        gc.freeze()
        # The collector waits for a quarter as much again as it found last time: that is now next to nothing.
        gc.collect()
        gc.callbacks.append(self.collecting)
        self._wake()

    def spider_closed(self) -> None:
        """Leave the collector and the reactor as they were found."""
        if self._timer is not None:
            self._timer.cancel()
        if self.collecting in gc.callbacks:
            gc.callbacks.remove(self.collecting)
        gc.unfreeze()

    def _wake(self) -> None:
        from twisted.internet import reactor

        self._timer = cast("ReactorBase", reactor).callLater(TIMER_SECONDS, self._wake)

    def collecting(self, phase: str, facts: dict[str, int]) -> None:
        """Watch a collection; called by the collector."""
        if facts["generation"] < FULL:
            return
        if phase == "start":
            self._since = time.thread_time()
        elif time.thread_time() - self._since > MAX_SECONDS:
            gc.freeze()
