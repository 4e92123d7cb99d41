"""``scrapy move``: from SQLite and a folder to PostgreSQL and S3 and back, with nothing lost, killed or not."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from crawler.dataset import tables
from crawler.dataset.ledger import Ledger
from crawler.dataset.moving import LedgerMove
from crawler.outcomes import Outcome
from crawler.storage.local import LocalStore
from crawler.storage.names import content_path
from crawler.storage.store import keep
from crawler.workspace import Workspace
from tests import postgres, s3
from tests.crawling import ROOT, scrapy
from tests.faulty_proxy import CUT, Answer, FaultyProxy, Request

SPIDER = "henan_reports"
MOVED = [table.name for table in tables.metadata.sorted_tables if table.name != "meta"]


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return scrapy(*arguments, timeout=240, **environment)


def rows(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """Every table, row by row, as the database has it, without our own code."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        found = {name: [tuple(row) for row in connection.exec_driver_sql(f"SELECT * FROM {name}")] for name in MOVED}  # noqa: S608
    engine.dispose()
    # SQLite has no truth values of its own, and bytes may come as a view.
    plain = {
        name: [tuple(int(value) if isinstance(value, bool) else bytes(value) if isinstance(value, memoryview) else value for value in row) for row in table]
        for name, table in found.items()
    }  # fmt: skip
    return {name: sorted(table, key=repr) for name, table in plain.items()}


def objects(server: s3.S3, bucket: str) -> dict[str, bytes]:
    with closing(server.client()) as client:
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        keys = [entry["Key"] for page in pages for entry in page.get("Contents", ())]
        return {key: client.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}


def folder(path: Path) -> dict[str, bytes]:
    return {str(file.relative_to(path)): file.read_bytes() for file in path.rglob("*") if file.is_file()}


def fill(root: Path, pages: int, files: int) -> str:
    """A ledger and an archive of this project, with numbers for contents; the ledger's address."""
    url = f"sqlite:///{root / 'ledger.sqlite'}"
    store = LocalStore(root / "attachments")
    with Ledger(url) as ledger:
        run_number = ledger.begin_run(SPIDER)
        ledger.finish_run(run_number, reason="finished", stats={"a": 1})
        ledger.record_portal(
            SPIDER, "http://h/", name="县人民政府", region="河南省", home="http://h/", outcome=Outcome.OK, browser=True
        )

        def write() -> None:
            for number in range(pages):
                url = f"http://h/{number}"
                ledger.record_page(url, portal="http://h/", outcome=Outcome.OK, title=f"第{number}号 ' \" \\ \t年报😀")
                if number >= files:
                    ledger.record_document(url, page_url=url, role="body", outcome=Outcome.FAILED, message="gone")
                    continue
                sha256, path = keep(store, f"document {number}".encode() * 500, "text/html")
                ledger.record_document(
                    url, page_url=url, role="body", outcome=Outcome.OK, sha256=sha256, path=path, size=9, run=run_number
                )
                ledger.save_extraction(
                    sha256, "1", outcome=Outcome.OK, record={"number": number, "text": "年" * 200}, seconds=0.1 * number
                )

        ledger.writer.run(write)
    return url


@pytest.fixture
def database(postgres_database: str) -> Iterator[str]:
    with postgres.new_schema(postgres_database) as url:
        yield url


@pytest.fixture
def filled(tmp_path: Path) -> tuple[Path, str]:
    """A spider's folder with a small dataset, and its ledger's address."""
    root = tmp_path / SPIDER
    return root, fill(root, pages=700, files=120)


