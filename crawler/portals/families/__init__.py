"""CMS families: one module each; the family of a page is told by its signature. A new family is a module and a line here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.portals.families.base import ScriptedFamily
from crawler.portals.families.create_page import CreatePage
from crawler.portals.families.encoded_pager import EncodedPager
from crawler.portals.families.ex8 import EX8
from crawler.portals.families.gkmlpt import Gkmlpt
from crawler.portals.families.hanweb import Hanweb
from crawler.portals.families.hanweb_xxgk import HanwebXxgk
from crawler.portals.families.henan import Henan
from crawler.portals.families.jpaas import JPaaS
from crawler.portals.families.kaipu import Kaipu
from crawler.portals.families.nfcms import NFCMS
from crawler.portals.families.numbered import Numbered
from crawler.portals.families.plain import Generic, Plain
from crawler.portals.families.querylist import QueryList
from crawler.portals.families.show_list import ShowList
from crawler.portals.families.sichuan import Sichuan
from crawler.portals.families.trs import TRS
from crawler.portals.families.vsb import VSB
from crawler.portals.markup import decode

if TYPE_CHECKING:
    from crawler.portals.families.base import Family
    from crawler.portals.model import ListPage, ListRequest

_API: tuple[Family, ...] = (Gkmlpt(), QueryList(), Sichuan(), JPaaS(), Kaipu())
_HTML: tuple[Family, ...] = (
    Henan(),
    Hanweb(),
    HanwebXxgk(),
    CreatePage(),
    NFCMS(),
    TRS(),
    EX8(),
    ShowList(),
    VSB(),
    EncodedPager(),
    Numbered(),
    Plain(),
    Generic(),
)
FAMILIES: dict[str, Family] = {family.name: family for family in (*_API, *_HTML)}
"""All families by name, in the order in which equals are preferred; ``generic`` reads what no other claims."""


def detect_family(html: str, url: str) -> str:
    """Name of the family that is surest of the page; ``generic`` where none is."""
    return max(FAMILIES.values(), key=lambda family: family.detect(html, url)).name


def read_list(content: bytes, url: str, *, family: str | None = None, encoding: str | None = None) -> ListPage:
    """Read one page of a column's list.

    Args:
        content: the page, decompressed.
        url: where it was found; links are resolved against it (and ``<base href>``).
        family: a name of ``FAMILIES`` where the registry fixes it, else the page's signature decides.
        encoding: the registry's or the transport's word on the encoding; see ``markup.decode``.

    Raises:
        ListShapeError: a list was expected and its rows were not found, so the page's shape has changed.
        ValueError: the page is too large, or ``family`` is unknown.
    """
    html = decode(content, encoding)
    name = family or detect_family(html, url)
    if name not in FAMILIES:
        raise ValueError(f"unknown family {name!r}: use one of {', '.join(FAMILIES)}")
    return FAMILIES[name].parse_list(html, url)


def read_answer(content: bytes, request: ListRequest, *, encoding: str | None = None) -> ListPage:
    """Read what a list's API answered to ``request``.

    Raises:
        ListShapeError: the answer is not what the API used to give.
        TypeError: the request's family has no API.
        ValueError: the answer is too large.
    """
    family = FAMILIES.get(request.family)
    if not isinstance(family, ScriptedFamily):
        raise TypeError(f"family {request.family!r} has no API to read an answer of")
    return family.parse_answer(decode(content, encoding), request)
