"""When a list is looked at with the browser: only where it is empty and written by a script."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crawler.outcomes import OutcomeError
from crawler.page_questions import ScriptQuestion

if TYPE_CHECKING:
    from crawler.browser.guard import PageGuard
    from crawler.spider import ReportsSpider
    from crawler.sweep import PortalSweep


class Escalation:
    """The browser's part in a crawl."""

    def __init__(self, spider: ReportsSpider) -> None:
        self.spider = spider
        self._guard: PageGuard | None = None

    def meta(self) -> dict[str, Any]:
        """What makes a request go through the browser. Imported late: most nights need none."""
        from crawler.browser.guard import PageGuard
        from crawler.browser.request import browser_meta

        if self._guard is None:
            self._guard = PageGuard(allow_private=self.spider.settings.getbool("ALLOW_PRIVATE_ADDRESSES"))
        return browser_meta(self.spider.settings, self._guard)

    def is_allowed(self, sweep: PortalSweep) -> bool:
        """Whether it may be used for the portal at all."""
        return self.spider.settings.getbool("BROWSER_ENABLED") and sweep.portal.browser is not False

    def comes_first(self, sweep: PortalSweep) -> bool:
        """Whether the portal's columns are known to need the browser. Once a month it is tried whether they still do."""
        if sweep.portal.browser or not sweep.needs_browser:
            return bool(sweep.portal.browser) and self.is_allowed(sweep)
        return self.is_allowed(sweep) and not self.spider.retests.is_the_day_of(sweep.key)

    async def is_wanted(self, sweep: PortalSweep, body: bytes) -> bool:
        """Whether a list without rows may have them written by its script."""
        if not self.is_allowed(sweep):
            return False
        try:
            return await self.spider.readers.read(body, ScriptQuestion(sweep.portal.encoding))
        except OutcomeError:
            return False  # its column or step says why it could not be read
