"""Reading the rows of a list page by what they look like: the repeating block of titled links, dates beside them.

No selector of any one site: rows are links that sit in the same place of the same markup. The block is chosen on evidence
(dates, long titles, article-like addresses, the report's own words), so that navigation is never taken for rows.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from urllib.parse import urlsplit

from crawler.portals.markup import (
    MAX_LINK_TEXT,
    Element,
    anchor_text,
    base_of,
    count_dates,
    host_of,
    iso_date,
    opened_by,
    parse_html,
    resolve,
    squeeze,
    text_of,
)
from crawler.portals.model import Link
from crawler.portals.titles import classify_title, has_year

MAX_ROWS = 5000
_MAX_PATH = 40
_MAX_CLIMB = 6
_MAX_ROW_TEXT = 500
_MAX_ROW_LINKS = 3
_LOOKED_AT = 2_000
"""Characters and elements of one row."""
_MAX_DATE_TEXT = 24
_DATE_TAGS = ("span", "p", "em", "i", "b", "time", "div", "label", "small")
_ROW_TAGS = frozenset({"li", "tr", "dl", "dd"})
_STATE_CLASS = re.compile(
    r"^(?:on|cur\w*|active|first|last|odd|even|hover|top|new|red|clearfix|cf|fl|fr|(?:bg|li|nav|item|row|tr|line|n|no|t|d)?\d+)$"
)
_FURNITURE = re.compile(
    r"nav|menu|foot|header|crumb|position|location|weizhi|dqwz|friend|yqlj|pager?\b|pagin|fenye|share|search|banner|copyright|"
    r"side|left|tree|toolbar|\btop\b|link",
    re.IGNORECASE,
)
_NOT_FURNITURE = re.compile(r"list|news|content|article|linklist|infolist", re.IGNORECASE)
_ARTICLE_URL = re.compile(
    r"(?:/|_|-|=|t|article|content|post)[0-9a-f]{4,40}\.(?:s?html?|jhtml|jspx?|aspx?|php)$|/[a-z]?\d{4,}$|content_\d+|"
    r"\.(?:pdf|docx?|wps|xlsx?|ofd|zip|rar)$|[?&](?:id|infoid|articleid|newsid|contentid)=\w+|/art_\w+|/info/\d+/\d+",
    re.IGNORECASE,
)
_PAGER_TEXT = re.compile(
    r"^(?:\[?\d{1,4}\]?|首\s*页|尾\s*页|末\s*页|上一?页|下一?页|第一页|最后一页|[<>«»‹›]+|更多.*|more.*|go|\.{2,})$",
    re.IGNORECASE,
)
_BUTTON_WORDS = r"(?:点击|在线|下载|查看|预览|阅读|打开|详情|详细|附件|全文|原文|文件|格式|版|PDF|Word|DOCX?|OFD|WPS)"
_BUTTON = re.compile(rf"^[\[(（【]?{_BUTTON_WORDS}{{1,4}}[\])）】]?$", re.IGNORECASE)
_YEAR_COLUMN = re.compile(r"^(?:19|20)\d\d\s*年?\s*度?(?:政府)?(?:信息公开)?(?:工作)?(?:年报|年度报告)?$")
_LEVEL_COLUMN = re.compile(
    r"^(?!政府信息公开|政务公开)(?:历年|往年|各)?(?:省|市|县|区|旗|州|县区|市县|区县|本级|省级|市级|县级|区级|人民)*"
    r"(?:政府|本级|各?部门|直部门|直单位|直机关|政府部门|组成部门|工作部门|乡镇|各?乡镇|镇街|街道|街道办(?:事处)?|乡镇街道|"
    r"直属单位|垂直(?:管理)?(?:部门|单位)|双管单位|公共企事业单位|事业单位|办公室|政府办(?:公室)?|人民政府|县区|各县区|县市区|各县市区|功能区|开发区)"
    r"(?:、?(?:街道|街道办|乡镇|部门|单位|机构|办事处))?(?:政府)?(?:信息公开)?(?:工作)?(?:年报|年度报告)?$"
)
_EMPTY = re.compile(
    r"暂无(?:数据|信息|内容|记录|相关|文章|资料|更新)|没有(?:相关|找到|任何)(?:信息|内容|数据|记录)|无相关(?:信息|内容|数据)|正在建设中|共\s*0\s*(?:条|篇)"
)


@dataclass(frozen=True, slots=True)
class Row:
    """A link and where it stands: ``key`` is the markup path it shares with its fellow rows."""

    link: Link
    anchor: Element
    row: Element
    key: tuple[str, ...]
    in_furniture: bool


@dataclass(frozen=True)
class Reading:
    """What a list page shows: ``rows`` of the chosen block first in page order, ``links`` every link of the page."""

    url: str
    base: str
    root: Element
    text: str
    links: tuple[Row, ...] = ()
    block: tuple[Row, ...] = ()
    items: tuple[Link, ...] = ()
    sub_columns: tuple[Link, ...] = field(default=())

    @cached_property
    def is_empty_list(self) -> bool:
        """The page itself says that the list is empty."""
        return bool(_EMPTY.search(self.text))

    @property
    def row_count(self) -> int:
        """Rows of the list's own block: what a declared page size is to be compared with."""
        return len({row.link.url for row in self.block})


