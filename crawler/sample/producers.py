"""Files by the programs that offices use: LibreOffice for Word files and workbooks, Chromium for pages."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

TIMEOUT = 240
"""Seconds for one call of either program."""
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
EXPORT_FILTERS = {"doc": "MS Word 97", "rtf": "Rich Text Format", "xml": "MS Word 2003 XML", "xls": "MS Excel 97"}
"""LibreOffice's names of its export filters, by suffix."""


class ProducerError(RuntimeError):
    """A program that makes documents is missing or made none."""


def pdf_by_libreoffice(docx: bytes) -> bytes:
    """The DOCX as LibreOffice prints it.

    Raises:
        ProducerError: LibreOffice is missing or made no file.
    """
    return pdfs_by_libreoffice([docx])[0]


def pdfs_by_libreoffice(documents: Sequence[bytes]) -> list[bytes]:
    """Several DOCX files in one call, which costs little more than one.

    Raises:
        ProducerError: LibreOffice is missing or made fewer files than it was given.
    """
    return converted_by_libreoffice(documents, "docx", "pdf")


def converted_by_libreoffice(documents: Sequence[bytes], source: str, target: str) -> list[bytes]:
    """Files of one kind as LibreOffice saves them in another.

    Args:
        documents: contents.
        source: their suffix.
        target: the suffix wanted: ``pdf``, or one of `EXPORT_FILTERS`.

    Raises:
        ProducerError: LibreOffice is missing or made fewer files than it was given.
    """
    program = shutil.which("soffice")
    if program is None:
        raise ProducerError("LibreOffice is not installed: apt-get install libreoffice-writer-nogui libreoffice-calc-nogui")
    with tempfile.TemporaryDirectory(prefix="ogi-office-") as name:
        folder, made = Path(name), Path(name) / "made"
        sources = []
        for number, content in enumerate(documents):
            sources.append(folder / f"{number:04d}.{source}")
            sources[-1].write_bytes(content)
        _call(
            [
                program,
                f"-env:UserInstallation={(folder / 'profile').as_uri()}",
                "--headless",
                "--convert-to",
                f"{target}:{EXPORT_FILTERS[target]}" if target in EXPORT_FILTERS else target,
                "--outdir",
                str(made),
                *map(str, sources),
            ]
        )
        return [_result(made / f"{path.stem}.{target}", "LibreOffice") for path in sources]


def pdf_by_chromium(html: str, *, page: str = "A4", margin: str = "20mm 18mm", style: str = "") -> bytes:
    """The page as Chromium prints it, without network.

    Args:
        html: a whole document.
        page: CSS page size, e.g. ``A4``, ``letter`` or ``A4 landscape``.
        margin: CSS page margins.
        style: further CSS.

    Raises:
        ProducerError: no Chromium, or it made no file.
    """
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        raise ProducerError("no Chromium on the PATH: apt-get install chromium")
    sheet = f"<style>@page {{ size: {page}; margin: {margin}; }}\n{style}</style>"
    marked = html.replace("</head>", sheet + "</head>", 1) if "</head>" in html else sheet + html
    with tempfile.TemporaryDirectory(prefix="ogi-browser-") as name:
        folder = Path(name)
        source, target = folder / "report.html", folder / "report.pdf"
        source.write_text(marked, encoding="utf-8")
        _call(
            [
                program,
                "--headless=new",
                *(["--no-sandbox"] if os.geteuid() == 0 else []),
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--disable-background-networking",
                "--disable-component-update",
                "--host-resolver-rules=MAP * ~NOTFOUND",
                f"--user-data-dir={folder / 'profile'}",
                "--no-pdf-header-footer",
                f"--print-to-pdf={target}",
                source.as_uri(),
            ]
        )
        return _result(target, "Chromium")


def _call(command: list[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, timeout=TIMEOUT, check=False)  # noqa: S603 - our own arguments
    except subprocess.TimeoutExpired as error:
        raise ProducerError(f"{Path(command[0]).name} took more than {TIMEOUT} s") from error
    if done.returncode:
        words = done.stderr.decode("utf-8", "replace").strip().splitlines()[-3:]
        raise ProducerError(f"{Path(command[0]).name} ended with status {done.returncode}: {' / '.join(words)}")


def _result(path: Path, program: str) -> bytes:
    if not path.is_file() or not path.stat().st_size:
        raise ProducerError(f"{program} made no {path.name}")
    return path.read_bytes()
