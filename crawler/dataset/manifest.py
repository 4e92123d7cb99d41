"""``manifest.json``: what a version is made of, how it was judged, and the digest of every file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from crawler.dataset.assertions import Assertion, Tally, Thresholds
from crawler.dataset.ledger import Ledger
from crawler.dataset.model import PortalHealth
from crawler.dataset.schema import SCHEMA_VERSION
from crawler.outcomes import Outcome

NOT_STORED = "none"
"""The media type, in the counts, of documents that were never stored."""


@dataclass(frozen=True, slots=True)
class Forced:
    """Who made a version current though assertions had failed, when (UTC), why, and which had."""

    by: str
    at: str
    reason: str
    failed: tuple[str, ...]

    @classmethod
    def of(cls, manifest: Mapping[str, Any]) -> Forced | None:
        """What a manifest says; ``None`` where every assertion held."""
        told = manifest.get("forced")
        return cls(told["by"], told["at"], told["reason"], tuple(told["failed"])) if told else None

    def __str__(self) -> str:
        return f"forced by {self.by} at {self.at} in spite of {', '.join(self.failed)}: {self.reason}"


def pretty(value: Any) -> str:
    """JSON for people."""
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


def judgement(assertions: Sequence[Assertion], forced: Forced | None, thresholds: Thresholds) -> dict[str, Any]:
    """The assertions with what was found, and who overrode them."""
    return {
        "assertions": [asdict(assertion) for assertion in assertions],
        "forced": asdict(forced) if forced else None,
        "thresholds": asdict(thresholds),
    }


def contents(staging: Path, ledger: Ledger, spider: str, tally: Tally, changes: Mapping[str, int]) -> dict[str, Any]:
    """What was counted, which portals were not reached, and length and digest of every file."""
    outcomes = ledger.outcome_counts(spider=spider)
    by_media_type = ledger.media_type_counts(spider=spider)
    return {
        "extractor_version": max(tally.extractor_versions, key=lambda version: (tally.extractor_versions[version], version)),
        "reports_by_extractor_version": dict(sorted(tally.extractor_versions.items())),
        "schema_version": SCHEMA_VERSION,
        "counts": tally.counts()
        | {
            "delta": dict(changes),
            "documents": {key.value: count for key, count in outcomes.items()},
            "documents_by_media_type": {
                media_type or NOT_STORED: {key.value: count for key, count in found.items()}
                for media_type, found in by_media_type.items()
            },
        },
        "portals": _portals(ledger.portal_health(spider)),
        "files": {path.name: _file_entry(path) for path in sorted(staging.iterdir()) if path.is_file()},
        "folders": {path.name: _folder_entry(path) for path in sorted(staging.iterdir()) if path.is_dir()},
    }


def _portals(health: Iterable[PortalHealth]) -> dict[str, Any]:
    portals = list(health)
    unreached = [portal for portal in portals if portal.last_outcome != Outcome.OK.value]
    return {
        "registered": len(portals),
        "reached": len(portals) - len(unreached),
        "unreached": [
            {
                "name": portal.name,
                "region": portal.region,
                "home": portal.home,
                "last_attempt": portal.last_attempt,
                "last_success": portal.last_success,
                "last_outcome": portal.last_outcome,
                "message": portal.last_message,
            }
            for portal in unreached
        ],
    }


def _file_entry(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return {"bytes": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}


def _folder_entry(path: Path) -> dict[str, Any]:
    """Number and size of a folder's files, and one digest over their names and digests, in order of name."""
    total, size, count = hashlib.sha256(), 0, 0
    for file in sorted(path.iterdir()):
        entry = _file_entry(file)
        total.update(f"{entry['sha256']}  {file.name}\n".encode())
        size, count = size + entry["bytes"], count + 1
    return {"files": count, "bytes": size, "sha256": total.hexdigest()}
