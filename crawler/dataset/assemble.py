"""From documents seen to reports: one current record for each organisation, year and scope, and the versions before it.

Pure: what is given in whatever order gives the same reports. Reports that are split over several documents (text in one,
tables in another) are put together first, see ``joining``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any

from crawler.dataset.joining import PART_OUTCOMES, join_split_reports
from crawler.dataset.model import Record, Sighting
from crawler.dataset.neighbours import Neighbours
from crawler.dataset.on_disk import OnDisk
from crawler.dataset.organisation_context import by_same_text, settle_by_words
from crawler.dataset.organisations import UNRESOLVED, WEAK, Division, Gazetteer, Organisation, resolve_organisation
from crawler.dataset.reading import (
    OWN_SCOPE,
    UNKNOWN_SCOPE,
    UNSTATED_SCOPES,
    YEAR_UNKNOWN,
    Reading,
    TitleReader,
    load_reading,
    organisation_flags,
    read_sighting,
)
from crawler.dataset.renditions import LoadRecord, Version, split_versions, stood_together
from crawler.dataset.report_version import Key, ReportVersion, version_id
from crawler.forms.context_checks import RECEIVED, run_context_checks
from crawler.forms.model import Check
from crawler.outcomes import Outcome

ASSEMBLY_VERSION = "3"
"""Raised when the same ledger could give another dataset."""

COPIED_TEXT = "copied_text"
RENDITIONS_DIFFER = "renditions_differ"


@dataclass(frozen=True, slots=True)
class Assembly:
    """``current`` and ``superseded`` versions by report and version; ``problems`` are documents that gave no report."""

    current: OnDisk[ReportVersion]
    superseded: OnDisk[ReportVersion]
    problems: tuple[Sighting, ...]


def assemble(
    sightings: Iterable[Sighting],
    *,
    load: LoadRecord,
    divisions: Iterable[Division] = (),
    read_title: TitleReader | None = None,
) -> Assembly:
    """The reports that the sightings amount to.

    Args:
        sightings: in any order; their records are let go as soon as they are read.
        load: fetches the record of a content again, by sha256 and extractor version.
        divisions: of the registry; the regions of the portals are added.
        read_title: what a link's or page's title says, asked only where a document does not say itself.

    Raises:
        OSError: the disk is full or cannot be written.
    """
    readings, problems = _read_all(sightings, tuple(divisions), read_title, load)
    groups: dict[Key, list[Reading]] = defaultdict(list)
    for reading in _settle_scopes(_agree_on_organisations(readings)):
        groups[_key(reading)].append(reading)
    del readings
    current: dict[Key, ReportVersion] = {}
    superseded: dict[Key, list[ReportVersion]] = {}
    for key in list(groups):
        *earlier, current[key] = _number_versions(key, split_versions(groups.pop(key), load))
        if earlier:
            superseded[key] = earlier
    beside = Neighbours(current)
    copied = _copied(current.values())
    standing = sorted(current.items(), key=lambda item: item[1].report_id)
    replaced = sorted(
        ((key, version) for key, versions in superseded.items() for version in versions),
        key=lambda item: (item[1].report_id, item[1].version_no),
    )
    return Assembly(
        current=OnDisk(_flag_copy(beside.given_to(key, version), copied) for key, version in standing),
        superseded=OnDisk(beside.given_to(key, version) for key, version in replaced),
        problems=tuple(problems),
    )


def report_record(version: ReportVersion, load: LoadRecord) -> Record:
    """The version as one line of ``reports.jsonl``, its keys in the order of the documentation."""
    best = version.renditions[0]
    sighting, organisation = best.sighting, version.organisation
    record = load_reading(best, load)
    dates = [reading.published_date for reading in version.renditions if reading.published_date]
    published_date = best.published_date or min(dates, default=None)
    return {
        "report_id": version.report_id,
        **_organisation_fields(organisation, record.get("org_name_raw")),
        "year": version.year,
        "title": record.get("title") or sighting.page_title or sighting.list_title,
        "form_version": record.get("form_version"),
        "reporting_scope": version.reporting_scope,
        "published_date": published_date,
        **_content_fields(record, organisation, published_date, version.flags, version.previous, version.received_below),
        "documents": _documents(version.renditions),
        "portal": sighting.portal_name,
        "page_url": sighting.page_url,
        "column_url": sighting.column_url,
        "version_no": version.version_no,
        "supersedes": version.supersedes,
        "first_seen": min(reading.sighting.first_seen for reading in version.renditions),
        "last_seen": max(reading.sighting.last_seen for reading in version.renditions),
        "gone_at": _gone_at(version.renditions),
        "extractor_version": sighting.extractor_version,
    }


def local_record(record: Record, *, gazetteer: Gazetteer, content_sha256: str, extractor_version: str) -> Record:
    """A local file's record with the keys of ``reports.jsonl``, without those that only a crawl knows.

    The organisation is resolved by its name and the record's own words; where they do not tell it is ``None`` and a flag
    says so.
    """
    name = record.get("org_name_raw")
    organisation = settle_by_words(resolve_organisation(name, gazetteer=gazetteer), name, record, gazetteer)
    year, scope = record.get("year"), record.get("reporting_scope")
    key = OWN_SCOPE if scope in UNSTATED_SCOPES else scope
    flags = [*organisation_flags(organisation, has_portal=False), *([YEAR_UNKNOWN] if year is None else [])]
    identified = organisation.org_id is not None and year is not None
    return {
        "report_id": f"{organisation.org_id}:{year}:{key}" if identified else f"document:{content_sha256[:32]}",
        **_organisation_fields(organisation, name),
        "year": year,
        "title": record.get("title"),
        "form_version": record.get("form_version"),
        "reporting_scope": scope or UNKNOWN_SCOPE,
        "published_date": record.get("published_date"),
        **_content_fields(record, organisation, record.get("published_date"), flags),
        "extractor_version": extractor_version,
    }


def _organisation_fields(organisation: Organisation, name: str | None) -> Record:
    return {
        "org_id": organisation.org_id,
        "org_name": organisation.org_name,
        "org_name_raw": name,
        "org_level": organisation.org_level,
        "org_type": organisation.org_type,
        "region_code": organisation.region_code,
        "region_path": organisation.region_path,
        "township_code": organisation.township_code,
        "org_confidence": organisation.confidence,
        "org_evidence": list(organisation.evidence),
    }


def _content_fields(
    record: Record,
    organisation: Organisation,
    published_date: str | None,
    flags: Iterable[str],
    previous: Reading | None = None,
    received_below: Sequence[float] | None = None,
) -> Record:
    context = run_context_checks(
        record,
        org_level=organisation.org_level,
        org_type=organisation.org_type,
        published_date=published_date,
        previous=None if previous is None else {"form_version": previous.form_version, "values": previous.values()},
        children=None if received_below is None else [{"values": {RECEIVED: received}} for received in received_below],
    )
    return {
        "period": record.get("period"),
        "contact": record.get("contact"),
        "sections": record["sections"],
        "text": record["text"],
        "values": record["values"],
        "cells": record["cells"],
        "checks": [*record["checks"], *map(_check_fields, context)],
        "quality_flags": [*dict.fromkeys((*record["quality_flags"], *flags))],
        "methods": record.get("methods", {}),
        "readings": record.get("readings", {}),
    }


def _check_fields(check: Check) -> Record:
    return {"id": check.id, "kind": check.kind, "status": check.status.value, "detail": check.detail}


def _gone_at(renditions: Sequence[Reading]) -> str | None:
    """When the last page that listed the report was missed; ``None`` while one still does."""
    gone = [reading.sighting.gone_at for reading in renditions]
    return None if None in gone else max(time for time in gone if time is not None)


def _documents(renditions: Sequence[Reading]) -> list[dict[str, Any]]:
    sightings = [sighting for reading in renditions for sighting in reading.parts or (reading.sighting,)]
    found = {(sighting.url, sighting.sha256): sighting for sighting in sightings}
    return [
        {
            "url": sighting.url,
            "sha256": sighting.sha256,
            "media_type": sighting.media_type,
            "bytes": sighting.size,
            "path": sighting.path,
            "role": sighting.role,
            "outcome": sighting.outcome.value,
            "fetched_at": sighting.fetched_at,
        }
        for _, sighting in sorted(found.items())
    ]


def _read_all(
    sightings: Iterable[Sighting], divisions: tuple[Division, ...], read_title: TitleReader | None, load: LoadRecord
) -> tuple[list[Reading], list[Sighting]]:
    registry = Gazetteer(divisions)
    others_regions: dict[Division, Gazetteer] = {}

    def read(sighting: Sighting) -> Reading:
        gazetteer = registry
        if sighting.portal_region and not registry.knows(sighting.portal_region):
            region = (sighting.portal_region, sighting.portal_region_code)
            if region not in others_regions:
                others_regions[region] = Gazetteer([*divisions, region])
            gazetteer = others_regions[region]
        return read_sighting(sighting, gazetteer, read_title)

    reports: dict[tuple[str, ...], Reading] = {}
    parts: dict[tuple[str, ...], Reading] = {}
    others: dict[tuple[str, ...], Sighting] = {}
    for sighting in sightings:
        if sighting.record is None or "members" in sighting.record:  # an archive's are documents of their own
            others[sighting.url, sighting.sha256, sighting.page_url, sighting.portal] = sighting
            continue
        reading = read(sighting)
        (parts if sighting.outcome in PART_OUTCOMES else reports)[reading.order] = reading
    joining = join_split_reports(reports.values(), parts.values(), load, read)
    readings = {reading.order: reading for reading in joining.readings}
    for part in joining.unused:
        others[part.url, part.sha256, part.page_url, part.portal] = part
    pages_with_report = {reading.sighting.page_url for reading in readings.values()}
    problems = [
        other
        for _, other in sorted(others.items())
        # An article that only announces its attachment is no report, and nothing is missing.
        # Nor is it where the documents of an archive are reports.
        if not (other.outcome is Outcome.NOT_A_REPORT and other.page_url in pages_with_report)
        and not (other.outcome is Outcome.OK and other.record)
    ]
    return [readings[order] for order in sorted(readings)], problems


def _agree_on_organisations(readings: Sequence[Reading]) -> list[Reading]:
    """One text met on several portals has one organisation: a town's report on the city's portal is the county's town."""
    groups: dict[str, list[Reading]] = defaultdict(list)
    for reading in readings:
        groups[reading.text_digest or reading.sighting.sha256].append(reading)
    return [agreed for group in groups.values() for agreed in _agree(group)]


