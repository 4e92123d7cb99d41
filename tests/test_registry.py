from __future__ import annotations

import csv
import re
from collections import Counter
from pathlib import Path

import pytest

from crawler.portals.model import Portal
from crawler.portals.registry import (
    RegistryError,
    allowed_hosts,
    load_portals,
    load_province,
    province_file,
    provinces,
    registered_provinces,
)

GOOD = '[[portal]]\nname = "栾川县人民政府"\nregion = "河南省/洛阳市/栾川县"\nhome = "http://www.luanchuan.gov.cn/"\n'


@pytest.mark.parametrize("province", registered_provinces())
def test_every_registry_file_loads_and_its_regions_and_codes_are_its_own(province: str) -> None:
    portals = load_province(province)
    code = provinces()[province].code
    assert portals
    for portal in portals:
        assert portal.region.split("/")[0] == province
        assert re.fullmatch(rf"{code}\d{{4}}", portal.region_code or ""), portal.name
    repeated = [code for code, times in Counter(portal.region_code for portal in portals).items() if times > 1]
    assert not repeated


def test_henan_has_all_its_portals_and_districts_bear_their_present_codes() -> None:
    portals = {portal.region: portal for portal in load_province("河南省")}
    assert len(portals) == 175
    codes = {
        "河南省": "410000",
        "河南省/洛阳市": "410300",
        "河南省/洛阳市/栾川县": "410324",
        "河南省/洛阳市/孟津区": "410308",
        "河南省/洛阳市/偃师区": "410307",
        "河南省/许昌市/建安区": "411003",
        "河南省/周口市/淮阳区": "411603",
        "河南省/三门峡市/陕州区": "411203",
        "河南省/新乡市/长垣市": "410783",
        "河南省/济源市": "419001",
    }
    assert {region: portals[region].region_code for region in codes} == codes
    counties = [portal for portal in portals.values() if portal.region.count("/") == 2]
    assert all(portal.region_code and portal.region_code[4:] != "00" for portal in counties)
    for portal in counties:
        city = portals[portal.region.rpartition("/")[0]].region_code
        assert city
        assert portal.region_code
        assert portal.region_code.startswith(city[:4])


