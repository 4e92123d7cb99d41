"""Tables that a page cut come back whole: by x position, with labels and rows put together."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from crawler.documents.model import Grid, Method, grid_rows
from crawler.documents.stitching import Fragment, Piece, Table, covers_once, matching_shift

EDGES = (50.0, 80.0, 200.0, 240.0, 280.0, 320.0)
ROW = 20.0


def piece(row: int, x0: float, x1: float, text: str, span: int = 1, *, full: bool = False, page: int = 1) -> Piece:
    box = (x0, 100 + ROW * row, x1, 100 + ROW * (row + span))
    return Piece(row, span, x0, x1, text, full, page, box)


def row_pieces(
    row: int, label: str, numbers: list[str], page: int, *, full: bool = False, left: float = EDGES[1]
) -> list[Piece]:
    cells = [piece(row, left, EDGES[2], label, page=page, full=full)]
    return cells + [piece(row, EDGES[2 + i], EDGES[3 + i], number, page=page) for i, number in enumerate(numbers)]


def fragment(page: int, pieces: list[Piece], heights: list[float] | None = None) -> Fragment:
    rows = max(one.row + one.row_span for one in pieces)
    ordered = tuple(sorted(pieces, key=lambda one: (one.row, one.x0)))
    return Fragment(page, ordered, tuple(heights or [ROW] * rows), Method.LATTICE)


def join(*fragments: Fragment) -> Grid:
    table = Table()
    for one in fragments:
        if table.fragments:
            shift = matching_shift(table.edges, one.edges())
            assert shift is not None
            one = one.moved(shift)  # noqa: PLW2901 - the moved fragment takes its place
        table.add(one)
    grid = table.grid(1)
    assert covers_once(grid.cells, grid.row_count, grid.column_count)
    assert grid.flags == ()
    return grid


def texts(grid: Grid) -> list[list[str]]:
    return [[cell.text.replace("\n", "") for cell in row] for row in grid_rows(grid)]


def numbers(row: int) -> list[str]:
    return [str(100 * (row + 1) + column) for column in range(3)]


@given(
    rows=st.integers(2, 9),
    cuts=st.sets(st.integers(1, 8), max_size=3),
    lost_left=st.booleans(),
    shift=st.sampled_from([0.0, 1.5]),
    data=st.data(),
)
def test_a_group_cut_at_random_rows_comes_back_whole(
    rows: int, cuts: set[int], lost_left: bool, shift: float, data: st.DataObject
) -> None:
    """One group label beside ``rows`` rows; wherever pages cut it, its text and every number stand as before.

    A middle fragment may have lost its left rule, so that it has a column less and starts further right.
    """
    group = "（三）不予公开"
    bounds = [0, *sorted(cut for cut in cuts if cut < rows), rows]
    splits = sorted(data.draw(st.lists(st.integers(4, len(group)), min_size=len(bounds) - 2, max_size=len(bounds) - 2)))
    marks = [0, *splits, len(group)]
    fragments = []
    for index, (start, stop) in enumerate(pairwise(bounds)):
        text = group[marks[index] : marks[index + 1]]
        page = index + 1
        pieces = []
        for row in range(start, stop):
            pieces += row_pieces(row - start, f"{row + 1}.标签", numbers(row), page)
        if not (lost_left and index and not text):
            pieces.append(piece(0, EDGES[0], EDGES[1], text, stop - start, full=True, page=page))
        fragments.append(fragment(page, pieces).moved(shift * (index % 2)))
    grid = join(*fragments)
    assert grid.row_count == rows
    assert grid.column_count == 5
    assert texts(grid) == [([group] if row == 0 else []) + [f"{row + 1}.标签", *numbers(row)] for row in range(rows)]
    assert grid.cells[0].row_span == rows


def test_the_next_group_does_not_flow_into_the_one_above() -> None:
    upper = fragment(1, [piece(0, 50, 80, "（三）不予公开", full=True), *row_pieces(0, "1.甲", numbers(0), 1)])
    lower = fragment(2, [piece(0, 50, 80, "（四）无法提供", page=2), *row_pieces(0, "1.乙", numbers(1), 2)])
    grid = join(upper, lower)
    assert texts(grid) == [["（三）不予公开", "1.甲", *numbers(0)], ["（四）无法提供", "1.乙", *numbers(1)]]


def test_a_group_label_cut_in_two_is_put_together() -> None:
    upper = fragment(1, [piece(0, 50, 80, "（四）无", full=True), *row_pieces(0, "1.甲", numbers(0), 1)])
    lower = fragment(
        2, [piece(0, 50, 80, "法提供", 2, page=2), *row_pieces(0, "2.乙", numbers(1), 2), *row_pieces(1, "3.丙", numbers(2), 2)]
    )
    grid = join(upper, lower)
    assert grid.cells[0].text == "（四）无\n法提供"
    assert grid.cells[0].row_span == 3


def test_a_row_cut_between_its_lines_is_one_row_wherever_its_numbers_stand() -> None:
    for above, below in ((numbers(1), [""] * 3), ([""] * 3, numbers(1))):
        upper = fragment(
            1,
            [
                *row_pieces(0, "1.甲", numbers(0), 1, left=50),
                *row_pieces(1, "2.没有现成信息需要另", above, 1, full=True, left=50),
            ],
        )
        lower = fragment(2, [*row_pieces(0, "行制作", below, 2, left=50), *row_pieces(1, "3.丙", numbers(2), 2, left=50)])
        assert texts(join(upper, lower)) == [
            ["1.甲", *numbers(0)],
            ["2.没有现成信息需要另行制作", *numbers(1)],
            ["3.丙", *numbers(2)],
        ]


def test_a_blank_row_at_the_top_of_a_page_stays_a_row_of_blanks() -> None:
    upper = fragment(1, row_pieces(0, "行政许可", numbers(0), 1, left=50))
    for label in ("行政强制", "3.补正后申请内容仍不明确"):
        lower = fragment(2, row_pieces(0, label, ["", "", ""], 2, left=50))
        assert texts(join(upper, lower)) == [["行政许可", *numbers(0)], [label, "", "", ""]]


def test_single_blanks_below_numbers_stay_blank() -> None:
    upper = fragment(1, row_pieces(0, "1.甲", numbers(0), 1, left=50))
    lower = fragment(2, row_pieces(0, "2.乙", ["", "7", ""], 2, left=50))
    assert texts(join(upper, lower)) == [["1.甲", *numbers(0)], ["2.乙", "", "7", ""]]


def head(page: int = 1) -> list[Piece]:
    return [
        piece(0, 50, 200, "（本列数据的勾稽关系为）", 2, page=page),
        piece(0, 200, 320, "申请人情况", page=page),
        piece(1, 200, 240, "自然人", page=page),
        piece(1, 240, 280, "法人", page=page),
        piece(1, 280, 320, "总计", page=page),
    ]


def test_a_head_printed_again_is_left_out() -> None:
    upper = fragment(1, [*head(), *row_pieces(2, "1.甲", numbers(0), 1, left=50)])
    lower = fragment(2, [*head(2), *row_pieces(2, "2.乙", numbers(1), 2, left=50)])
    grid = join(upper, lower)
    assert grid.row_count == 4
    assert texts(grid)[2:] == [["1.甲", *numbers(0)], ["2.乙", *numbers(1)]]


def test_a_head_cut_between_its_rows_keeps_its_merged_cells() -> None:
    upper = fragment(
        1,
        [
            piece(0, 50, 200, "（本列数据的勾稽关系为：第一项", full=True),
            piece(0, 200, 280, "申请人情况"),
            piece(0, 280, 320, "总计"),
        ],
    )
    lower = fragment(
        2,
        [
            piece(0, 50, 200, "加第二项之和）", page=2),
            piece(0, 200, 240, "自然人", page=2),
            piece(0, 240, 280, "法人", page=2),
            piece(0, 280, 320, "", page=2),
            *row_pieces(1, "1.甲", numbers(0), 2, left=50),
        ],
    )
    grid = join(upper, lower)
    assert texts(grid) == [
        ["（本列数据的勾稽关系为：第一项加第二项之和）", "申请人情况", "总计"],
        ["自然人", "法人"],
        ["1.甲", *numbers(0)],
    ]
    assert {cell.text: cell.row_span for cell in grid.cells}["总计"] == 2


def test_a_row_of_blanks_below_a_head_is_no_part_of_it() -> None:
    upper = fragment(1, [piece(0, EDGES[i], EDGES[i + 1], f"结果{i}") for i in range(5)])
    lower = fragment(2, [piece(0, EDGES[i], EDGES[i + 1], "" if i < 4 else "6", page=2) for i in range(5)])
    assert texts(join(upper, lower))[1] == ["", "", "", "", "6"]
    nothing = fragment(2, [piece(0, EDGES[i], EDGES[i + 1], "", page=2) for i in range(5)])
    assert texts(join(upper, nothing))[1] == [""] * 5


def test_the_empty_rest_of_a_cut_row_is_no_row() -> None:
    upper = fragment(1, row_pieces(0, "1.甲", numbers(0), 1, left=50))
    rest = [*row_pieces(0, "", ["", "", ""], 2, left=50), *row_pieces(1, "2.乙", numbers(1), 2, left=50)]
    assert join(upper, fragment(2, rest, [4.0, ROW])).row_count == 2


def test_four_columns_go_on_as_two() -> None:
    upper = fragment(1, [piece(0, 50, 320, "第一项"), *row_pieces(1, "规章", numbers(0), 1, left=50)])
    lower = fragment(2, [piece(0, 50, 200, "行政强制", page=2), piece(0, 200, 320, "84", page=2)])
    grid = join(upper, lower)
    assert texts(grid)[-1] == ["行政强制", "84"]
    assert grid.cells[-1].column_span == 3


def test_another_table_is_not_joined() -> None:
    assert matching_shift([50.0, 80, 200, 240, 320], [50.0, 110, 150, 175, 222, 263, 320]) is None
    assert matching_shift([50.0, 80, 200, 320], [50.0, 80, 200, 300]) is None
    assert matching_shift([50.0, 200, 320], [180.0, 260, 320]) is None


def test_mirrored_margins_are_allowed_for() -> None:
    assert matching_shift([50.0, 80, 200, 320], [70.0, 100, 220, 340]) == -20
