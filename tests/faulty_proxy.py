"""A proxy before a real HTTP server, whose faults a test chooses: it cuts, refuses, swallows answers and changes bytes."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

HEAD_END = b"\r\n\r\n"


@dataclass(frozen=True)
class Request:
    """What a client sent, head and body."""

    head: bytes
    body: bytes

    @property
    def method(self) -> str:
        return self.head.split(b" ", 1)[0].decode()

    @property
    def path(self) -> str:
        return self.head.split(b" ", 2)[1].decode()


@dataclass(frozen=True)
class Answer:
    """What the client is given instead of the server's answer; ``None`` cuts the connection.

    Args:
        content: raw bytes of the answer.
        is_passed_on: whether the server gets the request before.
    """

    content: bytes | None
    is_passed_on: bool = False


def status(code: int, name: str) -> Answer:
    """An error as S3 servers tell it."""
    body = f"<?xml version='1.0'?><Error><Code>{name}</Code><Message>no</Message></Error>".encode()
    head = (
        f"HTTP/1.1 {code} {name}\r\nContent-Type: application/xml\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return Answer(head.encode() + body)


CUT = Answer(None)
"""The connection ends before the server has the request."""
LOST_ANSWER = Answer(None, is_passed_on=True)
"""The server does what was asked, and nobody hears of it."""

Plan = Callable[[Request], Answer | None]
"""The fault for a request; ``None`` passes it on and gives the server's own answer."""


class FaultyProxy:
    """Listens on loopback, one thread a connection; a context manager.

    Args:
        server: ``http://host:port`` of the server behind it.
        plan: see `Plan`; may be changed at any time.
    """

    def __init__(self, server: str, plan: Plan = lambda _: None) -> None:
        parts = urlsplit(server)
        self._server = (parts.hostname, parts.port)
        self._host = parts.netloc.encode()
        self.plan = plan
        self.changes: Callable[[Request, bytes], bytes] = lambda _, answer: answer
        """Applied to every answer of the server, head and body together."""
        self.body_limit: int | None = None
        """Bytes of a request's body after which the connection is cut, while it is set."""
        self.seen: list[Request] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._threads: list[threading.Thread] = []
        self._accepting = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Self:
        self._accepting.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._accepting.join()
        for thread in self._threads:
            thread.join(10)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(client,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, client: socket.socket) -> None:
        with client:
            client.settimeout(10)
            try:
                request = self._request(client)
                if request is None:
                    return
                self.seen.append(request)
                fault = self.plan(request)
                if fault is None:
                    client.sendall(self.changes(request, self._passed_on(request)))
                    return
                if fault.is_passed_on:
                    self._passed_on(request)
                if fault.content is not None:
                    client.sendall(fault.content)
            except OSError:
                return  # the client has gone: what it makes of that is what the test looks at

    def _request(self, client: socket.socket) -> Request | None:
        received = b""
        while HEAD_END not in received:
            chunk = client.recv(65536)
            if not chunk:
                return None
            received += chunk
        head, _, body = received.partition(HEAD_END)
        headers = head.lower()
        if b"expect: 100-continue" in headers:
            client.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        length = _length(headers)
        while len(body) < length:
            if self.body_limit is not None and len(body) > self.body_limit:
                return None
            chunk = client.recv(65536)
            if not chunk:
                return None
            body += chunk
        return Request(head, body)

    def _passed_on(self, request: Request) -> bytes:
        # The signature covers the host that the client was told, so only the way of the connection is changed.
        lines = [line for line in request.head.split(b"\r\n") if not line.lower().startswith((b"connection:", b"expect:"))]
        with socket.create_connection(self._server, timeout=10) as server:
            server.sendall(b"\r\n".join([*lines, b"Connection: close"]) + HEAD_END + request.body)
            answer = b""
            while chunk := server.recv(65536):
                answer += chunk
        return answer


def _length(headers: bytes) -> int:
    for line in headers.split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.split(b":")[1])
    return 0
