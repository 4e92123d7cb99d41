"""Publishing: stage, assert, switch. What is current is always whole, and a bad night never takes its place."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from crawler.dataset.assemble import ASSEMBLY_VERSION, Assembly, assemble, report_record
from crawler.dataset.assertions import Failure, Tally, Thresholds, failures
from crawler.dataset.clock import iso, stamp, utc_now
from crawler.dataset.delta import ContentDigest, delta, read_records
from crawler.dataset.exporters import EXPORTERS
from crawler.dataset.exporters.base import json_line
from crawler.dataset.exporters.derived import write_derived
from crawler.dataset.exporters.reports_jsonl import ReportsJsonl, SupersededJsonl
from crawler.dataset.exporters.version import DatasetVersion
from crawler.dataset.ledger import Ledger
from crawler.dataset.model import PortalHealth, Sighting
from crawler.dataset.organisations import Division
from crawler.dataset.reading import TitleReader
from crawler.dataset.renditions import LoadRecord
from crawler.dataset.report import Contents, Surroundings, health_entries, write_page
from crawler.dataset.schema import SCHEMA_VERSION, RecordValidator
from crawler.dataset.versions import (
    FAILED,
    MANIFEST,
    commit,
    current_version,
    last_good_version,
    new_staging,
    publish_lock,
    read_manifest,
    remove_leftovers,
    switch,
)
from crawler.outcomes import Outcome

PUBLISHED = "published"
UNCHANGED = "unchanged"
FAILED_STATUS = "failed"
NOT_STORED = "none"
"""The media type, in the manifest's counts, of documents that were never stored."""

STATE = "state_sha256"
"""Beside the counts that the ledger keeps of a publication: the digest of what the version was made from."""

DEFAULT_THRESHOLDS = Thresholds()
LEDGER_ONLY = Surroundings()


@dataclass(frozen=True, slots=True)
class Publication:
    """How publishing ended.

    ``status`` is published | unchanged | failed. ``path`` is the folder written, or the one that stays where nothing
    changed. ``repaired`` says that ``current`` was lost and points to the last good version again.
    """

    status: str
    version: str
    path: Path
    counts: Mapping[str, Any]
    failures: tuple[Failure, ...] = ()
    repaired: bool = False
    delta: Mapping[str, int] = field(default_factory=dict)


