"""Names of organisations as portals and reports print them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.dataset.organisations import Division, Organisation, resolve_organisation

DIVISIONS: tuple[Division, ...] = (
    ("河南省", "410000"),
    ("河南省/洛阳市", "410300"),
    ("河南省/洛阳市/栾川县", "410324"),
    ("河南省/洛阳市/嵩县", "410325"),
    ("河南省/洛阳市/新安县", "410323"),
    ("河南省/开封市/鼓楼区", "410204"),
    ("河南省/济源市", "419001"),
    ("江苏省/南京市/鼓楼区", "320106"),
    ("江苏省/徐州市/鼓楼区", "320302"),
    ("江苏省/淮安市/洪泽区", "320813"),
    ("江西省/宜春市/丰城市", "360981"),
    ("北京市/东城区", "110101"),
)
LUANCHUAN = ("河南省/洛阳市/栾川县", "410324")


def resolve(name: str | None, region: Division | None = None) -> Organisation:
    path, code = region or (None, None)
    return resolve_organisation(name, portal_region=path, portal_region_code=code, divisions=DIVISIONS)


@pytest.mark.parametrize(
    ("name", "org_id", "org_name", "level", "kind"),
    [
        ("栾川县人民政府", "410324:人民政府", "洛阳市栾川县人民政府", "county", "government"),
        ("栾川县", "410324:人民政府", "洛阳市栾川县人民政府", "county", "government"),
        ("河南省洛阳市栾川县人民政府", "410324:人民政府", "洛阳市栾川县人民政府", "county", "government"),
        ("栾川县栾川县人民政府", "410324:人民政府", "洛阳市栾川县人民政府", "county", "government"),
        ("栾 川县 政府", "410324:人民政府", "洛阳市栾川县人民政府", "county", "government"),
        ("栾川县人民政府办公室", "410324:人民政府办公室", "洛阳市栾川县人民政府办公室", "county", "government_office"),
        ("政府办", "410324:人民政府办公室", "洛阳市栾川县人民政府办公室", "county", "government_office"),
        ("赤土店镇", "410324:赤土店镇人民政府", "洛阳市栾川县赤土店镇人民政府", "township", "township"),
        ("栾川县赤土店镇镇人民政府", "410324:赤土店镇人民政府", "洛阳市栾川县赤土店镇人民政府", "township", "township"),
        ("河南省栾川县赤土店镇人民政府", "410324:赤土店镇人民政府", "洛阳市栾川县赤土店镇人民政府", "township", "township"),
        ("兴华街道", "410324:兴华街道办事处", "洛阳市栾川县兴华街道办事处", "township", "street"),
        ("栾川县兴华街道办事处", "410324:兴华街道办事处", "洛阳市栾川县兴华街道办事处", "township", "street"),
        ("栾川县教育体育局", "410324:教育体育局", "洛阳市栾川县教育体育局", "county", "department"),
        ("栾川发展和改革委员会", "410324:发展和改革委员会", "洛阳市栾川县发展和改革委员会", "county", "department"),
        ("县教育局", "410324:教育局", "洛阳市栾川县教育局", "county", "department"),
        ("市场监督管理局", "410324:市场监督管理局", "洛阳市栾川县市场监督管理局", "county", "department"),
        ("石庙开发区管委会", "410324:石庙开发区管理委员会", "洛阳市栾川县石庙开发区管理委员会", "county", "development_zone"),
        ("洛阳市人民政府", "410300:人民政府", "洛阳市人民政府", "prefecture", "government"),
        ("洛阳市教育局", "410300:教育局", "洛阳市教育局", "prefecture", "department"),
        ("河南省教育厅", "410000:教育厅", "河南省教育厅", "province", "department"),
    ],
)  # fmt: skip
def test_on_a_county_portal(name: str, org_id: str, org_name: str, level: str, kind: str) -> None:
    found = resolve(name, LUANCHUAN)
    assert (found.org_id, found.org_name, found.org_level, found.org_type) == (org_id, org_name, level, kind)


def test_another_county_in_the_name_wins_over_the_portal() -> None:
    found = resolve("嵩县城关镇人民政府", LUANCHUAN)
    assert (found.org_id, found.region_path) == ("410325:城关镇人民政府", "河南省/洛阳市/嵩县")
    assert found.evidence == ("name: 河南省/洛阳市/嵩县", "register: 410325100")


def test_a_county_named_on_the_citys_portal_is_the_county() -> None:
    assert resolve("栾川县人民政府", ("河南省/洛阳市", "410300")).org_id == "410324:人民政府"


def test_the_same_organisation_with_and_without_its_city() -> None:
    portal = ("江苏省/淮安市/洪泽区", "320813")
    names = ("洪泽区人民政府", "淮安市洪泽区人民政府", "江苏省淮安市洪泽区人民政府", "淮安市淮安市洪泽区人民政府")
    assert {resolve(name, portal).org_id for name in names} == {"320813:人民政府"}
    assert {resolve(name).org_id for name in names} == {"320813:人民政府"}


def test_a_government_is_not_its_office() -> None:
    assert resolve("栾川县人民政府", LUANCHUAN).org_id != resolve("栾川县人民政府办公室", LUANCHUAN).org_id


def test_a_town_named_like_its_county_keeps_its_name() -> None:
    found = resolve("新安镇人民政府", ("河南省/洛阳市/新安县", "410323"))
    assert (found.org_id, found.org_type) == ("410323:新安镇人民政府", "township")


@pytest.mark.parametrize("name", ["衡水市人民政府", "河口区人民政府", "河口区人民政府办公室"])
def test_no_county_lies_in_a_county(name: str) -> None:
    found = resolve(name, LUANCHUAN)
    assert (found.org_id, found.confidence) == (None, None)


def test_a_district_that_no_list_has_is_its_citys() -> None:
    found = resolve("河口区人民政府", ("河南省/洛阳市", "410300"))
    assert (found.org_id, found.org_level, found.org_type) == ("410300:河口区人民政府", "county", "government")
    assert found.confidence == "weak"


@pytest.mark.parametrize("portal", [LUANCHUAN, ("河南省/洛阳市", "410300"), None])
def test_a_district_that_was_merged_stays_the_body_it_was(portal: Division | None) -> None:
    found = resolve("吉利区人民政府", portal)
    assert (found.org_id, found.org_level, found.region_path) == ("410306:人民政府", "county", "河南省/洛阳市/吉利区")


def test_a_county_that_became_a_district_is_the_same_place() -> None:
    district = ("河南省/洛阳市/偃师区", "410307")
    for name, own in (
        ("偃师市人民政府", "人民政府"),
        ("洛阳市偃师市教育局", "教育局"),
        ("偃师市山化镇人民政府", "山化镇人民政府"),
    ):
        assert resolve(name, district).org_id == f"410307:{own}"


def test_a_city_and_a_county_of_one_stem_are_two() -> None:
    assert resolve("许昌县人民政府", ("河南省/许昌市", "411000")).org_id == "411000:许昌县人民政府"
    county = ("河南省/新乡市/新乡县", "410721")
    assert resolve("新乡市人民政府", county).region_path == "河南省/新乡市"
    assert resolve("新乡县人民政府", county).org_id == "410721:人民政府"


def test_a_zone_with_a_government_is_a_zone() -> None:
    found = resolve("洛阳市伊滨示范区人民政府", LUANCHUAN)
    assert (found.org_id, found.org_type) == ("410300:伊滨示范区人民政府", "development_zone")


def test_towns_of_one_name_in_two_counties_are_two() -> None:
    one = resolve("城关镇人民政府", LUANCHUAN)
    other = resolve("城关镇人民政府", ("河南省/洛阳市/嵩县", "410325"))
    assert one.org_id != other.org_id


def test_a_district_name_that_many_cities_have_means_the_portals_own() -> None:
    assert resolve("鼓楼区人民政府", ("江苏省/徐州市/鼓楼区", "320302")).org_id == "320302:人民政府"
    assert resolve("鼓楼区人民政府", ("河南省/开封市", "410200")).org_id == "410204:人民政府"
    assert resolve("南京市鼓楼区人民政府", ("江苏省/徐州市/鼓楼区", "320302")).org_id == "320106:人民政府"


@pytest.mark.parametrize("name", ["泉港镇人民政府", "鼓楼区人民政府", "教育局", "", None, " "])
def test_without_a_portal_nothing_is_guessed(name: str | None) -> None:
    found = resolve(name)
    assert found.org_id is None
    assert found.region_code is None
    assert found.confidence is None


def test_without_a_portal_a_division_known_once_is_enough() -> None:
    found = resolve("丰城市泉港镇人民政府")
    assert (found.org_id, found.confidence, found.is_by_name_only) == ("360981:泉港镇人民政府", "certain", True)


def test_a_county_under_the_province_directly_and_a_municipalitys_district() -> None:
    assert resolve("济源市人民政府").org_level == "county"
    found = resolve("东城区人民政府", ("北京市/东城区", "110101"))
    assert (found.org_name, found.org_level) == ("北京市东城区人民政府", "county")


def test_a_division_of_another_province_is_meant_only_where_the_province_is_named() -> None:
    town = resolve("丰城市场街道办事处", LUANCHUAN)
    assert (town.org_id, town.region_path) == ("410324:丰城市场街道办事处", "河南省/洛阳市/栾川县")
    assert resolve("江西省丰城市人民政府", LUANCHUAN).org_id == "360981:人民政府"


@pytest.mark.parametrize(
    ("portal", "org_id"),
    [
        (("四川省/攀枝花市", "510400"), "510402:教育局"),
        (("四川省/攀枝花市/东区", "510402"), "510402:教育局"),
        (("四川省/遂宁市/射洪市", "510981"), "510981:东区教育局"),
    ],
)
def test_a_district_named_like_a_part_of_any_town_is_meant_at_home_only(portal: Division, org_id: str) -> None:
    divisions = (("四川省/攀枝花市/东区", "510402"), ("四川省/遂宁市/射洪市", "510981"))
    found = resolve_organisation("东区教育局", portal_region=portal[0], portal_region_code=portal[1], divisions=divisions)
    assert found.org_id == org_id


@pytest.mark.parametrize(
    ("name", "org_id"),
    [
        ("张家川县人民政府", "620525:人民政府"),
        ("张家川回族自治县人民政府", "620525:人民政府"),
        ("张家川县连五乡人民政府", "620525:连五乡人民政府"),
        ("张家川教育局", "620525:教育局"),
        ("张家川镇人民政府", "620525:张家川镇人民政府"),
        ("临夏州教育局", "622900:教育局"),
        ("甘肃省临夏州东乡县人民政府", "622926:人民政府"),
    ],
)
def test_an_autonomous_division_goes_by_its_short_name_too(name: str, org_id: str) -> None:
    county = "甘肃省/天水市/张家川回族自治县"
    divisions = (
        (county, "620525"),
        ("甘肃省/临夏回族自治州/东乡族自治县", "622926"),
        ("甘肃省/临夏回族自治州/临夏市", "622901"),
    )
    assert resolve_organisation(name, portal_region=county, divisions=divisions).org_id == org_id


def test_an_autonomous_region_goes_by_its_short_name_on_its_own_portals() -> None:
    divisions = (("内蒙古自治区/兴安盟", "152200"), ("广西壮族自治区/桂林市", "450300"))
    assert resolve_organisation("内蒙古教育厅", portal_region="内蒙古自治区", divisions=divisions).org_id == "150000:教育厅"
    guilin = resolve_organisation("广西桂林市人民政府", portal_region="广西壮族自治区/桂林市", divisions=divisions)
    assert guilin.org_id == "450300:人民政府"
    road = resolve_organisation("西藏路街道办事处", portal_region="西藏自治区", divisions=(("西藏自治区", "540000"),))
    assert road.org_id == "540000:西藏路街道办事处"


def test_the_corps_gets_no_code_from_its_cities() -> None:
    corps, city = "新疆维吾尔自治区/新疆生产建设兵团", "新疆维吾尔自治区/新疆生产建设兵团/石河子市"
    divisions: tuple[Division, ...] = ((corps, None), (city, "659001"))
    found = [
        resolve_organisation(name, portal_region=corps, divisions=divisions).org_id
        for name in ("石河子市人民政府", "新疆生产建设兵团教育局", "新疆维吾尔自治区教育厅")
    ]
    assert found == ["659001:人民政府", f"{corps}:教育局", "650000:教育厅"]


def test_a_portal_outside_the_registry_still_gives_its_own_place() -> None:
    found = resolve("甲镇人民政府", ("云南省/曲靖市/会泽县", None))
    assert (found.org_id, found.region_code) == ("云南省/曲靖市/会泽县:甲镇人民政府", None)


def test_our_city_is_no_part_of_a_departments_name_and_a_market_is_no_city() -> None:
    city = ("河南省/洛阳市", "410300")
    assert resolve("市教育局", city).org_id == "410300:教育局"
    assert resolve("市市场监督管理局", city).org_id == resolve("市场监督管理局", city).org_id == "410300:市场监督管理局"
    assert resolve("洛阳市市场监督管理局", city).org_id == "410300:市场监督管理局"


OWN_NAMES = st.sampled_from(
    [
        "",
        "人民政府",
        "人民政府办公室",
        "赤土店镇",
        "城关镇人民政府",
        "兴华街道办事处",
        "教育体育局",
        "石庙开发区管委会",
        "审计局",
    ]
)
CHAINS = st.sampled_from(["栾川县", "洛阳市栾川县", "河南省栾川县", "河南省洛阳市栾川县", "栾川县栾川县"])


@given(OWN_NAMES, CHAINS, CHAINS)
def test_the_chain_of_places_never_changes_the_organisation(own: str, chain: str, other: str) -> None:
    found = resolve(chain + own, LUANCHUAN)
    assert resolve(other + own, LUANCHUAN) == found
    assert found.org_name is not None
    assert resolve(found.org_name, LUANCHUAN).org_id == found.org_id
    if own:
        assert resolve(own, LUANCHUAN).org_id == found.org_id


@given(st.text(alphabet="河南省洛阳市栾川县嵩赤土店镇乡人民政府办公室街道教育局 \u3000\u200b", max_size=20))
def test_white_space_never_changes_the_organisation(name: str) -> None:
    assert resolve("\u3000".join(name), LUANCHUAN).org_id == resolve(name, LUANCHUAN).org_id
