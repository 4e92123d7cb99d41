"""`scrapy portals`, `scrapy portals check URL` and `scrapy checkall`, as a maintainer types them."""

from __future__ import annotations

from pathlib import Path

from crawler.sample.server import SampleServer
from tests.crawling import crawl, portals_file, scrapy, served
from tests.test_crawl_outcomes import build


def test_portals_lists_the_registry_with_codes() -> None:
    done = scrapy("portals", "--province", "河南省")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 176
    assert any(line.startswith("410324\t河南省/洛阳市/栾川县\t") for line in lines)


def test_portals_shows_health_after_a_crawl(tmp_path: Path) -> None:
    faults = build(tmp_path / "site")
    with served(tmp_path / "site", faults) as server:
        file = portals_file(tmp_path / "portals.toml", server)
        crawl(file, tmp_path / "output")
        done = scrapy(
            "portals", "--portals", str(file), "--spider", "annual_reports", "-s", f"OUTPUT_DIR={tmp_path / 'output'}"
        )
    rows = {line.split("\t")[2]: line.split("\t") for line in done.stdout.splitlines()[1:]}
    assert rows["luanchuan县人民政府"][4] == "ok"
    assert rows["luanchuan县人民政府"][5].startswith("20")
    assert rows["luoning县人民政府"][4:6] == ["failed", "-"]


def test_check_walks_discovery_step_by_step() -> None:
    with SampleServer(port=0) as server:
        done = scrapy(
            "portals", "check", server.url("luanchuan"), "-s", "ALLOW_PRIVATE_ADDRESSES=True", "-s", "DOWNLOAD_DELAY=0.05"
        )
        assert server.request_count() < 40
    assert done.returncode == 0, done.stderr[-2000:]
    assert "政府信息公开" in done.stdout
    assert "family henan" in done.stdout
    assert "possible reports" in done.stdout


def test_check_says_why_a_portal_cannot_be_read() -> None:
    done = scrapy("portals", "check", "http://127.0.0.1:9/", "-s", "ALLOW_PRIVATE_ADDRESSES=True")
    assert done.returncode == 1
    assert "refuses connections" in done.stdout


def test_check_refuses_private_addresses_by_default() -> None:
    done = scrapy("portals", "check", "http://127.0.0.1:9/")
    assert done.returncode == 1
    assert "private addresses are refused" in done.stdout


def test_checkall_finds_everything_in_order() -> None:
    done = scrapy("checkall")
    assert done.returncode == 0, done.stdout
    assert "3205 portals and 4 governments on shared sites in 32 registry files" in done.stdout


def test_unknown_arguments_are_told(tmp_path: Path) -> None:
    for arguments, words in [
        (("-a", "years=zwanzig"), "neither a year"),
        (("-a", "region=火星"), "火星"),
        (("-a", f"portals={tmp_path / 'none.toml'}"), "none.toml"),
    ]:
        done = scrapy("crawl", "henan_reports", *arguments, "-s", f"OUTPUT_DIR={tmp_path}")
        assert done.returncode != 0
        assert words in done.stdout + done.stderr
        assert "Traceback" not in done.stderr, done.stderr
