"""``scrapy work``: how the work of all workers stands."""

from __future__ import annotations

import argparse

from scrapy.exceptions import UsageError

from crawler.command import ProjectCommand
from crawler.commands.enqueue import show_status
from crawler.commands.worker import told_errors


class Command(ProjectCommand):
    """Prints what is queued, at work, done and failed by kind, how fast it goes, what waits longest, and what is stuck."""

    requires_project = True
    requires_crawler_process = False
    default_settings = {"LOG_ENABLED": False}  # noqa: RUF012 - Scrapy's way to declare it

    def short_desc(self) -> str:
        """One line for ``scrapy -h``."""
        return "Show how the work of all workers stands: queued, running, failed, throughput, what is stuck"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """``--json`` for machines."""
        super().add_options(parser)
        parser.add_argument("--json", action="store_true", help="one JSON object")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Print it."""
        assert self.settings is not None  # noqa: S101 - set by scrapy.cmdline
        if args:
            raise UsageError("scrapy work takes no arguments; see --json", print_help=False)
        with told_errors(self):
            show_status(self.settings, as_json=opts.json)
