"""What deploy/ holds is held against the commands, settings and programs it names."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.crawling import ROOT, scrapy

DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").iterdir())
SETTINGS = (ROOT / "crawler" / "settings.py").read_text("utf-8")
OF_POSTGRES_IMAGE = {"POSTGRES_USER", "POSTGRES_DB", "POSTGRES_PASSWORD", "POSTGRES_INITDB_ARGS"}
OF_SERVERS = ("database", "objects")


def compose() -> dict[str, Any]:
    yaml = pytest.importorskip("yaml", reason="PyYAML is not installed: make test does that")
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yml").read_text("utf-8"))
    return found


def commands_of_units() -> list[list[str]]:
    found = [
        line.split()[1:] for path in UNITS for line in re.findall(r"^ExecStart=(.*)$", path.read_text("utf-8"), re.MULTILINE)
    ]
    assert len(found) == sum(path.suffix == ".service" for path in UNITS)
    return found


def test_every_command_line_is_one_that_scrapy_knows() -> None:
    """Of the units and of the Compose file, with every option."""
    known = set(re.findall(r"^  (\w+) ", scrapy("-h").stdout, re.MULTILINE))
    workers = [service["command"] for name, service in compose()["services"].items() if name not in OF_SERVERS]
    (default,) = re.findall(r"^CMD (.*)$", (DEPLOY / "Containerfile").read_text("utf-8"), re.MULTILINE)
    lines = [*commands_of_units(), *workers, json.loads(default)]
    assert len(lines) >= 8
    for command, *arguments in lines:
        assert command in known, command
        told = scrapy(command, "-h").stdout
        for option in (word for word in arguments if word.startswith("-")):
            assert re.search(rf"{option}\b", told), (command, option)


def test_the_queues_are_those_of_the_worker() -> None:
    told = scrapy("worker", "-h").stdout
    asked = {
        part
        for service in compose()["services"].values()
        if service["command"][0] == "worker"
        for part in service["command"][2:]
    }
    assert asked == {"crawl", "read", "publish"}
    assert all(re.search(rf"\b{queue}\b", told) for queue in asked)
    documented = set(re.findall(r"ogi-worker@(\w+)", (ROOT / "docs" / "operations.md").read_text("utf-8")))
    assert documented == asked


def variables(name: str) -> set[str]:
    """Every variable of an environment file, those that are commented out included."""
    return set(re.findall(r"^#?([A-Za-z_0-9]+)=", (DEPLOY / name).read_text("utf-8"), re.MULTILINE))


def is_read(name: str) -> bool:
    """Whether the settings or the library that the code relies on read a variable of this name."""
    if re.search(rf"""environ(?:\.get\(|\[)"{name}\"""", SETTINGS):
        return True
    spec = importlib.util.find_spec("botocore")
    assert spec is not None
    assert spec.origin is not None
    sources = Path(spec.origin).parent
    library = ("credentials.py", "configprovider.py", "utils.py")
    if any(f"'{name}'" in (sources / file).read_text("utf-8") for file in library):
        return True
    return any(f'"{name}"' in path.read_text("utf-8") for path in (ROOT / "crawler" / "storage").glob("*.py"))


def test_every_variable_is_read_by_something() -> None:
    pytest.importorskip("botocore", reason="botocore is not installed: make test does that")
    asked = variables("ogi.env.example")
    assert {"DATABASE_URL", "FILES_STORE", "CRAWL_CONTACT"} <= asked
    units = {name for path in UNITS for name in re.findall(r"^Environment=(\w+)=", path.read_text("utf-8"), re.MULTILINE)}
    services = compose()["services"]
    workers = {key for name, service in services.items() if name not in OF_SERVERS for key in service.get("environment", {})}
    assert {name for name in asked | units | workers if not is_read(name)} == set()
    servers = {key for name in OF_SERVERS for key in services[name].get("environment", {})} | variables("postgres.env.example")
    assert servers <= OF_POSTGRES_IMAGE


def test_every_variable_that_the_settings_read_for_a_secret_or_a_place_is_named() -> None:
    read = set(re.findall(r'environ\.get\("(\w+)"', SETTINGS))
    of_one_machine = {"SAMPLE_PORT", "OFFICE_PROGRAM", "OFFICE_PYTHON", "BROWSER_PROGRAM", "OUTPUT_DIR"}
    assert read - of_one_machine - variables("ogi.env.example") == set()


def test_no_worker_has_a_port_and_no_secret_is_written_down() -> None:
    services = compose()["services"]
    assert [name for name, service in services.items() if "ports" in service] == []
    assert {service.get("image") for service in services.values()} == {
        "ogi-annual-reports",
        "postgres:15",
        "chrislusf/seaweedfs:4.48",
    }
    for name, service in services.items():
        if name not in OF_SERVERS:
            assert service["env_file"] == "ogi.env"
            assert service["read_only"] is True
            assert set(service["environment"]) == {"OUTPUT_DIR"}
    for name in ("ogi.env.example", "postgres.env.example"):
        for line in (DEPLOY / name).read_text("utf-8").splitlines():
            if re.match(r"#?\w*(PASSWORD|SECRET|KEY|WEBHOOK)\w*=", line):
                assert line.endswith("="), line
    ignored = subprocess.run(
        ["git", "check-ignore", "deploy/ogi.env", "deploy/postgres.env", "deploy/s3.json"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if ignored.returncode != 128:  # outside of a repository
        assert len(ignored.stdout.split()) == 3


def test_what_the_compose_file_mounts_and_builds_is_there() -> None:
    found = compose()
    for service in found["services"].values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert source in found["volumes"] or (DEPLOY / f"{source}.example").is_file(), volume
        for file in [service["env_file"]] if "env_file" in service else []:
            assert (DEPLOY / f"{file}.example").is_file()
        if "build" in service:
            assert (ROOT / service["build"]["dockerfile"]).is_file()
    lines = (DEPLOY / "Containerfile").read_text("utf-8").splitlines()
    copied = [word for line in lines if line.startswith("COPY ") for word in line.split()[1:-1]]
    assert {"crawler", "spiders", "pipelines", "requirements.lock", "scrapy.cfg"} <= set(copied)
    assert all((ROOT / name).exists() for name in copied)
    let_in = re.findall(r"^!(\S+)$", (DEPLOY / "Containerfile.dockerignore").read_text("utf-8"), re.MULTILINE)
    assert sorted(let_in) == sorted(copied)


def test_the_object_store_knows_its_options() -> None:
    from tests.s3 import program

    weed = program()
    if weed is None:
        pytest.skip("weed is not installed: make test does that")
    told = subprocess.run([weed, "server", "-h"], capture_output=True, text=True, timeout=60, check=False)
    known = set(re.findall(r"^  (-[\w.]+)", told.stdout + told.stderr, re.MULTILINE))
    command = compose()["services"]["objects"]["command"]
    assert command[0] == "server"
    assert {option.split("=")[0] for option in command[1:]} <= known
    assert json.loads((DEPLOY / "s3.json.example").read_text("utf-8"))["identities"]


def test_compose_accepts_its_file(tmp_path: Path) -> None:
    if (
        subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode
        if shutil.which("docker")
        else 1
    ):
        pytest.skip("docker compose is not installed: the file is held against the commands alone")
    folder = shutil.copytree(DEPLOY, tmp_path / "deploy")
    for name in ("ogi.env", "postgres.env", "s3.json"):
        shutil.copy(folder / f"{name}.example", folder / name)
    command = ["docker", "compose", "-f", str(folder / "compose.yml"), "config", "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


# systemd


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The units with a program that exists in place of the installed one."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed: apt-get install systemd")
    for path in UNITS:
        text = path.read_text("utf-8").replace("/srv/ogi/.venv/bin/scrapy", "/bin/true").replace("%i", "henan_reports")
        (tmp_path / path.name.replace("@", "-test")).write_text(text, encoding="utf-8")
    return tmp_path


def test_systemd_accepts_the_units(units: Path) -> None:
    command = ["systemd-analyze", "verify", "--recursive-errors=no", *map(str, sorted(units.iterdir()))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr


def test_the_services_are_confined(units: Path) -> None:
    """3 of 10 at most, in systemd's own measure of what a service may do; what is left is the network and namespaces."""
    services = sorted(units.glob("*.service"))
    assert len(services) == 2
    for service in services:
        command = ["systemd-analyze", "security", "--no-pager", "--offline=true", "--threshold=30", str(service)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_timer_is_at_night_in_china(units: Path) -> None:
    (when,) = re.findall(r"^OnCalendar=(.*)$", (units / "ogi-crawl-test.timer").read_text("utf-8"), re.MULTILINE)
    assert when.endswith("Asia/Shanghai")
    done = subprocess.run(["systemd-analyze", "calendar", when], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "17:15:00 UTC" in done.stdout, "01:15 in China"


def test_a_run_that_may_not_start_is_no_failure_of_the_unit() -> None:
    from crawler.exit_status import EXIT_TRY_LATER

    text = (DEPLOY / "systemd" / "ogi-crawl@.service").read_text("utf-8")
    assert f"SuccessExitStatus={EXIT_TRY_LATER}\n" in text
    for path in UNITS:
        if path.suffix == ".service":
            assert "EnvironmentFile=/etc/ogi/ogi.env\n" in path.read_text("utf-8")
