"""Errors as people and readers make them, put into correct reports, and what the dataset says of them."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property

from crawler.dataset.assemble import assemble, report_record
from crawler.dataset.model import Record, Sighting
from crawler.documents.model import Document, Grid, GridCell, Word
from crawler.documents.reader import read_document
from crawler.documents.stitching import is_number
from crawler.forms.catalogue import ACTIVE_DISCLOSURE, REQUESTS, REVIEW_LITIGATION, load_form
from crawler.forms.reader import read_report
from crawler.forms.record import report_record as record_of
from tests.builders import DIVISIONS, sighting
from tests.ofd_writer import to_ofd
from tests.report_series import BODIES, YEARS, Body, reports_of

Place = tuple[Body, int]
"""A body and a year."""
Edit = Mapping[str, str]
"""Metric key -> what is read or printed there instead."""


class Where(StrEnum):
    """In which of the two readings the error is; in ``BOTH``, it is the source's own."""

    GRID = "grid"
    WORDS = "words"
    BOTH = "both"


class Verdict(StrEnum):
    """What the dataset says of an error, the strongest first."""

    REPORTED = "reported"
    """A check fails that did not, or a flag is raised."""
    OPEN = "open"
    """A check that passed cannot be judged any more and says which cell is empty, or cells have one reading only."""
    SILENT = "silent"


@dataclass(frozen=True)
class Error:
    """One error in one report."""

    kind: str
    body: Body
    year: int
    edit: Edit

    @property
    def table(self) -> str:
        """The table that it is in."""
        return next(iter(self.edit)).partition(".")[0]

    @property
    def is_of_one_cell(self) -> bool:
        """Whether one cell alone is wrong."""
        return len(self.edit) == 1


class Correct:
    """One correct report as read, and the places of its cells in both readings."""

    def __init__(self, body: Body, year: int, content: bytes) -> None:
        self.place: Place = (body, year)
        self.document = read_document(content)
        report = read_report(self.document)
        self.form = load_form(report.form_version)
        self.raw = {key: cell.raw or "" for key, cell in report.cells.items()}
        self.record = record_of(report)
        by_place = {(cell.page, cell.box): (n, cell) for n, grid in enumerate(self.document.grids) for cell in grid.cells}
        self._cells: dict[str, tuple[int, GridCell]] = {}
        for key, cell in report.cells.items():
            if cell.where is not None:
                self._cells[key] = by_place[cell.where["page"], tuple(cell.where["bbox"])]

    @cached_property
    def _words(self) -> dict[tuple[int, int, int], int]:
        """Grid, row and column of a number -> its place in the grid's reading order."""
        found: dict[tuple[int, int, int], int] = {}
        for n, grid in enumerate(self.document.grids):
            places = [place for place, word in enumerate(grid.reading_order) if is_number(word.text)]
            cells = [cell for cell in grid.cells if is_number(cell.text)]
            assert [cell.text for cell in cells] == [grid.reading_order[place].text for place in places]
            found |= {(n, cell.row, cell.column): place for cell, place in zip(cells, places, strict=True)}
        return found

    def with_error(self, edit: Edit, where: Where) -> Record:
        """The record that is read if the cells are wrong in one reading, or in both."""
        grids = list(self.document.grids)
        for n, grid in enumerate(self.document.grids):
            texts = {(cell.row, cell.column): edit[key] for key, (at, cell) in self._cells.items() if at == n and key in edit}
            if texts and where is not Where.WORDS:
                cells = tuple(replace(cell, text=texts.get((cell.row, cell.column), cell.text)) for cell in grid.cells)
                grids[n] = replace(grid, cells=cells)
            if texts and where is not Where.GRID:
                grids[n] = replace(grids[n], reading_order=self._reworded(n, grid, texts))
        return record_of(read_report(_with_grids(self.document, grids)))

    def _reworded(self, n: int, grid: Grid, texts: Mapping[tuple[int, int], str]) -> tuple[Word, ...]:
        words: list[Word | None] = list(grid.reading_order)
        added: list[tuple[int, Word]] = []
        for (row, column), text in texts.items():
            place = self._words.get((n, row, column))
            if place is None:
                cell = next(cell for cell in grid.cells if (cell.row, cell.column) == (row, column))
                assert cell.box is not None
                assert cell.page is not None
                middle = (cell.box[0] + cell.box[2]) / 2
                added.append((self._place_after(n, grid, cell), Word(text, middle - 2, middle + 2, cell.page)))
            elif text:
                words[place] = grid.reading_order[place]._replace(text=text)
            else:
                words[place] = None
        for place, word in sorted(added, key=lambda one: -one[0]):
            words.insert(place, word)
        return tuple(word for word in words if word is not None)

    def _place_after(self, n: int, grid: Grid, blank: GridCell) -> int:
        """Where a word of a blank cell would stand: behind the number before it in its row."""
        beside = {
            cell.column: self._words[n, cell.row, cell.column]
            for cell in grid.cells
            if cell.row == blank.row and (n, cell.row, cell.column) in self._words
        }
        before = [place for column, place in beside.items() if column < blank.column]
        return max(before) + 1 if before else min(beside.values())


