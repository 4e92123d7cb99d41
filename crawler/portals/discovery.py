"""From a home page to the column of annual reports, by words: 政府信息公开 -> 政府信息公开年报 -> its years and levels.

Since 2019 every portal must carry these words; the markup behind them is anybody's. Nothing is fetched here: ``Discovery``
says which page it wants next and is told what came back, so the spider and ``scrapy portals check`` walk the same way.
"""

from __future__ import annotations

import heapq
import re
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import islice
from typing import Literal
from urllib.parse import parse_qsl, unquote, urldefrag, urlsplit

from crawler.portals.article import parse_article
from crawler.portals.families import FAMILIES, detect_family, read_list
from crawler.portals.families.base import Family, NamesColumns, ScriptedFamily
from crawler.portals.families.create_page import unwrap_lists
from crawler.portals.families.rows import Reading, is_list_url, names_sub_column, read_rows
from crawler.portals.families.scripted import names_report_column
from crawler.portals.markup import (
    Element,
    anchor_text,
    base_of,
    decode,
    host_of,
    meta_values,
    opened_by,
    page_tree,
    parse_html,
    resolve,
    squeeze,
    text_of,
)
from crawler.portals.model import Link, ListPage, ListShapeError, Portal
from crawler.portals.registry import allowed_hosts
from crawler.portals.titles import classify_title

PageRole = Literal["column", "disclosure", "article", "other"]

MAX_LINKS = 5000
MAX_PAGES = 40
"""Pages one discovery may ask for; a column is normally found on the second to fourth."""
MAX_DEPTH = 6
_MAX_CANDIDATES = MAX_PAGES
_SHELL_CHARACTERS = 200
_MAX_LOOKED_AT = 10_000
"""Elements of a page that lead somewhere, several of them to one address."""
_MAX_OPENERS = 20
_MAX_FRAMES = 50
_MAX_HEADINGS = 200
_MAX_NAME = 500
"""Characters of a heading or a breadcrumb that are looked at."""


class Stage(IntEnum):
    """How far the walk is: what the page at hand is taken for."""

    HOME = 0
    DISCLOSURE = 1
    COLUMN = 2


@dataclass(frozen=True, slots=True)
class Candidate:
    """A link worth following, best scores first. ``leads_to`` is what the page behind it should be."""

    link: Link
    score: int
    reason: str
    leads_to: Stage = Stage.DISCLOSURE


# --- links ------------------------------------------------------------------------------------------------------------


def find_links(content: bytes, base_url: str, encoding: str | None = None) -> tuple[Link, ...]:
    """The links of a page in page order: anchors, image maps, ``onclick`` openers, frames, and a shell page's target.

    URLs are absolute http(s), each with the longest text it is linked by; ``<base href>`` is respected, ``javascript:`` and
    ``mailto:`` are dropped.

    Raises:
        ValueError: the page is larger than ``markup.MAX_PAGE_BYTES``.
    """
    return _links(page_tree(content, encoding), base_url)


def _links(root: Element, url: str) -> tuple[Link, ...]:
    base = base_of(root, url)
    found: dict[str, Link] = {}

    def keep(href: str, text: str) -> None:
        address = resolve(base, href)
        if address is None or (address not in found and len(found) >= MAX_LINKS):
            return
        known = found.get(address)
        if known is None or len(text) > len(known.text):
            found[address] = Link(address, text)

    target = _shell_target(root, url)
    if target:
        keep(target, "")
    leading = (element for element in root.iter() if element.tag in _LEADING_TAGS or element.get("onclick"))
    for element in islice(leading, _MAX_LOOKED_AT):
        tag, opener = element.tag, element.get("onclick")
        text = anchor_text(element) if opener or tag in {"a", "area"} else ""
        if tag in {"a", "area"}:
            keep(element.get("href") or "", text or squeeze(element.get("alt") or ""))
        elif tag in {"iframe", "frame"}:
            keep(element.get("src") or "", squeeze(element.get("title") or element.get("name") or ""))
        for address in islice(opened_by(opener or ""), _MAX_OPENERS):
            keep(address, text)
    return tuple(found.values())


