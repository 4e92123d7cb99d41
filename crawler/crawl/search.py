"""Home page -> column: the search that `crawler.portals.discovery` directs, request by request."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
)

from crawler.crawl.pages import RowVisit
from crawler.failures import RefusedRequest, describe_exception
from crawler.outcomes import Outcome, OutcomeError
from crawler.page_questions import StepQuestion
from crawler.portals.discovery import Stage, address_of_step, describe
from crawler.portals.model import Link

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from scrapy.http import Response
    from twisted.python.failure import Failure

    from crawler.items import PageItem
    from crawler.spider import ReportsSpider
    from crawler.sweep import PortalSweep


class Search:
    """Asks for the pages that discovery wants, and hands on the columns that it finds."""

    def __init__(self, spider: ReportsSpider) -> None:
        self.spider = spider

    def go_on(self, sweep: PortalSweep) -> Iterator[Request]:
        """Ask for the page that discovery wants next, if it wants one."""
        wanted = sweep.discovery.next_page()
        if wanted is not None:
            yield self.request(sweep, *wanted)

    def request(
        self, sweep: PortalSweep, url: str, stage: Stage, *, instead_of: str | None = None, browser: bool = False
    ) -> Request:
        """Ask for a page of the search.

        Args:
            sweep: whose.
            url: of the page.
            stage: what discovery takes it for.
            instead_of: the address that it stands for, which could not be had.
            browser: look at it with the browser.
        """
        meta = {
            **self.spider.request_meta(sweep.portal),
            "download_maxsize": self.spider.settings.getint("PAGE_MAX_BYTES"),
            "download_timeout": self.spider.settings.getfloat("HOME_TIMEOUT"),
            "max_retry_times": self.spider.settings.getint("HOME_RETRY_TIMES"),
            **(self.spider.browser.meta() if browser else {}),
        }
        arguments = {"sweep": sweep, "stage": stage, "instead_of": instead_of}
        return Request(url, self.read, errback=self.failed, meta=meta, dont_filter=True, cb_kwargs=arguments)

    def begin_after_loss(self, sweep: PortalSweep) -> Iterator[Request]:
        """A column known from earlier nights cannot be read: look for where it went, in the same night."""
        if not sweep.searching and not sweep.portal.columns:
            sweep.searching = True
            yield from self.go_on(sweep)

    async def read(
        self, response: Response, sweep: PortalSweep, stage: Stage, instead_of: str | None = None
    ) -> AsyncIterator[Request | PageItem]:
        """Follow the words from the home page towards the report column."""
        sweep.reached = True
        asked = response.request.url if response.request else response.url
        asked = instead_of or response.meta.get("redirect_urls", [asked])[0]
        question = StepQuestion(address_of_step(asked, response.url), stage, sweep.portal)
        try:
            step = await self.spider.readers.read(response.body, question)
        except OutcomeError as error:
            sweep.problems.append((error.outcome, self.spider.unread(response.url, error)))
        else:
            sweep.discovery.note(asked, step)
            sweep.lines.extend(describe(step))
            if step.role == "column":
                column = self.spider.lists.column(sweep, step.url)
                if not column.pages:
                    async for found in self.spider.lists.read(response, sweep, column, 0):
                        yield found
            elif step.url in sweep.discovery.articles:
                # A portal with one report links it where others have a column.
                column = self.spider.lists.column(sweep, step.url)
                column.family = "article"
                column.collected.add(step.url)
                column.reports += 1
                if self.spider.follow_rows:
                    async for found in self.spider.pages.article(response, RowVisit(sweep, column, Link(step.url, ""))):
                        yield found
            elif (
                step.problem and not response.meta.get("browser") and await self.spider.browser.is_wanted(sweep, response.body)
            ):
                sweep.lines.append(f"{step.url}\n  may be written by its script: looking at it with the browser")
                yield self.request(sweep, step.url, stage, browser=True)
                return
            elif step.problem:
                sweep.problems.append((Outcome.FAILED, f"column {step.url}: {step.problem}"))
            if step.off_list and not sweep.columns:
                hosts = ", ".join(sorted({urlsplit(candidate.link.url).netloc for candidate in step.off_list}))
                sweep.problems.append((Outcome.NOT_FOUND, f"{step.url} leads to hosts that are not allowed: {hosts}"))
        for request in self.go_on(sweep):
            yield request

    def failed(self, failure: Failure) -> Iterator[Request]:
        """Note why a page of the search could not be read, and go on with the next best."""
        request = cast("Request", failure.request)  # type: ignore[attr-defined]
        sweep: PortalSweep = request.cb_kwargs["sweep"]
        error = cast("BaseException", failure.value)
        outcome, message = describe_exception(error, request.url)
        instead = other_scheme(request.url, error) if request.cb_kwargs["instead_of"] is None else None
        if instead is not None:
            sweep.lines.append(f"{request.url}\n  {outcome.value}: {message}; trying {instead}")
            yield self.request(sweep, instead, request.cb_kwargs["stage"], instead_of=request.url)
            return
        sweep.problems.append((outcome, message))
        sweep.lines.append(f"{request.url}\n  {outcome.value}: {message}")
        self.spider.logger.warning("%s: %s: %s", sweep.portal.name, outcome.value, message)
        yield from self.go_on(sweep)


def other_scheme(url: str, error: BaseException) -> str | None:
    """The same address by https instead of http or the reverse, where the failure may be the scheme's; else ``None``.

    Some portals answer on one of the two only. A port that the address names is for one of them, so that a refusal or a
    silence there is final.
    """
    cause = error.__cause__ if isinstance(error, RefusedRequest) and error.__cause__ else error
    parts = urlsplit(url)
    if isinstance(cause, DownloadConnectionRefusedError | DownloadTimeoutError) and parts.port is not None:
        return None
    if not isinstance(cause, DownloadConnectionRefusedError | DownloadTimeoutError | DownloadFailedError | OSError):
        return None
    if isinstance(cause, CannotResolveHostError):
        return None
    return parts._replace(scheme="http" if parts.scheme == "https" else "https").geturl()
