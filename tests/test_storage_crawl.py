"""Crawls whose documents go to a real S3 server: the same dataset, a second night without work, faults that lose nothing."""

from __future__ import annotations

import json
import re
import shutil
import socket
import sqlite3
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from crawler.dataset.ledger import Ledger
from crawler.outcomes import Outcome
from crawler.sample.typeset import to_docx, to_html
from crawler.storage.names import sha256_of
from tests import s3
from tests.crawling import Crawl, MiniPortal, crawl, portals_file, scrapy, served
from tests.faulty_proxy import FaultyProxy, status
from tests.test_crawl_outcomes import TITLE, report

SPIDER = "henan_reports"
NIGHTLY = ("fetched_at", "first_seen", "last_seen")
"""Facts of the hour, which differ between two crawls of the same."""


@pytest.fixture(scope="module")
def module_bucket(s3_server: s3.S3) -> Iterator[str]:
    with s3.bucket(s3_server) as name:
        yield name


def objects(server: s3.S3, bucket: str) -> dict[str, bytes]:
    """What the bucket holds, as a client without our code finds it."""
    with closing(server.client()) as client:
        entries = client.list_objects_v2(Bucket=bucket).get("Contents", ())
        return {entry["Key"]: client.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read() for entry in entries}


@pytest.fixture(scope="module")
def port() -> str:
    """The sample portals' own, so that addresses are the same from crawl to crawl."""
    with socket.socket() as free:
        free.bind(("127.64.0.1", 0))
        return str(free.getsockname()[1])


