"""Reports that a page gives in several documents, joined before renditions and versions are told apart.

The text may stand in the article and the tables in an attachment, or each table in an attachment of its own. Joined is what
stands on one page at one time, is of one organisation and year, and contradicts itself in no cell; everything else stays as
it is. Pure: what is given in whatever order gives the same.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import combinations

from crawler.dataset.model import Sighting
from crawler.dataset.reading import ORGANISATION_FROM_PAGE, YEAR_FROM_PAGE, Reading
from crawler.dataset.renditions import SAME_VISIT, LoadRecord, first_of_each_url, moment
from crawler.forms.catalogue import TABLES
from crawler.forms.model import State
from crawler.forms.parts import PartsDifferError, join_parts
from crawler.outcomes import Outcome

PARTS_NOT_JOINED = "parts_not_joined"
PART_OUTCOMES = (Outcome.NO_TABLES, Outcome.NOT_A_REPORT)
"""Documents that are no report by themselves, though they have a record of what they hold."""

ReadRecord = Callable[[Sighting], Reading]
"""Reduces a sighting with its record to what assembling needs."""

_YEAR = re.compile(r"(?<!\d)(20\d\d)\s*年")
_SAYS_NOTHING = frozenset({"0", State.BLANK.value, State.NA_MARK.value})

Identity = tuple[str | None, int | None]


@dataclass(frozen=True, slots=True)
class Joining:
    """``readings`` are reports, joined or whole; ``unused`` are the parts that belong to none."""

    readings: tuple[Reading, ...]
    unused: tuple[Sighting, ...]


def join_split_reports(readings: Iterable[Reading], parts: Iterable[Reading], load: LoadRecord, read: ReadRecord) -> Joining:
    """Join what is split.

    Args:
        readings: documents that are reports.
        parts: documents that are none by themselves, but have a record.
        load: fetches the record of a content.
        read: reduces a joined record to a reading.
    """
    pages: dict[tuple[str, str], list[Reading]] = defaultdict(list)
    for reading in (*readings, *parts):
        pages[reading.sighting.portal, reading.sighting.page_url].append(reading)
    kept: list[Reading] = []
    unused: list[Sighting] = []
    for _, page in sorted(pages.items()):
        found = _join_page(sorted(page, key=lambda reading: reading.order), load, read)
        kept += found.readings
        unused += found.unused
    return Joining(tuple(kept), tuple(unused))


def _join_page(page: list[Reading], load: LoadRecord, read: ReadRecord) -> Joining:
    joined: dict[tuple[str, ...], Reading] = {}
    used: set[tuple[str, bytes, str]] = set()
    refused: set[tuple[str, bytes, str]] = set()
    for visit in _visits(_lasting(page)) if len(page) > 1 else ():
        for group in _by_identity(visit):
            if not _is_split(group):
                continue
            whole = None if _contradicts(group) else _join(group, load, read)
            (refused if whole is None else used).update(_content(reading) for reading in group)
            if whole is not None:
                joined[whole.order] = whole
    kept: list[Reading] = []
    unused: list[Sighting] = []
    for reading in page:
        if _content(reading) in used:
            continue
        if reading.sighting.outcome in PART_OUTCOMES:
            unused.append(reading.sighting)
        elif _content(reading) in refused:
            kept.append(replace(reading, flags=(*reading.flags, PARTS_NOT_JOINED)))
        else:
            kept.append(reading)
    return Joining((*kept, *joined.values()), tuple(unused))


def _content(reading: Reading) -> tuple[str, bytes, str]:
    return reading.text_digest or reading.sighting.sha256, reading.known_cells, reading.sighting.url


def _lasting(page: Sequence[Reading]) -> list[Reading]:
    """One reading for all that say the same at one URL, seen from the first to the last of them."""
    groups: dict[tuple[str, bytes, str], list[Reading]] = defaultdict(list)
    for reading in page:
        groups[_content(reading)].append(reading)
    return [reading for group in groups.values() for reading in first_of_each_url(group)]


def _visits(readings: Sequence[Reading]) -> list[list[Reading]]:
    """The sets of documents that stood on the page together; of one URL, the newest content."""
    visits: dict[tuple[tuple[str, ...], ...], list[Reading]] = {}
    for time in sorted({reading.sighting.first_seen for reading in readings}):
        at = moment(time)
        newest: dict[str, Reading] = {}
        for reading in sorted(readings, key=lambda reading: (reading.sighting.first_seen, reading.order)):
            begins, ends = moment(reading.sighting.first_seen), moment(reading.sighting.last_seen)
            if begins - at < SAME_VISIT and at - ends < SAME_VISIT:
                newest[reading.sighting.url] = reading
        together = sorted(newest.values(), key=lambda reading: reading.order)
        visits[tuple(reading.order for reading in together)] = together
    return list(visits.values())


def _identity(reading: Reading) -> Identity:
    """What the document itself says; what only the page says is no evidence against joining."""
    name = None if ORGANISATION_FROM_PAGE in reading.flags else reading.organisation.org_id or reading.organisation.own_name
    return name or None, None if YEAR_FROM_PAGE in reading.flags else reading.year


def _by_identity(visit: Sequence[Reading]) -> list[list[Reading]]:
    """The documents by organisation and year; those that say neither go with the only ones that do."""
    stated: dict[Identity, list[Reading]] = defaultdict(list)
    silent: list[Reading] = []
    for reading in visit:
        identity = _identity(reading)
        if None in identity:
            silent.append(reading)
        else:
            stated[identity].append(reading)
    if not stated:
        return [silent]
    if len(stated) > 1:
        return list(stated.values())
    ((identity, group),) = stated.items()
    return [sorted([*group, *(one for one in silent if _agrees(one, group[0], identity))], key=lambda one: one.order)]


def _agrees(silent: Reading, stated: Reading, identity: Identity) -> bool:
    """Whether nothing that a document or the link to it says is against its being of this organisation and year."""
    name, year = _identity(silent)
    if (name is not None and name != identity[0]) or (year is not None and year != identity[1]):
        return False
    if silent.year is not None and silent.year != stated.year:
        return False
    own_id, its_id = silent.organisation.org_id, stated.organisation.org_id
    if own_id is not None and its_id is not None and own_id != its_id:
        return False
    years = {int(found) for found in _YEAR.findall(silent.sighting.link_text or "")}
    return not years or stated.year in years


def _is_split(group: Sequence[Reading]) -> bool:
    """Whether no document is whole, and they hold more together than any of them."""
    if len(group) < 2 or any(_is_whole(reading) for reading in group):
        return False
    tables = frozenset[str]().union(*(reading.tables for reading in group))
    texts = any(reading.section_count for reading in group)
    return bool(tables) and not any(reading.tables == tables and bool(reading.section_count) == texts for reading in group)


def _is_whole(reading: Reading) -> bool:
    return bool(reading.section_count) and len(reading.tables) == len(TABLES)


def _contradicts(group: Sequence[Reading]) -> bool:
    """Whether two documents tell different things, or the same numbers by chance: zeros are no evidence."""
    texts = {reading.text_digest or reading.sighting.sha256 for reading in group if reading.section_count}
    scopes = {reading.scope for reading in group if reading.scope is not None and reading.section_count}
    if len(texts) > 1 or len(scopes) > 1 or len({reading.corrected for reading in group}) > 1:
        return True
    for one, two in combinations(group, 2):
        mine, its = one.cells(), two.cells()
        shared = mine.keys() & its.keys()
        if any(mine[key] != its[key] for key in shared):
            return True
        same_kind = one.sighting.media_type == two.sighting.media_type
        if shared and same_kind and all(mine[key] in _SAYS_NOTHING for key in shared):
            return True
    return False


def _join(group: Sequence[Reading], load: LoadRecord, read: ReadRecord) -> Reading | None:
    parts = tuple(sorted((reading.sighting for reading in group), key=lambda part: (part.url, part.sha256)))
    base = max(group, key=lambda reading: (reading.section_count, reading.known_count, reading.order)).sighting
    try:
        record = join_parts(
            [load(part.sha256, part.extractor_version or "") for part in parts], [part.sha256 for part in parts]
        )
    except PartsDifferError:
        return None
    whole = replace(
        base,
        sha256=sha256("\n".join(part.sha256 for part in parts).encode()).hexdigest(),
        outcome=Outcome.OK,
        message="",
        first_seen=max(part.first_seen for part in parts),
        last_seen=min(part.last_seen for part in parts),
        record=record,
    )
    return replace(read(whole), parts=parts)
