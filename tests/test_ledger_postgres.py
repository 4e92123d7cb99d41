"""What only a server does: it goes away in the middle, asks for a password, and sorts as its language does."""

from __future__ import annotations

import gc
import itertools
import logging
import os
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
import sqlalchemy as sa
from scrapy.settings import Settings

from crawler.dataset.connections import LedgerError, address
from crawler.dataset.ledger import Ledger
from crawler.dataset.model import Validators
from crawler.outcomes import Outcome
from crawler.workspace import Workspace
from tests import postgres

ROOT = Path(__file__).resolve().parent.parent
SPIDER = "henan_reports"
NIGHT = datetime(2026, 1, 10, 2, 0, tzinfo=UTC)
PAGES = range(150)
TABLES = ("portals", "pages", "documents", "extractions", "visits")


@pytest.fixture
def url(postgres_database: str) -> Iterator[str]:
    with postgres.new_schema(postgres_database) as url:
        yield url


def opened(url: str) -> Ledger:
    return Ledger(url, clock=lambda: NIGHT)


def write(ledger: Ledger, numbers: range, reached: Event | None = None) -> None:
    """Writes pages as a run does, some one call at a time and some together."""
    ledger.record_portal(SPIDER, "p", name="n", region="河南省", home="http://h/", outcome=Outcome.OK)
    for number in numbers:
        page, content = f"http://h/{number}", f"{number:064x}"

        def write_page(page: str = page, content: str = content, number: int = number) -> bool:
            ledger.record_page(page, portal="p", outcome=Outcome.OK, title=f"title {number}")
            new = ledger.record_document(page, page_url=page, role="body", outcome=Outcome.OK, sha256=content)
            ledger.visits.keep_page("p", page, page_url=page, fingerprint="f", validators=Validators('"1"'))
            return new

        if number % 2:
            ledger.writer.run(write_page)
        else:
            write_page()
        ledger.save_extraction(content, "1", outcome=Outcome.OK, record={"number": number})
        found = ledger.find_extraction(content, "1")
        assert found is not None
        assert found.record == {"number": number}
        if reached is not None and number == numbers[len(numbers) // 10]:
            reached.set()


def content(url: str) -> dict[str, list[tuple[Any, ...]]]:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        found = {
            name: [tuple(row) for row in connection.exec_driver_sql(f"select * from {name} order by 1, 2")]  # noqa: S608
            for name in TABLES
        }
    engine.dispose()
    return found


def written_while(url: str, disturb: Callable[[], object], numbers: range, *, pause: float = 0.3) -> int:
    """Disturbs a run of writes every ``pause`` seconds until it ends; how often it did.

    Raises:
        BaseException: what the run failed with.
    """
    errors: list[BaseException] = []
    reached = Event()

    def run() -> None:
        try:
            with opened(url) as ledger:
                write(ledger, numbers, reached)
        except BaseException as error:  # noqa: BLE001 - carried over to the test's own thread
            errors.append(error)
        finally:
            reached.set()

    thread = Thread(target=run)
    thread.start()
    assert reached.wait(60)
    times = 0
    while thread.is_alive():
        disturb()
        times += 1
        thread.join(pause)
    if errors:
        raise errors[0]
    return times


def terminate(url: str) -> int:
    """Ends every other connection to the database; how many there were."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    statement = "select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
    with engine.connect() as connection:
        ended = connection.exec_driver_sql(statement).scalar_one()
    engine.dispose()
    return int(ended)


@pytest.fixture(scope="module")
def undisturbed(postgres_database: str) -> Iterator[dict[str, list[tuple[Any, ...]]]]:
    with postgres.new_schema(postgres_database) as url:
        with opened(url) as ledger:
            write(ledger, PAGES)
        yield content(url)


def test_a_run_whose_connections_are_ended_writes_all_the_same(
    url: str, undisturbed: dict[str, list[tuple[Any, ...]]], caplog: pytest.LogCaptureFixture
) -> None:
    ended: list[int] = []
    with caplog.at_level(logging.WARNING, "crawler.dataset.repeating"):
        written_while(url, lambda: ended.append(terminate(url)), PAGES, pause=0.03)
    assert sum(ended) >= 2
    assert any("connection was lost" in record.message for record in caplog.records), "none was ended in the middle"
    assert content(url) == undisturbed


def test_a_run_goes_on_after_its_server_was_restarted(undisturbed: dict[str, list[tuple[Any, ...]]]) -> None:
    with postgres.own_server() as server, postgres.new_database(server.url) as url:
        ends = itertools.cycle((server.stop, server.kill))

        def restart() -> None:
            next(ends)()
            time.sleep(0.3)
            server.start()
            time.sleep(0.3)

        assert written_while(url, restart, PAGES) >= 2
        assert content(url) == undisturbed


# The driver cannot close a cursor whose connection is gone, and says so when it is collected.
@pytest.mark.filterwarnings("ignore:.*ServerCursor.*was deleted while still open:ResourceWarning")
def test_a_stream_goes_on_where_it_was_lost(url: str) -> None:
    pages = [f"http://h/{number}" for number in range(600)]

    def work() -> None:
        for number, page in enumerate(pages):
            ledger.record_page(page, portal="p", outcome=Outcome.OK, title="t")
            ledger.record_document(page, page_url=page, role="body", outcome=Outcome.OK, sha256=f"{number:064x}", path="x")

    with opened(url) as ledger:
        ledger.record_portal(SPIDER, "p", name="n", region="河南省", home="http://h/")
        ledger.writer.run(work)

        def streamed(stream: Iterator[Any]) -> list[Any]:
            had = []
            for one in stream:
                had.append(one)
                if len(had) in (1, 450):
                    assert terminate(url)
            return had

        assert [sighting.url for sighting in streamed(ledger.iter_sightings(SPIDER))] == sorted(pages)
        assert [document.url for document in streamed(ledger.archived_documents(SPIDER, "1"))] == pages
        assert streamed(ledger.listed_titles(SPIDER)) == [("p", "t")] * 600
    gc.collect()


def test_a_thread_that_writes_together_begins_again_with_all_of_it(url: str) -> None:
    tries: list[int] = []

    def work() -> None:
        tries.append(len(tries))
        ledger.record_page("http://h/1", portal="p", outcome=Outcome.OK)
        if len(tries) == 1:
            assert terminate(url)
        ledger.record_page("http://h/2", portal="p", outcome=Outcome.OK)

    with opened(url) as ledger:
        ledger.writer.run(work)
    assert tries == [0, 1]
    assert [row[0] for row in content(url)["pages"]] == ["http://h/1", "http://h/2"]


def test_a_server_that_stays_away_is_an_error_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crawler.dataset.repeating.RESTART_SECONDS", 1)
    with postgres.own_server() as server, postgres.new_database(server.url) as url:
        ledger = opened(url)
        server.stop()
        began = time.monotonic()
        with pytest.raises(sa.exc.OperationalError):
            ledger.begin_run(SPIDER)
        assert 0.5 < time.monotonic() - began < 10
        ledger.close()
        server.start()


def test_what_a_statement_does_wrong_is_not_tried_again(url: str) -> None:
    tries: list[int] = []

    def work() -> None:
        tries.append(1)
        with ledger.writer.begin() as connection:
            connection.exec_driver_sql("insert into nowhere values (1)")

    with opened(url) as ledger, pytest.raises(sa.exc.ProgrammingError, match="nowhere"):
        ledger.writer.run(work)
    assert tries == [1]


def test_a_writer_waits_for_another_and_a_reader_does_not(url: str) -> None:
    with opened(url) as first, opened(url) as second:
        with first.writer.together():
            first.record_page("http://h/1", portal="p", outcome=Outcome.OK)
            thread = Thread(target=second.record_page, args=("http://h/2",), kwargs={"portal": "p", "outcome": Outcome.OK})
            thread.start()
            assert second.known_document("http://h/1") is None
            thread.join(0.5)
            assert thread.is_alive()
        thread.join(20)
        assert not thread.is_alive()
    assert len(content(url)["pages"]) == 2


def test_the_order_is_that_of_sqlite_whatever_language_the_server_speaks(url: str, tmp_path: Path) -> None:
    names = [
        "http://h/b",
        "http://h/B",
        "http://h/a-b",
        "http://h/ab",
        "http://h/年",
        "http://h/报",
        "http://h/%E5",
        "http://h/_",
    ]
    orders = []
    for address_of in (url, f"sqlite:///{tmp_path / 'ledger.sqlite'}"):
        with opened(address_of) as ledger:
            for portal in ("区", "县", "Z", "a"):
                ledger.record_portal(SPIDER, portal, name="n", region=portal, home="http://h/")
            for number, name in enumerate(names):
                ledger.record_page(name, portal="区", outcome=Outcome.OK)
                ledger.record_document(name, page_url=name, role="body", outcome=Outcome.OK, sha256=f"{number:064x}", path="x")
            ledger.record_document("http://h/lost", page_url=names[0], role="body", outcome=Outcome.NOT_FOUND)
            orders.append(
                (
                    [sighting.url for sighting in ledger.iter_sightings(SPIDER)],
                    [health.portal for health in ledger.portal_health(SPIDER)],
                    list(ledger.media_type_counts(spider=SPIDER).items()),
                    ledger.state_digest(SPIDER),
                    ledger.left_contents(SPIDER, [(name, f"{number:064x}") for number, name in enumerate(names)]),
                )
            )
    assert orders[0] == orders[1]
    assert orders[0][0] == sorted(orders[0][0], key=str.encode)


def test_what_portals_say_fits(url: str) -> None:
    with opened(url) as ledger:
        ledger.record_portal(SPIDER, "p", name="n", region="r", home="http://h/")
        ledger.record_column("p", "http://c/", collected=1, declared_total=99_999_999_999, outcome=Outcome.OK)
        ledger.record_page("http://h/1", portal="p", outcome=Outcome.OK, title="年\x00报")
        ledger.record_document("http://h/1", page_url="http://h/1", role="body", outcome=Outcome.OK, sha256="a", size=2**40)
        (health,) = ledger.portal_health(SPIDER)
        assert (type(health.declared), health.declared) == (int, 99_999_999_999)
        (sighting,) = ledger.iter_sightings(SPIDER)
        assert (sighting.page_title, sighting.size) == ("年\ufffd报", 2**40)


STREAM = """
import resource, sys
from crawler.dataset.ledger import Ledger

with Ledger(sys.argv[1]) as ledger:
    ledger.portal_health("henan_reports")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    ledger.state_digest("henan_reports")
    print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def test_sightings_stream(url: str) -> None:
    rows, width = 8_000, 8_000
    with opened(url) as ledger:
        write(ledger, range(1))
        with ledger.writer.begin() as connection:
            connection.exec_driver_sql(
                "insert into documents (url, sha256, page_url, role, fetched_at, first_seen, last_seen, outcome, message)"  # noqa: S608
                f" select 'http://h/0?' || n, md5(n::text), 'http://h/0', 'body', '', '', '', 'ok', repeat(md5(n::text), {width // 32})"
                f" from generate_series(1, {rows}) n"
            )
    done = subprocess.run(
        [sys.executable, "-c", STREAM, url], cwd=ROOT, capture_output=True, text=True, timeout=120, check=True
    )
    grown_mb = int(done.stdout)
    assert grown_mb < rows * width / 1e6 / 2, "the whole result was in memory"


# Passwords

SECRET = "hush-7f3a"  # noqa: S105 - no one's


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql+psycopg://u:{SECRET}@127.0.0.1:1/name",
        f"postgres://u:{SECRET}@127.0.0.1:1/name",
        f"postgresql+psycopg://u:/{SECRET}@127.0.0.1/name",
        f"postgresql+psycopg://u:1/{SECRET}@127.0.0.1/name",
        f"postgresql+psycopg://u:{SECRET}#@127.0.0.1/name",
        f"postgresql+psycopg://127.0.0.1:1/name?user=u&password={SECRET}",
        f"mysql://u:{SECRET}@127.0.0.1/name",
        f"u:{SECRET}@127.0.0.1/name",
    ],
)
def test_a_password_is_in_no_error(url: str) -> None:
    pytest.importorskip("psycopg")
    with pytest.raises((LedgerError, sa.exc.DBAPIError)) as caught:
        Ledger(url)
    assert SECRET not in "".join(traceback.format_exception(caught.value)).replace(f'"{url}"', "")


