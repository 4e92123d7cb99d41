"""ZIP, RAR and 7z: an archive is a container, and each file in it a document of its own.

libarchive reads them all; without the system's library ZIP alone is read, by the standard library. Member names are text for
people and for the address of a document, never a path.
"""

from __future__ import annotations

import ctypes
import io
import logging
import lzma
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crawler.documents import sniff as kinds
from crawler.documents.rar_blocks import RarBlocks, RarFile, rar_blocks
from crawler.documents.sniff import sniff
from crawler.outcomes import Outcome, OutcomeError

if TYPE_CHECKING:
    from types import ModuleType

RAR = "application/vnd.rar"
SEVEN_ZIP = "application/x-7z-compressed"
ARCHIVES = frozenset({kinds.ZIP, RAR, SEVEN_ZIP})
"""Media types that are unpacked."""

MAX_DEPTH = 2
"""An archive in an archive is opened, one in that is not."""
MAX_ENTRIES = 5_000
MAX_DOCUMENTS = 500
"""A county with all its departments and towns has about 60."""
MAX_MEMBER_BYTES = 60 * 1024 * 1024
"""What a reader takes, see `crawler.documents.reader.MAX_BYTES`."""
MAX_TOTAL_BYTES = 128 * 1024 * 1024
MAX_RATIO = 250
"""Bytes unpacked for a byte packed, over the whole archive; markup is packed 50 to 1."""
RATIO_FROM_BYTES = 32 * 1024 * 1024
"""Below this the ratio is not looked at: a small bomb harms nobody."""
MAX_NAME = 200
_BLOCK = 1 << 18
_LEFT_OUT_SHOWN = 8

INSTALL = "install the system library libarchive (Debian: apt-get install libarchive13)"

_JUNK = re.compile(
    r"(?:^|/)(?:__macosx/.*|\.ds_store|thumbs\.db|desktop\.ini|~\$[^/]*|\._[^/]*|\.~[^/]*)$"
    r"|\.(?:exe|dll|com|bat|cmd|vbs|js|css|lnk|url|tmp|ttf|otf|fon|mp3|mp4|avi|wmv|db|ini)$",
    re.IGNORECASE,
)
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")
_LOCKED = re.compile(r"encrypt|passphrase|password|crypto", re.IGNORECASE)
_UNKNOWN_METHOD = re.compile(
    r"unsupported|not supported|unavailable|(?:unknown|unexpected) (?:compression|codec)", re.IGNORECASE
)
_ONE_OF_SEVERAL = "it is one part of an archive that is split over several files, and only whole ones are read"
_FATAL = -30
_REGULAR_FILE = 0o100000
_FILE_TYPES = 0o170000


@dataclass(frozen=True, slots=True)
class Member:
    """A file of an archive. ``name`` as its maker wrote it, the names of nested archives before it.

    ``outcome`` is ``None`` for a document that can be read; else it says why there is no ``content``.
    """

    name: str
    content: bytes
    outcome: Outcome | None = None
    message: str = ""

    @property
    def expected(self) -> str | None:
        """The kind of file that the name promises, e.g. ``docx``."""
        suffix = self.name.rpartition(".")[2].lower() if "." in self.name else ""
        return suffix if suffix.isascii() and suffix.isalnum() and len(suffix) <= 5 else None

    @property
    def title(self) -> str:
        """The name without folders and suffix, as a person would name the document."""
        return self.name.rpartition("/")[2].rpartition(".")[0] or self.name


@dataclass(frozen=True, slots=True)
class Unpacked:
    """An archive's documents, and how the archive itself ended.

    ``outcome`` is ``ok``: its documents speak for themselves; or says why it breaks off behind them (``truncated``,
    ``too_large``, ``unsupported``). ``message`` counts them and names what was left out.
    """

    members: tuple[Member, ...]
    outcome: Outcome
    message: str


class _TooMuchError(OutcomeError):
    """A limit of the whole archive: nothing of it is read."""

    def __init__(self, message: str) -> None:
        super().__init__(Outcome.TOO_LARGE, message)

    def __reduce__(self) -> Any:
        return type(self), (self.message,)


class _BrokenOffError(Exception):
    """Nothing behind this point of an archive can be read."""

    def __init__(self, outcome: Outcome, message: str) -> None:
        super().__init__(message)
        self.outcome = outcome
        self.message = message


