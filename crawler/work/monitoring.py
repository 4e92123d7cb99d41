"""The monitors of a night that workers did together: over the sums of what all of its runs counted."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scrapy.utils.misc import load_object
from spidermon.contrib.scrapy.runners import SpiderMonitorRunner

from crawler import EXTRACTOR_VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from scrapy.settings import BaseSettings

    from crawler.dataset.ledger import Ledger
    from crawler.dataset.publish import Publication

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Night:
    """What monitors and actions ask of a spider and its crawler, where no process was both."""

    name: str
    settings: BaseSettings
    publication: Publication
    health: Mapping[str, Any]
    publish_refused: str = ""

    @property
    def spider(self) -> Night:
        """As a crawler has it."""
        return self

    def log(self, message: object, level: int) -> None:
        """Where Spidermon writes what it found."""
        logger.log(level, "%s", message)


def run_monitors(night: Night, ledger: Ledger, since: datetime) -> None:
    """Run the suites of a spider's end over all that happened since the publication before; whoever is to be told is told."""
    settings = night.settings
    if not settings.getbool("SPIDERMON_ENABLED"):
        return
    stats = Counter(ledger.nights.stats(night.name, since))
    # Portals' runs leave the reading to tasks.
    read = ledger.nights.read(night.name, EXTRACTOR_VERSION, since)
    stats.update({f"document/outcome/{outcome}": count for outcome, count in read.items()})
    stats["document/extraction/read"] += sum(read.values())
    stats["page/outcome/handed_on"] = stats["document/extraction/handed_on"]
    for path in settings.getlist("SPIDERMON_SPIDER_CLOSE_MONITORS"):
        suite = load_object(path)(crawler=night)
        SpiderMonitorRunner(spider=night).run(suite, stats=dict(stats), crawler=night, spider=night)
