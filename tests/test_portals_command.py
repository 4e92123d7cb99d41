"""`scrapy portals`, `scrapy portals check URL` and `scrapy checkall`, as a maintainer types them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from crawler.adding import NotAddedError, Places, candidate
from crawler.commands.checkall import check_expectations
from crawler.portals.registry import load_portals
from crawler.sample.server import SampleServer
from tests.crawling import crawl, portals_file, scrapy, served
from tests.test_added_portals import check_added
from tests.test_crawl_outcomes import build


def test_portals_lists_the_registry_with_codes() -> None:
    done = scrapy("portals", "--province", "河南省")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 176
    assert any(line.startswith("410324\t河南省/洛阳市/栾川县\t") for line in lines)


def test_portals_lists_the_whole_country_and_says_whose_site_is_anothers() -> None:
    done = scrapy("portals")
    lines = [line.split("\t") for line in done.stdout.splitlines()[1:]]
    assert len(lines) == 3209
    assert [line[:5] for line in lines if line[1].endswith("珲春市")] == [
        [
            "222404",
            "吉林省/延边朝鲜族自治州/珲春市",
            "珲春市人民政府",
            "http://www.yanbian.gov.cn/",
            "on the site of 吉林省/延边朝鲜族自治州",
        ]
    ]
    assert "3205 portals" in done.stderr
    assert "4 governments are on the site of another" in done.stderr


def test_portals_shows_health_after_a_crawl(tmp_path: Path) -> None:
    faults = build(tmp_path / "site")
    with served(tmp_path / "site", faults) as server:
        file = portals_file(tmp_path / "portals.toml", server)
        crawl(file, tmp_path / "output")
        done = scrapy("portals", "--portals", str(file), "-s", f"OUTPUT_DIR={tmp_path / 'output'}")
    rows = {line.split("\t")[2]: line.split("\t") for line in done.stdout.splitlines()[1:]}
    assert rows["luanchuan县人民政府"][4] == "ok"
    assert rows["luanchuan县人民政府"][5].startswith("20")
    assert rows["luoning县人民政府"][4:6] == ["failed", "-"]


def add(url: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    places = ("--registry", str(folder / "registry"), "--tests", str(folder / "portals"))
    return scrapy("portals", "check", url, "--add", *arguments, *places, "-s", "DOWNLOAD_DELAY=0.05")


LUANCHUAN = ("--name", "栾川县人民政府", "--region", "河南省/洛阳市/栾川县")
LOOPBACK = ("-s", "ALLOW_PRIVATE_ADDRESSES=True")


def test_check_walks_discovery_and_add_writes_it_with_an_expectation_that_waits_for_a_person(tmp_path: Path) -> None:
    registry = tmp_path / "registry" / "henan.toml"
    with SampleServer(port=0) as server:
        done = add(server.url("luanchuan"), tmp_path, *LUANCHUAN, *LOOPBACK)
        assert server.request_count() < 40
        assert done.returncode == 0, done.stdout + done.stderr[-2000:]
        for words in ("政府信息公开", "family henan", "possible reports", "written:"):
            assert words in done.stdout
        once = registry.read_text("utf-8")
        assert tables(once) == {"河南省/洛阳市/栾川县": ("栾川县人民政府", "410324", None)}
        by_hand = once.replace('name = "栾川县人民政府"', 'name = "栾川"  # as on its seal') + f"delay = 0.25\n\n{OTHER}"
        registry.write_text(by_hand, encoding="utf-8")
        again = add(server.url("luanchuan"), tmp_path, "--name", "栾川县人民政府", *LOOPBACK)
        assert again.returncode == 0, again.stdout + again.stderr[-2000:]
    assert registry.read_text("utf-8") == f"{once}delay = 0.25\n\n{OTHER}"
    (added, _) = load_portals(registry)
    assert added.columns == (f"{added.home}zwgk/zfxxgk/zfxxgknb/",)
    (folder,) = (tmp_path / "portals").iterdir()
    confirm_and_break(folder, Places(registry.parent, folder.parent))


OTHER = """\
# --- 开封市

[[portal]]
name = "杞县人民政府"
region = "河南省/开封市/杞县"
region_code = "410221"
home = "https://www.zgqx.gov.cn/"  # no answer
"""


def tables(text: str) -> dict[str, tuple[str, str | None, float | None]]:
    return {portal.region: (portal.name, portal.region_code, portal.delay) for portal in load_portals(text.encode())}


def confirm_and_break(folder: Path, places: Places) -> None:
    with pytest.raises(AssertionError, match="nobody has confirmed 河南省/洛阳市/栾川县"):
        check_added(folder)
    assert any("set confirmed = true" in words for words in check_expectations(places))
    expected = folder / "expected.toml"
    text = expected.read_text("utf-8")
    assert "栾川县人民政府2024年政府信息公开工作年度报告" in text
    assert "乡镇年报" in text
    expected.write_text(text.replace("confirmed = false", "confirmed = true"), encoding="utf-8")
    check_added(folder)
    assert list(check_expectations(places)) == []
    page = folder / "column-2.html"
    page.write_text(page.read_text("utf-8").replace("栾川县人民政府2024年", "栾川县人民政府2014年"), encoding="utf-8")
    with pytest.raises(AssertionError, match="not read any more"):
        check_added(folder)
    expected.unlink()
    assert any("columns without a saved page" in words for words in check_expectations(places))


def test_check_says_why_a_portal_cannot_be_read_and_adds_nothing(tmp_path: Path) -> None:
    done = add("http://127.0.0.1:9/", tmp_path, *LUANCHUAN, *LOOPBACK)
    assert done.returncode == 1
    assert "refuses connections" in done.stdout
    assert "nothing was written" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_check_refuses_private_addresses_by_default(tmp_path: Path) -> None:
    done = add("http://127.0.0.1:9/", tmp_path, *LUANCHUAN)
    assert done.returncode == 1
    assert "private addresses are refused" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_add_must_be_told_whose_a_new_portal_is(tmp_path: Path) -> None:
    places = Places(tmp_path, tmp_path)
    (tmp_path / "henan.toml").write_text(OTHER, encoding="utf-8")
    with pytest.raises(NotAddedError, match="say whose it is with --name and --region"):
        candidate(places, "http://a.gov.cn/")
    with pytest.raises(NotAddedError, match="火星/甲市 lies in no province"):
        candidate(places, "http://a.gov.cn/", name="甲", region="火星/甲市")
    with pytest.raises(NotAddedError, match="already the portal of 河南省/开封市/杞县"):
        candidate(places, "http://www.zgqx.gov.cn/", name="甲", region="河南省/洛阳市/嵩县")
    assert candidate(places, "http://www.zgqx.gov.cn/").region_code == "410221"
    zone = candidate(places, "http://a.gov.cn/", name="洛阳新区管委会", region="河南省/洛阳市/洛阳新区")
    assert (zone.region_code, zone.uncoded) == (None, "the registry knows no code of this division")


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
