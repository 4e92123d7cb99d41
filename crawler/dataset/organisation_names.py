"""Names of organisations without their places: one spelling for what has several, and the type by the order of endings."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from crawler.forms.labels import fold_characters

NAMES_FILE = "organisation_names.toml"
GOVERNMENT = "人民政府"
OFFICE = "人民政府办公室"
STREET = "街道办事处"

# A town's name ends in one of these before its 人民政府.
TOWN_UNITS = "镇|民族乡|乡|民族苏木|苏木"
INVISIBLE = re.compile(r"[\s\u00ad\u200b-\u200f\u2028-\u202f\u2060\ufeff]+")
REPEATED = re.compile(r"(镇|乡|街道|办事处|人民政府|政府|委员会|管理局)\1")
# 文化广电和旅游局(文物局): the second plate on the door.
SECOND_PLATE = re.compile(r"(?<=.)\([^()]*\)$")
TOWN = re.compile(rf"^(?P<name>.+?(?:{TOWN_UNITS}))(?:人民政府|政府)?$")
TOWN_OFFICE = re.compile(rf"^(?P<name>.+?(?:{TOWN_UNITS}))(?:人民)?政府办公室$")
STREET_NAME = re.compile(r"^(?P<name>.+?)(?:街道办事处|街道办公室|街道办|街道|街办事处|街办|地区办事处)$")
GOVERNMENT_OFFICE = re.compile(r"^(?:人民政府|政府)办公[室厅]?$|^(?:人民政府|政府)办$")
ZONE = re.compile(
    r"(?:开发区|示范区|高新区|经开区|产业园|园区|集聚区|保税区|综保区|风景区|名胜区|度假区|试验区|实验区|新区|合作区|工业区|港区)"
    r"(?:管理委员会|管委会|管理局|人民政府)?$|管委会$"
)
PEOPLE = (
    "(?:各|回|满|壮|苗|侗|瑶|彝|白|傣|水|藏|羌|畲|黎|佤|怒|土|土家|哈尼|布依|拉祜|布朗|纳西|傈僳|景颇|独龙|普米|仫佬|毛南|仡佬|撒拉|保安|东乡"
    "|裕固|朝鲜|达斡尔|鄂温克)族|(?:(?<!内)蒙古|锡伯|哈萨克|塔吉克|柯尔克孜|维吾尔)族?"
)
# 张家川回族自治县: its own name, the peoples that it is autonomous of, its unit.
AUTONOMOUS = re.compile(rf"(?P<own>.*?)(?P<peoples>(?:{PEOPLE})*)(?:自治)?(?P<unit>[县州旗区])")
PEOPLES_TOWN = re.compile(rf"(?P<own>.{{2,}}?)(?:{PEOPLE})+(?:民族)?(?P<rest>[乡镇].*)")
PEOPLES_LETTERS = frozenset("族古伯克尔")
"""One of which stands in every people's name."""
# A county, district or city that the registry does not know: abolished, or of another part of the country.
OTHER_DIVISION = re.compile(r"^(?P<name>.{2,8}[市县区旗州盟])(?:人民)?政府(?P<office>办公[室厅]|办)?$")
DEPARTMENT = re.compile(
    r"(?:局|委|委员会|办|办公室|办公厅|厅|中心|院|会|队|支队|总队|大队|站|处|所|馆|社|公司|集团|学校|大学|学院|医院|银行|部|组|分局|总局|署)$"
)
# 人民政府外事办公室 is the 外事办公室.
OF_THE_GOVERNMENT = re.compile(r"^人民政府(?=.+)(?!办公[室厅]?$|办$)")
# Bodies of a ministry in a place: 国家税务总局栾川县税务局 is the county's 税务局.
MINISTRYS = re.compile(r"^(?:国家税务总局(?=.+税务局$)|国家统计局(?=.+调查队$)|中国(?=.+气象局$)|中华人民共和国(?=.+海关$))")
OF_THE_NATION = re.compile(
    r"^(?:国务院|中华人民共和国|国家(?!级|税务局|税务总局.))[^省市县区州旗盟]*(?:局|署|部|委|委员会|办公室|院)$"
)


