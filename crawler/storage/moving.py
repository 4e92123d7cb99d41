"""An archive carried to another store: each file is read again at its new place before it counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from hashlib import file_digest
from pathlib import Path

from crawler.storage.names import sha256_of
from crawler.storage.store import FileStore, StoreAwayError, StoreError, wrong_content

THREADS = 8
AHEAD = 4
"""Files handed over for each thread."""
MOST_PROBLEMS = 100
"""After which it is no longer a matter of single files."""


@dataclass
class Survey:
    """What there is to carry: files, and paths that the ledger names and the archive does not have."""

    files: int = 0
    missing: int = 0
    first_missing: str = ""


@dataclass
class Files:
    """What was carried: files and bytes that are the same at both ends, and what is not and why."""

    files: int = 0
    bytes: int = 0
    problems: list[str] = field(default_factory=list)


class ArchiveMove:
    """From one store to another; what is there already is compared and left.

    Args:
        source: nothing in it is changed.
        target: an empty store, or one that an earlier move was writing to.
        named: gives the paths that the ledger names, in order.
        shared: the stores have other ledgers' documents, too: only those named are carried, and others may be at the target.
    """

    def __init__(self, source: FileStore, target: FileStore, named: Callable[[], Iterator[str]], *, shared: bool) -> None:
        self.source = source
        self.target = target
        self.named = named
        self.shared = shared

    def survey(self) -> Survey:
        """Look at both ends, and write nothing.

        Raises:
            StoreError: the target holds something else.
        """
        survey = Survey()
        for path, is_wanted, is_there in merged(self._wanted(survey), self.target.paths()):
            survey.files += is_wanted
            if is_there and not is_wanted and not self.shared:
                raise StoreError(
                    f"MOVE_TO_FILES_STORE ({self.target.address}) holds something else: {path} is not in the archive to be"
                    " moved. Nothing was written there: name an empty place, or give --shared where several spiders' documents"
                    " share one"
                )
        return survey

    def carry(self, step: Callable[[], object]) -> Files:
        """Carry every file.

        Args:
            step: is called after each.

        Raises:
            StoreAwayError: one of the stores no longer answers.
            OSError: the disk is full, or there are so many problems that something else is wrong; what was carried stays.
        """
        done = Files()
        paths = self._wanted(Survey())
        work: set[Future[int]] = set()
        with ThreadPoolExecutor(THREADS, thread_name_prefix="move") as threads:
            try:
                for path in paths:
                    work.add(threads.submit(self._carry, path))
                    if len(work) >= THREADS * AHEAD:
                        work = self._gather(work, done, step)
                while work:
                    work = self._gather(work, done, step)
            except BaseException:
                threads.shutdown(wait=False, cancel_futures=True)
                raise
        return done

    def _gather(self, work: set[Future[int]], done: Files, step: Callable[[], object]) -> set[Future[int]]:
        ended, rest = wait(work, return_when=FIRST_COMPLETED)
        for future in ended:
            try:
                done.bytes += future.result()
                done.files += 1
            except StoreAwayError:
                raise
            except (StoreError, FileNotFoundError) as error:
                done.problems.append(str(error))
                if len(done.problems) >= MOST_PROBLEMS:
                    raise StoreError(f"{len(done.problems)} files could not be moved, the last: {error}") from error
            step()
        return rest

    def _carry(self, path: str) -> int:
        with self.source.local(path) as file:
            _check(file, path, self.source)
            self.target.put(path, file)
            size = file.stat().st_size
        with self.target.local(path) as copy:
            _check(copy, path, self.target)
        return size

    def _wanted(self, survey: Survey) -> Iterator[str]:
        """The paths to carry, in order; what is named and not there is noted."""
        for path, is_named, is_there in merged(self.named(), self.source.paths()):
            if not is_there:
                survey.missing += 1
                survey.first_missing = survey.first_missing or path
            elif is_named or not self.shared:
                yield path


def merged(first: Iterator[str], second: Iterator[str]) -> Iterator[tuple[str, bool, bool]]:
    """Every word of two sorted streams once, and in which of them it is.

    >>> list(merged(iter("ac"), iter("bc")))
    [('a', True, False), ('b', False, True), ('c', True, True)]
    """
    one, other = next(first, None), next(second, None)
    while one is not None or other is not None:
        word = min(word for word in (one, other) if word is not None)
        yield word, word == one, word == other
        if word == one:
            one = next(first, None)
        if word == other:
            other = next(second, None)


def _check(file: Path, path: str, store: FileStore) -> None:
    with file.open("rb") as source:
        found = file_digest(source, "sha256").hexdigest()
    if found != sha256_of(path):
        raise wrong_content(f"{store.address}/{path}", found)
