"""Shared fixtures: where real documents are, and the skips that say why."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("OGI_SHARED", ROOT.parent / "shared"))


def pytest_collection_modifyitems(items: Iterable[pytest.Item]) -> None:
    """Skip what this machine cannot run, each with a reason a person can act on."""
    reasons = {
        "real": None if SHARED.is_dir() else f"real documents are not at {SHARED}: set OGI_SHARED to their folder",
        "office": None if shutil.which("soffice") else "LibreOffice is not installed: apt-get install libreoffice-writer-nogui",
        "browser": None
        if any(map(shutil.which, ("chromium", "chromium-browser", "google-chrome")))
        else "no Chromium on the PATH: apt-get install chromium",
    }
    for item in items:
        for mark, reason in reasons.items():
            if reason and item.get_closest_marker(mark):
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real documents; only for tests marked ``real``."""
    return SHARED
