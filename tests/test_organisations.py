"""Names of organisations as portals and reports print them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.dataset.organisation_context import settle_by_words
from crawler.dataset.organisations import Division, Gazetteer, Organisation, resolve_organisation
from crawler.divisions import registered_divisions
from crawler.forms.titles import is_report_title, read_title

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


@cache
def registry() -> Gazetteer:
    return Gazetteer(registered_divisions())


def matrix() -> list[list[str]]:
    lines = (Path(__file__).parent / "organisation_names.tsv").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
    return [[*row, "", ""][:5] for row in rows]


def resolve_in_registry(name: str | None, region: str) -> Organisation:
    path = None if region == "-" else region
    return resolve_organisation(name, portal_region=path, portal_region_code=registry().code(path), gazetteer=registry())


@pytest.mark.parametrize(("name", "region", "org_id", "township_code", "confidence"), matrix())
def test_names_of_the_whole_country(name: str, region: str, org_id: str, township_code: str, confidence: str) -> None:
    found = resolve_in_registry(name, region)
    assert (found.org_id or "-", found.township_code or "", found.confidence or "") == (org_id, township_code, confidence)
    assert found.evidence
    # In full the name means the same wherever it is read.
    if found.org_id is not None and found.org_level != "national" and confidence != "weak":
        assert resolve_in_registry(found.org_name, "-").org_id == org_id
        assert found.region_path is not None
        if region.split("/")[0] == found.region_path.split("/")[0]:
            assert resolve_in_registry(found.org_name, region).org_id == org_id


def test_the_name_in_full_is_the_same_on_every_portal() -> None:
    portals = ("河南省/洛阳市/栾川县", "河南省/洛阳市", "河南省", "-")
    assert {resolve_in_registry("栾川县教育局", portal).org_name for portal in portals} == {"洛阳市栾川县教育局"}
    assert resolve("栾川县教育局", LUANCHUAN).org_name == "洛阳市栾川县教育局"


def by_words(
    name: str, text: str = "", *, address: str | None = None, region: str = "-", titles: tuple[str, ...] = ()
) -> Organisation:
    record: dict[str, Any] = {"text": text, "contact": {"address": address} if address else None}
    return settle_by_words(resolve_in_registry(name, region), name, record, registry(), titles)


@pytest.mark.parametrize(
    ("name", "region", "words", "org_id", "confidence"),
    [
        ("泉港镇人民政府", "-", {"address": "丰城市肖江路3号"}, "360981:泉港镇人民政府", "likely"),
        ("泉港镇人民政府", "-", {"text": "丰城市政府网站"}, "360981:泉港镇人民政府", "likely"),
        ("马店镇人民政府", "-", {"text": "洛宁县马店镇认真落实条例"}, "410328:马店镇人民政府", "likely"),
        ("马店镇人民政府", "-", {"titles": ("洛宁县马店镇2024年年报",)}, "410328:马店镇人民政府", "likely"),
        ("马店镇人民政府", "-", {"text": "学习洛宁县与霍邱县的经验"}, None, None),
        ("马店镇人民政府", "-", {"text": "我镇认真落实条例"}, None, None),
        ("城关镇人民政府", "河南省/洛阳市", {"text": "嵩县县委"}, "410325:城关镇人民政府", "likely"),
        ("鼓楼区人民政府", "江苏省", {"text": "徐州市委、市政府"}, "320302:人民政府", "weak"),
        ("轵城镇人民政府", "-", {"text": "公众平台“济源轵城”"}, "419001:轵城镇人民政府", "weak"),
        ("轵城镇人民政府", "-", {"text": "国家、省、示范区的部署"}, "419001:轵城镇人民政府", "weak"),
        ("县教育局", "河南省/洛阳市", {"text": "栾川县教育局"}, "410324:教育局", "likely"),
        ("丰城市人民政府", "河南省/洛阳市", {"text": "丰城市"}, "360981:人民政府", "likely"),
        ("马店镇人民政府", "河南省/洛阳市/栾川县", {"text": "洛宁县委、县政府"}, "410328:马店镇人民政府", "likely"),
        ("马店镇人民政府", "河南省/洛阳市/栾川县", {"text": "栾川县；赴洛宁县学习"}, "410324:马店镇人民政府", "weak"),
    ],
)
def test_the_reports_own_words_tell_where_name_and_portal_do_not(
    name: str, region: str, words: dict[str, Any], org_id: str | None, confidence: str | None
) -> None:
    found = by_words(name, region=region, **words)
    assert (found.org_id, found.confidence) == (org_id, confidence)
    if org_id is not None and confidence == "likely":
        assert found.evidence[0].startswith(("address: ", "text: "))


def test_what_stays_open_says_between_what() -> None:
    found = by_words("城关镇人民政府", region="河南省/洛阳市")
    assert found.evidence == ("candidates: 河南省/洛阳市/孟津区; 河南省/洛阳市/嵩县; 河南省/洛阳市/汝阳县",)
    assert by_words("城关镇人民政府").evidence[0].endswith(" more")


# Titles whose organisation lies in several places, or says none at all; where they stood tells.
PORTALS_OF_TITLES = {
    "金厂镇": ("吉林省/通化市/东昌区", "220502:金厂镇人民政府"),
    "建新镇": ("广东省/湛江市/遂溪县", "440823:建新镇人民政府"),
    "汇龙镇人民政府": ("江苏省/南通市/启东市", "320681:汇龙镇人民政府"),
    "常太镇": ("福建省/莆田市/城厢区", "350302:常太镇人民政府"),
    "钟祥镇": ("四川省/眉山市/仁寿县", "511421:钟祥镇人民政府"),
    "大路镇人民政府": ("海南省/琼海市", "469002:大路镇人民政府"),
    "洛阳镇人民政府": ("福建省/泉州市", "350521:洛阳镇人民政府"),
    "轵城镇人民政府": ("河南省/济源市", "419001:轵城镇人民政府"),
    "市文化广电和旅游局": ("河南省/洛阳市", "410300:文化广电和旅游局"),
}
WITHOUT_PLACE = {"UedBet体育城市管理综合执法局", "XX局"}


@pytest.mark.real
def test_real_titles_are_resolved_to_the_body_they_name(shared: Path) -> None:
    lines = (shared / "real" / "titles" / "titles.txt").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
    assert len(rows) == 68
    resolved = 0
    for mark, printed, *_ in rows:
        title = printed.replace("\\n", "\n")
        name = read_title(title).organisation
        if mark == "N":
            assert not is_report_title(title), title
            continue
        found = resolve_in_registry(name, "-")
        if name in PORTALS_OF_TITLES:
            region, org_id = PORTALS_OF_TITLES[name]
            assert found.org_id is None, title
            assert resolve_in_registry(name, region).org_id == org_id, title
        elif name is None or name in WITHOUT_PLACE:
            assert found.org_id is None, title
        else:
            assert found.org_id is not None, title
            # The code's division stands in the title, under this name or a shorter one.
            own = (found.region_path or "").rsplit("/", 1)[-1]
            assert own[:2] in name.replace("蘇", "苏").replace("麻陽", "麻阳"), title
            resolved += 1
    assert resolved >= 38


REAL_IDS = {
    "河南省发展和改革委员会": "410000:发展和改革委员会",
    "桐柏县城郊乡人民政府": "411330:城郊乡人民政府",
    "郑州市上街区济源路街道办事处": "410106:济源路街道办事处",
    "洪泽区人民政府": "320813:人民政府",
    "淮安市洪泽区人民政府": "320813:人民政府",
    "高平市人民政府办公室": "140581:人民政府办公室",
    "屯溪区人民政府": "341002:人民政府",
    "屯溪区人民政府办公室": "341002:人民政府办公室",
    "衡阳市衡东县杨林镇": "430424:杨林镇人民政府",
    "北票市长皋乡人民政府": "211381:长皋乡人民政府",
    "苏州市吴江区": "320509:人民政府",
    "新乡县人民政府": "410721:人民政府",
    "内蒙古自治区": "150000:人民政府",
}


@pytest.mark.parametrize(("name", "org_id"), REAL_IDS.items())
def test_names_in_full_need_no_portal(name: str, org_id: str) -> None:
    assert resolve_in_registry(name, "-").org_id == org_id


@given(st.text(alphabet="河南省洛阳市栾川县嵩示范区城关赤土店镇乡人民政府办公室街道教育局国家我本委（）", max_size=24))
def test_an_id_is_of_the_place_and_never_of_the_portals_neighbour(name: str) -> None:
    found = resolve_in_registry(name, LUANCHUAN[0])
    if found.org_id is not None:
        code, own_name = found.org_id.split(":")
        assert code == found.region_code
        assert own_name == found.own_name
        assert found.township_code is None or registry().code(found.region_path) == code
        assert found.confidence in {"certain", "likely", "weak"}
    else:
        assert (found.region_path, found.confidence, found.township_code) == (None, None, None)
