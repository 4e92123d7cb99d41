"""A ledger of so many known reports, for `benchmarks.ledger`.

The ledger itself writes the reports of the first portal; the other portals are copies of its rows under their own addresses
and digests, by INSERT ... SELECT. So every row has the shape that the code gives, but a record is a small one: what is asked
of a ledger every night opens none.
"""

from __future__ import annotations

import hashlib
import sqlite3
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from crawler import EXTRACTOR_VERSION
from crawler.dataset import tables
from crawler.dataset.connections import connect
from crawler.dataset.ledger import Ledger
from crawler.dataset.model import Validators
from crawler.outcomes import Outcome

SPIDER = "annual_reports"
REPORTS = 250
"""Of a portal: Henan's 175 have 45,000."""
ROWS = 24
"""Of a page of a list."""
COLUMNS = 2
WITH_FILE = 4
"""Every so manieth report has an attachment beside its body."""
TOGETHER = 100
"""Portals copied in one transaction."""

BEGINNING = datetime(2026, 1, 1, 18, tzinfo=UTC)
FIRST = 1_000_000
"""The number of the first portal; all have as many digits."""
OLD_VERSION = "0"
"""Of an extractor that read every tenth document before the present one."""

ADDRESSES = frozenset({"portal", "url", "page_url", "column_url", "home", "key"})


def host(portal: int) -> str:
    """The name of a portal's host; portals count from 0."""
    return f"p{FIRST + portal}.gov.example"


def key(portal: int) -> str:
    """What the ledger calls a portal."""
    return f"http://{host(portal)}/"


def column(portal: int, number: int) -> str:
    """The address of one of a portal's columns."""
    return f"{key(portal)}zwgk/zfxxgknb/{number}/"


def page(portal: int, report: int) -> str:
    """The address of a report's page."""
    return f"{key(portal)}2024/01-19/{7_000_000 + report}.html"


def file(portal: int, report: int) -> str:
    """The address of a report's attachment."""
    return f"{key(portal)}upload/2024/{7_000_000 + report}.pdf"


def title(report: int) -> str:
    """As the list has it."""
    return f"某县第{report // 10}镇人民政府{2014 + report % 10}年政府信息公开工作年度报告"


