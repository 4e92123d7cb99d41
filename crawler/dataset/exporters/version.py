"""What the files of a version say about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class DatasetVersion:
    """Whose dataset it is, the version's name, and when it was made (UTC)."""

    spider: str
    name: str
    created_at: datetime
