"""What the project's commands have in common."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from crawler import logs

if TYPE_CHECKING:
    import argparse


class ProjectCommand(ScrapyCommand):
    """A command that logs as `crawler.logs` does, from its first line on."""

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        """Understand the options, then see to the log."""
        super().process_options(args, opts)
        assert self.settings is not None  # noqa: S101 - set by scrapy.cmdline
        try:
            logs.install(self.settings, os.environ)
        except (OSError, ValueError) as error:
            raise UsageError(f"the log cannot be written as the settings say: {error}", print_help=False) from error
