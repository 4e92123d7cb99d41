"""A number that its cell is too narrow for is read whole or not at all, never as a shorter one."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

import pytest

from crawler.documents.model import GridCell, Method, grid_rows
from crawler.documents.pdf import read_pdf
from crawler.documents.reader import read_document
from crawler.documents.stitching import Fragment, Piece, Table
from crawler.forms.catalogue import load_form
from crawler.forms.model import Report, State
from crawler.forms.reader import read_report
from crawler.sample.figures import random_values
from crawler.sample.producers import pdfs_by_libreoffice
from crawler.sample.prose import sections
from crawler.sample.source import ReportSource
from crawler.sample.typeset import Layout, to_docx
from crawler.sample.variety import random_layout
from tests.pdf_writer import Page, line, pdf, table, text

WIDTHS = [120, 36, 60]
FILLER = "".join(text(60, 300 - 20 * i, "为了使文字层足够长而写的一行文字。") for i in range(3))


def drawn(page: str) -> Page:
    return Page(page + FILLER)


def labelled(content: bytes) -> dict[str, list[GridCell]]:
    return {row[0].text: row[1:] for grid in read_pdf(content).grids for row in grid_rows(grid)}


def ruled(bottom: float, rows: Sequence[Sequence[str]], last: Sequence[Sequence[str]]) -> str:
    """A table that ends at ``bottom``; each cell of its last row is given as lines."""
    height = 20 * len(rows)
    lines = max(map(len, last))
    depth = 12 * lines + 8
    top = bottom + height + depth
    parts = [table(60, top, WIDTHS, 20, rows)] if rows else []
    xs = [60.0]
    for width in WIDTHS:
        xs.append(xs[-1] + width)
    parts += [line(x, bottom, x, bottom + depth) for x in xs]
    parts += [line(60, y, xs[-1], y) for y in (bottom, bottom + depth)]
    for x, words in zip(xs, last, strict=False):
        parts += [text(x + 3, bottom + depth - 14 - 12 * i, word) for i, word in enumerate(words)]
    return "".join(parts)


HEAD = [["指标", "人", "总计"], ["一、新收", "12", "345"]]


def test_digits_under_digits_in_a_full_cell_are_one_number() -> None:
    rows = labelled(pdf([drawn(ruled(600, HEAD, [["二、结转"], ["607", "1"], ["88"]]))]))
    cell = rows["二、结转"][0]
    assert (cell.text, cell.number_text, cell.wrapped) == ("607\n1", "6071", True)
    assert not rows["二、结转"][1].wrapped


@pytest.mark.parametrize(
    ("cell", "head"),
    [
        (["6", "7"], HEAD),  # another digit would have fitted on the first line
        (["607", "12345"], HEAD),  # the second line is longer than what filled the first
        (["607", "-1"], HEAD),  # a sign begins a number
        (["60", "1"], [["指标", "人", "总计"], ["一、新收", "123", "345"]]),  # the column holds longer numbers on one line
    ],
)
def test_digits_under_digits_that_may_be_two_numbers_are_not_put_together(cell: list[str], head: list[list[str]]) -> None:
    found = labelled(pdf([drawn(ruled(600, head, [["二、结转"], cell, ["88"]]))]))["二、结转"][0]
    assert found.text == "\n".join(cell)
    assert not found.wrapped


def test_the_end_of_a_number_on_the_next_page_belongs_to_the_number() -> None:
    upper = ruled(60, HEAD, [["（七）总计"], ["607"], ["8"]])
    lower = ruled(750, [], [[""], ["1"], [""]])
    rows = labelled(pdf([Page(upper), drawn(lower)]))
    assert [(cell.number_text, cell.wrapped) for cell in rows["（七）总计"]] == [("6071", True), ("8", False)]
    assert "" not in rows


def test_the_end_of_a_number_beside_the_end_of_its_label_belongs_to_the_number() -> None:
    upper = ruled(60, HEAD, [["一、本年新收政府信息公"], ["607"], ["8"]])
    lower = ruled(750, [], [["开申请数量"], ["1"], [""]])
    rows = labelled(pdf([Page(upper), drawn(lower)]))
    assert [cell.number_text for cell in rows["一、本年新收政府信息公\n开申请数量"]] == ["6071", "8"]


def test_a_row_without_label_under_numbers_with_room_makes_them_unreadable_not_shorter() -> None:
    upper = ruled(60, HEAD, [["（七）总计"], ["6"], ["8"]])
    lower = ruled(750, [], [[""], ["1"], [""]])
    cell = labelled(pdf([Page(upper), drawn(lower)]))["（七）总计"][0]
    assert (cell.text, cell.number_text) == ("6\n1", "6\n1")


def test_a_row_with_its_own_label_stays_a_row() -> None:
    upper = ruled(60, HEAD, [["（七）总计"], ["607"], ["8"]])
    lower = ruled(750, [], [["四、结转下年度继续办理"], ["123"], ["9"]])
    rows = labelled(pdf([Page(upper), drawn(lower)]))
    assert [cell.text for cell in rows["（七）总计"]] == ["607", "8"]
    assert [cell.text for cell in rows["四、结转下年度继续办理"]] == ["123", "9"]


def test_parts_on_three_pages() -> None:
    def part(page: int, label: str, number: str) -> Fragment:
        pieces = (
            Piece(0, 1, 60, 180, label, full=False, page=page, box=(60, 0, 180, 20)),
            Piece(0, 1, 180, 216, number, full=True, page=page, box=(180, 0, 216, 20), tight=len(number) == 3),
        )
        return Fragment(page, pieces, (20.0,), Method.LATTICE)

    whole = Table()
    for one in (part(1, "总计", "607"), part(2, "", "123"), part(3, "", "4")):
        whole.add(one)
    assert [(cell.text, cell.wrapped) for cell in whole.grid(1).cells] == [("总计", False), ("607\n123\n4", True)]


def narrow(seed: int) -> ReportSource:
    """A report with numbers of three to six digits in every cell of tables 3 and 4."""
    draw = random.Random(seed)  # noqa: S311 - figures of a test
    form_version = ("cn-ogi-2019", "cn-ogi-2021")[seed % 2]
    printed = dict(random_values(form_version, seed))
    for key in printed:
        if not key.startswith("active_disclosure."):
            printed[key] = str(draw.randint(10, 10 ** draw.randint(2, 6)))
    layout = random_layout(form_version, seed)
    layout = Layout(**{name: getattr(layout, name) for name in ("numerals", "brackets", "group_width")}, font_size=9 + seed % 5)
    return ReportSource(
        title="柘城县人民政府2021年政府信息公开工作年度报告",
        organisation="柘城县人民政府",
        year=2021,
        form_version=form_version,
        paragraphs=sections("柘城县人民政府", 2021, form_version, "town", printed, seed),
        printed=printed,
        layout=layout,
    )


def readings(report: Report, printed: Mapping[str, str]) -> tuple[int, dict[str, tuple[str, str | None]]]:
    """How many cells were put together, and every cell read as another number than the printed one."""
    wrong = {}
    wrapped = 0
    for metric in load_form(report.form_version).metrics:
        cell = report.cells[metric.key]
        wrapped += "number_wrapped" in cell.flags
        if cell.state is State.NUMBER and str(cell.value) != printed[metric.key]:
            wrong[metric.key] = (printed[metric.key], cell.raw)
    return wrapped, wrong


@pytest.mark.office
@pytest.mark.slow
def test_no_number_of_a_narrow_column_is_read_shorter() -> None:
    sources = [narrow(seed) for seed in range(40, 56)]
    put_together = unread = 0
    for source, content in zip(sources, pdfs_by_libreoffice([to_docx(source) for source in sources]), strict=True):
        report = read_report(read_document(content))
        wrapped, wrong = readings(report, source.printed)
        assert wrong == {}
        put_together += wrapped
        unread += sum(cell.value is None for cell in report.cells.values())
        assert all(
            f"number_wrapped:{key}" in report.quality_flags
            for key, c in report.cells.items()
            if "\n" in (c.raw or "") and c.value
        )
    print(f"{put_together} numbers on two lines put together, {unread} cells not read, in {len(sources)} reports")  # noqa: T201 - a figure to keep an eye on
    assert put_together > 300
    assert unread < 0.02 * put_together
