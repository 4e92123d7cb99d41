"""The nation's server as a process of its own, and what it tells of a night."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.nation.plan import News

ROOT = Path(__file__).resolve().parents[2]
_START_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Served:
    """One request as the server saw it; times are seconds of its monotonic clock."""

    host: str
    method: str
    target: str
    status: int
    size: int
    """Bytes sent, heads included."""
    started: float
    ended: float
    fault: str
    conditional: bool


@dataclass(frozen=True)
class Seen:
    """A night's requests."""

    requests: tuple[Served, ...]
    most_at_once: dict[str, int]
    """By host: the most requests that were in work at one time."""

    @property
    def bytes_sent(self) -> int:
        """Of the whole night."""
        return sum(request.size for request in self.requests)

    @property
    def seconds(self) -> float:
        """From the first request to the end of the last."""
        if not self.requests:
            return 0.0
        return max(one.ended for one in self.requests) - min(one.started for one in self.requests)

    def sent_whole(self) -> set[str]:
        """Addresses, without port, that were sent with 200 and no fault."""
        return {f"{one.host}{one.target}" for one in self.requests if one.status == 200 and one.fault in ("", "slow")}

    def faults(self) -> Counter[str]:
        """How often each fault struck."""
        return Counter(one.fault for one in self.requests if one.fault)


class RunningNation:
    """``python -m tests.nation.server`` for as long as the block lasts.

    Args:
        folder: for the portals file and the plan.
        portals, reports, seed, news: see `tests.nation.plan.make_nation`.
        faults, lasting, challenged: shares, on the first night.
        port: 0 for one that is free; give one to have the same addresses again.
    """

    def __init__(
        self,
        folder: Path,
        *,
        portals: int,
        reports: int,
        seed: int,
        news: News,
        faults: float = 0.0,
        lasting: float = 0.2,
        challenged: float = 0.0,
        port: int = 0,
    ) -> None:
        self._options = {
            "portals": portals,
            "reports": reports,
            "seed": seed,
            "news": f"{news.new},{news.changed},{news.vanished},{news.back_dated}",
            "faults": faults,
            "lasting": lasting,
            "challenged": challenged,
            "port": port,
            "into": folder,
        }
        self._process: subprocess.Popen[str]
        self.control = ""
        self.portals = folder / "portals.toml"
        self._plan = folder / "plan.json"

    def __enter__(self) -> Self:
        words = [part for name, value in self._options.items() for part in (f"--{name}", str(value))]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.nation.server", *words], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the nation's server ended before it was ready; its message is above")
        self.control = json.loads(line)["control"]
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._process.terminate()
        self._process.wait(timeout=30)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def begin_night(self, number: int, *, faults: float = 0.0, lasting: float = 0.2, challenged: float = 0.0) -> None:
        """Show what that night shows; the monitor counts anew."""
        self._ask(f"/__night__?number={number}&faults={faults}&lasting={lasting}&challenged={challenged}")

    def truths(self) -> list[dict[str, Any]]:
        """Every report listed on this night, as `tests.nation.world.Truth` has it."""
        found: list[dict[str, Any]] = self._ask("/__truth__")["reports"]
        return found

    def vanished(self) -> list[str]:
        """Addresses of the pages that are gone."""
        found: list[str] = self._ask("/__truth__")["vanished"]
        return found

    def plan(self) -> dict[str, list[str]]:
        """Keys of what is added, changed and gone on the night of the news."""
        found: dict[str, list[str]] = json.loads(self._plan.read_text("utf-8"))
        return found

    def seen(self) -> Seen:
        """What was asked since the night began."""
        found = self._ask("/__monitor__")
        return Seen(tuple(Served(*row) for row in found["requests"]), found["most_at_once"])

    def _ask(self, path: str) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.control}{path}", timeout=_START_SECONDS) as answer:
            found: dict[str, Any] = json.load(answer)
            return found
