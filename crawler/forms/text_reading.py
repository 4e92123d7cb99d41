"""The tables read a second time, by text order alone: a label, and the numbers that follow it.

Nothing here looks at rules, spans or grid positions. In a paged format the words come as the file has them, and columns are
told by counting, by where the numbers of all rows stand one above the other, or by the labels they stand under; in markup the
cells come in their order.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from crawler.documents.model import Grid, Method, Word
from crawler.forms.alignment import Vocabulary
from crawler.forms.catalogue import ACTIVE_DISCLOSURE, REQUESTS, REVIEW_LITIGATION, TABLES
from crawler.forms.labels import skeleton
from crawler.forms.model import State
from crawler.forms.numbers import parse_number
from crawler.forms.rows import TableRow
from crawler.forms.vocabularies import FormVocabularies, form_vocabularies

MIN_SHARE = 0.5
"""A row of which fewer numbers than this share of its columns are printed is placed by its label only."""
IN_ONE_COLUMN = 0.6
"""The share of a number's width that stands under one label; of numbers that run together no column has as much."""
_NUMBER = re.compile(r"[-+－−]?[\d０-９](?:[\d０-９,，.．]*[\d０-９])?(?:件|条|项|元|万元|亿元)?|[-—―─/]{1,2}")
_ARTICLE = "第二十"
"""How the line above each block of table 2 begins."""
_AFTER_ENUMERATOR = "、.．)）"


@dataclass(frozen=True, slots=True)
class TextRow:
    """The words between two runs of numbers, as a skeleton, and the numbers behind them."""

    label: str
    numbers: tuple[Word, ...]
    words: tuple[Word, ...] = ()
    """All words of the label, where their places are known."""


def read_text_order(rows: Sequence[TableRow], version: str) -> dict[str, dict[str, str]]:
    """What the text says of each table's cells: table -> metric key -> text, without white space.

    Args:
        rows: the rows of the three tables, by which it is known which grids hold which table.
        version: the form.

    A table is missing where no text order is known; a key is missing where the text does not tell it for sure.
    """
    words = form_vocabularies(version)
    text_rows: dict[int, list[TextRow]] = {}
    found: dict[str, dict[str, str]] = {}
    for table in TABLES:
        grids = {row.printed.grid.number: row.printed.grid for row in rows if row.table == table}
        own: list[TextRow] = []
        for number, grid in grids.items():
            if number not in text_rows:
                text_rows[number] = list(_text_rows(grid))
            own += text_rows[number]
        if own:
            found[table] = _READERS[table](own, words)
    return found


def _text_rows(grid: Grid) -> Iterator[TextRow]:
    if grid.method is Method.OCR:
        return  # the same characters in another order are no second look at the image
    if grid.reading_order:
        yield from _rows_of_words(grid.reading_order)
    elif grid.method is Method.MARKUP:
        yield from _rows_of_cells(grid)


def _rows_of_words(words: Sequence[Word]) -> Iterator[TextRow]:
    """The last row may have no number: what it says is that nothing is printed."""
    label: list[Word] = []
    numbers: list[Word] = []
    for word, following in pairwise((*words, Word("", 0.0, 0.0, 0))):
        if _NUMBER.fullmatch(word.text) and not (following.text and following.text[0] in _AFTER_ENUMERATOR):
            numbers.append(word)
            continue
        if numbers:
            yield _row_of_words(label, numbers)
            label, numbers = [], []
        label.append(word)
    if words:
        yield _row_of_words(label, numbers)


def _row_of_words(label: Sequence[Word], numbers: Sequence[Word]) -> TextRow:
    return TextRow(skeleton("".join(word.text for word in label[-_LAST_WORDS:])), tuple(numbers), tuple(label))


_LAST_WORDS = 60
"""Words before a number in which its label is looked for: a label set in single characters has some fifty."""


def _rows_of_cells(grid: Grid) -> Iterator[TextRow]:
    """The cells of markup in their order; empty cells are words too, and stand at no place."""
    label: list[str] = []
    numbers: list[Word] = []
    for cell in grid.cells:
        text = "".join(cell.text.split())
        if not text or parse_number(cell.text).state in (State.NUMBER, State.ZERO, State.NA_MARK):
            numbers.append(Word(text, 0.0, 0.0, 0))
            continue
        if numbers:
            yield TextRow(skeleton("".join(label)[-_LAST_CHARACTERS:]), tuple(numbers))
            label, numbers = [], []
        label.append(text)
    if numbers:
        yield TextRow(skeleton("".join(label)[-_LAST_CHARACTERS:]), tuple(numbers))


_LAST_CHARACTERS = 120


