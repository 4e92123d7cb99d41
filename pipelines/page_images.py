"""The images of a report that is published as images: fetched in order, put together, all or none."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote_to_bytes

from crawler.crawl.answers import validators as validators_of
from crawler.dataset.model import Validators
from crawler.documents.page_bundle import pack_pages, unpack_pages
from crawler.documents.sniff import IMAGES, sniff
from crawler.failures import describe_exception, describe_status
from crawler.outcomes import Outcome, OutcomeError

if TYPE_CHECKING:
    from scrapy.http import Response

Download = Callable[[str, dict[str, str]], Awaitable["Response"]]
"""Fetches an address with headers."""


class _Row(NamedTuple):
    """An image's address and its validators, as they are kept."""

    url: str
    etag: str | None
    last_modified: str | None


@dataclass(frozen=True, slots=True)
class KnownPage:
    """An image kept from an earlier night, and what asks the server whether it still holds."""

    content: bytes
    validators: Validators


@dataclass(frozen=True, slots=True)
class PageImages:
    """The images as one container; ``validators`` is what `known_pages` needs next time; ``is_known`` where nothing changed."""

    content: bytes
    validators: str
    is_known: bool


def known_pages(bundle: bytes, validators: str | None) -> dict[str, KnownPage]:
    """The images of a kept container by their address; empty where the two do not fit each other."""
    try:
        pages = unpack_pages(bundle)
        rows = json.loads(validators or "[]")
        return {
            url: KnownPage(page, Validators(etag, last_modified))
            for page, (url, etag, last_modified) in zip(pages, rows, strict=True)
            if url and (etag or last_modified)
        }
    except (OutcomeError, ValueError, TypeError):
        return {}


async def fetch_pages(addresses: tuple[str, ...], download: Download, known: dict[str, KnownPage]) -> PageImages:
    """Fetch every image, one after the other, as they stand on one host.

    Raises:
        OutcomeError: one of them cannot be had or is no image; the message names it and says how many there are.
    """
    images: list[bytes] = []
    validators: list[_Row] = []
    is_known = bool(known)
    for number, address in enumerate(addresses, start=1):
        try:
            image, row, unchanged = await _page(address, download, known.get(address))
        except OutcomeError as error:
            message = (
                f"image {number} of {len(addresses)} is missing: {error.message}; the others alone are not taken for the report"
            )
            raise OutcomeError(error.outcome, message) from error
        images.append(image)
        validators.append(row)
        is_known = is_known and unchanged
    return PageImages(pack_pages(images), json.dumps(validators), is_known and len(known) == len(addresses))


async def _page(address: str, download: Download, known: KnownPage | None) -> tuple[bytes, _Row, bool]:
    """The image, what asks for it next time, and whether it is the one known."""
    if address.startswith("data:"):
        image, row, unchanged = _written_out(address), _Row("", None, None), False
    else:
        image, row, unchanged = await _fetch(address, download, known)
    kind = sniff(image)
    if kind not in IMAGES:
        raise OutcomeError(Outcome.NOT_A_DOCUMENT, f"{_short(address)} is no image but {kind}")
    return image, row, unchanged


async def _fetch(address: str, download: Download, known: KnownPage | None) -> tuple[bytes, _Row, bool]:
    try:
        response = await download(address, known.validators.conditions if known else {})
    except Exception as error:
        raise OutcomeError(*describe_exception(error, address)) from error
    if response.status == 304 and known is not None:
        return known.content, _row(address, known.validators), True
    if response.status != 200:
        raise OutcomeError(*describe_status(response.status, address))
    return response.body, _row(address, validators_of(response)), False


def _written_out(address: str) -> bytes:
    try:
        return base64.b64decode(unquote_to_bytes(address.partition(",")[2]), validate=True)
    except (binascii.Error, ValueError) as error:
        raise OutcomeError(Outcome.TRUNCATED, "an image written into the page is no whole base64") from error


def _row(address: str, validators: Validators) -> _Row:
    return _Row(address, validators.etag, validators.last_modified)


def _short(address: str) -> str:
    return address if len(address) < 200 else f"{address[:60]}..."
