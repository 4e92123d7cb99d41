"""Nothing leaves loopback in tests: the guard itself."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.crawling import ROOT

LEAVE = {
    "connect": "import socket; socket.create_connection(('192.0.2.1', 80), timeout=2)",
    "connect_ex": "import socket; print(socket.socket().connect_ex(('192.0.2.1', 80)))",
    "look up": "import socket; socket.gethostbyname('www.henan.gov.cn')",
    "asyncio": "import asyncio; asyncio.run(asyncio.open_connection('192.0.2.1', 80))",
}
CRAWL = """
from scrapy.crawler import CrawlerProcess
from scrapy import Request, Spider
class One(Spider):
    name = "one"
    async def start(self):
        yield Request("http://192.0.2.1/", errback=lambda failure: None)
process = CrawlerProcess({"LOG_LEVEL": "ERROR", "RETRY_ENABLED": False})
process.crawl(One)
process.start()
"""


@pytest.mark.parametrize("code", [*LEAVE.values(), CRAWL], ids=[*LEAVE, "scrapy"])
def test_a_process_that_would_leave_is_held_back_and_told(tmp_path: Path, code: str) -> None:
    log = tmp_path / "left.log"
    subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env={**os.environ, "LOOPBACK_LOG": str(log)}, capture_output=True, check=False
    )
    assert log.read_text("utf-8").strip()


def test_this_process_is_held_back_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LOOPBACK_LOG", str(tmp_path / "left.log"))
    with pytest.raises(ConnectionRefusedError, match="loopback"):
        socket.create_connection(("192.0.2.1", 80), timeout=2)
    assert "192.0.2.1" in (tmp_path / "left.log").read_text("utf-8")
