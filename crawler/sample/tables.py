"""The tables of a report as rows of merged cells, before any format: one description, printed by every typesetter."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from crawler.forms.catalogue import BlockSpec, Form, RowSpec, load_form
from crawler.sample.source import Layout, ReportSource

Align = Literal["left", "center"]


@dataclass(frozen=True)
class Cell:
    """A cell at its top-left slot; ``continued`` cells are the lower parts of a cell merged downwards."""

    text: str
    column_span: int = 1
    row_span: int = 1
    head: bool = False
    continued: bool = False


@dataclass(frozen=True)
class Row:
    """One printed row, left to right; ``key`` is the form's row key, empty for headings."""

    cells: tuple[Cell, ...]
    key: str = ""
    header: bool = False


@dataclass(frozen=True)
class Table:
    """A table of ``column_count`` grid columns; ``widths`` are their shares of the page."""

    section: int
    rows: tuple[Row, ...]
    column_count: int
    widths: tuple[int, ...]


@dataclass(frozen=True)
class Line:
    """A line of running text."""

    text: str
    kind: Literal["title", "heading", "text", "signature"]


Block = Line | Table


def blocks(source: ReportSource, *, with_title: bool = True) -> list[Block]:
    """The whole report in printed order."""
    form, layout = load_form(source.form_version), source.layout
    built: list[Block] = []
    if with_title:
        built += [Line(line, "title") for line in title_lines(source)]
    built += [Line(text, "text") for text in source.intro]
    tables = {2: disclosure_tables(source, form), 3: [requests_table(source, form)], 4: [review_table(source, form)]}
    glued = _glued_table(source, tables) if layout.glued else None
    for section in form.sections:
        texts = [Line(text, "text") for text in source.paragraphs.get(section.no, ())]
        if glued and section.no in tables:
            built += texts
            if section.no == 2:
                built.append(glued)
            continue
        built.append(Line(heading_text(source, section.no), "heading"))
        if layout.text_after_table:
            built += [*tables.get(section.no, []), *texts]
        else:
            built += [*texts, *tables.get(section.no, [])]
    built += [Line(text, "signature") for text in source.signature]
    return built


def title_lines(source: ReportSource) -> list[str]:
    """The title as printed, on one line or two."""
    if source.layout.title_lines == 2 and source.title.startswith(source.organisation):
        return [source.organisation, source.title[len(source.organisation) :].strip()]
    return [source.title]


def heading_text(source: ReportSource, number: int) -> str:
    """A section's heading with its numeral."""
    section = load_form(source.form_version).sections[number - 1]
    return f"{section.numeral}、{source.layout.headings.get(number, section.heading)}"


def printed_label(label: str, layout: Layout) -> str:
    """An official label in this office's hand: variant, numeral, brackets."""
    label = layout.labels.get(label, label)
    if layout.numerals != "1.":
        label = re.sub(r"^(\d)\.", rf"\g<1>{layout.numerals[1:]}", label)
    if layout.spaced_groups:
        label = label.replace("公开（区", "公开 （区")
    if layout.brackets != "full":
        label = label.replace("（", "(").replace("）", ")")
    if layout.brackets == "half_spaced":
        label = re.sub(r"^(\([一二三四五六七八九]\))", r"\1 ", label.replace("，", ", "))
    return label


def _wrapped(text: str, width: int, mark: str) -> str:
    return mark.join(text[start : start + width] for start in range(0, len(text), width)) if mark else text


def _group_label(label: str, layout: Layout, *, outermost: bool) -> str:
    text = _wrapped(printed_label(label, layout).replace(") ", ")"), layout.group_width, layout.group_break)
    return "\n" * layout.group_blank_lines + text if outermost else text


def _head_label(label: str, layout: Layout) -> str:
    text = printed_label(label, layout)
    return _wrapped(text, layout.head_width, layout.head_break) if len(text) > layout.head_width else text


def disclosure_tables(source: ReportSource, form: Form) -> list[Table]:
    """Table 2, as one table of four columns or as one table a block."""
    if source.layout.split_blocks:
        return [_block_table(source, block) for block in form.blocks]
    rows = tuple(row for block in form.blocks for row in _block_rows(source, block, 4))
    extra = source.layout.trailing_cells
    return [Table(2, rows, 4 + extra, (28, 24, 24, 24) + (4,) * extra)]