@cache
def _spellings() -> Mapping[str, str]:
    data = tomllib.loads(files(__package__).joinpath(NAMES_FILE).read_text(encoding="utf-8"))
    return dict(data["departments"])


@cache
def _traditional() -> dict[int, int]:
    data = tomllib.loads(files(__package__).joinpath(NAMES_FILE).read_text(encoding="utf-8"))
    return str.maketrans(data["characters"]["traditional"], data["characters"]["simplified"])


@cache
def governing_zones() -> Mapping[str, str]:
    """Zones whose committee governs a whole division, and the division's code: 济源产城融合示范区."""
    data = tomllib.loads(files(__package__).joinpath(NAMES_FILE).read_text(encoding="utf-8"))
    return dict(data["governing_zones"])


def normalise_name(name: str) -> str:
    """The name in one width and in simplified characters, without white space, a unit written twice or a second plate.

    >>> normalise_name(" 轵城镇 镇人民政府"), normalise_name("麻陽苗族自治縣文化局（文物局）")
    ('轵城镇人民政府', '麻阳苗族自治县文化局')
    """
    plain = INVISIBLE.sub("", unicodedata.normalize("NFKC", name))
    folded = fold_characters(plain).translate(_traditional())
    return REPEATED.sub(r"\1", SECOND_PLATE.sub("", folded))


def short_name(name: str) -> str:
    """What an autonomous division is called for short: without its peoples and 自治. Any other name as it is.

    >>> short_name("张家川回族自治县"), short_name("长白朝鲜族自治县"), short_name("鄂温克族自治旗"), short_name("洛阳市")
    ('张家川县', '长白县', '鄂温克旗', '洛阳市')
    """
    match = AUTONOMOUS.fullmatch(name)
    if match is None:
        return name
    # 东乡族自治县 has no name but its people's.
    own = match["own"] or match["peoples"].partition("族")[0]
    return own + match["unit"]


def short_town_name(own_name: str) -> str:
    """A town's own name without the peoples in it.

    >>> short_town_name("胜利回族乡人民政府"), short_town_name("赤土店镇人民政府")
    ('胜利乡人民政府', '赤土店镇人民政府')
    """
    if not PEOPLES_LETTERS.intersection(own_name):
        return own_name
    match = PEOPLES_TOWN.fullmatch(own_name)
    return match["own"] + match["rest"] if match else own_name


def town_own_name(name: str) -> str:
    """The own name of the body that a register's town, street or area has.

    >>> town_own_name("赤土店镇"), town_own_name("兴华街道")
    ('赤土店镇人民政府', '兴华街道办事处')
    """
    for ending in ("街道", "地区"):
        if name.endswith(ending):
            return name.removesuffix(ending) + STREET
    return name + GOVERNMENT


def own_name_and_type(rest: str) -> tuple[str, str]:
    """A name without its places, in its one spelling, and the type of the organisation, by the order of its endings.

    >>> own_name_and_type("赤土店镇")
    ('赤土店镇人民政府', 'township')
    >>> own_name_and_type("政府办"), own_name_and_type("发改委")
    (('人民政府办公室', 'government_office'), ('发展和改革委员会', 'department'))
    """
    if rest in {"", "政府", GOVERNMENT}:
        return GOVERNMENT, "government"
    if GOVERNMENT_OFFICE.match(rest):
        return OFFICE, "government_office"
    rest = OF_THE_GOVERNMENT.sub("", rest)
    if match := STREET_NAME.match(rest):
        return match["name"] + STREET, "street"
    if match := TOWN_OFFICE.match(rest):
        return match["name"] + OFFICE, "government_office"
    if match := TOWN.match(rest):
        return match["name"] + GOVERNMENT, "township"
    if ZONE.search(rest):
        return re.sub("管委会$", "管理委员会", rest), "development_zone"
    if match := OTHER_DIVISION.match(rest):
        office = match["office"] is not None
        return match["name"] + (OFFICE if office else GOVERNMENT), "government_office" if office else "government"
    rest = _spellings().get(rest, rest)
    return rest, "department" if DEPARTMENT.search(rest) else "other"