def sample(output: Path, port: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    options = ("-a", "portals=sample", "-a", "region=洛阳市", "-a", "years=2021-2022", "-s", f"OUTPUT_DIR={output}")
    return scrapy("crawl", SPIDER, *options, *arguments, SAMPLE_PORT=port, timeout=240, **environment)


def reports(output: Path) -> list[dict[str, Any]]:
    lines = (output / SPIDER / "current" / "reports.jsonl").read_text("utf-8").splitlines()
    return [json.loads(re.sub(rf'"({"|".join(NIGHTLY)})": *"[^"]*"', r'"\1": ""', line)) for line in lines]


def last_stats(output: Path, spider: str = SPIDER) -> dict[str, Any]:
    with closing(sqlite3.connect(output / spider / "ledger.sqlite")) as ledger:
        (text,) = ledger.execute("SELECT stats FROM runs ORDER BY id DESC LIMIT 1").fetchone()
    return dict(json.loads(text))


@pytest.fixture(scope="module")
def in_folder(tmp_path_factory: pytest.TempPathFactory, port: str) -> Path:
    """The sample portals of one city, crawled into a folder."""
    output = tmp_path_factory.mktemp("folder")
    done = sample(output, port)
    assert done.returncode == 0, done.stderr[-3000:]
    return output


@pytest.fixture(scope="module")
def in_bucket(tmp_path_factory: pytest.TempPathFactory, port: str, s3_server: s3.S3, module_bucket: str) -> Path:
    """The same, crawled into a bucket."""
    output = tmp_path_factory.mktemp("bucket")
    done = sample(output, port, "-s", f"FILES_STORE=s3://{module_bucket}/archive", **s3_server.environment)
    assert done.returncode == 0, done.stderr[-3000:]
    return output


@pytest.mark.slow
def test_the_dataset_is_the_same_and_every_file_is_in_the_bucket(
    in_folder: Path, in_bucket: Path, s3_server: s3.S3, module_bucket: str
) -> None:
    found = reports(in_bucket)
    assert len(found) > 10
    assert found == reports(in_folder)
    archive = in_folder / SPIDER / "attachments"
    here = {str(file.relative_to(archive)): file.read_bytes() for file in archive.rglob("*") if file.is_file()}
    assert {key.removeprefix("archive/"): content for key, content in objects(s3_server, module_bucket).items()} == here
    assert len(here) > 15
    assert not (in_bucket / SPIDER / "attachments").exists()


@pytest.mark.slow
def test_pictures_of_the_source_come_from_the_bucket(in_folder: Path, in_bucket: Path) -> None:
    shown = []
    for output in (in_folder, in_bucket):
        page = (output / SPIDER / "current" / "report.html").read_text("utf-8")
        data = json.loads(re.search(r"<script[^>]*application/json[^>]*>(.*?)</script>", page, re.DOTALL)[1])  # type: ignore[index]
        shown.append(data["pictures"]["shown"])
        assert "data:image" in page
    assert shown[0] == shown[1] >= 1


@pytest.mark.slow
def test_in_the_second_night_nothing_is_stored_or_read_and_nothing_is_new(
    in_bucket: Path, port: str, s3_server: s3.S3, module_bucket: str
) -> None:
    before = objects(s3_server, module_bucket)
    current = (in_bucket / SPIDER / "current").resolve()
    with FaultyProxy(s3_server.endpoint) as proxy:
        environment = {**s3_server.environment, "AWS_ENDPOINT_URL_S3": proxy.url}
        done = sample(in_bucket, port, "-s", f"FILES_STORE=s3://{module_bucket}/archive", **environment)
        assert done.returncode == 0, done.stderr[-3000:]
        assert "unchanged" in done.stdout
        assert "PUT" not in Counter(request.method for request in proxy.seen)
    stats = last_stats(in_bucket)
    assert not {key for key in stats if key.startswith(("document/extraction/read", "file_status_count/downloaded"))}, stats
    assert stats["document/extraction/known"] > 10
    assert (in_bucket / SPIDER / "current").resolve() == current
    assert objects(s3_server, module_bucket) == before


@pytest.mark.slow
def test_the_archive_in_the_bucket_is_read_again(in_bucket: Path, tmp_path: Path, s3_server: s3.S3, module_bucket: str) -> None:
    output = Path(shutil.copytree(in_bucket, tmp_path / "output", symlinks=True))
    with closing(sqlite3.connect(output / SPIDER / "ledger.sqlite", isolation_level=None)) as ledger:
        count = ledger.execute("UPDATE extractions SET extractor_version = '0.9'").rowcount
    store = ("-s", f"FILES_STORE=s3://{module_bucket}/archive", "-s", f"OUTPUT_DIR={output}")
    done = scrapy("reextract", *store, timeout=240, **s3_server.environment)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr[-3000:]
    assert f"{count} documents read by extractor" in done.stderr
    assert "0 changed" in done.stderr


def test_an_archive_that_is_damaged_or_gone_in_the_bucket_is_told_and_the_rest_is_read(
    in_bucket: Path, tmp_path: Path, s3_server: s3.S3, module_bucket: str
) -> None:
    output = Path(shutil.copytree(in_bucket, tmp_path / "output", symlinks=True))
    with closing(sqlite3.connect(output / SPIDER / "ledger.sqlite", isolation_level=None)) as ledger:
        query = "SELECT DISTINCT path FROM documents WHERE media_type = 'text/html' AND path <> '' ORDER BY path LIMIT 3"
        damaged, gone, whole = (path for (path,) in ledger.execute(query))
        ledger.executemany("DELETE FROM extractions WHERE sha256 = ?", [(sha256_of(path),) for path in (damaged, gone, whole)])
    with s3.bucket(s3_server) as name:
        with closing(s3_server.client()) as client:
            client.put_object(Bucket=name, Key=damaged, Body=b"something else")
            client.put_object(Bucket=name, Key=whole, Body=objects(s3_server, module_bucket)[f"archive/{whole}"])
        options = ("-s", f"FILES_STORE=s3://{name}", "-s", f"OUTPUT_DIR={output}")
        done = scrapy("reextract", *options, timeout=240, **s3_server.environment)
    assert done.returncode == 1
    assert f"{damaged} was not read" in done.stderr
    assert "not its name" in done.stderr
    assert f"{gone} was not read" in done.stderr
    assert "1 documents read" in done.stderr


def test_samples_do_not_mix_with_real_documents(tmp_path: Path, s3_server: s3.S3) -> None:
    """As with the ledger: a store named in the environment is that of the real portals."""
    with s3.bucket(s3_server) as name:
        environment = {**s3_server.environment, "FILES_STORE": f"s3://{name}", "OUTPUT_DIR": str(tmp_path)}
        options = ("-a", "portals=sample", "-a", "region=济源市")
        done = scrapy("crawl", SPIDER, *options, SAMPLE_PORT="0", timeout=240, **environment)
        assert done.returncode == 0, done.stderr[-3000:]
        assert objects(s3_server, name) == {}
    assert list((tmp_path / "sample" / SPIDER / "attachments").rglob("*.html"))


NAMES = ("财政局", "教育局", "水利局", "档案局", "林业局", "审计局")


@pytest.fixture
def night(tmp_path: Path, bucket: str, s3_server: s3.S3) -> Iterator[Callable[..., Crawl]]:
    """One crawl after another of a small portal into a bucket, through the proxy given."""
    portal = MiniPortal(tmp_path / "site" / "luanchuan")
    for number, name in enumerate(NAMES, start=1):
        body = to_html(report(name, number))
        if number % 2:
            portal.put(f"/files/{number}.docx", to_docx(report(name, number)))
            body = f'<p><a href="/files/{number}.docx">附件：年度报告.docx</a></p>'
        portal.article(number, TITLE.format(name=name), body)
    portal.finish()
    with served(tmp_path / "site") as server:

        def run(proxy: FaultyProxy, patience: int, **environment: str) -> Crawl:
            with pytest.MonkeyPatch.context() as patch:
                for key, value in {**s3_server.environment, "AWS_ENDPOINT_URL_S3": proxy.url, **environment}.items():
                    patch.setenv(key, value)
                store = environment.get("FILES_STORE", f"s3://{bucket}")
                return crawl(
                    portals_file(tmp_path / "portals.toml", server), tmp_path / "output",
                    FILES_STORE=store, FILES_STORE_PATIENCE=str(patience), LOG_LEVEL="DEBUG",
                )  # fmt: skip

        yield run


@pytest.fixture
def proxy(s3_server: s3.S3) -> Iterator[FaultyProxy]:
    with FaultyProxy(s3_server.endpoint) as proxy:
        yield proxy


def test_a_store_that_refuses_for_a_while_costs_no_document(night: Callable[..., Crawl], proxy: FaultyProxy) -> None:
    refused: list[str] = []

    def some(request: Any) -> Any:
        refused.append(request.method)
        return status(503, "SlowDown") if 2 < len(refused) < 40 else None

    proxy.plan = some
    done = night(proxy, patience=60)
    assert len(done.records()) == len(NAMES), done.stdout + done.stderr[-3000:]
    assert len(refused) > 40
    assert done.stderr.count("it is asked again for 60 s") >= 1
    assert "DEBUG" in done.stderr
    assert not re.search(f"{s3.KEY}|{s3.SECRET}|AWS4-HMAC", done.stderr)


def test_a_store_that_stays_away_fails_documents_and_the_next_night_repairs(
    night: Callable[..., Crawl], proxy: FaultyProxy, bucket: str, s3_server: s3.S3
) -> None:
    proxy.plan = lambda request: status(503, "ServiceUnavailable") if request.method in ("PUT", "HEAD") else None
    first = night(proxy, patience=1)
    assert objects(s3_server, bucket) == {}
    with Ledger(f"sqlite:///{first.output / 'annual_reports' / 'ledger.sqlite'}") as ledger:
        assert ledger.outcome_counts(spider="annual_reports")[Outcome.FAILED] == len(NAMES)
    assert "Error processing" not in first.stderr
    messages = first.stdout + first.stderr
    messages += "".join(file.read_text("utf-8") for file in first.output.rglob("problems.jsonl"))
    assert "could not be stored" in messages
    assert "status 503" in messages
    proxy.plan = lambda _: None
    second = night(proxy, patience=20)
    assert len(second.records()) == len(NAMES), second.stdout + second.stderr[-3000:]
    assert objects(s3_server, bucket)


@pytest.mark.parametrize(
    ("environment", "told", "exit_status"),
    [
        ({"AWS_SECRET_ACCESS_KEY": "another-secret-word"}, "the secret key is not that of the access key", 1),
        ({"FILES_STORE": "s3://no-such-bucket-here/x"}, "there is no such bucket", 1),
        ({"FILES_STORE": "s3://a-key:secret-word@bucket"}, "names no bucket", 1),
        ({"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1"}, "the server does not answer", 75),
    ],
    ids=["wrong key", "no bucket", "no address", "away"],
)
def test_a_store_that_cannot_be_used_is_told_before_anything_is_fetched(
    night: Callable[..., Crawl], proxy: FaultyProxy, environment: dict[str, str], told: str, exit_status: int
) -> None:
    done = night(proxy, 1, **environment)
    assert done.status == exit_status
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert "secret-word" not in done.stderr.replace(environment.get("FILES_STORE", "-"), "")
    assert not list(done.output.rglob("current"))
