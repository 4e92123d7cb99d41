"""What a spreadsheet may hold beside the report: errors, hidden rows, dates, locks, giants; and where tables begin and end."""

from __future__ import annotations

import io
import struct
import time
import zipfile
from collections.abc import Callable
from dataclasses import replace

import pytest

from crawler.documents.model import Grid, Paragraph
from crawler.documents.reader import read_document
from crawler.documents.sheets import read_sheets
from crawler.forms.model import State
from crawler.forms.reader import read_report
from crawler.outcomes import Outcome, OutcomeError
from crawler.sample.typeset import to_html
from tests.sheet_builder import SheetSource, sheets_by_libreoffice, to_sheets, write_xlsx
from tests.test_typeset_seeds import SEED_LIKE

GRID_TEXT = {(0, 0): "项目", (0, 1): "数量", (1, 0): "甲", (1, 1): "1", (2, 0): "乙", (2, 1): "2"}


def sheet(texts: dict[tuple[int, int], str] | None = None, **facts: object) -> SheetSource:
    return replace(SheetSource("表", dict(GRID_TEXT if texts is None else texts)), **facts)  # type: ignore[arg-type]  # by name


def only_grid(content: bytes) -> Grid:
    (grid,) = read_sheets(content).grids
    return grid


def texts_of(grid: Grid) -> list[str]:
    return [cell.text for cell in grid.cells]


def failure(content: bytes) -> OutcomeError:
    with pytest.raises(OutcomeError) as error:
        read_document(content)
    return error.value