def lists(portal: int) -> list[str]:
    """The addresses of the pages of a portal's lists."""
    pages = -(-REPORTS // COLUMNS // ROWS)
    return [f"{column(portal, number)}index_{place}.html" for number in range(COLUMNS) for place in range(pages)]


def digest(text: str) -> str:
    """64 hexadecimal digits in no order; PostgreSQL says the same in `_copied_digest`."""
    return _md5(text) + _md5(f"{text}.")


def content(portal: int, url: str) -> str:
    """The sha256 of what was had from an address."""
    of_first = digest(url.replace(host(portal), host(0)))
    return digest(f"{of_first}{host(portal)}") if portal else of_first


def fill(url: str, reports: int) -> None:
    """Makes the ledger at an address, which is empty."""
    with Ledger(url, clock=lambda: BEGINNING) as ledger:
        run = ledger.begin_run(SPIDER)
        _write_first(ledger, run)
        ledger.finish_run(run, reason="finished")
    engine, _ = connect(url)
    sa.event.listen(engine, "connect", _learn_md5)
    portals = reports // REPORTS
    for start in range(1, portals, TOGETHER):
        with engine.begin() as connection:
            for portal in range(start, min(start + TOGETHER, portals)):
                for statement in COPIES:
                    connection.execute(statement, {"its_host": host(portal)})
    if engine.dialect.name == "postgresql":  # what the server's own autovacuum has done by the next night
        with engine.connect().execution_options(ledger_reads_only=True, isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")
    engine.dispose()


def _write_first(ledger: Ledger, run: int) -> None:
    name, visits = "某县人民政府", ledger.visits
    with ledger.writer.together():
        ledger.record_portal(
            SPIDER, key(0), name=name, region="河南省/洛阳市/某县", home=key(0), outcome=Outcome.OK, family="trs"
        )
        visits.keep_entries(SPIDER, key(0), [column(0, number) for number in range(COLUMNS)])
        for address in lists(0):
            visits.keep_list(key(0), address, address, _list_body(), Validators('"5f3a-61"', None))
        for number in range(COLUMNS):
            ledger.record_column(key(0), column(0, number), collected=REPORTS // COLUMNS, outcome=Outcome.OK, family="trs")
        for report in range(REPORTS):
            _write_report(ledger, run, report)


def _write_report(ledger: Ledger, run: int, report: int) -> None:
    address = page(0, report)
    documents = [(address, "body", "text/html")]
    if report % WITH_FILE == 0:
        documents.append((file(0, report), "attachment", "application/pdf"))
    for url, role, media_type in documents:
        sha256 = digest(url)
        ledger.record_document(
            *(url,),
            page_url=address, role=role, outcome=Outcome.OK, sha256=sha256, media_type=media_type, size=48_213,
            path=f"{sha256}.{media_type[-4:]}", etag='"65aa-bc5d"', link_text=title(report), run=run,
        )  # fmt: skip
        if report % 10 == 0:
            ledger.save_extraction(
                sha256, OLD_VERSION, outcome=Outcome.OK, record={"title": title(report)}, at=BEGINNING - timedelta(days=90)
            )
        ledger.save_extraction(sha256, EXTRACTOR_VERSION, outcome=Outcome.OK, record={"title": title(report)}, seconds=0.02)
    ledger.record_page(
        *(address,),
        portal=key(0), outcome=Outcome.OK, column_url=column(0, report % COLUMNS), title=title(report),
        published_date="2024-01-19", source="某镇人民政府", list_title=title(report), list_date="2024-01-19",
    )  # fmt: skip
    ledger.visits.keep_page(
        key(0), address, page_url=address, fingerprint=digest(f"said {report}"), validators=Validators('"65aa-bc5d"', None)
    )


def _list_body() -> bytes:
    rows = (
        f'<li><a href="/2024/01-19/{number}.html">{title(number)}</a><span>2024-01-19</span></li>' for number in range(ROWS)
    )
    return f"<html><body><ul>{''.join(rows)}</ul></body></html>".encode()


# The other portals


def _copied(column: sa.Column[Any]) -> sa.ColumnElement[Any]:
    if column.name in ADDRESSES:
        return sa.func.replace(column, host(0), sa.bindparam("its_host"))
    if column.name == "sha256":
        return _copied_digest(column)
    if column.name == "path":
        return _copied_digest(column.table.c.sha256) + sa.func.substr(column, 65)
    return column


def _copied_digest(column: sa.Column[Any]) -> sa.ColumnElement[Any]:
    own = sa.type_coerce(column, sa.Text) + sa.bindparam("its_host")
    return sa.func.md5(own, type_=sa.Text) + sa.func.md5(own + ".", type_=sa.Text)


def _copy(table: sa.Table, source: sa.FromClause, condition: sa.ColumnElement[bool]) -> sa.Insert:
    rows = sa.select(*map(_copied, table.c)).select_from(source).where(condition)
    return table.insert().from_select(list(table.c), rows)


def _copies() -> list[sa.Insert]:
    page, document, extraction = tables.pages, tables.documents, tables.extractions
    own = page.c.portal == key(0)
    with_documents = page.join(document, document.c.page_url == page.c.url)
    with_readings = with_documents.join(extraction, extraction.c.sha256 == document.c.sha256)
    plain = (tables.portals, tables.columns, tables.entries, tables.list_pages, page, tables.visits)
    return [
        *(_copy(table, table, table.c.portal == key(0)) for table in plain),
        _copy(document, with_documents, own),
        _copy(extraction, with_readings, own),
    ]


COPIES = _copies()


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _learn_md5(connection: Any, _: object) -> None:
    if isinstance(connection, sqlite3.Connection):
        connection.create_function("md5", 1, _md5, deterministic=True)
