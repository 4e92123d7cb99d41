from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from crawler.commands.checkall import check_codes, check_registry
from crawler.dataset.organisations import short_name
from crawler.divisions import registered_divisions
from crawler.portals.markup import host_of
from crawler.portals.model import Portal
from crawler.portals.registry import (
    RegistryError,
    SharedSite,
    allowed_hosts,
    load_portals,
    load_province,
    load_shared,
    province_file,
    registered_provinces,
)
from crawler.portals.registry.build import read_list

GOOD = '[[portal]]\nname = "栾川县人民政府"\nregion = "河南省/洛阳市/栾川县"\nhome = "http://www.luanchuan.gov.cn/"\n'


def governments() -> list[Portal | SharedSite]:
    found: list[Portal | SharedSite] = []
    for name in registered_provinces():
        found += load_portals(province_file(name))
        found += load_shared(province_file(name))
    return found


def test_every_government_of_the_country_is_registered_once_and_two_have_no_code() -> None:
    known = governments()
    assert len(known) >= 3209
    assert len({one.region for one in known}) == len(known)
    assert {one.region for one in known if one.region_code is None} == {"重庆市/两江新区", "新疆维吾尔自治区/新疆生产建设兵团"}
    assert all(bool(one.uncoded) is (one.region_code is None) for one in known)
    codes = {one.region: one.region_code for one in known}
    assert {
        "北京市/延庆区": "110119",
        "江西省/宜春市/丰城市": "360981",
        "广东省/东莞市": "441900",
        "湖北省/仙桃市": "429004",
        "海南省/儋州市": "460400",
        "西藏自治区/山南市/错那市": "540581",
        "新疆维吾尔自治区/新疆生产建设兵团/石河子市": "659001",
        "江苏省/南通市/崇川区": "320613",
    }.items() <= codes.items()


def test_no_short_name_of_an_autonomous_division_is_anothers_name_in_its_province() -> None:
    names = {(region.partition("/")[0], region.rpartition("/")[2]) for region, _ in registered_divisions()}
    short = {(province, short_name(name)) for province, name in names if short_name(name) != name}
    assert len(short) == 159
    assert not short & names


def test_a_government_without_a_site_of_its_own_is_known_and_not_crawled_twice() -> None:
    (guest,) = load_shared(province_file("吉林省"))
    assert (guest.region.rpartition("/")[2], guest.region_code) == ("珲春市", "222404")
    homes = {portal.region: portal.home for portal in load_province("吉林省")}
    assert guest.region not in homes
    assert homes[guest.site_of] == guest.home
    assert (guest.region, guest.region_code) in registered_divisions()


def test_the_whole_registry_is_quick_to_load() -> None:
    """0.25 s of CPU here; a spider that waits seconds before its first request would be noticed."""
    began = time.process_time()
    assert len(governments()) >= 3209
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (('region_code = "110101"', ""), "region_code is missing"),
        (('region_code = "110101"', 'region_code = "110102"'), "110102 is also that of 北京市/东城区"),
        (('region_code = "110101"', 'region_code = "120101"'), "begin with 11"),
        (("www.bjxch.gov.cn", "www.bjdch.gov.cn"), "is also the home of table 2"),
        (('"北京市/西城区"', '"火星市/西城区"'), "does not lie in 北京市"),
        (('"北京市/西城区"', '"北京市/东城区"'), "北京市/东城区 is also that of 北京市/东城区"),
    ],
)
def test_checkall_names_what_is_wrong_in_the_registry(tmp_path: Path, change: tuple[str, str], words: str) -> None:
    shutil.copy(province_file("北京市"), tmp_path)
    others = [f"registry/{province_file(name).name}: missing" for name in registered_provinces() if name != "北京市"]
    before = list(check_registry(tmp_path))
    assert [problem.split(",")[0] for problem in before] == others
    file = tmp_path / "beijing.toml"
    text = file.read_text("utf-8")
    assert change[0] in text
    file.write_text(text.replace(*change), encoding="utf-8")
    assert any(words in problem for problem in check_registry(tmp_path) if problem not in before)


@pytest.mark.parametrize(
    ("region", "code", "words"),
    [
        ("河南省/洛阳市/栾川县", "410424", "410424 does not begin with 4103"),
        ("河南省/洛阳市/栾川县", "410300", "410300 is not a county's"),
        ("河南省/洛阳市/栾川县", "410324", None),
        ("河南省/济源市", "419001", None),
        ("新疆维吾尔自治区", "650100", "650100 is not a province's"),
    ],
)
def test_checkall_compares_a_code_with_that_of_the_division_above(region: str, code: str, words: str | None) -> None:
    city = Portal("洛阳市", "河南省/洛阳市", "http://www.ly.gov.cn/", region_code="410300")
    problems = list(check_codes([city, Portal("甲", region, "http://a.gov.cn/", region_code=code)]))
    assert [words in problem for problem in problems if words] == [True] * bool(words)
    assert bool(problems) is bool(words)


def test_checkall_misses_portals_and_files_that_are_gone(tmp_path: Path) -> None:
    for name in registered_provinces():
        shutil.copy(province_file(name), tmp_path)
    (tmp_path / "hainan.toml").unlink()
    jilin = tmp_path / "jilin.toml"
    text = jilin.read_text("utf-8")
    jilin.write_text(text.replace('site_of = "吉林省/延边朝鲜族自治州"', 'site_of = "吉林省/长春市"'), encoding="utf-8")
    beijing = tmp_path / "beijing.toml"
    beijing.write_text(beijing.read_text("utf-8").rpartition("[[portal]]")[0], encoding="utf-8")
    problems = "\n".join(check_registry(tmp_path))
    assert "hainan.toml: missing" in problems
    assert "beijing.toml: 16 governments, provinces.toml says at least 17" in problems
    assert "is not the site of 吉林省/长春市" in problems


@pytest.mark.real
def test_every_row_of_the_list_is_in_the_registry(shared: Path) -> None:
    rows = read_list(shared / "data" / "portals.csv")
    known = {one.region: one for one in governments()}
    lent = []
    for row in rows:
        one = known[row.region]
        assert one.name == row.name or row.province == "河南省"
        assert host_of(one.home) == host_of(row.home)
        if isinstance(one, SharedSite):
            lent.append(row.entry)
        else:
            assert not row.entry or one.entry == row.entry
    entries = {one.entry for one in known.values() if isinstance(one, Portal)}
    assert len(rows) == 3209
    assert len(lent) == 4
    assert all(entry in entries for entry in lent if entry)


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


def test_province_is_found_by_its_short_name_and_others_are_refused_with_a_hint() -> None:
    assert province_file("河南") == province_file("河南省")
    with pytest.raises(RegistryError, match="no province"):
        province_file("豫")
    with pytest.raises(RegistryError, match="no province"):
        province_file("")
    assert province_file("新疆") == province_file("新疆维吾尔自治区")
    assert province_file("兵团").name == "bingtuan.toml"
    with pytest.raises(RegistryError, match="no province"):
        province_file("山")


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
