"""Archives over a real crawl and on the command line: each member is a document with an address, a file and an outcome."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest

from crawler.sample.figures import random_values
from crawler.sample.source import ReportSource
from crawler.sample.typeset import to_docx, to_html
from tests.archive_builder import by_libarchive, make_7z, make_rar4, make_rar5, make_zip, zeros_zip
from tests.crawling import Crawl, MiniPortal, crawl, portals_file, scrapy, served

TITLE = "栾川县{name}2024年政府信息公开工作年度报告"
FORM = "cn-ogi-2021"


def report(name: str, seed: int) -> ReportSource:
    sentences = {1: (f"2024年，{name}做好政府信息公开各项工作，全年运行平稳。",), 6: ("无其他需要报告的事项。",)}
    return ReportSource(TITLE.format(name=name), f"栾川县{name}", 2024, FORM, sentences, random_values(FORM, seed))


HTML = to_html(report("财政局", 1), whole=True).encode()
DOCX = to_docx(report("教育局", 2))
NAMELESS = to_docx(replace(report("水利局", 3), title="年度报告", organisation="本机关", paragraphs={}))
FILES = {
    "several.zip": make_zip({"各局/财政局.html": HTML, "教育局.docx": DOCX, "说明.txt": b"readme", "Thumbs.db": b"x"}),
    "alone.7z": make_7z({"附件.docx": NAMELESS}),
    "nested.rar": make_rar5({"外.rar": make_rar4({"农业局.docx": to_docx(report("农业局", 4))})}),
    "locked.zip": by_libarchive({"年报.docx": DOCX}, "zip", locked=True),
    "bomb.zip": zeros_zip(10 << 30),
    "empty.zip": make_zip({"看图.exe": b"MZ"}),
}


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> tuple[Crawl, Crawl]:
    folder = tmp_path_factory.mktemp("archives")
    portal = MiniPortal(folder / "site" / "luanchuan")
    for number, (name, content) in enumerate(FILES.items(), start=1):
        portal.put(f"/files/{name}", content)
        link = f'<p><a href="/files/{name}">{TITLE.format(name="水利局") if name == "alone.7z" else name}</a></p>'
        portal.article(number, TITLE.format(name="各单位"), link)
    portal.finish()
    with served(folder / "site") as server:
        portals = portals_file(folder / "portals.toml", server)
        return crawl(portals, folder / "output"), crawl(portals, folder / "output")


@contextmanager
def ledger(night: Crawl) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(night.output / "annual_reports" / "ledger.sqlite", isolation_level=None)) as connection:
        yield connection


def documents(night: Crawl) -> dict[str, dict[str, object]]:
    return {document["url"]: document for record in night.records() for document in record["documents"]}


def test_every_report_in_an_archive_is_published(nights: tuple[Crawl, Crawl]) -> None:
    night, _ = nights
    assert night.status == 0, night.stderr[-4000:]
    by_name = {record["org_name"]: record for record in night.records()}
    assert {name.removeprefix("洛阳市栾川县") for name in by_name} == {"财政局", "教育局", "水利局", "农业局"}
    for number, name in enumerate(("财政局", "教育局", "水利局", "农业局"), start=1):
        values = by_name[f"洛阳市栾川县{name}"]["values"]
        assert {key: float(value) for key, value in values.items()} == {
            key: float(text) for key, text in random_values(FORM, number).items()
        }


def test_a_member_has_an_address_and_a_file_of_its_own(nights: tuple[Crawl, Crawl]) -> None:
    night, _ = nights
    (url,) = [url for url in documents(night) if url.endswith("#" + quote("各局/财政局.html", safe=""))]
    document = documents(night)[url]
    assert url.partition("#")[0].endswith("/files/several.zip")
    assert document["role"] == "attachment"
    assert document["sha256"] == hashlib.sha256(HTML).hexdigest()
    assert document["media_type"] == "text/html"
    store = night.output / "annual_reports" / "attachments"
    assert (store / str(document["path"])).read_bytes() == HTML
    assert any(url.endswith("#" + quote("外.rar/农业局.docx", safe="")) for url in documents(night))
    for path in store.rglob("*"):
        assert path.is_dir() or re.fullmatch(r"[0-9a-f]{2}/[0-9a-f]{64}\.\w+", str(path.relative_to(store)))


def test_an_archive_ends_as_its_documents_do(nights: tuple[Crawl, Crawl]) -> None:
    for night in nights:
        outcomes, *rows = (line.split() for line in night.stdout[night.stdout.index("Documents ") :].splitlines()[2:])
        table = {row[0]: dict(zip(outcomes, row[1:], strict=False)) for row in rows if row}
        assert {kind: table[kind]["ok"] for kind in ("HTML", "DOCX", "ZIP", "RAR", "7z")} == {
            "HTML": "1",
            "DOCX": "3",
            "ZIP": "1",
            "RAR": "1",
            "7z": "1",
        }
        assert table["ZIP"]["not_a_report"] == "1"
        problems = (night.output / "annual_reports" / "current" / "problems.jsonl").read_text("utf-8")
        told = {json.loads(line)["url"].rpartition("/")[2]: json.loads(line)["outcome"] for line in problems.splitlines()}
        assert told["locked.zip"] == "encrypted"
        assert told["empty.zip"] == "not_a_report"
        assert not {"several.zip", "alone.7z", "nested.rar"} & set(told)


def test_what_cannot_be_read_costs_one_outcome(nights: tuple[Crawl, Crawl]) -> None:
    night, _ = nights
    assert re.search(r"Documents .*7 ok", night.stdout)
    assert "1 encrypted" in night.stdout
    assert "1 too_large" in night.stdout
    assert re.search(r"encrypted: .*password", night.stderr)
    assert re.search(r"too_large: .*10737418240", night.stderr)
    assert "Traceback" not in night.stderr


def test_the_next_night_changes_nothing(nights: tuple[Crawl, Crawl]) -> None:
    first, second = nights
    assert second.status == 0
    assert documents(second).keys() == documents(first).keys()
    assert "unchanged" in second.stdout


def test_the_next_night_nothing_is_unpacked(nights: tuple[Crawl, Crawl]) -> None:
    first, second = nights
    with ledger(second) as rows:
        (one, two) = [json.loads(stats) for (stats,) in rows.execute("SELECT stats FROM runs ORDER BY id")]
        seen = rows.execute("SELECT url, last_run FROM documents WHERE url LIKE '%#%'").fetchall()
    assert one["document/archive/members"] == 5
    assert one["document/extraction/read"] == 5
    assert "document/archive/members" not in two
    assert "document/extraction/read" not in two
    assert len(seen) == 5
    assert {run for _, run in seen} == {2}
    assert first.records() == second.records()


def test_reextract_finds_what_an_archive_newly_gives(nights: tuple[Crawl, Crawl], tmp_path: Path) -> None:
    """As if libarchive had been missing on both nights."""
    _, night = nights
    output = Path(shutil.copytree(night.output, tmp_path / "output", symlinks=True))
    copy = replace(night, output=output)
    with ledger(copy) as rows:
        packed = ("application/vnd.rar", "application/x-7z-compressed")
        rows.execute(
            "UPDATE extractions SET outcome = 'unsupported', record = NULL, message = 'no libarchive' WHERE sha256 IN"
            " (SELECT sha256 FROM documents WHERE media_type IN (?, ?))",
            packed,
        )
        lost = rows.execute(
            "SELECT sha256, path FROM documents WHERE url LIKE '%.rar#%' OR url LIKE '%.7z#%' ORDER BY url"
        ).fetchall()
        assert len(lost) == 2
        for sha256, path in lost:
            rows.execute("DELETE FROM extractions WHERE sha256 = ?", (sha256,))
            rows.execute("DELETE FROM documents WHERE sha256 = ?", (sha256,))
            (output / "annual_reports" / "attachments" / path).unlink()
    done = scrapy("reextract", "annual_reports", "--outcome", "unsupported", "--publish", "-s", f"OUTPUT_DIR={output}")
    assert done.returncode == 0, done.stderr[-3000:]
    assert "4 documents read" in done.stderr
    changed = [json.loads(line) for line in done.stdout.splitlines()]
    assert {(line["key"], line["old"], line["new"]) for line in changed} == {("outcome", "unsupported", "ok")}
    names = {record["org_name"] for record in copy.records()}
    assert {"洛阳市栾川县水利局", "洛阳市栾川县农业局"} <= names
    assert documents(copy).keys() == documents(night).keys()


def test_extract_prints_a_line_for_every_member(tmp_path: Path) -> None:
    for name in ("several.zip", "alone.7z", "nested.rar", "locked.zip"):
        (tmp_path / name).write_bytes(FILES[name])
    names = [str(tmp_path / name) for name in ("several.zip", "alone.7z", "nested.rar", "locked.zip")]
    done = scrapy("extract", *names)
    lines = {line["file"].removeprefix(f"{tmp_path}/"): line for line in map(json.loads, done.stdout.splitlines())}
    assert list(lines) == [
        "several.zip#各局/财政局.html",
        "several.zip#教育局.docx",
        "several.zip#说明.txt",
        "alone.7z#附件.docx",
        "nested.rar#外.rar/农业局.docx",
        "locked.zip",
    ]
    assert done.returncode == 1
    assert lines["several.zip#说明.txt"]["error"]["code"] == "not_a_report"
    assert lines["locked.zip"]["error"]["code"] == "encrypted"
    assert lines["several.zip#教育局.docx"]["org_name_raw"] == "栾川县教育局"
    assert lines["several.zip#教育局.docx"]["documents"][0]["sha256"] == hashlib.sha256(DOCX).hexdigest()
    assert "Thumbs.db" in done.stderr