def _agree(group: list[Reading]) -> list[Reading]:
    known = {reading.organisation.org_id: reading.organisation for reading in group if reading.organisation.org_id}
    sure = {org_id: organisation for org_id, organisation in known.items() if organisation.confidence != WEAK}
    known = sure or known
    years = {reading.year for reading in group if reading.year is not None}
    if len(group) == 1 or not known:
        return group
    deepest = max(known.values(), key=lambda organisation: (len(_path(organisation)), organisation.org_id or ""))
    one_place = all(
        organisation.own_name == deepest.own_name and f"{_path(deepest)}/".startswith(f"{_path(organisation)}/")
        for organisation in known.values()
    )
    settled_on = min(reading.sighting.portal_name for reading in group if reading.organisation.org_id == deepest.org_id)
    agreed = []
    for reading in group:
        year = reading.year if len(years) != 1 else next(iter(years))
        organisation = reading.organisation
        if one_place and organisation.org_id != deepest.org_id:
            organisation = by_same_text(deepest, settled_on)
        settled = {UNRESOLVED} if organisation.org_id else set()
        flags = tuple(flag for flag in reading.flags if flag not in settled)
        agreed.append(replace(reading, organisation=organisation, year=year, flags=flags))
    return agreed


def _path(organisation: Organisation) -> str:
    return organisation.region_path or ""


