"""Keeps one LibreOffice warm; run by the Python that LibreOffice's ``uno`` module belongs to, never imported by the project.

Standard library and ``uno`` only. Requests come as JSON lines on stdin and are answered by JSON lines on stdout; the end of
stdin, which the death of the parent brings about, kills LibreOffice and removes the working folder. LibreOffice listens on a
named pipe (a Unix socket of this user), not on a port.

usage: bridge.py PROGRAM FOLDER MEMORY_BYTES
"""

import ctypes
import json
import os
import queue
import resource
import secrets
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import uno  # type: ignore[import-not-found]  # of LibreOffice's Python, not of ours
from com.sun.star.beans import PropertyValue  # type: ignore[import-not-found]  # made by uno

CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000
PR_SET_PDEATHSIG = 1
START_SECONDS = 45
RESTART_CODES = (79, 81)
"""What LibreOffice ends with when a fresh profile asks it to start again."""
NEVER_EXECUTE_MACROS = 0
NO_UPDATE = 0
EXPORT_FILTER = "MS Word 2007 XML"

libc = ctypes.CDLL(None, use_errno=True)


def leave_network() -> bool:
    """Move into a network namespace of our own, where there is nothing but this process; False where the kernel refuses."""
    user, group = os.geteuid(), os.getegid()
    if libc.unshare(CLONE_NEWNET) == 0:
        return True
    if libc.unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0:
        return False
    try:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    except OSError:
        return True
    return True


class Office:
    """One LibreOffice process and the connection to it."""

    def __init__(self, program: str, folder: Path, memory_bytes: int) -> None:
        self.program = program
        self.folder = folder
        self.memory_bytes = memory_bytes
        self.pipe = f"ogi{secrets.token_hex(12)}"
        self.process = self._launch()
        self.desktop = self._connect()
        # While it lives: one that was killed leaves the files of its sockets and is asked no more.
        self.sockets = _sockets(self.process.pid)

    def _launch(self) -> "subprocess.Popen[bytes]":
        def prepare() -> None:
            resource.setrlimit(resource.RLIMIT_AS, (self.memory_bytes, self.memory_bytes))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)

        return subprocess.Popen(  # noqa: S603 - our own arguments
            [
                self.program,
                f"-env:UserInstallation={(self.folder / 'profile').as_uri()}",
                "--headless",
                "--invisible",
                "--nocrashreport",
                "--nodefault",
                "--nologo",
                "--nofirststartwizard",
                "--norestore",
                f"--accept=pipe,name={self.pipe};urp;StarOffice.ComponentContext",
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self.folder,
            preexec_fn=prepare,  # noqa: PLW1509 - there is no second thread yet
        )

    def _connect(self) -> Any:
        local = uno.getComponentContext()
        resolver = local.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", local)
        end = time.monotonic() + START_SECONDS
        while True:
            try:
                context = resolver.resolve(f"uno:pipe,name={self.pipe};urp;StarOffice.ComponentContext")
                return context.ServiceManager.createInstanceWithContext("com.sun.star.frame.Desktop", context)
            except uno.getClass("com.sun.star.uno.Exception") as error:
                status = self.process.poll()
                if status in RESTART_CODES:
                    self.process = self._launch()
                elif status is not None:
                    raise SystemExit(f"LibreOffice ended with status {status} while starting") from error
                elif time.monotonic() > end:
                    raise SystemExit(f"LibreOffice did not start within {START_SECONDS} s") from error
                time.sleep(0.05)

    def convert(self, source: str, target: str, filter_name: str) -> None:
        """Read one file, write it as DOCX: no macros, no links followed, no questions asked."""
        document = self.desktop.loadComponentFromURL(
            uno.systemPathToFileUrl(source),
            "_blank",
            0,
            (
                _property("Hidden", True),
                _property("ReadOnly", True),
                _property("FilterName", filter_name),
                _property("MacroExecutionMode", NEVER_EXECUTE_MACROS),
                _property("UpdateDocMode", NO_UPDATE),
                _property("Silent", True),
            ),
        )
        if document is None:
            raise ValueError("LibreOffice opened nothing")
        try:
            if not document.supportsService("com.sun.star.text.TextDocument"):
                raise ValueError("LibreOffice found no text document")
            document.storeToURL(
                uno.systemPathToFileUrl(target), (_property("FilterName", EXPORT_FILTER), _property("Overwrite", True))
            )
        finally:
            document.close(True)

    def memory(self) -> "dict[str, int]":
        """LibreOffice's resident memory now and at most, in MiB; zeros where the system does not say."""
        try:
            status = Path(f"/proc/{self.process.pid}/status").read_text()
        except OSError:
            status = ""
        fields = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
        return {
            "memory_mb": int(fields.get("VmRSS", "0 kB").split()[0]) // 1024,
            "peak_mb": int(fields.get("VmHWM", "0 kB").split()[0]) // 1024,
        }


def _property(name: str, value: object) -> PropertyValue:
    return PropertyValue(Name=name, Value=value)


def _sockets(pid: int) -> "list[str]":
    """The files of the Unix sockets on which LibreOffice listens."""
    inodes = set()
    found = []
    try:
        for link in Path(f"/proc/{pid}/fd").iterdir():
            name = str(link.readlink())
            if name.startswith("socket:["):
                inodes.add(name[8:-1])
        for line in Path("/proc/self/net/unix").read_text().splitlines()[1:]:
            fields = line.split(None, 7)
            if len(fields) == 8 and fields[6] in inodes and "/OSL_PIPE_" in fields[7]:
                found.append(fields[7])
    except OSError:
        return found
    return found


def _members(group: int) -> "set[int]":
    members = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == group:
            members.add(int(stat.parent.name))
    return members


def end(folder: Path, sockets: "Sequence[str]" = ()) -> NoReturn:
    """Kill LibreOffice and whatever it started, remove what it leaves, and go."""
    for pid in _members(os.getpgrp()) - {os.getpid()}:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    try:
        while os.waitpid(-1, 0):
            continue
    except ChildProcessError:
        pass
    for name in sockets:
        Path(name).unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


def answer(**words: object) -> None:
    """One line to the parent."""
    try:
        sys.stdout.write(json.dumps(words) + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        # The parent is gone, and the thread that listens to it is about to end this process; it is not to be outrun.
        time.sleep(START_SECONDS)


def main() -> None:
    """Start LibreOffice, say so, and convert until stdin ends."""
    program, folder, memory_bytes = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    isolated = leave_network()
    try:
        office = Office(program, folder, memory_bytes)
    except SystemExit as error:
        answer(ready=False, error=str(error))
        end(folder)
    # Lines are handed over by a thread, so that the end of stdin is seen while LibreOffice is busy or hangs.
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()

    def listen() -> None:
        for line in sys.stdin:
            lines.put(line)
        end(folder, office.sockets)

    threading.Thread(target=listen, daemon=True).start()
    answer(ready=True, isolated=isolated, pid=office.process.pid, sockets=office.sockets)
    while True:
        request = json.loads(lines.get())
        try:
            office.convert(request["source"], request["target"], request["filter"])
        except uno.getClass("com.sun.star.lang.DisposedException") as error:
            answer(done=False, crashed=True, error=str(error))
        except (uno.getClass("com.sun.star.uno.Exception"), ValueError) as error:
            crashed = office.process.poll() is not None
            answer(done=False, crashed=crashed, error=f"{type(error).__name__}: {error}")
        else:
            answer(done=True, **office.memory())


if __name__ == "__main__":
    main()
