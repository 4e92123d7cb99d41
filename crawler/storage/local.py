"""A folder of documents: a file stands under its name whole, or not at all.

Scrapy's own file system store writes straight to the final name; when the disk fills up a torn file stays there and is taken
for good the next night (measured with Scrapy 2.19).
"""

from __future__ import annotations

import logging
import os
import stat
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from crawler.disk import sync_directory
from crawler.storage.names import CONTENT_PATH, sha256_of
from crawler.storage.store import Content, opened, verified

logger = logging.getLogger(__name__)

TEMPORARY_PREFIX = ".part-"
_BLOCK = 1024 * 1024


class LocalStore:
    """A `crawler.storage.store.FileStore` in a folder, which is made with the first file.

    A content's length is compared with what is there already, and its digest when it is read.
    """

    is_local = True

    def __init__(self, root: Path) -> None:
        self.root = root
        self.address = str(root)

    def check(self) -> None:
        """A folder is there or can be made: the first file says so."""

    def put(self, path: str, content: Content) -> None:
        """Keep a content; the error's ``filename`` is the final name."""
        (error,) = self.put_all([(path, content)])
        if error is not None:
            raise error

    def put_all(self, contents: Sequence[tuple[str, Content]]) -> list[OSError | None]:
        """Keep several contents, waiting for the disk about as long as for one; of each the error, if it could not be kept."""
        names = [os.fspath(self._file(path)) for path, _ in contents]
        errors: list[OSError | None] = [None] * len(names)
        begun: dict[int, _Part] = {}
        for number, (name, (_, content)) in enumerate(zip(names, contents, strict=True)):
            try:
                part = _begin(name, content)
            except OSError as error:
                errors[number] = _named(error, name)
            else:
                begun |= {} if part is None else {number: part}
        # The first to ask for the disk has it write down what all of them have changed.
        for number, part in begun.items():
            try:
                part.finish()
            except OSError as error:
                errors[number] = _named(error, part.name)
        folders: dict[str, list[int]] = defaultdict(list)
        for number, part in begun.items():
            folders[part.folder].append(number)
        for folder, numbers in folders.items():
            try:
                sync_directory(folder)
            except OSError as error:
                for number in numbers:
                    errors[number] = errors[number] or _named(error, names[number])
        return errors

    def read(self, path: str) -> bytes:
        """The content, which is what its name says."""
        file = self._file(path)
        return verified(file.read_bytes(), sha256_of(path), str(file))

    def size(self, path: str) -> int | None:
        """Of the content in bytes; ``None`` where there is none."""
        try:
            return self._file(path).stat().st_size
        except FileNotFoundError:
            return None

    @contextmanager
    def local(self, path: str) -> Iterator[Path]:
        """The stored file itself."""
        file = self._file(path)
        file.stat()
        yield file

    def paths(self) -> Iterator[str]:
        """Every path that has a content, in order."""
        strangers = 0
        for folder in sorted(self.root.iterdir()) if self.root.is_dir() else ():
            for name in _names(folder):
                path = f"{folder.name}/{name}"
                if CONTENT_PATH.fullmatch(path):
                    yield path
                elif not name.startswith(TEMPORARY_PREFIX):
                    strangers += 1
        if strangers:
            logger.warning("%d files in %s are no documents of the archive and are left alone", strangers, self.root)

    def close(self) -> None:
        """Nothing is held open."""

    def remove_temporary_files(self) -> int:
        """Removes what killed runs left half-written; gives the number. Only while no crawl is running."""
        leftovers = list(self.root.glob(f"*/{TEMPORARY_PREFIX}*"))
        for leftover in leftovers:
            leftover.unlink(missing_ok=True)
        return len(leftovers)

    def _file(self, path: str) -> Path:
        sha256_of(path)
        return self.root / path


def _names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir()) if folder.is_dir() else [""]


class _Part:
    """A file on its way to its name. Names are text, and the calls the system's own: there is one for every page of a crawl."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.folder = os.path.dirname(name)  # noqa: PTH120
        # In the same folder, since a rename from one file system to another is no longer one step.
        self._temporary = f"{self.folder}/{TEMPORARY_PREFIX}{os.urandom(8).hex()}"
        self._descriptor = os.open(self._temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)

    def write(self, source: IO[bytes]) -> None:
        """All of it, though perhaps not to the disk."""
        try:
            while block := source.read(_BLOCK):
                left = memoryview(block)
                while left:
                    left = left[os.write(self._descriptor, left) :]
        except BaseException:
            self.drop()
            raise

    def finish(self) -> None:
        """To the disk, and under its name."""
        try:
            os.fsync(self._descriptor)
            os.replace(self._temporary, self.name)  # noqa: PTH105
        except BaseException:
            self.drop()
            raise
        os.close(self._descriptor)

    def drop(self) -> None:
        """As if it had never been begun."""
        os.close(self._descriptor)
        with suppress(FileNotFoundError):
            os.unlink(self._temporary)  # noqa: PTH108


def _begin(name: str, content: Content) -> _Part | None:
    """Write a content beside its name; nothing, where one of its length stands there: names are digests."""
    with opened(content) as source:
        size = source.seek(0, os.SEEK_END)
        source.seek(0)
        if _size_of(name) == size:
            return None
        folder = os.path.dirname(name)  # noqa: PTH120
        if not os.path.isdir(folder):  # noqa: PTH112
            os.makedirs(folder, exist_ok=True)  # noqa: PTH103
            sync_directory(os.path.dirname(folder))  # noqa: PTH120
        part = _Part(name)
        part.write(source)
    return part


def _size_of(name: str) -> int | None:
    try:
        found = os.stat(name)  # noqa: PTH116
    except FileNotFoundError:
        return None
    return found.st_size if stat.S_ISREG(found.st_mode) else None


def _named(error: OSError, name: str) -> OSError:
    return type(error)(error.errno, error.strerror, name)