@pytest.fixture
def move(tmp_path: Path, bucket: str, database: str) -> Callable[..., subprocess.CompletedProcess[str]]:
    """``scrapy move`` to PostgreSQL and a bucket, unless told otherwise."""

    def moved(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        places = {"MOVE_TO_DATABASE_URL": database, "MOVE_TO_FILES_STORE": f"s3://{bucket}/x", "OUTPUT_DIR": str(tmp_path)}
        return run("move", SPIDER, *arguments, **{**places, **environment})

    return moved


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_dataset_goes_there_and_back_and_nobody_sees_a_difference(
    tmp_path: Path, bucket: str, s3_server: s3.S3, database: str
) -> None:
    with socket.socket() as free:
        free.bind(("127.64.0.1", 0))
        port = str(free.getsockname()[1])
    home = tmp_path / SPIDER
    sample = ("-a", "portals=sample", "-a", "region=济源市", "-s", f"OUTPUT_DIR={tmp_path}")
    first = run("crawl", SPIDER, *sample, SAMPLE_PORT=port)
    assert first.returncode == 0, first.stderr[-3000:]
    version = (home / "current").resolve()
    before, files = rows(f"sqlite:///{home / 'ledger.sqlite'}"), folder(home / "attachments")
    assert len(files) > 3
    assert all(before[name] for name in ("runs", "portals", "pages", "documents", "extractions", "publications"))

    environment = {"OUTPUT_DIR": str(tmp_path), "MOVE_TO_DATABASE_URL": database, "MOVE_TO_FILES_STORE": f"s3://{bucket}/x"}
    there = run("move", SPIDER, **environment)
    assert there.returncode == 0, there.stderr[-3000:]
    assert rows(database) == before
    assert {key.removeprefix("x/"): content for key, content in objects(s3_server, bucket).items()} == files
    for name in MOVED:
        assert re.search(rf"^{name} +{len(before[name])}  [0-9a-f]{{64}}$", there.stdout, re.MULTILINE), there.stdout
    assert re.search(rf"^Documents +{len(files)}  {sum(map(len, files.values()))} bytes", there.stdout, re.MULTILINE)
    assert "100%" in there.stderr
    assert "Now set DATABASE_URL to what MOVE_TO_DATABASE_URL is and FILES_STORE" in there.stdout

    # As if the machine had only what was moved, and the published versions.
    (home / "ledger.sqlite").rename(tmp_path / "old.sqlite")
    (home / "attachments").rename(tmp_path / "old")
    now = {"DATABASE_URL": database, "FILES_STORE": f"s3://{bucket}/x", "OUTPUT_DIR": str(tmp_path)}
    published = run("publish", SPIDER, **now)
    assert "unchanged: nothing new" in published.stdout, published.stderr[-3000:]
    options = [part for name, value in now.items() for part in ("-s", f"{name}={value}")]
    second = run("crawl", SPIDER, *sample[:4], *options, SAMPLE_PORT=port)
    assert second.returncode == 0, second.stderr[-3000:]
    assert "unchanged: nothing new" in second.stdout
    after = rows(database)
    assert len(after["runs"]) == len(before["runs"]) + 1, "a new row has a new number"
    stats = json.loads(max(after["runs"])[-1])
    assert "document/extraction/read" not in stats
    assert not [key for key in stats if key.startswith("file_status_count/downloaded")]
    assert (home / "current").resolve() == version

    back = {"MOVE_TO_DATABASE_URL": f"sqlite:///{home / 'ledger.sqlite'}", "MOVE_TO_FILES_STORE": str(home / "attachments")}
    home_again = run("move", SPIDER, **{**now, **back})
    assert home_again.returncode == 0, home_again.stderr[-3000:]
    assert rows(f"sqlite:///{home / 'ledger.sqlite'}") == after
    assert folder(home / "attachments") == files
    assert "unchanged: nothing new" in run("publish", SPIDER, OUTPUT_DIR=str(tmp_path)).stdout
    with Ledger(f"sqlite:///{home / 'ledger.sqlite'}") as ledger:
        assert ledger.begin_run(SPIDER) == len(after["runs"]) + 1


def test_moving_again_writes_nothing(
    filled: tuple[Path, str],
    move: Callable[..., subprocess.CompletedProcess[str]],
    database: str,
    bucket: str,
    s3_server: s3.S3,
) -> None:
    root, url = filled
    first = move()
    assert first.returncode == 0, first.stderr[-3000:]
    assert rows(database) == rows(url)
    with closing(s3_server.client()) as client:
        times = {entry["Key"]: entry["LastModified"] for entry in client.list_objects_v2(Bucket=bucket)["Contents"]}
        second = move()
        again = {entry["Key"]: entry["LastModified"] for entry in client.list_objects_v2(Bucket=bucket)["Contents"]}
    assert (second.returncode, second.stdout) == (0, first.stdout)
    assert again == times
    assert len(times) == len(folder(root / "attachments")) == 120
    with Ledger(database) as ledger:
        assert ledger.begin_run(SPIDER) == 2


def test_killed_again_and_again_it_comes_to_the_same_end(
    tmp_path: Path, filled: tuple[Path, str], database: str, bucket: str, s3_server: s3.S3
) -> None:
    root, url = filled
    environment = {
        **os.environ, "OUTPUT_DIR": str(tmp_path), "MOVE_TO_DATABASE_URL": database, "MOVE_TO_FILES_STORE": f"s3://{bucket}/x",
    }  # fmt: skip
    command = [sys.executable, "-m", "scrapy", "move", SPIDER]
    left: list[int] = []
    running: list[subprocess.Popen[bytes]] = []
    with FaultyProxy(s3_server.endpoint) as proxy:
        slow = {**environment, "AWS_ENDPOINT_URL_S3": proxy.url}
        for most in (20, 50):
            written: list[str] = []

            def killed(request: Request, most: int = most, written: list[str] = written) -> Answer | None:
                if len(written) >= most:
                    running[-1].kill()
                    return CUT
                written.extend([request.path] * (request.method == "PUT"))
                return None

            # No request comes before the program has begun.
            proxy.plan = killed
            running.append(subprocess.Popen(command, cwd=ROOT, env=slow, stderr=subprocess.DEVNULL))
            assert running[-1].wait() == -signal.SIGKILL
            left.append(len(objects(s3_server, bucket)))
    assert 1 <= left[0] < left[1] < 120, "it was not killed in the middle"
    engine = sa.create_engine(database, poolclass=sa.NullPool)

    def pages() -> int:
        with engine.connect() as connection:
            there = sa.inspect(connection).has_table("pages")
            return int(connection.exec_driver_sql("SELECT count(*) FROM pages").scalar_one()) if there else 0

    process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)
    while process.poll() is None and not pages():
        time.sleep(0.01)
    process.kill()
    process.wait()
    engine.dispose()
    done = run("move", SPIDER, **environment)
    assert done.returncode == 0, done.stderr[-3000:]
    assert rows(database) == rows(url)
    archive = folder(root / "attachments")
    assert {key.removeprefix("x/"): content for key, content in objects(s3_server, bucket).items()} == archive


