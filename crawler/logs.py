"""How the project's commands log: lines for people, or JSON lines for machines (`LOG_JSON`); no secret in either.

`install` is called before Scrapy's own set-up, whose handler it replaces. `about` says what the process is at work on.
"""

from __future__ import annotations

import logging
import sys
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self, TextIO

from scrapy.exceptions import UsageError
from scrapy.logformatter import LogFormatter
from scrapy.settings import SETTINGS_PRIORITIES
from scrapy.utils.log import TopLevelFormatter

from crawler.redaction import redact
from crawler.stderr_lines import StderrLines

if TYPE_CHECKING:
    import os
    from types import TracebackType

    from scrapy import Request, Spider
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from scrapy.logformatter import LogFormatterResult
    from scrapy.settings import Settings

logger = logging.getLogger(__name__)

NEEDED = "LOG_JSON needs python-json-logger: pip install python-json-logger (the extra `observability`)"

_about: dict[str, Any] = {}
_installed: list[logging.Handler] = []
_stderr: list[StderrLines] = []


def install(settings: Settings, environment: os._Environ[str] | dict[str, str]) -> None:
    """Makes the root handler that ``LOG_FILE``, ``LOG_LEVEL``, ``LOG_FORMAT`` and ``LOG_JSON`` ask for.

    With ``LOG_JSON`` every line on stderr is one JSON object, whoever writes it: the loggers of this project, of Scrapy and
    Twisted, the interpreter, and child processes.

    Raises:
        UsageError: ``LOG_JSON`` is set, and python-json-logger is not installed.
    """
    redact.learn(environment)
    given = {name: settings[name] for name in settings if (settings.getpriority(name) or 0) > SETTINGS_PRIORITIES["default"]}
    redact.learn(given)
    settings.set("LOG_INSTALL_ROOT_HANDLER", False, priority="cmdline")
    formatter = _formatter(settings)
    while _installed:
        logging.root.removeHandler(_installed.pop())
    handler = _handler(settings, is_json=_is_json(settings))
    handler.setFormatter(formatter)
    handler.setLevel(settings["LOG_LEVEL"])
    if settings.getbool("LOG_SHORT_NAMES"):
        handler.addFilter(TopLevelFormatter(["scrapy"]))
    logging.root.setLevel(logging.NOTSET)
    logging.root.addHandler(handler)
    _installed.append(handler)
    sys.excepthook = _tell_uncaught
    threading.excepthook = _tell_uncaught_in_thread


class PageLines(LogFormatter):
    """Scrapy's two lines of each page, which nobody sees but at DEBUG, and which cost as much as reading its headers.

    ``None`` omits a line, as Scrapy documents it; only its annotations do not say so.
    """

    def __init__(self, *, wanted: bool = True) -> None:
        self._wanted = wanted

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """By ``LOG_LEVEL``."""
        level = crawler.settings["LOG_LEVEL"]
        number = logging.getLevelNamesMapping().get(level, logging.NOTSET) if isinstance(level, str) else level
        return cls(wanted=number <= logging.DEBUG)

    def crawled(self, request: Request, response: Response, spider: Spider) -> LogFormatterResult | None:  # type: ignore[override]
        """A page came."""
        return super().crawled(request, response, spider) if self._wanted else None

    def scraped(self, item: Any, response: Any, spider: Spider) -> LogFormatterResult | None:  # type: ignore[override]
        """An item came of it."""
        return super().scraped(item, response, spider) if self._wanted else None


def about(**facts: Any) -> None:
    """What every JSON line of this process says from now on: ``spider``, ``run``, ``worker``; ``None`` takes one back."""
    _about.update(facts)


def is_json() -> bool:
    """Whether stderr is for machines, so that progress is said in lines instead of bars."""
    return bool(_stderr)


def stderr_of_children() -> TextIO | None:
    """Where children that log as this process does write: past the pipe that makes lines of what is no line yet."""
    return _stderr[0].stream if _stderr else None


def _is_json(settings: Settings) -> bool:
    return settings.getbool("LOG_JSON") and (settings.getbool("LOG_ENABLED") or bool(settings["LOG_FILE"]))


def _formatter(settings: Settings) -> logging.Formatter:
    if not _is_json(settings):
        return PlainLines(settings["LOG_FORMAT"], settings["LOG_DATEFORMAT"])
    try:
        import pythonjsonlogger.json  # noqa: F401
    except ModuleNotFoundError as error:
        raise UsageError(NEEDED, print_help=False) from error
    return json_lines()


def _handler(settings: Settings, *, is_json: bool) -> logging.Handler:
    if settings["LOG_FILE"]:
        mode = "a" if settings.getbool("LOG_FILE_APPEND") else "w"
        return logging.FileHandler(settings["LOG_FILE"], mode=mode, encoding=settings["LOG_ENCODING"])
    if not settings.getbool("LOG_ENABLED"):
        return logging.NullHandler()
    if not is_json:
        return logging.StreamHandler()
    if not _stderr:
        _stderr.append(StderrLines())
    return _RealStderr(_stderr[0].stream)


class _RealStderr(logging.StreamHandler):  # type: ignore[type-arg]
    """Where nobody reads stderr any more, saying so there would go on for ever."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging names it
        """What a record could not be made into a line for is told, by one that can."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)


class PlainLines(logging.Formatter):
    """Scrapy's lines, without secrets."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, with the traceback below it."""
        return redact(super().format(record))


def json_lines() -> logging.Formatter:
    """The formatter of JSON lines: ``time`` (UTC), ``level``, ``logger``, ``message``; ``spider``, ``run``, ``exception`` where
    there are any, and what `about` was told.
    """
    from pythonjsonlogger.json import JsonFormatter

    class JsonLines(JsonFormatter):
        def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
            log_data.update(_fields(record), **_about_of(record))
            exception = message_dict.get("exc_info") or message_dict.get("stack_info")
            if exception:
                log_data["exception"] = redact(str(exception))

    return JsonLines(json_ensure_ascii=False, json_default=str)


def _fields(record: logging.LogRecord) -> dict[str, str]:
    moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"time": moment, "level": record.levelname, "logger": record.name, "message": redact(record.getMessage())}


def _about_of(record: logging.LogRecord) -> dict[str, Any]:
    facts = {name: value for name, value in _about.items() if value is not None}
    spider = getattr(record, "spider", None)
    if spider is not None:
        facts["spider"] = getattr(spider, "name", str(spider))
    return facts


def _tell_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        logger.critical("interrupted")
    else:
        logger.critical("the command ended by an error of its own", exc_info=(kind, error, trace))


def _tell_uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None and args.exc_type is not SystemExit:
        logger.critical("a thread ended by an error of its own", exc_info=(args.exc_type, args.exc_value, args.exc_traceback))
