"""How the work stands: what is queued, at work, done and failed, how fast it goes, and what is stuck."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crawler.dataset.clock import iso
from crawler.dataset.connections import connect
from crawler.work.names import PUBLISH_DATASET
from crawler.work.schema import is_there

if TYPE_CHECKING:
    from collections.abc import Mapping

SHOWN = 20
LONG_HOURS = 6
"""A task that has been at work for so long is worth a look: a portal with 10,000 pages takes three hours."""

_DONE = (
    "SELECT j.task_name, e.type::text AS type, count(*) AS number FROM procrastinate_events e"
    " JOIN procrastinate_jobs j ON j.id = e.job_id WHERE e.at > now() - interval '1 hour'"
    " AND e.type IN ('succeeded', 'failed', 'deferred_for_retry') GROUP BY j.task_name, e.type"
)
_OLDEST = (
    "SELECT j.task_name, extract(epoch FROM now() - min(e.at)) AS seconds FROM procrastinate_jobs j"
    " JOIN LATERAL (SELECT at FROM procrastinate_events WHERE job_id = j.id AND type = 'deferred' LIMIT 1) e ON true"
    " WHERE j.id IN (SELECT min(id) FROM procrastinate_jobs WHERE status = 'todo' GROUP BY task_name) GROUP BY j.task_name"
)
_STUCK = (
    "SELECT j.id, j.task_name, j.args, j.attempts, extract(epoch FROM now() - s.at) AS seconds,"
    " w.id IS NULL OR w.last_heartbeat < now() - make_interval(secs => :lost) AS is_lost"
    " FROM procrastinate_jobs j LEFT JOIN procrastinate_workers w ON w.id = j.worker_id"
    " CROSS JOIN LATERAL (SELECT max(at) AS at FROM procrastinate_events WHERE job_id = j.id AND type = 'started') s"
    " WHERE j.status = 'doing' AND (w.id IS NULL OR w.last_heartbeat < now() - make_interval(secs => :lost)"
    " OR s.at < now() - make_interval(hours => :long) AND j.task_name <> :waits) ORDER BY s.at LIMIT :shown"
)
_FAILED = (
    "SELECT j.id, j.task_name, j.args, j.attempts, extract(epoch FROM now() - f.at) AS seconds"
    " FROM procrastinate_jobs j CROSS JOIN LATERAL"
    " (SELECT max(at) AS at FROM procrastinate_events WHERE job_id = j.id AND type = 'failed') f"
    " WHERE j.status = 'failed' ORDER BY f.at DESC NULLS LAST LIMIT :shown"
)
_WORKERS = (
    "SELECT count(*) FILTER (WHERE last_heartbeat >= now() - make_interval(secs => :lost)) AS alive,"
    " count(*) FILTER (WHERE last_heartbeat < now() - make_interval(secs => :lost)) AS lost FROM procrastinate_workers"
)
_PUBLISHED = (
    "SELECT j.args->>'spider' AS spider, extract(epoch FROM max(e.at)) AS at FROM procrastinate_jobs j"
    " JOIN procrastinate_events e ON e.job_id = j.id WHERE j.task_name = :task AND e.type = 'succeeded' GROUP BY 1"
)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of task. ``oldest_waiting`` is in seconds; the last three are counts of the last hour."""

    task: str
    queued: int = 0
    running: int = 0
    failed: int = 0
    succeeded: int = 0
    oldest_waiting: float | None = None
    done_last_hour: int = 0
    failed_last_hour: int = 0
    retried_last_hour: int = 0


@dataclass(frozen=True, slots=True)
class Concern:
    """A task that a person may have to look at; ``seconds`` since it began, or failed."""

    id: int
    task: str
    what: str
    attempts: int
    seconds: float
    why: str


@dataclass(frozen=True, slots=True)
class Status:
    """All of it."""

    at: str
    kinds: tuple[Kind, ...]
    stuck: tuple[Concern, ...]
    failed: tuple[Concern, ...]
    queues_served: int
    """procrastinate's workers with a sign of life: one for each queue that a worker process serves."""
    queues_lost: int

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        return asdict(self)


