"""Who is told of failed monitors: by mail, by webhook, as the settings say. A message that cannot be sent is logged."""

from __future__ import annotations

import json
import logging
import smtplib
import socket
import ssl
import urllib.request
from email.message import EmailMessage
from http.client import HTTPException
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from spidermon.core.actions import Action

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

logger = logging.getLogger(__name__)

TIMEOUT_SECONDS = 20


class _Message(Action):  # type: ignore[misc]
    """An action that says what failed."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__()
        self.crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Wire the action to the settings."""
        return cls(crawler)

    def setting(self, name: str) -> str:
        """A text of the settings."""
        return str(self.crawler.settings.get(name) or "")

    @property
    def failures(self) -> list[dict[str, str]]:
        """Monitor, test and reason of each that failed."""
        return [
            {"monitor": check.monitor.full_name, "reason": reason_of(check.error or check.reason or "")}
            for check in self.result.monitors_failed_results
        ]

    @property
    def subject(self) -> str:
        """One line."""
        spider = self.crawler.spider
        return f"{spider.name if spider else 'crawl'}: {len(self.failures)} monitors failed"


def reason_of(trace: str) -> str:
    """What an assertion said, without the way that led to it.

    >>> reason_of("Traceback ...\\nAssertionError: False is not true : 3 of 4 portals\\n")
    '3 of 4 portals'
    """
    said = trace.strip().rpartition("AssertionError: ")[2]
    return said.removeprefix("False is not true : ").strip()


class SendMail(_Message):
    """Plain text to MONITOR_MAIL_TO through MONITOR_SMTP_HOST; the password comes from the environment only."""

    def run_action(self) -> None:
        """Send, where a receiver is set."""
        to = self.setting("MONITOR_MAIL_TO")
        if not to:
            return
        message = EmailMessage()
        message["Subject"], message["To"] = self.subject, to
        message["From"] = self.setting("MONITOR_MAIL_FROM") or to.split(",")[0]
        message.set_content("\n".join(f"{failure['monitor']}\n    {failure['reason']}" for failure in self.failures) + "\n")
        host, _, port = self.setting("MONITOR_SMTP_HOST").partition(":")
        try:
            # The machine's name as it is: smtplib would look it up.
            with smtplib.SMTP(host or "localhost", int(port or 25), socket.gethostname(), TIMEOUT_SECONDS) as server:
                server.ehlo()
                if server.has_extn("starttls"):
                    server.starttls(context=ssl.create_default_context())
                if self.setting("MONITOR_SMTP_USER"):
                    server.login(self.setting("MONITOR_SMTP_USER"), self.setting("MONITOR_SMTP_PASSWORD"))
                server.send_message(message)
        except (OSError, smtplib.SMTPException, ValueError) as error:
            logger.error("the mail to %s was not sent by %s: %s", to, host or "localhost", error)


class SendWebhook(_Message):
    """JSON to MONITOR_WEBHOOK: ``text`` for chats, and the failures one by one for machines."""

    def run_action(self) -> None:
        """Send, where an address is set."""
        url = self.setting("MONITOR_WEBHOOK")
        if not url:
            return
        host = _host(url)
        if host is None:
            logger.error("MONITOR_WEBHOOK is no http or https address without user and password")
            return
        body: dict[str, Any] = {
            "text": "\n".join([self.subject, *(f"{failure['monitor']}: {failure['reason']}" for failure in self.failures)]),
            "failures": self.failures,
        }
        request = urllib.request.Request(  # noqa: S310 - the scheme was looked at
            url, data=json.dumps(body, ensure_ascii=False).encode(), headers={"Content-Type": "application/json"}, method="POST"
        )
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
                logger.info("the webhook was told (%s)", answer.status)
        except OSError as error:
            # The address may hold a secret: its host is told, never its path.
            logger.error("the webhook at %s was not told: %s", host, error)
        except (HTTPException, ValueError) as error:
            # What they say is the address.
            logger.error("the webhook at %s was not told: %s", host, type(error).__name__)


def _host(url: str) -> str | None:
    """The host of an http or https address; ``None`` where it is none, or holds a login: urllib would look that up."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return parts.hostname if parts.scheme in ("http", "https") and "@" not in parts.netloc else None
