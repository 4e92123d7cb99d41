"""``python -m tests.keep_find CASE...``: writes the files of fuzz cases to ``tests/corpus/<kind>/<sha256>.bin``."""

from __future__ import annotations

import hashlib
import sys

from tests.fuzzing import CORPUS, Case


def main() -> int:
    """Keep each case named on the command line."""
    for name in sys.argv[1:]:
        case = Case.named(name)
        content = case.content()
        path = CORPUS / case.media_type.replace("/", "_") / f"{hashlib.sha256(content).hexdigest()[:16]}.bin"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        sys.stdout.write(f"{path} ({len(content)} bytes)\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
