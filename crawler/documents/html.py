"""HTML pages and fragments to paragraphs and grids: the article alone, without its page's furniture."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from lxml import etree
from lxml import html as lxml_html
from lxml.html import HtmlElement

from crawler.documents import html_metadata as about
from crawler.documents.encoding import declared_encoding, decode
from crawler.documents.html_body import find_body, is_furniture, is_statutory_table, text_length
from crawler.documents.html_table import BLOCK_TAGS, SKIPPED_TAGS, collapse, is_hidden, is_layout, own_cells, read_table, trim
from crawler.documents.model import Block, Document, Grid, Paragraph
from crawler.outcomes import Outcome, OutcomeError

MEDIA_TYPE = "text/html"

_MIN_PROSE = 40
"""A line this long (characters) above which no publication line is expected any more."""
_SERVER_PROLOGUE = re.compile(r"\A\s*(?:<%.*?%>\s*)+", re.DOTALL)
_FURNITURE_LINE = re.compile(
    r"(?:上|下)一(?:篇|条|页)\s*[：:].*|分享(?:到|至)?\s*[：:].{0,40}|扫一扫.{0,30}|(?:您)?(?:当前|现在|所在)(?:的)?位置\s*[：:].{0,120}"
    r"|相关(?:阅读|链接|文章|信息)\s*[：:]?|责任编辑\s*[：:].{0,20}|(?:浏览|点击|阅读|访问)(?:次数|量|数|率)?\s*[：:].{0,30}"
)
# A line that is nothing but these is a row of buttons; taken out one by one, since a single pattern would backtrack.
_BUTTON = re.compile(
    r"打印(?:本页|此页|文章)?|关闭(?:本页|窗口|当前页面|当前页)?|(?:加入)?收藏(?:本页)?|返回(?:顶部|列表|首页)?|我要纠错|纠错|分享到?|推荐"
    r"|复制|下载|保存|字号|字体|[大中小]|[上下]一[篇条]|TOP|[【】\[\]（）()〖〗：:|｜\s]"
)
_MAX_BUTTONS = 60
_INLINE_TAG = re.compile(r"</?(?:font|span|b|i|u|em|strong|big|small|o:p|st1:[a-z]+)(?:\s[^<>]*)?/?>", re.IGNORECASE)
_CUT = "page_without_end"
"""The page opens ``<html>`` and never closes it: the transfer may have been cut."""


@dataclass(slots=True)
class _Flow:
    """Walks the article once, in order; ``blocks`` grows."""

    keep_hidden: bool
    blocks: list[Block] = field(default_factory=list)
    pairs: dict[str, str] = field(default_factory=dict)
    grid_count: int = 0
    _line: list[str] = field(default_factory=list)

    def walk(self, element: HtmlElement) -> None:
        self._line.append(element.text or "")
        for child in element:
            if isinstance(child.tag, str):
                self._element(child)
            self._line.append(child.tail or "")

    def _element(self, element: HtmlElement) -> None:
        tag = element.tag
        if tag in SKIPPED_TAGS or (is_hidden(element) and not self.keep_hidden):
            return
        if tag in {"br", "hr"}:
            self.flush()
        elif tag == "table":
            self.flush()
            self._table(element)
        elif tag in BLOCK_TAGS:
            if is_furniture(element):
                return
            self.flush()
            self.walk(element)
            self.flush()
        elif not is_furniture(element):
            self.walk(element)

    def _table(self, table: HtmlElement) -> None:
        if is_layout(table):
            for cell in own_cells(table):
                self.flush()
                self.walk(cell)
            self.flush()
            return
        grid = read_table(table, self.grid_count + 1)
        if grid is None:
            return
        pairs = {} if self.grid_count else about.metadata_pairs(grid)
        if pairs and not is_statutory_table(table):
            self.pairs.update(pairs)
            return
        for caption in table.iterchildren("caption"):
            self.walk(caption)
            self.flush()
        self.grid_count += 1
        self.blocks.append(grid)

    def flush(self) -> None:
        """End the line: what was gathered becomes a paragraph."""
        text = trim(collapse("".join(self._line)))
        self._line.clear()
        if text and not _is_furniture_line(text):
            self.blocks.append(Paragraph(text))


def read_html(content: bytes, encoding: str | None = None) -> Document:
    """Read an HTML page or fragment.

    Args:
        content: the page as received.
        encoding: what the transport said the charset is; a charset in the page counts before it, the bytes before both.

    Flags beside those of the encoding: ``page_without_end``.

    Raises:
        OutcomeError: ``not_a_document`` for a page without content, ``too_large`` for elements nested deeper than 255 or a
            table of more slots than any form has.
    """
    decoded = decode(content, declared_encoding(content) or encoding)
    page = _parse(decoded.text)
    metadata = about.meta_tags(page)
    title = about.page_title(page, metadata)
    body = find_body(page)
    scripted = about.scripted_body(decoded.text)
    if scripted is not None:
        inner = _parse(f"<div>{scripted.markup}</div>")
        if text_length(inner) * 5 >= text_length(body) * 4 or _tables(inner) > _tables(body):
            body = inner
            title = scripted.title or title
        metadata = {**scripted.metadata, **metadata}
    flow = _flow(body)
    blocks, dropped = _without_publication_lines(flow.blocks)
    before = [*_lines_before(page, body), *dropped]
    for label, value in _pairs_outside(page, body).items():
        flow.pairs.setdefault(label, value)
    for pair in filter(None, map(about.line_pair, before)):
        flow.pairs.setdefault(*pair)
    for key, value in {**flow.pairs, **about.from_pairs(flow.pairs), **about.publication(page, before)}.items():
        metadata.setdefault(key, value)
    metadata["encoding"] = decoded.encoding
    return Document(
        MEDIA_TYPE, tuple(blocks), title=title, metadata=metadata, flags=(*decoded.flags, *_signs_of_a_cut(decoded.text))
    )


def html_title(content: bytes) -> str | None:
    """What a page calls itself, for messages; ``None`` where it does not say or cannot be parsed."""
    try:
        page = _parse(decode(content, declared_encoding(content)).text)
    except OutcomeError:
        return None
    return about.window_title(page) or about.page_title(page, about.meta_tags(page))


def _signs_of_a_cut(text: str) -> tuple[str, ...]:
    opened = re.search(r"<html[\s>]", text[:4096], re.IGNORECASE)
    return (_CUT,) if opened and not re.search(r"</(?:html|body)\s*>", text[-65_536:], re.IGNORECASE) else ()


def _is_furniture_line(text: str) -> bool:
    if _FURNITURE_LINE.fullmatch(text):
        return True
    return 1 < len(text) <= _MAX_BUTTONS and not _BUTTON.sub("", text)


def _parse(text: str) -> HtmlElement:
    text = _SERVER_PROLOGUE.sub("", text)
    page = _tree(text)
    if page is None:
        # Editors leave hundreds of <font> and <span> open, each inside the last; they say nothing about structure.
        page = _tree(_INLINE_TAG.sub("", text))
    if page is None:
        raise OutcomeError(Outcome.TOO_LARGE, "the page is nested too deeply to be read whole")
    return page


def _tree(text: str) -> HtmlElement | None:
    """The page's tree; ``None`` where elements nest deeper than the parser's limit, beyond which it would drop them."""
    parser = lxml_html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, no_network=True, huge_tree=False)
    try:
        page = lxml_html.document_fromstring(text.encode("utf-8", errors="replace"), parser=parser)
    except etree.ParserError as error:
        raise OutcomeError(Outcome.NOT_A_DOCUMENT, "the page is empty") from error
    is_cut = any(entry.level_name == "FATAL" and "LIMIT" in entry.type_name for entry in parser.error_log)
    return None if is_cut else page


def _flow(body: HtmlElement) -> _Flow:
    """The article's blocks; where no table is visible but a hidden one exists (tabs opened by script), the hidden ones too."""
    for keep_hidden in (False, True):
        flow = _Flow(keep_hidden)
        flow.walk(body)
        flow.flush()
        if flow.grid_count or not any(is_statutory_table(table) for table in body.iter("table")):
            break
    return flow


