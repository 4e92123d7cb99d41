"""``report.html``: opens from a file without anything beside it, shows the source beside what was read, and runs nothing."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lxml.html
import pytest
from PIL import Image

from crawler.browser.program import NAMES, launch_options
from crawler.dataset.assertions import Assertion, Thresholds
from crawler.dataset.ledger import Ledger
from crawler.dataset.model import Record
from crawler.dataset.publish import Override, publish
from crawler.dataset.report import Contents, Crop, Picture, Surroundings
from crawler.dataset.report.contents import MOST_PICTURE_BYTES, MOST_PICTURES
from crawler.dataset.report.failed import MOST_OF_A_KIND
from crawler.dataset.report.page import page as page_text
from crawler.extraction import extract
from crawler.outcomes import Outcome
from crawler.pictures import SourcePictures
from crawler.sample.typeset import ReportSource, plausible_values, to_html
from crawler.storage.local import LocalStore
from crawler.storage.store import keep

from .builders import DIVISIONS, cell, extraction_record
from .pdf_typeset import chromium_pdf
from .pdf_writer import Page, pdf

if TYPE_CHECKING:
    from playwright.sync_api import Browser
    from playwright.sync_api import Page as Tab

SPIDER = "henan_reports"
NIGHT = datetime(2026, 1, 10, 2, 0, tzinfo=UTC)
KEY = "requests.granted.total"
HOSTILE = "</script><script>window.hacked = 1</script><img src=x onerror='window.hacked = 2'><!-- %%facts%% \u2028"
SCRIPT_ADDRESS = "javascript:window.hacked=3"


def full_record(number: int = 0, **changes: Any) -> Record:
    """A record as the exporters get it."""
    extracted = extraction_record(year=2023, **changes.pop("extracted", {}))
    return {
        **extracted,
        "report_id": f"410324:{number}:2023:own",
        "org_name": f"栾川县第{number}镇人民政府",
        "org_level": "township",
        "region_path": "河南省/洛阳市/栾川县",
        "documents": [
            {"url": "http://lc.example/a.pdf", "sha256": "ab" * 32, "media_type": "application/pdf", "path": "ab/c.pdf"}
        ],
        "page_url": "http://lc.example/1.html",
        "version_no": 1,
        "gone_at": None,
        **changes,
    }


def failed(detail: str = "1 + 1 = 2; 3", rule: str = "R3.row.granted") -> dict[str, str]:
    return {"id": rule, "kind": "identity", "status": "fail", "detail": detail}


def facts_of(contents: Contents, folder: Path, pictures: Any = None) -> tuple[dict[str, Any], list[str]]:
    delta = folder / "delta.jsonl"
    delta.touch()
    facts = contents.facts([], {"text/html": {"ok": 1}}, [], delta)
    shown, urls, counts = contents.failed(pictures or (lambda crops: dict.fromkeys(crops, "not drawn here")))
    made = {"version": "1", "spider": SPIDER, "created_at": "2026-01-10T02:00:00Z", "previous_version": None}
    judged = {"assertions": [asdict(Assertion("without_year", "ceiling", 0.1, 0.05, True, "1 of 20"))], "forced": None}
    return facts | made | judged | {"failed": shown, "pictures": counts}, urls


# --- the file ---------------------------------------------------------------------------------------------------------


def test_hostile_texts_stay_data_and_the_policy_allows_only_what_the_page_brings(tmp_path: Path) -> None:
    contents = Contents()
    contents.add(full_record(org_name=HOSTILE, title=HOSTILE, page_url=SCRIPT_ADDRESS, checks=[failed(HOSTILE)]), "ab" * 32)
    facts, urls = facts_of(contents, tmp_path)
    text = page_text(facts, urls)
    document = lxml.html.document_fromstring(text)
    data, pictures, script = document.xpath("//script")
    assert json.loads(data.text)["organisations"][0][0] == HOSTILE
    assert json.loads(pictures.text) == []
    assert not document.xpath("//img | //iframe | //object | //@src | //@onerror | //link | //style[contains(., 'url(')]")
    assert {address for address in document.xpath("//@href") if not address.startswith("#")} == set()
    (policy,) = document.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    digests = [
        base64.b64encode(hashlib.sha256(part.encode()).digest()).decode()
        for part in (script.text, document.xpath("//style")[0].text)
    ]
    assert policy == (
        f"default-src 'none'; script-src 'sha256-{digests[0]}'; style-src 'sha256-{digests[1]}'; img-src data:;"
        " base-uri 'none'; form-action 'none'"
    )
    assert not re.search(r"innerHTML|insertAdjacentHTML|document\.write|eval\(", script.text)


def test_of_many_failures_the_worst_and_newest_are_shown_and_all_are_counted(tmp_path: Path) -> None:
    contents = Contents()
    record = full_record(checks=[failed()])
    late = {"id": "D.deadline", "kind": "timeliness", "status": "fail", "detail": "late"}
    for number in range(MOST_OF_A_KIND + 50):
        checks = [late, *([failed()] if number % 50 == 0 else [])]
        contents.add(record | {"year": 2019 + number % 7, "checks": checks}, "ab" * 32)
    facts, _ = facts_of(contents, tmp_path)
    assert facts["failed_totals"] == {"timeliness": MOST_OF_A_KIND + 50, "identity": 7}
    shown = facts["failed"]
    assert len(shown) == MOST_OF_A_KIND + 7
    assert [entry["kind"] for entry in shown[:8]] == ["identity"] * 7 + ["timeliness"]
    years = [facts["reports"][entry["report"]][1] for entry in shown[7:]]
    assert years == sorted(years, reverse=True)
    assert years.count(2019) == 0, "of the oldest year, the fifty that are too many"
    row = next(rule for rule in facts["rules"] if rule["id"] == "D.deadline")
    assert row["counts"] == {"fail": MOST_OF_A_KIND + 50}


def test_pictures_are_bounded_in_number_and_bytes_and_the_page_says_so(tmp_path: Path) -> None:
    asked: list[Crop] = []

    def large(crops: Sequence[Crop]) -> dict[Crop, Picture | str]:
        asked.extend(crops)
        return {crop: Picture("image/png", bytes(80_000), (0.0, 0.0, 100.0, 100.0)) for crop in crops}

    contents = Contents()
    place = {"page": 2, "bbox": [10, 100, 60, 120]}
    for number in range(MOST_PICTURES + 20):
        document = {
            "url": "http://lc.example/a.pdf",
            "sha256": f"{number:064x}",
            "media_type": "application/pdf",
            "path": f"{number}.pdf",
        }
        record = full_record(number, documents=[document], extracted={"where": place}, checks=[failed()])
        contents.add(record, document["sha256"])
    facts, urls = facts_of(contents, tmp_path, large)
    assert len(asked) == MOST_PICTURES
    assert facts["pictures"] == {
        "most": MOST_PICTURES,
        "wanted": MOST_PICTURES + 20,
        "shown": MOST_PICTURE_BYTES // 80_000,
        "bytes": MOST_PICTURE_BYTES // 80_000 * 80_000,
    }
    assert len(urls) == MOST_PICTURE_BYTES // 80_000
    with_picture = [entry for entry in facts["failed"] if any("picture" in one for one in entry["pictures"])]
    assert len(with_picture) == len(urls)
    marks = with_picture[0]["pictures"][0]["marks"][KEY]
    assert marks == [10.0, 100.0, 50.0, 20.0], "per cent of the picture: left, top, width, height"


def test_an_entry_is_about_the_cells_of_its_rule_and_doubtful_cells_have_entries_of_their_own(tmp_path: Path) -> None:
    contents = Contents()
    record = full_record(checks=[failed(), failed("absent requests.granted_partial", "S.cells") | {"kind": "structure"}])
    record["cells"][KEY] = cell(7) | {"second_raw": "1", "flags": ["second_reading_differs", "unit_in_cell"]}
    contents.add(record, "ab" * 32)
    facts, _ = facts_of(contents, tmp_path)
    rows, doubt, structure = (
        next(one for one in facts["failed"] if one["kind"] == kind) for kind in ("identity", "doubt", "structure")
    )
    assert set(rows["keys"]) == {key for key in record["cells"] if key.startswith("requests.granted.")}
    assert [KEY, "7", "7", "number"] in rows["tables"]["requests"]
    assert (doubt["rule"], doubt["keys"], doubt["detail"]) == ("second_reading_differs", (KEY,), f"{KEY}: 7 | 1")
    assert set(structure["keys"]) == {key for key in record["cells"] if key.startswith("requests.granted_partial.")}


def test_coverage_counts_reports_and_the_organisations_that_they_are_of(tmp_path: Path) -> None:
    contents = Contents()
    for name, year, checks in (("甲", 2023, []), ("甲", 2023, [failed()]), ("乙", 2023, []), ("乙", None, [])):
        contents.add(full_record(org_name=name, checks=checks) | {"year": year}, "ab" * 32)
    facts, _ = facts_of(contents, tmp_path)
    assert facts["coverage"] == [[0, 2023, 3, 1, 2], [0, None, 1, 0, 1]]
    assert (facts["regions"], facts["organisations"]) == (["河南省/洛阳市/栾川县"], [["甲", 0], ["乙", 0]])


def test_outliers_are_told_among_bodies_of_one_level(tmp_path: Path) -> None:
    contents = Contents()
    record = full_record()
    for number in range(40):
        value = 90_000 if number == 7 else 10 + number
        cells = record["cells"] | {KEY: cell(value)}
        contents.add(record | {"cells": cells}, "ab" * 32)
    contents.add(record | {"cells": record["cells"] | {KEY: cell(80_000)}, "org_level": "province"}, "ab" * 32)
    facts, _ = facts_of(contents, tmp_path)
    figure = next(one for one in facts["figures"] if one["key"] == KEY)
    assert figure["outliers"] == [[90_000, 7]], "the province's is the only one of its level"
    assert (figure["states"], figure["spread"][0], figure["spread"][4]) == ({"number": 41}, 10, 90_000)
    assert sum(figure["bars"]) == 41


@pytest.mark.soak
def test_ten_thousand_reports_stay_below_twenty_megabytes(tmp_path: Path) -> None:
    contents, record = Contents(), full_record(org_name="某某市某某县某某镇人民政府", checks=[failed()] * 3)
    start = time.process_time()
    for number in range(10_000):
        organisation = {
            "org_name": f"某某市某某县第{number % 1700}镇人民政府",
            "region_path": f"河南省/第{number % 17}市/第{number % 170}县",
        }
        documents = [record["documents"][0] | {"sha256": f"{number:064x}", "path": f"{number}.pdf"}]
        cells = record["cells"] | {KEY: cell(number, where={"page": 1, "bbox": [1, 1, 9, 9]})}
        page_url = f"http://www.example.gov.cn/zwgk/xxgk/zfxxgknb/2023/202401/t2024{number:08d}.html"
        contents.add(
            record | organisation | {"documents": documents, "cells": cells, "page_url": page_url, "year": 2019 + number % 7},
            f"{number:064x}",
        )
    facts, urls = facts_of(
        contents, tmp_path, lambda crops: {crop: Picture("image/png", bytes(50_000), (0, 0, 9, 9)) for crop in crops}
    )
    size = len(page_text(facts, urls).encode())
    seconds = time.process_time() - start
    sys.stdout.write(f"10,000 reports, 30,000 failed checks: {size / 1e6:.1f} MB, {seconds:.1f} s of processor time\n")
    assert size < 20_000_000


# --- pictures ---------------------------------------------------------------------------------------------------------

BLACK_CORNER = "0 g 0 742 100 100 re f\n"
"""The page's top left, 100 points wide and high."""


