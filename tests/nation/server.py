"""Serves the nation on loopback until interrupted: one address a portal, one port for all.

``python -m tests.nation.server --portals 300 --reports 6000 --night 1 --seed 7`` prints one line of JSON when it is ready:
the port, the address of the control, the path of the portals file. The control answers

* ``/__monitor__``: every request since the night began, with what was sent and when;
* ``/__truth__``: every report of the night, and whether a crawler can get it;
* ``/__night__?number=2&faults=0.05&lasting=0.2&challenged=0.02``: begins another night; the same port, the same addresses.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gzip
import json
import signal
import socket
import struct
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from email.utils import formatdate, parsedate_to_datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote

from tests.nation.faults import (
    CHALLENGE_PAGE,
    CUT_AT,
    GONE_PAGE,
    NOT_FOUND_PAGE,
    SLOW_SECONDS,
    UNAVAILABLE_PAGE,
    Fault,
    Kind,
)
from tests.nation.pack import Pack, open_pack
from tests.nation.plan import Nation, News, make_nation
from tests.nation.web import Asked
from tests.nation.world import World, as_json

if TYPE_CHECKING:
    from tests.nation.web import Resource

CONTROL = "127.65.254.1"
_REASONS = {
    200: "OK",
    304: "Not Modified",
    404: "Not Found",
    405: "Not Allowed",
    503: "Service Temporarily Unavailable",
    521: "",
}
_MAX_HEAD = 64 * 1024
_GZIP_FROM = 1000
_HTML = "text/html; charset=utf-8"


class Monitor:
    """Every request of one night."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, str, int, int, float, float, str, bool]] = []
        self.active: Counter[str] = Counter()
        self.most: dict[str, int] = {}

    def begin(self, host: str) -> float:
        """A request has come in whole; the time, in seconds of the monotonic clock."""
        self.active[host] += 1
        self.most[host] = max(self.most.get(host, 0), self.active[host])
        return time.monotonic()

    def end(self, host: str) -> float:
        """Its last bytes are about to be sent: a client that has them may rightly ask again."""
        self.active[host] -= 1
        return time.monotonic()

    def as_json(self) -> dict[str, object]:
        """Requests as rows of (host, method, target, status, bytes sent, start, end, fault, conditional)."""
        return {"most_at_once": self.most, "requests": self.requests}


class NationServer:
    """The nation, the night at hand, and its monitor."""

    def __init__(self, nation: Nation, pack: Pack) -> None:
        self.nation = nation
        self.pack = pack
        self.port = 0
        self.world: World
        self.monitor = Monitor()
        self.attempts: Counter[tuple[str, str]] = Counter()
        self.asked: Counter[str] = Counter()
        self.servers: list[asyncio.Server] = []

    def begin_night(self, number: int, *, faults: float, lasting: float, challenged: float) -> None:
        """Show what that night shows, and count anew."""
        self.world = World(self.nation, number, self.port, self.pack, share=faults, lasting=lasting, challenged=challenged)
        self.monitor = Monitor()
        self.attempts.clear()
        self.asked.clear()

    async def listen(self, port: int) -> None:
        """Bind all addresses; with port 0 to one that is free on all of them.

        Raises:
            OSError: the port is taken.
        """
        loop = asyncio.get_running_loop()
        hosts = [CONTROL, *(portal.host for portal in self.nation.portals), *self.nation.stores]
        for attempt in range(20):
            chosen = port or _free_port()
            try:
                for host in hosts:
                    self.servers.append(await loop.create_server(partial(_Connection, self, host), host, chosen))
            except OSError:
                for server in self.servers:
                    server.close()
                self.servers.clear()
                if port or attempt == 19:
                    raise
            else:
                self.port = chosen
                return

    def fault(self, host: str, resource: Resource) -> Fault | None:
        """What strikes this request, counted."""
        fault = self.world.faults.of(host, resource.name, resource.role)
        if fault is None:
            return None
        self.attempts[host, resource.name] += 1
        return fault if fault.lasting or self.attempts[host, resource.name] == 1 else None

    def is_challenging(self, host: str) -> bool:
        """Whether the host shows a challenge to this request, counted."""
        self.asked[host] += 1
        start = self.world.faults.challenge_from(host)
        return start is not None and self.asked[host] >= start

    def control(self, path: str, query: str) -> tuple[int, object]:
        """Answer the tests."""
        if path == "/__monitor__":
            return 200, self.monitor.as_json()
        if path == "/__truth__":
            return 200, {
                "night": self.world.night,
                "reports": [as_json(truth) for truth in self.world.truths()],
                "vanished": self.world.vanished(),
            }
        if path == "/__night__":
            fields = parse_qs(query)
            shares = {name: float(fields.get(name, ["0"])[0]) for name in ("faults", "lasting", "challenged")}
            self.begin_night(int(fields["number"][0]), **shares)
            return 200, {"night": self.world.night}
        return 404, {"error": "no such thing"}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((CONTROL, 0))
        return int(probe.getsockname()[1])


