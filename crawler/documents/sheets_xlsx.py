"""What must be known of an XLSX before and beside what calamine reads of it: its real size, errors, hidden rows."""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from lxml import etree

from crawler.documents.sheets_facts import MAX_SHEETS, FilledArea, SheetFacts
from crawler.outcomes import Outcome, OutcomeError

MAX_MEMBERS = 10_000
MAX_PART_BYTES = 48 * 1024 * 1024
"""Uncompressed size of one XML part; the cells of a report take about 100 kB."""
MAX_PACKAGE_BYTES = 96 * 1024 * 1024
MAX_SHOWN_CHARACTERS = 32 * 1024 * 1024
"""Characters that all cells show together: one long shared string may be shown by a million cells."""
MAX_COLUMN = 16_384
MAX_ROW = 1_048_576

_PARTS = re.compile(r"(?!xl/(?:media|drawings|charts|theme|externallinks|pivot\w*|embeddings)/).*\.(?:xml|rels)$")
_REFERENCE = re.compile(r"\$?([A-Za-z]{1,3})\$?(\d{1,7})")


@dataclass(frozen=True, slots=True)
class Package:
    """An XLSX without its pictures, packed again so that no reader sees other bytes than were checked here."""

    content: bytes
    facts: Mapping[str, SheetFacts]
    """By sheet name."""


def check_package(content: bytes) -> Package:
    """Check the sizes of an XLSX and read what calamine leaves out.

    Raises:
        OutcomeError: ``too_large``, ``encrypted``, ``not_a_document``, ``unsupported`` (a binary workbook).
        zipfile.BadZipFile: and what else `zipfile` raises for a broken zip.
    """
    parts = _read_parts(content)
    by_name = {name.lower(): name for name in parts}
    if "xl/workbook.bin" in by_name:
        raise OutcomeError(Outcome.UNSUPPORTED, "no reader for this kind of file: binary workbook (.xlsb)")
    main = by_name.get("xl/workbook.xml")
    if main is None:
        raise OutcomeError(Outcome.NOT_A_DOCUMENT, "the zip holds no workbook (xl/workbook.xml)")
    targets = _relations(parts, by_name, "xl/_rels/workbook.xml.rels")
    lengths = _string_lengths(parts, by_name)
    facts: dict[str, SheetFacts] = {}
    scanned: dict[str, tuple[SheetFacts, Counter[int]]] = {}
    listed = shown = 0
    for sheet in _root(parts[main]).iter("{*}sheet"):
        identifier = next((value for key, value in sheet.attrib.items() if str(key).endswith("}id")), "")
        part = by_name.get(targets.get(str(identifier), "").lower())
        if part is None:
            continue
        listed += 1
        if listed > MAX_SHEETS:
            raise OutcomeError(Outcome.TOO_LARGE, f"the workbook has more than {MAX_SHEETS} sheets")
        if part not in scanned:
            scanned[part] = _scan_sheet(parts[part])
        found, used = scanned[part]
        shown += sum(lengths[index] * count for index, count in used.items() if index < len(lengths))
        if shown > MAX_SHOWN_CHARACTERS:
            raise OutcomeError(Outcome.TOO_LARGE, f"the cells of the workbook show more than {MAX_SHOWN_CHARACTERS} characters")
        facts[sheet.get("name", "")] = found
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name, data in parts.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return Package(packed.getvalue(), facts)


def _read_parts(content: bytes) -> dict[str, bytes]:
    parts: dict[str, bytes] = {}
    total = 0
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = archive.infolist()
        if len(members) > MAX_MEMBERS:
            raise OutcomeError(Outcome.TOO_LARGE, f"the XLSX has {len(members)} members; at most {MAX_MEMBERS} are read")
        for member in members:
            name = member.filename.replace("\\", "/").lstrip("/")
            if name.lower() != "xl/workbook.bin" and not _PARTS.match(name.lower()):
                continue
            if member.flag_bits & 1:
                raise OutcomeError(Outcome.ENCRYPTED, "the XLSX is a zip protected by a password")
            total += member.file_size
            if member.file_size > MAX_PART_BYTES or total > MAX_PACKAGE_BYTES:
                raise OutcomeError(Outcome.TOO_LARGE, f"the XLSX unpacks to more than {min(total, member.file_size)} bytes")
            with archive.open(member) as part:
                # `read` without a number unpacks all there is, whatever the package says of its length.
                parts[name] = part.read(member.file_size)
    return parts


