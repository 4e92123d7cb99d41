"""What goes wrong on a night: by seed, host and resource alone, so that the server and the truth agree without talking."""

from __future__ import annotations

import hashlib
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.nation.web import Role


class Kind(StrEnum):
    """Ways to misbehave."""

    UNAVAILABLE = "503"
    RESET = "reset"
    """The connection is reset before any answer."""
    CUT = "cut"
    """No length is declared, and the connection closes in the middle of the body."""
    SHORT = "short"
    """The whole length is declared, half of the body is sent, then the connection closes."""
    HTML = "html"
    """A page that says that the file is gone, with status 200, in place of the file."""
    SLOW = "slow"
    """The proper answer, late."""
    CHALLENGE = "521"
    """From some request on, the host answers with a challenge only."""


SLOW_SECONDS = 0.6
CUT_AT = 0.5
_BY_ROLE: dict[Role, tuple[Kind, ...]] = {
    "robots": (Kind.UNAVAILABLE, Kind.RESET, Kind.SLOW),
    "entrance": (Kind.UNAVAILABLE, Kind.RESET, Kind.SHORT, Kind.SLOW),
    "list": (Kind.UNAVAILABLE, Kind.RESET, Kind.SHORT, Kind.CUT, Kind.SLOW),
    "article": (Kind.UNAVAILABLE, Kind.RESET, Kind.SHORT, Kind.CUT, Kind.SLOW),
    "file": (Kind.UNAVAILABLE, Kind.RESET, Kind.SHORT, Kind.CUT, Kind.HTML, Kind.SLOW),
    "other": (Kind.UNAVAILABLE, Kind.RESET, Kind.SLOW),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """What strikes a resource: ``lasting`` every time this night, else the first time only."""

    kind: Kind
    lasting: bool

    @property
    def loses(self) -> bool:
        """Whether a crawler that asks again does not get it this night. A page in place of a file is no reason to ask again."""
        return self.kind is Kind.HTML or (self.lasting and self.kind is not Kind.SLOW)


@dataclass(frozen=True)
class Faults:
    """The faults of one night.

    Args:
        seed: with the night, decides everything.
        share: of all resources, those that are struck.
        lasting: share of those that are struck all night.
        challenged: share of hosts that show a challenge from some request on.
        spared: hosts whose way in is never struck all night, and that show no challenge: each family is seen.
        spared_names: the resources that are that way in.
    """

    seed: int
    night: int
    share: float = 0.0
    lasting: float = 0.2
    challenged: float = 0.0
    spared: AbstractSet[str] = field(default_factory=frozenset)
    spared_names: AbstractSet[tuple[str, str]] = field(default_factory=frozenset)

    def of(self, host: str, name: str, role: Role) -> Fault | None:
        """What strikes that resource of a host."""
        if not self.share:
            return None
        if self._draw("struck", host, name) >= self.share:
            return None
        kinds = _BY_ROLE[role]
        kind = kinds[int(self._draw("kind", host, name) * len(kinds))]
        lasting = self._draw("lasting", host, name) < self.lasting and (host, name) not in self.spared_names
        return Fault(kind, lasting)

    def challenge_from(self, host: str) -> int | None:
        """The request, counted from 1, from which on the host shows a challenge; ``None`` for most."""
        if host in self.spared or self._draw("challenged", host, "") >= self.challenged:
            return None
        return 1 if self._draw("early", host, "") < 0.5 else 9

    def _draw(self, *words: str) -> float:
        text = "/".join((str(self.seed), str(self.night), *words))
        return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=7).digest(), "big") / 2**56


CHALLENGE_PAGE = (
    b"<script>document.cookie=('__jsl_clearance=')+(1700000000)+('.1|-1|')+('abc%3D')+(';max-age=3600;path=/');"
    b"location.href=location.pathname+location.search</script>"
)
GONE_PAGE = (
    '<!DOCTYPE html><html><head><meta charset="utf-8"><title>系统提示</title></head>'
    "<body><h3>对不起，您访问的文件不存在或已删除！</h3></body></html>"
).encode()
UNAVAILABLE_PAGE = (
    b"<html><head><title>503 Service Temporarily Unavailable</title></head><body><center><h1>503</h1></center></body></html>"
)
NOT_FOUND_PAGE = '<!DOCTYPE html><html><head><meta charset="utf-8"><title>404</title></head><body><h1>404 页面不存在</h1></body></html>'.encode()
