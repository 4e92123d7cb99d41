"""How LibreOffice is told what a file is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from crawler.documents import office


@dataclass(frozen=True, slots=True)
class ImportFormat:
    """The suffix of the name we give a file, LibreOffice's own name of the import filter, and a person's name of the format."""

    suffix: str
    filter_name: str
    name: str


IMPORT_FORMATS: Mapping[str, ImportFormat] = MappingProxyType(
    {
        office.WORD_97: ImportFormat("doc", "MS Word 97", "a Word 97-2003 document"),
        office.WORD_95: ImportFormat("doc", "MS Word 95", "a Word 95 document"),
        office.WORD_6: ImportFormat("doc", "MS WinWord 6", "a Word 6.0 document"),
        office.WORKS: ImportFormat("wps", "MS_Works", "a Works document"),
        office.RICH_TEXT: ImportFormat("rtf", "Rich Text Format", "RTF"),
        office.OPEN_DOCUMENT: ImportFormat("odt", "writer8", "OpenDocument text"),
    }
)
"""A format of `crawler.documents.office` to its importer."""
