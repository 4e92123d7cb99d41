"""Web archives, which browsers and Word save under .mht and .doc: the page inside, as HTML."""

from __future__ import annotations

from dataclasses import replace
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32

from crawler.documents.html import read_html
from crawler.documents.model import Document
from crawler.outcomes import Outcome, OutcomeError

MEDIA_TYPE = "multipart/related"
MAX_PARTS = 2000


def read_mhtml(content: bytes) -> Document:
    """Read the first HTML part of a MIME message (RFC 2557).

    Raises:
        OutcomeError: ``not_a_document`` where no part is HTML, ``too_large`` for more than `MAX_PARTS` parts, and what
            `read_html` raises.
    """
    try:
        message = BytesParser(policy=compat32).parsebytes(content)
    except RecursionError as error:
        raise OutcomeError(Outcome.NOT_A_DOCUMENT, "the web archive is nested without end") from error
    for number, part in enumerate(message.walk()):
        if number >= MAX_PARTS:
            raise OutcomeError(Outcome.TOO_LARGE, f"the web archive has more than {MAX_PARTS} parts")
        if part.get_content_type() == "text/html":
            return replace(read_html(_payload(part), part.get_content_charset()), media_type=MEDIA_TYPE)
    raise OutcomeError(Outcome.NOT_A_DOCUMENT, "the web archive holds no page")


def _payload(part: Message) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""
