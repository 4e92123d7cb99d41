"""One error in a correct report: what tells of it if one reading slips, and what if the source itself is wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import pytest

from crawler.forms.catalogue import ACTIVE_DISCLOSURE, REQUESTS, REVIEW_LITIGATION
from crawler.forms.readings import NO_TWO_READINGS_AGREE
from tests.mutations import KINDS, MOVES, TABLES, Archive, Error, Verdict, Where, errors
from tests.report_series import BODIES, YEARS

COUNTS = [pytest.param(150, marks=pytest.mark.slow), pytest.param(1000, marks=pytest.mark.soak)]
"""Errors tried; the thousand are those of `make soak`."""
SAME_NUMBER = frozenset({"zero to blank", "blank to zero"})
"""What changes no number that anybody would add up."""
BLANKS = SAME_NUMBER | {"number to blank"}
Judged = tuple[Error, Verdict, list[str]]


@pytest.fixture(scope="module")
def archive() -> Archive:
    return Archive()


def share(judged: Iterable[Judged]) -> str:
    """Reported of all; in brackets those that only make a check not assessable, or cells read once."""
    counts = Counter(verdict for _, verdict, _ in judged)
    total = counts.total()
    still = f" (+{counts[Verdict.OPEN]} open)" if counts[Verdict.OPEN] else ""
    return f"{counts[Verdict.REPORTED]} of {total}{still}" + (f" = {counts[Verdict.REPORTED] / total:.1%}" if total else "")


def show(what: str, judged: list[Judged]) -> None:
    """The share of each table, the kinds of each, and the columns of what nothing tells."""
    print(f"\n{what}")  # noqa: T201 - the figures are what the run is for
    for table, number in TABLES.items():
        own = [one for one in judged if one[0].table == table]
        print(f"  table {number}: {share(own)}")  # noqa: T201
        for kind in dict.fromkeys(error.kind for error, _, _ in judged):
            if of_kind := [one for one in own if one[0].kind == kind]:
                print(f"    {kind}: {share(of_kind)}")  # noqa: T201
        silent = Counter(
            (error.kind in SAME_NUMBER and "0 or blank") or spot(error)
            for error, verdict, _ in own
            if verdict is Verdict.SILENT
        )
        if silent:
            print("    nothing tells:", ", ".join(f"{name} {count}" for name, count in silent.most_common()))  # noqa: T201


def spot(error: Error) -> str:
    """The columns of the cells that are wrong."""
    return "/".join(sorted({key.rpartition(".")[2] for key in error.edit}))[:60]


def reported(judged: Iterable[Judged], table: str, kinds: Iterable[str]) -> float:
    """The share reported of these kinds in a table."""
    verdicts = [verdict for error, verdict, _ in judged if error.table == table and error.kind in kinds]
    assert verdicts
    return verdicts.count(Verdict.REPORTED) / len(verdicts)


def test_correct_reports_of_six_bodies_and_years_pass_every_check(archive: Archive) -> None:
    records = archive.records(list(archive.correct))
    assert len(records) == len(BODIES) * len(YEARS)
    assert [
        (record["report_id"], check["id"], check["detail"])
        for record in records
        for check in record["checks"]
        if check["status"] == "fail"
    ] == []
    assert {flag for record in records for flag in record["quality_flags"]} <= {
        "unit_undeclared:active_disclosure.central_procurement.amount"
    }
    assert {record["form_version"] for record in records} == {"cn-ogi-2019", "cn-ogi-2021"}
    passed = Counter(check["kind"] for record in records for check in record["checks"] if check["status"] == "pass")
    assert passed["cross_year"] > 300
    assert passed["cross_level"] == len(YEARS)
    assert passed["text"] > 60


@pytest.mark.parametrize("count", COUNTS)
def test_an_error_in_one_of_two_readings_is_always_told(archive: Archive, count: int) -> None:
    judged: list[Judged] = []
    unnamed = []
    for number, error in enumerate(errors(archive, count, {**KINDS, **MOVES}, seed=count)):
        verdict, news = archive.judge(error, (Where.GRID, Where.WORDS)[number % 2])
        judged.append((error, verdict, news))
        if not all(f"{NO_TWO_READINGS_AGREE}:{key}" in news for key in error.edit):
            unnamed.append((error.kind, number % 2, verdict))
    show(f"{count} errors in one reading", judged)
    # A word lost among blanks may leave open in which columns the others stand; such cells count as read once.
    assert all(kind in BLANKS and in_words and verdict is not Verdict.REPORTED for kind, in_words, verdict in unnamed), unnamed
    assert len(unnamed) <= 0.02 * count


@pytest.mark.parametrize("count", COUNTS)
def test_an_error_of_one_cell_in_the_source(archive: Archive, count: int) -> None:
    judged = [(error, *archive.judge(error, Where.BOTH)) for error in errors(archive, count, KINDS, seed=count + 1)]
    show(f"{count} errors of one cell in the source", judged)
    wrong = KINDS.keys() - SAME_NUMBER
    assert reported(judged, REQUESTS, wrong) == 1
    assert reported(judged, REVIEW_LITIGATION, wrong) == 1
    assert reported(judged, ACTIVE_DISCLOSURE, wrong) >= 0.4


@pytest.mark.parametrize("count", COUNTS)
def test_numbers_in_the_wrong_place_in_the_source(archive: Archive, count: int) -> None:
    judged = [(error, *archive.judge(error, Where.BOTH)) for error in errors(archive, count, MOVES, seed=count + 2)]
    show(f"{count} numbers in the wrong place in the source", judged)
    assert reported(judged, REQUESTS, ["moved beside", "moved below"]) == 1
    assert reported(judged, ACTIVE_DISCLOSURE, ["moved beside", "moved below"]) >= 0.5
