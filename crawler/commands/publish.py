"""``scrapy publish [SPIDER]``: stage, assert, switch."""

from __future__ import annotations

import argparse
import sys

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from crawler.dataset.ledger import Ledger
from crawler.divisions import registered_divisions
from crawler.publication import publication_lines, publish_workspace
from crawler.workspace import Workspace


class Command(ScrapyCommand):
    """Publishes from the ledger, without a crawl."""

    requires_project = True
    requires_crawler_process = False
    default_settings = {"LOG_ENABLED": True}  # noqa: RUF012 - Scrapy's way to declare it

    def syntax(self) -> str:
        """The arguments."""
        return "[options] [SPIDER]"

    def short_desc(self) -> str:
        """One line for ``scrapy -h``."""
        return "Publish the dataset of a spider from its ledger: stage, assert, switch"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """``--sample`` for the dataset of ``make demo``."""
        super().add_options(parser)
        parser.add_argument("--sample", action="store_true", help="the sample portals' dataset under OUTPUT_DIR/sample")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Publish and say what came of it; exit status 2 where an assertion failed."""
        if len(args) > 1:
            raise UsageError("name one spider: scrapy publish henan_reports")
        assert self.settings is not None  # noqa: S101 - set by scrapy.cmdline
        spider = args[0] if args else "henan_reports"
        workspace = Workspace.of(self.settings, spider, sample=opts.sample)
        if not self.settings["DATABASE_URL"] and not (workspace.root / "ledger.sqlite").is_file():
            raise UsageError(f"there is no ledger at {workspace.root}; run `scrapy crawl {spider}` first", print_help=False)
        with Ledger(workspace.ledger_url) as ledger:
            publication = publish_workspace(workspace, spider, ledger, self.settings, registered_divisions())
        sys.stdout.write("\n".join(publication_lines(publication)) + "\n")
        self.exitcode = 2 if publication.status == "failed" else 0
