"""The archive of documents as they came: a file stands under its name whole, or not at all.

Scrapy's own file system store writes straight to the final name; when the disk fills up a torn file stays there and is taken
for good the next night (measured with Scrapy 2.19).
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from hashlib import file_digest
from io import BytesIO
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from scrapy.pipelines.files import FSFilesStore

from crawler.dataset.versions import sync_directory

if TYPE_CHECKING:
    from scrapy.pipelines.media import MediaPipeline

SUFFIXES: Mapping[str, str] = {
    "application/pdf": ".pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": ".pptx",
    "application/vnd.oasis.opendocument.text": ".odt",
    "application/msword": ".doc",
    "application/vnd.ms-works": ".wps",
    "application/vnd.ms-excel": ".xls",
    "application/vnd.ms-powerpoint": ".ppt",
    "application/rtf": ".rtf",
    "application/ofd": ".ofd",
    "application/zip": ".zip",
    "application/x-page-images": ".zip",
    "application/vnd.rar": ".rar",
    "application/x-7z-compressed": ".7z",
    "application/gzip": ".gz",
    "text/html": ".html",
    "multipart/related": ".mhtml",
    "application/xml": ".xml",
    "application/x-wordml+xml": ".xml",
    "application/json": ".json",
    "text/plain": ".txt",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/gif": ".gif",
    "image/tiff": ".tif",
}
"""File endings by sniffed media type; a URL's own ending is not believed."""

OTHER_SUFFIX = ".bin"
SHA256 = re.compile(r"[0-9a-f]{64}")
TEMPORARY_PREFIX = ".part-"


def content_path(sha256: str, media_type: str | None) -> str:
    """Where a content is kept, relative to the archive: ``ab/abcdef….pdf``.

    Raises:
        ValueError: ``sha256`` is no digest.

    >>> content_path("ab" * 32, "application/pdf")[:12], content_path("ab" * 32, "image/x-new")[-4:]
    ('ab/ababababa', '.bin')
    """
    if not SHA256.fullmatch(sha256):
        raise ValueError(f"{sha256!r} is no sha256 in hexadecimal digits")
    return f"{sha256[:2]}/{sha256}{SUFFIXES.get(media_type or '', OTHER_SUFFIX)}"


def safe_store(directory: Path | str, content: bytes | Path, media_type: str | None) -> tuple[str, str]:
    """Stores bytes, or a copy of a file, under the name of its content; gives the sha256 and the path in ``directory``.

    What is there already, whole, is left as it is.

    Raises:
        OSError: it cannot be written, e.g. the disk is full; nothing stands under the final name then.
    """
    with BytesIO(content) if isinstance(content, bytes) else content.open("rb") as source:
        sha256 = file_digest(source, "sha256").hexdigest()
        path = content_path(sha256, media_type)
        source.seek(0)
        write_whole(Path(directory) / path, source)
    return sha256, path


def write_whole(path: Path, source: IO[bytes]) -> None:
    """Writes a file so that it appears under its name only once all of it is on the disk.

    A file of the same length under that name is left: names are digests of contents.

    Raises:
        OSError: it cannot be written; its ``filename`` is the final name.
    """
    size = source.seek(0, os.SEEK_END)
    source.seek(0)
    try:
        if path.is_file() and path.stat().st_size == size:
            return
        _make_directory(path.parent)
        _write_and_rename(path, source)
    except OSError as error:
        raise type(error)(error.errno, error.strerror, str(path)) from error


def _write_and_rename(path: Path, source: IO[bytes]) -> None:
    # In the same folder, since a rename from one file system to another is no longer one step.
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=TEMPORARY_PREFIX)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as target:
            shutil.copyfileobj(source, target)
            target.flush()
            os.fsync(target.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


def _make_directory(path: Path) -> None:
    if not path.is_dir():
        path.mkdir(parents=True, exist_ok=True)
        sync_directory(path.parent)


def remove_temporary_files(directory: Path | str) -> int:
    """Removes what killed runs left half-written in the archive; gives the number. Only while no crawl is running."""
    leftovers = list(Path(directory).glob(f"*/{TEMPORARY_PREFIX}*"))
    for leftover in leftovers:
        leftover.unlink(missing_ok=True)
    return len(leftovers)


class AtomicFSFilesStore(FSFilesStore):
    """Scrapy's file system store, with files that are whole or not there."""

    def persist_file(
        self,
        path: str | os.PathLike[str],
        buf: BytesIO,
        info: MediaPipeline.SpiderInfo,  # noqa: ARG002 - Scrapy's signature
        meta: dict[str, Any] | None = None,  # noqa: ARG002 - Scrapy's signature
        headers: dict[str, str] | None = None,  # noqa: ARG002 - Scrapy's signature
    ) -> None:
        """Stores the buffer under ``path``.

        Raises:
            ValueError: the path leads out of the store.
            OSError: it cannot be written; nothing stands under ``path`` then.
        """
        base = Path(self.basedir).resolve()
        target = self._get_filesystem_path(path).resolve()
        if not target.is_relative_to(base):
            raise ValueError(f"{os.fspath(path)!r} leads out of the file store")
        write_whole(target, buf)