def publish(
    ledger: Ledger,
    spider: str,
    output_dir: Path | str,
    *,
    now: datetime | None = None,
    divisions: Iterable[Division] = (),
    thresholds: Thresholds = DEFAULT_THRESHOLDS,
    read_title: TitleReader | None = None,
    force: bool = False,
    trust_ledger: bool = False,
    surroundings: Surroundings = LEDGER_ONLY,
) -> Publication:
    """Publishes what the ledger holds for a spider under ``<output_dir>/<spider>``.

    A version is written beside the others, asserted, and only then made current. One that fails its assertions is kept as
    ``versions/<name>.failed`` with ``failed.json``, and current stays. Where no report changed nothing is written, unless
    ``force``.

    Args:
        now: names the version; the present moment by default.
        divisions: path and code of every division of the registry.
        read_title: what a page's title says of organisation and year, for documents that do not say themselves.
        trust_ledger: where the ledger says that nothing happened since the current version was made, no record is opened to
            make sure. After a night without news that is nearly all of the time.
        surroundings: what ``report.html`` shows beyond the dataset.

    Raises:
        PublishLockedError: another process is publishing this dataset.
        OSError: the disk is full or cannot be written; nothing half-written stays, and current is as it was.
    """
    root, moment = Path(output_dir) / spider, now or utc_now()
    with publish_lock(root):
        remove_leftovers(root)
        previous = last_good_version(root)
        # What readers have is put right first: whatever becomes of this night, the last good version must be to be had.
        repaired = previous is not None and current_version(root) is None
        if previous is not None and repaired:
            switch(root, previous)
        divisions = tuple(divisions)
        state = _state_digest(ledger, spider, divisions)
        before = read_manifest(previous) if previous else None
        if (
            trust_ledger
            and not force
            and previous is not None
            and before is not None
            and _published_state(ledger, spider, previous.name) == state
        ):
            return Publication(UNCHANGED, previous.name, previous, before["counts"], repaired=repaired)
        assembly = assemble(ledger.iter_sightings(spider), load=ledger.load_record, divisions=divisions, read_title=read_title)
        # Most nights bring nothing: reading every record once is cheaper than writing a version to find that out.
        content = _content_digest(assembly, ledger.load_record)
        if previous is not None and before is not None and before.get("content_sha256") == content and not force:
            counts, made_at = {**before["counts"], STATE: state}, datetime.fromisoformat(before["created_at"])
            ledger.record_publication(spider, previous.name, status=PUBLISHED, reason="", counts=counts, at=made_at)
            return Publication(UNCHANGED, previous.name, previous, before["counts"], repaired=repaired)
        name, staging = new_staging(root, stamp(moment))
        job = _Job(ledger, spider, root, name, staging, previous, moment, thresholds, repaired, state, surroundings)
        try:
            return _publish(job, assembly, content, before)
        finally:
            shutil.rmtree(staging, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class _Job:
    ledger: Ledger
    spider: str
    root: Path
    name: str
    staging: Path
    previous: Path | None
    now: datetime
    thresholds: Thresholds
    repaired: bool
    state: str
    surroundings: Surroundings


def _publish(job: _Job, assembly: Assembly, content: str, before: Mapping[str, Any] | None) -> Publication:
    contents = Contents()
    tally = _write_records(job, assembly, contents)
    failed = tuple(failures(tally, before["counts"] if before else None, job.thresholds))
    if failed:
        return _keep_failed(job, tally.counts(), failed)
    changes = _write_delta(job)
    _write_report(job, assembly, contents)
    write_derived(job.staging, DatasetVersion(job.spider, job.name, job.now))
    manifest = _manifest(job, tally, content, changes)
    (job.staging / MANIFEST).write_text(_pretty(manifest), encoding="utf-8")
    final = commit(job.staging, job.name)
    switch(job.root, final)
    counts = {**manifest["counts"], STATE: job.state}
    job.ledger.record_publication(job.spider, job.name, status=PUBLISHED, reason="", counts=counts, at=job.now)
    return Publication(PUBLISHED, job.name, final, manifest["counts"], repaired=job.repaired, delta=changes)


def _state_digest(ledger: Ledger, spider: str, divisions: tuple[Division, ...]) -> str:
    """A digest of all that a version is made from, software included: equal where publishing anew would change nothing."""
    made_with = json.dumps([SCHEMA_VERSION, ASSEMBLY_VERSION, divisions], ensure_ascii=False)
    return hashlib.sha256(f"{ledger.state_digest(spider)} {made_with}".encode()).hexdigest()


def _published_state(ledger: Ledger, spider: str, version: str) -> str | None:
    return next((row.counts.get(STATE) for row in ledger.publications(spider) if row.version == version), None)


def _content_digest(assembly: Assembly, load: LoadRecord) -> str:
    """A digest of what lasts of every record: equal where no report changed."""
    content = ContentDigest()
    for version in (*assembly.current, *assembly.superseded):
        content.add(report_record(version, load))
    return content.hexdigest()


def _write_records(job: _Job, assembly: Assembly, contents: Contents) -> Tally:
    """Writes every record, one in memory at a time, and counts them."""
    tally, validator = Tally(), RecordValidator()
    load = job.ledger.load_record
    with ExitStack() as stack:
        exporters = [stack.enter_context(exporter(job.staging)) for exporter in EXPORTERS]
        for version in assembly.current:
            record = report_record(version, load)
            errors = list(validator.errors(record))
            for error in errors:
                tally.add_schema_error(version.report_id, error)
            if errors:
                continue  # The version fails; a record that is not what it seems is not fit for the exporters.
            tally.add(record)
            contents.add(record, version.renditions[0].sighting.sha256)
            for exporter in exporters:
                exporter.add(record)
    with SupersededJsonl(job.staging) as superseded:
        for version in assembly.superseded:
            record = report_record(version, load)
            for error in validator.errors(record):
                tally.add_schema_error(version.version_id, error)
            tally.superseded += 1
            superseded.add(record)
    with (job.staging / "problems.jsonl").open("w", encoding="utf-8", newline="\n") as problems:
        problems.writelines(json_line(_problem(sighting)) for sighting in assembly.problems)
    return tally


def _problem(sighting: Sighting) -> dict[str, Any]:
    """A document that gave no report, so that a missing source is seen."""
    return {
        "url": sighting.url,
        "page_url": sighting.page_url,
        "portal": sighting.portal_name,
        "title": sighting.page_title or sighting.list_title,
        "role": sighting.role,
        "outcome": sighting.outcome.value,
        "message": sighting.message,
        "sha256": sighting.sha256 or None,
    }


def _write_delta(job: _Job) -> dict[str, int]:
    counts = {"ADD": 0, "MOD": 0, "DEL": 0}
    old = job.previous / ReportsJsonl.name if job.previous else None
    with (job.staging / "delta.jsonl").open("w", encoding="utf-8", newline="\n") as lines:
        for change in delta(read_records(old), read_records(job.staging / ReportsJsonl.name)):
            counts[change["op"]] += 1
            lines.write(json_line(change))
    return counts


def _write_report(job: _Job, assembly: Assembly, contents: Contents) -> None:
    """Writes ``report.html``: counts, failed checks with their pictures, and what changed."""
    ledger, portals = job.ledger, job.surroundings.portals
    by_media_type = ledger.media_type_counts(spider=job.spider)
    facts = contents.facts(
        portals() if portals else health_entries(ledger.portal_health(job.spider)),
        {kind or NOT_STORED: {key.value: count for key, count in found.items()} for kind, found in by_media_type.items()},
        assembly.problems,
        job.staging / "delta.jsonl",
    )
    failed, pictures, picture_counts = contents.failed(job.surroundings.pictures)
    facts |= {
        "version": job.name,
        "spider": job.spider,
        "created_at": iso(job.now),
        "previous_version": job.previous.name if job.previous else None,
        "failed": failed,
        "pictures": picture_counts,
    }
    write_page(job.staging, facts, pictures)


def _manifest(job: _Job, tally: Tally, content: str, changes: Mapping[str, int]) -> dict[str, Any]:
    outcomes = job.ledger.outcome_counts(spider=job.spider)
    by_media_type = job.ledger.media_type_counts(spider=job.spider)
    return {
        "version": job.name,
        "spider": job.spider,
        "created_at": iso(job.now),
        "previous_version": job.previous.name if job.previous else None,
        "extractor_version": max(tally.extractor_versions, key=lambda version: (tally.extractor_versions[version], version)),
        "reports_by_extractor_version": dict(sorted(tally.extractor_versions.items())),
        "schema_version": SCHEMA_VERSION,
        "content_sha256": content,
        "counts": tally.counts()
        | {
            "delta": dict(changes),
            "documents": {key.value: count for key, count in outcomes.items()},
            "documents_by_media_type": {
                media_type or NOT_STORED: {key.value: count for key, count in found.items()}
                for media_type, found in by_media_type.items()
            },
        },
        "portals": _portals(job.ledger.portal_health(job.spider)),
        "thresholds": asdict(job.thresholds),
        "files": {path.name: _file_entry(path) for path in sorted(job.staging.iterdir()) if path.is_file()},
        "folders": {path.name: _folder_entry(path) for path in sorted(job.staging.iterdir()) if path.is_dir()},
    }


def _portals(health: Iterable[PortalHealth]) -> dict[str, Any]:
    portals = list(health)
    unreached = [portal for portal in portals if portal.last_outcome != Outcome.OK.value]
    return {
        "registered": len(portals),
        "reached": len(portals) - len(unreached),
        "unreached": [
            {
                "name": portal.name,
                "region": portal.region,
                "home": portal.home,
                "last_attempt": portal.last_attempt,
                "last_success": portal.last_success,
                "last_outcome": portal.last_outcome,
                "message": portal.last_message,
            }
            for portal in unreached
        ],
    }


def _file_entry(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return {"bytes": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}


def _folder_entry(path: Path) -> dict[str, Any]:
    """Number and size of a folder's files, and one digest over their names and digests, in order of name."""
    total, size, count = hashlib.sha256(), 0, 0
    for file in sorted(path.iterdir()):
        entry = _file_entry(file)
        total.update(f"{entry['sha256']}  {file.name}\n".encode())
        size, count = size + entry["bytes"], count + 1
    return {"files": count, "bytes": size, "sha256": total.hexdigest()}


def _keep_failed(job: _Job, counts: Mapping[str, Any], failed: tuple[Failure, ...]) -> Publication:
    report = {
        "version": job.name,
        "spider": job.spider,
        "created_at": iso(job.now),
        "current_stays": job.previous.name if job.previous else None,
        "failures": [asdict(failure) for failure in failed],
        "counts": counts,
    }
    (job.staging / "failed.json").write_text(_pretty(report), encoding="utf-8")
    kept = commit(job.staging, f"{job.name}{FAILED}")
    reason = ", ".join(failure.assertion for failure in failed)
    job.ledger.record_publication(job.spider, job.name, status=FAILED_STATUS, reason=reason, counts=counts, at=job.now)
    return Publication(FAILED_STATUS, job.name, kept, counts, failed, job.repaired)


def _pretty(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"
