"""The codebook as documents: ``python -m crawler.dataset.codebook`` writes ``docs/metrics.md`` and its Chinese twin."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from crawler.dataset.codebook_columns import CELLS, REPORTS, Column, Series, columns, metric_columns, series, words

DOCS = Path(__file__).resolve().parents[2] / "docs"
DOCUMENT = DOCS / "metrics.md"
CHINESE_DOCUMENT = DOCS / "metrics.zh-CN.md"

_ENGLISH = """# The columns, and what may be compared

Generated from `crawler/forms/*.toml` and `crawler/dataset/codebook.toml` by `python -m crawler.dataset.codebook`; do not
edit. The same as a table is `codebook.csv` in every version of the dataset.
[中文](metrics.zh-CN.md)

## The metric columns

One row a metric: its key in `values`, `cells` and the columns of `reports`; its short code; its name in
`reports.dta` (of at most 32 letters); what it is in English; the official labels from the outermost header to
the cell; the unit; whether it may be negative; the forms that print it; whether it may be compared over the
forms. `cn-ogi-2019` is the form of 国办公开办函〔2019〕60号 (reports for 2019 and 2020), `cn-ogi-2021` that of
国办公开办函〔2021〕30号 (from 2021 on). The form is told by its printed headers, never by the year. `undeclared`: the
form states no unit; what the header or the cell states is in the cell's `unit`. All are numbers of double
precision, since a source may print a fraction where the form asks for a count.

| key | code | Stata | in English | official labels | unit | signed | forms | over the forms |
|---|---|---|---|---|---|---|---|---|
"""
_ENGLISH_NOTES = """
## Comparability

Metrics marked `comparable` mean the same in both forms. Of the others:

| metrics | over the forms | note |
|---|---|---|
"""
_ENGLISH_SERIES = """
Sums that no form prints, in the views `comparable_reports` and `comparable_cells` of `dataset.duckdb`. A sum is
null where one of its parts is; but where a report prints one row in the place of the parts, and none of them has a
number, the sum is that row. Each has the seven columns of table 3.

| series | in English | 2019 form | 2021 form |
|---|---|---|---|
"""
_ENGLISH_COLUMNS = """
## The other columns

| table | column | kind | means |
|---|---|---|---|
"""
_CHINESE = """# 指标与可比性

由 `python -m crawler.dataset.codebook` 根据 `crawler/forms/*.toml` 与 `crawler/dataset/codebook.toml` 生成，
请勿手工修改。
每一版数据集中的 `codebook.csv` 内容相同。[English](metrics.md)

## 指标列

每行一个指标：`values`、`cells` 与 `reports` 各列所用的键名；短码；在 `reports.dta`
中的变量名（不超过32个字符）；官方名称（由外层表头到单元格）；英文名称；
单位；可否为负；哪种格式印有此项；两种格式间是否可比。`cn-ogi-2019` 为国办公开办函〔2019〕60号格式（2019、
2020年度），`cn-ogi-2021` 为国办公开办函〔2021〕30号格式
（2021年度起）。格式按表头判定，不按年份。`undeclared` 表示格式未注明单位，表头或单元格所注单位见该单元格的
`unit`。指标一律为双精度数，因为原文可能在应填件数处填写小数。

| 键名 | 短码 | Stata | 官方名称 | 英文名称 | 单位 | 可为负 | 格式 | 可比性 |
|---|---|---|---|---|---|---|---|---|
"""
_CHINESE_NOTES = """
## 可比性

标为“可比”的指标在两种格式中口径一致。其余：

| 指标 | 可比性 | 说明 |
|---|---|---|
"""
_CHINESE_SERIES = """
以下合计为两种格式均未印出、由分项相加所得，见 `dataset.duckdb` 的视图 `comparable_reports` 与
`comparable_cells`；任一分项为空则合计为空；但有的年报以一行代替各分项，各分项均无数而此行有数时，
合计即取此行。每项均有表三的七列。

| 序列 | 名称 | 2019年格式 | 2021年格式 |
|---|---|---|---|
"""
_CHINESE_COLUMNS = """
## 其他列

| 表 | 列 | 类型 | 含义 |
|---|---|---|---|
"""


def render() -> str:
    """The English document as text."""
    return "".join(
        (
            _ENGLISH,
            *(_english_line(column) for column in metric_columns()),
            _ENGLISH_NOTES,
            *_notes("en"),
            _ENGLISH_SERIES,
            *_sums(lambda one: one.label_en.partition(" - ")[0], "; `{}` where none of them has a number"),
            _ENGLISH_COLUMNS,
            *_others(lambda column: column.label_en),
        )
    )


def render_chinese() -> str:
    """The Chinese document as text."""
    return "".join(
        (
            _CHINESE,
            *(_chinese_line(column) for column in metric_columns()),
            _CHINESE_NOTES,
            *_notes("zh"),
            _CHINESE_SERIES,
            *_sums(lambda one: one.label_zh.rpartition(" / ")[0], "；均无数时取 `{}`"),
            _CHINESE_COLUMNS,
            *_others(lambda column: column.label_zh),
        )
    )


def _english_line(column: Column) -> str:
    signed, verdict = "yes" if column.signed else "", words()["verdicts"][column.comparability]["en"]
    names = f"| `{column.name}` | {column.code} | {column.stata} | {column.label_en} | {column.label_zh} "
    return f"{names}| {column.unit} | {signed} | {', '.join(column.forms)} | {verdict} |\n"


def _chinese_line(column: Column) -> str:
    signed, verdict = "是" if column.signed else "", words()["verdicts"][column.comparability]["zh"]
    names = f"| `{column.name}` | {column.code} | {column.stata} | {column.label_zh} | {column.label_en} "
    return f"{names}| {column.unit} | {signed} | {', '.join(column.forms)} | {verdict} |\n"


def _notes(language: str) -> list[str]:
    verdicts = words()["verdicts"]
    return [
        f"| `{rule['metrics']}` | {verdicts[rule['verdict']][language]} | {rule[language]} |\n"
        for rule in words()["comparability"]
    ]


def _sums(label: Callable[[Series], str], other: str) -> list[str]:
    firsts = {one.key.rpartition(".")[0]: one for one in reversed(series())}
    return [
        f"| `{row}.*` | {label(one)} | {' | '.join(_parts(one, version, other) for version in one.parts)} |\n"
        for row, one in reversed(firsts.items())
    ]


def _parts(one: Series, version: str, other: str) -> str:
    names = " + ".join(f"`{part.split('.')[1]}`" for part in one.parts[version])
    return names + (other.format(one.instead[version].split(".")[1]) if version in one.instead else "")


def _others(label: Callable[[Column], str]) -> list[str]:
    return [
        f"| {table} | `{column.name}` | {column.kind} | {label(column)} |\n"
        for table in (REPORTS, CELLS)
        for column in columns(table)
        if not column.code
    ]


def main() -> None:
    """Write both documents."""
    DOCUMENT.write_text(render(), encoding="utf-8")
    CHINESE_DOCUMENT.write_text(render_chinese(), encoding="utf-8")


if __name__ == "__main__":
    main()
