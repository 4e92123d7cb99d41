"""OFD (GB/T 33190-2016) -> Document: text and ruled tables by position, as in a PDF.

The zip and its XML parts are read directly. Characters and rules, template pages and composite objects included, become
marks on pages, and the marks take the same way as a PDF's. Pages that are pictures are read by OCR.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from lxml import etree

from crawler.documents.assembly import assemble, items_of
from crawler.documents.model import Document
from crawler.documents.ofd_package import Package, child_text, children, local_name
from crawler.documents.ofd_page import PART_MISSING, Drawing, Picture, page_content, page_size, read_drawing
from crawler.documents.page import PageMarks
from crawler.documents.scan import missing_parts, require_ocr
from crawler.documents.text_layer import FEW_CHARACTERS, PageContent, is_scan, pages_with_images, require_text
from crawler.outcomes import Outcome, OutcomeError

MEDIA_TYPE = "application/ofd"
MAX_PAGES = 400
MAX_DOCUMENTS = 50
MAX_PICTURED = 60
"""Pages read by OCR."""

INFO_KEYS = ("Title", "Author", "Subject", "Creator", "CreatorVersion", "CreationDate", "ModDate")
_PRODUCER = "native-producer"
_RESOURCES = frozenset({"PublicRes", "DocumentRes"})
Found = TypeVar("Found")
_COMPOSITES = frozenset({"CompositeGraphicUnit", "VectorGraphUnit", "VectorGraph"})


def read_ofd(content: bytes) -> Document:
    """The file's paragraphs and grids in reading order; every cell has its 1-based page and its box in points.

    Several documents in one file are read one after the other as one, their pages numbered through. Pages that are pictures,
    and pictures where no table stands in the text, are read by OCR where it is installed. Annotations (seals, stamps),
    signatures and attachments are not read.

    Raises:
        OutcomeError: ``not_a_document`` (no ``OFD.xml``, a part that is no XML), ``truncated`` (broken zip, a page without
            its part), ``encrypted``, ``too_large``, ``unsupported``, ``scanned`` (page images, and no OCR) or ``garbled``
            (glyphs without characters).
    """
    package = Package(content)
    entry = package.xml(package.entry)
    bodies = [element for element in entry if local_name(element) == "DocBody"]
    if len(bodies) > MAX_DOCUMENTS:
        raise OutcomeError(Outcome.TOO_LARGE, f"the OFD holds {len(bodies)} documents; at most {MAX_DOCUMENTS} are read")
    pages: list[OfdPage] = []
    for body in bodies:
        pages.extend(_Body(package, body).pages(len(pages)))
    if not pages:
        raise OutcomeError(Outcome.TRUNCATED, "the OFD names no page; fetch it again")
    contents = [page.content for page in pages]
    scans = [page for page in pages if is_scan(page.content) and page.has_pictures]
    if scans and not missing_parts():
        document = _document(package, bodies, pages, scans)
        if len(document.text) >= FEW_CHARACTERS:
            return document
    _require_text(contents)
    document = _document(package, bodies, pages)
    with_images = set(pages_with_images(contents)) if not document.grids and not missing_parts() else set()
    tables = [page for page in pages if page.content.marks.number in with_images and page.has_pictures]
    if tables:
        return _document(package, bodies, pages, tables)
    return replace(document, flags=(*document.flags, *(("image_page",) if any(map(is_scan, contents)) else ())))


@dataclass(frozen=True, slots=True)
class OfdPage:
    """A page's marks, and its pictures in the order they are drawn."""

    content: PageContent
    pictures: tuple[Picture, ...]

    @property
    def has_pictures(self) -> bool:
        """Whether there is an image file to look at."""
        return any(picture.part for picture in self.pictures)


def _document(
    package: Package, bodies: list[etree._Element], pages: Sequence[OfdPage], pictured: Sequence[OfdPage] = ()
) -> Document:
    """The document; on the ``pictured`` pages what their images show is read too."""
    metadata = _metadata(bodies)
    marks = [page.content.marks for page in pages]
    flags = sorted({flag for page in marks for flag in page.flags})
    if not pictured:
        blocks = assemble(items_of(marks))
        return Document(MEDIA_TYPE, tuple(blocks), metadata=metadata, page_count=len(pages), flags=tuple(flags))
    if len(pictured) > MAX_PICTURED:
        message = f"{len(pictured)} pages of the OFD are images; at most {MAX_PICTURED} are read, and no report has as many"
        raise OutcomeError(Outcome.TOO_LARGE, message)
    # An optional extra, and 0.3 s to load.
    from crawler.documents.ofd_image import page_image
    from crawler.documents.scan.document import read_images

    images = read_images(
        page_image(
            page.content.marks.number,
            (page.content.marks.width, page.content.marks.height),
            [(picture.matrix, package.media(picture.part)) for picture in page.pictures if picture.part],
        )
        for page in pictured
    )
    mixed = [_with_image(page, images.marks(page.number)) if page.number in images.numbers else page for page in marks]
    items = items_of(mixed)
    images.annotate(items)
    return Document(
        MEDIA_TYPE,
        tuple(images.finish(assemble(items))),
        metadata=metadata,
        page_count=len(pages),
        flags=(*flags, *images.flags),
    )


def _with_image(page: PageMarks, image: PageMarks) -> PageMarks:
    """What stands on the page as characters and rules, and what its images show."""
    return page._replace(
        runs=page.runs + image.runs,
        horizontals=page.horizontals + image.horizontals,
        verticals=page.verticals + image.verticals,
    )


