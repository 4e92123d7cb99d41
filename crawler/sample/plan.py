"""What the sample portals hold: portals, reports and look-alikes, with everything that is planted in them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from crawler.sample.figures import Size
from crawler.sample.source import KNOWN_VARIANTS, Layout

Family = Literal["henan", "trs", "plain"]
Shape = Literal[
    "html",
    "pdf_office",
    "pdf_browser",
    "docx",
    "html+pdf",
    "docx+pdf",
    "scanned",
    "truncated",
    "error_page",
    "missing",
    "prose",
    "doc",
    "wps",
    "rtf",
    "word_web",
    "web_archive",
    "word_xml",
    "xlsx",
    "text+xls",
    "ofd",
    "zip",
    "rar",
    "7z",
    "scan_150",
    "scan_tilted",
    "mixed_pdf",
    "page_images",
    "text+picture",
]

FORM_2019 = "cn-ogi-2019"
FORM_2021 = "cn-ogi-2021"


@dataclass(frozen=True)
class SamplePortal:
    """One portal. ``column`` is the path of its report column, ``branches`` maps a sub-column to the words of its link."""

    key: str
    name: str
    region: str
    address: str
    family: Family
    column: str
    disclosure: str
    encoding: str = "utf-8"
    page_size: int = 8
    branches: Mapping[str, str] = field(default_factory=dict)
    allow: tuple[str, ...] = ()


@dataclass(frozen=True)
class Planned:
    """One report. ``edits`` are cells printed otherwise than generated; ``planted`` the rules they break beside identities.

    ``called`` is what title, text and signature call the organisation where that is not its full name, ``second_name`` what
    its other rendition does; ``lead`` is the sentence before all others; ``copies`` names the organisation whose words and
    figures it repeats; ``resolved`` is whether anybody can tell whose report it is.
    """

    portal: str
    organisation: str
    year: int
    size: Size
    shape: Shape = "html"
    scope: Literal["own", "consolidated"] = "own"
    form: str = ""
    layout: int = 0
    title: str = ""
    branch: str = ""
    published: str = ""
    zero: bool = False
    thousands: bool = False
    edits: Mapping[str, str] = field(default_factory=dict)
    planted: tuple[str, ...] = ()
    stated_requests: int | None = None
    corrects: bool = False
    called: str = ""
    second_name: str = ""
    lead: str = ""
    copies: str = ""
    resolved: bool = True
    note: str = ""

    @property
    def form_version(self) -> str:
        """The form that is filled in: that of the year, unless planned otherwise."""
        return self.form or (FORM_2019 if self.year <= 2020 else FORM_2021)

    @property
    def full_title(self) -> str:
        """The title as printed."""
        return self.title or f"{self.name}{self.year}年政府信息公开工作年度报告"

    @property
    def name(self) -> str:
        """What the report calls the organisation."""
        return self.called or self.organisation

    @property
    def date(self) -> dt.date:
        """The day of publication: governments by 31 March, everyone else by 31 January."""
        if self.published:
            return dt.date.fromisoformat(self.published)
        day = 6 + (sum(map(ord, self.organisation)) + self.year) % 22
        return dt.date(self.year + 1, 3 if self.scope == "consolidated" else 1, day)


@dataclass(frozen=True)
class LookAlike:
    """A page in a report column that is no report. ``kind`` is a key of ``prose.LOOK_ALIKES``."""

    portal: str
    title: str
    kind: str
    published: str
    branch: str = ""


FILES_ADDRESS = "127.64.0.9"

PORTALS: tuple[SamplePortal, ...] = (
    SamplePortal(
        "luoyang",
        "洛阳市人民政府",
        "河南省/洛阳市",
        "127.64.0.1",
        "henan",
        "/zwgk/xxgk/zfxxgknb/",
        "/zwgk/xxgk/",
        allow=(FILES_ADDRESS,),
    ),
    SamplePortal(
        "luanchuan",
        "栾川县人民政府",
        "河南省/洛阳市/栾川县",
        "127.64.0.2",
        "henan",
        "/zwgk/zfxxgk/zfxxgknb/",
        "/zwgk/zfxxgk/",
        page_size=5,
        branches={"szf/": "县政府年报", "bmnb/": "县直部门年报", "xzjd/": "乡镇年报"},
        allow=(FILES_ADDRESS,),
    ),
    SamplePortal(
        "luoning", "洛宁县人民政府", "河南省/洛阳市/洛宁县", "127.64.0.3", "trs", "/xxgk/xxgknb/", "/xxgk/", page_size=5
    ),
    SamplePortal(
        "xinxiang",
        "新乡县人民政府",
        "河南省/新乡市/新乡县",
        "127.64.0.4",
        "trs",
        "/zwgk/gknb/",
        "/zwgk/",
        encoding="gbk",
        page_size=6,
    ),
    SamplePortal(
        "jiyuan",
        "济源市人民政府",
        "河南省/济源市",
        "127.64.0.5",
        "plain",
        "/zwgk/zfxxgk/zfxxgknb/",
        "/zwgk/zfxxgk/",
        branches={f"{year}n/": f"{year}年" for year in (2025, 2024, 2023, 2022, 2021)},
    ),
    SamplePortal(
        "zhecheng",
        "柘城县人民政府",
        "河南省/商丘市/柘城县",
        "127.64.0.6",
        "plain",
        "/zwgk/zfxxgknb/zfnb/",
        "/zwgk/zfxxgknb/",
        page_size=5,
    ),
)

LAYOUTS: tuple[Layout, ...] = (
    Layout(short_rows="padded"),
    Layout(brackets="half_spaced", numerals="1. ", total_header_row=1, group_break=" ", short_rows="padded"),
    Layout(markup="word", head_break="\n", head_width=3, amount_unit="（单位:万元）"),
    Layout(
        numerals="1、",
        labels=KNOWN_VARIANTS,
        total_header_row=3,
        deep_tail=True,
        group_break="\n",
        short_rows="padded",
        markup="word",
    ),
    Layout(brackets="half", split_blocks=True, header_cells=True, total_header_row=1),
    Layout(split_numeral=True, short_rows="ragged", font_size=9),
    Layout(head_break=" ", head_width=2, trailing_cells=1, markup="word", column_widths=False),
    Layout(single_other=True, text_after_table=True, numerals="1. "),
    Layout(
        repeat_header_before="unavailable_not_held", headings={5: "政府信息公开工作存在的主要问题及改进情况"}, title_lines=2
    ),
    Layout(glued=True),
    Layout(
        swapped_rows=(("denied_third_party", "denied_internal_affairs"),), headings={3: "依申请公开情况", 2: "主动公开情况"}
    ),
    Layout(missing_rows=("not_processed_publication",)),
)

_R = "requests."
_L = "review_litigation."
_A = "active_disclosure."
_REVIEW_BLANK = {f"{_L}review.{key}": "" for key in ("upheld", "corrected", "other_result", "pending", "total")}

REPORTS: tuple[Planned, ...] = (
    # 洛阳市: provincial platform; attachments on another host
    Planned("luoyang", "洛阳市人民政府", 2019, "prefecture", scope="consolidated", layout=0),
    Planned("luoyang", "洛阳市人民政府", 2020, "prefecture", scope="consolidated", layout=2, thousands=True),
    Planned(
        "luoyang",
        "洛阳市人民政府",
        2021,
        "prefecture",
        "html+pdf",
        "consolidated",
        layout=6,
        note="page and PDF are one report",
    ),
    Planned("luoyang", "洛阳市人民政府", 2022, "prefecture", "pdf_office", "consolidated", layout=1),
    Planned("luoyang", "洛阳市人民政府", 2023, "prefecture", scope="consolidated", layout=8, thousands=True),
    Planned(
        "luoyang",
        "洛阳市人民政府",
        2024,
        "prefecture",
        "pdf_browser",
        "consolidated",
        layout=0,
        note="PDF only, tables cut by pages",
    ),
    Planned("luoyang", "洛阳市人民政府", 2025, "prefecture", scope="consolidated", layout=4),
    Planned(
        "luoyang", "洛阳市人民政府办公室", 2023, "bureau", layout=0, note="the office's own report beside the government's"
    ),
    Planned("luoyang", "洛阳市人民政府办公室", 2024, "bureau", "docx", layout=7),
    Planned(
        "luoyang",
        "洛阳市财政局",
        2022,
        "bureau",
        "docx",
        layout=5,
        edits={f"{_R}granted.total": "+1"},
        note="a row total is one too high",
    ),
    Planned("luoyang", "洛阳市教育局", 2023, "bureau", layout=10, title="洛阳市教育局2023年度政府信息公开工作年度报告"),
    Planned("luoyang", "洛阳市水利局", 2020, "bureau", "word_xml", layout=0, note="Word 2003 XML under the name of a .doc"),
    Planned("luoyang", "洛阳市司法局", 2023, "bureau", "ofd", layout=0),
    Planned("luoyang", "洛阳市民政局", 2020, "bureau", "mixed_pdf", layout=1, note="one page of the PDF is a scan"),
    Planned(
        "luoyang",
        "洛阳市审计局",
        2021,
        "bureau",
        "pdf_office",
        layout=0,
        edits={f"{_R}granted.total": "+1"},
        note="a PDF with a row total one too high",
    ),
    Planned(
        "luoyang",
        "城关镇人民政府",
        2023,
        "town",
        layout=4,
        resolved=False,
        note="three counties of the city have a town of this name",
    ),
    # 栾川县: the same platform, sub-columns by level
    Planned("luanchuan", "栾川县人民政府", 2019, "county", scope="consolidated", layout=1, branch="szf/"),
    Planned(
        "luanchuan",
        "栾川县人民政府",
        2020,
        "county",
        scope="consolidated",
        layout=2,
        branch="szf/",
        thousands=True,
        edits={f"{_A}licensing.items_previous_year": "329", f"{_A}licensing.items_change": "-568"},
        planted=("R2.items_nonneg.licensing",),
        note="the change is larger than the stock",
    ),
    Planned("luanchuan", "栾川县人民政府", 2021, "county", "pdf_office", "consolidated", layout=3, branch="szf/"),
    Planned(
        "luanchuan", "栾川县人民政府", 2022, "county", scope="consolidated", layout=7, branch="szf/", note="（六） as one row"
    ),
    Planned(
        "luanchuan",
        "栾川县人民政府",
        2023,
        "county",
        scope="consolidated",
        layout=9,
        branch="szf/",
        note="tables 2 to 4 in one",
    ),
    Planned("luanchuan", "栾川县人民政府办公室", 2022, "bureau", layout=0, branch="bmnb/"),
    Planned("luanchuan", "栾川县自然资源局", 2020, "bureau", "docx", layout=4, branch="bmnb/"),
    Planned("luanchuan", "栾川县卫生健康委员会", 2022, "bureau", layout=6, branch="bmnb/"),
    Planned(
        "luanchuan",
        "栾川县庙子镇人民政府",
        2021,
        "town",
        layout=5,
        branch="xzjd/",
        zero=True,
        title="栾川县庙子镇2021年政府信息公开工作年度报告",
    ),
    Planned("luanchuan", "栾川县潭头镇人民政府", 2022, "town", "pdf_browser", layout=1, branch="xzjd/"),
    Planned("luanchuan", "栾川县冷水镇人民政府", 2023, "town", "missing", layout=0, branch="xzjd/", note="the link is 404"),
    Planned("luanchuan", "栾川县财政局", 2021, "bureau", "doc", layout=3, branch="bmnb/"),
    Planned(
        "luanchuan", "栾川县人民政府", 2024, "county", "scan_150", "consolidated", layout=8, branch="szf/", note="150 dpi, grey"
    ),
    Planned("luanchuan", "栾川县三川镇人民政府", 2020, "town", "rar", layout=4, branch="xzjd/", note="a DOCX in a RAR"),
    Planned(
        "luanchuan",
        "栾川县发展和改革委员会",
        2023,
        "bureau",
        "docx+pdf",
        layout=1,
        branch="bmnb/",
        second_name="栾川县发改委",
        note="the PDF calls it by its short name",
    ),
    # 洛宁县: TRS
    Planned("luoning", "洛宁县人民政府", 2020, "county", scope="consolidated", layout=5),
    Planned("luoning", "洛宁县人民政府", 2021, "county", "docx", "consolidated", layout=0),
    Planned("luoning", "洛宁县人民政府", 2022, "county", scope="consolidated", layout=3),
    Planned("luoning", "洛宁县人民政府", 2023, "county", "pdf_office", "consolidated", layout=8),
    Planned(
        "luoning", "洛宁县人民政府", 2024, "county", "docx+pdf", "consolidated", layout=1, note="DOCX and PDF are one report"
    ),
    Planned("luoning", "洛宁县审计局", 2021, "bureau", "docx", layout=2, note="attachment named in a script variable only"),
    Planned("luoning", "洛宁县农业农村局", 2024, "bureau", layout=4),
    Planned(
        "luoning",
        "洛宁县赵村镇人民政府",
        2022,
        "town",
        form=FORM_2019,
        layout=3,
        stated_requests=1,
        edits={
            f"{_R}received_new.natural_person": "2",
            f"{_R}received_new.total": "2",
            f"{_R}granted.natural_person": "1",
            f"{_R}granted.total": "1",
            f"{_R}not_processed_repeat.natural_person": "1",
            f"{_R}not_processed_repeat.total": "1",
            f"{_R}result_total.natural_person": "2",
            f"{_R}result_total.total": "2",
        },
        zero=True,
        planted=("T.received", "S.form_year"),
        note="form of 2019 for 2022; one request in the text, two in the table",
    ),
    Planned("luoning", "洛宁县上戈镇人民政府", 2023, "town", layout=0, zero=True, note="same zeros as 小界乡"),
    Planned("luoning", "洛宁县小界乡人民政府", 2023, "town", layout=0, zero=True, note="same zeros as 上戈镇"),
    Planned("luoning", "洛宁县林业局", 2022, "bureau", "rtf", layout=1),
    Planned(
        "luoning", "洛宁县人民政府", 2025, "county", "scan_tilted", "consolidated", layout=5, note="a scan that lies askew"
    ),
    Planned("luoning", "洛宁县罗岭乡人民政府", 2021, "town", "zip", layout=6, note="a DOCX in a ZIP"),
    Planned(
        "luoning",
        "洛宁县马店镇人民政府",
        2021,
        "town",
        layout=1,
        called="马店镇",
        lead="按照我县的统一部署，现公布马店镇年度报告。",
        note="names no county but 我县",
    ),
    # 新乡县: TRS in GBK
    Planned(
        "xinxiang", "新乡县人民政府", 2018, "county", "prose", "consolidated", title="新乡县人民政府2018年政府信息公开年度报告"
    ),
    Planned("xinxiang", "新乡县人民政府", 2019, "county", scope="consolidated", layout=6),
    Planned(
        "xinxiang",
        "新乡县人民政府",
        2020,
        "county",
        scope="consolidated",
        layout=2,
        edits=_REVIEW_BLANK,
        note="five blanks in table 4",
    ),
    Planned("xinxiang", "新乡县人民政府", 2021, "county", scope="consolidated", layout=10, note="two rows of table 3 swapped"),
    Planned(
        "xinxiang",
        "新乡县人民政府",
        2022,
        "county",
        scope="consolidated",
        layout=8,
        edits={f"{_L}review.total": "+1", f"{_A}penalty.decisions": "4120"},
        note="wrong total, corrected later",
    ),
    Planned(
        "xinxiang",
        "新乡县人民政府",
        2022,
        "county",
        scope="consolidated",
        layout=8,
        title="新乡县人民政府2022年政府信息公开工作年度报告（更正）",
        published="2023-04-18",
        edits={f"{_A}penalty.decisions": "4210"},
        corrects=True,
    ),
    Planned("xinxiang", "新乡县七里营镇人民政府", 2021, "town", layout=4, zero=True),
    Planned("xinxiang", "新乡县朗公庙镇人民政府", 2021, "town", "pdf_office", layout=0),
    Planned(
        "xinxiang",
        "新乡县财政局",
        2020,
        "bureau",
        layout=1,
        edits={f"{_A}central_procurement.amount": "251000元"},
        note="unit within the cell",
    ),
    Planned("xinxiang", "新乡县教育体育局", 2021, "bureau", "word_web", layout=4, note="web page by Word as .doc"),
    Planned("xinxiang", "新乡县小冀镇人民政府", 2022, "town", "text+xls", layout=0, note="the text as page, the tables as XLS"),
    Planned(
        "xinxiang", "新乡县人民政府", 2023, "county", "text+picture", "consolidated", layout=2, note="tables in one picture"
    ),
    # 济源市: plain pages, sub-columns by year, a metadata table above the title
    Planned("jiyuan", "济源市人民政府", 2021, "county", scope="consolidated", layout=7, branch="2021n/"),
    Planned("jiyuan", "济源市人民政府", 2022, "county", scope="consolidated", layout=1, branch="2022n/", thousands=True),
    Planned("jiyuan", "济源市人民政府", 2023, "county", "pdf_office", "consolidated", layout=6, branch="2023n/"),
    Planned("jiyuan", "济源市人民政府", 2024, "county", scope="consolidated", layout=5, branch="2024n/"),
    Planned("jiyuan", "济源市人民政府", 2025, "county", scope="consolidated", layout=0, branch="2025n/"),
    Planned(
        "jiyuan", "济源市克井镇人民政府", 2022, "town", layout=2, branch="2021n/", note="stands in another year's sub-column"
    ),
    Planned(
        "jiyuan",
        "济源市五龙口镇人民政府",
        2023,
        "town",
        layout=0,
        branch="2023n/",
        zero=True,
        edits={
            f"{_A}rules.issued": "/",
            f"{_A}rules.repealed": "—",
            f"{_A}rules.in_force": "无",
            f"{_A}admin_fees.amount_collected": "-",
            f"{_A}coercion.decisions": "",
        },
        note="marks instead of numbers, one blank",
    ),
    Planned(
        "jiyuan",
        "济源市轵城镇人民政府",
        2020,
        "town",
        layout=1,
        branch="2021n/",
        called="轵城镇",
        lead="按照示范区的统一部署，现公布轵城镇年度报告。",
        note="names no city but 示范区",
    ),
    Planned("jiyuan", "济源市水利局", 2023, "bureau", "truncated", layout=0, branch="2023n/", note="the PDF is cut off"),
    Planned(
        "jiyuan", "济源市沁园街道办事处", 2024, "town", layout=11, branch="2024n/", note="one row of table 3 is not printed"
    ),
    Planned("jiyuan", "济源市民政局", 2022, "bureau", "web_archive", layout=8, branch="2022n/", note="MHTML as .doc"),
    Planned("jiyuan", "济源市教育体育局", 2024, "bureau", "7z", layout=3, branch="2024n/", note="a PDF in a 7z"),
    # 柘城县: plain pages without file extensions
    Planned("zhecheng", "柘城县人民政府", 2021, "county", scope="consolidated", layout=0),
    Planned("zhecheng", "柘城县人民政府", 2022, "county", "pdf_browser", "consolidated", layout=4),
    Planned("zhecheng", "柘城县人民政府", 2023, "county", scope="consolidated", layout=3),
    Planned("zhecheng", "柘城县人民政府", 2024, "county", "docx", "consolidated", layout=6),
    Planned("zhecheng", "柘城县教育体育局", 2024, "bureau", layout=1, title="柘城县教育体育局2024年政府信息公开年报"),
    Planned("zhecheng", "柘城县起台镇人民政府", 2022, "town", layout=5),
    Planned(
        "zhecheng",
        "柘城县胡襄镇人民政府",
        2022,
        "town",
        layout=5,
        copies="柘城县起台镇人民政府",
        note="the words and figures of 起台镇",
    ),
    Planned("zhecheng", "柘城县慈圣镇人民政府", 2023, "town", "error_page", layout=0, note="an HTML page under a .pdf name"),
    Planned("zhecheng", "柘城县浦东街道办事处", 2023, "town", "scanned", layout=0, note="images of pages only"),
    Planned("zhecheng", "柘城县胡襄镇人民政府", 2025, "town", layout=2, zero=True),
    Planned("zhecheng", "柘城县人民政府", 2025, "county", "page_images", "consolidated", layout=0, note="images of pages only"),
    Planned("zhecheng", "柘城县水利局", 2023, "bureau", "wps", layout=6),
    Planned("zhecheng", "柘城县司法局", 2022, "bureau", "xlsx", layout=1, note="a sheet with the text, a sheet a table"),
)

LOOK_ALIKE_PAGES: tuple[LookAlike, ...] = (
    LookAlike("luoyang", "图解：洛阳市人民政府2023年政府信息公开工作年度报告", "picture", "2024-04-02"),
    LookAlike("luoyang", "《洛阳市人民政府2022年政府信息公开工作年度报告》解读", "interpretation", "2023-04-06"),
    LookAlike("luoyang", "洛阳市财政局2023年部门预算公开", "budget", "2023-02-20"),
    LookAlike("luanchuan", "关于做好2023年政府信息公开工作年度报告编制和发布工作的通知", "notice", "2023-12-26", "bmnb/"),
    LookAlike("luanchuan", "栾川县自然资源局2021年法治政府建设年度报告", "rule_of_law", "2022-01-25", "bmnb/"),
    LookAlike("luoning", "洛宁县审计局2022年整体支出绩效评价报告", "performance", "2023-05-30"),
    LookAlike("luoning", "洛宁县2023年法治政府建设年度报告", "rule_of_law", "2024-03-15"),
    LookAlike("xinxiang", "一图读懂新乡县2021年政府信息公开年报", "picture", "2022-04-01"),
    LookAlike("xinxiang", "新乡县财政局2021年部门预算", "budget", "2021-03-11"),
    LookAlike("jiyuan", "济源市2024年政府信息公开工作年度报告图解", "picture", "2025-04-01", "2024n/"),
    LookAlike("jiyuan", "济源市克井镇人民政府2024年政府信息公开工作年度报告", "misleading", "2025-01-08", "2024n/"),
    LookAlike("zhecheng", "柘城县教育体育局2023年整体支出绩效评价报告", "performance", "2024-06-12"),
    LookAlike("zhecheng", "关于报送2024年政府信息公开年度报告的通知", "notice", "2024-12-20"),
)
