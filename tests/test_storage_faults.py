"""A bucket whose server is slow, away, full of faults or not ours: nothing torn is kept, nothing is lost, no key is told."""

from __future__ import annotations

import base64
import hashlib
import itertools
import logging
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest

from crawler.storage.names import content_path
from crawler.storage.opening import open_store
from crawler.storage.s3 import S3Store
from crawler.storage.store import FileStore, StoreAwayError, StoreError, keep
from tests import s3
from tests.faulty_proxy import CUT, LOST_ANSWER, Answer, FaultyProxy, Plan, Request, status

CONTENT = b"%PDF-1.7 the annual report" * 40_000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
PATH = content_path(SHA256, "application/pdf")


@pytest.fixture
def proxy(bucket: str, s3_server: s3.S3, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyProxy]:
    """A proxy between the store and its server, without a fault as yet."""
    assert bucket
    with FaultyProxy(s3_server.endpoint) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", proxy.url)
        yield proxy


@pytest.fixture
def make(bucket: str) -> Iterator[Callable[..., FileStore]]:
    """Opens the bucket's store, with a few seconds of patience."""
    with ExitStack() as stack:

        def opened(address: str = f"s3://{bucket}/x", patience: float = 20) -> FileStore:
            return stack.enter_context(closing(open_store(address, patience=patience)))

        yield opened


@pytest.fixture
def truth(bucket: str, s3_server: s3.S3) -> Iterator[Callable[[], dict[str, bytes]]]:
    """What the bucket holds, as a client without our code finds it."""
    with closing(s3_server.client()) as client:

        def held() -> dict[str, bytes]:
            entries = client.list_objects_v2(Bucket=bucket).get("Contents", ())
            return {entry["Key"]: client.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read() for entry in entries}

        yield held


def first(method: str, times: int, fault: Answer) -> Plan:
    """The fault for the first so many requests of a method."""
    count = itertools.count()
    return lambda request: fault if request.method == method and next(count) < times else None


