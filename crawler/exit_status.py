"""What the project's commands exit with, and the one line on stderr that says why."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from crawler.dataset.connections import LedgerError
from crawler.dataset.versions import PublishLockedError
from crawler.redaction import redact
from crawler.storage.store import StoreAwayError, StoreError
from crawler.workspace import AlreadyRunningError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy.commands import ScrapyCommand

EXIT_FAILED = 1
EXIT_NOT_PUBLISHED = 2
EXIT_TRY_LATER = 75
"""EX_TEMPFAIL of sysexits.h: another process is at work, the file store does not answer, or it is not the hour."""


@contextmanager
def told_plainly(command: ScrapyCommand) -> Iterator[None]:
    """Around a command's work: what a person has to settle outside of it is told in one line, and gives the exit status."""
    try:
        yield
    except (AlreadyRunningError, PublishLockedError, StoreAwayError) as error:
        complain(str(error))
        command.exitcode = EXIT_TRY_LATER
    except (LedgerError, StoreError) as error:
        complain(str(error))
        command.exitcode = EXIT_FAILED
    except DBAPIError as error:
        # What the driver said, and not the statement with what was to be written.
        complain(f"the ledger's database cannot be used: {one_line(error.orig)}")
        command.exitcode = EXIT_FAILED


def complain(line: str) -> None:
    """One line on stderr, without secrets. docs/runbook.md says what each means."""
    sys.stderr.write(f"{redact(line)}\n")


def one_line(error: object) -> str:
    """An error's message without its line breaks."""
    return " ".join(str(error).split())
