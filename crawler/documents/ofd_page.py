"""What one OFD page shows: characters as runs, thin paths as rules, in points from the page's top left."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from lxml import etree

from crawler.documents.layout import lines_of
from crawler.documents.model import Box
from crawler.documents.ofd_package import children, children_by_name, local_name
from crawler.documents.ofd_path import numbers, short_path, subpaths
from crawler.documents.ofd_text import ASCENT, Glyph, text_runs
from crawler.documents.page import PageMarks, TextRun
from crawler.documents.radicals import fold_radicals
from crawler.documents.ruling import THICKEST_RULE, RuleCollector, Subpath
from crawler.documents.text_layer import PageContent, character_counts

POINTS = 72 / 25.4
"""Points in a millimetre, the unit of OFD."""
MAX_OBJECTS = 200_000
"""Objects, characters and path commands looked at on one page, templates and composite objects included."""
MAX_RULES = 10_000
"""A page of tables drawn cell by cell has about 2,000."""
SHORT_PATH = 400
"""Characters of path data up to which a path is likely to come again."""
MAX_DEPTH = 12
"""Blocks and composite objects within one another."""
LARGEST_MILLIMETRES = 5_000.0
LINE_WIDTH = 0.353
"""What the standard says where a path does not."""
OFF_AXIS = 0.14
"""The sine from which on text is slanted: a water mark across the page, no part of a line or a cell."""
SAME_PLACE = 0.25
"""The same text this near (in line heights) to where it stands already is a shadow, or bold by printing twice."""
_PLACE = 3.0
LONGEST_WORD = 120
NEXT = 0.1
"""How far (in line heights) a character may stand off where the one before ends and belong to the same word."""

TOO_MANY_OBJECTS = "too_many_objects"
SLANTED_TEXT = "slanted_text_left_out"
PART_MISSING = "part_missing"

_COLOURS = ("FillColor", "StrokeColor")
_CONTAINERS = frozenset({"Layer", "PageBlock"})

Matrix = tuple[float, float, float, float, float, float]
Composite = Callable[[str], etree._Element | None]  # noqa: SLF001 - lxml names its element type so
"""The drawing of a composite object by its resource ID."""
Parts = Mapping[str, Sequence[etree._Element]]  # noqa: SLF001 - lxml names its element type so
"""An object's child elements by local name."""


class Picture(NamedTuple):
    """An image on a page: ``matrix`` maps its unit square to points; ``part`` is its file, ``None`` where it is not known."""

    resource: str
    matrix: Matrix
    part: str | None = None

    @property
    def box(self) -> Box:
        """What it covers, in points."""
        return _transformed((0.0, 0.0, 1.0, 1.0), self.matrix)


class Drawing(NamedTuple):
    """What one page or template shows by itself."""

    runs: list[TextRun]
    rules: RuleCollector
    images: list[Picture]
    path_count: int
    flags: frozenset[str]


def read_drawing(page: etree._Element, composite: Composite) -> Drawing:
    """The visible text, rules and images of a ``Page`` element's ``Content``."""
    return _Walker(composite).read(page)


def page_content(number: int, size: tuple[float, float], drawings: list[Drawing], flags: set[str]) -> PageContent:
    """One page from its own drawing and its templates'; ``size`` is its width and height in points."""
    width, height = size
    runs: list[TextRun] = []
    placed = _Places()
    for drawing in drawings:
        for run in drawing.runs:
            x, y = (run.x0 + run.x1) / 2, (run.top + run.bottom) / 2
            if 0 <= x <= width and 0 <= y <= height and not placed.taken(run):
                if runs and _adjoins(runs[-1], run):
                    runs[-1] = _joined(runs[-1], run)
                else:
                    runs.append(run)
    if sum(bool(drawing.runs) for drawing in drawings) > 1:
        # Labels of a template and numbers of a page have no order of their own between them.
        runs = [run for line in lines_of(runs) for run in line.runs]
    text = "".join(run.text for run in runs)
    images = [picture.box for drawing in drawings for picture in drawing.images]
    marks = PageMarks(
        number,
        width,
        height,
        runs,
        [rule for drawing in drawings for rule in drawing.rules.horizontals if 0 <= rule.at <= height],
        [rule for drawing in drawings for rule in drawing.rules.verticals if 0 <= rule.at <= width],
        tuple(sorted(flags.union(*(drawing.flags for drawing in drawings)))),
    )
    return PageContent(
        marks,
        *character_counts(text, text),
        # Together: scanners cut a sheet into strips.
        image_share=min(sum(_shown(image, width, height) for image in images) / (width * height), 1.0),
        path_count=sum(drawing.path_count for drawing in drawings),
        all_invisible=False,
        placeholder_count=text.count("(cid:"),
    )