FAULTS = {
    "cut before": CUT,
    "answer lost": LOST_ANSWER,
    "busy": status(503, "SlowDown"),
    "broken": status(500, "InternalError"),
    "no XML": Answer(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 5\r\nConnection: close\r\n\r\n<html"),
}


@pytest.mark.parametrize(
    ("method", "fault"),
    [*((method, fault) for method in ("HEAD", "PUT") for fault in FAULTS), ("PUT", "another writer")],
)
def test_a_fault_that_passes_loses_nothing(
    proxy: FaultyProxy, make: Callable[..., FileStore], truth: Callable[[], dict[str, bytes]], method: str, fault: str
) -> None:
    proxy.plan = first(method, 2, FAULTS.get(fault) or status(409, "ConditionalRequestConflict"))
    store = make()
    assert keep(store, CONTENT, "application/pdf") == (SHA256, PATH)
    assert truth() == {f"x/{PATH}": CONTENT}
    asked = len([request for request in proxy.seen if request.method == method])
    # What is there already, though nobody heard of it, is found and not sent again.
    assert asked == 1 if (method, fault) == ("PUT", "answer lost") else asked > 2


@pytest.mark.parametrize("fault", ["cut before", "busy", "no XML"])
def test_reading_goes_on_after_a_fault(proxy: FaultyProxy, make: Callable[..., FileStore], fault: str) -> None:
    store = make()
    keep(store, CONTENT, "application/pdf")
    proxy.plan = first("GET", 1, FAULTS[fault])
    assert store.read(PATH) == CONTENT
    proxy.plan = first("GET", 1, FAULTS[fault])
    with store.local(PATH) as file:
        assert file.read_bytes() == CONTENT
    proxy.plan = first("GET", 1, FAULTS[fault])
    assert list(store.paths()) == [PATH]


def test_a_body_that_breaks_off_on_its_way_is_no_object(
    proxy: FaultyProxy, make: Callable[..., FileStore], truth: Callable[[], dict[str, bytes]]
) -> None:
    proxy.body_limit = 100_000
    with pytest.raises(StoreAwayError, match="tried"):
        keep(make(patience=1), CONTENT, "application/pdf")
    assert truth() == {}
    proxy.body_limit = None
    keep(make(), CONTENT, "application/pdf")
    assert truth() == {f"x/{PATH}": CONTENT}


def test_a_body_changed_on_its_way_is_refused_by_the_server(
    proxy: FaultyProxy, make: Callable[..., FileStore], truth: Callable[[], dict[str, bytes]]
) -> None:
    """Nothing is signed but the digests: what the server compares them with is what came."""
    passed_on = proxy._passed_on

    def with_another_byte(request: Request) -> bytes:
        body = b"!" + request.body[1:] if request.method == "PUT" else request.body
        return passed_on(Request(request.head, body))

    proxy._passed_on = with_another_byte  # type: ignore[method-assign]
    with pytest.raises(StoreError, match="tried"):
        keep(make(patience=1), CONTENT, "application/pdf")
    assert truth() == {}


@pytest.mark.parametrize("way", ["read", "local"])
def test_bytes_changed_on_their_way_back_are_not_the_document(
    proxy: FaultyProxy, make: Callable[..., FileStore], way: str
) -> None:
    store = make()
    keep(store, CONTENT, "application/pdf")
    proxy.changes = lambda request, answer: answer.replace(b"annual", b"ANNUAL") if request.method == "GET" else answer
    with pytest.raises(StoreError, match="sha256") as caught:
        store.read(PATH) if way == "read" else store.local(PATH).__enter__()
    assert PATH in str(caught.value)


def test_an_answer_that_breaks_off_is_read_again(proxy: FaultyProxy, make: Callable[..., FileStore]) -> None:
    store = make()
    keep(store, CONTENT, "application/pdf")
    gets = itertools.count()
    proxy.changes = lambda request, answer: answer[:-5000] if request.method == "GET" and next(gets) in (0, 2) else answer
    assert store.read(PATH) == CONTENT
    with store.local(PATH) as file:
        assert file.read_bytes() == CONTENT


def test_a_name_that_is_taken_by_other_bytes_is_never_written_over(
    bucket: str, s3_server: s3.S3, make: Callable[..., FileStore], truth: Callable[[], dict[str, bytes]]
) -> None:
    other = b"!" * len(CONTENT)
    with closing(s3_server.client()) as client:
        client.put_object(Bucket=bucket, Key=f"x/{PATH}", Body=other)
    with pytest.raises(StoreError, match="other bytes") as caught:
        keep(make(), CONTENT, "application/pdf")
    assert PATH in str(caught.value)
    assert truth() == {f"x/{PATH}": other}


@pytest.mark.parametrize("parts", [1, 2])
def test_what_another_tool_has_put_there_is_compared_and_left(
    bucket: str, s3_server: s3.S3, proxy: FaultyProxy, make: Callable[..., FileStore], parts: int
) -> None:
    """In one piece or, as tools that copy do, in several: then no digest of the server says what the whole is."""
    content = CONTENT * 8
    sha256 = hashlib.sha256(content).hexdigest()
    key = f"x/{content_path(sha256, 'application/pdf')}"
    with closing(s3_server.client()) as client:
        if parts == 1:
            client.put_object(Bucket=bucket, Key=key, Body=content)
        else:
            upload = client.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
            half = 6 * 1024 * 1024
            pieces = [content[:half], content[half:]]
            done = [
                {"PartNumber": number, "ETag": client.upload_part(Bucket=bucket, Key=key, UploadId=upload, PartNumber=number, Body=piece)["ETag"]}
                for number, piece in enumerate(pieces, start=1)
            ]  # fmt: skip
            client.complete_multipart_upload(Bucket=bucket, Key=key, UploadId=upload, MultipartUpload={"Parts": done})
    assert keep(make(), content, "application/pdf")[0] == sha256
    methods = [request.method for request in proxy.seen]
    assert "PUT" not in methods
    assert ("GET" in methods) is (parts > 1), "bytes were fetched that a digest already spoke for, or none spoke for them"


def test_two_writers_of_one_name_leave_one_object(
    make: Callable[..., FileStore], truth: Callable[[], dict[str, bytes]]
) -> None:
    stores, errors = [make() for _ in range(4)], []

    def write(store: FileStore) -> None:
        try:
            keep(store, CONTENT, "application/pdf")
        except OSError as error:
            errors.append(error)

    threads = [threading.Thread(target=write, args=(store,)) for store in stores * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert truth() == {f"x/{PATH}": CONTENT}


def test_a_server_that_knows_no_conditions_is_written_to_without(
    proxy: FaultyProxy, make: Callable[..., FileStore], truth: Callable[[], dict[str, bytes]]
) -> None:
    proxy.plan = lambda request: status(501, "NotImplemented") if b"if-none-match" in request.head.lower() else None
    store = make()
    second = b"another document"
    keep(store, CONTENT, "application/pdf")
    keep(store, second, None)
    assert sorted(truth().values()) == sorted([CONTENT, second])
    assert len([request for request in proxy.seen if request.method == "PUT"]) == 3


def test_the_digests_go_with_the_bytes(proxy: FaultyProxy, make: Callable[..., FileStore]) -> None:
    keep(make(), CONTENT, "application/pdf")
    [put] = [request for request in proxy.seen if request.method == "PUT"]
    headers = dict(line.lower().split(b": ", 1) for line in put.head.split(b"\r\n")[1:])
    written = dict(line.split(b": ", 1) for line in put.head.split(b"\r\n")[1:])
    assert headers[b"if-none-match"] == b"*"
    values = set(written.values())
    assert base64.b64encode(hashlib.md5(CONTENT, usedforsecurity=False).digest()) in values
    assert base64.b64encode(bytes.fromhex(SHA256)) in values


def test_a_server_that_is_away_for_a_while_costs_time_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with s3.own_server() as server, s3.bucket(server.address) as name:
        for key, value in server.address.environment.items():
            monkeypatch.setenv(key, value)
        contents = [f"document {number}".encode() * 1000 for number in range(8)]
        with closing(open_store(f"s3://{name}", patience=60)) as store, caplog.at_level(logging.INFO):
            keep(store, contents[0], None)
            server.stop()
            threads = [threading.Thread(target=keep, args=(store, content, None)) for content in contents]
            for thread in threads:
                thread.start()
            time.sleep(2)
            assert all(thread.is_alive() for thread in threads)
            server.start()
            for thread in threads:
                thread.join(60)
            assert sorted(store.read(path) for path in store.paths()) == sorted(contents)
    assert caplog.text.count("asked again") == 1
    assert "answers again" in caplog.text


def test_a_server_that_stays_away_is_waited_for_once_and_not_for_each_document(
    bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody = f"http://127.0.0.1:{taken.getsockname()[1]}"
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", nobody)
    with closing(open_store(f"s3://{bucket}", patience=2)) as store:
        began = time.monotonic()
        for number in range(20):
            with pytest.raises(StoreAwayError, match="does not answer"):
                keep(store, f"document {number}".encode(), None)
        assert 0.5 < time.monotonic() - began < 6
        with pytest.raises(StoreAwayError, match="AWS_ENDPOINT_URL_S3"):
            store.check()


def test_who_closes_the_store_waits_for_nobody(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")
    store = open_store(f"s3://{bucket}", patience=300)
    errors: list[Any] = []

    def write() -> None:
        try:
            keep(store, CONTENT, None)
        except OSError as error:
            errors.append(error)

    thread = threading.Thread(target=write)
    thread.start()
    time.sleep(1)
    store.close()
    thread.join(5)
    assert not thread.is_alive()
    assert isinstance(errors[0], StoreAwayError)


def refusals(store: FileStore) -> list[str]:
    """What is told of everything that a store can be asked, where all of it is refused."""
    asked: list[Callable[[], object]] = [
        store.check,
        lambda: keep(store, CONTENT, "application/pdf"),
        lambda: store.read(PATH),
        lambda: list(store.paths()),
    ]
    messages = []
    for ask in asked:
        with pytest.raises(StoreError) as caught:
            ask()
        assert not isinstance(caught.value, StoreAwayError)
        messages.append(str(caught.value))
    return messages


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("AWS_SECRET_ACCESS_KEY", "another-secret-word", "the secret key is not that of the access key"),
        ("AWS_ACCESS_KEY_ID", "another-access-key", "does not know the access key"),
        ("AWS_ACCESS_KEY_ID", None, "no key: set AWS_ACCESS_KEY_ID"),
    ],
)
def test_a_wrong_key_is_told_at_once_and_not_shown(
    make: Callable[..., FileStore], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, name: str, value: str | None, told: str
) -> None:  # fmt: skip
    monkeypatch.setenv("HOME", "/nonexistent")
    if value is None:
        monkeypatch.delenv(name)
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    else:
        monkeypatch.setenv(name, value)
    began = time.monotonic()
    messages = refusals(make(patience=300))
    assert time.monotonic() - began < 20
    for message in messages:
        assert told in message
        assert not re.search("secret-word|another-access|the-access-key|the-secret", message + caplog.text)


def test_a_missing_bucket_is_told_at_once(bucket: str, make: Callable[..., FileStore]) -> None:
    for message in refusals(make(f"s3://{bucket}-gone/x", patience=300)):
        assert "no such bucket" in message
        assert f"s3://{bucket}-gone/x" in message


def test_an_endpoint_that_is_no_address_is_told(make: Callable[..., FileStore], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "store.example.org:8333")
    with pytest.raises(StoreError, match="no address of a server"):
        make().check()


def test_a_listing_of_many_pages_is_whole(proxy: FaultyProxy, make: Callable[..., FileStore]) -> None:
    store = make()
    assert isinstance(store, S3Store)
    kept = sorted(keep(store, f"document {number}".encode(), None)[1] for number in range(25))
    listed, place = [], store._list

    def few(**options: Any) -> Any:
        return place(**options, MaxKeys=7)

    store._list = few  # type: ignore[method-assign]
    proxy.seen.clear()
    listed = list(store.paths())
    assert listed == kept
    assert len(proxy.seen) == 4
