"""LibreOffice as a child process: kept warm behind a bridge or, where its ``uno`` module is missing, started once a batch."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import selectors
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from crawler.conversion.formats import ImportFormat
from crawler.conversion.programs import Programs, clean_environment
from crawler.outcomes import Outcome, OutcomeError

logger = logging.getLogger(__name__)

EXPORT_FILTER = "MS Word 2007 XML"
MAX_RESULT_BYTES = 128 * 1024 * 1024
"""A longer DOCX is none of a report's; what LibreOffice writes may be many times what it read."""

BRIDGE = Path(__file__).with_name("bridge.py")
"""Run by the Python that has LibreOffice's uno module."""
_START_SECONDS = 60.0
_CLOSE_SECONDS = 5.0
_LINE_BYTES = 64 * 1024

# Office programs keep links, macros and remote content alive by default; none of it is wanted of an untrusted file.
_PROFILE = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema"\
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
{items}
</oor:items>
"""
_SECURITY = "/org.openoffice.Office.Common/Security/Scripting"
_PROFILE_VALUES: Sequence[tuple[str, str, str]] = (
    (_SECURITY, "MacroSecurityLevel", "3"),
    (_SECURITY, "DisableMacrosExecution", "true"),
    (_SECURITY, "BlockUntrustedRefererLinks", "true"),
    (_SECURITY, "DisableActiveContent", "true"),
    ("/org.openoffice.Office.Common/Load", "UpdateDocMode", "0"),
    ("/org.openoffice.Office.Writer/Content/Update", "Link", "2"),
    ("/org.openoffice.Inet/Settings", "ooInetProxyType", "1"),
    ("/org.openoffice.Inet/Settings", "ooInetHTTPProxyName", "127.0.0.1"),
    ("/org.openoffice.Inet/Settings", "ooInetHTTPProxyPort", "9"),
    ("/org.openoffice.Inet/Settings", "ooInetHTTPSProxyName", "127.0.0.1"),
    ("/org.openoffice.Inet/Settings", "ooInetHTTPSProxyPort", "9"),
    ("/org.openoffice.Office.Common/Misc", "FirstRun", "false"),
    ("/org.openoffice.Office.Common/Misc", "UseLocking", "false"),
    ("/org.openoffice.Office.Java/VirtualMachine", "Enable", "false"),
)


class OfficeCrash(Exception):  # noqa: N818 - an event, told apart from the outcome of a document
    """LibreOffice died or could not be started; the document at hand may be innocent."""


class OfficeHang(Exception):  # noqa: N818 - an event, told apart from the outcome of a document
    """LibreOffice ran over a document's time and was killed."""


