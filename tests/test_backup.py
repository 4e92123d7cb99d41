"""The copies of docs/operations.md, made while a crawl is at work, restored in a new place, and published from there."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from crawler.dataset.ledger import Ledger
from tests import postgres
from tests.crawling import ROOT, crawl, portals_file, scrapy, served
from tests.test_nights import NAMES, build

SPIDER = "annual_reports"
DOCUMENT = (ROOT / "docs" / "operations.md").read_text("utf-8")


def block(name: str) -> str:
    """The commands of docs/operations.md that have this name."""
    found = re.search(rf"^```(?:bash|sql) {name}\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL)
    assert found, name
    return found[1].replace(".venv/bin/scrapy", f"{sys.executable} -m scrapy")


def run(name: str, **environment: str) -> str:
    """Does what the document says, as its reader would."""
    command = ["bash", "-euo", "pipefail", "-c", block(name)]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def dataset(output: Path) -> tuple[str, list[dict[str, Any]]]:
    """The digest of the current version, and its records."""
    current = output / SPIDER / "current"
    manifest = json.loads((current / "manifest.json").read_text("utf-8"))
    return manifest["content_sha256"], [
        json.loads(line) for line in (current / "reports.jsonl").read_text("utf-8").splitlines()
    ]


def told(records: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return sorted((record["report_id"], str(record["values"]), str(record["sections"])) for record in records)


def needs(*programs: str) -> None:
    import shutil

    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed: apt-get install sqlite3 rsync postgresql-client")


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_copy_made_during_a_crawl_gives_the_same_dataset(tmp_path: Path) -> None:
    needs("sqlite3", "rsync")
    site, output, backup, restored = (tmp_path / name for name in ("site", "output", "backup", "restored"))
    build(site, NAMES[:3])
    with served(site) as server:
        portals = portals_file(tmp_path / "portals.toml", server)
        first = crawl(portals, output)
        assert first.status == 0, first.stderr[-3000:]
        before, _ = dataset(output)
        build(site, NAMES)
        at_work = threading.Thread(target=crawl, args=(portals, output), kwargs={"DOWNLOAD_DELAY": "1", "REVISIT_DAYS": "0"})
        at_work.start()
        _wait_for_run(output, 2)
        run("backup-sqlite", OUTPUT_DIR=str(output), SPIDER=SPIDER, BACKUP=str(backup))
        assert _unfinished(backup / "latest" / "ledger.sqlite") == 1, "the copy was not made during the crawl"
        at_work.join()
        after, records = dataset(output)
        assert after != before

        said = run("restore-sqlite", OUTPUT_DIR=str(restored), SPIDER=SPIDER, BACKUP=str(backup))
        assert "Dataset" in said
        with Ledger(f"sqlite:///{restored / SPIDER / 'ledger.sqlite'}") as ledger:
            for document in ledger.archived_documents(SPIDER, "none"):
                assert (restored / SPIDER / "attachments" / document.path).is_file(), document.url
        at_copy, _ = dataset(restored)
        assert at_copy == before, "nothing had come yet when the copy was made"

        night = crawl(portals, restored)
        assert night.status == 0, night.stderr[-3000:]
    assert told(dataset(restored)[1]) == told(records)


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_dump_made_during_a_crawl_gives_the_same_dataset(tmp_path: Path) -> None:
    needs("pg_dump", "pg_restore", "createdb")
    site, output, backup, restored = (tmp_path / name for name in ("site", "output", "backup", "restored"))
    build(site, NAMES[:2])
    with postgres.own_server() as server, postgres.new_database(server.url) as url, served(site) as portal:
        address = sa.make_url(url)
        environment = {
            "PGHOST": "127.0.0.1",
            "PGPORT": str(address.port),
            "PGUSER": str(address.username),
            "PGPASSWORD": str(address.password),
            "BACKUP": str(backup),
            "SPIDER": SPIDER,
        }
        portals = portals_file(tmp_path / "portals.toml", portal)
        first = crawl(portals, output, DATABASE_URL=url)
        assert first.status == 0, first.stderr[-3000:]
        at_work = threading.Thread(
            target=crawl, args=(portals, output), kwargs={"DOWNLOAD_DELAY": "1", "DATABASE_URL": url, "REVISIT_DAYS": "0"}
        )
        at_work.start()
        _wait_for(lambda: _runs(url) == 2)
        run("backup-postgres", PGDATABASE=str(address.database), **environment)
        at_work.join()
        new = address.set(database="ogi_restored").render_as_string(hide_password=False)
        run("restore-postgres", PGDATABASE="ogi_restored", OUTPUT_DIR=str(restored), DATABASE_URL=new, **environment)
        assert dataset(restored) == dataset(output)
        assert _runs(new) == 2


def test_readings_that_were_replaced_may_be_removed(tmp_path: Path) -> None:
    build(tmp_path / "site", NAMES[:2])
    output = tmp_path / "output"
    with served(tmp_path / "site") as server:
        assert crawl(portals_file(tmp_path / "portals.toml", server), output).status == 0
    path = output / SPIDER / "ledger.sqlite"
    with sqlite3.connect(path) as connection:
        kept = "sha256, outcome, message, record, seconds"
        copy = (
            f"INSERT INTO extractions ({kept}, extractor_version, extracted_at)"  # noqa: S608
            f" SELECT {kept}, '0.1', '2020-01-01T00:00:00Z' FROM extractions"
        )
        replaced = connection.execute(copy).rowcount
        # One that the present version could not read keeps its earlier reading.
        broken = connection.execute("SELECT min(sha256) FROM extractions").fetchone()
        failed = "UPDATE extractions SET outcome = 'failed', record = NULL WHERE sha256 = ? AND extractor_version <> '0.1'"
        connection.execute(failed, broken)
    before = _published(output)
    with sqlite3.connect(path) as connection:
        connection.executescript(block("prune"))
        left = connection.execute("SELECT sha256 FROM extractions WHERE extractor_version = '0.1'").fetchall()
    assert replaced >= 2
    assert left == [broken]
    assert _published(output) == before
    assert len(before[1]) == 2


def _published(output: Path) -> tuple[str, list[dict[str, Any]]]:
    done = scrapy("publish", SPIDER, OUTPUT_DIR=str(output))
    assert done.returncode == 0, done.stdout + done.stderr
    return dataset(output)


def _wait_for_run(output: Path, number: int) -> None:
    path = output / SPIDER / "ledger.sqlite"

    def runs() -> int:
        with sqlite3.connect(path) as connection:
            return int(connection.execute("SELECT count(*) FROM runs").fetchone()[0])

    _wait_for(lambda: runs() == number)


def _wait_for(condition: Any) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "the second crawl did not begin"
        time.sleep(0.1)


def _unfinished(path: Path) -> int:
    with sqlite3.connect(path) as connection:
        return int(connection.execute("SELECT count(*) FROM runs WHERE finished_at IS NULL").fetchone()[0])


def _runs(url: str) -> int:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        return int(connection.exec_driver_sql("SELECT count(*) FROM runs").scalar_one())
