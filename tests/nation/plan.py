"""Who is in the nation: portals of every family, their reports and look-alikes, and what is new on which night.

Everything follows from the numbers asked for and a seed; nothing is read or written. Names are invented.
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import islice
from typing import Literal

from crawler.sample.figures import Size

Kind = Literal["html", "docx", "pdf"]
Shown = Literal["link", "script", "frame"]
Branches = Literal["", "years", "levels"]
Validators = Literal["both", "etag", "modified"]

FAMILIES = (
    "henan",
    "trs",
    "create_page",
    "nfcms",
    "gkmlpt",
    "hanweb_jpage",
    "hanweb_xxgk",
    "query_list",
    "ex8",
    "vsb",
    "kaipu",
    "sichuan",
    "jpaas",
    "plain",
)
WITH_BRANCHES = frozenset({"henan", "trs", "create_page", "plain"})
YEARS = range(2025, 2018, -1)
NEWS_NIGHT = 3
NEWS_DAY = date(2026, 11, 20)
_FIRST = "榆槐枫梓楠樟桦杉桂棠苇荻菱蓼芦藤榕栗柘桑"
_SECOND = "溪岭湾坪洲渡塘泉岩峪川垣台冈浦"
_PREFECTURES = ["东原市", "西陵市", "南埠市", "北岭市", "中浦市", "上河市", "下沙市", "长堤市", "高丘市", "平泽市"]
_DEPARTMENTS = [
    "财政局",
    "教育局",
    "民政局",
    "司法局",
    "水利局",
    "审计局",
    "统计局",
    "交通运输局",
    "农业农村局",
    "文化广电和旅游局",
    "卫生健康委员会",
    "应急管理局",
    "市场监督管理局",
    "医疗保障局",
    "林业局",
    "生态环境局",
    "自然资源局",
    "住房和城乡建设局",
    "人力资源和社会保障局",
    "发展和改革委员会",
    "城市管理局",
]
_TOWN_FIRST, _TOWN_SECOND = "青白红黄黑石木金银铜", "水山桥店沟坡寨屯营集"


@dataclass(frozen=True, slots=True)
class Report:
    """One annual report. ``key`` is its name in the truth; ``number`` its article's; the nights are ``None`` for never."""

    key: str
    portal: int
    number: int
    organisation: str
    year: int
    title: str
    date: date
    kind: Kind
    size: Size
    seed: int
    direct: bool = False
    """The row of the list links to the file itself."""
    shown: Shown = "link"
    """How the article shows its file: a link, a script's variable, or a bare link in ``#pdfCon``."""
    from_night: int = 1
    changed_night: int | None = None
    vanished_night: int | None = None

    @property
    def form_version(self) -> str:
        """The form that was in force."""
        return "cn-ogi-2019" if self.year < 2021 else "cn-ogi-2021"

    def version(self, night: int) -> int:
        """0, and 1 once it has changed."""
        return int(self.changed_night is not None and night >= self.changed_night)

    def is_listed(self, night: int) -> bool:
        """Whether the portal has it on that night."""
        return self.from_night <= night and not (self.vanished_night is not None and night >= self.vanished_night)


@dataclass(frozen=True, slots=True)
class LookAlike:
    """A row of the same list that is no report."""

    number: int
    title: str
    date: date


@dataclass(frozen=True, slots=True)
class Portal:
    """One government's web site and its ways."""

    index: int
    family: str
    host: str
    county: str
    region: str
    page_size: int
    gzip: bool
    gbk: bool
    branches: Branches
    validators: Validators
    store: str | None
    """Host of its attachments where that is not its own."""
    has_robots: bool
    variant: int
    """0 or 1: one of the two ways in which its family is seen."""
    reports: tuple[Report, ...] = ()
    look_alikes: tuple[LookAlike, ...] = ()

    @property
    def name(self) -> str:
        """The government's name."""
        return f"{self.county}人民政府"


@dataclass(frozen=True, slots=True)
class News:
    """How many reports are new, changed, gone and back-dated on the night of the news."""

    new: int = 20
    changed: int = 5
    vanished: int = 3
    back_dated: int = 10


