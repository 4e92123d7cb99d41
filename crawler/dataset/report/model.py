"""What the page is given from outside the dataset: how the sources are, and pictures of pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Box = tuple[float, float, float, float]
"""x0, top, x1, bottom in points, from the top left."""


@dataclass(frozen=True, slots=True)
class Crop:
    """A place of a stored document: the page from 1 and a box on it; ``path`` is relative to the archive.

    ``turn``: degrees clockwise that the page was turned by before it was read; the box is on the page turned.
    """

    sha256: str
    path: str
    page: int
    box: Box
    turn: int = 0


@dataclass(frozen=True, slots=True)
class Picture:
    """A cut-out as an image file. ``box`` is the part of the crop's that lies on the page."""

    media_type: str
    content: bytes
    box: Box


CropPages = Callable[[Sequence[Crop]], Mapping[Crop, Picture | str]]
"""Pictures of places, the most wanted first; a text says why there is none."""


def no_pictures(crops: Sequence[Crop]) -> dict[Crop, Picture | str]:
    """Draws nothing."""
    return dict.fromkeys(crops, "no pictures were asked for when this version was made")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """``portals`` gives entries like those of ``health.json``; ``None`` leaves it at what the ledger says."""

    portals: Callable[[], Sequence[Mapping[str, Any]]] | None = None
    pictures: CropPages = no_pictures
