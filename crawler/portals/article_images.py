"""The images of an article that may be pages of its report, or tables in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import islice
from urllib.parse import unquote, urlsplit

from lxml import etree

from crawler.portals.markup import MAX_LINK_TEXT, Element, outermost, resolve, signs_test, squeeze, text_of
from crawler.portals.model import Link
from crawler.portals.places import Names, Place

MAX_IMAGES = 60
MAX_DATA_CHARACTERS = 12_000_000
"""Of all images written into the page itself."""
MIN_WIDTH, MIN_HEIGHT = 200, 40
"""CSS pixels: what is shown smaller is an icon. A table 4 of its own is a low strip."""

_MAX_ELEMENTS = 5_000
_BODIES = (
    Place(ids=("content", "zoom", "Zoom", "zoomcon", "vsb_content", "pdfCon")),
    Place(ids=("UCAP-CONTENT",)),
    Place(word="TRS_Editor", classes=("trs_editor_view",)),
    Place(classes=("details-main", "article-content", "content_article")),
    Place(classes=("yMain", "bt-article")),
    Place(tag="article"),
)
_IMAGE_NAME = re.compile(r"\.(?:jpe?g|png|gif|bmp|tiff?|webp)$", re.IGNORECASE)
_SIGNS = re.compile(r"\.(?:jp|png|gif|bmp|tif|webp)")
"""One of them is in every address of ``_IMAGE_NAME``."""
_NO_PAGE_NAME = re.compile(
    r"(?<![a-z0-9])(?:icon|icons|icon\d+|logo|share|qrcode|qr|ewm|erweima|weixin|wechat|weibo|btn|button|arrow|loading|blank"
    r"|spacer|placeholder|transparent|emotion|emoticons?|smiley|filetypeimages|sysimage|banner|avatar|dot|line|bg)(?![a-z0-9])"
    r"|\.svg$",
    re.IGNORECASE,
)
_PLACEHOLDER = re.compile(
    r"^\s*$|^data:image/(?:gif|svg)|(?:^|[/_.-])(?:blank|loading|lazy|placeholder|spacer|grey|gray|transparent|pixel|1x1)"
    r"[\w-]*\.(?:gif|png|svg|jpe?g)$",
    re.IGNORECASE,
)
_LAZY = ("data-original", "data-src", "original", "data-lazy-src", "data-lazyload", "data-lazy", "lay-src", "data-echo")
_LAZY_LAST = ("oldsrc", "_src", "realsrc", "data-actualsrc", "file", "zoomfile")
"""Names that editors leave beside a good ``src``: only where that is none."""
_FURNITURE = re.compile(
    r"(?<![a-z])(?:header|head|top|nav|menu|foot|footer|bottom|side|sidebar|share|banner|logo|crumb|related|recommend"
    r"|advert|ads?|float|toolbar|qrcode|ewm|weixin)(?![a-z])",
    re.IGNORECASE,
)
_DATA = re.compile(r"^data:image/(?:png|jpe?g|gif|bmp|webp|tiff);base64,", re.IGNORECASE)
_MIN_DATA_CHARACTERS = 4_000
"""A page's image has at least 20 kB; what is shorter is an icon."""
_PIXELS = re.compile(r"^\s*(\d{1,5})(?:\.\d+)?\s*(?:px)?\s*$", re.IGNORECASE)
_STYLE = re.compile(r"(?<![\w-])(width|height)\s*:\s*(\d{1,5})(?:\.\d+)?px", re.IGNORECASE)
_HIDDEN = re.compile(r"display\s*:\s*none", re.IGNORECASE)
_TEXT = etree.XPath("string()", smart_strings=False)
_TABLE_WORDS = ("第二十条", "结转下年度继续办理", "未经复议直接起诉")
"""One of each statutory table: who prints all of them in tables has no table as an image."""


def body_images(root: Element, base: str, names: Names, body_html: Element | None = None) -> tuple[Link, ...]:
    """The images that may be pages or tables, in page order, absolute (or ``data:``) and without duplicates.

    Left out is what its place, shown size or name makes an icon, a logo, a button or a picture of a file type. An image that
    links to an image stands for that one; of a lazily loaded image the real address counts.

    Args:
        root: the page.
        base: what relative addresses are resolved against.
        names: of the page.
        body_html: the article's body where the page carries it elsewhere than in its markup.
    """
    if body_html is not None and (found := _images(body_html, base, strict=False)):
        return found
    for place in _BODIES:
        most: tuple[Link, ...] = ()
        for element in outermost(names.elements(place)):
            found = _images(element, base, strict=False)
            most = found if len(found) > len(most) else most
        if most:
            return most
    return _images(root, base, strict=True)