def _settle_scopes(readings: Sequence[Reading]) -> list[Reading]:
    """A document that does not state its scope goes with the one stated beside it for the same organisation and year."""
    stated: dict[tuple[str | None, int | None], set[str]] = defaultdict(set)
    for reading in readings:
        if reading.scope is not None:
            stated[reading.organisation.org_id, reading.year].add(reading.scope)
    settled = []
    for reading in readings:
        scopes = stated[reading.organisation.org_id, reading.year]
        joins = reading.scope is None and reading.organisation.org_id is not None and len(scopes) == 1
        settled.append(replace(reading, scope_key=next(iter(scopes))) if joins else reading)
    return settled


def _key(reading: Reading) -> Key:
    if reading.organisation.org_id is None or reading.year is None:
        return f"document:{reading.text_digest or reading.sighting.sha256}", reading.year, reading.scope_key
    return reading.organisation.org_id, reading.year, reading.scope_key


def _number_versions(key: Key, versions: Sequence[Version]) -> list[ReportVersion]:
    organisation_key, year, scope = key
    if organisation_key.startswith("document:"):
        first = min(
            (reading.sighting for version in versions for reading in version), key=lambda seen: (seen.first_seen, seen.sha256)
        )
        report_id = f"document:{first.sha256[:32]}"
    else:
        report_id = f"{organisation_key}:{year}:{scope}"
    stated = {reading.scope for version in versions for reading in version if reading.scope is not None}
    numbered: list[ReportVersion] = []
    for number, version in enumerate(versions, start=1):
        differs = any(
            stood_together(mine, its) for other in versions if other is not version for mine in version for its in other
        )
        best = version[0]
        numbered.append(
            ReportVersion(
                report_id=report_id,
                version_no=number,
                supersedes=version_id(report_id, number - 1) if number > 1 else None,
                organisation=best.organisation,
                year=year,
                reporting_scope=scope if stated else UNKNOWN_SCOPE,
                renditions=tuple(version),
                flags=(*best.flags, *((RENDITIONS_DIFFER,) if differs else ())),
            )
        )
    return numbered


def _copied(versions: Iterable[ReportVersion]) -> set[bytes]:
    """The words and the numbers that reports of different organisations for one year have in common.

    Numbers that are all zero are no evidence: most towns report nothing but zeros.
    """
    owners: dict[bytes, str] = {}
    copied: set[bytes] = set()
    for version in versions:
        owner = version.organisation.org_id or version.report_id
        for evidence in _evidence(version):
            if owners.setdefault(evidence, owner) != owner:
                copied.add(evidence)
    return copied


def _flag_copy(version: ReportVersion, copied: set[bytes]) -> ReportVersion:
    """Flagged where words or numbers are another's too; merged with none."""
    if copied.isdisjoint(_evidence(version)):
        return version
    return replace(version, flags=(*version.flags, COPIED_TEXT))


def _evidence(version: ReportVersion) -> list[bytes]:
    """Digests of what two reports have in common only where one is the other's copy."""
    best = version.renditions[0]
    evidence: list[tuple[object, ...]] = [("text", best.text_digest)] if best.text_digest else []
    if best.prose_digest:
        evidence.append(("words", version.year, best.prose_digest))
    if best.has_non_zero:
        evidence.append(("numbers", version.year, best.known_cells))
    return [blake2b(repr(one).encode(), digest_size=16).digest() for one in evidence]
