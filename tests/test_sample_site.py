"""The committed sample portals are what their plan says, and hold what the demo and the other tests count on."""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any, get_args

import pytest

from crawler.documents.sniff import sniff
from crawler.sample.build import EXPECTED, MADE_FROM, SCANNED_PAGE, Site, expected, make_site, portals_file
from crawler.sample.jobs import package_parts
from crawler.sample.pages import NOTE
from crawler.sample.plan import LOOK_ALIKE_PAGES, PORTALS, REPORTS, SamplePortal, Shape
from crawler.sample.server import PORTALS as PORTALS_FILE
from crawler.sample.server import SITE

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_BEGINNINGS: dict[str, bytes | tuple[bytes, ...]] = {
    ".pdf": b"%PDF-",
    ".doc": (_OLE, b"<?xml"),
    ".wps": _OLE,
    ".xls": _OLE,
    ".rtf": b"{\\rtf1",
    ".png": b"\x89PNG",
    ".rar": b"Rar!\x1a\x07",
    ".7z": b"7z\xbc\xaf\x27\x1c",
}

by_key = pytest.mark.parametrize("portal", PORTALS, ids=lambda portal: portal.key)


@pytest.fixture(scope="module")
def site() -> Site:
    return make_site()


@pytest.fixture(scope="module")
def truth() -> dict[str, Any]:
    data: dict[str, Any] = json.loads(EXPECTED.read_text(encoding="utf-8"))
    return data


def test_committed_files_are_what_the_plan_makes(site: Site) -> None:
    committed = {path.relative_to(SITE).as_posix(): path for path in SITE.rglob("*") if path.is_file()}
    assert set(committed) == {*site.files, *(job.path for job in site.made)}
    differing = [
        name for name, content in site.files.items() if package_parts(committed[name].read_bytes()) != package_parts(content)
    ]
    assert differing == []
    assert EXPECTED.read_bytes() == expected(site)
    assert PORTALS_FILE.read_bytes() == portals_file()


def test_files_by_other_programs_were_made_from_the_current_sources(site: Site) -> None:
    made = json.loads((SITE / MADE_FROM).read_text(encoding="utf-8"))
    assert made == {job.path: job.digest for job in site.made}
    for job in site.made:
        content = (SITE / job.path).read_bytes()
        assert content.startswith(_BEGINNINGS[Path(job.path).suffix]), job.path
        if job.path.endswith(".pdf"):
            assert (b"%%EOF" in content[-32:]) == (job.treatment != "truncated")


def test_the_samples_stay_small() -> None:
    sizes = {path: path.stat().st_size for path in SITE.rglob("*") if path.is_file()}
    assert sum(sizes.values()) < 12_000_000
    assert max(sizes.values()) < 800_000


def test_there_is_enough_of_everything(truth: dict[str, Any]) -> None:
    reports = truth["reports"]
    identities = {(report["organisation"], report["year"]) for report in reports if report["outcome"] == "ok"}
    assert len(identities) >= 48
    assert {report["year"] for report in reports if report["values"]} == set(range(2019, 2026))
    assert {report["form_version"] for report in reports} == {"cn-ogi-2019", "cn-ogi-2021", None}
    outcomes = Counter(report["outcome"] for report in reports)
    assert all(outcomes[name] == 1 for name in ("no_tables", "not_found", "truncated", "not_a_document"))
    assert {portal.family for portal in PORTALS} == {"henan", "trs", "plain"}
    assert len(truth["look_alikes"]) == len(LOOK_ALIKE_PAGES)
    assert len(reports) == len(REPORTS)


def test_there_is_a_report_of_every_kind(truth: dict[str, Any]) -> None:
    reports = truth["reports"]
    assert {report["shape"] for report in reports} == set(get_args(Shape))
    assert {document["media_type"] for report in reports for document in report["documents"]} == {
        "text/html",
        "application/pdf",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/msword",
        "application/vnd.ms-excel",
        "application/rtf",
        "application/x-wordml+xml",
        "multipart/related",
        "application/ofd",
        "application/zip",
        "application/vnd.rar",
        "application/x-7z-compressed",
        "image/png",
    }


def test_media_types_of_the_truth_are_those_of_the_bytes(truth: dict[str, Any]) -> None:
    for report in truth["reports"]:
        for document in report["documents"]:
            content = (SITE / f"{document['host']}{document['path']}").read_bytes()
            assert sniff(content) == document["media_type"], document["path"]


def test_scans_hold_pictures_and_no_text(truth: dict[str, Any]) -> None:
    pdfium = pytest.importorskip("pypdfium2")
    letters = {}
    for report in truth["reports"]:
        if report["shape"] in ("scanned", "scan_150", "scan_tilted", "mixed_pdf"):
            document = report["documents"][0]
            pdf = pdfium.PdfDocument(Path(SITE / f"{document['host']}{document['path']}"))
            letters[report["shape"]] = [len(page.get_textpage().get_text_bounded()) for page in pdf]
            pdf.close()
    mixed = letters.pop("mixed_pdf")
    assert [number for number, count in enumerate(mixed) if not count] == [SCANNED_PAGE]
    assert len(letters) == 3
    assert not any(map(any, letters.values()))