_LEADING_TAGS = frozenset({"a", "area", "iframe", "frame"})
_REFRESH = re.compile(r"^\s*+[\d.]*+\s*+[;,]\s*url\s*=\s*['\"]?(?P<url>[^'\"]+)", re.IGNORECASE)


def redirect_target(content: bytes, url: str, encoding: str | None = None) -> str | None:
    """Where a page without content of its own sends its reader: meta refresh, script, or a frame that fills it; else ``None``.

    Raises:
        ValueError: the page is larger than ``markup.MAX_PAGE_BYTES``.
    """
    return _shell_target(page_tree(content, encoding), url)


def _shell_target(root: Element, url: str) -> str | None:
    base = base_of(root, url)
    for meta in root.iter("meta"):
        if (meta.get("http-equiv") or "").lower() == "refresh":
            match = _REFRESH.match(meta.get("content") or "")
            target = resolve(base, match["url"]) if match else None
            if target and target != url:
                return target
    if len(text_of(root)) > _SHELL_CHARACTERS or len(list(root.iter("a"))) > 3:
        return None
    for script in root.iter("script"):
        for address in opened_by(re.sub(r"(?m)^[ \t]*//.*$", "", script.text or "")):
            target = resolve(base, address)
            if target and target != url:
                return target
    frames = [resolve(base, frame.get("src") or "") for frame in islice(root.iter("frame", "iframe"), _MAX_FRAMES)]
    named = [frame for frame in frames if frame and frame != url]
    if named:
        return max(named, key=lambda frame: _word_score(Link(frame, ""), Stage.HOME)[0]) if len(named) > 1 else named[0]
    for element in root.iter("body"):
        opened = next(opened_by(element.get("onload") or ""), None)
        if opened:
            return resolve(base, opened)
    return None


# --- ranking ----------------------------------------------------------------------------------------------------------

_Rule = tuple[re.Pattern[str], int, Stage]


def _rules(rows: list[tuple[str, int, Stage]]) -> tuple[_Rule, ...]:
    return tuple((re.compile(pattern), score, stage) for pattern, score, stage in rows)


# Most telling first; the first that matches the whole text (white space and punctuation left out) decides.
_TEXT_RULES = _rules(
    [
        (r"(?:法定)?政府信息公开(?:工作)?(?:年度报告|年报|年度工作报告)(?:专栏|栏目|列表)?", 100, Stage.COLUMN),
        (r".{0,14}政府信息公开(?:工作)?(?:年度报告|年报)(?:专栏|汇总|公开)?", 80, Stage.COLUMN),
        (r"(?:政务|政府)?信息公开(?:工作)?(?:年度报告|年报|年度工作报告)", 90, Stage.COLUMN),
        (r"(?:历年|各年度|工作|公开)?(?:年度报告|年报)(?:公开)?", 60, Stage.COLUMN),
        (r"政府信息公开(?:专栏|平台|网|目录平台|专区)?", 70, Stage.DISCLOSURE),
        (r"法定主动公开(?:内容|目录)?|主动公开(?:内容|目录)?", 50, Stage.DISCLOSURE),
        (r"(?:政务|信息)公开(?:平台|专栏|专区|网)?", 45, Stage.DISCLOSURE),
        (r".{0,12}(?:政府)?信息公开(?:专栏|平台|目录|指南|制度)?", 35, Stage.DISCLOSURE),
        (r"公开(?:目录|指南|制度)|依申请公开", 20, Stage.DISCLOSURE),
    ]
)
_SLUG_RULES = _rules(
    [
        (
            r"annual_?reports?|(?:zf|zw)?xxgk(?:gz)?(?:ndbg|nb)\w{0,6}|(?:gk|zw|xx)?(?:gz)?(?:ndbg|ndxxgkbg)\w{0,4}|gk?nb(?:2\d{3})?|xxgkndbg\w*",
            55,
            Stage.COLUMN,
        ),
        (
            r"(?:zf|zw)?xxgk(?:pt|ml|zl|w|p|index)?\d?|govxxgk|fdzdgk(?:nr)?|zfxxgkpt|publicinfo|publicly|gkmlpt",
            25,
            Stage.DISCLOSURE,
        ),
        (r"zwgk|xxgkml|gkml", 12, Stage.DISCLOSURE),
    ]
)
_OTHER_THINGS = re.compile(
    r"申请表|在线申请|意见箱|投诉|登录|注册|邮箱|搜索|网站地图|返回|打印|关闭|解读|图解|通知|预算|决算|招标|采购|English|无障碍|适老|政府工作报告|绩效|审计|统计公报"
)
_YEAR_NAME = re.compile(r"^(?:19|20)\d\d年?度?(?:年报)?$")
_PUNCTUATION = re.compile(r"[\s\W_]+")


