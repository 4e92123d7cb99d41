"""Word 2003 XML as Word itself writes it: merges, sections, smart tags, revisions, lists; and what is no such file."""

from __future__ import annotations

import pytest

from crawler.documents.model import Grid, grid_rows
from crawler.documents.reader import read_document
from crawler.documents.sniff import WORDML, sniff
from crawler.documents.wordml import read_wordml
from crawler.outcomes import Outcome, OutcomeError

HEAD = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?><?mso-application progid="Word.Document"?>'
    '<w:wordDocument xmlns:w="http://schemas.microsoft.com/office/word/2003/wordml"'
    ' xmlns:wx="http://schemas.microsoft.com/office/word/2003/auxHint" xmlns:aml="http://schemas.microsoft.com/aml/2001/core"'
    ' xmlns:o="urn:schemas-microsoft-com:office:office" xmlns:v="urn:schemas-microsoft-com:vml"'
    ' xmlns:st1="urn:schemas-microsoft-com:office:smarttags" w:macrosPresent="no">'
    "<o:DocumentProperties><o:Author>办公室</o:Author></o:DocumentProperties>"
)
LISTS = (
    '<w:lists><w:listDef w:listDefId="7"><w:lvl w:ilvl="0"><w:start w:val="1"/><w:nfc w:val="37"/><w:lvlText w:val="%1、"/></w:lvl>'
    '</w:listDef><w:listDef w:listDefId="8"><w:lvl w:ilvl="0"><w:start w:val="1"/><w:nfc w:val="23"/><w:lvlText w:val="·"/></w:lvl>'
    '</w:listDef><w:list w:ilfo="1"><w:ilst w:val="7"/></w:list><w:list w:ilfo="2"><w:ilst w:val="8"/></w:list></w:lists>'
)


def word(body: str, before: str = "") -> bytes:
    return f"{HEAD}{before}<w:body><wx:sect>{body}<w:sectPr/></wx:sect></w:body></w:wordDocument>".encode()


def p(text: str, properties: str = "") -> str:
    return f"<w:p>{properties}<w:r><w:t>{text}</w:t></w:r></w:p>"


def cell(text: str, properties: str = "") -> str:
    return f'<w:tc><w:tcPr><w:tcW w:w="900" w:type="dxa"/>{properties}</w:tcPr>{p(text)}</w:tc>'


def rows(grid: Grid) -> list[list[tuple[str, int, int]]]:
    return [[(item.text, item.row_span, item.column_span) for item in row] for row in grid_rows(grid)]


def test_merged_cells() -> None:
    down, on, wide = '<w:vmerge w:val="restart"/>', "<w:vmerge/>", '<w:gridSpan w:val="2"/>'
    table = (
        '<w:tbl><w:tblGrid><w:gridCol w:w="900"/><w:gridCol w:w="900"/><w:gridCol w:w="900"/></w:tblGrid>'
        f"<w:tr>{cell('三、结果', down)}{cell('申请人', wide)}</w:tr><w:tr>{cell('', on)}{cell('12')}{cell('3')}</w:tr>"
        f"<w:tr>{cell('总计')}{cell('12')}{cell('3')}</w:tr></w:tbl>"
    )
    document = read_wordml(word(f"<wx:sub-section>{p('标题')}<wx:sub-section>{table}</wx:sub-section></wx:sub-section>"))
    assert document.media_type == WORDML
    assert document.metadata["author"] == "办公室"
    (grid,) = document.grids
    assert rows(grid) == [
        [("三、结果", 2, 1), ("申请人", 1, 2)],
        [("12", 1, 1), ("3", 1, 1)],
        [("总计", 1, 1), ("12", 1, 1), ("3", 1, 1)],
    ]
    assert document.text.startswith("标题\n")


def test_revisions_are_read_as_accepted() -> None:
    inserted = (
        '<aml:annotation aml:id="1" w:type="Word.Insertion"><aml:content><w:r><w:t>5</w:t></w:r></aml:content></aml:annotation>'
    )
    deleted = '<aml:annotation aml:id="2" w:type="Word.Deletion"><aml:content><w:r><w:delText>4</w:delText></w:r></aml:content></aml:annotation>'
    comment = (
        f'<w:r><aml:annotation aml:id="3" w:type="Word.Comment"><aml:content>{p("核对")}</aml:content></aml:annotation></w:r>'
    )
    document = read_wordml(word(f"<w:p><w:r><w:t>共1</w:t></w:r>{deleted}{inserted}{comment}<w:r><w:t>件</w:t></w:r></w:p>"))
    assert document.text == "共15件"


def test_smart_tags_hidden_text_and_lists() -> None:
    numbered = '<w:pPr><w:listPr><w:ilvl w:val="0"/><w:ilfo w:val="{}"/><wx:t wx:val="x"/></w:listPr></w:pPr>'
    body = (
        p("总体情况", numbered.format(1))
        + p("主动公开", numbered.format(1))
        + p("一点", numbered.format(2))
        + "<w:p><st1:PersonName><st1:place><w:r><w:t>栾川县</w:t></w:r></st1:place></st1:PersonName>"
        "<w:r><w:rPr><w:vanish/></w:rPr><w:t>隐</w:t></w:r><w:r><w:t>政府</w:t></w:r></w:p>"
        "<w:p><w:r><w:pict><v:shape><v:textbox><w:txbxContent>"
        + p("框内")
        + "</w:txbxContent></v:textbox></v:shape></w:pict></w:r></w:p>"
    )
    assert read_wordml(word(body, LISTS)).text.split("\n") == ["一、总体情况", "二、主动公开", "一点", "栾川县政府", "框内"]


def test_a_flat_package_of_word_2007() -> None:
    w = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    content = (
        '<?xml version="1.0"?><?mso-application progid="Word.Document"?>'
        '<pkg:package xmlns:pkg="http://schemas.microsoft.com/office/2006/xmlPackage">'
        '<pkg:part pkg:name="/word/media/image1.png"><pkg:binaryData>AAAA</pkg:binaryData></pkg:part>'
        f'<pkg:part pkg:name="/word/document.xml"><pkg:xmlData><w:document xmlns:w="{w}"><w:body>{p("正文")}</w:body></w:document>'
        "</pkg:xmlData></pkg:part></pkg:package>"
    ).encode()
    assert sniff(content) == WORDML
    assert read_document(content, expected="doc").text == "正文"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_cut_file_is_truncated(encoding: str) -> None:
    content = word(p("正文") * 50).decode().replace('encoding="UTF-8"', f'encoding="{encoding}"').encode(encoding)
    assert read_wordml(content).text.startswith("正文")
    for end in (len(content) // 2, len(content) - 8, len(content) - 20):
        with pytest.raises(OutcomeError) as caught:
            read_wordml(content[:end])
        assert caught.value.outcome is Outcome.TRUNCATED


def test_what_is_no_word_document() -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'
    cases = {
        "entities": word(p("&b;")).replace(b"<w:wordDocument", bomb + b"<w:wordDocument", 1),
        "wrong nesting": word("<w:p><w:r></w:p></w:r>"),
        "no body": f"{HEAD}</w:wordDocument>".encode(),
        "other root": b"<wordDocument/>",
        "no document part": b'<pkg:package xmlns:pkg="http://schemas.microsoft.com/office/2006/xmlPackage"/>',
    }
    for name, content in cases.items():
        with pytest.raises(OutcomeError) as caught:
            read_wordml(content)
        assert caught.value.outcome is Outcome.NOT_A_DOCUMENT, name