def test_a_ledger_of_something_else_is_refused_and_left_as_it_is(
    filled: tuple[Path, str],
    move: Callable[..., subprocess.CompletedProcess[str]],
    database: str,
    bucket: str,
    s3_server: s3.S3,
) -> None:
    assert filled
    with Ledger(database) as ledger:
        ledger.record_page("http://elsewhere/", portal="http://elsewhere/", outcome=Outcome.OK)
    before = rows(database)
    done = move()
    assert done.returncode == 1
    assert "MOVE_TO_DATABASE_URL holds something else: in its table pages is url 'http://elsewhere/'" in done.stderr
    assert rows(database) == before
    assert objects(s3_server, bucket) == {}


def test_a_row_that_changed_since_an_earlier_move_is_not_mixed_in(
    filled: tuple[Path, str], move: Callable[..., subprocess.CompletedProcess[str]], database: str
) -> None:
    assert move(MOVE_TO_FILES_STORE="").returncode == 0
    before = rows(database)
    with Ledger(filled[1]) as ledger:
        ledger.record_page("http://h/1", portal="http://h/", outcome=Outcome.FAILED)
    done = move()
    assert done.returncode == 1
    assert "holds something else" in done.stderr
    assert "written to since an earlier move" in done.stderr
    assert rows(database) == before


