"""``scrapy publish [SPIDER]``: stage, assert, switch, prune."""

from __future__ import annotations

import argparse
import os
import pwd
import sys
from typing import TYPE_CHECKING

from scrapy.exceptions import UsageError
from sqlalchemy.exc import OperationalError

from crawler import logs
from crawler.command import ProjectCommand
from crawler.dataset.ledger import Ledger
from crawler.exit_status import EXIT_FAILED, EXIT_NOT_PUBLISHED, told_plainly
from crawler.publication import publication_lines, publish_workspace
from crawler.workspace import Workspace

if TYPE_CHECKING:
    from crawler.dataset.publish import Override, Publication


class Command(ProjectCommand):
    """Publishes from the ledger, without a crawl.

    Exit status: 0; 1 where the disk or the ledger cannot be written; 2 where an assertion failed, or for wrong arguments; 75
    where another process is publishing the dataset.
    """

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
        """``--sample`` for the dataset of ``make demo``; ``--force`` with its reason."""
        super().add_options(parser)
        parser.add_argument("--sample", action="store_true", help="the sample portals' dataset under OUTPUT_DIR/sample")
        parser.add_argument(
            "--force",
            action="store_true",
            help="publish though assertions fail; needs --reason, and is recorded with the version",
        )
        parser.add_argument("--reason", metavar="TEXT", help="why --force is right, for whoever asks later")
        parser.add_argument("--by", metavar="NAME", help="who forces; by default the operating system's user")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Publish and say what came of it."""
        if len(args) > 1:
            raise UsageError("name one spider: scrapy publish henan_reports")
        override = _override(opts)
        assert self.settings is not None  # noqa: S101 - set by scrapy.cmdline
        spider = args[0] if args else "henan_reports"
        workspace = Workspace.of(self.settings, spider, sample=opts.sample)
        if not self.settings["DATABASE_URL"] and not (workspace.root / "ledger.sqlite").is_file():
            raise UsageError(f"there is no ledger at {workspace.root}; run `scrapy crawl {spider}` first", print_help=False)
        logs.about(spider=spider)
        with told_plainly(self):
            try:
                with Ledger(workspace.ledger_url) as ledger:
                    publication = publish_workspace(workspace, spider, ledger, self.settings, override=override)
            except (OSError, OperationalError) as error:
                told = error.orig if isinstance(error, OperationalError) else error
                sys.stderr.write(
                    f"publishing under {workspace.root} broke off: {told}\nMake room or mend it, then publish again.\n"
                )
                self.exitcode = EXIT_FAILED
                return
            self._tell(publication)

    def _tell(self, publication: Publication) -> None:
        from crawler.dataset.publish import FAILED_STATUS

        sys.stdout.write("\n".join(publication_lines(publication)) + "\n")
        self.exitcode = EXIT_NOT_PUBLISHED if publication.status == FAILED_STATUS else 0


def _override(opts: argparse.Namespace) -> Override | None:
    """Who forces, and why; ``None`` without ``--force``.

    Raises:
        UsageError: there is no reason, or a reason for nothing.
    """
    from crawler.dataset.publish import Override

    reason = _plain(opts.reason)
    if not opts.force:
        if opts.reason is not None or opts.by is not None:
            raise UsageError("--reason and --by go with --force", print_help=False)
        return None
    if not reason:
        raise UsageError('--force needs --reason "...": it is recorded with the version', print_help=False)
    return Override(_plain(opts.by) or _user(), reason)


def _plain(text: str | None) -> str:
    """One line of text that can be written, whatever bytes the terminal gave."""
    return " ".join((text or "").encode("utf-8", "replace").decode("utf-8").split())


def _user() -> str:
    """The name of the operating system's user, or its number where it has none."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"user {os.getuid()}"
