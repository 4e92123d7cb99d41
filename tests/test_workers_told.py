"""What workers tell: JSON lines, metrics, and no secret anywhere."""

from __future__ import annotations

import signal
from pathlib import Path
from urllib.parse import quote

import pytest

from tests import postgres
from tests.crawling import portals_file, served
from tests.test_logs import lines_of
from tests.test_monitors import webhook
from tests.test_nights import NAMES, build
from tests.test_secrets import MARK, SECRETS, rows_of, set_password, traces, written
from tests.workers import SPIDER, Team, wait_until


def metrics_of(path: Path) -> dict[tuple[str, ...], float]:
    from prometheus_client.parser import text_string_to_metric_families

    if not path.exists():
        return {}
    families = text_string_to_metric_families(path.read_text("utf-8"))
    return {
        (sample.name, *(sample.labels[label] for label in sorted(sample.labels))): sample.value
        for family in families
        for sample in family.samples
    }


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_workers_log_json_measure_themselves_and_tell_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("prometheus_client", reason="prometheus-client is not installed: make test does that")
    pytest.importorskip("pythonjsonlogger", reason="python-json-logger is not installed: make test does that")
    build(tmp_path / "site", NAMES[:2])
    metrics = tmp_path / "metrics" / "ogi_work.prom"
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    with (
        postgres.own_server() as server,
        postgres.new_database(server.url) as url,
        served(tmp_path / "site") as portal,
        webhook() as (hook, monitored),
    ):
        set_password(url, f"{MARK}/db@1:")
        address = url.replace("postgres:a-secret@", f"postgres:{quote(f'{MARK}/db@1:', safe='')}@")
        # No page needs no request at all: one of the monitors has to fail.
        watched = {"MONITOR_LEAST": "1", "MONITOR_REQUESTS_PER_PAGE": "0", "MONITOR_WEBHOOK": hook}
        asked = {
            **watched,
            "LOG_LEVEL": "DEBUG",
            "LOG_JSON": "True",
            "METRICS_FILE": str(metrics.with_name("ogi_{spider}.prom")),
        }
        team = Team(tmp_path / "team", address, **asked)
        with team.closing():
            told = [team.run("enqueue", SPIDER, "-a", f"portals={portals_file(tmp_path / 'portals.toml', portal)}")]
            assert told[0].returncode == 0, told[0].stderr
            worker = team.start("--concurrency", "2")
            done = ("ogi_work_tasks", "succeeded", "publish_dataset")
            wait_until(lambda: metrics_of(metrics).get(done), "a publication in the metrics")
            worker.send_signal(signal.SIGTERM)
            team.finish(worker)
            told.append(team.run("work"))
        rows = rows_of(address)
        set_password(address, "a-secret")

    (message,) = monitored
    reasons = {failure["monitor"]: failure["reason"] for failure in message["failures"]}
    assert int(reasons["The crawl itself/no more requests than the pages need"].split()[0]) >= 4
    found = metrics_of(metrics)
    assert found["ogi_work_tasks", "succeeded", "crawl_portal"] == 1
    assert found["ogi_work_tasks", "failed", "read_document"] == 0
    assert found["ogi_work_stuck_tasks",] == 0
    assert found["ogi_work_queues_served",] == 3
    assert found["ogi_work_last_publication_time_seconds", SPIDER] > 1.7e9
    assert [path.name for path in metrics.parent.iterdir()] == [metrics.name], "no portal's run writes the spider's metrics"

    lines = [line for path in team.folder.glob("worker-*.log") for line in lines_of(path.read_text("utf-8"))]
    assert {line["worker"] for line in lines if line["logger"] == "crawler.work.tasks"} == {worker.pid}
    # A server of its own has just been started, and so no host is asked at once.
    expected = {"py.warnings", "crawler.work.hosts", "crawler.work.monitoring"}
    assert [line for line in lines if line["level"] not in {"DEBUG", "INFO"} and line["logger"] not in expected] == []
    everything = written(tmp_path / "team") | written(metrics.parent) | {"rows": rows}
    everything |= {name: text.encode() for done in told for name, text in (("out", done.stdout), ("err", done.stderr))}
    assert {name: where for name, content in everything.items() if (where := traces(content))} == {}


@pytest.mark.parametrize("command", [("worker",), ("enqueue", "henan_reports"), ("work",)], ids=" ".join)
def test_commands_of_workers_tell_no_password_that_was_refused(command: tuple[str, ...], tmp_path: Path) -> None:
    with postgres.own_server() as server:
        team = Team(tmp_path, server.url.replace("a-secret", f"{MARK}-db"), LOG_LEVEL="DEBUG")
        done = team.run(*command, timeout=60)
    assert done.returncode == 1, done.stderr
    assert "password authentication failed" in done.stderr
    assert "Traceback" not in done.stderr
    assert traces((done.stdout + done.stderr).encode()) == []
