"""PDF -> grids and paragraphs, on pages written by hand: each test is one thing that real files do."""

from __future__ import annotations

import io

import pytest
from pypdf import PdfReader, PdfWriter

from crawler.documents.model import Document, Grid, Method, Paragraph, grid_rows
from crawler.documents.pdf import read_pdf
from crawler.documents.stitching import covers_once
from crawler.outcomes import Outcome, OutcomeError
from tests.pdf_writer import Page, line, pdf, table, text

ROWS = [["指标", "自然人", "总计"], ["一、新收", "12", "345"], ["二、结转", "", "6"]]
TABLE = table(60, 700, [120, 60, 60], 20, ROWS)
LEAD = text(60, 760, "一、总体情况") + text(60, 730, "本年度共公开信息三百条。")
FILLER = "".join(text(60, 500 - 20 * i, "为了使文字层足够长而写的一行文字。") for i in range(3))


def cells(grid: Grid) -> list[list[str]]:
    assert covers_once(grid.cells, grid.row_count, grid.column_count)
    return [[cell.text for cell in row] for row in grid_rows(grid)]


def paragraphs(document: Document) -> list[str]:
    return [block.text for block in document.blocks if isinstance(block, Paragraph)]


def test_grid_and_paragraphs_stand_in_reading_order_with_their_places() -> None:
    document = read_pdf(pdf([Page(FILLER + TABLE + LEAD)]))
    assert document.media_type == "application/pdf"
    assert document.page_count == 1
    assert document.metadata["producer"] == "by hand"
    assert [type(block) for block in document.blocks] == [Paragraph, Paragraph, Grid, Paragraph]
    (grid,) = document.grids
    assert cells(grid) == ROWS
    assert grid.method is Method.LATTICE
    number = next(cell for cell in grid.cells if cell.text == "345")
    assert number.page == 1
    assert number.box == pytest.approx((240, 162, 300, 182), abs=0.6)


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_turned_page_reads_as_it_is_displayed(turn: int) -> None:
    """The content is turned the other way first, so that the displayed page is upright."""
    matrix = {90: "0 1 -1 0 842 0", 180: "-1 0 0 -1 595 842", 270: "0 -1 1 0 0 595"}[turn]
    box = "0 0 595 842" if turn == 180 else "0 0 842 595"
    rows = [["a", "b", "c"], ["d", "12", "345"], ["e", "", "6"]]  # the stand-in font has glyphs for these only
    content = f"q {matrix} cm {text(60, 760, 'heading')}{table(60, 700, [120, 60, 60], 20, rows)} Q"
    document = read_pdf(pdf([Page(content, rotate=turn, box=box)]))
    assert cells(document.grids[0]) == rows
    assert paragraphs(document) == ["heading"]
    number = next(cell for cell in document.grids[0].cells if cell.text == "345")
    assert number.box == pytest.approx((240, 162, 300, 182), abs=0.6)


def test_a_page_whose_box_does_not_start_at_zero() -> None:
    content = f"q 1 0 0 1 100 -50 cm {LEAD}{TABLE}{FILLER} Q"
    document = read_pdf(pdf([Page(content, box="0 -200 900 900", crop="100 -50 695 792")]))
    assert cells(document.grids[0]) == ROWS
    number = next(cell for cell in document.grids[0].cells if cell.text == "345")
    assert number.box == pytest.approx((240, 162, 300, 182), abs=0.6)


def test_rules_and_text_within_a_form_with_a_matrix() -> None:
    document = read_pdf(
        pdf([Page(LEAD + "q 0.5 0 0 0.5 30 350 cm /F0 Do Q" + FILLER, form=TABLE, form_matrix="2 0 0 2 -60 -700")])
    )
    assert cells(document.grids[0]) == ROWS


