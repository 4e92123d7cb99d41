"""An article page: its title, date and source, and the documents it links or embeds."""

from __future__ import annotations

import json
import re
from functools import cache, partial
from heapq import merge
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlsplit

from lxml import etree

from crawler.portals.article_images import body_images, holds_tables
from crawler.portals.markup import (
    Element,
    anchor_text,
    base_of,
    characters_of,
    decode,
    iso_date,
    meta_values,
    outermost,
    parse_html,
    resolve,
    signs_test,
    squeeze,
    text_of,
)
from crawler.portals.model import ArticlePage, Link
from crawler.portals.places import Names, Place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DOCUMENT_SUFFIXES = ("pdf", "doc", "docx", "wps", "xls", "xlsx", "et", "ofd", "zip", "rar", "7z", "rtf")
MAX_ATTACHMENTS = 500
MAX_BODY_CHARACTERS = 2_000_000

_DOCUMENT_NAME = re.compile(rf"\.(?:{'|'.join(DOCUMENT_SUFFIXES)})$", re.IGNORECASE)
_DOWNLOAD_PATH = re.compile(
    r"/downfile\.jsp|/download\.jsp|/attachment/\d|/downloadattach|/filedownload|/download/[0-9a-f]{24}", re.IGNORECASE
)
_SIGNS = re.compile(rf"down|attachment|\.(?:{'|'.join(DOCUMENT_SUFFIXES)})")
"""One of them is in every address of a document, and in that of a viewer of one."""
_PAGE_NAME = re.compile(r"\.(?:s?html?|jpe?g|png|gif|bmp|svg|mp4|mp3|css|js|ico)$", re.IGNORECASE)
_VIEWER = re.compile(r"viewer\.html?$|/pdfjs|/pdf\.js|preview|onlineview|pageoffice|/generic/web", re.IGNORECASE)
_SCRIPT_APPENDIX = re.compile(
    r"""(?:appendix|attach|fujian|enclosure|annex)\w{0,60}["']?\s{0,20}(?:\+?=|:)\s{0,20}(?P<quote>['"])(?P<html>(?:\\.|(?!(?P=quote))[^\\]){4,20000})(?P=quote)""",
    re.IGNORECASE,
)
_SCRIPT_DOCUMENT = re.compile(
    rf"""(?P<quote>["'])(?P<url>(?:https?:)?\.{{0,2}}/[^"'<>\s]{{1,600}}?\.(?:{"|".join(DOCUMENT_SUFFIXES)}))(?:\?[^"'<>\s]{{0,300}})?(?P=quote)""",
    re.IGNORECASE,
)
_SCRIPT_SUFFIX = re.compile(rf"""\.(?:{"|".join(DOCUMENT_SUFFIXES)})["'?]""", re.IGNORECASE)
_SCRIPT_EMBED = re.compile(r"""\b(?:showVsbpdfIframe|PDFObject\.embed)\(\s*["'](?P<url>[^"'<>\s]{1,600})["']""")
_APPENDIX_SIGNS = ("append", "attach", "fuj", "enclo", "annex")
"""A match of ``_SCRIPT_APPENDIX`` begins with one of them; none has i, k or s, which have other forms beyond ASCII."""
_QUOTED = re.compile(r"""["']([^"']{4,600})["']""")
_DETAIL = re.compile(r"\bDETAIL\s*:\s*(?=\{)")


def _paths(*paths: str) -> tuple[etree.XPath, ...]:
    return tuple(etree.XPath(path) for path in paths)


