"""OFD whose pages are pictures: read by OCR, in order, beside pages that are text."""

from __future__ import annotations

import io
import math
import random
import sys
from collections.abc import Callable

import pytest
from PIL import Image, ImageChops, ImageStat

from crawler.documents import ofd
from crawler.documents.model import Document, Method, Paragraph
from crawler.documents.ofd_image import page_image
from crawler.documents.ofd_page import Matrix
from crawler.documents.reader import read_document
from crawler.forms.reader import read_report
from crawler.outcomes import Outcome, OutcomeError
from tests.ofd_writer import PAGE, Style, one_page, page_pictures, text_object, to_ofd, with_pictures, xml
from tests.scans import judge
from tests.test_typeset_seeds import SEED_LIKE

TALL = Style()
WHOLE = f'<ofd:ImageObject Boundary="0 0 {PAGE[0]} 297" CTM="{PAGE[0]} 0 0 297 0 0" ResourceID="{{id}}"/>'
HIDDEN = text_object("一层看不见的文字" * 20, 20, 20, attributes=' Alpha="0"')


def jpeg(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=75)
    return buffer.getvalue()


def bilevel(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.point(lambda grey: 255 if grey > 150 else 0).convert("1").save(buffer, "TIFF", compression="group4")
    return buffer.getvalue()


def scanned(
    seed: str,
    *,
    pages: Callable[[int], bool] = lambda _: True,
    save: Callable[[Image.Image], bytes] = jpeg,
    more: str = "",
) -> bytes:
    source = SEED_LIKE[seed]
    pictures = {n: save(picture) for n, picture in enumerate(page_pictures(source, TALL)) if pages(n)}
    return with_pictures(to_ofd(source, TALL), pictures, {n: WHOLE.format(id=7000 + n) + more for n in pictures})


def read(seed: str, content: bytes) -> Document:
    """The document, every cell exact."""
    document = read_document(content, expected="ofd")
    judgement = judge(SEED_LIKE[seed], read_report(document))
    assert judgement.inexact == ()
    assert judgement.needless <= 4
    return document


@pytest.mark.slow
def test_pages_of_text_and_pages_that_are_pictures_keep_their_order() -> None:
    count = len(page_pictures(SEED_LIKE["004"], TALL, 20))
    assert count >= 3
    document = read("004", scanned("004", pages=lambda number: number % 2 == 1, save=bilevel, more=HIDDEN))
    assert document.page_count == count
    assert {cell.page for grid in document.grids if grid.method is Method.OCR for cell in grid.cells}
    report = read_report(document)
    assert Method.OCR.value in "+".join(report.methods.values())
    assert {"read_by_ocr"} <= set(report.quality_flags)
    assert report.year == 2024
    assert [section.no for section in report.sections] == [1, 2, 3, 4, 5, 6]
    assert all(set(cell.where or {}) == {"page", "bbox"} for cell in report.cells.values() if cell.raw)
    pages = [block.page or 0 for block in document.blocks if isinstance(block, Paragraph)]
    assert pages == sorted(pages)


@pytest.mark.soak
@pytest.mark.parametrize("seed", SEED_LIKE)
def test_whole_scans(seed: str) -> None:
    document = read(seed, scanned(seed))
    report = read_report(document)
    assert set(report.methods.values()) == {Method.OCR.value}
    readings = {table: (reading.agreed, reading.once) for table, reading in report.readings.items()}
    sys.stderr.write(f"\n{seed}: {document.page_count} pages, every cell exact, agreed and read once: {readings}\n")


def ramp() -> Image.Image:
    """A picture no turn of which is like another."""
    picture = Image.new("L", (420, 594), 255)
    picture.paste(0, (30, 40, 200, 90))
    picture.paste(120, (300, 400, 330, 560))
    return picture


def shown(*pictures: tuple[Matrix, Image.Image]) -> Image.Image:
    page = page_image(3, (420.0, 594.0), [(matrix, png(picture)) for matrix, picture in pictures])
    assert (page.number, page.width, page.height) == (3, 420.0, 594.0)
    assert page.scale == page.grey.shape[1] / 420
    return Image.fromarray(page.grey)


def png(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def difference(one: Image.Image, other: Image.Image) -> float:
    """The mean difference in grey."""
    return ImageStat.Stat(ImageChops.difference(one, other)).mean[0]


@pytest.mark.parametrize(
    ("matrix", "turn"),
    [
        pytest.param((420, 0, 0, 594, 0, 0), None, id="upright"),
        pytest.param((0, 594, -420, 0, 420, 0), Image.Transpose.ROTATE_90, id="on its side"),
        pytest.param((0, -594, 420, 0, 0, 594), Image.Transpose.ROTATE_270, id="on its other side"),
        pytest.param((-420, 0, 0, -594, 420, 594), Image.Transpose.ROTATE_180, id="on its head"),
        pytest.param((420, 0, 0, -594, 0, 594), Image.Transpose.FLIP_TOP_BOTTOM, id="mirrored"),
        pytest.param((0, 594, 420, 0, 0, 0), Image.Transpose.TRANSPOSE, id="transposed"),
    ],
)
def test_however_a_picture_is_put_on_its_page(matrix: Matrix, turn: Image.Transpose | None) -> None:
    assert difference(shown((matrix, ramp() if turn is None else ramp().transpose(turn))), ramp()) == 0


def test_slanted_enlarged_and_sticking_out() -> None:
    turned = ramp().rotate(3, Image.Resampling.BICUBIC, expand=True, fillcolor=255)
    angle = math.radians(3)
    a, b, c, d = 420 * math.cos(angle), -420 * math.sin(angle), 594 * math.sin(angle), 594 * math.cos(angle)
    e, f = (420 - a - c) / 2, (594 - b - d) / 2
    left, top = (turned.width - 420) / 2, (turned.height - 594) / 2
    straight = turned.crop((round(left), round(top), round(left) + 420, round(top) + 594))
    assert difference(shown(((a, b, c, d, e, f), ramp())), straight) < 2
    huge = shown(((4200.0, 0.0, 0.0, 5940.0, -420.0, -594.0), ramp()))
    assert difference(huge, ramp().resize(huge.size, box=(42, 59.4, 84, 118.8))) < 2


def test_a_sheet_cut_into_strips() -> None:
    picture = ramp()
    strips = [
        ((420.0, 0.0, 0.0, 22.0, 0.0, float(top)), picture.crop((0, top, 420, top + 22)))
        for top in range(0, picture.height, 22)
    ]
    assert difference(shown(*strips), picture) == 0
    objects = "".join(f'<ofd:ImageObject Boundary="0 {top} 210 27" ResourceID="5"/>' for top in range(0, 297, 27))
    assert outcome(one_page(objects)).outcome is Outcome.SCANNED


def outcome(content: bytes) -> OutcomeError:
    with pytest.raises(OutcomeError) as error:
        read_document(content, expected="ofd")
    return error.value


def one_picture(content: bytes, name: str = "a.jpg") -> bytes:
    common = "<ofd:DocumentRes>DocumentRes.xml</ofd:DocumentRes>"
    res = xml("Res", f'<ofd:MultiMedia ID="5" Type="Image"><ofd:MediaFile>{name}</ofd:MediaFile></ofd:MultiMedia>')
    return one_page(WHOLE.format(id=5), common=common, more={"Doc_0/DocumentRes.xml": res, f"Doc_0/{name}": content})


def test_pictures_that_cannot_be_read_say_so() -> None:
    whole = jpeg(Image.new("L", (800, 1100), 255))
    damaged = outcome(one_picture(whole[: len(whole) // 2]))
    assert damaged.outcome is Outcome.TRUNCATED
    assert "page 1" in damaged.message
    unknown = outcome(one_picture(b"\x97JB2\r\n\x1a\n" + bytes(100), "a.jb2"))
    assert unknown.outcome is Outcome.UNSUPPORTED
    assert "JBIG2" in unknown.message
    missing = outcome(one_picture(b"", "a.jpg").replace(b"Doc_0/a.jpg", b"Doc_0/b.jpg"))
    assert missing.outcome is Outcome.SCANNED
    assert "name no image" in missing.message
    assert outcome(one_picture(whole)).outcome is Outcome.SCANNED  # an empty sheet


def test_damaged_pictures_end_in_an_outcome(capfd: pytest.CaptureFixture[str]) -> None:
    draw = random.Random(11)  # noqa: S311 - damage for a test
    whole = [jpeg(ramp()), bilevel(ramp()), png(ramp())]
    seen = set()
    for _ in range(150):
        content = bytearray(draw.choice(whole))
        for _ in range(draw.randint(1, 6)):
            content[draw.randrange(min(len(content), draw.choice((60, 10_000))))] = draw.randrange(256)
        try:
            page_image(1, (420.0, 594.0), [((420.0, 0.0, 0.0, 594.0, 0.0, 0.0), bytes(content))])
            seen.add(Outcome.OK)
        except OutcomeError as error:
            seen.add(error.outcome)
    assert {Outcome.OK, Outcome.TRUNCATED} <= seen
    capfd.readouterr()  # libtiff talks


def test_a_bomb_among_the_pictures_costs_one_outcome() -> None:
    buffer = io.BytesIO()
    Image.new("1", (10_000, 9_000)).save(buffer, "PNG")
    assert outcome(one_picture(buffer.getvalue(), "a.png")).outcome is Outcome.TOO_LARGE
    assert outcome(one_picture(bytes(61 << 20), "a.bmp")).outcome is Outcome.TOO_LARGE


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    from crawler.documents import scan

    for module in (ofd, scan):
        monkeypatch.setattr(module, "missing_parts", lambda: ("rapidocr",))
    error = outcome(one_picture(jpeg(Image.new("L", (800, 1100), 255))))
    assert error.outcome is Outcome.SCANNED
    assert "pip install" in error.message
    words = "政府信息公开工作年度报告由本机关编制" * 2
    text = read_document(one_page(WHOLE.format(id=5) + text_object(words, 20, 30)), expected="ofd")
    assert text.text.replace("\n", "") == words