@dataclass(slots=True)
class _Budget:
    packed: int
    entries: int = 0
    documents: int = 0
    unpacked: int = 0

    def count_entry(self) -> None:
        self.entries += 1
        if self.entries > MAX_ENTRIES:
            raise _TooMuchError(f"the archive has more than {MAX_ENTRIES} entries")

    def count_document(self) -> None:
        self.documents += 1
        if self.documents > MAX_DOCUMENTS:
            raise _TooMuchError(f"the archive holds more than {MAX_DOCUMENTS} documents")

    def count_bytes(self, number: int) -> None:
        self.unpacked += number
        if self.unpacked > MAX_TOTAL_BYTES:
            raise _TooMuchError(f"the archive unpacks to more than {MAX_TOTAL_BYTES} bytes")
        if self.unpacked > max(RATIO_FROM_BYTES, MAX_RATIO * self.packed):
            raise _TooMuchError(f"the archive unpacks to more than {MAX_RATIO} times its {self.packed} bytes: a bomb")


def unpack(content: bytes) -> Unpacked:
    """The documents in a ZIP, RAR or 7z archive, those in archives within it included.

    Folders, links, devices and what is no document by its name (programs, fonts, lock files, what systems leave behind) are
    left out, pictures too unless there is nothing else; the message names them.

    Raises:
        OutcomeError: ``too_large``, ``encrypted``, ``truncated``, ``unsupported`` (a packing method, or libarchive is not
            installed) where no document could be read; ``not_a_report`` where there is none.
    """
    budget = _Budget(len(content))
    found: list[Member] = []
    left_out: list[str] = []
    broken: _BrokenOffError | None = None
    try:
        for member in _walk(content, "", 1, budget, left_out):
            found.append(member)  # noqa: PERF402 - what came before a break is kept
    except _BrokenOffError as error:
        broken = error
    readable = [member for member in found if member.outcome is None]
    if any(not _is_picture(member) for member in readable):
        left_out += [member.name for member in readable if _is_picture(member)]
        found = [member for member in found if member.outcome is not None or not _is_picture(member)]
    if not readable:
        raise _nothing_readable(found, left_out, broken)
    readable = [member for member in found if member.outcome is None]
    parts = [f"an archive with {len(readable)} document{'s' * (len(readable) != 1)}, each told by itself"]
    if len(found) > len(readable):
        parts.append(f"{len(found) - len(readable)} more could not be read")
    if broken is not None:
        parts.append(f"it breaks off behind them ({broken.message})")
    if left_out:
        parts.append(f"left out as no documents: {_listed(left_out)}")
    return Unpacked(tuple(_unique(found)), broken.outcome if broken else Outcome.OK, "; ".join(parts))


def _nothing_readable(found: list[Member], left_out: list[str], broken: _BrokenOffError | None) -> OutcomeError:
    if found and found[0].outcome is not None:
        more = f" (and {len(found) - 1} more like it)" if len(found) > 1 else ""
        return OutcomeError(found[0].outcome, f"no document of the archive can be read: {found[0].message}{more}")
    if broken is not None:
        return OutcomeError(broken.outcome, broken.message)
    what = f": {_listed(left_out)}" if left_out else ""
    return OutcomeError(Outcome.NOT_A_REPORT, f"the archive holds no document{what}")


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _LEFT_OUT_SHOWN} more" if len(names) > _LEFT_OUT_SHOWN else ""
    return ", ".join(names[:_LEFT_OUT_SHOWN]) + more


def _is_picture(member: Member) -> bool:
    return sniff(member.content[:4096]).startswith("image/")


def _unique(members: list[Member]) -> Iterator[Member]:
    """Two members may have one name; their addresses may not."""
    seen: dict[str, int] = {}
    for member in members:
        number = seen[member.name] = seen.get(member.name, 0) + 1
        yield member if number == 1 else Member(f"{member.name} ({number})", member.content, member.outcome, member.message)


def _walk(content: bytes, folder: str, depth: int, budget: _Budget, left_out: list[str]) -> Iterator[Member]:
    for member in _entries(content, folder, budget, left_out):
        if member.outcome is not None or sniff(member.content) not in ARCHIVES:
            budget.count_document()
            yield member
            continue
        if depth == MAX_DEPTH:
            message = f"{member.name} is packed {depth} archives deep; at most {MAX_DEPTH} are opened"
            yield Member(member.name, b"", Outcome.TOO_LARGE, message)
            continue
        try:
            yield from _walk(member.content, f"{member.name}/", depth + 1, budget, left_out)
        except _TooMuchError:
            raise
        except (OutcomeError, _BrokenOffError) as error:
            yield Member(member.name, b"", error.outcome, f"{member.name}: {error.message}")


