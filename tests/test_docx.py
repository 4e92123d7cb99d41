"""DOCX of python-docx, LibreOffice, WPS and by hand: every cell in place, nothing deleted, hidden or twice."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import docx
import pytest
from docx.shared import Pt
from hypothesis import given

from crawler.documents.docx import MAX_PART_BYTES, read_docx
from crawler.documents.docx_numbering import format_number
from crawler.documents.html import read_html
from crawler.documents.model import Document, Geometry, Grid, Paragraph
from crawler.outcomes import Outcome, OutcomeError
from crawler.sample.typeset import Layout, ReportSource, printed_metrics, random_values, to_docx
from tests.test_html_spans import layouts

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
NAMESPACES = (
    f'xmlns:w="{W}" xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:v="urn:schemas-microsoft-com:vml" '
    'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape"'
)


def package(body: str, **parts: str) -> bytes:
    """A DOCX of hand-written WordprocessingML."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr(
            "word/document.xml", f'<?xml version="1.0"?><w:document {NAMESPACES}><w:body>{body}</w:body></w:document>'
        )
        for name, content in parts.items():
            archive.writestr(f"word/{name}.xml", f"<w:{name} {NAMESPACES}>{content}</w:{name}>")
    return buffer.getvalue()


def p(text: str, properties: str = "", run: str = "") -> str:
    return f"<w:p><w:pPr>{properties}</w:pPr><w:r><w:rPr>{run}</w:rPr><w:t>{text}</w:t></w:r></w:p>"


def tc(text: str, properties: str = "") -> str:
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{p(text)}</w:tc>"


def table(*rows: str, widths: tuple[int, ...] = ()) -> str:
    grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
    return f"<w:tbl><w:tblGrid>{grid}</w:tblGrid>{''.join(f'<w:tr>{row}</w:tr>' for row in rows)}</w:tbl>"


def texts(document: Document) -> list[str]:
    return [block.text for block in document.blocks if isinstance(block, Paragraph)]


def layout(grid: Grid) -> list[tuple[int, int, int, int, str]]:
    return [(c.row, c.column, c.row_span, c.column_span, c.text) for c in grid.cells]


def assert_exact(grid: Grid) -> None:
    assert grid.geometry is Geometry.EXACT
    slots = sorted(
        (r, c)
        for cell in grid.cells
        for r in range(cell.row, cell.row + cell.row_span)
        for c in range(cell.column, cell.column + cell.column_span)
    )
    assert slots == [(r, c) for r in range(grid.row_count) for c in range(grid.column_count)]


def only_grid(content: bytes) -> Grid:
    (grid,) = read_docx(content).grids
    assert_exact(grid)
    return grid


def report(form: str, options: Layout) -> ReportSource:
    sections = {1: ("全年发布信息312条。",), 2: (), 3: (), 4: (), 5: ("公开的时效有待提高。",), 6: ("无。",)}
    return ReportSource(
        "柳林镇2023年政府信息公开工作年度报告", "柳林镇", 2023, form, sections, random_values(form, 3), layout=options
    )


def assert_report(document: Document, source: ReportSource) -> None:
    numbers = [c.text for grid in document.grids for c in grid.cells if re.fullmatch(r"[-+]?[\d,.]+", c.text)]
    assert numbers == [source.printed[key] for key in printed_metrics(source)]
    assert [text[0] for text in texts(document) if re.match("[一二三四五六]、", text)] == list("一二三四五六")
    for grid in document.grids:
        assert_exact(grid)


@pytest.mark.parametrize("form", ["cn-ogi-2019", "cn-ogi-2021"])
@pytest.mark.parametrize(
    "options",
    [
        Layout(),
        Layout(split_blocks=True, group_break="\n"),
        Layout(short_rows="padded", split_numeral=True),
        Layout(short_rows="ragged"),
    ],
    ids=["plain", "blocks", "padded", "ragged"],
)
def test_reports_made_with_python_docx(form: str, options: Layout) -> None:
    source = report(form, options)
    assert_report(read_docx(to_docx(source)), source)


