"""What a folder and a bucket promise alike, on a real folder and a real S3 server."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.storage.local import LocalStore
from crawler.storage.names import SUFFIXES, content_path, sha256_of
from crawler.storage.opening import open_store
from crawler.storage.store import FileStore, StoreError, keep
from tests import s3

PDF = "application/pdf"

Plant = Callable[[str, bytes], None]
"""Puts bytes under a name behind the store's back."""


@pytest.fixture(params=["folder", "bucket"])
def planted(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[FileStore, Plant]]:
    if request.param == "folder":
        root = tmp_path / "archive"

        def plant(path: str, content: bytes) -> None:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(content)

        yield open_store(str(root)), plant
        return
    name, server = request.getfixturevalue("bucket"), request.getfixturevalue("s3_server")
    with closing(server.client()) as client, closing(open_store(f"s3://{name}/the/archive", patience=5)) as store:
        yield store, lambda path, content: client.put_object(Bucket=name, Key=f"the/archive/{path}", Body=content)


@pytest.fixture
def store(planted: tuple[FileStore, Plant]) -> FileStore:
    return planted[0]


def path_of(content: bytes) -> str:
    return content_path(hashlib.sha256(content).hexdigest(), PDF)


def test_what_is_kept_is_read_again_under_the_name_of_its_content(store: FileStore) -> None:
    content = b"%PDF-1.7 ..." * 1000
    sha256, path = keep(store, content, PDF)
    assert sha256 == hashlib.sha256(content).hexdigest()
    assert path == f"{sha256[:2]}/{sha256}.pdf"
    assert store.read(path) == content
    assert store.size(path) == len(content)
    with store.local(path) as file:
        assert file.read_bytes() == content
        assert file.suffix == ".pdf"
    assert file.exists() is store.is_local
    store.check()


def test_a_file_is_kept_as_its_bytes_are(store: FileStore, tmp_path: Path) -> None:
    source = tmp_path / "given.doc"
    source.write_bytes(b"x" * 12_000_000)
    assert keep(store, source, None) == keep(store, b"x" * 12_000_000, None)
    assert len(list(store.paths())) == 1
    assert source.exists()


def test_an_empty_file_is_a_file(store: FileStore) -> None:
    _, path = keep(store, b"", PDF)
    assert store.read(path) == b""
    assert store.size(path) == 0


def test_what_is_not_there_is_said_to_be_missing(store: FileStore) -> None:
    path = path_of(b"nobody kept this")
    assert store.size(path) is None
    with pytest.raises(FileNotFoundError, match=path):
        store.read(path)
    with pytest.raises(FileNotFoundError, match=path), store.local(path):
        pass
    assert list(store.paths()) == []


def test_what_was_damaged_in_the_store_is_not_taken_for_the_document(planted: tuple[FileStore, Plant]) -> None:
    store, plant = planted
    path = path_of(b"as it came")
    plant(path, b"as it CAME")
    found = hashlib.sha256(b"as it CAME").hexdigest()
    with pytest.raises(StoreError, match=found) as caught:
        store.read(path)
    assert path in str(caught.value)
    assert "put the file back" in str(caught.value)


def test_every_path_is_listed_in_order_and_strangers_are_left_out(
    planted: tuple[FileStore, Plant], caplog: pytest.LogCaptureFixture
) -> None:
    store, plant = planted
    kept = [keep(store, f"document {number}".encode(), PDF)[1] for number in range(30)]
    plant("README.txt", b"not ours")
    plant(f"ab/{'ab' * 31}.pdf", b"too short a name")
    plant(f"cd/{'ab' * 32}.pdf", b"in another's folder")
    with caplog.at_level(logging.WARNING):
        assert list(store.paths()) == sorted(kept)
    assert "3 " in caplog.text
    assert "left alone" in caplog.text


ESCAPES = [
    "../outside.pdf",
    "ab/../../outside.pdf",
    "/etc/passwd",
    "",
    f"ab/{'ab' * 32}",
    f"ab/{'AB' * 32}.pdf",
    f"ab/{'ab' * 32}.p/f",
]


@pytest.mark.parametrize("path", ESCAPES)
def test_no_path_leads_out_of_the_store(store: FileStore, tmp_path: Path, path: str) -> None:
    def enter() -> None:
        with store.local(path):
            pass

    for use in (lambda: store.put(path, b"x"), lambda: store.read(path), lambda: store.size(path), enter):
        with pytest.raises(ValueError, match="no path of the archive"):
            use()
    assert not [file for file in tmp_path.rglob("*") if file.is_file()]


@given(st.text())
def test_no_word_from_outside_becomes_a_path(text: str) -> None:
    with pytest.raises(ValueError, match="no sha256"):
        content_path(text, PDF)
    path = content_path("0" * 64, text)
    assert path.split(".")[1] in {"bin", *(suffix[1:] for suffix in SUFFIXES.values())}
    assert sha256_of(path) == "0" * 64


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("gs://bucket", "no store of this project"),
        ("s3://", "names no bucket"),
        ("s3://a-key:a-secret@bucket/x", "names no bucket"),
        ("s3://bucket/../x", "letters, digits"),
        ("s3://bucket/a//b", "letters, digits"),
    ],
)
def test_an_address_that_is_none_is_told_without_repeating_it(address: str, told: str) -> None:
    with pytest.raises(StoreError, match=told) as caught:
        open_store(address)
    assert "a-secret" not in str(caught.value)


def test_a_folder_may_be_named_as_a_url(tmp_path: Path) -> None:
    store = open_store(f"file://{tmp_path}")
    assert isinstance(store, LocalStore)
    assert store.root == tmp_path


def test_a_bucket_without_a_prefix_and_one_below_are_apart(bucket: str, s3_server: s3.S3) -> None:
    with closing(open_store(f"s3://{bucket}")) as above, closing(open_store(f"s3://{bucket}/below/")) as below:
        first, second = keep(above, b"one", PDF)[1], keep(below, b"two", PDF)[1]
        assert list(above.paths()) == [first]
        assert list(below.paths()) == [second]
    with closing(s3_server.client()) as client:
        keys = {entry["Key"] for entry in client.list_objects_v2(Bucket=bucket)["Contents"]}
    assert keys == {first, f"below/{second}"}