def holds_tables(body: Element) -> bool:
    """Whether all statutory tables are printed as tables."""
    tables = islice(body.iter("table"), 200)
    texts = [_TEXT(table) for table in tables if next(table.iterdescendants("table"), None) is None]
    text = "".join("".join(texts).split())
    return all(word in text for word in _TABLE_WORDS)


def _images(body: Element, base: str, *, strict: bool) -> tuple[Link, ...]:
    found: dict[str, Link] = {}
    frames = _Frames()
    is_possible = signs_test(_SIGNS, base)
    data = 0
    for element in islice(body.iter("img", "a"), _MAX_ELEMENTS):
        for address, text in _addressed(element, base, is_possible):
            if address in found or (strict and _is_furniture(element, frames)):
                continue
            data += len(address) if address.startswith("data:") else 0
            if len(found) < MAX_IMAGES and data <= MAX_DATA_CHARACTERS:
                found[address] = Link(address, text)
    return tuple(found.values())


def _addressed(element: Element, base: str, is_possible: Callable[[str], bool]) -> Iterator[tuple[str, str]]:
    """The image that an ``img`` shows, or that an ``a`` leads to, if that ``is_possible``."""
    if element.tag == "a":
        href = element.get("href")
        if href and is_possible(href) and (address := resolve(base, href)) is not None and _is_image(address):
            yield address, squeeze(element.get("title") or text_of(element, MAX_LINK_TEXT))
        return
    if _is_small(element) or _is_hidden(element) or _leads_to_image(element, base):
        return
    text = squeeze(element.get("alt") or element.get("title") or "")
    for source in _sources(element):
        if _DATA.match(source):
            if len(source) >= _MIN_DATA_CHARACTERS:
                yield re.sub(r"\s+", "", source), text
            return
        address = resolve(base, source)
        if address is not None:
            if not _NO_PAGE_NAME.search(_path(address)):
                yield address, text
            return


def _sources(element: Element) -> Iterator[str]:
    shown = element.get("src") or ""
    lazy = [value for name in _LAZY if (value := element.get(name) or "").strip() and not _PLACEHOLDER.search(value[:300])]
    yield from lazy
    if not _PLACEHOLDER.search(shown[:300]):
        yield shown
    yield from (value for name in _LAZY_LAST if (value := element.get(name) or "").strip())


def _leads_to_image(element: Element, base: str) -> bool:
    """Whether it is the small picture of a larger one, which its link gives."""
    parent = element.getparent()
    if parent is None or parent.tag != "a":
        return False
    address = resolve(base, parent.get("href") or "")
    return address is not None and _is_image(address)


def _is_image(address: str) -> bool:
    path = _path(address)
    return bool(_IMAGE_NAME.search(path)) and not _NO_PAGE_NAME.search(path)


def _path(address: str) -> str:
    return unquote(urlsplit(address).path)


def _is_small(element: Element) -> bool:
    sizes: dict[str, int] = {}
    for name, value in _STYLE.findall(element.get("style") or ""):
        sizes[name.lower()] = int(value)
    for name in ("width", "height"):
        match = _PIXELS.match(element.get(name) or "")
        if match:
            sizes.setdefault(name, int(match[1]))
    return sizes.get("width", MIN_WIDTH) < MIN_WIDTH or sizes.get("height", MIN_HEIGHT) < MIN_HEIGHT


def _is_hidden(element: Element) -> bool:
    return bool(_HIDDEN.search(element.get("style") or ""))


class _Frames(dict[Element, bool]):
    """Of elements around images, each looked at once: whether its name makes it the page's frame."""

    def __missing__(self, place: Element) -> bool:
        named = place.tag not in {"html", "body"} and _FURNITURE.search(f"{place.get('id') or ''} {place.get('class') or ''}")
        self[place] = is_frame = place.tag in {"header", "footer", "nav", "aside"} or bool(named)
        return is_frame


def _is_furniture(element: Element, frames: _Frames) -> bool:
    """Whether it belongs to the page's frame: in a head, a foot or a menu by name, or a link to elsewhere."""
    return any(
        frames[place] or (place.tag == "a" and element.tag == "img")
        for place in (element, *islice(element.iterancestors(), 39))
    )
