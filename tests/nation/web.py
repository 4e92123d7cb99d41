"""What every family of the nation is made of: rows, resources, a portal's site, and the furniture of its pages."""

from __future__ import annotations

import calendar
import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from html import escape
from typing import TYPE_CHECKING, Literal
from urllib.parse import parse_qs

from tests.nation.plan import NEWS_DAY, NEWS_NIGHT

if TYPE_CHECKING:
    from tests.nation.pack import Pack
    from tests.nation.plan import Portal, Report

Role = Literal["robots", "entrance", "list", "article", "file", "other"]

FILE_TYPES = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}
NOTE = "本页是软件测试样例：单位名称、文字和数字均为虚构。"
BUILT = date(2026, 4, 1)


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as a site sees it."""

    method: str
    path: str
    query: str = ""
    body: bytes = b""
    content_type: str = ""

    @property
    def fields(self) -> dict[str, list[str]]:
        """Parameters of the query and of a posted form."""
        form = self.body.decode("utf-8", "replace") if "json" not in self.content_type else ""
        return parse_qs("&".join(part for part in (self.query, form) if part), keep_blank_values=True)

    def number(self, *names: str, default: int = 1) -> int:
        """The first of the named parameters that is a number."""
        fields = self.fields
        for name in names:
            for value in fields.get(name, ()):
                if value.strip().isdigit():
                    return int(value)
        return default


@dataclass(frozen=True, slots=True)
class Resource:
    """Something a site answers with. ``name`` tells it from all others of its host, whatever the request looked like.

    ``modified`` is a time stamp, ``None`` where the answer carries no validators.
    """

    name: str
    role: Role
    content_type: str
    render: Callable[[], bytes]
    modified: int | None = None
    report: str | None = None
    """Key of the report that an article or a file belongs to."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the list: a report or a look-alike."""

    title: str
    date: date
    number: int
    report: Report | None = None

    @property
    def digest(self) -> str:
        """32 hexadecimal digits of its own."""
        return hashlib.md5(f"{self.number}/{self.title}".encode(), usedforsecurity=False).hexdigest()


def stamp(day: date, hour: int = 2) -> int:
    """The time stamp of an hour of a day, UTC."""
    return calendar.timegm((*day.timetuple()[:3], hour, 0, 0))


