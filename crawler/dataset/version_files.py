"""The files of a version that are made from its records: written here, or in a second process where there are many."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Self

from crawler.dataset.content import ContentDigest
from crawler.dataset.exporters import EXPORTERS
from crawler.dataset.exporters.base import json_parts
from crawler.dataset.exporters.derived import Write
from crawler.dataset.exporters.reports_jsonl import ReportsJsonl, SupersededJsonl
from crawler.dataset.exporters.version import DatasetVersion
from crawler.dataset.model import Record
from crawler.second_process import SecondProcess

ELSEWHERE_FROM = 500
"""Reports from which a second process is worth its start, of about a second."""


class VersionFiles:
    """Every file of `EXPORTERS`, and ``superseded.jsonl``, in a folder; a context manager.

    First every current record, in order of ``report_id``, then `end_current`, then the superseded, then `close`.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._content = ContentDigest()
        self._stack = ExitStack()
        with ExitStack() as stack:
            opened = [stack.enter_context(exporter(directory)) for exporter in EXPORTERS]
            self._stack = stack.pop_all()
        (self._lines,) = (exporter for exporter in opened if isinstance(exporter, ReportsJsonl))
        self._others = [exporter for exporter in opened if exporter is not self._lines]

    def add(self, record: Record) -> None:
        """Writes one current report."""
        self._add_line(record)
        for exporter in self._others:
            exporter.add(record)

    def end_current(self) -> None:
        """Ends the files of the current reports, and lets go of what was remembered of them."""
        import pyarrow as pa

        self._stack.close()
        self._others.clear()
        pa.default_memory_pool().release_unused()
        self._lines = self._stack.enter_context(SupersededJsonl(self._directory))

    def add_superseded(self, record: Record) -> None:
        """Writes one earlier version of a report."""
        self._add_line(record)

    def close(self) -> str:
        """Ends all files, and gives the digest of what lasts of their records, see `ContentDigest`."""
        self._stack.close()
        return self._content.hexdigest()

    def derive(self, write: Write, version: DatasetVersion) -> None:
        """Writes one of the files that are made from others."""
        write(self._directory, version)

    def wait(self) -> None:
        """Nothing is left to be done."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _add_line(self, record: Record) -> None:
        parts = json_parts(record)
        self._content.add_parts(record, parts)
        self._lines.write(parts)


class VersionFilesElsewhere:
    """The same in a second process, which takes what is given while the next is made ready here."""

    def __init__(self, directory: Path) -> None:
        self._process = SecondProcess(VersionFiles, directory)

    def add(self, record: Record) -> None:
        """Has one current report written."""
        self._process.call("add", record)

    def end_current(self) -> None:
        """Has the files of the current reports ended."""
        self._process.call("end_current")

    def add_superseded(self, record: Record) -> None:
        """Has one earlier version of a report written."""
        self._process.call("add_superseded", record)

    def close(self) -> str:
        """Has all files ended, and gives the digest of what lasts of their records."""
        digest: str = self._process.result("close")
        return digest

    def derive(self, write: Write, version: DatasetVersion) -> None:
        """Has one of the files that are made from others written, meanwhile."""
        self._process.call("derive", write, version)
        self._process.send()

    def wait(self) -> None:
        """Until all that was asked for is done."""
        self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.end()


Files = VersionFiles | VersionFilesElsewhere


@contextmanager
def version_files(directory: Path, reports: int) -> Iterator[Files]:
    """The files of a version of so many reports."""
    with VersionFiles(directory) if reports < ELSEWHERE_FROM else VersionFilesElsewhere(directory) as files:
        yield files