@pytest.mark.office
@pytest.mark.parametrize("form", ["cn-ogi-2019", "cn-ogi-2021"])
def test_reports_saved_by_libreoffice_as_docx_and_over_doc(form: str, tmp_path: Path) -> None:
    source = report(form, Layout())
    first = tmp_path / "a.docx"
    first.write_bytes(to_docx(source))
    office = [
        shutil.which("soffice") or "soffice",
        "--headless",
        f"-env:UserInstallation=file://{tmp_path}/profile",
        "--convert-to",
    ]
    subprocess.run(
        [*office, "doc", "--outdir", str(tmp_path / "doc"), str(first)], check=True, capture_output=True, timeout=120
    )
    for source_file, folder in ((first, "direct"), (tmp_path / "doc" / "a.doc", "over_doc")):
        target = tmp_path / folder
        subprocess.run(
            [*office, "docx", "--outdir", str(target), str(source_file)], check=True, capture_output=True, timeout=120
        )
        document = read_docx((target / "a.docx").read_bytes())
        assert_report(document, source)
        # Converting to .doc and back leaves a phantom 16th grid column of no width in table 4.
        assert [grid.column_count for grid in document.grids] == [4, 10, 15]


@pytest.mark.office
@pytest.mark.parametrize("markup", ["html", "xhtml"])
def test_reports_saved_by_libreoffice_as_html(markup: str, tmp_path: Path) -> None:
    source = report("cn-ogi-2021", Layout(group_break="\n"))
    (tmp_path / "a.docx").write_bytes(to_docx(source))
    office = [
        shutil.which("soffice") or "soffice",
        "--headless",
        f"-env:UserInstallation=file://{tmp_path}/profile",
        "--convert-to",
    ]
    subprocess.run(
        [*office, markup, "--outdir", str(tmp_path), str(tmp_path / "a.docx")], check=True, capture_output=True, timeout=120
    )
    document = read_html((tmp_path / f"a.{markup}").read_bytes())
    assert_report(document, source)


@given(layouts())
def test_a_layout_comes_back(cut: tuple[int, int, list[tuple[int, int, int, int]]]) -> None:
    row_count, _, cells = cut
    rows = []
    for row in range(row_count):
        line = ""
        for at, column, height, width in sorted(cells, key=lambda cell: cell[1]):
            if not at <= row < at + height:
                continue
            merge = "" if height == 1 else '<w:vMerge w:val="restart"/>' if at == row else "<w:vMerge/>"
            line += tc(f"{row}-{column}" if at == row else "", f'<w:gridSpan w:val="{width}"/>{merge}')
        rows.append(line)
    grid = only_grid(package(table(*rows)))
    width = max(column for _, column, _, _ in cells) + 1
    expected = [
        (row, column, height, min(width - column, span), f"{row}-{column}") for row, column, height, span in sorted(cells)
    ]
    assert layout(grid) == expected


def test_python_docx_merges_and_styles() -> None:
    made = docx.Document()
    made.add_heading("柳林镇2023年政府信息公开工作年度报告", level=0)
    made.add_paragraph("一、总体情况").runs[0].font.size = Pt(16)
    grid = made.add_table(rows=3, cols=4)
    for index, cell in enumerate(cell for row in grid.rows for cell in row.cells):
        cell.text = str(index)
    grid.cell(0, 0).merge(grid.cell(1, 1)).text = "合并"
    made.core_properties.title = "模板"
    buffer = io.BytesIO()
    made.save(buffer)
    document = read_docx(buffer.getvalue())
    assert document.title == "柳林镇2023年政府信息公开工作年度报告"
    assert document.metadata["title"] == "模板"
    assert layout(document.grids[0])[:3] == [(0, 0, 2, 2, "合并"), (0, 2, 1, 1, "2"), (0, 3, 1, 1, "3")]


def test_spans_merges_and_offsets() -> None:
    grid = only_grid(
        package(
            table(
                tc("第二十条", '<w:gridSpan w:val="3"/>'),
                tc("结果", '<w:vMerge w:val="restart"/>') + tc("甲") + tc("1"),
                tc("", "<w:vMerge/>") + tc("乙") + tc("2"),
                tc("结果二", '<w:vMerge w:val="restart"/>') + tc("丙") + tc("3"),
            )
            + p("完")
        )
    )
    assert layout(grid) == [
        (0, 0, 1, 3, "第二十条"),
        (1, 0, 2, 1, "结果"),
        (1, 1, 1, 1, "甲"),
        (1, 2, 1, 1, "1"),
        (2, 1, 1, 1, "乙"),
        (2, 2, 1, 1, "2"),
        (3, 0, 1, 1, "结果二"),
        (3, 1, 1, 1, "丙"),
        (3, 2, 1, 1, "3"),
    ]


