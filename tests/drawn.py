"""The third producer of test reports: pages drawn directly as pixels, by nobody's layout engine."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Literal

from PIL import Image, ImageDraw, ImageFont

from crawler.sample.source import ReportSource
from crawler.sample.tables import Cell, Line, Row, Table, blocks

WIDTH, HEIGHT, MARGIN = 595.0, 842.0, 50.0
"""Points: A4."""
BODY, TABLE, TITLE = 12.0, 10.0, 18.0
LEADING = 1.3
Ruling = Literal["solid", "dashed", "broken", "none"]
_DASHES: Mapping[Ruling, tuple[float, float]] = {
    "solid": (10_000.0, 0.0),
    "dashed": (3.0, 2.0),
    "broken": (60.0, 3.0),
    "none": (0.0, 1.0),
}
"""Points that a ruling line is drawn and left out."""
PADDING = 3.0


@cache
def font_file(family: str = "WenQuanYi Zen Hei") -> tuple[str, int]:
    """A font file with Chinese characters, and the face in it.

    Raises:
        LookupError: fontconfig knows none.
    """
    program = shutil.which("fc-match")
    if program is None:
        raise LookupError("fc-match is not installed: apt-get install fontconfig")
    said = subprocess.run(
        [program, "-f", "%{file}\t%{index}", f"{family}:lang=zh-cn"], capture_output=True, text=True, check=True
    )
    path, index = said.stdout.split("\t")
    return path, int(index)


@cache
def _font(family: str, pixels: int) -> ImageFont.FreeTypeFont:
    path, index = font_file(family)
    return ImageFont.truetype(path, pixels, index=index)


class _Sheet:
    """Pages of one report at so many pixels a point."""

    def __init__(self, scale: float, family: str, ruling: Ruling) -> None:
        self.scale = scale
        self.ruling = ruling
        self.family = family
        self.pages: list[Image.Image] = []
        self.y = 0.0
        self.turn()

    def turn(self) -> None:
        self.pages.append(Image.new("L", (round(WIDTH * self.scale), round(HEIGHT * self.scale)), 255))
        self.pen = ImageDraw.Draw(self.pages[-1])
        self.y = MARGIN

    @property
    def room(self) -> float:
        return HEIGHT - MARGIN - self.y

    def font(self, size: float) -> ImageFont.FreeTypeFont:
        return _font(self.family, round(size * self.scale))

    def write(self, x: float, y: float, text: str, size: float) -> None:
        self.pen.text((x * self.scale, y * self.scale), text, fill=0, font=self.font(size))

    def length(self, text: str, size: float) -> float:
        return self.font(size).getlength(text) / self.scale

    def rule(self, x0: float, y0: float, x1: float, y1: float) -> None:
        s = self.scale
        length = max(x1 - x0, y1 - y0)
        on, off = _DASHES[self.ruling]
        # Every line begins elsewhere in its pattern, as wear does.
        at = -((7 * x0 + 13 * y0) % (on + off)) if off else 0.0
        while on and at < length:
            a, b = max(at, 0.0) / length, min(at + on, length) / length
            if b > 0:
                ends = (x0 + (x1 - x0) * a, y0 + (y1 - y0) * a, x0 + (x1 - x0) * b, y0 + (y1 - y0) * b)
                self.pen.line([round(value * s) for value in ends], fill=0, width=max(1, round(0.6 * s)))
            at += on + off

    def wrapped(self, text: str, width: float, size: float) -> list[str]:
        lines: list[str] = []
        for part in text.split("\n"):
            line = ""
            for character in part:
                if line and self.length(line + character, size) > width and not (character.isdigit() and line[-1].isdigit()):
                    lines.append(line)
                    line = ""
                line += character
            lines.append(line)
        return lines


def draw(source: ReportSource, dpi: int, family: str = "WenQuanYi Zen Hei", ruling: Ruling = "solid") -> list[Image.Image]:
    """The report's pages, grey, at that resolution."""
    sheet = _Sheet(dpi / 72, family, ruling)
    for block in blocks(source):
        if isinstance(block, Line):
            _line(sheet, block)
        else:
            _table(sheet, block)
    return sheet.pages