def test_hidden_text_and_text_off_the_page_are_not_read() -> None:
    hidden = text(190, 668, "99", extra="3 Tr") + "BT 0 Tr ET " + text(2000, 668, "77") + text(60, -90, "88")
    document = read_pdf(pdf([Page(LEAD + TABLE + hidden + FILLER)]))
    assert cells(document.grids[0]) == ROWS
    assert not any(word in document.text for word in ("99", "77", "88"))


def test_thin_boxes_and_closed_paths_rule_a_table_as_well() -> None:
    words = "".join(
        text(63, 686 - 20 * i, a) + text(183, 686 - 20 * i, b) for i, (a, b) in enumerate((("甲", "1"), ("乙", "2")))
    )
    boxes = "".join(f"60 {y} 200 0.75 re f\n" for y in (700, 680, 660)) + "".join(
        f"{x} 660 0.75 40 re f\n" for x in (60, 180, 260)
    )
    frames = "".join(f"{x} {y} {w} 20 re S\n" for y in (660, 680) for x, w in ((60, 120), (180, 80)))
    for drawing in (boxes, frames):
        assert cells(read_pdf(pdf([Page(LEAD + drawing + words + FILLER)])).grids[0]) == [["甲", "1"], ["乙", "2"]]


def test_a_shaded_paragraph_is_no_table() -> None:
    shaded = "0.8 g 60 690 400 30 re f 0 g 0.5 w 60 690 400 30 re S " + text(63, 700, "一段加了底纹的文字。")
    document = read_pdf(pdf([Page(LEAD + shaded + FILLER)]))
    assert document.grids == ()
    assert "一段加了底纹的文字。" in paragraphs(document)


def test_radicals_are_folded() -> None:
    document = read_pdf(pdf([Page(text(60, 760, "洛宁县⻢店镇⼈⺠政府") + TABLE + FILLER)]))
    assert paragraphs(document)[0] == "洛宁县马店镇人民政府"


def test_page_numbers_are_kept_out_even_within_a_table() -> None:
    """The second page's table runs down over its page number; a number of its own at another height stays."""
    first = LEAD + FILLER + text(280, 40, "- 1 -")
    low = table(60, 100, [120, 200, 60], 35, [["甲", "2", "3"], ["乙", "5", "6"]])
    document = read_pdf(pdf([Page(first), Page(FILLER + low + text(280, 40, "- 2 -"))]))
    assert cells(document.grids[0]) == [["甲", "2", "3"], ["乙", "5", "6"]]
    assert not any("-" in paragraph for paragraph in paragraphs(document))


def test_a_lone_number_at_the_foot_of_a_page_stays_in_its_cell() -> None:
    low = table(60, 80, [120, 200, 60], 20, [["甲", "2", "3"], ["乙", "2", "6"]])
    document = read_pdf(pdf([Page(LEAD + FILLER), Page(FILLER + low), Page(FILLER)]))
    assert cells(document.grids[0]) == [["甲", "2", "3"], ["乙", "2", "6"]]


def test_a_number_wider_than_its_cell_stays_whole_and_is_doubted() -> None:
    rows = [["甲", "255933.8", ""], ["乙", "1", "2"]]
    document = read_pdf(pdf([Page(LEAD + table(60, 700, [120, 60, 60], 20, rows) + FILLER)]))
    (grid,) = document.grids
    assert "255933.8" in [cell.text for cell in grid.cells]
    assert "text_crosses_rule" in grid.flags
    assert "second_reading_differs" in grid.flags
    assert next(cell for cell in grid.cells if cell.text == "255933.8").second_text is not None


def test_numbers_set_side_by_side_are_parted_by_the_rule_between_them() -> None:
    touching = table(60, 700, [120, 60, 60], 20, [["甲", "", ""]]) + text(202, 686, "123") + text(243, 686, "456")
    document = read_pdf(pdf([Page(LEAD + touching + FILLER)]))
    assert cells(document.grids[0]) == [["甲", "123", "456"]]