_TITLE_PATHS = _paths(
    '//*[@id="title"][self::h1 or self::h2 or self::h3 or self::div or self::p]',
    "//h1[contains(@class,'title')]",
    "//*[contains(@class,'article-title') or contains(@class,'article_title') or contains(@class,'content_title')]",
    "//article//h1",
    "//*[contains(@class,'content') or contains(@class,'detail') or contains(@class,'article')]//h1",
    "//h1",
)
_DATE_PATHS = _paths(
    '//*[@id="pubDate" or @id="pubdate" or @id="publishDate" or @id="PubDate"]',
    "//time",
    "//*[contains(@class,'pubdate') or contains(@class,'pub-date') or contains(@class,'publish') or contains(@class,'date')]",
)
_SOURCE_PATHS = _paths('//*[@id="source"]', "//*[@class='source' or @class='ly']")
_BODIES = (
    Place(ids=("content", "zoom", "Zoom", "zoomcon", "pdfCon"), begins="vsb_content"),
    Place(ids=("UCAP-CONTENT",), classes=("v_news_content",)),
    Place(word="TRS_Editor", classes=("trs_editor_view",)),
    Place(classes=("details-main", "article-content", "content_article")),
    Place(classes=("yMain", "bt-article")),
    Place(tag="article"),
)
_MAX_TITLE = 200
_MAX_MATCHES = 50
_MAX_LINKS = 10_000
_MAX_FRAGMENTS = 100
_MAX_QUOTED = 20
_ENOUGH_FOR_A_TITLE = 1_000
_ENOUGH_FOR_A_DATE = 300
_SHOWN_DATE = re.compile(r"(?:发布|发表|成文|生成|公开|更新|印发)?(?:日期|时间)\s*[:：]\s*(?P<date>[\d年月日/.\s-]{8,16})")
_SHOWN_SOURCE = re.compile(r"(?:信息|稿件|文章)?(?:来源|发布机构|发布单位|发文机关)\s*[:：]\s*(?P<source>[^\s|｜:：]{2,40})")


def parse_article(content: bytes, url: str, encoding: str | None = None) -> ArticlePage:
    """Read an article page.

    Attachments are the documents that the page links, embeds or names in its scripts, in page order, absolute and without
    duplicates; the first text given to an address is kept. The texts are without white space: enough to judge by, not to
    extract from.

    Raises:
        ValueError: the page is larger than ``markup.MAX_PAGE_BYTES`` or another limit of ``markup``.
    """
    html = decode(content, encoding)
    root = parse_html(html)
    meta = meta_values(root)
    detail = _detail(html)
    body_html = detail.get("content")
    given = parse_html(body_html) if isinstance(body_html, str) and body_html else None
    page_text = cache(partial(text_of, root))
    names = Names(root)
    body, body_text = (given, characters_of(given)) if given is not None else _body(root, names)
    return ArticlePage(
        title=_title(root, meta, detail),
        published_date=_published(root, meta, page_text),
        source=_source(root, meta, page_text),
        attachments=_attachments(root, url, given),
        body_text=body_text[:MAX_BODY_CHARACTERS],
        images=body_images(root, base_of(root, url), names, given),
        has_tables=holds_tables(body),
        outer_tables=_outer_tables(root, body if given is None else None),
    )


def _outer_tables(root: Element, body: Element | None) -> str:
    """Text of the tables that stand beside the body: some portals close it too early."""
    read = set() if body is None else set(body.iter("table"))
    found: list[str] = []
    for table in root.iter("table"):
        if table not in read:
            read.update(table.iter("table"))
            found.append(characters_of(table))
    return "".join(found)[:MAX_BODY_CHARACTERS]


def promised_kind(url: str) -> str | None:
    """The kind of file a URL's path or parameters promise; ``None`` where they promise none.

    >>> promised_kind("http://a.gov.cn/down.jsp?type=zip&name=nb%2E2024.PDF"), promised_kind("http://a.gov.cn/files/pdf")
    ('pdf', None)
    """
    parts = urlsplit(url)
    for name in (parts.path, *(value for _, value in parse_qsl(parts.query))):
        stem, _, suffix = unquote(name).rstrip("/").rpartition("/")[2].lower().rpartition(".")
        if stem and suffix in DOCUMENT_SUFFIXES:
            return suffix
    return None


