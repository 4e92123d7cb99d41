"""The hours in which portals are crawled: at night, when nobody needs them."""

from __future__ import annotations

import asyncio
import logging
import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta, timezone
from typing import TYPE_CHECKING, Self, cast

from scrapy import signals
from scrapy.exceptions import NotConfigured

from crawler.dataset.clock import utc_now

if TYPE_CHECKING:
    from scrapy import Spider
    from scrapy.crawler import Crawler

logger = logging.getLogger(__name__)

CHINA = timezone(timedelta(hours=8), "China")
"""One zone, and no summer time since 1991."""

REASON = "window_closed"
_HOUR = r"(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d)?"
_WINDOW = re.compile(rf"({_HOUR})\s*-\s*({_HOUR})")


@dataclass(frozen=True, slots=True)
class Window:
    """From ``opens`` to ``closes``, China's time; over midnight where it closes earlier in the day than it opens."""

    opens: time
    closes: time

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """The window of ``22:00-06:30``; ``None`` for an empty text.

        Raises:
            ValueError: the text is no window.
        """
        if not text.strip():
            return None
        match = _WINDOW.fullmatch(text.strip())
        if match is None or match[1] == match[2]:
            raise ValueError(f"CRAWL_WINDOW={text!r} is no window of hours such as 22:00-06:30 (China's time)")
        return cls(time.fromisoformat(match[1]), time.fromisoformat(match[2]))

    def seconds_left(self, now: datetime) -> float:
        """Until the window closes; 0 where it is closed."""
        here = now.astimezone(CHINA)
        for day in (-1, 0):
            date = here.date() + timedelta(days=day)
            opens = datetime.combine(date, self.opens, CHINA)
            closes = datetime.combine(date + timedelta(days=self.closes <= self.opens), self.closes, CHINA)
            if opens <= here < closes:
                return (closes - here).total_seconds()
        return 0.0

    def __str__(self) -> str:
        return f"{self.opens:%H:%M}-{self.closes:%H:%M} China's time"


class WindowExtension:
    """Ends a run when its window closes: what is in flight is finished and published, the next run begins with the rest."""

    def __init__(self, crawler: Crawler, window: Window) -> None:
        self.crawler = crawler
        self.window = window
        self._timer: asyncio.TimerHandle | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Wire the extension to the settings and the spider's signals."""
        window = Window.parse(crawler.settings["CRAWL_WINDOW"] or "")
        if window is None:
            raise NotConfigured  # without a word: Scrapy would warn of it every night
        extension = cls(crawler, window)
        crawler.signals.connect(extension.spider_opened, signal=signals.spider_opened)
        crawler.signals.connect(extension.spider_closed, signal=signals.spider_closed)
        return extension

    def spider_opened(self, spider: Spider) -> None:
        """Start the clock."""
        seconds = self.window.seconds_left(utc_now())
        self._timer = asyncio.get_running_loop().call_later(seconds, self._close, spider)

    def spider_closed(self) -> None:
        """Stop the clock."""
        if self._timer is not None:
            self._timer.cancel()

    def _close(self, spider: Spider) -> None:
        logger.warning("%s: the window %s closes; the next run goes on with what is left", spider.name, self.window)
        engine = self.crawler.engine
        if engine is not None:
            self._closing = asyncio.ensure_future(cast("asyncio.Future[None]", engine.close_spider_async(reason=REASON)))
