"""What tasks are called, in which queue they wait, and which go first."""

from __future__ import annotations

from enum import IntEnum

CRAWL, READ, PUBLISH = "crawl", "read", "publish"
QUEUES = (CRAWL, READ, PUBLISH)

CRAWL_PORTAL = "crawl_portal"
READ_DOCUMENT = "read_document"
PUBLISH_DATASET = "publish_dataset"
BEGIN_NIGHT = "begin_night"


class Priority(IntEnum):
    """Higher goes first: what is new before what is read again."""

    NIGHT = 40
    PUBLISH = 30
    NEW = 20
    AGAIN = 0
