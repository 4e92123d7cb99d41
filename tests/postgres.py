"""A PostgreSQL for tests: the one that OGI_TEST_POSTGRES names, or one of their own; never a database they did not make."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import pytest
import sqlalchemy as sa

DEFAULT = "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"
PROGRAMS = ("initdb", "pg_ctl", "postgres")
LIBRARY = Path("/usr/lib/postgresql")

# Chinese by its sounds, where the server can: what is to be in the order of bytes must say so.
DATABASES = ("TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'zh-CN'", "TEMPLATE template0")


def programs() -> Path | None:
    """The folder of a server's programs."""
    folders = sorted(LIBRARY.glob("*/bin"), reverse=True)
    if found := shutil.which("initdb"):
        folders.insert(0, Path(found).resolve().parent)
    return next((folder for folder in folders if all((folder / name).is_file() for name in PROGRAMS)), None)


class Server:
    """A server of the tests' own, in a temporary folder; a context manager that ends it and takes the folder away."""

    def __init__(self, bin_folder: Path) -> None:
        self._bin = bin_folder
        # Not the tests' own temporary folder: that is root's alone where root runs them, and no server runs as root.
        self._folder = Path(tempfile.mkdtemp(prefix="ogi-postgres-"))
        self._as: list[str] = []
        if os.getuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(self._folder, user.pw_uid, user.pw_gid)
            self._as = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.url = f"postgresql+psycopg://postgres:a-secret@127.0.0.1:{self.port}/postgres"

    def __enter__(self) -> Self:
        try:
            password = self._folder / "password"
            password.write_text("a-secret\n")
            password.chmod(0o644)
            self._call(
                "initdb", "-D", self._data, "-U", "postgres", "-A", "scram-sha-256", f"--pwfile={password}", "-N", "-E", "UTF8"
            )
            self.start()
        except BaseException:
            shutil.rmtree(self._folder)
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self._folder)

    @property
    def _data(self) -> str:
        return str(self._folder / "data")

    def start(self) -> None:
        """Starts the server, and waits until it answers."""
        options = f"-F -p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self._folder}"
        self._call("pg_ctl", "-D", self._data, "-w", "-l", str(self._folder / "log"), "-o", options, "start")

    def stop(self) -> None:
        """Ends every connection and the server."""
        self._call("pg_ctl", "-D", self._data, "-w", "-m", "fast", "stop")

    def kill(self) -> None:
        """Ends it as a power cut would."""
        pid = int((self._folder / "data" / "postmaster.pid").read_text().split()[0])
        os.kill(pid, signal.SIGQUIT)

    def _call(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [*self._as, str(self._bin / program), *arguments],
            cwd=self._folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{program}: {done.stderr}"


def why_no_server() -> str | None:
    """What keeps tests from starting a server of their own."""
    if programs() is None:
        return "no PostgreSQL server to start: apt-get install postgresql"
    if os.getuid() == 0:
        if shutil.which("setpriv") is None:
            return "no PostgreSQL server runs as root, and setpriv is missing: apt-get install util-linux"
        try:
            pwd.getpwnam("postgres")
        except KeyError:
            return "no PostgreSQL server runs as root, and there is no user postgres"
    return None


@contextmanager
def own_server() -> Iterator[Server]:
    """A server that may be restarted; the test is skipped where there is none to start."""
    pytest.importorskip("psycopg", reason="psycopg is not installed: make test does that")
    reason, bin_folder = why_no_server(), programs()
    if reason is not None or bin_folder is None:
        pytest.skip(reason or "no PostgreSQL server to start: apt-get install postgresql")
    with Server(bin_folder) as server:
        yield server


@contextmanager
def any_server() -> Iterator[str]:
    """The address of a server on which databases may be made."""
    pytest.importorskip("psycopg", reason="psycopg is not installed: make test does that")
    url = os.environ.get("OGI_TEST_POSTGRES", DEFAULT)
    if _answers(url):
        yield url
        return
    if "OGI_TEST_POSTGRES" in os.environ:
        pytest.skip("the PostgreSQL that OGI_TEST_POSTGRES names does not answer: start it, or unset OGI_TEST_POSTGRES")
    with own_server() as server:
        yield server.url


def _answers(url: str) -> bool:
    engine = sa.create_engine(url, connect_args={"connect_timeout": 2})
    try:
        with engine.connect() as connection:
            return bool(
                connection.execute(
                    sa.text("SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user")
                ).scalar()
            )
    except sa.exc.OperationalError:
        return False
    finally:
        engine.dispose()


@contextmanager
def new_database(server: str) -> Iterator[str]:
    """The address of an empty database, which goes with the block."""
    name = f"ogi_test_{uuid.uuid4().hex}"
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    try:
        with engine.connect() as connection:
            for options in DATABASES:
                try:
                    connection.exec_driver_sql(f"CREATE DATABASE {name} ENCODING 'UTF8' {options}")
                    break
                except sa.exc.DBAPIError:
                    if options == DATABASES[-1]:
                        raise
        yield sa.make_url(server).set(database=name).render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        engine.dispose()


@contextmanager
def new_schema(database: str) -> Iterator[str]:
    """The address of an empty schema of the database, which goes with the block."""
    name = f"s{uuid.uuid4().hex}"
    engine = sa.create_engine(database, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql(f"CREATE SCHEMA {name}")
        yield (
            sa.make_url(database).update_query_dict({"options": f"-csearch_path={name}"}).render_as_string(hide_password=False)
        )
        with engine.connect() as connection:
            connection.exec_driver_sql(f"DROP SCHEMA {name} CASCADE")
    finally:
        engine.dispose()
