"""Every block of docs/recipes.md is run on a published dataset, and the tools must give the same shares."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from crawler.dataset.ledger import Ledger
from crawler.dataset.publish import publish
from crawler.divisions import registered_divisions
from crawler.extraction import extract
from crawler.outcomes import Outcome
from crawler.sample.source import ReportSource
from tests.conftest import ROOT
from tests.ofd_writer import to_ofd
from tests.report_series import BODIES, CITY, Body, reports_of

SPIDER = "henan_reports"
PDF = next((ROOT / "crawler" / "sample" / "site" / "files").rglob("20230126/*.pdf"))
NAMELESS = Body("城关镇人民政府", CITY, "410300", "town", "plain", 7)
"""A town of one of several counties: name and portal do not say which."""
WRONG_TOTAL = "review_litigation.review.total"
CORRECTED = ("410325:人民政府:2024:own", "active_disclosure.licensing.decisions")
Shares = dict[tuple[str, int], float]


@dataclass(frozen=True)
class Block:
    """One fenced block: its language, the heading it stands under, and its number under it."""

    language: str
    heading: str
    text: str


def blocks() -> dict[str, Block]:
    """The blocks of the recipes by a name that says where they stand."""
    found: dict[str, Block] = {}
    heading = ""
    text = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
    for match in re.finditer(
        r"^## (?P<heading>[^\n]+)$|^```(?P<language>\w+)\n(?P<text>.*?)^```$", text, re.MULTILINE | re.DOTALL
    ):
        if match["heading"]:
            heading = match["heading"]
        else:
            found[f"{len(found) + 1} {match['language']}: {heading}"] = Block(match["language"], heading, match["text"])
    return found


BLOCKS = blocks()
SHARE, SERIES, TRACE, WRONG, UNRESOLVED, CHANGED = dict.fromkeys(block.heading for block in BLOCKS.values())


class Published:
    """Two nights of a ledger: the second has a correction."""

    def __init__(self, folder: Path) -> None:
        self.output = folder
        self._now = datetime(2026, 1, 10, 2, 0, tzinfo=UTC)
        self._ledger = Ledger(f"sqlite:///{folder / 'ledger.sqlite'}", clock=lambda: self._now)
        for body in BODIES:
            self._ledger.record_portal(
                SPIDER, body.region_code, name=body.region.rpartition("/")[2] + "人民政府", region=body.region,
                region_code=body.region_code, home=f"{body.host}/", outcome=Outcome.OK,
            )  # fmt: skip
        sources = {(body, year): source for body in BODIES for year, source in reports_of(body).items()}
        for (body, year), source in sources.items():
            self._add(body, year, to_ofd(source), "ofd")
        self._add(BODIES[1], 2018, PDF.read_bytes(), "pdf")
        nameless = reports_of(NAMELESS)[2023]
        self._add(NAMELESS, 2023, to_ofd(replace(nameless, printed={**nameless.printed, WRONG_TOTAL: "9"})), "ofd")
        self.publish()
        county, year = BODIES[4], 2024
        self._add(county, year, to_ofd(self.corrected(sources[county, year])), "ofd")
        self.publish()
        self._ledger.close()

    @staticmethod
    def corrected(source: ReportSource) -> ReportSource:
        """The report with one number more than before."""
        _, key = CORRECTED
        return replace(source, printed={**source.printed, key: str(int(source.printed[key]) + 1)})

    def publish(self) -> None:
        """Publishes, and lets a night pass."""
        assert publish(self._ledger, SPIDER, self.output, now=self._now, divisions=registered_divisions()).status == "published"
        self._now += timedelta(days=1)

    def _add(self, body: Body, year: int, content: bytes, suffix: str) -> None:
        sha256 = hashlib.sha256(content).hexdigest()
        path = f"{sha256[:2]}/{sha256}.{suffix}"
        file = self.output / SPIDER / "attachments" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        url = f"{body.host}/{body.seed}/{year}.{suffix}"
        record = extract(content).record
        assert record is not None
        self._ledger.record_page(
            url, portal=body.region_code, outcome=Outcome.OK, title=None, published_date=f"{year + 1}-01-20"
        )
        self._ledger.record_document(
            url, page_url=url, role="attachment", outcome=Outcome.OK, sha256=sha256, media_type=f"application/{suffix}",
            size=len(content), path=path,
        )  # fmt: skip
        self._ledger.save_extraction(sha256, "1", outcome=Outcome.OK, record=record)


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Published(tmp_path_factory.mktemp("recipes")).output


@pytest.fixture
def at_output(output: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(output)
    return output


def records(output: Path, name: str = "reports.jsonl") -> list[dict[str, Any]]:
    lines = (output / SPIDER / "current" / name).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def run_python(block: Block) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(compile(block.text, "docs/recipes.md", "exec"), names)  # noqa: S102 - our own documentation
    return names


def run_sql(block: Block) -> pd.DataFrame:
    with duckdb.connect(f"{SPIDER}/current/dataset.duckdb", read_only=True) as connection:
        return connection.sql(block.text).df()


def of(heading: str, language: str) -> list[Block]:
    return [block for block in BLOCKS.values() if (block.heading, block.language) == (heading, language)]


def by_county(rows: Mapping[str, Any]) -> Shares:
    return {
        (path, int(year)): float(share)
        for path, year, share in zip(rows["region_path"], rows["year"], rows["share"], strict=True)
    }


def expected_shares(output: Path) -> Shares:
    """Worked out from the records, without any of the tools."""
    shares = {}
    for record in records(output):
        if (record["org_level"], record["org_type"]) == ("county", "government"):
            numbers = [record["values"][f"requests.{row}.total"] for row in ("granted", "granted_partial", "result_total")]
            if None not in numbers and numbers[2]:
                shares[record["region_path"], record["year"]] = (numbers[0] + numbers[1]) / numbers[2]
    assert len(shares) >= 12
    return shares


def test_the_dataset_of_the_recipes_holds_what_they_are_about(output: Path) -> None:
    current = records(output)
    assert {record["form_version"] for record in current} == {"cn-ogi-2019", "cn-ogi-2021"}
    assert any(record["org_id"] is None for record in current)
    assert any(record["documents"][0]["media_type"] == "application/pdf" for record in current)


@pytest.mark.parametrize(
    "name", [name for name, block in BLOCKS.items() if block.heading == SHARE and block.language == "python"]
)
def test_the_shares_in_python(name: str, at_output: Path) -> None:
    block = BLOCKS[name]
    if "polars" in block.text and find_spec("polars") is None:
        pytest.skip("polars is not installed: it is no dependency of this project")
    shares = run_python(block)["shares"]
    assert by_county(shares) == pytest.approx(expected_shares(at_output))


def test_the_shares_in_sql(at_output: Path) -> None:
    (block,) = of(SHARE, "sql")
    assert by_county(run_sql(block)) == pytest.approx(expected_shares(at_output))


@pytest.mark.skipif(shutil.which("Rscript") is None, reason="R is not installed: apt-get install r-base-core")
def test_the_shares_in_r(at_output: Path) -> None:
    (block,) = of(SHARE, "r")
    script = f'{block.text}\nwrite.csv(shares, "shares.csv", row.names = FALSE, fileEncoding = "UTF-8")\n'
    (at_output / "recipe.R").write_text(script, encoding="utf-8")
    subprocess.run(["Rscript", "--vanilla", "recipe.R"], check=True, env={**os.environ, "LC_ALL": "C.UTF-8"})
    with (at_output / "shares.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert by_county({key: [row[key] for row in rows] for key in rows[0]}) == pytest.approx(
        expected_shares(at_output), abs=1e-9
    )


@pytest.mark.usefixtures("at_output")
def test_the_names_of_the_stata_recipe_are_those_of_the_file() -> None:
    (block,) = of(SHARE, "stata")
    with pd.read_stata(f"{SPIDER}/current/reports.dta", iterator=True) as file:
        labels = file.variable_labels()
    used = set(re.findall(r"\b(?:[a-z]\w*_c\d|org_\w+|region_path|year)\b", block.text))
    assert used == {"r03_c7", "r04_c7", "r25_c7", "org_level", "org_type", "region_path", "year"}
    assert used <= labels.keys()


@pytest.mark.skipif(shutil.which("stata") is None, reason="Stata is not installed")
def test_the_stata_recipe_runs(at_output: Path) -> None:
    (block,) = of(SHARE, "stata")
    (at_output / "recipe.do").write_text(block.text, encoding="utf-8")
    subprocess.run(["stata", "-b", "do", "recipe.do"], check=True)
    assert "r(" not in (at_output / "recipe.log").read_text(encoding="utf-8")


def test_the_series_over_both_forms_are_the_printed_numbers(at_output: Path) -> None:
    wide, long = (run_sql(block) for block in of(SERIES, "sql"))
    others: dict[int, Decimal] = {}
    licences: dict[int, Decimal] = {}
    for record in records(at_output):
        if (record["org_level"], record["org_type"]) != ("county", "government"):
            continue
        rows = (
            ("other_handling",)
            if record["form_version"] == "cn-ogi-2019"
            else ("other_overdue_correction", "other_unpaid_fee", "other_other")
        )
        own = [Decimal(str(record["values"][f"requests.{row}.total"])) for row in rows]
        year = record["year"]
        others[year] = others.get(year, Decimal(0)) + sum(own)
        licences[year] = licences.get(year, Decimal(0)) + Decimal(
            str(record["values"]["active_disclosure.licensing.decisions"])
        )
    assert dict(zip(wide["year"], wide["otherwise_closed"], strict=True)) == {
        year: float(number) for year, number in others.items()
    }
    assert dict(zip(wide["year"], wide["licensing_decisions"], strict=True)) == {year: float(n) for year, n in licences.items()}
    assert dict(zip(long["year"], long["otherwise_closed"], strict=True)) == {year: float(n) for year, n in others.items()}
    assert set(long["made"]) == {"sum of parts"}
    assert sum(others.values()) > 0


def test_a_number_is_traced_to_its_page_and_cell(at_output: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (block,) = of(TRACE, "python")
    names = run_python(block)
    record = names["record"]
    printed = f"printed {record['cells'][names['metric']]['raw']} at"
    assert printed in capsys.readouterr().out
    x0, top, x1, bottom = names["cell"]["where"]["bbox"]
    words = (
        names["page"]
        .get_textpage()
        .get_text_bounded(x0, names["page"].get_height() - bottom, x1, names["page"].get_height() - top)
    )
    assert words.strip() == names["cell"]["raw"]
    assert (at_output / "cell.png").stat().st_size > 500


def test_what_is_wrong_is_counted_and_doubts_are_listed(at_output: Path) -> None:
    (python,), (sql,) = of(WRONG, "python"), of(WRONG, "sql")
    failed = run_python(python)["failed"]
    assert failed.total() == sum(check["status"] == "fail" for record in records(at_output) for check in record["checks"])
    assert failed.total() > 0
    flagged = {
        (record["report_id"], key)
        for record in records(at_output)
        for key, cell in record["cells"].items()
        if cell.get("flags") and key.startswith("requests.")
    }
    assert set(zip(*(run_sql(sql)[name] for name in ("report_id", "metric")), strict=True)) == flagged


def test_organisations_that_were_not_resolved_are_listed(at_output: Path) -> None:
    (python,), (sql,) = of(UNRESOLVED, "python"), of(UNRESOLVED, "sql")
    (one,) = run_python(python)["unresolved"]
    assert one["names"] == [NAMELESS.name]
    assert one["org_evidence"]
    assert one["report_ids"] == [record["report_id"] for record in records(at_output) if record["org_id"] is None]
    rows = run_sql(sql)
    assert list(rows["org_name_raw"]) == one["names"]
    assert list(rows["reports"]) == [one["reports"]]


@pytest.mark.usefixtures("at_output")
def test_what_changed_since_last_night_is_the_correction() -> None:
    (block,) = of(CHANGED, "python")
    report_id, key = CORRECTED
    ((found, metric, old, new),) = run_python(block)["changes"]
    assert (found, metric, new) == (report_id, key, old + 1)


def test_no_block_is_left_out() -> None:
    tested = {
        SHARE: {"python", "sql", "r", "stata"}, SERIES: {"sql"}, TRACE: {"python"}, WRONG: {"python", "sql"},
        UNRESOLVED: {"python", "sql"}, CHANGED: {"python"},
    }  # fmt: skip
    assert {(block.heading, block.language) for block in BLOCKS.values()} == {
        (h, one) for h, own in tested.items() for one in own
    }
    assert len(BLOCKS) == 15
