"""The one list of ends a document or a page can come to."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum


class Outcome(StrEnum):
    """How the work on one document ended; every document has exactly one, and outcomes are counted by kind."""

    OK = "ok"
    BLOCKED = "blocked"
    NOT_FOUND = "not_found"
    NOT_A_DOCUMENT = "not_a_document"
    TRUNCATED = "truncated"
    ENCRYPTED = "encrypted"
    TOO_LARGE = "too_large"
    UNSUPPORTED = "unsupported"
    SCANNED = "scanned"
    GARBLED = "garbled"
    NO_TABLES = "no_tables"
    NOT_A_REPORT = "not_a_report"
    FAILED = "failed"
    TIMEOUT = "timeout"


TOLD = frozenset({Outcome.OK, Outcome.NO_TABLES, Outcome.NOT_A_REPORT})
"""Outcomes that are no fault of the portal or the reader: counted, not warned of."""

WAITS = "it is stored, and waits for a worker to read it"
"""The message of a document, and of its page, between a worker's crawl and the reading."""


def page_end(documents: Sequence[tuple[Outcome, str]]) -> tuple[Outcome, str]:
    """How a page ends by the ends of its documents: ``ok`` where one of them is a report; else as the most telling one did.

    >>> page_end([(Outcome.NOT_A_REPORT, "a notice"), (Outcome.NOT_FOUND, "gone")])
    (<Outcome.NOT_FOUND: 'not_found'>, 'gone')
    """
    if any(outcome is Outcome.OK for outcome, _ in documents):
        return Outcome.OK, ""
    waiting = [end for end in documents if end[1] == WAITS]
    return waiting[0] if waiting else min(documents, key=lambda end: end[0] in TOLD)


class OutcomeError(Exception):
    """Ends the work on a document with an outcome other than ``ok``.

    Args:
        outcome: what it ended in.
        message: what happened and what a person can do about it, in one sentence; no trace, no path of this machine.
    """

    def __init__(self, outcome: Outcome, message: str) -> None:
        super().__init__(f"{outcome.value}: {message}")
        self.outcome = outcome
        self.message = message

    def __reduce__(self) -> tuple[type[OutcomeError], tuple[Outcome, str]]:
        return type(self), (self.outcome, self.message)