def test_an_archive_of_something_else_is_refused_and_left_as_it_is(
    filled: tuple[Path, str],
    move: Callable[..., subprocess.CompletedProcess[str]],
    database: str,
    bucket: str,
    s3_server: s3.S3,
) -> None:
    root, url = filled
    other = f"x/{content_path('ab' * 32, None)}"
    with closing(s3_server.client()) as client:
        client.put_object(Bucket=bucket, Key=other, Body=b"another spider's")
    done = move()
    assert done.returncode == 1
    assert f"MOVE_TO_FILES_STORE (s3://{bucket}/x) holds something else" in done.stderr
    assert objects(s3_server, bucket) == {other: b"another spider's"}
    assert not any(rows(database).values())

    shared = move("--shared")
    assert shared.returncode == 0, shared.stderr[-3000:]
    assert rows(database) == rows(url)
    assert objects(s3_server, bucket).keys() == {other, *(f"x/{path}" for path in folder(root / "attachments"))}
    # And back out of the shared store: only its own.
    back = {
        "MOVE_TO_DATABASE_URL": f"sqlite:///{root.parent / 'back.sqlite'}",
        "MOVE_TO_FILES_STORE": str(root.parent / "back"),
    }
    done = move("--shared", **back, DATABASE_URL=database, FILES_STORE=f"s3://{bucket}/x")
    assert done.returncode == 0, done.stderr[-3000:]
    assert folder(root.parent / "back") == folder(root / "attachments")


def test_what_is_damaged_or_missing_is_told_and_the_rest_is_moved(
    filled: tuple[Path, str],
    move: Callable[..., subprocess.CompletedProcess[str]],
    database: str,
    bucket: str,
    s3_server: s3.S3,
) -> None:
    root, url = filled
    paths = sorted(folder(root / "attachments"))
    damaged, missing, taken = paths[3], paths[50], paths[70]
    (root / "attachments" / damaged).write_bytes(b"x" * 9)
    (root / "attachments" / missing).unlink()
    with closing(s3_server.client()) as client:
        client.put_object(Bucket=bucket, Key=f"x/{taken}", Body=b"not what the name says")
    done = move()
    assert done.returncode == 1
    assert re.search(f"not moved: .*{damaged} holds bytes whose sha256 is", done.stderr)
    assert re.search(f"not moved: .*{taken} is there with other bytes", done.stderr)
    assert f"1 documents that the ledger names are not in the archive that was moved from, e.g. {missing}" in done.stderr
    assert rows(database) == rows(url)
    assert len(objects(s3_server, bucket)) == 118
    assert re.search(r"^Documents +117 ", done.stdout, re.MULTILINE)


def test_a_full_disk_breaks_it_off_and_it_goes_on_elsewhere(tmp_path: Path, small_disk: Path) -> None:
    fill(tmp_path / SPIDER, pages=50, files=50)
    large = keep(LocalStore(tmp_path / SPIDER / "attachments"), b"x" * 900_000, None)[1]
    done = run("move", SPIDER, MOVE_TO_FILES_STORE=str(small_disk / "archive"), OUTPUT_DIR=str(tmp_path))
    assert done.returncode == 1
    assert "the move broke off: [Errno 28] No space left on device" in done.stderr
    assert "Traceback" not in done.stderr
    moved = LocalStore(small_disk / "archive")
    for path in moved.paths():
        moved.read(path)
    (tmp_path / SPIDER / "attachments" / large).unlink()
    for path in list(moved.paths()):
        if path == large:
            (small_disk / "archive" / path).unlink()
    assert run("move", SPIDER, MOVE_TO_FILES_STORE=str(small_disk / "archive"), OUTPUT_DIR=str(tmp_path)).returncode == 0
    assert folder(small_disk / "archive") == folder(tmp_path / SPIDER / "attachments")


