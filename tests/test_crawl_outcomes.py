"""Every kind of bad input over a real crawl: each has its outcome and a sentence a person can act on; nothing is lost."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pypdf
import pytest
import sqlalchemy as sa

from crawler.dataset import tables
from crawler.sample.faults import Behaviour, Fault, FaultTable
from crawler.sample.figures import random_values
from crawler.sample.source import ReportSource
from crawler.sample.typeset import to_docx, to_html
from tests.crawling import Crawl, MiniPortal, crawl, portals_file, served

TITLE = "栾川县{name}2024年政府信息公开工作年度报告"


def report(name: str, seed: int) -> ReportSource:
    title = TITLE.format(name=name)
    sentences = {
        1: (f"2024年，{name}按照《中华人民共和国政府信息公开条例》的要求，做好政府信息公开各项工作，全年运行平稳。",),
        5: ("公开内容还不够丰富，下一步将加强培训。",),
        6: ("无其他需要报告的事项。",),
    }
    return ReportSource(title, f"栾川县{name}", 2024, "cn-ogi-2021", sentences, random_values("cn-ogi-2021", seed))


def blank_pdf(password: str | None = None) -> bytes:
    writer = pypdf.PdfWriter()
    for _ in range(3):
        writer.add_blank_page(width=595, height=842)
    if password:
        writer.encrypt(password, algorithm="AES-256")
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


PROSE_2018 = "<p>2018年，我局认真贯彻落实条例，主动公开政府信息一百二十条，收到政府信息公开申请三件，均已按时答复。</p>" * 8
BUDGET = "<p>部门预算收支总体情况：一般公共预算拨款收入1200万元，基本支出900万元，项目支出300万元，三公经费20万元。</p>" * 8


def build(site: Path) -> FaultTable:
    faults = FaultTable()
    good = MiniPortal(site / "luanchuan")
    good.article(1, TITLE.format(name="财政局"), to_html(report("财政局", 1)))
    attachments = {
        "empty": ("空文件局", b"", "pdf"),
        "html": ("错误页局", b"", "pdf"),
        "half": ("断尾局", b"%PDF-1.7\n" + blank_pdf()[9:300], "pdf"),
        "password": ("密码局", blank_pdf("geheim"), "pdf"),
        "nozip": ("坏文档局", b"\x00\x01\x02 this is not a zip container " * 20, "docx"),
        "good": ("好文档局", to_docx(report("好文档局", 2)), "docx"),
    }
    for number, (key, (name, content, suffix)) in enumerate(attachments.items(), start=10):
        good.put(f"/files/{key}.{suffix}", content)
        good.article(number, TITLE.format(name=name), f'<p><a href="/files/{key}.{suffix}">附件：年度报告.{suffix}</a></p>')
    faults.set("/files/html.pdf", Fault(Behaviour.BODY))
    climbing = to_docx(report("路径局", 3))
    good.put("/files/dotdot/passwd.docx", climbing)
    good.article(
        30, TITLE.format(name="路径局"), '<p><a href="/files/..%2f..%2f..%2fpasswd.docx">../../../etc/passwd.docx</a></p>'
    )
    faults.set("/files/..%2f..%2f..%2fpasswd.docx", Fault(Behaviour.STATUS, status=200, body=climbing))
    good.article(31, "栾川县档案局2018年政府信息公开工作年度报告", PROSE_2018, "2019-01-20")
    good.article(32, "栾川县财政局2024年度报告", BUDGET)
    away = good.article(33, TITLE.format(name="重定向局"), "")
    faults.set(away, Fault(Behaviour.REDIRECT, location="http://10.11.12.13/internal"))
    good.article(34, TITLE.format(name="消失局"), "")
    (site / "luanchuan" / good.rows[-1][0].lstrip("/")).unlink()
    good.article(35, "一图读懂栾川县2024年政府信息公开工作年度报告", "<p>图解</p>")
    good.row("/private/t20250120_36.html", TITLE.format(name="禁区局"))
    good.finish()
    changed = MiniPortal(site / "luoning")
    changed.finish(
        list_body='<div class="location">首页 > 政府信息公开年报</div><div id="app"></div><div id="pageDec" pagesize="15" pagecount="40"></div>'
    )
    broken = MiniPortal(site / "songxian")
    broken.finish()
    return faults


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Crawl:
    folder = tmp_path_factory.mktemp("outcomes")
    faults = build(folder / "site")
    with served(folder / "site", faults) as server:
        faults.set(f"{server.hosts['songxian']}/", Fault(Behaviour.STATUS, status=500))
        return crawl(portals_file(folder / "portals.toml", server), folder / "output")


def ledger_rows(night: Crawl, table: sa.Table) -> list[sa.RowMapping]:
    engine = sa.create_engine(f"sqlite:///{night.output / 'annual_reports' / 'ledger.sqlite'}")
    with engine.connect() as connection:
        rows = list(connection.execute(sa.select(table)).mappings())
    engine.dispose()
    return rows


def test_the_good_reports_are_published(night: Crawl) -> None:
    assert night.status == 0, night.stderr[-4000:]
    assert {record["org_name_raw"] for record in night.records()} == {"栾川县财政局", "栾川县好文档局", "栾川县路径局"}
    for record in night.records():
        assert len(record["values"]) == 200
        assert None not in record["values"].values()


@pytest.mark.parametrize(
    ("file", "outcome", "words"),
    [
        ("/files/empty.pdf", "not_a_document", "empty"),
        ("/files/html.pdf", "not_a_document", "HTML|web page|error page"),
        ("/files/half.pdf", "truncated", "%%EOF|broke off"),
        ("/files/password.pdf", "encrypted", "password"),
        ("/files/nozip.docx", "not_a_document", "DOCX|docx|zip|kind"),
        ("t20190120_31.html", "no_tables", "table"),
        ("t20250120_32.html", "not_a_report", "report"),
    ],
)
def test_each_bad_document_has_its_outcome_and_a_message(night: Crawl, file: str, outcome: str, words: str) -> None:
    readings = {row["sha256"]: row for row in ledger_rows(night, tables.extractions)}
    (document,) = [row for row in ledger_rows(night, tables.documents) if row["url"].endswith(file)]
    row = document if document["outcome"] != "ok" else readings[document["sha256"]]
    assert row["outcome"] == outcome
    assert re.search(words, row["message"]), row["message"]


@pytest.mark.parametrize(
    ("page", "outcome", "words"),
    [
        ("_33.html", "failed", "10.11.12.13.*allow"),
        ("_34.html", "not_found", "404"),
        ("_35.html", "not_a_report", "title"),
        ("_36.html", "blocked", "robots.txt"),
    ],
)
def test_each_bad_page_has_its_outcome_and_a_message(night: Crawl, page: str, outcome: str, words: str) -> None:
    (row,) = [row for row in ledger_rows(night, tables.pages) if row["url"].endswith(page)]
    assert row["outcome"] == outcome
    assert re.search(words, row["message"]), row["message"]


def test_a_list_whose_shape_changed_is_an_error_that_names_its_column(night: Crawl) -> None:
    health = {row["name"]: row for row in ledger_rows(night, tables.portals)}
    assert health["luoning县人民政府"]["last_outcome"] == "failed"
    assert "/zwgk/zfxxgknb/" in health["luoning县人民政府"]["last_message"]
    assert "luoning县人民政府" in night.stdout


def test_a_portal_that_answers_500_is_told_with_url_and_status(night: Crawl) -> None:
    health = {row["name"]: row for row in ledger_rows(night, tables.portals)}
    assert "500" in health["songxian县人民政府"]["last_message"]
    assert "last read: never" in night.stdout


def test_names_from_outside_never_become_paths(night: Crawl) -> None:
    store = night.output / "annual_reports" / "attachments"
    files = [path for path in night.output.rglob("*") if path.is_file() and "passwd" in path.name]
    assert files == []
    for path in store.rglob("*"):
        if path.is_file():
            assert re.fullmatch(r"[0-9a-f]{2}/[0-9a-f]{64}\.\w+", str(path.relative_to(store)))


def test_nothing_disappears(night: Crawl) -> None:
    """Every row of the list is a page of the ledger, and every page has an outcome."""
    pages = ledger_rows(night, tables.pages)
    assert len(pages) == 14
    assert all(row["outcome"] for row in pages)
