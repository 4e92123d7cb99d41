"""The first released tables.

Revision ID: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from crawler.dataset.tables import BIG_ON_POSTGRES, Text

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables of an empty database."""
    op.create_table(
        "meta",
        sa.Column("key", Text, primary_key=True),
        sa.Column("value", Text, nullable=False),
    )
    op.create_table(
        "runs",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("spider", Text, nullable=False),
        sa.Column("started_at", Text, nullable=False),
        sa.Column("finished_at", Text),
        sa.Column("reason", Text),
        sa.Column("exit_status", sa.Integer),
        sa.Column("stats", Text),
    )
    op.create_table(
        "portals",
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
    op.create_table(
        "columns",
        sa.Column("portal", Text, primary_key=True),
        sa.Column("url", Text, primary_key=True),
        sa.Column("family", Text),
        sa.Column("last_swept", Text, nullable=False),
        sa.Column("declared_total", BIG_ON_POSTGRES),
        sa.Column("collected", sa.Integer, nullable=False),
        sa.Column("outcome", Text, nullable=False),
        sa.Column("message", Text, nullable=False),
    )
    op.create_table(
        "pages",
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
    )
    op.create_table(
        "documents",
        sa.Column("url", Text, primary_key=True),
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
    )
    op.create_table(
        "entries",
        sa.Column("spider", Text, primary_key=True),
        sa.Column("portal", Text, primary_key=True),
        sa.Column("url", Text, primary_key=True),
        sa.Column("found_at", Text, nullable=False),
    )
    op.create_table(
        "list_pages",
        sa.Column("portal", Text, primary_key=True),
        sa.Column("key", Text, primary_key=True),
        sa.Column("url", Text, nullable=False),
        sa.Column("etag", Text),
        sa.Column("last_modified", Text),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("fetched_at", Text, nullable=False),
    )
    op.create_table(
        "visits",
        sa.Column("portal", Text, primary_key=True),
        sa.Column("url", Text, primary_key=True),
        sa.Column("page_url", Text, nullable=False),
        sa.Column("fingerprint", Text, nullable=False),
        sa.Column("etag", Text),
        sa.Column("last_modified", Text),
        sa.Column("fetched_at", Text, nullable=False),
    )
    op.create_table(
        "extractions",
        sa.Column("sha256", Text, primary_key=True),
        sa.Column("extractor_version", Text, primary_key=True),
        sa.Column("outcome", Text, nullable=False),
        sa.Column("message", Text, nullable=False),
        sa.Column("record", sa.LargeBinary),
        sa.Column("extracted_at", Text, nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
    )
    op.create_table(
        "publications",
        sa.Column("spider", Text, primary_key=True),
        sa.Column("version", Text, primary_key=True),
        sa.Column("published_at", Text, nullable=False),
        sa.Column("counts", Text, nullable=False),
        sa.Column("status", Text, nullable=False),
        sa.Column("reason", Text, nullable=False),
    )
    op.create_index("pages_by_portal", "pages", ["portal"])
    op.create_index("documents_by_page", "documents", ["page_url"])
    op.create_index("documents_by_sha256", "documents", ["sha256"])
    op.create_index("documents_by_last_run", "documents", ["last_run"])
