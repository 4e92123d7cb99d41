"""Hanweb's disclosure module: rows come by POST from ``/module/xxgk/search.jsp?...&currpage=N``, pages counted from 1.

Seen in Zhejiang, Jiangsu, Shandong, Jilin, Heilongjiang, Inner Mongolia and at 黄冈. The column page names body (``area``),
category (``infotypeId``, also ``?number=`` of its own address) and site (``jdid``) in a call of ``loadDynamic``, in hidden
inputs or in the address of the tree frame; where only the tree knows the category, the tree is asked first. Rows of the answer
are ``tr.tr_main_value_odd`` and ``tr.tr_main_value_even``. ``/module/xxgk/xxgkAnnualReport.jsp?area=&fbtime=`` is no list: it
serves one body's report of one year, so links to it are rows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from html import unescape
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit

from crawler.portals.families.base import MAX_PAGES, cut_short, declared, require_rows
from crawler.portals.families.literals import literal_around, members, with_parameter
from crawler.portals.families.rows import Reading, read_rows
from crawler.portals.markup import anchor_text, base_of, host_of, iso_date, parse_html, resolve, squeeze, text_of
from crawler.portals.model import Link, ListPage, ListRequest, ListShapeError
from crawler.portals.titles import classify_title

if TYPE_CHECKING:
    from crawler.portals.markup import Element

NAME = "hanweb_xxgk"
_SEARCH, _TREE, _REPORT = "/module/xxgk/search.jsp", "/module/xxgk/tree.jsp", "/module/xxgk/xxgkAnnualReport.jsp"
_ADDRESS = re.compile(
    r"""["'](?P<url>[^"'<>\s]{0,300}/module/xxgk/(?P<page>search|tree)\.jsp)(?P<query>\?[^"'<>\s]{0,2000})?["']"""
)
_LOAD = re.compile(
    r"""loadDynamic\(\s*["'](?P<url>[^"'\s]{0,300}/module/xxgk/search\.jsp)[^;]{0,800}?,\s*["'](?P<divid>div\w{0,40})["']\s*,"""
    r"""\s*["'](?P<cid>[\w-]{0,60})["']\s*,\s*["']?[^,"']{0,40}["']?\s*,\s*["']?[^,"']{0,40}["']?\s*,\s*["'](?P<webid>\w{0,20})["']"""
)
_NAMED = re.compile(r"\b(?P<name>infotypeId|area|vc_xxgkarea)=(?P<value>[\w-]{1,60})")
_LABEL = re.compile(
    r"""funclick\d?\(\s*\\?["'](?P<id>[\w-]{1,60})\\?["'][^)]{0,200}\)[^<]{0,80}>\s*(?P<label>[^<]{1,60})""", re.IGNORECASE
)
_REPORTS = re.compile(r"年报|年度(?:工作)?报告")
_GO_PAGE = re.compile(r"(?:funGoPage|pressGopage)\([^)]{0,200}?(\d{1,5})\s*\)", re.IGNORECASE)
_ROW = re.compile(r"(?:^|\s)tr_main_value_(?:odd|even)(?:\s|$)")
_INPUTS = ("infotypeId", "jdid", "area", "divid", "sortfield", "standardXxgk")
_MAX_LITERALS = 50


@dataclass(frozen=True, slots=True)
class _Search:
    """What search.jsp is to be asked: ``endpoint`` and the parameters by name."""

    endpoint: str
    values: dict[str, str]

    def request(self, page_url: str, number: int) -> ListRequest:
        """The POST for page ``number``; the site's own script sends the filters both in the address and in the body."""
        filters = {
            "standardXxgk": self.values.get("standardXxgk") or "1",
            "isAllList": "1",
            "texttype": "",
            "fbtime": "-1",
            "vc_all": "",
            "vc_filenumber": "",
            "vc_title": "",
            "vc_number": "",
            "currpage": str(number),
            "sortfield": self.values.get("sortfield") or ",compaltedate:0",
        }
        asked = {name: self.values.get(name, "") for name in ("infotypeId", "jdid", "area", "divid")}
        url = f"{self.endpoint}?{urlencode(filters, safe=',:')}"
        return ListRequest(NAME, page_url, url, urlencode(asked | filters, safe=",:"), number=number)


