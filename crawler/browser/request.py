"""What a request needs to be made by the browser, and what it brought."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy_playwright.page import PageMethod

from crawler.browser.guard import PageGuard
from crawler.browser.pages import read_pages

if TYPE_CHECKING:
    from scrapy.http import Response
    from scrapy.settings import BaseSettings


def browser_meta(settings: BaseSettings, guard: PageGuard) -> dict[str, Any]:
    """``meta`` for a request whose list a script writes."""
    seconds = settings.getfloat("BROWSER_WAIT")
    return {
        "browser": True,
        "playwright": True,
        "playwright_context_kwargs": {
            "user_agent": settings["USER_AGENT"],
            "accept_downloads": False,
            "service_workers": "block",
            "ignore_https_errors": True,
        },
        "playwright_page_init_callback": guard.watch,
        "playwright_page_methods": [PageMethod(read_pages, settings.getint("BROWSER_MAX_PAGES"), seconds)],
        "download_timeout": settings.getfloat("BROWSER_TIMEOUT"),
    }


def pages_seen(response: Response) -> list[bytes]:
    """The pages of the list in order, as UTF-8."""
    (method,) = response.meta["playwright_page_methods"]
    return [page.encode("utf-8", "replace") for page in method.result or ()]
