"""Worker processes as a user starts them, on a ledger and a queue of the test's own."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from crawler.dataset import tables
from tests.crawling import ROOT, Crawl

SPIDER = "annual_reports"

SETTINGS = {
    "ALLOW_PRIVATE_ADDRESSES": "True",
    "AUTOTHROTTLE_ENABLED": "False",
    "BROWSER_ENABLED": "False",
    "DOWNLOAD_DELAY": "0.005",
    "DOWNLOAD_TIMEOUT": "8",
    "LOG_LEVEL": "INFO",
    "WORKER_HEARTBEAT": "0.5",
    "WORKER_LOST": "6",
    "WORKER_POLL": "0.3",
}
"""Loopback, and a heart that beats fast: what is lost is missed within seconds."""


class Team:
    """Workers that share a database and a folder.

    Args:
        folder: for their output and their logs.
        url: of the database.
        settings: beside `SETTINGS`.
    """

    def __init__(self, folder: Path, url: str, **settings: str) -> None:
        self.folder, self.url = folder, url
        self.output = folder / "output"
        self.settings = {**SETTINGS, "OUTPUT_DIR": str(self.output), **settings}
        self.more: dict[str, str] = {}
        """Of the environment of every process."""
        self.processes: list[subprocess.Popen[bytes]] = []
        folder.mkdir(parents=True, exist_ok=True)

    def command(self, *words: str) -> list[str]:
        options = [part for key, value in self.settings.items() for part in ("-s", f"{key}={value}")]
        return [sys.executable, "-m", "scrapy", *words, *options]

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "DATABASE_URL": self.url, **self.more}

    def run(self, *words: str, timeout: float = 300) -> subprocess.CompletedProcess[str]:
        """A command, to its end."""
        return subprocess.run(
            self.command(*words), cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=timeout, check=False
        )

    def enqueue(self, portals: Path, *words: str) -> str:
        done = self.run("enqueue", SPIDER, "-a", f"portals={portals}", *words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """A worker, in the background; its log is in a file of the folder."""
        with (self.folder / f"worker-{len(self.processes)}.log").open("wb") as log:
            process = subprocess.Popen(
                self.command("worker", *words),
                cwd=ROOT, env=self.environment, stdout=subprocess.DEVNULL, stderr=log, start_new_session=True,
            )  # fmt: skip
        self.processes.append(process)
        return process

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """kill -9 the worker alone: its children have to notice by themselves."""
        process.send_signal(signal.SIGKILL)
        process.wait()

    def finish(self, *processes: subprocess.Popen[bytes], timeout: float = 240) -> None:
        """Wait for the end of workers, which has to be a good one."""
        for process in processes:
            assert process.wait(timeout) == 0, self.logs()

    def log(self, process: subprocess.Popen[bytes]) -> str:
        """What a worker has told so far."""
        return (self.folder / f"worker-{self.processes.index(process)}.log").read_text("utf-8", "replace")

    def logs(self) -> str:
        texts = (path.read_text("utf-8", "replace")[-6000:] for path in sorted(self.folder.glob("worker-*.log")))
        return "\n---\n".join(texts)

    @contextmanager
    def closing(self) -> Iterator[None]:
        """Ends whatever is still there."""
        try:
            yield
        finally:
            for process in self.processes:
                if process.poll() is None:
                    process.kill()
                process.wait()

    def status(self) -> dict[str, Any]:
        """``scrapy work --json``; kinds by their task."""
        done = self.run("work", "--json")
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return {**found, "kinds": {kind["task"]: kind for kind in found["kinds"]}}

    def ask(self, query: str) -> list[Mapping[str, Any]]:
        """Rows of the database; none where it does not answer."""
        engine = sa.create_engine(self.url, poolclass=sa.NullPool)
        with contextlib.suppress(sa.exc.DBAPIError), engine.connect() as connection:
            return [dict(row) for row in connection.execute(sa.text(query)).mappings()]
        return []

    def doing(self, task: str) -> int:
        """How many tasks of a kind are at work."""
        return len(self.ask(f"SELECT 1 FROM procrastinate_jobs WHERE status = 'doing' AND task_name = '{task}'"))  # noqa: S608

    def records(self) -> dict[str, dict[str, Any]]:
        """Of the dataset, by the address of their page."""
        crawl = Crawl(0, "", "", self.output)
        return {record["page_url"]: record for record in crawl.records()}


def ends(url: str) -> dict[str, set[tuple[Any, ...]]]:
    """What a ledger says of how pages, documents, columns and portals ended; no times."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    pages, documents, columns, portals = tables.pages.c, tables.documents.c, tables.columns.c, tables.portals.c
    wanted = {
        "pages": sa.select(pages.url, pages.portal, pages.title, pages.column_url, pages.outcome, pages.message),
        "documents": sa.select(documents.url, documents.sha256, documents.page_url, documents.outcome, documents.message),
        "columns": sa.select(columns.url, columns.collected, columns.outcome),
        "portals": sa.select(portals.portal, portals.family, portals.last_outcome, portals.last_message),
    }
    with engine.connect() as connection:
        found = {name: {tuple(row) for row in connection.execute(statement)} for name, statement in wanted.items()}
    engine.dispose()
    return found


def wait_until(holds: Callable[[], object], what: str, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"after {seconds} s still not: {what}"
        time.sleep(0.05)
