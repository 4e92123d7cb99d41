"""The metrics file of real runs, parsed as Prometheus parses it, and the alert rules over it."""

from __future__ import annotations

import re
import shutil
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from crawler import metrics
from tests.crawling import ROOT, MiniPortal, crawl, portals_file, served
from tests.test_crawl_outcomes import TITLE

pytest.importorskip("prometheus_client", reason="prometheus-client is not installed: make test does that")

ALERTS = ROOT / "deploy" / "prometheus" / "alerts.yml"
SEED = ROOT / "crawler" / "sample" / "site"
BOUNDED = {"spider", "outcome", "level", "status"}


def samples(path: Path) -> dict[tuple[str, ...], float]:
    """The values by name and labels but the spider's."""
    from prometheus_client.parser import text_string_to_metric_families

    found = {}
    for family in text_string_to_metric_families(path.read_text("utf-8")):
        assert family.documentation.endswith(".")
        assert family.type in {"gauge", "counter"}
        for sample in family.samples:
            assert set(sample.labels) <= BOUNDED
            assert sample.labels["spider"] == "annual_reports"
            assert not any("/" in value for value in sample.labels.values())
            found[sample.name, *(value for name, value in sample.labels.items() if name != "spider")] = sample.value
    return found


def site(folder: Path, report: str | bytes = "") -> None:
    portal = MiniPortal(folder / "luanchuan")
    for number in range(3):
        portal.article(number, TITLE.format(name=f"第{number}局"), "<p>本局2024年政府信息公开工作情况如下，详见正文。</p>" * 40)
    if report:
        portal.article(7, TITLE.format(name="栾川县教育局"), str(report))
    portal.finish()


@pytest.fixture(scope="module")
def tables() -> str:
    """The article of one sample report that has its tables in the page."""
    page = next(
        path
        for path in sorted(SEED.rglob("*.html"))
        if "行政复议" in path.read_text("utf-8", "replace") and "<table" in path.read_text("utf-8", "replace")
    )
    found = re.search(r"<table.*</table>", page.read_text("utf-8"), re.DOTALL)
    assert found
    return found[0]


@pytest.mark.slow
def test_runs_that_fail_and_succeed(tmp_path: Path, tables: str) -> None:
    folder = tmp_path / "metrics"
    asked, written = str(folder / "ogi_{spider}.prom"), folder / "ogi_annual_reports.prom"
    site(tmp_path / "site")
    began = time.time()
    with served(tmp_path / "site") as server:
        portals = portals_file(tmp_path / "portals.toml", server)
        prose = crawl(portals, tmp_path / "output", METRICS_FILE=asked)
        assert prose.status == 2, prose.stderr[-3000:]
        first = samples(written)
        site(tmp_path / "site", tables)
        good = crawl(portals, tmp_path / "output", METRICS_FILE=asked)
        assert good.status == 0, good.stderr[-3000:]
        second = samples(written)
    gone = crawl(portals, tmp_path / "output", METRICS_FILE=asked)
    assert gone.status == 1
    third = samples(written)

    assert began <= first["ogi_run_start_time_seconds",] + 1 <= first["ogi_run_end_time_seconds",] + 1
    assert first["ogi_run_exit_status",] == 2
    assert ("ogi_run_last_success_time_seconds",) not in first
    assert ("ogi_published_reports",) not in first
    assert first["ogi_publication", "failed"] == 1
    assert first["ogi_pages_total", "no_tables"] == 3
    assert first["ogi_documents_total", "no_tables"] == 3
    assert first["ogi_requests_total",] >= 6
    assert first["ogi_response_bytes_total",] > 3000
    assert first["ogi_portals", "ok"] == first["ogi_portals_known",] == 1

    assert second["ogi_run_exit_status",] == 0
    assert second["ogi_published_reports",] == 1
    assert second["ogi_documents_total", "ok"] == 1
    assert second["ogi_publication", "published"] == 1
    assert second["ogi_run_last_success_time_seconds",] == second["ogi_run_end_time_seconds",]

    assert third["ogi_run_exit_status",] == 1
    assert third["ogi_portals", "ok"] == 0
    assert sum(value for (name, *_), value in third.items() if name == "ogi_portals") == 1
    # What is kept is the last success, to the second.
    assert abs(third["ogi_run_last_success_time_seconds",] - second["ogi_run_last_success_time_seconds",]) <= 5
    assert [path.name for path in folder.iterdir()] == [written.name]


