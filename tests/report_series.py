"""Correct reports of several bodies over six years and both forms: every check of a report and of its neighbours holds."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from crawler.forms.catalogue import ACTIVE_DISCLOSURE, REQUESTS, REVIEW_LITIGATION, Form, load_form
from crawler.sample.figures import Size, plausible_values, random_values
from crawler.sample.prose import sections
from crawler.sample.source import ReportSource

YEARS = range(2019, 2025)
FIRST_YEAR_OF_2021_FORM = 2021
TOTALS = ("result_total", "received_new", "carried_in", "carried_out")
PROCEEDINGS = ("review", "litigation_direct", "litigation_after_review")
RESULTS = ("upheld", "corrected", "other_result", "pending")
DRIFT = (0.75, 1.35)
"""How far a number moves from one year to the next."""
Figures = dict[str, Decimal]


@dataclass(frozen=True)
class Body:
    """One body. ``figures`` are all different (``dense``) or such as real ones print, mostly zeros (``plain``)."""

    name: str
    region: str
    region_code: str
    size: Size
    figures: str
    seed: int
    makes_rules: bool = False
    consolidated: bool = False
    blanks: float = 0.0
    """Share of the zeros of tables 3 and 4 that it leaves blank."""

    @property
    def host(self) -> str:
        """Where it publishes."""
        return f"http://{self.region_code}.example"


CITY, COUNTY, OTHER = "河南省/洛阳市", "河南省/洛阳市/栾川县", "河南省/洛阳市/嵩县"
BODIES = (
    Body("洛阳市人民政府", CITY, "410300", "prefecture", "dense", 1, makes_rules=True),
    Body("栾川县人民政府", COUNTY, "410324", "county", "plain", 2, consolidated=True),
    Body("栾川县水利局", COUNTY, "410324", "bureau", "plain", 3),
    Body("栾川县赤土店镇人民政府", COUNTY, "410324", "town", "plain", 4),
    Body("嵩县人民政府", OTHER, "410325", "county", "dense", 5),
    Body("嵩县教育局", OTHER, "410325", "bureau", "plain", 6, blanks=0.2),
)


def form_of(year: int) -> str:
    """The form that is due for a year."""
    return "cn-ogi-2021" if year >= FIRST_YEAR_OF_2021_FORM else "cn-ogi-2019"


def reports_of(body: Body) -> dict[int, ReportSource]:
    """The body's correct reports by year."""
    draw = random.Random(body.seed)  # noqa: S311 - figures of tests
    reports = {}
    before: Figures | None = None
    for year in YEARS:
        version = form_of(year)
        figures = _settled(_drawn(body, version, before, draw), before, load_form(version), body)
        reports[year] = _source(body, year, version, figures, draw)
        before = figures
    return reports


