"""A form's labels prepared for matching: one vocabulary for the rows and one for the columns of each table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from crawler.forms.alignment import Label, Vocabulary, vocabulary
from crawler.forms.catalogue import BlockSpec, Form, RowSpec, load_form
from crawler.forms.labels import core, skeleton


@dataclass(frozen=True, slots=True)
class FormVocabularies:
    """What the tables of one form are recognised by. Indexes count in form order.

    ``block_of`` gives the block of each label of ``disclosure_rows``; ``request_specs`` the rows of ``request_rows``,
    those printed by some bodies only in their places. ``*_words`` are skeletons that only a header row of that table holds.
    """

    form: Form
    disclosure_rows: Vocabulary
    block_of: tuple[int, ...]
    disclosure_columns: tuple[Vocabulary, ...]
    disclosure_words: frozenset[str]
    request_rows: Vocabulary
    request_specs: tuple[RowSpec, ...]
    distinct_request_rows: frozenset[int]
    """Rows of ``request_rows`` whose label alone tells table 3."""
    request_columns: Vocabulary
    request_words: frozenset[str]
    shared_words: frozenset[str]
    """Column labels too plain to tell a table by (总计, 其他)."""
    review_leaves: Mapping[str, str]
    """Skeleton of a leaf column of table 4 -> its key."""
    review_groups: Mapping[str, str]
    """Skeleton of an innermost group of table 4 -> the metric row it stands for."""
    review_words: frozenset[str]


@cache
def form_vocabularies(version: str) -> FormVocabularies:
    """The vocabularies of one form.

    Raises:
        KeyError: there is no such form.
    """
    form = load_form(version)
    numbered = [(number, row) for number, block in enumerate(form.blocks) for row in block.rows]
    specs = _request_specs(form)
    request_groups = {group for spec in specs for group in spec.group}
    column_groups = {group for column in form.request_columns for group in column.group}
    plain = {"总计", "其他"}
    leaves = {skeleton(column.label): column.key for column in form.review_columns}
    return FormVocabularies(
        form=form,
        disclosure_rows=vocabulary([Label(row.key, (row.label, *row.variants)) for _, row in numbered]),
        block_of=tuple(number for number, _ in numbered),
        disclosure_columns=tuple(_block_columns(block) for block in form.blocks),
        disclosure_words=frozenset(
            word
            for block in form.blocks
            for label in (block.row_header, *(column.label for column in block.columns))
            for word in (skeleton(label), core(label))
        ),
        request_rows=vocabulary(
            [Label(spec.key, (spec.label, *spec.variants), spec.group[-1] if spec.group else "") for spec in specs],
            others=sorted(request_groups - {spec.label for spec in specs}),
        ),
        request_specs=specs,
        distinct_request_rows=frozenset(
            number for number, spec in enumerate(specs) if not plain & {skeleton(spec.label), *map(skeleton, spec.variants)}
        ),
        request_columns=vocabulary(
            [Label(column.key, (column.label,)) for column in form.request_columns],
            others=[*sorted(column_groups), form.request_head],
        ),
        request_words=frozenset(
            {
                skeleton(label)
                for label in (form.request_head, *column_groups, *(column.label for column in form.request_columns))
            }
            - plain
        ),
        shared_words=frozenset(plain),
        review_leaves=leaves,
        review_groups={skeleton(column.group[-1]): column.row for column in form.review_columns},
        review_words=frozenset(
            {skeleton(group) for column in form.review_columns for group in column.group} | (leaves.keys() - plain)
        ),
    )


def _block_columns(block: BlockSpec) -> Vocabulary:
    return vocabulary([Label(column.key, (column.label,)) for column in block.columns], others=[block.row_header])


def _request_specs(form: Form) -> tuple[RowSpec, ...]:
    """The printed rows in order, each extra row in its place."""
    specs = list(form.request_rows)
    for extra in form.request_extra_rows:
        place = next((number for number, spec in enumerate(specs) if spec.key == extra.after), len(specs) - 1)
        specs.insert(place + 1, extra)
    return tuple(specs)
