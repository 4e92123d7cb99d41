"""What a report of the plan says: its figures and sentences, by its own seed, in one of a few dozen layouts."""

from __future__ import annotations

import random
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from crawler.sample.figures import plausible_values
from crawler.sample.prose import sections
from crawler.sample.source import Layout, ReportSource
from crawler.sample.variety import random_layout

if TYPE_CHECKING:
    from tests.nation.plan import Report

LAYOUTS = 24


@cache
def layouts(form_version: str) -> tuple[Layout, ...]:
    """Offices' ways of printing the whole form: no row is missing, swapped or drawn together."""
    drawn = [random_layout(form_version, seed) for seed in range(LAYOUTS)]
    return tuple(
        replace(layout, missing_rows=(), swapped_rows=(), single_other=False, glued=False, deep_tail=False) for layout in drawn
    )


def source_of(report: Report, version: int = 0) -> ReportSource:
    """The contents of a report; another ``version`` has other figures."""
    values = plausible_values(report.form_version, report.seed, report.size)
    if version:
        values = _changed(report, values, version)
    paragraphs = sections(
        report.organisation, report.year, report.form_version, report.size, values, report.seed + version, stated=None
    )
    day = report.date
    intro = (
        f"本报告由{report.organisation}编制，所列数据的统计期限自{report.year}年1月1日起至{report.year}年12月31日止。"
        f"如有疑问，请与{report.organisation}办公室联系。"
    )
    draw = random.Random(report.seed)  # noqa: S311 - layouts of samples
    return ReportSource(
        title=report.title,
        organisation=report.organisation,
        year=report.year,
        form_version=report.form_version,
        paragraphs=paragraphs,
        printed=values,
        intro=(intro,),
        signature=(report.organisation, f"{day.year}年{day.month}月{day.day}日"),
        layout=draw.choice(layouts(report.form_version)),
    )


def _changed(report: Report, before: dict[str, str], version: int) -> dict[str, str]:
    seed = report.seed
    while (values := plausible_values(report.form_version, seed := seed + 7919 * version, report.size)) == before:
        pass
    return values
