"""OFD (GB/T 33190-2016) -> Document: text and ruled tables by position, as in a PDF.

The zip and its XML parts are read directly. Characters and rules, template pages and composite objects included, become
marks on pages, and the marks take the same way as a PDF's.
"""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from crawler.documents.assembly import assemble, items_of
from crawler.documents.model import Document
from crawler.documents.ofd_package import Package, child_text, children, local_name
from crawler.documents.ofd_page import PART_MISSING, Drawing, page_content, page_size, read_drawing
from crawler.documents.text_layer import PageContent, is_scan, require_text
from crawler.outcomes import Outcome, OutcomeError

MEDIA_TYPE = "application/ofd"
MAX_PAGES = 400
MAX_DOCUMENTS = 50

INFO_KEYS = ("Title", "Author", "Subject", "Creator", "CreatorVersion", "CreationDate", "ModDate")
_PRODUCER = "native-producer"
_RESOURCES = frozenset({"PublicRes", "DocumentRes"})
_COMPOSITES = frozenset({"CompositeGraphicUnit", "VectorGraphUnit", "VectorGraph"})


def read_ofd(content: bytes) -> Document:
    """The file's paragraphs and grids in reading order; every cell has its 1-based page and its box in points.

    Several documents in one file are read one after the other as one, their pages numbered through. Annotations (seals,
    stamps), signatures and attachments are not read.

    Raises:
        OutcomeError: ``not_a_document`` (no ``OFD.xml``, a part that is no XML), ``truncated`` (broken zip, a page without
            its part), ``encrypted``, ``too_large``, ``unsupported``, ``scanned`` (page images only) or ``garbled`` (glyphs
            without characters).
    """
    package = Package(content)
    entry = package.xml(package.entry)
    bodies = [element for element in entry if local_name(element) == "DocBody"]
    if len(bodies) > MAX_DOCUMENTS:
        raise OutcomeError(Outcome.TOO_LARGE, f"the OFD holds {len(bodies)} documents; at most {MAX_DOCUMENTS} are read")
    pages: list[PageContent] = []
    for body in bodies:
        pages.extend(_Body(package, body).pages(len(pages)))
    if not pages:
        raise OutcomeError(Outcome.TRUNCATED, "the OFD names no page; fetch it again")
    _require_text(pages)
    blocks = assemble(items_of([page.marks for page in pages]))
    flags = {flag for page in pages for flag in page.marks.flags} | ({"image_page"} if any(map(is_scan, pages)) else set())
    return Document(MEDIA_TYPE, tuple(blocks), metadata=_metadata(bodies), page_count=len(pages), flags=tuple(sorted(flags)))


def _require_text(pages: list[PageContent]) -> None:
    try:
        require_text(pages)
    except OutcomeError as error:
        what = "holds page images without text" if error.outcome is Outcome.SCANNED else "names glyphs instead of characters"
        message = f"the OFD {what}, and OFD pages are not read by OCR: take the report's PDF, or print the OFD to PDF"
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

    def pages(self, before: int) -> Iterator[PageContent]:
        """Each page in order, numbered on from ``before``."""
        named = [page for pages in children(self._root, "Pages") for page in children(pages, "Page")]
        if before + len(named) > MAX_PAGES:
            raise OutcomeError(Outcome.TOO_LARGE, f"the OFD has {before + len(named)} pages; an annual report has fewer")
        for number, page in enumerate(named, start=before + 1):
            yield self._page(number, page.get("BaseLoc") or "")

    def _page(self, number: int, location: str) -> PageContent:
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
        return page_content(number, page_size(areas), drawings, flags)

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

        def composite(identifier: str) -> etree._Element | None:
            own = [(child.text or "", name) for child in children(page, "PageRes")]
            common = [(child.text or "", self._name) for child in self._common if local_name(child) in _RESOURCES]
            for location, base in own + common:
                part = self._package.find(location, base)
                if part is not None and identifier in (found := self._composites_of(part)):
                    return found[identifier]
            return None

        return read_drawing(page, composite)

    def _composites_of(self, part: str) -> dict[str, etree._Element]:
        """The drawings of composite objects that a resource part holds, by their ID."""
        if part not in self._composites:
            self._composites[part] = {
                (element.get("ID") or "").strip(): element
                for element in self._package.xml(part).iter()
                if local_name(element) in _COMPOSITES
            }
        return self._composites[part]
