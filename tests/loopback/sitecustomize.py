"""Keeps every Python process of the tests on loopback: imported by the interpreter at its start, because tests put this folder on
PYTHONPATH, and by tests/conftest.py.

A connection or a name look-up that would leave is refused, and a line of it goes to the file that LOOPBACK_LOG names; the test
during which it grew fails.
"""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
import sys
from pathlib import Path
from typing import Any

_connect, _connect_ex, _sendto = socket.socket.connect, socket.socket.connect_ex, socket.socket.sendto
_getaddrinfo, _gethostbyname = socket.getaddrinfo, socket.gethostbyname


NOWHERE = (".invalid", ".test", ".example")
"""Names that no network knows (RFC 2606): not looked up, and no attempt to leave."""


def is_here(host: object) -> bool:
    """Whether a host is this machine, or no host at all."""
    name = _name(host)
    if not name or name == "localhost" or name.endswith(".localhost"):
        return True
    address = _address(name)
    return address is not None and (address.is_loopback or address.is_unspecified)


def _name(host: object) -> str:
    return host.decode() if isinstance(host, bytes) else str(host or "")


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return None


def told(what: str, host: object) -> OSError:
    """Notes an attempt to leave."""
    log = os.environ.get("LOOPBACK_LOG")
    if log:
        with Path(log).open("a", encoding="utf-8") as lines:
            lines.write(f"{what} {host} by {' '.join(sys.argv[:4])}\n")
    return ConnectionRefusedError(errno.ECONNREFUSED, f"tests stay on loopback: {what} {host}")


def _host(sock: socket.socket, address: Any) -> object:
    return address[0] if sock.family in (socket.AF_INET, socket.AF_INET6) else None


def connect(self: socket.socket, address: Any) -> None:
    if not is_here(_host(self, address)):
        raise told("connect", _host(self, address))
    _connect(self, address)


def connect_ex(self: socket.socket, address: Any) -> int:
    if not is_here(_host(self, address)):
        told("connect", _host(self, address))
        return errno.ECONNREFUSED
    return _connect_ex(self, address)


def sendto(self: socket.socket, data: Any, *rest: Any) -> int:
    if not is_here(_host(self, rest[-1])):
        raise told("sendto", _host(self, rest[-1]))
    return _sendto(self, data, *rest)


def _look_up(host: object) -> None:
    """Refuses to look up a name that is not this machine's; an address needs no looking up."""
    name = _name(host)
    if is_here(host) or _address(name):
        return
    if not name.endswith(NOWHERE):
        told("look up", name)
    raise socket.gaierror(socket.EAI_NONAME, "tests stay on loopback")


def getaddrinfo(host: Any, *rest: Any, **named: Any) -> Any:
    _look_up(host)
    return _getaddrinfo(host, *rest, **named)


def gethostbyname(host: str) -> str:
    _look_up(host)
    return _gethostbyname(host)


socket.socket.connect = connect  # type: ignore[method-assign,assignment]
socket.socket.connect_ex = connect_ex  # type: ignore[method-assign,assignment]
socket.socket.sendto = sendto  # type: ignore[method-assign,assignment]
socket.getaddrinfo = getaddrinfo
socket.gethostbyname = gethostbyname