def read_rows(html: str, url: str) -> Reading:
    """Read the rows of the page ``html`` found at ``url``. Never raises on markup; no row is a legal answer."""
    root = parse_html(html)
    base = base_of(root, url)
    links = _all_links(root, base)
    subs = _sub_columns(links, url)
    sub_urls = {link.url for link in subs}
    usable = [row for row in links if row.link.url not in sub_urls and row.link.url != url]
    block = _choose_block(usable)
    chosen = _with_neighbours(block, usable)
    chosen_anchors = {id(row.anchor) for row in chosen}
    for row in usable:
        if id(row.anchor) not in chosen_anchors and _names_a_report(row):
            chosen.append(row)
    return Reading(url, base, root, text_of(root), tuple(links), tuple(block), _items(chosen), subs)


def _names_a_report(row: Row) -> bool:
    return has_year(row.link.text) and classify_title(row.link.text).kind == "report"


def _items(rows: list[Row]) -> tuple[Link, ...]:
    """One item a URL; of several links to the same page the longest text and any date are kept."""
    found: dict[str, Link] = {}
    for row in rows:
        known = found.get(row.link.url)
        if known is None:
            found[row.link.url] = row.link
        else:
            text = max(known.text, row.link.text, key=len)
            found[row.link.url] = Link(known.url, text, known.date or row.link.date)
    return tuple(found.values())


def _all_links(root: Element, base: str) -> list[Row]:
    counts = _anchor_counts(root)
    texts, marks = _RowTexts(), _Marks()
    rows: list[Row] = []
    for anchor in root.iter():
        href = _target(anchor, base) if isinstance(anchor.tag, str) else None
        if href is None:
            continue
        if len(rows) >= MAX_ROWS:
            break
        row = _row_of(anchor, counts)
        text = anchor_text(anchor)
        if _BUTTON.match(text) and row is not anchor:
            text = _beside_buttons(row, texts[row]) or text
        if _PAGER_TEXT.match(text) or not text:
            title = squeeze(anchor.get("title") or "")
            text = title if title and not _PAGER_TEXT.match(title) else text
        date = _date_beside(anchor, row, texts)
        key, in_furniture = _path(anchor, row, marks)
        rows.append(Row(Link(href, _without_date(text, date), date), anchor, row, key, in_furniture))
    return rows


class _RowTexts(dict[Element, str]):
    """What rows say, each read once: one row may hold every link of the page."""

    def __missing__(self, row: Element) -> str:
        self[row] = text = text_of(row, _LOOKED_AT)
        return text


def _beside_buttons(row: Element, text: str) -> str:
    """The words of a row whose links are buttons (下载, PDF): its title stands beside them."""
    for anchor in islice(row.iter("a"), 4 * _MAX_ROW_LINKS):
        button = text_of(anchor, MAX_LINK_TEXT)
        if _BUTTON.match(button):
            text = text.replace(button, " ")
    return squeeze(text).strip(" :：·")


def _target(element: Element, base: str) -> str | None:
    """Where a link leads: its ``href``, or what its ``onclick`` opens; rows may be clickable without being anchors."""
    href = resolve(base, element.get("href") or "") if element.tag == "a" else None
    if href is None and (opener := element.get("onclick")):
        return next((found for address in opened_by(opener) if (found := resolve(base, address))), None)
    return href


_EDGE_DATE = re.compile(
    r"^[\s\[(（【]{0,4}(?:19|20)\d\d\s?[-/.]\s?\d{1,2}\s?[-/.]\s?\d{1,2}[\s\])）】]{0,4}"
    r"|[\s\[(（【]{0,4}(?:19|20)\d\d\s?[-/.年]\s?\d{1,2}\s?[-/.月]\s?\d{1,2}\s?日?(?:\s\d{1,2}:\d\d(?::\d\d)?)?[\s\])）】]{0,4}$"
)


