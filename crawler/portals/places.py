"""Elements told by their ``id`` and ``class``, for many questions in one walk: an XPath walks the whole page for each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crawler.portals.markup import Element

Test = Callable[[str, str, str], bool]
"""Of an element's tag, ``id`` and ``class``; the latter two empty where it has none."""

MAX_FOUND = 50
"""Elements of one test that are looked at."""


def named(*ids: str, begins: str = "\0", classes: tuple[str, ...] = (), word: str = "\0") -> Test:
    """A test that is met by any of these.

    Args:
        ids: the ``id`` is one of them.
        begins: the ``id`` begins so.
        classes: the ``class`` contains one of them anywhere.
        word: the ``class`` has it as a word of its own.
    """

    def test(tag: str, own_id: str, own_class: str) -> bool:  # noqa: ARG001 - the signature of all
        return (
            own_id in ids
            or own_id.startswith(begins)
            or any(part in own_class for part in classes)
            or f" {word} " in f" {own_class} "
        )

    return test


def tagged(name: str) -> Test:
    """A test for the tag."""
    return lambda tag, _id, _class: tag == name


def find_places(root: Element, tests: Sequence[Test]) -> list[list[Element]]:
    """For each test the first ``MAX_FOUND`` elements that meet it, in page order."""
    found: list[list[Element]] = [[] for _ in tests]
    known: dict[tuple[str, str, str], list[list[Element]]] = {}
    for element in root.iter("*"):
        key = str(element.tag), element.get("id") or "", element.get("class") or ""
        met = known.get(key)
        if met is None:
            # Pages repeat few names many times.
            met = known[key] = [place for place, test in zip(found, tests, strict=True) if test(*key)]
        for place in met:
            if len(place) < MAX_FOUND:
                place.append(element)
    return found
