"""The codebook is generated, and says something about every metric."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from crawler.dataset.codebook import CHINESE_DOCUMENT, DOCUMENT, render, render_chinese
from crawler.dataset.codebook_columns import (
    CELLS,
    REPORTS,
    STATA_NAME_LENGTH,
    Column,
    columns,
    comparable_metrics,
    metric_columns,
    series,
    stata_name,
    words,
)
from crawler.dataset.exporters.cells_csv import CellsCsv
from crawler.dataset.exporters.reports_csv import ReportsCsv
from crawler.forms.catalogue import FORM_VERSIONS, all_metrics, load_form


def column(key: str) -> Column:
    return next(column for column in metric_columns() if column.name == key)


@pytest.mark.parametrize(("document", "made"), [(DOCUMENT, render), (CHINESE_DOCUMENT, render_chinese)])
def test_the_committed_codebooks_are_up_to_date(document: Path, made: Callable[[], str]) -> None:
    assert document.read_text("utf-8") == made(), "run python -m crawler.dataset.codebook"


@pytest.mark.parametrize("made", [render, render_chinese])
def test_every_metric_has_its_row(made: Callable[[], str]) -> None:
    rows = {line.split("`")[1] for line in made().splitlines() if line.startswith("| `")}
    assert {metric.key for metric in all_metrics()} <= rows
    assert len(all_metrics()) == 226


def test_the_codebook_names_the_columns_of_both_tables_in_their_order() -> None:
    assert tuple(column.name for column in columns(REPORTS)) == tuple(ReportsCsv.header)
    assert tuple(column.name for column in columns(CELLS)) == tuple(CellsCsv.header)


def test_stata_takes_every_name_and_label() -> None:
    names = [column.stata for column in columns(REPORTS)]
    assert len(set(names)) == len(names)
    for column in columns(REPORTS):
        assert column.stata.isidentifier()
        assert column.stata.isascii()
        assert len(column.stata) <= STATA_NAME_LENGTH
        assert 0 < len(column.label_en) <= 80
        assert 0 < len(column.label_zh) <= 80
    assert len(stata_name("A1." + ".".join("VERY_LONG_WORDS" for _ in range(9)))) == STATA_NAME_LENGTH


def test_every_word_of_the_codebook_is_used() -> None:
    rows, labels = {metric.row for metric in all_metrics()}, {metric.column for metric in all_metrics()}
    assert set(words()["rows"]) == rows | {entry["row"].partition(".")[2] for entry in words()["series"]}
    assert set(words()["columns"]) == labels


def test_every_metric_says_whether_it_may_be_compared() -> None:
    for metric in metric_columns():
        assert metric.comparability in words()["verdicts"]
        assert metric.note_en or metric.comparability == "comparable", metric.name
        assert (metric.forms == FORM_VERSIONS) == (metric.comparability == "comparable"), metric.name
        assert bool(metric.series) == (metric.comparability == "by_sum")
    assert len(comparable_metrics()) == 172
    assert column("active_disclosure.licensing.decisions").comparability == "comparable"
    assert column("active_disclosure.admin_fees.amount_collected").comparability == "not_comparable"
    assert column("active_disclosure.other_external_services.decisions").comparability == "one_form_only"
    assert column("requests.other_unpaid_fee.total").series == "requests.other_total.total"


def test_every_sum_is_made_of_metrics_of_its_form() -> None:
    assert len(series()) == 4 * 7
    for one in series():
        for version in FORM_VERSIONS:
            assert set(one.parts[version]) <= {metric.key for metric in load_form(version).metrics}, one.key
            assert {part.rpartition(".")[2] for part in one.parts[version]} == {one.key.rpartition(".")[2]}
        for version, metric in one.instead.items():
            assert metric in {extra.key for extra in load_form(version).extra_metrics}, "the form lets it be printed"
            assert column(metric).series == one.key
    keys = {one.key for one in series()}
    assert {metric.series for metric in metric_columns() if metric.series} <= keys
