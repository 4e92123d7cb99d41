"""What a failed request means: an outcome, and a sentence that a person can act on."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import urlsplit

from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
)
from scrapy.spidermiddlewares.httperror import HttpError
from twisted.internet.error import ConnectError, ConnectionDone, ConnectionLost

from crawler.outcomes import Outcome


class RefusedRequest(IgnoreRequest):
    """A request that is not sent, or whose answer is not used, and why.

    Args:
        outcome: what the page or document ends in.
        message: one sentence for a person.
    """

    def __init__(self, outcome: Outcome, message: str) -> None:
        super().__init__(message)
        self.outcome = outcome
        self.message = message


def describe_status(status: int, url: str) -> tuple[Outcome, str]:
    """Outcome and message for an HTTP status that is not a success."""
    try:
        phrase = f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        phrase = str(status)
    host = urlsplit(url).netloc
    if status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
        return Outcome.NOT_FOUND, f"{host} answered {phrase} for {url}"
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.PRECONDITION_FAILED, 521):
        return (
            Outcome.BLOCKED,
            f"{host} answered {phrase} for {url}: it refuses this crawler; open the page in a browser to compare",
        )
    return Outcome.FAILED, f"{host} answered {phrase} for {url}; it is asked again in the next run"


def describe_exception(error: BaseException, url: str) -> tuple[Outcome, str]:
    """Outcome and message for an exception that ended a request to ``url``."""
    host = urlsplit(url).netloc
    match error:
        case RefusedRequest():
            return error.outcome, error.message
        case HttpError():
            return describe_status(error.response.status, url)
        case IgnoreRequest():
            return Outcome.BLOCKED, f"{error} ({url})"
        case CannotResolveHostError():
            return Outcome.FAILED, f"the name {host} cannot be resolved: no network, or the portal has moved"
        case DownloadTimeoutError():
            return Outcome.TIMEOUT, f"{host} did not answer in time for {url}"
        case DownloadConnectionRefusedError():
            return Outcome.FAILED, f"{host} refuses connections"
        case ResponseDataLossError():
            return Outcome.TRUNCATED, f"{host} sent fewer bytes than it declared for {url}"
        case DownloadCancelledError():
            return Outcome.TOO_LARGE, f"the answer of {host} exceeds DOWNLOAD_MAXSIZE: {url}"
        case DownloadFailedError() | ConnectionDone() | ConnectionLost() | ConnectError():
            return Outcome.FAILED, f"the connection to {host} broke off: {error}"
        case OSError():
            return Outcome.FAILED, f"{type(error).__name__} while asking {host} for {url}: {error}"
        case _:
            return Outcome.FAILED, f"{type(error).__name__} for {url}: {error}"
