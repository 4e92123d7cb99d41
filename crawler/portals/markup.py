"""The small tools every portal parser shares: bytes to text, text to a tree, links, dates. Pure; never raises on bad markup.

A page that takes longer than ``PAGE_TIMEOUT`` takes its child process with it, and is lost with all its reports: so what a page
can cost is bounded here and wherever a page is walked.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from datetime import date
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

from lxml import etree
from w3lib.encoding import html_body_declared_encoding, read_bom, resolve_encoding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Element: TypeAlias = "etree._Element"  # noqa: SLF001 - the only name lxml gives the class

MAX_PAGE_BYTES = 16 * 1024 * 1024
"""The largest saved column or article page is about 0.5 MB; gkmlpt pages carry whole documents in a script."""

MAX_TAGS = 400_000
"""Of a page or a part of one, ends of tags and comments among them; a list of 10,000 rows has 140,000."""
MAX_ATTRIBUTES = 1_000
"""Of different names in one tag; libxml2 takes time with their square."""
MAX_URL_CHARACTERS = 8_192
"""What servers take is shorter."""
MAX_LINK_TEXT = 500
"""Characters of a link's text that are looked at: what is longer is no title."""

_MAX_BASES = 10
_ENDLESS = 50_000
"""Characters of an attribute that no parser looks at; images written into the page are longer."""
_TAG_BYTES = 2 * MAX_ATTRIBUTES
"""The shortest tag with so many attributes: each is a letter and a space."""
_TOKEN = re.compile(
    r"<!--(?s:.*?)(?:-->|\Z)|<(script|style|title|textarea)\b[^>]*+>(?s:.*?)(?:(?=</\1)|\Z)"
    r"""|<[a-z][^\s/>]*+(?P<attributes>(?:[\s/]++|[^\s/>=]++(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s>]++)?+)?+|=)*+)""",
    re.IGNORECASE,
)
_VALUE = rf"""(?:"[^"]{{0,{_ENDLESS}}}+"|'[^']{{0,{_ENDLESS}}}+'|(?!["'])[^\s<>]{{1,{_ENDLESS}}}+|(?=>))"""
_ODD_TAG = re.compile(
    rf"<[a-zA-Z](?![^\s/<>]*+(?:[\s/]*+[^\s/<>=]++(?:=\"[^\"]{{0,{_ENDLESS}}}+\"|(?:\s*+=\s*+{_VALUE})?+)){{0,40}}+[\s/]*+>)"
)
"""Tags, in scripts and comments too, that have over 40 attributes or an endless one, or are not written as usual. A page
without is within the bounds. Of attributes only so many, as each ``<`` is looked at anew."""
_ATTRIBUTE = re.compile(r"""([^\s/>=]++)(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s>]++)?+)?+""")

_EARLIEST_YEAR, _LATEST_YEAR = 1990, 2100
_PLAIN_PATH = re.compile(r"(?:/[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)+/?(?:\?[A-Za-z0-9_.=&-]+)?")
"""Of a path that stays as it is wherever it is joined."""
_DATE = re.compile(r"(?<!\d)((?:19|20)\d\d)\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})(?!\d)")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_CONTROL_BYTES = bytes(code for code in range(0x20) if code not in b"\t\n\r")
_HALVES = re.compile(r"[\ud800-\udfff]")
"""Halves of a character, which JSON can write with an escape and no file can hold."""
_UNRENDERED = frozenset({"script", "style", "noscript", "template", "head"})
_TEXTS = etree.XPath("descendant::text()")
"""Each knows the element whose text or tail it is."""
_PER_ELEMENT = 4
_PER_CHARACTER = 8
"""White space in a page's source is that much longer than what it sets apart."""
_APART = frozenset({"br", "p", "div", "tr", "td", "li"})


def decode(content: bytes, encoding: str | None = None) -> str:
    """Text of a page in whatever encoding it is in.

    Order: byte-order mark, ``encoding``, the declaration in the page, UTF-8, GB18030. A wrong declaration is common
    (GBK pages that say UTF-8), so the first that decodes without a fault wins, else the one with the fewest faults.

    Raises:
        ValueError: the page is larger than ``MAX_PAGE_BYTES``.
    """
    if len(content) > MAX_PAGE_BYTES:
        raise ValueError(f"page of {len(content)} bytes is larger than the limit of {MAX_PAGE_BYTES}")
    bom_encoding, bom = read_bom(content)
    if bom_encoding and bom:
        return content[len(bom) :].decode(bom_encoding, "replace")
    head = content[:2000]
    if head.count(0) > len(head) // 4:
        return content.decode("utf-16-le" if head[1::2].count(0) >= head[::2].count(0) else "utf-16-be", "replace")
    named = [resolve_encoding(encoding) if encoding else None, html_body_declared_encoding(content)]
    candidates = [*dict.fromkeys(name for name in [*named, "utf-8", "gb18030"] if name and _is_text_codec(name))]
    best, fewest = "", -1
    for name in candidates:
        text = content.decode(name, "replace")
        faults = text.count("\ufffd")
        if faults == 0:
            return text
        if fewest < 0 or faults < fewest:
            best, fewest = text, faults
    return best