@pytest.mark.real
def test_henan_registry_holds_every_portal_of_the_list(shared: Path) -> None:
    with (shared / "data" / "portals.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["province"] == "河南省"]
    registered = {portal.home: portal for portal in load_province("河南省")}
    assert {row["home_url"] for row in rows} == set(registered)
    for row in rows:
        assert (registered[row["home_url"]].entry or "") == row["disclosure_url"]
        assert not row["county"] or registered[row["home_url"]].region.endswith(row["county"])


def test_province_is_found_by_its_short_name_and_others_are_refused_with_a_hint() -> None:
    assert province_file("河南") == province_file("河南省")
    with pytest.raises(RegistryError, match="no province"):
        province_file("豫")
    with pytest.raises(RegistryError, match="no province"):
        province_file("")
    missing = next(name for name in provinces() if name not in registered_provinces())
    with pytest.raises(RegistryError, match="no portals are registered"):
        province_file(missing)


def test_all_optional_keys_are_read() -> None:
    extra = (
        'region_code = "410324"\nentry = "http://xxgk.luanchuan.gov.cn/"\ncolumns = ["http://www.luanchuan.gov.cn/nb/"]\n'
        'allow_hosts = ["XCOSS.example.gov.cn", "127.0.0.1:8000"]\nfamily = "henan"\n'
        'encoding = "gbk"\nbrowser = true\ndelay = 2\n'
    )
    (portal,) = load_portals((GOOD + extra).encode())
    assert portal.columns == ("http://www.luanchuan.gov.cn/nb/",)
    assert portal.allow_hosts == ("xcoss.example.gov.cn", "127.0.0.1:8000")
    assert (portal.family, portal.encoding, portal.browser, portal.delay) == ("henan", "gbk", True, 2.0)
    assert portal.entry == "http://xxgk.luanchuan.gov.cn/"


def test_columns_will_do_without_a_home(tmp_path: Path) -> None:
    file = tmp_path / "my.toml"
    file.write_text('[[portal]]\nname = "甲"\nregion = "甲省"\ncolumns = ["https://a.gov.cn/nb/"]\n', encoding="utf-8")
    assert load_portals(file)[0].home == ""
    assert load_portals(str(file)) == load_portals(file)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GOOD + 'colums = ["http://a.gov.cn/"]', r"\[\[portal\]\] 1: colums: unknown key"),
        (GOOD + GOOD.replace("http:", "https:").replace('cn/"', 'cn"'), r"\[\[portal\]\] 2: home: .* table 1"),
        (GOOD + 'region_code = "41032"', "1: region_code: .* six-digit"),
        (GOOD + 'region_code = "360000"', "1: region_code: .* begin with 41"),
        (GOOD + "region_code = 410324", "1: region_code: must be a string"),
        (GOOD.replace('name = "栾川县人民政府"\n', ""), "1: name: missing"),
        (GOOD.replace('region = "河南省/洛阳市/栾川县"\n', ""), "1: region: missing"),
        (GOOD.replace("洛阳市/栾川县", "洛阳市//栾川县"), "1: region: .* path of names"),
        (GOOD.replace('home = "http://www.luanchuan.gov.cn/"\n', ""), "1: home: missing"),
        (GOOD.replace("http://", "ftp://"), "1: home: .* http"),
        (GOOD.replace("http://", ""), "1: home: .* http"),
        (GOOD + 'columns = "http://a.gov.cn/"', "1: columns: must be a list"),
        (GOOD + 'columns = ["javascript:void(0)"]', "1: columns: .* http"),
        (GOOD + 'entry = "http://[bad/"', "1: entry: .* http"),
        (GOOD + 'allow_hosts = ["http://a.gov.cn"]', "1: allow_hosts: .* no host name"),
        (GOOD + 'allow_hosts = ["*.gov.cn"]', "1: allow_hosts: .* no host name"),
        (GOOD + 'encoding = "gbkk"', "1: encoding: .* no encoding"),
        (GOOD + "delay = -1", "1: delay: .* seconds"),
        (GOOD + "delay = nan", "1: delay: .* seconds"),
        (GOOD + 'browser = "yes"', "1: browser: must be true or false"),
        ("", r"no \[\[portal\]\] table"),
        ('portal = "x"', r"no \[\[portal\]\] table"),
        (GOOD + "[settings]\nx = 1", "unknown key 'settings'"),
        ("[[portal", "not TOML"),
    ],
)
def test_a_faulty_table_is_named_by_file_number_and_key(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "faulty.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(RegistryError, match=message) as caught:
        load_portals(file)
    assert "faulty.toml" in str(caught.value)
    assert str(tmp_path) not in str(caught.value)


def test_unreadable_files_are_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match=r"gone\.toml: cannot be read"):
        load_portals(tmp_path / "gone.toml")
    with pytest.raises(RegistryError, match="not UTF-8"):
        load_portals("[[portal]]\nname = '县'".encode("gbk"))


def test_allowed_hosts_are_the_portals_own_and_its_provinces_attachment_hosts() -> None:
    portal = Portal(
        "中原区",
        "河南省/郑州市/中原区",
        "https://WWW.zhongyuan.gov.cn/",
        entry="http://public.zhongyuan.gov.cn/?a=info",
        columns=("http://127.0.0.1:8123/nb/",),
        allow_hosts=("files.example.gov.cn",),
    )
    hosts = allowed_hosts(portal)
    assert {"www.zhongyuan.gov.cn", "public.zhongyuan.gov.cn", "files.example.gov.cn", "127.0.0.1:8123"} <= hosts
    assert {"xcoss.henan.gov.cn", "oss.henan.gov.cn", "file.henan.gov.cn"} <= hosts
    assert "zhongyuan.gov.cn" in hosts
    assert "127.0.0.1" not in hosts
    assert "www.public.zhongyuan.gov.cn" not in hosts
    assert "xcoss.henan.gov.cn" not in allowed_hosts(Portal("赣", "江西省", "https://www.jiangxi.gov.cn/"))