def test_a_table_cut_by_a_page_is_joined_and_a_heading_between_keeps_tables_apart() -> None:
    upper = table(60, 120, [120, 60, 60], 20, ROWS)
    lower = table(60, 800, [120, 60, 60], 20, [["三、其他", "7", "8"]])
    document = read_pdf(
        pdf([Page(LEAD + FILLER + upper + text(280, 30, "- 1 -")), Page(lower + FILLER + text(280, 30, "- 2 -"))])
    )
    assert cells(document.grids[0]) == [*ROWS, ["三、其他", "7", "8"]]
    assert {cell.page for cell in document.grids[0].cells} == {1, 2}
    apart = read_pdf(pdf([Page(LEAD + FILLER + upper), Page(text(60, 820, "四、另一张表") + lower + FILLER)]))
    assert len(apart.grids) == 2


def test_the_only_row_that_fits_on_a_page_belongs_to_the_table() -> None:
    upper = (
        line(60, 60, 300, 60) + line(60, 40, 300, 40) + line(60, 40, 60, 60) + line(300, 40, 300, 60) + text(150, 46, "第一项")
    )
    lower = table(60, 800, [120, 60, 60], 20, ROWS)
    document = read_pdf(pdf([Page(LEAD + FILLER + upper), Page(lower + FILLER)]))
    assert cells(document.grids[0]) == [["第一项"], *ROWS]


def test_a_sentence_cut_by_a_page_is_one_paragraph() -> None:
    full = "字" * 47
    first = text(80, 760, full[:45]) + "".join(text(60, 740 - 20 * i, full) for i in range(34))
    document = read_pdf(pdf([Page(first), Page(text(60, 760, full) + text(60, 740, "完。") + text(80, 720, "新段。"))]))
    assert [len(paragraph) for paragraph in paragraphs(document)] == [45 + 35 * 47 + 2, 3]


def test_a_second_reading_of_every_table_agrees_on_a_plain_one() -> None:
    document = read_pdf(pdf([Page(LEAD + TABLE + FILLER)]), second_opinion="always")
    assert cells(document.grids[0]) == ROWS
    assert document.grids[0].flags == ()


def outcome(content: bytes) -> Outcome:
    with pytest.raises(OutcomeError) as caught:
        read_pdf(content)
    assert caught.value.message.endswith(".")
    return caught.value.outcome


GOOD = pdf([Page(LEAD + TABLE + FILLER)])


def encrypted(user: str, owner: str) -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(GOOD)))
    writer.encrypt(user_password=user, owner_password=owner, algorithm="RC4-128")
    target = io.BytesIO()
    writer.write(target)
    return target.getvalue()


@pytest.mark.parametrize("content", [b"", b"<html><body>404</body></html>", b"PK\x03\x04", b" " * 2000 + GOOD])
def test_what_is_no_pdf_is_said_to_be_none(content: bytes) -> None:
    assert outcome(content) is Outcome.NOT_A_DOCUMENT


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_half_a_pdf_is_truncated(share: float) -> None:
    assert outcome(GOOD[: int(len(GOOD) * share)]) is Outcome.TRUNCATED


def test_a_pdf_whose_middle_is_missing_is_truncated() -> None:
    assert outcome(GOOD[:30] + GOOD[-40:]) is Outcome.TRUNCATED


@pytest.mark.parametrize(
    ("before", "after"), [(b"\xef\xbb\xbf", b""), (b"HTTP/1.1 200 OK\r\n\r\n", b"\r\n<!-- served -->" * 20)]
)
def test_junk_around_a_pdf_is_passed_over(before: bytes, after: bytes) -> None:
    assert cells(read_pdf(before + GOOD + after).grids[0]) == ROWS


def test_a_password_is_asked_for_only_where_one_is_needed() -> None:
    assert outcome(encrypted("secret", "owner")) is Outcome.ENCRYPTED
    assert cells(read_pdf(encrypted("", "owner")).grids[0]) == ROWS


