"""Layouts drawn at random from everything :class:`crawler.sample.source.Layout` can vary, for tests that meet new ones."""

from __future__ import annotations

import random

from crawler.forms.catalogue import load_form
from crawler.sample.source import KNOWN_VARIANTS, LabelBreak, Layout

_BREAKS: tuple[LabelBreak, ...] = ("", "", "\n", " ")
_SWAPS = (("denied_third_party", "denied_internal_affairs"), ("not_processed_repeat", "not_processed_excessive"))


def random_layout(form_version: str, seed: int) -> Layout:
    """One layout; the same seed gives the same one.

    Args:
        form_version: ``cn-ogi-2019`` or ``cn-ogi-2021``.
        seed: chooses every option. Rare ones (a missing row, two swapped rows) come up in about one layout of four.
    """
    draw = random.Random(seed)  # noqa: S311 - layouts of samples
    reasons = [row.key for row in load_form(form_version).request_rows[3:]]
    glued = draw.random() < 0.1
    return Layout(
        numerals=draw.choice(("1.", "1、", "1. ")),
        brackets=draw.choice(("full", "half", "half_spaced")),
        group_break=draw.choice(_BREAKS),
        group_width=draw.choice((2, 3, 4)),
        group_blank_lines=draw.choice((0, 0, 4)),
        head_break=draw.choice(_BREAKS),
        head_width=draw.choice((2, 3)),
        spaced_groups=draw.random() < 0.3,
        labels=draw.choice(({}, KNOWN_VARIANTS)),
        total_header_row=draw.choice((1, 2, 3)),
        split_numeral=draw.random() < 0.2,
        deep_tail=draw.random() < 0.2,
        short_rows=draw.choice(("span", "padded", "ragged")),
        split_blocks=not glued and draw.random() < 0.3,
        trailing_cells=0 if glued else draw.choice((0, 0, 0, 1)),
        repeat_header_before=draw.choice(("", "", draw.choice(reasons))),
        single_other=form_version == "cn-ogi-2021" and draw.random() < 0.2,
        amount_unit=draw.choice(("", "（单位:万元）")),
        swapped_rows=draw.choice(((), (), (), (draw.choice(_SWAPS),))),
        missing_rows=draw.choice(((), (), (), ("denied_process_information",), ("coercion",))),
        title_lines=draw.choice((1, 2)),
        text_after_table=draw.random() < 0.2,
        glued=glued,
        header_cells=draw.random() < 0.3,
        markup=draw.choice(("plain", "word")),
        column_widths=draw.random() < 0.7,
        font_size=draw.choice((9, 10.5)),
    )