def _with_grids(document: Document, grids: list[Grid]) -> Document:
    new = iter(grids)
    return replace(document, blocks=tuple(next(new) if isinstance(block, Grid) else block for block in document.blocks))


class Archive:
    """The correct reports of every body and year, and what the dataset says with one of them replaced."""

    def __init__(self) -> None:
        self.correct: dict[Place, Correct] = {
            (body, year): Correct(body, year, to_ofd(source)) for body in BODIES for year, source in reports_of(body).items()
        }
        self._sightings = {place: _seen(place, one.record) for place, one in self.correct.items()}
        self._known: dict[Place, frozenset[tuple[str, str, str]]] = {}

    def records(self, places: list[Place], replaced: Mapping[Place, Record] | None = None) -> list[Record]:
        """The lines of the dataset that the reports of these places make."""
        seen = [
            _seen(place, (replaced or {})[place]) if place in (replaced or {}) else self._sightings[place] for place in places
        ]
        records = {one.sha256: one.record for one in seen}

        def load(sha256: str, _version: str) -> Record:
            record = records[sha256]
            assert record is not None
            return record

        return [report_record(version, load) for version in assemble(seen, load=load, divisions=DIVISIONS).current]

    def judge(self, error: Error, where: Where) -> tuple[Verdict, list[str]]:
        """What the dataset says of the error that it does not say of the correct reports, and where."""
        place = (error.body, error.year)
        if place not in self._known:
            self._known[place] = findings(self.records(self._around(place)))
        wrong = self.correct[place].with_error(error.edit, where)
        news = findings(self.records(self._around(place), {place: wrong})) - self._known[place]
        loud = sorted(what for _, what, status in news if status in ("fail", "flag"))
        if loud:
            return Verdict.REPORTED, loud
        quiet = sorted(what for _, what, status in news)
        return (Verdict.OPEN, quiet) if quiet else (Verdict.SILENT, [])

    def _around(self, place: Place) -> list[Place]:
        """A report, the years before and after, and for its year the bodies of its region."""
        body, year = place
        years = [(body, beside) for beside in (year - 1, year, year + 1) if beside in YEARS]
        return [*years, *((other, year) for other in BODIES if other is not body and other.region == body.region)]


def _seen(place: Place, record: Record) -> Sighting:
    body, year = place
    return sighting(
        record,
        url=f"{body.host}/{body.seed}/{year}.ofd",
        media_type="application/ofd",
        portal=body.region_code,
        portal_name=body.name,
        portal_region=body.region,
        portal_region_code=body.region_code,
        page_published_date=f"{year + 1}-01-20",
        column_url=f"{body.host}/",
    )


def findings(records: list[Record]) -> frozenset[tuple[str, str, str]]:
    """What records say against themselves: report, check or flag, and status."""
    found = set()
    for record in records:
        found |= {
            (record["report_id"], check["id"], check["status"]) for check in record["checks"] if check["status"] != "pass"
        }
        found |= {(record["report_id"], flag, "flag") for flag in record["quality_flags"]}
        found |= {(record["report_id"], f"{table}: {one['once']}", "once") for table, one in record["readings"].items()}
    return frozenset(found)


Maker = Callable[[Correct, str, random.Random], Edit | None]
"""The error of one kind at a cell, or ``None`` where it cannot be made there."""


def _digits(text: str) -> list[int]:
    return [place for place, character in enumerate(text) if character.isdigit()]


def _is_printed(text: str) -> bool:
    """Whether a number is written as people write one: no leading zero, no lone sign."""
    whole = text.lstrip("-").partition(".")[0]
    return bool(whole) and (whole == "0" or whole[0] != "0") and text != "-0"


def _one(key: str, old: str, new: str) -> Edit | None:
    return {key: new} if new != old and _is_printed(new) else None


def digit_changed(report: Correct, key: str, draw: random.Random) -> Edit | None:
    text = report.raw[key]
    if not (places := _digits(text)):
        return None
    place = draw.choice(places)
    digit = draw.choice([digit for digit in "0123456789" if digit != text[place]])
    return _one(key, text, text[:place] + digit + text[place + 1 :])


def digits_swapped(report: Correct, key: str, draw: random.Random) -> Edit | None:
    text = report.raw[key]
    pairs = [place for place in range(len(text) - 1) if text[place : place + 2].isdigit() and text[place] != text[place + 1]]
    if not pairs:
        return None
    place = draw.choice(pairs)
    return _one(key, text, text[:place] + text[place + 1] + text[place] + text[place + 2 :])


