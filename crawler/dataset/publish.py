"""Publishing: stage, assert, switch. What is current is always whole, and a bad night never takes its place."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Any

from crawler.dataset.assemble import ASSEMBLY_VERSION, Assembly, assemble, report_record
from crawler.dataset.assertions import Assertion, Tally, Thresholds, assertions
from crawler.dataset.clock import iso, stamp, utc_now
from crawler.dataset.content import ContentDigest
from crawler.dataset.delta import delta, read_records
from crawler.dataset.exporters.base import json_line
from crawler.dataset.exporters.datapackage import write_datapackage
from crawler.dataset.exporters.derived import BESIDE, HERE
from crawler.dataset.exporters.problems_jsonl import write_problems
from crawler.dataset.exporters.reports_jsonl import ReportsJsonl
from crawler.dataset.exporters.version import DatasetVersion
from crawler.dataset.ledger import Ledger
from crawler.dataset.losses import Losses, losses
from crawler.dataset.manifest import NOT_STORED, Forced, contents, judgement, pretty
from crawler.dataset.organisations import Division
from crawler.dataset.pruning import NOTHING_PRUNED, Pruned, Retention, prune, prune_failed
from crawler.dataset.reading import TitleReader
from crawler.dataset.renditions import LoadRecord
from crawler.dataset.report import Contents, Surroundings, health_entries, write_page
from crawler.dataset.schema import SCHEMA_VERSION, RecordValidator
from crawler.dataset.version_files import Files, version_files
from crawler.dataset.versions import (
    FAILED,
    MANIFEST,
    announced,
    commit,
    current_version,
    last_good_version,
    new_name,
    publish_lock,
    read_manifest,
    remove_leftovers,
    staging_folder,
    switch,
)

PUBLISHED = "published"
UNCHANGED = "unchanged"
FAILED_STATUS = "failed"

STATE = "state_sha256"
"""Beside the counts that the ledger keeps of a publication: the digest of what the version was made from."""

DEFAULT_THRESHOLDS = Thresholds()
DEFAULT_RETENTION = Retention()
LEDGER_ONLY = Surroundings()


@dataclass(frozen=True, slots=True)
class Override:
    """Who wants a version current though assertions fail, and why."""

    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Publication:
    """How publishing ended.

    ``status`` is published | unchanged | failed. ``path`` is the folder written, or the one that stays where nothing
    changed. ``failures`` are the assertions that did not hold; where it was published all the same, ``forced`` says by whom.
    ``repaired`` says that ``current`` was lost and points to the last good version again.
    """

    status: str
    version: str
    path: Path
    counts: Mapping[str, Any]
    failures: tuple[Assertion, ...] = ()
    repaired: bool = False
    delta: Mapping[str, int] = field(default_factory=dict)
    forced: Forced | None = None
    pruned: Pruned = NOTHING_PRUNED


def publish(
    ledger: Ledger,
    spider: str,
    output_dir: Path | str,
    *,
    now: datetime | None = None,
    divisions: Iterable[Division] = (),
    divisions_digest: str | None = None,
    thresholds: Thresholds = DEFAULT_THRESHOLDS,
    retention: Retention = DEFAULT_RETENTION,
    read_title: TitleReader | None = None,
    anew: bool = False,
    override: Override | None = None,
    trust_ledger: bool = False,
    surroundings: Surroundings = LEDGER_ONLY,
) -> Publication:
    """Publishes what the ledger holds for a spider under ``<output_dir>/<spider>``.

    A version is written beside the others, asserted, and only then made current; then old versions make room. One that fails
    its assertions is kept as ``versions/<name>.failed`` with ``failed.json``, and current stays. Where no report changed
    nothing is written, unless ``anew``.

    Args:
        now: names the version; the present moment by default.
        divisions: path and code of every division of the registry.
        divisions_digest: another one wherever they are others; where it is given, they are read only to write a version.
        retention: which versions stay.
        read_title: what a page's title says of organisation and year, for documents that do not say themselves.
        override: makes the version current in spite of assertions that fail, and is recorded with them. What no version can
            be without (a report, records that fit the schema) is not overridden.
        trust_ledger: where the ledger says that nothing happened since the current version was made, no record is opened to
            make sure. After a night without news that is nearly all of the time.
        surroundings: what ``report.html`` shows beyond the dataset.

    Raises:
        PublishLockedError: another process is publishing this dataset.
        OSError: the disk is full or cannot be written; nothing half-written stays, and current is as it was.
    """
    root, moment = Path(output_dir) / spider, now or utc_now()
    if divisions_digest is None:
        divisions = tuple(divisions)
        divisions_digest = hashlib.sha256(json.dumps(divisions, ensure_ascii=False).encode()).hexdigest()
    with publish_lock(root):
        errors = remove_leftovers(root)
        previous = last_good_version(root)
        # What readers have is put right first: whatever becomes of this night, the last good version must be to be had.
        repaired = previous is not None and current_version(root) is None
        if previous is not None and repaired:
            switch(root, previous)
        name, state = new_name(root, stamp(moment)), _state_digest(ledger, spider, divisions_digest)
        before = read_manifest(previous) if previous else None
        job = _Job(
            ledger, spider, root, name, previous, before, moment, state, thresholds, override, repaired, surroundings,
            divisions, read_title,
        )  # fmt: skip
        publication = _publish(job, anew=anew, trust_ledger=trust_ledger)
        failed = publication.status == FAILED_STATUS
        pruned = prune_failed(root, retention) if failed else prune(root, retention, moment)
        return replace(publication, pruned=replace(pruned, errors=(*errors, *pruned.errors)))


@dataclass(frozen=True, slots=True)
class _Job:
    ledger: Ledger
    spider: str
    root: Path
    name: str
    previous: Path | None
    before: Mapping[str, Any] | None
    """The manifest of ``previous``."""
    now: datetime
    state: str
    thresholds: Thresholds
    override: Override | None
    repaired: bool
    surroundings: Surroundings
    divisions: Iterable[Division]
    read_title: TitleReader | None

    @property
    def staging(self) -> Path:
        return staging_folder(self.root, self.name)

    @property
    def version(self) -> DatasetVersion:
        return DatasetVersion(self.spider, self.name, self.now)


def _publish(job: _Job, *, anew: bool, trust_ledger: bool) -> Publication:
    """Writes a version where something changed."""
    known_state = _settle_diary(job)
    if trust_ledger and not anew and known_state == job.state and job.before is not None:
        return _unchanged(job, job.before)
    try:
        with ExitStack() as stack:
            written = _write(job, stack, anew=anew)
            return _finish(job, written) if isinstance(written, _Written) else written
    finally:
        shutil.rmtree(job.staging, ignore_errors=True)


def _unchanged(job: _Job, before: Mapping[str, Any]) -> Publication:
    assert job.previous is not None  # noqa: S101 - it is the version of the manifest
    return Publication(UNCHANGED, job.previous.name, job.previous, before["counts"], repaired=job.repaired)


@dataclass(frozen=True, slots=True)
class _Written:
    """What of a version is known once its records are written and its assertions hold, or are overridden."""

    files: Files
    """Still busy with those of `BESIDE`."""
    content: str
    tally: Tally
    found: tuple[Assertion, ...]
    failed: tuple[Assertion, ...]
    forced: Forced | None
    changes: Mapping[str, int]


def _write(job: _Job, stack: ExitStack, *, anew: bool) -> _Written | Publication:
    """Stages the records where something changed, and asserts. The assembly is let go with the end of this."""
    ledger = job.ledger
    assembly = assemble(
        ledger.iter_sightings(job.spider), load=ledger.load_record, divisions=job.divisions, read_title=job.read_title
    )
    # Most nights bring nothing: reading every record once is cheaper than writing a version to find that out.
    known = None if job.before is None or anew else job.before.get("content_sha256")
    if job.before is not None and known is not None and known == _content_digest(assembly, ledger.load_record):
        _record(job, job.before, state=job.state)
        return _unchanged(job, job.before)
    job.staging.mkdir(parents=True)
    files, page = stack.enter_context(version_files(job.staging, len(assembly.current))), Contents()
    tally = _write_records(job, assembly, files, page)
    content = files.close()
    write_problems(job.staging, assembly.problems)
    found = tuple(
        assertions(tally, job.before["counts"] if job.before else None, _losses(job, tally, assembly), job.thresholds)
    )
    failed = tuple(assertion for assertion in found if assertion.passed is False)
    if failed and (job.override is None or not all(failure.may_be_forced for failure in failed)):
        return _keep_failed(job, tally.counts(), found)
    forced = _forced(job, failed)
    for write in BESIDE:
        files.derive(write, job.version)
    changes = _write_delta(job)
    _write_report(job, assembly, page, judgement(found, forced, job.thresholds))
    return _Written(files, content, tally, found, failed, forced, changes)


def _finish(job: _Job, written: _Written) -> Publication:
    """Makes the files that are made from others, and the version current."""
    for write in HERE:
        write(job.staging, job.version)
    written.files.wait()
    write_datapackage(job.staging, job.version)
    manifest = {
        **_about(job),
        "content_sha256": written.content,
        **contents(job.staging, job.ledger, job.spider, written.tally, written.changes),
        **judgement(written.found, written.forced, job.thresholds),
    }
    (job.staging / MANIFEST).write_text(pretty(manifest), encoding="utf-8")
    with announced(job.root, job.name):
        final = commit(job.staging, job.name)
        switch(job.root, final)
    _record(job, manifest, state=job.state)
    return Publication(
        PUBLISHED,
        job.name,
        final,
        manifest["counts"],
        written.failed,
        repaired=job.repaired,
        delta=written.changes,
        forced=written.forced,
    )


def _about(job: _Job) -> dict[str, Any]:
    return {
        "version": job.name,
        "spider": job.spider,
        "created_at": iso(job.now),
        "previous_version": job.previous.name if job.previous else None,
    }


def _losses(job: _Job, tally: Tally, assembly: Assembly) -> Losses | None:
    """The organisations lost since the last good version; ``None`` where there is none."""
    if job.previous is None:
        return None
    return losses(job.previous, tally.organisations, assembly, lambda contents: job.ledger.left_contents(job.spider, contents))


def _forced(job: _Job, failed: tuple[Assertion, ...]) -> Forced | None:
    if job.override is None or not failed:
        return None
    names = tuple(failure.assertion for failure in failed)
    return Forced(job.override.by, iso(job.now), job.override.reason, names)


def _settle_diary(job: _Job) -> str | None:
    """The digest of what the current version was made from; a run killed after its switch is entered here."""
    if job.before is None:
        return None
    for row in job.ledger.publications(job.spider):
        if row.version == job.before["version"]:
            state: str | None = row.counts.get(STATE)
            return state
    _record(job, job.before, state=None)
    return None


def _record(job: _Job, manifest: Mapping[str, Any], *, state: str | None) -> None:
    """Notes in the ledger that a version is current, and who forced it."""
    forced = Forced.of(manifest)
    job.ledger.record_publication(
        job.spider,
        manifest["version"],
        status=PUBLISHED,
        reason=str(forced) if forced else "",
        counts={**manifest["counts"], STATE: state} if state else manifest["counts"],
        at=datetime.fromisoformat(manifest["created_at"]),
    )


def _state_digest(ledger: Ledger, spider: str, divisions: str) -> str:
    """A digest of all that a version is made from, software included: equal where publishing anew would change nothing."""
    made_with = json.dumps([SCHEMA_VERSION, ASSEMBLY_VERSION, divisions])
    return hashlib.sha256(f"{ledger.state_digest(spider)} {made_with}".encode()).hexdigest()


def _content_digest(assembly: Assembly, load: LoadRecord) -> str:
    """A digest of what lasts of every record: equal where no report changed."""
    content = ContentDigest()
    for version in chain(assembly.current, assembly.superseded):
        content.add(report_record(version, load))
    return content.hexdigest()


def _write_records(job: _Job, assembly: Assembly, files: Files, page: Contents) -> Tally:
    """Has every record written, and counts them."""
    tally, validator = Tally(), RecordValidator()
    load = job.ledger.load_record
    for version in assembly.current:
        record = report_record(version, load)
        errors = list(validator.errors(record))
        for error in errors:
            tally.add_schema_error(version.report_id, error)
        if errors:
            continue  # The version fails; a record that is not what it seems is not fit for the exporters.
        tally.add(record)
        page.add(record, version.renditions[0].sighting.sha256)
        files.add(record)
    files.end_current()
    for version in assembly.superseded:
        record = report_record(version, load)
        for error in validator.errors(record):
            tally.add_schema_error(version.version_id, error)
        tally.superseded += 1
        files.add_superseded(record)
    return tally


def _write_delta(job: _Job) -> dict[str, int]:
    counts = {"ADD": 0, "MOD": 0, "DEL": 0}
    old = job.previous / ReportsJsonl.name if job.previous else None
    with (job.staging / "delta.jsonl").open("w", encoding="utf-8", newline="\n") as lines:
        for change in delta(read_records(old), read_records(job.staging / ReportsJsonl.name)):
            counts[change["op"]] += 1
            lines.write(json_line(change))
    return counts


def _write_report(job: _Job, assembly: Assembly, page: Contents, judged: Mapping[str, Any]) -> None:
    """Writes ``report.html``: counts, how the version was judged, failed checks with their pictures, and what changed."""
    ledger, portals = job.ledger, job.surroundings.portals
    by_media_type = ledger.media_type_counts(spider=job.spider)
    facts = page.facts(
        portals() if portals else health_entries(ledger.portal_health(job.spider)),
        {kind or NOT_STORED: {key.value: count for key, count in found.items()} for kind, found in by_media_type.items()},
        assembly.problems,
        job.staging / "delta.jsonl",
    )
    failed, pictures, picture_counts = page.failed(job.surroundings.pictures)
    facts |= {**_about(job), **judged, "failed": failed, "pictures": picture_counts}
    write_page(job.staging, facts, pictures)


def _keep_failed(job: _Job, counts: Mapping[str, Any], found: tuple[Assertion, ...]) -> Publication:
    failed = tuple(assertion for assertion in found if assertion.passed is False)
    report = {
        **_about(job),
        "current_stays": job.previous.name if job.previous else None,
        "failures": [asdict(failure) for failure in failed],
        "counts": counts,
        **judgement(found, None, job.thresholds),
    }
    (job.staging / "failed.json").write_text(pretty(report), encoding="utf-8")
    kept = commit(job.staging, f"{job.name}{FAILED}")
    reason = ", ".join(failure.assertion for failure in failed)
    job.ledger.record_publication(job.spider, job.name, status=FAILED_STATUS, reason=reason, counts=counts, at=job.now)
    return Publication(FAILED_STATUS, job.name, kept, counts, failed, job.repaired)
