"""Where LibreOffice and the Python that has its ``uno`` module are on this machine."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_NAMES = ("soffice", "libreoffice")
_PROBE_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Programs:
    """``soffice`` as found on the PATH, ``binary`` the process it starts, ``python`` the interpreter with ``uno`` if any."""

    soffice: str
    binary: str
    python: str | None


@cache
def find_programs(soffice: str = "", python: str = "") -> Programs | None:
    """The programs by the given names or, where those are empty, by looking; ``None`` where there is no LibreOffice."""
    found = next(filter(None, map(shutil.which, [soffice] if soffice else _NAMES)), None)
    if found is None:
        return None
    folder = Path(found).resolve().parent
    # The shell script and the splash program in between would have to be killed as well.
    binary = next((path for path in (folder / "soffice.bin", Path(found)) if path.is_file()), Path(found))
    return Programs(found, str(binary), _find_python(folder, python))


def _find_python(folder: Path, named: str) -> str | None:
    candidates = (
        [named] if named else [str(folder / "python"), "/usr/bin/python3", shutil.which("python3") or "", sys.executable]
    )
    return next((path for path in dict.fromkeys(candidates) if path and _has_uno(path)), None)


def _has_uno(python: str) -> bool:
    try:
        probe = subprocess.run(  # noqa: S603 - our own arguments
            [python, "-c", "import uno"], capture_output=True, timeout=_PROBE_SECONDS, check=False, env=clean_environment()
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return probe.returncode == 0


def clean_environment() -> dict[str, str]:
    """What a program that reads untrusted files is told of our environment: no credentials, no proxies, no Python paths."""
    return {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "HOME": "/nonexistent"}