@cache
def _endings(version: str, table: str) -> tuple[Mapping[str, tuple[int, ...]], tuple[int, ...]]:
    """Every wording of the table's rows -> the rows it is, and the lengths of the wordings, longest first."""
    words = form_vocabularies(version)
    known = words.request_rows if table == REQUESTS else words.disclosure_rows
    return known.exact, tuple(sorted({len(wording) for wording in known.exact}, reverse=True))


def _placed(
    rows: Sequence[TextRow], known: Vocabulary, version: str, table: str, optional: frozenset[int]
) -> dict[int, TextRow]:
    """Label index -> row: by the label at the end of the words, and between two such rows by order if none is missing.

    A label found twice with different numbers is no reading.
    """
    exact, lengths = _endings(version, table)
    index_of: list[int | None] = []
    last = -1
    for row in rows:
        found: tuple[int, ...] = ()
        for length in lengths:
            found = exact.get(row.label[-length:], ()) if len(row.label) >= length else ()
            if found:
                break
        later = [index for index in found if index > last]
        index = found[0] if len(found) == 1 else (later[0] if later else None)
        if index is not None:
            last = index
        index_of.append(index)
    _fill_between(index_of, rows, optional, len(known.labels))
    placed: dict[int, TextRow] = {}
    doubled: set[int] = set()
    for index, row in zip(index_of, rows, strict=True):
        if index is None:
            continue
        if index in placed and [w.text for w in placed[index].numbers] != [w.text for w in row.numbers]:
            doubled.add(index)
        placed[index] = row
    return {index: row for index, row in placed.items() if index not in doubled}


def _fill_between(index_of: list[int | None], rows: Sequence[TextRow], optional: frozenset[int], count: int) -> None:
    """Rows with an unknown label between two known ones are the rows missing there, if there are as many."""
    anchors = [(-1, -1), *((n, index) for n, index in enumerate(index_of) if index is not None), (len(rows), count)]
    taken = {index for index in index_of if index is not None}
    for (left, low), (right, high) in pairwise(anchors):
        unknown = [n for n in range(left + 1, right) if any(word.text for word in rows[n].numbers)]
        missing = [index for index in range(low + 1, high) if index not in optional and index not in taken]
        if unknown and len(unknown) == len(missing):
            for n, index in zip(unknown, missing, strict=True):
                index_of[n] = index


def _read_requests(rows: Sequence[TextRow], words: FormVocabularies) -> dict[str, str]:
    known = words.request_rows
    extra = {spec.key for spec in words.form.request_extra_rows}
    optional = frozenset(index for index, label in enumerate(known.labels) if label.key in extra)
    count = len(words.form.request_columns)
    usable = [row for row in rows if count * MIN_SHARE <= len(row.numbers) <= 2 * count]
    placed = _placed(usable, known, words.form.version, REQUESTS, optional)
    columns = _columns_by_place(placed.values(), count)
    if not columns and any(len(row.numbers) < count for row in placed.values()):
        columns = _columns_by_heading(rows[0].words, [column.label for column in words.form.request_columns], placed.values())
    found = {}
    for index, row in placed.items():
        values = _values(row.numbers, count, columns)
        for column, value in zip(words.form.request_columns, values or (), strict=False):
            found[f"{REQUESTS}.{known.labels[index].key}.{column.key}"] = value
    return found


def _read_disclosure(rows: Sequence[TextRow], words: FormVocabularies) -> dict[str, str]:
    known = words.disclosure_rows
    most = max(len(block.columns) for block in words.form.blocks)
    usable = [row for row in rows if row.numbers and (len(row.numbers) <= most or not row.numbers[-1].text)]
    found = {}
    placed = _placed(usable, known, words.form.version, ACTIVE_DISCLOSURE, frozenset())
    for index, row in placed.items():
        block = words.block_of[index]
        columns = words.form.blocks[block].columns
        places: tuple[float, ...] = ()
        if len(row.numbers) < len(columns):
            same = [other for n, other in placed.items() if words.block_of[n] == block]
            places = _columns_by_place(same, len(columns))
        values = _values(row.numbers, len(columns), places)
        for column, value in zip(columns, values or (), strict=False):
            found[f"{ACTIVE_DISCLOSURE}.{known.labels[index].key}.{column.key}"] = value
    for index in _without_numbers(rows, words) - placed.keys():
        for column in words.form.blocks[words.block_of[index]].columns:
            found[f"{ACTIVE_DISCLOSURE}.{known.labels[index].key}.{column.key}"] = ""
    return found


