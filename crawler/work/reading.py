"""How a worker reads a document: as `scrapy reextract` does, one at a time, its outcome kept in the ledger."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Self

from crawler import EXTRACTOR_VERSION
from crawler.dataset.ledger import Ledger
from crawler.isolation import ExtractionPool, NotReadError
from crawler.reextraction import Reextraction, expected_kind
from crawler.work.database import shared_url
from crawler.workspace import Workspace

if TYPE_CHECKING:
    from types import TracebackType

    from scrapy.settings import BaseSettings

    from crawler.storage.store import FileStore


class DocumentReader:
    """A pool of children and a ledger for all readings of one worker; both are opened with the first document.

    Args:
        settings: of the project.
        workers: documents that are read at a time.
    """

    def __init__(self, settings: BaseSettings, workers: int) -> None:
        self.settings = settings.copy()
        self.settings.set("EXTRACTION_WORKERS", workers, priority="cmdline")
        self._opening = threading.Lock()
        self._workspaces: dict[str, Workspace] = {}
        self._ledger: Ledger | None = None
        self._pool: ExtractionPool | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._pool is not None:
            self._pool.close(wait=False)
        for workspace in self._workspaces.values():
            workspace.store.close()
        if self._ledger is not None:
            self._ledger.close()

    def read(self, spider: str, sha256: str, *, anew: bool = False) -> str:
        """Read a document, and what an archive holds; how it ended, in a word. Blocks.

        Raises:
            NotReadError: it could not be tried: its file cannot be had, or no process can be started.
        """
        ledger, pool, store = self._open(spider)
        document = ledger.waiting.find(sha256, EXTRACTOR_VERSION)
        if document is None:
            return "no longer stored"
        if document.tried is not None and not anew:
            ledger.waiting.settle(sha256, EXTRACTOR_VERSION)
            return document.tried.value
        told: list[str] = []
        work = Reextraction(ledger, pool, store, expected=expected_kind, tell=lambda _: None, warn=told.append)
        for _ in work.run([document]):
            pass
        if work.tally.not_read:
            raise NotReadError("; ".join(told))
        read = ledger.find_extraction(sha256, EXTRACTOR_VERSION, with_record=False)
        return read.outcome.value if read else "not read"

    def _open(self, spider: str) -> tuple[Ledger, ExtractionPool, FileStore]:
        with self._opening:
            if self._ledger is None or self._pool is None:
                self._ledger = Ledger(shared_url(self.settings))
                self._pool = ExtractionPool.from_settings(self.settings)
            if spider not in self._workspaces:
                self._workspaces[spider] = Workspace.of(self.settings, spider)
            return self._ledger, self._pool, self._workspaces[spider].store