def _drawn(body: Body, version: str, before: Figures | None, draw: random.Random) -> Figures:
    """The first year's figures as drawn, the later ones near those of the year before where that has them."""
    texts = plausible_values(version, body.seed, body.size) if body.figures == "plain" else random_values(version, body.seed)
    figures = {key: Decimal(text) for key, text in texts.items()}
    for key, number in (before or {}).items():
        if key in figures:
            figures[key] = Decimal(str(round(float(number) * draw.uniform(*DRIFT), 2 if number % 1 else None)))
    if before is None:  # what is carried out is what the year after carries in, and that must be no jump
        carried = {key: number for key, number in figures.items() if ".carried_in." in key}
        figures |= {key.replace("carried_in", "carried_out"): number // 2 for key, number in carried.items()}
    return figures


def _settled(figures: Figures, before: Figures | None, form: Form, body: Body) -> Figures:
    """The figures with every sum, and every rule between two years, made true."""
    return figures | _disclosure(figures, before, form, body) | _requests(figures, before, form) | _review(figures, before)


def _disclosure(figures: Figures, before: Figures | None, form: Form, body: Body) -> Figures:
    settled: Figures = {}
    for block in form.blocks:
        for row in block.rows:
            prefix = f"{ACTIVE_DISCLOSURE}.{row.key}."
            own = {column.key: figures[prefix + column.key] for column in block.columns}
            then = {name.removeprefix(prefix): number for name, number in (before or {}).items() if name.startswith(prefix)}
            if row.key == "rules" and not body.makes_rules:
                own = dict.fromkeys(own, Decimal(0))
            elif "made" in own:
                own["made"] = max(own["made"], own["newly_disclosed"])
                own["total_disclosed"] = then.get("total_disclosed", own["made"]) + own["newly_disclosed"]
            elif "in_force" in own:
                stock = then.get("in_force", own["in_force"])
                own["repealed"] = min(own["repealed"], stock + own["issued"])
                own["in_force"] = stock + own["issued"] - own["repealed"]
            elif "items_change" in own:
                if "items_change" in then:
                    own["items_previous_year"] = then["items_previous_year"] + then["items_change"]
                own["items_change"] = max(own["items_change"], -own["items_previous_year"] // 2)
            settled |= {prefix + name: number for name, number in own.items()}
    return settled


def _requests(figures: Figures, before: Figures | None, form: Form) -> Figures:
    columns = [column.key for column in form.request_columns]
    leaves = [row.key for row in form.request_rows if row.key not in TOTALS]
    settled: Figures = {}
    for column in columns[:-1]:
        done = sum((figures[f"{REQUESTS}.{row}.{column}"] for row in leaves), Decimal(0))
        carried_in = (before or figures)[f"{REQUESTS}.{'carried_out' if before else 'carried_in'}.{column}"]
        carried_out = max(figures[f"{REQUESTS}.carried_out.{column}"], carried_in - done)
        numbers = (done, done + carried_out - carried_in, carried_in, carried_out)
        settled |= {f"{REQUESTS}.{row}.{column}": number for row, number in zip(TOTALS, numbers, strict=True)}
    known = figures | settled
    for row in form.request_rows:
        parts = (known[f"{REQUESTS}.{row.key}.{column}"] for column in columns[:-1])
        settled[f"{REQUESTS}.{row.key}.{columns[-1]}"] = sum(parts, Decimal(0))
    return settled


def _review(figures: Figures, before: Figures | None) -> Figures:
    settled: Figures = {}
    for row in PROCEEDINGS:
        own = {result: figures[f"{REVIEW_LITIGATION}.{row}.{result}"] for result in RESULTS}
        pending = (before or {}).get(f"{REVIEW_LITIGATION}.{row}.pending", Decimal(0))
        own["upheld"] += max(Decimal(0), pending - sum(own.values()))
        own["total"] = sum(own.values(), Decimal(0))
        settled |= {f"{REVIEW_LITIGATION}.{row}.{name}": number for name, number in own.items()}
    return settled


def _source(body: Body, year: int, version: str, figures: Figures, draw: random.Random) -> ReportSource:
    printed = {metric.key: str(figures[metric.key]) for metric in load_form(version).metrics}
    paragraphs = sections(body.name, year, version, body.size, printed, body.seed * 100 + year)
    if body.consolidated:
        paragraphs[1] = (*paragraphs[1], "本报告数据由各乡镇、各部门上报后汇总，包括所属各部门、各乡镇的数据。")
    return ReportSource(
        title=f"{body.name}{year}年政府信息公开工作年度报告",
        organisation=body.name,
        year=year,
        form_version=version,
        paragraphs=paragraphs,
        printed=_with_blanks(printed, body.blanks, draw),
    )


def _with_blanks(printed: Mapping[str, str], share: float, draw: random.Random) -> dict[str, str]:
    return {
        key: "" if text == "0" and not key.startswith(ACTIVE_DISCLOSURE) and draw.random() < share else text
        for key, text in printed.items()
    }
