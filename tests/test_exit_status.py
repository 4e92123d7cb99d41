"""What keeps a command from its work is told in one line, and by its exit status."""

from __future__ import annotations

import re
import sqlite3
import subprocess
from pathlib import Path

import pytest

from crawler.dataset.ledger import Ledger
from crawler.dataset.versions import publish_lock
from crawler.exit_status import EXIT_FAILED, EXIT_TRY_LATER
from tests.crawling import MiniPortal, crawl, portals_file, scrapy, served
from tests.test_crawl_outcomes import TITLE

COMMANDS = {
    "crawl": ("crawl", "henan_reports"),
    "publish": ("publish", "henan_reports"),
    "reextract": ("reextract", "henan_reports"),
    "portals": ("portals", "--province", "河南省"),
    "stale": ("portals", "--stale", "--spider", "henan_reports"),
}


def told(done: subprocess.CompletedProcess[str]) -> list[str]:
    """The lines of stderr that are no log."""
    assert "Traceback" not in done.stderr
    return [line for line in done.stderr.splitlines() if line and not re.match(r"\d{4}-\d\d-\d\d |Versions:|[ {]['{]", line)]


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_a_ledger_of_newer_software_is_told_in_one_line(command: tuple[str, ...], tmp_path: Path) -> None:
    path = tmp_path / "henan_reports" / "ledger.sqlite"
    Ledger(f"sqlite:///{path}").close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE meta SET value = '999'")
    done = scrapy(*command, OUTPUT_DIR=str(tmp_path))
    assert done.returncode == EXIT_FAILED
    (line,) = told(done)
    assert line.startswith("the ledger has version 999, this software knows")


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_a_database_that_is_away_is_told_in_one_line(command: tuple[str, ...], tmp_path: Path) -> None:
    pytest.importorskip("psycopg", reason="psycopg is not installed: make test does that")
    done = scrapy(*command, OUTPUT_DIR=str(tmp_path), DATABASE_URL="postgresql://ogi:a-secret@127.0.0.1:1/ogi")
    assert done.returncode == EXIT_FAILED
    line = told(done)[0]
    assert "connection failed" in line
    assert "a-secret" not in done.stdout + done.stderr


def test_a_crawl_that_may_not_publish_says_so_and_loses_nothing(tmp_path: Path) -> None:
    portal = MiniPortal(tmp_path / "site" / "luanchuan")
    portal.article(1, TITLE.format(name="第1局"), "<p>本局2024年政府信息公开工作情况如下，详见正文。</p>" * 40)
    portal.finish()
    root = tmp_path / "output" / "annual_reports"
    with served(tmp_path / "site") as server, publish_lock(root):
        night = crawl(portals_file(tmp_path / "portals.toml", server), tmp_path / "output")
    assert night.status == EXIT_TRY_LATER, night.stderr[-3000:]
    assert "another process is publishing annual_reports" in night.stderr
    assert "PublishLockedError" not in night.stderr
    assert "Dataset      not published: another process" in night.stdout
    assert (root / "health.json").is_file()
    with Ledger(f"sqlite:///{root / 'ledger.sqlite'}") as ledger:
        assert sum(ledger.outcome_counts(spider="annual_reports").values()) >= 1
