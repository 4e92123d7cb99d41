"""What the portal parsers yield."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

FORM_ENCODED = "application/x-www-form-urlencoded; charset=UTF-8"
JSON_ENCODED = "application/json; charset=UTF-8"


@dataclass(frozen=True, slots=True)
class Portal:
    """One government's web site, as the registry describes it.

    ``region`` is the path of names from the province down, e.g. ``河南省/洛阳市/栾川县``; ``region_code`` its six-digit
    GB/T 2260 code. ``columns`` are known report columns; where empty, discovery starts from ``home`` and, where known,
    from ``entry``, the entry page of 政府信息公开. ``delay`` is in seconds.
    """

    name: str
    region: str
    home: str
    region_code: str | None = None
    columns: tuple[str, ...] = ()
    allow_hosts: tuple[str, ...] = ()
    family: str | None = None
    encoding: str | None = None
    browser: bool | None = None
    delay: float | None = None
    entry: str | None = None
    uncoded: str | None = None
    """Why there is no ``region_code``, where there is none."""


@dataclass(frozen=True, slots=True)
class Link:
    """An anchor: absolute URL, its text (``title`` attribute where the text is cut), and the date printed beside it."""

    url: str
    text: str
    date: str | None = None
    """ISO date, as printed beside the link; ``None`` where none is."""


@dataclass(frozen=True, slots=True)
class ListRequest:
    """A part of a list that the page's script asks for: JSON, XML or a fragment of HTML instead of a page.

    ``family`` reads the answer (``families.read_answer``); ``page_url`` is the column's page in whose name it is asked, the
    base of relative links. Without ``body`` it is a GET. ``number`` is the page asked for, counted from 1.
    """

    family: str
    page_url: str
    url: str
    body: str | None = None
    content_type: str = FORM_ENCODED
    number: int = 1

    @property
    def key(self) -> str:
        """What tells one part of a list from the next; the address alone where nothing is posted."""
        if self.body is None:
            return self.url
        return f"{self.url}#{hashlib.sha256(self.body.encode()).hexdigest()[:16]}"


@dataclass(frozen=True, slots=True)
class ListPage:
    """One page of a column's list.

    ``declared_total`` is the number of items the list itself claims, ``declared_pages`` the number of pages, ``None``
    where it claims nothing. ``next_pages`` are absolute URLs of list pages still to visit, ``next_requests`` further parts that
    only an API gives. ``sub_columns`` are year or level sub-columns of the same list.
    """

    family: str
    items: tuple[Link, ...]
    next_pages: tuple[str, ...] = ()
    sub_columns: tuple[Link, ...] = ()
    declared_total: int | None = None
    declared_pages: int | None = None
    next_requests: tuple[ListRequest, ...] = ()
    shortfall: str | None = None
    """Why rows of this list cannot be reached from here, in a sentence: its column is incomplete, whatever its totals say."""


@dataclass(frozen=True)
class ArticlePage:
    """One article: its own title and date, where it comes from, and the documents linked from it.

    ``body_text`` and ``outer_tables``, the text of tables outside the body, are without white space; ``images`` are those of
    the body that may be pages or tables (``data:`` addresses included), ``has_tables`` whether all statutory tables are
    printed as tables.
    """

    title: str | None
    published_date: str | None
    source: str | None
    attachments: tuple[Link, ...]
    body_text: str
    images: tuple[Link, ...] = ()
    has_tables: bool = False
    outer_tables: str = ""


class ListShapeError(Exception):
    """A list page that carries a family's signature but not its rows: a changed shape, never 'nothing new'.

    Args:
        family: the family whose signature was found.
        url: the page.
        message: what was expected and what was found instead.
    """

    def __init__(self, family: str, url: str, message: str) -> None:
        super().__init__(f"{family} list at {url}: {message}")
        self.family = family
        self.url = url
        self.message = message

    def __reduce__(self) -> tuple[type[ListShapeError], tuple[str, str, str]]:
        return type(self), (self.family, self.url, self.message)
