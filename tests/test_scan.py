"""Pages that are images: kinds of file, tilt, empty cells, second readings, and what happens without the OCR extra."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pypdf
import pytest
from PIL import Image, ImageDraw, ImageFont

from crawler.documents.model import Document, Method, grid_rows
from crawler.documents.reader import read_document
from crawler.documents.scan.glyphs import Shapes, second_readings, shapes
from crawler.documents.scan.ink import contrast, read_ink, thresholds
from crawler.documents.scan.lines import cell_lines
from crawler.documents.scan.straighten import as_scanned, levelled, tilt
from crawler.forms.checks import Facts, run_checks
from crawler.forms.model import CellReading, State
from crawler.forms.ocr_gate import ocr_suspects, proven_by_sums
from crawler.outcomes import Outcome, OutcomeError
from crawler.sample.typeset import random_values
from tests.drawn import font_file
from tests.pdf_writer import Page, pdf, text
from tests.scans import Scanner, images_pdf, scan

DPI = 150
S = DPI / 72
Rows = Sequence[Sequence[str]]
ROWS: Rows = [
    ["信息内容", "本年制发件数", "现行有效件数"],
    ["规章", "0", ""],
    ["行政规范性文件", "1742", "-"],
    ["其他", "1", "96171.6"],
]


def font(size: float) -> ImageFont.FreeTypeFont:
    path, index = font_file()
    return ImageFont.truetype(path, round(size * S), index=index)


def sheet(rows: Rows = ROWS, *, title: str = "青石县人民政府2024年政府信息公开工作年度报告", shade: int = 255) -> Image.Image:
    """An A4 page with a title and a ruled table; its first row may be shaded."""
    image = Image.new("L", (round(595 * S), round(842 * S)), 255)
    pen = ImageDraw.Draw(image)
    pen.text((60 * S, 60 * S), title, fill=0, font=font(16))
    left, top, width, height = 60.0, 120.0, 150.0, 24.0
    for number, row in enumerate(rows):
        for column, printed in enumerate(row):
            x, y = left + column * width, top + number * height
            box = [x * S, y * S, (x + width) * S, (y + height) * S]
            pen.rectangle(box, outline=0, width=max(1, round(0.6 * S)), fill=shade if number == 0 else 255)
            length = font(10).getlength(printed) / S
            pen.text(((x + (width - length) / 2) * S, (y + 6) * S), printed, fill=0, font=font(10))
    return image


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def cells(document: Document, grid: int = 0) -> list[list[str]]:
    return [["".join(cell.text.split()).replace("—", "-") for cell in row] for row in grid_rows(document.grids[grid])]


def outcome(content: bytes) -> OutcomeError:
    with pytest.raises(OutcomeError) as caught:
        read_document(content)
    return caught.value


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "TIFF"])
def test_a_page_published_as_an_image(kind: str) -> None:
    document = read_document(saved(sheet(), kind))
    assert cells(document) == ROWS
    assert document.grids[0].method is Method.OCR
    assert document.text.startswith("青石县人民政府2024年政府信息公开工作年度报告")
    assert document.flags == ("read_by_ocr",)


def test_every_page_of_a_fax_is_read_and_shading_is_no_ink() -> None:
    first, second = sheet(shade=190), sheet([["甲", "7"], ["乙", "88"]])
    content = saved(first, "TIFF", save_all=True, append_images=[second])
    document = read_document(content)
    assert document.page_count == 2
    assert cells(document) == ROWS
    assert cells(document, 1) == [["甲", "7"], ["乙", "88"]]
    assert {cell.page for cell in document.grids[1].cells} == {2}


def test_a_transparent_image_lies_on_white_paper() -> None:
    image = sheet().convert("RGBA")
    image.putalpha(Image.fromarray(np.where(np.asarray(sheet()) > 250, 0, 255).astype(np.uint8)))
    assert cells(read_document(saved(image, "PNG"))) == ROWS


def test_an_empty_cell_is_empty_in_dirt_and_a_zero_a_zero() -> None:
    rows = [["甲", "0", "", "0"], ["乙", "", "1", ""], ["丙", "11", "", "10"]]
    page = scan([sheet(rows)], Scanner(DPI, 0.5, 0.7, 60, noise=0.0004, paper=235))
    document = read_document(images_pdf(page, Scanner(DPI)))
    assert cells(document) == rows


def test_ink_that_is_no_character_is_no_empty_cell() -> None:
    image = sheet([["甲", "", "3"], ["乙", "4", ""]])
    ImageDraw.Draw(image).polygon(
        [((280 + x) * S, (128 + y) * S) for x, y in ((0, 9), (4, 1), (7, 6), (12, 0), (9, 9))], fill=0
    )
    grid = read_document(saved(image, "PNG")).grids[0]
    smudged = next(cell for cell in grid.cells if (cell.row, cell.column) == (0, 1))
    assert smudged.text
    assert smudged.second_text is not None


def test_cells_stand_where_they_are_on_the_page_as_scanned() -> None:
    straight = read_document(images_pdf([sheet()], Scanner(DPI))).grids[0]
    turned = read_document(images_pdf(scan([sheet()], Scanner(DPI, 1.0)), Scanner(DPI))).grids[0]
    for one, other in zip(straight.cells, turned.cells, strict=True):
        assert one.box is not None
        assert other.box is not None
        middle = as_scanned((one.box[0] + one.box[2]) / 2, (one.box[1] + one.box[3]) / 2, 595, 842, -1.0)
        assert (other.box[0] + other.box[2]) / 2 == pytest.approx(middle[0], abs=1.5)
        assert (other.box[1] + other.box[3]) / 2 == pytest.approx(middle[1], abs=1.5)


@pytest.mark.parametrize("degrees", [-1.3, -0.4, 0.0, 0.25, 1.5])
def test_the_tilt_is_found_to_a_twentieth_of_a_degree(degrees: float) -> None:
    (page,) = scan([sheet()], Scanner(DPI, -degrees))
    grey = np.asarray(page)
    dark = contrast(grey, S)
    found = tilt(dark >= thresholds(dark)[0])
    assert found == pytest.approx(degrees, abs=0.05)
    assert len(read_ink(levelled(grey, found), S).horizontals) == len(ROWS) + 1


@pytest.mark.parametrize(
    ("transpose", "degrees"),
    [(Image.Transpose.ROTATE_90, 90), (Image.Transpose.ROTATE_180, 180), (Image.Transpose.ROTATE_270, 270)],
)
def test_a_page_scanned_sideways_or_upside_down_is_turned_before_it_is_read(transpose: Image.Transpose, degrees: int) -> None:
    """Places are those of the page as it stands upright; the flag says how far it was turned to the right."""
    upright = read_document(images_pdf([sheet()], Scanner(DPI)))
    document = read_document(images_pdf([sheet().transpose(transpose)], Scanner(DPI)))
    assert document.flags == ("read_by_ocr", f"page_turned_{degrees}:1")
    assert cells(document) == ROWS
    for one, other in zip(upright.grids[0].cells, document.grids[0].cells, strict=True):
        assert other.box == pytest.approx(one.box, abs=1.5)


def test_a_scanned_page_inside_a_text_pdf() -> None:
    written = pdf([Page(text(60, 700, "一、总体情况。本年度共主动公开政府信息四百余条，做到应公开尽公开。"))])
    both = pypdf.PdfWriter()
    for part in (written, images_pdf([sheet()], Scanner(DPI))):
        both.append(io.BytesIO(part))
    stream = io.BytesIO()
    both.write(stream)
    document = read_document(stream.getvalue())
    assert "本年度共主动公开政府信息四百余条" in document.text
    assert cells(document) == ROWS
    assert "read_by_ocr" in document.flags
    assert {cell.page for cell in document.grids[0].cells} == {2}


def test_reading_twice_gives_the_same() -> None:
    content = images_pdf(scan([sheet()], Scanner(DPI, 0.6, 0.8, 60, noise=0.001)), Scanner(DPI))
    assert read_document(content).blocks == read_document(content).blocks


def test_digits_are_doubted_by_their_shapes() -> None:
    """The recogniser's text says 8 where a 3 stands: among the shapes of the document's other digits it is a 3."""

    def ink(number: str) -> Shapes:
        image = Image.new("L", (200, 40), 255)
        ImageDraw.Draw(image).text((5, 5), number, fill=0, font=font(10))
        return shapes(np.asarray(image) < 140, number)

    lines = [ink(number) for number in ("3187", "8031", "7380", "1838", "3078", "8813", "10", "70", "731")]
    assert second_readings(lines) == [line.text for line in lines]
    wrong = replace(lines[0], text="8187")
    assert second_readings([wrong, *lines[1:]])[0] == "3187"


def drawn_number(number: str, stroke: tuple[int, int] | None = None) -> np.ndarray:
    """The ink of a number, and of a minus before it between two places across."""
    image = Image.new("L", (260, 60), 255)
    pen = ImageDraw.Draw(image)
    pen.text((60, 10), number, fill=0, font=font(14))
    left, top, _, bottom = pen.textbbox((60, 10), number, font=font(14))
    if stroke is not None:
        at = round(top + 0.68 * (bottom - top))
        pen.rectangle([left - stroke[0], at, left + stroke[1], at + 1], fill=0)
    return np.asarray(image) < 140


@pytest.mark.parametrize("number", ["4", "40", "469", "17", "7", "20", "358", "9"])
def test_a_minus_that_the_recogniser_overlooked_is_the_second_reading(number: str) -> None:
    """By itself, or grown to the digit behind it: 120 dpi in black and white make a four's bar of it."""
    for stroke in ((16, -4), (12, 6)):
        assert second_readings([shapes(drawn_number(number, stroke), number)]) == [f"-{number}"]
    assert second_readings([shapes(drawn_number(number), number)])[0] in (number, None)