class HanwebXxgk:
    """Lists of Hanweb's disclosure module."""

    name = NAME

    def detect(self, html: str, url: str) -> int:
        """Certain where search.jsp is called or the address is the module's own; likely where its tree stands in a frame."""
        if _REPORT in url or _SEARCH in html or _REPORT in html:
            return 91
        return 84 if _TREE in html else 0

    def parse_list(self, html: str, url: str) -> ListPage:
        """Read what the module is to be asked, and the reports that the page links itself.

        Raises:
            ListShapeError: the page names neither a body nor a category, and links no report.
        """
        reading = read_rows(html, url)
        reports = _reports(reading, url)
        requests = _requests(html, reading, url)
        rows = () if requests else reading.items
        items = {link.url: link for link in (*reports, *rows) if link in reports or _is_report(link)}
        if not requests and not items and not reading.sub_columns and not reading.is_empty_list:
            raise ListShapeError(
                NAME, url, f"expected infotypeId or area for {_SEARCH}, or links to {_REPORT}; found none of them"
            )
        return ListPage(
            family=NAME,
            items=tuple(items.values()),
            sub_columns=tuple(link for link in reading.sub_columns if link.url not in items),
            next_requests=requests,
        )

    def parse_answer(self, answer: str, request: ListRequest) -> ListPage:
        """Read the rows of search.jsp, or the category of reports in tree.jsp.

        Raises:
            ListShapeError: an answer without rows that does not say so, a whole page, a tree without such a category.
        """
        if urlsplit(request.url).path.endswith("/tree.jsp"):
            return _from_tree(answer, request)
        if re.search(r"<title\b[^>]*>[^<]*\S", answer, re.IGNORECASE):
            raise ListShapeError(NAME, request.url, "expected the rows only, found a whole page")
        reading = _rows(answer, request)
        total, pages = declared(reading)
        numbers = [int(number) for number in _GO_PAGE.findall(answer)]
        if pages is None and numbers:
            pages = max(request.number, *numbers)
        require_rows(NAME, reading, declared=total, expected="tr.tr_main_value_odd and tr.tr_main_value_even with a link each")
        if not reading.items and request.number <= (pages or 0) and total != 0:
            raise ListShapeError(NAME, request.url, f"expected rows on page {request.number} of {pages}, found none")
        last = min(pages or 0, MAX_PAGES)
        following = range(request.number + 1, (last if request.number == 1 else min(last, request.number + 1)) + 1)
        return ListPage(
            family=NAME,
            items=reading.items,
            declared_total=total,
            declared_pages=pages,
            next_requests=tuple(_renumbered(request, number) for number in following),
            shortfall=cut_short(request.url, pages),
        )


def _is_report(link: Link) -> bool:
    return classify_title(link.text).kind == "report"


def _reports(reading: Reading, url: str) -> tuple[Link, ...]:
    """Links to reports by body and year, the page itself included where it is one; of several texts the longest."""
    found: dict[str, Link] = {}
    if urlsplit(url).path.endswith(_REPORT):
        found[url] = Link(url, _title(reading.root))
    for row in reading.links:
        target = row.link.url
        if not urlsplit(target).path.endswith(_REPORT) or "fbtime=" not in target or host_of(target) != host_of(url):
            continue
        known = found.get(target)
        if known is None or len(known.text) < len(row.link.text):
            found[target] = row.link
    return tuple(found.values())


def _title(root: Element) -> str:
    texts = (squeeze("".join(map(str, element.itertext()))) for tag in ("h1", "title") for element in root.iter(tag))
    return next((text for text in texts if text), "")


def _requests(html: str, reading: Reading, url: str) -> tuple[ListRequest, ...]:
    values, endpoint, tree = _named(html, reading, url)
    if not values.get("area") and not values.get("infotypeId"):
        return ()
    if not values.get("infotypeId") and tree:
        return (ListRequest(NAME, url, tree),)
    return (_Search(endpoint, values).request(url, 1),)


