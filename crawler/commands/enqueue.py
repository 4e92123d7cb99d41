"""``scrapy enqueue SPIDER``: hands out portals, documents and publications to workers."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from typing import TYPE_CHECKING, Any

from scrapy.exceptions import UsageError
from scrapy.utils.conf import arglist_to_dict

from crawler.arguments import CrawlArguments
from crawler.command import ProjectCommand
from crawler.commands.worker import told_errors
from crawler.outcomes import Outcome
from crawler.workspace import SAMPLE

if TYPE_CHECKING:
    from scrapy.settings import BaseSettings

    from crawler.dataset.model import ArchivedDocument
    from crawler.work.queue import Enqueued, Queue


class Command(ProjectCommand):
    """Puts tasks into the queue; what waits there already is not put there twice.

    Exit status: 0; 1 where the database cannot be used; 2 for wrong arguments.
    """

    requires_project = True
    requires_crawler_process = False
    default_settings = {"LOG_ENABLED": True}  # noqa: RUF012 - Scrapy's way to declare it

    def syntax(self) -> str:
        """The arguments."""
        return "[options] SPIDER"

    def short_desc(self) -> str:
        """One line for ``scrapy -h``."""
        return "Hand out a spider's portals to workers, and publish when they are done"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """The spider's arguments, and what else may be handed out."""
        super().add_options(parser)
        parser.add_argument(
            "-a", dest="spargs", action="append", default=[], metavar="NAME=VALUE", help="as for `scrapy crawl`"
        )
        parser.add_argument(
            "--reextract",
            action="store_true",
            help="hand out the archived documents that this version of the extractor has not read, instead of portals",
        )
        parser.add_argument("--all", action="store_true", help="with --reextract: also what this version has read")
        parser.add_argument(
            "--outcome", metavar="KINDS", help="with --reextract: only what ended so, also by this version, e.g. failed,timeout"
        )
        parser.add_argument(
            "--publish", action="store_true", help="alone: only publish; with --reextract: publish when all is read"
        )
        parser.add_argument("--status", action="store_true", help="show how the work stands, as `scrapy work` does")
        parser.add_argument("--json", action="store_true", help="with --status: for machines")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Put it into the queue, and say how much."""
        assert self.settings is not None  # noqa: S101 - set by scrapy.cmdline
        if opts.status:
            with told_errors(self):
                show_status(self.settings, as_json=opts.json)
            return
        if len(args) != 1:
            raise UsageError("name one spider: scrapy enqueue henan_reports", print_help=False)
        if (opts.all or opts.outcome) and not opts.reextract:
            raise UsageError("--all and --outcome go with --reextract", print_help=False)
        with told_errors(self):
            from crawler.work.database import shared_url
            from crawler.work.schema import bring_up

            url = shared_url(self.settings)
            work = _work(self.settings, args[0], opts)
            bring_up(url)
            sys.stdout.write(asyncio.run(_with_queue(url, work)) + "\n")


def _work(settings: BaseSettings, spider: str, opts: argparse.Namespace) -> Any:
    """What is to be done with the open queue.

    Raises:
        ValueError: an argument cannot be understood.
    """
    from crawler.work.nights import enqueue_night, load_spider
    from crawler.work.queue import publish_task

    found = load_spider(settings, spider)
    if opts.reextract:
        return lambda queue: _enqueue_archive(queue, settings, spider, opts)
    if opts.publish:
        return lambda queue: _enqueue_publication(queue, publish_task(spider))
    texts = arglist_to_dict(opts.spargs)
    if texts.get("portals") == SAMPLE:
        raise ValueError("the sample portals are served by the crawl itself: scrapy crawl henan_reports -a portals=sample")
    try:
        arguments = CrawlArguments.parse(settings, default_province=found.province, **texts)
    except TypeError as error:
        raise ValueError(f"unknown spider argument; known are portals, years, region, province ({error})") from error

    async def night(queue: Queue) -> str:
        put = await enqueue_night(queue, settings, spider, arguments, texts.get("years"))
        return _told(put, "portals") + "; published when they are crawled and read"

    return night


async def _with_queue(url: str, work: Any) -> str:
    from crawler.work.queue import Queue

    async with Queue.at(url, "enqueue") as queue:
        told: str = await work(queue)
        return told


async def _enqueue_publication(queue: Queue, task: Any) -> str:
    put = await queue.put([task])
    return "its publication is in the queue" if put.new else "its publication was in the queue already"


async def _enqueue_archive(queue: Queue, settings: BaseSettings, spider: str, opts: argparse.Namespace) -> str:
    from crawler import EXTRACTOR_VERSION
    from crawler.dataset.ledger import Ledger
    from crawler.reextraction import wanted
    from crawler.work.database import shared_url
    from crawler.work.queue import publish_task, read_task

    outcomes = frozenset(Outcome(word.strip()) for word in opts.outcome.split(",")) if opts.outcome else frozenset()

    def task(document: ArchivedDocument) -> Any:
        return read_task(spider, document.sha256, again=document.outcome is not None, anew=document.tried is not None)

    with Ledger(shared_url(settings)) as ledger:
        documents = ledger.archived_documents(spider, EXTRACTOR_VERSION)
        put = await queue.put(task(document) for document in wanted(documents, everything=opts.all, outcomes=outcomes))
    told = _told(put, "documents")
    if opts.publish:
        await queue.put([publish_task(spider, after_all=True)])
        told += "; published when they are read"
    return told


def _told(put: Enqueued, what: str) -> str:
    waiting = f", {put.waiting} were waiting there already" if put.waiting else ""
    return f"{put.new} {what} put into the queue{waiting}"


def show_status(settings: BaseSettings, *, as_json: bool) -> None:
    """Print how the work stands.

    Raises:
        LedgerError: the ledger is not one that workers can share.
    """
    from crawler.work.database import shared_url
    from crawler.work.status import status_lines, work_status

    status = work_status(shared_url(settings), lost_seconds=settings.getfloat("WORKER_LOST"))
    if as_json:
        sys.stdout.write(json.dumps(status.as_json() if status else None, ensure_ascii=False) + "\n")
    elif status is None:
        sys.stdout.write("nothing was ever put into the queue: see `scrapy enqueue`\n")
    else:
        sys.stdout.write("\n".join(status_lines(status)) + "\n")