def test_shapes_say_nothing_where_characters_touch_or_digits_are_rare() -> None:
    joined = shapes(np.ones((10, 14), dtype=np.bool_), "11")
    assert joined.images is None
    assert second_readings([joined]) == [None]


def test_faint_ink_is_no_empty_cell() -> None:
    strong, faint = np.zeros((60, 120), dtype=np.bool_), np.zeros((60, 120), dtype=np.bool_)
    faint[20:40, 50:60] = True
    (line,) = cell_lines(strong, faint, (0, 0, 55, 28), S, 10.5)
    assert line.faint


OCR = {"requests": "ocr", "review_litigation": "ocr"}


def _numbers(seed: int = 7) -> dict[str, CellReading]:
    """A report's tables 3 and 4 as read, all sums right."""
    return {
        key: CellReading(int(value), value, State.NUMBER, "件", None)
        for key, value in random_values("cn-ogi-2021", seed).items()
        if value.isdecimal() and not key.startswith("active_disclosure")
    }


def _suspects(readings: Mapping[str, CellReading], methods: Mapping[str, str] = OCR) -> set[str]:
    checks = run_checks(Facts("cn-ogi-2021", readings, 2024, "青石县", (), (), ()))
    return {flag.removeprefix("ocr_suspect:") for flag in ocr_suspects(methods, readings, checks)}


