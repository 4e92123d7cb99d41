"""Which documents of one organisation, year and scope are renditions of one version, and which are versions of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import groupby

from crawler.dataset.model import Record
from crawler.dataset.reading import Reading, load_reading, prose

LoadRecord = Callable[[str, str], Record]
"""Fetches the record of a content (sha256) by an extractor version."""

SHINGLE = 5
"""Characters in a row that are compared as one: about two words of Chinese."""

SIMILARITY = 0.95
"""The share of the shorter text's shingles that the longer one must hold."""

TABLES_ONLY = 0.2
"""A text shorter than this share of the other's is an attachment of the tables, not another text."""

SAME_VISIT = timedelta(hours=12)
"""Documents of one page met within this time stood there together: a night's crawl is shorter, the next is further away."""

Version = list[Reading]
"""The renditions of one version, best first."""


def split_versions(readings: Sequence[Reading], load: LoadRecord) -> list[Version]:
    """The versions of one report, oldest first, whatever the order the readings come in.

    Equal texts with equal cells are one version. So are documents whose legible cells agree and whose words agree too, or of
    which one has hardly any words. Everything else is a version of its own, and none is dropped.
    """
    groups: dict[tuple[str, bytes], list[Reading]] = {}
    for reading in sorted(readings, key=lambda reading: reading.order):
        # Cells too: a text's normal form has neither signs nor decimal points.
        key = (reading.text_digest or reading.sighting.sha256, reading.known_cells)
        groups.setdefault(key, []).append(reading)
    versions: list[Version] = []
    # The most complete first, so that a partly legible document is held against whole ones.
    settled = [best_first(first_of_each_url(group)) for group in groups.values()]
    for group in sorted(settled, key=_by_completeness):
        fitting = [version for version in versions if _same_version(version[0], group[0], load)]
        if not fitting:
            versions.append(list(group))
            continue
        pages = {reading.sighting.page_url for reading in group}
        chosen = max(
            fitting,
            key=lambda version: (
                any(reading.sighting.page_url in pages for reading in version),
                _age(version),
                version[0].order,
            ),
        )
        chosen.extend(group)
    return _in_order([best_first(version) for version in versions])


def best_first(readings: Sequence[Reading]) -> Version:
    """The renditions, the best first: what is still at its URL before what it replaced there, then by completeness."""
    newest: dict[str, str] = {}
    for reading in readings:
        newest[reading.sighting.url] = max(newest.get(reading.sighting.url, ""), reading.sighting.last_seen)
    ordered = sorted(readings, key=lambda reading: (reading.sighting.sha256, reading.order))
    return sorted(
        ordered,
        key=lambda reading: (reading.sighting.last_seen == newest[reading.sighting.url], reading.completeness),
        reverse=True,
    )


def first_of_each_url(group: Sequence[Reading]) -> list[Reading]:
    """One reading a URL of those that say the same: the first archived, seen until the last was.

    A page's bytes may change every night (a counter, a token) while the report stays what it is; the ledger has them all.
    """
    kept: dict[tuple[str, ...], Reading] = {}
    for reading in sorted(group, key=lambda reading: (reading.sighting.first_seen, reading.order)):
        sighting = reading.sighting
        # A report put together is another where one of its parts stands at another address.
        key = (sighting.url, sighting.page_url, sighting.portal, *(part.url for part in reading.parts))
        first = kept.setdefault(key, reading)
        if sighting.last_seen > first.sighting.last_seen:
            kept[key] = replace(first, sighting=replace(first.sighting, last_seen=sighting.last_seen))
    return list(kept.values())


def stood_together(first: Reading, second: Reading) -> bool:
    """Whether two documents were to be had on one page at the same time."""
    one, two = first.sighting, second.sighting
    if one.page_url != two.page_url or one.url == two.url:
        return False
    latest_start = max(one.first_seen, two.first_seen)
    earliest_end = min(one.last_seen, two.last_seen)
    return moment(latest_start) - moment(earliest_end) < SAME_VISIT


def _by_completeness(group: Version) -> tuple[int, tuple[int, ...], tuple[str, ...]]:
    best = group[0]
    return -best.known_count, tuple(-int(part) for part in best.completeness), best.order


def _same_version(whole: Reading, other: Reading, load: LoadRecord) -> bool:
    if whole.corrected != other.corrected:
        return False
    if whole.known_cells != other.known_cells:
        cells = whole.cells()
        if any(cells.get(key, value) != value for key, value in other.cells().items()):
            return False
    if whole.sighting.page_url == other.sighting.page_url and stood_together(whole, other):
        return True
    longer, shorter = sorted((whole, other), key=lambda reading: reading.prose_length, reverse=True)
    if shorter.prose_length < TABLES_ONLY * longer.prose_length:
        return True
    return _containment(_words(longer, load), _words(shorter, load)) >= SIMILARITY


def _words(reading: Reading, load: LoadRecord) -> str:
    return prose(load_reading(reading, load))


def _containment(longer: str, shorter: str) -> float:
    """The share of the shorter text's shingles that stand in the longer one."""
    wanted = _shingles(shorter)
    return len(wanted & _shingles(longer)) / len(wanted) if wanted else 1.0


def _shingles(text: str) -> set[str]:
    return {text[start : start + SHINGLE] for start in range(max(1, len(text) - SHINGLE + 1)) if text}


def _in_order(versions: list[Version]) -> list[Version]:
    """Oldest first: by date of publication, a marked correction after what it corrects, by first sight, by content.

    Documents that stood together on one page are no corrections of each other: of those that differ, the best read is last.
    """
    ordered = sorted(versions, key=_age)
    result: list[Version] = []
    for _, same_day in groupby(ordered, key=lambda version: _age(version)[:2]):
        result.extend(_best_of_a_page_last(list(same_day)))
    return result


def _best_of_a_page_last(versions: list[Version]) -> list[Version]:
    result: list[Version] = []
    while versions:
        together = [versions.pop(0)]
        for version in list(versions):
            if any(stood_together(mine, its) for member in together for mine in member for its in version):
                together.append(version)
                versions.remove(version)
        result.extend(sorted(together, key=lambda version: (version[0].completeness, _age(version))))
    return result


def _age(version: Sequence[Reading]) -> tuple[str, bool, str, str]:
    first_seen = min(reading.sighting.first_seen for reading in version)
    dates = [reading.published_date for reading in version if reading.published_date]
    # A document without a date is taken to be of the day it was first seen.
    return (
        min(dates, default=first_seen[:10]),
        any(reading.corrected for reading in version),
        first_seen,
        min(reading.sighting.sha256 for reading in version),
    )


def moment(time: str) -> datetime:
    """The ledger's time as a point in time."""
    return datetime.fromisoformat(time)
