"""Shared fixtures: where real documents are, and the skips that say why."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests import postgres, s3
from tests.loopback import sitecustomize as _  # noqa: F401 - keeps this process on loopback

ROOT = Path(__file__).resolve().parent.parent
LEFT = Path(tempfile.mkstemp(prefix="loopback-", suffix=".log")[1])
"""Attempts to leave loopback, of this process and all that tests start."""

os.environ["LOOPBACK_LOG"] = str(LEFT)
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(ROOT / "tests" / "loopback"), os.environ.get("PYTHONPATH"))))
SHARED = Path(os.environ.get("OGI_SHARED", ROOT.parent / "shared"))


def pytest_collection_modifyitems(items: Iterable[pytest.Item]) -> None:
    """Skip what this machine cannot run, each with a reason a person can act on."""
    reasons = {
        "real": None if SHARED.is_dir() else f"real documents are not at {SHARED}: set OGI_SHARED to their folder",
        "office": None if shutil.which("soffice") else "LibreOffice is not installed: apt-get install libreoffice-writer-nogui",
        "browser": None
        if any(map(shutil.which, ("chromium", "chromium-browser", "google-chrome")))
        else "no Chromium on the PATH: apt-get install chromium",
    }
    for item in items:
        for mark, reason in reasons.items():
            if reason and item.get_closest_marker(mark):
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real documents; only for tests marked ``real``."""
    return SHARED


@pytest.fixture(scope="module")
def postgres_database() -> Iterator[str]:
    """The address of a PostgreSQL database of this module's own."""
    with postgres.any_server() as server, postgres.new_database(server) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database for a ledger: the test runs on both kinds."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'ledger.sqlite'}"
        return
    with postgres.new_schema(request.getfixturevalue("postgres_database")) as url:
        yield url


@pytest.fixture(scope="session")
def s3_server() -> Iterator[s3.S3]:
    """An S3 server on which buckets may be made."""
    with s3.any_server() as server:
        yield server


@pytest.fixture
def bucket(s3_server: s3.S3, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The name of an empty bucket on the server that the environment names."""
    for name, value in s3_server.environment.items():
        monkeypatch.setenv(name, value)
    with s3.bucket(s3_server) as name:
        yield name


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte."""
    mount = tmp_path / "disk"
    mount.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", mount], capture_output=True, check=False).returncode:
        pytest.skip("a small tmpfs cannot be mounted here: run the tests as root of a machine that allows it")
    yield mount
    subprocess.run(["umount", mount], check=True)


@pytest.fixture(autouse=True)
def stays_on_loopback() -> Iterator[None]:
    """Fails the test during which any process asked for an address that is not loopback."""
    before = LEFT.stat().st_size
    yield
    with LEFT.open(encoding="utf-8") as lines:
        lines.seek(before)
        left = lines.read()
    assert not left, f"something asked for another address than loopback:\n{left}"


def pytest_unconfigure() -> None:
    """Removes the log."""
    LEFT.unlink(missing_ok=True)