def test_cells_before_and_after_a_row_are_filled_and_said() -> None:
    rows = tc("a") + tc("b") + tc("c"), '<w:trPr><w:gridBefore w:val="1"/><w:gridAfter w:val="1"/></w:trPr>' + tc("x")
    grid = only_grid(package(table(*rows)))
    assert [(c.row, c.column, c.text) for c in grid.cells][3:] == [(1, 0, ""), (1, 1, "x"), (1, 2, "")]
    assert grid.flags == ("ragged_rows",)


def test_merge_without_a_beginning_stays_a_cell() -> None:
    grid = only_grid(package(table(tc("a", "<w:vMerge/>") + tc("b"), tc("c", '<w:vMerge w:val="continue"/>') + tc("d"))))
    assert grid.cells[0].row_span == 2
    assert grid.flags == ("text_in_merged_cell",)


def test_horizontal_merges_of_old_files() -> None:
    grid = only_grid(
        package(table(tc("a", '<w:hMerge w:val="restart"/>') + tc("", "<w:hMerge/>") + tc("b"), tc("1") + tc("2") + tc("3")))
    )
    assert layout(grid)[:2] == [(0, 0, 1, 2, "a"), (0, 2, 1, 1, "b")]


def test_columns_of_no_width_are_dropped_unless_they_alone_hold_a_text() -> None:
    rows = tc("头", '<w:gridSpan w:val="3"/>'), tc("规章") + tc("") + tc("7")
    assert layout(only_grid(package(table(*rows, widths=(900, 4, 900))))) == [
        (0, 0, 1, 2, "头"),
        (1, 0, 1, 1, "规章"),
        (1, 1, 1, 1, "7"),
    ]
    rows = tc("头", '<w:gridSpan w:val="3"/>'), tc("规章") + tc("5") + tc("7")
    assert [c.text for c in only_grid(package(table(*rows, widths=(900, 4, 900)))).cells] == ["头", "规章", "5", "7"]


def test_content_controls_revisions_and_links() -> None:
    inner = table("<w:sdt><w:sdtContent>" + tc("规章") + "</w:sdtContent></w:sdt>" + tc("3"), tc("行政规范性文件") + tc("4"))
    body = (
        f"<w:sdt><w:sdtPr/><w:sdtContent>{p('二、主动公开')}{inner}</w:sdtContent></w:sdt>"
        "<w:p><w:ins><w:r><w:t>留下</w:t></w:r></w:ins><w:del><w:r><w:delText>删去</w:delText></w:r></w:del>"
        "<w:moveFrom><w:r><w:t>移走</w:t></w:r></w:moveFrom>"
        "<w:hyperlink><w:r><w:t>链接</w:t></w:r></w:hyperlink><w:smartTag><w:r><w:t>标记</w:t></w:r></w:smartTag>"
        '<w:fldSimple w:instr="DATE"><w:r><w:t>2024</w:t></w:r></w:fldSimple>'
        "<w:r><w:instrText>PAGE</w:instrText><w:tab/><w:t>后</w:t></w:r></w:p>"
    )
    document = read_docx(package(body))
    assert texts(document) == ["二、主动公开", "留下链接标记2024\t后"]
    assert [c.text for c in document.grids[0].cells] == ["规章", "3", "行政规范性文件", "4"]


def test_deleted_and_hidden_rows_and_text() -> None:
    hidden = "<w:tr><w:trPr><w:hidden/></w:trPr>" + tc("9") + tc("9") + "</w:tr>"
    deleted = "<w:tr><w:trPr><w:del/></w:trPr>" + tc("8") + tc("8") + "</w:tr>"
    vanished, styled, shown = (
        f"<w:tc>{p(text, run=run)}</w:tc>"
        for text, run in (("7", "<w:vanish/>"), ("6", '<w:rStyle w:val="ghost"/>'), ("5", '<w:vanish w:val="0"/>'))
    )
    body = table(tc("规章") + vanished, tc("许可") + styled, tc("处罚") + shown).replace(
        "</w:tbl>", hidden + deleted + "</w:tbl>"
    )
    styles = '<w:style w:styleId="ghost"><w:name w:val="Ghost"/><w:rPr><w:vanish/></w:rPr></w:style>'
    assert [c.text for c in only_grid(package(body, styles=styles)).cells] == ["规章", "", "许可", "", "处罚", "5"]