def _is_text_codec(name: str) -> bool:
    try:
        "".encode(name)
        return codecs.lookup(name).name not in {"utf-7", "idna", "punycode"}
    except (LookupError, UnicodeError, ValueError):
        return False


def parse_html(text: str) -> Element:
    """A tree of ``text`` without its comments; an empty page gives an empty ``html`` element. Nothing is fetched.

    Raises:
        ValueError: it has more than ``MAX_TAGS`` tags, or a tag of more than ``MAX_ATTRIBUTES`` attributes.
    """
    longest = _require_bounds(text)
    parser = etree.HTMLParser(
        encoding="utf-8", no_network=True, recover=True, huge_tree=True, remove_comments=True, remove_pis=True
    )
    clean = text.encode("utf-8", "replace").translate(None, _CONTROL_BYTES)
    try:
        root = etree.fromstring(clean, parser) if clean and not clean.isspace() else None
    except etree.XMLSyntaxError:
        root = None
    if root is None:
        return etree.Element("html")
    if longest > _ENDLESS:
        _drop_endless(root)
    return root


def _require_bounds(text: str) -> int:
    """Characters of the longest tag; 0 where all are ordinary."""
    tags = text.count("<")
    if tags > MAX_TAGS:
        raise ValueError(f"page of {tags} tags is larger than the limit of {MAX_TAGS}")
    longest = 0
    if not _ODD_TAG.search(text):
        return longest
    for token in _TOKEN.finditer(text):
        start, end = token.span("attributes")
        longest = max(longest, end - start)
        if end - start > _TAG_BYTES and len(set(_ATTRIBUTE.findall(text, start, end))) > MAX_ATTRIBUTES:
            raise ValueError(f"page with a tag of more than {MAX_ATTRIBUTES} attributes")
    return longest


def _drop_endless(root: Element) -> None:
    """Attributes are read each time an element is looked at, and an element as often as it holds links."""
    for element in root.iter():
        for name, value in element.items():
            if len(value) > _ENDLESS and not value.lstrip()[:11].lower().startswith("data:image/"):
                del element.attrib[name]


def page_tree(content: bytes, encoding: str | None = None) -> Element:
    """``parse_html`` of ``decode``; raises ``ValueError`` for a page over one of the limits."""
    return parse_html(decode(content, encoding))


def base_of(root: Element, url: str) -> str:
    """The URL that relative links are resolved against: ``<base href>`` where there is a usable one, else ``url``."""
    for element in islice(root.iter("base"), _MAX_BASES):
        found = resolve(url, element.get("href") or "")
        if found:
            return found
    return url


def resolve(base: str, href: str) -> str | None:
    """``href`` as an absolute http(s) URL without fragment, or ``None`` for anything else (javascript:, empty, endless)."""
    if len(href) > MAX_URL_CHARACTERS:
        return None
    if _PLAIN_PATH.fullmatch(href) and (origin := _origin(base)):
        return origin + href
    return _resolve(base, href)


@lru_cache(maxsize=16)
def _origin(base: str) -> str | None:
    """What stands before the path in an address that a path is joined to; ``None`` where none can be."""
    root = _resolve(base, "/")
    return root and root[:-1]


def _resolve(base: str, href: str) -> str | None:
    """The same of any address, in five times the time."""
    href = _HALVES.sub("\ufffd", _CONTROL.sub("", href)).strip().replace("\\", "/")
    href = href.replace("\n", "").replace("\r", "").replace("\t", "")
    if not href or href.startswith("#"):
        return None
    try:
        absolute = urldefrag(urljoin(base, href)).url
        parts = urlsplit(absolute)
        port_is_valid = parts.port is None or parts.port > 0
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not parts.hostname or not port_is_valid:
        return None
    return absolute.replace(" ", "%20")


def signs_test(signs: re.Pattern[str], base: str) -> Callable[[str], bool]:
    """A cheap first test of addresses as written: false only where ``resolve`` makes none of them that has one of ``signs``.

    Args:
        signs: in small letters; each is found within one segment of a path, so that joining can put none together.
        base: what the addresses are resolved against.
    """
    if re.search(signs.pattern, unquote(base), re.IGNORECASE):
        return bool

    def is_possible(href: str) -> bool:
        # What resolving takes out of an address is not printable; letters beyond ASCII may be large or small ones of ASCII's.
        return not (href.isascii() and href.isprintable()) or "%" in href or signs.search(href.lower()) is not None

    return is_possible


