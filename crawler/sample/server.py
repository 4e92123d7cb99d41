"""The sample portals over real HTTP on loopback: each portal on an address of its own, all on one port.

``python -m crawler.sample.server`` serves them until interrupted and prints the portals file to use.
"""

from __future__ import annotations

import argparse
import errno
import hashlib
import json
import logging
import os
import re
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import formatdate, parsedate_to_datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import unquote, urlsplit

from crawler.sample.faults import Behaviour, Fault

logger = logging.getLogger(__name__)

SITE = Path(__file__).resolve().parent / "site"
PORTALS = Path(__file__).resolve().parent / "portals.toml"
DEFAULT_PORT = 18642

FaultHook = Callable[[str, str], Fault | None]
"""(host, path) -> what goes wrong, or ``None``."""

_HOST_MARK = re.compile(rb"@@HOST:([a-z0-9_-]+)@@")
_CHINESE_CHARSET = re.compile(rb"""charset\s*=\s*["']?gb""", re.IGNORECASE)
"""Such pages are served without a charset, as many old sites do: the page itself must be believed."""
_CONTENT_TYPES = {
    ".html": "text/html",
    ".shtml": "text/html",
    ".htm": "text/html",
    "": "text/html",
    ".txt": "text/plain; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "application/javascript; charset=utf-8",
    ".xml": "text/xml; charset=utf-8",
    ".json": "application/json; charset=utf-8",
    ".pdf": "application/pdf",
    ".doc": "application/msword",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xls": "application/vnd.ms-excel",
    ".png": "image/png",
    ".jpg": "image/jpeg",
}
_TEXT = ("text/", "application/javascript", "application/json")
_NOT_FOUND = (
    '<!DOCTYPE html><html><head><meta charset="utf-8"><title>404</title></head><body><h1>404 页面不存在</h1></body></html>'
)


class PortBusyError(OSError):
    """The port is taken by another program."""


@dataclass(frozen=True)
class RequestRecord:
    """One request as answered; ``started`` is in seconds of the monotonic clock."""

    host: str
    method: str
    path: str
    status: int
    started: float


