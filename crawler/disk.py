"""What a disk has to be told."""

from __future__ import annotations

import os
from pathlib import Path


def sync_directory(path: Path | str) -> None:
    """Waits until the names in a folder are on the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
