"""OFD: what the standard allows and producers do, case by case; and input that is broken or hostile."""

from __future__ import annotations

import io
import random
import re
import zipfile
from collections import Counter
from html import unescape
from pathlib import Path

import pytest

from crawler.documents.model import Document
from crawler.documents.ofd import read_ofd
from crawler.documents.reader import read_document
from crawler.outcomes import Outcome, OutcomeError
from tests.ofd_writer import Style, one_page, pack, table_object, text_object, to_ofd, xml
from tests.test_typeset_seeds import SEED_LIKE

GRID = table_object((20, 60, 100), (20, 30, 40))
WORDS = text_object("政府信息公开工作年度报告统计表格说明文字一二三", 20, 60)


def rows(document: Document) -> list[list[str]]:
    """The first grid as rows of texts."""
    grid = document.grids[0]
    found = [[""] * grid.column_count for _ in range(grid.row_count)]
    for cell in grid.cells:
        found[cell.row][cell.column] = cell.text
    return found


def cells(*texts: str) -> str:
    """Text objects in the four cells of ``GRID``, row by row."""
    places = ((24, 22), (64, 22), (24, 32), (64, 32))
    return "".join(
        text if text.startswith("<") else text_object(text, *place) for text, place in zip(texts, places, strict=False)
    )


def code(x: float, y: float, text: str, attributes: str, *, more: str = "", size: float = 4.0) -> str:
    """A text object whose TextCode has these attributes."""
    return (
        f'<ofd:TextObject Boundary="{x} {y} 30 {size}" Font="1" Size="{size}">{more}'
        f"<ofd:TextCode {attributes}>{text}</ofd:TextCode></ofd:TextObject>"
    )


@pytest.mark.parametrize(
    "attributes",
    [
        'X="0" Y="3.5" DeltaX="2 2 2"',
        'X="0" Y="3.5" DeltaX="g 3 2"',
        'X="0" Y="3.5" DeltaX="2"',
        'X="0" Y="3.5" DeltaX="g 3 2 -6" DeltaY="g 3 0 4"',
        'X="0" Y="3.5" DeltaX="g 999999999 2"',
        'X="0" Y="3.5" DeltaX="G 2 2 2.0" DeltaY="0"',
        'X="0" Y="3.5"',
        'X="0" Y="3.5" DeltaY="0"',
        'X=" 0" Y="3.5 " DeltaX="  g  3   2 "',
    ],
)
def test_offsets_in_every_form(attributes: str) -> None:
    document = read_ofd(one_page(GRID + WORDS + cells("甲", code(64, 22, "2048", attributes), "乙", "7")))
    assert rows(document) == [["甲", "2048"], ["乙", "7"]]


def test_one_code_over_several_cells_is_parted_by_the_rules() -> None:
    across = code(24, 22, "16273849", 'X="0" Y="3.5" DeltaX="2 38 2 -42 2 38 2" DeltaY="g 3 0 10 g 3 0"')
    assert rows(read_ofd(one_page(GRID + WORDS + across))) == [["16", "27"], ["38", "49"]]


def test_vertical_text_reads_downwards() -> None:
    grid = table_object((20, 30, 60), (20, 50))
    label = code(23, 22, "申请人", 'X="0" Y="3.5" DeltaY="8 8"')
    assert rows(read_ofd(one_page(grid + WORDS + label + text_object("12", 40, 32)))) == [["申\n请\n人", "12"]]


def test_a_turned_matrix_turns_the_text() -> None:
    turned = (
        '<ofd:TextObject Boundary="66 22 4 20" CTM="0 0.02 -0.02 0 0 0" Font="1" Size="200">'
        '<ofd:TextCode X="0" Y="0">5</ofd:TextCode></ofd:TextObject>'
    )
    assert rows(read_ofd(one_page(GRID + WORDS + cells("甲", turned))))[0] == ["甲", "5"]


def test_a_number_printed_twice_for_weight_is_one_number() -> None:
    shadow = text_object("31", 64, 22) + text_object("31", 64.3, 22.2)
    beside = text_object("1", 64, 32) + text_object("1", 66, 32)
    assert rows(read_ofd(one_page(GRID + WORDS + cells("甲", shadow, "乙", beside)))) == [["甲", "31"], ["乙", "11"]]