def _word_score(link: Link, stage: Stage) -> tuple[int, str, Stage]:
    text = _PUNCTUATION.sub("", link.text)
    if len(text) > 30 or _OTHER_THINGS.search(text):
        return 0, "", stage
    best, reason, leads_to = 0, "", stage
    for pattern, score, to in _TEXT_RULES:
        if pattern.fullmatch(text):
            best, reason, leads_to = score, f"text {link.text[:30]}", to
            break
    parts = urlsplit(link.url)
    segments = [unquote(segment).rpartition(".")[0] or unquote(segment) for segment in parts.path.lower().split("/") if segment]
    labels = _labels(link.url, segments) if not best else [*segments[-3:], *re.findall(r"=([\w-]+)", parts.query.lower())]
    for pattern, score, to in _SLUG_RULES:
        slug = next((label for label in labels if pattern.fullmatch(label)), None)
        if slug is None or (to is Stage.DISCLOSURE and text and not best):
            continue
        if not best:
            best, reason, leads_to = score, f"slug {slug}", to
        elif to is leads_to:
            best, reason = best + score, f"{reason}, slug {slug}"
        break
    named = re.search(r"(?:信息公开年度报告|信息公开年报|信息公开工作年度报告)", unquote(parts.query))
    if named:
        best, reason, leads_to = best + 60, f"{reason}, query {named.group(0)}".strip(", "), Stage.COLUMN
    return best, reason, leads_to


_PAGE_FILE = re.compile(r"index|default|list|\d{4}n?|(?:nb_?)?\d{4}nb?|\d")


def _labels(url: str, segments: list[str]) -> list[str]:
    """The part of a list's address that names it, years and index files set aside; an article has no such part."""
    if not is_list_url(url):
        return []
    while segments and _PAGE_FILE.fullmatch(segments[-1]):
        segments = segments[:-1]
    return segments[-1:]


def rank_links(links: tuple[Link, ...], portal: Portal, stage: Stage) -> tuple[Candidate, ...]:
    """The links of a page at ``stage`` that may lead on, best first, on the portal's own hosts only.

    Links that go back a stage are left out; article links (a report itself) are no candidates, they are rows of a list.
    """
    return tuple(_ranked(links, portal, stage, on_list=True))[:_MAX_CANDIDATES]


def off_list_links(links: tuple[Link, ...], portal: Portal, stage: Stage) -> tuple[Candidate, ...]:
    """What ``rank_links`` would follow, were its host on the portal's list: for a person to add under ``allow_hosts``."""
    return tuple(_ranked(links, portal, stage, on_list=False))[:_MAX_CANDIDATES]


def _ranked(links: tuple[Link, ...], portal: Portal, stage: Stage, *, on_list: bool) -> list[Candidate]:
    hosts = allowed_hosts(portal)
    found: list[Candidate] = []
    for link in links:
        if (host_of(link.url) in hosts) is not on_list:
            continue
        if classify_title(link.text).kind == "report" and not is_list_url(link.url):
            continue
        score, reason, leads_to = _word_score(link, stage)
        if stage is Stage.COLUMN and _YEAR_NAME.match(squeeze(link.text)) and is_list_url(link.url):
            score, reason, leads_to = max(score, 40), f"year {link.text}", Stage.COLUMN
        if leads_to is Stage.COLUMN and classify_title(link.text).kind == "lookalike":
            continue
        if score > 0 and leads_to >= stage and (on_list or score >= 45):
            found.append(Candidate(link, score + (5 if is_list_url(link.url) else 0), reason, leads_to))
    return sorted(found, key=lambda candidate: (-candidate.leads_to, -candidate.score))


