"""The six headings, however they are printed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.documents.model import Document, Geometry, Grid, GridCell, Method, Paragraph
from crawler.forms.catalogue import load_form
from crawler.forms.sections import paragraphs, read_sections
from tests.forms_builder import HEADINGS

SPECS = load_form("cn-ogi-2021").sections


@pytest.mark.parametrize(
    ("printed", "no"),
    [
        ("一、总体情况", 1),
        ("一、 总体情况", 1),
        ("一．总体情况", 1),
        ("总体情况", 1),
        ("二、主动公开政府信息情况", 2),
        ("二、主动公开情况", 2),
        ("[bookmark: _GoBack]二、主动公开政府信息情况", 2),
        ("三、收到和处理政府信息公开申请情况", 3),
        ("三 、收到和处理 政府信息公开申请情况", 3),
        ("四、政府信息公开行政复议､行政诉讼情况", 4),
        ("四、因政府信息公开工作被申请行政复议、提起行政诉讼情况", 4),
        ("五、政府信息公开工作存在的主要问题及改进情况", 5),
        ("五、存在的主要问题和改进情况", 5),
        ("六、其他需要报告的事项", 6),
        ("六、其他需要报告的事项：", 6),
        ("六、其他需要報告的事項", 6),
    ],
)
def test_wordings(printed: str, no: int) -> None:
    document = Document("text/plain", (Paragraph(printed), Paragraph("其余照旧。")))
    reading = read_sections(paragraphs(document), SPECS)
    assert [(section.no, section.text) for section in reading.sections] == [(no, "其余照旧。")]


@pytest.mark.parametrize(
    "printed",
    [
        "（一）主动公开政府信息情况",
        "(二)主动公开情况",
        "1.主动公开情况",
        "一是主动公开政府信息情况良好。",
        "总体情况良好，全年公开信息300条。",
        "全文包括总体情况、主动公开政府信息情况、收到和处理政府信息公开申请情况。",
        "三公经费按时公开",
        "四、结转下年度继续办理",
    ],
)
def test_sub_headings_and_sentences_stay_in_the_text(printed: str) -> None:
    reading = read_sections([HEADINGS[0], printed], SPECS)
    assert reading.found == (1,)
    assert reading.sections[0].text == printed


def test_text_in_the_same_paragraph_as_its_heading() -> None:
    reading = read_sections(["六、其他需要报告的事项 无。"], SPECS)
    assert [(section.heading, section.text) for section in reading.sections] == [("六、其他需要报告的事项", "无。")]


def test_a_table_of_contents_does_not_swallow_the_text() -> None:
    body = [line for heading in HEADINGS for line in (heading, "正文。")]
    reading = read_sections([*HEADINGS, *body], SPECS)
    assert [section.text for section in reading.sections] == ["正文。"] * 6
    assert len(reading.found) == 12


def test_what_stands_before_the_first_heading_is_the_lead_and_frames_are_paragraphs() -> None:
    frame = Grid(1, 1, (GridCell(0, 0, "本报告由县水务局编制。\n一、总体情况"),), Geometry.EXACT, Method.LATTICE, 1)
    reading = read_sections(paragraphs(Document("text/html", (frame, Paragraph("正文。")))), SPECS)
    assert reading.lead == ("本报告由县水务局编制。",)
    assert reading.sections[0].text == "正文。"


@given(st.lists(st.text(max_size=30) | st.sampled_from(HEADINGS), max_size=20))
def test_no_text_is_lost_or_invented(lines: list[str]) -> None:
    texts = paragraphs(Document("text/plain", tuple(map(Paragraph, lines))))
    reading = read_sections(texts, SPECS)
    kept = {character for part in (*reading.lead, *(s.heading + s.text for s in reading.sections)) for character in part}
    assert kept <= set("".join(texts)) | {"\n"}
