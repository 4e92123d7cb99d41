"""``scrapy extract FILE...``: local files in, one JSON record a line out."""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scrapy.exceptions import UsageError

from crawler import EXTRACTOR_VERSION
from crawler.bars import bar
from crawler.command import ProjectCommand
from crawler.divisions import registered_divisions
from crawler.documents.sniff import sniff
from crawler.isolation import ExtractionPool
from crawler.outcomes import Outcome

if TYPE_CHECKING:
    from crawler.dataset.organisations import Gazetteer
    from crawler.extraction import Extraction

AHEAD = 16
"""Files handed to the children before the oldest answer is awaited, so that output keeps the order given."""


class Command(ProjectCommand):
    """Reads local files with the readers of the crawl; no network, no ledger."""

    requires_project = True
    requires_crawler_process = False
    default_settings = {"LOG_ENABLED": True}  # noqa: RUF012 - Scrapy's way to declare it

    def syntax(self) -> str:
        """The arguments."""
        return "[options] FILE..."

    def short_desc(self) -> str:
        """One line for ``scrapy -h``."""
        return "Read local annual reports: one JSON record a line on stdout"

    def run(self, args: list[str], opts: argparse.Namespace) -> None:  # noqa: ARG002 - Scrapy's signature
        """Print a record or an error for each file, in the order given."""
        if not args:
            raise UsageError("name at least one file: scrapy extract FILE...")
        assert self.settings is not None  # noqa: S101 - set by scrapy.cmdline
        failed = documents = 0
        with ExtractionPool.from_settings(self.settings) as pool:
            files = bar(self._read(pool, args), total=len(args), unit="file", disable=len(args) < 10 or None)
            for line in files:
                documents += 1
                failed += "error" in line
                sys.stdout.write(json.dumps(line, ensure_ascii=False, allow_nan=False) + "\n")
                sys.stdout.flush()
        self.exitcode = 1 if failed else 0
        if failed:
            sys.stderr.write(f'{failed} of {documents} documents are no readable report; see the lines with "error"\n')

    def _read(self, pool: ExtractionPool, names: list[str]) -> Iterator[dict[str, Any]]:
        waiting: deque[tuple[str, bytes, Future[Extraction]]] = deque()
        for name in names:
            path = Path(name)
            try:
                content = path.read_bytes()
            except OSError as error:
                while waiting:
                    yield from self._lines(pool, *waiting.popleft())
                yield _error(name, Outcome.NOT_FOUND, f"the file cannot be opened: {error.strerror or error}")
                continue
            waiting.append((name, content, pool.submit(content, path.suffix.lstrip(".").lower() or None)))
            if len(waiting) >= AHEAD:
                yield from self._lines(pool, *waiting.popleft())
        while waiting:
            yield from self._lines(pool, *waiting.popleft())

    def _lines(self, pool: ExtractionPool, name: str, content: bytes, future: Future[Extraction]) -> Iterator[dict[str, Any]]:
        """One line, or for an archive one for each of its documents, named ``archive.zip#member``."""
        members = future.result().members
        if not members:
            yield self._line(name, content, future)
            return
        sys.stderr.write(f"{name}: {future.result().message}\n")
        futures = [pool.submit(member.content, member.expected) if member.outcome is None else None for member in members]
        for member, started in zip(members, futures, strict=True):
            if member.outcome is not None or started is None:
                yield _error(f"{name}#{member.name}", member.outcome or Outcome.FAILED, member.message)
            else:
                yield self._line(f"{name}#{member.name}", member.content, started)
        if future.result().outcome is not Outcome.OK:
            yield _error(name, future.result().outcome, future.result().message)

    @staticmethod
    def _line(name: str, content: bytes, future: Future[Extraction]) -> dict[str, Any]:
        from crawler.dataset.assemble import local_record

        extraction = future.result()
        if extraction.record is None or extraction.outcome is not Outcome.OK:
            return _error(name, extraction.outcome, extraction.message)
        sha256 = hashlib.sha256(content).hexdigest()
        record = local_record(
            extraction.record, gazetteer=_gazetteer(), content_sha256=sha256, extractor_version=EXTRACTOR_VERSION
        )
        document = {
            "sha256": sha256,
            "media_type": sniff(content),
            "bytes": len(content),
            "path": name,
            "outcome": extraction.outcome.value,
        }
        version = record.pop("extractor_version")
        return {"file": name, **record, "documents": [document], "extractor_version": version}


@cache
def _gazetteer() -> Gazetteer:
    from crawler.dataset.organisations import Gazetteer

    return Gazetteer(registered_divisions())


def _error(name: str, outcome: Outcome, message: str) -> dict[str, Any]:
    return {"file": name, "error": {"code": outcome.value, "message": message}}
