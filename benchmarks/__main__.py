"""``make bench``: every benchmark in turn; each prints ratios against a named baseline of the same run."""

from __future__ import annotations

import importlib
import sys

BENCHMARKS = (
    "benchmarks.pdf",
    "benchmarks.docx",
    "benchmarks.ofd",
    "benchmarks.sheets",
    "benchmarks.scan",
    "benchmarks.office",
    "benchmarks.isolation",
    "benchmarks.publish",
    "benchmarks.crawl",
    "benchmarks.nights",
    "benchmarks.ledger",
    "benchmarks.reextraction",
)


def main() -> int:
    """Run all, or those named; the worst status is ours."""
    names = [f"benchmarks.{name}" for name in sys.argv[1:]] or list(BENCHMARKS)
    status = 0
    for name in names:
        print(f"\n== {name}", flush=True)
        status = max(status, int(importlib.import_module(name).main([]) or 0))
    return status


if __name__ == "__main__":
    sys.exit(main())