def _root(data: bytes) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True)
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise OutcomeError(Outcome.NOT_A_DOCUMENT, f"a part of the XLSX is not well-formed XML: {error.msg}") from error
    if root.getroottree().docinfo.doctype:
        raise OutcomeError(Outcome.NOT_A_DOCUMENT, "a part of the XLSX declares a document type, which Excel never writes")
    return root


def _relations(parts: Mapping[str, bytes], by_name: Mapping[str, str], name: str) -> dict[str, str]:
    part = by_name.get(name)
    targets: dict[str, str] = {}
    for relation in _root(parts[part]).iter("{*}Relationship") if part else ():
        target = relation.get("Target", "")
        whole = target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join("xl", target))
        targets[relation.get("Id", "")] = whole
    return targets


def _string_lengths(parts: Mapping[str, bytes], by_name: Mapping[str, str]) -> list[int]:
    part = by_name.get("xl/sharedstrings.xml")
    if part is None:
        return []
    return [sum(len(text) for text in item.itertext()) for item in _root(parts[part]).iter("{*}si")]


def _scan_sheet(data: bytes) -> tuple[SheetFacts, Counter[int]]:
    """The facts of a sheet, and how often it shows which shared string; refuses what would need a giant array."""
    facts = SheetFacts()
    used: Counter[int] = Counter()
    root = _root(data)
    hidden_columns = [
        (int(column.get("min", "1")) - 1, int(column.get("max", "1")) - 1)
        for column in root.iter("{*}col")
        if column.get("hidden") in {"1", "true"}
    ]
    area = FilledArea()
    row_number = -1
    for row in root.iter("{*}row"):
        row_number = _bounded(row.get("r"), row_number + 1)
        is_hidden = row.get("hidden") in {"1", "true"}
        column = -1
        for cell in row:
            if not isinstance(cell.tag, str) or etree.QName(cell).localname != "c":
                continue
            reference = cell.get("r", "")
            place = _REFERENCE.fullmatch(reference)
            if reference and place is None:
                raise OutcomeError(Outcome.NOT_A_DOCUMENT, f"a cell stands at {reference[:20]!r}, which no sheet has")
            column = _column(place[1]) if place else column + 1
            at = int(place[2]) - 1 if place else row_number
            values = {etree.QName(child).localname: child for child in cell if isinstance(child.tag, str)}
            if not values:
                continue
            if at >= MAX_ROW or column >= MAX_COLUMN:
                raise OutcomeError(Outcome.NOT_A_DOCUMENT, f"a cell stands at {cell.get('r')}, which no sheet has")
            area.add(at, column)
            facts.hidden = facts.hidden or is_hidden or any(first <= column <= last for first, last in hidden_columns)
            _note(cell.get("t", "n"), values, (at, column), facts, used)
    area.check()
    return facts, used


def _note(
    kind: str, values: Mapping[str, etree._Element], slot: tuple[int, int], facts: SheetFacts, used: Counter[int]
) -> None:
    value = values.get("v")
    text = "" if value is None else (value.text or "").strip()
    if kind == "s" and text.isascii() and text.isdigit():
        used[int(text)] += 1
    elif kind == "e" and text:
        facts.shown[slot] = text
    elif "f" in values and not text and kind not in {"s", "str", "inlineStr"}:
        # Written by a program that does not calculate: a blank would be a lie.
        facts.shown[slot] = "=" + (values["f"].text or "")


def _bounded(text: str | None, default: int) -> int:
    return int(text) - 1 if text and text.isascii() and text.isdigit() and len(text) <= 7 else default


def _column(letters: str) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number - 1