def digit_lost(report: Correct, key: str, draw: random.Random) -> Edit | None:
    text = report.raw[key]
    if len(places := _digits(text)) < 2:
        return None
    place = draw.choice(places)
    return _one(key, text, (text[:place] + text[place + 1 :]).removesuffix("."))


def digit_added(report: Correct, key: str, draw: random.Random) -> Edit | None:
    text = report.raw[key]
    if not (places := _digits(text)):
        return None
    place = draw.choice(places) + draw.choice((0, 1))
    return _one(key, text, text[:place] + draw.choice("0123456789") + text[place:])


def sign_lost(report: Correct, key: str, _draw: random.Random) -> Edit | None:
    text = report.raw[key]
    return {key: text[1:]} if text.startswith("-") else None


def zero_to_blank(report: Correct, key: str, _draw: random.Random) -> Edit | None:
    return {key: ""} if report.raw[key] == "0" else None


def blank_to_zero(report: Correct, key: str, _draw: random.Random) -> Edit | None:
    return {key: "0"} if not report.raw[key] else None


def number_to_blank(report: Correct, key: str, _draw: random.Random) -> Edit | None:
    return {key: ""} if report.raw[key] not in ("", "0") else None


def moved_beside(report: Correct, key: str, draw: random.Random) -> Edit | None:
    """The value stands in the next cell of its row, and what stood there in its place."""
    row = key.rpartition(".")[0] + "."
    keys = [
        other for other in report.raw if other.startswith(row if not key.startswith(REVIEW_LITIGATION) else REVIEW_LITIGATION)
    ]
    return _exchanged(report, key, keys, draw)


def moved_below(report: Correct, key: str, draw: random.Random) -> Edit | None:
    """The value stands in the next row of its column, and what stood there in its place."""
    column = "." + key.rpartition(".")[2]
    if key.startswith(REVIEW_LITIGATION):
        return None
    keys = [other for other in report.raw if other.startswith(key.partition(".")[0]) and other.endswith(column)]
    return _exchanged(report, key, keys, draw)


def _exchanged(report: Correct, key: str, keys: list[str], draw: random.Random) -> Edit | None:
    at = keys.index(key)
    beside = [keys[place] for place in (at - 1, at + 1) if 0 <= place < len(keys)]
    other = draw.choice(beside) if beside else key
    edit = {key: report.raw[other], other: report.raw[key]}
    return edit if len({text or "0" for text in edit.values()}) > 1 else None


def rows_swapped(report: Correct, key: str, draw: random.Random) -> Edit | None:
    """The numbers of two rows with the same columns stand in each other's place."""
    table, row, _ = key.split(".")
    rows: dict[str, dict[str, str]] = {}
    for other, text in report.raw.items():
        if other.startswith(table):
            _, name, column = other.split(".")
            rows.setdefault(name, {})[column] = text
    like = [name for name, own in rows.items() if own.keys() == rows[row].keys() and name != row]
    if not like or table == REVIEW_LITIGATION:
        return None
    other = draw.choice(like)
    unlike = [column for column, text in rows[row].items() if (text or "0") != (rows[other][column] or "0")]
    pairs = ((row, other), (other, row))
    return {f"{table}.{one}.{column}": rows[its][column] for one, its in pairs for column in unlike} or None


KINDS: Mapping[str, Maker] = {
    "digit changed": digit_changed,
    "two digits swapped": digits_swapped,
    "digit lost": digit_lost,
    "digit added": digit_added,
    "sign lost": sign_lost,
    "zero to blank": zero_to_blank,
    "blank to zero": blank_to_zero,
    "number to blank": number_to_blank,
}
"""Errors of one cell."""
MOVES: Mapping[str, Maker] = {"moved beside": moved_beside, "moved below": moved_below, "two rows swapped": rows_swapped}
"""Errors by which right numbers stand in wrong places."""
TABLES = {ACTIVE_DISCLOSURE: 2, REQUESTS: 3, REVIEW_LITIGATION: 4}


def errors(archive: Archive, count: int, kinds: Mapping[str, Maker], seed: int) -> list[Error]:
    """Different errors, a third of ``count`` in each table or as many as can be drawn there.

    Kind, body, year and cell are drawn anew for each.
    """
    draw = random.Random(seed)  # noqa: S311 - cases of a test
    places = list(archive.correct)
    found: dict[tuple[Place, tuple[tuple[str, str], ...]], Error] = {}
    for number, table in enumerate(TABLES):
        wanted = len(found) + (count + number) // len(TABLES)
        for _ in range(10 * count):
            if len(found) == wanted:
                break
            body, year = draw.choice(places)
            report = archive.correct[body, year]
            name = draw.choice(list(kinds))
            keys = [key for key in report.raw if key.startswith(table)]
            made = (kinds[name](report, key, draw) for key in draw.sample(keys, len(keys)))
            if edit := next((edit for edit in made if edit), None):
                found.setdefault(((body, year), tuple(sorted(edit.items()))), Error(name, body, year, edit))
    return list(found.values())
