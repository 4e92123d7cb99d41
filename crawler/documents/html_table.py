"""HTML tables: which ones hold data, their geometry as browsers lay it out, and the text of a cell."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml.html import HtmlElement

from crawler.documents.model import Grid
from crawler.documents.spans import PlacedCell, exact_grid
from crawler.outcomes import Outcome, OutcomeError

MAX_COLUMN_SPAN = 1000
"""The HTML standard's own limit."""
MAX_COLUMNS = 2000

BLOCK_TAGS = frozenset(
    {
        "address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "dir", "div", "dl", "dt",
        "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "html",
        "legend", "li", "main", "menu", "nav", "ol", "p", "pre", "section", "summary", "table", "tbody", "td", "tfoot", "th",
        "thead", "title", "tr", "ucapcontent", "ul",
    }
)  # fmt: skip
SKIPPED_TAGS = frozenset(
    {
        "script", "style", "noscript", "template", "iframe", "object", "embed", "applet", "svg", "canvas", "audio", "video",
        "map", "select", "button", "textarea", "input", "head", "link", "meta", "colgroup", "col",
    }
)  # fmt: skip

_ROW_GROUPS = frozenset({"thead", "tbody", "tfoot"})
_CELL_TAGS = frozenset({"td", "th"})
_HIDDEN = re.compile(r"display\s*:\s*none|mso-hide\s*:\s*all", re.IGNORECASE)
_CJK_BREAK = re.compile(r"(?<=[\u2e80-\u9fff\uff00-\uffef])[ \t]*[\r\n][ \t\r\n\f]*(?=[\u2e80-\u9fff\uff00-\uffef])")
_WHITE = re.compile(r"[ \t\r\n\f]+")
_STRIPPED = " \t\r\n\f\u3000\xa0\ufeff\u200b\u200c\u200d\u2060"
_LONG_PROSE = 300
_MAX_LAYOUT_CELLS = 12


def collapse(text: str) -> str:
    """White space as a browser shows it; a line end between two Chinese characters is none (CSS Text 3, 4.1.2)."""
    return _WHITE.sub(" ", _CJK_BREAK.sub("", text))


def trim(text: str) -> str:
    """Without outer white space of any kind, Chinese and invisible ones included."""
    return text.strip(_STRIPPED)


def is_hidden(element: HtmlElement) -> bool:
    """Whether the element's own style keeps it off the page."""
    return bool(_HIDDEN.search(element.get("style") or "")) or element.get("hidden") is not None


def row_groups(table: HtmlElement) -> list[list[list[HtmlElement]]]:
    """The table's own rows by row group, heads first and feet last; a row is its cells. Nested tables stay in their cells."""
    groups: dict[str, list[list[list[HtmlElement]]]] = {"thead": [], "": [], "tfoot": []}
    loose: list[list[HtmlElement]] = []
    _collect(table, loose, groups)
    if loose:
        groups[""].append(loose)
    return [*groups["thead"], *groups[""], *groups["tfoot"]]


def own_cells(table: HtmlElement) -> list[HtmlElement]:
    """All cells of the table itself."""
    return [cell for group in row_groups(table) for row in group for cell in row]


def _collect(parent: HtmlElement, rows: list[list[HtmlElement]], groups: dict[str, list[list[list[HtmlElement]]]]) -> None:
    bare: list[HtmlElement] = []
    for child in _elements(parent):
        tag = child.tag
        if tag in _CELL_TAGS:
            bare.append(child)
            continue
        if bare:
            rows.append(bare)
            bare = []
        if tag == "tr":
            cells = [cell for cell in _row_cells(child) if not is_hidden(cell)]
            if not is_hidden(child) and not _is_ruler(child, cells):
                rows.append(cells)
        elif tag in _ROW_GROUPS:
            group: list[list[HtmlElement]] = []
            _collect(child, group, groups)
            if group:
                groups["" if tag == "tbody" else tag].append(group)
        elif tag not in {"table", "caption"} and tag not in SKIPPED_TAGS:
            _collect(child, rows, groups)
    if bare:
        rows.append(bare)


