"""gkmlpt, the disclosure platform of Guangdong: one page for all columns, its rows from a JSON API.

The page holds ``window._CONFIG = {APP_URL: '...', SID: '...', TREE: [...]}``; a column is a fragment of it
(``/gkmlpt/index#564``) and no anchor leads there. ``GET <APP_URL>/gkmlpt/api/all/<column>?page=1&sid=<SID>`` answers
``classify.post_count`` and ``articles[]``. Newer answers carry ``total`` and ``offset`` too; ``post_count`` then counts posts
the API never lists (21 listed of 2,679 on one site), and where it is all there is, page 2 may be missing (404).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urldefrag, urlsplit, urlunsplit

from crawler.portals.families.scripted import (
    answer_page,
    entries_at,
    first_day,
    json_values,
    member,
    names_report_column,
    nodes,
    plain_text,
    read_json,
    read_part,
    renumbered,
    row,
    shape_error,
    total_in,
    whole,
)
from crawler.portals.markup import host_of, resolve
from crawler.portals.model import Link, ListPage, ListRequest, ListShapeError

NAME = "gkmlpt"
SIGNATURE = re.compile(r"\b_CONFIG\s*=\s*\{")
_APP_URL = re.compile(r"""\bAPP_URL\s*:\s*(['"])(?P<url>[^'"]{1,300})\1""")
_SITE = re.compile(r"""\bSID\s*:\s*['"]?(?P<sid>\d{1,12})""")
_TREE = re.compile(r"\bTREE\s*:\s*(?=\[)")
_PLATFORM = re.compile(r"^(?P<base>.*?)/gkmlpt(?:/|$)")
_PAGE = re.compile(r"(?<=[?&]page=)\d+")
_ASKED = re.compile(r"/api/all/(\d+)")
_TIMES = ("display_publish_time", "first_publish_time", "date", "publish_time", "create_time", "created_at")
"""The first that is set is what the article page prints as PubDate."""


@dataclass(frozen=True, slots=True)
class _Column:
    number: int
    name: str
    jump: str | None
    """Where the column really is, for one that only redirects."""


@dataclass(frozen=True, slots=True)
class _Config:
    base: str
    """Of the platform, without ``/gkmlpt``."""
    site: str | None
    columns: tuple[_Column, ...]
    has_tree: bool


class Gkmlpt:
    """Columns of a gkmlpt platform."""

    name = NAME

    def detect(self, html: str, url: str) -> int:  # noqa: ARG002 - the protocol's signature
        """Certain with ``_CONFIG`` and its ``TREE`` of columns."""
        return 96 if SIGNATURE.search(html) and (_TREE.search(html) or "gkmlpt" in html) else 0

    def find_columns(self, html: str, url: str) -> tuple[Link, ...]:
        """The report columns that ``TREE`` names, as ``/gkmlpt/index#<column>`` or where they jump to."""
        config = _config(html, url)
        return tuple(Link(column.jump or _address(config, column.number), column.name) for column in _report_columns(config))

    def parse_list(self, html: str, url: str) -> ListPage:
        """The request for the column in the address's fragment; without one, for every column that ``TREE`` names for reports.

        Raises:
            ListShapeError: neither names a column.
        """
        config = _config(html, url)
        fragment = urlsplit(url).fragment.strip("/")
        if fragment.isascii() and fragment.isdigit():
            known = next((column for column in config.columns if column.number == int(fragment)), None)
            columns: tuple[_Column, ...] = (known or _Column(int(fragment), "", None),)
        else:
            columns = _report_columns(config)
        if not columns:
            found = f"{len(config.columns)} other columns" if config.has_tree else "no readable TREE"
            raise ListShapeError(NAME, url, f"expected a column of annual reports in _CONFIG.TREE, found {found}")
        return ListPage(
            family=NAME,
            items=(),
            sub_columns=tuple(Link(column.jump, column.name) for column in columns if column.jump),
            next_requests=tuple(_request(config, column, url) for column in columns if not column.jump),
        )

    def parse_answer(self, answer: str, request: ListRequest) -> ListPage:
        """Read ``articles`` and what the answer declares."""
        data = read_json(answer, request)
        articles = entries_at(data, "articles", request)
        asked, given = _ASKED.search(request.url), whole(member(data, "classify.id"))
        if asked and given is not None and given != int(asked.group(1)):
            raise shape_error(request, f"expected column {asked.group(1)}, found an answer for column {given}")
        listed = total_in(data)
        part = read_part(
            articles,
            lambda article: _row(article, request.page_url),
            total=listed if listed is not None else whole(member(data, "classify.post_count")),
        )
        return answer_page(
            request,
            part,
            lambda number: renumbered(request, number, url=_PAGE.sub(str(number), request.url)),
            one_by_one=listed is None,
        )


def _row(article: dict[str, object], page_url: str) -> Link | None:
    date = first_day(article, *_TIMES)
    found = (row(page_url, article.get(name), article.get("title"), date) for name in ("url", "post_url", "gkml_url"))
    return next((link for link in found if link), None)


def _config(html: str, url: str) -> _Config:
    given, site = _APP_URL.search(html), _SITE.search(html)
    here = urlsplit(urldefrag(url).url)
    base = resolve(url, given["url"].replace("\\/", "/")) if given else None
    if base is None:
        platform = _PLATFORM.match(here.path)
        base = urlunsplit(here._replace(path=platform["base"] if platform else "", query=""))
    elif host_of(base) == host_of(url):
        base = urlunsplit(urlsplit(base)._replace(scheme=here.scheme))
    tree = next(json_values(html, _TREE), None)
    columns = tuple(column for node in nodes(tree) if (column := _column(node, url)))
    return _Config(base.rstrip("/"), site["sid"] if site else None, columns, has_tree=tree is not None)


def _column(node: dict[str, object], url: str) -> _Column | None:
    number, name, jump = whole(node.get("id")), plain_text(node.get("name")), node.get("jump_url")
    return _Column(number, name, resolve(url, jump) if isinstance(jump, str) else None) if number is not None and name else None


def _report_columns(config: _Config) -> tuple[_Column, ...]:
    return tuple(column for column in config.columns if names_report_column(column.name))


def _address(config: _Config, column: int) -> str:
    return f"{config.base}/gkmlpt/index#{column}"


def _request(config: _Config, column: _Column, url: str) -> ListRequest:
    # Older platforms (Dongguan's towns) answer without a sid.
    site = f"&sid={config.site}" if config.site else ""
    address = f"{config.base}/gkmlpt/api/all/{column.number}?page=1{site}"
    return ListRequest(family=NAME, page_url=url, url=address)