def test_images_of_pages_are_scanned_with_and_without_a_hidden_text_layer() -> None:
    picture = "q 595 0 0 842 0 0 cm /I0 Do Q "
    assert outcome(pdf([Page(picture + text(280, 30, "- 1 -"), image=True)] * 3)) is Outcome.SCANNED
    recognised = "".join(text(60, 760 - 20 * i, "识别出来的一行文字其实不可靠。", extra="3 Tr") for i in range(9))
    assert outcome(pdf([Page(picture + recognised, image=True)])) is Outcome.SCANNED


def test_one_picture_page_among_text_pages_is_flagged() -> None:
    picture = Page("q 595 0 0 842 0 0 cm /I0 Do Q ", image=True)
    document = read_pdf(pdf([Page(LEAD + TABLE + FILLER), Page(FILLER), picture]))
    assert document.flags == ("image_page",)


def mapped(target: int, width: int) -> bytes:
    """A character map that sends every ideograph to one of ``width`` codes from ``target`` on."""
    ranges = [f"<{code:04X}> <{code + width - 1:04X}> <{target:04X}>" for code in range(0x4E00, 0x9FFF, width)]
    return f"{len(ranges)} beginbfrange {' '.join(ranges)} endbfrange".encode()


@pytest.mark.parametrize("mapping", [mapped(0xE000, 0x100), mapped(0xC0, 0x20), mapped(0xFFFD, 1), mapped(0x400, 0x80)])
def test_a_text_layer_without_meaning_is_garbled(mapping: bytes) -> None:
    assert outcome(pdf([Page(LEAD + TABLE + FILLER)], mapping=mapping)) is Outcome.GARBLED


def test_an_empty_page_is_an_empty_document() -> None:
    assert read_pdf(pdf([Page("")])).blocks == ()


def test_a_table_with_rules_that_enclose_nothing_is_read_by_the_second_reader_or_left_as_text() -> None:
    """Three columns of numbers above single rules only: no lattice, so the words must at least be there."""
    rules = "".join(line(60, 700 - 20 * i, 300, 700 - 20 * i) for i in range(4))
    words = "".join(text(60 + 80 * j, 686 - 20 * i, word) for i, row in enumerate(ROWS) for j, word in enumerate(row) if word)
    document = read_pdf(pdf([Page(LEAD + rules + words + FILLER)]))
    assert all(word in document.text for row in ROWS for word in row)


def test_a_stub_of_side_rules_at_the_end_of_a_page_is_no_row() -> None:
    """Chromium draws a table's side down to the page's end although the next row has moved to the next page."""
    stub = line(60, 80, 60, 40) + line(300, 80, 300, 40)
    upper = table(60, 140, [120, 60, 60], 20, ROWS) + stub
    lower = table(60, 800, [120, 60, 60], 20, [["三、其他", "7", "8"]])
    document = read_pdf(pdf([Page(LEAD + FILLER + upper), Page(lower + FILLER)]))
    assert cells(document.grids[0]) == [*ROWS, ["三、其他", "7", "8"]]


def test_inconsistent_slots_are_read_twice_and_flagged() -> None:
    """A rule ends within the table, so that one area is shaped like an L."""
    flat = line(60, 700, 300, 700) + line(60, 660, 300, 660) + line(180, 680, 300, 680)
    upright = line(60, 700, 60, 660) + line(300, 700, 300, 660) + line(180, 680, 180, 660) + line(240, 680, 240, 660)
    words = text(63, 686, "甲") + text(183, 666, "12") + text(243, 666, "34")
    document = read_pdf(pdf([Page(LEAD + flat + upright + words + FILLER)]))
    (grid,) = document.grids
    assert covers_once(grid.cells, grid.row_count, grid.column_count)
    assert "inconsistent_lattice" in grid.flags
    assert {"甲", "12", "34"} <= {cell.text for cell in grid.cells}
