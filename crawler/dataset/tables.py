"""The ledger's tables; ``docs/ledger.md`` says what may be relied on.

Only types that SQLite and PostgreSQL share. Times are ISO 8601 text in UTC, so that they sort and read alike in both.
"""

from __future__ import annotations

import sqlalchemy as sa

SCHEMA_VERSION = 2
"""Raised with every change of a table, which needs a migration of that number; a ledger of a newer version is not opened."""


class Text(sa.types.TypeDecorator[str]):
    """Text that compares and sorts by its code points, whatever language the server speaks.

    PostgreSQL has no character U+0000; it is written as U+FFFD, as parsers of HTML do.
    """

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[str]:
        """Say the collation where there is a choice."""
        return dialect.type_descriptor(sa.Text(collation="C") if dialect.name == "postgresql" else sa.Text())

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's
        """What can be written everywhere."""
        return value.replace("\x00", "\ufffd") if value else value


BIG_ON_POSTGRES = sa.Integer().with_variant(sa.BigInteger(), "postgresql")
"""SQLite's INTEGER holds 64 bits as it is."""


metadata = sa.MetaData()

meta = sa.Table(
    "meta",
    metadata,
    sa.Column("key", Text, primary_key=True),
    sa.Column("value", Text, nullable=False),
)

runs = sa.Table(
    "runs",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("spider", Text, nullable=False),
    sa.Column("started_at", Text, nullable=False),
    sa.Column("finished_at", Text),
    sa.Column("reason", Text),
    sa.Column("exit_status", sa.Integer),
    sa.Column("stats", Text),
)

portals = sa.Table(
    "portals",
    metadata,
    sa.Column("spider", Text, primary_key=True),
    sa.Column("portal", Text, primary_key=True),
    sa.Column("name", Text, nullable=False),
    sa.Column("region", Text, nullable=False),
    sa.Column("region_code", Text),
    sa.Column("home", Text, nullable=False),
    sa.Column("family", Text),
    sa.Column("browser", sa.Boolean),
    sa.Column("last_attempt", Text),
    sa.Column("last_success", Text),
    sa.Column("last_new_document", Text),
    sa.Column("last_outcome", Text),
    sa.Column("last_message", Text, nullable=False, server_default=""),
)

columns = sa.Table(
    "columns",
    metadata,
    sa.Column("portal", Text, primary_key=True),
    sa.Column("url", Text, primary_key=True),
    sa.Column("family", Text),
    sa.Column("last_swept", Text, nullable=False),
    # What a portal claims, and so whatever it likes.
    sa.Column("declared_total", BIG_ON_POSTGRES),
    sa.Column("collected", sa.Integer, nullable=False),
    sa.Column("outcome", Text, nullable=False),
    sa.Column("message", Text, nullable=False),
)

pages = sa.Table(
    "pages",
    metadata,
    sa.Column("url", Text, primary_key=True),
    sa.Column("portal", Text, primary_key=True),
    sa.Column("column_url", Text),
    sa.Column("title", Text),
    sa.Column("published_date", Text),
    sa.Column("source", Text),
    sa.Column("list_title", Text),
    sa.Column("list_date", Text),
    sa.Column("etag", Text),
    sa.Column("last_modified", Text),
    sa.Column("first_seen", Text, nullable=False),
    sa.Column("last_seen", Text, nullable=False),
    sa.Column("gone_at", Text),
    sa.Column("outcome", Text, nullable=False),
    sa.Column("message", Text, nullable=False),
    # A portal's pages in the order in which publishing reads them.
    sa.Index("pages_by_portal", "portal", "url"),
)

documents = sa.Table(
    "documents",
    metadata,
    sa.Column("url", Text, primary_key=True),
    # Empty, not null, where nothing was stored: nulls are never equal, and each failed night would add a row.
    sa.Column("sha256", Text, primary_key=True),
    sa.Column("page_url", Text, nullable=False),
    sa.Column("role", Text, nullable=False),
    sa.Column("media_type", Text),
    sa.Column("bytes", sa.BigInteger),
    sa.Column("path", Text),
    sa.Column("fetched_at", Text, nullable=False),
    sa.Column("first_seen", Text, nullable=False),
    sa.Column("last_seen", Text, nullable=False),
    sa.Column("etag", Text),
    sa.Column("last_modified", Text),
    sa.Column("link_text", Text),
    sa.Column("outcome", Text, nullable=False),
    sa.Column("message", Text, nullable=False),
    sa.Column("last_run", sa.Integer),
    sa.Index("documents_by_page", "page_url"),
    sa.Index("documents_by_sha256", "sha256"),
)

# What the next night's sweep starts from and compares with; see crawler/dataset/visits.py.
entries = sa.Table(
    "entries",
    metadata,
    sa.Column("spider", Text, primary_key=True),
    sa.Column("portal", Text, primary_key=True),
    sa.Column("url", Text, primary_key=True),
    sa.Column("found_at", Text, nullable=False),
)

list_pages = sa.Table(
    "list_pages",
    metadata,
    sa.Column("portal", Text, primary_key=True),
    sa.Column("key", Text, primary_key=True),
    sa.Column("url", Text, nullable=False),
    sa.Column("etag", Text),
    sa.Column("last_modified", Text),
    # zlib-compressed: a list page is 30 kB of markup, a fifth of it compressed.
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("fetched_at", Text, nullable=False),
)

visits = sa.Table(
    "visits",
    metadata,
    sa.Column("portal", Text, primary_key=True),
    # As the list links it; where that redirects, the page is known under the address it ends at.
    sa.Column("url", Text, primary_key=True),
    sa.Column("page_url", Text, nullable=False),
    sa.Column("fingerprint", Text, nullable=False),
    sa.Column("etag", Text),
    sa.Column("last_modified", Text),
    sa.Column("fetched_at", Text, nullable=False),
)

extractions = sa.Table(
    "extractions",
    metadata,
    sa.Column("sha256", Text, primary_key=True),
    sa.Column("extractor_version", Text, primary_key=True),
    sa.Column("outcome", Text, nullable=False),
    sa.Column("message", Text, nullable=False),
    sa.Column("extracted_at", Text, nullable=False),
    sa.Column("seconds", sa.Float, nullable=False),
    # Last: what stands behind 20 kB SQLite has to read them to find.
    # zlib-compressed UTF-8 JSON: about a tenth of the text, and 45,000 records have to fit on a small disk.
    sa.Column("record", sa.LargeBinary),
)

publications = sa.Table(
    "publications",
    metadata,
    sa.Column("spider", Text, primary_key=True),
    sa.Column("version", Text, primary_key=True),
    sa.Column("published_at", Text, nullable=False),
    sa.Column("counts", Text, nullable=False),
    sa.Column("status", Text, nullable=False),
    sa.Column("reason", Text, nullable=False),
)
