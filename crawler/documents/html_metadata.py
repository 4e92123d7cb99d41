"""What an HTML page says about itself: title, meta tags, publication line, metadata block, and bodies kept in scripts."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lxml.html import HtmlElement

from crawler.documents.html_table import collapse, trim
from crawler.documents.model import Grid, grid_rows

# Labels of the block that portals print above an article, compared without spaces and brackets.
METADATA_LABELS = frozenset(
    {
        "索引号", "信息索引号", "索引", "统一编号", "文号", "发文字号", "文件编号", "公文文号", "文件字号",
        "发文日期", "发文时间", "生成日期", "成文日期", "发布日期", "发布时间", "公开日期", "公开时间", "生效日期", "实施日期",
        "废止日期", "失效日期", "终止日期", "更新日期", "生成时间", "成文时间",
        "公开方式", "公开形式", "公开范围", "公开时限", "公开程序", "公开类别", "公开属性", "公开责任部门",
        "有效性", "时效性", "是否有效", "效力状态", "有效期", "状态",
        "发布机构", "发布单位", "发文机关", "发文单位", "制发机关", "发布机关", "责任部门", "所属机构", "信息来源", "来源",
        "公开主体",
        "主题分类", "体裁分类", "组配分类", "信息分类", "所属分类", "分类", "服务对象", "主题词", "关键词", "主题", "体裁",
        "名称", "标题", "信息名称", "文件名称", "内容概述", "内容概要", "概述", "目录编号", "所属主题",
    }
)  # fmt: skip
_PUBLICATION_LABELS = ("发布日期", "发布时间", "公开日期", "公开时间", "生成日期", "发文日期", "成文日期")
_SOURCE_LABELS = ("信息来源", "来源", "发布机构", "发布单位", "发布机关")

_DAY = r"(?:19|20)\d{2}\s*(?:-|/|\.|年)\s*\d{1,2}\s*(?:-|/|\.|月)\s*\d{1,2}\s*日?"
_DATE = _DAY + r"(?:\s*\d{1,2}\s*[:：∶]\s*\d{2}(?:\s*[:：∶]\s*\d{2})?)?"
_PUBLISHED = re.compile(rf"(?:发布|发表|公开|发文|更新|生成|成文|录入)(?:时间|日期)\s*[：:∶】\]]?\s*({_DATE})")
_TIME = re.compile(rf"(?:时间|日期)\s*[：:∶]\s*({_DATE})")
_BARE_DATE = re.compile(_DATE)
_SOURCE = re.compile(r"(?:信息)?(?:来源|发布机构|发布单位|供稿单位?)\s*[：:]\s*([^\s\[\]【】|｜:：]{2,40})")
_LINE_LABEL = re.compile(
    rf"(?:(?:发布|发表|公开|发文|更新|生成|成文)?(?:时间|日期)|(?:信息)?来源|发布机构|发布单位|作者|编辑|浏览(?:次数|量)?|点击(?:次数|率|量)?|阅读(?:次数|量)?|字号|字体|访问量)\s*[：:]|^{_DATE}$"
)
_MAX_LINE = 160
_TAG_REMAINS = re.compile(r"<[^>]{0,200}>?")
_SITE_SEPARATOR = re.compile(r"\s*(?:_|\||｜|——|—|–|--|-|·|>|»)\s*")
_SITE_WORDS = re.compile(
    r"门户网站|政府网|政务网|信息网|官方网站|官网|信息公开网|人民政府网|网站$|公开平台|专栏$|首页|^年报$|^政府信息公开"
)
_DETAIL = re.compile(r"\bDETAIL[\"']?\s*:\s*(?=\{)")
_MIN_TITLE, _MAX_TITLE = 4, 200


@dataclass(frozen=True, slots=True)
class ScriptedBody:
    """An article that a page carries as data for its script."""

    markup: str
    title: str | None
    metadata: Mapping[str, str]


def meta_tags(page: HtmlElement) -> dict[str, str]:
    """All named meta tags under lower-case names; the first of a name that is not empty counts."""
    found: dict[str, str] = {}
    for element in page.iter("meta"):
        name = (element.get("name") or element.get("property") or "").strip().lower()
        value = trim(html.unescape(element.get("content") or ""))
        if name and value and name not in found:
            found[name] = value
    return found


def page_title(page: HtmlElement, metadata: Mapping[str, str]) -> str | None:
    """The title: the ``ArticleTitle`` tag if it looks like one, else the heading, else ``<title>`` without the site."""
    tagged = metadata.get("articletitle", "")
    if _is_title(tagged) and "<" not in tagged and tagged != metadata.get("sitename"):
        return collapse(tagged)
    for heading in _headings(page):
        if _is_title(heading) and heading != metadata.get("sitename"):
            return heading
    named = window_title(page)
    if not named:
        return None
    named = trim(collapse(_TAG_REMAINS.sub("", named)))
    parts = [part for part in _SITE_SEPARATOR.split(named) if part]
    sites = {metadata.get("sitename"), metadata.get("columnname")}
    own = [part for part in parts if part not in sites and not _SITE_WORDS.search(part) and len(part) >= _MIN_TITLE]
    return next(iter(own), None) or (named or None)


def window_title(page: HtmlElement) -> str | None:
    """The text of ``<title>``, white space collapsed."""
    for element in page.iter("title"):
        text = trim(collapse(html.unescape(element.text_content())))
        if text:
            return text
    return None


def _headings(page: HtmlElement) -> list[str]:
    ranked: list[tuple[int, str]] = []
    for element in page.iter("h1", "h2", "h3", "div", "p", "span", "td"):
        names = {(element.get("id") or "").lower(), *(element.get("class") or "").lower().split()}
        if names & {
            "title",
            "content_title",
            "article-title",
            "article_title",
            "bt-title",
            "arti_title",
            "wz_title",
            "contenttitle",
        }:
            rank = 0
        elif element.tag == "h1" and "logo" not in names:
            rank = 1
        else:
            continue
        if any((ancestor.tag or "") in {"nav", "footer", "a"} for ancestor in element.iterancestors()):
            continue
        text = "\n".join(trim(collapse(line)) for line in _lines(element))
        ranked.append((rank, trim(text)))
    return [text for _, text in sorted(ranked, key=lambda item: item[0])]


def _lines(element: HtmlElement) -> list[str]:
    parts = [element.text or ""]
    for child in element.iterdescendants():
        if child.tag == "br":
            parts.append("\x00")
        elif isinstance(child.tag, str) and child.tag not in {"script", "style"}:
            parts.append(child.text or "")
        parts.append(child.tail or "")
    return [line for line in "".join(parts).split("\x00") if trim(line)]


def _is_title(text: str) -> bool:
    return _MIN_TITLE <= len(text) <= _MAX_TITLE


def publication(page: HtmlElement, lines_before_body: Sequence[str]) -> dict[str, str]:
    """``pubdate`` and ``contentsource`` as printed in the line under the title, where there are any."""
    found: dict[str, str] = {}
    text = "\n".join(lines_before_body)
    match = _PUBLISHED.search(text) or _TIME.search(text)
    if match:
        found["pubdate"] = trim(match.group(1))
    else:
        for element in page.iter("i", "span", "time", "em", "div", "p", "td"):
            names = {(element.get("id") or "").lower(), *(element.get("class") or "").lower().split()}
            if element.tag == "time" or names & {"pubdate", "pubtime", "publishtime", "publish_time", "time", "date"}:
                dated = _BARE_DATE.search(element.text_content())
                if dated:
                    found["pubdate"] = trim(dated.group())
                    break
    source = _SOURCE.search(text)
    if source:
        found["contentsource"] = source.group(1)
    return found


def is_publication_line(line: str) -> bool:
    """Whether a line above the body only says when, by whom and how often read."""
    return len(line) <= _MAX_LINE and bool(_LINE_LABEL.search(line)) and "。" not in line


def metadata_pairs(grid: Grid) -> dict[str, str]:
    """The pairs of a metadata block (索引号, 发文日期, 公开方式 ...) that is set as a table; empty for any other table.

    Keys are the labels without spaces and colons.
    """
    pairs: dict[str, str] = {}
    labels = filled = 0
    for row in grid_rows(grid):
        texts = [cell.text.replace("\n", " ").strip() for cell in row]
        filled += sum(bool(text) for text in texts)
        position = 0
        while position < len(texts):
            label, colon, rest = _label(texts[position])
            if label not in METADATA_LABELS:
                position += 1
                continue
            labels += 1
            if colon and rest:
                pairs.setdefault(label, rest)
                position += 1
                continue
            value = texts[position + 1] if position + 1 < len(texts) else ""
            if _label(value)[0] in METADATA_LABELS and value != "":
                value, step = "", 1
            else:
                step = 2
            pairs.setdefault(label, value)
            position += step
    # A data table may have a column 名称 or 来源; in a metadata block about every other cell is a label.
    return pairs if labels >= 2 and labels * 3 >= filled else {}


def _label(text: str) -> tuple[str, str, str]:
    head, colon, rest = re.sub("：", ":", text).partition(":")
    return re.sub(r"[\s\u3000\xa0【】\[\]]", "", head), colon, rest.strip()


def line_pair(line: str) -> tuple[str, str] | None:
    """``(label, value)`` of a line of a metadata block that is set as text, e.g. ``索引号：000014348/2020``."""
    label, colon, rest = _label(line)
    return (label, rest) if colon and rest and label in METADATA_LABELS and len(line) <= _MAX_LINE else None


def from_pairs(pairs: Mapping[str, str]) -> dict[str, str]:
    """``pubdate`` and ``contentsource`` out of a metadata block, where it has them."""
    found: dict[str, str] = {}
    for key, labels in (("pubdate", _PUBLICATION_LABELS), ("contentsource", _SOURCE_LABELS)):
        value = next((pairs[label] for label in labels if pairs.get(label)), None)
        if value:
            found[key] = value
    return found


def scripted_body(text: str) -> ScriptedBody | None:
    """The article of a gkmlpt page, which carries it in ``window._CONFIG.DETAIL.content`` and an empty element."""
    for found in _DETAIL.finditer(text):
        try:
            detail, _ = json.JSONDecoder().raw_decode(text, found.end())
        except (ValueError, RecursionError):
            continue
        if not isinstance(detail, dict) or not isinstance(detail.get("content"), str) or not detail["content"].strip():
            continue
        disclosure = detail.get("gkml_data")
        disclosure = disclosure if isinstance(disclosure, dict) else {}
        said = {
            "pubdate": detail.get("date"),
            "contentsource": detail.get("source"),
            "url": detail.get("gkml_url"),
            "identifier": disclosure.get("identifier"),
            "publisher": disclosure.get("publisher"),
            "document_number": disclosure.get("document_number"),
        }
        title = detail.get("title")
        return ScriptedBody(
            detail["content"],
            title if isinstance(title, str) and title else None,
            {key: value for key, value in said.items() if isinstance(value, str) and value},
        )
    return None
