"""Scrapy's download handler with a browser behind it that starts only when it is needed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from scrapy.core.downloader.handlers.http11 import HTTP11DownloadHandler
from scrapy.exceptions import DownloadFailedError, DownloadTimeoutError

from crawler.browser.program import find_program, launch_options
from crawler.failures import RefusedRequest
from crawler.outcomes import Outcome

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

BROWSER_META = "browser"
"""Of a request: ``True`` asks for the page as a browser shows it. The pages seen are then the result of its one page method."""


class BrowserHandler(HTTP11DownloadHandler):
    """Downloads as Scrapy does; requests with ``meta["browser"]`` go through scrapy-playwright and the system's Chromium."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self.crawler = crawler
        self._browser: Any = None
        self._starting = asyncio.Lock()

    async def download_request(self, request: Request) -> Response:
        """Download, with the browser where the request asks for it."""
        if not request.meta.get(BROWSER_META):
            return await super().download_request(request)
        browser = await self._start(request)
        from playwright.async_api import Error as PlaywrightError
        from playwright.async_api import TimeoutError as PlaywrightTimeoutError

        try:
            response: Response = await asyncio.wait_for(browser.download_request(request), request.meta["download_timeout"])
        except (TimeoutError, PlaywrightTimeoutError) as error:
            raise DownloadTimeoutError(f"the browser did not show {request.url} in time") from error
        except PlaywrightError as error:
            # A crash costs one more attempt, as any broken connection does.
            raise DownloadFailedError(f"the browser failed on {request.url}: {error.message.splitlines()[0]}") from error
        return response

    async def close(self) -> None:
        """Close the browser, where there is one."""
        await super().close()
        if self._browser is not None:
            await self._browser.close()

    async def _start(self, request: Request) -> Any:
        async with self._starting:
            if self._browser is None:
                program = find_program(self.crawler.settings)
                if program is None:
                    raise RefusedRequest(
                        Outcome.UNSUPPORTED,
                        f"{request.url} is written by a script and there is no browser to read it with: "
                        "install chromium, or set BROWSER_PROGRAM",
                    )
                # Imported late: most nights need no browser, and the import alone takes a tenth of a second.
                from scrapy_playwright.handler import ScrapyPlaywrightDownloadHandler

                browser = ScrapyPlaywrightDownloadHandler(self.crawler)
                browser.config.launch_options = launch_options(program)
                await browser._launch()  # noqa: SLF001 - what it does when the engine starts, which is long ago
                self._browser = browser
        return self._browser
