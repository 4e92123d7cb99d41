"""A bucket of an S3-compatible object store: contents are checked on their way there and on their way back.

The server's address, region and keys come from the environment, by the names that every S3 client knows: AWS_ENDPOINT_URL_S3 or
AWS_ENDPOINT_URL, AWS_DEFAULT_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_CA_BUNDLE.
"""

from __future__ import annotations

import base64
import errno
import hashlib
import logging
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Lock
from typing import IO, TYPE_CHECKING, Any, Protocol, Self, TypeVar

from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.session import Session

from crawler.storage import s3_errors
from crawler.storage.names import CONTENT_PATH, sha256_of
from crawler.storage.patience import Patience
from crawler.storage.store import Content, StoreAwayError, StoreError, opened, verified, wrong_content

if TYPE_CHECKING:
    from botocore.response import StreamingBody

logger = logging.getLogger(__name__)
# At DEBUG it writes down what it signs, and the session token with it.
logging.getLogger("botocore").setLevel(logging.INFO)

CONNECT_SECONDS, READ_SECONDS = 5, 30
CONNECTIONS = 32
CHUNK_BYTES = 1024 * 1024
DEFAULT_REGION = "us-east-1"
"""What a server that has no regions is told."""
PLAIN_MD5 = re.compile(r'"?([0-9a-f]{32})"?')
"""What an ETag is where the object was sent in one piece and is not encrypted with a key of its owner's."""


Result = TypeVar("Result")


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class _Digests:
    """Of a content: in hexadecimal digits, and the length in bytes."""

    sha256: str
    md5: str
    size: int

    @classmethod
    def of(cls, source: _Readable) -> Self:
        sha256, md5, size = hashlib.sha256(), hashlib.md5(usedforsecurity=False), 0
        while chunk := source.read(CHUNK_BYTES):
            sha256.update(chunk)
            md5.update(chunk)
            size += len(chunk)
        return cls(sha256.hexdigest(), md5.hexdigest(), size)


