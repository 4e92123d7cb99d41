"""Scans: pages that are images, read by ruling lines and a recogniser of single lines. Needs the ``ocr`` extra."""

from __future__ import annotations

import importlib.util
from functools import cache

from crawler.outcomes import Outcome, OutcomeError

INSTALL = "install the OCR extra: pip install 'ogi-annual-reports[ocr]'"
_NEEDED = ("rapidocr", "onnxruntime", "cv2", "numpy", "PIL")


@cache
def missing_parts() -> tuple[str, ...]:
    """The modules of the ``ocr`` extra that are not installed; loads none of them."""
    return tuple(name for name in _NEEDED if importlib.util.find_spec(name) is None)


def require_ocr(outcome: Outcome, what: str) -> None:
    """Nothing where OCR is installed.

    Raises:
        OutcomeError: ``outcome``, with ``what`` the document is and what to install.
    """
    if missing_parts():
        raise OutcomeError(outcome, f"{what}; to have it read, {INSTALL}.")
