"""Documents known from earlier nights, as the pipelines take them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from crawler.documents.sniff import PAGE_IMAGES
from crawler.items import DocumentItem
from crawler.portals.article import promised_kind

if TYPE_CHECKING:
    from crawler.dataset.model import KnownDocument, KnownPage


def unchanged_documents(page: KnownPage) -> list[DocumentItem]:
    """The documents of a page that is as it was.

    Its body and its images are too. Attachments may have changed under their addresses: whether they are asked about is for the
    attachments' station to say. Members of an archive come with it.
    """
    documents = []
    for known in page.documents:
        if known.role == "body" or known.media_type == PAGE_IMAGES:
            documents.append(as_it_was(known))
        elif not urlsplit(known.url).fragment:
            documents.append(asked_about(known))
    return documents


def asked_about(known: KnownDocument) -> DocumentItem:
    """A document that may have changed."""
    expected = promised_kind(known.url)
    return DocumentItem(known.url, known.role, link_text=known.link_text or "", expected=expected, known=known)


def as_it_was(known: KnownDocument) -> DocumentItem:
    """A document of which it is certain that it is as it was."""
    document = asked_about(known)
    take_as_known(document, known)
    return document


def take_as_known(document: DocumentItem, known: KnownDocument) -> None:
    """From now on the document is the content that the ledger has for it."""
    document.sha256, document.media_type, document.size, document.path = (
        known.sha256,
        known.media_type,
        known.size,
        known.path,
    )
    document.etag, document.last_modified = known.etag, known.last_modified
    document.unchanged, document.known = True, known