class S3Store:
    """A `crawler.storage.store.FileStore` in a bucket.

    An object appears under its name whole or not at all: that is S3's own promise. What is sent goes with its MD5 and SHA-256,
    which the server compares; a name that is taken is compared and never written again, also where two write at once, if the
    server knows ``If-None-Match`` (one that does not is asked beforehand).

    Args:
        bucket: that exists.
        prefix: before every path, without slashes around it; may be empty.
        patience: seconds for which a server that does not answer is asked again.
    """

    is_local = False

    def __init__(self, bucket: str, prefix: str = "", *, patience: float) -> None:
        self.bucket = bucket
        self.prefix = f"{prefix}/" if prefix else ""
        self.address = f"s3://{bucket}/{prefix}".rstrip("/")
        self._patience = Patience(self.address, patience)
        self._lock = Lock()
        self._made: Any = None
        self._knows_conditions = True

    def check(self) -> None:
        """Ask for the first name: whoever may do that has the right address and key."""
        self._repeat("it cannot be used", partial(self._list, Bucket=self.bucket, MaxKeys=1))

    def put(self, path: str, content: Content) -> None:
        """Keep a content; an object of that name must hold the same."""
        expected = sha256_of(path)
        with opened(content) as source:
            digests = _Digests.of(source)
            if digests.sha256 != expected:
                raise StoreError(f"{self._object(path)} was to be stored with bytes whose sha256 is {digests.sha256}")
            self._repeat("it could not be stored", lambda: self._put(path, source, digests), path)

    def read(self, path: str) -> bytes:
        """The content, which is what its name says."""
        expected = sha256_of(path)

        def work() -> bytes:
            with closing(self._body(path)) as body:
                return body.read()

        return verified(self._repeat("it could not be read", work, path), expected, self._object(path))

    def size(self, path: str) -> int | None:
        """Of the content in bytes; ``None`` where there is none."""
        sha256_of(path)
        head = self._repeat("it could not be looked up", lambda: self._head(path), path)
        return None if head is None else int(head["ContentLength"])

    @contextmanager
    def local(self, path: str) -> Iterator[Path]:
        """A copy in the system's temporary folder, which goes with the context."""
        expected = sha256_of(path)
        descriptor, name = tempfile.mkstemp(prefix="ogi-document-", suffix=Path(path).suffix)
        file = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as target:
                found = self._repeat("it could not be read", lambda: self._copy(path, target), path)
            if found != expected:
                raise wrong_content(self._object(path), found)
            yield file
        finally:
            file.unlink(missing_ok=True)

    def paths(self) -> Iterator[str]:
        """Every path that has a content, in order; 1000 names are held at a time."""
        strangers, place = 0, {"Bucket": self.bucket, "Prefix": self.prefix}
        while True:
            page = self._repeat("it could not be listed", partial(self._list, **place))
            for entry in page.get("Contents", ()):
                path = entry["Key"].removeprefix(self.prefix)
                if CONTENT_PATH.fullmatch(path):
                    yield path
                else:
                    strangers += 1
            if not page.get("IsTruncated"):
                break
            place["ContinuationToken"] = page["NextContinuationToken"]
        if strangers:
            logger.warning("%d objects in %s are no documents of the archive and are left alone", strangers, self.address)

    def close(self) -> None:
        """Give connections back, and let nobody wait any longer."""
        self._patience.end()
        with self._lock:
            if self._made is not None:
                self._made.close()
                self._made = None

    @property
    def _client(self) -> Any:  # botocore makes its methods when it runs
        with self._lock:
            if self._made is None:
                self._made = _connect()
            return self._made

    def _object(self, path: str | None) -> str:
        return f"{self.address}/{path}" if path else self.address

    def _key(self, path: str) -> str:
        return f"{self.prefix}{path}"

    def _repeat(self, failure: str, work: Callable[[], Result], path: str | None = None) -> Result:
        """What the work gives, done again for as long as the store may be away."""
        began, tries = time.monotonic(), 0
        while True:
            tries += 1
            try:
                result = work()
            except s3_errors.REFUSALS as error:
                is_transient = s3_errors.is_transient(error)
                if is_transient and self._patience.wait(began, tries, s3_errors.short(error)):
                    continue
                kind = StoreAwayError if is_transient else StoreError
                what = f"{self._object(path)}: {failure}" + (f", tried {tries} times" if tries > 1 else "")
                # Without botocore's own error: its text is not ours to vouch for.
                raise kind(f"{what}: {s3_errors.reason(error)}") from None
            self._patience.answered()
            return result

    def _put(self, path: str, source: IO[bytes], digests: _Digests) -> None:
        if self._is_there(path, digests):
            return
        condition = {"IfNoneMatch": "*"} if self._knows_conditions else {}
        source.seek(0)
        try:
            answer = self._client.put_object(
                Bucket=self.bucket,
                Key=self._key(path),
                Body=source,
                ContentLength=digests.size,
                ContentMD5=_base64(digests.md5),
                ChecksumSHA256=_base64(digests.sha256),
                **condition,
            )
        except ClientError as error:
            if condition and s3_errors.code_of(error) in s3_errors.NOT_IMPLEMENTED:
                self._knows_conditions = False
                self._put(path, source, digests)
                return
            # Another writer was faster, or an earlier try of ours arrived though its answer did not.
            if s3_errors.code_of(error) in s3_errors.EXISTS and self._is_there(path, digests):
                return
            raise
        if not _proves(answer, digests) and not self._is_there(path, digests):
            raise StoreError(f"{self._object(path)}: the server took it and does not have it; look into the server's log")

    def _is_there(self, path: str, digests: _Digests) -> bool:
        """Whether the content is there already.

        Raises:
            StoreError: another is.
        """
        try:
            head = self._head(path)
        except ClientError as error:
            if s3_errors.code_of(error) in s3_errors.FORBIDDEN:
                return False  # nothing tells more by a HEAD; the PUT that follows is answered with the reason
            raise
        if head is None:
            return False
        if head["ContentLength"] == digests.size and (_proves(head, digests) or self._digest(path) == digests.sha256):
            return True
        raise StoreError(
            f"{self._object(path)} is there with other bytes than its name says ({head['ContentLength']} bytes; they should be"
            f" {digests.size}): it was changed or damaged in the store. Nothing is ever written over it: remove it, and the"
            " next run stores it again"
        )

    def _list(self, **place: Any) -> Mapping[str, Any]:
        page: Mapping[str, Any] = self._client.list_objects_v2(**place)
        return page

    def _head(self, path: str) -> Mapping[str, Any] | None:
        try:
            head: Mapping[str, Any] = self._client.head_object(Bucket=self.bucket, Key=self._key(path), ChecksumMode="ENABLED")
        except ClientError as error:
            if s3_errors.code_of(error) in s3_errors.MISSING:
                return None
            raise
        return head

    def _body(self, path: str) -> StreamingBody:
        try:
            body: StreamingBody = self._client.get_object(Bucket=self.bucket, Key=self._key(path))["Body"]
        except ClientError as error:
            if s3_errors.code_of(error) in s3_errors.MISSING:
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), self._object(path)) from None
            raise
        return body

    def _digest(self, path: str) -> str:
        with closing(self._body(path)) as body:
            return _Digests.of(body).sha256

    def _copy(self, path: str, target: IO[bytes]) -> str:
        """Copies an object; gives the sha256 of what came."""
        digest = hashlib.sha256()
        target.seek(0)
        target.truncate()
        with closing(self._body(path)) as body:
            while chunk := body.read(CHUNK_BYTES):
                digest.update(chunk)
                target.write(chunk)
        target.flush()
        return digest.hexdigest()


def _connect() -> Any:
    session = Session()
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    options: dict[str, Any] = {}
    if endpoint and not session.get_scoped_config().get("s3"):
        # One's own server seldom has a name for each bucket. ~/.aws/config can say otherwise (s3 = addressing_style).
        options["s3"] = {"addressing_style": "path"}
    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        max_pool_connections=CONNECTIONS,
        retries={"mode": "standard", "total_max_attempts": 1},  # ours looks first what has become of the object
        # Servers other than Amazon's may not know its newer ways; what we send has its digests with it anyway.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        **options,
    )
    region = session.get_config_variable("region") or (DEFAULT_REGION if endpoint else None)
    try:
        return session.create_client("s3", region_name=region, config=config)
    except ValueError:
        raise StoreError(
            "AWS_ENDPOINT_URL_S3 (or AWS_ENDPOINT_URL) is no address of a server: write https://host or http://host:port"
        ) from None


def _proves(answer: Mapping[str, Any], digests: _Digests) -> bool:
    """Whether the digests that the server tells are the content's. It may tell none, or others than those of the bytes."""
    md5 = PLAIN_MD5.fullmatch(answer.get("ETag", ""))
    return answer.get("ChecksumSHA256") == _base64(digests.sha256) or (md5 is not None and md5[1] == digests.md5)


def _base64(digits: str) -> str:
    return base64.b64encode(bytes.fromhex(digits)).decode("ascii")