def _row_cells(row: HtmlElement) -> Iterator[HtmlElement]:
    for child in _elements(row):
        if child.tag in _CELL_TAGS:
            yield child
        elif child.tag != "table" and child.tag not in SKIPPED_TAGS:
            yield from _row_cells(child)


def _is_ruler(row: HtmlElement, cells: list[HtmlElement]) -> bool:
    """Word ends a table with an invisible row that only sets column widths."""
    return row.get("height") == "0" and not any(cell_text(cell) for cell in cells)


def _elements(parent: HtmlElement) -> Iterator[HtmlElement]:
    return (child for child in parent if isinstance(child.tag, str))


def is_layout(table: HtmlElement) -> bool:
    """Whether a table only arranges blocks on the page: one cell, one column, other tables inside, or prose in few cells."""
    rows = [row for group in row_groups(table) for row in group if row]
    count = sum(map(len, rows))
    if count < 2 or max(map(len, rows)) < 2:
        return True
    nested = [inner for inner in table.iter("table") if inner is not table]
    if nested and sum(len(own_cells(inner)) for inner in nested) >= count:
        return True
    return count <= _MAX_LAYOUT_CELLS and any(
        len(cell.text_content()) > _LONG_PROSE and sum(1 for _ in cell.iter("p", "div", "br", "h1", "h2", "h3", "li")) > 1
        for row in rows
        for cell in row
    )


def read_table(table: HtmlElement, number: int) -> Grid | None:
    """The grid a browser lays out for this table; ``None`` if it has no cell.

    Raises:
        OutcomeError: ``too_large`` for a table of more slots than any form has.
    """
    placed: list[PlacedCell] = []
    free_from: list[int] = []  # per column, the first row no earlier cell reaches into
    first_row = 0
    for group in row_groups(table):
        end = first_row + len(group)
        for row, cells in enumerate(group, first_row):
            column = 0
            for cell in cells:
                while column < len(free_from) and free_from[column] > row:
                    column += 1
                width = min(max(_span(cell, "colspan"), 1), MAX_COLUMN_SPAN)
                height = _span(cell, "rowspan") or end - row
                height = min(height, end - row)
                if column + width > MAX_COLUMNS:
                    raise OutcomeError(Outcome.TOO_LARGE, f"the page holds a table of more than {MAX_COLUMNS} columns")
                placed.append(PlacedCell(row, column, height, width, cell_text(cell)))
                free_from.extend([0] * (column + width - len(free_from)))
                for slot in range(column, column + width):
                    free_from[slot] = max(free_from[slot], row + height)
                column += width
        first_row = end
    try:
        return exact_grid(placed, first_row, number)
    except ValueError as error:
        raise OutcomeError(Outcome.TOO_LARGE, f"the page holds {error}") from error


def _span(cell: HtmlElement, name: str) -> int:
    """A span as browsers parse it: the leading digits; 1 where there are none."""
    found = re.match(r"\s*\+?(\d{1,9})", cell.get(name) or "")
    return int(found.group(1)) if found else 1


def cell_text(cell: HtmlElement) -> str:
    """What a cell shows: ``<br>`` and blocks as line feeds, a nested table's cells by tab."""
    parts: list[str] = []
    _gather(cell, parts)
    lines = ([trim(collapse(piece)) for piece in line.split("\x01")] for line in "".join(parts).split("\x00"))
    return "\n".join("\t".join(filter(None, line)) for line in lines if any(line))


def _gather(element: HtmlElement, parts: list[str]) -> None:
    # Two control characters that HTML cannot contain stand for the ends of lines and of nested cells.
    parts.append(element.text or "")
    for child in element:
        if isinstance(child.tag, str) and child.tag not in SKIPPED_TAGS and not is_hidden(child):
            if child.tag == "br":
                parts.append("\x00")
            else:
                edge = "\x01" if child.tag in _CELL_TAGS else "\x00" if child.tag in BLOCK_TAGS else ""
                parts.append(edge)
                _gather(child, parts)
                parts.append(edge)
        parts.append(child.tail or "")
