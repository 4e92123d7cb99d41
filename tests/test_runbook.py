"""docs/runbook.md names every message that may need a person, and none that nothing says."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from tests.crawling import ROOT

RUNBOOK = ROOT / "docs" / "runbook.md"
FOLDERS = ("crawler", "pipelines", "spiders")
LEVELS = {"warning", "error", "exception", "critical"}
TOLD = {"LedgerError", "PublishLockedError", "AlreadyRunningError", "StoreAwayError", "StoreError"}
"""What `crawler.exit_status.told_plainly` tells in a line of its own."""
NOT_RUN_AT_NIGHT = ("crawler/portals/registry/build.py", "crawler/dataset/build_divisions.py", "crawler/sample/")
PLACEHOLDER = re.compile(r"%[-+ #0]*\d*(?:\.\d+)?[a-zA-Z]")
GAP = "…"


def template(node: ast.expr) -> str | None:
    """The words of a message with a gap for each value; ``None`` where they are no literal."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else GAP for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        parts = (template(node.left), template(node.right))
        return "".join(part if part is not None else GAP for part in parts)
    return None


def is_logger(node: ast.expr) -> bool:
    return (isinstance(node, ast.Name) and node.id == "logger") or (isinstance(node, ast.Attribute) and node.attr == "logger")


def said(call: ast.Call) -> str | None:
    """What a call tells whoever runs the program; ``None`` where it tells nothing that may need a person."""
    function = call.func
    if isinstance(function, ast.Name) and function.id in TOLD:
        return template(call.args[0]) or GAP
    if isinstance(function, ast.Name) and function.id == "complain":
        return template(call.args[0]) or ""  # what an error says is known where it is raised
    if not isinstance(function, ast.Attribute) or not call.args:
        return None
    if function.attr in LEVELS and is_logger(function.value):
        return PLACEHOLDER.sub(GAP, template(call.args[0]) or GAP)
    if ast.unparse(function) in {"sys.stderr.write", "self.warn"}:
        return template(call.args[0]) or GAP
    return None


def messages() -> Iterator[tuple[str, str]]:
    """Place and template of every message."""
    for path in sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        if name.startswith(NOT_RUN_AT_NIGHT):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and (words := said(node)) is not None:
                yield f"{name}:{node.lineno}", normal(words)


def normal(text: str) -> str:
    """As the runbook writes it: one line, a gap for each value."""
    return " ".join(text.replace("`", "").split())


def in_code() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for place, words in messages():
        found.setdefault(words, []).append(place)
    return {words: places for words, places in found.items() if re.search(r"[^\W_]{3}", words) or ":" in words}


def in_runbook() -> set[str]:
    """The messages of its tables: the first cell of every row, in backticks."""
    return set(re.findall(r"^\| `([^`]+)` \|", RUNBOOK.read_text("utf-8"), re.MULTILINE))


def test_every_message_that_may_need_a_person_is_in_the_runbook() -> None:
    code = in_code()
    assert len(code) > 30
    missing = {words: places for words, places in code.items() if words not in in_runbook()}
    assert missing == {}, "write what each means and what to do into docs/runbook.md"


def test_the_runbook_has_no_message_that_nothing_says() -> None:
    known = set(in_code()) | alerts() | monitors() | statuses()
    assert in_runbook() - known == set()


def alerts() -> set[str]:
    return set(re.findall(r"- alert: (\w+)", (ROOT / "deploy" / "prometheus" / "alerts.yml").read_text("utf-8")))


def monitors() -> set[str]:
    source = (ROOT / "crawler" / "monitors" / "suite.py").read_text("utf-8")
    return set(re.findall(r'^    @monitors\.name\("([^"]+)"\)', source, re.MULTILINE))


def statuses() -> set[str]:
    return {f"exit status {number}" for number in (0, 1, 2, 75)}


@pytest.mark.parametrize("group", [alerts, monitors, statuses])
def test_every_alert_monitor_and_exit_status_is_in_the_runbook(group: object) -> None:
    assert callable(group)
    names = group()
    assert len(names) > 3
    assert names - in_runbook() == set()


def test_each_row_says_what_it_means_and_what_to_do() -> None:
    rows = re.findall(r"^\| `[^`]+` \|(.*)\|$", RUNBOOK.read_text("utf-8"), re.MULTILINE)
    assert len(rows) > 50
    for row in rows:
        meaning, doing = row.split(" | ")
        assert meaning.strip(), row
        assert doing.strip(), row


if __name__ == "__main__":
    for words, places in in_code().items():
        print(f"| `{words}` | {places[0]}")  # noqa: T201
