"""Reports of both forms typeset as HTML, every cell holding a different number, and what a reader must find again."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from crawler.forms.catalogue import Form, load_form

BODY = (
    "本年度共主动公开政府信息四百余条，其中通过门户网站公开三百余条，通过政务新媒体公开一百余条，"
    "及时回应群众关切，做到应公开尽公开，全年未发生因信息公开引发的投诉。"
)
CSS = {
    "collapsed": "table{border-collapse:collapse} td{border:1px solid #000}",
    "hairline": "table{border-collapse:collapse} td{border:0.5pt solid #666}",
    "double": "table{border-collapse:collapse} td{border:3px double #000}",
    "separate": "table{border-spacing:0;border-top:1px solid;border-left:1px solid}"
    "td{border-right:1px solid;border-bottom:1px solid}",
    "spaced": "table{border-spacing:2px;border:1px solid} td{border:1px solid}",
    "dashed": "table{border-collapse:collapse} td{border:1px dashed #000}",
    "thick": "table{border-collapse:collapse;border:2px solid} td{border:1px solid #333} tr.head td{background:#c6d9f1}",
    "open_sides": "table{border-collapse:collapse} td{border:1px solid} td:first-child.edge{border-left:none} td.last{border-right:none}",
}


@dataclass(frozen=True)
class Layout:
    """How a report is set: border style, paper, the space above the tables (which decides where pages cut them)."""

    css: str = "collapsed"
    paper: str = "A4"
    lead_lines: int = 0
    font: str = "Noto Sans CJK SC"
    font_size: str = "10.5pt"
    repeat_header: bool = False
    padding: str = "4px"
    blank_every: int = 0
    """Every n-th number of table 3 is left blank; 0 for none."""
    break_inside: str = "auto"


@dataclass
class TypesetReport:
    """``rows``: for each printed number row its label and its numbers as printed, in order."""

    html: str
    disclosure_rows: list[tuple[str, list[str]]] = field(default_factory=list)
    request_rows: list[tuple[str, list[str]]] = field(default_factory=list)
    review_row: list[str] = field(default_factory=list)
    paragraphs: list[str] = field(default_factory=list)


def _cell(text: str, rows: int = 1, columns: int = 1, kind: str = "", tag: str = "td") -> str:
    spans = (f' rowspan="{rows}"' if rows > 1 else "") + (f' colspan="{columns}"' if columns > 1 else "")
    return f'<{tag}{spans} class="{kind}">{text}</{tag}>'


def _row(*cells: str, kind: str = "") -> str:
    return f'<tr class="{kind}">{"".join(cells)}</tr>'


def _disclosure_table(form: Form, draw: random.Random, report: TypesetReport) -> str:
    rows = []
    for block in form.blocks:
        rows.append(_row(_cell(block.article, 1, 4, "edge last"), kind="head"))
        spans = {1: [3], 2: [1, 2], 3: [1, 1, 1]}[len(block.columns)]
        rows.append(
            _row(
                _cell(block.row_header, kind="edge"),
                *(_cell(column.label, 1, span) for column, span in zip(block.columns, spans, strict=True)),
            )
        )
        for row in block.rows:
            numbers = [str(draw.randint(1, 99999)) for _ in block.columns]
            report.disclosure_rows.append((row.label, numbers))
            rows.append(
                _row(_cell(row.label, kind="edge"), *(_cell(n, 1, s, "n") for n, s in zip(numbers, spans, strict=True)))
            )
    return f"<table><tbody>{''.join(rows)}</tbody></table>"


def _request_table(form: Form, layout: Layout, draw: random.Random, report: TypesetReport) -> str:
    names = [column.label for column in form.request_columns]
    header = [
        _row(_cell(form.request_head, 3, 3, "edge"), _cell(form.request_column_head, 1, 7), kind="head"),
        _row(_cell(names[0], 2), _cell("法人或其他组织", 1, 5), _cell(names[6], 2), kind="head"),
        _row(*(_cell(name) for name in names[1:6]), kind="head"),
    ]
    body = []
    open_groups: tuple[str, ...] = ()
    count = 0
    for row in form.request_rows:
        numbers = []
        for _ in names:
            count += 1
            blank = layout.blank_every and count % layout.blank_every == 0
            numbers.append("" if blank else str(draw.randint(1, 9999)))
        report.request_rows.append((row.label, numbers))
        cells = []
        for depth, group in enumerate(row.group):
            if row.group[: depth + 1] != open_groups[: depth + 1]:
                size = sum(other.group[: depth + 1] == row.group[: depth + 1] for other in form.request_rows)
                cells.append(_cell(group, size, 1, f"group{depth} edge"))
        open_groups = row.group
        cells.append(_cell(row.label, 1, 3 - len(row.group), "label"))
        cells.extend(_cell(number, kind="n") for number in numbers)
        body.append(_row(*cells))
    if layout.repeat_header:
        return f'<table class="wide"><thead>{"".join(header)}</thead><tbody>{"".join(body)}</tbody></table>'
    return f'<table class="wide"><tbody>{"".join(header + body)}</tbody></table>'


def _review_table(form: Form, draw: random.Random, report: TypesetReport) -> str:
    report.review_row = [str(draw.randint(1, 999)) for _ in form.review_columns]
    labels = [column.label for column in form.review_columns]
    return "<table><tbody>{}</tbody></table>".format(
        "".join(
            [
                _row(_cell("行政复议", 1, 5), _cell("行政诉讼", 1, 10), kind="head"),
                _row(
                    *(_cell(label, 2) for label in labels[:5]),
                    _cell("未经复议直接起诉", 1, 5),
                    _cell("复议后起诉", 1, 5),
                    kind="head",
                ),
                _row(*(_cell(label) for label in labels[5:]), kind="head"),
                _row(*(_cell(number, kind="n") for number in report.review_row)),
            ]
        )
    )


def typeset(version: str, layout: Layout, seed: int) -> TypesetReport:
    """One report of that form in that layout, with numbers of that seed."""
    form, draw = load_form(version), random.Random(seed)  # noqa: S311 - figures for a test
    report = TypesetReport(html="")
    lead = "".join(f"<p class='lead'>{BODY[: 20 + index % 7]}</p>" for index in range(layout.lead_lines))
    tables = (
        f"<h2>二、主动公开政府信息情况</h2>{_disclosure_table(form, draw, report)}"
        f"<h2>三、收到和处理政府信息公开申请情况</h2>{_request_table(form, layout, draw, report)}"
        f"<h2>四、政府信息公开行政复议、行政诉讼情况</h2>{_review_table(form, draw, report)}"
    )
    report.paragraphs = ["一、总体情况", BODY, "五、存在的主要问题及改进情况", f"（一）问题。{BODY}", f"（二）改进。{BODY}"]
    style = (
        f"@page{{size:{layout.paper};margin:22mm 20mm}} body{{font:{layout.font_size} '{layout.font}';margin:0}}"
        "table{width:100%;table-layout:auto} td{text-align:center;"
        f"padding:{layout.padding};overflow-wrap:normal}} td.label{{text-align:left}}"
        "td.group0{width:1.2em} td.group1{width:4.2em} td.n{min-width:2em} p{text-indent:2em;text-align:justify;margin:0;line-height:1.6}"
        f"tr{{break-inside:{layout.break_inside}}} {CSS[layout.css]}"
    )
    report.html = (
        f"<!DOCTYPE html><html lang='zh-CN'><head><meta charset='utf-8'><title>年度报告</title><style>{style}</style></head><body>"
        f"<h1 style='text-align:center'>青石县人民政府<br>2024年政府信息公开工作年度报告</h1>{lead}"
        f"<h2>一、总体情况</h2><p>{BODY}</p>{tables}"
        f"<h2>五、存在的主要问题及改进情况</h2><p>（一）问题。{BODY}</p><p>（二）改进。{BODY}</p></body></html>"
    )
    return report


def chromium_pdf(html: str) -> bytes:
    """The page as Chromium prints it, without its own header and footer."""
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "report.html"), Path(folder, "report.pdf")
        source.write_text(html, encoding="utf-8")
        subprocess.run(
            [
                browser,
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--no-pdf-header-footer",
                f"--user-data-dir={folder}/profile",
                f"--print-to-pdf={target}",
                source.as_uri(),
            ],
            check=True,
            capture_output=True,
            timeout=120,
            env={**os.environ, "HOME": folder},
        )
        return target.read_bytes()


def libreoffice_pdfs(pages: dict[str, str]) -> dict[str, bytes]:
    """Each HTML page (by name) as LibreOffice Writer exports it; one call for all. It knows borders as attributes only."""
    with tempfile.TemporaryDirectory() as folder:
        for name, html in pages.items():
            ruled = html.replace("<table", '<table border="1" cellspacing="0" cellpadding="3"')
            Path(folder, f"{name}.html").write_text(ruled, encoding="utf-8")
        subprocess.run(
            [
                "soffice",
                "--headless",
                f"-env:UserInstallation=file://{folder}/profile",
                "--infilter=HTML (StarWriter)",
                "--convert-to",
                "pdf:writer_pdf_Export",
                "--outdir",
                folder,
                *(str(Path(folder, f"{name}.html")) for name in pages),
            ],
            check=True,
            capture_output=True,
            timeout=240,
        )
        return {name: Path(folder, f"{name}.pdf").read_bytes() for name in pages}
