"""The system's Chromium, and how it is started."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scrapy.settings import BaseSettings

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

QUIET = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-default-apps",
    "--mute-audio",
)
"""A browser that asks for nothing but what its page asks for."""


def find_program(settings: BaseSettings) -> str | None:
    """The path of the browser: the setting's, or the system's; ``None`` where there is none."""
    chosen: str = settings.get("BROWSER_PROGRAM", "")
    if chosen:
        return shutil.which(chosen)
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def launch_options(program: str) -> dict[str, Any]:
    """Options for Playwright's launch. The sandbox stays on, except for root, for whom Chromium has none."""
    return {
        "executable_path": program,
        "headless": True,
        "chromium_sandbox": os.geteuid() != 0,
        "args": list(QUIET),
        "timeout": 60_000,
    }
