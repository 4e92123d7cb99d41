"""Stored documents as files, for children that read by path, without blocking the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crawler.storage.store import FileStore


class Fetcher:
    """Gives a store's contents as files. Of a store elsewhere only so many are here at a time: they take room on the disk.

    Args:
        store: that has them.
        most: files that are fetched and not yet given back.
    """

    def __init__(self, store: FileStore, most: int) -> None:
        self._store = store
        self._room = asyncio.Semaphore(most)

    @asynccontextmanager
    async def file(self, path: str) -> AsyncIterator[Path]:
        """As `FileStore.local`."""
        if self._store.is_local:
            with self._store.local(path) as file:
                yield file
            return
        async with self._room:
            with ExitStack() as stack:
                yield await asyncio.to_thread(stack.enter_context, self._store.local(path))
