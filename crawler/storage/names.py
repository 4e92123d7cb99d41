"""Names in the archive: a content is called by its sha256."""

from __future__ import annotations

import re
from collections.abc import Mapping

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
CONTENT_PATH = re.compile(r"(?P<folder>[0-9a-f]{2})/(?P<sha256>(?P=folder)[0-9a-f]{62})\.[a-z0-9]{1,8}")


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


def sha256_of(path: str) -> str:
    """The digest that a path names. Every path is asked for it before it is used, so that none leads out of the archive.

    Raises:
        ValueError: `content_path` makes no such path.

    >>> sha256_of("../outside.pdf")
    Traceback (most recent call last):
    ...
    ValueError: '../outside.pdf' is no path of the archive
    """
    match = CONTENT_PATH.fullmatch(path)
    if match is None:
        raise ValueError(f"{path!r} is no path of the archive")
    return match["sha256"]
