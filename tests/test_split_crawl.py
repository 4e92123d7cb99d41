"""Reports in several documents and reports as images, over real crawls: saved bytes in, records out."""

from __future__ import annotations

import io
from pathlib import Path

import docx
import pytest
import sqlalchemy as sa
from PIL import Image, ImageOps

from crawler.dataset import tables
from crawler.documents.page_bundle import unpack_pages
from crawler.sample.producers import pdf_by_chromium
from crawler.sample.source import ReportSource
from crawler.sample.typeset import to_html
from tests.crawling import Crawl, MiniPortal, crawl, portals_file, served
from tests.scans import Scanner, page_images
from tests.test_split_reports import figures, source, text_only, word_tables, workbook

pytestmark = [pytest.mark.browser, pytest.mark.slow]

TITLE = "栾川县{name}2024年政府信息公开工作年度报告"
NAMES = ("表格局", "文档局", "便携局", "图片局", "缺页局", "图表局", "散文局")
REPORTS = {name: source(name, seed) for seed, name in enumerate(NAMES, start=20)}


def png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def inner(html: bytes) -> str:
    """The body of a whole page, as it stands in an article."""
    return html.decode().partition("<body>")[2].partition("</body>")[0].partition("</h1>")[2]


def only_tables(report: ReportSource) -> str:
    whole = to_html(report, whole=True)
    head, _, _ = whole.partition("<body>")
    cut = ["<table" + part.partition("</table>")[0] + "</table>" for part in whole.split("<table")[1:]]
    return f"{head}<body>{'<p></p>'.join(cut)}</body></html>"


def table_pictures(report: ReportSource) -> list[bytes]:
    """Each table as a picture of its own, as editors paste them from Word."""
    whole = to_html(report, whole=True)
    head, _, _ = whole.partition("<body>")
    pictures = []
    for part in whole.split("<table")[1:]:
        html = f"{head}<body><table{part.partition('</table>')[0]}</table></body></html>"
        (page,) = page_images(pdf_by_chromium(html, page="A3"), Scanner(dpi=150, quality=95))
        left, top, right, bottom = ImageOps.invert(page.convert("L")).getbbox() or (0, 0, *page.size)
        pictures.append(png(page.crop((left - 12, top - 12, right + 12, bottom + 12))))
    return pictures


def application_form() -> bytes:
    document = docx.Document()
    document.add_paragraph("栾川县依申请公开受理登记单")
    for line in ("姓名：", "证件号码：", "联系电话：", "所需内容描述："):
        document.add_paragraph(line)
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def build(site: Path) -> None:
    portal = MiniPortal(site / "luanchuan")
    report = REPORTS["表格局"]
    portal.put("/files/tables.xlsx", workbook(report))
    portal.article(1, report.title, inner(text_only(report)) + '<a href="/files/tables.xlsx">附件：统计表</a>')
    report = REPORTS["文档局"]
    portal.put("/files/tables.docx", word_tables(report))
    portal.article(2, report.title, inner(text_only(report)) + '<a href="/files/tables.docx">附件.docx</a>')
    report = REPORTS["便携局"]
    portal.put("/files/tables.pdf", pdf_by_chromium(only_tables(report)))
    portal.article(3, report.title, inner(text_only(report)) + '<iframe src="/files/tables.pdf"></iframe>')
    for number, name in ((4, "图片局"), (5, "缺页局")):
        report = REPORTS[name]
        scans = page_images(pdf_by_chromium(to_html(report, whole=True)), Scanner(dpi=150, quality=85))
        pages = []
        for place, scan in enumerate(scans, start=1):
            if (name, place) != ("缺页局", 2):
                portal.put(f"/zwgk/zfxxgknb/{number}/p{place}.png", png(scan))
            pages.append(f'<p><img src="/images/loading.gif" data-src="{number}/p{place}.png"></p>')
        portal.article(number, report.title, '<img src="/images/icon_share.png">' + "".join(pages))
    report = REPORTS["图表局"]
    shown = []
    for place, picture in enumerate(table_pictures(report), start=1):
        portal.put(f"/zwgk/zfxxgknb/6/t{place}.png", picture)
        shown.append(f'<p><img src="6/t{place}.png" style="width:660px"></p>')
    # Beside them an attachment that is something else.
    portal.put("/files/form.docx", application_form())
    shown.append('<p><a href="/files/form.docx">附件.docx</a></p>')
    portal.article(6, report.title, inner(text_only(report)) + "".join(shown))
    report = REPORTS["散文局"]
    portal.article(7, "栾川县散文局2018年政府信息公开工作年度报告", inner(text_only(report)), "2019-01-20")
    portal.finish()


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> tuple[Crawl, Crawl]:
    folder = tmp_path_factory.mktemp("split")
    build(folder / "site")
    with served(folder / "site") as server:
        portals = portals_file(folder / "portals.toml", server)
        return tuple(crawl(portals, folder / "output", EXTRACTION_TIMEOUT="180") for _ in range(2))  # type: ignore[return-value]


