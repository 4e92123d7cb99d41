"""Where one spider keeps its things."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from scrapy.settings import SETTINGS_PRIORITIES

from crawler.dataset.clock import iso, utc_now
from crawler.storage.opening import PATIENCE_SECONDS, open_store

if TYPE_CHECKING:
    from scrapy.settings import BaseSettings

    from crawler.storage.store import FileStore

SAMPLE = "sample"
"""The word that stands for the sample portals in ``-a portals=sample``, and their folder under ``OUTPUT_DIR``."""


RUN_LOCK = ".run.lock"


class AlreadyRunningError(Exception):
    """Another run of the same spider is at work in the same folder."""


@dataclass(frozen=True)
class Workspace:
    """The folders, the ledger and the archive of documents of one spider: ``<OUTPUT_DIR>/<spider>/``."""

    root: Path
    files_store: str
    ledger_url: str = field(repr=False)
    """Of the database; may hold a password."""
    files_patience: float = PATIENCE_SECONDS
    """Seconds for which a file store that does not answer is asked again."""

    @classmethod
    def of(cls, settings: BaseSettings, spider: str, *, sample: bool = False) -> Workspace:
        """The workspace by the settings.

        Sample reports go to ``<OUTPUT_DIR>/sample`` and a ledger there, so that they never mix with real ones, unless
        ``OUTPUT_DIR``, ``DATABASE_URL`` or ``FILES_STORE`` is given on the command line: then exactly there.
        """
        output, database, files = Path(settings["OUTPUT_DIR"]), settings["DATABASE_URL"], settings["FILES_STORE"]
        if sample and not _on_command_line(settings, "OUTPUT_DIR"):
            output /= SAMPLE
        if sample and not _on_command_line(settings, "DATABASE_URL"):
            database = ""
        if sample and not _on_command_line(settings, "FILES_STORE"):
            files = ""
        root = (output / spider).resolve()
        return cls(
            root=root,
            files_store=files or str(root / "attachments"),
            ledger_url=database or f"sqlite:///{root / 'ledger.sqlite'}",
            files_patience=settings.getfloat("FILES_STORE_PATIENCE", PATIENCE_SECONDS),
        )

    @cached_property
    def store(self) -> FileStore:
        """The archive of documents, opened once.

        Raises:
            StoreError: ``FILES_STORE`` is no address of a store.
        """
        return open_store(self.files_store, patience=self.files_patience)

    @property
    def output_dir(self) -> Path:
        """The folder above the spider's own."""
        return self.root.parent

    def create(self) -> None:
        """Make the folders that are missing."""
        self.root.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Lets one run work here at a time; the kernel gives the lock back however the process ends.

        With a ledger in PostgreSQL, which other machines may use, a lock there lets one run of the spider work on it at a
        time; the server gives it back however the machine ends.

        Raises:
            AlreadyRunningError: another process is at work; the message says which, and since when.
        """
        self.create()
        with self._running_here(), self._alone_with_the_ledger():
            yield

    @contextmanager
    def _alone_with_the_ledger(self) -> Iterator[None]:
        if not self.ledger_url.startswith("postgres"):
            yield
            return
        from crawler.work.locks import SessionLocks, run_lock

        with SessionLocks(self.ledger_url, "run") as locks:
            name = run_lock(self.root.name)
            if not locks.take(name):
                raise AlreadyRunningError(
                    f"another run of {self.root.name} is at work on the same ledger ({locks.holder(name)}): "
                    "let it finish, or stop it, then run again"
                )
            yield

    @contextmanager
    def _running_here(self) -> Iterator[None]:
        path = self.root / RUN_LOCK
        with path.open("a+", encoding="utf-8") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                handle.seek(0)
                raise AlreadyRunningError(
                    f"another run is at work in {self.root} ({_told(handle.read())}): let it finish, or stop it, then run again"
                ) from None
            handle.truncate(0)
            handle.write(json.dumps({"process": os.getpid(), "started_at": iso(utc_now())}))
            handle.flush()
            yield


def _on_command_line(settings: BaseSettings, name: str) -> bool:
    return (settings.getpriority(name) or 0) >= SETTINGS_PRIORITIES["cmdline"]


def _told(text: str) -> str:
    try:
        run = json.loads(text)
    except ValueError:
        return "it has only just begun"
    return f"process {run.get('process')}, since {run.get('started_at')}"