def _line(sheet: _Sheet, line: Line) -> None:
    size = TITLE if line.kind == "title" else BODY
    text = line.text if line.kind in ("title", "heading") else f"\u3000\u3000{line.text}"
    for piece in sheet.wrapped(text, WIDTH - 2 * MARGIN, size):
        if sheet.room < size * LEADING:
            sheet.turn()
        x = MARGIN if line.kind != "title" else (WIDTH - sheet.length(piece, size)) / 2
        sheet.write(x, sheet.y, piece, size)
        sheet.y += size * 1.6


def _table(sheet: _Sheet, table: Table) -> None:
    total = sum(table.widths)
    edges = [MARGIN]
    for width in table.widths:
        edges.append(edges[-1] + width / total * (WIDTH - 2 * MARGIN))
    heights = [_height(sheet, row, edges) for row in table.rows]
    _grow_for_groups(sheet, table, edges, heights)
    start = 0
    while start < len(table.rows):
        stop, used = start, 0.0
        while stop < len(table.rows) and used + heights[stop] <= sheet.room:
            used += heights[stop]
            stop += 1
        if stop == start:
            sheet.turn()
            continue
        _rows(sheet, table, edges, heights, start, stop)
        start = stop
        if start < len(table.rows):
            sheet.turn()
    sheet.y += BODY


def _slots(row: Row) -> list[tuple[int, Cell]]:
    slots, column = [], 0
    for cell in row.cells:
        slots.append((column, cell))
        column += cell.column_span
    return slots


def _lines(sheet: _Sheet, column: int, cell: Cell, edges: Sequence[float]) -> list[str]:
    return sheet.wrapped(cell.text, edges[column + cell.column_span] - edges[column] - 2 * PADDING, TABLE)


def _height(sheet: _Sheet, row: Row, edges: Sequence[float]) -> float:
    counts = [len(_lines(sheet, column, cell, edges)) for column, cell in _slots(row) if cell.row_span == 1]
    return max(counts, default=1) * TABLE * LEADING + 2 * PADDING


def _grow_for_groups(sheet: _Sheet, table: Table, edges: Sequence[float], heights: list[float]) -> None:
    for number, row in enumerate(table.rows):
        for column, cell in _slots(row):
            if cell.row_span > 1:
                needed = len(_lines(sheet, column, cell, edges)) * TABLE * LEADING + 2 * PADDING
                have = sum(heights[number : number + cell.row_span])
                if needed > have:
                    heights[number + cell.row_span - 1] += needed - have


def _rows(sheet: _Sheet, table: Table, edges: Sequence[float], heights: Sequence[float], start: int, stop: int) -> None:
    tops = [sheet.y]
    for height in heights[start:stop]:
        tops.append(tops[-1] + height)
    for number in range(start, stop):
        for column, cell in _slots(table.rows[number]):
            x0, x1 = edges[column], edges[column + cell.column_span]
            top = tops[number - start]
            last = min(number + cell.row_span, stop)
            bottom = tops[last - start] if not cell.continued else tops[number - start + 1]
            sheet.rule(x0, top, x0, bottom)
            sheet.rule(x1, top, x1, bottom)
            if not cell.continued or number == start:
                sheet.rule(x0, top, x1, top)
            if number + (cell.row_span if not cell.continued else 1) >= stop:
                sheet.rule(x0, bottom, x1, bottom)
            lines = _lines(sheet, column, cell, edges)
            y = max((top + bottom - len(lines) * TABLE * LEADING) / 2, top + PADDING)
            for line in lines:
                sheet.write((x0 + x1 - sheet.length(line, TABLE)) / 2, y, line, TABLE)
                y += TABLE * LEADING
    sheet.y = tops[-1]
