"""What a night asks of the whole ledger costs as much for each report, however many are known. No clock: what the database counts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import sqlalchemy as sa

from benchmarks import capacity
from benchmarks.ledger_filling import REPORTS, SPIDER, fill
from benchmarks.ledger_night import Night, documents_of
from crawler import EXTRACTOR_VERSION
from crawler.dataset.ledger import Ledger
from tests import postgres

FEW, MANY = 5 * REPORTS, 20 * REPORTS
RATIO_BAR = {"sqlite": 1.3, "postgresql": 2.0}
"""PostgreSQL's estimate rises where a sort no longer fits into work_mem; comparing each with each would be fourfold."""

WHOLE: dict[str, Callable[[Ledger], object]] = {
    "state_digest": lambda ledger: ledger.state_digest(SPIDER),
    "iter_sightings": lambda ledger: list(ledger.iter_sightings(SPIDER)),
    "archived_documents": lambda ledger: list(ledger.archived_documents(SPIDER, EXTRACTOR_VERSION)),
    "listed_titles": lambda ledger: list(ledger.listed_titles(SPIDER)),
    "portal_outcomes": lambda ledger: ledger.portal_outcomes(SPIDER),
    "media_type_counts": lambda ledger: ledger.media_type_counts(spider=SPIDER),
    "portal_health": lambda ledger: ledger.portal_health(SPIDER),
}
STEPS = 100
"""Instructions of SQLite's machine between two counts."""


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def ledgers(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[int, str]]:
    """The addresses of a small and a large ledger."""
    with ExitStack() as stack:
        if request.param == "sqlite":
            folder = tmp_path_factory.mktemp("scale")
            urls = {reports: f"sqlite:///{folder}/{reports}.sqlite" for reports in (FEW, MANY)}
        else:
            server = stack.enter_context(postgres.any_server())
            urls = {reports: stack.enter_context(postgres.new_database(server)) for reports in (FEW, MANY)}
        for reports, url in urls.items():
            fill(url, reports)
        yield urls


def work_of(url: str, name: str) -> float:
    """What the database has to do for one of the questions: SQLite's instructions, or PostgreSQL's own estimate."""
    with Ledger(url) as ledger:
        return _instructions(ledger, name) if url.startswith("sqlite") else _cost(ledger, name)


def _instructions(ledger: Ledger, name: str) -> float:
    counted = 0

    def count() -> int:
        nonlocal counted
        counted += 1
        return 0

    sa.event.listen(ledger._engine, "begin", lambda one: one.connection.driver_connection.set_progress_handler(count, STEPS))
    WHOLE[name](ledger)
    return float(counted * STEPS)


def _cost(ledger: Ledger, name: str) -> float:
    asked: list[tuple[Any, bool]] = []

    def note(connection: sa.Connection, _: Any, __: str, ___: Any, context: Any, ____: bool) -> None:
        if context.compiled is not None:
            streams = connection.get_execution_options().get("yield_per") is not None
            asked.append((context.compiled.statement, streams))

    sa.event.listen(ledger._engine, "before_cursor_execute", note)
    WHOLE[name](ledger)
    statement, streams = asked[0] if name == "iter_sightings" else asked[-1]
    cursor = "DECLARE one CURSOR FOR " if streams else ""
    with ledger._reader.connect() as connection:
        raw = connection.connection.driver_connection.cursor()  # type: ignore[union-attr]
        literal = statement.compile(connection, compile_kwargs={"literal_binds": True})
        raw.execute(f"EXPLAIN (FORMAT JSON) {cursor}{literal}")
        (plan,) = raw.fetchone()
    found = json.loads(plan) if isinstance(plan, str) else plan
    return float(found[0]["Plan"]["Total Cost"])


@pytest.mark.parametrize("name", WHOLE)
def test_a_question_about_the_whole_ledger_costs_as_much_for_each_report(ledgers: dict[int, str], name: str) -> None:
    few, many = (work_of(ledgers[reports], name) / reports for reports in (FEW, MANY))
    assert many < RATIO_BAR[ledgers[FEW].partition(":")[0].partition("+")[0]] * few


def test_a_night_over_a_made_ledger_is_one_of_the_crawls(ledgers: dict[int, str]) -> None:
    url = ledgers[FEW]
    with Ledger(url) as ledger:
        before = ledger.state_digest(SPIDER)
        night = Night(ledger, FEW, 1)
        steps = {step.name: step for step in night.steps()}
        for step in steps.values():
            if step.kind in ("sweep", "whole"):
                step.work()
        assert ledger.state_digest(SPIDER) == before, "a quiet night is no news"
        assert {sighting.last_seen for sighting in ledger.iter_sightings(SPIDER)} == {
            night.begun.strftime("%Y-%m-%dT%H:%M:%SZ")
        }
        for step in steps.values():
            if step.kind == "news":
                step.work()
        assert ledger.state_digest(SPIDER) != before
        replaced = [content for number in range(REPORTS) for content in documents_of(0, number)]
        left = ledger.left_contents(SPIDER, replaced)
        assert 0 < len(left) < len(replaced)
        one = min(left)
        assert ledger.left_contents(SPIDER, [one, (one[0], "f" * 64)]) == {one}


def test_the_capacity_model_in_the_docs_is_the_one_that_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert capacity.main([]) == 0
    assert capsys.readouterr().out == capacity.DOCUMENT.read_text("utf-8"), "run python -m benchmarks.capacity --write"


def test_the_model_follows_its_constants() -> None:
    has = capacity.constants()
    henan, nation, archive = (capacity.Plan(has, who) for who in has["scenario"])
    assert sum(kind["share"] for kind in has["kind"]) == pytest.approx(1)
    assert henan.cost_a_month < nation.cost_a_month < archive.cost_a_month
    cost = nation.cost_a_month
    has["price"]["store_gigabyte_month"] += 1.0
    assert nation.cost_a_month == pytest.approx(cost + nation.store_gigabytes)
    hours = nation.longest_host_hours
    has["night"]["delay_seconds"] *= 2
    assert nation.longest_host_hours > 1.5 * hours
