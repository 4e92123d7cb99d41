"""From an address to the file store behind it."""

from __future__ import annotations

import re
from pathlib import Path

from crawler.storage.local import LocalStore
from crawler.storage.store import FileStore, StoreError

PATIENCE_SECONDS = 120.0
"""For which a store that does not answer is asked again, where the setting FILES_STORE_PATIENCE does not say otherwise."""

BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
PREFIX = re.compile(r"[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*")
_HOW = "write s3://bucket/prefix, or the path of a folder"


def open_store(address: str, *, patience: float = PATIENCE_SECONDS) -> FileStore:
    """The store at an address: a folder's path, ``file:///folder`` or ``s3://bucket/prefix``. Nothing is asked of it yet.

    Args:
        address: as ``FILES_STORE`` has it.
        patience: seconds for which a server that does not answer is asked again.

    Raises:
        StoreError: that is no address, or what it needs is not installed.
    """
    scheme, separator, rest = address.partition("://")
    if not separator:
        return LocalStore(Path(address))
    if scheme == "file":
        return LocalStore(Path(rest))
    if scheme != "s3":
        raise StoreError(f"FILES_STORE begins with {scheme}://, which is no store of this project: {_HOW}")
    bucket, _, prefix = rest.partition("/")
    prefix = prefix.strip("/")
    # The address is not repeated: someone may have written a key into it.
    if not BUCKET.fullmatch(bucket):
        raise StoreError(
            f"FILES_STORE names no bucket after s3:// (keys belong in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY): {_HOW}"
        )
    if prefix and (not PREFIX.fullmatch(prefix) or {".", ".."} & set(prefix.split("/"))):
        raise StoreError(f"the prefix after s3://{bucket}/ may have letters, digits and _ . - / only: {_HOW}")
    try:
        from crawler.storage.s3 import S3Store  # botocore takes a quarter of a second
    except ModuleNotFoundError as error:
        raise StoreError(f"files on S3 need {error.name}: pip install botocore (the extra `s3`)") from error
    return S3Store(bucket, prefix, patience=patience)