def _without_numbers(rows: Sequence[TextRow], words: FormVocabularies) -> set[int]:
    """Rows of table 2 that print nothing: behind their label comes the next row's, another article, or the end."""
    exact = words.disclosure_rows.exact
    found: set[int] = set()
    for row in rows:
        for wording, indices in exact.items():
            at = row.label.rfind(wording)
            if at < 0:
                continue
            behind = row.label[at + len(wording) :]
            index, following = indices[0], exact.get(behind, (-1,))[0]
            block = words.block_of[index]
            is_next = following > index and words.block_of[following] == block
            if (
                behind.startswith(_ARTICLE)
                or (not behind and not row.numbers)
                or (is_next and len(row.numbers) == len(words.form.blocks[block].columns))
            ):
                found.add(index)
    return found


def _read_review(rows: Sequence[TextRow], words: FormVocabularies) -> dict[str, str]:
    columns = words.form.review_columns
    count = len(columns)
    leaves = tuple(words.review_leaves)
    headed = [row for row in rows if any(leaf in row.label for leaf in leaves)]
    full = [row for row in headed if len(row.numbers) >= count] or [row for row in rows if len(row.numbers) == count]
    sparse = [row for row in headed if len(row.numbers) < count]
    if len(full) == 1:
        values = _values(full[0].numbers, count, _columns_by_place(full, count))
    elif len(sparse) == 1 and not full:
        places = _columns_by_heading(sparse[0].words, [column.label for column in columns], sparse)
        values = _values(sparse[0].numbers, count, places) if places else None
    else:
        return {}
    return {
        f"{REVIEW_LITIGATION}.{column.row}.{column.key}": value for column, value in zip(columns, values or (), strict=False)
    }


_READERS = {ACTIVE_DISCLOSURE: _read_disclosure, REQUESTS: _read_requests, REVIEW_LITIGATION: _read_review}


def _columns_by_place(rows: Iterable[TextRow], count: int) -> tuple[float, ...]:
    """The right ends of the columns, told by the numbers that stand one above the other; empty where they do not tell."""
    spans = sorted({(word.x0, word.x1) for row in rows for word in row.numbers})
    ends: list[float] = []
    for x0, x1 in spans:
        if ends and x0 < ends[-1]:
            ends[-1] = max(ends[-1], x1)
        else:
            ends.append(x1)
    return tuple(ends) if len(ends) == count else ()


def _columns_by_heading(words: Sequence[Word], labels: Sequence[str], rows: Iterable[TextRow]) -> tuple[float, ...]:
    """The right ends of the columns, half way between the labels that stand over them.

    The labels are the rightmost words, as many side by side as there are columns; groups of columns stand above them. Empty
    where they are not found, or where a number of the ``rows`` stands under several of them.
    """
    wanted = [skeleton(label) for label in labels]
    known = frozenset("".join(wanted))
    stacks: list[tuple[float, float, list[int]]] = []
    for index in sorted(range(len(words)), key=lambda index: words[index].x0):
        word = words[index]
        if not known.issuperset(word.text):
            continue
        if stacks and word.x0 < stacks[-1][1]:
            x0, x1, members = stacks.pop()
            stacks.append((x0, max(x1, word.x1), [*members, index]))
        else:
            stacks.append((word.x0, word.x1, [index]))
    stacks = stacks[-len(wanted) :]
    texts = ("".join(words[index].text for index in sorted(members)) for _, _, members in stacks)
    if len(stacks) < len(wanted) or not all(text.endswith(label) for text, label in zip(texts, wanted, strict=True)):
        return ()
    ends = [(left[1] + right[0]) / 2 for left, right in pairwise(stacks)]
    if not all(_stands_in_one(word, [-math.inf, *ends, math.inf]) for row in rows for word in row.numbers):
        return ()
    return (*ends, math.inf)


def _stands_in_one(word: Word, edges: Sequence[float]) -> bool:
    widest = max(min(word.x1, right) - max(word.x0, left) for left, right in pairwise(edges))
    return widest >= IN_ONE_COLUMN * (word.x1 - word.x0)


def _values(numbers: Sequence[Word], count: int, columns: Sequence[float]) -> list[str] | None:
    """The row's text by column: where each number stands if that is known, else by order if there are as many as columns."""
    if columns:
        values = [""] * count
        column = 0
        for word in sorted(numbers, key=lambda word: word.x0) if len(numbers) != count else numbers:
            column = next((n for n, end in enumerate(columns) if (word.x0 + word.x1) / 2 < end), count - 1)
            values[column] += word.text
        return values
    if len(numbers) == count or (len(numbers) > count and not any(word.text for word in numbers[count:])):
        return [word.text for word in numbers[:count]]
    filled = [word.text for word in numbers if word.text]
    return filled if len(filled) == count else None
