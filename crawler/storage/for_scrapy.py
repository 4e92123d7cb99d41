"""A file store as Scrapy's FilesPipeline wants one."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scrapy.pipelines.files import StatInfo
    from scrapy.pipelines.media import MediaPipeline

    from crawler.storage.store import FileStore


class ScrapyStore:
    """A `FileStore` in Scrapy's words."""

    def __init__(self, files: FileStore) -> None:
        self.files = files

    def persist_file(
        self,
        path: str,
        buf: BytesIO,
        info: MediaPipeline.SpiderInfo,  # noqa: ARG002 - Scrapy's signature
        meta: dict[str, Any] | None = None,  # noqa: ARG002 - Scrapy's signature
        headers: dict[str, str] | None = None,  # noqa: ARG002 - Scrapy's signature
    ) -> None:
        """Stores the buffer under ``path``; blocks."""
        self.files.put(path, buf.getvalue())

    def stat_file(self, path: str, info: MediaPipeline.SpiderInfo) -> StatInfo:  # noqa: ARG002 - Scrapy's signature
        """Never anything: whether a document is still valid is its server's word, not its age in our store."""
        return {}
