"""What identifying, merging and checking came to, for a person at a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def identity_lines(counts: Mapping[str, Any]) -> list[str]:
    """Organisations, renditions and versions, and the checks of each kind, by the counts of a manifest.

    Empty for a manifest of before these were counted.

    >>> checks = {"identity": {"pass": 9, "fail": 1, "not_assessable": 0}}
    >>> sure = {"certain": 1, "likely": 1, "weak": 0}
    >>> counts = {"reports": 3, "superseded": 1, "organisations": 2, "renditions": 2, "without_organisation": 1}
    >>> identity_lines({**counts, "org_confidence": sure, "checks": checks})  # doctest: +NORMALIZE_WHITESPACE
    ['Bodies       2 organisations; of the reports 1 certain, 1 likely, 0 weak, 1 unresolved',
     'Versions     4 of 3 reports; 2 more documents are renditions or parts of them',
     'Checked      identity 9 pass, 1 fail, 0 not assessable']
    """
    if "organisations" not in counts:
        return []
    sure = ", ".join(f"{number} {word}" for word, number in counts["org_confidence"].items())
    versions, unresolved = counts["reports"] + counts["superseded"], counts["without_organisation"]
    merged = f"{counts['renditions']} more documents are renditions or parts of them"
    lines = [
        f"Bodies       {counts['organisations']} organisations; of the reports {sure}, {unresolved} unresolved",
        f"Versions     {versions} of {counts['reports']} reports; {merged}",
    ]
    kinds = [
        f"{kind} {found['pass']} pass, {found['fail']} fail, {found['not_assessable']} not assessable"
        for kind, found in counts["checks"].items()
    ]
    return lines + [f"{'Checked' if not place else '':<13}{line}" for place, line in enumerate(kinds)]
