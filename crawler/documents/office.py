"""Office formats that are read as the DOCX another program makes of them: which one, and whether it is fit to be handed on.

The program is told which of its importers to use, never left to its own guess: a file reaches the importer that its first
bytes call for and no other.
"""

from __future__ import annotations

import io
import lzma
import re
import struct
import zipfile
import zlib
from collections.abc import Callable

from crawler.documents.ole import read_compound_file
from crawler.documents.sniff import DOC, ODT, RTF, WPS
from crawler.outcomes import Outcome, OutcomeError

Convert = Callable[[bytes, str], bytes]
"""Makes DOCX of a file and one of the formats below; raises OutcomeError where it cannot."""

OFFICE_KINDS = frozenset({DOC, WPS, RTF, ODT})
"""Media types that are read by way of DOCX."""

WORD_97 = "word-97"
WORD_95 = "word-95"
WORD_6 = "word-6"
WORKS = "works"
RICH_TEXT = "rtf"
OPEN_DOCUMENT = "odt"

_FIB_BYTES = 32
_WORD_IDENTS = frozenset({0xA5EC, 0xA5DC})
_FIRST_FIB_95 = 104
_FIRST_FIB_97 = 106
_FIRST_FIB_6 = 101
_ENCRYPTED_BIT = 0x0100

_RTF_TOKEN = re.compile(rb"\\bin(-?\d{1,9})(?: |(?![0-9]))|\\.|[{}]", re.DOTALL)
_MANIFEST = "META-INF/manifest.xml"
_MAX_MANIFEST_BYTES = 1024 * 1024


def office_format(content: bytes, media_type: str) -> str:
    """The format, one of this module's constants, of a whole file of one of `OFFICE_KINDS`.

    Raises:
        OutcomeError: ``truncated`` where the file's own structure goes on behind its end, ``encrypted`` where it says that a
            password protects it, ``not_a_document`` where no text document is inside, ``unsupported`` for Word before 6.0.
    """
    if media_type in {DOC, WPS}:
        return _ole_format(content, media_type)
    if media_type == RTF:
        _check_rtf(content)
        return RICH_TEXT
    if media_type == ODT:
        _check_odt(content)
        return OPEN_DOCUMENT
    raise ValueError(f"no office format: {media_type}")


def _ole_format(content: bytes, media_type: str) -> str:
    container = read_compound_file(content)
    if container is None or container.is_cut:
        raise OutcomeError(Outcome.TRUNCATED, "the Word document's container (OLE) is cut: it names sectors behind its end")
    if media_type == WPS:
        return WORKS
    block = container.head("WordDocument", _FIB_BYTES)
    if len(block) < _FIB_BYTES:
        raise OutcomeError(Outcome.NOT_A_DOCUMENT, "the OLE file holds an empty Word document")
    ident, version = struct.unpack("<HH", block[:4])
    flags = int.from_bytes(block[10:12], "little")
    if ident not in _WORD_IDENTS:
        raise OutcomeError(Outcome.NOT_A_DOCUMENT, "the OLE file's Word stream is no Word document")
    if flags & _ENCRYPTED_BIT:
        raise OutcomeError(Outcome.ENCRYPTED, "the Word document is protected by a password")
    if version >= _FIRST_FIB_97:
        return WORD_97
    if version >= _FIRST_FIB_95:
        return WORD_95
    if version >= _FIRST_FIB_6:
        return WORD_6
    raise OutcomeError(Outcome.UNSUPPORTED, "a Word document older than Word 6.0; save it again as DOCX")


def _check_rtf(content: bytes) -> None:
    depth = 0
    position = 0
    while (token := _RTF_TOKEN.search(content, position)) is not None:
        position = token.end()
        match content[token.start()]:
            case 0x7B:
                depth += 1
            case 0x7D:
                depth -= 1
                if depth == 0:
                    return
            case _ if token.group(1) is not None:
                position += max(int(token.group(1)), 0)
    raise OutcomeError(Outcome.TRUNCATED, "the RTF ends before its last bracket closes")


def _check_odt(content: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = set(archive.namelist())
            if "content.xml" not in names:
                raise OutcomeError(Outcome.NOT_A_DOCUMENT, "the OpenDocument package holds no content.xml")
            manifest = b""
            if _MANIFEST in names:
                with archive.open(_MANIFEST) as member:
                    manifest = member.read(_MAX_MANIFEST_BYTES)
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError) as error:
        raise OutcomeError(Outcome.TRUNCATED, f"the OpenDocument package is a broken zip: {error}") from error
    except (NotImplementedError, RuntimeError, ValueError, OverflowError) as error:
        raise OutcomeError(Outcome.NOT_A_DOCUMENT, f"the OpenDocument package cannot be opened: {error}") from error
    if b"encryption-data" in manifest:
        raise OutcomeError(Outcome.ENCRYPTED, "the OpenDocument text is protected by a password")
