"""The administrative divisions that organisation names are resolved against."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from crawler.portals import registry

if TYPE_CHECKING:
    from crawler.dataset.organisations import Division


@cache
def registered_divisions() -> tuple[Division, ...]:
    """Region path and GB/T 2260 code of every portal of the registry."""
    return tuple(
        (portal.region, portal.region_code)
        for province in registry.registered_provinces()
        for portal in registry.load_province(province)
    )
