"""What all runs of a night came to, where many machines had a part in it.

A part of the ledger, which makes it and owns the connections.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime

import sqlalchemy as sa

from crawler.dataset import tables
from crawler.dataset.clock import iso
from crawler.dataset.repeating import repeatable


@repeatable
class Nights:
    """Statistics of runs.

    Args:
        reader: the ledger's database, for transactions that only read.
    """

    def __init__(self, reader: sa.Engine) -> None:
        self._reader = reader

    def stats(self, spider: str, since: datetime) -> dict[str, int]:
        """The sums of the counts that a spider's runs kept of themselves, of those that ended since then."""
        run = tables.runs.c
        statement = sa.select(run.stats).where(run.spider == spider, run.finished_at >= iso(since), run.stats.is_not(None))
        sums: Counter[str] = Counter()
        with self._reader.connect() as connection:
            for stats in connection.execute(statement).scalars():
                sums.update({key: value for key, value in json.loads(stats).items() if type(value) is int})
        return dict(sums)

    def read(self, spider: str, extractor_version: str, since: datetime) -> dict[str, int]:
        """How many of a spider's documents this version read since then, by outcome."""
        page, document, portal, extraction = (
            table.c for table in (tables.pages, tables.documents, tables.portals, tables.extractions)
        )
        statement = (
            sa.select(extraction.outcome, sa.func.count(sa.distinct(extraction.sha256)).label("documents"))
            .join_from(tables.extractions, tables.documents, document.sha256 == extraction.sha256)
            .join(tables.pages, page.url == document.page_url)
            .join(tables.portals, portal.portal == page.portal)
            .where(
                portal.spider == spider,
                extraction.extractor_version == extractor_version,
                extraction.extracted_at >= iso(since),
            )
            .group_by(extraction.outcome)
        )
        with self._reader.connect() as connection:
            return {row.outcome: int(row.documents) for row in connection.execute(statement)}