@pytest.mark.parametrize(
    "hidden",
    [
        text_object("9", 70, 22, attributes=' Visible="false"'),
        text_object("9", 70, 22, attributes=' Alpha="0"'),
        text_object("9", 70, 22, more='<ofd:FillColor Value="0 0 0" Alpha="0"/>'),
        text_object("9", 70, 22, attributes=' Fill="false"'),
        text_object("9", 70, 22, attributes=' Size="0"').replace(' Size="4.0"', ""),
        text_object(
            "9", 70, 22, more='<ofd:Clips><ofd:Clip><ofd:Area><ofd:Path Boundary="0 0 9 0"/></ofd:Area></ofd:Clip></ofd:Clips>'
        ),
        f'<ofd:PageBlock Visible="false">{text_object("9", 70, 22)}</ofd:PageBlock>',
        text_object("9", 70, 400),
    ],
)
def test_what_is_not_shown_is_not_read(hidden: str) -> None:
    assert rows(read_ofd(one_page(GRID + WORDS + cells("甲", "31") + hidden)))[0] == ["甲", "31"]


def test_a_water_mark_across_the_table_stays_out_of_its_cells() -> None:
    mark = text_object("888", 60, 24, attributes=' CTM="0.7 -0.7 0.7 0.7 0 0"')
    document = read_ofd(one_page(GRID + WORDS + cells("甲", "31", "乙", "7") + mark))
    assert rows(document) == [["甲", "31"], ["乙", "7"]]
    assert document.flags == ("slanted_text_left_out",)


def test_ligatures_keep_the_offsets_in_step() -> None:
    transform = '<ofd:CGTransform CodePosition="1" CodeCount="2" GlyphCount="1"><ofd:Glyphs>191</ofd:Glyphs></ofd:CGTransform>'
    joined = code(24, 22, "affix12", 'X="0" Y="3.5" DeltaX="2 4 2 34 2"', more=transform)
    assert rows(read_ofd(one_page(GRID + WORDS + joined)))[0] == ["affix", "12"]


def test_a_pretty_printer_adds_no_characters() -> None:
    spread = code(64, 22, "\n\t\t\t\t2048\n\t\t\t", 'X="0" Y="3.5" DeltaX="2 2 2"')
    assert rows(read_ofd(one_page(GRID + WORDS + cells("甲", spread))))[0] == ["甲", "2048"]


def test_radicals_are_folded() -> None:
    assert "马店镇" in read_ofd(one_page(WORDS + text_object("\u2ee2店镇", 20, 80))).text


def test_shading_and_thick_bars_are_no_rules() -> None:
    shading = (
        '<ofd:PathObject Boundary="60 20 20 10" Fill="true" Stroke="false"><ofd:AbbreviatedData>M 0 0 L 20 0 L 20 10 L 0 10 C'
        "</ofd:AbbreviatedData></ofd:PathObject>"
        '<ofd:PathObject Boundary="20 35 80 0" LineWidth="10"><ofd:AbbreviatedData>M 0 0 L 80 0</ofd:AbbreviatedData></ofd:PathObject>'
        '<ofd:PathObject Boundary="80 20 0 20" Fill="false" Stroke="false"><ofd:AbbreviatedData>M 0 0 L 0 20</ofd:AbbreviatedData>'
        "</ofd:PathObject>"
    )
    assert rows(read_ofd(one_page(shading + GRID + WORDS + cells("甲", "31", "乙", "7")))) == [["甲", "31"], ["乙", "7"]]


def test_curves_are_no_rules() -> None:
    seal = (
        '<ofd:PathObject Boundary="60 20 40 20"><ofd:AbbreviatedData>M 20 0 B 20 5 20 10 20 20 Q 20 10 20 0 A 9 9 0 0 1 20 20'
        "</ofd:AbbreviatedData></ofd:PathObject>"
    )
    assert rows(read_ofd(one_page(seal + GRID + WORDS + cells("甲", "31", "乙", "7")))) == [["甲", "31"], ["乙", "7"]]


def test_a_missing_template_is_told() -> None:
    content = xml(
        "Page",
        f'<ofd:Template TemplateID="77"/><ofd:Content><ofd:Layer>{GRID}{WORDS}{cells("甲", "1")}</ofd:Layer></ofd:Content>',
    )
    document = read_ofd(one_page("", more={"Doc_0/Pages/Page_0/Content.xml": content}))
    assert document.flags == ("part_missing",)
    assert rows(document)[0] == ["甲", "1"]