@dataclass(frozen=True)
class Nation:
    """All portals, and the hosts of their attachments."""

    seed: int
    portals: tuple[Portal, ...]
    stores: tuple[str, ...]
    news: News

    def reports(self, night: int) -> Iterator[Report]:
        """What the portals list on that night."""
        return (report for portal in self.portals for report in portal.reports if report.is_listed(night))

    def every_report(self) -> Iterator[Report]:
        """Those of all nights."""
        return (report for portal in self.portals for report in portal.reports)


def make_nation(portals: int, reports: int, seed: int, news: News | None = None) -> Nation:
    """The nation of these sizes; the same numbers give the same nation.

    Args:
        portals: portals in all; families take turns.
        reports: reports of the first night, spread unevenly, two a portal at least.
        seed: chooses everything else.
        news: what happens on night 3.

    Raises:
        ValueError: too few reports for so many portals.
    """
    if reports < 2 * portals:
        raise ValueError(f"{reports} reports are too few for {portals} portals: two each at least")
    news = news or News()
    draw = random.Random(seed)  # noqa: S311 - a plan for tests
    stores = tuple(f"127.66.0.{number + 1}" for number in range(max(1, portals // 60)))
    counts = _spread(reports, portals, draw)
    extra = [0] * portals
    for _ in range(news.new + news.back_dated):
        extra[draw.randrange(portals)] += 1
    made = [_portal(index, counts[index] + extra[index], stores, seed) for index in range(portals)]
    return Nation(seed, tuple(_with_news(made, extra, news, draw)), stores, news)


def _spread(reports: int, portals: int, draw: random.Random) -> list[int]:
    weights = [draw.choice((0.4, 0.7, 1.0, 1.0, 1.6, 2.4)) for _ in range(portals)]
    spare = reports - 2 * portals
    counts = [2 + int(spare * weight / sum(weights)) for weight in weights]
    for index in range(reports - sum(counts)):
        counts[index % portals] += 1
    return counts


def _portal(index: int, count: int, stores: tuple[str, ...], seed: int) -> Portal:
    draw = random.Random(f"{seed}/{index}")  # noqa: S311 - a plan for tests
    family, turn = FAMILIES[index % len(FAMILIES)], index // len(FAMILIES)
    county = _county(index)
    owns_store = family == "henan" or draw.random() < 0.2
    portal = Portal(
        index=index,
        family=family,
        host=f"127.65.{index // 250}.{index % 250 + 1}",
        county=county,
        region=f"样例省/{_PREFECTURES[index % len(_PREFECTURES)]}/{county}",
        page_size=draw.choice((8, 10, 15, 20)),
        gzip=draw.random() < 0.33,
        gbk=family in ("trs", "plain") and turn % 2 == 1,
        branches=draw.choice(("", "", "years", "levels")) if family in WITH_BRANCHES and turn else "",
        validators=draw.choice(("both", "both", "both", "etag", "modified")),
        store=stores[index % len(stores)] if owns_store else None,
        has_robots=draw.random() < 0.5,
        variant=turn % 2,
    )
    reports = tuple(_report(portal, number, who, year, draw) for number, (who, year) in _numbered(county, count, draw))
    return replace(portal, reports=reports, look_alikes=_look_alikes(portal, len(reports), draw))


def _county(index: int) -> str:
    first, second = _FIRST[index % len(_FIRST)], _SECOND[index // len(_FIRST) % len(_SECOND)]
    third = "" if index < len(_FIRST) * len(_SECOND) else _SECOND[index // (len(_FIRST) * len(_SECOND)) % len(_SECOND)]
    return f"{first}{second}{third}县"


def _numbered(county: str, count: int, draw: random.Random) -> list[tuple[int, tuple[tuple[str, Size], int]]]:
    first = draw.randrange(2_000_000, 8_000_000)
    return [(first + 17 * number, pair) for number, pair in enumerate(islice(_bodies_and_years(county, count), count))]


def _bodies_and_years(county: str, count: int) -> Iterator[tuple[tuple[str, Size], int]]:
    """Every body's years from the newest back; small portals have one or two bodies, large ones many."""
    bodies = islice(_bodies(county), max(1, -(-count // len(YEARS))) + 1)
    pairs = [(body, year) for body in bodies for year in YEARS]
    return iter(pairs)


def _bodies(county: str) -> Iterator[tuple[str, Size]]:
    yield f"{county}人民政府", "county"
    for number, department in enumerate(_DEPARTMENTS):
        yield f"{county}{department}", "bureau"
        town = _TOWN_FIRST[number % len(_TOWN_FIRST)] + _TOWN_SECOND[(number * 3 + number // 10) % len(_TOWN_SECOND)]
        yield f"{county}{town}镇人民政府", "town"
    for first in _TOWN_FIRST:
        for second in _TOWN_SECOND:
            yield f"{county}{first}{second}乡人民政府", "town"


def _report(portal: Portal, number: int, body: tuple[str, Size], year: int, draw: random.Random) -> Report:
    organisation, size = body
    kind: Kind = draw.choices(("html", "docx", "pdf"), (70, 15, 15))[0]
    shown: Shown = "link"
    if portal.family == "henan" and kind == "pdf":
        shown = "frame"
    elif portal.family in ("trs", "plain") and kind != "html" and draw.random() < 0.5:
        shown = "script"
    title = draw.choice(
        (
            f"{organisation}{year}年政府信息公开工作年度报告",
            f"{organisation}{year}年政府信息公开工作年度报告",
            f"{organisation}{year}年度政府信息公开工作年度报告",
            f"{year}年{organisation}政府信息公开工作年度报告",
        )
    )
    return Report(
        key=f"p{portal.index:04d}-{number}",
        portal=portal.index,
        number=number,
        organisation=organisation,
        year=year,
        title=title,
        date=date(year + 1, 1, 4) + timedelta(days=draw.randrange(85)),
        kind=kind,
        size=size,
        seed=zlib.crc32(f"{organisation}/{year}".encode()),
        direct=kind != "html" and portal.family != "gkmlpt" and draw.random() < 0.15,
        shown=shown,
    )


def _look_alikes(portal: Portal, reports: int, draw: random.Random) -> tuple[LookAlike, ...]:
    words = (
        "{county}{year}年政府信息公开工作年度报告解读",
        "一图读懂{county}{year}年政府信息公开工作年度报告",
        "关于做好{year}年政府信息公开工作年度报告编制和发布工作的通知",
        "{county}财政局{year}年度部门决算",
        "{county}{year}年法治政府建设年度报告",
        "{county}水利局{year}年部门整体支出绩效评价报告",
    )
    found = []
    for number in range(reports // 8 + draw.randrange(2)):
        year = draw.choice(YEARS)
        title = draw.choice(words).format(county=portal.county, year=year)
        day = date(year + 1, 1, 4) + timedelta(days=draw.randrange(85))
        found.append(LookAlike(9_000_000 + 13 * number, title, day))
    return tuple(found)


def _with_news(portals: list[Portal], extra: list[int], news: News, draw: random.Random) -> Iterator[Portal]:
    """The last reports of each portal come on the night of the news; a few of the others change or go."""
    added = [report.key for portal in portals for report in portal.reports[len(portal.reports) - extra[portal.index] :]]
    draw.shuffle(added)
    new, back_dated = set(added[: news.new]), set(added[news.new :])
    others = [report for portal in portals for report in portal.reports if report.key not in new | back_dated]
    draw.shuffle(others)
    changed = {report.key for report in [one for one in others if one.size != "town"][: news.changed]}
    vanished = {report.key for report in [one for one in others if one.key not in changed][: news.vanished]}
    for portal in portals:
        reports = []
        for report in portal.reports:
            if report.key in new:
                day = NEWS_DAY - timedelta(days=draw.randrange(10))
                report = replace(report, from_night=NEWS_NIGHT, date=day)  # noqa: PLW2901
            elif report.key in back_dated:
                report = replace(report, from_night=NEWS_NIGHT)  # noqa: PLW2901
            elif report.key in changed:
                report = replace(report, changed_night=NEWS_NIGHT)  # noqa: PLW2901
            elif report.key in vanished:
                report = replace(report, vanished_night=NEWS_NIGHT)  # noqa: PLW2901
            reports.append(report)
        yield replace(portal, reports=tuple(reports))
