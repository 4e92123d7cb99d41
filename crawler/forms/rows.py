"""The stream of all grids' rows, each told which statutory table it belongs to by the words it holds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from crawler.documents.model import Geometry, Grid, GridCell
from crawler.forms.catalogue import ACTIVE_DISCLOSURE, FORM_VERSIONS, REQUESTS, REVIEW_LITIGATION, load_form
from crawler.forms.labels import MAX_LABEL_CHARACTERS, core, skeleton
from crawler.forms.model import State
from crawler.forms.numbers import parse_number
from crawler.forms.vocabularies import FormVocabularies, form_vocabularies

# On skeletons; 第二十六条第六项 is a known slip for 第二十条第（六）项.
ARTICLE = re.compile(r"第二十[一二三四五六七八九]?条第?([一二三四五六七八九])项?")
MAX_ARTICLE_CHARACTERS = 24
FORM_MARKERS_MIXED = "form_markers_mixed"
FORM_VERSION_BY_REQUEST_ROWS = "form_version_by_request_rows"


class RowKind(StrEnum):
    """What a row is within its table."""

    ARTICLE = "article"
    HEADER = "header"
    DATA = "data"


@dataclass(frozen=True, slots=True)
class PrintedRow:
    """One row of one grid: the cells that start in it, left to right."""

    grid: Grid
    number: int
    cells: tuple[GridCell, ...]

    @property
    def is_exact(self) -> bool:
        """Whether columns can be trusted."""
        return self.grid.geometry is Geometry.EXACT


@dataclass(frozen=True, slots=True)
class TableRow:
    """A printed row of a statutory table."""

    table: str
    kind: RowKind
    printed: PrintedRow


@dataclass(frozen=True, slots=True)
class FormEvidence:
    """The form a document prints, by its header words; ``None`` where no word of either form is printed."""

    version: str | None
    flags: tuple[str, ...]


def is_blank(cell: GridCell) -> bool:
    """Whether nothing is printed in the cell."""
    return parse_number(cell.number_text).state is State.BLANK if len(cell.text) <= MAX_LABEL_CHARACTERS else False


def is_value(cell: GridCell) -> bool:
    """Whether the cell holds a number or a mark for 'not applicable'."""
    if len(cell.text) > MAX_LABEL_CHARACTERS:
        return False
    return parse_number(cell.number_text).state in (State.NUMBER, State.ZERO, State.NA_MARK)


def is_text(cell: GridCell) -> bool:
    """Whether the cell holds words, neither blank nor a value."""
    return not is_blank(cell) and not is_value(cell)


def printed_rows(grids: Iterable[Grid]) -> list[PrintedRow]:
    """Every row of every grid in order; cells outside the declared rows are kept in rows of their own."""
    rows: list[PrintedRow] = []
    for grid in grids:
        by_row: dict[int, list[GridCell]] = {}
        for cell in grid.cells:
            by_row.setdefault(cell.row, []).append(cell)
        rows += [
            PrintedRow(grid, number, tuple(sorted(by_row[number], key=lambda cell: cell.column))) for number in sorted(by_row)
        ]
    return rows


def detect_form(rows: Sequence[PrintedRow]) -> FormEvidence:
    """The form by words that only it prints, never by year; flagged where words of both are printed."""
    texts = {cell.text for row in rows for cell in row.cells if len(cell.text) > 1 and not cell.text.isdecimal()}
    words = {form for text in texts for form in (skeleton(text), core(text))}
    counts = {version: sum(skeleton(marker) in words for marker in load_form(version).markers) for version in FORM_VERSIONS}
    found = [version for version in FORM_VERSIONS if counts[version]]
    if not found:
        return FormEvidence(_form_by_request_rows(words), (FORM_VERSION_BY_REQUEST_ROWS,))
    best = max(found, key=lambda version: counts[version])
    return FormEvidence(best, (FORM_MARKERS_MIXED,) if len(found) > 1 else ())


def _form_by_request_rows(words: set[str]) -> str | None:
    """The form by the rows of table 3 that the others do not print; the oldest where only common rows are printed."""
    by_version = {
        version: {skeleton(row.label) for row in load_form(version).request_rows} & words for version in FORM_VERSIONS
    }
    found = [version for version in FORM_VERSIONS if by_version[version]]
    return max(found, key=lambda version: len(by_version[version])) if found else None


def table_rows(rows: Sequence[PrintedRow], version: str) -> list[TableRow]:
    """The rows of the three tables, wherever the grids begin and end; rows of other tables are left out."""
    words = form_vocabularies(version)
    signatures = [_signature(row, words) for row in rows]
    with_signature = {row.grid.number for row, signature in zip(rows, signatures, strict=True) if signature}
    result: list[TableRow] = []
    table: str | None = None
    in_header = False
    review_done = False
    for position, (row, signature) in enumerate(zip(rows, signatures, strict=True)):
        if signature is not None:
            new_table, kind = signature
            if new_table == ACTIVE_DISCLOSURE and kind is RowKind.DATA and table != ACTIVE_DISCLOSURE:
                continue
            table, in_header = new_table, kind is not RowKind.DATA
            if table == REVIEW_LITIGATION:
                review_done = False
            result.append(TableRow(table, kind, row))
            continue
        if table is None or (not any(not is_blank(cell) for cell in row.cells) and table != REVIEW_LITIGATION):
            continue
        if row.grid.number not in with_signature and not _continues(table, rows, signatures, position, done=review_done):
            continue
        has_value = any(is_value(cell) for cell in row.cells)
        if in_header and not has_value and any(is_text(cell) for cell in row.cells):
            result.append(TableRow(table, RowKind.HEADER, row))
            continue
        if table == REVIEW_LITIGATION:
            review_done = review_done or has_value
        in_header = in_header and table == REVIEW_LITIGATION and not has_value
        result.append(TableRow(table, RowKind.DATA, row))
    return result


def _continues(
    table: str,
    rows: Sequence[PrintedRow],
    signatures: Sequence[tuple[str, RowKind] | None],
    position: int,
    *,
    done: bool,
) -> bool:
    """Whether a grid that holds no word of the form is still the table before it."""
    if table == REVIEW_LITIGATION:
        return not done and not any(is_text(cell) for cell in rows[position].cells)
    following = next((signature for signature in signatures[position:] if signature is not None), None)
    return following is not None and following[0] == table and following[1] is RowKind.DATA


def _signature(row: PrintedRow, words: FormVocabularies) -> tuple[str, RowKind] | None:
    """The table and kind a row gives away by itself."""
    found = [
        (cell.text, skeleton(cell.text))
        for cell in row.cells
        if cell.text and len(cell.text) <= MAX_LABEL_CHARACTERS and not cell.text.isdecimal()
    ]
    skeletons = [form for _, form in found if form]
    if not skeletons:
        return None
    in_requests = sum(form in words.request_words for form in skeletons)
    if in_requests >= 2 or (in_requests and (len(skeletons) == 1 or any(f in words.shared_words for f in skeletons))):
        return REQUESTS, RowKind.HEADER
    if sum(form in words.review_words for form in skeletons) >= 2:
        return REVIEW_LITIGATION, RowKind.HEADER
    if any(ARTICLE.match(form) and len(form) <= MAX_ARTICLE_CHARACTERS for form in skeletons):
        return ACTIVE_DISCLOSURE, RowKind.ARTICLE
    labels = [text for text, _ in found]
    if any(index in words.distinct_request_rows for text in labels for index in words.request_rows.find(text)):
        return REQUESTS, RowKind.DATA
    if any(form in words.disclosure_words or core(text) in words.disclosure_words for text, form in found):
        return ACTIVE_DISCLOSURE, RowKind.HEADER
    if any(words.disclosure_rows.find(text) for text in labels) and len(row.cells) > 1:
        return ACTIVE_DISCLOSURE, RowKind.DATA
    return None