def test_a_template_that_names_itself_is_drawn_once() -> None:
    common = '<ofd:TemplatePage ID="7" BaseLoc="Tpl.xml"/>'
    content = xml("Page", f'<ofd:Template TemplateID="7"/><ofd:Content><ofd:Layer>{cells("甲", "1")}</ofd:Layer></ofd:Content>')
    more = {
        "Doc_0/Pages/Page_0/Content.xml": content,
        "Doc_0/Tpl.xml": xml(
            "Page", f'<ofd:Template TemplateID="7"/><ofd:Content><ofd:Layer>{GRID}{WORDS}</ofd:Layer></ofd:Content>'
        ),
    }
    assert rows(read_ofd(one_page("", common=common, more=more)))[0] == ["甲", "1"]


def test_composite_objects_that_hold_each_other_come_to_an_end() -> None:
    unit = '<ofd:CompositeGraphicUnit ID="{0}"><ofd:Content>' + '<ofd:CompositeObject ResourceID="{1}"/>' * 4
    units = "".join(unit.format(*pair) + f"{GRID}</ofd:Content></ofd:CompositeGraphicUnit>" for pair in ((1, 2), (2, 1)))
    resources = {"Doc_0/Res.xml": xml("Res", f"<ofd:CompositeGraphicUnits>{units}</ofd:CompositeGraphicUnits>")}
    drawn = f'<ofd:CompositeObject ResourceID="1"/>{WORDS}{cells("甲", "1")}'
    document = read_ofd(one_page(drawn, common="<ofd:PublicRes>Res.xml</ofd:PublicRes>", more=resources))
    assert document.flags == ("part_missing",)
    assert rows(document)[0] == ["甲", "1"]


def outcome(content: bytes) -> Outcome:
    """The outcome that reading ends in; only an OutcomeError may end it."""
    with pytest.raises(OutcomeError) as caught:
        read_ofd(content)
    assert "Traceback" not in caught.value.message
    return caught.value.outcome


def test_page_images_are_a_scan() -> None:
    image = '<ofd:ImageObject Boundary="0 0 210 297" CTM="210 0 0 297 0 0" ResourceID="5"/>'
    assert outcome(one_page(image)) is Outcome.SCANNED
    with pytest.raises(OutcomeError, match="take the report's PDF"):
        read_ofd(one_page(image))
    assert outcome(one_page(image + text_object("- 1 -", 100, 280))) is Outcome.SCANNED
    assert read_ofd(one_page(image + WORDS)).blocks


@pytest.mark.parametrize(
    "glyphs",
    [
        text_object(
            "¤" * 30,
            20,
            20,
            more='<ofd:CGTransform CodePosition="0" CodeCount="30" GlyphCount="30"><ofd:Glyphs>1 2</ofd:Glyphs></ofd:CGTransform>',
        ),
        text_object("\ue001\ue002\ue003" * 10, 20, 20),
        code(
            20,
            20,
            "",
            'X="0"',
            more='<ofd:CGTransform CodePosition="0" GlyphCount="30"><ofd:Glyphs>1</ofd:Glyphs></ofd:CGTransform>',
        ),
        text_object("ÕþÎÊÐÅÏ¢¹«¿ª" * 3, 20, 20),
    ],
)
def test_glyphs_without_characters_are_garbled(glyphs: str) -> None:
    assert outcome(one_page(glyphs)) is Outcome.GARBLED


def test_a_placeholder_within_a_number_is_flagged() -> None:
    half_known = text_object(
        "1¤", 64, 22, more='<ofd:CGTransform CodePosition="1"><ofd:Glyphs>99</ofd:Glyphs></ofd:CGTransform>'
    )
    document = read_ofd(one_page(GRID + WORDS + cells("甲", half_known)))
    assert rows(document)[0] == ["甲", "1\ufffd"]
    assert "unreadable_characters" in document.grids[0].flags


