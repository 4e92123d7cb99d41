"""The worker's side of `crawler.work.child`: a process a task, which ends with its task or with the worker."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from typing import TYPE_CHECKING, Any

from scrapy.settings import SETTINGS_PRIORITIES

from crawler import logs

if TYPE_CHECKING:
    from scrapy.settings import BaseSettings

LINE_LIMIT = 16 * 1024 * 1024


class ChildError(Exception):
    """The child ended without having done its work; its log says why."""


def given_settings(settings: BaseSettings) -> dict[str, Any]:
    """The settings of the command line, which a child has to have too."""
    least = SETTINGS_PRIORITIES["cmdline"]
    return {name: settings[name] for name in settings if (settings.getpriority(name) or 0) >= least}


async def run_child(work: str, settings: BaseSettings, **arguments: Any) -> dict[str, Any]:
    """What a child of its own answers to an order; it is ended where this is cancelled.

    Raises:
        ChildError: it gave no answer.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "crawler.work.child"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=logs.stderr_of_children(),
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path or os.curdir for path in sys.path)},
        start_new_session=True,
        limit=LINE_LIMIT,
    )
    assert process.stdin is not None  # noqa: S101 - they are pipes
    assert process.stdout is not None  # noqa: S101
    order = {"work": work, "settings": given_settings(settings), "arguments": arguments}
    try:
        process.stdin.write(json.dumps(order, default=str).encode() + b"\n")
        with contextlib.suppress(ConnectionError):
            await process.stdin.drain()
        line = await process.stdout.readline()
        status = await process.wait()
    except BaseException:
        _kill(process)
        await process.wait()
        raise
    finally:
        process.stdin.close()
    if not line:
        how = f"exit status {status}" if status >= 0 else signal.Signals(-status).name
        raise ChildError(f"its process ended without an answer ({how})")
    answer: dict[str, Any] = json.loads(line)
    if "failed" in answer:
        raise ChildError(answer["failed"])
    return answer


def _kill(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
