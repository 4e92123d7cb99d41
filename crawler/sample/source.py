"""What is typeset: the contents of one annual report, and the ways the same form is printed by different offices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

LabelBreak = Literal["", " ", "\n"]


@dataclass(frozen=True)
class Layout:
    """How one office prints the form. Every option is a rule about labels or cells, none is tied to one report.

    Widths are in characters, row keys are those of ``crawler/forms/*.toml``.
    """

    numerals: Literal["1.", "1、", "1. "] = "1."
    """How the numbered reasons of table 3 begin."""
    brackets: Literal["full", "half", "half_spaced"] = "full"
    """``half_spaced`` also prints ``, `` for ``，`` within labels."""
    group_break: LabelBreak = ""
    """What a wrapped group label (三、本年度办理结果) has at its wraps."""
    group_width: int = 3
    group_blank_lines: int = 0
    """Empty lines before the text of the outermost group label."""
    head_break: LabelBreak = ""
    """What a wrapped column heading has at its wraps."""
    head_width: int = 3
    spaced_groups: bool = False
    """A space before the bracket of a label's explanation: ``部分公开 （区分处理的…``."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Official label -> what is printed instead: known variants and typing errors."""
    total_header_row: Literal[1, 2, 3] = 2
    """The header row of table 3 that 总计 stands in."""
    split_numeral: bool = False
    """一、 and 二、 stand in a cell of their own, left of the label."""
    deep_tail: bool = False
    """（六） and （七） stand one column too deep, under the group cell of （五）."""
    short_rows: Literal["span", "padded", "ragged"] = "span"
    """Table 2: the last value cell of a narrow block spans the rest, is followed by empty cells, or by nothing."""
    split_blocks: bool = False
    """Table 2 printed as one table a block."""
    trailing_cells: int = 0
    """Empty cells after the last one of every row of tables 2 and 3."""
    repeat_header_before: str = ""
    """Row of table 3 before which its header rows are printed again."""
    single_other: bool = False
    """2021 form: （六）其他处理 as one row instead of three."""
    amount_unit: str = ""
    """Printed behind 采购总金额 in the heading, e.g. ``（单位：万元）``."""
    swapped_rows: tuple[tuple[str, str], ...] = ()
    """Pairs of rows of table 3 printed in each other's place, each with its own values."""
    missing_rows: tuple[str, ...] = ()
    """Rows that are not printed at all, by row key (tables 2 and 3)."""
    headings: Mapping[int, str] = field(default_factory=dict)
    """Section number -> heading printed instead of the official one, without its numeral."""
    title_lines: int = 1
    """2: organisation on the first line, the rest on the second."""
    text_after_table: bool = False
    """Paragraphs of sections 2 to 4 stand behind the table instead of between heading and table."""
    glued: bool = False
    """Tables 2 to 4 are one table, their headings rows of it."""
    header_cells: bool = False
    """HTML: headings as ``th``."""
    markup: Literal["plain", "word"] = "plain"
    """HTML: bare elements, or what an editor leaves after pasting from Word."""
    column_widths: bool = True
    """HTML: a ``colgroup`` with widths."""
    font_size: float = 10.5
    """Points, within tables."""
    text_page_breaks: tuple[str, ...] = ()
    """Text: rows of table 3 (or 2) before which a page ended: a blank line, and rows of the cut group lose a column."""
    text_shifted_rows: tuple[str, ...] = ()
    """Text: rows whose label slipped into the first column, as happens at the foot of a page."""
    text_rule_after: str = ""
    """Text: row after which a line of dashes stands, as converters to Markdown leave it."""


@dataclass(frozen=True)
class ReportSource:
    """One annual report before it is typeset.

    ``paragraphs`` are by section number 1 to 6. ``printed`` is metric key -> text of the cell; a key that is missing or
    maps to an empty text is a blank cell.
    """

    title: str
    organisation: str
    year: int
    form_version: str
    paragraphs: Mapping[int, tuple[str, ...]]
    printed: Mapping[str, str]
    intro: tuple[str, ...] = ()
    signature: tuple[str, ...] = ()
    layout: Layout = field(default_factory=Layout)


KNOWN_VARIANTS: Mapping[str, str] = {
    "第二十条第（六）项": "第二十六条第（六）项",
    "（二）部分公开（区分处理的，只计这一情形，不计其他情形）": "（二）部分公开（区分处理的），只计这一情形，不计其他情形",
    "（三）不予公开": "（三）不予以公开",
    "5.属于三类内部事务信息": "5.属于第三类内部事务信息",
    "1.信访举报投诉类申请": "1.信访举报类申请",
}
"""Slips that real reports carry."""