def test_a_cut_file_is_truncated() -> None:
    whole = to_ofd(SEED_LIKE["001"])
    assert outcome(whole[: len(whole) // 2]) is Outcome.TRUNCATED
    with pytest.raises(OutcomeError, match="truncated"):
        read_document(whole[: len(whole) // 2], expected="ofd")


def test_a_zip_without_its_entry_is_no_document() -> None:
    assert outcome(pack({"readme.txt": "nothing"})) is Outcome.NOT_A_DOCUMENT


def test_a_page_that_is_named_and_missing_is_truncated() -> None:
    whole = to_ofd(SEED_LIKE["001"])
    parts = {
        info.filename: zipfile.ZipFile(io.BytesIO(whole)).read(info) for info in zipfile.ZipFile(io.BytesIO(whole)).infolist()
    }
    del parts["Doc_0/Pages/Page_1/Content.xml"]
    assert outcome(pack(parts)) is Outcome.TRUNCATED


def test_protected_parts_are_encrypted() -> None:
    locked = bytearray(one_page(WORDS))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = locked.find(signature)
        while start >= 0:
            locked[start + offset] |= 1
            start = locked.find(signature, start + 1)
    assert outcome(bytes(locked)) is Outcome.ENCRYPTED
    ciphered = one_page(
        "", more={"Encryptions.xml": xml("Encryptions", ""), "Doc_0/Pages/Page_0/Content.xml": b"\x8f\x00\x13" * 40}
    )
    assert outcome(ciphered) is Outcome.ENCRYPTED


BOMB = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "1">' + "".join(
    f'<!ENTITY {chr(98 + n)} "{("&" + chr(97 + n) + ";") * 10}">' for n in range(12)
)
HOSTILE = {
    "entity bomb": BOMB + "]><a>&m;</a>",
    "external entity": '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
    "deep nesting": xml("Page", "<ofd:Content>" + "<ofd:PageBlock>" * 5000 + "</ofd:PageBlock>" * 5000 + "</ofd:Content>"),
    "not XML": b"\x00\x01\x02 <",
    "empty": b"",
    "unclosed": "<Page><Content>",
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("part", ["OFD.xml", "Doc_0/Document.xml", "Doc_0/Pages/Page_0/Content.xml"])
def test_hostile_xml_is_refused(name: str, part: str) -> None:
    assert outcome(one_page(WORDS, more={part: HOSTILE[name]})) is Outcome.NOT_A_DOCUMENT


def test_a_decompression_bomb_is_too_large() -> None:
    assert outcome(one_page("", more={"Doc_0/Pages/Page_0/Content.xml": b" " * (30 << 20)})) is Outcome.TOO_LARGE


def test_a_path_of_many_boxes_comes_to_an_end() -> None:
    boxes = " ".join(
        f"M {i % 100} {i // 100} L {i % 100 + 5} {i // 100} L {i % 100 + 5} {i // 100 + 5} L {i % 100} 9 C"
        for i in range(20_000)
    )
    path = f'<ofd:PathObject Boundary="0 0 9 9" Fill="true" Stroke="false"><ofd:AbbreviatedData>{boxes}</ofd:AbbreviatedData></ofd:PathObject>'
    assert "31" in read_ofd(one_page(path + GRID + WORDS + cells("甲", "31"))).text


def test_too_many_pages_are_too_large() -> None:
    pages = '<ofd:Page ID="1" BaseLoc="Pages/Page_0/Content.xml"/>' * 401
    many = xml("Document", f"<ofd:Pages>{pages}</ofd:Pages>")
    assert outcome(one_page(WORDS, more={"Doc_0/Document.xml": many})) is Outcome.TOO_LARGE


@pytest.mark.parametrize(
    "location", ["", "../../../etc/passwd", "/", "..", "Document.xml/../../x", "C:\\x", "Doc_0/Document.xml\x07", "a" * 70_000]
)
def test_paths_lead_nowhere_else(location: str) -> None:
    entry = xml("OFD", f"<ofd:DocBody><ofd:DocRoot>{location}</ofd:DocRoot></ofd:DocBody>".replace("\x07", "&#9;x"))
    assert outcome(one_page(WORDS, more={"OFD.xml": entry})) is Outcome.TRUNCATED


@pytest.mark.parametrize("value", ["1e308", "-1e308", "nan", "inf", "1e999", "", "x", "9" * 400, "-0", "1e-320"])
def test_numbers_of_any_size_are_survived(value: str) -> None:
    objects = (
        f'<ofd:TextObject Boundary="{value} {value} 1 1" CTM="{value} 0 0 {value} 0 0" Size="{value}" HScale="{value}">'
        f'<ofd:TextCode X="{value}" Y="{value}" DeltaX="g {value} {value} {value}" DeltaY="{value}">12345</ofd:TextCode></ofd:TextObject>'
        f'<ofd:TextObject Boundary="20 20 9 9" Size="4"><ofd:CGTransform CodePosition="{value}" CodeCount="{value}" GlyphCount="{value}"/>'
        f'<ofd:TextCode X="{value}" DeltaX="g 9 {value}">12345</ofd:TextCode></ofd:TextObject>'
        f'<ofd:PathObject Boundary="{value} 0 {value} 0" LineWidth="{value}"><ofd:AbbreviatedData>M {value} {value} L {value} 5 L 5 {value} '
        f"B {value} 1 2 3 {value} A C L {value}</ofd:AbbreviatedData></ofd:PathObject>"
        f'<ofd:ImageObject Boundary="{value} {value} {value} {value}"/>'
    )
    document = read_ofd(one_page(objects + GRID + WORDS + cells("甲", "31"), size=f"0 0 {value} {value}"))
    assert "31" in document.text


def test_changed_bytes_end_in_an_outcome() -> None:
    draw = random.Random(33190)  # noqa: S311 - damage for a test
    whole = [
        to_ofd(SEED_LIKE["001"], style) for style in (Style(), Style(template="labels", text="cell"), Style(composite=True))
    ]
    outcomes = set()
    for _ in range(150):
        damaged = bytearray(draw.choice(whole))
        for _ in range(draw.randint(1, 12)):
            damaged[draw.randrange(len(damaged))] = draw.randrange(256)
        try:
            read_ofd(bytes(damaged))
            outcomes.add(Outcome.OK)
        except OutcomeError as error:
            outcomes.add(error.outcome)
    assert Outcome.TRUNCATED in outcomes


def test_changed_xml_ends_in_an_outcome() -> None:
    draw = random.Random(2016)  # noqa: S311 - damage for a test
    whole = to_ofd(SEED_LIKE["001"], Style(template="rules", text="cell"))
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        parts = {info.filename: archive.read(info) for info in archive.infolist()}
    tokens = [
        b"1e99",
        b"-",
        b"g 99999 1",
        b'"',
        b"ofd:PageBlock",
        b"CTM",
        b"0 0 0 0 0 0",
        b"C",
        b"\xff",
        b"<",
        b">",
        b"500",
        b"Doc_0",
        b"&amp;",
    ]
    seen = set()
    for _ in range(120):
        name = draw.choice(sorted(parts))
        text = bytearray(parts[name])
        for _ in range(draw.randint(1, 3)):
            at = draw.randrange(len(text))
            text[at : at + draw.randint(0, 8)] = draw.choice(tokens)
        try:
            read_ofd(pack({**parts, name: bytes(text)}))
            seen.add(Outcome.OK)
        except OutcomeError as error:
            seen.add(error.outcome)
    assert Outcome.NOT_A_DOCUMENT in seen


@pytest.mark.real
def test_real_files_hold_what_their_content_says(shared: Path) -> None:
    texts = {}
    for path in sorted((shared / "real" / "ofd").glob("*.ofd")):
        document = read_document(path.read_bytes(), expected=path.name)
        texts[path.stem] = "".join(document.text.split())
        with zipfile.ZipFile(path) as archive:
            said = Counter("".join(_text_codes(archive)))
        read = Counter(texts[path.stem])
        # A picture in a text without tables may be one of a table, and is looked at.
        assert read - said == Counter() or "read_by_ocr" in document.flags, path.name
        repeated_on_every_list_page = Counter("销售货物或者提供应税劳务、服务清单备注折扣开票日期：2020年08月05日" * 4)
        assert said - read <= (repeated_on_every_list_page if path.stem == "999" else Counter()), path.name
    assert "增值税电子普通发票" in texts["发票示例"]
    assert "价税合计（大写）叁佰壹拾捌圆整（小写）¥318.00" in texts["发票示例"]
    assert "CodePositionxs:intTextCode中字符编码的起始位置，从0开始必选" in texts["z"]
    assert "鲁（2020）泰安市不动产证明第0014777号" in texts["keyword"]
    assert "太仓市婚姻登记处" in texts["不规范资源路径"]
    assert texts["h"] == ""


def _text_codes(archive: zipfile.ZipFile) -> list[str]:
    """What the page parts' TextCodes hold, without water marks and hidden fields (the two objects of ``keyword.ofd``)."""
    return [
        "".join(unescape(text).split())
        for name in archive.namelist()
        if name.endswith("Content.xml")
        for text in re.findall(r"<ofd:TextCode[^>]*>([^<]*)<", archive.read(name).decode("utf-8-sig"))
        if "事由" not in text and not text.startswith("1.2.156")
    ]


@pytest.mark.real
def test_the_table_of_a_real_file_is_a_grid(shared: Path) -> None:
    document = read_document((shared / "real" / "ofd" / "z.ofd").read_bytes())
    assert [row[0] for row in rows(document)] == ["名称", "CodePosition", "CodeCount", "GlyphCount", "Glyphs"]
    assert [row[3] for row in rows(document)] == ["可选/必选", "必选", "可选", "可选", "可选"]
