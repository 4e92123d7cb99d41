"""Pages that are written together: all of them or none, and one that cannot be written costs no other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest
import sqlalchemy as sa

from crawler.dataset import tables
from crawler.dataset.ledger import Ledger
from crawler.items import PageItem
from crawler.outcomes import Outcome
from crawler.portals.model import Portal
from crawler.spider import ReportsSpider
from pipelines.dataset import DatasetPipeline

if TYPE_CHECKING:
    from collections.abc import Sequence

PORTAL = Portal(name="栾川县人民政府", region="河南省/洛阳市/栾川县", home="http://www.luanchuan.gov.cn/")


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(f"sqlite:///{tmp_path}/ledger.sqlite") as ledger:
        yield ledger


def pages_in(folder: Path) -> list[str]:
    engine = sa.create_engine(f"sqlite:///{folder}/ledger.sqlite")
    with engine.connect() as connection:
        found = list(connection.execute(sa.select(tables.pages.c.url).order_by(tables.pages.c.url)).scalars())
    engine.dispose()
    return found


def page(name: str, outcome: str = Outcome.OK.value) -> PageItem:
    return PageItem(PORTAL, f"{PORTAL.home}nb/", f"{PORTAL.home}nb/{name}.html", outcome=outcome)


def record(ledger: Ledger, items: Sequence[PageItem]) -> list[int | Exception]:
    spider = SimpleNamespace(ledger=ledger, run=ledger.begin_run("annual_reports"), portal_key=ReportsSpider.portal_key)
    return DatasetPipeline._record_all(cast("ReportsSpider", spider), list(items))


def test_what_is_written_together_is_there_once_all_of_it_is(ledger: Ledger, tmp_path: Path) -> None:
    with ledger.writer.together():
        ledger.record_page("http://a/1", portal="a", outcome=Outcome.OK)
        with ledger.writer.together():
            ledger.record_page("http://a/2", portal="a", outcome=Outcome.OK)
        assert pages_in(tmp_path) == []
    assert pages_in(tmp_path) == ["http://a/1", "http://a/2"]


def test_what_fails_together_leaves_nothing_and_the_next_is_written_alone(ledger: Ledger, tmp_path: Path) -> None:
    def fail() -> None:
        with ledger.writer.together():
            ledger.record_page("http://a/1", portal="a", outcome=Outcome.OK)
            raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        fail()
    ledger.record_page("http://a/2", portal="a", outcome=Outcome.OK)
    assert pages_in(tmp_path) == ["http://a/2"]


def test_a_page_that_cannot_be_written_costs_no_other(ledger: Ledger, tmp_path: Path) -> None:
    first, broken, last = record(ledger, [page("1"), page("2", outcome="no outcome at all"), page("3")])
    assert (first, last) == (0, 0)
    assert isinstance(broken, ValueError)
    assert pages_in(tmp_path) == [page("1").page_url, page("3").page_url]
