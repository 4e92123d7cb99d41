"""Data rows parted into their own label and the cells behind it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from crawler.documents.model import GridCell
from crawler.forms.alignment import Vocabulary
from crawler.forms.columns import ValueRow
from crawler.forms.labels import skeleton
from crawler.forms.rows import PrintedRow, RowKind, TableRow, is_blank, is_text, is_value


@dataclass(frozen=True, slots=True)
class LabelledRow:
    """A data row: its label as printed (``""`` where none is), its values and the header rows printed last above it.

    ``group`` is the skeleton of the group label around it, ``block`` the block of the article line above it in table 2.
    """

    label: str
    values: ValueRow
    header: tuple[PrintedRow, ...]
    group: str = ""
    block: int | None = None

    @property
    def is_empty(self) -> bool:
        """Whether no value is printed in the row."""
        return all(is_blank(cell) for cell in self.values.cells)


def label_rows(rows: Iterable[TableRow], known: Vocabulary, columns: Vocabulary, block: int | None = None) -> list[LabelledRow]:
    """The data rows among a table's rows; rows that only hold group labels or notes are left out."""
    result: list[LabelledRow] = []
    header: list[PrintedRow] = []
    after_header = False
    group = ""
    starts: dict[int, int] = {}
    for row in rows:
        if row.kind is RowKind.HEADER:
            if not after_header:
                header, starts = [], {}
            header.append(row.printed)
            after_header = True
            for cell in row.printed.cells if row.printed.is_exact else ():
                if cell.text and columns.find(cell.text):
                    grid = row.printed.grid.number
                    starts[grid] = min(cell.column, starts.get(grid, cell.column))
            continue
        after_header = False
        cells = row.printed.cells
        at = _label_position(row.printed, known, starts.get(row.printed.grid.number))
        for cell in cells[: at + 1]:
            if skeleton(cell.text) in known.others:
                group = skeleton(cell.text)
        if at < 0:
            if sum(map(is_value, cells)) > 1:
                result.append(LabelledRow("", ValueRow(row.printed, cells), tuple(header), group, block))
            continue
        values = cells[at + 1 :]
        if known.find(cells[at].text) or (values and skeleton(cells[at].text) not in known.others):
            result.append(LabelledRow(cells[at].text, ValueRow(row.printed, values), tuple(header), group, block))
    return result


def _label_position(row: PrintedRow, known: Vocabulary, first_value: int | None) -> int:
    """The position of the row's own label among its cells, -1 where none is printed.

    ``first_value`` is where the value columns begin, in an exact grid that prints its own header.
    """
    if first_value is not None:
        before = [number for number, cell in enumerate(row.cells) if cell.column < first_value and is_text(cell)]
        if before:
            return before[-1]
    texts: list[int] = []
    for number, cell in enumerate(row.cells):
        if is_text(cell):
            texts.append(number)
        elif texts and is_value(cell):
            break
    if not texts:
        return -1
    if not known.find(row.cells[texts[-1]].text):
        # A value that is no number ("约5件") must not be taken for the label.
        for number in reversed(texts[:-1]):
            found = known.find(row.cells[number].text)
            if found and not any(_has_rows_inside(known, index) for index in found):
                return number
    return texts[-1]


def _has_rows_inside(known: Vocabulary, index: int) -> bool:
    own = {skeleton(wording) for wording in known.labels[index].wordings}
    return any(skeleton(label.group) in own for label in known.labels if label.group)


def join_halves(rows: Sequence[LabelledRow], known: Vocabulary) -> tuple[list[LabelledRow], list[str]]:
    """Put together rows whose label a page break has cut: one half holds the values, the other none.

    Returns:
        the rows, and the keys of those put together.
    """
    result: list[LabelledRow] = []
    joined: list[str] = []
    for row in rows:
        before = result[-1] if result else None
        if (
            before is not None
            and before.is_empty is not row.is_empty
            and _is_unknown(row, known)
            and _is_unknown(before, known)
        ):
            found = known.find(before.label + row.label)
            if found:
                full = row if before.is_empty else before
                result[-1] = replace(full, label=before.label + row.label)
                joined.append(known.labels[found[0]].key)
                continue
        result.append(row)
    return result, joined


def _is_unknown(row: LabelledRow, known: Vocabulary) -> bool:
    return bool(row.label) and not known.find(row.label)


def raw_text(cells: Sequence[GridCell]) -> str:
    """What a row prints behind its label, cells parted by tabs."""
    return "\t".join(cell.text for cell in cells)