def host_of(url: str) -> str:
    """Lower-case host of ``url``, with its port only where the URL names one; empty where there is none."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return ""
    host = (parts.hostname or "").rstrip(".")
    if ":" in host:
        host = f"[{host}]"
    return f"{host}:{port}" if host and port is not None else host


_OPENED = re.compile(
    r"""(?:window\s*\.\s*open|location\s*\.\s*(?:replace|assign)|navigate)\s*\(\s*(['"])(?P<call>[^'"]{1,600})\1"""
    r"""|location(?:\s*\.\s*href)?\s*=\s*(['"])(?P<set>[^'"]{1,600})\3"""
)


def opened_by(script: str) -> Iterator[str]:
    """Addresses, as written, that a script opens: ``window.open('...')``, ``location.href = '...'``."""
    for match in _OPENED.finditer(script):
        yield match["call"] or match["set"]


def squeeze(text: str) -> str:
    """``text`` with every run of white space as one space, trimmed; half a character becomes U+FFFD."""
    text = " ".join(text.split())
    try:
        text.encode()
    except UnicodeEncodeError:
        return _HALVES.sub("\ufffd", text)
    return text


def text_of(element: Element, most: int | None = None) -> str:
    """Visible text below ``element``, squeezed; scripts and styles left out.

    Args:
        element: where.
        most: enough of it: little more than so many characters, and of a quarter as many elements.
    """
    if next(element.iterchildren(), None) is None:
        return squeeze(element.text or "")
    return squeeze("".join(_texts(element) if most is None else _first(_pieces(element, most // _PER_ELEMENT), most)))


def characters_of(element: Element) -> str:
    """``text_of`` without any white space, in a fraction of the time."""
    if next(element.iterdescendants(*_UNRENDERED), None) is None:
        text = etree.tostring(element, encoding="unicode", method="text", with_tail=False)
    else:
        text = "".join(_texts(element))
    return "".join(text.split())


def _texts(element: Element) -> Iterator[str]:
    """The same as all ``_pieces``, in half the time."""
    unseen: set[Element] = set()
    for hidden in element.iterdescendants(*_UNRENDERED):
        if hidden not in unseen:
            unseen.update(hidden.iterdescendants())
    for text in _TEXTS(element):
        node = text.getparent()
        tag = node.tag
        if (unseen and node in unseen) or (tag in _UNRENDERED and text.is_text and node is not element):
            continue
        if tag in _APART:
            yield " "
        yield text


def _first(pieces: Iterator[str], characters: int) -> Iterator[str]:
    for piece in pieces:
        yield piece[: _PER_CHARACTER * characters + _PER_CHARACTER]
        characters -= len(piece.strip())
        if characters < 0:
            return


def _pieces(element: Element, elements: int | None = None) -> Iterator[str]:
    hidden = seen = 0
    for event, node in etree.iterwalk(element, events=("start", "end")):
        if event == "start":
            seen += 1
            if elements is not None and seen > elements:
                return
            if node.tag in _UNRENDERED and node is not element:
                hidden += 1
            elif not hidden and node.text:
                if node.tag in _APART:
                    yield " "
                yield node.text
            continue
        if node.tag in _UNRENDERED and node is not element:
            hidden -= 1
        if not hidden and node is not element and node.tail:
            if node.tag in _APART:
                yield " "
            yield node.tail


def outermost(elements: Iterable[Element]) -> list[Element]:
    """Those of ``elements``, which are in page order, that are inside no other: all that any of them holds is in these."""
    chosen: list[Element] = []
    for element in elements:
        if not chosen or chosen[-1] not in element.iterancestors():
            chosen.append(element)
    return chosen


def iso_date(text: str) -> str | None:
    """The first full date in ``text`` as YYYY-MM-DD; ``None`` where there is none or it is no calendar date.

    >>> iso_date("发布时间：2023年1月9日 10∶08")
    '2023-01-09'
    """
    for match in _DATE.finditer(unicodedata.normalize("NFKC", text)):
        year, month, day = (int(group) for group in match.groups())
        if _EARLIEST_YEAR <= year <= _LATEST_YEAR:
            try:
                return date(year, month, day).isoformat()
            except ValueError:
                continue
    return None


def count_dates(text: str) -> int:
    """How many full dates ``text`` shows."""
    return len(_DATE.findall(unicodedata.normalize("NFKC", text)))


def meta_values(root: Element) -> dict[str, str]:
    """Content of the ``meta`` tags by lower-case name; the first of a name wins."""
    values: dict[str, str] = {}
    for element in root.iter("meta"):
        name, value = element.get("name"), element.get("content")
        if name and value:
            values.setdefault(name.strip().lower(), squeeze(value))
    return values


_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")


def anchor_text(anchor: Element) -> str:
    """What a reader sees of a link, its ``title`` where the text is cut ("…", "...") or missing, else an image's ``alt``.

    A link around a heading and a summary is called by its heading.
    """
    headings = (text_of(heading, MAX_LINK_TEXT) for heading in islice(anchor.iter(*_HEADINGS), 5))
    shown = next(filter(None, headings), "") or text_of(anchor, MAX_LINK_TEXT)
    title = squeeze(anchor.get("title") or "")
    if not shown:
        images = (squeeze(image.get("alt") or image.get("title") or "") for image in islice(anchor.iter("img"), 20))
        return title or next((alt for alt in images if alt), "")
    stem = shown.rstrip(".…· ")
    is_cut = shown.endswith(("…", "..", "．．")) or (len(title) > len(shown) and title.startswith(stem))
    return title if title and is_cut else shown