def _require_text(pages: list[PageContent]) -> None:
    try:
        require_text(pages)
    except OutcomeError as error:
        if error.outcome is Outcome.SCANNED:
            require_ocr(Outcome.SCANNED, "the OFD holds page images without text")
            message = "the OFD's pages show no text and name no image that could be read: take the report's PDF"
        else:
            message = "the OFD names glyphs instead of characters: take the report's PDF, or print the OFD to PDF"
        raise OutcomeError(error.outcome, message) from error


def _metadata(bodies: list[etree._Element]) -> dict[str, str]:
    """What the first document's ``DocInfo`` says, as printed."""
    found: dict[str, str] = {}
    for info in [info for body in bodies for info in children(body, "DocInfo")][:1]:
        found = {key.lower(): text for key in INFO_KEYS if (text := child_text(info, key))}
        for data in [data for datas in children(info, "CustomDatas") for data in children(datas, "CustomData")]:
            if data.get("Name") == _PRODUCER and (data.text or "").strip():
                found["producer"] = (data.text or "").strip()
    return found


class _Body:
    """One document of the file: its pages, templates and resources."""

    def __init__(self, package: Package, body: etree._Element) -> None:
        self._package = package
        location = child_text(body, "DocRoot")
        name = package.find(location, package.entry)
        if name is None:
            raise OutcomeError(Outcome.TRUNCATED, f"the OFD lacks the document {location[:80]!r} that it names; fetch it again")
        self._name = name
        self._root = package.xml(name)
        self._common = [child for common in children(self._root, "CommonData") for child in common]
        self._templates: dict[str, tuple[Drawing, etree._Element] | None] = {}
        self._composites: dict[str, dict[str, etree._Element]] = {}
        self._media: dict[str, dict[str, str]] = {}

    def pages(self, before: int) -> Iterator[OfdPage]:
        """Each page in order, numbered on from ``before``."""
        named = [page for pages in children(self._root, "Pages") for page in children(pages, "Page")]
        if before + len(named) > MAX_PAGES:
            raise OutcomeError(Outcome.TOO_LARGE, f"the OFD has {before + len(named)} pages; an annual report has fewer")
        for number, page in enumerate(named, start=before + 1):
            yield self._page(number, page.get("BaseLoc") or "")

    def _page(self, number: int, location: str) -> OfdPage:
        name = self._package.find(location, self._name)
        if name is None:
            raise OutcomeError(Outcome.TRUNCATED, f"page {number} of the OFD is missing in the file; fetch it again")
        page = self._package.xml(name)
        flags: set[str] = set()
        drawings: list[Drawing] = []
        areas = children(page, "Area")
        for used in children(page, "Template"):
            template = self._template((used.get("TemplateID") or "").strip())
            if template is None:
                flags.add(PART_MISSING)
                continue
            drawings.append(template[0])
            areas += children(template[1], "Area")
        drawings.append(self._drawing(page, name))
        areas += [child for child in self._common if local_name(child) == "PageArea"]
        content = page_content(number, page_size(areas), drawings, flags)
        return OfdPage(content, tuple(picture for drawing in drawings for picture in drawing.images))

    def _template(self, identifier: str) -> tuple[Drawing, etree._Element] | None:
        if identifier not in self._templates:
            self._templates[identifier] = None
            for template in self._common:
                if local_name(template) != "TemplatePage" or (template.get("ID") or "").strip() != identifier:
                    continue
                name = self._package.find(template.get("BaseLoc") or "", self._name)
                if name is not None:
                    root = self._package.xml(name)
                    self._templates[identifier] = self._drawing(root, name), root
                    break
        return self._templates[identifier]

    def _drawing(self, page: etree._Element, name: str) -> Drawing:
        """What a page or template shows; resources are opened when the first composite object asks for one."""

        def resource(identifier: str, found_in: Callable[[str], Mapping[str, Found]]) -> Found | None:
            own = [(child.text or "", name) for child in children(page, "PageRes")]
            common = [(child.text or "", self._name) for child in self._common if local_name(child) in _RESOURCES]
            for location, base in own + common:
                part = self._package.find(location, base)
                if part is not None and identifier in (found := found_in(part)):
                    return found[identifier]
            return None

        drawing = read_drawing(page, lambda identifier: resource(identifier, self._composites_of))
        shown = [picture._replace(part=resource(picture.resource, self._media_of)) for picture in drawing.images]
        return drawing._replace(images=shown)

    def _composites_of(self, part: str) -> dict[str, etree._Element]:
        """The drawings of composite objects that a resource part holds, by their ID."""
        if part not in self._composites:
            self._composites[part] = {
                (element.get("ID") or "").strip(): element
                for element in self._package.xml(part).iter()
                if local_name(element) in _COMPOSITES
            }
        return self._composites[part]

    def _media_of(self, part: str) -> dict[str, str]:
        """The image files that a resource part names, by their ID."""
        if part not in self._media:
            root = self._package.xml(part)
            folder = root.get("BaseLoc") or ""
            self._media[part] = {}
            for element in root.iter():
                if local_name(element) == "MultiMedia":
                    location = child_text(element, "MediaFile")
                    file = self._package.find(f"{folder}/{location}", part) or self._package.find(location, part)
                    if file is not None:
                        self._media[part][(element.get("ID") or "").strip()] = file
        return self._media[part]
