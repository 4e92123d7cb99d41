"""Files of the sample that other programs make: what from, by whom, and what is done to them then."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Literal

from crawler.sample import scans
from crawler.sample.archives import Files, make_7z, make_rar5
from crawler.sample.producers import converted_by_libreoffice, pdf_by_chromium

Program = Literal["office", "browser", "none"]

SCAN_DPI = 200
POSTER_DPI = 130
POSTER = "210mm 900mm"
"""A sheet long enough for every table below the other, as pictures for telephones are."""
_SUFFIX_BEFORE = {"xls": "xlsx"}


def package_parts(content: bytes) -> dict[str, bytes]:
    """The parts of a zip package by name, those of packages in it too; anything else is its own single part."""
    if not content.startswith(b"PK"):
        return {"": content}
    found: dict[str, bytes] = {}
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        for name in package.namelist():
            found |= {f"{name}/{inner}" if inner else name: part for inner, part in package_parts(package.read(name)).items()}
    return found


@dataclass(frozen=True)
class Job:
    """A file to be made: where it goes, by which program, from which source, as what, and what is done to it then."""

    path: str
    program: Program
    source: bytes
    target: str = "pdf"
    treatment: str = ""
    """A key of `TREATMENTS`, with a number behind ``:`` where it takes one (a page, counted from 0)."""
    name: str = ""
    """Of the file within an archive."""

    @property
    def digest(self) -> str:
        """Of the source, to tell a file that is out of date; of a DOCX its parts, as compressors differ between machines."""
        target = "" if self.target == "pdf" else f"{self.target}/"
        fingerprint = hashlib.sha256(f"{self.program}/{self.treatment}/{target}{self.name}".encode())
        for name, content in sorted(package_parts(self.source).items()):
            fingerprint.update(name.encode() + b"\0" + content)
        return fingerprint.hexdigest()


def make_files(jobs: Sequence[Job]) -> Mapping[str, bytes]:
    """The files of the jobs, by path; one source is given to one program once.

    Raises:
        ProducerError: a program is missing or made nothing.
    """
    made: dict[tuple[str, str, bytes], bytes] = {}
    for target in sorted({job.target for job in jobs if job.program == "office"}):
        sources = list(dict.fromkeys(job.source for job in jobs if job.program == "office" and job.target == target))
        results = converted_by_libreoffice(sources, _SUFFIX_BEFORE.get(target, "docx"), target)
        made |= {("office", target, source): result for source, result in zip(sources, results, strict=True)}
    for job in jobs:
        key = (job.program, job.target, job.source)
        if key not in made:
            page = POSTER if job.treatment == "picture" else "A4"
            made[key] = pdf_by_chromium(job.source.decode(), page=page) if job.program == "browser" else job.source
    return {job.path: _treated(made[job.program, job.target, job.source], job) for job in jobs}


def _treated(content: bytes, job: Job) -> bytes:
    if not job.treatment:
        return content
    if job.treatment in _PACKERS:
        return _PACKERS[job.treatment]({job.name: content})
    name, _, number = job.treatment.partition(":")
    treat = TREATMENTS[name]
    return treat(content, int(number)) if number else treat(content)


def _truncated(content: bytes) -> bytes:
    return content[: len(content) * 3 // 5]


def _mixed(content: bytes, number: int) -> bytes:
    return scans.with_scanned_page(content, number, SCAN_DPI)


def _page_image(content: bytes, number: int) -> bytes:
    return scans.page_png(content, number, POSTER_DPI)


def _last_page_image(content: bytes, number: int) -> bytes:
    return scans.page_png(content, number, POSTER_DPI, last=True)


TREATMENTS: Mapping[str, Callable[..., bytes]] = MappingProxyType(
    {
        "truncated": _truncated,
        "scanned": partial(scans.bilevel_scan, dpi=SCAN_DPI),
        "scan_150": partial(scans.grey_scan, dpi=150),
        "scan_tilted": partial(scans.grey_scan, dpi=SCAN_DPI, tilt=0.6, quality=50),
        "mixed_pdf": _mixed,
        "page_image": _page_image,
        "last_page_image": _last_page_image,
        "picture": partial(scans.picture_png, dpi=POSTER_DPI),
    }
)
"""What is done to a PDF."""
_PACKERS: Mapping[str, Callable[[Files], bytes]] = MappingProxyType({"7z": make_7z, "rar": make_rar5})