def _named(html: str, reading: Reading, url: str) -> tuple[dict[str, str], str, str | None]:
    """The search's parameters, its address, and the tree's; what the page's own address says comes first."""
    parts = urlsplit(url)
    endpoint, tree = f"{parts.scheme}://{parts.netloc}{_SEARCH}", None
    own = dict(parse_qsl(parts.query))
    sources = [
        {
            "infotypeId": own.get("number") or own.get("infotypeId", ""),
            "area": own.get("vc_xxgkarea") or own.get("area", ""),
            "jdid": own.get("jdid", ""),
        }
    ]
    load = _LOAD.search(html)
    if load:
        sources.append(_query_names(load.group(0)))
        sources.append({"divid": load["divid"], "infotypeId": load["cid"], "jdid": load["webid"]})
        endpoint = _same_host(reading.base, load["url"], url) or endpoint
    for address in _ADDRESS.finditer(html):
        target = _same_host(reading.base, address["url"], url)
        if target is None:
            continue
        query = unescape(address["query"] or "")
        sources.append(dict(parse_qsl(query[1:])))
        if address["page"] == "tree":
            tree = tree or target + query
        elif not load:
            endpoint = target
    sources.append(_inputs(reading.root))
    literals = (literal_around(html, match.start()) for match in islice(re.finditer(r"\binfotypeId\b", html), _MAX_LITERALS))
    sources.extend(members(literal) for literal in literals if literal)
    sources.append(_query_names(html))
    values: dict[str, str] = {}
    for source in sources:
        for name in _INPUTS:
            if source.get(name):
                values.setdefault(name, source[name])
    return values, endpoint, tree


def _query_names(source: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for match in _NAMED.finditer(source):
        found.setdefault("area" if match["name"] == "vc_xxgkarea" else match["name"], match["value"])
    return found


def _inputs(root: Element) -> dict[str, str]:
    return {
        name: squeeze(element.get("value") or "")
        for element in root.iter("input")
        if (name := element.get("id") or element.get("name") or "") in _INPUTS and element.get("value")
    }


def _same_host(base: str, href: str, url: str) -> str | None:
    target = resolve(base, href)
    return target if target and host_of(target) == host_of(url) else None


def _from_tree(answer: str, request: ListRequest) -> ListPage:
    """Those categories of the tree that are named after annual reports, as columns: the page's own address with ``number``."""
    found = {match["id"]: squeeze(unescape(match["label"])) for match in _LABEL.finditer(answer)}
    chosen = [identifier for identifier, label in found.items() if _REPORTS.search(label)]
    if not chosen:
        raise ListShapeError(NAME, request.url, f"expected a category named 年报 or 年度报告, found {len(found)} others")
    site = _inputs(parse_html(answer)).get("jdid")
    page = with_parameter(request.page_url, "jdid", site) if site else request.page_url
    columns = (Link(with_parameter(page, "number", identifier), found[identifier]) for identifier in chosen)
    return ListPage(NAME, (), sub_columns=tuple(columns))


def _renumbered(request: ListRequest, number: int) -> ListRequest:
    url = with_parameter(request.url, "currpage", str(number))
    body = urlsplit(with_parameter(f"?{request.body or ''}", "currpage", str(number))).query
    return replace(request, url=url, body=body, number=number)


def _rows(answer: str, request: ListRequest) -> Reading:
    """The answer's table rows; where it has none of the known classes, any repeating block of titled links."""
    reading = replace(read_rows(answer, request.page_url), url=request.url)
    root = reading.root
    base = base_of(root, request.page_url)
    rows = [element for element in root.iter("tr") if _ROW.search(element.get("class") or "")]
    if not rows:
        return reading
    items: dict[str, Link] = {}
    for row in rows:
        link = _row_link(row, base)
        if link is None:
            raise ListShapeError(
                NAME, request.url, f"expected a link with a title in every row, found none in {text_of(row)[:80]!r}"
            )
        items.setdefault(link.url, link)
    return replace(reading, items=tuple(items.values()))


def _row_link(row: Element, base: str) -> Link | None:
    for anchor in row.iter("a"):
        address = resolve(base, anchor.get("href") or "")
        shown = anchor_text(anchor)
        text = max(shown, squeeze(anchor.get("title") or ""), squeeze(anchor.get("mc") or ""), key=len)
        if address and text:
            beside = iso_date(text_of(row).replace(text_of(anchor), " ", 1))
            return Link(address, text, beside or iso_date(anchor.get("rq") or ""))
    return None