def _tables(element: HtmlElement) -> int:
    return sum(is_statutory_table(table) for table in element.iter("table"))


def _without_publication_lines(blocks: list[Block]) -> tuple[list[Block], list[str]]:
    """The blocks without the lines above the body that say when and by whom it was published, and those lines."""
    kept: list[Block] = []
    dropped: list[str] = []
    is_above = True
    for block in blocks:
        if is_above and isinstance(block, Paragraph) and _is_about_line(block.text):
            dropped.append(block.text)
            continue
        if isinstance(block, Grid) or len(block.text) >= _MIN_PROSE:
            is_above = False
        kept.append(block)
    return kept, dropped


def _pairs_outside(page: HtmlElement, body: HtmlElement) -> dict[str, str]:
    """The pairs of metadata blocks set as tables that stand outside the article."""
    pairs: dict[str, str] = {}
    inside = set(body.iter("table"))
    for table in page.iter("table"):
        if table in inside or is_layout(table):
            continue
        grid = read_table(table, 1)
        for label, value in about.metadata_pairs(grid).items() if grid else ():
            pairs.setdefault(label, value)
    return pairs


def _is_about_line(line: str) -> bool:
    return about.is_publication_line(line) or about.line_pair(line) is not None


def _lines_before(page: HtmlElement, body: HtmlElement) -> list[str]:
    """The lines of the page above the article."""
    lines: list[str] = []
    current: list[str] = []

    def end_line() -> None:
        text = trim(collapse("".join(current)))
        current.clear()
        if text:
            lines.append(text)

    def walk(element: HtmlElement) -> bool:
        if element is body:
            return True
        current.append(element.text or "")
        for child in element:
            if isinstance(child.tag, str) and child.tag not in SKIPPED_TAGS:
                is_block = child.tag in BLOCK_TAGS or child.tag == "br"
                if is_block:
                    end_line()
                if walk(child):
                    return True
                if is_block:
                    end_line()
            current.append(child.tail or "")
        return False

    walk(page)
    end_line()
    return lines
