"""Monitors of a run over a real crawl: what fails is logged and sent, by webhook and by mail."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.crawling import MiniPortal, crawl, portals_file, served
from tests.test_crawl_outcomes import TITLE

PROSE = "<p>本局2024年政府信息公开工作情况如下，详见正文。</p>" * 40


@contextmanager
def webhook() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    told: list[dict[str, Any]] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
            pass

    with HTTPServer(("127.0.0.1", 0), Hook) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/secret-path", told
        server.shutdown()


@contextmanager
def mail_server() -> Iterator[tuple[str, list[str]]]:
    """As much of SMTP as a client needs to hand over one message."""
    mails: list[str] = []

    class Session(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 test\r\n")
            while line := self.rfile.readline():
                if line.upper().startswith(b"DATA"):
                    self.wfile.write(b"354 go on\r\n")
                    lines = iter(self.rfile.readline, b".\r\n")
                    mails.append(b"".join(lines).decode())
                elif line.upper().startswith(b"QUIT"):
                    self.wfile.write(b"221 bye\r\n")
                    return
                self.wfile.write(b"250 ok\r\n")

    with socketserver.TCPServer(("127.0.0.1", 0), Session) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}", mails
        server.shutdown()


def site(folder: Path, *, list_body: str | None = None) -> None:
    portal = MiniPortal(folder / "luanchuan")
    for number in range(3):
        portal.article(number, TITLE.format(name=f"第{number}局"), PROSE)
    portal.finish(list_body=list_body)


@pytest.mark.slow
def test_a_rebuilt_list_and_a_lost_portal_are_told(tmp_path: Path) -> None:
    # The pager of TRS without a single row: the list's shape has changed. The portals file names it as its column.
    site(
        tmp_path / "site",
        list_body='<h2>政府信息公开年报</h2><div class="list"></div><script>createPageHTML(3, 0, "index", "html");</script>',
    )
    with served(tmp_path / "site") as server, webhook() as (url, told), mail_server() as (host, mails):
        column = server.url("luanchuan", "/zwgk/zfxxgknb/")
        night = crawl(
            portals_file(tmp_path / "portals.toml", server, columns=f'["{column}"]'),
            tmp_path / "output",
            BROWSER_ENABLED="False",
            MONITOR_LEAST="1",
            MONITOR_WEBHOOK=url,
            MONITOR_MAIL_TO="keeper@example.org",
            MONITOR_SMTP_HOST=host,
        )
    assert night.status == 1
    (message,) = told
    reasons = {failure["monitor"]: failure["reason"] for failure in message["failures"]}
    assert reasons["Sources/no list has changed its shape"].startswith("1 lists have changed their shape")
    assert "1 of 1 (100%)" in reasons["Sources/most portals could be read"]
    assert "reports_exist" in reasons["Publication/the dataset was published, or nothing had changed"]
    (mail,) = mails
    assert "To: keeper@example.org" in mail
    assert "lists have changed their shape" in mail
    assert "secret-path" not in night.stderr


@pytest.mark.slow
def test_prose_alone_is_no_dataset_and_nothing_else_is_wrong(tmp_path: Path) -> None:
    site(tmp_path / "site")
    with served(tmp_path / "site") as server, webhook() as (url, told):
        night = crawl(portals_file(tmp_path / "portals.toml", server), tmp_path / "output", MONITOR_WEBHOOK=url)
    failed = [failure["monitor"] for message in told for failure in message["failures"]]
    assert failed == ["Publication/the dataset was published, or nothing had changed"], night.stderr[-3000:]
