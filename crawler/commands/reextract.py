"""``scrapy reextract [SPIDER]``: the archive is read again after the extractor changed."""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TextIO

from scrapy.exceptions import UsageError

from crawler import EXTRACTOR_VERSION, logs
from crawler.bars import bar
from crawler.command import ProjectCommand
from crawler.dataset.ledger import Ledger
from crawler.dataset.model import ArchivedDocument
from crawler.exit_status import EXIT_FAILED, EXIT_NOT_PUBLISHED, told_plainly
from crawler.isolation import ExtractionPool
from crawler.outcomes import Outcome
from crawler.publication import publication_lines, publish_workspace
from crawler.reextraction import Change, Reextraction, expected_kind, wanted
from crawler.storage.store import FileStore
from crawler.workspace import Workspace


class Command(ProjectCommand):
    """Reads what this version of the extractor has not read; a run that was killed goes on where it was.

    Exit status: 0; 1 where an archived file could not be opened, or the ledger or the file store cannot be used; 2 where
    ``--publish`` was refused by the assertions; 75 where another process was publishing or the file store does not answer.
    """

    requires_project = True
    requires_crawler_process = False
    default_settings = {"LOG_ENABLED": True}  # noqa: RUF012 - Scrapy's way to declare it

    def syntax(self) -> str:
        """The arguments."""
        return "[options] [SPIDER]"

    def short_desc(self) -> str:
        """One line for ``scrapy -h``."""
        return "Read the archived documents again after the extractor changed, and say which values changed"

    def long_desc(self) -> str:
        """What ``scrapy reextract -h`` says first."""
        return (
            "Reads every archived document that this version of the extractor has not read, and prints one JSON line for each "
            "value, check or fact that came out differently. Run `scrapy publish` afterwards, or give --publish."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Which documents, where the changes go, and whether to publish."""
        super().add_options(parser)
        kinds = ", ".join(outcome.value for outcome in Outcome)
        parser.add_argument("--all", action="store_true", help="also what this version has read; killed, it starts over")
        parser.add_argument(
            "--outcome",
            metavar="KINDS",
            help=f"only documents that ended so, also by this version, e.g. failed,timeout: {kinds}",
        )
        parser.add_argument("--changes", metavar="FILE", help="append the changes to this file instead of stdout")
        parser.add_argument("--publish", action="store_true", help="publish afterwards; without changes nothing is written")
        parser.add_argument("--sample", action="store_true", help="the sample portals' archive under OUTPUT_DIR/sample")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Read, tell, keep; then publish if asked to."""
        if len(args) > 1:
            raise UsageError("name one spider: scrapy reextract henan_reports")
        assert self.settings is not None  # noqa: S101 - set by scrapy.cmdline
        outcomes = _outcomes(opts.outcome)
        spider = args[0] if args else "henan_reports"
        workspace = Workspace.of(self.settings, spider, sample=opts.sample)
        if not self.settings["DATABASE_URL"] and not (workspace.root / "ledger.sqlite").is_file():
            raise UsageError(f"there is no ledger at {workspace.root}; run `scrapy crawl {spider}` first", print_help=False)
        logs.about(spider=spider)
        with told_plainly(self), ExitStack() as stack:
            store = stack.enter_context(closing(workspace.store))
            store.check()
            output = stack.enter_context(Path(opts.changes).open("a", encoding="utf-8")) if opts.changes else sys.stdout
            ledger = stack.enter_context(Ledger(workspace.ledger_url))
            pool = stack.enter_context(ExtractionPool.from_settings(self.settings))
            documents = list(
                wanted(ledger.archived_documents(spider, EXTRACTOR_VERSION), everything=opts.all, outcomes=outcomes)
            )
            self.exitcode = _read(documents, ledger, pool, store, output)
            if opts.publish:
                publication = publish_workspace(workspace, spider, ledger, self.settings)
                sys.stderr.write("\n".join(publication_lines(publication)) + "\n")
                if publication.status == "failed":
                    self.exitcode = EXIT_NOT_PUBLISHED


def _read(documents: list[ArchivedDocument], ledger: Ledger, pool: ExtractionPool, store: FileStore, output: TextIO) -> int:
    """Read with a progress bar, and say what it came to; the exit status."""

    def tell(change: Change) -> None:
        output.write(json.dumps(change, ensure_ascii=False, allow_nan=False) + "\n")
        output.flush()

    with bar(total=len(documents), unit="document", desc=f"extractor {EXTRACTOR_VERSION}") as progress:
        work = Reextraction(
            ledger, pool, store, expected=expected_kind, tell=tell, warn=lambda text: progress.write(text, file=sys.stderr)
        )
        for _ in work.run(documents):
            progress.update()
    tally = work.tally
    sys.stderr.write(
        f"{tally.read} documents read by extractor {EXTRACTOR_VERSION}: {tally.changed} changed, {tally.values} values; "
        f"{tally.better} can be read now, {tally.worse} no longer"
        + (f"; {tally.not_read} could not be opened" if tally.not_read else "")
        + "\n"
    )
    return EXIT_FAILED if tally.not_read else 0


def _outcomes(text: str | None) -> frozenset[Outcome]:
    try:
        return frozenset(Outcome(word.strip()) for word in text.split(",")) if text else frozenset()
    except ValueError as error:
        raise UsageError(f"--outcome: {error}", print_help=False) from error
