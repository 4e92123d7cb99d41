"""The capacity model: machines, hours, bytes and money for Henan, the nation and its archive; prints ``docs/scale.md``.

python -m benchmarks.capacity [--write]

The constants are in `capacity.toml`, each with its source; here is only the arithmetic.
"""

# ruff: noqa: E501 - the lines of a document

from __future__ import annotations

import argparse
import sys
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any

CONSTANTS = Path(__file__).with_name("capacity.toml")
DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "scale.md"
HOUR = 3600.0
GIGABYTE = 1e9
MILLION = 1_000_000
Constants = dict[str, Any]


def constants() -> Constants:
    """What the model is reckoned from."""
    with CONSTANTS.open("rb") as file:
        return tomllib.load(file)


@dataclass(frozen=True)
class Plan:
    """What one scenario takes.

    Args:
        has: the constants.
        who: the scenario.
    """

    has: Constants
    who: Constants

    # A quiet night: every list is read, every known page and document asked about.

    def requests(self, reports: float) -> float:
        """For so many known reports in a quiet night."""
        night = self.has["night"]
        return float(reports / night["rows_a_list_page"] + reports * night["documents_a_report"])

    @property
    def seconds_a_request(self) -> float:
        """Of a host, which answers one at a time."""
        return float(self.has["night"]["delay_seconds"] + self.has["night"]["answer_seconds"])

    @property
    def longest_host_hours(self) -> float:
        """No machine makes a night shorter than its largest host."""
        return self.requests(self.who["largest_host"]) * self.seconds_a_request / HOUR

    @property
    def host_hours(self) -> float:
        """All hosts one after the other."""
        return self.requests(self.who["known"]) * self.seconds_a_request / HOUR

    @property
    def portals_at_once(self) -> int:
        """So that the rest ends within the window."""
        window: float = self.has["night"]["window_hours"]
        return ceil(self.host_hours / window)

    @property
    def crawl_workers(self) -> int:
        """Workers of the default number of portals."""
        each: int = self.has["night"]["portals_a_worker"]
        return ceil(self.portals_at_once / each)

    @property
    def crawl_gigabytes(self) -> float:
        """Memory of the portals at work."""
        return self.portals_at_once * float(self.has["night"]["megabytes_a_portal"]) / 1000

    @property
    def night_core_hours(self) -> float:
        """Of a quiet night by workers, PostgreSQL's part with it."""
        cost = self.has["processor"]
        pages = self.requests(self.who["known"]) * cost["page"]
        return (
            float(pages + self.who["known"] * cost["ledger_postgres"] + self.who["portals"] * cost["portal_start"])
            / 1000
            / HOUR
        )

    @property
    def publish_core_hours(self) -> float:
        """Of one version."""
        return float(self.who["known"] * self.has["processor"]["publish"]) / 1000 / HOUR

    @property
    def publish_gigabytes(self) -> float:
        """Memory that grows with the reports."""
        return float(self.who["known"] * self.has["bytes"]["publish_memory"]) / GIGABYTE

    # Reading

    @property
    def seconds_a_document(self) -> float:
        """Of one core, by the shares of the kinds."""
        return float(sum(kind["share"] * kind["seconds"] for kind in self.has["kind"]))

    @property
    def season_core_hours(self) -> float:
        """To read a year's new documents once."""
        return float(self.who["new_a_year"] * self.has["night"]["documents_a_report"] * self.seconds_a_document / HOUR)

    @property
    def archive_core_hours(self) -> float:
        """To read everything again."""
        return float(self.who["known"] * self.has["night"]["documents_a_report"] * self.seconds_a_document / HOUR)

    # Keeping

    @property
    def store_gigabytes(self) -> float:
        """Every document, in the object store or `attachments/`."""
        size = sum(kind["share"] * kind["bytes"] for kind in self.has["kind"])
        return float(self.who["known"] * self.has["night"]["documents_a_report"] * size) / GIGABYTE

    def ledger_gigabytes(self, row: str) -> float:
        """``row`` is the constant of the database."""
        size = self.has["bytes"]
        return float(self.who["known"] * (size[row] + size["record"])) / GIGABYTE

    @property
    def published_gigabytes(self) -> float:
        """All versions that are kept."""
        return float(self.who["known"] * self.has["bytes"]["published"] * self.has["bytes"]["versions"]) / GIGABYTE

    # Money

    @property
    def cores(self) -> int:
        """All the year, each with 4 GB: what a night takes within its window and two for database and publishing, or their memory."""
        busy = 2 + ceil(self.night_core_hours / self.has["night"]["window_hours"])
        return int(max(busy, ceil((self.crawl_gigabytes + self.publish_gigabytes + 4) / 4)))

    @property
    def cost_a_month(self) -> float:
        """Cores and bytes."""
        price = self.has["price"]
        disk = self.ledger_gigabytes("row_postgres") + self.published_gigabytes
        return float(
            self.cores * price["core_month"]
            + disk * price["disk_gigabyte_month"]
            + self.store_gigabytes * price["store_gigabyte_month"]
        )


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """As Markdown."""
    return [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)]


