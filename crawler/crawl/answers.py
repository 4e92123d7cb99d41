"""What answers say of themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.dataset.model import Validators

if TYPE_CHECKING:
    from scrapy.http import Response

NOT_MODIFIED = 304


def validators(response: Response) -> Validators:
    """What asks the server the next night whether this still holds."""
    given = (response.headers.get(name) for name in ("ETag", "Last-Modified"))
    return Validators(*(value.decode("latin-1") if value else None for value in given))
