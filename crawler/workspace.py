"""Where one spider keeps its things."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from scrapy.settings import SETTINGS_PRIORITIES

if TYPE_CHECKING:
    from scrapy.settings import BaseSettings

SAMPLE = "sample"
"""The word that stands for the sample portals in ``-a portals=sample``, and their folder under ``OUTPUT_DIR``."""


@dataclass(frozen=True, slots=True)
class Workspace:
    """The folders and the ledger of one spider: ``<OUTPUT_DIR>/<spider>/``."""

    root: Path
    files_store: str
    ledger_url: str

    @classmethod
    def of(cls, settings: BaseSettings, spider: str, *, sample: bool = False) -> Workspace:
        """The workspace by the settings.

        Sample reports go to ``<OUTPUT_DIR>/sample`` so that they never mix with real ones, unless ``OUTPUT_DIR`` is given on
        the command line: then exactly there.
        """
        output = Path(settings["OUTPUT_DIR"])
        explicit = (settings.getpriority("OUTPUT_DIR") or 0) >= SETTINGS_PRIORITIES["cmdline"]
        if sample and not explicit:
            output /= SAMPLE
        root = (output / spider).resolve()
        return cls(
            root=root,
            files_store=settings["FILES_STORE"] or str(root / "attachments"),
            ledger_url=settings["DATABASE_URL"] or f"sqlite:///{root / 'ledger.sqlite'}",
        )

    @property
    def output_dir(self) -> Path:
        """The folder above the spider's own."""
        return self.root.parent

    def create(self) -> None:
        """Make the folders that are missing."""
        self.root.mkdir(parents=True, exist_ok=True)
