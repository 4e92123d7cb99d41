"""Typesets one report as HTML, as DOCX and as the plain text that converters make of it."""

from __future__ import annotations

from html import escape
from typing import Literal

from crawler.sample.figures import plausible_values, random_values, with_thousands
from crawler.sample.source import KNOWN_VARIANTS, Layout, ReportSource
from crawler.sample.tables import Block, Cell, Line, Row, Table, blocks, printed_metrics
from crawler.sample.wordml import to_docx

__all__ = [
    "KNOWN_VARIANTS",
    "Layout",
    "ReportSource",
    "plausible_values",
    "printed_metrics",
    "random_values",
    "to_docx",
    "to_html",
    "to_text",
    "with_thousands",
]

BASE_STYLE = """
body { font-family: "Noto Serif CJK SC", "WenQuanYi Zen Hei", SimSun, serif; font-size: 12pt; line-height: 1.6; }
h1 { text-align: center; font-size: 18pt; }
h2 { font-size: 13pt; margin: 0.6em 0; }
p { text-indent: 2em; margin: 0.3em 0; }
p.signature { text-align: right; }
table { border-collapse: collapse; width: 100%; margin: 0.6em 0; }
td, th { border: 1px solid #000; padding: 2px 3px; text-align: center; font-weight: normal; line-height: 1.25; }
td p, th p { text-indent: 0; margin: 0; }
"""


def to_html(
    source: ReportSource,
    *,
    whole: bool = False,
    with_title: bool = True,
    style: str = BASE_STYLE,
    only: Literal["", "text", "tables"] = "",
) -> str:
    """The report as a body fragment, or as a whole document with a style sheet for printing.

    Args:
        source: the report.
        whole: with ``<html>``, ``<head>`` and ``style``.
        with_title: without it the fragment starts with the introduction, as inside an article page.
        style: CSS of the whole document.
        only: the text without its tables, or the tables without the text.
    """
    parts = [
        _html_block(block, source.layout)
        for block in blocks(source, with_title=with_title)
        if not only or isinstance(block, Table) == (only == "tables")
    ]
    body = "\n".join(parts)
    if not whole:
        return body
    return (
        '<!DOCTYPE html>\n<html lang="zh-CN">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{escape(source.title)}</title>\n<style>{style}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _html_block(block: Block, layout: Layout) -> str:
    if isinstance(block, Table):
        return _html_table(block, layout)
    return _html_line(block, layout)


def _html_line(line: Line, layout: Layout) -> str:
    text = escape(line.text, quote=False)
    if layout.markup == "word":
        align = {"title": "center", "signature": "right"}.get(line.kind, "justify")
        indent = "text-indent:32.0pt;" if line.kind in ("text", "heading") else ""
        face = "黑体" if line.kind == "heading" else "仿宋_GB2312"
        return (
            f'<p class="MsoNormal" style="text-align:{align};{indent}line-height:28.0pt;">'
            f'<span style="font-size:16.0pt;font-family:{face};">{text}</span><o:p></o:p></p>'
        )
    if line.kind == "title":
        return f"<h1>{text}</h1>"
    if line.kind == "heading":
        return f"<h2>{text}</h2>"
    if line.kind == "signature":
        return f'<p class="signature">{text}</p>'
    return f"<p>{text}</p>"


def _html_table(table: Table, layout: Layout) -> str:
    word = layout.markup == "word"
    opening = '<table class="MsoNormalTable" border="1" cellspacing="0" cellpadding="0" width="100%">' if word else "<table>"
    lines = [opening]
    if layout.column_widths:
        total = sum(table.widths)
        columns = "".join(f'<col style="width:{100 * width / total:.2f}%">' for width in table.widths)
        lines.append(f"<colgroup>{columns}</colgroup>")
    lines.append("<tbody>")
    lines += [_html_row(row, layout) for row in table.rows]
    lines.append("</tbody>\n</table>")
    return "\n".join(lines)


def _html_row(row: Row, layout: Layout) -> str:
    return "<tr>" + "".join(_html_cell(cell, layout) for cell in row.cells if not cell.continued) + "</tr>"


def _html_cell(cell: Cell, layout: Layout) -> str:
    name = "th" if layout.header_cells and cell.head else "td"
    spans = (f' colspan="{cell.column_span}"' if cell.column_span > 1 else "") + (
        f' rowspan="{cell.row_span}"' if cell.row_span > 1 else ""
    )
    text = escape(cell.text, quote=False).replace("\n", "<br>")
    if layout.markup == "word":
        inner = text or "&nbsp;"
        return (
            f'<{name}{spans} style="border:solid windowtext 1.0pt;padding:0cm 5.4pt;">'
            f'<p class="MsoNormal" align="center"><span style="font-size:{layout.font_size}pt;">{inner}</span></p></{name}>'
        )
    return f'<{name}{spans} style="font-size:{layout.font_size}pt">{text}</{name}>'


def to_text(source: ReportSource, style: Literal["tabs", "cells"] = "tabs") -> str:
    """The report as plain text.

    Args:
        source: the report.
        style: ``tabs``: a table row a line, cells by tab, merged slots empty. ``cells``: a cell a line, each line begun by
            a tab, rows ended by an empty line, as ``.doc`` converters leave it.
    """
    lines: list[str] = []
    for block in blocks(source):
        if isinstance(block, Table):
            lines += ["", *_text_table(block, source.layout), ""] if style == "tabs" else [*_cell_lines(block), ""]
        elif style == "tabs":
            lines += [block.text, ""]
        else:
            lines.append(block.text if block.kind in ("title", "heading") else f"　　{block.text}")
    return "\n".join(lines) + "\n"


def _cell_lines(table: Table) -> list[str]:
    lines: list[str] = []
    for row in table.rows:
        lines += [f"\t{cell.text}" for cell in row.cells] + [""]
    return lines


def _text_table(table: Table, layout: Layout) -> list[str]:
    label_columns = 3 if table.section == 3 else 0
    width = table.column_count
    lines: list[str] = []
    cut = False
    for row in table.rows:
        broken = bool(row.key) and row.key in layout.text_page_breaks
        if broken:
            lines.append("")
        slots = _slots(row, label_columns)
        grouped = row.cells[0].continued
        cut = bool(label_columns) and not row.header and grouped and (broken or cut)
        if row.key and row.key in layout.text_shifted_rows:
            values = sum(not cell.head for cell in row.cells)
            slots = [next(filter(None, slots)), *[""] * (1 if grouped else 0), *slots[len(slots) - values :]]
        elif cut and len(row.cells) > 1:
            slots = slots[1:]
        lines.append("\t".join([*slots, *[""] * (width - len(slots))]))
        if row.key and row.key == layout.text_rule_after:
            lines.append("--------\t" * 2 + "---------")
    return lines


def _slots(row: Row, label_columns: int) -> list[str]:
    """The row's grid slots; a label that spans the three label columns of table 3 fills two of them, as converters do."""
    slots: list[str] = []
    column = 0
    for cell in row.cells:
        span = cell.column_span
        if column < label_columns and column + span == label_columns and span > 1:
            span -= 1
        slots += [cell.text.replace("\n", " ").strip(), *[""] * (span - 1)]
        column += cell.column_span
    return slots