def _headed(root: Element, url: str, portal: Portal) -> list[Candidate]:
    """Links below a heading that names the column but is no link itself: Gansu lists 2024, 2023 ... under 政府信息公开年报."""
    base = base_of(root, url)
    hosts = allowed_hosts(portal)
    found: dict[str, Candidate] = {}
    headings = 0
    for heading in root.iter("h1", "h2", "h3", "h4", "h5", "dt", "div", "p", "span", "strong", "em", "a", "td", "li"):
        if len(list(islice(heading, 4))) > 3 or len(list(islice(heading.iter(), 7))) > 6:
            continue
        text = _PUNCTUATION.sub("", text_of(heading))
        rule = next((rule for rule in _TEXT_RULES if text and rule[0].fullmatch(text)), None)
        if rule is None or rule[2] is not Stage.COLUMN:
            continue
        if any(resolve(base, anchor.get("href") or "") for anchor in heading.iter("a")):
            continue
        headings += 1
        if headings > _MAX_HEADINGS:
            break
        for anchor in _next_links(heading):
            address = resolve(base, anchor.get("href") or "")
            if address and is_list_url(address) and host_of(address) in hosts and names_sub_column(anchor_text(anchor)):
                link = Link(address, anchor_text(anchor))
                found.setdefault(address, Candidate(link, rule[1] - 20, f"{link.text} under the heading {text}", Stage.COLUMN))
    return list(found.values())


def _named(in_script: tuple[Link, ...], portal: Portal) -> list[Candidate]:
    """Report columns that no anchor leads to: the page's script names them."""
    hosts = allowed_hosts(portal)
    return [
        Candidate(link, 100, f"{link.text[:30]} in the page's script", Stage.COLUMN)
        for link in in_script
        if names_report_column(link.text) and host_of(link.url) in hosts
    ]


def _next_links(heading: Element) -> list[Element]:
    """Links of the first block after ``heading``, beside it or beside one of the two boxes around it."""
    node: Element | None = heading
    for _ in range(3):
        if node is None:
            break
        sibling = node.getnext()
        if sibling is not None:
            anchors = list(islice(sibling.iter("a"), _MAX_CANDIDATES + 1))
            if anchors:
                return anchors if len(anchors) <= _MAX_CANDIDATES else []
        node = node.getparent()
    return []


# --- what a page is ---------------------------------------------------------------------------------------------------

_FIXED_PARTS = (
    "政府信息公开指南",
    "政府信息公开制度",
    "法定主动公开内容",
    "政府信息公开年报",
    "依申请公开",
    "政府信息公开年度报告",
    "信息公开目录",
)
_DETAIL = re.compile(r"\bDETAIL\s*:\s*\{")
_MIN_FIXED_PARTS = 2
_MIN_ARTICLE_CHARACTERS = 150


def page_role(content: bytes, url: str, encoding: str | None = None) -> PageRole:
    """What a page is, on evidence: rows titled as reports make a column, as does a report column's name over rows that an API
    gives; an article's metadata make an article, the fixed parts of 政府信息公开 a disclosure page.

    Raises:
        ValueError: the page is larger than ``markup.MAX_PAGE_BYTES``.
    """
    html = decode(content, encoding)
    family = FAMILIES[detect_family(html, url)]
    return _role(read_rows(unwrap_lists(html), url), html, family, _in_script(family, html, url))[0]


def _in_script(family: Family, html: str, url: str) -> tuple[Link, ...]:
    """Columns that the page's script names."""
    return family.find_columns(html, url) if isinstance(family, NamesColumns) else ()


