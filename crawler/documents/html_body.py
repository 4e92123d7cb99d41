"""The article among the furniture of its page."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from lxml.html import HtmlElement

from crawler.documents.html_table import SKIPPED_TAGS, is_layout, own_cells

# Where the families of content management systems put the body; the narrower the earlier. (attribute, value), lower case.
# Seen in public crawlers and saved pages of TRS WCM, Hanweb JCMS, NFCMS, gkmlpt, VSB, UCAP, the Henan platform, EX8, Kaipu.
KNOWN_CONTAINERS: tuple[tuple[str, str], ...] = (
    ("class", "trs_editor"),
    ("class", "custom_unionstyle"),
    ("class", "trs_editor_view"),
    ("class", "trs_paper_default"),
    ("id", "ucap-content"),
    ("tag", "ucapcontent"),
    ("id", "vsb_content"),
    ("id", "vsb_content_2"),
    ("id", "vsb_content_4"),
    ("id", "vsb_content_100"),
    ("class", "v_news_content"),
    ("id", "zoom"),
    ("class", "bt-article-02"),
    ("class", "content_article"),
    ("class", "article-content"),
    ("class", "article_content"),
    ("class", "news_content"),
    ("class", "newscontent"),
    ("class", "j-fontcontent"),
    ("class", "wzcon"),
    ("id", "pdfcon"),
    ("id", "articlecontent"),
    ("id", "content"),
    ("class", "details-main"),
    ("class", "pages_content"),
    ("class", "ymain"),
    ("class", "article"),
)
_WORD_SECTION = re.compile(r"(?:word)?section\d+", re.IGNORECASE)

# Words that only the three statutory tables and the six section headings print.
STATUTORY_WORDS = (
    "信息内容",
    "申请人情况",
    "本年新收政府信息公开申请",
    "法人或其他组织",
    "未经复议直接起诉",
    "对外公开总数量",
    "处理决定数量",
)
SECTION_WORDS = (
    "主动公开政府信息情况",
    "收到和处理政府信息公开申请情况",
    "政府信息公开行政复议",
    "存在的主要问题及改进情况",
    "其他需要报告的事项",
)

_FURNITURE_TAGS = frozenset({"nav", "header", "footer", "aside"})
# Paragraphs and headings are the article's own, whatever an editor calls their style.
_FURNITURE_HOLDERS = frozenset({"div", "ul", "ol", "dl", "section", "form", "em"})
_LIST_TAGS = frozenset({"ul", "ol", "dl", "div"})
_FURNITURE_NAME = re.compile(
    r"(?:^|[-_ ])(?:nav|navbar|navigation|topnav|menu|header|footer|foot|bottom|breadcrumb|crumbs?|position|dqwz|share"
    r"|bdshare\w*|sharebox|sidebar|side|toolbar|tools?|print|qr-?code|ewm|pagination|pager|page-?turn|prev(?:ious)?|next|related|xgwz|xgyd|copyright"
    r"|search|login|fontsize|relevant|xggjbox|output|others)(?:$|[-_ ])",
    re.IGNORECASE,
)
_MAX_FURNITURE_CHARACTERS = 600
_MIN_BODY_CHARACTERS = 20
_MIN_PROSE_CHARACTERS = 25
_MAX_HEADING_CHARACTERS = 40
_SIBLING_SHARE = 0.2
_MIN_LIST_LINKS = 4
_LINK_LIST_SHARE = 0.8
_OWN_LINK = re.compile(
    r"^\s*(?:#|javascript:)|\.(?:pdf|docx?|xlsx?|wps|et|ofd|rtf|zip|rar|7z|jpe?g|png|tiff?)\b|download|attach|/__local/",
    re.IGNORECASE,
)
_SPACES = re.compile(r"\s+")


def find_body(page: HtmlElement) -> HtmlElement:
    """The smallest element that holds the article.

    A known container if the page has one, else the element in which prose and tables are densest; then widened until it holds
    every statutory table and section heading on the page, so that no part of a report is left out.
    """
    found = _known(page)
    if found is None:
        found = _densest(page)
    wanted = [*([found] if found is not None else []), *_statutory(page)]
    if not wanted:
        return page
    return _common_ancestor(wanted)


def is_furniture(element: HtmlElement) -> bool:
    """Whether an element inside the article is navigation, sharing, printing or the like; never one with a report's tables."""
    name = f"{element.get('class') or ''} {element.get('id') or ''}"
    is_named = element.tag in _FURNITURE_TAGS or (element.tag in _FURNITURE_HOLDERS and _FURNITURE_NAME.search(name))
    if not is_named and element.tag not in _LIST_TAGS:
        return False
    if text_length(element, _MAX_FURNITURE_CHARACTERS) > _MAX_FURNITURE_CHARACTERS:
        return False
    return bool(is_named or _is_link_list(element)) and next(_statutory(element), None) is None


