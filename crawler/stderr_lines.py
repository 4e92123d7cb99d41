"""Makes log records of whatever is written to stderr past the loggers: by the interpreter, by libraries in C, by children."""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import sys
import threading

logger = logging.getLogger("stderr")

END_SECONDS = 2.0
"""How long the end waits for what is still in the pipe; a child may hold the other end open."""


class StderrLines:
    """Puts a pipe in the place of stderr, and logs what comes out of it. Undone when the process ends.

    Attributes:
        stream: the real stderr, for whoever writes the log.
    """

    def __init__(self) -> None:
        sys.stderr.flush()
        self._real = os.dup(2)
        self.stream = os.fdopen(os.dup(2), "w", encoding="utf-8", errors="backslashreplace", buffering=1)
        out, into = os.pipe()
        os.dup2(into, 2)
        os.close(into)
        self._reader = threading.Thread(target=self._log, args=(out,), name="stderr", daemon=True)
        self._reader.start()
        atexit.register(self._end)

    def _log(self, out: int) -> None:
        with os.fdopen(out, encoding="utf-8", errors="backslashreplace", newline=None) as lines:
            for line in lines:  # bars end theirs with \r, which counts
                if line.strip():
                    logger.warning("%s", line.rstrip())

    def _end(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.flush()
        os.dup2(self._real, 2)
        self._reader.join(END_SECONDS)