def test_identities_fail_where_planted_and_nowhere_else(truth: dict[str, Any]) -> None:
    broken = {
        (report["organisation"], report["year"], report["version_no"]): report["failed_identities"]
        for report in truth["reports"]
    }
    assert {key: rules for key, rules in broken.items() if rules} == {
        ("洛阳市财政局", 2022, 1): ["R3.total21.total", "R3.row.granted"],
        ("洛阳市审计局", 2021, 1): ["R3.total21.total", "R3.row.granted"],
        ("新乡县人民政府", 2022, 1): ["R4.sum.review"],
    }


def test_planted_cells_are_printed_as_planned(truth: dict[str, Any]) -> None:
    for plan, report in zip(REPORTS, truth["reports"], strict=False):
        for key, text in plan.edits.items():
            if not text.startswith("+"):
                assert report["values"][key] == text


def test_the_page_of_each_html_report_prints_each_of_its_figures(truth: dict[str, Any]) -> None:
    encodings = {portal.key: portal.encoding for portal in PORTALS}
    for report in truth["reports"]:
        if "html" not in report["shape"]:
            continue
        page = (SITE / f"{report['portal']}{report['page']}").read_text(encoding=encodings[report["portal"]])
        cells = Counter(re.findall(r"<t[dh][^>]*>(?:<p[^>]*><span[^>]*>)?([^<]*)", page))
        wanted = Counter(text for text in report["values"].values() if text)
        assert not wanted - cells, report["title"]


@by_key
def test_words_lead_from_home_to_the_column_and_its_list_names_every_page(portal: SamplePortal, truth: dict[str, Any]) -> None:
    def page(path: str) -> str:
        name = path + "index.html" if path.endswith("/") else path
        return (SITE / f"{portal.key}{name}").read_text(encoding=portal.encoding)

    assert re.search(f'<a href="{portal.disclosure}"[^>]*>政府信息公开</a>', page("/"))
    assert re.search(f'<a href="{portal.column}"[^>]*>政府信息公开年报</a>', page(portal.disclosure))
    listed = set()
    for branch in portal.branches or ("",):
        for path in (SITE / f"{portal.key}{portal.column}{branch}").glob("*.html"):
            if path.name.startswith(("index", "list")):
                listed |= set(re.findall(r'<a href="([^"]+)"[^>]*>', path.read_text(encoding=portal.encoding)))
    tails = {href.rsplit("/", 1)[-1] for href in listed}
    pages = [entry["page"] for entry in (*truth["reports"], *truth["look_alikes"]) if entry["portal"] == portal.key]
    assert len(pages) >= 9
    assert [path for path in pages if path.rsplit("/", 1)[-1] not in tails] == []
    assert (SITE / portal.key / "robots.txt").is_file()


@by_key
def test_every_page_says_that_it_is_a_sample(portal: SamplePortal) -> None:
    pages = [path for path in (SITE / portal.key).rglob("*") if path.is_file() and path.suffix in ("", ".html")]
    assert len(pages) > 15
    silent = [str(path) for path in pages if NOTE not in path.read_text(encoding=portal.encoding)]
    assert silent == []


def test_documents_of_the_truth_exist_except_the_missing_one(truth: dict[str, Any]) -> None:
    for report in truth["reports"]:
        for document in report["documents"]:
            assert (SITE / f"{document['host']}{document['path']}").is_file()
        if report["outcome"] == "not_found":
            assert not (SITE / f"{report['portal']}{report['page']}").exists()


def test_the_portals_file_names_each_portal_and_its_attachment_host() -> None:
    portals = tomllib.loads(PORTALS_FILE.read_text(encoding="utf-8").replace("{port}", "18642"))["portal"]
    assert [portal["region"] for portal in portals] == [portal.region for portal in PORTALS]
    hosts = json.loads((SITE / "hosts.json").read_text(encoding="utf-8"))
    for portal, entry in zip(PORTALS, portals, strict=True):
        assert entry["home"] == f"http://{hosts[portal.key]}:18642/"
        assert set(entry.get("allow_hosts", ())) <= set(hosts.values())


@pytest.mark.parametrize("shape", ["pdf_browser", "pdf_office"])
def test_a_table_is_cut_by_a_page(shape: str, truth: dict[str, Any]) -> None:
    pdfium = pytest.importorskip("pypdfium2")
    cut = 0
    for report in truth["reports"]:
        if report["shape"] != shape:
            continue
        document = report["documents"][0]
        pdf = pdfium.PdfDocument(Path(SITE / f"{document['host']}{document['path']}"))
        texts = [page.get_textpage().get_text_bounded().replace("\r\n", "") for page in pdf]
        pdf.close()
        head = next(number for number, text in enumerate(texts) if "上年结转政府信息公开申请" in text or "自然人" in text)
        tail = next(number for number, text in enumerate(texts) if "结转下年度" in text)
        cut += head < tail
    assert cut >= 1
