"""No secret of the environment in anything that a command writes: stdout, stderr, the output folder, the ledger, argv."""

from __future__ import annotations

import base64
import os
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import quote

import pytest
import sqlalchemy as sa

from tests import postgres
from tests.crawling import MiniPortal, crawl, portals_file, scrapy, served
from tests.test_crawl_outcomes import TITLE

MARK = "g3heimnis-kennwort"
SECRETS = {
    name: f"{MARK}-{name.lower().replace('_', '-')}"
    for name in (
        *("MONITOR_SMTP_PASSWORD", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "PGPASSWORD"),
        *("SOME_API_TOKEN",),
    )
}


@contextmanager
def refusing_webhook() -> Iterator[tuple[str, list[str]]]:
    """A webhook that refuses, and says in its answer what it was asked."""
    asked: list[str] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.path)
            self.send_response(403, f"no such hook {self.path}")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
            pass

    with HTTPServer(("127.0.0.1", 0), Hook) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/hooks/{MARK}-webhook?key={MARK}-key", asked
        server.shutdown()


@contextmanager
def refusing_mail_server() -> Iterator[tuple[str, list[str]]]:
    """A mail server that refuses the password, and tells it back."""
    logins: list[str] = []

    class Session(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 test\r\n")
            while line := self.rfile.readline().decode().strip():
                if line.upper().startswith("EHLO"):
                    self.wfile.write(b"250-test\r\n250 AUTH PLAIN\r\n")
                elif line.upper().startswith("AUTH PLAIN "):
                    logins.append(base64.b64decode(line.split()[2]).decode())
                    self.wfile.write(f"535 wrong: {logins[-1].split(chr(0))[-1]}\r\n".encode())
                else:
                    self.wfile.write(b"250 ok\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}", logins
        server.shutdown()


def traces(content: bytes) -> list[bytes]:
    """Where the mark stands in what was written, plain or in base64."""
    encoded = (base64.b64encode(f"{' ' * shift}{MARK}".encode())[shift and shift + 1 :].rstrip(b"=")[:-1] for shift in range(3))
    words = [MARK.encode(), *encoded]
    return [content[max(0, at - 60) : at + 60] for word in words if (at := content.find(word)) >= 0]


def written(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file() and not path.is_symlink()}


def rows_of(url: str) -> bytes:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        tables = sa.inspect(connection).get_table_names()
        assert "runs" in tables
        found = [tuple(row) for name in tables for row in connection.exec_driver_sql(f"select * from {name}")]  # noqa: S608
    return repr(found).encode()


def site(folder: Path) -> Path:
    portal = MiniPortal(folder / "luanchuan")
    portal.article(0, TITLE.format(name="某局"), "<p>本局2024年政府信息公开工作情况如下，详见正文。</p>" * 40)
    portal.finish()
    return folder


@pytest.mark.parametrize("log", ["json", "plain"])
def test_a_crawl_that_is_refused_by_everyone_tells_no_secret(log: str, tmp_path: Path) -> None:
    # The server's own password is the secret: the run works with it from beginning to end.
    with (
        postgres.own_server() as server,
        postgres.new_database(server.url) as url,
        refusing_webhook() as (hook, asked),
        refusing_mail_server() as (mail, logins),
        served(site(tmp_path / "site")) as portal,
    ):
        set_password(url, f"{MARK}/db@1:")
        address = url.replace("postgres:a-secret@", f"postgres:{quote(f'{MARK}/db@1:', safe='')}@")
        environment = SECRETS | {
            "DATABASE_URL": address,
            "MONITOR_WEBHOOK": hook,
            "MONITOR_MAIL_TO": "keeper@example.org",
            "MONITOR_SMTP_HOST": mail,
            "MONITOR_SMTP_USER": "ogi",
            "https_proxy": f"http://user:{MARK}-proxy@127.0.0.1:1",
            "LOG_JSON": str(log == "json"),
        }
        before = dict(os.environ)
        os.environ.update(environment)
        try:
            night = crawl(portals_file(tmp_path / "portals.toml", portal), tmp_path / "output", LOG_LEVEL="DEBUG")
            again = scrapy("publish", "annual_reports", "-L", "DEBUG", OUTPUT_DIR=str(tmp_path / "output"))
        finally:
            os.environ.clear()
            os.environ.update(before)
        rows = rows_of(address)
        set_password(address, "a-secret")
    assert night.status == again.returncode == 2, night.stderr[-3000:]  # prose is no dataset: the monitors fail
    assert asked == [f"/hooks/{MARK}-webhook?key={MARK}-key"]
    assert logins == [f"\0ogi\0{SECRETS['MONITOR_SMTP_PASSWORD']}"] * len(logins)
    assert logins
    assert "was not told" in night.stderr
    assert "was not sent" in night.stderr
    everything = written(tmp_path / "output") | {"rows": rows}
    everything |= {"out": (night.stdout + again.stdout).encode(), "err": (night.stderr + again.stderr).encode()}
    assert len(everything) > 5
    found = {name: told for name, content in everything.items() if (told := traces(content))}
    assert found == {}


@pytest.mark.parametrize(
    "command", [("crawl", "henan_reports"), ("publish",), ("reextract",), ("portals",), ("portals", "--stale")], ids=" ".join
)
def test_a_refused_database_password_is_told_nowhere(command: tuple[str, ...], refusing_server: str, tmp_path: Path) -> None:
    wrong = refusing_server.replace("a-secret", f"{MARK}-db")
    done = scrapy(*command, "-L", "DEBUG", OUTPUT_DIR=str(tmp_path), DATABASE_URL=wrong)
    assert done.returncode == 1
    assert "password authentication failed" in done.stderr
    assert "Traceback" not in done.stderr
    assert traces((done.stdout + done.stderr).encode()) == []


@pytest.fixture(scope="module")
def refusing_server() -> Iterator[str]:
    with postgres.own_server() as server:
        yield server.url


@pytest.mark.parametrize(
    "address", [f"http://user:{MARK}@127.0.0.1:9/", f"http://127.0.0.1:9/ {MARK}", f"http://[{MARK}", f"ftp://{MARK}/{MARK}"]
)
def test_an_address_that_is_none_is_not_told(address: str, tmp_path: Path) -> None:
    with served(site(tmp_path / "site")) as portal:
        os.environ["MONITOR_WEBHOOK"] = address
        try:
            night = crawl(portals_file(tmp_path / "portals.toml", portal), tmp_path / "output")
        finally:
            del os.environ["MONITOR_WEBHOOK"]
    assert "was not told" in night.stderr or "MONITOR_WEBHOOK is no http or https address without" in night.stderr
    assert traces(night.stderr.encode()) == []


def test_a_portals_file_with_a_password_is_refused_without_telling_it(tmp_path: Path) -> None:
    portals = tmp_path / "portals.toml"
    table = f'[[portal]]\nname = "栾川县人民政府"\nregion = "河南省/洛阳市/栾川县"\nhome = "http://user:{MARK}@127.0.0.1/"\n'
    portals.write_text(table, encoding="utf-8")
    done = crawl(portals, tmp_path / "output")
    assert done.status == 2
    assert "holds a password" in done.stderr
    assert traces((done.stdout + done.stderr).encode()) == []


def set_password(url: str, password: str) -> None:
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"ALTER ROLE postgres PASSWORD '{password}'")
