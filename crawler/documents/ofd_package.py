"""The container of an OFD: a zip of XML parts, read by part name, never by what a part's size claims to be."""

from __future__ import annotations

import io
import lzma
import posixpath
import struct
import zipfile
import zlib
from functools import lru_cache

from lxml import etree

from crawler.outcomes import Outcome, OutcomeError

MAX_MEMBERS = 10_000
MAX_PART_BYTES = 24 * 1024 * 1024
"""Uncompressed size of one XML part; a page full of text has about 100 KB."""
MAX_TOTAL_BYTES = 96 * 1024 * 1024
"""Uncompressed size of all XML parts that are read; fonts are never unpacked, images only for OCR."""
MAX_MEDIA_BYTES = 60 * 1024 * 1024
"""Uncompressed size of all images that are read; a scanned report of 60 pages has about 20 MB."""
ENTRY = "ofd.xml"


def local_name(element: etree._Element) -> str:
    """The element's name without its name space: drafts and the standard use different ones."""
    return _local(str(element.tag))


@lru_cache(maxsize=512)
def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def children(element: etree._Element, name: str) -> list[etree._Element]:
    """The child elements of that local name."""
    return [child for child in element if local_name(child) == name]


def children_by_name(element: etree._Element) -> dict[str, list[etree._Element]]:
    """All child elements by local name."""
    found: dict[str, list[etree._Element]] = {}
    for child in element:
        name = _local(str(child.tag))
        if name in found:
            found[name].append(child)
        else:
            found[name] = [child]
    return found


def child_text(element: etree._Element, name: str) -> str:
    """The text of the first child of that local name, without outer white space; empty where there is none."""
    return next(((child.text or "").strip() for child in element if local_name(child) == name), "")


class Package:
    """The parts of one OFD, found however their paths are written.

    Raises:
        OutcomeError: ``truncated`` (no zip directory), ``not_a_document`` (no ``OFD.xml``), ``too_large`` (too many members).
    """

    def __init__(self, content: bytes) -> None:
        try:
            self._archive = zipfile.ZipFile(io.BytesIO(content))
            members = self._archive.infolist()
        except (zipfile.BadZipFile, ValueError, NotImplementedError, struct.error, EOFError, zlib.error) as error:
            raise OutcomeError(
                Outcome.TRUNCATED, "the OFD's zip directory is missing or broken: the file is damaged; fetch it again"
            ) from error
        if len(members) > MAX_MEMBERS:
            raise OutcomeError(Outcome.TOO_LARGE, f"the OFD holds {len(members)} files; at most {MAX_MEMBERS} are read")
        self._parts: dict[str, zipfile.ZipInfo] = {}
        for member in members:
            self._parts.setdefault(_key(member.filename), member)
        self._unread_bytes = MAX_TOTAL_BYTES
        self._unread_media_bytes = MAX_MEDIA_BYTES
        entries = sorted((name for name in self._parts if posixpath.basename(name) == ENTRY), key=lambda name: name.count("/"))
        if not entries:
            raise OutcomeError(Outcome.NOT_A_DOCUMENT, "the file is a zip without OFD.xml, so no OFD")
        self.entry = entries[0]
        self._root = posixpath.dirname(self.entry)
        self._encrypted = any(posixpath.basename(name) in {"encryptions.xml", "decryptseed.dat"} for name in self._parts)

    def find(self, location: str, base: str) -> str | None:
        """The part that ``location`` means inside the part ``base``; ``None`` if there is none.

        The standard has absolute locations start with ``/`` and others stand beside the part that names them. Producers
        mix this up, and letter case and slashes as well: the package's root and the folders above ``base`` are tried too.
        """
        wanted = _key(location)
        if not wanted:
            return None
        folders = [self._root]
        if not location.strip().replace("\\", "/").startswith("/"):
            folder = posixpath.dirname(base)
            above = [folder]
            while folder:
                folder = posixpath.dirname(folder)
                above.append(folder)
            folders = [*above, self._root]
        for folder in folders:
            name = _key(posixpath.join(folder, wanted))
            if name in self._parts:
                return name
        return None

    def xml(self, name: str) -> etree._Element:
        """The root element of a part that `find` gave.

        Raises:
            OutcomeError: ``too_large``, ``encrypted``, ``truncated`` (the part cannot be unpacked) or ``not_a_document``
                (no well-formed XML, or XML with a document type, which no OFD has).
        """
        data = self._bytes(name, min(MAX_PART_BYTES, self._unread_bytes))
        self._unread_bytes -= len(data)
        parser = etree.XMLParser(
            resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
        )
        try:
            root = etree.fromstring(data, parser)
        except (etree.XMLSyntaxError, ValueError) as error:
            if self._encrypted:
                raise OutcomeError(Outcome.ENCRYPTED, "the OFD is encrypted; ask its publisher for an open copy") from error
            raise OutcomeError(
                Outcome.NOT_A_DOCUMENT, f"the part {posixpath.basename(name)} of the OFD is not well-formed XML"
            ) from error
        if root.getroottree().docinfo.doctype:
            raise OutcomeError(Outcome.NOT_A_DOCUMENT, "a part of the OFD declares a document type, which no OFD has")
        return root

    def media(self, name: str) -> bytes:
        """The bytes of an image that `find` gave.

        Raises:
            OutcomeError: as `xml`, of what a zip can be.
        """
        data = self._bytes(name, self._unread_media_bytes)
        self._unread_media_bytes -= len(data)
        return data

    def _bytes(self, name: str, limit: int) -> bytes:
        member = self._parts[name]
        if member.flag_bits & 1:
            raise OutcomeError(Outcome.ENCRYPTED, "the OFD's parts are protected by a password; ask for an open copy")
        try:
            with self._archive.open(member) as part:
                data = part.read(limit + 1)
        except NotImplementedError as error:
            raise OutcomeError(
                Outcome.UNSUPPORTED, f"the OFD is packed by a method that cannot be read (zip method {member.compress_type})"
            ) from error
        except RuntimeError as error:
            raise OutcomeError(
                Outcome.ENCRYPTED, "the OFD's parts are protected by a password; ask for an open copy"
            ) from error
        except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError, struct.error) as error:
            raise OutcomeError(
                Outcome.TRUNCATED, f"the part {posixpath.basename(name)} of the OFD is damaged; fetch the file again"
            ) from error
        if len(data) > limit:
            raise OutcomeError(
                Outcome.TOO_LARGE, f"the part {posixpath.basename(name)} of the OFD unpacks to more than is read"
            )
        return data


def _key(path: str) -> str:
    """The path in one spelling: forward slashes, no leading one, ``.`` and ``..`` resolved inside the package."""
    path = path.strip().replace("\\", "/").lower()
    return posixpath.normpath("/" + path).lstrip("/") if path.strip("/") else ""