def _is_link_list(element: HtmlElement) -> bool:
    """A list of links to other pages; links to attachments and to places in the page are the article's own."""
    links = [link for link in element.iter("a") if not _OWN_LINK.search(link.get("href") or "#")]
    if len(links) < _MIN_LIST_LINKS:
        return False
    return sum(map(text_length, links)) >= _LINK_LIST_SHARE * text_length(element)


def text_length(element: HtmlElement, enough: int | None = None) -> int:
    """Characters of text in an element without white space and scripts; counting stops once above ``enough``."""
    length = 0
    for node in element.iter():
        if isinstance(node.tag, str) and node.tag not in SKIPPED_TAGS and node.text:
            length += len(_SPACES.sub("", node.text))
        if node is not element and node.tail:
            length += len(_SPACES.sub("", node.tail))
        if enough is not None and length > enough:
            break
    return length


def _known(page: HtmlElement) -> HtmlElement | None:
    sections = [element for element in page.iter("div") if _WORD_SECTION.fullmatch(element.get("class") or "")]
    if sections:
        return _common_ancestor(sections)
    by_rule: dict[tuple[str, str], list[HtmlElement]] = defaultdict(list)
    for element in page.iter():
        if not isinstance(element.tag, str):
            continue
        by_rule[("tag", element.tag)].append(element)
        by_rule[("id", (element.get("id") or "").lower())].append(element)
        for name in (element.get("class") or "").lower().split():
            by_rule[("class", name)].append(element)
    for rule in KNOWN_CONTAINERS:
        matches = [element for element in by_rule.get(rule, ()) if _holds_something(element)]
        if matches:
            return _joined(matches)
    return None


def _holds_something(element: HtmlElement) -> bool:
    return text_length(element) >= _MIN_BODY_CHARACTERS or next(element.iter("table", "img"), None) is not None


def _joined(matches: Sequence[HtmlElement]) -> HtmlElement:
    """The fullest of several matches with those beside it that hold a fair part of the text; a body may be cut in pieces."""
    known = set(matches)
    outer = [element for element in matches if known.isdisjoint(element.iterancestors())]
    lengths = {element: text_length(element) for element in outer}
    most = max(lengths.values())
    return _common_ancestor([element for element in outer if lengths[element] >= most * _SIBLING_SHARE])


def _densest(page: HtmlElement) -> HtmlElement | None:
    scores: dict[HtmlElement, float] = defaultdict(float)
    for element in page.iter():
        if not isinstance(element.tag, str) or element.tag in SKIPPED_TAGS or element.tag == "a":
            continue
        if element.tag == "table":
            weight = 0.0 if is_layout(element) else float(text_length(element))
        else:
            own = (element.text or "") + "".join(child.tail or "" for child in element)
            length = len(_SPACES.sub("", own))
            weight = float(length) if length >= _MIN_PROSE_CHARACTERS else 0.0
        if not weight or any(ancestor.tag in _FURNITURE_TAGS or ancestor.tag == "a" for ancestor in element.iterancestors()):
            continue
        holder = element if element.tag in {"div", "td", "article", "section", "body"} else element.getparent()
        while holder is not None and holder.tag in {"span", "font", "p", "strong", "b", "tbody", "tr"}:
            holder = holder.getparent()
        if holder is None:
            continue
        scores[holder] += weight
        above = holder.getparent()
        if above is not None:
            scores[above] += weight / 2
    return max(scores, key=lambda element: scores[element]) if scores else None


def _statutory(page: HtmlElement) -> Iterator[HtmlElement]:
    """Statutory tables and section headings."""
    for table in page.iter("table"):
        if not is_layout(table) and any(word in _SPACES.sub("", table.text_content()) for word in STATUTORY_WORDS):
            yield table
    for element in page.iter():
        if not isinstance(element.tag, str) or element.tag in SKIPPED_TAGS:
            continue
        for text, holder in ((element.text, element), (element.tail, element.getparent())):
            if (
                text
                and holder is not None
                and len(text.strip()) <= _MAX_HEADING_CHARACTERS
                and any(word in text for word in SECTION_WORDS)
                and holder.tag not in SKIPPED_TAGS
                and not any(ancestor.tag in {"a", "title", "head"} for ancestor in (holder, *holder.iterancestors()))
            ):
                yield holder


def is_statutory_table(table: HtmlElement) -> bool:
    """Whether a data table prints words of the statutory forms."""
    text = _SPACES.sub("", table.text_content())
    return len(own_cells(table)) > 1 and any(word in text for word in STATUTORY_WORDS)


def _common_ancestor(elements: Iterable[HtmlElement]) -> HtmlElement:
    first, *others = elements
    chain = [first, *first.iterancestors()]
    position = {element: depth for depth, element in enumerate(chain)}
    deepest = 0
    for other in others:
        deepest = max(deepest, next(position[item] for item in (other, *other.iterancestors()) if item in position))
    return chain[deepest]
