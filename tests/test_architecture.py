"""The arrows of docs/architecture.md: each package imports only what it may."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

MAY_IMPORT = {
    "crawler/portals": ("crawler.portals", "crawler.outcomes"),
    "crawler/documents": ("crawler.documents", "crawler.outcomes"),
    "crawler/forms": ("crawler.forms", "crawler.documents.model", "crawler.outcomes"),
    "crawler/dataset": ("crawler.dataset", "crawler.forms", "crawler.outcomes", "crawler.disk", "crawler.second_process"),
    "crawler/storage": ("crawler.storage", "crawler.disk"),
    "crawler/sample": ("crawler.sample", "crawler.forms.catalogue"),
    "crawler/middlewares": (
        "crawler.middlewares",
        "crawler.portals",
        "crawler.documents",
        "crawler.failures",
        "crawler.outcomes",
    ),
    "spiders": ("crawler.spider",),
}
NETWORK = re.compile(r"^(scrapy|twisted|socket|urllib\.request|http\.client|requests|httpx|aiohttp)\b")
PURE = ("crawler/portals", "crawler/documents", "crawler/forms")


def imports(path: Path) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += [f"{node.module}.{alias.name}" for alias in node.names]
    return found


def modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


@pytest.mark.parametrize("package", sorted(MAY_IMPORT))
def test_arrows_go_one_way(package: str) -> None:
    own = ("crawler", "spiders", "pipelines", "tests", "benchmarks")
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in modules(package)
        for name in imports(path)
        if name.split(".")[0] in own
        and name != "crawler.EXTRACTOR_VERSION"
        and not any(name == allowed or name.startswith(f"{allowed}.") for allowed in MAY_IMPORT[package])
    ]
    assert modules(package)
    assert wrong == []


@pytest.mark.parametrize("package", PURE)
def test_parsers_do_not_reach_the_network(package: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}" for path in modules(package) for name in imports(path) if NETWORK.match(name)
    ]
    assert wrong == []


def test_the_lock_holds_the_pins_and_names_no_registry() -> None:
    pins = re.findall(r'"([A-Za-z0-9_.-]+)==([^";]+)', (ROOT / "pyproject.toml").read_text("utf-8"))
    assert len(pins) > 15
    lock = (ROOT / "requirements-dev.lock").read_text("utf-8")
    for name, version in pins:
        assert re.search(rf"^{re.escape(name)}==({re.escape(version)})\b", lock, re.MULTILINE | re.IGNORECASE), (
            f"{name}=={version}"
        )
    entries = re.findall(r"^[a-z0-9_.-]+==\S+.*?(?=^\S|\Z)", lock, re.MULTILINE | re.DOTALL | re.IGNORECASE)
    assert all("--hash=sha256:" in entry for entry in entries)
    assert "://" not in lock


def test_nothing_runs_agpl() -> None:
    lock = (ROOT / "requirements.lock").read_text("utf-8").lower()
    assert not re.search(r"^(pymupdf|pymupdfb|easyofd|ghostscript)==", lock, re.MULTILINE)
