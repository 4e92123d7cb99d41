"""Publishing as the settings say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.dataset.publish import Publication, Thresholds, publish

if TYPE_CHECKING:
    from scrapy.settings import BaseSettings

    from crawler.dataset.ledger import Ledger
    from crawler.dataset.organisations import Division
    from crawler.workspace import Workspace


def publish_workspace(
    workspace: Workspace, spider: str, ledger: Ledger, settings: BaseSettings, divisions: tuple[Division, ...]
) -> Publication:
    """Stage, assert and switch the spider's dataset.

    Args:
        divisions: the administrative divisions that organisation names are resolved against.
    """
    thresholds = Thresholds(count_floor=settings.getfloat("PUBLISH_COUNT_FLOOR"))
    return publish(ledger, spider, workspace.output_dir, divisions=divisions, thresholds=thresholds)