def is_document_url(url: str) -> bool:
    """Whether ``url`` addresses a document rather than a page, by its path or its file-name parameter."""
    parts = urlsplit(url)
    path = unquote(parts.path)
    if _DOCUMENT_NAME.search(path):
        return True
    if _PAGE_NAME.search(path) or _VIEWER.search(path):
        return False
    if any(_DOCUMENT_NAME.search(value) for _, value in parse_qsl(parts.query, max_num_fields=None)):
        return True
    return bool(_DOWNLOAD_PATH.search(path))


def _attachments(root: Element, url: str, given: Element | None) -> tuple[Link, ...]:
    base = base_of(root, url)
    found: dict[str, Link] = {}

    def keep(links: Iterator[tuple[str, str]]) -> None:
        for address, text in links:
            known = found.get(address)
            if (known is None and len(found) < MAX_ATTACHMENTS) or (known is not None and not known.text and text):
                found[address] = Link(address, text)

    keep(_linked(root, base))
    if given is not None:
        keep(_linked(given, base))
    keep(islice(_put_by_scripts(root, base), _MAX_LINKS))
    if not found:
        keep(islice(_named_in_scripts(root, base), _MAX_LINKS))
    return tuple(found.values())


def _put_by_scripts(root: Element, base: str) -> Iterator[tuple[str, str]]:
    """Documents in the markup that scripts put where the attachments are shown, and those that they embed."""
    fragments = 0
    for script in root.iter("script"):
        source = script.text or ""
        for match in _appendices(source):
            fragment = match["html"].replace("\\/", "/").replace('\\"', '"').replace("\\'", "'")
            if "<" in fragment and fragments < _MAX_FRAGMENTS:
                fragments += 1
                yield from _linked(parse_html(fragment), base)
        for match in islice(_SCRIPT_EMBED.finditer(source), _MAX_FRAGMENTS):
            if address := _document_at(base, match["url"]):
                yield address, ""


def _appendices(source: str) -> Iterator[re.Match[str]]:
    """``_SCRIPT_APPENDIX.finditer``, tried only where a match can begin: pages carry whole libraries in their scripts."""
    small = source.lower()
    if len(small) != len(source):
        yield from _SCRIPT_APPENDIX.finditer(source)
        return
    done = 0
    for start in merge(*(_occurrences(small, sign) for sign in _APPENDIX_SIGNS)):
        if start >= done and (match := _SCRIPT_APPENDIX.match(source, start)):
            yield match
            done = match.end()


def _occurrences(text: str, word: str) -> Iterator[int]:
    start = text.find(word)
    while start >= 0:
        yield start
        start = text.find(word, start + 1)


def _linked(root: Element, base: str) -> Iterator[tuple[str, str]]:
    is_possible = signs_test(_SIGNS, base)
    for element in islice(root.iter("a", "area", "iframe", "embed", "object", "frame", "param"), _MAX_LINKS):
        for attribute in ("href", "src", "data", "value", "data-url", "data-src"):
            href = element.get(attribute)
            if href and is_possible(href) and (address := _document_at(base, href)):
                yield address, anchor_text(element) if element.tag in {"a", "area"} else squeeze(element.get("title") or "")
                break
        else:
            for quoted in islice(_QUOTED.finditer(element.get("onclick") or ""), _MAX_QUOTED):
                if is_possible(quoted[1]) and (address := _document_at(base, quoted[1])):
                    yield address, anchor_text(element)
                    break


def _document_at(base: str, href: str) -> str | None:
    address = resolve(base, href)
    if address is None:
        return None
    parts = urlsplit(address)
    if _VIEWER.search(unquote(parts.path)):
        for name, value in parse_qsl(parts.query):
            if name.lower() in {"file", "url", "src", "path", "pdf", "fileurl"}:
                inner = resolve(address, unquote(value))
                if inner and is_document_url(inner):
                    return inner
    return address if is_document_url(address) else None


