"""The portals that a crawl is measured with: report columns of 20 rows a page, their articles with the report in them.

``python -m benchmarks.site --hosts 100 --reports 20 --folder DIR`` serves them on loopback, an address a portal, until its
standard input ends; it writes ``DIR/portals.toml`` and ``DIR/urls.txt`` and prints a line of JSON when it is ready. Every page
is made before that, so that serving costs next to nothing. With ``--etags`` no page changes, and whoever asks is told so.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Literal, cast

from crawler.sample.pages import Article, Item, article_page, list_name, list_page
from crawler.sample.plan import SamplePortal
from crawler.sample.typeset import Layout, ReportSource, random_values, to_html

COLUMN = "/zwgk/zfxxgknb/"
FORM = "cn-ogi-2021"
ROWS_A_PAGE = 20
BODIES = 8
"""Reports that are typeset; articles differ by their organisation and year, so that no two are the same."""

Site = Mapping[str, bytes]
"""Whole answers by path."""


def _typeset() -> list[str]:
    """Half in the plain markup of an editor, half in the three times larger one that Word leaves."""
    sections = dict.fromkeys(range(1, 7), ("正文一段，说明本年度政府信息公开工作的做法和数字。" * 20,))
    markups: list[Literal["word", "plain"]] = ["word", "plain"]
    return [
        to_html(
            ReportSource(
                *("@title@", "@organisation@", 2024, FORM, sections, random_values(FORM, number)),
                layout=Layout(markup=markups[number % 2]),
            )
        )
        for number in range(BODIES)
    ]


def make_site(address: str, number: int, reports: int, bodies: list[str]) -> Site:
    """One portal."""
    portal = SamplePortal(
        f"b{number}", f"第{number}县人民政府", "河南省", address, "plain", COLUMN, "/zwgk/", page_size=ROWS_A_PAGE
    )
    pages: dict[str, bytes] = {}
    items = []
    for report in range(reports):
        organisation, year = f"第{number}县第{report}镇人民政府", 2024 - report % 5
        title = f"{organisation}{year}年政府信息公开工作年度报告"
        body = bodies[(number + report) % BODIES].replace("@title@", title).replace("@organisation@", organisation)
        item = Item(f"{COLUMN}t{year + 1}0120_{report}.html", title, f"{year + 1}-01-20")
        items.append(item)
        pages[item.path] = _answer(article_page(portal, Article(item.path, title, item.date, organisation, body)))
    count = -(-reports // ROWS_A_PAGE)
    for page in range(count):
        rows = items[page * ROWS_A_PAGE : (page + 1) * ROWS_A_PAGE]
        name = list_name(portal, page) if page else ""
        pages[COLUMN + name] = _answer(list_page(portal, rows, page, count, reports, COLUMN))
    return pages


def _answer(page: str) -> bytes:
    body = page.encode()
    return b"Content-Type: text/html; charset=utf-8\r\nContent-Length: %d\r\n\r\n" % len(body) + body


_OK, _ETAG = b"HTTP/1.1 200 OK\r\n", b'ETag: "1"\r\n'
_NOT_MODIFIED = b"HTTP/1.1 304 Not Modified\r\n" + _ETAG + b"\r\n"
_NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


class _Connection(asyncio.Protocol):
    """Answers one request after the other."""

    def __init__(self, site: Site, *, etags: bool) -> None:
        self._site, self._etags, self._head = site, etags, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - of a stream
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        *heads, self._head = (self._head + data).split(b"\r\n\r\n")
        for head in heads:
            path = head.split(b" ", 2)[1].decode("ascii", "replace")
            self._transport.write(self._answer(path, is_known=b"if-none-match:" in head.lower()))

    def _answer(self, path: str, *, is_known: bool) -> bytes:
        answer = self._site.get(path)
        if answer is None:
            return _NOT_FOUND
        if not self._etags:
            return _OK + answer
        return _NOT_MODIFIED if is_known else _OK + _ETAG + answer


async def _serve(hosts: int, reports: int, folder: Path, *, etags: bool) -> None:
    bodies = _typeset()
    loop, port = asyncio.get_running_loop(), 0
    tables, urls, sizes = [], [], []
    for number in range(hosts):
        address = f"127.66.{number // 200}.{number % 200 + 1}"
        site = make_site(address, number, reports, bodies)
        server = await loop.create_server(lambda site=site: _Connection(site, etags=etags), address, port)  # type: ignore[misc]
        port = server.sockets[0].getsockname()[1]
        home = f"http://{address}:{port}"
        tables.append(
            f'[[portal]]\nname = "第{number}县人民政府"\nregion = "河南省/洛阳市/栾川县"\nregion_code = "410324"\n'
            f'home = "{home}/"\ncolumns = ["{home}{COLUMN}"]\n'
        )
        urls += [home + path for path in site]
        sizes += [len(answer) for answer in site.values()]
    (folder / "portals.toml").write_text("\n".join(tables), encoding="utf-8")
    (folder / "urls.txt").write_text("\n".join(urls), encoding="utf-8")
    ready = {"pages": len(urls), "kilobytes": round(statistics.fmean(sizes) / 1000, 1), "largest": max(sizes) // 1000}
    print(json.dumps(ready), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


def main() -> int:
    """Serve until the standard input ends."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hosts", type=int, default=100)
    parser.add_argument("--reports", type=int, default=20)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--etags", action="store_true")
    options = parser.parse_args()
    asyncio.run(_serve(options.hosts, options.reports, options.folder, etags=options.etags))
    return 0


@contextmanager
def served(folder: Path, hosts: int, reports: int, *, etags: bool = False) -> Iterator[dict[str, float]]:
    """A process that serves the portals; gives the number of pages and their average size in ``kilobytes``."""
    command = [
        sys.executable,
        "-m",
        "benchmarks.site",
        "--hosts",
        str(hosts),
        "--reports",
        str(reports),
        "--folder",
        str(folder),
    ]
    command += ["--etags"] if etags else []
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        try:
            yield json.loads(cast("IO[str]", server.stdout).readline())
        finally:
            cast("IO[str]", server.stdin).close()


if __name__ == "__main__":
    sys.exit(main())
