"""Tables on scans without ruling lines: whose label is whose, and what is no table."""

from __future__ import annotations

import io
from collections.abc import Sequence

import pytest
from PIL import Image, ImageDraw

from crawler.documents.model import Geometry
from crawler.documents.reader import read_document
from crawler.documents.scan.loose import LoosePiece, loose_table
from crawler.forms.ocr_gate import GRID_INFERRED
from tests.test_scan import S, font

LINE = 13.0
"""Points from one line to the next."""


def piece(text: str, x: float, y: float, second: str | None = None) -> LoosePiece:
    return LoosePiece(text, second, (x, y, x + 6.0 * len(text), y + 9.0))


def rows(pieces: Sequence[LoosePiece]) -> list[list[str]]:
    table = loose_table(pieces, 1)
    assert table is not None
    found: list[list[str]] = [[] for _ in table.heights]
    for one in table.pieces:
        found[one.row].append(one.text)
    return found


@pytest.mark.parametrize("place", ["middle", "top", "bottom"])
def test_a_label_of_several_lines_goes_with_the_numbers_beside_it(place: str) -> None:
    labels = (("甲一", "甲二", "甲三"), ("乙",), ("丙一", "丙二"), ("丁一", "丁二"), ("戊一", "戊二", "戊三", "戊四"))
    pieces, y = [], 100.0
    for number, lines in enumerate(labels):
        pieces += [piece(line, 60, y + LINE * at) for at, line in enumerate(lines)]
        at = {"middle": (len(lines) - 1) / 2, "top": 0, "bottom": len(lines) - 1}[place]
        pieces += [piece(str(10 * number + column), 200 + 60 * column, y + LINE * at) for column in range(3)]
        y += LINE * len(lines)
    expected = [["\n".join(lines), *(str(10 * n + column) for column in range(3))] for n, lines in enumerate(labels)]
    assert rows(pieces) == expected


def test_a_label_before_several_rows_stands_in_a_cell_of_its_own_and_a_second_reading_stays() -> None:
    pieces = [piece("合", 40, 113), piece("计", 40, 126)]
    for number, label in enumerate(("甲甲甲", "乙乙乙", "丙丙丙")):
        pieces += [piece(label, 80, 100 + LINE * number), piece(f"{number}", 200, 100 + LINE * number, second="8")]
    assert rows(pieces) == [["甲甲甲", "0"], ["合", "乙乙乙", "1"], ["计", "丙丙丙", "2"]]
    table = loose_table(pieces, 1)
    assert table is not None
    assert [one.second_text for one in table.pieces if one.text.isdecimal()] == ["8", "8", "8"]
    assert table.flags == (GRID_INFERRED,)


def sheet(lines: Sequence[Sequence[tuple[float, str]]]) -> bytes:
    image = Image.new("L", (round(595 * S), round(842 * S)), 255)
    pen = ImageDraw.Draw(image)
    for number, line in enumerate(lines):
        for x, text in line:
            pen.text((x * S, (80 + 22 * number) * S), text, fill=0, font=font(11))
    written = io.BytesIO()
    image.save(written, "PNG")
    return written.getvalue()


def test_a_table_without_lines_on_a_page_and_the_text_round_it() -> None:
    prose = [(60.0, "本年度共主动公开政府信息四百余条，教育、卫生、住房、就业、社保、环保等均有公开。")]
    document = read_document(
        sheet(
            [
                prose,
                [],
                *(
                    [(60 + 110 * n, text) for n, text in enumerate(row)]
                    for row in (("甲", "17", "0", "233"), ("乙", "4", "95", "68"))
                ),
                [],
                prose,
            ]
        )
    )
    (grid,) = document.grids
    assert grid.geometry is Geometry.RAGGED
    assert GRID_INFERRED in grid.flags
    assert [[cell.text for cell in grid.cells if cell.row == row] for row in range(2)] == [
        ["甲", "17", "0", "233"],
        ["乙", "4", "95", "68"],
    ]
    assert document.text.count("教育、卫生、住房") == 2


def test_words_in_columns_without_a_number_stay_text() -> None:
    names = ("教育局", "民政局", "财政局", "司法局", "商务局")
    document = read_document(sheet([[(60 + 95 * n, name) for n, name in enumerate(names)] for _ in range(3)]))
    assert document.grids == ()
    assert [document.text.count(name) for name in names] == [3] * 5
