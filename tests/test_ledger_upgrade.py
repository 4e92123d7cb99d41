"""The ledger's tables over the versions, on both databases: made, stamped, brought up, refused."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from crawler.dataset import tables, upgrading
from crawler.dataset.connections import LedgerError, connect
from crawler.dataset.ledger import Ledger

ROOT = Path(__file__).resolve().parent.parent
FIRST = ROOT / "tests" / "first_ledger.sql"
"""A ledger as the first released software left it, before there were migrations."""

SECOND = """
import sqlalchemy as sa
from alembic import op

revision, down_revision = "{new:04d}", "{old:04d}"


def upgrade() -> None:
    with op.batch_alter_table("documents") as batch:
        batch.add_column(sa.Column("language", sa.Text, nullable=False, server_default="zh"))
        batch.alter_column("last_run", type_=sa.BigInteger)
    {more}
"""


@pytest.fixture
def engine(ledger_url: str) -> Iterator[sa.Engine]:
    engine, _ = connect(ledger_url)
    yield engine
    engine.dispose()


def fill_first(engine: sa.Engine) -> dict[str, int]:
    """Makes the first ledger, as its software did: no stamp; gives the number of rows of each table."""
    old = sqlite3.connect(":memory:")
    old.executescript(FIRST.read_text(encoding="utf-8"))
    counts = {}
    with engine.begin() as connection:
        migrate(connection, "0001")
        connection.exec_driver_sql(f"drop table {upgrading.VERSION_TABLE}")
        for name in named(old):
            cursor = old.execute(f"select * from {name}")  # noqa: S608 - names of our own
            columns = [column[0] for column in cursor.description]
            table = tables.metadata.tables[name]
            values = [dict(zip(columns, row, strict=True)) for row in cursor]
            counts[name] = len(values)
            if values:
                connection.execute(table.insert(), [typed(table, one) for one in values])
    old.close()
    return counts


def migrate(connection: sa.Connection, revision: str) -> Config:
    """Makes the tables of an empty database as the migrations do, up to a version."""
    config = Config(attributes={"version_table": upgrading.VERSION_TABLE, "connection": connection})
    config.set_main_option("script_location", str(upgrading.MIGRATIONS))
    config.set_main_option("path_separator", "os")
    command.upgrade(config, revision)
    return config


def named(old: sqlite3.Connection) -> list[str]:
    return [name for (name,) in old.execute("select name from sqlite_master where type = 'table'")]


def typed(table: sa.Table, row: dict[str, Any]) -> dict[str, Any]:
    return {key: bool(value) if isinstance(table.c[key].type, sa.Boolean) else value for key, value in row.items()}


def counted(engine: sa.Engine, names: dict[str, int]) -> dict[str, int]:
    with engine.connect() as connection:
        return {name: connection.execute(sa.select(sa.func.count()).select_from(sa.table(name))).scalar_one() for name in names}


def stamp(engine: sa.Engine) -> tuple[str, str]:
    with engine.connect() as connection:
        stamped = connection.exec_driver_sql(f"select version_num from {upgrading.VERSION_TABLE}").scalar_one()  # noqa: S608
        told = connection.exec_driver_sql("select value from meta where key = 'schema_version'").scalar_one()
    return stamped, told


def scripts_with_a_next(folder: Path, more: str = "") -> tuple[Path, int]:
    """The migrations with one more, and its version."""
    scripts = folder / "migrations"
    shutil.copytree(upgrading.MIGRATIONS, scripts, ignore=shutil.ignore_patterns("__pycache__"))
    new = tables.SCHEMA_VERSION + 1
    (scripts / "versions" / f"version_{new:04d}.py").write_text(SECOND.format(new=new, old=new - 1, more=more))
    return scripts, new


def differences(engine: sa.Engine) -> list[Any]:
    with engine.connect() as connection:
        options = {"compare_type": True, "version_table": upgrading.VERSION_TABLE}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), tables.metadata))


def described(engine: sa.Engine) -> dict[str, list[str]]:
    """What differences() does not see: collations and defaults."""
    inspector = sa.inspect(engine)
    return {
        name: sorted(
            f"{column['name']} {column['type']!r} {column['default']} {column['nullable']}"
            for column in inspector.get_columns(name)
        )
        for name in inspector.get_table_names()
    }


def test_a_new_ledger_is_stamped_and_opens_again(ledger_url: str, engine: sa.Engine) -> None:
    for _ in range(2):
        Ledger(ledger_url).close()
        assert stamp(engine) == (upgrading.revision(tables.SCHEMA_VERSION), str(tables.SCHEMA_VERSION))


def test_the_migrations_end_where_the_tables_are(ledger_url: str, engine: sa.Engine) -> None:
    with engine.begin() as connection:
        config = migrate(connection, "head")
    assert ScriptDirectory.from_config(config).get_heads() == [upgrading.revision(tables.SCHEMA_VERSION)]
    assert differences(engine) == []
    with engine.begin() as connection:
        assert upgrading.found_version(connection) == (tables.SCHEMA_VERSION, True)
    migrated = described(engine)
    with engine.begin() as connection:
        tables.metadata.drop_all(connection)
        connection.exec_driver_sql(f"drop table {upgrading.VERSION_TABLE}")
    Ledger(ledger_url).close()
    assert described(engine) == migrated
    with engine.begin() as connection:
        connection.exec_driver_sql("alter table pages drop column list_title")
        connection.exec_driver_sql("drop index documents_by_page")
    assert len(differences(engine)) == 2, "the comparison sees nothing"


def test_what_a_new_ledger_is_made_of_is_what_the_tables_say(ledger_url: str, engine: sa.Engine) -> None:
    Ledger(ledger_url).close()
    assert differences(engine) == []


def test_a_file_of_the_first_software_is_stamped_and_keeps_its_rows(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    old = sqlite3.connect(path)
    old.executescript(FIRST.read_text(encoding="utf-8"))
    old.close()
    with Ledger(f"sqlite:///{path}") as ledger:
        held, lost = ledger.iter_sightings("henan_reports")
        assert (held.record, lost.message) == ({"title": "栾川县2023年报"}, "status 404")
        assert ledger.visits.entries("henan_reports", "luanchuan")[0] == ("http://luanchuan.example/nb/",)
        assert [row.version for row in ledger.publications("henan_reports")] == ["20260110T020000Z"]
    engine, _ = connect(f"sqlite:///{path}")
    assert stamp(engine) == (upgrading.revision(tables.SCHEMA_VERSION), str(tables.SCHEMA_VERSION))
    assert differences(engine) == []
    names = [column["name"] for column in sa.inspect(engine).get_columns("extractions")]
    assert names == [column.name for column in tables.extractions.c], "SQLite reads past the record to what stands behind it"
    engine.dispose()


def test_an_older_ledger_is_brought_up_with_its_rows(engine: sa.Engine, tmp_path: Path) -> None:
    rows = fill_first(engine)
    assert min(rows.values()) > 0
    scripts, new = scripts_with_a_next(tmp_path)
    with engine.begin() as connection:
        upgrading.bring_up(connection, head=new, scripts=scripts)
    assert counted(engine, rows) == rows
    assert stamp(engine) == (upgrading.revision(new), str(new))
    with engine.connect() as connection:
        assert set(connection.exec_driver_sql("select language from documents").scalars()) == {"zh"}
        with pytest.raises(LedgerError, match=f"version {new}, this software knows {tables.SCHEMA_VERSION}: use the newer"):
            upgrading.is_current(connection)


def test_a_migration_that_fails_leaves_the_ledger_as_it_was(engine: sa.Engine, tmp_path: Path, ledger_url: str) -> None:
    rows = fill_first(engine)
    scripts, new = scripts_with_a_next(tmp_path, more='op.execute("insert into nowhere values (1)")')
    with pytest.raises(sa.exc.DBAPIError, match="nowhere"), engine.begin() as connection:
        upgrading.bring_up(connection, head=new, scripts=scripts)
    assert counted(engine, rows) == rows
    assert "language" not in {column["name"] for column in sa.inspect(engine).get_columns("documents")}
    Ledger(ledger_url).close()
    assert stamp(engine)[1] == str(tables.SCHEMA_VERSION)


UPGRADE = """
import sys
from pathlib import Path
from crawler.dataset import upgrading
from crawler.dataset.connections import connect