def test_a_crawl_at_work_is_not_moved_from_under_it(
    filled: tuple[Path, str], move: Callable[..., subprocess.CompletedProcess[str]], database: str
) -> None:
    with Workspace(filled[0], "", "").running():
        done = move()
    assert done.returncode == 75
    assert "another run is at work" in done.stderr
    engine = sa.create_engine(database, poolclass=sa.NullPool)
    assert sa.inspect(engine).get_table_names() == []
    engine.dispose()


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({"MOVE_TO_DATABASE_URL": "", "MOVE_TO_FILES_STORE": ""}, "set MOVE_TO_DATABASE_URL, MOVE_TO_FILES_STORE or both"),
        ({"MOVE_TO_DATABASE_URL": "mysql://u:secret-word@127.0.0.1/x"}, "MOVE_TO_DATABASE_URL names mysql"),
        ({"MOVE_TO_DATABASE_URL": "postgresql://u:secret-word@127.0.0.1:1/x"}, "connection failed"),
        ({"MOVE_TO_FILES_STORE": "s3://k:secret-word@b"}, "MOVE_TO_FILES_STORE names no bucket"),
        ({"AWS_SECRET_ACCESS_KEY": "a-secret-word"}, "the secret key is not that of the access key"),
    ],
    ids=["nowhere", "no database", "database away", "no bucket", "wrong key"],
)
def test_a_place_that_cannot_be_used_is_told_and_no_secret_with_it(
    tmp_path: Path, move: Callable[..., subprocess.CompletedProcess[str]], environment: dict[str, str], told: str
) -> None:
    fill(tmp_path / SPIDER, pages=3, files=2)
    done = move(**environment)
    assert done.returncode in (1, 2)
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert "secret-word" not in done.stdout + done.stderr


class KilledError(Exception):
    """Stands for a kill after some rows."""


@pytest.mark.parametrize("rows_before", [1, 900, 1100])
def test_a_ledger_half_carried_is_carried_on(tmp_path: Path, ledger_url: str, rows_before: int) -> None:
    source = fill(tmp_path / "source", pages=700, files=40)
    carried = 0

    def step(count: int) -> None:
        nonlocal carried
        carried += count
        if carried >= rows_before:
            raise KilledError

    with closing(LedgerMove(source, ledger_url)) as move:
        with pytest.raises(KilledError):
            move.carry(move.begin(), step)
        there = sum(map(len, rows(ledger_url).values()))
        assert rows_before <= there < move.rows()
    with closing(LedgerMove(source, ledger_url)) as move:
        more: list[int] = []
        move.carry(move.begin(), more.append)
        assert sum(more) == move.rows() - there
        assert sum(table.rows for table in move.verify(lambda _: None)) == move.rows()
    assert rows(ledger_url) == rows(source)


MEASURED = """
import resource
import sys
from pathlib import Path
from crawler.dataset.moving import LedgerMove
move = LedgerMove(sys.argv[1], sys.argv[2])
move.carry(move.begin(), lambda _: None)
move.verify(lambda _: None)
move.close()
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_the_ledger(tmp_path: Path, postgres_database: str) -> None:
    used = []
    for pages in (2_000, 30_000):
        source = fill(tmp_path / str(pages), pages=pages, files=0)
        with postgres.new_schema(postgres_database) as target:
            done = subprocess.run(
                [sys.executable, "-c", MEASURED, source, target], cwd=ROOT, capture_output=True, text=True, check=True
            )
        used.append(int(done.stdout) / 1024)
    assert used[1] - used[0] < 15, f"MiB with 2,000 and with 30,000 pages: {used}"
