"""Registry files as text: brought in from a list, changed by `--add`, and never losing what a person wrote."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crawler.portals.registry import load_portals, load_shared
from crawler.portals.registry.build import Codes, brought_in, entries, read_list
from crawler.portals.registry.writing import UneditableError, Value, split_tables, table_text, with_table, without_table

FILE = """\
# Henan.

[[portal]]
name = "河南省人民政府"
region = "河南省"
home = "http://www.henan.gov.cn/"  # answered

# --- 洛阳市

# Its columns moved in 2025.
[[portal]]
name = "洛阳市人民政府"
region = "河南省/洛阳市"
home = "http://www.ly.gov.cn/"
columns = ["http://www.ly.gov.cn/nb/"]
delay = 2

[[shared]]
name = "甲县人民政府"
region = "河南省/洛阳市/甲县"
home = "http://www.ly.gov.cn/"
site_of = "河南省/洛阳市"
"""


def test_a_new_table_stands_behind_those_of_its_prefecture() -> None:
    county: dict[str, Value] = {"name": "乙", "region": "河南省/洛阳市/乙县", "home": "http://b.gov.cn/"}
    text = with_table(FILE, county)
    regions = [table.region for table in split_tables(text)[1]]
    assert regions == ["河南省", "河南省/洛阳市", "河南省/洛阳市/甲县", "河南省/洛阳市/乙县"]
    other = with_table(text, {"name": "丙", "region": "河南省/开封市", "home": "http://c.gov.cn/"})
    assert other.startswith(text)
    assert "\n\n# --- 开封市\n\n[[portal]]\n" in other
    assert [portal.name for portal in load_portals(other.encode())][-2:] == ["乙", "丙"]


def test_a_table_is_changed_line_by_line_and_its_neighbours_not_at_all() -> None:
    text = with_table(FILE, {"region": "河南省/洛阳市", "columns": (), "entry": "http://www.ly.gov.cn/gk/", "family": "trs"})
    gone = {'columns = ["http://www.ly.gov.cn/nb/"]'}
    assert {*FILE.splitlines()} - {*text.splitlines()} == gone
    assert {*text.splitlines()} - {*FILE.splitlines()} == {'entry = "http://www.ly.gov.cn/gk/"', 'family = "trs"'}
    same = {"region": "河南省", "name": "河南省人民政府", "home": "http://www.henan.gov.cn/"}
    assert with_table(FILE, dict(same)) == FILE


def test_a_value_over_several_lines_is_left_to_a_person() -> None:
    text = FILE.replace('["http://www.ly.gov.cn/nb/"]', '[\n  "http://www.ly.gov.cn/nb/",\n]')
    assert load_portals(text.encode())[1].columns
    with pytest.raises(UneditableError, match="columns of 河南省/洛阳市"):
        with_table(text, {"region": "河南省/洛阳市", "columns": ("http://www.ly.gov.cn/new/",)})


def test_a_government_that_gets_a_site_of_its_own_is_no_longer_a_guest() -> None:
    text = without_table(FILE, "河南省/洛阳市/甲县", kind="shared")
    assert load_shared(text.encode()) == ()
    assert load_portals(text.encode()) == load_portals(FILE.encode())


NAMES = st.text(min_size=1, max_size=12).filter(
    lambda text: bool(text.strip()) and not any(0xD800 <= ord(c) <= 0xDFFF for c in text)
)


@given(NAMES)
@example('\x7f"\\\u2028')
def test_any_name_is_written_as_it_is_read(name: str) -> None:
    text = table_text({"name": name, "region": "河南省", "home": "http://a.gov.cn/"})
    assert load_portals(text.encode())[0].name == name


LIST = """\
province,city,county,level,portal_name,home_url,access,disclosure_url
吉林省,延边朝鲜族自治州,,地级,延边州人民政府,http://www.yanbian.example.gov.cn/,direct,
吉林省,延边朝鲜族自治州,甲市,县区,甲市人民政府,http://www.yanbian.example.gov.cn/,direct,http://www.yanbian.example.gov.cn/gk/
吉林省,延边朝鲜族自治州,乙县,县区,乙县人民政府,http://www.yi.example.gov.cn/,protocol-switch,
吉林省,延边朝鲜族自治州,丙县,县区,丙县人民政府,https://www.bing.example.gov.cn/,protocol-switch,https://www.bing.example.gov.cn/gk/
吉林省,丁市,,地级,丁市人民政府,http://www.ding.example.gov.cn/,none,
吉林省,戊新区,,地级,戊新区人民政府,http://www.wu.example.gov.cn/,ua-mobile,
"""


@pytest.fixture
def codes(tmp_path: Path) -> Codes:
    (tmp_path / "provinces.csv").write_text('code,name\n22,"吉林省"\n', encoding="utf-8")
    cities = 'code,name,provinceCode\n2224,"延边朝鲜族自治州",22\n2290,"省直辖县级行政区划",22\n'
    (tmp_path / "cities.csv").write_text(cities, encoding="utf-8")
    areas = "".join(
        f'{code},"{name}",{code[:4]},22\n'
        for code, name in [("222404", "甲市"), ("222424", "乙县"), ("222426", "丙县"), ("229001", "丁市")]
    )
    (tmp_path / "areas.csv").write_text(f"code,name,cityCode,provinceCode\n{areas}", encoding="utf-8")
    return Codes.read(tmp_path)


def test_every_row_of_a_list_ends_in_a_table(tmp_path: Path, codes: Codes) -> None:
    path = tmp_path / "portals.csv"
    path.write_text(LIST, encoding="utf-8")
    tables = list(entries(read_list(path), codes))
    text = brought_in("", tables)
    portals = {portal.region.rpartition("/")[2]: portal for portal in load_portals(text.encode())}
    (guest,) = load_shared(text.encode())
    assert len(portals) + 1 == len(tables) == 6
    assert (guest.name, guest.region_code, guest.site_of) == ("甲市人民政府", "222404", "吉林省/延边朝鲜族自治州")
    assert portals["延边朝鲜族自治州"].entry == "http://www.yanbian.example.gov.cn/gk/"
    assert {name: portal.region_code for name, portal in portals.items()} == {
        "延边朝鲜族自治州": "222400",
        "乙县": "222424",
        "丙县": "222426",
        "丁市": "229001",
        "戊新区": None,
    }
    assert portals["戊新区"].uncoded
    assert portals["乙县"].home == "https://www.yi.example.gov.cn/"
    assert portals["丙县"].home == "https://www.bing.example.gov.cn/"
    assert 'home = "http://www.ding.example.gov.cn/"  # no answer\n' in text


def test_a_list_brought_in_again_changes_nothing_and_undoes_no_hands_work(tmp_path: Path, codes: Codes) -> None:
    path = tmp_path / "portals.csv"
    path.write_text(LIST, encoding="utf-8")
    tables = list(entries(read_list(path), codes))
    text = brought_in("", tables)
    by_hand = text.replace("http://www.ding.example.gov.cn/", "http://www.ding.gov.cn/") + "# a remark\n"
    assert brought_in(by_hand, tables) == by_hand