def number(value: float) -> str:
    """As few digits as it is known to; what was counted as it is."""
    if isinstance(value, int):
        return f"{value:,}"
    if value >= 100:
        return f"{round(value, -1 if value < 10_000 else -2):,.0f}"
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}"


def document(has: Constants) -> str:
    """``docs/scale.md``."""
    plans = [Plan(has, who) for who in has["scenario"]]
    names = ["", *(plan.who["name"] for plan in plans)]

    def row(label: str, values: Iterable[float], unit: str = "") -> list[str]:
        return [label, *(f"{number(value)}{unit}" for value in values)]

    night, any_plan = has["night"], plans[0]
    lines = [
        "# Scale: machines, hours, bytes, money",
        "",
        "Printed by `python -m benchmarks.capacity` from `benchmarks/capacity.toml`, where each constant stands with its source; put your own figures",
        (
            "there (shares of kinds, answer times, prices) and run it with `--write`. Figures of speed are of one core of "
            f"{has['machine']['name']}."
        ),
        "They are a model to plan by: no night over the real nation has been measured.",
        "",
        "## A quiet night",
        "",
        f"Every list is read and every known page and document asked about: {any_plan.requests(1):.2f} requests a report, one at a time a host,",
        (
            f"{any_plan.seconds_a_request:.1f} s each ({night['delay_seconds']:.0f} s of `DOWNLOAD_DELAY`, {night['answer_seconds']} s for the answer). "
            "The largest host decides how long the night is, whatever the machines."
        ),
        "",
        *table(
            names,
            [
                row("portals", (plan.who["portals"] for plan in plans)),
                row("known reports", (plan.who["known"] for plan in plans)),
                row("requests", (plan.requests(plan.who["known"]) for plan in plans)),
                row("largest host alone", (plan.longest_host_hours for plan in plans), " h"),
                row(f"portals at once for {night['window_hours']:.0f} h", (plan.portals_at_once for plan in plans)),
                row(f"workers of {night['portals_a_worker']} portals", (plan.crawl_workers for plan in plans)),
                row("their memory", (plan.crawl_gigabytes for plan in plans), " GB"),
                row("processor, core hours", (plan.night_core_hours for plan in plans)),
                row(
                    "one version published, core hours (one process, a second one for files)",
                    (plan.publish_core_hours for plan in plans),
                ),
                row("memory of publishing", (plan.publish_gigabytes for plan in plans), " GB"),
            ],
        ),
        "",
        "## Reading documents",
        "",
        *table(
            ["kind", "share (assumed)", "seconds of a core", "bytes"],
            [[kind["name"], f"{kind['share']:.0%}", f"{kind['seconds']}", f"{kind['bytes']:,}"] for kind in has["kind"]],
        ),
        "",
        f"On average {any_plan.seconds_a_document:.2f} s of a core a document, {_scans_share(has):.0%} of it for scans.",
        "",
        *table(
            names,
            [
                row("new reports a year", (plan.who["new_a_year"] for plan in plans)),
                row("to read a year's documents, core hours", (plan.season_core_hours for plan in plans)),
                row("to read all again, core hours", (plan.archive_core_hours for plan in plans)),
                row("cores to read all again in a day", (ceil(plan.archive_core_hours / 24) for plan in plans)),
            ],
        ),
        "",
        *_in_an_hour(has, any_plan),
        "",
        "## Bytes and money",
        "",
        *table(
            names,
            [
                row("documents (S3 or folder)", (plan.store_gigabytes for plan in plans), " GB"),
                row("ledger on PostgreSQL", (plan.ledger_gigabytes("row_postgres") for plan in plans), " GB"),
                row("ledger on SQLite", (plan.ledger_gigabytes("row_sqlite") for plan in plans), " GB"),
                row(f"{has['bytes']['versions']} published versions", (plan.published_gigabytes for plan in plans), " GB"),
                row("cores all the year, with 4 GB each", (plan.cores for plan in plans)),
                row("money a month", (plan.cost_a_month for plan in plans)),
            ],
        ),
        "",
        (
            f"The prices are round figures to be replaced, of no vendor: {has['price']['core_month']:.0f} for a core with 4 GB, "
            f"{has['price']['disk_gigabyte_month']:.2f} for a gigabyte of disk,"
        ),
        f"{has['price']['store_gigabyte_month']:.2f} for one of the object store, each a month. Copies for safety are not in them.",
        "",
        *_limits(has, plans),
    ]
    return "\n".join(lines) + "\n"


