"""The documents of a crawl on their way to a folder, by a process of its own where there are many.

A file takes a dozen calls of the system. In a thread each of them means that the interpreter is given up and fought for again,
with the event loop, which serves every portal: a fifth of a crawl.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from crawler.second_process import SecondProcess
from crawler.storage.local import LocalStore

logger = logging.getLogger(__name__)

MANY = 4
"""Contents that came within a moment, from which a process of its own is worth its start."""
LARGE = 8 * 1024 * 1024
"""Bytes of contents that are not handed over: writing them takes longer than fighting."""


class Keeper:
    """Puts contents into a store, as its ``put_all`` does. For one thread at a time.

    The process is started with the first contents that come many at a time. Where it is lost, all is as if there were none.
    """

    def __init__(self, store: LocalStore) -> None:
        self._store = store
        self._process: SecondProcess | None = None
        self._lost = False

    def put_all(self, contents: Sequence[tuple[str, bytes]]) -> list[OSError | None]:
        """Keep several contents; of each the error, if it could not be kept."""
        if not self._lost and sum(len(content) for _, content in contents) < LARGE:
            try:
                if self._process is None and len(contents) >= MANY:
                    self._process = SecondProcess(LocalStore, self._store.root)
                if self._process is not None:
                    errors: list[OSError | None] = self._process.result("put_all", contents)
                    return errors
            except OSError as error:
                self._lost = True
                logger.warning("%s: from here on documents are stored by the crawl's own process", error)
                self.close()
        return self._store.put_all(contents)

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.end()
            self._process = None
