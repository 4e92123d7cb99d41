"""Every line of the log is one JSON object where LOG_JSON says so, whoever writes it; no line of either kind tells a secret."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from scrapy import Request, Spider
from scrapy.http import Response
from scrapy.utils.misc import build_from_crawler
from scrapy.utils.test import get_crawler

from crawler import child_process, logs
from crawler.dataset.ledger import Ledger
from crawler.redaction import Redactor, without_secrets
from tests.crawling import ROOT, MiniPortal, crawl, portals_file, scrapy, served
from tests.test_crawl_outcomes import TITLE

INSTALL = """
import logging, os, subprocess, sys, threading, warnings
from scrapy.settings import Settings
from crawler import logs
from crawler.bars import bar
settings = Settings({"LOG_LEVEL": "INFO", "LOG_JSON": sys.argv[1]}, priority="project")
logs.install(settings, os.environ)
logger = logging.getLogger("crawler.test")
"""


def lines_of(text: str) -> list[dict[str, Any]]:
    """Every line as an object; fails where one is none."""
    lines = [json.loads(line) for line in text.splitlines()]
    for line in lines:
        assert {"time", "level", "logger", "message"} <= set(line)
        assert line["time"].endswith("Z")
        assert abs(datetime.fromisoformat(line["time"]) - datetime.now(UTC)) < timedelta(minutes=10)
    return lines


def python(code: str, is_json: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A process that has installed its log, and then does what ``code`` says."""
    pytest.importorskip("pythonjsonlogger", reason="python-json-logger is not installed: make test does that")
    command = [sys.executable, "-c", INSTALL + code, is_json]
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, Any]], str]:
    pytest.importorskip("pythonjsonlogger", reason="python-json-logger is not installed: make test does that")
    folder = tmp_path_factory.mktemp("night")
    portal = MiniPortal(folder / "site" / "luanchuan")
    for number in range(3):
        portal.article(number, TITLE.format(name=f"第{number}局"), "<p>本局2024年政府信息公开工作情况如下，详见正文。</p>" * 40)
    portal.finish()
    with served(folder / "site") as server:
        done = crawl(portals_file(folder / "portals.toml", server), folder / "output", LOG_JSON="True", LOG_LEVEL="DEBUG")
    assert done.status == 2, done.stderr[-3000:]  # prose is no dataset
    return folder / "output", lines_of(done.stderr), done.stdout


def test_a_crawl_logs_json_lines_of_its_own_scrapy_and_twisted(night: tuple[Path, list[dict[str, Any]], str]) -> None:
    output, lines, stdout = night
    loggers = {line["logger"] for line in lines}
    assert {"annual_reports", "scrapy.utils.log", "scrapy.core.engine"} <= loggers
    assert "Dataset      NOT published" in stdout
    with Ledger(f"sqlite:///{output}/annual_reports/ledger.sqlite") as ledger:
        assert ledger.outcome_counts(run=1)
    opened = next(number for number, line in enumerate(lines) if line["message"] == "Spider opened")
    assert {(line.get("spider"), line.get("run")) for line in lines[opened:]} == {("annual_reports", 1)}
    assert "spider" not in lines[0]
    assert any(line["level"] == "ERROR" and "AssertionError" in line["message"] for line in lines), "Spidermon's"


def test_what_no_logger_says_is_a_line_too(tmp_path: Path) -> None:
    code = f"""
logs.about(spider="henan_reports", run=7)
sys.stderr.write("two\\nlines\\n")
os.write(2, "C 的库\\r{{bar}}\\n".encode())
subprocess.run(["sh", "-c", "echo a child >&2; touch {tmp_path}/done"])
warnings.warn("a warning")
try:
    {{}}["key"]
except KeyError:
    logger.exception("nothing there")
from scrapy.utils.log import configure_logging
from twisted.python import log
configure_logging(settings)
log.err(OSError("of Twisted"), "it failed")
def fail(): raise RuntimeError("in a thread")
thread = threading.Thread(target=fail); thread.start(); thread.join()
logger.info("a surrogate: %s", "\\udc80")
logger.info("%d", "no number")
for _ in bar(range(3), total=3, unit="file", desc="reading"): pass
raise SystemError("the end")
"""
    done = python(code, "True")
    assert done.returncode == 1
    assert (tmp_path / "done").exists()
    lines = lines_of(done.stderr)
    said = [line["message"] for line in lines if line["logger"] == "stderr"]
    assert said[:2] == ["two", "lines"]
    assert {"C 的库", "{bar}", "a child"} <= set(said)
    assert any("a warning" in words for words in said)
    assert any("TypeError" in words for words in said), "a record that cannot be made into a line is told all the same"
    by_message = {line["message"]: line for line in lines}
    assert "KeyError: 'key'" in by_message["nothing there"]["exception"]
    assert "in a thread" in by_message["a thread ended by an error of its own"]["exception"]
    last = by_message["the command ended by an error of its own"]
    assert (last["level"], last["spider"], last["run"]) == ("CRITICAL", "henan_reports", 7)
    assert "SystemError: the end" in last["exception"]
    assert any(line["logger"] == "crawler.bars" and "3 of 3 files" in line["message"] for line in lines)
    assert "a surrogate: \udc80" in by_message
    assert ("twisted", "CRITICAL") in [(line["logger"], line["level"]) for line in lines if "of Twisted" in str(line)]


