"""Typesets a report as OFD, in the ways different producers write it; independent of the reader."""

from __future__ import annotations

import io
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import groupby
from typing import Any, Literal

from crawler.sample.source import ReportSource
from crawler.sample.tables import Block, Cell, Line, Table, blocks

PAGE = (210.0, 297.0)
MARGIN = 20.0
ASCENT = 0.88
NAMESPACE = "http://www.ofdspec.org/2016"
DRAFT_NAMESPACE = "http://www.ofdspec.org"
_EPOCH = (2020, 1, 1, 0, 0, 0)
_POINT = 25.4 / 72


@dataclass(frozen=True)
class Style:
    """How a producer writes what it draws; every option has been seen in a real file or stands in the standard."""

    rules: Literal["paths", "rectangles", "frames", "one_path"] = "paths"
    """A stroked line an edge, a thin filled rectangle an edge, a closed frame a cell, or all edges of a page in one path."""
    text: Literal["deltas", "repeated", "cell", "line", "characters"] = "deltas"
    """Offsets one by one, as ``g n d``, a cell's lines in one TextCode, no offsets at all, or an object a character."""
    scaled: bool = False
    """Sizes and coordinates in another unit, the object's CTM making millimetres of them."""
    template: Literal["", "rules", "labels"] = ""
    """What stands on template pages instead: nothing, the rules, or the rules and the labels."""
    composite: bool = False
    """Rules in composite objects, text in nested page blocks."""
    open_cuts: bool = False
    """No rule where a page cuts a table."""
    page_height: float = PAGE[1]
    documents: int = 1
    paths: Literal["relative", "absolute", "irregular"] = "relative"
    namespace: str = NAMESPACE


@dataclass
class _Page:
    """One page's drawing: edges as x0, y0, x1, y1 and texts as lines of (text, x, base line, size).

    ``labels`` are apart from ``texts`` only where they go to a template page.
    """

    edges: list[tuple[float, float, float, float]] = field(default_factory=list)
    frames: list[tuple[float, float, float, float]] = field(default_factory=list)
    texts: list[list[tuple[str, float, float, float]]] = field(default_factory=list)
    labels: list[list[tuple[str, float, float, float]]] = field(default_factory=list)


