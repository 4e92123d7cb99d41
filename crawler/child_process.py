"""Starting and ending the child processes that read what comes from outside; their side is `crawler.reading_child`."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys

CHILD = "import sys; from crawler.reading_child import serve; serve(int(sys.argv[1]))"
START_SECONDS = 120.0
"""How long a child may take to be there, on a machine that is busy."""
END_SECONDS = 5.0
"""How long a child that hung up may take to be gone."""


def start() -> tuple[subprocess.Popen[bytes], socket.socket]:
    """A child and our end of the socket to it; the first that it wants to hear are its orders.

    Raises:
        OSError: no process can be started.
    """
    ours, theirs = socket.socketpair()
    with theirs:
        # Not on our stdout, which belongs to records; the session of its own makes it a group that can be killed.
        process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-P", "-c", CHILD, str(theirs.fileno())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path or os.curdir for path in sys.path)},
            pass_fds=(theirs.fileno(),),
            start_new_session=True,
        )
    return process, ours


def interrupt(process: subprocess.Popen[bytes]) -> None:
    """End a child and whatever it started. From any thread."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)


def has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Whether a child is at its end. It is not reaped by that: its number stays its own until its group has been killed."""
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def how_it_ended(process: subprocess.Popen[bytes]) -> str:
    """The status of a child that is no more, in words."""
    status = process.returncode
    return f"exit status {status}" if status >= 0 else signal.Signals(-status).name