@dataclass
class _Note:
    """A request in work; called with the status and the bytes sent, it is noted as answered."""

    monitor: Monitor
    host: str
    method: str
    target: str
    started: float
    conditional: bool
    fault: str = ""

    def __call__(self, status: int, size: int, fault: str = "") -> None:
        ended = self.monitor.end(self.host)
        self.monitor.requests.append(
            (
                self.host,
                self.method,
                self.target,
                status,
                size,
                self.started,
                ended,
                fault or self.fault,
                self.conditional,
            )
        )


class _Connection(asyncio.Protocol):
    """One connection to one address: requests in turn, kept alive."""

    def __init__(self, server: NationServer, host: str) -> None:
        self.server = server
        self.host = host
        self.buffer = b""
        self.transport: asyncio.Transport
        self.waiting = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        self._next()

    def _next(self) -> None:
        """Take one request from what has come, if it is whole."""
        if self.waiting:
            return
        head, mark, rest = self.buffer.partition(b"\r\n\r\n")
        if not mark:
            if len(self.buffer) > _MAX_HEAD:
                self.transport.close()
            return
        lines = head.decode("latin-1").split("\r\n")
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        length = int(headers.get("content-length", "0"))
        if len(rest) < length:
            return
        self.buffer = rest[length:]
        method, target, _ = lines[0].split(" ", 2)
        path, _, query = target.partition("?")
        if self.host == CONTROL:
            status, content = self.server.control(path, query)
            self._write(status, json.dumps(content).encode(), "application/json", ())
            self._next()
            return
        # Names of files are written as they are linked; lists may be asked for with their words encoded.
        asked = Asked(method, unquote(path), query, rest[:length], headers.get("content-type", "").lower())
        self._serve(asked, target, headers)

    def _serve(self, asked: Asked, target: str, headers: dict[str, str]) -> None:
        server, host = self.server, self.host
        note = _Note(
            server.monitor,
            host,
            asked.method,
            target,
            server.monitor.begin(host),
            conditional="if-none-match" in headers or "if-modified-since" in headers,
        )
        if server.is_challenging(host):
            extra = (("Set-Cookie", "__jsluid_h=0123456789abcdef; max-age=31536000; path=/; HttpOnly"),)
            self._respond(521, CHALLENGE_PAGE, _HTML, extra, note, Kind.CHALLENGE.value)
            return
        resource = server.world.find(host, asked)
        if resource is None:
            self._respond(404, NOT_FOUND_PAGE, _HTML, (), note)
            return
        fault = server.fault(host, resource)
        if fault is None:
            self._answer(resource, headers, note)
        elif fault.kind is Kind.SLOW:
            note.fault = Kind.SLOW.value
            self.waiting = True
            asyncio.get_running_loop().call_later(SLOW_SECONDS, self._late, resource, headers, note)
        else:
            self._misbehave(fault, resource, note)

    def _late(self, resource: Resource, headers: dict[str, str], note: _Note) -> None:
        self.waiting = False
        if self.transport.is_closing():
            note(0, 0)
            return
        self._answer(resource, headers, note)

    def _answer(self, resource: Resource, headers: dict[str, str], note: _Note) -> None:
        content = resource.render()
        site = self.server.world.hosts[self.host].site
        zipped = (
            site is not None
            and site.portal.gzip
            and resource.role != "file"
            and len(content) >= _GZIP_FROM
            and "gzip" in headers.get("accept-encoding", "")
        )
        validators = _validators(resource, len(content), zipped=zipped, which=site.portal.validators if site else "both")
        if validators and _is_known(validators, headers):
            self._respond(304, b"", "", tuple(validators.items()), note)
            return
        extra = tuple(validators.items())
        if zipped:
            content = gzip.compress(content, 1, mtime=0)
            extra += (("Content-Encoding", "gzip"), ("Vary", "Accept-Encoding"))
        self._respond(200, content, resource.content_type, extra, note)

    def _misbehave(self, fault: Fault, resource: Resource, note: _Note) -> None:
        word = fault.kind.value
        if fault.kind is Kind.UNAVAILABLE:
            self._respond(503, UNAVAILABLE_PAGE, _HTML, (), note, word)
        elif fault.kind is Kind.HTML:
            self._respond(200, GONE_PAGE, resource.content_type, (), note, word)
        elif fault.kind is Kind.RESET:
            note(0, 0, word)
            taken = self.transport.get_extra_info("socket")
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.transport.abort()
        else:
            content = resource.render()
            length = f"Content-Length: {len(content)}\r\n" if fault.kind is Kind.SHORT else ""
            head = f"HTTP/1.1 200 OK\r\nContent-Type: {resource.content_type}\r\n{length}Connection: close\r\n\r\n".encode()
            part = head + content[: int(len(content) * CUT_AT)]
            note(200, len(part), word)
            self.transport.write(part)
            self.transport.close()

    def _respond(
        self, status: int, body: bytes, content_type: str, extra: tuple[tuple[str, str], ...], note: _Note, fault: str = ""
    ) -> None:
        written = _message(status, body, content_type, extra)
        note(status, len(written), fault)
        self.transport.write(written)
        self._next()

    def _write(self, status: int, body: bytes, content_type: str, extra: tuple[tuple[str, str], ...]) -> None:
        self.transport.write(_message(status, body, content_type, extra))