class WarmOffice:
    """One LibreOffice behind its bridge, in a folder of its own; it does not outlive this process.

    Args:
        programs: with ``python``.
        memory_mb: address space of LibreOffice, in MiB.

    Raises:
        OfficeCrash: LibreOffice does not start.
    """

    def __init__(self, programs: Programs, *, memory_mb: int) -> None:
        if programs.python is None:
            raise ValueError("a warm LibreOffice needs a Python with uno")
        self.documents = 0
        self.memory_mb = 0
        """Resident memory of LibreOffice after the last document, in MiB."""
        self.peak_mb = 0
        self._folder = _new_folder()
        self._rest = b""
        self.pid = 0
        self._sockets: list[Path] = []
        self._process = subprocess.Popen(  # noqa: S603 - our own arguments
            [programs.python, str(BRIDGE), programs.binary, str(self._folder), str(memory_mb * 1024 * 1024)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=self._folder,
            env=clean_environment() | {"HOME": str(self._folder)},
            start_new_session=True,
        )
        try:
            greeting = self._receive(_START_SECONDS)
        except (OfficeCrash, OfficeHang) as error:
            self.close()
            raise OfficeCrash(f"LibreOffice does not start: {error}") from error
        if not greeting.get("ready"):
            self.close()
            raise OfficeCrash(f"LibreOffice does not start: {greeting.get('error')}")
        self.pid = int(str(greeting.get("pid", 0)))
        sockets = greeting.get("sockets")
        self._sockets = [Path(str(name)) for name in sockets] if isinstance(sockets, list) else []
        self.is_offline = bool(greeting.get("isolated"))
        """True where LibreOffice runs in a network namespace of its own, without any network."""

    @property
    def is_running(self) -> bool:
        """False once the bridge has ended."""
        return self._process.poll() is None

    def convert(self, content: bytes, import_format: ImportFormat, *, timeout: float) -> bytes:
        """The document as DOCX.

        Raises:
            OutcomeError: ``unsupported`` where LibreOffice refuses the document, ``too_large`` where it becomes a huge one.
            OfficeHang, OfficeCrash: this LibreOffice is of no further use; close it.
        """
        self.documents += 1
        source = self._folder / f"document.{import_format.suffix}"
        target = self._folder / "document.docx"
        target.unlink(missing_ok=True)
        source.write_bytes(content)
        try:
            self._send({"source": str(source), "target": str(target), "filter": import_format.filter_name})
            answer = self._receive(timeout)
            self.memory_mb = int(str(answer.get("memory_mb", 0)))
            self.peak_mb = max(self.peak_mb, int(str(answer.get("peak_mb", 0))))
            if answer.get("crashed"):
                raise OfficeCrash(str(answer.get("error")))
            if not answer.get("done"):
                logger.info("LibreOffice refused a document: %s", answer.get("error"))
                raise refusal(import_format)
            return read_result(target, import_format)
        finally:
            source.unlink(missing_ok=True)
            target.unlink(missing_ok=True)

    def kill(self) -> None:
        """End LibreOffice at once, from any thread; `close` is still needed."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def close(self) -> None:
        """End LibreOffice: asked by closing the bridge's input, forced where it does not listen."""
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        try:
            self._process.wait(_CLOSE_SECONDS)
        except subprocess.TimeoutExpired:
            logger.warning("the bridge to LibreOffice did not end and is killed")
        self.kill()
        self._process.wait()
        _await_end(self.pid)
        for path in self._sockets:
            path.unlink(missing_ok=True)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _send(self, request: dict[str, str]) -> None:
        assert self._process.stdin is not None  # noqa: S101 - opened as a pipe
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
        except OSError as error:
            raise OfficeCrash(f"the bridge to LibreOffice is gone: {error}") from error

    def _receive(self, timeout: float) -> dict[str, object]:
        assert self._process.stdout is not None  # noqa: S101 - opened as a pipe
        end = time.monotonic() + timeout
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            while b"\n" not in self._rest:
                left = end - time.monotonic()
                if left <= 0 or not selector.select(left):
                    raise OfficeHang(f"no answer within {timeout:g} s")
                data = os.read(self._process.stdout.fileno(), _LINE_BYTES)
                if not data:
                    raise OfficeCrash("the bridge to LibreOffice ended")
                self._rest += data
        line, _, self._rest = self._rest.partition(b"\n")
        answer: dict[str, object] = json.loads(line)
        return answer


def convert_cold(
    programs: Programs, documents: Sequence[tuple[bytes, ImportFormat]], *, timeout: float, memory_mb: int
) -> list[bytes | None]:
    """Several documents of one format by one call of LibreOffice; ``None`` in the place of each it made nothing of.

    Args:
        timeout: seconds for the whole call.

    Raises:
        OfficeHang: the call ran over its time and was killed.
    """
    import_format = documents[0][1]
    folder = _new_folder()
    try:
        sources = []
        for number, (content, _) in enumerate(documents):
            sources.append(folder / f"{number:04d}.{import_format.suffix}")
            sources[-1].write_bytes(content)
        command = [
            shutil.which("prlimit") or "",
            f"--as={memory_mb * 1024 * 1024}",
            "--core=0",
            programs.soffice,
            f"-env:UserInstallation={(folder / 'profile').as_uri()}",
            "--headless",
            "--norestore",
            f"--infilter={import_format.filter_name}",
            "--convert-to",
            f"docx:{EXPORT_FILTER}",
            "--outdir",
            str(folder),
            *map(str, sources),
        ]
        if not command[0]:
            command = command[3:]
        _run_group(command, folder, timeout)
        targets = [source.with_suffix(".docx") for source in sources]
        return [target.read_bytes() if _is_result(target) else None for target in targets]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def refusal(import_format: ImportFormat) -> OutcomeError:
    """What became of a document that LibreOffice does not open."""
    message = f"LibreOffice cannot read the file as {import_format.name}; open it in an office program and save it as DOCX"
    return OutcomeError(Outcome.UNSUPPORTED, message)


def read_result(target: Path, import_format: ImportFormat) -> bytes:
    """The DOCX that was written.

    Raises:
        OutcomeError: ``unsupported`` where none was, ``too_large`` where it is huge.
    """
    if not target.is_file() or not target.stat().st_size:
        raise refusal(import_format)
    if target.stat().st_size > MAX_RESULT_BYTES:
        raise OutcomeError(Outcome.TOO_LARGE, f"the document becomes a DOCX of more than {MAX_RESULT_BYTES} bytes")
    return target.read_bytes()


def _is_result(target: Path) -> bool:
    return target.is_file() and 0 < target.stat().st_size <= MAX_RESULT_BYTES


def _run_group(command: Sequence[str], folder: Path, timeout: float) -> None:
    process = subprocess.Popen(  # noqa: S603 - our own arguments
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=folder,
        env=clean_environment() | {"HOME": str(folder)},
        start_new_session=True,
    )
    try:
        process.wait(timeout)
    except subprocess.TimeoutExpired as error:
        raise OfficeHang(f"no end within {timeout:g} s") from error
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _await_end(pid: int) -> None:
    """Wait for a killed process that is no child of ours, lest it writes into a folder that is being removed."""
    end = time.monotonic() + _CLOSE_SECONDS
    while pid and time.monotonic() < end:
        try:
            state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()[0]
        except OSError:
            return
        if state in {"Z", "X"}:
            return
        time.sleep(0.02)


def write_profile(folder: Path) -> None:
    """A fresh LibreOffice profile at ``folder/profile`` in which nothing of a document runs or is fetched."""
    user = folder / "profile" / "user"
    user.mkdir(parents=True)
    items = "\n".join(
        f'<item oor:path="{path}"><prop oor:name="{name}" oor:op="fuse"><value>{value}</value></prop></item>'
        for path, name, value in _PROFILE_VALUES
    )
    (user / "registrymodifications.xcu").write_text(_PROFILE.format(items=items), encoding="utf-8")


def _new_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="ogi-office-"))
    write_profile(folder)
    return folder