def _off_by(readings: Mapping[str, CellReading], **changes: int) -> dict[str, CellReading]:
    moved = dict(readings)
    for key, change in changes.items():
        name = key.replace("__", ".")
        moved[name] = replace(moved[name], value=int(moved[name].value or 0) + change)
    return moved


def test_sums_that_fail_make_the_one_cell_suspect_that_would_mend_them_all() -> None:
    one = _off_by(_numbers(), requests__granted__natural_person=1)
    assert _suspects(one) == {"requests.granted.natural_person"}
    assert _suspects(one, {"requests": "lattice"}) == set()
    two = _off_by(_numbers(), requests__granted__natural_person=1, requests__denied_state_secret__natural_person=-400)
    assert _suspects(two) == {"requests.granted.natural_person", "requests.denied_state_secret.natural_person"}


def test_where_only_one_sum_fails_every_cell_of_it_is_suspect() -> None:
    wrong = _off_by(_numbers(), review_litigation__review__upheld=1)
    outcomes = ("upheld", "corrected", "other_result", "pending", "total")
    assert _suspects(wrong) == {f"review_litigation.review.{outcome}" for outcome in outcomes}


def test_misreadings_that_hide_one_another_in_a_row_are_suspect_by_their_columns() -> None:
    """A cell and its total both read too low: the row's sum holds, and those of both columns do not."""
    wrong = _off_by(_numbers(), requests__granted__natural_person=-6, requests__granted__total=-6)
    assert {"requests.granted.natural_person", "requests.granted.total"} <= _suspects(wrong)