def rows(night: Crawl, table: sa.Table) -> list[sa.RowMapping]:
    engine = sa.create_engine(f"sqlite:///{night.output / 'annual_reports' / 'ledger.sqlite'}")
    with engine.connect() as connection:
        found = list(connection.execute(sa.select(table)).mappings())
    engine.dispose()
    return found


@pytest.mark.parametrize("name", ["表格局", "文档局", "便携局"])
def test_text_in_the_page_and_tables_attached_are_one_record(nights: tuple[Crawl, Crawl], name: str) -> None:
    first, _ = nights
    assert first.status == 0, first.stderr[-4000:]
    (record,) = [one for one in first.records() if one["org_name_raw"] == f"栾川县{name}"]
    assert record["values"] == figures(REPORTS[name])
    assert [section["no"] for section in record["sections"]] == [1, 2, 3, 4, 5, 6]
    assert sorted(document["role"] for document in record["documents"]) == ["attachment", "body"]
    assert "joined_from_parts" in record["quality_flags"]


def test_pages_as_images_are_one_document_and_one_record(nights: tuple[Crawl, Crawl]) -> None:
    pytest.importorskip("rapidocr")
    first, _ = nights
    (record,) = [one for one in first.records() if one["page_url"].endswith("_4.html")]
    expected = figures(REPORTS["图片局"])
    unsure = {flag.partition(":")[2] for flag in record["quality_flags"]}
    wrong = [key for key, value in record["values"].items() if value != expected[key] and key not in unsure]
    assert wrong == []
    assert sum(record["values"][key] == value for key, value in expected.items()) >= 198
    (document,) = record["documents"]
    assert document["url"].endswith("_4.html#page-images")
    assert document["media_type"] == "application/x-page-images"
    stored = first.output / "annual_reports" / "attachments" / document["path"]
    assert len(unpack_pages(stored.read_bytes())) >= 3


def test_tables_as_images_are_joined_with_the_text(nights: tuple[Crawl, Crawl]) -> None:
    pytest.importorskip("rapidocr")
    (record,) = [one for one in nights[0].records() if one["org_name_raw"] == "栾川县图表局"]
    expected = figures(REPORTS["图表局"])
    unsure = {flag.partition(":")[2] for flag in record["quality_flags"]}
    assert [key for key, value in record["values"].items() if value != expected[key] and key not in unsure] == []
    assert sum(record["values"][key] == value for key, value in expected.items()) >= 195
    assert "joined_from_parts" in record["quality_flags"]
    assert {document["media_type"] for document in record["documents"]} == {"text/html", "application/x-page-images"}


def test_a_missing_page_is_told_and_the_others_are_no_report(nights: tuple[Crawl, Crawl]) -> None:
    first, _ = nights
    assert not [one for one in first.records() if one["page_url"].endswith("_5.html")]
    (problem,) = [one for one in first.records("problems.jsonl") if one["page_url"].endswith("_5.html")]
    assert problem["outcome"] == "not_found"
    assert "image 2 of" in problem["message"]
    assert "p2.png" in problem["message"]


def test_a_report_in_prose_alone_is_a_problem_without_tables(nights: tuple[Crawl, Crawl]) -> None:
    (problem,) = [one for one in nights[0].records("problems.jsonl") if one["page_url"].endswith("_7.html")]
    assert problem["outcome"] == "no_tables"


def test_the_second_night_changes_nothing(nights: tuple[Crawl, Crawl]) -> None:
    first, second = nights
    assert second.status == 0
    assert "unchanged" in second.stdout
    assert first.records() == second.records()
    contents = {
        row["sha256"] for row in rows(second, tables.documents) if row["url"].endswith("#page-images") and row["sha256"]
    }
    assert len(contents) == 2