class SampleServer:
    """Serves a folder of portals, one loopback address each.

    Args:
        site: folder with one folder per host, and ``hosts.json`` (folder name -> address). Without that file addresses
            127.64.0.1, .2, ... are given in order of names.
        port: one port for all hosts; ``None`` takes the environment's SAMPLE_PORT or 18642, 0 lets the system choose.
        faults: called for every request; what it returns happens instead of the proper answer.
        portals: template of the portals file, with ``{port}``.

    Raises:
        PortBusyError: on start, if the port is taken.
    """

    def __init__(
        self,
        site: Path | None = None,
        port: int | None = None,
        faults: FaultHook | None = None,
        portals: Path | None = None,
    ) -> None:
        self.site = site or SITE
        self.faults = faults
        self.requests: list[RequestRecord] = []
        self._portals = portals or PORTALS
        self._wanted = int(os.environ.get("SAMPLE_PORT") or DEFAULT_PORT) if port is None else port
        self._port = 0
        self._servers: list[_HostServer] = []
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._active: dict[str, int] = {}
        self._most: dict[str, int] = {}
        self.hosts = _read_hosts(self.site)

    @property
    def port(self) -> int:
        """The port served; 0 before the start."""
        return self._port

    def address(self, name: str) -> str:
        """``host:port`` of a portal by the name of its folder."""
        return f"{self.hosts[name]}:{self._port}"

    def url(self, name: str, path: str = "/") -> str:
        """Absolute URL of a path of a portal."""
        return f"http://{self.address(name)}{path}"

    def start(self) -> Self:
        """Binds every host and answers from threads of its own."""
        self._bind()
        for server in self._servers:
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
            thread.start()
            self._threads.append(thread)
        return self

    def _bind(self) -> None:
        attempts = 20 if self._wanted == 0 else 1
        for attempt in range(attempts):
            port = self._wanted
            try:
                for name, host in self.hosts.items():
                    server = _HostServer((host, port), self, self.site / name)
                    self._servers.append(server)
                    port = server.server_address[1]
            except OSError as error:
                self._close()
                if error.errno == errno.EADDRNOTAVAIL:
                    raise OSError(
                        error.errno, f"{host} is not a loopback address here; the sample portals need Linux"
                    ) from error
                if error.errno != errno.EADDRINUSE:
                    raise
                if attempt + 1 == attempts:
                    raise PortBusyError(
                        error.errno, f"port {port} of {host} is in use by another program; set SAMPLE_PORT to a free one"
                    ) from error
            else:
                self._port = port
                return

    def stop(self) -> None:
        """Stops serving and closes the sockets."""
        for server in self._servers:
            server.shutdown()
        self._close()
        for thread in self._threads:
            thread.join(timeout=5)
        self._threads.clear()

    def _close(self) -> None:
        for server in self._servers:
            server.server_close()
        self._servers.clear()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def portals_toml(self) -> str:
        """The portals file of these portals, with the real port."""
        return self._portals.read_text(encoding="utf-8").replace("{port}", str(self._port))

    def request_count(self, host: str | None = None) -> int:
        """Requests answered, of one address or of all."""
        with self._lock:
            return sum(host in (None, record.host) for record in self.requests)

    def max_concurrent(self, host: str) -> int:
        """The most requests that were in work at one time on an address."""
        with self._lock:
            return self._most.get(host, 0)

    def forget(self) -> None:
        """Starts counting anew."""
        with self._lock:
            self.requests.clear()
            self._most.clear()

    def begin(self, host: str) -> None:
        """Counts a request in."""
        with self._lock:
            self._active[host] = self._active.get(host, 0) + 1
            self._most[host] = max(self._most.get(host, 0), self._active[host])

    def release(self, host: str) -> None:
        """Counts a request out, before its last bytes are sent: a client that has them may rightly ask again."""
        with self._lock:
            self._active[host] -= 1

    def note(self, record: RequestRecord) -> None:
        """Remembers an answered request."""
        with self._lock:
            self.requests.append(record)

    def render(self, content: bytes) -> bytes:
        """Text with the marks of hosts replaced by their real addresses.

        Raises:
            KeyError: a page names a host that does not exist.
        """
        return _HOST_MARK.sub(lambda mark: self.url(mark[1].decode("ascii"), "").encode("ascii"), content)


def _read_hosts(site: Path) -> dict[str, str]:
    listed = site / "hosts.json"
    if listed.is_file():
        hosts: dict[str, str] = json.loads(listed.read_text(encoding="utf-8"))
        return hosts
    names = sorted(folder.name for folder in site.iterdir() if folder.is_dir())
    return {name: f"127.64.0.{number}" for number, name in enumerate(names, start=1)}


class _HostServer(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], sample: SampleServer, root: Path) -> None:
        self.sample = sample
        self.root = root.resolve()
        super().__init__(address, _Handler)

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002 - the base class decides the arguments
        """Clients that hang up are no news; anything else is."""
        error = sys.exception()
        if not isinstance(error, ConnectionError | TimeoutError):
            logger.error("answering %s failed", client_address, exc_info=error)


