"""Which versions are kept, and which make room, once another has become current."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from crawler.dataset.versions import FAILED, own_folders, pointed_at, read_manifest, remove_folder

STAMP = "%Y%m%dT%H%M%SZ"
MOST_DAYS = 365_000
"""A millennium keeps everything; a date cannot be much further back."""


@dataclass(frozen=True, slots=True)
class Retention:
    """The policy: a version stays while it is one of the newest, or young."""

    versions: int = 5
    """The newest so many stay, however old. Beyond them the current version and the base of its delta always stay."""
    days: float = 14
    """Versions as young as this stay, however many."""
    failed: int = 5
    """Of those that failed their assertions: enough to see when a fault began, which may last for weeks."""


@dataclass(frozen=True, slots=True)
class Pruned:
    """Names of the folders removed, how many versions are left, and why something could not be removed."""

    removed: tuple[str, ...] = ()
    kept: int = 0
    errors: tuple[str, ...] = ()


NOTHING_PRUNED = Pruned()


def prune(root: Path, retention: Retention, now: datetime) -> Pruned:
    """Removes what the policy gives up. Needs the lock; a folder that cannot be removed is told, and stays.

    Only folders that publishing named are touched, never what a link in their place or within them points to. Without a
    ``current`` no version goes.
    """
    versions = [(path, name["stamp"]) for path, name in own_folders(root) if not name["ending"]]
    needed = _needed(root)
    kept = needed | {path.name for path, _ in versions[max(len(versions) - retention.versions, 0) :]}
    youngest = now - timedelta(days=min(retention.days, MOST_DAYS))
    old = [path for path, stamp in versions if path.name not in kept and _moment(stamp) < youngest]
    return _remove(root, [*(old if needed else ()), *_failed_beyond(root, retention)])


def prune_failed(root: Path, retention: Retention) -> Pruned:
    """The same for versions that failed their assertions alone, after a night in which nothing became current."""
    return _remove(root, _failed_beyond(root, retention))


def _failed_beyond(root: Path, retention: Retention) -> list[Path]:
    failed = [path for path, name in own_folders(root) if name["ending"] == FAILED]
    return failed[: max(len(failed) - retention.failed, 0)]


def _remove(root: Path, doomed: list[Path]) -> Pruned:
    removed, errors = [], []
    for path in doomed:
        try:
            remove_folder(path)
        except OSError as error:
            errors.append(f"{path.name} cannot be removed: {error}")
        else:
            removed.append(path.name)
    kept = sum(not name["ending"] for _, name in own_folders(root))
    return Pruned(tuple(removed), kept, tuple(errors))


def _needed(root: Path) -> set[str]:
    """What ``current`` names, and the version that its delta is against."""
    current = pointed_at(root)
    if current is None:
        return set()
    manifest = read_manifest(current) or {}
    return {current.name, str(manifest.get("previous_version"))}


def _moment(stamp: str) -> datetime:
    """The time in a version's name; one that is none counts as long ago."""
    try:
        return datetime.strptime(stamp, STAMP).replace(tzinfo=UTC)
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
