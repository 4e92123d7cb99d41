"""Portals that cannot be reached are told, with the reason and when they last could; the last good dataset stays."""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path

import pytest

from crawler.sample.typeset import to_html
from tests.crawling import MiniPortal, crawl, portals_file, served
from tests.test_crawl_outcomes import TITLE, report


def silent_portals(count: int, folder: Path) -> tuple[list[socket.socket], Path]:
    """Listeners on addresses of their own that accept and never answer: the slowest way to be unreachable."""
    listeners, tables = [], []
    port = 0
    for number in range(1, count + 1):
        listener = socket.socket()
        listener.bind((f"127.65.0.{number}", port))
        listener.listen(16)
        port = listener.getsockname()[1]
        listeners.append(listener)
        home = f"http://127.65.0.{number}:{port}/"
        tables.append(f'[[portal]]\nname = "第{number}县人民政府"\nregion = "河南省/洛阳市/第{number}县"\nhome = "{home}"\n')
    file = folder / "portals.toml"
    file.write_text("\n".join(tables), encoding="utf-8")
    return listeners, file


def told_unreachable(folder: Path, count: int, limit_seconds: float, **settings: str) -> None:
    listeners, file = silent_portals(count, folder)
    try:
        start = time.monotonic()
        done = crawl(file, folder / "output", **settings)
        assert time.monotonic() - start < limit_seconds
    finally:
        for listener in listeners:
            listener.close()
    assert done.status == 1
    told = [line for line in done.stdout.splitlines() if "last read: never" in line]
    assert len(told) == count
    assert all("timeout" in line and "did not answer" in line for line in told)
    assert not done.current.exists()


@pytest.mark.slow
def test_silent_portals_are_told_one_by_one_and_the_run_fails(tmp_path: Path) -> None:
    told_unreachable(tmp_path, 70, 90, HOME_TIMEOUT="2")


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_175_silent_portals_are_told_within_five_minutes(tmp_path: Path) -> None:
    told_unreachable(tmp_path, 175, 300, HOME_TIMEOUT="30", DOWNLOAD_TIMEOUT="90", RETRY_TIMES="2")


def test_the_last_good_dataset_stays_when_the_portal_is_gone(tmp_path: Path) -> None:
    portal = MiniPortal(tmp_path / "site" / "luanchuan")
    portal.article(1, TITLE.format(name="财政局"), to_html(report("财政局", 1)))
    portal.finish()
    with served(tmp_path / "site") as server:
        file = portals_file(tmp_path / "portals.toml", server)
        first = crawl(file, tmp_path / "output")
    assert first.status == 0, first.stderr[-3000:]
    before = first.current.resolve()
    second = crawl(file, tmp_path / "output")
    assert second.status == 1
    assert second.current.resolve() == before
    assert json.loads((second.current / "manifest.json").read_text("utf-8"))["counts"]["reports"] == 1
    (line,) = [line for line in second.stdout.splitlines() if "last read: 20" in line]
    assert "refuses connections" in line
