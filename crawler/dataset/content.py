"""What of a record lasts from night to night, and a digest of it that is equal where nothing happened."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from crawler.dataset.exporters.base import joined, json_parts, json_text
from crawler.dataset.model import Record

VOLATILE = ("last_seen", "extractor_version")
"""Keys that move every night, or with every release, while the report stays what it is."""

VOLATILE_OF_DOCUMENT = ("fetched_at",)


def lasting(record: Record) -> Record:
    """The record without what changes though nothing happened."""
    kept = {key: value for key, value in record.items() if key not in VOLATILE}
    kept["documents"] = _lasting_documents(record)
    return kept


class ContentDigest:
    """A running digest of records without what is volatile."""

    def __init__(self) -> None:
        self._digest = sha256()

    def add(self, record: Record) -> None:
        """Takes in one record; the order matters."""
        self.add_parts(record, json_parts(record))

    def add_parts(self, record: Record, parts: Mapping[str, str]) -> None:
        """The same of a record whose values are JSON already."""
        kept = {key: part for key, part in parts.items() if key not in VOLATILE}
        kept["documents"] = json_text(_lasting_documents(record))
        self._digest.update(joined(kept).encode())

    def hexdigest(self) -> str:
        """The digest of the records so far."""
        return self._digest.hexdigest()


def _lasting_documents(record: Record) -> list[dict[str, Any]]:
    return [
        {key: value for key, value in document.items() if key not in VOLATILE_OF_DOCUMENT} for document in record["documents"]
    ]