engine, _ = connect(sys.argv[1])
sys.stdin.readline()
with engine.begin() as connection:
    upgrading.bring_up(connection, head=int(sys.argv[3]), scripts=Path(sys.argv[2]))
engine.dispose()
"""


def test_of_processes_that_open_an_older_ledger_at_once_one_brings_it_up(
    engine: sa.Engine, tmp_path: Path, ledger_url: str
) -> None:
    rows = fill_first(engine)
    scripts, new = scripts_with_a_next(tmp_path)
    command = [sys.executable, "-c", UPGRADE, ledger_url, str(scripts), str(new)]
    both = [subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    for process in both:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    told = [process.communicate(timeout=60)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0, 0], told
    assert counted(engine, rows) == rows
    assert stamp(engine) == (upgrading.revision(new), str(new))


def test_processes_that_make_a_ledger_at_once_do_not_stand_in_each_others_way(ledger_url: str, engine: sa.Engine) -> None:
    opening = "import sys; from crawler.dataset.ledger import Ledger; Ledger(sys.argv[1]).close()"
    all_of_them = [
        subprocess.Popen([sys.executable, "-c", opening, ledger_url], cwd=ROOT, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    told = [process.communicate(timeout=60)[1] for process in all_of_them]
    assert [process.returncode for process in all_of_them] == [0, 0, 0], told
    assert stamp(engine)[1] == str(tables.SCHEMA_VERSION)