def _entries(content: bytes, folder: str, budget: _Budget, left_out: list[str]) -> Iterator[Member]:
    """The files of one archive, nested ones still packed."""
    kind = sniff(content)
    if kind == kinds.ZIP and b"PK\x05\x06" not in content[-65_557:]:
        raise OutcomeError(Outcome.TRUNCATED, "the zip archive lacks its end")
    libarchive = _library()
    if libarchive is not None:
        yield from _entries_by_libarchive(libarchive, content, kind, folder, budget, left_out)
    elif kind == kinds.ZIP:
        yield from _entries_by_zipfile(content, folder, budget, left_out)
    else:
        name = "RAR" if kind == RAR else "7z"
        raise OutcomeError(Outcome.UNSUPPORTED, f"{name} archives cannot be opened: {INSTALL}")


def _library() -> ModuleType | None:
    """libarchive, where this machine has it."""
    try:
        import libarchive
    except (ImportError, OSError, AttributeError, TypeError):
        return None
    # What it warns of (names in another encoding) is no news.
    logging.getLogger("libarchive").addHandler(logging.NullHandler())
    module: ModuleType = libarchive
    return module


def _format(content: bytes, kind: str) -> str:
    if kind == RAR:
        return "rar5" if content[6:8] == b"\x01\x00" else "rar"
    return "7zip" if kind == SEVEN_ZIP else "zip"


def _entries_by_libarchive(
    libarchive: ModuleType, content: bytes, kind: str, folder: str, budget: _Budget, left_out: list[str]
) -> Iterator[Member]:
    error_type: type[Exception] = libarchive.exception.ArchiveError
    blocks = rar_blocks(content) if kind == RAR else RarBlocks((), is_whole=True)
    try:
        yield from _libarchive_entries(libarchive, content, kind, folder, budget, left_out, blocks)
    except (error_type, _BrokenOffError) as error:
        broken = error if isinstance(error, _BrokenOffError) else _BrokenOffError(*_judge(error, "the archive"))
        if blocks.is_volume and broken.outcome is Outcome.TRUNCATED:
            broken = _BrokenOffError(Outcome.UNSUPPORTED, _ONE_OF_SEVERAL)
        raise broken from error
    if blocks.is_volume:
        raise _BrokenOffError(Outcome.UNSUPPORTED, _ONE_OF_SEVERAL)
    if not blocks.is_whole:
        raise _BrokenOffError(Outcome.TRUNCATED, "the archive lacks its end")


def _libarchive_entries(
    libarchive: ModuleType, content: bytes, kind: str, folder: str, budget: _Budget, left_out: list[str], blocks: RarBlocks
) -> Iterator[Member]:
    ffi = libarchive.ffi
    # Some formats hand out the scrambled bytes of a locked file without an error.
    is_locked = ffi.ffi("entry_is_encrypted", [ffi.c_archive_entry_p], ctypes.c_int)
    # Of a volume the first file may be missing, and what is stated of the others is of the next one.
    files = () if blocks.is_volume else blocks.files
    originals: dict[bytes, Member] | None = {} if any(file.copy_of for file in files) else None
    with libarchive.memory_reader(content, format_name=_format(content, kind), filter_name="none") as archive:
        for number, entry in enumerate(archive, start=1):
            budget.count_entry()
            name = folder + (_entry_name(libarchive, entry) or f"member {number}")
            if entry.filetype & _FILE_TYPES != _REGULAR_FILE or entry.islnk:
                if not entry.isdir:
                    left_out.append(name)
                continue
            if _JUNK.search(name):
                left_out.append(name)
                continue
            file = files[number - 1] if number <= len(files) else RarFile()
            if file.is_locked or is_locked(entry._entry_p):  # noqa: SLF001 - libarchive-c does not wrap this one
                yield _locked(name)
                continue
            if file.copy_of is not None:
                member = _copy(name, (originals or {}).get(file.copy_of), budget)
            else:
                member = _read_entry(ffi, entry, name, budget, libarchive.exception.ArchiveError)
            if member.outcome is None and file.checksum is not None and zlib.crc32(member.content) != file.checksum:
                member = _damaged(name)
            if originals is not None and file.copy_of is None:
                originals[ffi.entry_pathname(entry._entry_p) or b""] = member  # noqa: SLF001
            yield member
            if member.outcome is Outcome.TOO_LARGE and kind != kinds.ZIP:
                # To get past it all of it would have to be unpacked.
                raise _BrokenOffError(Outcome.TOO_LARGE, f"what lies behind {name} was not looked at")


def _copy(name: str, original: Member | None, budget: _Budget) -> Member:
    """A file that RAR 5 keeps once for several names."""
    if original is None:
        return Member(name, b"", Outcome.UNSUPPORTED, f"{name} is kept as a copy of a file that is not there")
    budget.count_bytes(len(original.content))
    message = f"{name} is a copy: {original.message}" if original.message else ""
    return Member(name, original.content, original.outcome, message)