def _block_table(source: ReportSource, block: BlockSpec) -> Table:
    width = 1 + len(block.columns)
    extra = source.layout.trailing_cells
    return Table(
        2, tuple(_block_rows(source, block, width)), width + extra, (30,) + (70 // (width - 1),) * (width - 1) + (4,) * extra
    )


def _block_rows(source: ReportSource, block: BlockSpec, width: int) -> list[Row]:
    layout = source.layout
    heads = []
    for column in block.columns:
        label = column.label + (layout.amount_unit if column.label == "采购总金额" else "")
        heads.append(_head_label(label, layout))
    rows = [
        Row((Cell(printed_label(block.article, layout), width, head=True), *_trailing(layout)), header=True),
        _block_row([printed_label(block.row_header, layout), *heads], width, layout, header=True),
    ]
    for row in block.rows:
        if row.key not in layout.missing_rows:
            values = [source.printed.get(f"active_disclosure.{row.key}.{column.key}", "") for column in block.columns]
            rows.append(_block_row([printed_label(row.label, layout), *values], width, layout, key=row.key))
    return rows


def _block_row(texts: list[str], width: int, layout: Layout, *, key: str = "", header: bool = False) -> Row:
    missing = width - len(texts)
    cells = [Cell(text, head=header or not number) for number, text in enumerate(texts)]
    if missing and layout.short_rows == "span":
        cells[-1] = Cell(texts[-1], 1 + missing, head=header)
    elif missing and layout.short_rows == "padded":
        cells += [Cell("")] * missing
    return Row((*cells, *_trailing(layout)), key=key, header=header)


def _trailing(layout: Layout) -> tuple[Cell, ...]:
    return (Cell(""),) * layout.trailing_cells


def request_rows(source: ReportSource) -> list[RowSpec]:
    """The rows of table 3 that this report prints, in the order it prints them."""
    form, layout = load_form(source.form_version), source.layout
    rows: list[RowSpec] = []
    for row in form.request_rows:
        if layout.single_other and row.key.startswith("other_"):
            rows += [extra for extra in form.request_extra_rows if extra not in rows]
        elif row.key not in layout.missing_rows:
            rows.append(row)
    keys = [row.key for row in rows]
    for first, second in layout.swapped_rows:
        one, two = keys.index(first), keys.index(second)
        rows[one], rows[two] = rows[two], rows[one]
    return rows


def printed_metrics(source: ReportSource) -> tuple[str, ...]:
    """Keys of every metric whose row the report prints, in form order."""
    form = load_form(source.form_version)
    shown = {row.key for row in request_rows(source)}
    hidden = set(source.layout.missing_rows)
    return tuple(
        metric.key
        for metric in (*form.metrics, *form.extra_metrics)
        if (metric.row in shown if metric.table == "requests" else metric.row not in hidden)
    )


_LABEL_COLUMNS = 3


def requests_table(source: ReportSource, form: Form) -> Table:
    """Table 3: ten grid columns, three of them for labels, three header rows."""
    layout = source.layout
    header = _requests_header(form, layout)
    rows = list(header)
    specs = request_rows(source)
    tail = {"other_handling", "result_total"} if layout.deep_tail else set()
    paths = [_label_path(row, tail) for row in specs]
    for number, row in enumerate(specs):
        broken = row.key == layout.repeat_header_before
        if broken:
            rows += header
        values = [Cell(source.printed.get(f"requests.{row.key}.{column.key}", "")) for column in form.request_columns]
        labels = _label_cells(paths, number, row, layout, specs)
        rows.append(Row((*labels, *values, *_trailing(layout)), key=row.key))
    extra = layout.trailing_cells
    widths = (8, 10, 22, 8, 8, 8, 9, 9, 8, 10) + (3,) * extra
    return Table(3, tuple(rows), _LABEL_COLUMNS + len(form.request_columns) + extra, widths)


def _requests_header(form: Form, layout: Layout) -> list[Row]:
    organisations = [column for column in form.request_columns if len(column.group) > 1]
    names = [_head_label(column.label, layout) for column in organisations]
    person, total = form.request_columns[0].label, printed_label(form.request_columns[-1].label, layout)
    top = layout.total_header_row
    applicants = len(form.request_columns) - (1 if top == 1 else 0)
    head = printed_label(form.request_head, layout)
    first = [
        Cell(head, _LABEL_COLUMNS, 3, head=True),
        Cell(printed_label(form.request_column_head, layout), applicants, head=True),
    ]
    second = [
        Cell("", _LABEL_COLUMNS, head=True, continued=True),
        Cell(person, 1, 2, head=True),
        Cell(printed_label(organisations[0].group[1], layout), len(organisations) + (1 if top == 3 else 0), head=True),
    ]
    third = [
        Cell("", _LABEL_COLUMNS, head=True, continued=True),
        Cell("", head=True, continued=True),
        *(Cell(name, head=True) for name in names),
    ]
    if top == 1:
        first.append(Cell(total, 1, 3, head=True))
        second.append(Cell("", head=True, continued=True))
        third.append(Cell("", head=True, continued=True))
    elif top == 2:
        second.append(Cell(total, 1, 2, head=True))
        third.append(Cell("", head=True, continued=True))
    else:
        third.append(Cell(total, head=True))
    return [Row((*cells, *_trailing(layout)), header=True) for cells in (first, second, third)]


def _label_path(row: RowSpec, tail: set[str]) -> tuple[str, ...]:
    """Group labels of a row as printed cells; a row of the deep tail borrows the group cell above it."""
    return (*row.group, "（五）不予处理") if row.key in tail else row.group


def _label_cells(paths: list[tuple[str, ...]], number: int, row: RowSpec, layout: Layout, specs: list[RowSpec]) -> list[Cell]:
    path = paths[number]
    label = printed_label(row.label, layout)
    if not path:
        if layout.split_numeral and label[1:2] == "、" and number < 2:
            return [Cell(label[:2], head=True), Cell(label[2:], _LABEL_COLUMNS - 1, head=True)]
        return [Cell(label, _LABEL_COLUMNS, head=True)]
    cells = []
    for depth in range(len(path)):
        prefix = path[: depth + 1]
        above = number > 0 and paths[number - 1][: depth + 1] == prefix
        if above and specs[number].key != layout.repeat_header_before:
            cells.append(Cell("", head=True, continued=True))
            continue
        span = 0
        while number + span < len(paths) and paths[number + span][: depth + 1] == prefix:
            if span and specs[number + span].key == layout.repeat_header_before:
                break
            span += 1
        text = "" if above else _group_label(path[depth], layout, outermost=not depth)
        cells.append(Cell(text, 1, span, head=True))
    return [*cells, Cell(label, _LABEL_COLUMNS - len(path), head=True)]


def review_table(source: ReportSource, form: Form) -> Table:
    """Table 4: fifteen columns, three header rows and one row of values."""
    layout = source.layout
    columns = form.review_columns
    names = [_head_label(column.label, layout) for column in columns]
    review = [column for column in columns if len(column.group) == 1]
    groups = list(dict.fromkeys(column.group[1] for column in columns if len(column.group) > 1))
    tops = list(dict.fromkeys(column.group[0] for column in columns))
    rest = len(columns) - len(review)
    rows = (
        Row(
            (
                Cell(printed_label(tops[0], layout), len(review), head=True),
                Cell(printed_label(tops[1], layout), rest, head=True),
            ),
            header=True,
        ),
        Row(
            (
                *(Cell(name, 1, 2, head=True) for name in names[: len(review)]),
                *(Cell(printed_label(group, layout), rest // len(groups), head=True) for group in groups),
            ),
            header=True,
        ),
        Row(
            (
                *(Cell("", head=True, continued=True) for _ in review),
                *(Cell(name, head=True) for name in names[len(review) :]),
            ),
            header=True,
        ),
        Row(
            tuple(Cell(source.printed.get(f"review_litigation.{c.row}.{c.key}", "")) for c in columns), key="review_litigation"
        ),
    )
    return Table(4, rows, len(columns), (1,) * len(columns))


def _glued_table(source: ReportSource, tables: dict[int, list[Table]]) -> Table:
    """Tables 2 to 4 over one grid of 60 columns, each heading a row across."""
    width = 60
    rows: list[Row] = []
    for number, group in tables.items():
        rows.append(Row((Cell(heading_text(source, number), width, head=True),), header=True))
        for table in group:
            scale = width // table.column_count
            for row in table.rows:
                cells = [
                    Cell(cell.text, cell.column_span * scale, cell.row_span, cell.head, cell.continued) for cell in row.cells
                ]
                rows.append(Row(tuple(cells), row.key, row.header))
    return Table(2, tuple(rows), width, (1,) * width)
