"""Sequences that are kept on the disk: what a whole nation has is more than the memory that publishing may take."""

from __future__ import annotations

import pickle
import tempfile
from array import array
from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class OnDisk(Generic[T]):
    """Takes things as they come and gives them again, by number or all in order; eight bytes of memory each.

    They wait in a temporary file without a name, which ends with the sequence.

    >>> found = OnDisk(["a", "b"])
    >>> len(found), found[1], list(found)
    (2, 'b', ['a', 'b'])

    Raises:
        OSError: the disk is full or cannot be written.
    """

    def __init__(self, things: Iterable[T]) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the sequence
        self._places = array("Q")
        try:
            for thing in things:
                self._places.append(self._file.tell())
                pickle.dump(thing, self._file, pickle.HIGHEST_PROTOCOL)
            self._file.flush()
        except BaseException:
            self._file.close()
            raise

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, number: int) -> T:
        self._file.seek(self._places[number])
        thing: T = pickle.load(self._file)  # noqa: S301 - nobody else can write the file
        return thing

    def __iter__(self) -> Iterator[T]:
        for number in range(len(self)):
            yield self[number]

    def __del__(self) -> None:
        self._file.close()
