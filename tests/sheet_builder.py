"""Workbooks for tests: those of the sample, and what LibreOffice Calc makes of other files."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from crawler.sample.workbook import ARRANGEMENTS, Arrangement, SheetSource, column_letters, pack, to_sheets, write_xlsx

__all__ = [
    "ARRANGEMENTS",
    "Arrangement",
    "SheetSource",
    "column_letters",
    "pack",
    "sheets_by_libreoffice",
    "to_sheets",
    "write_xlsx",
]


def sheets_by_libreoffice(documents: Sequence[bytes], source: str, target: str) -> list[bytes]:
    """Files turned into workbooks by LibreOffice Calc in one call.

    Args:
        documents: contents of one kind.
        source: their suffix: ``html`` (opened by Calc) or ``xlsx``.
        target: ``xlsx`` or ``xls``.
    """
    program = shutil.which("soffice")
    assert program is not None
    with tempfile.TemporaryDirectory(prefix="ogi-calc-") as name:
        folder = Path(name)
        paths = []
        for number, content in enumerate(documents):
            paths.append(folder / f"{number:04d}.{source}")
            paths[-1].write_bytes(content)
        command = [program, f"-env:UserInstallation={(folder / 'profile').as_uri()}", "--headless"]
        if source == "html":
            command.append("--infilter=HTML (StarCalc)")
        output = folder / "made"
        command += ["--convert-to", target, "--outdir", str(output), *map(str, paths)]
        subprocess.run(command, capture_output=True, timeout=240, check=True)
        return [(output / f"{path.stem}.{target}").read_bytes() for path in paths]
