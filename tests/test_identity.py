"""Who reports, for which year: from titles as they are printed, never from a URL or the day of publication."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.documents.model import Document, Paragraph
from crawler.forms.catalogue import load_form
from crawler.forms.identity import Identity, read_identity
from crawler.forms.sections import paragraphs, read_sections
from crawler.forms.titles import is_report_title, printed_title, read_title
from tests.forms_builder import HEADINGS


def identity(*lines: str, title: str | None = None, **metadata: str) -> Identity:
    document = Document("text/html", tuple(map(Paragraph, lines)), title=title, metadata=metadata)
    texts = paragraphs(document)
    return read_identity(document, texts, read_sections(texts, load_form("cn-ogi-2021").sections))


def real_titles(shared: Path) -> list[tuple[str, str]]:
    lines = (shared / "real" / "titles" / "titles.txt").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
    return [(row[0], row[1].replace("\\n", "\n")) for row in rows]


# Titles cut by whoever collected them, so that nothing of a report is left.
CUT = {"高岭镇_2017年_…"}


@pytest.mark.real
def test_real_titles_are_told_from_other_papers(shared: Path) -> None:
    for mark, title in real_titles(shared):
        if mark != "?" and title not in CUT:
            assert is_report_title(title) is (mark == "R"), title


@pytest.mark.real
def test_real_titles_give_their_year_and_an_organisation_without_report_words(shared: Path) -> None:
    for mark, title in real_titles(shared):
        if mark != "R" or title in CUT:
            continue
        reading = read_title(title)
        years = [int(title[n : n + 4]) for n in range(len(title) - 3) if title[n : n + 4].isdigit()]
        assert reading.year == (years[0] if years else None), title
        if reading.organisation is not None:
            assert reading.organisation in title.replace(" ", "").replace("\n", ""), title
            assert not any(word in reading.organisation for word in ("信息公开", "公開", "报告", "年报", "年度", "关于")), title
        else:
            assert title in {"关于2022年度政府信息公开情况的报告", "工作年度报告"}


@pytest.mark.parametrize(
    ("title", "organisation", "year"),
    [
        ("云梦县隔蒲潭镇人民政府2021年政府信息公开工作年度报告", "云梦县隔蒲潭镇人民政府", 2021),
        ("2024年度青田县审计局政府信息公开工作年度报告", "青田县审计局", 2024),
        ("南漳县会议服务中心2022年政务公开工作年报", "南漳县会议服务中心", 2022),
        ("龙潭乡人民政府信息公开2020年度报告", "龙潭乡人民政府", 2020),
        ("河口县二〇二〇年政府信息公开工作年度报告", "河口县", 2020),
        ("河口县二O二一年度政府信息公开年报", "河口县", 2021),
        ("关于河口县水务局2023年政府信息公开工作情况的报告", "河口县水务局", 2023),
        ("河口县水务局 ２０２３ 年 政府信息公开 工作年度报告（修订）", "河口县水务局", 2023),
        ("河口縣水務局2022年政府信息公開工作年度報告", "河口縣水務局", 2022),
        ("河口县水务局政府信息公开工作年度报告", "河口县水务局", None),
        ("2023年政府信息公开工作年度报告", None, 2023),
    ],
)
def test_titles(title: str, organisation: str | None, year: int | None) -> None:
    assert is_report_title(title)
    assert (read_title(title).organisation, read_title(title).year) == (organisation, year)


@pytest.mark.parametrize(
    "title",
    [
        "河口县水务局2023年法治政府建设年度报告",
        "河口县2023年政府工作报告",
        "河口县水务局2023年度部门决算",
        "2023年政府信息公开工作年度报告解读",
        "图解：河口县2023年政府信息公开工作年度报告",
        "河口县2023年政府信息公开工作年度报告（媒体解读）",
        "关于报送2023年政府信息公开工作年度报告的通知",
        "河口县2023年度部门整体绩效自评报告",
    ],
)
def test_other_papers(title: str) -> None:
    assert not is_report_title(title)


@pytest.mark.parametrize(
    "lines",
    [
        ("河口县水务局2023年政府信息公开工作年度报告",),
        ("河口县水务局", "2023年政府信息公开工作年度报告"),
        ("河口县水务局2023年", "政府信息公开工作", "年度报告"),
        ("索引号：00527/2024-3", "发布日期：2024-01-20", "河口县水务局2023年政府信息公开工作年度报告"),
        ("河口县水务局2023年政府信息公开工作年度报告", "河口县水务局2023年政府信息公开工作年度报告"),
        ("首页 | 政务公开", "河口县水务局", "2023年政府信息公开工作年度报告", "2024年1月20日"),
    ],
)
def test_a_title_over_several_lines_or_printed_twice(lines: tuple[str, ...]) -> None:
    assert printed_title(lines) == "河口县水务局2023年政府信息公开工作年度报告"


def test_the_title_that_says_more_wins() -> None:
    found = identity("乌兰县工业局", "2022年政府信息公开工作年度报告", HEADINGS[0], title="工作年度报告")
    assert (found.org_name_raw, found.year) == ("乌兰县工业局", 2022)


def test_the_year_is_never_that_of_publication() -> None:
    found = identity("河口县水务局政府信息公开工作年度报告", HEADINGS[0], "工作平稳。", pubdate="2024-01-20 10:00")
    assert (found.year, found.published_date) == (None, "2024-01-20")
    assert "year_missing" in found.flags


def test_the_year_of_the_statistical_period() -> None:
    lead = "本报告所列数据的统计期限自2023年1月1日起至2023年12月31日止。"
    found = identity("河口县水务局政府信息公开工作年度报告", lead, HEADINGS[0])
    assert (found.year, found.period) == (2023, {"from": "2023-01-01", "to": "2023-12-31"})
    assert "year_from:period" in found.flags
    differing = identity("河口县水务局2022年政府信息公开工作年度报告", lead, HEADINGS[0])
    assert differing.year == 2022
    assert "year_differs_from_period" in differing.flags


def test_the_year_the_overview_begins_with() -> None:
    found = identity("河口县水务局政府信息公开工作年度报告", HEADINGS[0], "2023 年，县水务局平稳。")
    assert (found.year, "year_from:lead" in found.flags) == (2023, True)
    assert identity("河口县水务局政府信息公开工作年度报告", HEADINGS[0], "自2019年以来，平稳。").year is None


def test_an_organisation_only_the_container_or_the_body_names() -> None:
    title = "2023年政府信息公开工作年度报告"
    assert identity(title, HEADINGS[0], contentsource="河口县水务局").org_name_raw == "河口县水务局"
    body = identity(title, "本报告由河口县水务局按照条例编制。", HEADINGS[0])
    assert (body.org_name_raw, "org_from:body" in body.flags) == ("河口县水务局", True)
    signed = identity(title, HEADINGS[0], "工作平稳。", "河口县水务局", "2024年1月20日")
    assert (signed.org_name_raw, signed.published_date) == ("河口县水务局", "2024-01-20")
    assert "org_missing" in identity(title, HEADINGS[0], "工作平稳。").flags


@pytest.mark.parametrize(
    ("line", "expected"),
    [("2024年1月20日", "2024-01-20"), ("二〇二四年一月二十日", "2024-01-20"), ("2024年2月30日", None), ("2024年十二月", None)],
)
def test_the_date_under_the_signature(line: str, expected: str | None) -> None:
    assert identity("河口县水务局2023年政府信息公开工作年度报告", HEADINGS[0], "平稳。", line).published_date == expected


def test_contact() -> None:
    lead = "如有疑问，请联系（地址：河口县滨河路8号，邮编：461000，电话：0371-12345678，邮箱：a@b.cn）。"
    assert identity("河口县水务局2023年政府信息公开工作年度报告", lead, HEADINGS[0]).contact == {
        "address": "河口县滨河路8号",
        "postcode": "461000",
        "phone": "0371-12345678",
        "email": "a@b.cn",
    }


@pytest.mark.parametrize(
    ("organisation", "text", "scope"),
    [
        ("河口县人民政府", "全县共受理政府信息公开申请12件。", "consolidated"),
        ("河口县人民政府", "本报告汇总了各乡镇和县直各部门的数据。", "consolidated"),
        ("河口县人民政府", "工作平稳。", "unknown"),
        ("河口县人民政府办公室", "全县共受理政府信息公开申请12件。", "own"),
        ("河口县水务局", "工作平稳。", "own"),
        ("城关镇人民政府", "全县各级行政机关", "own"),
        ("桥北街道办事处", "工作平稳。", "own"),
    ],
)
def test_scope(organisation: str, text: str, scope: str) -> None:
    found = identity(f"{organisation}2023年政府信息公开工作年度报告", HEADINGS[0], text)
    assert found.reporting_scope == scope


PLACES = st.sampled_from(["河口县", "云梦县城关镇", "上海市黄浦区", "阿城区", "宿州市"])
BODIES = st.sampled_from(["人民政府", "人民政府办公室", "审计局", "教育体育局", "街道办事处", "机关后勤服务中心"])
WORDS = st.sampled_from(
    ["政府信息公开工作年度报告", "政府信息公开年度报告", "政府信息公开年报", "信息公开年度报告", "政府信息公开工作报告"]
)


@given(
    PLACES,
    BODIES,
    st.integers(2008, 2035),
    st.sampled_from(["年", "年度"]),
    WORDS,
    st.booleans(),
    st.text(" \n\u3000", max_size=3),
)
def test_any_title_gives_back_what_it_was_made_of(
    place: str, body: str, year: int, word: str, words: str, year_first: bool, gap: str
) -> None:
    title = f"{year}{word}{gap}{place}{body}{words}" if year_first else f"{place}{body}{gap}{year}{word}{words}"
    reading = read_title(title)
    assert (reading.organisation, reading.year) == (place + body, year)


@given(st.text(max_size=80))
def test_never_an_exception_on_any_title(title: str) -> None:
    read_title(title)
    printed_title(title.split("\n"))
    identity(*title.split("\n"), title=title, pubdate=title, contentsource=title)
