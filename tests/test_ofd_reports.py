"""Whole reports as OFD, written in the ways of different producers: every cell comes back as printed."""

from __future__ import annotations

import random
from collections.abc import Mapping

import pytest

from crawler.documents.model import Method
from crawler.documents.reader import read_document
from crawler.sample.plan import LAYOUTS
from crawler.sample.variety import random_layout
from tests.ofd_writer import DRAFT_NAMESPACE, Style, to_ofd
from tests.test_typeset_seeds import SEED_LIKE, _source, assert_every_cell

STYLES: Mapping[str, Style] = {
    "rules as paths, text by offsets": Style(),
    "thin filled rectangles, repeated offsets": Style(rules="rectangles", text="repeated"),
    "a frame a cell, a cell's lines in one code": Style(rules="frames", text="cell"),
    "one path a page, no offsets, open cuts": Style(rules="one_path", text="line", open_cuts=True),
    "an object a character, scaled": Style(rules="rectangles", text="characters", scaled=True),
    "rules on template pages, absolute paths": Style(template="rules", text="cell", paths="absolute"),
    "labels on template pages, scaled": Style(template="labels", text="repeated", scaled=True, namespace=DRAFT_NAMESPACE),
    "composite objects and blocks, irregular paths": Style(composite=True, text="line", paths="irregular"),
    "several documents in one file": Style(documents=3, text="repeated"),
    "tables cut by pages": Style(page_height=150, text="repeated"),
    "tables cut by pages, not closed there": Style(page_height=150, text="cell", open_cuts=True),
}


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("seed", SEED_LIKE)
def test_every_cell_of_the_seed_like_layouts(seed: str, style: str) -> None:
    assert_every_cell(SEED_LIKE[seed], to_ofd(SEED_LIKE[seed], STYLES[style]))


@pytest.mark.parametrize("number", range(len(LAYOUTS)))
def test_every_cell_of_the_sample_layouts(number: int) -> None:
    form_version = ("cn-ogi-2019", "cn-ogi-2021")[number % 2]
    source = _source("青石县人民政府", 2023, form_version, LAYOUTS[number], 77 + number)
    assert_every_cell(source, to_ofd(source, Style(rules="rectangles", text="cell", page_height=210)))


def _random_style(seed: int) -> Style:
    draw = random.Random(seed)  # noqa: S311 - styles for a test
    return Style(
        rules=draw.choice(("paths", "rectangles", "frames", "one_path")),
        text=draw.choice(("deltas", "repeated", "cell", "line", "characters")),
        scaled=draw.random() < 0.3,
        template=draw.choice(("", "", "rules", "labels")),
        composite=draw.random() < 0.3,
        open_cuts=draw.random() < 0.4,
        page_height=draw.choice((297.0, 210.0, 160.0, 130.0)),
        documents=draw.choice((1, 1, 2, 4)),
        paths=draw.choice(("relative", "absolute", "irregular")),
    )


@pytest.mark.parametrize("seed", range(12))
def test_styles_nobody_chose(seed: int) -> None:
    form_version = ("cn-ogi-2019", "cn-ogi-2021")[seed % 2]
    source = _source("柘城县人民政府", 2021, form_version, random_layout(form_version, seed), seed)
    assert_every_cell(source, to_ofd(source, _random_style(seed)))


@pytest.mark.parametrize("style", STYLES)
def test_tables_are_read_twice_and_alike(style: str) -> None:
    report = assert_every_cell(SEED_LIKE["000"], to_ofd(SEED_LIKE["000"], STYLES[style]))
    assert set(report.readings) == {"active_disclosure", "requests", "review_litigation"}
    for reading in report.readings.values():
        assert reading.methods == (Method.LATTICE, Method.TEXT)
        assert reading.agreed > 10
        assert reading.once == reading.disagreed == 0


def test_cells_say_where_they_stand() -> None:
    source = SEED_LIKE["004"]
    document = read_document(to_ofd(source, Style(page_height=150)))
    assert document.page_count is not None
    assert document.page_count >= 4
    assert {grid.method for grid in document.grids} == {Method.LATTICE}
    pages = {cell.page for grid in document.grids for cell in grid.cells}
    assert len(pages) > 2
    for grid in document.grids:
        for cell in grid.cells:
            assert cell.box is not None
            x0, top, x1, bottom = cell.box
            assert 0 <= x0 < x1 <= 210 * 72 / 25.4
            assert 0 <= top < bottom <= 150 * 72 / 25.4


def test_text_stays_in_order_and_page_numbers_stay_out() -> None:
    source = SEED_LIKE["004"]
    document = read_document(to_ofd(source, Style(page_height=150)))
    text = document.text.replace(" ", "")
    starts = [
        text.index(paragraphs[0].replace(" ", "")) for number, paragraphs in sorted(source.paragraphs.items()) if paragraphs
    ]
    assert starts == sorted(starts)
    assert len(starts) > 2
    assert "-1-" not in text
    assert "-3-" not in text


def test_pages_of_several_documents_are_numbered_through() -> None:
    source = SEED_LIKE["001"]
    one, many = (read_document(to_ofd(source, Style(documents=number))) for number in (1, 3))
    assert many.page_count is not None
    assert one.page_count is not None
    assert many.page_count >= 3
    assert max(cell.page or 0 for grid in many.grids for cell in grid.cells) <= many.page_count
    assert [block.page for block in many.blocks if not hasattr(block, "cells")] == sorted(
        block.page or 0 for block in many.blocks if not hasattr(block, "cells")
    )


def test_metadata_is_what_the_container_says() -> None:
    source = SEED_LIKE["001"]
    document = read_document(to_ofd(source))
    assert document.title is None
    assert dict(document.metadata) == {"title": source.title, "creator": "office", "creationdate": "2021-01-20"}
