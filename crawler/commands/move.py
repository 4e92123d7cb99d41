"""``scrapy move [SPIDER]``: the ledger and the archive are carried to other places, and compared."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import TYPE_CHECKING

from scrapy.exceptions import UsageError

from crawler import logs
from crawler.bars import bar
from crawler.command import ProjectCommand
from crawler.dataset.connections import LedgerError
from crawler.dataset.ledger import Ledger
from crawler.exit_status import EXIT_FAILED, told_plainly
from crawler.storage.opening import open_store
from crawler.storage.store import StoreAwayError, StoreError
from crawler.workspace import Workspace

if TYPE_CHECKING:
    from crawler.dataset.moving import Carried, LedgerMove
    from crawler.storage.moving import ArchiveMove, Files, Survey

DATABASE, STORE = "MOVE_TO_DATABASE_URL", "MOVE_TO_FILES_STORE"
SHOWN = 20
"""Problems that are told one by one."""


class Command(ProjectCommand):
    """Carries; killed and run again, it goes on. What was carried stays where it was.

    Exit status: 0; 1 where something could not be moved, or a place cannot be used; 2 for wrong arguments; 75 where a crawl is
    at work or a file store does not answer.
    """

    requires_project = True
    requires_crawler_process = False
    default_settings = {"LOG_ENABLED": True}  # noqa: RUF012 - Scrapy's way to declare it

    def syntax(self) -> str:
        """The arguments."""
        return "[options] [SPIDER]"

    def short_desc(self) -> str:
        """One line for ``scrapy -h``."""
        return "Carry a spider's ledger and documents to another database and file store, and compare them"

    def long_desc(self) -> str:
        """What ``scrapy move -h`` says first."""
        return (
            f"Carries the ledger to the database that the environment variable {DATABASE} names, and the documents to the place"
            f" that {STORE} names (a folder, or s3://bucket/prefix); one of the two may be left out. What is there must be"
            " empty, or of an earlier move. Nothing is removed. See docs/moving.md."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Whose dataset, and whether the stores are shared."""
        super().add_options(parser)
        parser.add_argument("--sample", action="store_true", help="the sample portals' dataset under OUTPUT_DIR/sample")
        parser.add_argument(
            "--shared",
            action="store_true",
            help="the file stores have other spiders' documents, too: move only those that this ledger names",
        )

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Look, carry, compare, and say what is where."""
        if len(args) > 1:
            raise UsageError("name one spider: scrapy move henan_reports")
        assert self.settings is not None  # noqa: S101 - set by scrapy.cmdline
        # Not settings: those may be given as arguments, which every user of the machine can read.
        database, store = os.environ.get(DATABASE, ""), os.environ.get(STORE, "")
        if not database and not store:
            raise UsageError(f"set {DATABASE}, {STORE} or both in the environment", print_help=False)
        spider = args[0] if args else "henan_reports"
        workspace = Workspace.of(self.settings, spider, sample=opts.sample)
        if not self.settings["DATABASE_URL"] and not (workspace.root / "ledger.sqlite").is_file():
            raise UsageError(f"there is no ledger at {workspace.root}; run `scrapy crawl {spider}` first", print_help=False)
        logs.about(spider=spider)
        with told_plainly(self), ExitStack() as stack:
            stack.enter_context(workspace.running())
            try:
                self._move(stack, workspace, database, store, shared=opts.shared)
            except StoreError:
                raise
            except OSError as error:
                raise StoreError(f"the move broke off: {error}. Make room or mend it, and move again: it goes on") from error

    def _move(self, stack: ExitStack, workspace: Workspace, database: str, store: str, *, shared: bool) -> None:
        from crawler.dataset.moving import LedgerMove
        from crawler.storage.moving import ArchiveMove

        Ledger(workspace.ledger_url).close()
        with _named(DATABASE):
            ledger = stack.enter_context(closing(LedgerMove(workspace.ledger_url, database or workspace.ledger_url)))
        # Both ends are looked at before anything is written to either.
        last = ledger.begin() if database else {}
        archive = survey = None
        if store:
            with _named(STORE):
                target = stack.enter_context(closing(open_store(store, patience=workspace.files_patience)))
                target.check()
            source = stack.enter_context(closing(workspace.store))
            source.check()
            archive = ArchiveMove(source, target, ledger.document_paths, shared=shared)
            survey = archive.survey()
        # Documents first: a ledger never names what is not there.
        files = _carry_files(archive, survey) if archive and survey else None
        tables = _carry_ledger(ledger, last) if database else []
        sys.stdout.write("\n".join(_lines(tables, files)) + "\n")
        problems = list(_problems(files, survey))
        if problems:
            sys.stderr.write("\n".join(problems) + "\n")
            self.exitcode = EXIT_FAILED


def _carry_files(archive: ArchiveMove, survey: Survey) -> Files:
    with bar(total=survey.files, unit="document", desc="documents") as progress:
        return archive.carry(progress.update)


def _carry_ledger(ledger: LedgerMove, last: dict[str, tuple[object, ...] | None]) -> list[Carried]:
    total = ledger.rows()
    with bar(total=total, unit="row", desc="ledger") as progress:
        ledger.carry(last, progress.update)
        progress.update(total - progress.n)  # those of an earlier move
    with bar(total=total, unit="row", desc="comparing") as progress:
        return ledger.verify(progress.update)


@contextmanager
def _named(variable: str) -> Iterator[None]:
    """What is wrong with the place to move to is told of the variable that names it."""
    ours = variable.removeprefix("MOVE_TO_")
    try:
        yield
    except LedgerError as error:
        raise LedgerError(str(error).replace(ours, variable)) from error
    except StoreAwayError as error:
        raise StoreAwayError(str(error).replace(ours, variable)) from error
    except StoreError as error:
        raise StoreError(str(error).replace(ours, variable)) from error


def _lines(tables: list[Carried], files: Files | None) -> Iterator[str]:
    if tables:
        yield f"{'Table':<14}{'rows':>12}  sha256 of the rows, the same at both ends"
        yield from (f"{table.table:<14}{table.rows:>12}  {table.sha256}" for table in tables)
    if files is not None:
        told = f"{files.bytes} bytes; each was read again at its new place, and is what its name says"
        yield f"{'Documents':<14}{files.files:>12}  {told}"
    moved = [
        f"{variable.removeprefix('MOVE_TO_')} to what {variable} is"
        for variable, is_moved in ((DATABASE, tables), (STORE, files is not None))
        if is_moved
    ]
    yield f"Nothing was removed. Now set {' and '.join(moved)}."


def _problems(files: Files | None, survey: Survey | None) -> Iterator[str]:
    problems = files.problems if files else []
    yield from (f"not moved: {problem}" for problem in problems[:SHOWN])
    if len(problems) > SHOWN:
        yield f"not moved: {len(problems) - SHOWN} others"
    if survey and survey.missing:
        yield (
            f"{survey.missing} documents that the ledger names are not in the archive that was moved from, e.g."
            f" {survey.first_missing}: put them back from a copy, or let `scrapy crawl -s REVISIT_DAYS=0` fetch them again"
        )