def test_an_address_may_say_postgres_alone() -> None:
    assert address("postgres://h/n").drivername == address("postgresql://h/n").drivername == "postgresql+psycopg"


def test_samples_are_kept_out_of_the_database_of_the_environment(tmp_path: Path) -> None:
    secret = f"postgresql+psycopg://u:{SECRET}@h/n"
    settings = Settings({"OUTPUT_DIR": str(tmp_path), "DATABASE_URL": secret, "FILES_STORE": ""})
    workspace = Workspace.of(settings, SPIDER)
    assert workspace.ledger_url == secret
    assert SECRET not in repr(workspace)
    assert Workspace.of(settings, SPIDER, sample=True).ledger_url == f"sqlite:///{tmp_path}/sample/{SPIDER}/ledger.sqlite"
    settings.set("DATABASE_URL", secret, priority="cmdline")
    assert Workspace.of(settings, SPIDER, sample=True).ledger_url == secret


def test_a_password_is_in_no_log_and_not_in_the_ledger(tmp_path: Path) -> None:
    with postgres.own_server() as server, postgres.new_database(server.url) as url:
        password = sa.make_url(url).password
        assert password
        environment = os.environ | {"DATABASE_URL": url}
        command = [sys.executable, "-m", "scrapy", "publish", SPIDER, "-s", f"OUTPUT_DIR={tmp_path}", "-s", "LOG_LEVEL=DEBUG"]
        good = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)
        server.stop()
        away = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)
        server.start()
        wrong = environment | {"DATABASE_URL": url.replace(password, SECRET)}
        refused = subprocess.run(command, cwd=ROOT, env=wrong, capture_output=True, text=True, timeout=120, check=False)
        for done in (good, away, refused):
            assert not any(word in done.stdout + done.stderr for word in (password, SECRET))
        assert "Connection refused" in away.stderr
        assert "password authentication failed" in refused.stderr
        for done in (away, refused):
            assert "Traceback" not in done.stderr
            assert done.returncode != 0
        assert password not in str(content(url))