def rezip(content: bytes, change: Callable[[str, bytes], bytes | None]) -> bytes:
    """The package with each part changed, or left out where the change is ``None``."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            data = change(name, old.read(name))
            if data is not None:
                new.writestr(name, data)
    return buffer.getvalue()


def in_sheet(content: bytes, old: str, new: str) -> bytes:
    def change(name: str, data: bytes) -> bytes:
        return data.replace(old.encode(), new.encode()) if "worksheets/" in name else data

    return rezip(content, change)


@pytest.mark.parametrize(
    ("xml", "text"),
    [
        ("><v>3</v>", "3"),
        ("><v>3.0</v>", "3"),
        ("><v>49.5669</v>", "49.5669"),
        ("><v>49.566900000000004</v>", "49.5669"),
        ("><v>-239</v>", "-239"),
        ("><v>1E+15</v>", "1000000000000000"),
        ("><v>0.000012</v>", "0.000012"),
        ("><f>1+2</f><v>3</v>", "3"),
        ('t="str"><f>A1</f><v>无</v>', "无"),
        ('t="b"><v>1</v>', "TRUE"),
        ('t="d"><v>2024-01-31</v>', "2024-01-31"),
        ('t="inlineStr"><is><r><t>1</t></r><r><t>2</t></r></is>', "12"),
        ('t="e"><v>#REF!</v>', "#REF!"),
        ('t="e"><f>A1/0</f><v>#DIV/0!</v>', "#DIV/0!"),
        ("><f>SUM(B2:B3)</f>", "=SUM(B2:B3)"),
        ("><f>SUM(B2:B3)</f><v></v>", "=SUM(B2:B3)"),
    ],
)
def test_a_cell_says_what_a_person_sees(xml: str, text: str) -> None:
    cells = {(cell.row, cell.column): cell.text for cell in only_grid(write_xlsx([sheet(raw={(1, 1): xml})])).cells}
    assert cells[1, 1] == text


def test_an_error_in_a_form_is_no_number_and_no_blank() -> None:
    source = SEED_LIKE["004"]
    (made,) = to_sheets(source)
    values = [slot for slot, text in made.texts.items() if text == source.printed["requests.granted.natural_person"]]
    made.raw = dict.fromkeys(values, 't="e"><v>#REF!</v>')
    cell = read_report(read_document(write_xlsx([made]))).cells["requests.granted.natural_person"]
    assert (cell.state, cell.value, cell.raw) == (State.UNPARSED, None, "#REF!")


def test_hidden_things_are_read_and_told() -> None:
    assert read_sheets(write_xlsx([sheet()])).flags == ()
    assert read_sheets(write_xlsx([sheet(hidden_rows={1})])).flags == ("hidden_rows",)
    assert read_sheets(write_xlsx([sheet(hidden_columns={1})])).flags == ("hidden_rows",)
    assert read_sheets(write_xlsx([sheet(hidden_rows={9}, hidden_columns={7})])).flags == ()
    hidden = read_sheets(write_xlsx([sheet(), sheet(name="旧", state="veryHidden")]))
    assert hidden.flags == ("hidden_sheet",)
    assert len(hidden.grids) == 2


@pytest.mark.office
def test_what_an_xls_hides_and_the_errors_it_holds() -> None:
    errors = {(1, 1): 't="e"><v>#N/A</v>', (2, 1): 't="e"><f>1/0</f><v>#DIV/0!</v>'}
    workbook = write_xlsx([sheet(raw=errors, hidden_rows={2}), sheet(name="旧", state="hidden")])
    plain, told = sheets_by_libreoffice([write_xlsx([sheet()]), workbook], "xlsx", "xls")
    assert read_sheets(plain).flags == ()
    document = read_sheets(told)
    assert set(document.flags) == {"hidden_rows", "hidden_sheet"}
    assert texts_of(document.grids[0]) == ["项目", "数量", "甲", "#N/A", "乙", "#DIV/0!"]


def test_text_under_a_merged_cell_is_told() -> None:
    document = read_sheets(write_xlsx([sheet(merges=[(1, 0, 2, 0)])]))
    assert document.flags == ("text_in_merged_cell",)
    assert texts_of(document.grids[0]) == ["项目", "数量", "甲", "1", "2"]


def test_tables_and_lines_in_the_order_they_stand() -> None:
    lines = ["某局2024年度报告", "", "一、第一部分", "正文。"]
    texts = {(row, 0): text for row, text in enumerate(lines) if text}
    texts |= {(row + 4, column + 1): text for (row, column), text in GRID_TEXT.items()}
    texts |= {(8, 1): "二、第二部分"} | {(row + 10, column + 1): text for (row, column), text in GRID_TEXT.items()}
    blocks = read_sheets(write_xlsx([sheet(texts)])).blocks
    assert [block.text if isinstance(block, Paragraph) else block.number for block in blocks] == [
        "某局2024年度报告",
        "一、第一部分",
        "正文。",
        1,
        "二、第二部分",
        2,
    ]
    assert [texts_of(block) for block in blocks if isinstance(block, Grid)] == [list(GRID_TEXT.values())] * 2


def test_a_row_whose_values_are_blank_stays_in_its_table() -> None:
    texts = GRID_TEXT | {(3, 0): "丙", (4, 0): "丁", (4, 1): "4", (5, 0): "戊"}
    assert only_grid(write_xlsx([sheet(texts)])).row_count == 6


def test_columns_of_a_band_that_begins_with_a_blank_stay_where_they_are() -> None:
    head = {(0, column): f"列{column}" for column in range(4)} | {(1, column): "类" for column in range(4)}
    document = read_sheets(write_xlsx([sheet(head | {(3, 1): "7", (3, 3): "9"})]))
    assert [(cell.column, cell.text) for cell in document.grids[1].cells] == [(0, ""), (1, "7"), (2, ""), (3, "9")]


def test_a_lone_cell_far_away_is_too_large_and_cheap() -> None:
    start = time.perf_counter()
    error = failure(write_xlsx([sheet(GRID_TEXT | {(1_048_575, 16_383): "x"})]))
    assert error.outcome is Outcome.TOO_LARGE
    assert time.perf_counter() - start < 1


def test_a_sheet_that_only_claims_a_million_rows_is_read() -> None:
    claimed = in_sheet(write_xlsx([sheet()]), "<sheetData>", '<dimension ref="A1:XFD1048576"/><sheetData>')
    assert texts_of(only_grid(claimed)) == list(GRID_TEXT.values())
    merged = write_xlsx(
        [sheet({(0, 0): "标题", **{(r + 2, c): t for (r, c), t in GRID_TEXT.items()}}, merges=[(0, 0, 0, 16_383)])]
    )
    assert texts_of(only_grid(merged)) == list(GRID_TEXT.values())


def test_merged_areas_beyond_reason_are_too_large() -> None:
    wide = {(row, 0): "x" for row in range(100)} | {(0, 16_000): "x"}
    overlapping = [(row, 0, 99, 16_383) for row in range(99)]
    assert failure(write_xlsx([sheet(wide, merges=overlapping)])).outcome is Outcome.TOO_LARGE
    many = [(row, 0, row, 1) for row in range(20_001)]
    assert failure(write_xlsx([sheet(merges=many)])).outcome is Outcome.TOO_LARGE


def test_one_long_text_shown_by_many_cells_is_too_large() -> None:
    texts = {(row, column): "长" * 30_000 for row in range(200) for column in range(10)}
    content = write_xlsx([sheet(texts)])
    assert len(content) < 100_000
    assert failure(content).outcome is Outcome.TOO_LARGE


def test_a_bomb_inside_the_package_is_not_unpacked() -> None:
    content = rezip(write_xlsx([sheet()]), lambda name, data: data + b" " * (60 << 20) if "sheet1" in name else data)
    assert len(content) < 200_000
    start = time.perf_counter()
    assert failure(content).outcome is Outcome.TOO_LARGE
    assert time.perf_counter() - start < 1


def test_pictures_in_the_package_do_not_count() -> None:
    buffer = io.BytesIO(write_xlsx([sheet()]))
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/image1.png", bytes(100 << 20))
    assert texts_of(only_grid(buffer.getvalue())) == list(GRID_TEXT.values())


@pytest.mark.parametrize(
    "declaration",
    [
        '<!DOCTYPE worksheet [<!ENTITY a "1"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>',
        '<!DOCTYPE worksheet [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
    ],
)
def test_entities_are_refused(declaration: str) -> None:
    assert failure(in_sheet(write_xlsx([sheet()]), "<worksheet", f"{declaration}<worksheet")).outcome is Outcome.NOT_A_DOCUMENT


@pytest.mark.parametrize("reference", ["AZZZ1", "A0x", "XFE1", "A1048577", "A99999999999"])
def test_a_cell_where_no_sheet_has_one(reference: str) -> None:
    error = failure(in_sheet(write_xlsx([sheet()]), 'r="B2"', f'r="{reference}"'))
    assert error.outcome in {Outcome.NOT_A_DOCUMENT, Outcome.TOO_LARGE}


def test_broken_and_foreign_packages_have_their_outcome() -> None:
    whole = write_xlsx([sheet()])
    assert failure(whole[: len(whole) // 2]).outcome is Outcome.TRUNCATED
    assert failure(in_sheet(whole, "</sheetData>", "")).outcome is Outcome.NOT_A_DOCUMENT
    without = rezip(whole, lambda name, data: None if name == "xl/workbook.xml" else data)
    assert failure(without).outcome is Outcome.NOT_A_DOCUMENT
    buffer = io.BytesIO(without)
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr("xl/workbook.bin", b"x")
    error = failure(buffer.getvalue())
    assert error.outcome is Outcome.UNSUPPORTED
    assert "xlsb" in error.message


def test_a_workbook_without_a_report_is_none() -> None:
    with pytest.raises(OutcomeError) as error:
        read_report(read_document(write_xlsx([sheet()])))
    assert error.value.outcome is Outcome.NOT_A_REPORT


def test_a_web_page_under_a_workbook_name_is_read_if_it_holds_the_tables() -> None:
    page = to_html(SEED_LIKE["001"], whole=True).encode()
    assert len(read_document(page, expected="xls").grids) == 3
    with pytest.raises(OutcomeError) as error:
        read_document(b"<html><title>404</title><body><p>not found</p></body></html>", expected="xls")
    assert error.value.outcome is Outcome.NOT_A_DOCUMENT


@pytest.fixture(scope="module")
def xls() -> bytes:
    return sheets_by_libreoffice([write_xlsx(to_sheets(SEED_LIKE["000"]))], "xlsx", "xls")[0]


@pytest.mark.office
def test_a_cut_xls_is_told(xls: bytes) -> None:
    for part in (600, len(xls) // 2, len(xls) - 2000):
        assert failure(xls[:part]).outcome in {Outcome.TRUNCATED, Outcome.NOT_A_DOCUMENT}


@pytest.mark.office
def test_a_locked_xls_is_told(xls: bytes) -> None:
    # FILEPASS in place of the record WRITEACCESS, as it stands in every locked workbook.
    at = xls.index(struct.pack("<HH", 0x5C, 0x70))
    error = failure(xls[:at] + struct.pack("<H", 0x2F) + xls[at + 2 :])
    assert error.outcome is Outcome.ENCRYPTED


@pytest.mark.office
@pytest.mark.parametrize(
    ("row", "column", "outcome"), [(0xFFFF, 0xFF, Outcome.TOO_LARGE), (0xFFFF, 0xFFFF, Outcome.NOT_A_DOCUMENT)]
)
def test_an_xls_with_a_lone_cell_far_away_is_refused(xls: bytes, row: int, column: int, outcome: Outcome) -> None:
    # The last text cell of the workbook: LABELSST, 10 bytes.
    at = xls.rindex(struct.pack("<HH", 0xFD, 10))
    assert failure(xls[: at + 4] + struct.pack("<HH", row, column) + xls[at + 8 :]).outcome is outcome


@pytest.mark.office
def test_an_xls_that_only_claims_to_be_full_is_read(xls: bytes) -> None:
    """calamine makes room for what a sheet claims: for this one 140 GB."""
    at = xls.rindex(struct.pack("<HH", 0x200, 14))
    claimed = xls[: at + 4] + struct.pack("<IIHH", 0, 0xFFFF_FFFF, 0, 0xFFFF) + xls[at + 16 :]
    assert read_document(claimed) == read_document(xls)