def _date_beside(anchor: Element, row: Element, texts: _RowTexts) -> str | None:
    """The date printed in the row beside the title; one inside the link only where it stands at the title's edge."""
    inside = text_of(anchor, MAX_LINK_TEXT)
    if row is not anchor:
        beside = iso_date(texts[row].replace(inside, " ", 1) if inside else texts[row])
        if beside:
            return beside
    edge = _EDGE_DATE.search(inside)
    if edge:
        return iso_date(edge.group(0))
    boxes = (text_of(element, 2 * _MAX_DATE_TEXT) for element in islice(anchor.iter(*_DATE_TAGS), 8))
    return next((date for text in boxes if len(text) <= _MAX_DATE_TEXT and (date := iso_date(text))), None)


def _without_date(text: str, date: str | None) -> str:
    """A date printed inside the link before or after the title is not part of the title."""
    return (_EDGE_DATE.sub("", text) or text) if date and count_dates(text) else text


def _anchor_counts(root: Element) -> Counter[Element]:
    """Links below each element, counted no higher than needed to tell a row from a list."""
    counts: Counter[Element] = Counter()
    for anchor in root.iter("a"):
        node = anchor.getparent()
        for _ in range(_MAX_CLIMB + 2):
            if node is None:
                break
            counts[node] += 1
            node = node.getparent()
    return counts


def _row_of(anchor: Element, counts: Counter[Element]) -> Element:
    """The list entry that ``anchor`` stands in: its li/tr/dl if that holds few links, else the largest box of its own."""
    row = anchor
    node = anchor.getparent()
    for _ in range(_MAX_CLIMB):
        if node is None or node.tag in {"body", "html", "ul", "ol", "table", "tbody"} or counts[node] > _MAX_ROW_LINKS:
            break
        if node.tag in _ROW_TAGS:
            return _whole_row(node, counts)
        if counts[node] == 1:
            text = text_of(node, _LOOKED_AT)
            if len(text) > _MAX_ROW_TEXT or (count_dates(text) > 1 and row is not anchor):
                break
            row = node
        node = node.getparent()
    return row


def _whole_row(row: Element, counts: Counter[Element]) -> Element:
    """``row``, or the ``ul`` around it where the ``li`` of that are the cells of one entry: number, title and date."""
    box = row.getparent()
    if row.tag == "li" and box is not None and box.tag == "ul" and counts[box] == 1 and len(box) > 1:
        around = box.getparent()
        if (
            around is not None
            and counts[box] <= counts[around]
            and _is_repeated(box)
            and len(text_of(box, _LOOKED_AT)) <= _MAX_ROW_TEXT
        ):
            return box
    return row


def _is_repeated(box: Element) -> bool:
    """Whether lists of one entry each follow each other, bare or each in a box of its own."""
    holder = box.getparent()
    for node in (box, holder):
        if node is None:
            continue
        for sibling in (node.getprevious(), node.getnext()):
            if sibling is not None and sibling.tag == node.tag and sibling.get("class") == node.get("class"):
                return True
    return False


class _Marks(dict[Element, tuple[bool, str]]):
    """Of elements around links, each looked at once: whether it is the page's frame, and its tag with its stable classes."""

    def __missing__(self, node: Element) -> tuple[bool, str]:
        names = f"{node.get('class') or ''} {node.get('id') or ''}"
        furniture = node.tag in {"nav", "footer", "header"} or (
            _FURNITURE.search(names) is not None and not _NOT_FURNITURE.search(names)
        )
        classes = sorted(name for name in (node.get("class") or "").split() if not _STATE_CLASS.match(name))
        self[node] = mark = (furniture, ".".join([str(node.tag), *classes]))
        return mark


def _path(anchor: Element, row: Element, marks: _Marks) -> tuple[tuple[str, ...], bool]:
    """Markup path from the link up to the page: bare tags inside the row, tags with stable classes above it."""
    parts: list[str] = []
    furniture = False
    inside = True
    node: Element | None = anchor
    for _ in range(_MAX_PATH):
        if node is None or not isinstance(node.tag, str):
            break
        is_frame, part = marks[node]
        furniture = furniture or is_frame
        if inside:
            parts.append(node.tag)
            inside = node is not row
        else:
            parts.append(part)
        node = node.getparent()
    return tuple(parts), furniture


