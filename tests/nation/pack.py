"""The documents of a nation in one file, made once and kept under the system's temporary folder."""

from __future__ import annotations

import hashlib
import json
import mmap
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tests.nation.documents import make_document

if TYPE_CHECKING:
    from types import TracebackType

    from tests.nation.plan import Nation, Report

_SOURCES = (
    "tests/nation/plan.py",
    "tests/nation/sources.py",
    "tests/nation/documents.py",
    "tests/pdf_writer.py",
    "crawler/sample/figures.py",
    "crawler/sample/prose.py",
    "crawler/sample/source.py",
    "crawler/sample/tables.py",
    "crawler/sample/typeset.py",
    "crawler/sample/variety.py",
    "crawler/sample/wordml.py",
    "crawler/forms/cn-ogi-2019.toml",
    "crawler/forms/cn-ogi-2021.toml",
)
_ROOT = Path(__file__).resolve().parents[2]
_KEPT = 4


class Pack:
    """Documents by report and version, mapped into memory."""

    def __init__(self, folder: Path) -> None:
        self._index: dict[str, tuple[int, int]] = {
            key: (start, size) for key, start, size in json.loads((folder / "index.json").read_text("utf-8"))
        }
        with (folder / "documents").open("rb") as file:
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    def get(self, report: Report, version: int) -> bytes:
        """The document of that version.

        Raises:
            KeyError: the plan has no such version.
        """
        start, size = self._index[f"{report.key}/{version}"]
        return self._map[start : start + size]

    def close(self) -> None:
        """Let the file go."""
        self._map.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def open_pack(nation: Nation) -> Pack:
    """The nation's documents, made now where they are not there yet (some 4 ms each)."""
    folder = _cache() / _digest(nation)
    if not (folder / "index.json").is_file():
        _make(nation, folder)
    return Pack(folder)


def _cache() -> Path:
    folder = Path(tempfile.gettempdir()) / f"ogi-nation-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def _digest(nation: Nation) -> str:
    found = hashlib.sha256()
    for name in _SOURCES:
        found.update((_ROOT / name).read_bytes())
    for report in nation.every_report():
        found.update(repr(report).encode())
    return found.hexdigest()[:24]


def _make(nation: Nation, folder: Path) -> None:
    making = Path(tempfile.mkdtemp(prefix="making-", dir=folder.parent))
    index = []
    with (making / "documents").open("wb") as file:
        for report in nation.every_report():
            for version in (0, 1) if report.changed_night else (0,):
                content = make_document(report, version)
                index.append((f"{report.key}/{version}", file.tell(), len(content)))
                file.write(content)
    (making / "index.json").write_text(json.dumps(index), encoding="utf-8")
    try:
        making.rename(folder)
    except OSError:
        # Another server made the same at the same time.
        shutil.rmtree(making)
    # Those that a server has open stay readable for it; what another is making is left alone.
    made = [path for path in folder.parent.iterdir() if (path / "index.json").is_file() and not path.name.startswith("making-")]
    for old in sorted(made, key=lambda path: path.stat().st_mtime)[:-_KEPT]:
        shutil.rmtree(old, ignore_errors=True)
