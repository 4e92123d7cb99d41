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
            documents.append(asked_again(known))
        elif not urlsplit(known.url).fragment:
            documents.append(asked_about(known))
    return documents


def asked_about(known: KnownDocument) -> DocumentItem:
    """A document that may have changed."""
    expected = promised_kind(known.url)
    return DocumentItem(known.url, known.role, link_text=known.link_text or "", expected=expected, known=known)


def asked_again(known: KnownDocument) -> DocumentItem:
    """A document of which it is certain that it is as it was."""
    return DocumentItem(
        known.url,
        known.role,
        link_text=known.link_text or "",
        sha256=known.sha256,
        media_type=known.media_type,
        size=known.size,
        path=known.path,
        etag=known.etag,
        last_modified=known.last_modified,
        unchanged=True,
        known=known,
    )