def _choose_block(rows: list[Row]) -> list[Row]:
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(row.key, []).append(row)
    best: list[Row] = []
    highest = 0.0
    for group in groups.values():
        score = _score(group)
        if score > highest:
            best, highest = group, score
    return best


def _score(group: list[Row]) -> float:
    score = 0.0
    for row in group[:60]:
        text, path = row.link.text, urlsplit(row.link.url)
        if _PAGER_TEXT.match(text) or not text:
            score -= 1
            continue
        article = bool(_ARTICLE_URL.search(path.path + ("?" + path.query if path.query else "")))
        report = classify_title(text).kind == "report"
        if not (row.link.date or article or report):
            score -= 0.5
            continue
        score += 1.5 * bool(row.link.date) + 1.0 * article + 4.0 * report
        score += 1.0 if len(text) >= 10 else -1.0 if len(text) < 6 and not has_year(text) else 0.0
    if group[0].in_furniture:
        score = score / 4 - 1
    return score


def _with_neighbours(block: list[Row], rows: list[Row]) -> list[Row]:
    """The block and the links that stand in the same container in other markup: pinned rows, rows in bold or colour."""
    if not block:
        return []
    containers = {parent for row in block if (parent := row.row.getparent()) is not None}
    keys = {row.key for row in block}
    chosen = []
    for row in rows:
        parent = row.row.getparent()
        inside = parent is not None and parent in containers
        if (row.key not in keys and not inside) or _PAGER_TEXT.match(row.link.text) or not row.link.text:
            continue
        if row.key not in keys and (row.in_furniture or len(row.link.text) < 6):
            continue
        chosen.append(row)
    return chosen


def names_sub_column(text: str) -> bool:
    """Whether a link's text is only a year or a level of government: 2023年, 县政府, 乡镇（街道）."""
    bare = re.sub(r"[\s\W_]+", "", text)
    return bool(_YEAR_COLUMN.match(bare) or _LEVEL_COLUMN.match(bare))


_REPORT_DIRECTORY = re.compile(r"(?:nb|ndbg|xxgkbg)\d*/$", re.IGNORECASE)


def _sub_columns(rows: list[Row], url: str) -> tuple[Link, ...]:
    """Links to the same column by year or by level: named so, on the same host, to a list and not to an article.

    A link named after a year or a level counts only below the column's own directory, beside it (a level only where the
    directory around both is one of reports), or where it addresses a list by query (``?catId=``), because "市政府" stands in
    every portal's navigation.
    """
    here = urlsplit(url)
    directory = here.path.rpartition("/")[0] + "/"
    parent = directory.rstrip("/").rpartition("/")[0] + "/"
    found: dict[str, Link] = {}
    for row in rows:
        text = re.sub(r"[\s\W_]+", "", row.link.text)
        if row.link.url == url or not text or len(text) > 24:
            continue
        is_year, is_level = bool(_YEAR_COLUMN.match(text)), bool(_LEVEL_COLUMN.match(text))
        if not (is_year or is_level) or host_of(row.link.url) != host_of(url) or not is_list_url(row.link.url):
            continue
        target = urlsplit(row.link.url)
        below = target.path.startswith(directory) and target.path != here.path
        beside = (
            target.path.startswith(parent) and parent.count("/") > 1 and (is_year or bool(_REPORT_DIRECTORY.search(parent)))
        )
        by_query = is_year and target.path == here.path and target.query != here.query
        if below or beside or by_query:
            found.setdefault(row.link.url, Link(row.link.url, text))
    return tuple(found.values())


_LIST_FILE = re.compile(r"^(?:index|list|default|node|col\w*)?(?:_?\d{1,3})?\.(?:s?html?|jspx?|aspx?|php)$", re.IGNORECASE)


def is_list_url(url: str) -> bool:
    """Whether ``url`` has the shape of a list's address (a directory, index.html, list.shtml, a query) and not an article's."""
    parts = urlsplit(url)
    name = parts.path.rpartition("/")[2]
    if not name or _LIST_FILE.match(name):
        return True
    if re.search(r"\.(?:pdf|docx?|wps|xlsx?|ofd|zip|rar|jpe?g|png)$", name, re.IGNORECASE):
        return False
    if parts.query:
        return not re.search(r"[?&](?:id|infoid|articleid|newsid)=", "?" + parts.query, re.IGNORECASE)
    return not re.search(r"\d{4,}", name) or bool(re.fullmatch(r"(?:19|20)\d\d(?:n|nb|nd)?(?:\.\w+)?", name))
