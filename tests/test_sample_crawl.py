"""The sample portals crawled as `make demo` does it, against the truth of their generator."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from collections import Counter
from decimal import Decimal, InvalidOperation
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.crawling import ROOT, scrapy

EXPECTED = json.loads((ROOT / "crawler" / "sample" / "expected.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    output = tmp_path_factory.mktemp("sample")
    done = scrapy("crawl", "henan_reports", "-a", "portals=sample", "-s", f"OUTPUT_DIR={output}", SAMPLE_PORT="0")
    assert done.returncode == 0, done.stderr[-4000:]
    return output / "henan_reports" / "current", done.stdout


@pytest.fixture(scope="module")
def records(night: tuple[Path, str]) -> list[dict[str, Any]]:
    current, _ = night
    lines = [(current / name).read_text("utf-8").splitlines() for name in ("reports.jsonl", "superseded.jsonl")]
    return [json.loads(line) for part in lines for line in part]


def path_of(url: str) -> str:
    return re.sub(r"^http://[^/]+", "", url)


def as_printed(text: str) -> Decimal | None:
    try:
        return Decimal(re.sub(r"[,，\s]|[件项条元万]+$", "", text).replace("－", "-"))
    except InvalidOperation:
        return None


OFFICE, OCR = {"doc", "wps", "rtf"}, {"scanned", "scan_150", "scan_tilted", "mixed_pdf", "page_images", "text+picture"}
"""Shapes that are read by way of LibreOffice, or with the ocr extra."""


def readable() -> list[dict[str, Any]]:
    lacking = (OFFICE if shutil.which("soffice") is None else set()) | (OCR if find_spec("rapidocr") is None else set())
    return [report for report in EXPECTED["reports"] if report["outcome"] == "ok" and report["shape"] not in lacking]


def test_every_report_is_there_once_with_every_number_as_printed(records: list[dict[str, Any]]) -> None:
    by_page = {path_of(record["page_url"]): record for record in records}
    assert len(by_page) == len(records)
    wrong = []
    for report in readable():
        record = by_page.get(report["page"])
        if record is None:
            wrong.append(f"{report['title']}: missing")
            continue
        for key, text in report["values"].items():
            value = record["values"][key]
            if (None if value is None else Decimal(str(value))) != as_printed(text):
                wrong.append(f"{report['title']}: {key}: printed {text!r}, read {value!r}")
    assert wrong == []


def test_every_report_has_its_organisation_year_scope_and_form(records: list[dict[str, Any]]) -> None:
    by_page = {path_of(record["page_url"]): record for record in records}
    for report in readable():
        record = by_page[report["page"]]
        assert record["year"] == report["year"], report["title"]
        assert record["form_version"] == report["form_version"], report["title"]
        assert record["org_name_raw"].replace(" ", "") in report["title"].replace(" ", ""), report["title"]
        assert bool(record["org_id"]) == report["resolved"], report["title"]


def test_identities_fail_where_the_source_does_not_add_up_and_nowhere_else(records: list[dict[str, Any]]) -> None:
    by_page = {path_of(record["page_url"]): record for record in records}
    for report in readable():
        failed = {
            check["id"]
            for check in by_page[report["page"]]["checks"]
            if check["kind"] == "identity" and check["status"] == "fail"
        }
        assert failed == set(report["failed_identities"]), report["title"]


def test_one_record_a_report_renditions_merged_corrections_superseding(night: tuple[Path, str]) -> None:
    current, _ = night
    reports = [json.loads(line) for line in (current / "reports.jsonl").read_text("utf-8").splitlines()]
    superseded = [json.loads(line) for line in (current / "superseded.jsonl").read_text("utf-8").splitlines()]
    assert len(reports) >= 40
    assert len({record["report_id"] for record in reports}) == len(reports)
    assert max(Counter((record["org_id"], record["year"], record["reporting_scope"]) for record in reports).values()) == 1
    corrected = [record for record in reports if record["version_no"] == 2]
    assert [record["report_id"] for record in corrected] == [record["report_id"] for record in superseded]
    assert all(record["supersedes"] for record in corrected)
    merged = [record for record in reports if len(record["documents"]) > 1]
    assert len(merged) >= 2
    assert any(
        {"text/html", "application/pdf"} <= {document["media_type"] for document in record["documents"]} for record in merged
    )


def by_title(night: tuple[Path, str], *words: str) -> dict[str, Any]:
    lines = (night[0] / "reports.jsonl").read_text("utf-8").splitlines()
    (found,) = [record for record in map(json.loads, lines) if all(word in record["title"] for word in words)]
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize(
    ("words", "report_id", "path", "town"),
    [
        (("轵城镇", "2020"), "419001:轵城镇人民政府:2020:own", "河南省/济源市", "419001102"),
        (("马店镇", "2021"), "410328:马店镇人民政府:2021:own", "河南省/洛阳市/洛宁县", "410328107"),
    ],
)
def test_towns_whose_report_names_no_county_are_known_by_their_portal(
    night: tuple[Path, str], words: tuple[str, str], report_id: str, path: str, town: str
) -> None:
    record = by_title(night, *words)
    assert (record["report_id"], record["region_path"], record["township_code"]) == (report_id, path, town)
    assert "洛宁" not in record["title"] + record["text"]
    assert "济源" not in record["title"] + record["text"]


def test_a_name_that_three_counties_have_is_left_open_with_its_candidates(night: tuple[Path, str]) -> None:
    record = by_title(night, "城关镇", "2023")
    assert record["org_id"] is None
    assert "organisation_unresolved" in record["quality_flags"]
    assert all(county in record["org_evidence"][0] for county in ("孟津区", "嵩县", "汝阳县"))
    last = (night[0] / "organisations.jsonl").read_text("utf-8").splitlines()[-1]
    assert json.loads(last)["report_ids"] == [record["report_id"]]


def test_one_body_under_two_names_is_one_report(night: tuple[Path, str]) -> None:
    record = by_title(night, "栾川县发展和改革委员会", "2023")
    assert {document["media_type"] for document in record["documents"]} >= {"application/pdf"}
    assert len(record["documents"]) == 2
    assert "renditions_differ" not in record["quality_flags"]
    with pytest.raises(ValueError, match="not enough"):
        by_title(night, "发改委")


def test_copied_words_and_figures_are_flagged_and_zeros_alone_are_no_evidence(night: tuple[Path, str]) -> None:
    for town in ("起台镇", "胡襄镇"):
        assert "copied_text" in by_title(night, town, "2022")["quality_flags"]
    for town in ("上戈镇", "小界乡"):
        record = by_title(night, town, "2023")
        assert "copied_text" not in record["quality_flags"]
        assert not any(record["values"].values())


def test_a_city_and_its_own_office_are_two_reports(night: tuple[Path, str]) -> None:
    city, office = by_title(night, "洛阳市人民政府2023"), by_title(night, "洛阳市人民政府办公室2023")
    assert (city["reporting_scope"], office["reporting_scope"]) == ("consolidated", "own")
    assert city["org_id"] != office["org_id"]


def test_a_pdf_that_does_not_add_up_is_shown_beside_what_was_read(night: tuple[Path, str]) -> None:
    record = by_title(night, "洛阳市审计局", "2021")
    page = (night[0] / "report.html").read_text("utf-8")
    data = json.loads(re.search(r"<script[^>]*application/json[^>]*>(.*?)</script>", page, re.DOTALL)[1])  # type: ignore[index]
    number = next(n for n, report in enumerate(data["reports"]) if report[2] == record["report_id"])
    (entry,) = [one for one in data["failed"] if one["report"] == number and one["rule"] == "R3.row.granted"]
    assert entry["pictures"]
    assert data["pictures"]["shown"] >= 1
    assert "data:image" in page


def test_look_alikes_are_not_reports(records: list[dict[str, Any]]) -> None:
    pages = {path_of(record["page_url"]) for record in records}
    assert EXPECTED["look_alikes"]
    assert [look["title"] for look in EXPECTED["look_alikes"] if look["page"] in pages] == []


def test_the_sample_spans_both_forms_seven_years_and_every_kind_of_document(records: list[dict[str, Any]]) -> None:
    assert {record["form_version"] for record in records} == {"cn-ogi-2019", "cn-ogi-2021"}
    assert len({record["year"] for record in records}) >= 7
    assert len({record["portal"] for record in records}) >= 4
    media = {document["media_type"] for record in records for document in record["documents"]}
    packed = {"application/zip", "application/vnd.rar", "application/x-7z-compressed"}
    wanted = {document["media_type"] for report in readable() for document in report["documents"]}
    assert wanted - packed - {"image/png"} <= media


def test_the_summary_counts_kinds_and_the_manifest_media_types(night: tuple[Path, str]) -> None:
    current, stdout = night
    lines = stdout.splitlines()
    start = next(number for number, line in enumerate(lines) if line.split()[:1] == ["ok"])
    outcomes = lines[start].split()
    table = {}
    for line in lines[start + 1 : lines.index("", start)]:
        if cells := re.fullmatch(rf"(.+?)((?:\s+(?:\d+|·)){{{len(outcomes)}}})", line):
            table[cells[1].strip()] = dict(zip(outcomes, cells[2].split(), strict=True))
    assert {"PDF", "DOCX", "HTML", "OFD", "XLSX", "XLS", "MHTML", "Word XML", "ZIP", "RAR", "7z"} <= set(table)
    assert table["OFD"]["ok"] == "1"
    total = sum(int(count) for row in table.values() for count in row.values() if count != "·")
    counts = json.loads((current / "manifest.json").read_text("utf-8"))["counts"]
    assert total == sum(counts["documents"].values())
    by_media_type = counts["documents_by_media_type"]
    assert by_media_type["application/ofd"] == {"ok": 1}
    assert by_media_type["none"] == {"truncated": 1}
    assert sum(sum(row.values()) for row in by_media_type.values()) == total


def test_every_number_can_be_traced(records: list[dict[str, Any]]) -> None:
    for record in records:
        for key, cell in record["cells"].items():
            if cell["state"] == "absent":
                assert cell["raw"] is None
                continue
            place = cell["where"]
            # A report split over files says in which document a table stands.
            assert set(place) - {"document"} in ({"page", "bbox"}, {"table", "row", "column"}), (record["title"], key)
            if "document" in place:
                assert place["document"] in {document["sha256"] for document in record["documents"]}
            if "page" in place:
                assert place["page"] >= 1
                left, top, right, bottom = place["bbox"]
                assert left < right
                assert top < bottom


def test_the_tables_agree_with_the_records(night: tuple[Path, str]) -> None:
    current, stdout = night
    reports = {
        record["report_id"]: record
        for line in (current / "reports.jsonl").read_text("utf-8").splitlines()
        if (record := json.loads(line))
    }
    content = (current / "cells.csv").read_text("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(content, newline="")))
    assert len(rows) == sum(len(record["cells"]) for record in reports.values())
    for row in rows:
        value = reports[row["report_id"]]["values"][row["metric"]]
        assert (Decimal(row["value"]) if row["value"] else None) == (None if value is None else Decimal(str(value)))
    wide = list(csv.DictReader(io.StringIO((current / "reports.csv").read_text("utf-8-sig"), newline="")))
    assert len(wide) == len(reports)
    assert f"{len(reports)} current" in stdout
    assert f"{current} -> versions/{current.resolve().name}" in stdout
