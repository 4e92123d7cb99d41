"""Statutory tables built from the form catalogue, as an exact grid (spans known) or a ragged one (text files)."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from crawler.documents.model import Block, Document, Geometry, Grid, GridCell, Method, Paragraph
from crawler.forms.catalogue import Form, load_form

Values = Mapping[str, str]
TITLE = "河口县水务局2023年政府信息公开工作年度报告"
HEADINGS = (
    "一、总体情况",
    "二、主动公开政府信息情况",
    "三、收到和处理政府信息公开申请情况",
    "四、政府信息公开行政复议、行政诉讼情况",
    "五、存在的主要问题及改进情况",
    "六、其他需要报告的事项",
)


@dataclass(frozen=True)
class Span:
    """A cell to be laid out: its text and the slots it takes."""

    text: str
    columns: int = 1
    rows: int = 1


def lay_out(rows: Sequence[Sequence[Span]], number: int = 1, method: Method = Method.MARKUP) -> Grid:
    """An exact grid from rows of spans, laid out the way a browser does."""
    taken: set[tuple[int, int]] = set()
    cells: list[GridCell] = []
    for row_number, row in enumerate(rows):
        column = 0
        for span in row:
            while (row_number, column) in taken:
                column += 1
            taken |= {(row_number + i, column + j) for i in range(span.rows) for j in range(span.columns)}
            cells.append(GridCell(row_number, column, span.text, span.rows, span.columns))
            column += span.columns
    width = max(column for _, column in taken) + 1
    height = max(row for row, _ in taken) + 1
    return Grid(height, width, tuple(cells), Geometry.EXACT, method, number)


def ragged(rows: Sequence[Sequence[str]], number: int = 1) -> Grid:
    """A ragged grid from rows of cell texts."""
    cells = tuple(GridCell(r, c, text) for r, row in enumerate(rows) for c, text in enumerate(row))
    return Grid(len(rows), max(map(len, rows)), cells, Geometry.RAGGED, Method.TEXT, number)


def random_values(form: Form, seed: int) -> dict[str, str]:
    """A different number for nearly every cell, so that a shifted one shows; identities do not hold."""
    generator = random.Random(seed)  # noqa: S311 - test data
    return {metric.key: str(generator.randint(1, 99999)) for metric in form.metrics}


@dataclass(frozen=True)
class RequestRow:
    """One printed row of table 3, open to mutation before it is laid out."""

    key: str
    groups: tuple[str, ...]
    label: str
    values: tuple[str, ...]


def request_rows(form: Form, values: Values) -> list[RequestRow]:
    return [
        RequestRow(
            row.key,
            row.group,
            row.label,
            tuple(values[f"requests.{row.key}.{column.key}"] for column in form.request_columns),
        )
        for row in form.request_rows
    ]


def request_header(form: Form) -> list[list[Span]]:
    natural, *organisations, total = [column.label for column in form.request_columns]
    return [
        [Span(form.request_head, 3, 3), Span(form.request_column_head, 6), Span(total, 1, 3)],
        [Span(natural, 1, 2), Span("法人或其他组织", 5)],
        [Span(label) for label in organisations],
    ]


def request_body(rows: Sequence[RequestRow]) -> list[list[Span]]:
    """Data rows: three label columns, group labels merged over the rows they hold."""
    result: list[list[Span]] = []
    for number, row in enumerate(rows):
        spans: list[Span] = []
        for level, group in enumerate(row.groups):
            first = number == 0 or rows[number - 1].groups[: level + 1] != row.groups[: level + 1]
            if first:
                height = 1
                while number + height < len(rows) and rows[number + height].groups[: level + 1] == row.groups[: level + 1]:
                    height += 1
                spans.append(Span(group, 1, height))
        spans.append(Span(row.label, 3 - len(row.groups)))
        result.append([*spans, *map(Span, row.values)])
    return result


def request_grid(form: Form, rows: Sequence[RequestRow], number: int = 1) -> Grid:
    return lay_out([*request_header(form), *request_body(rows)], number)


def ragged_request_rows(form: Form, rows: Sequence[RequestRow]) -> list[list[str]]:
    """As text converters leave it: labels without their merges, one padding cell at the end of shallow rows."""
    natural, *organisations, total = [column.label for column in form.request_columns]
    result = [
        [form.request_head, "", form.request_column_head, "", "", "", "", "", total, ""],
        ["", "", natural, "法人或其他组织", "", "", "", "", "", ""],
        ["", "", "", *organisations, "", ""],
    ]
    for number, row in enumerate(rows):
        labels = [
            group if number == 0 or rows[number - 1].groups[: level + 1] != row.groups[: level + 1] else ""
            for level, group in enumerate(row.groups)
        ]
        cells = [*labels, row.label, *row.values]
        result.append([*cells, *[""] * (10 - len(cells))])
    return result


def disclosure_spans(form: Form, values: Values) -> list[list[Span]]:
    rows: list[list[Span]] = []
    for block in form.blocks:
        widths = {1: [3], 2: [1, 2], 3: [1, 1, 1]}[len(block.columns)]
        rows.append([Span(block.article, 4)])
        rows.append(
            [Span(block.row_header), *(Span(column.label, width) for column, width in zip(block.columns, widths, strict=True))]
        )
        rows += [
            [
                Span(row.label),
                *(
                    Span(values[f"active_disclosure.{row.key}.{column.key}"], width)
                    for column, width in zip(block.columns, widths, strict=True)
                ),
            ]
            for row in block.rows
        ]
    return rows


def review_spans(form: Form, values: Values) -> list[list[Span]]:
    leaves = [column.label for column in form.review_columns[:5]]
    return [
        [Span("行政复议", 5), Span("行政诉讼", 10)],
        [*(Span(leaf, 1, 2) for leaf in leaves), Span("未经复议直接起诉", 5), Span("复议后起诉", 5)],
        [Span(leaf) for leaf in (*leaves, *leaves)],
        [Span(values[f"review_litigation.{column.row}.{column.key}"]) for column in form.review_columns],
    ]


def document(*grids: Grid, title: str = TITLE, overview: str = "全年工作平稳。", ending: Sequence[str] = ()) -> Document:
    """A report with its six headings; the grids stand under the headings of sections 2 to 4."""
    blocks: list[Block] = [Paragraph(title), Paragraph(HEADINGS[0]), Paragraph(overview)]
    for number, heading in enumerate(HEADINGS[1:], start=2):
        blocks.append(Paragraph(heading))
        blocks += [grid for place, grid in enumerate(grids, start=2) if min(place, 4) == number]
        if number > 4:
            blocks.append(Paragraph("无"))
    blocks += map(Paragraph, ending)
    numbered = iter(range(1, len(grids) + 1))
    return Document("text/html", tuple(replace(b, number=next(numbered)) if isinstance(b, Grid) else b for b in blocks))


def full_document(
    version: str, values: Values, *, edit: Callable[[list[RequestRow]], list[RequestRow]] | None = None
) -> Document:
    """All three tables as exact grids."""
    form = load_form(version)
    rows = request_rows(form, values)
    return document(
        lay_out(disclosure_spans(form, values)),
        request_grid(form, edit(rows) if edit else rows),
        lay_out(review_spans(form, values)),
    )


def ragged_document(version: str, values: Values) -> Document:
    """All three tables as text files keep them."""
    form = load_form(version)
    review = [
        ["行政复议", "", "", "", "", "行政诉讼", *[""] * 9],
        [*[column.label for column in form.review_columns[:5]], "未经复议直接起诉", "", "", "", "", "复议后起诉", *[""] * 4],
        ["", "", "", "", "", *[column.label for column in form.review_columns[5:]]],
        [values[f"review_litigation.{column.row}.{column.key}"] for column in form.review_columns],
    ]
    disclosure = [[span.text for span in row] + [""] * (4 - len(row)) for row in disclosure_spans(form, values)]
    return document(ragged(disclosure), ragged(ragged_request_rows(form, request_rows(form, values))), ragged(review))