def _message(status: int, body: bytes, content_type: str, extra: tuple[tuple[str, str], ...]) -> bytes:
    lines = [f"HTTP/1.1 {status} {_REASONS[status]}", "Server: nginx"]
    if status != 304:
        lines += [f"Content-Type: {content_type}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in extra]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def _validators(resource: Resource, size: int, *, zipped: bool, which: str) -> dict[str, str]:
    """As nginx makes them: of time and length, and weak where it compresses on the way."""
    if resource.modified is None:
        return {}
    found = {}
    if which in ("both", "modified"):
        found["Last-Modified"] = formatdate(resource.modified, usegmt=True)
    if which in ("both", "etag"):
        found["ETag"] = f'{"W/" if zipped else ""}"{resource.modified:x}-{size:x}"'
    return found


def _is_known(validators: dict[str, str], headers: dict[str, str]) -> bool:
    """As nginx compares: tags weakly and first, times for equality."""
    tags = headers.get("if-none-match")
    if tags is not None:
        ours = validators.get("ETag", "").removeprefix("W/")
        return bool(ours) and ours in [tag.strip().removeprefix("W/") for tag in tags.split(",")]
    since, changed = headers.get("if-modified-since"), validators.get("Last-Modified")
    if since is None or changed is None:
        return False
    with contextlib.suppress(ValueError):
        return parsedate_to_datetime(since) == parsedate_to_datetime(changed)
    return False


def portals_file(nation: Nation, port: int) -> str:
    """What a user would write of these portals: name, region, home, and the store's host where there is one."""
    tables = []
    for portal in nation.portals:
        lines = [
            "[[portal]]",
            f'name = "{portal.name}"',
            f'region = "{portal.region}"',
            f'home = "http://{portal.host}:{port}/"',
        ]
        if portal.store:
            lines.append(f'allow_hosts = ["{portal.store}:{port}"]')
        tables.append("\n".join(lines))
    return "\n\n".join(tables) + "\n"


def plan_json(nation: Nation) -> str:
    """Which reports are new, back-dated, changed and gone on the night of the news."""
    found: dict[str, list[str]] = {"added": [], "changed": [], "vanished": []}
    for report in nation.every_report():
        if report.from_night > 1:
            found["added"].append(report.key)
        if report.changed_night:
            found["changed"].append(report.key)
        if report.vanished_night:
            found["vanished"].append(report.key)
    return json.dumps(found, indent=1)


async def _run(options: argparse.Namespace) -> None:
    news = News(*(int(part) for part in options.news.split(",")))
    nation = make_nation(options.portals, options.reports, options.seed, news)
    with open_pack(nation) as pack:
        server = NationServer(nation, pack)
        await server.listen(options.port)
        server.begin_night(options.night, faults=options.faults, lasting=options.lasting, challenged=options.challenged)
        folder = options.into or Path(tempfile.mkdtemp(prefix="nation-"))
        folder.mkdir(parents=True, exist_ok=True)
        portals = folder / "portals.toml"
        portals.write_text(portals_file(nation, server.port), encoding="utf-8")
        (folder / "plan.json").write_text(plan_json(nation), encoding="utf-8")
        ready = {"port": server.port, "control": f"http://{CONTROL}:{server.port}", "portals": str(portals)}
        sys.stdout.write(json.dumps(ready) + "\n")
        sys.stdout.flush()
        stop = asyncio.Event()
        for one in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(one, stop.set)
        await stop.wait()
        if options.monitor:
            options.monitor.write_text(json.dumps(server.monitor.as_json()), encoding="utf-8")
        for listening in server.servers:
            listening.close()


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Serves a nation of portals on loopback until interrupted.")
    parser.add_argument("--portals", type=int, default=300)
    parser.add_argument("--reports", type=int, default=6000, help="of the first night")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--news", default="20,5,3,10", help="new, changed, vanished and back-dated reports of night 3")
    parser.add_argument("--night", type=int, default=1)
    parser.add_argument("--faults", type=float, default=0.0, help="share of resources that are struck, e.g. 0.05")
    parser.add_argument("--lasting", type=float, default=0.2, help="share of those that are struck all night")
    parser.add_argument("--challenged", type=float, default=0.0, help="share of hosts that show a challenge, e.g. 0.02")
    parser.add_argument("--port", type=int, default=0, help="0: one that is free")
    parser.add_argument("--into", type=Path, help="folder for portals.toml and plan.json; a new one without it")
    parser.add_argument("--monitor", type=Path, help="file that the monitor is written to at the end")
    return parser.parse_args(arguments)


def main() -> int:
    """Serves in the foreground."""
    asyncio.run(_run(parse()))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