@dataclass
class Site:
    """One portal on one night. A family fills ``resources`` and ``apis``; ``places`` says which parts of the list show a report.

    Hosts are written with ``port``, since all of them listen on the same.
    """

    portal: Portal
    night: int
    port: int
    pack: Pack
    resources: dict[str, Resource] = field(default_factory=dict)
    apis: dict[str, Callable[[Asked], Resource | None]] = field(default_factory=dict)
    files: dict[str, Resource] = field(default_factory=dict)
    """Of the attachments' store, by path."""
    places: dict[str, list[str]] = field(default_factory=dict)
    disclosure: str = "/"
    entrance: list[str] = field(default_factory=list)
    """Names of the pages that lead to the list, its first page included."""
    article_of: dict[str, str] = field(default_factory=dict)
    file_of: dict[str, str] = field(default_factory=dict)

    # --- rows ---------------------------------------------------------------------------------------------------------

    @property
    def rows(self) -> list[Row]:
        """What is listed on this night, newest first."""
        found = [self._row(report) for report in self.portal.reports if report.is_listed(self.night)]
        found += [Row(one.title, one.date, one.number) for one in self.portal.look_alikes]
        return sorted(found, key=lambda row: (row.date, row.number), reverse=True)

    @staticmethod
    def _row(report: Report) -> Row:
        return Row(report.title, report.date, report.number, report)

    def branches(self, rows: Sequence[Row]) -> list[tuple[str, str, list[Row]]]:
        """Sub-columns: name, slug, rows; none where the portal has one list."""
        if self.portal.branches == "years":
            years = sorted({row.date.year - 1 for row in rows}, reverse=True)
            return [(f"{year}年", f"{year}n", [row for row in rows if row.date.year - 1 == year]) for year in years]
        if self.portal.branches == "levels":
            of = {"szf": [], "xzbm": [], "xzjd": []}  # type: dict[str, list[Row]]
            for row in rows:
                size = row.report.size if row.report else "bureau"
                of[{"county": "szf", "town": "xzjd"}.get(size, "xzbm")].append(row)
            names = {"szf": "县政府", "xzbm": "县直部门", "xzjd": "乡镇"}
            return [(names[slug], slug, of[slug]) for slug in names if of[slug]]
        return []

    @property
    def list_modified(self) -> int:
        """When the list last changed: with the news, where the portal has any."""
        news = any(NEWS_NIGHT in (report.from_night, report.vanished_night) for report in self.portal.reports)
        return stamp(NEWS_DAY) if news and self.night >= NEWS_NIGHT else stamp(BUILT)

    # --- what a family puts on its site --------------------------------------------------------------------------------

    def add(
        self, path: str, role: Role, render: Callable[[], str], *, modified: int | None = None, content_type: str = "text/html"
    ) -> None:
        """A page at a path, in the portal's encoding; without ``modified`` it carries no validators."""
        self.resources[path] = self._page(path, role, render, modified, content_type)
        if role == "entrance":
            self.entrance.append(path)

    def static(self, path: str, role: Role, html: str) -> None:
        """A page that changes no more."""
        self.add(path, role, lambda: html, modified=stamp(BUILT))

    def static_list(self, path: str, rows: Iterable[Row], render: Callable[[], str], *, first: bool = False) -> None:
        """A static page of the list, showing ``rows``; the ``first`` is part of the way in."""
        self.add(path, "list", render, modified=self.list_modified)
        if first:
            self.entrance.append(path)
        self.show(path, rows)

    def show(self, name: str, rows: Iterable[Row]) -> None:
        """Note that the part ``name`` of the list shows these rows."""
        for row in rows:
            if row.report is not None:
                self.places.setdefault(row.report.key, []).append(name)

    def answer(self, name: str, content: str, content_type: str = "application/json") -> Resource:
        """A part of the list that an API gives: never with validators."""
        return self._page(name, "list", lambda: content, None, content_type)

    def article(self, row: Row, path: str, render: Callable[[], str]) -> None:
        """The article of a row."""
        key = row.report.key if row.report else None
        resource = self._page(path, "article", render, self._article_modified(row), "text/html")
        self.resources[path] = Resource(
            resource.name, "article", resource.content_type, resource.render, resource.modified, key
        )
        if key:
            self.article_of[key] = path

    def file(self, row: Row, path: str) -> str:
        """Put the report's file at a path of the store, or of the portal where it has none; its address, as pages write it."""
        report = row.report
        assert report is not None
        assert report.kind != "html"
        version = report.version(self.night)
        store = self.portal.store
        if store:
            # Portals share a store.
            path = f"/f{self.portal.index:04d}{path}"
        modified = stamp(report.date, 6) if not version else stamp(NEWS_DAY, 6)
        resource = Resource(path, "file", FILE_TYPES[report.kind], lambda: self.pack.get(report, version), modified, report.key)
        self.file_of[report.key] = path
        if store:
            self.files[path] = resource
            return f"http://{store}:{self.port}{path}"
        self.resources[path] = resource
        return path

    def body(self, row: Row) -> str:
        """What stands in the article of a row: the report, or a few words."""
        if row.report is None:
            return f"<p>{escape(row.title)}。</p><p>为方便公众了解有关情况，现将主要内容公布如下，欢迎监督。</p>"
        if row.report.kind != "html":
            return f"<p>{escape(row.title)}已编制完成，现予公布，全文见附件。</p>"
        return self.pack.get(row.report, row.report.version(self.night)).decode()

    def url(self, path: str = "/") -> str:
        """Absolute address of a path of the portal."""
        return f"http://{self.portal.host}:{self.port}{path}"

    def _article_modified(self, row: Row) -> int:
        report = row.report
        if report and report.kind == "html" and report.version(self.night):
            return stamp(NEWS_DAY, 5)
        return stamp(row.date + timedelta(days=1), 5)

    def _page(self, name: str, role: Role, render: Callable[[], str], modified: int | None, content_type: str) -> Resource:
        charset = "gb18030" if self.portal.gbk else "utf-8"
        # Old sites say their encoding in the page only.
        header = content_type if self.portal.gbk or content_type.endswith("xml") else f"{content_type}; charset=utf-8"
        return Resource(name, role, header, lambda: render().encode(charset), modified)


# --- furniture ----------------------------------------------------------------------------------------------------------

PARTS = ("政府信息公开指南", "政府信息公开制度", "法定主动公开内容", "政府信息公开年报", "依申请公开")


