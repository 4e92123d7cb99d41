"""Tables kept by tabs in plain text, in the shapes converters leave them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from crawler.documents.model import Geometry, Grid, Paragraph, grid_rows
from crawler.documents.text import read_text

NUMBER = re.compile(r"[-+]?\d[\d,]*(?:\.\d+)?")


def rows(grid: Grid) -> list[list[str]]:
    return [[cell.text for cell in row] for row in grid_rows(grid)]


def test_row_lines_keep_empty_cells_in_their_place() -> None:
    document = read_text("二、主动公开\n信息内容\t本年制发件数\t\n规章\t\t3\n\t\t\n完。\n".encode())
    heading, grid, end = document.blocks
    assert heading == Paragraph("二、主动公开")
    assert isinstance(grid, Grid)
    assert grid.geometry is Geometry.RAGGED
    assert rows(grid) == [["信息内容", "本年制发件数", ""], ["规章", "", "3"], ["", "", ""]]
    assert [(cell.row, cell.column) for cell in grid.cells] == [(r, c) for r in range(3) for c in range(3)]
    assert end == Paragraph("完。")


def test_row_lines_go_on_over_page_breaks_and_markdown_rules() -> None:
    text = "采购项目数量\t采购总金额\n\n7\t12.5\n--------\t----\n\n\t8\t0\n\n三、收到和处理\n\n一、新收\t0\t1\n四、结转\t0\t0\n"
    document = read_text(text.encode())
    assert [rows(grid) for grid in document.grids] == [
        [["采购项目数量", "采购总金额"], ["7", "12.5"], ["", "8", "0"]],
        [["一、新收", "0", "1"], ["四、结转", "0", "0"]],
    ]
    assert [block.text for block in document.blocks if isinstance(block, Paragraph)] == ["三、收到和处理"]


def test_row_of_one_cell_without_tabs_stays_in_its_table_but_a_heading_ends_it() -> None:
    text = (
        "规章\t1\t2\n第二十条第（五）项\n行政许可\t3\t4\n三、收到和处理政府信息公开申请情况\n一、新收\t5\t6\n四、结转\t0\t0\n"
    )
    document = read_text(text.encode())
    assert [rows(grid) for grid in document.grids] == [
        [["规章", "1", "2"], ["第二十条第（五）项"], ["行政许可", "3", "4"]],
        [["一、新收", "5", "6"], ["四、结转", "0", "0"]],
    ]


def test_cell_lines() -> None:
    text = (
        "二、主动公开\n\t信息内容\n\t本年新\n制作数量\n\n\t规章\n\t0\n\n\n"
        "三、申请情况\n\t\n\t自然人\n\t总计\n\n\t一、新收\n\t38\n\t42\n\n"
    )
    document = read_text(text.encode())
    assert [rows(grid) for grid in document.grids] == [
        [["信息内容", "本年新\n制作数量"], ["规章", "0"]],
        [["", "自然人", "总计"], ["一、新收", "38", "42"]],
    ]


def test_blank_lines_inside_a_cell_and_after_a_last_empty_cell() -> None:
    text = (
        "\t二、上年结转\n\t0\n\n\t\n\n\n三、办理结果\n\t（一）予以公开\n\t1\n\t\n\n\n"
        "四、行政复议\n\t结果维持\n\t总计\n\n\t2\n\t7\n"
    )
    document = read_text(text.encode())
    assert [rows(grid) for grid in document.grids] == [
        [["二、上年结转", "0"], ["三、办理结果", "（一）予以公开", "1", ""]],
        [["结果维持", "总计"], ["2", "7"]],
    ]
    assert Paragraph("四、行政复议") in document.blocks


def test_indented_prose_is_no_table() -> None:
    text = "一、总体情况\n\t一是加强领导。\n\t二是优化平台。\n\n\t三是" + "强化监督，" * 40 + "\n\t四是培训。\n"
    document = read_text(text.encode())
    assert document.grids == ()
    assert [block.text[:2] for block in document.blocks if isinstance(block, Paragraph)] == [
        "一、",
        "一是",
        "二是",
        "三是",
        "四是",
    ]


def test_bookmarks_are_dropped_where_they_stand() -> None:
    document = read_text("[bookmark: _GoBack]二、主动公开\n本报告[bookmark: _Hlk123]如下\n[bookmark: x]\n".encode())
    assert [block.text for block in document.blocks if isinstance(block, Paragraph)] == ["二、主动公开", "本报告如下"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
def test_encodings(encoding: str) -> None:
    text = "轵城镇人民政府二〇二〇年政府信息公开工作年度报告\r\n规章\t0\t1\r\n行政规范性文件\t2\t3\r\n"
    document = read_text(text.encode(encoding))
    assert document.flags == ()
    assert document.blocks[0] == Paragraph("轵城镇人民政府二〇二〇年政府信息公开工作年度报告")
    assert rows(document.grids[0]) == [["规章", "0", "1"], ["行政规范性文件", "2", "3"]]


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "counts", "labelled_rows"),
    [
        ("000", (22, 161, 15), 23),
        ("001", (22, 161, 15), 23),
        ("002", (22, 161, 15), 23),
        ("003", (22, 161, 10), 23),
        ("004", (10, 175, 15), 25),
    ],
)
def test_every_number_of_the_seeds_is_in_its_grid_in_order(
    shared: Path, name: str, counts: tuple[int, ...], labelled_rows: int
) -> None:
    document = read_text((shared / "seeds" / f"{name}.txt").read_bytes())
    numbers = [[cell.text for cell in grid.cells if NUMBER.fullmatch(cell.text)] for grid in document.grids]
    assert tuple(map(len, numbers)) == counts
    assert (
        sum(sum(bool(NUMBER.fullmatch(cell.text)) for cell in row) == 7 for row in grid_rows(document.grids[1]))
        == labelled_rows
    )
    values = shared / "seeds" / f"{name}.values.json"
    if values.is_file():
        expected = [value for value in json.loads(values.read_text(encoding="utf-8"))["values"].values() if value is not None]
        assert [float(text.replace(",", "")) for texts in numbers for text in texts] == expected
    assert not any("bookmark" in block.text for block in document.blocks if isinstance(block, Paragraph))


@pytest.mark.real
@pytest.mark.parametrize("name", ["000", "001", "002", "003", "004"])
def test_the_six_headings_of_the_seeds_are_paragraphs_of_their_own(shared: Path, name: str) -> None:
    document = read_text((shared / "seeds" / f"{name}.txt").read_bytes())
    headings = [b.text for b in document.blocks if isinstance(b, Paragraph) and re.match(r"[一二三四五六]、", b.text)]
    assert [heading[0] for heading in headings] == list("一二三四五六")