def _named_in_scripts(root: Element, base: str) -> Iterator[tuple[str, str]]:
    """Documents a page's own scripts show (``new PDFObject({url: '...pdf'})``); comments in scripts are left out."""
    for script in root.iter("script"):
        source = _without_comments(script.text or "")
        for match in _SCRIPT_DOCUMENT.finditer(source) if _SCRIPT_SUFFIX.search(source) else ():
            address = resolve(base, match["url"])
            if address and is_document_url(address):
                yield address, ""


def _without_comments(source: str) -> str:
    pieces: list[str] = []
    done = 0
    while (start := source.find("/*", done)) >= 0 and (end := source.find("*/", start + 2)) >= 0:
        pieces.append(source[done:start])
        done = end + 2
    return re.sub(r"(?m)^[ \t]*//.*$", "", "".join([*pieces, source[done:]]))


def _detail(html: str) -> dict[str, object]:
    """The article that gkmlpt pages hold as JSON in ``window._CONFIG.DETAIL``; empty where there is none."""
    match = _DETAIL.search(html) if "DETAIL" in html else None
    if not match:
        return {}
    try:
        found, _ = json.JSONDecoder().raw_decode(html, match.end())
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _sane_title(text: str) -> str | None:
    text = squeeze(re.sub(r"<[^>]*>?", " ", text))
    return text if 2 <= len(text) <= _MAX_TITLE and not text.isdigit() else None


def _title(root: Element, meta: dict[str, str], detail: dict[str, object]) -> str | None:
    given = detail.get("title")
    named = meta.get("articletitle", "")
    if "<" not in named and (found := _sane_title(named)):
        return found
    if isinstance(given, str) and (found := _sane_title(given)):
        return found
    for path in _TITLE_PATHS:
        for element in _select(root, path):
            if found := _sane_title(text_of(element, _ENOUGH_FOR_A_TITLE)):
                return found
    for element in islice(root.iter("title"), _MAX_MATCHES):
        text = squeeze("".join(map(str, element.itertext())))[:_ENOUGH_FOR_A_TITLE]
        if "<" not in text and (found := _sane_title(re.split(r"\s*[-_|—]{1,2}\s*(?=\S*(?:政府|网|局|委|厅|办))", text)[0])):
            return found
    return _sane_title(re.sub(r"&lt;[^&]*&gt;", "", named)) if named else None


def _published(root: Element, meta: dict[str, str], page_text: Callable[[], str]) -> str | None:
    for name in ("pubdate", "publishdate", "others"):
        if found := iso_date(meta.get(name, "")[:_ENOUGH_FOR_A_DATE]):
            return found
    for path in _DATE_PATHS:
        for element in _select(root, path)[:5]:
            if found := iso_date(text_of(element, _ENOUGH_FOR_A_DATE)[:60]):
                return found
    shown = _SHOWN_DATE.search(page_text())
    return iso_date(shown["date"]) if shown else None


def _source(root: Element, meta: dict[str, str], page_text: Callable[[], str]) -> str | None:
    named = meta.get("contentsource", "")
    if named and named not in {"本网", "本站", "原创", "无"}:
        return named
    for path in _SOURCE_PATHS:
        for element in _select(root, path)[:2]:
            text = re.sub(r"^\S{0,4}来源\s*[:：]\s*", "", text_of(element, _ENOUGH_FOR_A_TITLE))
            if 2 <= len(text) <= _MAX_TITLE:
                return text
    shown = _SHOWN_SOURCE.search(page_text())
    return shown["source"] if shown else named or None


def _body(root: Element, names: Names) -> tuple[Element, str]:
    """The element that holds the article, and its text."""
    for place in _BODIES:
        texts = [(element, characters_of(element)) for element in outermost(names.elements(place))]
        longest, text = max(texts, key=lambda one: len(one[1]), default=(root, ""))
        if text:
            return longest, text
    body = next(root.iter("body"), root)
    return body, characters_of(body)


def _select(root: Element, path: etree.XPath) -> list[Element]:
    found = path(root)
    return [item for item in found[:_MAX_MATCHES] if etree.iselement(item)] if isinstance(found, list) else []