def _damaged(name: str) -> Member:
    return Member(name, b"", Outcome.TRUNCATED, f"{name} is damaged: its checksum is wrong")


def _locked(name: str) -> Member:
    return Member(name, b"", Outcome.ENCRYPTED, f"{name} is protected by a password")


def _entry_name(libarchive: ModuleType, entry: Any) -> str:
    raw: bytes | None = libarchive.ffi.entry_pathname(entry._entry_p)  # noqa: SLF001 - the property guesses encodings
    if raw is not None:
        return _decoded(raw)
    name = entry.pathname
    return _clean(name) if isinstance(name, str) else ""


def _decoded(raw: bytes) -> str:
    """Chinese systems write GBK names without saying so."""
    try:
        return _clean(raw.decode("utf-8"))
    except UnicodeDecodeError:
        return _clean(raw.decode("gb18030", errors="replace"))


def _clean(name: str) -> str:
    text = _CONTROLS.sub("", name.replace("\\", "/")).encode("utf-8", errors="replace").decode("utf-8")
    return text if len(text) <= MAX_NAME else f"{text[: MAX_NAME // 2]}…{text[-MAX_NAME // 2 :]}"


def _read_entry(ffi: ModuleType, entry: Any, name: str, budget: _Budget, error_type: type[Exception]) -> Member:
    if (entry.size or 0) > MAX_MEMBER_BYTES:
        return _too_large(name, entry.size)
    blocks: list[bytes] = []
    size = 0
    buffer = ctypes.create_string_buffer(_BLOCK)
    try:
        # libarchive-c's own loop takes a warning (a wrong checksum) for a number of bytes.
        while number := ffi.read_data(entry._archive_p, buffer, _BLOCK):  # noqa: SLF001
            if number < 0:
                return _damaged(name)
            size += number
            budget.count_bytes(number)
            if size > MAX_MEMBER_BYTES:
                return _too_large(name, size)
            blocks.append(buffer.raw[:number])
    except error_type as error:
        outcome, message = _judge(error, name)
        if getattr(error, "retcode", None) == _FATAL and outcome is not Outcome.ENCRYPTED:
            raise _BrokenOffError(outcome, message) from error
        return Member(name, b"", outcome, message)
    return Member(name, b"".join(blocks))


def _too_large(name: str, size: int) -> Member:
    return Member(name, b"", Outcome.TOO_LARGE, f"{name} unpacks to {size} bytes or more; at most {MAX_MEMBER_BYTES} are read")


def _judge(error: Exception, what: str) -> tuple[Outcome, str]:
    said = str(getattr(error, "msg", error) or "no reason is given")
    if _LOCKED.search(said):
        return Outcome.ENCRYPTED, f"{what} is protected by a password"
    if _UNKNOWN_METHOD.search(said):
        return Outcome.UNSUPPORTED, f"{what} is packed in a way that libarchive does not know ({said})"
    return Outcome.TRUNCATED, f"{what} is damaged or cut ({said})"


def _entries_by_zipfile(content: bytes, folder: str, budget: _Budget, left_out: list[str]) -> Iterator[Member]:
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OverflowError, EOFError) as error:
        raise _BrokenOffError(Outcome.TRUNCATED, f"the archive is damaged or cut ({error})") from error
    with archive:
        for info in archive.infolist():
            budget.count_entry()
            # Without the flag for UTF-8 the module takes the bytes for cp437, which loses none.
            is_utf8 = bool(info.flag_bits & 0x800)
            name = folder + (_clean(info.filename) if is_utf8 else _decoded(info.filename.encode("cp437", errors="replace")))
            if info.is_dir():
                continue
            if _JUNK.search(name) or (info.external_attr >> 16) & _FILE_TYPES not in (0, _REGULAR_FILE):
                left_out.append(name)
                continue
            yield _read_zip_entry(archive, info, name, budget)


def _read_zip_entry(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str, budget: _Budget) -> Member:
    if info.flag_bits & 1:
        return _locked(name)
    if info.file_size > MAX_MEMBER_BYTES:
        return _too_large(name, info.file_size)
    blocks: list[bytes] = []
    try:
        with archive.open(info) as stream:
            while block := stream.read(_BLOCK):
                budget.count_bytes(len(block))
                blocks.append(block)
    except NotImplementedError as error:
        return Member(name, b"", Outcome.UNSUPPORTED, f"{name} is packed in an unusual way ({error}): {INSTALL}")
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, ValueError, RuntimeError, OSError) as error:
        return Member(name, b"", Outcome.TRUNCATED, f"{name} is damaged or cut ({error})")
    return Member(name, b"".join(blocks))