def to_ofd(source: ReportSource, style: Style | None = None) -> bytes:
    """The report as an OFD file in that style; the same source gives the same bytes."""
    style = style or Style()
    every = list(blocks(source))
    share = -(-len(every) // style.documents)
    documents = [every[start : start + share] for start in range(0, len(every), share)]
    parts: dict[str, str] = {}
    bodies = []
    number = 0
    for index, part in enumerate(documents):
        pages = _Setter(source.layout.font_size * _POINT, style).pages(part)
        _document(parts, index, pages, style, number)
        number += len(pages)
        bodies.append(
            f"<ofd:DocBody><ofd:DocInfo><ofd:DocID>{index:032x}</ofd:DocID><ofd:Title>{escape(source.title)}</ofd:Title>"
            f"<ofd:Creator>office</ofd:Creator><ofd:CreationDate>{source.year + 1}-01-20</ofd:CreationDate></ofd:DocInfo>"
            f"<ofd:DocRoot>Doc_{index}/Document.xml</ofd:DocRoot></ofd:DocBody>"
        )
    parts["OFD.xml"] = _xml("OFD", "".join(bodies), style, ' Version="1.0" DocType="OFD"')
    return pack(parts)


def pack(parts: Mapping[str, Any]) -> bytes:
    """The parts as a zip with fixed time stamps."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            info = zipfile.ZipInfo(name, _EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return written.getvalue()


def one_page(objects: str, *, common: str = "", size: str = "0 0 210 297", more: Mapping[str, Any] | None = None) -> bytes:
    """An OFD of one page with these objects on its only layer, for hand-written cases."""
    style = Style()
    parts = {
        "OFD.xml": _xml("OFD", "<ofd:DocBody><ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody>", style),
        "Doc_0/Document.xml": _xml(
            "Document",
            f"<ofd:CommonData><ofd:PageArea><ofd:PhysicalBox>{size}</ofd:PhysicalBox></ofd:PageArea>{common}</ofd:CommonData>"
            '<ofd:Pages><ofd:Page ID="1" BaseLoc="Pages/Page_0/Content.xml"/></ofd:Pages>',
            style,
        ),
        "Doc_0/Pages/Page_0/Content.xml": _xml("Page", f"<ofd:Content><ofd:Layer>{objects}</ofd:Layer></ofd:Content>", style),
    }
    return pack({**parts, **(more or {})})


def text_object(text: str, x: float, y: float, *, more: str = "", attributes: str = "", size: float = 4.0) -> str:
    """A line of text with its upper left corner there, for hand-written cases; ``more`` stands before its ``TextCode``."""
    deltas = " ".join(f"{size * width_of(character):g}" for character in text[:-1])
    return (
        f'<ofd:TextObject Boundary="{x} {y} 100 {size}" Font="1" Size="{size}"{attributes}>{more}'
        f'<ofd:TextCode X="0" Y="{ASCENT * size}" DeltaX="{deltas}">{escape(text)}</ofd:TextCode></ofd:TextObject>'
    )


def table_object(xs: Sequence[float], ys: Sequence[float]) -> str:
    """A full grid of stroked rules, for hand-written cases."""
    data = [f"M {xs[0]} {y} L {xs[-1]} {y}" for y in ys] + [f"M {x} {ys[0]} L {x} {ys[-1]}" for x in xs]
    return (
        f'<ofd:PathObject Boundary="0 0 210 297"><ofd:AbbreviatedData>{" ".join(data)}</ofd:AbbreviatedData></ofd:PathObject>'
    )


def xml(name: str, inner: str) -> str:
    """A part with that root element."""
    return _xml(name, inner, Style())


def _xml(name: str, inner: str, style: Style, attributes: str = "") -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<ofd:{name} xmlns:ofd="{style.namespace}"{attributes}>{inner}</ofd:{name}>'


def _document(parts: dict[str, str], index: int, pages: list[_Page], style: Style, before: int) -> None:
    folder = f"Doc_{index}"
    templates, named, units = [], [], []
    for number, page in enumerate(pages):
        rules = _rules(page, style)
        labels = _texts(page.labels, style)
        own = _texts(page.texts, style)
        footer = f"- {before + number + 1} -"
        own += _text_object([(footer, 100.0, style.page_height - 10, 3.5)], style)
        used = ""
        if style.template:
            shown = rules + (labels if style.template == "labels" else "")
            path = f"Tpls/Tpl_{number}/Content.xml"
            parts[f"{folder}/{path}"] = _xml("Page", f"<ofd:Content><ofd:Layer>{shown}</ofd:Layer></ofd:Content>", style)
            templates.append(f'<ofd:TemplatePage ID="{500 + number}" BaseLoc="{_path(folder, path, style)}"/>')
            used = f'<ofd:Template TemplateID="{500 + number}" ZOrder="Background"/>'
        elif style.composite:
            units.append(
                f'<ofd:CompositeGraphicUnit ID="{900 + number}" Width="{PAGE[0]}" Height="{style.page_height}"><ofd:Content>'
                f"<ofd:PageBlock>{rules}</ofd:PageBlock></ofd:Content></ofd:CompositeGraphicUnit>"
            )
            drawn = f'<ofd:CompositeObject ResourceID="{900 + number}" Boundary="0 0 {PAGE[0]} {style.page_height}"/>'
            own = f"{drawn}<ofd:PageBlock><ofd:PageBlock>{own}</ofd:PageBlock></ofd:PageBlock>"
        else:
            own = rules + own
        path = f"Pages/Page_{number}/Content.xml"
        area = f"<ofd:Area><ofd:PhysicalBox>0 0 {PAGE[0]:g} {style.page_height:g}</ofd:PhysicalBox></ofd:Area>"
        content = f'<ofd:Content><ofd:Layer Type="Body">{own}</ofd:Layer></ofd:Content>'
        parts[f"{folder}/{path}"] = _xml("Page", area + used + content, style)
        named.append(f'<ofd:Page ID="{number + 1}" BaseLoc="{_path(folder, path, style)}"/>')
    parts[f"{folder}/DocumentRes.xml"] = _xml(
        "Res", f"<ofd:CompositeGraphicUnits>{''.join(units)}</ofd:CompositeGraphicUnits>", style
    )
    resources = _path(folder, "DocumentRes.xml", style)
    parts[f"{folder}/Document.xml"] = _xml(
        "Document",
        f"<ofd:CommonData><ofd:PageArea><ofd:PhysicalBox>0 0 210 297</ofd:PhysicalBox></ofd:PageArea>"
        f"<ofd:DocumentRes>{resources}</ofd:DocumentRes>{''.join(templates)}</ofd:CommonData>"
        f"<ofd:Pages>{''.join(named)}</ofd:Pages>",
        style,
    )


def _path(folder: str, path: str, style: Style) -> str:
    if style.paths == "absolute":
        return f"/{folder}/{path}"
    if style.paths == "irregular":
        return (
            f"{folder.upper()}\\{path.replace('/', chr(92))}".lower()
            if "Page_0" in path
            else f"./{folder}/../{folder}/{path.upper()}"
        )
    return path


def _rules(page: _Page, style: Style) -> str:
    if style.rules == "frames":
        return "".join(
            _path_object(x0, y0, x1, y1, "M 0 0 L {w} 0 L {w} {h} L 0 {h} C", "", style) for x0, y0, x1, y1 in page.frames
        )
    if style.rules == "one_path":
        data = " ".join(f"M {x0:.3f} {y0:.3f} L {x1:.3f} {y1:.3f}" for x0, y0, x1, y1 in page.edges)
        return f'<ofd:PathObject Boundary="0 0 210 297"><ofd:AbbreviatedData>{data}</ofd:AbbreviatedData></ofd:PathObject>'
    drawn = []
    for x0, y0, x1, y1 in page.edges:
        if style.rules == "rectangles":
            box = (x0 - 0.1, y0 - 0.1, x1 + 0.1, y1 + 0.1)
            drawn.append(_path_object(*box, "M 0 0 L {w} 0 L {w} {h} L 0 {h} L 0 0 C", ' Fill="true" Stroke="false"', style))
        else:
            drawn.append(_path_object(x0, y0, x1, y1, "M 0 0 L {w} {h}", ' LineWidth="0.25"', style))
    return "".join(drawn)


def _path_object(x0: float, y0: float, x1: float, y1: float, data: str, attributes: str, style: Style) -> str:
    unit = 0.01 if style.scaled else 1.0
    matrix = ' CTM="0.01 0 0 0.01 0 0"' if style.scaled else ""
    shape = data.format(w=f"{(x1 - x0) / unit:.3f}", h=f"{(y1 - y0) / unit:.3f}")
    width = ' LineWidth="25"' if style.scaled and "LineWidth" in attributes else attributes
    return (
        f'<ofd:PathObject Boundary="{x0:.3f} {y0:.3f} {x1 - x0:.3f} {y1 - y0:.3f}"{matrix}{width}>'
        f"<ofd:AbbreviatedData>{shape}</ofd:AbbreviatedData></ofd:PathObject>"
    )


def _texts(texts: Iterable[list[tuple[str, float, float, float]]], style: Style) -> str:
    objects = []
    for lines in texts:
        if style.text == "cell":
            objects.append(_text_object(lines, style))
        elif style.text == "characters":
            for text, x, y, size in lines:
                at = x
                for character in text:
                    if character != " ":
                        objects.append(_text_object([(character, at, y, size)], style))
                    at += size * width_of(character)
        else:
            objects += [_text_object([line], style) for line in lines]
    return "".join(objects)


def _text_object(lines: list[tuple[str, float, float, float]], style: Style) -> str:
    """One TextObject of one TextCode; several lines are joined by offsets back to the left and down."""
    _, x, y, size = lines[0]
    unit = size / 100 if style.scaled else 1.0
    matrix = f' CTM="{unit:.6f} 0 0 {unit:.6f} 0 0"' if style.scaled else ""
    across: list[float] = []
    down: list[float] = []
    for index, (text, line_x, line_y, _) in enumerate(lines):
        widths = [size * width_of(character) / unit for character in text]
        if index:
            before = lines[index - 1]
            end = before[1] / unit + sum(size * width_of(character) / unit for character in before[0][:-1])
            across.append(line_x / unit - end)
            down.append((line_y - before[2]) / unit)
        across += widths[:-1]
        down += [0.0] * (len(widths) - 1)
    offsets = (
        ""
        if style.text == "line"
        else _offsets("DeltaX", across, style) + (_offsets("DeltaY", down, style) if any(down) else "")
    )
    top = y - ASCENT * size
    text = escape("".join(text for text, *_ in lines))
    return (
        f'<ofd:TextObject Boundary="{x:.3f} {top:.3f} {160:.3f} {size * len(lines) * 1.3:.3f}"{matrix}'
        f' Font="1" Size="{size / unit:.3f}"><ofd:FillColor Value="0 0 0"/>'
        f'<ofd:TextCode X="0" Y="{ASCENT * size / unit:.3f}"{offsets}>{text}</ofd:TextCode></ofd:TextObject>'
    )


def _offsets(name: str, offsets: list[float], style: Style) -> str:
    if not offsets:
        return ""
    rounded = [f"{offset:.3f}" for offset in offsets]
    if style.text in ("repeated", "cell"):
        pieces = []
        for value, group in groupby(rounded):
            count = len(list(group))
            pieces.append(f"g {count} {value}" if count > 1 else value)
        return f' {name}="{" ".join(pieces)}"'
    return f' {name}="{" ".join(rounded)}"'


def width_of(character: str) -> float:
    """The character's width in its size: Chinese ones are square, others half as wide."""
    return 1.0 if unicodedata.east_asian_width(character) in "WFA" else 0.5


class _Setter:
    """Sets blocks on pages, cutting tables between rows; a merged cell's text is cut with it."""

    def __init__(self, size: float, style: Style) -> None:
        self._size = size
        self._style = style
        self._pages = [_Page()]
        self._y = MARGIN
        self._bottom = style.page_height - MARGIN

    def pages(self, every: list[Block]) -> list[_Page]:
        for block in every:
            if isinstance(block, Table):
                self._table(block)
                self._y += 4
            else:
                self._line(block)
        return self._pages

    def _break(self) -> None:
        self._pages.append(_Page())
        self._y = MARGIN

    def _line(self, line: Line) -> None:
        size = {"title": 6.35, "heading": 4.94}.get(line.kind, 4.23)
        width = PAGE[0] - 2 * MARGIN
        indent = 2 * size if line.kind == "text" else 0.0
        for index, text in enumerate(_wrapped(line.text, width, size, indent)):
            if self._y + 1.6 * size > self._bottom:
                self._break()
            x = MARGIN + (indent if index == 0 else 0.0)
            room = width - sum(map(width_of, text)) * size
            x += {"title": room / 2, "signature": room}.get(line.kind, 0.0)
            if text:
                self._pages[-1].texts.append([(text, x, self._y + 0.3 * size + ASCENT * size, size)])
            self._y += 1.6 * size

    def _table(self, table: Table) -> None:
        xs = [MARGIN]
        for width in table.widths:
            xs.append(xs[-1] + (PAGE[0] - 2 * MARGIN) * width / sum(table.widths))
        placed = list(_placed(table))
        lines = {
            id(cell): _cell_lines(cell, xs[column + cell.column_span] - xs[column], self._size) for _, column, cell in placed
        }
        heights = self._heights(table, placed, lines)
        start = 0
        while start < len(table.rows):
            stop, y = start, self._y
            while stop < len(table.rows) and y + heights[stop] <= self._bottom:
                y += heights[stop]
                stop += 1
            if stop == start:
                self._break()
                continue
            self._fragment(placed, lines, heights, xs, range(start, stop))
            self._y = y
            if stop < len(table.rows):
                self._break()
            start = stop

    def _heights(self, table: Table, placed: list[tuple[int, int, Cell]], lines: dict[int, list[str]]) -> list[float]:
        step = 1.25 * self._size
        heights = [step + 2.0] * len(table.rows)
        for row, _, cell in placed:
            if cell.row_span == 1:
                heights[row] = max(heights[row], len(lines[id(cell)]) * step + 2.0)
        for row, _, cell in placed:
            last = min(row + cell.row_span, len(heights)) - 1
            lacking = len(lines[id(cell)]) * step + 2.0 - sum(heights[row : last + 1])
            if lacking > 0:
                heights[last] += lacking
        return heights

    def _fragment(
        self,
        placed: list[tuple[int, int, Cell]],
        lines: dict[int, list[str]],
        heights: list[float],
        xs: list[float],
        rows: range,
    ) -> None:
        page, step, size = self._pages[-1], 1.25 * self._size, self._size
        tops = [self._y]
        for row in rows:
            tops.append(tops[-1] + heights[row])
        for row, column, cell in placed:
            last = row + cell.row_span
            if last <= rows.start or row >= rows.stop:
                continue
            top, bottom = tops[max(row, rows.start) - rows.start], tops[min(last, rows.stop) - rows.start]
            x0, x1 = xs[column], xs[column + cell.column_span]
            page.frames.append((x0, top, x1, bottom))
            page.edges += [(x0, top, x0, bottom), (x1, top, x1, bottom)]
            if row >= rows.start or not self._style.open_cuts:
                page.edges.append((x0, top, x1, top))
            if last <= rows.stop or not self._style.open_cuts:
                page.edges.append((x0, bottom, x1, bottom))
            waiting = lines[id(cell)]
            fitting = len(waiting) if last <= rows.stop else int((bottom - top - 2.0) / step)
            shown, lines[id(cell)] = waiting[:fitting], waiting[fitting:]
            y = top + (bottom - top - step * len(shown)) / 2
            setting = []
            for index, text in enumerate(shown):
                x = x0 + (x1 - x0 - size * sum(map(width_of, text))) / 2
                if text:
                    setting.append((text, x, y + index * step + ASCENT * size, size))
            if setting:
                (page.labels if cell.head and self._style.template == "labels" else page.texts).append(setting)


def _placed(table: Table) -> Iterator[tuple[int, int, Cell]]:
    """Each cell with its row and first column, those merged from above left out."""
    for number, row in enumerate(table.rows):
        column = 0
        for cell in row.cells:
            if not cell.continued:
                yield number, column, cell
            column += cell.column_span


def _cell_lines(cell: Cell, width: float, size: float) -> list[str]:
    found: list[str] = []
    for line in cell.text.split("\n"):
        found += _wrapped(line, width - 1.0, size)
    return found if any(found) else []


def _wrapped(text: str, width: float, size: float, indent: float = 0.0) -> list[str]:
    """Lines no wider than ``width``; a number is never broken."""
    lines, line, room = [], "", width - indent
    for word in _words(text):
        needed = sum(map(width_of, word)) * size
        if line and needed > room:
            lines.append(line)
            line, room = "", width
        line += word
        room -= needed
    return [*lines, line]


def _words(text: str) -> Iterator[str]:
    word = ""
    for character in text:
        if character.isascii() and (character.isalnum() or character in ".,-"):
            word += character
            continue
        if word:
            yield word
            word = ""
        yield character
    if word:
        yield word
