"""Lists that only a script writes, read through the system's real Chromium; everything else without it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from crawler.browser.program import NAMES
from crawler.portals.scripting import is_written_by_script
from crawler.sample.faults import Behaviour, Fault, FaultTable
from tests.crawling import ROOT, MiniPortal, crawl, portals_file, served
from tests.test_crawl_outcomes import TITLE

HAS_BROWSER = any(shutil.which(name) for name in NAMES)

pytestmark = pytest.mark.skipif(not HAS_BROWSER, reason="no Chromium on the PATH: apt-get install chromium")

SCRIPT = """
var page = 1;
function show() {
  fetch('/api/list/' + page + '.json').then(function (answer) { return answer.json(); }).then(function (found) {
    var rows = found.rows.map(function (row) {
      return '<li><a href="' + row.url + '">' + row.title + '</a><span>' + row.date + '</span></li>';
    });
    document.getElementById('list').innerHTML = rows.join('');
    document.getElementById('count').innerHTML = '共 ' + found.total + ' 条';
    document.getElementById('next').className = page >= found.pages ? 'next disabled' : 'next';
  });
}
document.getElementById('next').onclick = function () { page += 1; show(); };
show();
"""
SHELL = """
<div class="location">首页 > 政府信息公开年报</div>
<ul class="list" id="list"></ul><div class="pager"><span id="count"></span><a id="next" class="next" href="javascript:;">下一页</a></div>
<img src="/images/banner.png"><script src="/js/list.js"></script>
<script src="http://127.64.0.77:9/away.js"></script>
"""


def build(site: Path, reports: int = 7, size: int = 3) -> MiniPortal:
    portal = MiniPortal(site / "luanchuan")
    for number in range(reports):
        portal.article(number, TITLE.format(name=f"第{number}局"), "<p>本局2024年政府信息公开工作情况如下。</p>" * 40)
    rows = [{"url": path, "title": title, "date": date} for path, title, date in portal.rows]
    pages = [rows[start : start + size] for start in range(0, len(rows), size)]
    for number, some in enumerate(pages, start=1):
        portal.put(f"/api/list/{number}.json", json.dumps({"rows": some, "total": len(rows), "pages": len(pages)}))
    portal.put("/js/list.js", SCRIPT)
    portal.put("/images/banner.png", b"not asked for")
    portal.finish(list_body=SHELL)
    return portal


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.timeout(300)
def test_a_list_that_only_a_script_writes_is_read_through_the_browser_and_nothing_else_is(tmp_path: Path) -> None:
    build(tmp_path / "site")
    with served(tmp_path / "site") as server:
        portals = portals_file(tmp_path / "portals.toml", server)
        first = crawl(portals, tmp_path / "output")
        paths = [record.path for record in server.requests]
        (host,) = server.hosts.values()
        assert "7 rows collected, 7 declared" in first.stdout, first.stdout + first.stderr[-3000:]
        articles = [path for path in paths if "/t2025" in path]
        assert len(articles) == len(set(articles)) == 7
        assert [path for path in paths if path.startswith("/api/")] == [f"/api/list/{n}.json" for n in (1, 2, 3)]
        assert paths.count("/js/list.js") == 1, "the home page and the articles are read without the browser"
        assert "/images/banner.png" not in paths
        assert server.max_concurrent(host) == 1

        server.forget()
        second = crawl(portals, tmp_path / "output")
        again = [record.path for record in server.requests]
    assert "7 rows collected, 7 declared" in second.stdout
    # Remembered: the column is shown once, and neither searched for nor first read without the browser.
    assert again.count("/zwgk/zfxxgknb/") + again.count("/zwgk/zfxxgknb/index.html") == 1
    assert "/" not in again


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.timeout(300)
def test_a_browser_that_crashes_is_started_again(tmp_path: Path) -> None:
    build(tmp_path / "site", reports=2)
    faults = FaultTable()
    faults.set("/api/list/1.json", Fault(Behaviour.SLOW, times=1, seconds=6))
    mark = f"BROWSER_TEST_MARK={os.getpid()}"
    with served(tmp_path / "site", faults) as server:
        portals = portals_file(tmp_path / "portals.toml", server)
        options = ["-s", f"OUTPUT_DIR={tmp_path / 'output'}", "-s", "ALLOW_PRIVATE_ADDRESSES=True"]
        with subprocess.Popen(
            [sys.executable, "-m", "scrapy", "crawl", "annual_reports", "-a", f"portals={portals}", *options],
            cwd=ROOT,
            env={**os.environ, "BROWSER_TEST_MARK": str(os.getpid())},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as night:
            deadline = time.monotonic() + 120
            while faults.met("/api/list/1.json") == 0 and time.monotonic() < deadline:
                time.sleep(0.05)
            killed = kill_browsers(mark)
            output, log = night.communicate(timeout=200)
    assert killed, "no browser was at work"
    assert "2 rows collected, 2 declared" in output, output + log[-3000:]


def kill_browsers(mark: str) -> int:
    """Kill -9 the browsers that a crawl with this mark in its environment has started."""
    killed = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            is_ours = mark.encode() in (process / "environ").read_bytes()
            name = (process / "comm").read_text()
        except OSError:
            continue
        if is_ours and name.startswith("chrom"):
            try:
                os.kill(int(process.name), signal.SIGKILL)
            except ProcessLookupError:
                continue
            killed += 1
    return killed


@pytest.mark.slow
def test_without_a_browser_the_column_says_what_to_install(tmp_path: Path) -> None:
    build(tmp_path / "site", reports=2)
    with served(tmp_path / "site") as server:
        night = crawl(
            portals_file(tmp_path / "portals.toml", server), tmp_path / "output", BROWSER_PROGRAM="/nonexistent/chromium"
        )
    assert night.status == 1
    assert "install chromium, or set BROWSER_PROGRAM" in night.stdout


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        (f"<html><body>{SHELL}</body></html>", True),
        ("<html><body><ul id=l></ul><script>document.getElementById('l').innerHTML = rows;</script></body></html>", True),
        ("<html><body><ul id=l></ul><p>暂无数据</p><script src='/js/x.js'></script></body></html>", False),
        ("<html><body><ul id=l></ul><script>var counter = 1;</script></body></html>", False),
        ("<html><body><p>本栏目建设中</p></body></html>", False),
    ],
)
def test_a_list_may_be_written_by_a_script(html: str, expected: bool) -> None:
    assert is_written_by_script(html.encode()) is expected
