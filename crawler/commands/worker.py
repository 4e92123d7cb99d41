"""``scrapy worker``: takes tasks from the queue until it is told to stop."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from crawler import logs
from crawler.command import ProjectCommand
from crawler.exit_status import EXIT_FAILED, told_plainly

QUEUES = ("crawl", "read", "publish")
NEEDED = ("procrastinate", "psycopg", "psycopg_pool")


class Command(ProjectCommand):
    """One worker process.

    Exit status: 0 after SIGTERM, or with ``--until-done`` once the queues are empty; 1 where the database cannot be used.
    """

    requires_project = True
    requires_crawler_process = False
    default_settings = {"LOG_ENABLED": True}  # noqa: RUF012 - Scrapy's way to declare it

    def syntax(self) -> str:
        """The arguments."""
        return "[options]"

    def short_desc(self) -> str:
        """One line for ``scrapy -h``."""
        return "Work on the tasks that `scrapy enqueue` hands out, on as many machines as there are"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Which queues, how much at a time, and until when."""
        super().add_options(parser)
        parser.add_argument(
            "--queues",
            default=",".join(QUEUES),
            metavar="NAMES",
            help="crawl, read, publish: publish only where OUTPUT_DIR is that of the dataset (default: all three)",
        )
        parser.add_argument(
            "--concurrency", metavar="N", help="tasks at a time, of each queue (8) or by queue (crawl=16,read=4)"
        )
        parser.add_argument("--until-done", action="store_true", help="end once the queues are empty, whoever works on them")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Work."""
        assert self.settings is not None  # noqa: S101 - set by scrapy.cmdline
        if args:
            raise UsageError("a worker takes no arguments; see --queues", print_help=False)
        queues = [queue.strip() for queue in opts.queues.split(",") if queue.strip()]
        if not queues or set(queues) - set(QUEUES):
            raise UsageError(f"--queues {opts.queues!r}: known are {', '.join(QUEUES)}", print_help=False)
        with told_errors(self):
            from crawler.work.database import shared_url
            from crawler.work.schema import bring_up
            from crawler.work.worker import WorkerProcess, parse_concurrency

            concurrency = parse_concurrency(opts.concurrency, dict.fromkeys(queues), self.settings)
            bring_up(shared_url(self.settings))
            logs.about(worker=os.getpid())
            # Each task is told in a line of our own.
            for name in ("procrastinate", "botocore"):
                logging.getLogger(name).setLevel(logging.WARNING)
            asyncio.run(WorkerProcess(self.settings, concurrency).run(until_done=opts.until_done))


@contextmanager
def told_errors(command: ScrapyCommand) -> Iterator[None]:
    """As `told_plainly`, for commands that use the queue.

    Raises:
        UsageError: what was asked for cannot be understood.
    """
    try:
        with told_plainly(command):
            yield
    except ModuleNotFoundError as error:
        if error.name not in NEEDED:
            raise
        sys.stderr.write(f"workers need {error.name}: pip install '.[workers]' (procrastinate and psycopg)\n")
        command.exitcode = EXIT_FAILED
    except ValueError as error:
        raise UsageError(str(error), print_help=False) from error