def dark(picture: Picture | str) -> tuple[float, float, float]:
    """The share of dark pixels in all, in the left half and in the upper half."""
    assert isinstance(picture, Picture), picture
    with Image.open(io.BytesIO(picture.content)) as image:
        black = image.convert("L").point(lambda level: 255 if level < 128 else 0)
        width, height = black.size

        def share(part: Image.Image) -> float:
            return part.histogram()[255] / (part.width * part.height)

        return share(black), share(black.crop((0, 0, width // 2, height))), share(black.crop((0, 0, width, height // 2)))


def test_places_are_cut_out_of_pages_as_they_were_read_and_kept(tmp_path: Path) -> None:
    archive, cache = LocalStore(tmp_path / "attachments"), tmp_path / ".pictures"
    sha256, path = keep(archive, pdf([Page(""), Page(BLACK_CORNER)]), "application/pdf")
    pictures = SourcePictures(archive, cache, memory_mb=1536)
    upright = Crop(sha256, path, 2, (0.0, -50.0, 200.0, 200.0))
    turned = Crop(sha256, path, 2, (642.0, 0.0, 90_000.0, 200.0), turn=90)  # clockwise: top left goes to the top right
    empty, beyond = Crop(sha256, path, 1, (0.0, 0.0, 200.0, 200.0)), Crop(sha256, path, 9, (0.0, 0.0, 200.0, 200.0))
    outside, lost = Crop(sha256, path, 1, (700.0, 0.0, 800.0, 9.0)), Crop("cd" * 32, "cd/none.pdf", 1, (0.0, 0.0, 9.0, 9.0))
    escaping = Crop("cd" * 32, "../../etc/passwd", 1, (0.0, 0.0, 9.0, 9.0))
    found = pictures([upright, turned, empty, beyond, outside, lost, escaping])
    assert [round(share, 1) for share in dark(found[upright])] == [0.2, 0.5, 0.5]
    assert [round(share, 1) for share in dark(found[turned])] == [0.2, 0.0, 0.5]
    assert dark(found[empty])[0] == 0
    (whole, cut) = (found[upright], found[turned])
    assert isinstance(whole, Picture)
    assert isinstance(cut, Picture)
    assert (whole.box, cut.box) == ((0.0, 0.0, 200.0, 200.0), (642.0, 0.0, 842.0, 200.0))
    assert "no page 9" in str(found[beyond])
    assert "outside of the page" in str(found[outside])
    assert "not in the archive" in str(found[lost])
    assert "not in the archive" in str(found[escaping])
    # What was drawn once needs no original any more, and what is shown no longer is forgotten.
    later = SourcePictures(LocalStore(tmp_path / "gone"), cache, memory_mb=1536)([upright])
    assert later == {upright: whole}
    assert len(list(cache.iterdir())) == 1


def test_a_document_that_cannot_be_drawn_is_a_note_and_the_others_are_drawn(tmp_path: Path) -> None:
    archive = LocalStore(tmp_path / "attachments")
    places = [
        Crop(*keep(archive, content, "application/pdf"), 1, (0.0, 0.0, 200.0, 200.0))
        for content in (b"%PDF-1.7\n" + b"1 0 obj << /Type /Catalog >> " * 9, pdf([Page(BLACK_CORNER)]))
    ]
    broken, whole = places
    found = SourcePictures(archive, tmp_path / ".pictures", memory_mb=1536)(places)
    assert "cannot be opened" in str(found[broken])
    assert dark(found[whole])[0] > 0
    hurried = SourcePictures(archive, tmp_path / ".others", memory_mb=1536, seconds=0.0)(places)
    assert all("the next version may have it" in str(note) for note in hurried.values())


# --- the page in a browser --------------------------------------------------------------------------------------------


class House:
    """A published dataset: an HTML report that is hostile, and a PDF report with an error of its source."""

    def __init__(self, folder: Path, content: bytes) -> None:
        self.folder = folder
        self.archive = LocalStore(folder / "attachments")
        self.ledger = Ledger(f"sqlite:///{folder / 'ledger.sqlite'}", clock=lambda: NIGHT)
        self.ledger.record_portal(
            SPIDER, "lc", name=f"栾川县人民政府{HOSTILE}", region="河南省/洛阳市/栾川县", region_code="410324",
            home=SCRIPT_ADDRESS, outcome=Outcome.OK,
        )  # fmt: skip
        hostile = extraction_record("嵩县<b>大章镇</b>人民政府", 2022, checks=(failed(HOSTILE),), title=HOSTILE)
        self.add("html", b"<html>", "text/html", hostile)
        extraction = extract(content)
        assert extraction.outcome is Outcome.OK, extraction.message
        assert extraction.record is not None
        self.add("pdf", content, "application/pdf", extraction.record)
        pictures = SourcePictures(self.archive, folder / ".pictures", memory_mb=1536)
        publication = publish(
            self.ledger,
            SPIDER,
            folder / "output",
            now=NIGHT,
            divisions=DIVISIONS,
            thresholds=Thresholds(identity_pass_rate=1.0, shares_need_reports=1),
            override=Override("李四<b>", f"原文如此{HOSTILE}"),
            surroundings=Surroundings(pictures=pictures),
        )
        assert publication.status == "published", publication.failures
        self.page = publication.path / "report.html"
        self.manifest = json.loads((publication.path / "manifest.json").read_text(encoding="utf-8"))

    def add(self, name: str, content: bytes, media_type: str, record: Record) -> None:
        url = f"http://lc.example/{name}"
        sha256, path = keep(self.archive, content, media_type)
        self.ledger.record_page(url, portal="lc", outcome=Outcome.OK, title=record["title"], published_date="2024-01-20")
        self.ledger.record_document(
            url,
            page_url=url,
            role="body",
            outcome=Outcome.OK,
            sha256=sha256,
            media_type=media_type,
            size=len(content),
            path=path,
        )
        self.ledger.save_extraction(sha256, "1", outcome=Outcome.OK, record=record)


def planted_source() -> ReportSource:
    """A report whose row 予以公开 adds up to one less than it prints."""
    values = dict(plausible_values("cn-ogi-2021", 5, "county"))
    values[KEY] = str(int(values[KEY]) + 1)
    return ReportSource(
        title="栾川县人民政府2023年政府信息公开工作年度报告",
        organisation="栾川县人民政府",
        year=2023,
        form_version="cn-ogi-2021",
        paragraphs={1: ("工作平稳有序。",), 5: ("仍有不足。",), 6: ("无。",)},
        printed=values,
        signature=("栾川县人民政府",),
    )


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    house = House(tmp_path_factory.mktemp("house"), chromium_pdf(to_html(planted_source(), whole=True)))
    yield house
    house.ledger.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    import shutil

    from playwright.sync_api import sync_playwright

    program = next(path for name in NAMES if (path := shutil.which(name)))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**launch_options(program))
        yield browser
        browser.close()


@pytest.fixture
def tab(house: House, browser: Browser) -> Iterator[Tab]:
    """The page, opened from its file; fails at the end where it complained, asked for anything or ran a source's text."""
    context = browser.new_context(locale="zh-CN", viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    tab, complaints, asked = context.new_page(), list[str](), list[str]()
    tab.on("console", lambda message: complaints.append(message.text))
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.on("request", lambda request: asked.append(request.url))
    tab.set_default_timeout(20_000)
    tab.goto(house.page.as_uri())
    yield tab
    assert complaints == []
    assert [url for url in asked if not url.startswith("data:")] == [house.page.as_uri()]
    assert tab.evaluate("typeof window.hacked") == "undefined"
    context.close()


@pytest.mark.browser
def test_a_planted_error_is_found_and_seen_in_the_picture_beside_the_values_read(house: House, tab: Tab) -> None:
    assert house.manifest["files"]["report.html"]["bytes"] == house.page.stat().st_size
    tab.locator("#f-text").fill("R3.row.granted")
    tab.locator("#f-as").select_option("picture")
    entries = tab.locator("#failed-list .entry")
    assert entries.count() == 1
    assert "1" in tab.locator("#failed-count").inner_text()
    button = entries.first.locator("h4 button")
    assert button.get_attribute("aria-expanded") == "false"
    button.press("Enter")
    assert button.get_attribute("aria-expanded") == "true"
    image = entries.first.locator("img")
    image.wait_for(state="visible")
    assert image.evaluate("async (image) => { await image.decode(); return image.naturalWidth; }") > 500
    assert "第" in (image.get_attribute("alt") or "")
    row = entries.first.locator(f'tr[data-key="{KEY}"]')
    printed = planted_source().printed[KEY]
    assert row.locator("td").nth(0).inner_text() == row.locator("td").nth(1).inner_text() == printed
    # The frame stands where the number is: on the picture, and dark pixels are in it.
    mark = entries.first.locator(f'.mark[data-key="{KEY}"]')
    frame, whole = mark.bounding_box(), image.bounding_box()
    assert frame is not None
    assert whole is not None
    inside = whole["x"] <= frame["x"] and frame["x"] + frame["width"] <= whole["x"] + whole["width"] + 4
    assert inside
    assert whole["y"] <= frame["y"] <= whole["y"] + whole["height"]
    ink = mark.evaluate(
        """(mark) => { const image = mark.parentElement.querySelector("img"); const canvas = document.createElement("canvas");
        const [w, h] = [image.naturalWidth, image.naturalHeight]; canvas.width = w; canvas.height = h;
        const context = canvas.getContext("2d"); context.drawImage(image, 0, 0);
        const [x, y, cw, ch] = ["left", "top", "width", "height"].map((side, i) => parseFloat(mark.style[side]) / 100 * (i % 2 ? h : w));
        const pixels = context.getImageData(x + cw * .15, y + ch * .15, cw * .7, ch * .7).data; let dark = 0;
        for (let i = 0; i < pixels.length; i += 4) dark += pixels[i] < 128; return dark; }"""
    )
    assert ink > 5, "the printed number stands in the frame"
    row.focus()
    assert "lit" in (mark.get_attribute("class") or "")


@pytest.mark.browser
def test_hostile_texts_are_shown_as_they_are_and_reports_without_pages_are_drawn(tab: Tab) -> None:
    tab.locator("#f-text").fill("大章镇")
    entry = tab.locator("#failed-list .entry").first
    entry.locator("h4 button").click()
    assert "<img src=x" in entry.locator(".detail > p.raw").inner_text()
    assert "不是原件图像" in entry.locator("figcaption").inner_text()
    assert entry.locator(".drawing td.marked").count() == 7
    assert entry.locator(".drawing th[scope=row]").count() > 20
    assert entry.locator("img").count() == 0
    entry.locator(".detail > p button").click()
    dialog = tab.locator("dialog[open]")
    assert "window.hacked" in dialog.inner_text()
    tab.keyboard.press("Escape")
    assert tab.locator("dialog[open]").count() == 0
    assert tab.locator("#sources-list a").count() == 0, "an address that is a script is no link"
    assert "javascript:" not in tab.evaluate("[...document.links].map((link) => link.href).join()")


@pytest.mark.browser
def test_the_grid_is_walked_by_keyboard_and_opens_its_organisations(tab: Tab) -> None:
    grid = tab.get_by_role("treegrid", name="覆盖：地区与年度")
    assert grid.get_by_role("columnheader").all_inner_texts() == ["地区", "2022", "2023"]
    stops = tab.locator("#grid [tabindex='0']")
    assert stops.count() == 1
    stops.focus()
    rows = grid.get_by_role("row").count()
    tab.keyboard.press("ArrowLeft")
    assert grid.get_by_role("row").count() < rows, "folded"
    tab.keyboard.press("ArrowRight")
    assert grid.get_by_role("row").count() == rows
    tab.keyboard.press("ArrowRight")
    tab.keyboard.press("ArrowRight")
    focused = tab.evaluate("document.activeElement.getAttribute('aria-label')")
    assert focused.startswith("河南省，2023：1 份报告，2 个机关中有 1 个")
    assert stops.count() == 1
    tab.keyboard.press("Enter")
    assert tab.evaluate("document.activeElement.id") == "drill-h"
    assert tab.locator("#drill tbody th").all_inner_texts()[0] == "洛阳市栾川县人民政府"
    tab.locator("#drill td button").first.press("Enter")
    assert "栾川县人民政府" in tab.locator("dialog[open] h2").inner_text()
    tab.keyboard.press("Escape")
    assert tab.evaluate("document.activeElement.tagName") == "BUTTON", "focus goes back to where it came from"


@pytest.mark.browser
def test_language_filters_and_landmarks(tab: Tab) -> None:
    assert tab.evaluate("document.documentElement.lang") == "zh-CN"
    tab.locator("#m-text").fill("granted.total")
    assert tab.locator("#figures-list tbody tr").count() == 1
    tab.locator("#en").press("Enter")
    assert tab.evaluate("document.documentElement.lang") == "en"
    assert tab.get_by_role("heading", level=1).inner_text() == "Annual reports on open government information"
    assert tab.locator("#figures-list tbody tr").count() == 1, "the filter stays"
    assert tab.locator("#figures-count").inner_text() == "1 fit the filter, 1 shown"
    assert tab.locator("#m-text").input_value() == "granted.total"
    for landmark in ("banner", "navigation", "main", "contentinfo"):
        assert tab.get_by_role(landmark).count() == 1, landmark
    levels = tab.evaluate(
        "[...document.querySelectorAll('h1, h2, h3, h4')].filter((one) => one.offsetParent).map((one) => +one.tagName[1])"
    )
    assert levels[0] == 1
    assert all(after - before <= 2 for before, after in pairwise(levels))
    unnamed = tab.evaluate(
        """[...document.querySelectorAll('button, input, select, a, img, svg[role=img], [role=region], [role=search]')].filter((one) =>
        one.offsetParent && !(one.getAttribute('aria-label') || one.labels?.[0]?.textContent.trim() || one.alt || one.textContent.trim())).length"""
    )
    assert unnamed == 0
    assert tab.evaluate("[...document.querySelectorAll('main th')].every((one) => one.scope)")
    assert tab.locator("[role=status][aria-live=polite]").count() == 5
    tab.keyboard.press("Tab")
    assert tab.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


@pytest.mark.browser
def test_the_assertions_are_shown_and_who_forced_the_version_and_why(house: House, tab: Tab) -> None:
    forced = house.manifest["forced"]
    note = tab.get_by_role("note", name="强制发布")
    assert "勾稽关系成立的比例" in note.inner_text()
    assert f"由 李四<b> 于 {forced['at'][:10]}" in note.inner_text()
    assert "原文如此</script>" in note.inner_text()
    rows = tab.locator("#assertions-list tbody tr")
    assert rows.evaluate_all("(rows) => rows.map((row) => row.dataset.assertion)") == [
        one["assertion"] for one in house.manifest["assertions"]
    ]
    (found,) = (one for one in house.manifest["assertions"] if one["assertion"] == "identity_pass_rate")
    row = tab.locator("[data-assertion=identity_pass_rate]")
    names = rows.locator("th").all_inner_texts()
    assert all(" " in name and name[0] > "一" for name in names), "each in words of the language"
    cells = row.locator("td").all_inner_texts()
    assert cells == ["未成立，强制发布", f"{100 * found['found']:.2f} %", "不少于 100.00 %", found["message"]]
    assert tab.locator("[data-assertion=reports_exist] td").all_inner_texts()[:3] == ["成立", "2", "不少于 1"]
    assert tab.locator("[data-assertion=count_floor] td").all_inner_texts()[:3] == ["未判断", "2", "–"]
    tab.get_by_role("navigation").get_by_role("link", name="发布前的断言").press("Enter")
    assert tab.evaluate("location.hash") == "#assertions"
    assert tab.get_by_role("region", name="发布前的断言").count() == 1, "a landmark with a name"
    tab.locator("#en").press("Enter")
    assert row.get_by_role("rowheader").inner_text() == "identities that hold identity_pass_rate"
    assert row.locator("td").first.inner_text() == "did not hold; forced"
    assert "forced this version at" in tab.get_by_role("note", name="Published by force").inner_text()
    assert "Assertions that held" in tab.locator("#cards .bad").all_inner_texts()[-1]


@pytest.mark.browser
def test_where_every_assertion_holds_nothing_is_said_of_force(browser: Browser, tmp_path: Path) -> None:
    contents = Contents()
    contents.add(full_record(), "ab" * 32)
    path = tmp_path / "report.html"
    path.write_text(page_text(*facts_of(contents, tmp_path)), encoding="utf-8")
    with browser.new_page(locale="en") as tab:
        tab.goto(path.as_uri())
        assert tab.locator("[data-assertion=without_year] th").inner_text() == "reports without a year without_year"
        assert tab.locator("[data-assertion=without_year] td").all_inner_texts() == [
            "held",
            "5.00 %",
            "at most 10.00 %",
            "1 of 20",
        ]
        assert tab.get_by_role("note").count() == 0
        assert "1 / 1" in tab.locator("#cards").inner_text()


@pytest.mark.browser
def test_texts_have_contrast(tab: Tab) -> None:
    for button in tab.locator("#failed-list .entry h4 button").all():
        button.click()
    tab.locator("#grid [data-at='0,1']").click()
    poor = tab.evaluate(
        r"""() => { const parse = (colour) => colour.match(/[\d.]+/g).map(Number);
        const light = ([r, g, b]) => [r, g, b].map((c) => { c /= 255; return c <= .03928 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4; }).reduce((sum, c, i) => sum + c * [.2126, .7152, .0722][i], 0);
        const ground = (one) => { for (; one; one = one.parentElement) { const c = parse(getComputedStyle(one).backgroundColor); if (c.length < 4 || c[3] === 1) return c; } return [255, 255, 255]; };
        const found = new Set();
        for (const one of document.querySelectorAll("body *")) {
          if (!one.offsetParent || ![...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim())) continue;
          const [a, b] = [light(parse(getComputedStyle(one).color)), light(ground(one))].sort((x, y) => y - x);
          if ((a + .05) / (b + .05) < 4.5) found.add(`${one.tagName}.${one.className}: ${one.textContent.trim().slice(0, 30)}`);
        }
        return [...found]; }"""
    )
    assert poor == []