def test_the_file_is_there_while_the_run_is_at_work_and_is_never_half_written(tmp_path: Path) -> None:
    from crawler.sample.faults import FaultTable

    site(tmp_path / "site")
    path = tmp_path / "ogi.prom"
    seen: list[dict[tuple[str, ...], float]] = []
    stop = threading.Event()

    def look() -> None:
        while not stop.wait(0.05):
            if path.exists():
                seen.append(samples(path))

    with served(tmp_path / "site", FaultTable()) as server:
        watcher = threading.Thread(target=look)
        watcher.start()
        try:
            crawl(
                portals_file(tmp_path / "portals.toml", server),
                tmp_path / "output",
                METRICS_FILE=str(path),
                DOWNLOAD_DELAY="0.3",
            )
        finally:
            stop.set()
            watcher.join()
    assert seen[0]["ogi_run_in_progress",] == 1
    assert ("ogi_run_end_time_seconds",) not in seen[0]
    assert samples(path)["ogi_run_in_progress",] == 0


def test_a_file_that_cannot_be_written_ends_no_run(tmp_path: Path) -> None:
    site(tmp_path / "site")
    (tmp_path / "file").touch()
    with served(tmp_path / "site") as server:
        night = crawl(
            portals_file(tmp_path / "portals.toml", server),
            tmp_path / "output",
            METRICS_FILE=str(tmp_path / "file" / "ogi.prom"),
        )
    assert night.status == 2
    assert night.stderr.count("the metrics cannot be written to") == 1
    assert "Traceback" not in night.stderr.split("the metrics cannot be written")[1].splitlines()[1]


def rules() -> list[dict[str, Any]]:
    yaml = pytest.importorskip("yaml", reason="PyYAML is not installed: make test does that")
    (group,) = yaml.safe_load(ALERTS.read_text("utf-8"))["groups"]
    found: list[dict[str, Any]] = group["rules"]
    return found


def test_alerts_name_metrics_and_labels_that_are_written() -> None:
    source = (ROOT / "crawler" / "metrics.py").read_text("utf-8")
    gauges = set(re.findall(r'_gauge\(\s*"(ogi_\w+)"', source))
    counters = {f"{name}_total" for name in (*metrics.COUNTERS, *metrics.BY_OUTCOME, "ogi_log_messages")}
    assert len(gauges) > 8
    of_workers = set(re.findall(r'"(ogi_work_\w+)"', (ROOT / "crawler" / "work" / "metrics.py").read_text("utf-8")))
    asked = {name for rule in rules() for name in re.findall(r"\bogi_\w+", rule["expr"])}
    assert asked <= gauges | counters | of_workers
    for rule in rules():
        for label, value in re.findall(r'(\w+)=~?"([^"]+)"', rule["expr"]):
            known = {
                "outcome": metrics.OUTCOMES,
                "level": ("warning", "error", "critical"),
                "status": metrics.PUBLICATIONS,
                "state": ("failed",),
            }
            assert label == "file" or set(value.split("|")) <= set(known[label]), rule["alert"]
        assert rule["annotations"]["summary"]
        assert rule["labels"]["severity"] in {"page", "ticket"}


def test_promtool_accepts_the_rules() -> None:
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed: apt-get install prometheus")
    done = subprocess.run(["promtool", "check", "rules", str(ALERTS)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
