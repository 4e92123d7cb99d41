"""What a night asks the ledger for every portal and every few rows, made once: making it took longer than its answer."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from crawler.dataset import tables

_DOCUMENT, _EXTRACTION, _LIST, _PAGE, _VISIT = (
    table.c for table in (tables.documents, tables.extractions, tables.list_pages, tables.pages, tables.visits)
)
_PAGE_FACTS = tuple(
    _PAGE[name] for name in ("column_url", "outcome", "title", "published_date", "source", "list_title", "list_date")
)
_VISIT_FACTS = ("fingerprint", "etag", "last_modified", "fetched_at")


def _given(name: str) -> sa.BindParameter[str]:
    return sa.bindparam(name, type_=tables.Text())


def _one_of(name: str) -> sa.BindParameter[Any]:
    return sa.bindparam(name, expanding=True, type_=tables.Text())


HAS_PAGES = sa.select(_PAGE.url).where(_PAGE.portal == _given("portal")).limit(1)
LIST_VALIDATORS = sa.select(_LIST.key, _LIST.etag, _LIST.last_modified).where(_LIST.portal == _given("portal"))
LIST_BODY = sa.select(_LIST.url, _LIST.body).where(_LIST.portal == _given("portal"), _LIST.key == _given("key"))

KNOWN_PAGES = (
    sa.select(_VISIT.url, _VISIT.page_url, *(_VISIT[name] for name in _VISIT_FACTS), *_PAGE_FACTS)
    .join_from(tables.visits, tables.pages, sa.and_(_PAGE.portal == _VISIT.portal, _PAGE.url == _VISIT.page_url))
    .where(_VISIT.portal == _given("portal"), _VISIT.url.in_(_one_of("urls")))
)
"""Of rows whose page was received whole."""

KNOWN_FILES = sa.select(
    _PAGE.url, _PAGE.url.label("page_url"), *(sa.literal_column("''").label(name) for name in _VISIT_FACTS), *_PAGE_FACTS
).where(_PAGE.portal == _given("portal"), _PAGE.url.in_(_one_of("urls")))
"""The same, as far as there is anything to know, of rows that link a file."""

DOCUMENTS = (
    sa.select(tables.documents, _EXTRACTION.outcome.label("read"), _EXTRACTION.message.label("said"))
    .outerjoin_from(
        tables.documents,
        tables.extractions,
        sa.and_(_EXTRACTION.sha256 == _DOCUMENT.sha256, _EXTRACTION.extractor_version == _given("extractor_version")),
    )
    .where(_DOCUMENT.page_url.in_(_one_of("pages")))
    .order_by(_DOCUMENT.first_seen, _DOCUMENT.url, _DOCUMENT.last_seen.desc(), _DOCUMENT.sha256)
)
"""Of pages, with what the extractor made of each."""
