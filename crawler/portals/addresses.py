"""Addresses a crawler of public sites must not be led to."""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache

_NUMBER = re.compile(r"0[xX][0-9a-fA-F]*|\d+")
_MAX_PARTS = 4
_LOCAL_NAMES = ("localhost", "localdomain", "local", "internal", "intranet", "home.arpa")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


@lru_cache(maxsize=4096)
def is_private_address(host: str) -> bool:
    """Whether ``host`` (name or literal, with or without port and brackets) names this machine or a private network.

    Understands what resolvers understand: ``127.1``, ``0x7f.1``, ``017700000001``, ``2130706433``, ``[::ffff:127.0.0.1]``.
    Names are judged by their spelling only; what a public name resolves to must be judged after resolving it,
    by calling this with the address. An empty host counts as private.
    """
    name = _bare_host(host)
    if not name:
        return True
    literal = _address(name)
    if literal is not None:
        return _is_inside(literal)
    return any(name == local or name.endswith("." + local) for local in _LOCAL_NAMES)


def _bare_host(host: str) -> str:
    host = host.strip().lower()
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    return host.partition("%")[0].rstrip(".")


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    if ":" in name:
        try:
            return ipaddress.IPv6Address(name)
        except ValueError:
            return None
    return _loose_ipv4(name)


def _loose_ipv4(name: str) -> ipaddress.IPv4Address | None:
    """The address as ``inet_aton`` reads it: one to four parts, each decimal, octal or hexadecimal, the last one filling up."""
    parts = name.split(".")
    if len(parts) > _MAX_PARTS or not all(_NUMBER.fullmatch(part) and part.isascii() for part in parts):
        return None
    try:
        numbers = [_number(part) for part in parts]
    except ValueError:
        return None
    *heads, last = numbers
    if any(number > 0xFF for number in heads) or last >= 256 ** (_MAX_PARTS - len(heads)):
        return None
    value = last
    for index, number in enumerate(heads):
        value += number << (8 * (3 - index))
    return ipaddress.IPv4Address(value)


def _number(part: str) -> int:
    if part.startswith("0x"):
        return int(part[2:] or "0", 16)
    return int(part, 8) if len(part) > 1 and part.startswith("0") else int(part)


def _is_inside(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        carried = address.ipv4_mapped or address.sixtofour or _translated(address)
        if carried is not None:
            return _is_inside(carried)
    return not address.is_global or address.is_multicast or address.is_unspecified


def _translated(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if address in _NAT64 or (int(address) >> 32 == 0 and int(address) > 1):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return None