def _scans_share(has: Constants) -> float:
    costs = {kind["name"]: kind["share"] * kind["seconds"] for kind in has["kind"]}
    return float(costs["scan"] / sum(costs.values()))


def _in_an_hour(has: Constants, plan: Plan) -> list[str]:
    cores = ceil(MILLION * plan.seconds_a_document / HOUR)
    without = [kind for kind in has["kind"] if kind["name"] != "scan"]
    bare = sum(kind["share"] * kind["seconds"] for kind in without) / sum(kind["share"] for kind in without)
    writing = has["writing"]
    hours = MILLION * writing["single_write_ms"] / 1000 / HOUR
    return [
        f"**A million archived documents in an hour** take {cores} cores with these shares, {ceil(MILLION * bare / HOUR)} where none is a scan. On two",
        f"cores it is {MILLION * plan.seconds_a_document / HOUR / 2:.0f} hours. Beyond about {1000 / writing['single_write_ms']:.0f} documents a second the ledger is the limit: each reading is one",
        f"transaction, and writers follow one another. At {writing['single_write_ms']} ms a transaction (a disk that is waited for) a million take {hours:.1f} hours,",
        "however many cores read; with `synchronous_commit=off` for the workers (`?options=-csynchronous_commit%3Doff` in `DATABASE_URL`: what a",
        f"crash of the server loses is read again) about {MILLION * writing['without_wait_ms'] / 1000 / HOUR:.1f} hours.",
    ]


def _limits(has: Constants, plans: Sequence[Plan]) -> list[str]:
    henan, nation, archive = plans
    return [
        "## Where the first limit is met",
        "",
        *table(
            ["limit", "where", "what to do"],
            [
                [
                    "the largest host",
                    f"a host with {archive.who['largest_host']:,} reports takes {archive.longest_host_hours:.0f} h a night at one request at a time",
                    (
                        "nothing makes it faster politely: let it go over two nights (`CRAWL_WINDOW`; the next begins with who waited longest), "
                        "or agree on a shorter `delay` with the portal"
                    ),
                ],
                [
                    "one process",
                    (
                        f"Henan's quiet night is {henan.night_core_hours:.1f} core hours; the nation's {nation.night_core_hours:.0f} do not "
                        "leave one core time for a season's reading"
                    ),
                    "workers on more cores (`docs/workers.md`)",
                ],
                [
                    "memory of workers",
                    (
                        f"{nation.portals_at_once} portals at once are {nation.crawl_gigabytes:.0f} GB for the nation, "
                        f"{archive.crawl_gigabytes:.0f} GB for its archive"
                    ),
                    "a longer window; spread over machines; `scrapy crawl` holds many portals in one process instead",
                ],
                [
                    "scans",
                    f"{_scans_share(has):.0%} of all reading",
                    "cores, only while they are read; they wait behind everything new",
                ],
                [
                    "the writers' lock on PostgreSQL",
                    f"{1000 / has['writing']['single_write_ms']:.0f} single writes a second",
                    "a disk that syncs fast, or `synchronous_commit=off` for readers",
                ],
                [
                    "publishing",
                    (
                        f"one version of the nation takes {nation.publish_core_hours:.1f} core hours and {nation.publish_gigabytes:.1f} GB, of the archive "
                        f"{archive.publish_core_hours:.1f} and {archive.publish_gigabytes:.1f}; it does not spread over machines"
                    ),
                    "one spider a province: each publishes its own dataset, and a province without news publishes nothing",
                ],
                [
                    "a spreadsheet",
                    "1,048,575 reports a sheet",
                    "the Parquet and DuckDB files",
                ],
            ],
        ),
    ]


def main(argv: Sequence[str] | None = None) -> int:
    """Prints the model, or writes it into ``docs``."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--write", action="store_true", help=f"into {DOCUMENT.name} instead of stdout")
    options = parser.parse_args(argv)
    text = document(constants())
    if options.write:
        DOCUMENT.write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
