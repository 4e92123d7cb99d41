"""Publishing as the settings say.

What publishes is imported when it does, hours after a crawl begins.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from crawler.dataset.clock import utc_now
from crawler.dataset.identity_summary import identity_lines
from crawler.divisions import RegisteredDivisions
from crawler.forms.titles import read_title
from crawler.health import health_report, portal_states

if TYPE_CHECKING:
    from scrapy.settings import BaseSettings

    from crawler.dataset.assertions import Thresholds
    from crawler.dataset.ledger import Ledger
    from crawler.dataset.pruning import Pruned
    from crawler.dataset.publish import Override, Publication
    from crawler.workspace import Workspace

logger = logging.getLogger(__name__)

PRUNED_SHOWN = 5


def publish_workspace(
    workspace: Workspace,
    spider: str,
    ledger: Ledger,
    settings: BaseSettings,
    *,
    override: Override | None = None,
    trust_ledger: bool = False,
) -> Publication:
    """Stage, assert, switch and prune the spider's dataset.

    Args:
        override: who wants it current though assertions fail, and why.
        trust_ledger: open no record where the ledger says that nothing happened.
    """

    from crawler.dataset.pruning import Retention
    from crawler.dataset.publish import publish
    from crawler.dataset.report import Surroundings
    from crawler.pictures import SourcePictures

    def portals() -> list[dict[str, Any]]:
        now = utc_now()
        states = portal_states(ledger, spider, now, stale_days=settings.getint("STALE_DAYS"))
        entries: list[dict[str, Any]] = health_report(states, spider, now)["entries"]
        return entries

    divisions = RegisteredDivisions()
    with _publishing_alone(workspace, spider):
        publication = publish(
            ledger,
            spider,
            workspace.output_dir,
            divisions=divisions,
            divisions_digest=divisions.digest,
            thresholds=_thresholds(settings),
            retention=Retention(
                versions=settings.getint("PUBLISH_KEEP_VERSIONS"),
                days=settings.getfloat("PUBLISH_KEEP_DAYS"),
                failed=settings.getint("PUBLISH_KEEP_FAILED"),
            ),
            read_title=lambda title: (read_title(title).organisation, read_title(title).year),
            override=override,
            trust_ledger=trust_ledger,
            surroundings=Surroundings(portals, SourcePictures.of(workspace, settings)),
        )
    _log(publication)
    return publication


@contextmanager
def _publishing_alone(workspace: Workspace, spider: str) -> Iterator[None]:
    """Where machines share the ledger, one of them publishes at a time; on one machine a file's lock says so.

    Raises:
        PublishLockedError: another one is publishing.
    """
    if not workspace.ledger_url.startswith("postgres"):
        yield
        return
    from crawler.dataset.versions import PublishLockedError
    from crawler.work.locks import SessionLocks, publish_lock

    with SessionLocks(workspace.ledger_url, "publish") as locks:
        name = publish_lock(spider)
        if not locks.take(name):
            raise PublishLockedError(
                f"another process is publishing {spider} ({locks.holder(name)}): let it finish, then publish again"
            )
        yield


def _thresholds(settings: BaseSettings) -> Thresholds:
    from crawler.dataset.assertions import Thresholds

    return Thresholds(
        count_floor=settings.getfloat("PUBLISH_COUNT_FLOOR"),
        lost_organisations=settings.getfloat("PUBLISH_LOST_ORGANISATIONS"),
        without_organisation=settings.getfloat("PUBLISH_WITHOUT_ORGANISATION"),
        without_year=settings.getfloat("PUBLISH_WITHOUT_YEAR"),
        unread_cells=settings.getfloat("PUBLISH_UNREAD_CELLS"),
        identity_pass_rate=settings.getfloat("PUBLISH_IDENTITY_PASS_RATE"),
    )


def _log(publication: Publication) -> None:
    if publication.forced:
        logger.warning("Version %s was %s", publication.version, publication.forced)
    for line in _pruned_lines(publication.pruned):
        logger.info(line)
    for error in publication.pruned.errors:
        logger.warning("%s; remove it by hand", error)


def publication_lines(publication: Publication) -> list[str]:
    """The publication in words: where the dataset is, how large, and how many checks failed."""
    counts = publication.counts
    cells, checks = counts["cells"], counts["checks"]
    failed = {kind: found["fail"] for kind, found in checks.items() if found["fail"]}
    by_kind = ", ".join(f"{number} {kind}" for kind, number in failed.items())
    lines = [
        f"Reports      {counts['reports']} current, {counts['superseded']} superseded by corrections",
        f"Cells        {sum(cells.values())}: {', '.join(f'{number} {state}' for state, number in cells.items() if number)}",
        f"Checks       {sum(failed.values())} failed" + (f" ({by_kind}); the source is kept as printed" if failed else ""),
        *identity_lines(counts),
    ]
    if publication.status == "published":
        delta = publication.delta
        news = ", ".join(f"{delta.get(kind, 0)} {word}" for kind, word in (("ADD", "new"), ("MOD", "changed"), ("DEL", "gone")))
        lines.append(f"Dataset      {_current(publication)} ({news})")
        if publication.forced:
            lines.append(f"Forced       {publication.forced}")
            lines.extend(_failure_lines(publication))
    elif publication.status == "unchanged":
        lines.append(f"Dataset      {_current(publication)} (unchanged: nothing new)")
    else:
        lines.append(f"Dataset      NOT published; the last good version stays. The refused one is kept at {publication.path}")
        lines.extend(_failure_lines(publication))
    lines.extend(_pruned_lines(publication.pruned))
    lines.extend(f"Not removed  {error}; remove it by hand" for error in publication.pruned.errors)
    return lines


def _failure_lines(publication: Publication) -> list[str]:
    return [
        f"             {failure.assertion}: {failure.message} ({failure.bound} {failure.limit:g}, found {failure.found:g})"
        for failure in publication.failures
    ]


def _pruned_lines(pruned: Pruned) -> list[str]:
    if not pruned.removed:
        return []
    names = ", ".join(pruned.removed[:PRUNED_SHOWN]) + (", ..." if len(pruned.removed) > PRUNED_SHOWN else "")
    return [f"Pruned       {len(pruned.removed)} old versions ({names}); {pruned.kept} are kept"]


def _current(publication: Publication) -> str:
    return f"{publication.path.parents[1] / 'current'} -> versions/{publication.path.name}"