def _role(
    reading: Reading, html: str, family: Family, in_script: tuple[Link, ...], stage: Stage = Stage.HOME
) -> tuple[PageRole, str]:
    meta = meta_values(reading.root)
    reports = [item for item in reading.items if classify_title(item.text).kind == "report"]
    names = [meta.get("columnname", ""), *_headings(reading.root)]
    named = next((name for name in names if names_report_column(name)), None)
    is_article = bool(meta.get("articletitle") or meta.get("pubdate")) or bool(_DETAIL.search(html))
    if is_article and (len(reports) <= 1 or classify_title(meta.get("articletitle", "")).kind == "report"):
        return "article", f"article metadata: {meta.get('articletitle', '')[:40] or 'PubDate'}"
    block_reports = [row for row in reading.block if classify_title(row.link.text).kind == "report"]
    if block_reports and (len(block_reports) * 3 >= len(reading.block) or named or len(block_reports) >= 5):
        return "column", f"{len(reports)} of {len(reading.items)} rows are titled as reports"
    if named and (reading.sub_columns or reading.block or reading.is_empty_list):
        return "column", f"named {named[:30]}"
    named = named or next((link.text for link in in_script if _is_report_column(link, reading.url)), None)
    if named and isinstance(family, ScriptedFamily) and len({name for name in names if name in _FIXED_PARTS}) <= 1:
        return "column", f"named {named[:30]}, rows from the API of {family.name}"
    labels = {_PUNCTUATION.sub("", row.link.text) for row in reading.links}
    parts = [part for part in _FIXED_PARTS if part in labels]
    if len(parts) >= _MIN_FIXED_PARTS:
        return "disclosure", f"links {'、'.join(parts)}"
    if parts and any("信息公开" in name for name in names):
        return "disclosure", f"named 信息公开 and links {parts[0]}"
    if stage is Stage.COLUMN and not reading.block and _asks(family, html, reading.url):
        return "column", f"expected here, rows from the API of {family.name}"
    columns = [link.text for link in in_script if names_report_column(link.text)]
    if columns:
        return "disclosure", f"names {columns[0][:30]} in its script"
    if not reading.block and len(reading.text) >= _MIN_ARTICLE_CHARACTERS and _has_article_marks(reading):
        return "article", "an article's title and date, no list"
    return "other", f"{len(reading.links)} links, none of the words"


def _is_report_column(link: Link, url: str) -> bool:
    """Whether ``link`` names the page at ``url`` itself, and names it a column of reports."""
    return names_report_column(link.text) and _page_key(link.url) == _page_key(url)


def _asks(family: Family, html: str, url: str) -> bool:
    """Whether the page asks an API for rows."""
    if not isinstance(family, ScriptedFamily):
        return False
    try:
        return bool(family.parse_list(html, url).next_requests)
    except ListShapeError:
        return False


def _headings(root: Element) -> list[str]:
    """Names a page gives itself: its title up to the site's name, headings, the last step of the breadcrumb."""
    found = [re.split(r"[-_|—]", text_of(element, _MAX_NAME))[0] for element in root.iter("title")]
    found += [text_of(element, _MAX_NAME) for element in root.iter("h1", "h2", "h3")]
    for element in root.iter("div", "p", "ul", "td", "span"):
        names = f"{element.get('class') or ''} {element.get('id') or ''}".lower()
        if re.search(r"crumb|position|weizhi|dqwz|\bpos\b|location", names):
            text = text_of(element, _MAX_NAME)
            if len(text) <= 120:
                found.append(re.split(r"[>»＞/]", text)[-1])
    return [squeeze(name) for name in found if 0 < len(squeeze(name)) <= 40]


def _has_article_marks(reading: Reading) -> bool:
    return bool(re.search(r"(?:发布|成文|生成)?(?:时间|日期)\s*[:：]\s*(?:19|20)\d\d", reading.text)) and not reading.items


# --- the walk ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Step:
    """One page of the walk and what was found on it."""

    url: str
    stage: Stage
    role: PageRole
    evidence: str
    redirect: str | None = None
    candidates: tuple[Candidate, ...] = ()
    off_list: tuple[Candidate, ...] = ()
    list_page: ListPage | None = None
    problem: str | None = None
    is_report: bool = False
    """An article titled as a report: some portals link the year's report itself where others link the column."""