def _adjoins(run: TextRun, after: TextRun) -> bool:
    """Whether ``after`` goes on in the same word: producers that place every character write an object for each."""
    height = run.bottom - run.top
    return (
        not after.space_before
        and len(run.text) < LONGEST_WORD
        and abs(after.top - run.top) <= NEXT * height
        and abs(after.bottom - run.bottom) <= NEXT * height
        and abs(after.x0 - run.x1) <= NEXT * height
    )


def _joined(run: TextRun, after: TextRun) -> TextRun:
    return run._replace(
        text=run.text + after.text,
        top=min(run.top, after.top),
        x1=max(run.x1, after.x1),
        bottom=max(run.bottom, after.bottom),
        edges=(run.edges or ()) + (after.edges or ()),
    )


def _shown(image: Box, width: float, height: float) -> float:
    return max(min(image[2], width) - max(image[0], 0), 0) * max(min(image[3], height) - max(image[1], 0), 0)


class _Places:
    """Where each text stands already on the page."""

    def __init__(self) -> None:
        self._places: dict[tuple[str, int, int], list[tuple[float, float]]] = {}

    def taken(self, run: TextRun) -> bool:
        """Whether the same text stands there; if not, from now on it does."""
        text, x, y = run.text, run.x0, run.top
        reach = min(SAME_PLACE * (run.bottom - y), _PLACE)
        places = self._places
        columns = range(int((x - reach) // _PLACE), int((x + reach) // _PLACE) + 1)
        rows = range(int((y - reach) // _PLACE), int((y + reach) // _PLACE) + 1)
        for column in columns:
            for row in rows:
                for other_x, other_y in places.get((text, column, row), ()):
                    if abs(x - other_x) <= reach and abs(y - other_y) <= reach:
                        return True
        places.setdefault((text, int(x // _PLACE), int(y // _PLACE)), []).append((x, y))
        return False


def page_size(areas: Iterable[etree._Element]) -> tuple[float, float]:
    """Width and height in points by the first usable physical box; A4 where there is none."""
    for area in areas:
        for box in children(area, "PhysicalBox"):
            found = numbers(box.text, 4)
            if found and all(1 < side <= LARGEST_MILLIMETRES for side in found[2:]):
                return found[2] * POINTS, found[3] * POINTS
    return 210 * POINTS, 297 * POINTS


class _Walker:
    """Walks the objects of one page or template."""

    def __init__(self, composite: Composite) -> None:
        self._composite = composite
        self._open: set[str] = set()
        self._left = MAX_OBJECTS
        self._runs: list[TextRun] = []
        self._rules = RuleCollector()
        self._images: list[Picture] = []
        self._path_count = 0
        self._flags: set[str] = set()

    def read(self, page: etree._Element) -> Drawing:
        whole = (POINTS, 0.0, 0.0, POINTS, 0.0, 0.0)
        for content in children(page, "Content"):
            self._walk(content, whole, 0)
        if len(self._rules.horizontals) + len(self._rules.verticals) > MAX_RULES:
            del self._rules.horizontals[MAX_RULES // 2 :], self._rules.verticals[MAX_RULES // 2 :]
            self._flags.add(TOO_MANY_OBJECTS)
        return Drawing(self._runs, self._rules, self._images, self._path_count, frozenset(self._flags))

    def _walk(self, container: etree._Element, outer: Matrix, depth: int) -> None:
        if depth > MAX_DEPTH:
            self._flags.add(TOO_MANY_OBJECTS)
            return
        for element in container:
            self._left -= 1
            if self._left < 0:
                self._flags.add(TOO_MANY_OBJECTS)
                return
            name = local_name(element)
            if element.get("Visible") == "false" or element.get("Alpha") == "0":
                continue
            if name == "TextObject":
                self._text(element, children_by_name(element), outer)
            elif name == "PathObject":
                self._path(element, children_by_name(element), outer)
            elif name == "ImageObject":
                self._image(element, outer)
            elif name == "CompositeObject":
                self._composite_object(element, outer, depth)
            elif name in _CONTAINERS:
                self._walk(element, outer, depth + 1)

    def _composite_object(self, element: etree._Element, outer: Matrix, depth: int) -> None:
        identifier = (element.get("ResourceID") or "").strip()
        unit = None if identifier in self._open else self._composite(identifier)
        if unit is None:
            self._flags.add(PART_MISSING)
            return
        inner = _matrix(element, outer)
        self._open.add(identifier)
        for content in children(unit, "Content") or [unit]:
            self._walk(content, inner, depth + 1)
        self._open.discard(identifier)

    def _image(self, element: etree._Element, outer: Matrix) -> None:
        a, b, c, d, e, f = _matrix(element, outer)
        if element.get("CTM") is None:
            # The image fills its boundary.
            boundary = numbers(element.get("Boundary"), 4) or (0.0, 0.0, 0.0, 0.0)
            a, b, c, d = a * boundary[2], b * boundary[2], c * boundary[3], d * boundary[3]
        if all(-1e5 < value < 1e5 for value in (a, b, c, d, e, f)):
            self._images.append(Picture((element.get("ResourceID") or "").strip(), (a, b, c, d, e, f)))

    def _path(self, element: etree._Element, parts: Parts, outer: Matrix) -> None:
        self._path_count += 1
        stroked, filled = element.get("Stroke") != "false", element.get("Fill") == "true"
        data = " ".join([child.text or "" for child in parts.get("AbbreviatedData", ())])
        if not (stroked or filled) or not data or _is_transparent(parts):
            return
        a, b, c, d, e, f = matrix = _matrix(element, outer)
        pieces = short_path(data) if len(data) <= SHORT_PATH else tuple(subpaths(data, max(self._left, 0)))
        straight = all(piece.straight for piece in pieces)
        drawn: list[Subpath] = []
        for points, closed, is_straight in pieces:
            self._left -= len(points)
            if points and (is_straight or stroked):
                drawn.append(([(a * x + c * y + e, b * x + d * y + f) for x, y in points], closed))
        shown = [point for points, _ in drawn for point in points]
        if not shown or not all(-1e6 < x < 1e6 and -1e6 < y < 1e6 for x, y in shown):
            return
        if stroked and not filled:
            width = numbers(element.get("LineWidth"), 1)
            if (width[0] if width else LINE_WIDTH) * max(map(abs, matrix[:4])) > THICKEST_RULE:
                return
        box = _around(shown)
        if straight and min(box[2] - box[0], box[3] - box[1]) <= THICKEST_RULE:
            self._rules.add_line(*box)
        else:
            self._rules.add_path(drawn, stroked=stroked, filled=filled)

    def _text(self, element: etree._Element, parts: Parts, outer: Matrix) -> None:
        size = (numbers(element.get("Size"), 1) or (0.0,))[0]
        matrix = _matrix(element, outer)
        a, b = matrix[:2]
        if not 0 < size < 1e5 or not (a or b) or element.get("Fill") == element.get("Stroke", "false") == "false":
            return
        if _is_transparent(parts) or ("Clips" in parts and _is_clipped_away(parts["Clips"])):
            return
        if min(abs(a), abs(b)) > OFF_AXIS * max(abs(a), abs(b)):
            self._flags.add(SLANTED_TEXT)
            return
        for glyphs in text_runs(element, parts, size, self._left):
            self._left -= len(glyphs)
            self._runs.extend(_runs(glyphs, size, matrix))


def _runs(glyphs: list[Glyph], size: float, matrix: Matrix) -> list[TextRun]:
    """The characters cut into runs at white space and wherever the next one does not follow the one before."""
    found: list[TextRun] = []
    open_text: list[str] = []
    boxes: list[Box] = []
    space = False
    opened_after_space = False

    def close() -> None:
        if len(boxes) == 1:
            x0, top, x1, bottom = boxes[0]
            found.append(TextRun(fold_radicals(open_text[0]), x0, top, x1, bottom, ((x0, x1),), opened_after_space))
        elif boxes:
            edges = tuple([(box[0], box[2]) for box in boxes])
            text = fold_radicals("".join(open_text))
            x0, top, x1, bottom = (
                min(b[0] for b in boxes),
                min(b[1] for b in boxes),
                max(b[2] for b in boxes),
                max(b[3] for b in boxes),
            )
            found.append(TextRun(text, x0, top, x1, bottom, edges, opened_after_space))
        open_text.clear()
        boxes.clear()

    a, b, c, d, e, f = matrix
    upright = b == c == 0 and a > 0 and d > 0
    for character, x, y, width in glyphs:
        if character.isspace() or character < " ":
            close()
            space = True
            continue
        if upright:
            left, high = a * x + e, d * (y - ASCENT * size) + f
            box = (left, high, left + a * width, high + d * size)
        else:
            box = _transformed((x, y - ASCENT * size, x + width, y + (1 - ASCENT) * size), matrix)
        if not -1e6 < box[0] <= box[2] < 1e6 or not -1e6 < box[1] <= box[3] < 1e6:
            continue
        if boxes:
            last = boxes[-1]
            high = max(last[3] - last[1], 1.0)
            if abs(last[1] - box[1]) > 0.5 * high or not -0.3 * high <= box[0] - last[2] <= 0.6 * high:
                close()
        if not boxes:
            opened_after_space = space
        space = False
        open_text.append(character)
        boxes.append(box)
    close()
    return found


def _is_transparent(parts: Parts) -> bool:
    alphas = [colour.get("Alpha") for name in _COLOURS for colour in parts.get(name, ())]
    return bool(alphas) and all(alpha == "0" for alpha in alphas)


def _is_clipped_away(all_clips: Sequence[etree._Element]) -> bool:
    """Whether the object has clips and every one of them is empty, the way fields are hidden that a page carries along."""
    areas = [
        numbers(path.get("Boundary"), 4)
        for clips in all_clips
        for clip in children(clips, "Clip")
        for area in children(clip, "Area")
        for path in area
        if local_name(path) == "Path"
    ]
    return bool(areas) and all(area is not None and (area[2] == 0 or area[3] == 0) for area in areas)


def _matrix(element: etree._Element, outer: Matrix) -> Matrix:
    """From the object's space to points: its own matrix, its boundary's corner, and what it stands in."""
    boundary = numbers(element.get("Boundary"), 4)
    x, y = boundary[:2] if boundary else (0.0, 0.0)
    oa, ob, oc, od, oe, of = outer
    own = numbers(element.get("CTM"), 6)
    if own is None:
        return oa, ob, oc, od, x * oa + y * oc + oe, x * ob + y * od + of
    a, b, c, d, e, f = own
    e, f = e + x, f + y
    return (a * oa + b * oc, a * ob + b * od, c * oa + d * oc, c * ob + d * od, e * oa + f * oc + oe, e * ob + f * od + of)


def _transformed(box: Box, matrix: Matrix) -> Box:
    a, b, c, d, e, f = matrix
    return _around([(a * x + c * y + e, b * x + d * y + f) for x in (box[0], box[2]) for y in (box[1], box[3])])


def _around(points: list[tuple[float, float]]) -> Box:
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return min(xs), min(ys), max(xs), max(ys)
