"""``python -m tests.keep_find CASE...``: writes the files of fuzz cases to ``tests/corpus/<kind>/<sha256>.bin``.

A page's file begins with a line that says which seed it is made of: its address and the request it answers are that seed's.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

from tests.fuzzing import CORPUS, Case
from tests.page_fuzzing import PAGES, PageCase


def kept(name: str) -> tuple[Path, bytes]:
    """The folder and the file of a case."""
    kind, seed, number = json.loads(name)
    if kind == "page":
        head = json.dumps({"seed": seed}, ensure_ascii=False).encode()
        return PAGES, head + b"\n" + PageCase(seed, number).page().content
    return CORPUS / kind.replace("/", "_"), Case(kind, seed, number).content()


def main() -> int:
    """Keep each case named on the command line."""
    for name in sys.argv[1:]:
        folder, content = kept(name)
        path = folder / f"{hashlib.sha256(content).hexdigest()[:16]}.bin"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        sys.stdout.write(f"{path} ({len(content)} bytes)\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