def test_text_boxes_are_read_once() -> None:
    content = f"<w:txbxContent>{p('框中文字')}{table(tc('规章') + tc('1'), tc('许可') + tc('2'))}</w:txbxContent>"
    body = (
        "<w:p><w:r><w:t>段落</w:t></w:r><w:r><mc:AlternateContent>"
        f"<mc:Choice Requires='wps'><w:drawing><wps:wsp><wps:txbx>{content}</wps:txbx></wps:wsp></w:drawing></mc:Choice>"
        f"<mc:Fallback><w:pict><v:textbox>{content}</v:textbox></w:pict></mc:Fallback></mc:AlternateContent></w:r></w:p>"
    )
    document = read_docx(package(body))
    assert texts(document) == ["段落", "框中文字"]
    assert len(document.grids) == 1


def test_lines_in_cells_and_paragraphs() -> None:
    cell = "<w:tc><w:p><w:r><w:t>本年新</w:t><w:br/><w:t>制作数量</w:t></w:r></w:p><w:p/><w:p><w:r><w:t xml:space='preserve"
    cell += "'> 件 </w:t></w:r></w:p></w:tc>"
    body = p("一、总体情况</w:t><w:br/><w:t>　　正文</w:t><w:br w:type='page'/><w:t>。") + table(
        cell + tc("0"), tc("1") + tc("2")
    )
    document = read_docx(package(body))
    assert texts(document) == ["一、总体情况", "正文。"]
    assert document.grids[0].cells[0].text == "本年新\n制作数量\n件"


def test_nested_table_is_text_of_its_cell() -> None:
    cell = f"<w:tc>{p('说明')}{table(tc('甲') + tc('1'))}<w:p/></w:tc>"
    grid = only_grid(package(table(cell + tc("5"), tc("规章") + tc("6"))))
    assert [c.text for c in grid.cells] == ["说明\n甲\t1", "5", "规章", "6"]


def level(depth: int, number_format: str, text: str) -> str:
    start = '<w:start w:val="1"/>'
    return f'<w:lvl w:ilvl="{depth}">{start}<w:numFmt w:val="{number_format}"/><w:lvlText w:val="{text}"/></w:lvl>'


NUMBERING = f"""
<w:abstractNum w:abstractNumId="1">
{level(0, "chineseCountingThousand", "%1、")}{level(1, "chineseCounting", "（%2）")}</w:abstractNum>
<w:abstractNum w:abstractNumId="2">{level(0, "decimal", "%1.")}</w:abstractNum>
<w:abstractNum w:abstractNumId="3">{level(0, "bullet", "&#xF0B7;")}</w:abstractNum>
<w:num w:numId="1"><w:abstractNumId w:val="1"/></w:num><w:num w:numId="2"><w:abstractNumId w:val="2"/></w:num>
<w:num w:numId="3"><w:abstractNumId w:val="3"/></w:num>
<w:num w:numId="4"><w:abstractNumId w:val="2"/><w:lvlOverride w:ilvl="0"><w:startOverride w:val="1"/></w:lvlOverride></w:num>
"""


def listed(text: str, number: int, depth: int = 0) -> str:
    return p(text, f'<w:numPr><w:ilvl w:val="{depth}"/><w:numId w:val="{number}"/></w:numPr>')


def test_section_numbers_that_only_numbering_prints() -> None:
    body = (
        listed("总体情况", 1)
        + listed("主动公开", 1, 1)
        + listed("依申请公开", 1, 1)
        + p("主动公开政府信息情况", '<w:pStyle w:val="h"/>')
        + listed("平台建设", 1, 1)
        + listed("要点", 3)
        + listed("", 2)
        + listed("其次", 2)
        + listed("另起", 4)
        + p("三、已有编号", '<w:numPr><w:numId w:val="0"/></w:numPr>')
    )
    styles = (
        '<w:style w:styleId="base"><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:style>'
        '<w:style w:styleId="h"><w:basedOn w:val="base"/></w:style>'
    )
    assert texts(read_docx(package(body, numbering=NUMBERING, styles=styles))) == [
        "一、总体情况",
        "（一）主动公开",
        "（二）依申请公开",
        "二、主动公开政府信息情况",
        "（一）平台建设",
        "要点",
        "2.其次",
        "1.另起",
        "三、已有编号",
    ]