def examine(content: bytes, url: str, portal: Portal, stage: Stage, encoding: str | None = None) -> Step:
    """Read one page of the walk: what it is, where it leads, and, if it is a column, its list.

    A column whose list cannot be read is a step with ``problem`` set, never an empty list.

    Raises:
        ValueError: the page is larger than ``markup.MAX_PAGE_BYTES``.
    """
    encoding = encoding or portal.encoding
    html = decode(content, encoding)
    root = parse_html(html)
    redirect = _shell_target(root, url)
    family = FAMILIES.get(portal.family or "") or FAMILIES[detect_family(html, url)]
    in_script = _in_script(family, html, url)
    links = (*_links(root, url), *in_script)
    role, evidence = _role(read_rows(unwrap_lists(html), url), html, family, in_script, stage)
    if role in {"other", "disclosure"}:
        redirect = _framed_list(url) or redirect
    list_page, problem = None, None
    if role == "column":
        try:
            list_page = read_list(content, url, family=portal.family or family.name, encoding=encoding)
        except ListShapeError as error:
            problem = error.message
    is_report = role == "article" and _is_report(content, url, encoding)
    if role != "column" and stage is Stage.COLUMN and not redirect and not is_report:
        problem = f"expected a column of reports, found {role}: {evidence}"
    onward = Stage.COLUMN if role == "column" else Stage.DISCLOSURE if role == "disclosure" else min(stage, Stage.DISCLOSURE)
    return Step(
        url=url,
        stage=stage,
        role=role,
        evidence=evidence,
        redirect=redirect if role in {"other", "disclosure"} else None,
        candidates=_merged(rank_links(links, portal, onward), [*_headed(root, url, portal), *_named(in_script, portal)]),
        off_list=off_list_links(links, portal, onward),
        list_page=list_page,
        problem=problem,
        is_report=is_report,
    )


def _is_report(content: bytes, url: str, encoding: str | None) -> bool:
    return classify_title(parse_article(content, url, encoding).title or "").kind == "report"


_FRAME_PARAMETERS = frozenset({"specialurl", "iframeurl", "frameurl"})


def _framed_list(url: str) -> str | None:
    """The list that a frame page is told to show in its own address: ``openSubPage.html?specialurl=/.../govlist.html``."""
    for name, value in parse_qsl(urlsplit(url).query):
        if name.lower() in _FRAME_PARAMETERS:
            return resolve(url, value)
    return None


def _merged(ranked: tuple[Candidate, ...], headed: list[Candidate]) -> tuple[Candidate, ...]:
    best: dict[str, Candidate] = {}
    for candidate in (*ranked, *headed):
        known = best.get(candidate.link.url)
        if known is None or (candidate.leads_to, candidate.score) > (known.leads_to, known.score):
            best[candidate.link.url] = candidate
    return tuple(sorted(best.values(), key=lambda one: (-one.leads_to, -one.score)))[:_MAX_CANDIDATES]


def describe(step: Step) -> tuple[str, ...]:
    """A step in words, one line each, for a person adding a portal."""
    lines = [f"{step.url}", f"  taken for: {step.stage.name.lower()}; is: {step.role} ({step.evidence})"]
    if step.redirect:
        lines.append(f"  sends its reader on to {step.redirect}")
    if step.list_page:
        page = step.list_page
        declared = f", declares {page.declared_total} items" if page.declared_total is not None else ""
        declared += f", {page.declared_pages} pages" if page.declared_pages is not None else ""
        lines.append(f"  list of family {page.family}: {len(page.items)} rows{declared}, {len(page.sub_columns)} sub-columns")
        if page.family == "generic":
            lines.append("  no family knows this page: rows are told by their looks, and only linked pages are followed")
        lines += [f"    asks {request.url} {request.body or ''}".rstrip() for request in page.next_requests]
        if page.shortfall:
            lines.append(f"  kept back: {page.shortfall}")
        lines += [f"    row {item.date or '----------'} {item.text} {item.url}" for item in page.items[:5]]
        lines += [f"    sub-column {link.text} {link.url}" for link in page.sub_columns]
    if step.problem:
        lines.append(f"  problem: {step.problem}")
    lines += [
        f"  {candidate.score:>4} to {candidate.leads_to.name.lower()}: {candidate.link.text or '(no text)'} "
        f"{candidate.link.url} ({candidate.reason})"
        for candidate in step.candidates
    ]
    lines += [
        f"  not followed, host {host_of(candidate.link.url)} is not allowed (add it to allow_hosts if it is the portal's): "
        f"{candidate.link.text} {candidate.link.url}"
        for candidate in step.off_list
    ]
    return tuple(lines)


@dataclass(order=True)
class _Wanted:
    priority: tuple[int, int, int]
    url: str = field(compare=False)
    stage: Stage = field(compare=False)
    depth: int = field(compare=False)


