"""What must be read from the saved pages of an added portal: written by ``scrapy portals check --add``, confirmed by a person.

A folder a portal: ``expected.toml``, each column's page as it came, and the first answer of its API where only that has rows.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crawler.portals import families
from crawler.portals.markup import host_of
from crawler.portals.model import Link, ListPage, ListShapeError, Portal
from crawler.portals.registry.writing import toml_value

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

FILE = "expected.toml"
UNKNOWN = "generic"
_HEAD = """\
# {name}: what `scrapy portals check {home} --add` read on {checked} from the pages saved beside this file.
# Compare the rows with the page in a browser: every report that it lists must be here, with its own title, date and address.
# Then set confirmed = true. From then on tests/test_added_portals.py holds the family to these rows.
confirmed = false
"""


class ExpectationError(ValueError):
    """An ``expected.toml`` that cannot be used; the message names the file and the fault."""


@dataclass(frozen=True, slots=True)
class SavedColumn:
    """One column as it was fetched. ``url`` is the page's own, after redirects; ``answer`` what its API gave first."""

    url: str
    page: bytes
    answer: bytes | None = None

    def read(self, encoding: str | None = None) -> ListPage:
        """The rows, by whichever family claims the page.

        Raises:
            ListShapeError: the family claims the page, or the answer, and does not find the rows.
            ValueError: a page too large; an answer, and nothing on the page that asks for one.
        """
        page = families.read_list(self.page, self.url, encoding=encoding)
        if self.answer is None:
            return page
        if not page.next_requests:
            raise ValueError(f"{self.url}: an answer was saved, but the page asks for none")
        return families.read_answer(self.answer, page.next_requests[0])


@dataclass(frozen=True, slots=True)
class ExpectedColumn:
    """What a person confirmed of one column: rows and sub-columns in page order, and the family that reads them."""

    url: str
    page: str
    answer: str | None
    family: str
    declared_total: int | None
    rows: tuple[Link, ...]
    sub_columns: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class Expectation:
    """One ``expected.toml``."""

    confirmed: bool
    region: str
    encoding: str | None
    columns: tuple[ExpectedColumn, ...]


def folder_name(home: str) -> str:
    """The name of a portal's folder: its host.

    >>> folder_name("http://www.luanchuan.gov.cn/")
    'www.luanchuan.gov.cn'
    """
    return host_of(home).replace(":", "_").strip("[]")


def expectation_files(portal: Portal, columns: Iterable[SavedColumn], *, checked: str) -> dict[str, bytes]:
    """The files of a portal's folder by name.

    Args:
        portal: as it is registered.
        columns: as fetched; each must be readable.
        checked: today's date, ISO.

    Raises:
        ListShapeError, ValueError: as ``SavedColumn.read``.
    """
    files: dict[str, bytes] = {}
    lines = [_HEAD.format(name=portal.name, home=portal.home, checked=checked)]
    lines.append(f"region = {toml_value(portal.region)}\n")
    if portal.encoding:
        lines.append(f"encoding = {toml_value(portal.encoding)}\n")
    for number, column in enumerate(columns, 1):
        page = column.read(portal.encoding)
        files[f"column-{number}.html"] = column.page
        lines.append(f'\n[[column]]\nurl = {toml_value(column.url)}\npage = "column-{number}.html"\n')
        if column.answer is not None:
            files[f"column-{number}.answer"] = column.answer
            lines.append(f'answer = "column-{number}.answer"\n')
        lines.append(f"family = {toml_value(page.family)}\n")
        if page.declared_total is not None:
            lines.append(f"declared_total = {page.declared_total}\n")
        rows = "".join(f"  [{', '.join(toml_value(part) for part in _row(item))}],\n" for item in page.items)
        lines.append(f"rows = [\n{rows}]\n")
        if page.sub_columns:
            below = "".join(f"  [{toml_value(link.text)}, {toml_value(link.url)}],\n" for link in page.sub_columns)
            lines.append(f"sub_columns = [\n{below}]\n")
    return {FILE: "".join(lines).encode(), **files}


def _row(item: Link) -> tuple[str, str, str]:
    return item.date or "", item.text, item.url


def load_expectation(folder: Path) -> Expectation:
    """The expectation of a portal's folder.

    Raises:
        ExpectationError: missing, no TOML, or not what ``expectation_files`` writes.
    """
    path = folder / FILE
    try:
        data = tomllib.loads(path.read_text("utf-8"))
        columns = tuple(_column(table) for table in data["column"])
        expectation = Expectation(data["confirmed"] is True, str(data["region"]), data.get("encoding"), columns)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ExpectationError(f"{path}: cannot be read: {error}") from error
    except (KeyError, TypeError, ValueError) as error:
        raise ExpectationError(f"{path}: not an expectation: {type(error).__name__} {error}") from error
    return expectation


def _column(table: dict[str, Any]) -> ExpectedColumn:
    return ExpectedColumn(
        url=str(table["url"]),
        page=str(table["page"]),
        answer=table.get("answer"),
        family=str(table["family"]),
        declared_total=table.get("declared_total"),
        rows=tuple(Link(url, text, date or None) for date, text, url in table["rows"]),
        sub_columns=tuple(Link(url, text) for text, url in table.get("sub_columns", ())),
    )


def differences(folder: Path, expectation: Expectation) -> list[str]:
    """What is read from the saved pages now and is not as expected, in words; empty where all is.

    Raises:
        OSError: a saved page is gone.
    """
    found: list[str] = []
    for column in expectation.columns:
        answer = (folder / column.answer).read_bytes() if column.answer else None
        saved = SavedColumn(column.url, (folder / column.page).read_bytes(), answer)
        try:
            page = saved.read(expectation.encoding)
        except (ListShapeError, ValueError) as error:
            found.append(f"{column.page}: {error}")
            continue
        if page.family != column.family and column.family != UNKNOWN:  # a family that comes to know the page is welcome
            found.append(f"{column.page}: read as family {page.family}, expected {column.family}")
        if page.declared_total != column.declared_total:
            found.append(f"{column.page}: declares {page.declared_total} rows, expected {column.declared_total}")
        found += [f"{column.page}: {words}" for words in _changes(column.rows, page.items)]
        found += [f"{column.page}: sub-column {words}" for words in _changes(column.sub_columns, page.sub_columns)]
    return found


def _changes(expected: tuple[Link, ...], read: tuple[Link, ...]) -> list[str]:
    gone = [f"not read any more: {_row(row)}" for row in expected if row not in read]
    new = [f"read, but not expected: {_row(row)}" for row in read if row not in expected]
    return gone + new or (["read in another order"] if expected != read else [])