class _Handler(BaseHTTPRequestHandler):
    server: _HostServer
    protocol_version = "HTTP/1.1"
    server_version = "SamplePortal"
    sys_version = ""
    timeout = 30

    def do_GET(self) -> None:
        """Answers a GET."""
        self._serve()

    def do_HEAD(self) -> None:
        """Answers a HEAD."""
        self._serve()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
        """Requests go to the log, not to the terminal."""
        logger.debug(format, *args)

    def _serve(self) -> None:
        host, started = str(self.server.server_address[0]), time.monotonic()
        sample = self.server.sample
        path = urlsplit(self.path).path
        sample.begin(host)
        self._counted = True
        status = 0
        try:
            fault = sample.faults(host, path) if sample.faults else None
            status = self._misbehave(fault, path) if fault else self._answer(path)
        finally:
            self._release()
            sample.note(RequestRecord(host, self.command, path, status, started))

    def _release(self) -> None:
        if self._counted:
            self._counted = False
            self.server.sample.release(str(self.server.server_address[0]))

    def _answer(self, path: str) -> int:
        found = self._find(path)
        if found is None:
            return self._send(404, _NOT_FOUND.encode(), "text/html; charset=utf-8")
        if found.is_dir():
            return self._redirect(path + "/", permanent=True)
        content, kind = self._content(found)
        tag = f'"{hashlib.sha256(content).hexdigest()[:24]}"'
        modified = int(found.stat().st_mtime)
        headers = (("ETag", tag), ("Last-Modified", formatdate(modified, usegmt=True)))
        if self._not_modified(tag, modified):
            self.send_response(304)
            for name, value in headers:
                self.send_header(name, value)
            self._release()
            self.end_headers()
            return 304
        return self._send(200, content, kind, headers)

    def _not_modified(self, tag: str, modified: int) -> bool:
        known = self.headers.get("If-None-Match")
        if known is not None:
            return "*" in known or tag in [part.strip().removeprefix("W/") for part in known.split(",")]
        since = self.headers.get("If-Modified-Since")
        if since is None:
            return False
        try:
            return modified <= parsedate_to_datetime(since).timestamp()
        except ValueError:
            return False

    def _find(self, path: str) -> Path | None:
        """The file of a path, or the folder where its slash is missing; nothing outside the portal's folder."""
        relative = unquote(path).lstrip("/")
        if "\0" in relative:
            return None
        target = (self.server.root / relative).resolve()
        if not target.is_relative_to(self.server.root):
            return None
        if target.is_dir():
            index = target / "index.html"
            if not index.is_file():
                return None
            return index if path.endswith("/") else target
        return target if target.is_file() and not path.endswith("/") else None

    def _content(self, path: Path) -> tuple[bytes, str]:
        content = path.read_bytes()
        kind = _CONTENT_TYPES.get(path.suffix if path.suffix in _CONTENT_TYPES else "", "application/octet-stream")
        if kind.startswith(_TEXT):
            content = self.server.sample.render(content)
        if kind == "text/html" and not _CHINESE_CHARSET.search(content[:1024]):
            kind += "; charset=utf-8"
        return content, kind

    def _send(self, status: int, body: bytes, kind: str, headers: tuple[tuple[str, str], ...] = ()) -> int:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers:
            self.send_header(name, value)
        if not body or self.command == "HEAD":
            self._release()
        self.end_headers()
        if self.command != "HEAD":
            self._release()
            self.wfile.write(body)
        return status

    def _redirect(self, location: str, *, permanent: bool = False) -> int:
        status = HTTPStatus.MOVED_PERMANENTLY if permanent else HTTPStatus.FOUND
        return self._send(status, b"", "text/html; charset=utf-8", (("Location", location),))

    def _misbehave(self, fault: Fault, path: str) -> int:
        if fault.behaviour is Behaviour.RESET:
            self._reset()
            return 0
        if fault.behaviour is Behaviour.SLOW:
            time.sleep(fault.seconds)
            return self._answer(path)
        if fault.behaviour is Behaviour.REDIRECT:
            return self._redirect(fault.location)
        if fault.behaviour is Behaviour.STATUS:
            return self._send(fault.status, fault.body, "text/html; charset=utf-8", fault.headers)
        found = self._find(path)
        if found is None or found.is_dir():
            return self._answer(path)
        content, kind = self._content(found)
        if fault.behaviour is Behaviour.BODY:
            return self._send(200, fault.body, kind, fault.headers)
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Connection", "close")
        if fault.behaviour is Behaviour.SHORT_BODY:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: int(len(content) * fault.fraction)])
        return 200

    def _reset(self) -> None:
        """Closes with RST instead of FIN."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()


def main() -> int:
    """Serves in the foreground."""
    parser = argparse.ArgumentParser(description="Serves the sample portals on loopback until interrupted.")
    parser.add_argument("--port", type=int, default=None, help=f"default: SAMPLE_PORT or {DEFAULT_PORT}; 0 chooses one")
    arguments = parser.parse_args()
    try:
        server = SampleServer(port=arguments.port).start()
    except OSError as error:
        sys.stderr.write(f"{error.strerror or error}\n")
        return 1
    sys.stdout.write(server.portals_toml())
    sys.stdout.flush()
    sys.stderr.write(f"serving {len(server.hosts)} hosts on port {server.port}; Ctrl-C stops\n")
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        pass
    finally:
        server.stop()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