def page(site: Site, title: str, main: str, *, meta: str = "", crumbs: Sequence[tuple[str, str]] = (), base: str = "") -> str:
    """A whole page in the portal's frame."""
    portal = site.portal
    charset = "gb2312" if portal.gbk else "utf-8"
    trail = " &gt; ".join(f'<a href="{path}">{words}</a>' for words, path in crumbs)
    return (
        f'<!DOCTYPE html>\n<html>\n<head>\n{base}<meta http-equiv="Content-Type" content="text/html; charset={charset}">\n'
        f'<meta name="SiteName" content="{portal.name}">\n<meta name="SiteIDCode" content="99{portal.index:08d}">\n{meta}'
        f'<title>{escape(title)}-{portal.name}</title>\n<link rel="stylesheet" href="/images/base.css">\n</head>\n<body>\n'
        f'<div class="header"><ul class="nav"><li><a href="/">首页</a></li><li><a href="/xwzx/">新闻中心</a></li>'
        f'<li><a href="{site.disclosure}">政府信息公开</a></li><li><a href="/zwfw/">政务服务</a></li></ul></div>\n'
        f'<div class="crumb">当前位置：{trail}</div>\n<div class="main">\n{main}\n</div>\n'
        f'<div class="footer"><p>主办：{portal.name}办公室　<a href="/wzdt.html">网站地图</a></p><p>{NOTE}</p></div>\n'
        "</body>\n</html>\n"
    )


def article_meta(site: Site, row: Row) -> str:
    """The tags that the norm for government sites asks of an article."""
    return (
        '<meta name="ColumnName" content="政府信息公开年报">\n'
        f'<meta name="ArticleTitle" content="{escape(row.title)}">\n'
        f'<meta name="PubDate" content="{row.date} 10:{row.number % 60:02d}">\n'
        f'<meta name="ContentSource" content="{row.report.organisation if row.report else site.portal.name}">\n'
    )


def column_meta() -> str:
    """The tags of a column."""
    return '<meta name="ColumnName" content="政府信息公开年报">\n<meta name="ColumnType" content="政府信息公开">\n'


def add_entrance(site: Site, disclosure: str, column: str, *, inside: str = "") -> None:
    """Home page and disclosure page, in the usual words, and the few pages they link beside.

    Args:
        site: where to.
        disclosure: path of the page of 政府信息公开.
        column: address of the column, as linked there.
        inside: HTML on the disclosure page beside its fixed parts.
    """
    portal = site.portal
    news = "".join(
        f'<li><a href="/xwzx/{number}.html">{portal.county}{words}</a><span>2026-03-{number + 10}</span></li>'
        for number, words in enumerate(("召开全年重点工作推进会议", "组织开展安全生产专项检查", "春季植树活动有序进行"), 1)
    )
    links = "".join(
        f'<li><a href="{column if part.endswith("年报") else f"/gk/{number}.html"}">{part}</a></li>'
        for number, part in enumerate(PARTS)
    )
    trail = (("首页", "/"), ("政府信息公开", disclosure))
    gate = f'<div class="gk-left"><ul>{links}</ul></div>{inside}'
    site.disclosure = disclosure
    site.static("/", "entrance", page(site, "首页", f'<div class="news"><h2>要闻</h2><ul>{news}</ul></div>'))
    site.static(disclosure, "entrance", page(site, "政府信息公开", gate, crumbs=trail))
    for number, part in enumerate(PARTS):
        if not part.endswith("年报"):
            site.static(f"/gk/{number}.html", "other", page(site, part, f"<p>{part}的内容。</p>"))


def crumbs(site: Site, column: str) -> tuple[tuple[str, str], ...]:
    """The trail to the column."""
    return ("首页", "/"), ("政府信息公开", site.disclosure), ("政府信息公开年报", column)


def cut(title: str, length: int = 26) -> str:
    """A title as narrow lists print it."""
    return title if len(title) <= length else title[: length - 1] + "..."


def paged(rows: Sequence[Row], size: int) -> list[list[Row]]:
    """Rows by page; one empty page where there are none."""
    return [list(rows[start : start + size]) for start in range(0, len(rows), size)] or [[]]


def tabs(names: Sequence[tuple[str, str]]) -> str:
    """Links to sub-columns."""
    return '<ul class="tab">' + "".join(f'<li><a href="{path}">{words}</a></li>' for words, path in names) + "</ul>\n"
