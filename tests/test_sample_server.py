"""The sample server answers like a portal, counts what it is asked, and misbehaves on request."""

from __future__ import annotations

import http.client
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from crawler.sample.faults import ERROR_PAGE, Behaviour, Fault, FaultTable
from crawler.sample.server import PortBusyError, SampleServer

HOST = "127.64.0.1"
PDF = b"%PDF-1.7\n" + bytes(5000) + b"\n%%EOF\n"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "secret.txt").write_text("outside")
    site = tmp_path / "site"
    (site / "one" / "zwgk").mkdir(parents=True)
    (site / "two").mkdir()
    (site / "one" / "index.html").write_text('<meta charset="utf-8"><a href="@@HOST:two@@/a.pdf">附件</a>', encoding="utf-8")
    (site / "one" / "zwgk" / "index.html").write_text("<p>栏目</p>", encoding="utf-8")
    (site / "one" / "zwgk" / "content_1").write_text("<p>无后缀</p>", encoding="utf-8")
    (site / "one" / "gbk.html").write_bytes('<meta charset="gb2312"><p>中文</p>'.encode("gbk"))
    (site / "one" / "a.pdf").write_bytes(PDF)
    (site / "two" / "a.pdf").write_bytes(PDF)
    return site


@pytest.fixture
def faults() -> FaultTable:
    return FaultTable()


@pytest.fixture
def server(site: Path, faults: FaultTable) -> Iterator[SampleServer]:
    with SampleServer(site, port=0, faults=faults) as running:
        yield running


def ask(
    server: SampleServer, path: str, method: str = "GET", host: str = HOST, **headers: str
) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection(host, server.port, timeout=5)
    try:
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()


def test_links_to_other_hosts_carry_the_real_address_and_length_and_tag_count_it(server: SampleServer) -> None:
    response, body = ask(server, "/")
    assert f'href="http://127.64.0.2:{server.port}/a.pdf"'.encode() in body
    assert response.headers["Content-Length"] == str(len(body))
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"


def test_unchanged_is_304_by_tag_and_by_date_and_a_changed_file_is_sent_again(server: SampleServer, site: Path) -> None:
    first, _ = ask(server, "/a.pdf")
    tag, date = first.headers["ETag"], first.headers["Last-Modified"]
    by_tag, body = ask(server, "/a.pdf", If_None_Match=tag)
    by_date, _ = ask(server, "/a.pdf", If_Modified_Since=date)
    assert (by_tag.status, by_date.status, body) == (304, 304, b"")
    (site / "one" / "a.pdf").write_bytes(PDF + b"\n")
    changed, _ = ask(server, "/a.pdf", If_None_Match=tag, If_Modified_Since=date)
    assert changed.status == 200
    assert changed.headers["ETag"] != tag


def test_head_has_the_headers_and_no_body(server: SampleServer) -> None:
    response, body = ask(server, "/a.pdf", "HEAD")
    assert (response.status, response.headers["Content-Length"], body) == (200, str(len(PDF)), b"")


@pytest.mark.parametrize(
    "path", ["/../secret.txt", "/%2e%2e/%2e%2e/secret.txt", "/zwgk/../../two/a.pdf", "/..%2fsecret.txt", "/%00"]
)
def test_nothing_outside_a_portal_is_served(server: SampleServer, path: str) -> None:
    response, body = ask(server, path)
    assert response.status == 404
    assert b"outside" not in body


def test_folders_redirect_to_their_slash_and_pages_without_suffix_are_html(server: SampleServer) -> None:
    response, _ = ask(server, "/zwgk")
    assert (response.status, response.headers["Location"]) == (301, "/zwgk/")
    assert ask(server, "/zwgk/content_1")[0].headers["Content-Type"].startswith("text/html")
    assert ask(server, "/two/")[0].status == 404


def test_a_gbk_page_is_not_declared_as_utf8(server: SampleServer) -> None:
    response, body = ask(server, "/gbk.html")
    assert response.headers["Content-Type"] == "text/html"
    assert "中文".encode("gbk") in body


def test_requests_and_concurrency_are_counted_by_host(server: SampleServer, faults: FaultTable) -> None:
    faults.set("/a.pdf", Fault(Behaviour.SLOW, seconds=0.3))
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: ask(server, "/a.pdf"), range(3)))
    ask(server, "/a.pdf", host="127.64.0.2")
    deadline = time.monotonic() + 2
    while server.request_count() < 4 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert (server.request_count(HOST), server.request_count()) == (3, 4)
    assert (server.max_concurrent(HOST), server.max_concurrent("127.64.0.2")) == (3, 1)
    assert {record.path for record in server.requests} == {"/a.pdf"}
    server.forget()
    assert (server.request_count(), server.max_concurrent(HOST)) == (0, 0)


def test_status_fault_strikes_as_often_as_told(server: SampleServer, faults: FaultTable) -> None:
    faults.set(f"{HOST}/a.pdf", Fault(Behaviour.STATUS, times=2, status=503, headers=(("Retry-After", "1"),)))
    answers = [ask(server, "/a.pdf")[0] for _ in range(3)]
    assert [answer.status for answer in answers] == [503, 503, 200]
    assert answers[0].headers["Retry-After"] == "1"
    assert faults.met(f"{HOST}/a.pdf") == 2


def test_cut_body_has_no_length_and_short_body_lies_about_it(server: SampleServer, faults: FaultTable) -> None:
    faults.set("/a.pdf", Fault(Behaviour.CUT_BODY))
    response, body = ask(server, "/a.pdf")
    assert response.headers["Content-Length"] is None
    assert body == PDF[: len(PDF) // 2]
    faults.set("/a.pdf", Fault(Behaviour.SHORT_BODY))
    with pytest.raises(http.client.IncompleteRead):
        ask(server, "/a.pdf")


def test_error_page_comes_as_a_pdf_with_status_200(server: SampleServer, faults: FaultTable) -> None:
    faults.set("/a.pdf", Fault(Behaviour.BODY))
    response, body = ask(server, "/a.pdf")
    assert (response.status, response.headers["Content-Type"], body) == (200, "application/pdf", ERROR_PAGE)


def test_reset_and_redirect(server: SampleServer, faults: FaultTable) -> None:
    faults.set("/a.pdf", Fault(Behaviour.RESET, times=1))
    with pytest.raises(ConnectionError):
        ask(server, "/a.pdf")
    faults.set("/a.pdf", Fault(Behaviour.REDIRECT, location="http://192.168.0.1/"))
    response, _ = ask(server, "/a.pdf")
    assert (response.status, response.headers["Location"]) == (302, "http://192.168.0.1/")


def test_a_busy_port_says_what_to_set(site: Path) -> None:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        with pytest.raises(PortBusyError, match="SAMPLE_PORT"):
            SampleServer(site, port=taken.getsockname()[1]).start()


def test_the_port_comes_from_the_environment(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAMPLE_PORT", "0")
    with SampleServer(site) as server:
        assert server.port > 0
        assert f":{server.port}/" in server.portals_toml()
        assert "{port}" not in server.portals_toml()