def test_numbering_never_changes_a_number_in_a_cell() -> None:
    def cell(text: str) -> str:
        return f"<w:tc>{listed(text, 2)}</w:tc>"

    grid = only_grid(
        package(table(cell("属于国家秘密") + cell("0"), cell("其他法律行政法规禁止公开") + cell("")), numbering=NUMBERING)
    )
    assert [c.text for c in grid.cells] == ["1.属于国家秘密", "0", "3.其他法律行政法规禁止公开", ""]


@pytest.mark.parametrize(
    ("number", "printed"), [(1, "一"), (10, "十"), (11, "十一"), (20, "二十"), (25, "二十五"), (105, "一百零五")]
)
def test_chinese_counting(number: int, printed: str) -> None:
    assert format_number(number, "chineseCounting") == printed


def test_strict_namespace_of_newer_word() -> None:
    content = package(p("正文") + table(tc("规章") + tc("1"), tc("许可") + tc("2")))
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(W.encode(), b"http://purl.oclc.org/ooxml/wordprocessingml/main"))
    document = read_docx(buffer.getvalue())
    assert texts(document) == ["正文"]
    assert len(document.grids) == 1


def test_imported_files_are_said() -> None:
    assert read_docx(package(p("见下") + '<w:altChunk w:id="rId9"/>')).flags == ("embedded_part_not_read",)
    assert read_docx(package(p("见下"))).flags == ()


def outcome(content: bytes) -> Outcome:
    with pytest.raises(OutcomeError) as caught:
        read_docx(content)
    return caught.value.outcome


def other_zip(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/"), content)
    return buffer.getvalue()


def test_broken_packages() -> None:
    content = package(p("正文" * 500))
    assert outcome(content[:-200]) is Outcome.TRUNCATED
    assert outcome(content[:300] + b"\0" * 40 + content[340:]) is Outcome.TRUNCATED
    assert outcome(other_zip(a=b"x")) is Outcome.NOT_A_DOCUMENT
    assert outcome(b"<html>") is Outcome.NOT_A_DOCUMENT
    assert outcome(bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600)) is Outcome.ENCRYPTED
    assert outcome(package("<w:p><w:r>")) is Outcome.NOT_A_DOCUMENT


def test_entities_and_document_types_are_refused() -> None:
    bomb = f"""<!DOCTYPE d [<!ENTITY a "{"x" * 100}"><!ENTITY b "{"&a;" * 100}">]>
    <w:document xmlns:w="{W}"><w:body><w:p><w:r><w:t>&b;</w:t></w:r></w:p></w:body></w:document>"""
    assert outcome(other_zip(**{"word__document.xml": bomb.encode()})) is Outcome.NOT_A_DOCUMENT


def test_zip_bombs_are_refused_before_unpacking() -> None:
    assert outcome(other_zip(**{"word__document.xml": b" " * (MAX_PART_BYTES + 1)})) is Outcome.TOO_LARGE
    assert outcome(other_zip(**{f"m{i}": b"" for i in range(10_001)})) is Outcome.TOO_LARGE


def test_a_table_wider_than_word_allows_is_refused() -> None:
    assert outcome(package(table("".join(tc("1", '<w:gridSpan w:val="400"/>') for _ in range(3))))) is Outcome.TOO_LARGE


@pytest.mark.real
def test_blank_form_saved_by_wps(shared: Path) -> None:
    document = read_docx((shared / "real" / "docx" / "blank-2021-form-wps.docx").read_bytes())
    assert [grid.column_count for grid in document.grids] == [4, 10, 15]
    assert [sum(not cell.text for cell in grid.cells) for grid in document.grids] == [10, 175, 15]
    for grid in document.grids:
        assert_exact(grid)
        assert grid.flags == ()
    requests = {c.text: c for c in document.grids[1].cells}
    assert (requests["三、本年度办理结果"].row_span, requests["（三）不予公开"].row_span) == (22, 8)
    assert [text[0] for text in texts(document) if re.match("[一二三四五六]、", text)] == list("一二三四五六")
    assert document.metadata["producer"].startswith("WPS Office")


@pytest.mark.real
def test_file_of_embedded_objects_saved_by_wps(shared: Path) -> None:
    document = read_docx((shared / "real" / "docx" / "wps-saved.docx").read_bytes())
    assert document.blocks == ()
