"""What every file store promises."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from hashlib import file_digest, sha256
from io import BufferedReader, BytesIO
from pathlib import Path
from typing import Protocol

from crawler.storage.names import content_path

Content = bytes | Path
"""Bytes, or the file that holds them; a file is never read into memory as a whole."""


class StoreError(OSError):
    """The store cannot be used, or holds what it should not; the message says what to do, and tells no secret."""


class StoreAwayError(StoreError):
    """The store did not answer for as long as it was waited for: try again later."""


class FileStore(Protocol):
    """An archive of contents under paths that `crawler.storage.names.content_path` makes. Thread-safe; every call blocks.

    A content stands under its path whole or not at all, and stays what it is. Every method that takes a path raises
    ``ValueError`` where it is no path of the archive, and ``OSError`` (of which `StoreError` is one) where the store fails.
    """

    address: str
    """As ``FILES_STORE`` has it."""
    is_local: bool
    """Whether `local` gives the stored file itself, at no cost."""

    def check(self) -> None:
        """Ask whether the store is there and can be used.

        Raises:
            StoreError: it cannot; `StoreAwayError` where it may be in a while.
        """

    def put(self, path: str, content: Content) -> None:
        """Keep a content; what is there already is left as it is. When this returns, the content is on the disk."""

    def read(self, path: str) -> bytes:
        """The content, which is what its name says.

        Raises:
            FileNotFoundError: there is none.
            StoreError: what is there has another sha256 than its name.
        """

    def size(self, path: str) -> int | None:
        """Of the content in bytes; ``None`` where there is none."""

    def local(self, path: str) -> AbstractContextManager[Path]:
        """The content as a file that can be read while the context lasts, also by another process; never to be written to.

        Raises:
            FileNotFoundError: there is none.
            StoreError: what came has another sha256 than its name.
        """

    def paths(self) -> Iterator[str]:
        """Every path that has a content, in order; what else lies in the same place is left out, and said in the log."""

    def close(self) -> None:
        """Give connections back, and let nobody wait any longer."""


def keep(store: FileStore, content: Content, media_type: str | None) -> tuple[str, str]:
    """Stores a content under its own name; gives the sha256 and the path.

    Raises:
        OSError: it could not be stored; nothing stands under its name then.
    """
    with opened(content) as source:
        digest = file_digest(source, "sha256").hexdigest()
    path = content_path(digest, media_type)
    store.put(path, content)
    return digest, path


def opened(content: Content) -> BytesIO | BufferedReader:
    """The content as a stream from its beginning."""
    return BytesIO(content) if isinstance(content, bytes) else content.open("rb")


def verified(content: bytes, expected: str, where: str) -> bytes:
    """The content, if its sha256 is the expected one.

    Raises:
        StoreError: it is not.
    """
    found = sha256(content).hexdigest()
    if found != expected:
        raise wrong_content(where, found)
    return content


def wrong_content(where: str, found: str) -> StoreError:
    """What is said of a content that is not what its name says."""
    return StoreError(
        f"{where} holds bytes whose sha256 is {found}, not its name: it was changed or damaged in the store;"
        " put the file back from a copy, or remove it and let `scrapy crawl -s REVISIT_DAYS=0` fetch it again"
    )