def test_a_sum_that_holds_settles_the_only_doubt_in_it() -> None:
    def doubted(readings: Mapping[str, CellReading], *keys: str) -> dict[str, CellReading]:
        return {**readings, **{key: replace(readings[key], second_raw="8") for key in keys}}

    natural, firm = "requests.granted.natural_person", "requests.granted.commercial_enterprise"
    upheld, total = "review_litigation.review.upheld", "review_litigation.review.total"
    right = _numbers()
    proven = proven_by_sums(OCR, doubted(right, natural, firm, upheld), "cn-ogi-2021")
    assert {key: cell.second_raw for key, cell in proven.items()} == dict.fromkeys((natural, firm, upheld))
    assert proven[natural].value == right[natural].value
    assert proven_by_sums(OCR, doubted(right, upheld, total), "cn-ogi-2021") == {}
    assert proven_by_sums({"requests": "lattice"}, doubted(right, natural), "cn-ogi-2021") == {}
    wrong = _off_by(right, requests__granted__natural_person=1)
    assert proven_by_sums(OCR, doubted(wrong, natural), "cn-ogi-2021") == {}


def test_without_the_extra_a_scan_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("crawler.documents.pdf", "crawler.documents.scan"):
        monkeypatch.setattr(f"{module}.missing_parts", lambda: ("rapidocr",))
    for content in (images_pdf([sheet()], Scanner(DPI)), saved(sheet(), "PNG")):
        error = outcome(content)
        assert error.outcome is Outcome.SCANNED
        assert "pip install" in error.message
        assert "[ocr]" in error.message


def test_nothing_of_ocr_is_loaded_before_there_is_a_scan() -> None:
    code = (
        "import sys; from crawler.extraction import extract; print(extract(b'<p>no report').outcome.value);"
        "print([name for name in ('cv2', 'onnxruntime', 'rapidocr', 'PIL') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["not_a_report", "[]"]


def _png(width: int, height: int) -> bytes:
    """A PNG of that size in a few bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")


def test_hostile_and_useless_images() -> None:
    assert outcome(_png(60_000, 60_000)).outcome is Outcome.TOO_LARGE
    assert outcome(_png(12_000, 11_000)).outcome is Outcome.TOO_LARGE
    assert outcome(saved(sheet(), "PNG")[:4000]).outcome is Outcome.TRUNCATED
    assert outcome(saved(Image.new("L", (32, 32), 255), "PNG")).outcome is Outcome.NOT_A_DOCUMENT
    assert outcome(b"\x89PNG\r\n\x1a\n" + b"nothing of an image" * 10).outcome is Outcome.NOT_A_DOCUMENT
