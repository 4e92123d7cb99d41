"""The ledger's tables; ``docs/ledger.md`` says what may be relied on.

Only types that SQLite and PostgreSQL share. Times are ISO 8601 text in UTC, so that they sort and read alike in both.
"""

from __future__ import annotations

import sqlalchemy as sa

SCHEMA_VERSION = 1
"""Raised with every change of a table; a ledger of a newer version is not opened."""

metadata = sa.MetaData()

meta = sa.Table(
    "meta",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

runs = sa.Table(
    "runs",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("spider", sa.Text, nullable=False),
    sa.Column("started_at", sa.Text, nullable=False),
    sa.Column("finished_at", sa.Text),
    sa.Column("reason", sa.Text),
    sa.Column("exit_status", sa.Integer),
    sa.Column("stats", sa.Text),
)

portals = sa.Table(
    "portals",
    metadata,
    sa.Column("spider", sa.Text, primary_key=True),
    sa.Column("portal", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("region", sa.Text, nullable=False),
    sa.Column("region_code", sa.Text),
    sa.Column("home", sa.Text, nullable=False),
    sa.Column("family", sa.Text),
    sa.Column("browser", sa.Boolean),
    sa.Column("last_attempt", sa.Text),
    sa.Column("last_success", sa.Text),
    sa.Column("last_new_document", sa.Text),
    sa.Column("last_outcome", sa.Text),
    sa.Column("last_message", sa.Text, nullable=False, server_default=""),
)

columns = sa.Table(
    "columns",
    metadata,
    sa.Column("portal", sa.Text, primary_key=True),
    sa.Column("url", sa.Text, primary_key=True),
    sa.Column("family", sa.Text),
    sa.Column("last_swept", sa.Text, nullable=False),
    sa.Column("declared_total", sa.Integer),
    sa.Column("collected", sa.Integer, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("message", sa.Text, nullable=False),
)

pages = sa.Table(
    "pages",
    metadata,
    sa.Column("url", sa.Text, primary_key=True),
    sa.Column("portal", sa.Text, primary_key=True),
    sa.Column("column_url", sa.Text),
    sa.Column("title", sa.Text),
    sa.Column("published_date", sa.Text),
    sa.Column("source", sa.Text),
    sa.Column("list_title", sa.Text),
    sa.Column("list_date", sa.Text),
    sa.Column("etag", sa.Text),
    sa.Column("last_modified", sa.Text),
    sa.Column("first_seen", sa.Text, nullable=False),
    sa.Column("last_seen", sa.Text, nullable=False),
    sa.Column("gone_at", sa.Text),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    sa.Index("pages_by_portal", "portal"),
)

documents = sa.Table(
    "documents",
    metadata,
    sa.Column("url", sa.Text, primary_key=True),
    # Empty, not null, where nothing was stored: nulls are never equal, and each failed night would add a row.
    sa.Column("sha256", sa.Text, primary_key=True),
    sa.Column("page_url", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("media_type", sa.Text),
    sa.Column("bytes", sa.BigInteger),
    sa.Column("path", sa.Text),
    sa.Column("fetched_at", sa.Text, nullable=False),
    sa.Column("first_seen", sa.Text, nullable=False),
    sa.Column("last_seen", sa.Text, nullable=False),
    sa.Column("etag", sa.Text),
    sa.Column("last_modified", sa.Text),
    sa.Column("link_text", sa.Text),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("last_run", sa.Integer),
    sa.Index("documents_by_page", "page_url"),
    sa.Index("documents_by_sha256", "sha256"),
    sa.Index("documents_by_last_run", "last_run"),
)

# What the next night's sweep starts from and compares with; see crawler/dataset/visits.py.
entries = sa.Table(
    "entries",
    metadata,
    sa.Column("spider", sa.Text, primary_key=True),
    sa.Column("portal", sa.Text, primary_key=True),
    sa.Column("url", sa.Text, primary_key=True),
    sa.Column("found_at", sa.Text, nullable=False),
)

list_pages = sa.Table(
    "list_pages",
    metadata,
    sa.Column("portal", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("etag", sa.Text),
    sa.Column("last_modified", sa.Text),
    # zlib-compressed: a list page is 30 kB of markup, a fifth of it compressed.
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("fetched_at", sa.Text, nullable=False),
)

visits = sa.Table(
    "visits",
    metadata,
    sa.Column("portal", sa.Text, primary_key=True),
    # As the list links it; where that redirects, the page is known under the address it ends at.
    sa.Column("url", sa.Text, primary_key=True),
    sa.Column("page_url", sa.Text, nullable=False),
    sa.Column("fingerprint", sa.Text, nullable=False),
    sa.Column("etag", sa.Text),
    sa.Column("last_modified", sa.Text),
    sa.Column("fetched_at", sa.Text, nullable=False),
)

extractions = sa.Table(
    "extractions",
    metadata,
    sa.Column("sha256", sa.Text, primary_key=True),
    sa.Column("extractor_version", sa.Text, primary_key=True),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    # zlib-compressed UTF-8 JSON: about a tenth of the text, and 45,000 records have to fit on a small disk.
    sa.Column("record", sa.LargeBinary),
    sa.Column("extracted_at", sa.Text, nullable=False),
    sa.Column("seconds", sa.Float, nullable=False),
)

publications = sa.Table(
    "publications",
    metadata,
    sa.Column("spider", sa.Text, primary_key=True),
    sa.Column("version", sa.Text, primary_key=True),
    sa.Column("published_at", sa.Text, nullable=False),
    sa.Column("counts", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
)
