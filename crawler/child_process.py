"""Starting and ending child processes; the side of those that read what comes from outside is `crawler.reading_child`."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time

from crawler.redaction import without_secrets

CHILD = "import sys; from crawler.reading_child import serve; serve(int(sys.argv[1]))"
START_SECONDS = 120.0
"""How long a child may take to be there, on a machine that is busy."""
END_SECONDS = 5.0
"""How long a child that hung up may take to be gone."""
_PR_SET_PDEATHSIG = 1


def start(code: str = CHILD) -> tuple[subprocess.Popen[bytes], socket.socket]:
    """A child and our end of the socket to it; the first that it wants to hear are its orders.

    Args:
        code: what it runs, with the number of its end of the socket as argument.

    Raises:
        OSError: no process can be started.
    """
    ours, theirs = socket.socketpair()
    with theirs:
        # Not on our stdout, which belongs to records; the session of its own makes it a group that can be killed.
        process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-P", "-c", code, str(theirs.fileno())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            env={**without_secrets(os.environ), "PYTHONPATH": os.pathsep.join(path or os.curdir for path in sys.path)},
            pass_fds=(theirs.fileno(),),
            start_new_session=True,
        )
    return process, ours


def end_with_parent(parent: int) -> None:
    """In a child: no life without the process of that number, which started it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit("the parent process is gone")


def interrupt(process: subprocess.Popen[bytes]) -> None:
    """End a child and whatever it started. From any thread."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)


def has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Whether a child is at its end. It is not reaped by that: its number stays its own until its group has been killed."""
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def await_end(process: subprocess.Popen[bytes]) -> None:
    """Let a child that hung up come to its own end, so that its status is told and not that of our signal."""
    deadline = time.monotonic() + END_SECONDS
    while time.monotonic() < deadline:
        if has_ended(process):
            return
        time.sleep(0.01)


def how_it_ended(process: subprocess.Popen[bytes]) -> str:
    """The status of a child that is no more, in words."""
    status = process.returncode
    return f"exit status {status}" if status >= 0 else signal.Signals(-status).name
