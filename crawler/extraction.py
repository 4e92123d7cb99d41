"""Bytes -> record: the one function that runs in a child process.

The readers are imported there, with the first document: the crawl knows this module only for what comes back.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crawler.outcomes import Outcome, OutcomeError

if TYPE_CHECKING:
    from crawler.documents.archives import Member
    from crawler.documents.office import Convert

PART_OUTCOMES = (Outcome.NO_TABLES, Outcome.NOT_A_REPORT)


@dataclass(frozen=True, slots=True)
class Extraction:
    """How reading one document ended.

    ``record`` holds the keys of DESIGN.md section 2 that the document alone can give. Only with the outcome ``ok`` is it that
    of a report; with ``no_tables`` or ``not_a_report`` it is what the document may give to a report that is split over
    several (`crawler.forms.parts`), or ``None``. ``seconds`` is the wall clock spent. An archive has no record: its ``members``
    are documents of their own, still to be read, and its outcome says only whether they are all there is.
    """

    outcome: Outcome
    message: str
    record: dict[str, Any] | None
    seconds: float
    members: tuple[Member, ...] = ()


def extract(content: bytes, expected: str | None = None, *, convert: Convert | None = None) -> Extraction:
    """Read one document.

    Args:
        content: the file's bytes.
        expected: the kind its link or name promised (``pdf``, ``docx``, ...), so that an error page sent in its place is told.
        convert: makes DOCX of office documents, see `crawler.documents.office`.
    """
    from crawler.documents.archives import ARCHIVES, unpack
    from crawler.documents.reader import MAX_BYTES, read_document
    from crawler.documents.sniff import sniff
    from crawler.forms.parts import read_part
    from crawler.forms.reader import read_report
    from crawler.forms.record import report_record

    start = time.perf_counter()
    try:
        if len(content) <= MAX_BYTES and sniff(content) in ARCHIVES:
            unpacked = unpack(content)
            return Extraction(unpacked.outcome, unpacked.message, None, time.perf_counter() - start, unpacked.members)
        document = read_document(content, expected=expected, convert=convert)
    except OutcomeError as error:
        return Extraction(error.outcome, error.message, None, time.perf_counter() - start)
    try:
        record = report_record(read_report(document))
    except OutcomeError as error:
        part = read_part(document, is_report=error.outcome is Outcome.NO_TABLES) if error.outcome in PART_OUTCOMES else None
        return Extraction(error.outcome, error.message, part, time.perf_counter() - start)
    return Extraction(Outcome.OK, "", record, time.perf_counter() - start)