@pytest.mark.parametrize("command", ["publish", "reextract", "extract", "portals"])
def test_every_command_logs_json(command: str, night: tuple[Path, list[dict[str, Any]], str], tmp_path: Path) -> None:
    output, _, _ = night
    files = []
    for number in range(12):
        files.append(tmp_path / f"{number}.txt")
        shutil.copy(ROOT / "README.md", files[-1])
    arguments = {
        "publish": ("annual_reports",),
        "reextract": ("annual_reports", "--all"),
        "extract": [str(file) for file in files],
        "portals": ("--stale", "--spider", "annual_reports"),
    }
    done = scrapy(command, *arguments[command], OUTPUT_DIR=str(output), LOG_JSON="1", LOG_LEVEL="INFO")
    lines = lines_of(done.stderr)
    assert "Traceback" not in done.stderr
    if command == "reextract":
        assert any(line["logger"] == "crawler.bars" and "3 of 3 documents" in line["message"] for line in lines)
        assert {line["spider"] for line in lines} == {"annual_reports"}
    if command == "extract":
        assert len(done.stdout.splitlines()) == 12


def test_a_reader_of_the_log_that_goes_away_ends_nothing(tmp_path: Path) -> None:
    code = f"""
for number in range(2000): logger.info("line %d", number)
open("{tmp_path}/done", "w").close()
"""
    pytest.importorskip("pythonjsonlogger", reason="python-json-logger is not installed: make test does that")
    with subprocess.Popen([sys.executable, "-c", INSTALL + code, "1"], cwd=ROOT, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        process.stderr.readline()
        process.stderr.close()
        assert process.wait(60) == 0
    assert (tmp_path / "done").exists()


def test_a_log_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    done = scrapy("publish", "--logfile", str(tmp_path / "no" / "folder"), OUTPUT_DIR=str(tmp_path))
    assert done.returncode == 2
    assert "the log cannot be written" in done.stderr
    done = scrapy("publish", LOG_JSON="perhaps", OUTPUT_DIR=str(tmp_path))
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)


# Secrets

HUSH = "hush-4711-geheim"
ENVIRONMENT = {
    "DATABASE_URL": f"postgresql+psycopg://ogi:{HUSH}%2Fdb@db.example.org/ogi",
    "MONITOR_SMTP_PASSWORD": f"{HUSH}-smtp",
    "MONITOR_WEBHOOK": f"https://chat.example.org/hooks/{HUSH}?key={HUSH}-key",
    "AWS_SECRET_ACCESS_KEY": f"{HUSH}-aws",
}


@pytest.mark.parametrize("is_json", ["True", "False"])
def test_known_secrets_are_struck_out_of_messages_and_tracebacks(is_json: str) -> None:
    code = """
for name in ("DATABASE_URL", "MONITOR_SMTP_PASSWORD", "MONITOR_WEBHOOK", "AWS_SECRET_ACCESS_KEY"):
    logger.warning("%s it is", os.environ[name])
    try:
        raise ValueError(os.environ[name])
    except ValueError:
        logger.exception("oh")
logger.warning("decoded %s", os.environ["DATABASE_URL"].split(":")[2].split("@")[0].replace("%2F", "/"))
logger.warning("someone else's: http://user:unknown-word@example.org/path")
raise RuntimeError(os.environ["AWS_SECRET_ACCESS_KEY"])
"""
    done = python(code, is_json, **ENVIRONMENT)
    assert "oh" in done.stderr
    assert "it is" in done.stderr
    assert "example.org/path" in done.stderr
    assert HUSH not in done.stderr
    assert "unknown-word" not in done.stderr


def test_only_whole_words_are_struck_out() -> None:
    redact = Redactor()
    redact.learn({"PGPASSWORD": "postgres", "SHORT_TOKEN": "a"})
    assert redact("postgresql is a database of postgres") == "postgresql is a database of ***"
    assert redact("http://www.example.org:8080/a@b") == "http://www.example.org:8080/a@b"


def test_children_that_read_what_comes_from_outside_have_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**ENVIRONMENT, "PGPASSWORD": HUSH, "HTTPS_PROXY": f"http://u:{HUSH}@proxy.example.org:3128"}.items():
        monkeypatch.setenv(name, value)
    process, ours = child_process.start()
    with process, ours:
        environment = Path(f"/proc/{process.pid}/environ").read_bytes()
        child_process.interrupt(process)
    assert b"PYTHONPATH=" in environment
    assert HUSH.encode() not in environment
    assert without_secrets({"PATH": "/bin", "CRAWL_CONTACT": "a@b.org", "HTTP_PROXY": "http://p:1"}) == {
        "PATH": "/bin",
        "CRAWL_CONTACT": "a@b.org",
        "HTTP_PROXY": "http://p:1",
    }


@pytest.mark.parametrize(("level", "count"), [("DEBUG", 2), ("INFO", 0), (10, 2), (20, 0)])
def test_what_scrapy_says_of_each_page_is_put_together_only_where_it_is_seen(level: str | int, count: int) -> None:
    formatter = build_from_crawler(logs.PageLines, get_crawler(settings_dict={"LOG_LEVEL": level}))
    request = Request("http://www.example.gov.cn/1.html")
    spider, response = Spider("any"), Response(request.url, request=request)
    said = [formatter.crawled(request, response, spider), formatter.scraped({}, response, spider)]
    assert sum(one is not None for one in said) == count
    assert formatter.item_error({}, ValueError(), response, spider) is not None
