"""A server that cuts, lies and challenges: what stock parts store as good, ours tells (DESIGN, faults seen in stock parts)."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from crawler.dataset import tables
from crawler.sample.faults import Behaviour, Fault, FaultTable
from crawler.sample.server import SampleServer
from crawler.sample.typeset import to_docx, to_html
from tests.crawling import Crawl, MiniPortal, crawl, portals_file, served
from tests.test_crawl_outcomes import TITLE, ledger_rows, report

CHALLENGE = (
    b"<html><head><script>document.cookie=('_')+('_')+('j')+('s')+('l')+('_')+('c')+('l')+'=1739'+';location.href=location.pathname'"
    b"</script></head><body></body></html>"
)


def portal_with_attachments(site: Path) -> MiniPortal:
    portal = MiniPortal(site / "luanchuan")
    for number, name in enumerate(("一局", "二局", "三局"), start=1):
        portal.put(f"/files/{number}.docx", to_docx(report(name, number)))
        portal.article(
            number, TITLE.format(name=name), f'<p><a href="/files/{number}.docx">{TITLE.format(name=name)}.docx</a></p>'
        )
    portal.finish()
    return portal


@pytest.fixture(scope="module")
def cut(tmp_path_factory: pytest.TempPathFactory) -> tuple[Crawl, FaultTable, Crawl]:
    """A night with cut bodies, and the night after, when the server is whole again."""
    folder = tmp_path_factory.mktemp("cut")
    portal_with_attachments(folder / "site")
    faults = FaultTable(
        {
            "/files/1.docx": Fault(Behaviour.CUT_BODY),
            "/files/2.docx": Fault(Behaviour.SHORT_BODY),
            "/files/3.docx": Fault(Behaviour.CUT_BODY, times=1),
        }
    )
    with served(folder / "site", faults) as server:
        file = portals_file(folder / "portals.toml", server)
        first = crawl(file, folder / "output")
        snapshot = Crawl(first.status, first.stdout, first.stderr, folder / "first")
        (folder / "output").rename(folder / "first")
        again = crawl(file, folder / "output")
        met = faults.met("/files/1.docx")
        faults.clear()
        second = crawl(file, folder / "output")
    assert again.status == 0
    assert met >= 4, "a cut document is asked for again before it is called truncated"
    return snapshot, faults, second


def test_a_body_cut_without_a_length_is_truncated_not_stored(cut: tuple[Crawl, FaultTable, Crawl]) -> None:
    first, _, _ = cut
    documents = {row["url"].rpartition("/")[2]: row for row in ledger_rows(first, tables.documents)}
    assert documents["1.docx"]["outcome"] == "truncated"
    assert documents["1.docx"]["path"] is None
    assert documents["2.docx"]["outcome"] == "truncated"
    assert "declared" in documents["2.docx"]["message"]


def test_a_body_cut_once_is_read_at_the_second_try(cut: tuple[Crawl, FaultTable, Crawl]) -> None:
    first, _, _ = cut
    assert [record["org_name_raw"] for record in first.records()] == ["栾川县三局"]


def test_the_next_run_repairs(cut: tuple[Crawl, FaultTable, Crawl]) -> None:
    _, _, second = cut
    assert len(second.records()) == 3
    assert not [row for row in ledger_rows(second, tables.documents) if row["outcome"] != "ok"]


@pytest.mark.parametrize("status", [200, 521])
def test_a_compressed_challenge_page_is_recognised_and_the_host_left_alone(tmp_path: Path, status: int) -> None:
    portal = MiniPortal(tmp_path / "site" / "luanchuan")
    portal.article(1, TITLE.format(name="财政局"), to_html(report("财政局", 1)))
    portal.finish()
    challenge = Fault(
        Behaviour.STATUS,
        status=status,
        body=gzip.compress(CHALLENGE),
        headers=(("Content-Encoding", "gzip"), ("Set-Cookie", "__jsluid_s=1; path=/"), ("Content-Type", "text/html")),
    )
    with served(tmp_path / "site") as server:
        faults = FaultTable({f"{server.hosts['luanchuan']}/": challenge})
        server.faults = faults
        night = crawl(portals_file(tmp_path / "portals.toml", server), tmp_path / "output")
        paths = [record.path for record in server.requests]
    assert night.status == 1
    assert "blocked" in night.stdout
    assert "challenge" in night.stdout
    assert paths == ["/robots.txt", "/"]


def test_one_request_at_a_time_per_host(tmp_path: Path) -> None:
    with SampleServer(port=0) as server:
        file = tmp_path / "portals.toml"
        head, *portals = server.portals_toml().split("[[portal]]")
        file.write_text("[[portal]]".join([head, *portals[:4]]), encoding="utf-8")
        night = crawl(file, tmp_path / "output")
        assert night.status == 0
        asked = {name: server.request_count(host) for name, host in server.hosts.items()}
        busy = [name for name, requests in asked.items() if requests > 10]
        assert len(busy) >= 4, asked
        assert {name: server.max_concurrent(server.hosts[name]) for name in busy} == dict.fromkeys(busy, 1)


def test_a_page_in_two_columns_is_asked_for_once(tmp_path: Path) -> None:
    portal = MiniPortal(tmp_path / "site" / "luanchuan")
    path = portal.article(1, TITLE.format(name="财政局"), to_html(report("财政局", 1)))
    portal.finish()
    with served(tmp_path / "site") as server:
        home = server.url("luanchuan")
        file = portals_file(
            tmp_path / "portals.toml", server, columns=f'["{home}zwgk/zfxxgknb/", "{home}zwgk/zfxxgknb/index.html"]'
        )
        night = crawl(file, tmp_path / "output")
        asked = [record.path for record in server.requests]
    assert night.status == 0
    assert asked.count(path) == 1
