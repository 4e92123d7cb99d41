"""The one list of ends a document or a page can come to."""

from __future__ import annotations

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