def work_status(url: str, *, lost_seconds: float) -> Status | None:
    """How the work stands; ``None`` where nothing was ever put into the queue.

    Args:
        url: of the ledger, in PostgreSQL.
        lost_seconds: without a sign of life for so long a worker is taken for dead.
    """
    engine, reader = connect(url)
    try:
        with reader.connect() as connection:
            return _status(connection, lost_seconds) if is_there(connection) else None
    finally:
        engine.dispose()


def last_publications(url: str) -> dict[str, float]:
    """When a publication of each spider last succeeded, as far as its task is not forgotten; in seconds of the epoch."""
    engine, reader = connect(url)
    try:
        with reader.connect() as connection:
            rows = connection.execute(sa.text(_PUBLISHED), {"task": PUBLISH_DATASET}).mappings()
            return {row["spider"]: float(row["at"]) for row in rows}
    finally:
        engine.dispose()


def _status(connection: sa.Connection, lost_seconds: float) -> Status:
    def ask(query: str, **arguments: Any) -> list[Mapping[str, Any]]:
        return [dict(row) for row in connection.execute(sa.text(query), arguments).mappings()]

    facts: dict[str, dict[str, Any]] = {}
    words = {"todo": "queued", "doing": "running", "failed": "failed", "succeeded": "succeeded"}
    for row in ask("SELECT task_name, status::text AS status, count(*) AS number FROM procrastinate_jobs GROUP BY 1, 2"):
        if row["status"] in words:
            facts.setdefault(row["task_name"], {})[words[row["status"]]] = row["number"]
    hour = {"succeeded": "done_last_hour", "failed": "failed_last_hour", "deferred_for_retry": "retried_last_hour"}
    for row in ask(_DONE):
        facts.setdefault(row["task_name"], {})[hour[row["type"]]] = row["number"]
    for row in ask(_OLDEST):
        facts.setdefault(row["task_name"], {})["oldest_waiting"] = float(row["seconds"])
    stuck = ask(_STUCK, lost=lost_seconds, long=LONG_HOURS, shown=SHOWN, waits=PUBLISH_DATASET)
    workers = ask(_WORKERS, lost=lost_seconds)[0]
    return Status(
        at=iso(datetime.now(UTC)),
        kinds=tuple(Kind(task, **found) for task, found in sorted(facts.items())),
        stuck=tuple(_concern(row, _why(row)) for row in stuck),
        failed=tuple(_concern(row, "failed; its worker's log says why") for row in ask(_FAILED, shown=SHOWN)),
        queues_served=workers["alive"],
        queues_lost=workers["lost"],
    )


def _why(row: Mapping[str, Any]) -> str:
    return "its worker gives no sign of life" if row["is_lost"] else f"at work for more than {LONG_HOURS} hours"


def _concern(row: Mapping[str, Any], why: str) -> Concern:
    arguments = row["args"]
    portal = arguments.get("portal")
    what = portal["name"] if isinstance(portal, dict) else arguments.get("sha256", "")
    told = " ".join(part for part in (arguments.get("spider", ""), what) if part)
    return Concern(row["id"], row["task_name"], told, row["attempts"], float(row["seconds"] or 0), why)


def status_lines(status: Status) -> list[str]:
    """The status for a person."""
    lines = [
        f"{'task':<16}{'queued':>9}{'running':>9}{'failed':>9}{'done':>9}{'done/hour':>11}{'retried/hour':>14}  oldest waiting"
    ]
    for kind in status.kinds:
        oldest = "-" if kind.oldest_waiting is None else _duration(kind.oldest_waiting)
        lines.append(
            f"{kind.task:<16}{kind.queued:>9}{kind.running:>9}{kind.failed:>9}{kind.succeeded:>9}{kind.done_last_hour:>11}"
            f"{kind.retried_last_hour:>14}  {oldest}"
        )
    lines.append("")
    lost = f", {status.queues_lost} lost" if status.queues_lost else ""
    lines.append(f"Queues served by workers: {status.queues_served}{lost}")
    if status.queues_served == 0 and any(kind.queued or kind.running for kind in status.kinds):
        lines.append("Nobody is at work: start `scrapy worker`")
    for title, concerns in (("Stuck", status.stuck), ("Failed", status.failed)):
        if concerns:
            lines += ["", title]
            lines += [
                f"  {one.id:>8} {one.task} {one.what}: {one.why} ({_duration(one.seconds)} ago, attempt {one.attempts})"
                for one in concerns
            ]
    return lines


def _duration(seconds: float) -> str:
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"
