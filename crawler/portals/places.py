"""Elements told by their ``id`` and ``class``, for many questions to one page, which is walked once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING

from lxml import etree

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from crawler.portals.markup import Element

MAX_FOUND = 50
"""Elements of one place that are looked at."""

_IDS, _CLASSES = (etree.XPath(f"descendant-or-self::*/@{name}", smart_strings=False) for name in ("id", "class"))
_WITH_ID, _WITH_CLASS = (etree.XPath(f"descendant-or-self::*/@{name}/..") for name in ("id", "class"))


@dataclass(frozen=True, slots=True)
class Place:
    """What is met by any of these.

    Args:
        ids: the ``id`` is one of them.
        begins: the ``id`` begins so.
        classes: the ``class`` contains one of them anywhere.
        word: the ``class`` has it as a word of its own.
        tag: the tag.
    """

    ids: tuple[str, ...] = ()
    begins: str | None = None
    classes: tuple[str, ...] = ()
    word: str | None = None
    tag: str | None = None

    def has_id(self, given: str) -> bool:
        """Whether an element with this ``id`` is met."""
        return given in self.ids or (self.begins is not None and given.startswith(self.begins))

    def has_class(self, given: str) -> bool:
        """Whether an element with this ``class`` is met."""
        return any(part in given for part in self.classes) or (self.word is not None and f" {self.word} " in f" {given} ")


class Names:
    """The names that a page gives its elements, read when they are first asked about.

    What a page names is asked, not each element: pages repeat few names many times.
    """

    def __init__(self, root: Element) -> None:
        self._root = root

    def elements(self, place: Place) -> list[Element]:
        """The first ``MAX_FOUND`` elements that meet ``place``, in page order."""
        ids = set(filter(place.has_id, self._ids)) if place.ids or place.begins else ()
        classes = set(filter(place.has_class, self._classes)) if place.classes or place.word else ()
        kinds = (
            _named(self._with_id, "id", ids) if ids else [],
            _named(self._with_class, "class", classes) if classes else [],
            list(islice(self._root.iter(place.tag), MAX_FOUND)) if place.tag else [],
        )
        met = [kind for kind in kinds if kind]
        if len(met) < 2:
            return met[0] if met else []
        chosen = set().union(*met)
        return list(islice((element for element in self._root.iter("*") if element in chosen), MAX_FOUND))

    @cached_property
    def _ids(self) -> frozenset[str]:
        return frozenset(_IDS(self._root))

    @cached_property
    def _classes(self) -> frozenset[str]:
        return frozenset(_CLASSES(self._root))

    @cached_property
    def _with_id(self) -> list[Element]:
        return list(_WITH_ID(self._root))

    @cached_property
    def _with_class(self) -> list[Element]:
        return list(_WITH_CLASS(self._root))


def _named(elements: Iterable[Element], attribute: str, names: Collection[str]) -> list[Element]:
    return list(islice((element for element in elements if element.get(attribute) in names), MAX_FOUND))
