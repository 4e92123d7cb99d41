from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.portals.titles import classify_title, has_year

REPORTS = [
    "栾川县人民政府2023年政府信息公开工作年度报告",
    "2019年陶湾镇政府信息公开年报",
    "县统计局2022年度政府信息公开工作报告",
    "融媒体中心2023年政府信息公开工作年度报告",
    "财政预算评审中心2021年政府信息公开工作年度报告",
    "绩效考核办公室2023年政府信息公开工作年度报告",
    "附件：合峪镇人民政府2024年政府信息公开工作年度报告.pdf",
    "二〇二〇年城关街道办事处政府信息公开年度报告",
    "某某县政府信息公開工作年度報告",
    "审计局关于2021年度政府信息公开工作年度报告的公告",
    "机构编制委员会办公室２０２０年政府信息公开工作年度报告",
]
LOOKALIKES = [
    "图解：栾川县2023年政府信息公开工作年度报告",
    "【一图读懂】某县2022年政府信息公开年报",
    "某县2022年政府信息公开工作年度报告解读",
    "关于做好2023年政府信息公开工作年度报告编制发布工作的通知",
    "某县2023年法治政府建设年度报告",
    "某局2023年部门预算公开",
    "某局2022年度部门决算",
    "某局2021年度整体支出绩效评价报告",
    "政府信息公开指南",
    "政府信息公开目录",
    "2023年国民经济和社会发展统计公报",
    "某县2023年上半年政府信息公开工作报告",
    "2023年政府网站工作年度报告",
    "政府信息公开工作年度报告格式",
]
UNSURE = [
    "附件1：统计表.xlsx",
    "点击下载",
    "点击查看",
    "1699.pdf",
    "xxx.pdf",
    "",
    "  ",
    "政府信息公开年报",
    "政府信息公开工作年度报告",
    "2023年度报告",
    "关于印发2010年政府信息公开年度报告的通知",
    "某县审计局2020年工作年报",
    "某县融媒体中心2020年工作年报",
    "某镇2023年政府信息公开工作",
    "某县人民政府2019年政府信息公开工作年度报告（图片版）",
]


@pytest.mark.parametrize("title", REPORTS)
def test_reports_are_recognised_whatever_their_organisation_is_called(title: str) -> None:
    assert classify_title(title).kind == "report", classify_title(title)


@pytest.mark.parametrize("title", LOOKALIKES)
def test_lookalikes_are_told_with_the_word_that_gave_them_away(title: str) -> None:
    verdict = classify_title(title)
    assert verdict.kind == "lookalike", verdict
    assert verdict.reason


@pytest.mark.parametrize("title", UNSURE)
def test_what_only_the_content_can_tell_is_left_open(title: str) -> None:
    assert classify_title(title).kind == "unsure", classify_title(title)


def _marked(shared: Path) -> list[tuple[str, str]]:
    lines = (shared / "real" / "titles" / "titles.txt").read_text("utf-8").splitlines()
    rows = [line.split("\t") for line in lines if line[:2] in {"R\t", "N\t", "?\t"}]
    return [(mark, title.replace("\\n", "\n")) for mark, title, *_ in rows]


@pytest.mark.real
def test_no_real_report_is_dropped_and_no_real_lookalike_is_taken(shared: Path) -> None:
    titles = _marked(shared)
    assert len(titles) > 60
    dropped = [title for mark, title in titles if mark == "R" and classify_title(title).kind == "lookalike"]
    taken = [title for mark, title in titles if mark == "N" and classify_title(title).kind == "report"]
    assert not dropped
    assert not taken
    certain = [title for mark, title in titles if mark == "R" and classify_title(title).kind == "report"]
    assert len(certain) >= 0.9 * sum(mark == "R" for mark, _ in titles)


@pytest.mark.real
def test_the_shown_titles_of_real_report_pages_are_never_dropped(shared: Path) -> None:
    lines = (shared / "real" / "titles" / "report_pages.tsv").read_text("utf-8").splitlines()[1:]
    shown = [line.split("\t")[2] for line in lines if line.partition("\t")[0].isdigit()]
    assert len(shown) > 60
    assert not [title for title in shown if classify_title(title).kind == "lookalike"]


def test_years_are_seen_in_digits_and_numerals() -> None:
    assert has_year("２０２３年报")
    assert has_year("二〇二三年")
    assert not has_year("第十二号")


@given(st.text(max_size=600))
def test_any_text_gets_a_verdict(title: str) -> None:
    assert classify_title(title).kind in {"report", "lookalike", "unsure"}


@given(st.sampled_from(REPORTS), st.sampled_from([" ", "\n", "\u3000", "\t", "\xa0"]), st.integers(0, 30))
def test_white_space_anywhere_changes_nothing(title: str, space: str, at: int) -> None:
    assert classify_title(title[:at] + space + title[at:]).kind == "report"
