"""The versions of a dataset on disk: which one is current, and how another takes its place."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

VERSIONS = "versions"
CURRENT = "current"
MANIFEST = "manifest.json"
STAGING = ".staging"
FAILED = ".failed"
LOCK = ".publish.lock"

KEPT_FAILURES = 5
"""Enough to see when a fault began; each is as large as a version, and a fault may last for weeks."""


class PublishLockedError(Exception):
    """Another process is publishing the same dataset."""


@contextmanager
def publish_lock(root: Path) -> Iterator[None]:
    """Lets one process publish at a time; the kernel gives the lock back however the process ends.

    Raises:
        PublishLockedError: another process holds it.
    """
    root.mkdir(parents=True, exist_ok=True)
    with (root / LOCK).open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise PublishLockedError(f"another process is publishing {root.name}: let it finish, then publish again") from None
        yield


def remove_leftovers(root: Path) -> None:
    """Removes what killed runs left half-written, and the oldest of the failed versions. Needs the lock."""
    versions = root / VERSIONS
    for path in versions.glob(f"*{STAGING}"):
        shutil.rmtree(path)
    for path in root.glob(f".{CURRENT}.*"):
        path.unlink()
    for path in sorted(versions.glob(f"*{FAILED}"))[:-KEPT_FAILURES]:
        shutil.rmtree(path)


def new_staging(root: Path, stamp: str) -> tuple[str, Path]:
    """A version name not used yet, and its empty staging folder."""
    versions = root / VERSIONS
    versions.mkdir(parents=True, exist_ok=True)
    name, number = stamp, 1
    while any((versions / f"{name}{ending}").exists() for ending in ("", STAGING, FAILED)):
        number += 1
        name = f"{stamp}-{number:02}"
    staging = versions / f"{name}{STAGING}"
    staging.mkdir()
    return name, staging


def current_version(root: Path) -> Path | None:
    """The folder of the version that readers use: what ``current`` points to, where that is whole; else ``None``."""
    pointer = root / CURRENT
    try:
        target = root / pointer.readlink() if pointer.is_symlink() else root / pointer.read_text(encoding="utf-8").strip()
    except (FileNotFoundError, IsADirectoryError):
        return None
    return target if is_whole(target) else None


def last_good_version(root: Path) -> Path | None:
    """The current version, or the newest whole one where ``current`` is lost or points to a damaged one."""
    current = current_version(root)
    if current is not None:
        return current
    return next(
        (path for path in sorted((root / VERSIONS).glob("*"), reverse=True) if not path.suffix and is_whole(path)), None
    )


def read_manifest(version: Path) -> dict[str, Any] | None:
    """The version's manifest; ``None`` where there is none that can be read."""
    try:
        manifest = json.loads((version / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return manifest if isinstance(manifest, dict) else None


def is_whole(version: Path) -> bool:
    """Whether every file of the manifest is there with its length."""
    manifest = read_manifest(version)
    if manifest is None:
        return False
    try:
        return all((version / name).stat().st_size == entry["bytes"] for name, entry in manifest["files"].items())
    except (OSError, KeyError):
        return False


def commit(staging: Path, name: str) -> Path:
    """Gives a staged version its name once everything in it is on the disk.

    One ``sync`` of the file systems: a version holds tens of thousands of small texts, and each ``fsync`` waits by itself.
    """
    os.sync()
    final = staging.with_name(name)
    staging.rename(final)
    sync_directory(final.parent)
    return final


def switch(root: Path, version: Path) -> None:
    """Points ``current`` at a version in one step: readers see the old one or the new one, never neither.

    Where the file system knows no symbolic links, ``current`` is a text file with the version's path instead.
    """
    target = Path(VERSIONS) / version.name
    temporary = root / f".{CURRENT}.{os.getpid()}"
    temporary.unlink(missing_ok=True)
    try:
        temporary.symlink_to(target, target_is_directory=True)
    except (OSError, NotImplementedError):
        temporary.write_text(f"{target.as_posix()}\n", encoding="utf-8")
    temporary.replace(root / CURRENT)
    sync_directory(root)


def sync_directory(path: Path) -> None:
    """Waits until the names in a folder are on the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
