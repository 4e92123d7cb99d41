"""The versions of a dataset on disk: which one is current, and how another takes its place."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from crawler.disk import sync_directory

VERSIONS = "versions"
CURRENT = "current"
MANIFEST = "manifest.json"
STAGING = ".staging"
FAILED = ".failed"
REMOVING = ".removing"
LOCK = ".publish.lock"
NAMES_TAKEN = ("", STAGING, FAILED, REMOVING, f"{FAILED}{REMOVING}")
ANNOUNCED = ".publishing"
"""Holds the name of the version that is about to become current, so that a killed publication can be undone."""

FOLDER = re.compile(r"(?P<stamp>\d{8}T\d{6}Z)(?:-\d{2,})?(?P<ending>\.failed|\.staging|(?:\.failed)?\.removing)?")
"""What publishing names its folders; nothing else under ``versions/`` is ours to use or to remove."""


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
            raise PublishLockedError(
                f"another process is publishing {root.name}: let it finish, then publish again (scrapy publish {root.name})"
            ) from None
        yield


def own_folders(root: Path) -> list[tuple[Path, re.Match[str]]]:
    """The folders that publishing made, by name, each with the parts of its name; no link and no folder of anyone else's."""
    versions = root / VERSIONS
    if not versions.is_dir():
        return []
    found = [(path, FOLDER.fullmatch(path.name)) for path in sorted(versions.iterdir())]
    return [(path, name) for path, name in found if name and path.is_dir() and not path.is_symlink()]


def remove_folder(path: Path) -> None:
    """Removes a version's folder; under its name it is whole until the moment it is gone.

    Raises:
        OSError: it cannot be removed, or not wholly: what is left is named ``.removing``.
    """
    doomed = path if path.name.endswith(REMOVING) else path.with_name(f"{path.name}{REMOVING}")
    path.rename(doomed)
    shutil.rmtree(doomed)


def remove_leftovers(root: Path) -> list[str]:
    """Removes what killed runs left: half-written, half-removed, or never made current. Needs the lock.

    Gives a message for each that cannot be removed: it costs space, and is no reason not to publish.
    """
    for path in root.glob(f".{CURRENT}.*"):
        path.unlink()
    errors = []
    try:
        undo_unfinished(root)
    except OSError as error:
        errors.append(str(error))
    for path, name in own_folders(root):
        if name["ending"] and name["ending"].endswith((STAGING, REMOVING)):
            try:
                remove_folder(path)
            except OSError as error:
                errors.append(str(error))
    return errors


@contextmanager
def announced(root: Path, name: str) -> Iterator[None]:
    """Around naming a version and pointing ``current`` at it: whatever ends between the two is undone, now or by the next run.

    Raises:
        OSError: the disk is full or cannot be written.
    """
    (root / ANNOUNCED).write_text(name, encoding="utf-8")
    try:
        yield
    finally:
        undo_unfinished(root)


def undo_unfinished(root: Path) -> None:
    """Removes the announced version where ``current`` was not pointed at it. Where ``current`` is lost it is kept."""
    try:
        name = (root / ANNOUNCED).read_text(encoding="utf-8")
    except FileNotFoundError:
        return
    pointed = pointed_at(root)
    if pointed is not None and pointed.name != name:
        for path, _ in own_folders(root):
            if path.name == name:
                remove_folder(path)
    (root / ANNOUNCED).unlink()


def new_name(root: Path, stamp: str) -> str:
    """A version name not used yet."""
    name, number = stamp, 1
    while any(os.path.lexists(root / VERSIONS / f"{name}{ending}") for ending in NAMES_TAKEN):
        number += 1
        name = f"{stamp}-{number:02}"
    return name


def staging_folder(root: Path, name: str) -> Path:
    """Where a version of that name is written before it has its name."""
    return root / VERSIONS / f"{name}{STAGING}"


def pointed_at(root: Path) -> Path | None:
    """The folder that ``current`` names, whole or not; ``None`` where there is no ``current`` that could be followed."""
    pointer = root / CURRENT
    try:
        return root / pointer.readlink() if pointer.is_symlink() else root / pointer.read_text(encoding="utf-8").strip()
    except (FileNotFoundError, IsADirectoryError, UnicodeDecodeError):
        return None


def current_version(root: Path) -> Path | None:
    """The folder of the version that readers use: what ``current`` points to, where that is whole; else ``None``."""
    target = pointed_at(root)
    return target if target is not None and is_whole(target) else None


def last_good_version(root: Path) -> Path | None:
    """The current version, or the newest whole one where ``current`` is lost or points to a damaged one."""
    current = current_version(root)
    if current is not None:
        return current
    return next((path for path, name in reversed(own_folders(root)) if not name["ending"] and is_whole(path)), None)


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
