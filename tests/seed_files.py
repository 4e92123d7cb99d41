"""The seed-like reports as files of every kind an office publishes, each made once a session."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

from crawler.sample.source import ReportSource
from crawler.sample.typeset import to_docx
from tests.ofd_writer import Style, to_ofd
from tests.office_files import saved_by_libreoffice
from tests.sheet_builder import ARRANGEMENTS, sheets_by_libreoffice, to_sheets, write_xlsx
from tests.test_typeset_seeds import SEED_LIKE

KINDS = ("doc", "rtf", "xls", "xlsx", "ofd")
_STYLES = (Style(), Style(rules="rectangles", text="cell"), Style(rules="frames", text="repeated", page_height=210))


@cache
def seeds_saved(suffix: str) -> Mapping[str, bytes]:
    """Seed -> what LibreOffice saves of it; ``suffix`` is one of `office_files.EXPORTS`."""
    documents = [to_docx(source) for source in SEED_LIKE.values()]
    return dict(zip(SEED_LIKE, saved_by_libreoffice(documents, suffix), strict=True))


def files_of(sources: Mapping[str, ReportSource]) -> dict[str, dict[str, bytes]]:
    """Kind -> name -> file; the layouts of workbooks and the styles of OFD take turns."""
    documents = [to_docx(source) for source in sources.values()]
    made: dict[str, dict[str, bytes]] = {}
    for kind in ("doc", "rtf"):
        saved = [one for some in _batches(documents) for one in saved_by_libreoffice(some, kind)]
        made[kind] = dict(zip(sources, saved, strict=True))
    return made | _others(sources)


def seed_files() -> dict[str, dict[str, bytes]]:
    """The same of the seed-like reports."""
    return {kind: dict(seeds_saved(kind)) for kind in ("doc", "rtf")} | _others(SEED_LIKE)


def _batches(files: list[bytes]) -> Iterator[list[bytes]]:
    """So many as one call of LibreOffice has time for."""
    for start in range(0, len(files), 12):
        yield files[start : start + 12]


def _others(sources: Mapping[str, ReportSource]) -> dict[str, dict[str, bytes]]:
    # As text, so that separators and last zeros are kept as printed.
    books = [
        write_xlsx(to_sheets(source, ARRANGEMENTS[number % len(ARRANGEMENTS)]), numbers_as_text=True)
        for number, source in enumerate(sources.values())
    ]
    return {
        "xls": dict(
            zip(sources, [one for some in _batches(books) for one in sheets_by_libreoffice(some, "xlsx", "xls")], strict=True)
        ),
        "xlsx": dict(zip(sources, books, strict=True)),
        "ofd": {name: to_ofd(source, _STYLES[n % len(_STYLES)]) for n, (name, source) in enumerate(sources.items())},
    }
