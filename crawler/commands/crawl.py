"""``scrapy crawl``: Scrapy's own, with a summary on stdout and an exit status that cron can use."""

from __future__ import annotations

import argparse
import gc
import sys
from contextlib import ExitStack, closing
from typing import cast

from scrapy.commands.crawl import Command as ScrapyCrawl
from scrapy.crawler import Crawler
from scrapy.exceptions import UsageError
from scrapy.spiders import Spider

from crawler.arguments import CrawlArguments
from crawler.command import ProjectCommand
from crawler.dataset.clock import utc_now
from crawler.dataset.ledger import Ledger
from crawler.exit_status import EXIT_TRY_LATER, told_plainly
from crawler.spider import ReportsSpider
from crawler.window import Window
from crawler.workspace import SAMPLE, Workspace


class Command(ProjectCommand, ScrapyCrawl):
    """Runs a spider of this project.

    Exit status: 0; 1 where not one portal could be read, or the ledger or the file store cannot be used; 2 where the dataset
    failed its assertions, so that the last good version stayed; 75 where another run of the same spider is at work, another
    process was publishing when it came to that, the file store does not answer, or it is not the hour (CRAWL_WINDOW).
    """

    crawler: Crawler | None = None

    def _create_crawler(self, spidercls: type[Spider] | str) -> Crawler:
        self.crawler = super()._create_crawler(spidercls)
        return self.crawler

    def _understand(self, args: list[str], opts: argparse.Namespace) -> None:
        """Turn the texts of ``-a`` into arguments, so that a mistake is told before anything starts."""
        assert self.settings is not None  # noqa: S101 - set by scrapy.cmdline
        if len(args) != 1 or self.crawler_process is None:
            return
        try:
            spider = self.crawler_process.spider_loader.load(args[0])
            if issubclass(spider, ReportsSpider):
                arguments = CrawlArguments.parse(self.settings, default_province=spider.province, **opts.spargs)
                opts.spargs = {"arguments": arguments}
        except TypeError as error:
            known = "portals, years, region, province"
            raise UsageError(f"unknown spider argument; known are {known} ({error})", print_help=False) from error
        except (ValueError, OSError) as error:
            raise UsageError(str(error), print_help=False) from error

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Crawl, then say what came of it."""
        assert self.settings is not None  # noqa: S101 - set by scrapy.cmdline
        # The libraries stay: what is still to be imported makes the collector look at them again and again.
        gc.freeze()
        if len(args) != 1:
            super().run(args, opts)
            return
        if self.crawler_process is not None and args[0] not in self.crawler_process.spider_loader.list():
            raise UsageError(f"no spider is called {args[0]!r}; see `scrapy list`", print_help=False)
        if not self._may_start():
            self.exitcode = EXIT_TRY_LATER
            return
        workspace = Workspace.of(self.settings, args[0], sample=opts.spargs.get("portals") == SAMPLE)
        with told_plainly(self), ExitStack() as stack:
            try:
                stack.enter_context(workspace.running())
            except OSError as error:
                raise UsageError(f"{workspace.root} cannot be written: {error}", print_help=False) from error
            self._understand(args, opts)
            # Scrapy would tell a ledger that cannot be used by a traceback: it is tried before Scrapy starts.
            Ledger(workspace.ledger_url).close()
            with closing(workspace.store) as store:
                store.check()
            self._crawl(args, opts)

    def _may_start(self) -> bool:
        """Whether the hour is right."""
        assert self.settings is not None  # noqa: S101 - set by scrapy.cmdline
        try:
            window = Window.parse(self.settings["CRAWL_WINDOW"] or "")
        except ValueError as error:
            raise UsageError(str(error), print_help=False) from error
        if window is None or window.seconds_left(utc_now()) > 0:
            return True
        sys.stderr.write(f"nothing is crawled outside {window}; -s CRAWL_WINDOW= crawls at any hour\n")
        return False

    def _crawl(self, args: list[str], opts: argparse.Namespace) -> None:
        super().run(args, opts)
        spider = self.crawler.spider if self.crawler else None
        if not isinstance(spider, ReportsSpider):
            return
        from crawler.summary import run_summary

        sys.stdout.write(run_summary(spider, cast("Crawler", self.crawler).stats.get_stats()))
        self.exitcode = self.exitcode or spider.exit_status
