"""An archive's documents as the crawl keeps them: an address and a file of their own, and a list of them with the archive."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self
from urllib.parse import quote

from crawler.dataset.model import Record
from crawler.documents.archives import Member
from crawler.documents.sniff import sniff
from crawler.outcomes import Outcome
from crawler.storage.store import FileStore, keep


@dataclass(frozen=True, slots=True)
class StoredMember:
    """One file of an archive. ``outcome`` says why nothing is stored, and is ``None`` for what can be read."""

    name: str
    outcome: str | None = None
    message: str = ""
    sha256: str | None = None
    media_type: str | None = None
    size: int | None = None
    """Bytes."""
    path: str | None = None
    """In the attachment store."""

    @property
    def expected(self) -> str | None:
        """The kind of file that the name promises."""
        return Member(self.name, b"").expected

    @property
    def title(self) -> str:
        """The name as a person would say it."""
        return Member(self.name, b"").title

    def url(self, archive: str) -> str:
        """The member's address: that of its archive, and its own name as the fragment."""
        return f"{archive}#{quote(self.name, safe='')}"


def store_member(store: FileStore, member: Member) -> StoredMember:
    """Keep a member as a file, named by its content.

    Raises:
        OSError: it cannot be stored.
    """
    if member.outcome is not None:
        return StoredMember(member.name, member.outcome.value, member.message)
    media_type = sniff(member.content)
    sha256, path = keep(store, member.content, media_type)
    return StoredMember(member.name, None, "", sha256, media_type, len(member.content), path)


@dataclass(frozen=True, slots=True)
class Contents:
    """What an archive holds, and how unpacking it ended: ``ok``, or an outcome and message that say what is missing."""

    members: tuple[StoredMember, ...]
    outcome: Outcome
    message: str

    @classmethod
    def of_record(cls, record: Record | None) -> Self | None:
        """What `as_record` was made of; ``None`` where it is no archive's."""
        if not record or "members" not in record:
            return None
        members = tuple(StoredMember(**member) for member in record["members"])
        return cls(members, Outcome(record["outcome"]), record["message"])

    def as_record(self) -> dict[str, Any]:
        """For the ledger: an archive that is known is not unpacked again."""
        members = [asdict(member) for member in self.members]
        return {"members": members, "outcome": self.outcome.value, "message": self.message}

    def link_text(self, member: StoredMember, archive: str) -> str:
        """What the link to a member would say: its name tells it from the others; alone, the link to the archive says more."""
        return (archive or member.title) if len(self.members) == 1 else member.title

    def end(self, outcomes: Sequence[Outcome]) -> tuple[Outcome, str]:
        """How the archive itself ends, once its members have: ``ok`` where one of them is a report and none is missing.

        >>> Contents((), Outcome.OK, "an archive with 2 documents").end([Outcome.OK, Outcome.NOT_A_REPORT])
        (<Outcome.OK: 'ok'>, 'an archive with 2 documents')
        """
        if self.outcome is not Outcome.OK or Outcome.OK in outcomes:
            return self.outcome, self.message
        ends = ", ".join(f"{outcomes.count(outcome)} {outcome.value}" for outcome in dict.fromkeys(outcomes))
        return Outcome.NOT_A_REPORT, f"{self.message}; none of them is a report by itself ({ends})"
