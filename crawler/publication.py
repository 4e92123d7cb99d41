"""Publishing as the settings say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crawler.dataset.assertions import Thresholds
from crawler.dataset.clock import utc_now
from crawler.dataset.identity_summary import identity_lines
from crawler.dataset.publish import Publication, publish
from crawler.dataset.report import Surroundings
from crawler.forms.titles import read_title
from crawler.health import health_report, portal_states
from crawler.pictures import SourcePictures

if TYPE_CHECKING:
    from scrapy.settings import BaseSettings

    from crawler.dataset.ledger import Ledger
    from crawler.dataset.organisations import Division
    from crawler.workspace import Workspace


def publish_workspace(
    workspace: Workspace,
    spider: str,
    ledger: Ledger,
    settings: BaseSettings,
    divisions: tuple[Division, ...],
    *,
    trust_ledger: bool = False,
) -> Publication:
    """Stage, assert and switch the spider's dataset.

    Args:
        divisions: the administrative divisions that organisation names are resolved against.
        trust_ledger: open no record where the ledger says that nothing happened.
    """

    def portals() -> list[dict[str, Any]]:
        now = utc_now()
        states = portal_states(ledger, spider, now, stale_days=settings.getint("STALE_DAYS"))
        entries: list[dict[str, Any]] = health_report(states, spider, now)["entries"]
        return entries

    thresholds = Thresholds(count_floor=settings.getfloat("PUBLISH_COUNT_FLOOR"))
    return publish(
        ledger,
        spider,
        workspace.output_dir,
        divisions=divisions,
        thresholds=thresholds,
        read_title=lambda title: (read_title(title).organisation, read_title(title).year),
        trust_ledger=trust_ledger,
        surroundings=Surroundings(portals, SourcePictures.of(workspace, settings)),
    )


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
    elif publication.status == "unchanged":
        lines.append(f"Dataset      {_current(publication)} (unchanged: nothing new)")
    else:
        lines.append(f"Dataset      NOT published; the last good version stays. The refused one is kept at {publication.path}")
        lines.extend(f"             {failure.assertion}: {failure.message}" for failure in publication.failures)
    return lines


def _current(publication: Publication) -> str:
    return f"{publication.path.parents[1] / 'current'} -> versions/{publication.path.name}"