def _page_key(url: str) -> str:
    """http and https, ``dir``, ``dir/`` and ``dir/index.html`` are one page; a fragment that numbers a column makes another."""
    parts = urlsplit(url)
    path = re.sub(r"/(?:index|default)\.(?:s?html?|jsp|aspx?|php)$", "/", parts.path).rstrip("/")
    return f"{host_of(url)}{path}?{parts.query}{_column_fragment(url)}"


def _column_fragment(url: str) -> str:
    """``#564`` of ``/gkmlpt/index#564``: one page that shows many columns; empty for any other fragment."""
    fragment = urldefrag(url).fragment
    return f"#{fragment}" if fragment.isascii() and fragment.isdigit() else ""


def address_of_step(url: str, final_url: str | None = None) -> str:
    """Where a page of the walk stands that was asked for at ``url`` and found at ``final_url``.

    Responses come without the fragment that was asked for; a redirect keeps it, as in a browser.
    """
    here = final_url or url
    return here + ("" if _column_fragment(here) else _column_fragment(url))


class Discovery:
    """A bounded best-first walk over one portal. Ask ``next_page``, fetch it, tell ``take`` if it came; at the end read
    ``columns``, and ``articles`` for reports found where a column was expected.

    Args:
        portal: where to look; its ``columns`` are taken as found, else the walk starts from ``entry`` and ``home``.
        max_pages: pages that may be asked for.
    """

    def __init__(self, portal: Portal, *, max_pages: int = MAX_PAGES) -> None:
        self.portal = portal
        self.columns: list[str] = list(portal.columns)
        self.articles: list[str] = []
        self.steps: list[Step] = []
        self._hosts = allowed_hosts(portal)
        self._left = max_pages
        self._wanted: list[_Wanted] = []
        self._seen: set[str] = set(map(_page_key, portal.columns))
        self._depths: dict[str, int] = {}
        if not portal.columns:
            for url, stage in ((portal.entry, Stage.DISCLOSURE), (portal.home, Stage.HOME)):
                if url:
                    self._want(url, stage, 0, 0)

    def next_page(self) -> tuple[str, Stage] | None:
        """The page to fetch next and what it is expected to be; ``None`` when the walk is over.

        Once a column is found, only pages that should be columns themselves are still asked for.
        """
        while self._wanted and self._left > 0:
            wanted = heapq.heappop(self._wanted)
            if self.columns and wanted.stage < Stage.COLUMN:
                continue
            self._left -= 1
            self._depths[wanted.url] = wanted.depth
            return wanted.url, wanted.stage
        return None

    def take(
        self, url: str, stage: Stage, content: bytes, *, final_url: str | None = None, encoding: str | None = None
    ) -> Step:
        """Read the fetched page ``url`` (at ``final_url`` after redirects) and plan on from it.

        Raises:
            ValueError: the page is larger than ``markup.MAX_PAGE_BYTES``.
        """
        step = examine(content, address_of_step(url, final_url), self.portal, stage, encoding)
        self.note(url, step)
        return step

    def note(self, url: str, step: Step) -> None:
        """Plan on from a step that was read elsewhere.

        Args:
            url: as `next_page` gave it.
            step: what `examine` found at `address_of_step`.
        """
        stage = step.stage
        self.steps.append(step)
        depth = self._depths.get(url, 0) + 1
        if step.role == "column":
            if _page_key(step.url) not in map(_page_key, self.columns):
                self.columns.append(step.url)
            self._seen.add(_page_key(step.url))
            if step.list_page:
                self._seen.update(_page_key(link.url) for link in step.list_page.sub_columns)
                self._seen.update(_page_key(page) for page in step.list_page.next_pages)
        elif step.role == "article" and stage is Stage.COLUMN and step.is_report and step.url not in self.articles:
            self.articles.append(step.url)
        if step.redirect:
            self._want(step.redirect, max(stage, _word_score(Link(step.url, ""), stage)[2]), 200, depth)
        for candidate in step.candidates:
            self._want(candidate.link.url, candidate.leads_to, candidate.score, depth)

    def _want(self, url: str, stage: Stage, score: int, depth: int) -> None:
        if _page_key(url) in self._seen or depth > MAX_DEPTH or host_of(url) not in self._hosts:
            return
        self._seen.add(_page_key(url))
        heapq.heappush(self._wanted, _Wanted((-stage, -score, len(self._seen)), url, stage, depth))
